"""The watchdog: rows that nobody looked at in time become alarms. Runs where work is done and where it is not.

each row and missed wake-up is told once, by whichever process sees it first; again after the reminder
the first ones by name, the rest of one look as a number: a dead worker with a full queue is one piece of news
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from adapter.domain.audit_event import AuditEvent
from adapter.domain.overdue import OverdueLimits, OverdueRow, limits_at
from adapter.domain.retry import RetryPolicy
from adapter.ports import Clock, Store
from adapter.usecases.delivery_plan import CHANNEL, MANDATE, DeliveryPlan

OVERDUE = "watch.overdue"
MANY_OVERDUE = "watch.many-overdue"

_BY_NAME = 20
"""Rows of one look that get an event each."""
_LOOK = 500
"""Rows of one look; the next look takes the rest."""
_LONGEST_MESSAGE = timedelta(seconds=300)
"""Lease of a message that is worked on (usecases/process_message.py)."""
_WIDEST_JITTER = 0.2
"""domain/retry.py."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watchdog:
    """Looks at every open row through the index of open rows; writes only when something is overdue.

    grace   how late a look may be before somebody is told; shorter tells of what is merely slow
    """

    store: Store
    clock: Clock
    plan: DeliveryPlan
    grace: timedelta = timedelta(seconds=30)

    def __call__(self) -> tuple[OverdueRow, ...]:
        """The rows that this look tells of, each also in the audit trail, the first ones by name."""
        now = self.clock.now()
        limits, since = self.limits(), now - self.plan.reminder
        with self.store.snapshot() as transaction:
            is_overdue = bool(transaction.watched.overdue(limits, unless_told_since=since, limit=1))
            if not is_overdue and not transaction.watched.has_settled():
                return ()
        with self.store.transaction() as transaction:
            transaction.watched.forget_settled()
            rows = transaction.watched.overdue(limits, unless_told_since=since, limit=_LOOK)
            for row in rows:
                transaction.watched.mark(row, at=now)
            for row in rows[:_BY_NAME]:
                transaction.audit.append(
                    AuditEvent(
                        at=now,
                        actor="watchdog",
                        action=OVERDUE,
                        mandate=MANDATE,
                        document_id=row.document_id,
                        details={
                            row.kind.value if row.kind.value == "delivery" else "entry": row.id,
                            "state": row.state.value,
                            "addressee": row.addressee,
                            "code": row.code(now),
                            "wakeAt": row.wake_at.isoformat(),
                        },
                    )
                )
            if len(rows) > _BY_NAME:
                transaction.audit.append(
                    AuditEvent(
                        at=now,
                        actor="watchdog",
                        action=MANY_OVERDUE,
                        mandate=MANDATE,
                        document_id=None,
                        details={"count": len(rows) - _BY_NAME},
                    )
                )
        return rows

    def limits(self) -> OverdueLimits:
        """Between which moments a wake-up is in order now, by the settings and the breaker of the channel."""
        with self.store.snapshot() as snapshot:
            breaker = snapshot.breakers.get(CHANNEL)
        return limits_at(
            self.clock.now(),
            grace=self.grace,
            longest_work=longest_work(self.plan.retry, self.plan.lease_for),
            longest_wait=max(self.plan.uncertain_window, self.plan.silence_alarm, self.plan.reminder),
            breaker=breaker,
            policy=self.plan.breaker,
        )


def longest_work(retry: RetryPolicy, lease_for: timedelta) -> timedelta:
    """The longest span before the next try of a row that a worker takes by itself, or before its lease ends.

    Twice the longest wait: a channel that is closed for a while may put off a try that was already put off.
    """
    return max(2 * retry.cap * (1 + _WIDEST_JITTER), lease_for, _LONGEST_MESSAGE)
