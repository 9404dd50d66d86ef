"""Rows whose worker did not come back: what had not left is free again, what may have left has an unknown outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import AttemptOutcome, Delivery, DeliveryEvent, DeliveryState
from adapter.ports import Clock, Store
from adapter.usecases.delivery_plan import MANDATE, DeliveryPlan, moved, uncertain_wake


@dataclass(frozen=True, kw_only=True, slots=True)
class Recover:
    """Rows whose lease has ended: CLAIMED to QUEUED, SENDING to UNCERTAIN (a notice of ours: QUEUED)."""

    store: Store
    clock: Clock
    plan: DeliveryPlan

    def __call__(self) -> tuple[Delivery, ...]:
        """The rows recovered, as they are now."""
        now = self.clock.now()
        recovered: list[Delivery] = []
        with self.store.transaction() as transaction:
            for delivery in transaction.outbox.lapsed(now=now):
                state = moved(delivery, DeliveryEvent.LEASE_EXPIRED)
                wake_at = uncertain_wake(self.plan, delivery, now) if state is DeliveryState.UNCERTAIN else now
                after = replace(delivery, state=state, wake_at=wake_at, changed_at=now, lease=None, lease_until=None)
                if not transaction.outbox.save(after):
                    continue
                for attempt in transaction.outbox.attempts(delivery.id):
                    if attempt.outcome is AttemptOutcome.OPEN:
                        transaction.outbox.close_attempt(
                            replace(attempt, ended_at=now, outcome=AttemptOutcome.LEASE_EXPIRED)
                        )
                transaction.audit.append(
                    AuditEvent(
                        at=now,
                        actor="worker",
                        action=f"delivery.{state.value}",
                        mandate=MANDATE,
                        document_id=delivery.document_id,
                        details={"delivery": delivery.id, "from": delivery.state.value, "code": "lease-expired"},
                    )
                )
                recovered.append(after)
        return tuple(recovered)
