"""Rows that a wrong clock has put to sleep: their wake-up lies further ahead than any wait of the plan.

A clock that jumps a day ahead and back again leaves rows that are due tomorrow, and leases that end tomorrow: a lane that
nobody serves for a day, the last of the days before a legal deadline perhaps. No right clock writes such a time, so whoever
finds one need not know whose clock was wrong. Under a clock that is behind everything looks asleep; what is then done too
early is a try that is repeated and a lease that is taken away, both of which every worker survives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.incoming import JournalState
from adapter.domain.retry import wait_after
from adapter.ports import Clock, Store, Transaction
from adapter.usecases.delivery_plan import MANDATE, DeliveryPlan, uncertain_wake

SKEW = timedelta(minutes=1)
"""By how much the clocks of two hosts may differ without anything being wrong."""

_WIDEST_JITTER = 0.2
_LAST_OF_DOUBLING = 64
"""An attempt whose wait is the longest there is."""

_S = DeliveryState
_HELD = (_S.CLAIMED, _S.SENDING)
_SILENT = (_S.SENT, _S.IN_CENTRE, _S.DELIVERED)

CODE = "watch.clock-stepped"


@dataclass(frozen=True, kw_only=True, slots=True)
class WakeSleepers:
    """Looks for such rows and gives each the wake-up that it would get now. Costs a look at every open row: not each turn."""

    store: Store
    clock: Clock
    plan: DeliveryPlan

    def __call__(self) -> tuple[Delivery, ...]:
        """The deliveries woken, each also in the audit trail; messages of the journal are woken without a word."""
        now = self.clock.now()
        woken: list[Delivery] = []
        with self.store.transaction() as transaction:
            for state, longest in self._longest():
                for delivery in transaction.outbox.asleep(states=(state,), beyond=now + longest + SKEW):
                    after = self._woken(transaction, delivery, now)
                    if transaction.outbox.save(after):
                        woken.append(after)
            beyond = now + max(self.plan.lease_for, self._longest_wait()) + SKEW
            for entry in transaction.journal.asleep(beyond=beyond):
                ends = now if entry.state is JournalState.CLAIMED else None
                transaction.journal.save(replace(entry, wake_at=now, lease_until=ends))
            for delivery in woken:
                transaction.audit.append(
                    AuditEvent(
                        at=now,
                        actor="worker",
                        action=CODE,
                        mandate=MANDATE,
                        document_id=delivery.document_id,
                        details={"delivery": delivery.id, "state": delivery.state.value},
                    )
                )
        return tuple(woken)

    def _longest(self) -> Iterator[tuple[DeliveryState, timedelta]]:
        """The longest wait that the plan can set, by state."""
        yield _S.QUEUED, self._longest_wait()
        yield from ((state, self.plan.lease_for) for state in _HELD)
        yield from ((state, self.plan.silence_alarm) for state in _SILENT)
        yield _S.UNCERTAIN, self.plan.uncertain_window
        yield _S.ABANDONED, self.plan.reminder

    def _longest_wait(self) -> timedelta:
        return wait_after(self.plan.retry, _LAST_OF_DOUBLING, _WIDEST_JITTER)

    def _woken(self, transaction: Transaction, delivery: Delivery, now: datetime) -> Delivery:
        if delivery.state in _HELD:
            # The next turn finds a lease that has ended, and does with it what is right for its state.
            return replace(delivery, wake_at=now, lease_until=now)
        if delivery.state in _SILENT:
            return replace(delivery, wake_at=now + self.plan.silence_alarm)
        if delivery.state is _S.UNCERTAIN:
            last = next(iter(reversed(transaction.outbox.attempts(delivery.id))), None)
            return replace(delivery, wake_at=uncertain_wake(self.plan, delivery, now, last))
        if delivery.state is _S.ABANDONED:
            return replace(delivery, wake_at=now + self.plan.reminder)
        return replace(delivery, wake_at=now)
