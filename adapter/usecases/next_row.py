"""What a try makes of its row: state, wake-up, counters. Pure but for the clock and the chance it is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from adapter.domain.breaker import Breaker
from adapter.domain.delivery import Attempt, Delivery, DeliveryEvent, DeliveryState, is_final
from adapter.domain.retry import last_safe_try, next_attempt
from adapter.errors import ElshiError, Final, Retryable
from adapter.ports import Clock, Identifiers
from adapter.usecases.delivery_plan import DeliveryPlan, moved, uncertain_wake

PAUSED = "deliver.paused"
"""The lease had too little room when the message should have left: nothing did."""

_NEVER_LEFT = frozenset({PAUSED, "http.left-too-late"})
"""Surely nothing left, and the cause is this machine: no attempt."""

_TOLD = frozenset({DeliveryState.ABANDONED, DeliveryState.UNCERTAIN, DeliveryState.REFUSED})


@dataclass(frozen=True, kw_only=True, slots=True)
class NextRow:
    """The row after an event."""

    clock: Clock
    identifiers: Identifiers
    plan: DeliveryPlan

    def __call__(
        self,
        delivery: Delivery,
        event: DeliveryEvent,
        error: ElshiError | None,
        *,
        breaker: Breaker,
        attempt: Attempt | None = None,
    ) -> Delivery:
        """The row as it is to be saved. `breaker` as it stands after this try, `attempt` when one was begun."""
        now = self.clock.now()
        state = moved(delivery, event)
        is_deferred = event is DeliveryEvent.CHANNEL_CLOSED
        is_no_attempt = is_deferred or (error is not None and error.code in _NEVER_LEFT)
        counted = delivery.attempts - 1 if is_no_attempt and delivery.state is DeliveryState.SENDING else None
        after = replace(
            delivery,
            attempts=delivery.attempts if counted is None else counted,
            # What never gets as far as an attempt waits longer each time all the same.
            deferrals=delivery.deferrals + 1 if is_deferred or delivery.state is DeliveryState.CLAIMED else 0,
            lapses=0,
        )
        wake_at = self._wake(after, state, error, breaker=breaker, attempt=attempt, is_deferred=is_deferred)
        if state is DeliveryState.QUEUED and wake_at is None:
            state = moved(delivery, DeliveryEvent.BUDGET_GONE)
            wake_at = now + self.plan.reminder
        refused_for_good = isinstance(error, Final)
        return replace(
            after,
            state=state,
            wake_at=None if is_final(state, delivery.content_kind) else wake_at,
            changed_at=now,
            lease=None,
            lease_until=None,
            resend=delivery.resend and state is DeliveryState.QUEUED,
            reason=error.code if error is not None and (refused_for_good or state in _TOLD) else delivery.reason,
            reason_text=said(error) if error is not None and refused_for_good else delivery.reason_text,
        )

    def _wake(
        self,
        delivery: Delivery,
        state: DeliveryState,
        error: ElshiError | None,
        *,
        breaker: Breaker,
        attempt: Attempt | None,
        is_deferred: bool,
    ) -> datetime | None:
        now = self.clock.now()
        if state is DeliveryState.QUEUED:
            if is_deferred and not breaker.lets_through:
                # Due when the breaker lets the next one through: the gate holds it, not a schedule of its own, and an
                # outage of hours is neither its fault nor the end of its budget.
                return max(now, breaker.probe_at or now)
            return self._by_schedule(delivery, error, now)
        if state is DeliveryState.UNCERTAIN:
            return uncertain_wake(self.plan, delivery, now, attempt)
        if state is DeliveryState.ABANDONED:
            return now + self.plan.reminder
        return now + self.plan.silence_alarm

    def _by_schedule(self, delivery: Delivery, error: ElshiError | None, now: datetime) -> datetime | None:
        due = next_attempt(
            self.plan.retry,
            # What is turned back while others are carried waits longer each time, though it uses up nothing.
            attempt=delivery.attempts + delivery.deferrals,
            now=now,
            created_at=delivery.created_at,
            deadline=delivery.deadline,
            jitter=self.identifiers.jitter(),
        )
        asked = error.retry_after if isinstance(error, Retryable) else None
        if due is None or asked is None:
            return due
        later = max(due, now + min(asked, self.plan.retry.cap))
        safe = None if delivery.deadline is None else last_safe_try(self.plan.retry, delivery.deadline)
        # Whatever the other side asks for, a try stands at the last safe moment (domain/retry.py).
        return safe if safe is not None and now < safe < later else later


def said(error: ElshiError) -> str | None:
    """The other side's words, as they came."""
    text = error.params.get("text")
    return str(text) if text is not None else None
