"""Time-stamp validation (EN 319 102-1, 5.4) and what follows from it: proofs of existence, best signature time, order.

From the newest time-stamp to the oldest (5.6.3): each is judged at the earliest time at which it is proven to have
existed, that is now, or the time of a newer one that stands and covers it (past signature validation, 5.6.2.4). One
that stands proves what it covers (5.6.2.3). One that does not stand proves nothing, is reported with its own verdict, and
speaks against nobody else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from signing.certification_path import algorithm_check
from signing.errors import Malformed
from signing.timestamp import judge_token, read_token, unreadable_token
from signing.validation_data import SIGNATURE
from signing.validation_report import Check, Conclusion, Indication, SubIndication, TimeStampReport, conclude
from signing.verify.certificate_validation import validate_certificate
from signing.verify.cryptographic_verification import judged_at
from signing.verify.validation_time_sliding import Use

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from signing.certificates import Certificate
    from signing.policy import ValidationPolicy
    from signing.timestamp import TimeStampToken
    from signing.validation_data import FoundTimeStamp, TimeStampKind
    from signing.validation_report import RevocationReport
    from signing.verify.certificate_status import StatusMaterial
    from signing.verify.context import Context
    from signing.verify.proof_of_existence import ProofsOfExistence

MAX_TIME_STAMPS: Final = 64
"""Time-stamps judged in one signature, the newest first: more costs time to a stranger's wish."""

CHECKS: Final = frozenset({"timestamp.order", "timestamp.authority-validity"})
PRESENT: Final = "timestamp.present"
ORDER: Final = "timestamp.order"
VALIDITY_AT_STAMPING: Final = "timestamp.authority-validity"
_BEGUN: Final = Check.passed(VALIDITY_AT_STAMPING)
_ABSENT: Final = Check.not_performed(PRESENT, reason="absent")
_IN_ORDER: Final = Check.passed(ORDER)
_NO_ACCURACY: Final = timedelta(0)
_A_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A time-stamp that stands. `covers` is what it proves, by object identifier."""

    id: str
    kind: TimeStampKind
    token: str
    time: datetime
    accuracy: timedelta
    covers: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeStampValidation:
    """`reports` in the order the time-stamps were found; `standing` those that prove something; `proofs` None where there
    were none, and everything exists now.
    """

    reports: tuple[TimeStampReport, ...]
    standing: tuple[Standing, ...]
    proofs: ProofsOfExistence | None

    @property
    def newer_than(self) -> datetime | None:
        """The signature was made after each of its content time-stamps, which it signs."""
        if not self.standing:
            return None
        return max((each.time for each in self.standing if each.kind == "content"), default=None)

    @property
    def proof_of_signature(self) -> Standing | None:
        """The time-stamp that proves the signature earliest."""
        proving = [each for each in self.standing if SIGNATURE in each.covers]
        return min(proving, key=lambda each: each.time, default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadTimeStamp:
    """A time-stamp and its token, or the check that says why the token cannot be read."""

    found: FoundTimeStamp
    object_id: str
    token: TimeStampToken | None
    unreadable: Check | None = None


def read_time_stamps(found: Sequence[FoundTimeStamp], policy: ValidationPolicy) -> tuple[ReadTimeStamp, ...]:
    """The newest `MAX_TIME_STAMPS`, in the order found."""
    newest = sorted(range(len(found)), key=lambda index: found[index].position, reverse=True)[:MAX_TIME_STAMPS]
    return tuple([_read(found[index], policy) for index in sorted(newest)])


def _read(found: FoundTimeStamp, policy: ValidationPolicy) -> ReadTimeStamp:
    object_id = hashlib.sha256(found.token).hexdigest()
    try:
        token = read_token(found.token, accept_ber=policy.accept_ber)
        return ReadTimeStamp(found=found, object_id=object_id, token=token)
    except Malformed as error:
        return ReadTimeStamp(found=found, object_id=object_id, token=None, unreadable=unreadable_token(error))


def validate_time_stamps(
    stamps: Sequence[ReadTimeStamp], proofs: ProofsOfExistence, material: StatusMaterial
) -> TimeStampValidation:
    """Judge every time-stamp, newest first, each with the proofs of those before it."""
    for each in stamps:
        proofs = proofs.holding(each.object_id, _parts(each))
        if each.found.kind == "content":
            proofs = proofs.holding(SIGNATURE, (each.object_id,))
    standing: list[Standing] = []
    reports: dict[int, TimeStampReport] = {}
    # content time-stamps are older than the signature, whatever their place
    newest_first = sorted(
        range(len(stamps)),
        key=lambda index: (stamps[index].found.kind != "content", stamps[index].found.position),
        reverse=True,
    )
    for index in newest_first:
        stamp = stamps[index]
        reports[index] = report = _validate(stamp, proofs, material)
        if report.indication is Indication.TOTAL_PASSED and stamp.token is not None:
            stands = _standing(stamp, stamp.token)
            standing.append(stands)
            proofs = proofs.extended(stands.covers, time=stands.time, time_stamp=stands.id)
    return TimeStampValidation(
        reports=tuple(reports[index] for index in range(len(stamps))), standing=tuple(standing), proofs=proofs
    )


def _parts(stamp: ReadTimeStamp) -> frozenset[str]:
    """What is inside a token, named as objects are: who proves the token proves these."""
    if stamp.token is None:
        return frozenset()
    inside = stamp.token.embedded
    every = (*inside.certificates, *inside.crls, *inside.ocsp_responses)
    return frozenset([hashlib.sha256(der).hexdigest() for der in every])


def _standing(stamp: ReadTimeStamp, token: TimeStampToken) -> Standing:
    found = stamp.found
    # a content time-stamp was there before the signature and proves nothing of it
    covers = found.covers - {SIGNATURE} if found.kind == "content" else found.covers
    return Standing(
        id=found.id,
        kind=found.kind,
        token=stamp.object_id,
        time=token.generated_at,
        accuracy=token.accuracy or _NO_ACCURACY,
        covers=covers,
    )


def _validate(stamp: ReadTimeStamp, proofs: ProofsOfExistence, material: StatusMaterial) -> TimeStampReport:
    """The token itself, then its authority's certificate at the time the token is proven to have existed."""
    found, token, context = stamp.found, stamp.token, material.context
    if token is None:
        return _report(stamp, checks=(stamp.unreadable,) if stamp.unreadable is not None else ())
    if material.checks_in_vain >= context.policy.max_signature_checks:
        # each may name an authority of its own and eight issuers for that: what one path may cost, they cost together
        limit = Check.failed("path.limits", SubIndication.FORMAT_FAILURE, limit="signature checks")
        return _report(stamp, checks=(limit,))
    proven = proofs.time(stamp.object_id)
    checks, authority = judge_token(token, found.imprint, material.candidates, policy=context.policy, at=context.at)
    checks = (*checks, *_hashes_that_ended(found, context))
    if proven < context.at:
        checks = judged_at(checks, proven)
    if authority is None or any(check.conclusion is Conclusion.FAILED for check in checks):
        return _report(stamp, authority=authority, checks=checks)
    use = Use(certificate=authority, role="authority", judged_at=proven, fresh_at=min(token.generated_at, proven))
    validation = validate_certificate(use, proofs, material)
    return _report(
        stamp,
        authority=authority,
        checks=(*checks, begun_check(authority, token.generated_at), *validation.checks),
        revocation=validation.revocation,
    )


