"""Rows whose worker did not come back: what had not left is free again, what may have left has an unknown outcome.

A row that does so again and again may be what kills its workers: the first time it is due at once, then by the schedule,
and after `plan.lapses` in a row a person is asked. A turn that comes back with any outcome begins the count anew.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import Attempt, AttemptOutcome, Delivery, DeliveryEvent, DeliveryState
from adapter.domain.incoming import JournalEntry, JournalState
from adapter.domain.retry import next_attempt, wait_after
from adapter.ports import Clock, Identifiers, Store, Transaction
from adapter.usecases.channel_gate import ChannelGate
from adapter.usecases.delivery_plan import MANDATE, DeliveryPlan, moved, uncertain_wake

_log = logging.getLogger(__name__)

DELIVERY_LAPSES = "deliver.lapses"
MESSAGE_LAPSES = "message.lapses"
"""Codes of what a person is asked about after too many lapses."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recover:
    """Rows whose lease has ended: CLAIMED to QUEUED, SENDING to UNCERTAIN (a notice of ours: QUEUED), entries to RECEIVED."""

    store: Store
    clock: Clock
    identifiers: Identifiers
    plan: DeliveryPlan

    def __call__(self) -> tuple[Delivery, ...]:
        """The deliveries recovered, as they are now. Writes, and locks, only when there is something."""
        now = self.clock.now()
        with self.store.snapshot() as snapshot:
            if not snapshot.outbox.lapsed(now=now, limit=1) and not snapshot.journal.lapsed(now=now, limit=1):
                return ()
        recovered: list[tuple[Delivery, Delivery]] = []
        entries: list[JournalEntry] = []
        with self.store.transaction() as transaction:
            for delivery in transaction.outbox.lapsed(now=now):
                attempts = transaction.outbox.attempts(delivery.id)
                after = self._delivery(delivery, attempts[-1] if attempts else None, now)
                if not transaction.outbox.save(after):
                    continue
                for attempt in attempts:
                    if attempt.outcome is AttemptOutcome.OPEN:
                        transaction.outbox.close_attempt(
                            replace(attempt, ended_at=now, outcome=AttemptOutcome.LEASE_EXPIRED)
                        )
                recovered.append((delivery, after))
            for entry in transaction.journal.lapsed(now=now):
                freed = self._entry(entry, now)
                if transaction.journal.save(freed):
                    entries.append(freed)
            self._free_the_probe(transaction, recovered)
            for delivery, after in recovered:
                _note_delivery(transaction, delivery, after, now)
            for entry in entries:
                _note_entry(transaction, entry, now)
        return tuple(after for _, after in recovered)

    def _delivery(self, delivery: Delivery, last: Attempt | None, now: datetime) -> Delivery:
        lapses = delivery.lapses + 1
        state = moved(delivery, DeliveryEvent.LEASE_EXPIRED)
        if state is DeliveryState.QUEUED and lapses >= self.plan.lapses:
            state = moved(delivery, DeliveryEvent.LAPSED_TOO_OFTEN)
        match state:
            case DeliveryState.UNCERTAIN:
                wake_at = uncertain_wake(self.plan, delivery, now, last)
            case DeliveryState.ABANDONED:
                wake_at = now + self.plan.reminder
            case _:
                wake_at = self._due_again(delivery, lapses, now)
        return replace(
            delivery,
            state=state,
            wake_at=wake_at,
            changed_at=now,
            lease=None,
            lease_until=None,
            lapses=lapses,
            reason=DELIVERY_LAPSES if state is DeliveryState.ABANDONED else delivery.reason,
        )

    def _due_again(self, delivery: Delivery, lapses: int, now: datetime) -> datetime:
        if lapses == 1:
            return now
        due = next_attempt(
            self.plan.retry,
            attempt=lapses - 1,
            now=now,
            created_at=delivery.created_at,
            deadline=delivery.deadline,
            jitter=self.identifiers.jitter(),
        )
        return due or now + self._wait(lapses)

    def _wait(self, lapses: int) -> timedelta:
        return wait_after(self.plan.retry, lapses - 1, self.identifiers.jitter())

    def _entry(self, entry: JournalEntry, now: datetime) -> JournalEntry:
        lapses = entry.lapses + 1
        is_held = lapses >= self.plan.lapses
        return replace(
            entry,
            state=JournalState.HELD if is_held else JournalState.RECEIVED,
            wake_at=None if is_held else now if lapses == 1 else now + self._wait(lapses),
            lease=None,
            lease_until=None,
            lapses=lapses,
            outcome=MESSAGE_LAPSES if is_held else entry.outcome,
        )

    def _free_the_probe(self, transaction: Transaction, recovered: list[tuple[Delivery, Delivery]]) -> None:
        gate = ChannelGate(clock=self.clock, identifiers=self.identifiers, plan=self.plan)
        for delivery, _ in recovered:
            gate.forget_probe(transaction, delivery.lease)


def _note_delivery(transaction: Transaction, delivery: Delivery, after: Delivery, now: datetime) -> None:
    code = DELIVERY_LAPSES if after.state is DeliveryState.ABANDONED else "lease-expired"
    transaction.audit.append(
        AuditEvent(
            at=now,
            actor="worker",
            action=f"delivery.{after.state.value}",
            mandate=MANDATE,
            document_id=delivery.document_id,
            details={"delivery": delivery.id, "from": delivery.state.value, "code": code, "lapses": after.lapses},
        )
    )


def _note_entry(transaction: Transaction, entry: JournalEntry, now: datetime) -> None:
    if entry.state is not JournalState.HELD:
        _log.warning("entry %s: its worker did not come back, %d in a row", entry.id, entry.lapses)
        return
    transaction.audit.append(
        AuditEvent(
            at=now,
            actor="worker",
            action="message.held",
            mandate=MANDATE,
            document_id=entry.document_id,
            details={"entry": entry.id, "sha256": entry.sha256, "code": MESSAGE_LAPSES},
        )
    )
