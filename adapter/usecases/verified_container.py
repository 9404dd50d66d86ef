"""Container bytes to what was signed, read once: verdict, validated XML, the digests that must agree.

The only maker of SignedContainer. What callers get is what was signed: bytes come from the verifier, never from a second
reading of the file. One thing is asked of unverified bytes too, because its answer is that nothing may be kept: the
access marking (BR-18). Checked here, in this order:

    0 marking       nothing above official use, and nothing unknown, whoever signed
    1 signature     signing.verify_container, under the policy and the anchors given
    2 document      exactly one document.xml among the objects; schema
    3 printed form  document.pdf has the digest that stands in the XML
    4 attachments   each one declared in the header is there with its size and digest, and there is nothing else
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

import signing
from adapter import conversion
from adapter.domain.document import ContainerObject, Sha256, SignedContainer
from adapter.domain.incoming import ContainerVerdict
from adapter.domain.report import Report
from adapter.errors import DocumentRefused, Final, Finding, Severity
from adapter.ports import Files, KeptBlob

DOCUMENT_NAME = "document.xml"
RENDITION_NAME = "document.pdf"
ATTACHMENTS = "attachments/"
CONTAINER_MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
"""EN 319 162-1, 4.3.1."""

_BEFORE_MARKUP = b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"
"""White space and the marks of UTF-8, UTF-16 and UTF-32."""
_STOP = Finding(code="BR-18", severity=Severity.STOP)

_IN_MEMORY = 20_000_000
"""Longest XML that is read into memory, bytes: the limit of schemas.DOCUMENT_LIMITS."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """Under what a signature is judged; anchors come from the settings or the command, never from the thing judged.

    data        certificates and revocation evidence that were given beside it
    fetcher     asks trust services for what is missing; None: nobody is asked
    """

    policy: signing.ValidationPolicy
    anchors: signing.TrustAnchors
    data: signing.ValidationData = signing.NO_DATA
    fetcher: signing.Fetcher | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A container as it was judged.

    container, report   what was signed; None unless the verdict is PASSED and the XML satisfies its schema
    findings            everything that is wrong besides the signature itself
    validation          the full validation report
    objects             readers of the verified objects by name; empty unless PASSED
    """

    verdict: ContainerVerdict
    validation: signing.ValidationReport
    container: SignedContainer | None
    report: Report | None
    findings: tuple[Finding, ...]
    objects: Mapping[str, signing.VerifiedObject]


def judge(kept: KeptBlob, files: Files, trust: Trust, *, at: datetime) -> Judged:
    """Judge the container whose bytes stand under `kept`; at is the validation time. Raises Final when they are gone."""
    with files.open(kept.sha256) as source:
        judged = judge_bytes(source, kept, trust, at=at)
    reopened = {name: item.reopened(lambda: files.open(kept.sha256)) for name, item in judged.objects.items()}
    return replace(judged, objects=reopened)


def judge_bytes(source: bytes | BinaryIO, kept: KeptBlob, trust: Trust, *, at: datetime) -> Judged:
    """Judge a container from its bytes; `kept` says their digest and size. A stream must stay open while objects are read."""
    judged = signing.verify_container(
        source, policy=trust.policy, anchors=trust.anchors, at=at, data=trust.data, fetcher=trust.fetcher
    )
    verdict = ContainerVerdict(judged.report.indication.value)
    stops = marking_findings(source)
    if stops or verdict is not ContainerVerdict.PASSED:
        return Judged(
            verdict=verdict, validation=judged.report, container=None, report=None, findings=stops, objects={}
        )
    return _read(kept, judged.report, {item.name: item for item in judged.objects})


def marking_findings(source: bytes | BinaryIO) -> tuple[Finding, ...]:
    """Step 0, of bytes that nobody has verified: BR-18, or nothing."""
    document = signing.unverified_content(source, DOCUMENT_NAME, max_bytes=_IN_MEMORY)
    return (_STOP,) if document is not None and conversion.has_marking_above(document) else ()


def loose_findings(content: bytes) -> tuple[Finding, ...]:
    """The same of a file that does not say what it is: an archive under another name, the document without a container."""
    is_markup = content.lstrip(_BEFORE_MARKUP).startswith(b"<")
    loose = (_STOP,) if is_markup and conversion.has_marking_above(content) else ()
    return loose or marking_findings(content)


def _read(
    kept: KeptBlob, validation: signing.ValidationReport, objects: Mapping[str, signing.VerifiedObject]
) -> Judged:
    document = objects.get(DOCUMENT_NAME)
    if document is None or document.size > _IN_MEMORY:
        finding = Finding(code="container.no-document", severity=Severity.ERROR, params={"name": DOCUMENT_NAME})
        return Judged(
            verdict=ContainerVerdict.PASSED,
            validation=validation,
            container=None,
            report=None,
            findings=(finding,),
            objects=objects,
        )
    try:
        validated = conversion.validated(document.read())
    except DocumentRefused as refused:
        return Judged(
            verdict=ContainerVerdict.PASSED,
            validation=validation,
            container=None,
            report=None,
            findings=_marking_first(refused.findings),
            objects=objects,
        )
    try:
        report = conversion.read(validated.content)
    except Final as error:
        finding = Finding(code=error.code, severity=Severity.ERROR, place=error.place, params=dict(error.params))
        return Judged(
            verdict=ContainerVerdict.PASSED,
            validation=validation,
            container=None,
            report=None,
            findings=(finding,),
            objects=objects,
        )
    signer = validation.signatures[0].signer
    container = SignedContainer(
        blob=kept.sha256,
        size=kept.size,
        document=validated,
        objects=tuple(
            ContainerObject(
                name=item.name, media_type=item.media_type, size=item.size, sha256=Sha256(item.sha256.hex())
            )
            for item in objects.values()
        ),
        report=validation.as_json(),
        signer=signer.common_name or signer.organization or "" if signer is not None else "",
    )
    return Judged(
        verdict=ContainerVerdict.PASSED,
        validation=validation,
        container=container,
        report=report,
        findings=_agreement(report, objects),
        objects=objects,
    )


def _marking_first(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """BR-18: a marking that the list does not know may be one above official use. It stops everything, and speaks alone."""
    if any((finding.place.xpath or "").endswith("/AccessMarking") for finding in findings):
        return (_STOP,)
    return findings


def _agreement(report: Report, objects: Mapping[str, signing.VerifiedObject]) -> tuple[Finding, ...]:
    """Steps 3 and 4 (BR-04): the header and the objects tell the same story, with nothing missing and nothing more."""
    expected = {DOCUMENT_NAME}
    findings: list[Finding] = []
    paper = report.header.paper_copy
    rendition = objects.get(RENDITION_NAME)
    if paper is not None:
        expected.add(RENDITION_NAME)
        if rendition is None or rendition.sha256 != paper.rendition_digest.value:
            findings.append(_mismatch(RENDITION_NAME))
    for attachment in report.header.attachments:
        name = ATTACHMENTS + attachment.file_name
        expected.add(name)
        found = objects.get(name)
        if found is None or found.sha256 != attachment.digest.value or found.size != attachment.size_bytes:
            findings.append(_mismatch(attachment.file_name))
    findings += [
        Finding(code="container.undeclared-object", severity=Severity.ERROR, params={"name": name})
        for name in objects
        if name not in expected
    ]
    return tuple(findings)


def _mismatch(name: str) -> Finding:
    return Finding(code="BR-04b", severity=Severity.ERROR, params={"file": name})


def sha256_of(content: bytes) -> Sha256:
    """SHA-256 of bytes, in hexadecimal."""
    return Sha256(hashlib.sha256(content).hexdigest())
