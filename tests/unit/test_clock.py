"""The only clock: what a scenario can do with it, and what nobody can."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapter.clock import ScenarioClock, SystemClock

START = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)


class Seconds:
    """A monotonic clock in the hand of a test."""

    def __init__(self) -> None:
        self.told = 1000.0

    def __call__(self) -> float:
        return self.told


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def clock(seconds):
    return ScenarioClock(START, monotonic=seconds)


def test_a_scenario_starts_at_its_instant_and_runs_at_real_speed(clock, seconds):
    assert clock.now() == START
    seconds.told += 61.5
    assert clock.now() == START + timedelta(seconds=61.5)


def test_a_scenario_moves_forward_and_runs_on_from_there(clock, seconds):
    seconds.told += 10
    assert clock.move(timedelta(days=30)) == START + timedelta(days=30, seconds=10)
    seconds.told += 5
    assert clock.now() == START + timedelta(days=30, seconds=15)
    assert clock.move_to(START + timedelta(days=40)) == START + timedelta(days=40)
    seconds.told += 1
    assert clock.now() == START + timedelta(days=40, seconds=1)


def test_a_scenario_never_moves_back(clock, seconds):
    seconds.told += 10
    with pytest.raises(ValueError, match="forward"):
        clock.move(timedelta(microseconds=-1))
    with pytest.raises(ValueError, match="forward"):
        clock.move_to(START + timedelta(seconds=9))
    assert clock.now() == START + timedelta(seconds=10)


def test_moving_by_nothing_changes_nothing(clock):
    assert clock.move(timedelta()) == START
    assert clock.move_to(START) == START


def test_a_step_of_the_system_clock_does_not_move_a_scenario(monkeypatch):
    clock = ScenarioClock(START)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert START <= clock.now() < START + timedelta(minutes=10)


def test_a_start_in_any_zone_is_told_in_utc(seconds):
    clock = ScenarioClock(datetime(2026, 1, 31, 14, 0, tzinfo=timezone(timedelta(hours=5))), monotonic=seconds)
    assert clock.now() == START
    assert clock.now().tzinfo is UTC


def test_an_instant_without_a_zone_is_refused(clock):
    with pytest.raises(ValueError, match="zone"):
        ScenarioClock(datetime(2026, 1, 31))
    with pytest.raises(ValueError, match="zone"):
        clock.move_to(datetime(2027, 1, 31))


def test_moves_made_by_threads_at_once_all_count(clock):
    threads = [
        threading.Thread(target=lambda: [clock.move(timedelta(seconds=1)) for _ in range(200)]) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == START + timedelta(seconds=1000)


def test_the_system_clock_tells_the_time_of_the_machine():
    before = datetime.fromtimestamp(time.time(), UTC)
    told = SystemClock().now()
    after = datetime.fromtimestamp(time.time(), UTC)
    assert before - timedelta(seconds=1) <= told <= after + timedelta(seconds=1)
