"""What a signature is judged by, gathered while it can still be had: paths, and who says that nobody in them was revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signing.certificates import Certificate
from signing.certification_path import validate_path
from signing.errors import Malformed, SigningError
from signing.revocation import judge_status, statements_on
from signing.validation_data import NO_DATA, ValidationData
from signing.validation_report import Conclusion, Indication

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors


def gathered(
    certificate: Certificate,
    candidates: Sequence[Certificate],
    *,
    anchors: TrustAnchors,
    policy: ValidationPolicy,
    at: datetime,
    embedded: ValidationData = NO_DATA,
    data: ValidationData = NO_DATA,
) -> ValidationData:
    """The path of `certificate`, its anchor included, and for each of it but the anchor what says it was good at `at`.

    `embedded` came along with the signature, `data` is the caller's own.
    Raises SigningError signing.no-path, signing.no-status where it cannot be had: a signature raised without it would
    promise what it does not hold.
    """
    known = (*candidates, *(each for der in data.certificates for each in readable(der)))
    result = validate_path(certificate, known, anchors, at=at, policy=policy)
    if result.indication is not Indication.TOTAL_PASSED:
        raise SigningError("signing.no-path", certificate=certificate.sha256, reason=result.params.get("reason", ""))
    found = ValidationData(certificates=tuple(each.der for each in result.path))
    for subject, issuer in zip(result.path, result.path[1:], strict=False):
        statements, _ = statements_on(
            subject, issuer, embedded=embedded, given=data, candidates=known, anchors=anchors, at=at, policy=policy
        )
        check, statement = judge_status(statements, subject, at=at, policy=policy)
        if statement is None or check.conclusion is not Conclusion.PASSED:
            raise SigningError(
                "signing.no-status", certificate=subject.sha256, reason=check.params.get("reason", "unknown")
            )
        evidence = (statement.der,)
        found = found.joined(
            ValidationData(
                certificates=tuple(each.der for each in statement.certificates),
                crls=() if statement.kind == "ocsp" else evidence,
                ocsp_responses=evidence if statement.kind == "ocsp" else (),
            )
        )
    return found


def readable(der: bytes) -> tuple[Certificate, ...]:
    """The certificate, or nothing: a bag is a source of certificates, its format is nobody's check."""
    try:
        return (Certificate.from_der(der),)
    except Malformed:
        return ()
