"""Report to validated XML and its printed form. Everything before the signature, and nothing is kept here.

1 rules         every finding at once; `stop` and `error` end here
2 content       XML without the paper copy; its canonical digest
3 printed form  PDF/A with identifier and content digest on it
4 document      the same content with the form's digest and sheets; schema
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from adapter import conversion, rendition, rules
from adapter.domain.document import Rendition, ValidatedXml
from adapter.domain.header import PaperCopy
from adapter.domain.reference import Digest
from adapter.domain.report import Report, with_paper_copy
from adapter.errors import DocumentRefused, Finding, Severity
from adapter.usecases.findings import Places, located

_CHUNK = 256 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """An attachment's bytes by name, openable again and again."""

    name: str
    media_type: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, kw_only=True, slots=True)
class Composed:
    """A document ready to be signed: what it says, its exact XML, its printed form, its attachments.

    findings    warnings and notes that stay with it
    """

    report: Report
    document: ValidatedXml
    rendition: Rendition
    attachments: tuple[Attached, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Convert:
    """Rulesets come from the program and, when the settings name one, a folder."""

    rulesets: rules.Rulesets

    def __call__(
        self,
        report: Report,
        attachments: Sequence[Attached],
        *,
        facts: rules.Facts,
        stage: rules.Stage,
        places: Places | None = None,
    ) -> Composed:
        """Raises DocumentRefused with every finding; Final when the page cannot be set."""
        findings = self.check(report, attachments, facts=facts, stage=stage, places=places)
        if any(finding.severity in {Severity.STOP, Severity.ERROR} for finding in findings):
            raise DocumentRefused(findings)
        content = with_paper_copy(report, None)
        form = rendition.render(content, content_digest=conversion.content_digest(content))
        paper = PaperCopy(sheets=form.sheets, rendition_digest=Digest(value=bytes.fromhex(form.sha256)))
        complete = with_paper_copy(content, paper)
        document = conversion.validated(conversion.build(complete))
        return Composed(
            report=complete,
            document=document,
            rendition=form,
            attachments=tuple(attachments),
            findings=findings,
        )

    def check(
        self,
        report: Report,
        attachments: Sequence[Attached],
        *,
        facts: rules.Facts,
        stage: rules.Stage,
        places: Places | None = None,
    ) -> tuple[Finding, ...]:
        """All findings of rules and schema, heaviest first; nothing is written anywhere."""
        ruleset = self.rulesets.find(report.header.ruleset.id, report.header.ruleset.version)
        broken = rules.check_all(report, stage=stage, ruleset=ruleset, facts=facts)
        findings = located(report, broken, places)
        stops = tuple(finding for finding in findings if finding.severity is Severity.STOP)
        if stops:
            return stops
        told = {f.place.xpath or "" for f in findings if f.severity is Severity.ERROR}
        schema = tuple(f for f in _schema_findings(report, places) if not _is_told(f, told))
        return (*findings, *_attachment_findings(report, attachments), *schema)


def _schema_findings(report: Report, places: Places | None) -> tuple[Finding, ...]:
    """What the rules have no words for."""
    try:
        conversion.validated(conversion.build(report))
    except DocumentRefused as refused:
        return places.of_document(report, refused.findings) if places is not None else refused.findings
    return ()


def _is_told(finding: Finding, told: set[str]) -> bool:
    """Whether a rule has spoken of the place already: a person is told once, in the words of the paragraph."""
    place = finding.place.xpath or ""
    places = {place}
    missing = finding.params.get("expected")
    if isinstance(missing, str):
        # What is missing has no place of its own: the schema names the element around it or the one that follows.
        places |= {f"{place}/{missing}", f"{place.rpartition('/')[0]}/{missing}"}
    return any(one == known or one.startswith(f"{known}/") for one in places for known in told)


def _attachment_findings(report: Report, attachments: Sequence[Attached]) -> tuple[Finding, ...]:
    """BR-04b before signing: the bytes that will be signed are those the header declares."""
    given = {item.name: item for item in attachments}
    findings: list[Finding] = []
    for declared in report.header.attachments:
        found = given.pop(declared.file_name, None)
        if found is None or _facts_of(found) != (declared.size_bytes, declared.digest.value):
            findings.append(Finding(code="BR-04b", severity=Severity.ERROR, params={"file": declared.file_name}))
    findings += [
        Finding(code="container.undeclared-object", severity=Severity.ERROR, params={"name": name}) for name in given
    ]
    return tuple(findings)


def _facts_of(attached: Attached) -> tuple[int, bytes]:
    digest, size = hashlib.sha256(), 0
    with attached.open() as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.digest()
