"""Evidence in a file by itself: judged by the kind that it claims to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signing.validation_data import NO_DATA
from signing.verify.context import Context
from signing.verify.lone_answer import judge_answer
from signing.verify.lone_certificate import judge_certificate
from signing.verify.lone_list import judge_list
from signing.verify.lone_token import judge_time_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from signing.fetcher import Fetcher
    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors
    from signing.validation_data import ValidationData
    from signing.validation_report import EvidenceKind
    from signing.verify.evidence_report import EvidenceValidation


def verify_evidence(
    der: bytes,
    kind: EvidenceKind,
    *,
    policy: ValidationPolicy,
    anchors: TrustAnchors,
    at: datetime,
    content: Iterable[bytes] | None = None,
    data: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
) -> EvidenceValidation:
    """Judge DER of the kind that `evidence_kind` found, at `at` (aware).

    `content` is what a time-stamp should be over, None where nobody knows; other evidence is over nothing outside
    itself, and it is then not read. Every end is a verdict; what `content` raises passes through, and SigningError for
    a naive time.
    """
    context = Context(policy=policy, anchors=anchors, at=at, data=data, fetcher=fetcher)
    if kind == "certificate":
        return judge_certificate(der, context)
    if kind == "ocsp":
        return judge_answer(der, context)
    if kind == "time-stamp":
        return judge_time_stamp(der, content, context)
    return judge_list(der, context)
