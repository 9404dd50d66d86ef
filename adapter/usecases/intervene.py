"""A person decides about one delivery: resend, give up, withdraw; with name and reason, in the audit trail."""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import Delivery, DeliveryEvent, DeliveryState, Effect, is_final, next_state
from adapter.domain.incoming import JournalState
from adapter.errors import Final, Retryable
from adapter.ports import Clock, Store
from adapter.usecases.delivery_plan import MANDATE, DeliveryPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Intervene:
    """Resend repeats the kept bytes (same ids) when anything ever left; withdraw works only when nothing ever did."""

    store: Store
    clock: Clock
    plan: DeliveryPlan

    def resend(self, delivery_id: str, *, person: str, reason: str, upload_again: bool = False) -> Delivery:
        """Queue it now. upload_again: the files have expired in the exchange; new file ids under the same document."""
        return self._decide(delivery_id, DeliveryEvent.PERSON_RESENDS, person, reason, upload_again=upload_again)

    def give_up(self, delivery_id: str, *, person: str, reason: str) -> Delivery:
        """Stop waiting for an unknown outcome; a late notice still counts."""
        return self._decide(delivery_id, DeliveryEvent.PERSON_GIVES_UP, person, reason)

    def withdraw(self, delivery_id: str, *, person: str, reason: str) -> Delivery:
        """Stop what never left."""
        return self._decide(delivery_id, DeliveryEvent.PERSON_WITHDRAWS, person, reason)

    def release(self, entry_id: str, *, person: str, reason: str) -> None:
        """Process a held message once more, over the files that came with it: settings, trust or the exchange have changed.

        Only a verified one.
        """
        if not person.strip() or not reason.strip():
            raise Final("intervene.who-and-why")
        now = self.clock.now()
        with self.store.transaction() as transaction:
            entry = transaction.journal.get(entry_id)
            if entry is None or entry.state is not JournalState.HELD or entry.verdict != "verified":
                raise Final("intervene.not-held", params={"entry": entry_id})
            after = replace(entry, state=JournalState.RECEIVED, wake_at=now, tries=0, lapses=0, outcome=None)
            if not transaction.journal.save(after):
                raise Retryable("intervene.moved-meanwhile", params={"delivery": entry_id})
            transaction.audit.append(
                AuditEvent(
                    at=now,
                    actor=person,
                    action="message.released",
                    mandate=MANDATE,
                    document_id=entry.document_id,
                    details={"entry": entry.id, "reason": reason},
                )
            )

    def _decide(
        self, delivery_id: str, event: DeliveryEvent, person: str, reason: str, *, upload_again: bool = False
    ) -> Delivery:
        if not person.strip() or not reason.strip():
            raise Final("intervene.who-and-why")
        now = self.clock.now()
        with self.store.transaction() as transaction:
            delivery = transaction.outbox.get(delivery_id)
            if delivery is None:
                raise Final("intervene.no-such-delivery", params={"delivery": delivery_id})
            step = next_state(delivery.state, event, content=delivery.content_kind, ever_sent=delivery.ever_sent)
            if step.effect is not Effect.MOVES:
                raise Final("intervene.not-possible", params={"state": delivery.state.value, "event": event.value})
            wakes = {DeliveryState.QUEUED: now, DeliveryState.ABANDONED: now + self.plan.reminder}
            after = replace(
                delivery,
                state=step.state,
                wake_at=None if is_final(step.state, delivery.content_kind) else wakes[step.state],
                changed_at=now,
                resend=step.state is DeliveryState.QUEUED and delivery.ever_sent and not upload_again,
                # From here on it is this person's resend; the planner's own was made at the last safe try, which is over.
                planner_resent=delivery.planner_resent and step.state is not DeliveryState.QUEUED,
                lapses=0 if step.state is DeliveryState.QUEUED else delivery.lapses,
                deferrals=0 if step.state is DeliveryState.QUEUED else delivery.deferrals,
                reason=None if step.state is DeliveryState.QUEUED else delivery.reason,
                reason_text=None if step.state is DeliveryState.QUEUED else delivery.reason_text,
            )
            if not transaction.outbox.save(after):
                raise Retryable("intervene.moved-meanwhile", params={"delivery": delivery_id})
            transaction.audit.append(
                AuditEvent(
                    at=now,
                    actor=person,
                    action=event.value,
                    mandate=MANDATE,
                    document_id=delivery.document_id,
                    details={"delivery": delivery.id, "from": delivery.state.value, "reason": reason},
                )
            )
        return after
