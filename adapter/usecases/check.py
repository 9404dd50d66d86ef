"""All of submit but the deed: the same steps on the same code, nothing stored, nothing sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapter import rules
from adapter.domain.document import Rendition, ValidatedXml
from adapter.domain.report import Report
from adapter.errors import DocumentRefused, Finding, Severity
from adapter.ports import Clock
from adapter.usecases.certificate_runway import OwnCertificate, certificate_findings
from adapter.usecases.convert import Attached, Convert
from adapter.usecases.facts import FactsOf
from adapter.usecases.findings import Places
from adapter.usecases.preflight import SubmitLimits, size_findings


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """Findings, heaviest first as the rules give them; document and form exist only when nothing forbids them."""

    findings: tuple[Finding, ...]
    document: ValidatedXml | None = field(default=None)
    rendition: Rendition | None = field(default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """The dry run.

    certificates    of the node, the signer's among them; none where there are no settings
    """

    clock: Clock
    convert: Convert
    facts: FactsOf
    limits: SubmitLimits
    certificates: Sequence[OwnCertificate] = ()

    def __call__(self, report: Report, attachments: Sequence[Attached], *, places: Places | None = None) -> Checked:
        """Never raises for a bad document."""
        facts = self.facts.before_signing(report, at=self.clock.now(), attachments=attachments)
        try:
            composed = self.convert(report, attachments, facts=facts, stage=rules.Stage.LOCK, places=places)
        except DocumentRefused as refused:
            return Checked(findings=refused.findings)
        header = composed.report.header
        ruleset = self.convert.rulesets.find(header.ruleset.id, header.ruleset.version)
        deadline = rules.due_instant(ruleset, header.document_type, header.reporting_year)
        ahead = (
            *size_findings(composed, self.limits, places),
            *certificate_findings(self.certificates, now=self.clock.now(), deadline=deadline),
        )
        findings = (*composed.findings, *ahead)
        if any(one.severity is Severity.ERROR for one in ahead):
            return Checked(findings=findings)
        return Checked(findings=findings, document=composed.document, rendition=composed.rendition)
