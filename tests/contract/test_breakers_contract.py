"""adapter.ports.Breakers: what every implementation promises."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from adapter.domain.breaker import Breaker, BreakerState
from adapter.errors import Final
from tests.contract.samples import MINUTE, NOW

OPEN = Breaker(
    channel="gateway",
    state=BreakerState.OPEN,
    failures=2,
    opened_at=NOW,
    probe_at=NOW + MINUTE,
    probed="delivery-0001",
    reason="http.no-connection",
    told_at=NOW + MINUTE,
)
HALF_OPEN = replace(OPEN, state=BreakerState.HALF_OPEN, probe="lease", probe_until=NOW + 2 * MINUTE)
DRAINING = Breaker(channel="gateway", drain_left=7, drain_next_at=NOW, drain_until=NOW + MINUTE)


def get(store, channel="gateway"):
    with store.snapshot() as s:
        return s.breakers.get(channel)


def save(store, breaker):
    with store.transaction() as t:
        return t.breakers.save(breaker)


def test_a_channel_that_nobody_wrote_of_is_open(store):
    assert get(store) == Breaker(channel="gateway")


@pytest.mark.parametrize("breaker", [OPEN, HALF_OPEN, DRAINING], ids=["open", "half-open", "draining"])
def test_gives_back_what_was_saved_with_a_grown_revision(store, breaker):
    assert save(store, breaker)
    assert get(store) == replace(breaker, revision=1)
    assert save(store, replace(DRAINING, revision=1))
    assert get(store) == replace(DRAINING, revision=2)
    assert get(store, "another") == Breaker(channel="another")


def test_a_stale_revision_writes_nothing(store):
    assert save(store, OPEN)
    assert not save(store, DRAINING), "the first row is written once"
    assert not save(store, replace(DRAINING, revision=7))
    assert get(store) == replace(OPEN, revision=1)


@pytest.mark.parametrize(
    "broken",
    [
        replace(OPEN, probe_at=None),
        replace(OPEN, opened_at=None),
        replace(HALF_OPEN, probe=None),
        replace(HALF_OPEN, probe_until=None),
        replace(DRAINING, drain_left=-1),
    ],
    ids=["never probed", "open since never", "no probe", "endless probe", "negative"],
)
def test_refuses_a_breaker_that_nothing_would_ever_close(store, broken):
    with pytest.raises(Final) as refused:
        save(store, broken)
    assert refused.value.code == "storage.invariant"
    assert get(store) == Breaker(channel="gateway")


@pytest.mark.parametrize("standing", [None, OPEN], ids=["first row", "a row that stands"])
def test_of_many_who_take_the_one_probe_at_once_one_gets_it(store, standing):
    if standing is not None:
        save(store, standing)
    before, won, start = get(store), [], threading.Barrier(6)

    def take(worker):
        start.wait()
        if save(store, replace(HALF_OPEN, probe=str(worker), revision=before.revision)):
            won.append(str(worker))

    threads = [threading.Thread(target=take, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [get(store).probe]
