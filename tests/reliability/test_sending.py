"""Faults while a document is being sent: kills, two workers, answers that do not come, outages, poison."""

from __future__ import annotations

import itertools
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.domain.audit_event import first_break
from adapter.domain.delivery import AttemptOutcome, DeliveryState
from adapter.domain.receipt import MessageVerdict
from adapter.errors import Final, Retryable
from adapter.ports import Accepted, Prepared
from tests.reliability.line import Failing, Line, Paused, delivering

ROOT = Path(__file__).resolve().parents[2]
S, A = DeliveryState, AttemptOutcome
SILENCE = {"ELSHI_HTTP__READ_WITHIN_SECONDS": "1", "ELSHI_HTTP__TOTAL_WITHIN_SECONDS": "30"}

KILLED_AFTER_THE_POST = """
import os, signal, sys
from pathlib import Path
from adapter.composition import Node
from adapter.settings import load_settings
from tests.reliability.line import delivering

node = Node(load_settings(Path(sys.argv[1]), {"ELSHI_STORAGE__URL": sys.argv[2]}))
delivering(node, after=lambda: os.kill(os.getpid(), signal.SIGKILL))()
"""


def test_fault_02_a_worker_killed_after_the_exchange_took_the_document_sends_nothing_twice(
    line: Line, home: Any
) -> None:
    """The peer has accepted, we have not recorded it: the package comes back as uncertain, nothing sends it again by
    itself, and the notice settles it.
    """
    line.notices_wait()
    (queued,) = line.queue()
    url = line.mof.settings.storage.url
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_THE_POST, str(home.nodes["KZ-MOF"]), url],
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert (line.state(queued), line.taken(queued)) == (S.SENDING, 1)
    line.clock.move(line.mof.plan.lease_for + timedelta(seconds=30))
    line.work()
    assert line.state(queued) is S.UNCERTAIN
    assert [one.outcome for one in line.attempts(queued)] == [A.LEASE_EXPIRED]
    line.notices_come()
    assert (line.state(queued), line.taken(queued), len(line.attempts(queued))) == (S.REGISTERED, 1, 1)


def test_fault_03_what_is_in_the_outbox_is_in_the_queue_and_a_dead_claim_is_due_again_at_its_leases_end(
    line: Line,
) -> None:
    """Row and queue are one row. A kill inside its transaction leaves neither bytes promised nor half a row; a kill
    after a claim leaves it due when the lease ends, not later.
    """
    (offered,) = line.queue()
    lost = replace(offered, id="lost", key=f"{offered.key}-lost")
    with pytest.raises(KeyboardInterrupt), Failing(line.mof.store, [KeyboardInterrupt()]).transaction() as transaction:
        transaction.outbox.add(lost)
    with line.mof.store.transaction() as transaction:
        assert transaction.outbox.get("lost") is None
        claimed = transaction.outbox.claim(
            now=line.clock.now(), lease="of a worker that died", lease_for=line.mof.plan.lease_for
        )
    assert claimed is not None
    line.clock.move(line.mof.plan.lease_for - timedelta(seconds=1))
    assert line.mof.recover() == ()
    line.clock.move(timedelta(seconds=1))
    assert [one.id for one in line.mof.recover()] == [offered.id]
    line.settle()
    assert (line.state(offered), line.taken(offered)) == (S.REGISTERED, 1)


def test_fault_04_a_node_that_starts_takes_nothing_from_one_that_is_sending(line: Line) -> None:
    """A restarted node recovers only leases that have ended; what a living node has in hand is sent once, by it."""
    (dead,) = line.queue(addressee="KZ-MLSP")
    with line.mof.store.transaction() as transaction:
        assert transaction.outbox.claim(now=line.clock.now(), lease="dead", lease_for=timedelta(seconds=1))
    (living,) = line.queue()
    worker = Paused(line.mof)
    line.clock.move(timedelta(seconds=1))
    other = line.start_node(url=line.mof.settings.storage.url, clock=line.clock)
    assert [one.id for one in other.recover()] == [dead.id]
    assert (line.state(dead), line.state(living)) == (S.QUEUED, S.SENDING)
    told = other.deliver()
    assert told is not None
    assert (told.before.id, other.deliver()) == (dead.id, None)
    worker.go()
    line.settle()
    assert [line.taken(one) for one in (dead, living)] == [1, 1]
    assert [len(line.attempts(one)) for one in (dead, living)] == [1, 1]


def test_fault_05_two_workers_on_one_row_are_one_claim_one_attempt_and_one_message(line: Line) -> None:
    """Whoever claims is decided by the database in one statement; the other sees nothing to do."""
    others = [line.start_node(url=line.mof.settings.storage.url, clock=line.clock) for _ in range(2)]
    workers = (line.mof, *others)
    for _ in range(4):
        (queued,) = line.queue()
        together, told = threading.Barrier(len(workers)), []

        def run(node: Any, together: Any = together, told: Any = told) -> None:
            together.wait(20)
            told.append(node.deliver())

        threads = [threading.Thread(target=run, args=(node,)) for node in workers]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert Counter(one is None for one in told) == {True: len(workers) - 1, False: 1}
        assert (line.taken(queued), len(line.attempts(queued))) == (1, 1)


