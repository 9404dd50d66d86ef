"""Named sets of trust anchors: production, test, sandbox, named; a set has one kind, and sets are never added together.

Anchors come from the operator or the program, never from the thing under judgement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from signing import asn1
from signing.certificates import Certificate
from signing.errors import Malformed, SigningError

if TYPE_CHECKING:
    from collections.abc import Iterable

AnchorKind = Literal["production", "test", "sandbox", "named"]

SANDBOX_MARK: Final = "SANDBOX"
"""Stands in the name of every certificate authority that `sandbox_pki` makes."""

# the national test authorities carry TEST in their common name
_NOT_FOR_PRODUCTION: Final = re.compile(r"\bTEST\b", re.IGNORECASE)
_SANDBOX: Final = re.compile(rf"\b{SANDBOX_MARK}\b")
_LABELS: Final = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_MAX_PEM_BYTES: Final = 4_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustAnchors:
    """`certificates` are trusted (DER); `intermediates` (DER) only help to build a path and are trusted for nothing."""

    name: str
    kind: AnchorKind
    certificates: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in get_args(AnchorKind):
            raise SigningError("signing.anchors-kind", kind=str(self.kind))
        if not self.certificates:
            # an empty store trusts nobody, and a mistyped path would look like a world of strangers
            raise SigningError("signing.anchors-empty", name=self.name)
        for der in (*self.certificates, *self.intermediates):
            self._check(der)

    def _check(self, der: bytes) -> None:
        try:
            certificate = Certificate.from_der(der)
        except Malformed as error:
            raise SigningError("signing.anchors-unreadable", name=self.name, reason=error.code) from error
        shown = certificate.subject.shown()
        if not certificate.is_ca:
            raise SigningError("signing.anchors-not-a-ca", name=self.name, certificate=shown)
        if self.kind == "production" and _NOT_FOR_PRODUCTION.search(shown):
            raise SigningError("signing.anchors-mixed", name=self.name, kind=self.kind, certificate=shown)
        if self.kind in ("production", "test") and is_of_a_sandbox(shown):
            raise SigningError("signing.anchors-mixed", name=self.name, kind=self.kind, certificate=shown)

    @classmethod
    def from_pem(cls, name: str, kind: AnchorKind, *pem_texts: bytes) -> TrustAnchors:
        """Anchors from PEM texts, each with any number of CA certificates, or from single DER files.

        A self-issued certificate becomes an anchor, another CA certificate an intermediate; when there is no
        self-issued one, every certificate given is an anchor. Raises SigningError for an empty, unreadable or mixed
        set.
        """
        found: list[bytes] = []
        for pem in pem_texts:
            found.extend(_certificates(name, pem))
        unique = tuple(dict.fromkeys(found))
        try:
            roots = tuple(der for der in unique if Certificate.from_der(der).is_self_issued)
        except Malformed as error:
            raise SigningError("signing.anchors-unreadable", name=name, reason=error.code) from error
        rest = tuple(der for der in unique if der not in roots)
        return cls(name=name, kind=kind, certificates=roots or rest, intermediates=rest if roots else ())

    def label(self) -> str:
        """Name and kind, as a report shows them."""
        return f"{self.name} ({self.kind})"


def is_of_a_sandbox(name: str) -> bool:
    """Whether a name, as `shown` writes it, carries the mark of a sandbox."""
    return _SANDBOX.search(name) is not None


def _certificates(name: str, content: bytes) -> Iterable[bytes]:
    if len(content) > _MAX_PEM_BYTES:
        raise SigningError("signing.anchors-unreadable", name=name, reason="size")
    if asn1.is_der(content):
        return [content]
    found = asn1.pem_blocks(content, _LABELS)
    if not found:
        raise SigningError("signing.anchors-unreadable", name=name, reason="no certificate")
    try:
        return [block.der() for block in found]
    except ValueError as error:
        raise SigningError("signing.anchors-unreadable", name=name, reason="base64") from error
