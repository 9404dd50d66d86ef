"""Faults that last: a channel that is closed for hours, a receiver that is down for a day, the backlog afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from adapter.composition.watching import notify_of
from adapter.domain.breaker import Breaker, BreakerState
from adapter.domain.delivery import AttemptOutcome, Delivery, DeliveryState
from adapter.errors import Retryable
from adapter.http_client import HttpClient
from adapter.ports import Accepted, Prepared
from adapter.usecases.delivery_plan import CHANNEL
from tests.reliability.line import Line
from tests.reliability.test_keeping import copies
from tests.reliability.test_sending import Exchange
from tests.stands import free_ports

S, A = DeliveryState, AttemptOutcome


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between the tries of one call belong to no scenario; here they would be waited for in earnest."""
    monkeypatch.setattr(HttpClient.__init__, "__kwdefaults__", {"sleep": lambda _: None})


def breaker(line: Line) -> Breaker:
    with line.mof.store.snapshot() as snapshot:
        return snapshot.breakers.get(CHANNEL)


def due(line: Line, days: int) -> Delivery:
    """A document with a legal date in so many days, a second younger than what was queued before."""
    line.clock.move(timedelta(seconds=1))
    at = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
    (queued,) = line.queue(deadline=at, warned=100)
    return queued


@pytest.mark.usefixtures("without_pauses")
def test_fault_37_a_channel_closed_for_six_hours_costs_no_attempt_and_the_first_to_ask_is_the_most_urgent_and_oldest(
    new_line: Callable[..., Line],
) -> None:
    """Nobody answers at the gateway from noon to evening, and then a proxy answers for it. No document pays with an attempt, one at a time asks whether it
    is over: the nearest legal date first, of those the oldest, and in turn with another one, for the one that failed may
    be the cause. Afterwards every document goes at its first attempt.
    """
    line = new_line(ELSHI_DELIVERY__BREAKER_FAILURES="2")
    line.serving.close_gateway()
    early = line.queue(2)
    while breaker(line).lets_through:
        assert line.mof.deliver() is not None
    assert line.mof.deliver() is None, "while it is closed nothing is taken"
    far = due(line, 90)
    oldest, second, third = (due(line, 60) for _ in range(3))
    line.clock.move(timedelta(minutes=1))
    probed = []
    for number in range(12):
        if number == 10:
            line.serving.open_gateway()
            line.fault("http-503", operation="docOutgoing", count=2)
        told = line.mof.deliver()
        assert told is not None
        assert line.mof.deliver() is None, "one probe and no more"
        probed.append(told.before.id)
        line.clock.move(timedelta(minutes=30))
    # The oldest comes again before the third, though since it was asked it wakes up later.
    assert probed == [oldest.id, second.id] * 6
    rows = [*early, far, oldest, second, third]
    assert {(row.state, row.attempts) for row in map(line.row, rows)} == {(S.QUEUED, 0)}
    tries = {row.id: [one.outcome for one in line.attempts(row)] for row in rows}
    assert tries == {row.id: [A.CHANNEL_CLOSED] if row.id in {oldest.id, second.id} else [] for row in rows}
    told = line.mof.deliver()
    assert told is not None
    assert (told.before.id, told.error, breaker(line).state) == (oldest.id, None, BreakerState.CLOSED)
    for _ in rows[1:]:
        line.clock.move(timedelta(seconds=61))
        assert line.mof.deliver() is not None
    line.settle()
    assert {(row.state, row.attempts) for row in map(line.row, rows)} == {(S.REGISTERED, 1)}
    assert {line.taken(row) for row in rows} == {1}


# --- who is told ------------------------------------------------------------------------------------------------------
@dataclass
class Hook:
    """A receiver of the ministry's, on a port that is its own also while nobody listens there."""

    port: int = field(default_factory=lambda: free_ports(1)[0])
    answers: list[int] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    _server: HTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def events(self) -> list[tuple[int, str]]:
        """What it has taken: sequence and digest, in the order of arrival."""
        return [(one["sequence"], one["digest"]) for told in self.heard for one in told["events"]]

    def open(self) -> None:
        hook = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = hook.answers.pop(0) if hook.answers else 204
                if status == 204:
                    hook.heard.append(told)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", self.port), Answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


