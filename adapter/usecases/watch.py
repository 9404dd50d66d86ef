"""Rows past their wake-up: the planner's own last try, and alarms for people. Part of the worker's housekeeping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import (
    Attempt,
    Delivery,
    DeliveryEvent,
    DeliveryState,
    Effect,
    next_state,
)
from adapter.ports import Clock, Store, Transaction
from adapter.usecases.delivery_plan import (
    MANDATE,
    DeliveryPlan,
    files_warning_at,
    identical_until,
    is_known_taken,
    planners_try_at,
    uncertain_wake,
    window_end,
)

FILES_EXPIRING = "watch.files-expiring"
"""The exchange will soon forget the files of a document whose outcome is unknown: later no identical resend is possible."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """Something a person must know; `code` selects the sentence, `params` fill it.

    until   the last moment at which a person can do what the sentence says; None: there is none
    """

    code: str
    delivery: Delivery
    until: datetime | None = None

    @property
    def params(self) -> Mapping[str, object]:
        """For the sentence."""
        told = {"document": self.delivery.document_id, "addressee": self.delivery.addressee}
        return told if self.until is None else {**told, "until": self.until.isoformat(timespec="minutes")}


_ALARMS = {
    DeliveryState.SENT: "watch.centre-silent",
    DeliveryState.IN_CENTRE: "watch.addressee-silent",
    DeliveryState.DELIVERED: "watch.not-registered",
    DeliveryState.UNCERTAIN: "watch.uncertain",
    DeliveryState.ABANDONED: "watch.abandoned",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """Looks at every open row whose wake-up has passed and sets the next one: no open row is ever without."""

    store: Store
    clock: Clock
    plan: DeliveryPlan

    def __call__(self) -> tuple[Alarm, ...]:
        """The alarms of this turn, each also in the audit trail. Writes, and locks, only when there is something."""
        now = self.clock.now()
        with self.store.snapshot() as snapshot:
            if not snapshot.outbox.awake(now=now, limit=1):
                return ()
        alarms: list[Alarm] = []
        with self.store.transaction() as transaction:
            for delivery in transaction.outbox.awake(now=now):
                last = _last_attempt(transaction, delivery)
                is_due_again = self._is_last_safe_try(delivery, now) or self._goes_again(delivery, now)
                if is_due_again and not is_known_taken(delivery, last):
                    self._resend(transaction, delivery, now)
                    continue
                alarm = self._alarm(transaction, delivery, last, now)
                again = self._next_look(delivery, last, now)
                if transaction.outbox.save(replace(delivery, wake_at=again)):
                    _note(transaction, delivery, now, alarm.code, attempt=last.number if last is not None else 0)
                    alarms.append(alarm)
        return tuple(alarms)

    def _alarm(self, transaction: Transaction, delivery: Delivery, last: Attempt | None, now: datetime) -> Alarm:
        plain = Alarm(code=_ALARMS[delivery.state], delivery=delivery)
        if last is None or delivery.state is not DeliveryState.UNCERTAIN:
            return plain
        warning, end = files_warning_at(self.plan, last), identical_until(self.plan, last)
        if warning is None or end is None or not warning <= now < end or _was_warned(transaction, delivery, last):
            return plain
        return Alarm(code=FILES_EXPIRING, delivery=delivery, until=end)

    def _is_last_safe_try(self, delivery: Delivery, now: datetime) -> bool:
        """A missed legal deadline is worse than a repeat that every addressee recognises by id and digest."""
        safe = planners_try_at(self.plan, delivery)
        return (
            delivery.state is DeliveryState.UNCERTAIN
            and delivery.deadline is not None
            and safe is not None
            and safe <= now < delivery.deadline
        )

    def _goes_again(self, delivery: Delivery, now: datetime) -> bool:
        """The settings say that after the window the same bytes go again without a person (README of the exchange).

        Not for one that may be what kills its workers: that one a person looks at.
        """
        return (
            self.plan.resend_when_uncertain == "identical"
            and delivery.state is DeliveryState.UNCERTAIN
            and delivery.lapses < self.plan.lapses
            # It wakes up earlier for other reasons. A window that began in the future began under a wrong clock.
            and not delivery.changed_at <= now < window_end(self.plan, delivery)
        )

    def _resend(self, transaction: Transaction, delivery: Delivery, now: datetime) -> None:
        step = next_state(delivery.state, DeliveryEvent.LAST_SAFE_TRY, content=delivery.content_kind)
        if step.effect is not Effect.MOVES:
            return
        after = replace(
            delivery, state=step.state, wake_at=now, changed_at=now, resend=True, planner_resent=True, reason=None
        )
        if transaction.outbox.save(after):
            _note(transaction, delivery, now, "watch.planner-resends")

    def _next_look(self, delivery: Delivery, last: Attempt | None, now: datetime) -> datetime:
        if delivery.state is DeliveryState.UNCERTAIN:
            again, end = uncertain_wake(self.plan, delivery, now, last), window_end(self.plan, delivery)
            return min(again, end) if end > now else again
        if delivery.state is DeliveryState.ABANDONED:
            return now + self.plan.reminder
        return now + self.plan.silence_alarm


def _last_attempt(transaction: Transaction, delivery: Delivery) -> Attempt | None:
    attempts = transaction.outbox.attempts(delivery.id)
    return attempts[-1] if attempts else None


def _was_warned(transaction: Transaction, delivery: Delivery, last: Attempt) -> bool:
    """Once for each upload: the trail remembers."""
    return any(
        one.event.action == FILES_EXPIRING
        and one.event.details.get("delivery") == delivery.id
        and one.event.details.get("attempt") == last.number
        for one in transaction.audit.of_document(delivery.document_id)
    )


def _note(transaction: Transaction, delivery: Delivery, now: datetime, code: str, *, attempt: int = 0) -> None:
    transaction.audit.append(
        AuditEvent(
            at=now,
            actor="worker",
            action=code,
            mandate=MANDATE,
            document_id=delivery.document_id,
            details={
                "delivery": delivery.id,
                "state": delivery.state.value,
                "addressee": delivery.addressee,
                "attempt": attempt,
            },
        )
    )
