"""Rows past their wake-up: the planner's own last try, and alarms for people. Runs in every turn of the worker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import Delivery, DeliveryEvent, DeliveryState, Effect, next_state
from adapter.domain.retry import last_safe_try
from adapter.ports import Clock, Store, Transaction
from adapter.usecases.delivery_plan import MANDATE, DeliveryPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """Something a person must know; `code` selects the sentence."""

    code: str
    delivery: Delivery


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
        """The alarms of this turn, each also in the audit trail."""
        now = self.clock.now()
        alarms: list[Alarm] = []
        with self.store.transaction() as transaction:
            for delivery in transaction.outbox.awake(now=now):
                if self._is_last_safe_try(delivery, now) or self._goes_again(delivery):
                    self._resend(transaction, delivery, now)
                    continue
                alarm = Alarm(code=_ALARMS[delivery.state], delivery=delivery)
                again = self._next_look(delivery, now)
                if transaction.outbox.save(replace(delivery, wake_at=again)):
                    _note(transaction, delivery, now, alarm.code)
                    alarms.append(alarm)
        return tuple(alarms)

    def _is_last_safe_try(self, delivery: Delivery, now: datetime) -> bool:
        """A missed legal deadline is worse than a repeat that every addressee recognises by id and digest."""
        return (
            self.plan.resend_by_planner
            and delivery.state is DeliveryState.UNCERTAIN
            and delivery.deadline is not None
            and not delivery.planner_resent
            and last_safe_try(self.plan.retry, delivery.deadline) <= now < delivery.deadline
        )

    def _goes_again(self, delivery: Delivery) -> bool:
        """The settings say that after the window the same bytes go again without a person (README of the exchange)."""
        return self.plan.resend_when_uncertain == "identical" and delivery.state is DeliveryState.UNCERTAIN

    def _resend(self, transaction: Transaction, delivery: Delivery, now: datetime) -> None:
        step = next_state(delivery.state, DeliveryEvent.LAST_SAFE_TRY, content=delivery.content_kind)
        if step.effect is not Effect.MOVES:
            return
        after = replace(
            delivery, state=step.state, wake_at=now, changed_at=now, resend=True, planner_resent=True, reason=None
        )
        if transaction.outbox.save(after):
            _note(transaction, delivery, now, "watch.planner-resends")

    def _next_look(self, delivery: Delivery, now: datetime) -> datetime:
        if delivery.state is DeliveryState.UNCERTAIN:
            again = now + self.plan.uncertain_window
            if delivery.deadline is not None and self.plan.resend_by_planner and not delivery.planner_resent:
                safe = last_safe_try(self.plan.retry, delivery.deadline)
                return min(again, safe) if now < safe else again
            return again
        if delivery.state is DeliveryState.ABANDONED:
            return now + self.plan.reminder
        return now + self.plan.silence_alarm


def _note(transaction: Transaction, delivery: Delivery, now: datetime, code: str) -> None:
    transaction.audit.append(
        AuditEvent(
            at=now,
            actor="worker",
            action=code,
            mandate=MANDATE,
            document_id=delivery.document_id,
            details={"delivery": delivery.id, "state": delivery.state.value, "addressee": delivery.addressee},
        )
    )
