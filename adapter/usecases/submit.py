"""Convert, sign, verify, queue: the whole way of one document into the outbox.

The same document again (same DocumentId, same XML) is the Delivery that stands there already, and nothing is signed;
the same DocumentId with other XML is a conflict that names both digests. The document is in the outbox together with
its bytes, its audit event and its receipt, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapter import conversion, rules
from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.document import BodyCode, DocumentId, SignedContainer
from adapter.domain.escalation import first_warning
from adapter.domain.outgoing import ContentKind, OutgoingDocument, TravellingFile, Words
from adapter.domain.reference import Bilingual
from adapter.domain.report import Report
from adapter.errors import DocumentRefused, Final, Finding, Place, Retryable, Severity
from adapter.ports import Clock, Identifiers, KeptBlob, Store
from adapter.usecases.certificate_runway import OwnCertificate, certificate_findings, runway
from adapter.usecases.convert import Attached, Convert
from adapter.usecases.facts import FactsOf
from adapter.usecases.findings import Places, located
from adapter.usecases.preflight import SubmitLimits, announcement_too_large, size_findings, too_large
from adapter.usecases.sign import Queued, Sign
from adapter.usecases.sign_refusals import is_of_services, refuse_unless_passed
from adapter.usecases.sign_statements import Stated
from adapter.usecases.take_over import Taken, TakeOver
from adapter.usecases.verified_container import CONTAINER_MEDIA_TYPE, RENDITION_NAME, Judged


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitted:
    """What submit answers: the delivery, whether it stood there before, and the warnings that stay with the document.

    receipt     the node's own statement that it took the document over; None for a delivery of before there were receipts
    """

    delivery: Delivery
    replayed: bool
    findings: tuple[Finding, ...]
    receipt: Stated | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Submit:
    """The door for a report and for a container that was signed elsewhere. Asks nobody: an outage of the exchange or of
    its directory never keeps a document out of the outbox.
    """

    body: BodyCode
    store: Store
    clock: Clock
    identifiers: Identifiers
    convert: Convert
    sign: Sign
    facts: FactsOf
    limits: SubmitLimits
    take_over: TakeOver
    certificates: Sequence[OwnCertificate]

    def report(self, report: Report, attachments: Sequence[Attached], *, places: Places | None = None) -> Submitted:
        """Submit a report: steps 1 to 10 of the submit pass."""
        now = self.clock.now()
        facts = self.facts.before_signing(report, at=now, attachments=attachments)
        composed = self.convert(report, attachments, facts=facts, stage=rules.Stage.LOCK, places=places)
        self._check_ours(composed.report)
        standing = self._standing(composed.document.document_id, composed.report, composed.document.sha256)
        if standing is not None:
            return _submitted(standing, composed.findings)
        sizes = size_findings(composed, self.limits, places)
        _refuse_errors(sizes)
        deadline = self._deadline(composed.report)
        ahead = certificate_findings(self.certificates, now=now, deadline=deadline)
        signed = self.sign.container_for_queue(composed, clock=self.clock, at=now, deadline=deadline)
        findings = (*composed.findings, *sizes, *ahead, *self._signed_findings(signed.judged, now))
        return self._queue(signed, findings, now)

    def container(self, kept: KeptBlob) -> Submitted:
        """Submit a container that was signed elsewhere: it is judged as the addressee will judge it.

        Raises Final `submit.container-not-verified` with the verdict when it does not end TOTAL-PASSED; that only the status of
        a certificate is not to be had now is waited for, as for what is signed here.
        """
        now = self.clock.now()
        offered = self.sign.offered(kept, at=now)
        judged = offered.judged
        if judged.findings:
            raise DocumentRefused(judged.findings)
        refuse_unless_passed(judged, "submit.container-not-verified")
        assert judged.container is not None
        assert judged.report is not None
        self._check_ours(judged.report)
        document = judged.container.document
        standing = self._standing(document.document_id, judged.report, document.sha256)
        if standing is not None:
            return _submitted(standing, ())
        ruleset = self.convert.rulesets.find(judged.report.header.ruleset.id, judged.report.header.ruleset.version)
        facts = self.facts.of_signed(judged, at=now)
        locked = located(
            judged.report,
            rules.check_all(judged.report, stage=rules.Stage.LOCK, ruleset=ruleset, facts=facts),
            None,
        )
        deadline = self._deadline(judged.report)
        signers = tuple(
            found
            for one in judged.validation.signatures
            if one.signer is not None
            for found in runway("signer", one.signer, now=now, deadline=deadline)
        )
        ahead = certificate_findings(self.certificates, now=now, deadline=deadline)
        findings = (*locked, *self._signed_findings(judged, now), *signers, *ahead)
        _refuse_errors(findings)
        return self._queue(offered, findings, now)

    # --- steps --------------------------------------------------------------------------------------------------------
    def _standing(self, document_id: DocumentId, report: Report, digest: str) -> Taken | None:
        """What stands of the same document, if there is one. Raises Conflict when its XML is another."""
        return self.take_over.standing(document_id, _addressee(report), digest)

    def _signed_findings(self, judged: Judged, now: datetime) -> tuple[Finding, ...]:
        """Rules of the stage `sign`: who signed and what the signature covers (BR-03, BR-04). Errors end here."""
        assert judged.report is not None
        if not judged.report.header.document_type.is_business_document:
            return ()
        ruleset = self.convert.rulesets.find(judged.report.header.ruleset.id, judged.report.header.ruleset.version)
        facts = self.facts.of_signed(judged, at=now)
        broken = rules.check_all(judged.report, stage=rules.Stage.SIGN, ruleset=ruleset, facts=facts)
        findings = located(judged.report, broken, None)
        _refuse_errors(findings)
        return (*findings, *_unnumbered(judged.report))

    def _check_ours(self, report: Report) -> None:
        if report.header.sender.code != self.body:
            raise Final("submit.not-our-body", params={"sender": report.header.sender.code, "body": self.body})

    def _queue(self, signed: Queued, findings: tuple[Finding, ...], now: datetime) -> Submitted:
        judged = signed.judged
        assert judged.container is not None
        assert judged.report is not None
        content, pending = self._content(judged.container, judged.report, signed, now)
        _refuse_errors(announcement_too_large(content, self.limits))
        return _submitted(self._add(content, judged.container, judged.report), (*findings, *_pending(pending)))

    def _content(
        self, container: SignedContainer, report: Report, signed: Queued, now: datetime
    ) -> tuple[OutgoingDocument, str | None]:
        """The files as they will travel: the container first, then the printed form for people without the program; and
        the code of a trust service's silence, when something of the signatures is still to come.
        """
        header, kept = report.header, signed.kept
        recipient = header.recipient
        assert recipient is not None  # _standing has asked for the addressee before
        guid = header.document_id.removeprefix("urn:uuid:")
        files = [
            TravellingFile(name=f"{guid}.asice", media_type=CONTAINER_MEDIA_TYPE, size=kept.size, sha256=kept.sha256)
        ]
        rendition = signed.judged.objects.get(RENDITION_NAME)
        if rendition is not None:
            page = self.store.blobs.put(rendition.read())
            files.append(
                TravellingFile(name=f"{guid}.pdf", media_type="application/pdf", size=page.size, sha256=page.sha256)
            )
        self._check_sizes(files)
        office_signature, pending = self._office(files, signed, now)
        signatory = header.signatory
        paper = header.paper_copy
        content = OutgoingDocument(
            document_id=header.document_id,
            document_type=header.document_type,
            sender=header.sender.code,
            addressee=recipient.code,
            registration_number=header.registration_number or guid,
            registration_date=header.registration_date or now.date(),
            description=_description(report),
            author=_words(header.sender.name),
            recipient=_words(recipient.name),
            signer=_words(signatory.name) if signatory else Words(kk=container.signer, ru=container.signer),
            executor=header.executor.name if header.executor else "",
            executor_phone=header.executor.phone if header.executor else "",
            sheets=paper.sheets if paper else 0,
            files=tuple(files),
            office_signature=office_signature,
            prepared_at=now,
            answers=next((ref.registration_number for ref in header.in_reply_to if ref.registration_number), None),
            stamp_pending=pending is not None,
        )
        return content, pending

    def _office(
        self, files: Sequence[TravellingFile], signed: Queued, now: datetime
    ) -> tuple[bytes | None, str | None]:
        """The office's signature, and the code of the silence that it waits for instead."""
        if signed.pending is not None:
            return None, signed.pending
        try:
            return self.sign.office_signature(files, at=now), None
        except (Retryable, Final) as error:
            # The authority fell silent between the head's time-stamp and the office's.
            if not self.sign.waits_for_stamp or not is_of_services(error.code):
                raise
            return None, error.code

    def _check_sizes(self, files: Sequence[TravellingFile]) -> None:
        """What is known only now: the signed container to the byte, and files of one that was signed elsewhere."""
        _refuse_errors(tuple(found for file in files for found in too_large(file.name, file.size, self.limits)))

    def _deadline(self, report: Report) -> datetime | None:
        ruleset = self.convert.rulesets.find(report.header.ruleset.id, report.header.ruleset.version)
        return rules.due_instant(ruleset, report.header.document_type, report.header.reporting_year)

    def _add(self, content: OutgoingDocument, container: SignedContainer, report: Report) -> Taken:
        """Step 10. Received is what is durable: signing may have taken its time, so the time is read here."""
        ruleset = self.convert.rulesets.find(report.header.ruleset.id, report.header.ruleset.version)
        deadline = self._deadline(report)
        now = self.clock.now()
        warned, warn_at = first_warning(created_at=now, deadline=deadline)
        delivery = Delivery(
            id=str(self.identifiers.new()),
            key=content.document_id,
            content_kind=ContentKind.DOCUMENT,
            content=content,
            document_id=content.document_id,
            sender=content.sender,
            addressee=content.addressee,
            digest=container.document.sha256,
            message_id=str(self.identifiers.new()),
            state=DeliveryState.QUEUED,
            wake_at=now,
            created_at=now,
            changed_at=now,
            deadline=deadline,
            warned=warned,
            warn_at=warn_at,
        )
        return self.take_over(delivery, container, ruleset)


