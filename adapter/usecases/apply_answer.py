"""An answer that speaks of our own document: a Receipt proves delivery, a ProcessingResponse says what was found.

Runs inside the transaction that registers the answer. That the addressee itself signed it is known by then: what another
body signed for it was refused (BR-03c), and what nobody can tell was held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapter.domain.audit_event import AuditEvent
from adapter.domain.codes import Outcome
from adapter.domain.delivery import Delivery, Proof
from adapter.domain.document import BodyCode, Sha256
from adapter.domain.incoming import RegisteredDocument
from adapter.domain.outgoing import ContentKind
from adapter.domain.receipt import MessageVerdict, ReceiptKind
from adapter.domain.receipt import Receipt as KeptReceipt
from adapter.domain.report import ProcessingResponse, Receipt, Report
from adapter.errors import Retryable
from adapter.ports import Clock, Identifiers, Transaction
from adapter.usecases.obtain_stamp import travelled

_LAW = "Law 370-II, art. 7"

_SHOWN = 20
"""Findings of a response that are shown with the delivery; all of them stand in the response itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplyAnswer:
    """Keeps the answer as a receipt and shows it with the delivery; `body` is ours, which a Receipt must name."""

    body: BodyCode
    clock: Clock
    identifiers: Identifiers

    def __call__(self, transaction: Transaction, report: Report, registered: RegisteredDocument) -> None:
        """Nothing for a document that is no answer. Raises Retryable `receive.moved-meanwhile`: a worker has the row."""
        if isinstance(report, Receipt):
            self._apply_receipt(transaction, report, registered)
        elif isinstance(report, ProcessingResponse):
            self._apply_response(transaction, report, registered)

    def _apply_receipt(self, transaction: Transaction, receipt: Receipt, registered: RegisteredDocument) -> None:
        """A signed Receipt proves delivery when it names us and the digest of the bytes that we sent (BR-20b)."""
        subject = receipt.ref_document.document_ref.document_id
        delivery = transaction.outbox.find(subject, ContentKind.DOCUMENT, registered.sender)
        stated = Sha256(receipt.ref_document.digest.value.hex())
        sent = _container_of(transaction, delivery) if delivery is not None else None
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
                verdict=MessageVerdict.VERIFIED,
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
                verdict=MessageVerdict.VERIFIED,
            )
        )

    def _save(self, transaction: Transaction, delivery: Delivery) -> None:
        """A row that a worker has in hand is left alone: our write would void its own, and the outcome of a POST with it."""
        if delivery.lease is not None or not transaction.outbox.save(delivery):
            raise Retryable("receive.moved-meanwhile", params={"document": delivery.document_id})


def _container_of(transaction: Transaction, delivery: Delivery) -> Sha256 | None:
    sent = travelled(transaction, delivery)
    return None if sent is None else sent.sha256


def _told(response: ProcessingResponse) -> str | None:
    """The findings of a rejection as the sender's clerk reads them: a line each, the rule first, in both languages."""
    if response.outcome is not Outcome.REJECTED:
        return None
    lines = (f"{one.rule_id}: {one.text.kk} / {one.text.ru}" for one in response.findings[:_SHOWN])
    return "\n".join(lines) or None