def _hashes_that_ended(found: FoundTimeStamp, context: Context) -> Iterator[Check]:
    """What is covered by a digest under the imprint is covered for as long as the hash of that digest lasts."""
    for digest in found.named_by:
        check = algorithm_check(
            "timestamp.imprint-algorithm", digest, named=digest.oid, day=context.at.date(), policy=context.policy
        )
        if check.conclusion is not Conclusion.PASSED:
            yield check


def begun_check(authority: Certificate, generated_at: datetime) -> Check:
    """Check "timestamp.authority-validity" (Rules 1187, item 5): the certificate was valid at genTime.

    That it still was when proven is the path's check.
    """
    if generated_at < authority.not_before:
        return Check.indeterminate(
            VALIDITY_AT_STAMPING, SubIndication.NOT_YET_VALID, not_before=authority.not_before.isoformat()
        )
    return _BEGUN


def _report(
    stamp: ReadTimeStamp,
    *,
    checks: tuple[Check, ...],
    authority: Certificate | None = None,
    revocation: tuple[RevocationReport, ...] = (),
) -> TimeStampReport:
    indication, sub_indication = conclude(checks)
    token = stamp.token
    return TimeStampReport(
        id=stamp.found.id,
        kind=stamp.found.kind,
        indication=indication,
        sub_indication=sub_indication,
        generated_at=token.generated_at if token is not None else None,
        policy=token.policy if token is not None else None,
        authority=authority.facts() if authority is not None else None,
        token=stamp.object_id,
        covers=stamp.found.covers_in_words,
        checks=checks,
        revocation=revocation,
    )


# --- what follows --------------------------------------------------------------------------------------------------
def present_check(validation: TimeStampValidation, policy: ValidationPolicy, *, came_along: bool = False) -> Check:
    """Whether anything proves when the signature existed; what came along and does not stand is no proof (A84)."""
    proof = validation.proof_of_signature
    if proof is not None:
        return Check.passed(PRESENT, time_stamp=proof.id, generated_at=proof.time.isoformat(), token=proof.token)
    if not validation.reports and not came_along and policy.timestamp != "required":
        return _ABSENT
    reason = "not passed" if validation.reports else "not checked" if came_along else "absent"
    if policy.timestamp == "required":
        return Check.indeterminate(PRESENT, SubIndication.NO_POE, reason=reason)
    return Check.not_performed(PRESENT, reason=reason)


def order_check(validation: TimeStampValidation) -> Check | None:
    """EN 319 102-1, 5.5.4: no time-stamp is older than one it covers, or than the content it signs; None for one alone."""
    standing = validation.standing
    if len(standing) < 2:  # noqa: PLR2004 - an order needs two
        return None
    for later in standing:
        for earlier in standing:
            is_older = earlier.token in later.covers or (earlier.kind == "content" and SIGNATURE in later.covers)
            # authorities write genTime with or without fractions of a second; differences, since the ends of the calendar
            # plus an accuracy are no instants
            tolerated = later.accuracy + earlier.accuracy + _A_SECOND
            if is_older and earlier.time - later.time >= tolerated:
                return Check.indeterminate(
                    ORDER, SubIndication.TIMESTAMP_ORDER_FAILURE, earlier=earlier.id, later=later.id
                )
    return _IN_ORDER
