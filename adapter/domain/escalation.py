"""When a person is warned that a deadline comes near and there is no proof, and when non-delivery is stated.

    50, 80, 95 %    of the time from the submission to the legal deadline: one warning each
    100 %           the deadline itself: the node states what it has and what it lacks

Of several thresholds that went by unseen, because nothing ran, only the highest warns: nobody needs three of them at once.
What was submitted after its deadline is not escalated at all: its receipt says that it came late, and a statement about a
date that had passed before would say of the node what it could not have done.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final as Constant

WARNINGS: Constant = (50, 80, 95)
"""Percent of the time from submission to deadline."""
DONE: Constant = 100
"""The deadline, and what `Delivery.warned` says when nothing more is due."""


def instant_of(percent: int, *, created_at: datetime, deadline: datetime) -> datetime:
    """When `percent` of the time from `created_at` to `deadline` has gone."""
    return created_at + (deadline - created_at) * percent / DONE


def highest_due(warned: int, *, created_at: datetime, deadline: datetime, now: datetime) -> int | None:
    """The highest threshold above `warned` that has come by `now`; None while none has."""
    due = [
        percent
        for percent in (*WARNINGS, DONE)
        if percent > warned and instant_of(percent, created_at=created_at, deadline=deadline) <= now
    ]
    return max(due, default=None)


def next_warning(warned: int, *, created_at: datetime, deadline: datetime) -> datetime | None:
    """When the threshold after `warned` comes; None after the deadline's own."""
    later = [percent for percent in (*WARNINGS, DONE) if percent > warned]
    return instant_of(min(later), created_at=created_at, deadline=deadline) if later else None


def first_warning(*, created_at: datetime, deadline: datetime | None) -> tuple[int, datetime | None]:
    """`Delivery.warned` and `warn_at` of a new delivery; done at once without a deadline, or when it has passed."""
    if deadline is None or created_at >= deadline:
        return DONE, None
    return 0, next_warning(0, created_at=created_at, deadline=deadline)
