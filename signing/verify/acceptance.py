"""Signature acceptance (EN 319 102-1, 5.2.8): whether the certificate was made for this use, and what the signer claims."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from signing.policy import CLIENT_AUTH, EMAIL_PROTECTION
from signing.validation_report import Check, Conclusion, SubIndication

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from signing.certificates import Certificate
    from signing.policy import ValidationPolicy

CHECKS: Final = frozenset({"timestamp.delay"})


@lru_cache(maxsize=1024)
def purpose_checks(signer: Certificate, policy: ValidationPolicy) -> tuple[Check, ...]:
    return tuple(_purpose_checks(signer, policy))


def unvouched(checks: Iterable[Check]) -> tuple[Check, ...]:
    """The same of a certificate that no authority is known to vouch for: what it says of itself is nobody's word.

    A breach then is no final one: EN 319 102-1 accepts or rejects only after the path was found (5.3.4).
    """
    return tuple(
        Check.indeterminate(check.id, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, **{**check.params, "reason": "no path"})
        if check.conclusion is Conclusion.FAILED
        else check
        for check in checks
    )


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


def signing_time_check(claimed: datetime | None, policy: ValidationPolicy, best_signature_time: datetime) -> Check:
    """The claim of the time: it lies in no future, and the signature did not exist before it is said to be made (A83)."""
    check_id = "claims.signing-time"
    if claimed is None:
        if policy.require_signing_time:
            return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="absent")
        return Check.not_performed(check_id, reason="absent")
    # a difference, never a sum: the last instants of the calendar plus a tolerance are no instant
    if claimed - best_signature_time > policy.clock_tolerance:
        return Check.indeterminate(
            check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="in the future", claimed=claimed.isoformat()
        )
    return Check.passed(check_id, claimed=claimed.isoformat())


def delay_check(claimed: datetime | None, policy: ValidationPolicy, stamped: datetime | None) -> Check | None:
    """Time-stamp delay (EN 319 102-1, 5.5.4): from the claimed signing to the first proof; None when nothing is asked."""
    most = policy.max_timestamp_delay
    if most is None or stamped is None:
        return None
    check_id = "timestamp.delay"
    if claimed is None:
        return Check.indeterminate(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="no claimed time")
    if stamped - claimed > most:
        return Check.indeterminate(
            check_id,
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            reason="too long",
            claimed=claimed.isoformat(),
            stamped=stamped.isoformat(),
        )
    return Check.passed(check_id)
