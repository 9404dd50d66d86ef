"""The breaker of a channel: when it opens, who probes, how the backlog comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.domain.breaker import (
    TRANSITIONS,
    Breaker,
    BreakerEvent,
    BreakerPolicy,
    BreakerState,
    PermitKind,
    after_failure,
    after_silence,
    after_success,
    permit,
)

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = BreakerPolicy()
CLOSED = Breaker(channel="gateway", revision=3)
S, E, K = BreakerState, BreakerEvent, PermitKind


def failed(breaker, *, now=NOW, lease="l", delivery_id="d", jitter=0.0, retry_after=None, policy=POLICY):
    return after_failure(
        policy,
        breaker,
        now=now,
        lease=lease,
        delivery_id=delivery_id,
        code="http.no-connection",
        retry_after=retry_after,
        jitter=jitter,
    )


def allowed(breaker, now, lease="l", jitter=0.0):
    return permit(POLICY, breaker, now=now, lease=lease, jitter=jitter)


def opened(breaker=CLOSED, **changes):
    for _ in range(POLICY.failures):
        breaker = failed(breaker, **changes)
    return breaker


def probing(breaker, now):
    taken = allowed(breaker, now, "probe")
    assert taken.kind is K.PROBE
    return taken.breaker


def test_the_table_has_every_state_and_every_event():
    assert {state for state, _ in TRANSITIONS} | set(TRANSITIONS.values()) == set(S)
    assert {event for _, event in TRANSITIONS} == set(E)
    assert {target for (state, event), target in TRANSITIONS.items() if event is E.SUCCEEDED} == {S.CLOSED}


def test_a_channel_that_carries_costs_no_write():
    told = allowed(CLOSED, NOW)
    assert told.kind is K.FREE
    assert told.breaker is CLOSED
    assert after_success(POLICY, CLOSED, now=NOW, backlog=0) is CLOSED
    assert after_silence(CLOSED, now=NOW, lease="l") is CLOSED


def test_it_opens_with_the_fifth_failure_in_a_row_and_not_before():
    breaker = CLOSED
    for count in range(1, POLICY.failures):
        breaker = failed(breaker)
        assert (breaker.state, breaker.failures, allowed(breaker, NOW).kind) == (S.CLOSED, count, K.FREE)
    breaker = failed(breaker)
    assert (breaker.state, breaker.opened_at, breaker.probe_at) == (S.OPEN, NOW, NOW + 5 * SECOND)
    assert (breaker.reason, breaker.revision) == ("http.no-connection", CLOSED.revision)


def test_one_success_between_begins_the_count_anew():
    breaker = CLOSED
    for _ in range(POLICY.failures - 1):
        breaker = failed(breaker)
    breaker = after_success(POLICY, breaker, now=NOW, backlog=9)
    assert breaker == CLOSED
    assert failed(breaker).state is S.CLOSED


def test_nothing_is_taken_while_it_is_open_and_it_says_when_to_ask_again():
    breaker = opened()
    told = allowed(breaker, NOW + 5 * SECOND - timedelta(microseconds=1))
    assert (told.kind, told.again_at, told.breaker) == (K.NONE, NOW + 5 * SECOND, breaker)


def test_when_the_time_has_come_one_probe_is_taken_and_no_second():
    taken = probing(opened(), NOW + 5 * SECOND)
    assert (taken.state, taken.probe, taken.probe_until) == (S.HALF_OPEN, "probe", NOW + 125 * SECOND)
    assert allowed(taken, NOW + 6 * SECOND, "other").kind is K.NONE


def test_a_probe_whose_worker_is_dead_is_followed_by_another():
    taken = probing(opened(), NOW + 5 * SECOND)
    again = allowed(taken, NOW + 125 * SECOND, "other")
    assert (again.kind, again.breaker.probe) == (K.PROBE, "other")
    assert failed(again.breaker, lease="probe") == again.breaker, "the word of the one before counts for nothing"


def test_a_probe_that_fails_opens_it_longer_each_time_up_to_the_cap():
    breaker, now, waits = opened(), NOW, []
    for _ in range(7):
        now = breaker.probe_at
        breaker = failed(probing(breaker, now), now=now, lease="probe", delivery_id="d-7")
        waits.append((breaker.probe_at - now).total_seconds())
    assert waits == [10, 20, 40, 60, 60, 60, 60]
    assert (breaker.opened_at, breaker.probed, breaker.state) == (NOW, "d-7", S.OPEN)


@given(st.floats(0, 0.2), st.integers(0, 2000), st.timedeltas(timedelta(), timedelta(days=9)))
def test_no_wait_is_longer_than_the_cap_whatever_is_asked_for(jitter, probes, asked):
    half_open = replace(probing(opened(), NOW + 5 * SECOND), failures=probes)
    breaker = failed(half_open, lease="probe", jitter=jitter, retry_after=asked)
    assert NOW < breaker.probe_at <= NOW + POLICY.longest_wait


def test_a_failure_that_was_under_way_when_it_opened_changes_nothing():
    breaker = opened()
    assert failed(breaker, now=NOW + SECOND) is breaker
    taken = probing(breaker, NOW + 5 * SECOND)
    assert failed(taken, lease="somebody else") is taken


def test_a_probe_that_never_asked_the_channel_lets_the_next_one_go_at_once():
    taken = probing(opened(), NOW + 5 * SECOND)
    untold = after_silence(taken, now=NOW + 9 * SECOND, lease="probe")
    assert (untold.state, untold.probe, untold.failures) == (S.OPEN, None, 0)
    assert allowed(untold, NOW + 9 * SECOND).kind is K.PROBE
    assert after_silence(taken, now=NOW + 9 * SECOND, lease="somebody else") is taken


@pytest.mark.parametrize("half_open", [False, True])
def test_a_success_closes_it_and_the_backlog_flows_at_the_limited_rate_until_it_is_through(half_open):
    breaker = probing(opened(), NOW + 5 * SECOND) if half_open else opened()
    now = NOW + 6 * SECOND
    breaker = after_success(POLICY, breaker, now=now, backlog=40)
    assert (breaker.state, breaker.opened_at, breaker.told_at, breaker.failures) == (S.CLOSED, None, None, 0)
    taken = 0
    while (told := allowed(breaker, now)).kind is not K.FREE:
        if told.kind is K.NONE:
            now = told.again_at
            continue
        assert told.kind is K.DRAIN
        taken, breaker = taken + 1, told.breaker
    assert taken == 40
    assert now == NOW + 6 * SECOND + timedelta(seconds=39 / 20)


def test_the_limit_ends_though_the_backlog_has_shrunk_by_itself():
    breaker = after_success(POLICY, opened(), now=NOW, backlog=20)
    assert allowed(breaker, NOW + timedelta(seconds=61)).kind is K.DRAIN
    assert allowed(breaker, NOW + timedelta(seconds=62)).kind is K.FREE


@given(st.lists(st.tuples(st.sampled_from(["ok", "bad", "mute", "ask"]), st.integers(0, 200)), max_size=60))
def test_whatever_happens_it_can_close_again_and_never_lets_two_probes_run(story):
    breaker, now, probes = CLOSED, NOW, []
    for number, (what, seconds) in enumerate(story):
        now += seconds * SECOND
        lease = breaker.probe or "x"
        if what == "ok":
            breaker = after_success(POLICY, breaker, now=now, backlog=number)
        elif what == "bad":
            breaker = failed(breaker, now=now, lease=lease)
        elif what == "mute":
            breaker = after_silence(breaker, now=now, lease=lease)
        else:
            told = allowed(breaker, now, str(number))
            if told.kind is K.PROBE:
                if breaker.state is S.HALF_OPEN:
                    assert now >= breaker.probe_until
                probes.append(number)
            breaker = told.breaker
        if breaker.state is not S.CLOSED:
            assert None not in (breaker.opened_at, breaker.probe_at)
            due = breaker.probe_until if breaker.state is S.HALF_OPEN else breaker.probe_at
            assert due <= now + POLICY.probe_within
            assert allowed(breaker, due).kind is K.PROBE
    assert after_success(POLICY, breaker, now=now, backlog=0).state is S.CLOSED


def test_every_pair_of_state_and_event_is_either_in_the_table_or_impossible_by_construction():
    missing = set(product(S, E)) - set(TRANSITIONS)
    assert missing == {
        (S.CLOSED, E.PROBE_TAKEN),
        (S.CLOSED, E.PROBE_FAILED),
        (S.CLOSED, E.PROBE_UNTOLD),
        (S.OPEN, E.FAILED_TOO_OFTEN),
        (S.OPEN, E.PROBE_FAILED),
        (S.OPEN, E.PROBE_UNTOLD),
        (S.HALF_OPEN, E.FAILED_TOO_OFTEN),
    }


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=1)], ids=str)
def test_what_a_clock_that_was_ahead_has_written_closes_nothing(ahead):
    wrong = NOW + ahead
    assert allowed(opened(now=wrong), NOW).kind is K.PROBE
    assert allowed(probing(opened(now=wrong), wrong + POLICY.longest_wait), NOW).kind is K.PROBE
    closed_again = after_success(POLICY, probing(opened(now=wrong), wrong + POLICY.longest_wait), now=wrong, backlog=9)
    assert allowed(closed_again, NOW).kind is K.DRAIN


def test_the_longest_wait_there_is_is_waited_for():
    late = replace(opened(), probe_at=NOW + POLICY.longest_wait)
    assert allowed(late, NOW).kind is K.NONE
