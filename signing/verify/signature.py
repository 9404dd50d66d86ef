"""The steps of EN 319 102-1 that are the same for a container, a detached signature and an envelope.

The standard's building blocks (5.2), and who performs them:

1. format checking (5.2.2): the format's own module, handed in as `checks`;
2. identification of the signing certificate (5.2.3): the format's own module; `judge_signer` says when there is none;
3. validation context (5.2.4): `judge_signer`, policy and anchors fit each other;
4. cryptographic verification (5.2.7): the format's own module with `signature_value_check`, handed in as `checks`;
5. X.509 certificate validation (5.2.6): `judge_signer`, by `certification_path`, at the best signature time;
6. signature acceptance (5.2.8): `judge_signer` for the purpose of the certificate, roles and claimed time;
   `algorithm_check`, called by the format's module, for each algorithm it found;
7. revocation freshness (5.2.5), time-stamps (5.5): not in this release, said aloud; INDETERMINATE where the policy
   demands them.

Best signature time at level B-B is the validation time: `signingTime` is a claim of the signer and is never one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from signing.algorithms import Standing, verify_signature
from signing.certification_path import algorithm_check, validate_path
from signing.policy import CLIENT_AUTH, EMAIL_PROTECTION
from signing.validation_data import NO_DATA
from signing.validation_report import Check, SignatureReport, SubIndication, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from signing.algorithms import Form, SignatureAlgorithm
    from signing.certificates import Certificate
    from signing.policy import ValidationPolicy
    from signing.validation_data import FoundTimeStamp, ValidationData
    from signing.verify.context import Context

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


def signature_value_check(
    check_id: str,
    algorithm: SignatureAlgorithm,
    signer: Certificate,
    message: bytes,
    signature: bytes,
    *,
    form: Form,
) -> Check:
    """Step 4 for one signature value: does it verify with the signer's key? Says apart what was wrong.

    A weak key is CRYPTO_CONSTRAINTS_FAILURE, a value that does not verify SIG_CRYPTO_FAILURE; NOT_PERFORMED when the
    algorithm is not on the allow-list, which `algorithm_check` has said already.
    """
    if algorithm.standing is not Standing.TRUSTED:
        return Check.not_performed(check_id, reason="algorithm", algorithm=algorithm.id)
    key = signer.public_key
    if key.type != algorithm.key_type:
        return Check.failed(check_id, SubIndication.SIG_CRYPTO_FAILURE, algorithm=algorithm.id, reason="key type")
    if key.weakness is not None:
        return Check.failed(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, reason=key.weakness)
    if not verify_signature(algorithm, signer, message, signature, form=form):
        return Check.failed(check_id, SubIndication.SIG_CRYPTO_FAILURE, algorithm=algorithm.id, reason="value")
    return Check.passed(check_id, algorithm=algorithm.id)


def judge_signer(
    *,
    claims: SignedClaims,
    signer: Certificate | None,
    candidates: Sequence[Certificate],
    checks: Sequence[Check],
    context: Context,
) -> SignatureReport:
    """Steps 3 and 5 to 7 for one signature, joined with the format's own `checks` (steps 1, 2, 4) into its report.

    `signer` is the certificate whose key was used for step 4, None when none was identified. `candidates` is every
    other certificate that came along.
    """
    policy, at = context.policy, context.at
    made = [*checks, *context_checks(context)]
    if signer is None:
        made.append(Check.indeterminate("signer.identified", SubIndication.NO_SIGNING_CERTIFICATE_FOUND))
    else:
        made += _purpose(signer, policy)
        made += validate_path(signer, candidates, context.anchors, at=at, policy=policy).checks
        made.append(_revocation(policy))
    made.append(_signing_time(claims.signing_time, policy, at))
    made.append(_timestamp(policy, came_along=claims.has_time_stamp))
    indication, sub_indication = conclude(made)
    return SignatureReport(
        id=claims.id,
        format=claims.format,
        level=claims.level,
        indication=indication,
        sub_indication=sub_indication,
        signing_time=claims.signing_time,
        best_signature_time=at,
        signer=signer.facts() if signer is not None else None,
        covered=claims.covered,
        checks=tuple(made),
        value=hashlib.sha256(claims.value).hexdigest() if claims.value is not None else None,
    )


@lru_cache(maxsize=1024)
def _purpose(signer: Certificate, policy: ValidationPolicy) -> tuple[Check, ...]:
    return tuple(_purpose_checks(signer, policy))


def _purpose_checks(signer: Certificate, policy: ValidationPolicy) -> Iterator[Check]:
    """Whether the certificate was made for this use: each breach is final, SIG_CONSTRAINTS_FAILURE."""
    yield Check.passed("signer.identified", certificate=signer.sha256)
    usage = signer.key_usage or frozenset()
    roles = signer.roles or ()
    yield _require(
        not signer.is_ca and "keyCertSign" not in usage and bool(signer.subject.key),
        "signer.end-entity",
    )
    if policy.required_key_usage is not None:
        # an absent extension forbids nothing in RFC 5280, but the Rules ask for the purpose to be stated
        yield _require(policy.required_key_usage in usage, "signer.key-usage", required=policy.required_key_usage)
    if policy.refuse_authentication_only:
        yield _require(CLIENT_AUTH not in roles or EMAIL_PROTECTION in roles, "signer.not-authentication-only")
    if policy.required_roles:
        yield _require(
            not set(policy.required_roles).isdisjoint(roles), "signer.roles", roles=" ".join(roles) or "none"
        )
    if policy.refused_roles:
        refused = [role for role in roles if role in policy.refused_roles]
        yield _require(not refused, "signer.refused-roles", roles=" ".join(refused))
    if policy.expected_signer_bin is not None:
        found = signer.facts().bin
        yield _require(
            found == policy.expected_signer_bin,
            "signer.bin",
            expected=policy.expected_signer_bin,
            found=found or "none",
        )


def _require(holds: bool, check_id: str, **params: str) -> Check:  # noqa: FBT001 - reads as "require that"
    if holds:
        return Check.passed(check_id, **params)
    return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, **params)


def _revocation(policy: ValidationPolicy) -> Check:
    if policy.revocation == "required":
        return Check.indeterminate("revocation.status", SubIndication.TRY_LATER, reason="not checked")
    return Check.not_performed("revocation.status", reason="not checked")


def _timestamp(policy: ValidationPolicy, *, came_along: bool) -> Check:
    reason = "not checked" if came_along else "absent"
    if policy.timestamp == "required":
        return Check.indeterminate("timestamp.present", SubIndication.NO_POE, reason=reason)
    return Check.not_performed("timestamp.present", reason=reason)


def _signing_time(claimed: datetime | None, policy: ValidationPolicy, at: datetime) -> Check:
    if claimed is None:
        if policy.require_signing_time:
            return Check.failed("claims.signing-time", SubIndication.SIG_CONSTRAINTS_FAILURE, reason="absent")
        return Check.not_performed("claims.signing-time", reason="absent")
    # a difference, never a sum: the last instants of the calendar plus a tolerance are no instant
    if claimed - at > policy.clock_tolerance:
        return Check.indeterminate(
            "claims.signing-time",
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            reason="in the future",
            claimed=claimed.isoformat(),
        )
    return Check.passed("claims.signing-time", claimed=claimed.isoformat())
