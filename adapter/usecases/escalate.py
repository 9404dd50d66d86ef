"""A deadline comes near without proof: a person is warned, and at the deadline the node states what it knows.

    50, 80, 95 %   one warning each, while the document is not registered by its addressee
    deadline       one statement of non-delivery, chained and signed: every try, every answer, the state and its reason

Each happens once, whoever runs and however often: the row says what was last due, and only who moves that on speaks. The
row is taken from nobody for it (`Outbox.save_warned`), so a warning never disturbs a delivery that is under way.

What came in time and waits in the journal is read first: a worker that was away over the threshold would else state that
there is no proof while it lies here. A message that cannot be read holds nobody up for long (`_PATIENT`).

Proof is the state REGISTERED. A refusal is no silence and is told when it comes, so it is not warned about; at the deadline
the statement is made all the same and says that the document was refused, when and why: nobody holds it who should. The
same goes for one that a person withdrew. What is registered after its deadline keeps both: the statement and the proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapter import conversion
from adapter.domain.audit_event import AuditEvent, ChainedEvent
from adapter.domain.delivery import FINAL_STATES, Attempt, Delivery, DeliveryState
from adapter.domain.escalation import DONE, highest_due, instant_of, next_warning
from adapter.domain.outgoing import OutgoingDocument
from adapter.domain.receipt import Receipt
from adapter.domain.retry import RetryPolicy
from adapter.domain.statement import (
    Link,
    LinkedEvent,
    NonDelivery,
    StatedAnswer,
    StatedAttempt,
    StatementKind,
)
from adapter.ports import Clock, Store, Transaction
from adapter.usecases.delivery_plan import MANDATE
from adapter.usecases.sign_statements import SignStatements
from adapter.usecases.take_over import due_of, receipt_of
from adapter.usecases.watch import Alarm

_CODES = {
    50: "watch.deadline-50",
    80: "watch.deadline-80",
    95: "watch.deadline-95",
    DONE: "watch.non-delivery",
}
_PATIENT = 4
"""Tries of a message after which it holds up no threshold: a minute and a quarter by the usual schedule."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Escalate:
    """Runs in every turn of the worker; `retry` says when the last safe try was."""

    store: Store
    clock: Clock
    retry: RetryPolicy
    statements: SignStatements

    def __call__(self) -> tuple[Alarm, ...]:
        """The alarms of this turn, each also in the audit trail. What was stated is signed, this turn's and any before.

        Raises what the store raises.
        """
        now = self.clock.now()
        with self.store.snapshot() as transaction:
            due = transaction.outbox.to_warn(now=now)
        alarms = [alarm for alarm in (self._escalated(row.id, now) for row in due) if alarm is not None]
        self.statements()
        return tuple(alarms)

    def _escalated(self, delivery_id: str, now: datetime) -> Alarm | None:
        with self.store.transaction() as transaction:
            seen = transaction.outbox.get(delivery_id)
            if seen is None or seen.deadline is None:
                return None
            created, deadline = seen.created_at, seen.deadline
            percent = highest_due(seen.warned, created_at=created, deadline=deadline, now=now)
            came = instant_of(percent or 0, created_at=created, deadline=deadline)
            waits = percent is not None and transaction.journal.unread(received_by=came, tries_below=_PATIENT)
            reached = seen.warned if percent is None else percent
            again = next_warning(reached, created_at=created, deadline=deadline)
            if waits or not transaction.outbox.save_warned(seen, warned=reached, warn_at=again):
                return None
            # The row is ours until the commit: what it says now is what is told.
            delivery = transaction.outbox.get(delivery_id)
            if percent is None or delivery is None:
                return None
            if delivery.state is DeliveryState.REGISTERED:
                transaction.outbox.save_warned(delivery, warned=DONE, warn_at=None)
                return None
            if percent < DONE and delivery.state in FINAL_STATES:
                return None
            attempts = transaction.outbox.attempts(delivery.id)
            receipts = [one for one in transaction.receipts.of_document(delivery.document_id) if _is_of(one, delivery)]
            event = _note(transaction, delivery, now, percent, passed_by=seen.warned)
            if percent == DONE:
                self._state(transaction, delivery, attempts, receipts, event, now)
        return Alarm(code=_CODES[percent], delivery=delivery)

    def _state(  # noqa: PLR0917 - what one statement is made of
        self,
        transaction: Transaction,
        delivery: Delivery,
        attempts: tuple[Attempt, ...],
        receipts: list[Receipt],
        event: ChainedEvent,
        now: datetime,
    ) -> None:
        content = delivery.content
        assert isinstance(content, OutgoingDocument)
        due = due_of(delivery, self.retry)
        assert due is not None
        receipt = receipt_of(transaction, delivery)
        said = NonDelivery(
            body=delivery.sender,
            document_id=delivery.document_id,
            delivery_id=delivery.id,
            addressee=delivery.addressee,
            received_at=delivery.created_at,
            made_at=now,
            running=self.clock.running(),
            xml=delivery.digest,
            container=content.files[0].sha256,
            audit_event=LinkedEvent(sequence=event.sequence, digest=event.digest, action=event.event.action),
            due=due,
            state=delivery.state.value,
            since=delivery.changed_at,
            proof=delivery.proof.value,
            next_try=delivery.wake_at if delivery.state is DeliveryState.QUEUED else None,
            reason=delivery.reason,
            number=delivery.registration_number,
            attempts=tuple(_attempt(one) for one in attempts),
            answers=tuple(_answer(one) for one in receipts),
            receipt=None if receipt is None else Link(sequence=receipt.sequence, digest=receipt.digest),
        )
        transaction.statements.append(
            StatementKind.NON_DELIVERY,
            document_id=delivery.document_id,
            delivery_id=delivery.id,
            made_at=now,
            compose=lambda sequence, previous: conversion.write_statement(said, sequence=sequence, previous=previous),
        )


def _is_of(receipt: Receipt, delivery: Delivery) -> bool:
    return receipt.addressee == delivery.addressee


def _attempt(attempt: Attempt) -> StatedAttempt:
    return StatedAttempt(
        number=attempt.number,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        outcome=attempt.outcome.value,
        code=attempt.code,
        message=attempt.message,
        answer=attempt.answer,
    )


def _answer(receipt: Receipt) -> StatedAnswer:
    return StatedAnswer(
        kind=receipt.kind.value,
        says=receipt.says,
        received_at=receipt.received_at,
        verdict=receipt.verdict.value,
        sha256=receipt.raw,
        is_dispute=receipt.is_dispute,
    )


def _note(transaction: Transaction, delivery: Delivery, now: datetime, percent: int, *, passed_by: int) -> ChainedEvent:
    """Thresholds that went by unseen are in the trail: from `passedBy` up to `percent` only the highest spoke."""
    return transaction.audit.append(
        AuditEvent(
            at=now,
            actor="worker",
            action=_CODES[percent],
            mandate=MANDATE,
            document_id=delivery.document_id,
            details={
                "delivery": delivery.id,
                "addressee": delivery.addressee,
                "state": delivery.state.value,
                "percent": percent,
                "passedBy": passed_by,
            },
        )
    )
