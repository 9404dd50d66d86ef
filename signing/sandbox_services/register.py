"""What a sandbox authority knows of its certificates; its responder and its lists say the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from signing.certificates import Certificate


@dataclass(frozen=True, kw_only=True, slots=True)
class Revocation:
    """`reason` is a number of CRLReason (RFC 5280, 5.3.1)."""

    at: datetime
    reason: int | None = None
    invalidity_date: datetime | None = None


@dataclass(kw_only=True, slots=True)
class SandboxRegister:
    """Serial numbers by what became of them; a number that stands nowhere is good."""

    revoked: dict[int, Revocation] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)

    def revoke(
        self,
        certificate: bytes,
        at: datetime,
        *,
        reason: int | None = None,
        invalidity_date: datetime | None = None,
    ) -> None:
        """Enter the certificate (DER) as revoked since `at`."""
        serial = Certificate.from_der(certificate).serial
        self.revoked[serial] = Revocation(at=at, reason=reason, invalidity_date=invalidity_date)
