"""What a signature is judged by, gathered while it can still be had: paths, and who says that nobody in them was revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signing.certificates import Certificate
from signing.certification_path import validate_path
from signing.errors import Malformed, SigningError
from signing.revocation import gather
from signing.validation_data import NO_DATA, ValidationData
from signing.validation_report import Indication

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from signing.fetcher import Fetcher
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
    fetcher: Fetcher | None = None,
) -> ValidationData:
    """The path of `certificate` without its anchor, and for each of it what says that it was good at `at` (aware).

    `embedded` came along with the signature, `data` is the caller's own; `fetcher` is asked for what neither holds.
    Raises SigningError signing.no-path, signing.certificate-revoked, signing.status-unavailable: a signature raised
    without them would promise what it does not hold.
    """
    given = data.joined(embedded)
    known = tuple(dict.fromkeys((*candidates, *(each for der in given.certificates for each in readable(der)))))
    result = validate_path(certificate, known, anchors, at=at, policy=policy)
    if result.indication is not Indication.TOTAL_PASSED:
        raise SigningError("signing.no-path", certificate=certificate.sha256, reason=result.params.get("reason", ""))
    return gather(result.path, candidates=known, anchors=anchors, given=given, fetcher=fetcher, at=at, policy=policy)


def readable(der: bytes) -> tuple[Certificate, ...]:
    """The certificate, or nothing: a bag is a source of certificates, its format is nobody's check."""
    try:
        return (Certificate.from_der(der),)
    except Malformed:
        return ()
