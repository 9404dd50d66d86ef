"""An incoming document becomes a register row or a refusal; the sender is told, and gets our signed Receipt.

    1 fetch     at once: the exchange forgets the files in hours; the bytes are durable before anything is decided
    2 tell      notice: delivered
    3 judge     signature, schema, rules (verified_container, rules)
    4 decide    pure (domain/incoming)
    5 record  T register row and number, or refusal; notices queued with it
    6 answer    our signed XML Receipt, or a ProcessingResponse with every finding: a Delivery of its own

A crash between 5 and 6 is repaired by the next turn: every step finds what stands there already, under the same key.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import signing
from adapter import rules
from adapter.domain.audit_event import AuditEvent
from adapter.domain.codes import Outcome as Decided
from adapter.domain.delivery import Delivery, DeliveryState, Proof
from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.incoming import (
    SIGNER_UNKNOWN,
    Decision,
    IncomingDocument,
    JournalEntry,
    Judgement,
    RegisteredDocument,
    decide,
)
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.domain.outgoing import ContentKind, OutgoingNotice, TravellingFile
from adapter.domain.receipt import Receipt as KeptReceipt
from adapter.domain.receipt import ReceiptKind, SignatureVerdict
from adapter.domain.report import ProcessingResponse, Receipt, Report
from adapter.errors import Final, Finding, Retryable, Severity
from adapter.ports import (
    AddressBook,
    Clock,
    FetchedFile,
    Identifiers,
    IncomingChannel,
    KeptBlob,
    Store,
    Transaction,
)
from adapter.usecases.answer import ALMATY, Answering
from adapter.usecases.facts import FactsOf
from adapter.usecases.findings import located
from adapter.usecases.sign import joined
from adapter.usecases.verified_container import CONTAINER_MEDIA_TYPE, Judged, Trust, judge, judge_bytes, sha256_of

_log = logging.getLogger(__name__)

_LAW = "Law 370-II, art. 7"
_ANSWERS = frozenset({DocumentType.RECEIPT, DocumentType.PROCESSING_RESPONSE})
"""Documents that are answers themselves: they are registered, and never answered with another Receipt."""


_SHOWN = 20
"""Findings of a response that are shown with the delivery; all of them stand in the response itself."""


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

    member          our own participant id, which stands in our notices
    number_prefix   with the number of the series it makes the incoming number
    """

    body: BodyCode
    member: str
    number_prefix: str
    store: Store
    channel: IncomingChannel
    clock: Clock
    identifiers: Identifiers
    addresses: AddressBook
    rulesets: rules.Rulesets
    facts: FactsOf
    trust: Trust
    office_trust: Trust
    answering: Answering

    def __call__(self, incoming: IncomingDocument, entry: JournalEntry) -> Outcome:
        """Raises Retryable when the files cannot be had now; Final only for what a person must look at."""
        standing = self._standing(incoming.document_id)
        try:
            fetched = self.channel.fetch_files(incoming.files, at=self.clock.now())
        except Final as error:
            if error.code != "exchange.file-gone" or standing is not None:
                raise
            self._refuse(incoming, entry, Judgement(decision=Decision.REFUSE, reason=RefusalReason.WRONG_LINK), None)
            return Outcome(code="receive.file-gone")
        container = next((file for file in fetched if _is_container(file)), None)
        if container is None:
            self._keep(fetched)
            finding = Finding(code="receive.no-container", severity=Severity.ERROR)
            judgement = Judgement(decision=Decision.REFUSE, reason=RefusalReason.AGAINST_RULES, findings=(finding,))
            self._refuse(incoming, entry, judgement, None)
            return Outcome(code="receive.no-container")
        own = KeptBlob(sha256=sha256_of(container.content), size=len(container.content))
        if standing is not None and standing.container == own.sha256:
            return self._again(incoming, entry, standing)
        judged = judge_bytes(container.content, own, self.trust, at=self.clock.now())
        findings = self._findings(incoming, entry, judged)
        # The rules looked at the register later than we did: another worker may have registered other bytes meanwhile.
        is_known = standing is not None or any(finding.code == "BR-19b" for finding in findings)
        judgement = decide(verdict=judged.verdict, findings=findings, known_with_other_bytes=is_known)
        if judgement.decision is Decision.STOP:
            return self._stop(incoming, entry, judgement.code or "BR-18", is_known=standing is not None)
        return self._carry_out(incoming, entry, judgement, judged, self._keep(fetched))

    # --- 1 fetch ------------------------------------------------------------------------------------------------------
    def _keep(self, fetched: Sequence[FetchedFile]) -> tuple[TravellingFile, ...]:
        """The files durable, in the order in which they were announced; only after the marking has been looked at."""
        files: list[TravellingFile] = []
        for file in fetched:
            kept = self.store.blobs.put(file.content)
            files.append(TravellingFile(name=file.name, media_type=file.media_type, size=kept.size, sha256=kept.sha256))
        return tuple(files)

    def _standing(self, document_id: DocumentId) -> RegisteredDocument | None:
        with self.store.transaction() as transaction:
            return transaction.register.find(document_id)

    # --- 3 judge ------------------------------------------------------------------------------------------------------
    def _findings(self, incoming: IncomingDocument, entry: JournalEntry, judged: Judged) -> tuple[Finding, ...]:
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
        corrected = self._standing(named.document_ref.document_id) if named is not None else None
        if corrected is None:
            return ()
        header = report.header
        if (corrected.sender, corrected.document_type, corrected.reporting_year) == (
            header.sender.code,
            header.document_type,
            header.reporting_year,
        ):
            return ()
        params = {"number": corrected.number, "document": corrected.document_id}
        return (Finding(code="receive.corrects-other", severity=Severity.ERROR, params=params),)

    def _office_verdict(self, incoming: IncomingDocument, files: Sequence[TravellingFile]) -> str:
        """The office's detached signature, judged and shown; whether it is mandatory is an open question of the exchange."""
        if incoming.office_signature is None:
            return "absent"
        report = signing.verify_detached(
            incoming.office_signature,
            joined(files, self.store.blobs),
            policy=self.office_trust.policy,
            anchors=self.office_trust.anchors,
            at=self.clock.now(),
        )
        return report.indication.value

    # --- 4 stop -------------------------------------------------------------------------------------------------------
    def _stop(self, incoming: IncomingDocument, entry: JournalEntry, rule: str, *, is_known: bool) -> Outcome:
        """BR-18: keep nothing, tell the sender the rule alone. Whom to tell is the exchange's word, not the document's.

        Without the refusal the sender would take us for silent and send the document once more. A document that stands in
        the register under this identifier is not refused after the fact: then only the response goes out.
        """
        self._note(incoming, entry, "document.stopped", code=rule)
        if not is_known:
            with self.store.transaction() as transaction:
                notice = self._notice(incoming, NoticeKind.NOT_VALID, reason=RefusalReason.AGAINST_RULES)
                self._queue_notice(transaction, notice, _sender_of(incoming, None))
        speaker = self.addresses.body_of(incoming.sender)
        if speaker is not None:
            on = _day(self.clock.now())
            self.answering.stop(incoming.document_id, rule, member=incoming.sender, addressee=speaker, on=on)
        return Outcome(code=rule, is_stopped=True)

    # --- 4 and 5 ------------------------------------------------------------------------------------------------------
    def _carry_out(
        self,
        incoming: IncomingDocument,
        entry: JournalEntry,
        judgement: Judgement,
        judged: Judged,
        files: tuple[TravellingFile, ...],
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
        registered = self._register(incoming, entry, judged, judgement, files)
        self._answer_registered(judged.report, registered, judged)
        return Outcome(code="receive.registered-late" if registered.is_late else "receive.registered")

    def _register(
        self,
        incoming: IncomingDocument,
        entry: JournalEntry,
        judged: Judged,
        judgement: Judgement,
        files: tuple[TravellingFile, ...],
    ) -> RegisteredDocument:
        assert judged.container is not None
        assert judged.report is not None
        header = judged.report.header
        office = self._office_verdict(incoming, files)
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
            self._queue_notice(transaction, self._notice(incoming, NoticeKind.DELIVERED), header.sender.code)
            self._queue_notice(
                transaction,
                self._notice(incoming, NoticeKind.REGISTERED, registration_number=number),
                header.sender.code,
            )
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
            if isinstance(judged.report, Receipt):
                self._apply_receipt(transaction, judged.report, registered)
            elif isinstance(judged.report, ProcessingResponse):
                self._apply_response(transaction, judged.report, registered)
        return registered

    def _again(self, incoming: IncomingDocument, entry: JournalEntry, standing: RegisteredDocument) -> Outcome:
        """The same bytes again: one registration, the same number, told once more; the Receipt is made if it is missing."""
        judged = judge(
            KeptBlob(sha256=standing.container, size=standing.container_size),
            self.store.blobs,
            self.trust,
            at=self.clock.now(),
        )
        if judged.report is not None:
            self._answer_registered(judged.report, standing, judged)
        with self.store.transaction() as transaction:
            notice = self._notice(incoming, NoticeKind.REGISTERED, registration_number=standing.number)
            self._queue_notice(transaction, notice, standing.sender, repeat=entry.id)
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
            addressee = _sender_of(incoming, judged)
            self._queue_notice(transaction, self._notice(incoming, NoticeKind.DELIVERED), addressee)
            self._queue_notice(transaction, self._notice(incoming, NoticeKind.NOT_VALID, reason=reason), addressee)
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

    # --- answers that speak of our own documents ----------------------------------------------------------------------
    def _apply_receipt(self, transaction: Transaction, receipt: Receipt, registered: RegisteredDocument) -> None:
        """A signed Receipt proves delivery when it names us and the digest of the bytes that we sent (BR-20b).

        That the addressee itself signed it is known by then: what another body signed for it was refused (BR-03c), and what
        nobody can tell was held.
        """
        subject = receipt.ref_document.document_ref.document_id
        delivery = transaction.outbox.find(subject, ContentKind.DOCUMENT, registered.sender)
        stated = Sha256(receipt.ref_document.digest.value.hex())
        sent = _container_of(delivery) if delivery is not None else None
        agrees = sent is not None and stated == sent and receipt.sender.ref.code == self.body
        if delivery is not None and agrees and delivery.proof is not Proof.DIGEST:
            self._save(transaction, replace(delivery, proof=Proof.DIGEST, changed_at=self.clock.now()))
        transaction.receipts.add(
            KeptReceipt(
                id=str(self.identifiers.new()),
                document_id=subject,
                addressee=registered.sender,
                kind=ReceiptKind.SIGNED_RECEIPT,
                says="received",
                received_at=registered.received_at,
                raw=registered.container,
                verdict=SignatureVerdict.VERIFIED,
                stated_at=receipt.received_at,
                stated_digest=stated,
                registration_number=receipt.incoming_number,
                is_dispute=not agrees,
            )
        )
        transaction.audit.append(
            AuditEvent(
                at=self.clock.now(),
                actor="worker",
                action="receipt.verified" if agrees else "receipt.dispute",
                mandate=_LAW,
                document_id=subject,
                details={"stated": stated, "sent": sent, "number": receipt.incoming_number},
            )
        )

    def _apply_response(
        self, transaction: Transaction, response: ProcessingResponse, registered: RegisteredDocument
    ) -> None:
        """Kept as a receipt; the findings of a rejection are shown with the delivery, whose state only notices move."""
        subject = response.ref_document.document_id
        delivery = transaction.outbox.find(subject, ContentKind.DOCUMENT, registered.sender)
        told = _told(response)
        if delivery is not None and told and delivery.reason_text != told:
            self._save(transaction, replace(delivery, reason_text=told, changed_at=self.clock.now()))
        transaction.receipts.add(
            KeptReceipt(
                id=str(self.identifiers.new()),
                document_id=subject,
                addressee=registered.sender,
                kind=ReceiptKind.PROCESSING_RESPONSE,
                says=response.outcome.value,
                received_at=registered.received_at,
                raw=registered.container,
                verdict=SignatureVerdict.VERIFIED,
            )
        )

    def _save(self, transaction: Transaction, delivery: Delivery) -> None:
        """A row that a worker has in hand is left alone: our write would void its own, and the outcome of a POST with it."""
        if delivery.lease is not None or not transaction.outbox.save(delivery):
            raise Retryable("receive.moved-meanwhile", params={"document": delivery.document_id})

    # --- 2 tell -------------------------------------------------------------------------------------------------------
    def _tell_delivered(self, incoming: IncomingDocument, judged: Judged) -> None:
        with self.store.transaction() as transaction:
            self._queue_notice(transaction, self._notice(incoming, NoticeKind.DELIVERED), _sender_of(incoming, judged))

    def _notice(
        self,
        incoming: IncomingDocument,
        kind: NoticeKind,
        *,
        registration_number: str | None = None,
        reason: RefusalReason | None = None,
    ) -> Notice:
        return Notice(
            document_id=incoming.document_id,
            kind=kind,
            speaker=self.member,
            addressee=incoming.sender,
            said_at=self.clock.now(),
            registration_number=registration_number,
            reason=reason,
        )

    def _queue_notice(
        self, transaction: Transaction, notice: Notice, addressee: BodyCode, *, repeat: str | None = None
    ) -> None:
        """Queue once per document and kind: a notice that stands there already stays as it is."""
        key = f"{notice.document_id}#{notice.kind.value}{f'#{repeat}' if repeat else ''}"
        if transaction.outbox.find(key, ContentKind.NOTICE, addressee) is not None:
            return
        now = self.clock.now()
        transaction.outbox.add(
            Delivery(
                id=str(self.identifiers.new()),
                key=key,
                content_kind=ContentKind.NOTICE,
                content=OutgoingNotice(notice=notice, sender=self.body, addressee=addressee),
                document_id=notice.document_id,
                sender=self.body,
                addressee=addressee,
                digest=sha256_of(repr(notice).encode()),
                message_id=str(self.identifiers.new()),
                state=DeliveryState.QUEUED,
                wake_at=now,
                created_at=now,
                changed_at=now,
            )
        )

    def _note(self, incoming: IncomingDocument, entry: JournalEntry, action: str, *, code: str | None) -> None:
        is_stop = action == "document.stopped"
        with self.store.transaction() as transaction:
            transaction.audit.append(
                AuditEvent(
                    at=self.clock.now(),
                    actor="worker",
                    action=action,
                    mandate=_LAW,
                    # BR-18: of a stopped document nothing is kept but the rule and the time.
                    document_id=None if is_stop else incoming.document_id,
                    details={"code": code} if is_stop else {"code": code, "entry": entry.id},
                )
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


def _sender_of(incoming: IncomingDocument, judged: Judged | None) -> BodyCode:
    """The lane of our notices: the body that signed, or the bare participant id while nothing signed is known."""
    if judged is not None and judged.report is not None:
        return judged.report.header.sender.code
    return BodyCode(f"member:{incoming.sender}")


def _container_of(delivery: Delivery) -> Sha256 | None:
    files = getattr(delivery.content, "files", ())
    return files[0].sha256 if files else None


def _sub_indication(judged: Judged | None) -> str | None:
    sub = judged.validation.sub_indication if judged is not None else None
    return sub.value if sub is not None else None


def _params_of(code: str, findings: Sequence[Finding]) -> dict[str, str]:
    found = next((finding.params for finding in findings if finding.code == code), {})
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _told(response: ProcessingResponse) -> str | None:
    """The findings of a rejection as the sender's clerk reads them: a line each, the rule first, in both languages."""
    if response.outcome is not Decided.REJECTED:
        return None
    lines = (f"{one.rule_id}: {one.text.kk} / {one.text.ru}" for one in response.findings[:_SHOWN])
    return "\n".join(lines) or None


def _is_container(file: FetchedFile) -> bool:
    return file.media_type == CONTAINER_MEDIA_TYPE or file.name.lower().endswith(".asice")
