"""A Fetcher over the trust services of the sandbox: what a certificate's URLs would answer, in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from signing.errors import SigningError
from signing.fetcher import FetchRequest
from signing.sandbox_pki import IssuedKey, SandboxPki
from signing.sandbox_services.crl import SandboxCrl
from signing.sandbox_services.ocsp import SandboxOcsp
from signing.sandbox_services.register import SandboxRegister
from signing.sandbox_services.tsa import SandboxTsa


@dataclass(kw_only=True, slots=True)
class SandboxServices:
    """Implements Fetcher. Each service may be replaced by a wrong one; a URL in `down` does not answer.

    `asked` remembers every question.
    """

    pki: SandboxPki
    register: SandboxRegister
    clock: Callable[[], datetime]
    ocsp: SandboxOcsp
    crl: SandboxCrl
    delta_crl: SandboxCrl
    root_crl: SandboxCrl
    tsa: SandboxTsa | None = None
    down: set[str] = field(default_factory=set)
    asked: list[FetchRequest] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        pki: SandboxPki,
        clock: Callable[[], datetime],
        *,
        responder: IssuedKey | None = None,
        tsa: SandboxTsa | None = None,
    ) -> SandboxServices:
        """Honest services of a PKI; without a `responder` of its own the authority answers OCSP itself."""
        register = SandboxRegister()
        issuing = pki.issuing_key()
        key = responder.signing_key() if responder is not None else issuing
        crl = SandboxCrl(key=issuing, register=register)
        return cls(
            pki=pki,
            register=register,
            clock=clock,
            ocsp=SandboxOcsp(key=key, register=register, clock=clock),
            crl=crl,
            delta_crl=crl.wrong(number=8, base_number=7),
            root_crl=SandboxCrl(key=pki.root_key(), register=register),
            tsa=tsa,
        )

    def fetch(self, request: FetchRequest, limit: int) -> bytes:
        self.asked.append(request)
        if request.url in self.down:
            raise _failed(request, "down")
        answer = self._answer(request)
        if answer is None:
            raise _failed(request, "404")
        if len(answer) > limit:
            raise _failed(request, "too long")
        return answer

    def _answer(self, request: FetchRequest) -> bytes | None:
        if request.kind == "time-stamp":
            return self.tsa.answer(request.body or b"") if self.tsa is not None else None
        urls = self.pki.urls
        if urls is None:
            return None
        if request.kind == "ocsp":
            return self.ocsp.answer(request.body or b"") if request.url == urls.ocsp else None
        lists = {urls.crl: self.crl, urls.delta_crl: self.delta_crl, urls.root_crl: self.root_crl}
        crl = lists.get(request.url)
        return crl.issue(self.clock()) if crl is not None else None


def _failed(request: FetchRequest, cause: str) -> SigningError:
    host = urlsplit(request.url).hostname or ""
    return SigningError("signing.fetch-failed", kind=request.kind, host=host, cause=cause)
