"""Which statement decides at a time, and what follows: freshness (EN 319 102-1, 5.2.5) and the status itself.

Rules:

1. A revocation at or before the time judged at decides, whatever other evidence says, and needs no freshness: it is not
   undone. The one that can be undone, certificateHold, is undone by a fresh later statement made by that time.
2. Otherwise OCSP decides before CRL. A responder that says the certificate was never issued ends the question; a
   plain "unknown" leaves it to the CRL (RFC 6960, 2.2).
3. "Good", and "revoked" only after the time judged at, must be fresh: issued after that time, or still current at it. An
   OCSP answer without nextUpdate is current for `ocsp_window`, a CRL without nextUpdate never.
4. Nothing fresh: INDETERMINATE / TRY_LATER. Absent is not accepted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from signing.certificates import Certificate
from signing.errors import SigningError
from signing.policy import ValidationPolicy
from signing.revocation.statement import HOLD, NEVER_ISSUED, Kind, StatusStatement
from signing.validation_report import Check, SubIndication

STATUS: Final = "revocation.status"


def judge_status(
    statements: Iterable[StatusStatement], certificate: Certificate, *, at: datetime, policy: ValidationPolicy
) -> tuple[Check, StatusStatement | None]:
    """The check `revocation.status` on `certificate` at `at` (aware), and the statement it rests on.

    FAILED / REVOKED when revoked at or before `at`: whether a proof of existence older than the revocation is there,
    and what the policy makes of its absence (`revoked_without_proof`), is the caller's. Raises SigningError
    signing.naive-time.
    """
    if at.tzinfo is None:
        raise SigningError("signing.naive-time")
    speaking = [each for each in statements if each.certificate == certificate]
    revoked = [each for each in speaking if _revoked_by(each, at) and not _lifted(each, speaking, at, policy)]
    if revoked:
        return _revoked(min(revoked, key=_rank), policy)
    fresh = sorted((each for each in speaking if is_fresh(each, at=at, policy=policy)), key=_rank)
    for each in fresh:
        if each.status == "unknown" and each.reason != NEVER_ISSUED:
            continue
        if each.reason == NEVER_ISSUED:
            return _undecided(certificate, "never issued", each), each
        if each.kind != "ocsp" and (unknown := _never_issued(speaking)):
            return _undecided(certificate, "never issued", unknown), unknown
        return _good(each, at), each
    reason = "absent"
    if speaking:
        reason = "unknown" if any(each.status == "unknown" for each in fresh) else "not fresh"
    return _undecided(certificate, reason, fresh[0] if fresh else None), None


def is_fresh(statement: StatusStatement, *, at: datetime, policy: ValidationPolicy) -> bool:
    """Rule 3: whether the statement may speak for `at` when it does not say "revoked by then"."""
    return is_current(statement.kind, statement.this_update, statement.next_update, at=at, policy=policy)


def is_current(
    kind: Kind, this_update: datetime, next_update: datetime | None, *, at: datetime, policy: ValidationPolicy
) -> bool:
    """The same of evidence with these times, whatever certificate it speaks on."""
    if this_update >= at:
        return True
    if policy.max_revocation_age is not None and at - this_update > policy.max_revocation_age:
        return False
    if next_update is not None:
        return at <= next_update
    return kind == "ocsp" and at - this_update <= policy.ocsp_window


def _revoked_by(statement: StatusStatement, at: datetime) -> bool:
    since = statement.revoked_from
    return since is not None and since <= at


def _lifted(
    statement: StatusStatement, others: Iterable[StatusStatement], at: datetime, policy: ValidationPolicy
) -> bool:
    """Rule 1, the exception: a hold that a newer statement, made by `at` and fresh for it, does not know any more."""
    return statement.reason == HOLD and any(
        other.status == "good"
        and statement.this_update < other.this_update <= at
        and is_fresh(other, at=at, policy=policy)
        for other in others
    )


def _never_issued(statements: Iterable[StatusStatement]) -> StatusStatement | None:
    return next((each for each in statements if each.reason == NEVER_ISSUED), None)


def _rank(statement: StatusStatement) -> tuple[bool, bool, float]:
    """OCSP first, what can be undone last, the newest first."""
    return statement.kind != "ocsp", statement.reason == HOLD, -statement.this_update.timestamp()


def _revoked(statement: StatusStatement, policy: ValidationPolicy) -> tuple[Check, StatusStatement]:
    since = statement.revoked_from
    params = {
        **_params(statement),
        "revoked_at": since.isoformat() if since is not None else "",
        "revocation": statement.reason or "unspecified",
    }
    if statement.reason == HOLD and not policy.hold_counts_as_revoked:
        return Check.indeterminate(STATUS, SubIndication.TRY_LATER, reason="on hold", **params), statement
    return Check.failed(STATUS, SubIndication.REVOKED, reason="revoked", **params), statement


def _good(statement: StatusStatement, at: datetime) -> Check:
    since = statement.revoked_from
    if since is None:
        return Check.passed(STATUS, status="good", **_params(statement))
    # revoked after the time judged at: what was proven to exist by then stands, and the reader is told (R06)
    return Check.passed(
        STATUS,
        status="revoked later",
        revoked_at=since.isoformat(),
        revocation=statement.reason or "unspecified",
        judged_at=at.isoformat(),
        **_params(statement),
    )


def _undecided(certificate: Certificate, reason: str, statement: StatusStatement | None) -> Check:
    params = _params(statement) if statement is not None else {"certificate": shown(certificate)}
    return Check.indeterminate(STATUS, SubIndication.TRY_LATER, reason=reason, **params)


def _params(statement: StatusStatement) -> dict[str, str]:
    return {
        "certificate": shown(statement.certificate),
        "kind": statement.kind,
        "this_update": statement.this_update.isoformat(),
        "evidence": statement.evidence,
    }


def shown(certificate: Certificate) -> str:
    return certificate.subject.shown()[:300]
