"""The validation of one signature (EN 319 102-1, clause 5): the steps that are the same for every format.

1. format checking (5.2.2), identification of the signing certificate (5.2.3), cryptographic verification (5.2.7): the
   format's own module, handed in as `checks`; `judge_signer` says when there is no certificate;
2. validation context (5.2.4): policy and anchors fit each other;
3. time-stamps (5.4), newest first, and the proofs of existence they give (5.6.2.3): `time_stamps`, `proof_of_existence`;
4. best signature time (5.5, 5.6): the earliest proven time of the signature value; without a time-stamp that stands the
   validation time. `signingTime` is a claim of the signer and is never one. The content time-stamps, which the signature
   signs, bound it from below;
5. the signer's certificate at that time (5.2.6): path, status of every certificate of it, freshness (5.2.5), with past
   certificate validation (5.6.2.1) where it leans on proofs: `certificate_validation`;
6. algorithms that ended since (5.6.2.4): `cryptographic_verification`;
7. signature acceptance (5.2.8): purpose, roles, claims: `acceptance`; order and delay of time-stamps (5.5.4);
8. whether the level that the signature is built for is reached: said, and decided by the policy alone.

What ends in which verdict is at the head of `validation_report`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from signing.certification_path import algorithm_check
from signing.validation_data import NO_DATA, SIGNATURE
from signing.validation_report import Check, Conclusion, SignatureReport, SubIndication, conclude
from signing.verify.acceptance import delay_check, purpose_checks, signing_time_check, unvouched
from signing.verify.certificate_status import MAX_CERTIFICATES, StatusMaterial, readable
from signing.verify.certificate_validation import CertificateValidation, validate_certificate
from signing.verify.cryptographic_verification import judged_at, signature_value_check
from signing.verify.levels import BASELINE_LEVELS, level_check
from signing.verify.proof_of_existence import ProofsOfExistence
from signing.verify.time_stamps import (
    TimeStampValidation,
    order_check,
    present_check,
    read_time_stamps,
    validate_time_stamps,
)
from signing.verify.validation_time_sliding import Use

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from signing.certificates import Certificate
    from signing.policy import ValidationPolicy
    from signing.validation_data import FoundTimeStamp, ValidationData
    from signing.verify.context import Context
    from signing.verify.time_stamps import ReadTimeStamp

__all__ = ["SignedClaims", "algorithm_check", "context_checks", "judge_signer", "signature_value_check"]

CHECKS: Final = frozenset(
    {
        "policy.anchors",
        "signer.identified",
        "signer.end-entity",
        "signer.key-usage",
        "signer.not-authentication-only",
        "signer.roles",
        "signer.refused-roles",
        "signer.bin",
        "revocation.status",
        "claims.signing-time",
        "timestamp.present",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedClaims:
    """What one signature says of itself, read from what it signs.

    `id` unique in the report; `format` such as "XAdES", "CAdES", "XMLDSig"; `level` such as "B-B"; `covered` names
    what is signed; `signing_time` None when the signature makes no claim.
    """

    id: str
    format: str
    level: str
    covered: tuple[str, ...]
    signing_time: datetime | None
    has_time_stamp: bool = False
    """A time-stamp came along; this release does not check it, and the report says that rather than "absent"."""
    time_stamps: tuple[FoundTimeStamp, ...] = ()
    """In the order they were added to the signature."""
    embedded: ValidationData = NO_DATA
    """Certificates and revocation status that came along; the certificates of `candidates` may be among them."""
    value: bytes | None = None
    """The signature value."""


def context_checks(context: Context) -> tuple[Check, ...]:
    """Step 3: a policy may be used with its own kinds of anchors only."""
    policy, anchors = context.policy, context.anchors
    if anchors.kind not in policy.anchor_kinds:
        return (
            Check.indeterminate(
                "policy.anchors", SubIndication.POLICY_PROCESSING_ERROR, policy=policy.name, kind=anchors.kind
            ),
        )
    return (_passed_kind(anchors.kind),)


@cache
def _passed_kind(kind: str) -> Check:
    return Check.passed("policy.anchors", kind=kind)


def judge_signer(
    *,
    claims: SignedClaims,
    signer: Certificate | None,
    candidates: Sequence[Certificate],
    checks: Sequence[Check],
    context: Context,
) -> SignatureReport:
    """Steps 2 to 8 for one signature, joined with the format's own `checks` (step 1) into its report.

    `signer` is the certificate whose key was used in step 1, None when none was identified. `candidates` is every
    other certificate that came along.
    """
    policy, at = context.policy, context.at
    stamps = read_time_stamps(claims.time_stamps, policy) if claims.time_stamps else ()
    material = _material(claims, stamps, candidates, context)
    if context.fetcher is not None:
        material.may_ask = not any(check.conclusion is _FAILED for check in checks)
    stamped = _stamped(stamps, signer, checks, material)
    best = at if stamped.proofs is None else stamped.proofs.time(SIGNATURE)
    newer_than = stamped.newer_than
    made = [*(checks if best == at else judged_at(checks, best, newer_than=newer_than)), *context_checks(context)]
    judged = _NOT_JUDGED
    if signer is None:
        made.append(Check.indeterminate("signer.identified", SubIndication.NO_SIGNING_CERTIFICATE_FOUND))
    else:
        use = Use(certificate=signer, role="signer", judged_at=best, fresh_at=best, newer_than=newer_than)
        judged = validate_certificate(use, stamped.proofs, material)
        purpose = purpose_checks(signer, policy)
        # of a certificate that no path leads to nobody has said what it is made for: a breach is no final one (5.3.4)
        made += [*purpose, *judged.checks] if judged.path else [*judged.checks, *unvouched(purpose)]
    made.append(signing_time_check(claims.signing_time, policy, best))
    made.append(present_check(stamped, policy, came_along=claims.has_time_stamp))
    if stamps:
        made += _time_stamp_checks(claims, stamped, judged, policy)
    elif claims.level in BASELINE_LEVELS:
        made.append(level_check(claims.level, stamped, judged))
    indication, sub_indication = conclude(made)
    return SignatureReport(
        id=claims.id,
        format=claims.format,
        level=claims.level,
        indication=indication,
        sub_indication=sub_indication,
        signing_time=claims.signing_time,
        best_signature_time=best,
        signer=judged.facts[0] if judged.facts else signer.facts() if signer is not None else None,
        covered=claims.covered,
        checks=tuple(made),
        path=judged.facts,
        time_stamps=stamped.reports,
        revocation=judged.revocation,
        value=hashlib.sha256(claims.value).hexdigest() if claims.value is not None else None,
    )


def _time_stamp_checks(
    claims: SignedClaims, stamped: TimeStampValidation, judged: CertificateValidation, policy: ValidationPolicy
) -> Iterator[Check]:
    proof = stamped.proof_of_signature
    order = order_check(stamped)
    delay = delay_check(claims.signing_time, policy, proof.time if proof is not None else None)
    yield from (check for check in (order, delay) if check is not None)
    if claims.level in BASELINE_LEVELS:
        yield level_check(claims.level, stamped, judged)


_UNSTAMPED: Final = TimeStampValidation(reports=(), standing=(), proofs=None)
_NOT_JUDGED: Final = CertificateValidation(checks=())


def _material(
    claims: SignedClaims,
    stamps: Sequence[ReadTimeStamp],
    candidates: Sequence[Certificate],
    context: Context,
) -> StatusMaterial:
    """Everything that came along, in the signature, in its time-stamps and from the caller."""
    embedded = claims.embedded
    if stamps:
        with_them = [each.found.embedded for each in stamps]
        with_them += [each.token.embedded for each in stamps if each.token is not None]
        embedded = embedded.joined(*with_them)
    came_along = tuple(candidates)
    if embedded.certificates or context.data.certificates:
        others = (*context.data.certificates, *embedded.certificates)[:MAX_CERTIFICATES]
        came_along = tuple(dict.fromkeys((*came_along, *readable(others))))
    return StatusMaterial(context=context, embedded=embedded, candidates=came_along)


def _stamped(
    stamps: Sequence[ReadTimeStamp], signer: Certificate | None, checks: Sequence[Check], material: StatusMaterial
) -> TimeStampValidation:
    if not stamps:
        return _UNSTAMPED
    proofs = ProofsOfExistence(at=material.context.at)
    # a signature that signs the reference to its certificate is younger than the certificate
    if signer is not None and any(
        check.id.endswith(".signing-certificate") and check.conclusion is _PASSED for check in checks
    ):
        proofs = proofs.holding(SIGNATURE, (signer.sha256,))
    return validate_time_stamps(stamps, proofs, material)


_PASSED, _FAILED = Conclusion.PASSED, Conclusion.FAILED
