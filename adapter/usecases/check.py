"""All of submit but the deed: the same steps on the same code, nothing stored, nothing sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapter import rules
from adapter.domain.document import Rendition, ValidatedXml
from adapter.domain.report import Report
from adapter.errors import DocumentRefused, Finding
from adapter.ports import Clock
from adapter.usecases.convert import Attached, Convert
from adapter.usecases.facts import FactsOf
from adapter.usecases.findings import Places


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """Findings, heaviest first as the rules give them; document and form exist only when nothing forbids them."""

    findings: tuple[Finding, ...]
    document: ValidatedXml | None = field(default=None)
    rendition: Rendition | None = field(default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """The dry run."""

    clock: Clock
    convert: Convert
    facts: FactsOf

    def __call__(self, report: Report, attachments: Sequence[Attached], *, places: Places | None = None) -> Checked:
        """Never raises for a bad document."""
        facts = self.facts.before_signing(report, at=self.clock.now(), attachments=attachments)
        try:
            composed = self.convert(report, attachments, facts=facts, stage=rules.Stage.LOCK, places=places)
        except DocumentRefused as refused:
            return Checked(findings=refused.findings)
        return Checked(findings=composed.findings, document=composed.document, rendition=composed.rendition)
