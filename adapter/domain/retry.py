"""When to try again; never gives up before the legal deadline.

wait(n) = min(cap, first * 2 ** (n - 1)) * (1 + jitter), jitter in [0, 0.2] and drawn by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_LONGEST_DOUBLING = 20
"""A million times the first wait: beyond it the cap has long won, and larger powers overflow a timedelta of days."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """The schedule between tries.

    first    wait after the first try that may have begun; loosening it delays every document
    cap      longest wait; loosening it risks that the last try before a deadline comes too late
    horizon  how long to go on when there is no legal deadline, or after it
    lead     how long before the deadline the last safe try stands: one send with its uploads must fit
    """

    first: timedelta = timedelta(seconds=4)
    cap: timedelta = timedelta(minutes=15)
    horizon: timedelta = timedelta(days=3)
    lead: timedelta = timedelta(minutes=10)


def wait_after(policy: RetryPolicy, attempt: int, jitter: float) -> timedelta:
    """How long to wait after try number `attempt` (from 1). Attempt 0 means that no try began: the first wait."""
    doublings = min(max(attempt - 1, 0), _LONGEST_DOUBLING)
    doubled: timedelta = policy.first * float(2**doublings)
    return min(policy.cap, doubled) * (1 + jitter)


def last_safe_try(policy: RetryPolicy, deadline: datetime) -> datetime:
    """The last moment at which a try can still end before `deadline`."""
    return deadline - policy.lead


def next_attempt(
    policy: RetryPolicy, *, attempt: int, now: datetime, created_at: datetime, deadline: datetime | None, jitter: float
) -> datetime | None:
    """When to try again; None when a person must take over.

    attempt counts POSTs that may have begun, from 1; a closed channel is not an attempt.
    Never None before `deadline`, and a try always stands at the last safe moment: a wait that would jump over it is
    shortened to it. The Rules know no refusal for lateness, so a late report is worth sending too: after the deadline
    the horizon decides, counted from the later of creation and deadline.
    """
    due = now + wait_after(policy, attempt, jitter)
    if deadline is None:
        return due if due <= created_at + policy.horizon else None
    safe = last_safe_try(policy, deadline)
    if now < safe < due:
        return safe
    if now < deadline:
        return due
    return due if due <= max(created_at, deadline) + policy.horizon else None
