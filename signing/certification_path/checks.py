"""The checks made on a path, and how each of them is said."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from signing.algorithms import DigestAlgorithm, SignatureAlgorithm, Standing
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from datetime import date

    from signing.certificates import Certificate
    from signing.policy import ValidationPolicy

CHECKS: Final = frozenset(
    {
        "path.found",
        "path.limits",
        "path.validity",
        "path.extensions",
        "path.key-identifiers",
        "path.serial",
        "path.algorithms",
        "path.keys",
        "path.issuers",
        "path.length",
        "path.names",
        "path.policies",
    }
)


def algorithm_check(
    check_id: str,
    algorithm: SignatureAlgorithm | DigestAlgorithm | None,
    *,
    named: str,
    day: date,
    policy: ValidationPolicy,
) -> Check:
    """Whether an algorithm is on the allow-list on a day; `named` is the URI or OID as it stands in the signature."""
    if algorithm is None:
        return Check.indeterminate(
            check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, algorithm=named[:200], reason="unknown"
        )
    if algorithm.standing is Standing.REFUSED:
        return Check.failed(
            check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, algorithm=algorithm.id, reason="refused"
        )
    if algorithm.standing is Standing.UNSUPPORTED:
        return Check.indeterminate(
            check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, algorithm=algorithm.id, reason="unsupported"
        )
    if not policy.algorithm_end_dates and algorithm.trusted_until is None:
        return _passed(check_id, algorithm.id)
    ends = [end for name, end in policy.algorithm_end_dates if name in (algorithm.id, _digest_of(algorithm))]
    if algorithm.trusted_until is not None:
        ends.append(algorithm.trusted_until)
    if ends and day >= min(ends):
        return Check.indeterminate(
            check_id,
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
            algorithm=algorithm.id,
            reason="ended",
            until=min(ends).isoformat(),
        )
    return _passed(check_id, algorithm.id)


@cache
def _passed(check_id: str, algorithm: str) -> Check:
    # of a handful of checks and the algorithms of the table
    return Check.passed(check_id, algorithm=algorithm)


def _digest_of(algorithm: SignatureAlgorithm | DigestAlgorithm) -> str | None:
    return algorithm.digest if isinstance(algorithm, SignatureAlgorithm) else None


def defect(check_id: str, index: int, certificate: Certificate, **params: str) -> Check:
    """Rule 5: FAILED for the signer's own certificate, INDETERMINATE above it."""
    if index == 0:
        return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, certificate=shown(certificate), **params)
    return Check.indeterminate(
        check_id, SubIndication.CHAIN_CONSTRAINTS_FAILURE, certificate=shown(certificate), **params
    )


def broken(check_id: str, certificate: Certificate, reason: str) -> Check:
    return Check.indeterminate(
        check_id, SubIndication.CHAIN_CONSTRAINTS_FAILURE, certificate=shown(certificate), reason=reason
    )


def shown(certificate: Certificate) -> str:
    return certificate.subject.shown()[:300]
