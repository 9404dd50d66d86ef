"""What the loop costs when there is nothing to do, and what it does beside the work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapter.clock import ScenarioClock
from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.domain.breaker import Breaker, BreakerState
from adapter.errors import Final, Retryable
from adapter.settings import load_settings
from adapter.usecases.delivery_plan import CHANNEL
from adapter.worker import Observers, Worker
from tests.contract.samples import CONTAINER, delivery, entry

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ScenarioClock:
    return ScenarioClock(NOW, monotonic=lambda: 0.0)


@pytest.fixture
def node(stand: Stand, clock: ScenarioClock) -> Iterator[Node]:
    made = Node(load_settings(stand.nodes["KZ-MOF"], {}), clock=clock)
    made.store.blobs.put(CONTAINER)
    yield made
    made.close()


@pytest.fixture
def writes(node: Node, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each transaction that was begun for writing."""
    begun: list[str] = []
    plain = node.store.transaction

    def counted() -> Any:
        begun.append("written")
        return plain()

    monkeypatch.setattr(node.store, "transaction", counted)
    return begun


def test_an_idle_worker_begins_no_transaction_for_writing(node: Node, clock: ScenarioClock, writes: list[str]) -> None:
    worker = Worker(node)
    assert not worker.turn()
    writes.clear()
    for _ in range(5):
        clock.move(timedelta(seconds=1))
        assert not worker.turn()
    assert writes == []


def test_new_work_ends_the_idleness_with_the_next_turn(node: Node) -> None:
    worker = Worker(node)
    assert not worker.turn()
    assert not worker.turn()
    with node.store.transaction() as t:
        t.outbox.add(delivery(1, wake_at=NOW, created_at=NOW))
    assert worker.turn(), "nobody listens at the gateway, and a try that fails is work too"


@pytest.mark.parametrize(
    ("moves", "kept"),
    [((0.4, 0.4), 1), ((0.6, 0.6), 2), ((5, 5), 3)],
    ids=["within a second", "once in it", "each turn"],
)
def test_the_house_is_kept_at_start_and_then_at_most_once_a_second(
    node: Node, clock: ScenarioClock, moves: tuple[float, ...], kept: int
) -> None:
    seen: list[str] = []
    worker = Worker(node)
    worker._housekeeping = (lambda: seen.append("kept"),)
    worker.turn()
    for seconds in moves:
        clock.move(timedelta(seconds=seconds))
        worker.turn()
    assert len(seen) == kept


def test_a_clock_that_was_set_back_keeps_the_house_kept(node: Node) -> None:
    seen: list[str] = []
    worker = Worker(node)
    worker._housekeeping = (lambda: seen.append("kept"),)
    worker.turn()
    node.clock = ScenarioClock(NOW - timedelta(days=1), monotonic=lambda: 0.0)
    worker.turn()
    worker.turn()
    assert len(seen) == 2


@pytest.mark.parametrize("defect", [ZeroDivisionError(), Final("storage.invariant")], ids=["defect", "refused"])
def test_a_step_of_the_housekeeping_that_fails_keeps_neither_the_next_one_nor_any_document_waiting(
    node: Node, defect: Exception
) -> None:
    """One row that a step breaks on would otherwise end every turn at that step, for every document and message."""
    seen: list[str] = []

    def broken() -> None:
        raise defect

    with node.store.transaction() as t:
        t.outbox.add(delivery(1, wake_at=NOW, created_at=NOW))
    worker = Worker(node)
    worker._housekeeping = (broken, lambda: seen.append("kept"))
    assert worker.turn()
    assert seen == ["kept"]
    with node.store.snapshot() as t:
        assert t.outbox.get("delivery-0001").revision > 0, "it was taken"


def test_a_store_that_is_busy_ends_the_turn_at_once(node: Node) -> None:
    seen: list[str] = []

    def busy() -> None:
        raise Retryable("storage.busy")

    worker = Worker(node)
    worker._housekeeping = (busy, lambda: seen.append("kept"))
    with pytest.raises(Retryable):
        worker.turn()
    assert seen == []


def test_a_channel_that_stays_closed_is_told_to_whoever_observes(node: Node) -> None:
    with node.store.transaction() as t:
        shut = Breaker(
            channel=CHANNEL,
            state=BreakerState.OPEN,
            opened_at=NOW - timedelta(hours=1),
            probe_at=NOW + timedelta(minutes=1),
            reason="http.no-connection",
        )
        assert t.breakers.save(shut)
    told: list[tuple[str, str]] = []
    worker = Worker(node, observers=Observers(channel_alarmed=lambda one: told.append((one.code, one.reason))))
    worker.turn()
    worker.turn()
    assert told == [("watch.channel-closed", "http.no-connection")]


def test_a_run_that_ends_by_itself_tells_of_a_threshold_that_waited_for_the_messages_it_has_read(node: Node) -> None:
    """The clock stands still, so the house is kept once: at the start, before anything was read."""
    node.store.blobs.put(b"<raw/>")
    with node.store.transaction() as t:
        created = NOW - timedelta(days=10)
        row = delivery(1, created_at=created, deadline=NOW - timedelta(days=1), wake_at=NOW + timedelta(seconds=4))
        t.outbox.add(replace(row, warned=0, warn_at=created + timedelta(days=4)))
        t.journal.add(entry(1, received_at=NOW - timedelta(days=2), wake_at=NOW))
    told: list[str] = []
    worker = Worker(node, observers=Observers(alarmed=lambda one: told.append(one.code)))
    assert worker.run_until_idle() == 1, "the message"
    assert told == ["watch.non-delivery"]


@pytest.mark.parametrize("loop", [Worker.run, Worker.run_until_idle], ids=["run", "once"])
def test_leases_are_renewed_for_as_long_as_the_loop_runs(
    node: Node, loop: Callable[[Worker], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = threading.Event()
    node.plan = replace(node.plan, lease_for=timedelta(milliseconds=3))
    node.__dict__["renew_leases"] = renewed.set
    worker = Worker(node)

    def work() -> None:
        # The turn does not come back before a renewal: it would wait for ever without the thread.
        assert renewed.wait(30)
        worker.stop()

    worker._housekeeping = (work,)
    loop(worker)
    assert renewed.is_set()
    assert "lease renewal" not in {one.name for one in threading.enumerate()}