class Exchange:
    """Takes everything but what it is told not to; for more documents than a real exchange can take in a test."""

    def __init__(self, bad: set[str], defective: set[str]) -> None:
        self.bad, self.defective = bad, defective
        self.sent: list[str] = []

    def prepare(self, content: Any, *, message_id: str, files: Any, at: Any) -> Prepared:
        if content.document_id in self.defective:
            raise ZeroDivisionError
        if content.document_id in self.bad:
            raise Final("exchange.too-large", params={"text": "no file store takes this"})
        return Prepared(message=message_id.encode(), message_id=message_id, files_expire_at=None)

    def send(self, message: bytes, *, at: Any, leave_within: Any = None) -> Accepted:
        self.sent.append(message.decode())
        return Accepted(answer=b"taken " + message, verdict=MessageVerdict.VERIFIED, code="SCSS001", text="")


def test_fault_13_poison_among_many_is_set_aside_with_its_reason_and_the_rest_goes(line: Line) -> None:
    """One that the exchange can never take, and one that our own program breaks on, keep up nobody: every other
    document goes in the first round, in the poison's lane too, and the two wait for a person with a reason.
    """
    rows = [row for body in ("KZ-MFA", "KZ-MLSP") for row in line.queue(30, addressee=body)]
    bad, defective = rows[0], rows[45]
    exchange = Exchange({bad.document_id}, {defective.document_id})
    deliver = replace(line.mof.deliver, channel=exchange)
    turns = 0
    while deliver() is not None:
        turns += 1
    assert turns == len(rows)
    assert len(set(exchange.sent)) == len(exchange.sent) == len(rows) - 2
    with line.mof.store.transaction() as transaction:
        states = Counter(row.state for row in transaction.outbox.listed())
        assert first_break(transaction.audit.events()) is None
    assert states == {S.SENT: len(rows) - 2, S.ABANDONED: 2}
    assert (line.row(bad).reason, line.row(bad).reason_text) == ("exchange.too-large", "no file store takes this")
    assert line.row(defective).reason == "deliver.defect"


@pytest.mark.parametrize("fault", ["soap-fault-listed", "http-503", "connection-refused"])
def test_fault_14_a_refusal_stops_at_once_and_an_outage_goes_on_by_the_schedule(line: Line, fault: str) -> None:
    """A fault that names a cause in the request is final at the first try. A gateway that cannot be had, or says try
    later, costs nothing but time: same bytes, by the schedule, until it takes them.
    """
    if fault == "connection-refused":
        line.serving.close_gateway()
    else:
        line.fault(fault, operation="docOutgoing", count=2)
    (queued,) = line.queue()
    line.mof.deliver()
    first = line.row(queued)
    if fault == "soap-fault-listed":
        assert (first.state, first.wake_at, first.reason) == (S.REFUSED, None, "exchange.refused")
        line.clock.move(timedelta(days=2))
        assert (line.mof.deliver(), line.taken(queued), len(line.attempts(queued))) == (None, 0, 1)
        return
    assert first.state is S.QUEUED
    assert first.wake_at is not None
    assert line.clock.now() < first.wake_at <= line.clock.now() + timedelta(seconds=5)
    assert line.mof.deliver() is None, "not before its time"
    line.clock.move_to(first.wake_at)
    line.mof.deliver()
    line.serving.open_gateway()
    line.clock.move(timedelta(minutes=1))
    line.settle()
    assert (line.state(queued), line.taken(queued)) == (S.REGISTERED, 1)
    assert len({one.message for one in line.attempts(queued)}) == 1


def test_fault_15_headers_and_then_silence_end_at_the_time_limit_and_the_worker_goes_on(
    new_line: Callable[..., Line],
) -> None:
    """The limit on silence ends the call; the outcome is unknown, nothing is repeated, the next document goes."""
    line = new_line(**SILENCE)
    line.notices_wait()
    line.fault("hang-after-headers", operation="docOutgoing", seconds=20.0)
    (queued,) = line.queue()
    told = line.mof.deliver()
    assert told is not None
    assert told.error is not None
    # Not that the other side hung up, as it does in the end: that we did.
    assert (told.before.id, told.error.params["cause"]) == (queued.id, "TimeoutError")
    hung = line.row(queued)
    (attempt,) = line.attempts(hung)
    assert (hung.state, attempt.outcome) == (S.UNCERTAIN, A.UNKNOWN)
    assert line.send().state is S.SENT
    line.notices_come()
    assert (line.state(hung), line.taken(hung), len(line.attempts(hung))) == (S.REGISTERED, 1, 1)


