"""A CMS and its content in, a verdict out: the content apart (detached), or inside (attached).

One signature per SignerInfo, every one of which must pass. The content is read once, chunk by chunk, for all signers
and their time-stamps together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing.algorithms import digest_algorithm
from signing.errors import Malformed
from signing.validation_data import NO_DATA
from signing.validation_report import Check, Indication, SubIndication, ValidationReport
from signing.verify import cms_form, cms_signature
from signing.verify.cms_form import apart_check, format_checks, format_failure, hash_content, read_cms
from signing.verify.cms_signature import examine_cms_signer
from signing.verify.context import Context
from signing.verify.signature import context_checks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from signing.fetcher import Fetcher
    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors
    from signing.validation_data import ValidationData
    from signing.validation_report import SignatureReport
    from signing.verify.cms_form import ReadCms

CHECKS: Final = cms_form.CHECKS | cms_signature.CHECKS | {"cms.attached"}


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachedValidation:
    """The verdict; `content` is what was signed, None unless the verdict is TOTAL-PASSED."""

    report: ValidationReport
    content: bytes | None


def verify_detached(
    signature: bytes,
    content: Iterable[bytes],
    *,
    policy: ValidationPolicy,
    anchors: TrustAnchors,
    at: datetime,
    data: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
) -> ValidationReport:
    """Judge a DER ContentInfo over `content` at `at` (aware).

    Every end is a verdict; what `content` raises while it is read passes through, and SigningError for a naive time.
    """
    context = Context(policy=policy, anchors=anchors, at=at, data=data, fetcher=fetcher)
    checks = [*context_checks(context)]
    signatures: list[SignatureReport] = []
    try:
        read = read_cms(signature, policy)
    except Malformed as error:
        checks.append(format_failure(error))
    else:
        wanted = read.wanted()
        if read.signed.content is not None and (sha256 := digest_algorithm("sha256")) is not None:
            wanted["sha256"] = sha256  # the comparison must not hang on hashes we cannot compute
        digests = hash_content(content, wanted)
        checks += format_checks(read)
        checks.append(apart_check(read, digests, policy))
        signatures = _signers(read, digests, context)
    return _report("detached", context, checks, signatures)


def verify_attached(
    signature: bytes,
    *,
    policy: ValidationPolicy,
    anchors: TrustAnchors,
    at: datetime,
    data: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
) -> AttachedValidation:
    """Judge a DER ContentInfo that holds its own content (at most `cms.MAX_CONTENT` octets) at `at` (aware).

    Every end is a verdict; raises SigningError for a naive time.
    """
    context = Context(policy=policy, anchors=anchors, at=at, data=data, fetcher=fetcher)
    checks = [*context_checks(context)]
    signatures: list[SignatureReport] = []
    content: bytes | None = None
    try:
        read = read_cms(signature, policy)
    except Malformed as error:
        checks.append(format_failure(error))
    else:
        checks += format_checks(read)
        content = read.signed.content
        if content is None:
            checks.append(Check.indeterminate("cms.attached", SubIndication.SIGNED_DATA_NOT_FOUND))
            signatures = _signers(read, {}, context)
        else:
            checks.append(Check.passed("cms.attached", octets=str(len(content))))
            signatures = _signers(read, hash_content([content], read.wanted()), context)
    report = _report("attached", context, checks, signatures)
    passed = report.indication is Indication.TOTAL_PASSED
    return AttachedValidation(report=report, content=content if passed else None)


def _signers(read: ReadCms, digests: Mapping[str, bytes], context: Context) -> list[SignatureReport]:
    return [
        examine_cms_signer(
            signer, read, digests, signer_id=f"signer-{index}", covered=("content",), context=context
        ).report(context)
        for index, signer in enumerate(read.signers, start=1)
    ]


def _report(
    kind: str, context: Context, checks: Iterable[Check], signatures: Iterable[SignatureReport]
) -> ValidationReport:
    return ValidationReport.of(
        kind="attached" if kind == "attached" else "detached",
        policy=context.policy.name,
        anchors=context.anchors.label(),
        at=context.at,
        checks=checks,
        signatures=signatures,
    )
