"""A notice of the exchange moves the delivery it speaks of, or is kept as a dispute. Every notice is kept as a receipt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import (
    NOTICE_EVENTS,
    AttemptOutcome,
    Delivery,
    DeliveryState,
    Effect,
    Proof,
    is_final,
    next_state,
)
from adapter.domain.document import BodyCode
from adapter.domain.incoming import JournalEntry
from adapter.domain.notice import Notice, NoticeKind
from adapter.domain.outgoing import ContentKind
from adapter.domain.receipt import MessageVerdict, Receipt, ReceiptKind
from adapter.ports import Clock, Identifiers, Transaction
from adapter.usecases.delivery_plan import DeliveryPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What a notice did; `delivery` is None when nobody here ever sent that document."""

    effect: Effect
    delivery: Delivery | None
    code: str


def documents_sent(transaction: Transaction, notice: Notice) -> tuple[Delivery, ...]:
    """Our deliveries of the document that the notice speaks of, one for each addressee."""
    return tuple(
        delivery
        for delivery in transaction.outbox.of_document(notice.document_id)
        if delivery.content_kind is ContentKind.DOCUMENT
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplyNotice:
    """Runs inside the transaction that closes the journal entry."""

    clock: Clock
    identifiers: Identifiers
    plan: DeliveryPlan

    def __call__(
        self, transaction: Transaction, notice: Notice, entry: JournalEntry, *, speaker: BodyCode | None
    ) -> Applied:
        """Apply idempotently; a notice about a document that is not ours is kept and shown to a person.

        speaker     the body that speaks, looked up before the transaction; needed only when one document went to several
        """
        now = self.clock.now()
        delivery = self.find(transaction, notice, speaker)
        if delivery is None:
            self._note(transaction, notice, entry, now, code="notice.unknown-document", delivery=None)
            return Applied(effect=Effect.DISPUTE, delivery=None, code="notice.unknown-document")
        event = NOTICE_EVENTS.get(notice.kind)
        step_effect = Effect.UNCHANGED
        after = delivery
        if event is not None:
            step = next_state(delivery.state, event, content=delivery.content_kind, ever_sent=delivery.ever_sent)
            step_effect = step.effect
            if step.effect is Effect.UNCHANGED and _is_contradicted(transaction, delivery, notice):
                step_effect = Effect.DISPUTE
            if step.effect is Effect.MOVES:
                after = self._moved(delivery, notice, step.state, now)
                if _was_told_findings(transaction, delivery):
                    # A ProcessingResponse came first and said why, which a notice's bare code does not.
                    after = replace(after, reason_text=delivery.reason_text or notice.reason_text)
                if not transaction.outbox.save(after):
                    # The worker moved the row between our reading and now; the caller's transaction is taken again.
                    return Applied(effect=Effect.IMPOSSIBLE, delivery=delivery, code="notice.moved-meanwhile")
                _end_attempts(transaction, delivery, now)
        is_dispute = step_effect is Effect.DISPUTE
        is_new = transaction.receipts.add(
            Receipt(
                id=str(self.identifiers.new()),
                document_id=notice.document_id,
                addressee=delivery.addressee,
                kind=ReceiptKind.NOTICE,
                says=notice.kind.value,
                received_at=entry.received_at,
                raw=entry.sha256,
                verdict=MessageVerdict(entry.verdict),
                stated_at=notice.said_at,
                registration_number=notice.registration_number,
                is_dispute=is_dispute,
            )
        )
        code = "notice.dispute" if is_dispute else "notice.applied" if is_new else "notice.repeated"
        self._note(transaction, notice, entry, now, code=code, delivery=after)
        return Applied(effect=step_effect, delivery=after, code=code)

    def find(self, transaction: Transaction, notice: Notice, speaker: BodyCode | None) -> Delivery | None:
        """The delivery to the body that speaks; a single one also when the speaker is no body that we know."""
        sent = documents_sent(transaction, notice)
        for delivery in sent:
            if delivery.addressee == speaker:
                return delivery
        # A known body that is not the addressee is no witness about this delivery; the centre is known by no body.
        return sent[0] if len(sent) == 1 and speaker is None else None

    def _moved(self, delivery: Delivery, notice: Notice, state: DeliveryState, now: datetime) -> Delivery:
        final = is_final(state, delivery.content_kind)
        return replace(
            delivery,
            state=state,
            wake_at=None if final else now + self.plan.silence_alarm,
            changed_at=now,
            lease=None,
            lease_until=None,
            resend=False,
            registration_number=notice.registration_number or delivery.registration_number,
            proof=Proof.NOTICE
            if state is DeliveryState.REGISTERED and delivery.proof is Proof.NONE
            else delivery.proof,
            reason=notice.reason.value if notice.reason is not None else None,
            reason_text=notice.reason_text,
        )

    def _note(
        self,
        transaction: Transaction,
        notice: Notice,
        entry: JournalEntry,
        now: datetime,
        *,
        code: str,
        delivery: Delivery | None,
    ) -> None:
        transaction.audit.append(
            AuditEvent(
                at=now,
                actor="exchange",
                action=code,
                mandate="Law 370-II, art. 7",
                document_id=notice.document_id,
                details={
                    "notice": notice.kind.value,
                    "entry": entry.id,
                    "sha256": entry.sha256,
                    "state": delivery.state.value if delivery is not None else None,
                    "number": notice.registration_number,
                },
            )
        )


def _end_attempts(transaction: Transaction, delivery: Delivery, now: datetime) -> None:
    """A notice voids the lease, so nobody recovers the row any more: an attempt whose worker has died would stay open for
    ever. A worker that lives records its answer over this end.
    """
    for attempt in transaction.outbox.attempts(delivery.id):
        if attempt.outcome is AttemptOutcome.OPEN:
            transaction.outbox.close_attempt(replace(attempt, ended_at=now, outcome=AttemptOutcome.LEASE_EXPIRED))


_CARRIED = frozenset({NoticeKind.PROCESSED_IN_CENTRE, NoticeKind.DELIVERED})


def _is_contradicted(transaction: Transaction, delivery: Delivery, notice: Notice) -> bool:
    """What a final state alone does not show: a second number, or that the exchange carries what its gateway refused.

    A refusal of the addressee's is no such thing: what it refuses was delivered to it before.
    """
    if delivery.state is DeliveryState.REGISTERED and notice.kind is NoticeKind.REGISTERED:
        numbers = {notice.registration_number, delivery.registration_number} - {None}
        return len(numbers) > 1
    return (
        delivery.state is DeliveryState.REFUSED
        and notice.kind in _CARRIED
        and any(attempt.outcome is AttemptOutcome.REFUSED for attempt in transaction.outbox.attempts(delivery.id))
        and not any(
            receipt.kind is ReceiptKind.NOTICE
            and receipt.says == NoticeKind.NOT_VALID.value
            and receipt.addressee == delivery.addressee
            for receipt in transaction.receipts.of_document(delivery.document_id)
        )
    )


def _was_told_findings(transaction: Transaction, delivery: Delivery) -> bool:
    return any(
        receipt.kind is ReceiptKind.PROCESSING_RESPONSE and receipt.addressee == delivery.addressee
        for receipt in transaction.receipts.of_document(delivery.document_id)
    )