def test_fault_16_a_proxys_page_is_an_outage_is_kept_and_can_be_read(line: Line) -> None:
    """502 with HTML says that the cause lies outside: the page is kept byte for byte, a person reads its words without
    tags, and the same bytes go again.
    """
    line.fault("http-502-html", operation="docOutgoing")
    (queued,) = line.queue()
    line.mof.deliver()
    (attempt,) = line.attempts(queued)
    assert (line.state(queued), attempt.outcome, attempt.code) == (S.QUEUED, A.CHANNEL_CLOSED, "HTTP 502")
    assert attempt.text == "502 502 sandbox proxy"
    assert line.mof.store.blobs.read(attempt.answer).startswith(b"<html>")
    line.clock.move(timedelta(minutes=1))
    line.settle()
    assert (line.state(queued), line.taken(queued)) == (S.REGISTERED, 1)
    assert len({one.message for one in line.attempts(queued)}) == 1


def test_fault_28_a_database_that_goes_away_while_the_document_is_on_its_way_loses_and_doubles_nothing(
    new_line: Callable[..., Line], request: pytest.FixtureRequest
) -> None:
    """PostgreSQL crashes and recovers, SQLite is held by somebody else, between the mark and the record. The row stands
    as "may have left", becomes uncertain when the lease ends, and the notice settles it.
    """
    line = new_line(ELSHI_STORAGE__BUSY_TIMEOUT_SECONDS="1")
    line.notices_wait()
    (queued,) = line.queue()
    url = line.mof.settings.storage.url
    holding: list[Any] = []

    def go_away() -> None:
        if line.engine.name == "postgresql":
            request.getfixturevalue("postgresql").crash()
        else:
            holding.append(held(url))

    told = _delivered(line, go_away)
    for one in holding:
        one.rollback()
        one.close()
    assert line.taken(queued) == 1
    if told is None:
        # The record was lost with the connection: from here on it is the killed worker's story.
        assert line.state(queued) is S.SENDING
        line.clock.move(line.mof.plan.lease_for)
        line.work()
        assert line.state(queued) is S.UNCERTAIN
    line.notices_come()
    assert (line.state(queued), line.taken(queued), len(line.attempts(queued))) == (S.REGISTERED, 1, 1)


def _delivered(line: Line, between: Callable[[], None]) -> object:
    """What deliver told; None when the store was not to be had."""
    try:
        return delivering(line.mof, after=between)()
    except Retryable:
        return None


def held(url: str) -> sqlite3.Connection:
    """A connection of somebody else that holds the whole database."""
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)
    other.execute("BEGIN IMMEDIATE")
    return other


class Jumping:
    """A machine's clock that an administrator, or a battery, sets a day off."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@pytest.mark.parametrize("days", [1, -1])
def test_fault_29_a_clock_that_jumps_a_day_loses_doubles_and_reorders_nothing(
    new_line: Callable[..., Line], days: int
) -> None:
    """A jump while a document is being sent and another one waits for its next try. Forward, a live lease looks ended:
    the answer that comes all the same is kept, and nothing is sent again. Back, the same. The trail keeps its order by
    number and shows the jump in its times.
    """
    clock = Jumping(datetime.now(UTC).replace(microsecond=0) - timedelta(days=1, minutes=5))
    line = new_line(clock=clock)
    line.notices_wait()
    line.fault("http-503", operation="docOutgoing", addressee="KZ-MLSP")
    (waiting,) = line.queue(addressee="KZ-MLSP")
    line.mof.deliver()
    (sending,) = line.queue()
    worker = Paused(line.mof)
    clock.move(timedelta(days=days))
    line.mof.recover()
    worker.go()
    assert line.state(sending) is (S.UNCERTAIN if days > 0 else S.SENT), "what has moved meanwhile is not written over"
    assert [one.outcome for one in line.attempts(sending)] == [A.ACCEPTED]
    assert line.taken(sending) == 1
    line.notices_come()
    assert (line.state(sending), len(line.attempts(sending))) == (S.REGISTERED, 1)
    # By its own wake-up at the latest: forward it is due at once, back when the clock has come so far again.
    wake_at = line.row(waiting).wake_at
    clock.at = max(clock.at, wake_at or clock.at)
    line.settle()
    assert (line.state(waiting), line.taken(waiting)) == (S.REGISTERED, 1)
    with line.mof.store.transaction() as transaction:
        events = transaction.audit.events()
    assert first_break(events) is None
    assert [one.sequence for one in events] == list(range(1, len(events) + 1))
    steps = [later.event.at - former.event.at for former, later in itertools.pairwise(events)]
    assert any(abs(one) > timedelta(hours=12) for one in steps), "the jump can be seen"
