"""How deliveries are paced, and the one door to their table of moves: what deliver, recover, watch and a person share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from adapter.domain.breaker import BreakerPolicy
from adapter.domain.delivery import (
    Attempt,
    AttemptOutcome,
    Delivery,
    DeliveryEvent,
    DeliveryState,
    Effect,
    Proof,
    next_state,
)
from adapter.domain.retry import RetryPolicy, last_safe_try
from adapter.errors import Final

MANDATE = "p.12"
"""Paragraph 12 of the Rules: documents travel by the unified electronic document management system."""

CHANNEL = "gateway"
"""Name of the one way out, in the table of breakers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryPlan:
    """How deliveries are paced.

    lease_for           how long a worker holds a row without renewing its lease; the work of a dead one waits that long
    longest_hold        how long a lease is renewed at all: longer than one prepare with its uploads and one POST
    lapses              leases in a row that may end without a word before a person is asked about the row
    breaker             when the channel counts as closed, and how it is tried again
    channel_alarm       how long the channel may be closed before a person is told
    uncertain_window    how long an unknown outcome waits for a notice before a person is asked
    silence_alarm       how long a taken document may stay without news before a person is told
    reminder            how often a person is reminded of what only a person can settle
    files_margin        kept bytes are sent again only while their files live at least this much longer
    files_warning       how long before that moment a person is told; half of the files' life when that is less
    reupload_on_expiry  manual: a person decides about new files after an unknown outcome; auto: they are uploaded anew
    resend_by_planner   whether the planner makes one identical resend by itself at the last safe try
    resend_when_uncertain   ask: a person decides after the window; identical: the same bytes go again by themselves
    """

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lease_for: timedelta = timedelta(seconds=30)
    longest_hold: timedelta = timedelta(minutes=20)
    lapses: int = 5
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    channel_alarm: timedelta = timedelta(minutes=5)
    uncertain_window: timedelta = timedelta(hours=2)
    silence_alarm: timedelta = timedelta(hours=4)
    reminder: timedelta = timedelta(days=1)
    files_margin: timedelta = timedelta(minutes=5)
    files_warning: timedelta = timedelta(hours=1)
    reupload_on_expiry: Literal["manual", "auto"] = "manual"
    resend_by_planner: bool = True
    resend_when_uncertain: Literal["ask", "identical"] = "ask"


def uncertain_wake(plan: DeliveryPlan, delivery: Delivery, now: datetime, attempt: Attempt | None) -> datetime:
    """When an unknown outcome is looked at again: the first of what is still to come of

    - the end of its window,
    - the last safe try, if the planner may still make one,
    - the moment to warn that the files named in the kept bytes of `attempt`, the last one, will be forgotten.
    """
    moments = (now + plan.uncertain_window, planners_try_at(plan, delivery), files_warning_at(plan, attempt))
    return min(moment for moment in moments if moment is not None and moment > now)


def planners_try_at(plan: DeliveryPlan, delivery: Delivery) -> datetime | None:
    """When the planner sends an unknown outcome once more by itself, as the last safe try; None: not, or not any more.

    What became unknown only after that moment is left to notices and persons: the last safe try has been made. Where the
    settings send again after each window, a window that was used up does not use up this one.
    """
    if delivery.deadline is None or not plan.resend_by_planner:
        return None
    if delivery.planner_resent and plan.resend_when_uncertain == "ask":
        return None
    safe = last_safe_try(plan.retry, delivery.deadline)
    return safe if delivery.changed_at < safe else None


def is_known_taken(delivery: Delivery, last: Attempt | None) -> bool:
    """Whether an outcome that is still called unknown shows after all that the document has arrived.

    The answer came to a worker whose lease had ended, or the addressee's signed Receipt was faster than its notice. The
    program sends such a thing no more; a notice or a person ends the row.
    """
    return delivery.proof is Proof.DIGEST or (last is not None and last.outcome is AttemptOutcome.ACCEPTED)


def window_end(plan: DeliveryPlan, delivery: Delivery) -> datetime:
    """Until when an outcome that is unknown since `delivery.changed_at` waits for a notice."""
    return delivery.changed_at + plan.uncertain_window


def identical_until(plan: DeliveryPlan, attempt: Attempt | None) -> datetime | None:
    """Until when the kept bytes of an attempt can be sent again as they are; None: for ever, they name no file."""
    if attempt is None or attempt.files_expire_at is None:
        return None
    return attempt.files_expire_at - plan.files_margin


def files_warning_at(plan: DeliveryPlan, attempt: Attempt | None) -> datetime | None:
    """When a person is told that an identical resend will soon be impossible; None: nobody has to be."""
    end = identical_until(plan, attempt)
    if end is None or attempt is None or plan.reupload_on_expiry == "auto":
        return None
    return max(end - plan.files_warning, attempt.started_at + (end - attempt.started_at) / 2)


def moved(delivery: Delivery, event: DeliveryEvent) -> DeliveryState:
    """The state that the event leads to. Raises Final `deliver.impossible` where the table knows no move."""
    step = next_state(delivery.state, event, content=delivery.content_kind, ever_sent=delivery.ever_sent)
    if step.effect is not Effect.MOVES:
        raise Final("deliver.impossible", params={"state": delivery.state.value, "event": event.value})
    return step.state
