"""What is at hand on the status of certificates, and where it came from: embedded, given, or fetched where it was missing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from signing.certificates import Certificate
from signing.errors import Malformed
from signing.revocation import fetch_status, statements_on
from signing.validation_data import NO_DATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from signing.revocation import StatusStatement
    from signing.validation_data import ValidationData
    from signing.validation_report import Check
    from signing.verify.context import Context

_Found: TypeAlias = "tuple[tuple[StatusStatement, ...], tuple[Check, ...]]"

MAX_CERTIFICATES = 256
"""Certificates that came along and are looked at in one signature: more costs time to a stranger's wish."""


@dataclass(kw_only=True, slots=True)
class StatusMaterial:
    """Evidence for one signature and its time-stamps; grows by what is fetched.

    `candidates` are all certificates that may help to build a path. `may_ask` is False where no answer could change the
    verdict any more: nothing is fetched for a signature that has failed. `checks_in_vain`: signatures verified for
    certificates that turned out to be a stranger's.
    """

    context: Context
    embedded: ValidationData
    candidates: tuple[Certificate, ...]
    may_ask: bool = True
    fetched: ValidationData = NO_DATA
    checks_in_vain: int = 0
    _asked: dict[Certificate, tuple[Check, ...]] = field(default_factory=dict)
    _found: dict[tuple[Certificate, Certificate], _Found] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        every = (self.embedded, self.context.data, self.fetched)
        return all(each is NO_DATA or not (each.crls or each.ocsp_responses) for each in every)

    def on(self, certificate: Certificate, issuer: Certificate) -> _Found:
        """Authentic statements on a certificate, and why other evidence was turned away."""
        if self.is_empty:
            return (), ()
        # the authorities of signer and time-stamps are often the same
        found = self._found.get((certificate, issuer))
        if found is None:
            found = self._found[certificate, issuer] = self._statements(certificate, issuer)
        return found

    def _statements(self, certificate: Certificate, issuer: Certificate) -> _Found:
        context = self.context
        return statements_on(
            certificate,
            issuer,
            embedded=_without_certificates(self.embedded),
            given=_without_certificates(context.data),
            fetched=self.fetched,
            candidates=self.candidates,
            anchors=context.anchors,
            at=context.at,
            policy=context.policy,
        )

    def ask(self, certificate: Certificate, issuer: Certificate) -> tuple[Check, ...]:
        """Fetch the status of a certificate, once, and say what came of it; nothing to say when nothing was asked.

        Only a certificate that is still valid is asked about: responders forget those that ended. No nonce is sent: an
        answer is believed for as long as it is fresh.
        """
        context = self.context
        if context.fetcher is None or not self.may_ask or certificate.not_after < context.at:
            return ()
        if certificate not in self._asked:
            answer, said = fetch_status(certificate, issuer, context.fetcher)
            self._asked[certificate] = said
            self.fetched = self.fetched.joined(answer)
            self._found.clear()
        return self._asked[certificate]


def _without_certificates(data: ValidationData) -> ValidationData:
    """They are among the candidates already, and need not be read once more."""
    return replace(data, certificates=()) if data.certificates else data


def readable(ders: Iterable[bytes]) -> Iterator[Certificate]:
    """The certificates among what came along: one that cannot be read helps to build nothing and harms nothing."""
    for der in ders:
        try:
            yield Certificate.from_der(der)
        except Malformed:
            continue
