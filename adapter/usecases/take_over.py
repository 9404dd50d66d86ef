"""The one commit after which a document is ours to deliver: delivery, audit event and receipt, or nothing.

Only hashing happens inside. The receipt is signed afterwards; a program that is killed in between has lost nothing, for
the statement stands and whoever comes next signs it (usecases/sign_statements.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapter import conversion, rules
from adapter.domain.audit_event import AuditEvent, ChainedEvent
from adapter.domain.delivery import Delivery
from adapter.domain.document import BodyCode, DocumentId, SignedContainer
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.domain.retry import RetryPolicy, last_safe_try
from adapter.domain.statement import (
    Due,
    LinkedEvent,
    NamedRuleset,
    Statement,
    StatementKind,
    SubmissionReceipt,
)
from adapter.errors import Conflict
from adapter.ports import Clock, Store, Transaction
from adapter.usecases.sign_statements import SignStatements, Stated


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """The delivery that stands, whether it stood there before, and its receipt; None for one of before there were any."""

    delivery: Delivery
    replayed: bool
    receipt: Stated | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TakeOver:
    """`retry` says when the last safe try before a deadline is."""

    store: Store
    clock: Clock
    retry: RetryPolicy
    statements: SignStatements

    def __call__(self, delivery: Delivery, container: SignedContainer, ruleset: rules.Ruleset) -> Taken:
        """Raises Conflict with both digests and both times, and what the store raises; never because of the receipt."""
        with self.store.transaction() as transaction:
            added = transaction.outbox.add(delivery)
            if added.replayed:
                receipt = receipt_of(transaction, added.delivery)
            else:
                event = _note_queued(transaction, added.delivery, container, ruleset)
                _note_pending(transaction, added.delivery)
                receipt = self._state(transaction, added.delivery, event, ruleset)
        return self._taken(added.delivery, receipt, replayed=added.replayed)

    def standing(self, document_id: DocumentId, addressee: BodyCode, digest: str) -> Taken | None:
        """What stands for the same document, if there is one. Raises Conflict when its XML is another."""
        with self.store.snapshot() as transaction:
            found = transaction.outbox.find(document_id, ContentKind.DOCUMENT, addressee)
            receipt = None if found is None else receipt_of(transaction, found)
        if found is None:
            return None
        if found.digest != digest:
            raise Conflict(
                params={
                    "document": document_id,
                    "addressee": addressee,
                    "known_sha256": found.digest,
                    "known_at": found.created_at,
                    "new_sha256": digest,
                    "new_at": self.clock.now(),
                }
            )
        return self._taken(found, receipt, replayed=True)

    def _taken(self, delivery: Delivery, receipt: Statement | None, *, replayed: bool) -> Taken:
        stated = None if receipt is None else self.statements.stated(receipt)
        return Taken(delivery=delivery, replayed=replayed, receipt=stated)

    def _state(
        self, transaction: Transaction, delivery: Delivery, event: ChainedEvent, ruleset: rules.Ruleset
    ) -> Statement:
        content = delivery.content
        assert isinstance(content, OutgoingDocument)
        said = SubmissionReceipt(
            body=delivery.sender,
            document_id=delivery.document_id,
            delivery_id=delivery.id,
            addressee=delivery.addressee,
            received_at=delivery.created_at,
            made_at=delivery.created_at,
            running=self.clock.running(),
            xml=delivery.digest,
            container=content.files[0].sha256,
            audit_event=LinkedEvent(sequence=event.sequence, digest=event.digest, action=event.event.action),
            due=due_of(delivery, self.retry),
            ruleset=NamedRuleset(id=ruleset.id, version=ruleset.version, sha256=ruleset.digest),
            files=content.files,
        )
        return transaction.statements.append(
            StatementKind.SUBMISSION_RECEIPT,
            document_id=delivery.document_id,
            delivery_id=delivery.id,
            made_at=said.made_at,
            compose=lambda sequence, previous: conversion.write_statement(said, sequence=sequence, previous=previous),
        )


def due_of(delivery: Delivery, retry: RetryPolicy) -> Due | None:
    """The deadline as statements name it; `passed` says that the document came after it."""
    if delivery.deadline is None:
        return None
    return Due(
        at=delivery.deadline,
        last_safe_try=last_safe_try(retry, delivery.deadline),
        passed=is_late(delivery.created_at, delivery.deadline),
    )


def is_late(at: datetime, deadline: datetime) -> bool:
    """The deadline is the first instant after the last day, as the addressee's register reckons."""
    return at >= deadline


def receipt_of(transaction: Transaction, delivery: Delivery) -> Statement | None:
    """The receipt of a delivery; None for one of before there were any."""
    rows = transaction.statements.of_document(delivery.document_id)
    return next(
        (one for one in rows if one.delivery_id == delivery.id and one.kind is StatementKind.SUBMISSION_RECEIPT),
        None,
    )


def _note_queued(
    transaction: Transaction, delivery: Delivery, container: SignedContainer, ruleset: rules.Ruleset
) -> ChainedEvent:
    return transaction.audit.append(
        AuditEvent(
            at=delivery.created_at,
            actor=container.signer or delivery.sender,
            action="delivery.queued",
            mandate="p.7, p.12",
            document_id=delivery.document_id,
            details={
                "delivery": delivery.id,
                "addressee": delivery.addressee,
                "xml": container.document.sha256,
                "container": container.blob,
                "schema": container.document.schema_id,
                "ruleset": f"{ruleset.id}@{ruleset.version}",
                "rulesetDigest": ruleset.digest,
                # whoever leaves the receipt out of a folder is found by it
                "receipt": True,
            },
        )
    )


def _note_pending(transaction: Transaction, delivery: Delivery) -> None:
    """The alarm about a document whose time-stamp was not to be had."""
    content = delivery.content
    if not isinstance(content, OutgoingDocument) or not content.stamp_pending:
        return
    transaction.audit.append(
        AuditEvent(
            at=delivery.created_at,
            actor=delivery.sender,
            action="watch.stamp-pending",
            mandate="p.7, p.12",
            document_id=delivery.document_id,
            details={"delivery": delivery.id, "addressee": delivery.addressee},
        )
    )
