"""When to try again: the formula with worked numbers, and the deadline that nothing gives up before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.domain.retry import RetryPolicy, last_safe_try, next_attempt, wait_after

POLICY = RetryPolicy()
NOW = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

jitters = st.floats(0, 0.2)
spans = st.timedeltas(-40 * DAY, 40 * DAY)


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [
        (0, 0.0, 4),
        (1, 0.0, 4),
        (1, 0.2, 4.8),
        (2, 0.0, 8),
        (3, 0.1, 17.6),
        (4, 0.0, 32),
        (5, 0.0, 64),
        (6, 0.0, 128),
        (7, 0.0, 256),
        (8, 0.0, 512),
        (9, 0.0, 900),
        (9, 0.2, 1080),
        (10, 0.0, 900),
        (33, 0.0, 900),
        (34, 0.0, 900),
        (1_000_000_000, 0.2, 1080),
    ],
)
def test_the_wait_doubles_from_the_first_to_the_cap(attempt, jitter, seconds):
    assert wait_after(POLICY, attempt, jitter) == timedelta(seconds=seconds)


def test_the_first_retry_comes_within_five_seconds():
    assert wait_after(POLICY, 1, 0.2) <= 5 * SECOND


@given(st.integers(0, 10**12), jitters)
def test_a_wait_is_never_shorter_than_the_first_nor_longer_than_the_cap_and_its_spread(attempt, jitter):
    wait = wait_after(POLICY, attempt, jitter)
    assert POLICY.first <= wait <= POLICY.cap * 1.2


@given(st.integers(0, 100), jitters)
def test_a_later_attempt_never_waits_less(attempt, jitter):
    assert wait_after(POLICY, attempt, jitter) <= wait_after(POLICY, attempt + 1, jitter)


def test_a_first_wait_above_the_cap_is_the_cap():
    assert wait_after(RetryPolicy(first=2 * DAY, cap=DAY), 1, 0) == DAY


def test_a_schedule_of_days_does_not_overflow():
    assert wait_after(RetryPolicy(first=DAY, cap=30 * DAY), 1_000, 0) == 30 * DAY


# --- without a deadline ---------------------------------------------------------------------------------------------
def ask(*, attempt=1, now=NOW, created_at=NOW, deadline=None, jitter=0.0, policy=POLICY):
    return next_attempt(policy, attempt=attempt, now=now, created_at=created_at, deadline=deadline, jitter=jitter)


def test_without_a_deadline_the_schedule_ends_with_the_horizon():
    assert ask() == NOW + 4 * SECOND
    end = NOW + POLICY.horizon
    assert ask(now=end - 4 * SECOND) == end
    assert ask(now=end - 4 * SECOND + timedelta(microseconds=1)) is None


# --- with one -------------------------------------------------------------------------------------------------------
def test_the_last_safe_try_stands_a_lead_before_the_deadline():
    assert last_safe_try(POLICY, NOW) == NOW - 10 * MINUTE


def test_a_wait_that_would_jump_over_the_last_safe_moment_is_shortened_to_it():
    deadline = NOW + 20 * MINUTE
    assert ask(attempt=9, deadline=deadline) == deadline - POLICY.lead
    assert ask(attempt=1, deadline=deadline) == NOW + 4 * SECOND


def test_a_wait_that_ends_exactly_at_the_last_safe_moment_stays():
    assert ask(attempt=9, deadline=NOW + 25 * MINUTE) == NOW + 15 * MINUTE


def test_after_the_last_safe_moment_the_schedule_goes_on():
    deadline = NOW + 9 * MINUTE
    assert ask(attempt=9, deadline=deadline) == NOW + 15 * MINUTE
    assert ask(attempt=9, deadline=NOW + POLICY.lead) == NOW + 15 * MINUTE


def test_after_the_deadline_the_horizon_counts_from_the_later_of_creation_and_deadline():
    end = NOW + POLICY.horizon
    assert ask(now=end - 4 * SECOND, created_at=NOW - 90 * DAY, deadline=NOW) == end
    assert ask(now=end - 3 * SECOND, created_at=NOW - 90 * DAY, deadline=NOW) is None
    assert ask(now=end - 4 * SECOND, created_at=NOW, deadline=NOW - 90 * DAY) == end
    assert ask(now=end - 3 * SECOND, created_at=NOW, deadline=NOW - 90 * DAY) is None


@given(st.integers(0, 10**6), spans, st.timedeltas(timedelta(microseconds=1), 400 * DAY), jitters)
def test_nothing_is_given_up_before_the_deadline(attempt, age, left, jitter):
    due = ask(attempt=attempt, created_at=NOW - abs(age), deadline=NOW + left, jitter=jitter)
    safe = last_safe_try(POLICY, NOW + left)
    assert due is not None
    assert NOW < due <= (safe if safe > NOW else NOW + wait_after(POLICY, attempt, jitter))


@given(st.integers(0, 100), spans, st.none() | spans, jitters)
def test_the_next_try_lies_in_the_future_and_not_beyond_its_wait(attempt, age, left, jitter):
    due = ask(attempt=attempt, created_at=NOW - abs(age), deadline=None if left is None else NOW + left, jitter=jitter)
    assert due is None or NOW < due <= NOW + wait_after(POLICY, attempt, jitter)


@given(st.timedeltas(timedelta(), 20 * DAY), st.lists(jitters, min_size=1, max_size=20))
def test_a_campaign_of_failures_always_tries_at_the_last_safe_moment(left, drawn):
    """Every try fails at once; the tries follow each other to the deadline."""
    deadline = NOW + POLICY.lead + SECOND + left
    now, attempt, tried = NOW, 0, []
    while now < deadline:
        tried.append(now)
        attempt += 1
        following = ask(attempt=attempt, now=now, created_at=NOW, deadline=deadline, jitter=drawn[attempt % len(drawn)])
        assert following is not None
        now = following
    assert last_safe_try(POLICY, deadline) in tried


@given(st.timedeltas(timedelta(hours=1), 60 * DAY), st.data())
def test_with_the_defaults_and_any_outage_the_first_retry_is_soon_and_no_wait_longer_than_a_quarter_of_an_hour(
    left, data
):
    """Defaults to beat (reliability, section 6): first retry within 5 s, cap 15 min, never None before the deadline."""
    deadline, now, tried = NOW + left, NOW, [NOW]
    outage_ends = NOW + data.draw(st.timedeltas(timedelta(), left))
    for attempt in range(1, 8000):
        due = ask(attempt=attempt, now=now, deadline=deadline, jitter=data.draw(jitters) if attempt < 12 else 0.2)
        assert due is not None
        assert SECOND < due - now <= (5 * SECOND if attempt == 1 else 18 * MINUTE)
        now = due
        tried.append(due)
        if due >= outage_ends or due >= deadline:
            break
    assert now >= min(outage_ends, deadline)
    if outage_ends > last_safe_try(POLICY, deadline):
        assert last_safe_try(POLICY, deadline) in tried
