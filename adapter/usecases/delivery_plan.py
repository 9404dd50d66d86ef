"""How deliveries are paced, and the one door to their table of moves: what deliver, recover, watch and a person share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from adapter.domain.delivery import Delivery, DeliveryEvent, DeliveryState, Effect, next_state
from adapter.domain.retry import RetryPolicy, last_safe_try
from adapter.errors import Final

MANDATE = "p.12"
"""Paragraph 12 of the Rules: documents travel by the unified electronic document management system."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryPlan:
    """How deliveries are paced.

    lease_for           how long a worker may hold a row; longer than one prepare with its uploads and one POST
    uncertain_window    how long an unknown outcome waits for a notice before a person is asked
    silence_alarm       how long a taken document may stay without news before a person is told
    reminder            how often a person is reminded of what only a person can settle
    files_margin        kept bytes are sent again only while their files live at least this much longer
    resend_by_planner   whether the planner makes one identical resend by itself at the last safe try
    resend_when_uncertain   ask: a person decides after the window; identical: the same bytes go again by themselves
    """

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lease_for: timedelta = timedelta(seconds=120)
    uncertain_window: timedelta = timedelta(hours=2)
    silence_alarm: timedelta = timedelta(hours=4)
    reminder: timedelta = timedelta(days=1)
    files_margin: timedelta = timedelta(minutes=5)
    resend_by_planner: bool = True
    resend_when_uncertain: Literal["ask", "identical"] = "ask"


def uncertain_wake(plan: DeliveryPlan, delivery: Delivery, now: datetime) -> datetime:
    """When an unknown outcome is looked at again: the end of its window, or the last safe try if that comes first."""
    window = now + plan.uncertain_window
    if delivery.deadline is None or delivery.planner_resent or not plan.resend_by_planner:
        return window
    safe = last_safe_try(plan.retry, delivery.deadline)
    return min(window, safe) if now < safe else window


def moved(delivery: Delivery, event: DeliveryEvent) -> DeliveryState:
    """The state that the event leads to. Raises Final `deliver.impossible` where the table knows no move."""
    step = next_state(delivery.state, event, content=delivery.content_kind, ever_sent=delivery.ever_sent)
    if step.effect is not Effect.MOVES:
        raise Final("deliver.impossible", params={"state": delivery.state.value, "event": event.value})
    return step.state
