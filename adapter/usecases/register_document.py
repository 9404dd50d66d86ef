"""An incoming document becomes a register row or a refusal; the sender is told, and gets our signed Receipt.

    1 files     durable before anything is decided, see fetch_files; from here on nothing is asked of the exchange
    2 tell      notice: delivered
    3 judge     signature, schema, rules (verified_container, examine)
    4 decide    pure (domain/incoming)
    5 record  T register row and number, or refusal; notices queued with it
    6 answer    our signed XML Receipt, or a ProcessingResponse with every finding: a Delivery of its own

A crash between 5 and 6 is repaired by the next turn: every step finds what stands there already, under the same key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from adapter import rules
from adapter.domain.audit_event import AuditEvent
from adapter.domain.document import DocumentId, DocumentType
from adapter.domain.incoming import (
    Decision,
    IncomingDocument,
    JournalEntry,
    JournalState,
    Judgement,
    RegisteredDocument,
    decide,
)
from adapter.domain.notice import NoticeKind, RefusalReason
from adapter.domain.report import Report
from adapter.errors import Finding, Retryable, Severity
from adapter.ports import AddressBook, Clock, KeptBlob, Store
from adapter.usecases.answer import ALMATY, Answering
from adapter.usecases.apply_answer import ApplyAnswer
from adapter.usecases.examine import Examine
from adapter.usecases.fetch_files import Arrived, Gone, Kept, Stopped
from adapter.usecases.tell_sender import TellSender, lane_of
from adapter.usecases.verified_container import Judged, Trust, judge

_LAW = "Law 370-II, art. 7"
_ANSWERS = frozenset({DocumentType.RECEIPT, DocumentType.PROCESSING_RESPONSE})
"""Documents that are answers themselves: they are registered, and never answered with another Receipt."""
_UNDECIDED = (JournalState.RECEIVED, JournalState.CLAIMED, JournalState.HELD)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How it ended; `code` and `params` are the journal's outcome, from which a person's sentence is made."""

    code: str
    is_held: bool = False
    is_stopped: bool = False
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterDocument:
    """The addressee's deed.

    number_prefix   with the number of the series it makes the incoming number
    """

    number_prefix: str
    store: Store
    clock: Clock
    addresses: AddressBook
    rulesets: rules.Rulesets
    trust: Trust
    examine: Examine
    tell: TellSender
    apply_answer: ApplyAnswer
    answering: Answering

    def __call__(self, incoming: IncomingDocument, entry: JournalEntry, arrived: Arrived) -> Outcome:
        """Raises Retryable when the directory cannot be asked now; Final for what a person must look at, as kept bytes that
        are damaged.
        """
        standing = self._standing(incoming.document_id)
        if isinstance(arrived, Gone):
            if standing is not None:
                raise arrived.error
            return self._gone(incoming, entry)
        if isinstance(arrived, Stopped):
            return self._stop(incoming, entry, arrived.rule, is_known=standing is not None)
        own = arrived.container
        if own is None:
            finding = Finding(code="receive.no-container", severity=Severity.ERROR)
            judgement = Judgement(decision=Decision.REFUSE, reason=RefusalReason.AGAINST_RULES, findings=(finding,))
            self._refuse(incoming, entry, judgement, None)
            return Outcome(code="receive.no-container")
        if standing is not None and standing.container == own.sha256:
            return self._again(incoming, entry, standing, self._judged(arrived, own))
        judged = self._judged(arrived, own)
        findings = self.examine.findings(incoming, entry, judged)
        # The rules looked at the register later than we did: another worker may have registered other bytes meanwhile.
        is_known = standing is not None or any(finding.code == "BR-19b" for finding in findings)
        judgement = decide(verdict=judged.verdict, findings=findings, known_with_other_bytes=is_known)
        if judgement.decision is Decision.STOP:
            return self._stop(incoming, entry, judgement.code or "BR-18", is_known=standing is not None)
        return self._carry_out(incoming, entry, judgement, judged)

    def _judged(self, arrived: Kept, own: KeptBlob) -> Judged:
        """As the bytes were judged when they came, a moment ago, or from what is kept."""
        return arrived.judged or judge(own, self.store.blobs, self.trust, at=self.clock.now())

    def _standing(self, document_id: DocumentId) -> RegisteredDocument | None:
        with self.store.snapshot() as transaction:
            return transaction.register.find(document_id)

    # --- 1 files ------------------------------------------------------------------------------------------------------
    def _gone(self, incoming: IncomingDocument, entry: JournalEntry) -> Outcome:
        """A wrong link, unless an earlier message brought the files and is still to be decided: who would be registered for
        that one must not be refused for this one.
        """
        with self.store.snapshot() as transaction:
            others = [other for other in transaction.journal.of_document(incoming.document_id) if other.id != entry.id]
        if any(other.files and other.state in _UNDECIDED for other in others):
            code = "receive.repeat-without-files"
            self._note(incoming, entry, "document.held", code=code)
            return Outcome(code=code, is_held=True, params={"document": incoming.document_id})
        self._refuse(incoming, entry, Judgement(decision=Decision.REFUSE, reason=RefusalReason.WRONG_LINK), None)
        return Outcome(code="receive.file-gone")

    # --- 4 stop -------------------------------------------------------------------------------------------------------
    def _stop(self, incoming: IncomingDocument, entry: JournalEntry, rule: str, *, is_known: bool) -> Outcome:
        """BR-18: keep nothing, tell the sender the rule alone. Whom to tell is the exchange's word, not the document's.

        Without the refusal the sender would take us for silent and send the document once more. A document that stands in
        the register under this identifier is not refused after the fact: then only the response goes out.
        """
        # First what may have to wait and is harmless to repeat: the rest is said once.
        speaker = self.addresses.body_of(incoming.sender)
        if speaker is not None:
            on = _day(self.clock.now())
            self.answering.stop(incoming.document_id, rule, member=incoming.sender, addressee=speaker, on=on)
        with self.store.transaction() as transaction:
            if not is_known:
                lane = lane_of(incoming, None)
                self.tell(transaction, incoming, NoticeKind.NOT_VALID, lane, reason=RefusalReason.AGAINST_RULES)
            transaction.audit.append(self._noted(incoming, entry, "document.stopped", code=rule))
        return Outcome(code=rule, is_stopped=True)

    # --- 4 and 5 ------------------------------------------------------------------------------------------------------
    def _carry_out(
        self,
        incoming: IncomingDocument,
        entry: JournalEntry,
        judgement: Judgement,
        judged: Judged,
    ) -> Outcome:
        if judgement.decision is Decision.HOLD:
            self._note(incoming, entry, "document.held", code=judgement.code)
            self._tell_delivered(incoming, judged)
            code = judgement.code or "receive.held"
            return Outcome(code=code, is_held=True, params=_params_of(code, judgement.findings))
        if judgement.decision is Decision.REFUSE:
            self._refuse(incoming, entry, judgement, judged)
            return Outcome(code=f"receive.refused-{judgement.reason.value if judgement.reason else 'other'}")
        assert judged.report is not None
        registered = self._register(incoming, entry, judged, judgement)
        self._answer_registered(judged.report, registered, judged)
        return Outcome(code="receive.registered-late" if registered.is_late else "receive.registered")

    def _register(
        self,
        incoming: IncomingDocument,
        entry: JournalEntry,
        judged: Judged,
        judgement: Judgement,
    ) -> RegisteredDocument:
        assert judged.container is not None
        assert judged.report is not None
        header = judged.report.header
        office = self.examine.office_verdict(incoming, entry.files)
        ruleset = self.rulesets.find(header.ruleset.id, header.ruleset.version)
        due = rules.due_instant(ruleset, header.document_type, header.reporting_year)
        with self.store.transaction() as transaction:
            standing = transaction.register.find(incoming.document_id)
            if standing is not None:
                if standing.container != judged.container.blob:
                    # Another worker registered other bytes since we looked (BR-19b): the next turn holds these.
                    raise Retryable("receive.moved-meanwhile", params={"document": incoming.document_id})
                return standing
            series = f"{header.document_type.value}-{entry.received_at.astimezone(ALMATY).year}"
            number = (
                f"{self.number_prefix}{_SERIES_MARK[header.document_type]}{transaction.register.next_number(series):03}"
            )
            registered = RegisteredDocument(
                document_id=incoming.document_id,
                case_id=header.case_id,
                document_type=header.document_type,
                reporting_year=header.reporting_year,
                sender=header.sender.code,
                sender_participant=incoming.sender,
                number=number,
                received_at=entry.received_at,
                outgoing_number=incoming.outgoing_number or header.registration_number or "",
                outgoing_date=incoming.outgoing_date or header.registration_date,
                container=judged.container.blob,
                container_size=judged.container.size,
                xml=judged.container.document.sha256,
                signer=judged.container.signer,
                verdict=judged.verdict.value,
                is_late=due is not None and entry.received_at >= due,
                supersedes=header.supersedes.document_ref.document_id if header.supersedes else None,
                findings=judgement.findings,
                office_verdict=office,
            )
            transaction.register.add(registered)
            self.tell(transaction, incoming, NoticeKind.DELIVERED, header.sender.code)
            self.tell(transaction, incoming, NoticeKind.REGISTERED, header.sender.code, registration_number=number)
            transaction.audit.append(
                AuditEvent(
                    at=self.clock.now(),
                    actor="worker",
                    action="document.registered",
                    mandate=_LAW,
                    document_id=incoming.document_id,
                    details={
                        "number": number,
                        "sender": registered.sender,
                        "container": registered.container,
                        "xml": registered.xml,
                        "late": registered.is_late,
                        "verdict": registered.verdict,
                        "office": office,
                    },
                )
            )
            self.apply_answer(transaction, judged.report, registered)
        return registered

    def _again(
        self, incoming: IncomingDocument, entry: JournalEntry, standing: RegisteredDocument, judged: Judged
    ) -> Outcome:
        """The same bytes again: one registration, the same number, told once more; the Receipt is made if it is missing."""
        if judged.report is not None:
            self._answer_registered(judged.report, standing, judged)
        with self.store.transaction() as transaction:
            self.tell(
                transaction,
                incoming,
                NoticeKind.REGISTERED,
                standing.sender,
                registration_number=standing.number,
                repeat=entry.id,
            )
        return Outcome(code="receive.repeated")

    def _answer_registered(self, report: Report, registered: RegisteredDocument, judged: Judged) -> None:
        if registered.document_type in _ANSWERS:
            return
        self.answering.receipt(report, registered, judged, on=_day(self.clock.now()))

    def _refuse(
        self, incoming: IncomingDocument, entry: JournalEntry, judgement: Judgement, judged: Judged | None
    ) -> None:
        reason = judgement.reason or RefusalReason.AGAINST_RULES
        with self.store.transaction() as transaction:
            lane = lane_of(incoming, judged)
            self.tell(transaction, incoming, NoticeKind.DELIVERED, lane)
            self.tell(transaction, incoming, NoticeKind.NOT_VALID, lane, reason=reason)
            transaction.audit.append(
                AuditEvent(
                    at=self.clock.now(),
                    actor="worker",
                    action="document.refused",
                    mandate=_LAW,
                    document_id=incoming.document_id,
                    details={
                        "entry": entry.id,
                        "reason": reason.value,
                        "indication": judged.validation.indication.value if judged else None,
                        "subIndication": _sub_indication(judged),
                        "findings": ", ".join(sorted({finding.code for finding in judgement.findings})),
                    },
                )
            )
        if judged is not None and judged.report is not None and judged.report.header.document_type not in _ANSWERS:
            self.answering.refusal(judged.report, judgement.findings, judged, on=_day(self.clock.now()))

    # --- 2 tell -------------------------------------------------------------------------------------------------------
    def _tell_delivered(self, incoming: IncomingDocument, judged: Judged) -> None:
        with self.store.transaction() as transaction:
            self.tell(transaction, incoming, NoticeKind.DELIVERED, lane_of(incoming, judged))

    def _note(self, incoming: IncomingDocument, entry: JournalEntry, action: str, *, code: str | None) -> None:
        with self.store.transaction() as transaction:
            transaction.audit.append(self._noted(incoming, entry, action, code=code))

    def _noted(self, incoming: IncomingDocument, entry: JournalEntry, action: str, *, code: str | None) -> AuditEvent:
        is_stop = action == "document.stopped"
        return AuditEvent(
            at=self.clock.now(),
            actor="worker",
            action=action,
            mandate=_LAW,
            # BR-18: of a stopped document nothing is kept but the rule and the time.
            document_id=None if is_stop else incoming.document_id,
            details={"code": code} if is_stop else {"code": code, "entry": entry.id},
        )


_SERIES_MARK = {
    DocumentType.TREATY_INFORMATION: "",
    DocumentType.SUMMARY_INFORMATION: "",
    DocumentType.CONSOLIDATED_INFORMATION: "",
    DocumentType.PUBLISHED_RESULTS: "P-",
    DocumentType.RECEIPT: "R-",
    DocumentType.PROCESSING_RESPONSE: "A-",
}


def _day(moment: datetime) -> date:
    return moment.astimezone(ALMATY).date()


def _sub_indication(judged: Judged | None) -> str | None:
    sub = judged.validation.sub_indication if judged is not None else None
    return sub.value if sub is not None else None


def _params_of(code: str, findings: Sequence[Finding]) -> dict[str, str]:
    found = next((finding.params for finding in findings if finding.code == code), {})
    return {name: value for name, value in found.items() if isinstance(value, str)}
