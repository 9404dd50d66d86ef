"""adapter.ports.Clock and Identifiers: what every clock and every maker of identifiers promises."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from adapter.clock import ScenarioClock, SystemClock, SystemIdentifiers
from tests.contract.samples import NOW


@pytest.fixture(params=[SystemClock, lambda: ScenarioClock(NOW)], ids=["system", "scenario"])
def clock(request):
    return request.param()


def test_tells_an_aware_instant_in_utc(clock):
    assert clock.now().tzinfo is UTC
    assert clock.now().utcoffset() == timedelta()


def test_never_tells_an_earlier_instant_than_before(clock):
    told = [clock.now() for _ in range(100)]
    assert told == sorted(told)


@pytest.fixture(params=[SystemIdentifiers], ids=["system"])
def identifiers(request):
    return request.param()


def test_identifiers_are_random_uuids_that_do_not_repeat(identifiers):
    made = [identifiers.new() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert {one.version for one in made} == {4}


def test_jitter_lies_between_nothing_and_a_fifth_and_spreads(identifiers):
    drawn = [identifiers.jitter() for _ in range(1000)]
    assert all(0 <= one <= 0.2 for one in drawn)
    assert len(set(drawn)) > 900