@pytest.mark.usefixtures("without_pauses")
def test_fault_39_a_receiver_that_is_down_for_a_day_misses_nothing_in_the_feed_and_the_webhook_catches_up_in_order(
    new_line: Callable[..., Line], hook: Hook
) -> None:
    """The ministry's own system is gone from one day to the next. Documents go meanwhile, the feed has every event in
    order, a person is told of the silence once, and the webhook tells all of it in order and once when somebody listens
    again: also when his first answers are errors.
    """
    line = new_line(
        ELSHI_ALARMS__WEBHOOK_URL=hook.url,
        ELSHI_ALARMS__WEBHOOK_SECRET="secret-of-the-hook-0123456789",
        ELSHI_ALARMS__WEBHOOK_EVENTS="all",
    )
    tell = notify_of(line.mof)
    hook.open()
    tell()
    line.send()
    line.settle()
    tell()
    before = hook.events()
    hook.close()
    deliver = replace(line.mof.deliver, channel=Exchange(set(), set()))
    for _ in range(24):
        line.queue(5)
        while deliver() is not None:
            pass
        line.clock.move(timedelta(hours=1))
        tell()
    assert hook.events() == before == in_feed(line)[: len(before)] != []
    actions = line.told()
    assert actions.count("delivery.sent") == 24 * 5 + 1
    assert actions.count("watch.receiver-silent") == 1
    hook.answers += [503, 500]
    hook.open()
    for _ in range(3):
        line.clock.move(timedelta(minutes=18))
        tell()
    assert hook.events() == in_feed(line)
    assert [sequence for sequence, _ in in_feed(line)] == list(range(1, len(actions) + 1))


def in_feed(line: Line) -> list[tuple[int, str]]:
    """Every event as the ministry's own systems read them, by small pages: sequence and digest."""
    found: list[tuple[int, str]] = []
    while page := line.ask("GET", f"/events?after={len(found)}&limit=50").json()["events"]:
        found += [(one["sequence"], one["digest"]) for one in page]
    return found


# --- the backlog ------------------------------------------------------------------------------------------------------
class Closed(Exchange):
    """The stand-in of an exchange that is shut until it is told otherwise."""

    is_open = False

    def prepare(self, content: Any, **named: Any) -> Prepared:
        if not self.is_open:
            raise Retryable("http.no-connection", params={"host": "gateway"}, channel_closed=True)
        return super().prepare(content, **named)

    def send(self, message: bytes, *, at: Any, leave_within: Any = None) -> Accepted:
        return super().send(message, at=at, leave_within=leave_within)


FOLLOWED = 120
"""Of the backlog; each costs the database three commits, so all of it would take a minute on each engine."""


def test_fault_40_a_backlog_of_10000_after_an_outage_drains_at_the_stated_rate_and_nearest_legal_date_first(
    line: Line,
) -> None:
    """The exchange comes back to a backlog of ten thousand, at two nodes on one store. It gets no more of it in any second
    than was promised, and not much less; the nearest legal date goes first, whatever was queued first.
    """
    line.queue()
    first_day = line.clock.now() + timedelta(days=30)
    copies(line, 9_999, addressee="'KZ-' || (n % 7)", deadline=_deadline_of(line, first_day), warned="100")
    exchange = Closed(set(), set())
    other = line.start_node(url=line.mof.settings.storage.url, clock=line.clock)
    workers = [replace(node.deliver, channel=exchange) for node in (line.mof, other)]
    while breaker(line).lets_through:
        assert workers[0]() is not None
    line.clock.move(timedelta(hours=6))
    exchange.is_open = True
    probe = workers[0]()
    assert probe is not None
    assert breaker(line).drain_left == 9_999
    taken: list[Delivery] = [probe.before]
    began, waits = line.clock.now(), 0
    while len(taken) < FOLLOWED:
        told = [one.before for one in (worker() for worker in workers) if one is not None]
        assert len(told) <= 1, "two nodes share one rate"
        taken += told
        again_at = line.mof.look().again_at
        if not told:
            assert again_at is not None
            line.clock.move_to(again_at)
            waits += 1
    assert waits > FOLLOWED / 2, "it was the rate that was waited for"
    rate = line.mof.plan.breaker.drain_per_second
    at = [one.changed_at for one in taken]
    assert min(later - former for former, later in zip(at, at[rate:], strict=False)) >= timedelta(seconds=1)
    assert line.clock.now() - began < timedelta(seconds=FOLLOWED / rate * 1.3)
    dates = [one.deadline for one in taken]
    assert dates == sorted(first_day + timedelta(days=n * 37 % 200) for n in range(1, 10_000))[:FOLLOWED]
    assert {line.state(one) for one in taken} == {S.SENT}
    assert breaker(line).drain_left == 10_000 - FOLLOWED


def _deadline_of(line: Line, first_day: datetime) -> str:
    """Two hundred legal dates, fifty rows each, in another order than the rows."""
    if line.engine.name == "postgresql":
        return f"CAST('{first_day.isoformat()}' AS timestamptz) + (n * 37 % 200) * interval '1 day'"
    stamp = first_day.strftime("%Y-%m-%d %H:%M:%S")
    rest = first_day.strftime(".%fZ")
    return f"strftime('%Y-%m-%dT%H:%M:%S', '{stamp}', '+' || (n * 37 % 200) || ' days') || '{rest}'"