def _submitted(taken: Taken, findings: tuple[Finding, ...]) -> Submitted:
    return Submitted(delivery=taken.delivery, replayed=taken.replayed, findings=findings, receipt=taken.receipt)


def _pending(code: str | None) -> tuple[Finding, ...]:
    """Taken over all the same: the worker asks for the time-stamp before the document leaves."""
    if code is None:
        return ()
    return (Finding(code="submit.stamp-pending", severity=Severity.WARNING, params={"reason": code}),)


def _unnumbered(report: Report) -> tuple[Finding, ...]:
    """A recipient without its number: the receipt will come, and no auditor can tell whose it must be."""
    recipient = report.header.recipient
    if recipient is None or recipient.bin is not None:
        return ()
    place = Place(xpath=conversion.xpath_of(report, ("header", "recipient")))
    params = {"body": recipient.code}
    return (Finding(code="submit.recipient-without-number", severity=Severity.WARNING, params=params, place=place),)


def _refuse_errors(findings: tuple[Finding, ...]) -> None:
    if any(finding.severity in {Severity.STOP, Severity.ERROR} for finding in findings):
        raise DocumentRefused(findings)


def _addressee(report: Report) -> BodyCode:
    recipient = report.header.recipient
    if recipient is None:
        raise Final("submit.no-addressee", params={"type": report.header.document_type.value})
    return recipient.code


def _words(text: Bilingual) -> Words:
    return Words(kk=text.kk, ru=text.ru)


def _description(report: Report) -> Words:
    kk, ru = rules.document_title(report.header.document_type)
    return Words(kk=f"{kk}, {report.header.reporting_year}", ru=f"{ru}, {report.header.reporting_year}")
