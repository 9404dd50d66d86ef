"""What one authentic piece of evidence says on one certificate, and why another piece was turned away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from signing.certificates import Certificate
from signing.validation_report import Check, RevocationReport, SubIndication

Kind = Literal["ocsp", "crl", "delta-crl"]
Status = Literal["good", "revoked", "unknown"]
Origin = Literal["embedded", "given", "fetched"]

NEVER_ISSUED: Final = "neverIssued"
"""In place of a reason: certificateHold since 1970-01-01 under extended-revoke means "not issued" (RFC 6960, 2.2)."""

HOLD: Final = "certificateHold"
REMOVE_FROM_CRL: Final = "removeFromCRL"

REASONS: Final = {
    0: "unspecified",
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: HOLD,
    8: REMOVE_FROM_CRL,
    9: "privilegeWithdrawn",
    10: "aACompromise",
}
"""CRLReason (RFC 5280, 5.3.1); 7 is not used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusStatement:
    """A status that its issuer signed: authentic at the time it was made, whatever that time.

    Whether it is fresh enough for a question is `judge_status`; whether its `issuer_path` still stands today is the
    question of whoever leans on it. `evidence` is the hex SHA-256 of the DER as received. `algorithm` is the id in the
    algorithm table of the signature on the evidence. `issuer_path` runs from the signer of the evidence to an anchor,
    `certificates` are those that came along and were used. `reason` in the words of RFC 5280, 5.3.1, or NEVER_ISSUED.
    """

    certificate: Certificate
    kind: Kind
    status: Status
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    revoked_at: datetime | None = None
    reason: str | None = None
    invalidity_date: datetime | None = None
    issuer_certificate: Certificate
    issuer_path: tuple[Certificate, ...]
    algorithm: str
    origin: Origin
    evidence: str
    der: bytes
    based_on: tuple[bytes, ...] = ()
    """DER of the other lists it rests on: the base of a delta CRL, the CRLs of the other reasons."""
    based_on_evidence: tuple[str, ...] = ()
    """Hex SHA-256 of each of these: the statement is as old as the youngest of all of them."""

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """What was used to believe it: the path of its issuer without the anchor."""
        return self.issuer_path[:-1] or self.issuer_path

    @property
    def revoked_from(self) -> datetime | None:
        """Since when the certificate does not count: the revocation, or the earlier day it became invalid.

        invalidityDate (RFC 5280, 5.3.2) is the day the key is known or suspected to have been compromised, or the
        certificate should otherwise have been taken for invalid. Evidence that says "revoked" says it of its own
        thisUpdate: an authority that writes local time as UTC puts the revocation hours after it.
        """
        if self.status != "revoked" or self.revoked_at is None:
            return None
        since = min(self.revoked_at, self.this_update)
        return min(since, self.invalidity_date) if self.invalidity_date else since

    def report(self) -> RevocationReport:
        return RevocationReport(
            certificate=self.certificate.sha256,
            subject=self.certificate.subject.shown(),
            kind=self.kind,
            status=self.status,
            this_update=self.this_update,
            next_update=self.next_update,
            revoked_at=self.revoked_at,
            reason=self.reason,
            issuer=self.issuer_certificate.subject.shown(),
            origin=self.origin,
            evidence=self.evidence,
        )

    def __repr__(self) -> str:
        return f"<StatusStatement {self.kind} {self.status} {self.this_update.isoformat()} {self.evidence[:16]}>"


class TurnedAwayError(Exception):
    """Carries the check that says why a piece of evidence cannot speak."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.id)
        self.check = check


def turned_away(check_id: str, reason: str, **params: str) -> TurnedAwayError:
    """Evidence that cannot be used leaves the status open: INDETERMINATE / TRY_LATER, never a no."""
    return TurnedAwayError(Check.indeterminate(check_id, SubIndication.TRY_LATER, reason=reason, **params))
