"""What is at hand on the status of certificates, and where it came from: embedded or given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from signing.certificates import Certificate
from signing.errors import Malformed
from signing.revocation import statements_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from signing.revocation import StatusStatement
    from signing.validation_data import ValidationData
    from signing.validation_report import Check
    from signing.verify.context import Context

MAX_CERTIFICATES = 256
"""Certificates that came along and are looked at in one signature: more costs time to a stranger's wish."""


@dataclass(kw_only=True, slots=True)
class StatusMaterial:
    """Evidence for one signature and its time-stamps; `candidates` are all certificates that may help to build a path."""

    context: Context
    embedded: ValidationData
    candidates: tuple[Certificate, ...]

    @property
    def is_empty(self) -> bool:
        given = self.context.data
        return not (self.embedded.crls or self.embedded.ocsp_responses or given.crls or given.ocsp_responses)

    def on(
        self, certificate: Certificate, issuer: Certificate
    ) -> tuple[tuple[StatusStatement, ...], tuple[Check, ...]]:
        """Authentic statements on a certificate, and why other evidence was turned away."""
        if self.is_empty:
            return (), ()
        context = self.context
        return statements_on(
            certificate,
            issuer,
            embedded=self.embedded,
            given=context.data,
            candidates=self.candidates,
            anchors=context.anchors,
            at=context.at,
            policy=context.policy,
        )


def readable(ders: Iterable[bytes]) -> Iterator[Certificate]:
    """The certificates among what came along: one that cannot be read helps to build nothing and harms nothing."""
    for der in ders:
        try:
            yield Certificate.from_der(der)
        except Malformed:
            continue
