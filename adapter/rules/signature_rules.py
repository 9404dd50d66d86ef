"""BR-03, BR-04 and BR-20: the signature, what it covers, the attachments, and the receipt that proves arrival."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapter.domain.analysis_basis import PeriodicReport
from adapter.domain.codes import Capacity, SignatureVerdict
from adapter.domain.header import Attachment
from adapter.domain.reference import SHA256_URI, LocalIdRef
from adapter.domain.report import FieldPath
from adapter.domain.treaty import Recommendation
from adapter.rules.deadlines import zone_of
from adapter.rules.facts import CertificateState, FoundFile, ReceiptFact
from adapter.rules.ruleset import SignatoryRule
from adapter.rules.subject import Hit, Subject, cannot_tell, in_all, phrase

_SIGNED_RECEIPT: Final = "signed-receipt"
"""Our own Receipt document, which always names the digest (RQ-R.2); other kinds may have no room for one."""

_CERTIFICATE_REASONS: Final = {
    CertificateState.EXPIRED: "reason.certificate-expired",
    CertificateState.NOT_YET_VALID: "reason.certificate-not-yet-valid",
    CertificateState.REVOKED: "reason.certificate-revoked",
}


def signature_verifies(subject: Subject) -> Iterator[Hit]:
    """BR-03a: the signature verifies over the exact bytes; `cannot tell` is not `verifies`."""
    fact = subject.facts.signature
    if fact is None:
        yield cannot_tell("fact.signature")
    elif fact.verdict is SignatureVerdict.INVALID:
        yield Hit(params={"reason": phrase("reason.signature-invalid", detail=fact.sub_indication)})
    elif fact.verdict is SignatureVerdict.INDETERMINATE:
        yield Hit(params={"reason": phrase("reason.signature-indeterminate", detail=fact.sub_indication)})


def certificate_was_valid(subject: Subject) -> Iterator[Hit]:
    """BR-03b: at the signing time the certificate had begun, had not ended and was not revoked."""
    fact = subject.facts.signature
    if fact is None:
        yield cannot_tell("fact.signature")
    elif fact.certificate is CertificateState.UNKNOWN:
        yield cannot_tell("fact.certificate-state")
    elif fact.certificate is not CertificateState.VALID:
        time = fact.signing_time.astimezone(zone_of(subject.ruleset))
        yield Hit(params={"time": time, "reason": phrase(_CERTIFICATE_REASONS[fact.certificate])})


def signer_is_head(subject: Subject) -> Iterator[Hit]:
    """BR-03c: the signer is shown to be the head of the sending body, or its acting head where the ruleset allows.

    Receipts, responses and publications have no head's signature under the Rules (content model, section 10): there the
    signer has to belong to the sending body and nothing more.
    """
    header = subject.report.header
    signer = subject.facts.signer
    if signer is None:
        yield cannot_tell("fact.signer", ("header", "signatory"))
        return
    if not header.document_type.is_business_document:
        if signer.body != header.sender.code:
            yield Hit(path=("header", "sender"), params={"signer": signer.name, "body": in_all(header.sender.name)})
        return
    acting = signer.capacity is Capacity.ACTING_HEAD
    rule = subject.ruleset.signatory_rule(header.document_type)
    order = header.signatory.acting_order if header.signatory else None
    is_shown = signer.body == header.sender.code and signer.capacity is not None
    if not is_shown or (acting and (rule is SignatoryRule.HEAD_ONLY or order is None)):
        params = {"signer": signer.name, "body": in_all(header.sender.name)}
        yield Hit(path=("header", "signatory"), params=params)


def signature_covers_all(subject: Subject) -> Iterator[Hit]:
    """BR-04a: the signature covers the root and every file, and nothing unsigned stands beside what is signed."""
    fact = subject.facts.signature
    if fact is None or fact.covers_all is None:
        yield cannot_tell("fact.signature-scope")
    elif not fact.covers_all:
        yield Hit(params={"part": fact.uncovered or phrase("reason.part-unknown")})


def attachments_are_those_signed(subject: Subject) -> Iterator[Hit]:
    """BR-04b: every attachment is there with the size and digest declared; every reference names a declared one."""
    declared = subject.report.header.attachments
    known = {attachment.id for attachment in declared}
    for path, reference in _attachment_references(subject):
        if reference not in known:
            yield Hit(path=path, params={"file": reference})
    if not declared:
        return
    if subject.facts.files is None:
        yield cannot_tell("fact.files", ("header", "attachments"))
        return
    found = {file.name: file for file in subject.facts.files}
    for position, attachment in enumerate(declared):
        place: FieldPath = ("header", "attachments", position)
        if attachment.digest.algorithm != SHA256_URI:
            yield cannot_tell("fact.digest-algorithm", place)
        elif not _same(attachment, found.get(attachment.file_name)):
            yield Hit(path=place, params={"file": attachment.file_name})


def _same(attachment: Attachment, found: FoundFile | None) -> bool:
    return found is not None and (found.size, found.sha256) == (attachment.size_bytes, attachment.digest.value)


def _attachment_references(subject: Subject) -> Iterator[tuple[FieldPath, LocalIdRef]]:
    for node in subject.nodes:
        if isinstance(node.value, PeriodicReport) and node.value.attachment_ref is not None:
            yield (*node.path, "attachment_ref"), node.value.attachment_ref
        elif isinstance(node.value, Recommendation) and node.value.copy is not None:
            yield (*node.path, "copy"), node.value.copy


def receipt_has_come(subject: Subject) -> Iterator[Hit]:
    """BR-20a: while no receipt has come in time, the document does not count as received."""
    delivery = subject.facts.delivery
    if delivery is None:
        yield cannot_tell("fact.delivery")
    elif delivery.receipt is None and (delivery.is_overdue or delivery.is_given_up):
        last = delivery.last_attempt_at
        shown = last.astimezone(zone_of(subject.ruleset)) if last else "—"
        yield Hit(params={"attempts": delivery.attempts, "last": shown})


def receipt_is_for_this_document(subject: Subject) -> Iterator[Hit]:
    """BR-20b: a receipt counts when its kind is accepted, it verifies, and it names our document, us and our bytes."""
    delivery = subject.facts.delivery
    if delivery is None:
        yield cannot_tell("fact.delivery")
        return
    if delivery.receipt is None:
        return
    for reason in _receipt_faults(subject, delivery.receipt, delivery.sent_sha256):
        yield Hit(params={"reason": phrase(reason)})


def _receipt_faults(subject: Subject, receipt: ReceiptFact, sent: bytes) -> Iterator[str]:
    header = subject.report.header
    if receipt.kind not in subject.ruleset.accepts:
        yield "reason.receipt-kind"
    if receipt.verdict is SignatureVerdict.INVALID:
        yield "reason.receipt-invalid"
    elif receipt.verdict is SignatureVerdict.INDETERMINATE:
        yield "reason.receipt-indeterminate"
    if receipt.document_id != header.document_id:
        yield "reason.receipt-other-document"
    if receipt.sender is not None and receipt.sender != header.sender.code:
        yield "reason.receipt-other-sender"
    if receipt.sha256 is None and receipt.kind == _SIGNED_RECEIPT:
        yield "reason.receipt-without-digest"
    if receipt.sha256 is not None and receipt.sha256 != sent:
        yield "reason.receipt-other-bytes"
