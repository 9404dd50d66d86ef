"""What is wrong with a document that came in, beside its signature: who sent it, to whom, in whose name, and the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import signing
from adapter import rules
from adapter.domain.document import BodyCode
from adapter.domain.incoming import SIGNER_UNKNOWN, IncomingDocument, JournalEntry
from adapter.domain.outgoing import TravellingFile
from adapter.domain.report import Report
from adapter.errors import Final, Finding, Severity
from adapter.ports import AddressBook, Clock, Store
from adapter.usecases.facts import FactsOf
from adapter.usecases.findings import located
from adapter.usecases.sign import joined
from adapter.usecases.verified_container import Judged, Trust


@dataclass(frozen=True, kw_only=True, slots=True)
class Examine:
    """Reads; decides nothing. `body` is our own: what is addressed to another is no document of ours."""

    body: BodyCode
    store: Store
    clock: Clock
    addresses: AddressBook
    rulesets: rules.Rulesets
    facts: FactsOf
    office_trust: Trust

    def findings(self, incoming: IncomingDocument, entry: JournalEntry, judged: Judged) -> tuple[Finding, ...]:
        """Every finding at once; what the container itself showed comes first. Raises Retryable when the directory is silent."""
        if judged.report is None or judged.container is None:
            return judged.findings
        report = judged.report
        findings: list[Finding] = list(judged.findings)
        if report.header.document_id != incoming.document_id:
            findings.append(
                Finding(
                    code="receive.other-document",
                    severity=Severity.ERROR,
                    params={"announced": incoming.document_id, "found": report.header.document_id},
                )
            )
        if report.header.recipient is None or report.header.recipient.code != self.body:
            findings.append(Finding(code="receive.other-addressee", severity=Severity.ERROR))
        speaker = self.addresses.body_of(incoming.sender)
        if speaker is not None and report.header.sender.code != speaker:
            findings.append(
                Finding(
                    code="receive.other-sender",
                    severity=Severity.ERROR,
                    params={"announced": speaker, "found": report.header.sender.code},
                )
            )
        findings += self._correction_findings(report)
        if report.header.sender.code not in self.facts.bins:
            params = {"body": report.header.sender.code}
            findings.append(Finding(code=SIGNER_UNKNOWN, severity=Severity.ERROR, params=params))
        try:
            ruleset = self.rulesets.find(report.header.ruleset.id, report.header.ruleset.version)
        except Final as error:
            findings.append(Finding(code=error.code, severity=Severity.ERROR, params=error.params))
            return tuple(findings)
        facts = self.facts.on_receipt(judged, received_at=entry.received_at)
        broken = rules.check_all(report, stage=rules.Stage.RECEIVE, ruleset=ruleset, facts=facts)
        findings += located(report, broken, None)
        return tuple(findings)

    def _correction_findings(self, report: Report) -> tuple[Finding, ...]:
        """A body corrects or recalls its own document of the same kind and year (BR-19); one that is not here may yet come."""
        named = report.header.supersedes
        if named is None:
            return ()
        with self.store.snapshot() as transaction:
            corrected = transaction.register.find(named.document_ref.document_id)
        if corrected is None:
            return ()
        header = report.header
        if (corrected.sender, corrected.document_type, corrected.reporting_year) == (
            header.sender.code,
            header.document_type,
            header.reporting_year,
        ):
            return ()
        # Only what the sender itself named: an incoming number here is another body's business.
        params = {"document": corrected.document_id}
        return (Finding(code="receive.corrects-other", severity=Severity.ERROR, params=params),)

    def office_verdict(self, incoming: IncomingDocument, files: Sequence[TravellingFile]) -> str:
        """The office's detached signature, judged and shown; whether it is mandatory is an open question of the exchange."""
        if incoming.office_signature is None:
            return "absent"
        report = signing.verify_detached(
            incoming.office_signature,
            joined(files, self.store.blobs),
            policy=self.office_trust.policy,
            anchors=self.office_trust.anchors,
            at=self.clock.now(),
            data=self.office_trust.data,
            fetcher=self.office_trust.fetcher,
        )
        return report.indication.value
