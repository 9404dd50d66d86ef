"""Our signed answers to a document: the Receipt that the law asks for, and the ProcessingResponse with every finding.

Both are documents of their own, derived from what they answer: the same document always gets the same identifier of its
Receipt, so a turn that was cut off finds it standing and makes no second one.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from adapter import texts
from adapter.domain.codes import AccessMarking, Action, Outcome
from adapter.domain.document import BodyCode, DocumentId, DocumentType
from adapter.domain.header import Header, RulesetRef, case_id
from adapter.domain.incoming import RegisteredDocument
from adapter.domain.outgoing import ContentKind, Words
from adapter.domain.reference import Bilingual, Digest, DocRef, OrgRef
from adapter.domain.report import ProcessingResponse, Receipt, ReceiptSender, ReceivedDocument, Report, ResponseFinding
from adapter.errors import Finding, Severity
from adapter.ports import Store
from adapter.usecases.submit import Submit
from adapter.usecases.verified_container import Judged

ALMATY = ZoneInfo("Asia/Almaty")

_LONGEST = 100
"""Findings told in one response; more than that is told as a number (nobody corrects a hundred at once)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answering:
    """Makes answers and puts them into the outbox through the ordinary submit.

    own         our body as it stands in the header of our documents
    system      name of our system of record ("RecordedIn")
    decided_by  the subdivision that answers for what the program decides by itself
    ruleset     named in an answer to a document whose own ruleset may not be repeated
    """

    own: OrgRef
    system: str
    decided_by: Words
    ruleset: RulesetRef
    store: Store
    submit: Submit

    def receipt(self, report: Report, registered: RegisteredDocument, judged: Judged, *, on: dt.date) -> None:
        """Our Receipt: fact, time, sender, and the digest of the bytes received (Law 370-II, article 7(4))."""
        identifier = answer_id("receipt", registered.document_id)
        if self._stands(identifier, registered.sender):
            return
        answer = Receipt(
            header=self._header(report, identifier, DocumentType.RECEIPT, on),
            ref_document=ReceivedDocument(
                document_ref=DocRef(
                    document_id=registered.document_id,
                    registration_number=report.header.registration_number,
                    registration_date=report.header.registration_date,
                    digest=Digest(value=bytes.fromhex(registered.xml)),
                ),
                digest=Digest(value=bytes.fromhex(registered.container)),
            ),
            sender=ReceiptSender(ref=report.header.sender, certificate_subject=_subject(judged)),
            received_at=national(registered.received_at),
            recorded_in=self.system,
            incoming_number=registered.number,
            incoming_date=on,
        )
        self.submit.report(answer, ())

    def refusal(self, report: Report, findings: Sequence[Finding], judged: Judged, *, on: dt.date) -> None:
        """A ProcessingResponse with every finding, each in both languages and with its place in the document."""
        del judged
        identifier = answer_id("response", report.header.document_id)
        if self._stands(identifier, report.header.sender.code):
            return
        answer = ProcessingResponse(
            header=self._header(report, identifier, DocumentType.PROCESSING_RESPONSE, on),
            ref_document=_reference(report),
            outcome=Outcome.REJECTED,
            decided_by=Bilingual(kk=self.decided_by.kk, ru=self.decided_by.ru),
            findings=tuple(_told(finding) for finding in findings[:_LONGEST]),
        )
        self.submit.report(answer, ())

    def stop(self, document_id: DocumentId, rule: str, *, member: str, addressee: BodyCode, on: dt.date) -> None:
        """A ProcessingResponse to a document of which nothing may be kept: the rule, and what to do (BR-18).

        Takes what the exchange announced and the rule, and no document, so that nothing of it can be repeated: neither
        marking, number, case and year, nor the digest of its bytes. The identifier is the sender's own key (href), which the
        exchange has carried in the open; year and case are those of this answer.

        member      participant id of the sender; two senders of one identifier get an answer each
        """
        identifier = answer_id(f"stop:{member}", document_id)
        if self._stands(identifier, addressee):
            return
        kind = DocumentType.PROCESSING_RESPONSE
        answer = ProcessingResponse(
            header=Header(
                document_id=identifier,
                case_id=case_id(self.ruleset, on.year, kind, self.own.code),
                action=Action.NEW,
                document_type=kind,
                ruleset=self.ruleset,
                reporting_year=on.year,
                sender=self.own,
                recipient=OrgRef(code=addressee, name=_name_of(addressee)),
                in_reply_to=(DocRef(document_id=document_id),),
                access_marking=AccessMarking.PUBLIC,
            ),
            ref_document=DocRef(document_id=document_id),
            outcome=Outcome.REJECTED,
            decided_by=Bilingual(kk=self.decided_by.kk, ru=self.decided_by.ru),
            findings=(_rule_alone(rule),),
        )
        self.submit.report(answer, ())

    def _stands(self, identifier: DocumentId, addressee: BodyCode) -> bool:
        with self.store.snapshot() as transaction:
            return transaction.outbox.find(identifier, ContentKind.DOCUMENT, addressee) is not None

    def _header(self, report: Report, identifier: DocumentId, kind: DocumentType, on: dt.date) -> Header:
        del on
        asked = report.header
        return Header(
            document_id=identifier,
            case_id=asked.case_id,
            action=Action.NEW,
            document_type=kind,
            ruleset=asked.ruleset,
            reporting_year=asked.reporting_year,
            sender=self.own,
            recipient=asked.sender,
            in_reply_to=(_reference(report),),
            access_marking=AccessMarking.PUBLIC,
        )


def national(moment: dt.datetime) -> dt.datetime:
    """The moment as a Kazakh reader expects it, whole seconds with the offset of Asia/Almaty on that day."""
    return moment.astimezone(ALMATY).replace(microsecond=0)


def answer_id(kind: str, document_id: DocumentId) -> DocumentId:
    """Identifier of our answer of one kind to one document: version 5 over the URL namespace."""
    return DocumentId(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:x-elshi:{kind}:{document_id}").urn)


def _reference(report: Report) -> DocRef:
    return DocRef(
        document_id=report.header.document_id,
        registration_number=report.header.registration_number,
        registration_date=report.header.registration_date,
    )


def _subject(judged: Judged) -> str | None:
    signer = judged.validation.signatures[0].signer if judged.validation.signatures else None
    return signer.common_name if signer is not None else None


def _told(finding: Finding) -> ResponseFinding:
    sentences = {
        language: texts.render(finding.code, finding.params, language).what
        for language in (texts.Language.KK, texts.Language.RU)
    }
    return ResponseFinding(
        rule_id=finding.code,
        severity=finding.severity,
        xpath=finding.place.xpath,
        text=Bilingual(kk=sentences[texts.Language.KK], ru=sentences[texts.Language.RU]),
    )


def _rule_alone(rule: str) -> ResponseFinding:
    """A stop as the sender reads it: the rule's own sentence and what to do; no place, no value."""
    sentences = {language: texts.render(rule, {}, language) for language in (texts.Language.KK, texts.Language.RU)}
    spoken = {language: f"{sentence.what} {sentence.to_do}" for language, sentence in sentences.items()}
    return ResponseFinding(
        rule_id=rule,
        severity=Severity.STOP,
        text=Bilingual(kk=spoken[texts.Language.KK], ru=spoken[texts.Language.RU]),
    )


def _name_of(body: BodyCode) -> Bilingual:
    names = texts.label_of_code_in_all("bodies", body)
    return Bilingual(kk=names["kk"], ru=names["ru"])
