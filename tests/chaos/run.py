"""One run: the supervisor that starts again what has ended, the hand that does what the plan says, the person who decides.

The loop waits for the ends of processes and looks at the books once a second; nothing is polled busily. Injections come
with the progress of the work (documents proved, or time where nothing moves), so a slow machine has as many of them.
"""

from __future__ import annotations

import heapq
import itertools
import os
import queue
import signal
import sqlite3
import time
import urllib.error
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from adapter.composition.stand import Stand
from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.incoming import JournalState
from adapter.domain.outgoing import OutgoingDocument
from adapter.errors import ElshiError
from tests.chaos.books import Exchange, Violation, compare
from tests.chaos.plan import KILLS, POINTS, Injection, injections, person_asks_first
from tests.chaos.stand import REGISTRAR, Seat, Shape, World, build
from tests.chaos.submissions import Submissions

GRACE = timedelta(seconds=30)
"""How long after its wake-up an open row may still be open: a turn of a busy worker, on a busy machine."""

_LOOK_EVERY = 1.0
_LEASES_ARMED = 3.0
"""Leases in which an armed process has to reach its step; then it is killed where it is."""
_LEASES_UNCERTAIN = 2.0
"""Leases after which the person in the play looks at what waits for one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a run has to reach, and its bounds.

    documents, kills    at least so many
    seconds             injections end then, whatever was reached
    settle              seconds after the last injection in which everything must come to rest
    """

    documents: int
    kills: int
    seconds: float
    settle: float
    seed: int


@dataclass(kw_only=True)
class Outcome:
    """What was done and what was found; report.py makes words of it."""

    wanted: Wanted
    shape: Shape
    injected: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    person: Counter[str] = field(default_factory=Counter)
    exits: Counter[str] = field(default_factory=Counter)
    figures: dict[str, object] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """Processes of the program that ended by SIGKILL."""
        return sum(self.deaths.values())


class Run:
    """Holds the world in its hands for as long as it lasts."""

    def __init__(self, world: World, wanted: Wanted, say: Callable[[str], None]) -> None:
        self.world = world
        self.outcome = Outcome(wanted=wanted, shape=world.shape)
        self.exchange = Exchange()
        self._wanted = wanted
        self._say = say
        self._plan: Iterator[Injection] = injections(wanted.seed, world.cast())
        self._next = next(self._plan)
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._began = time.monotonic()
        self._last_look = 0.0
        self._last_said = 0.0
        self._last_kill = 0.0
        self._fired = 0
        self._calm = False
        self._armed_for = world.shape.lease * _LEASES_ARMED
        self._proved = 0
        self._tomorrow = timedelta()
        self._releases: Counter[str] = Counter()
        self._waiting_for_person: dict[str, float] = {}
        self._resends: Counter[str] = Counter()
        self._submissions = {
            body: Submissions(world.seats[f"{body[3:].lower()}-submit"], world.folder, wanted.seed, batch=8)
            for body in world.shape.ministries
        }

    # --- the loop ---
    def __call__(self) -> Outcome:
        """Play until everything was reached or the time is over, then let it come to rest and compare the books."""
        for seat in self.world.seats.values():
            if seat.role != "submit":
                self._start(seat)
        self._began = time.monotonic()
        while not self._is_reached() and self._elapsed() < self._wanted.seconds:
            self._turn(inject=True)
        played = self._elapsed()
        self._make_calm()
        until = time.monotonic() + self._wanted.settle
        while time.monotonic() < until and not self._is_at_rest():
            self._turn(inject=False)
        self._end(played)
        return self.outcome

    def _turn(self, *, inject: bool) -> None:
        with suppress(queue.Empty):
            told = self.world.nursery.told.get(timeout=0.1)
            while True:
                self._hear(told)
                told = self.world.nursery.told.get_nowait()
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            heapq.heappop(self._later)[2]()
        if now - self._last_look >= _LOOK_EVERY:
            self._last_look = now
            self._look()
        while inject and self._is_due(now):
            self._inject(self._next)
            self._next = next(self._plan)
        self._submit()

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), do))

    # --- processes ---
    def _start(self, seat: Seat) -> None:
        if seat.pid is not None:
            return
        arguments = seat.arguments
        if seat.role == "submit":
            files = self._of(seat).next_run()
            if not files:
                return
            arguments = [seat.arguments[0], *files, *seat.arguments[1:]]
        seat.pid = 0
        seat.starts += 1
        seat.write_control()
        self.world.nursery.order(seat.name, arguments, seat.environment, seat.output, seat.control)

    def _hear(self, told: dict[str, object]) -> None:
        seat = self.world.seats.get(str(told["name"]))
        if seat is None:
            if "ended" in told:
                raise AssertionError(f"{told['name']} ended: {told['ended']}")
            return
        if "ended" not in told:
            seat.pid = int(str(told["pid"]))
            return
        seat.pid = None
        status = int(str(told["ended"]))
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            self._died(seat)
        else:
            code = os.waitstatus_to_exitcode(status)
            if seat.role != "submit" or code:
                self.outcome.exits[f"{seat.role} {code}"] += 1
        if seat.role == "submit":
            self._of(seat).read()
        self._after(0.0 if self._calm else seat.back, lambda: self._start(seat))

    def _died(self, seat: Seat) -> None:
        where = "at random"
        mark = seat.control.with_suffix(".died")
        if mark.exists():
            where = mark.read_text().partition(" ")[2].strip()
            mark.unlink()
            self.outcome.points[where] += 1
        self.outcome.deaths["at random" if where == "at random" else "at a durable step"] += 1
        self.outcome.roles[seat.role] += 1
        if where != "at random" or seat.tries > 1:
            seat.arm, seat.tries = None, 0
        seat.write_control()
        self._arm_next(seat)

    def _kill(self, seat: Seat) -> None:
        if seat.pid:
            with suppress(ProcessLookupError):
                os.kill(seat.pid, signal.SIGKILL)

    def _of(self, seat: Seat) -> Submissions:
        return self._submissions[seat.body]

    # --- submitting ---
    def _submit(self) -> None:
        """Documents keep step with the kills, so that there is always something to lose."""
        given = sum(len(one.given) for one in self._submissions.values())
        backlog = given - self._proved
        ahead = max(8, self._wanted.documents // 50)
        allowed = self._wanted.documents * max(self._share_of_kills(), self._share_of_time()) + ahead
        if given >= self._wanted.documents and backlog > 4:
            allowed = 0
        for one in self._submissions.values():
            if one.seat.pid is None and not self._calm and given < allowed and backlog < 60:
                one.fill(4)
                self._start(one.seat)
            elif one.seat.pid is None and self._calm:
                self._start(one.seat)

    # --- progress ---
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _share_of_time(self) -> float:
        return min(1.0, self._elapsed() / self._wanted.seconds)

    def _share_of_kills(self) -> float:
        return self.outcome.kills / self._wanted.kills if self._wanted.kills else 1.0

    def _is_reached(self) -> bool:
        answered = sum(len(one.answered) for one in self._submissions.values())
        return answered >= self._wanted.documents and self.outcome.kills >= self._wanted.kills

    def _is_due(self, now: float) -> bool:
        """Kills keep step with documents proved, or with time; a step to be reached is not hurried by the next."""
        if self._next.kind not in KILLS:
            return True
        share = max(self._proved / self._wanted.documents, self._share_of_time())
        if self._fired >= self._wanted.kills * share + max(2, self._wanted.kills // 50) or now - self._last_kill < 0.25:
            return False
        return self._proved > 0 or self._elapsed() > 3

    # --- injections ---
    def _inject(self, one: Injection) -> None:
        self.outcome.log.append(f"{self._elapsed():.1f} {one.number} {one.kind} {one.target} {dict(one.detail)}")
        done = getattr(self, f"_{one.kind.replace('-', '_')}")(one)
        if one.kind in KILLS and done is not False:
            self._fired += 1
            self._last_kill = time.monotonic()
        self.outcome.injected[one.kind if one.kind != "exchange" else f"exchange: {one.target}"] += int(
            done is not False
        )

    def _kill_at_step(self, one: Injection) -> bool:
        seat = self.world.seats[one.target]
        if len(seat.pending) > 3:
            # The others are not to wait for one that comes to none of its steps.
            return False
        seat.pending.append(one)
        self._arm_next(seat)
        return True

    def _arm_next(self, seat: Seat) -> None:
        """One step after the other."""
        if seat.arm is not None or not seat.pending or self._calm:
            return
        one = seat.pending.pop(0)
        seat.arm = (one.number, str(one.detail["point"]), int(one.detail["crossing"]))
        seat.back = float(one.detail["back"])
        seat.tell()
        self._after(self._armed_for, lambda: self._give_up(seat, one.number))

    def _give_up(self, seat: Seat, number: int) -> None:
        """The step was not reached: killed where it is. Once more it is wound up from its start on, for some steps are taken
        only then; then it is let be.
        """
        if seat.arm is None or seat.arm[0] != number:
            return
        seat.tries += 1
        if not seat.pid:
            seat.arm, seat.tries = (None, 0) if seat.tries > 1 else (seat.arm, seat.tries)
            self._arm_next(seat)
        self._kill(seat)
        if seat.tries <= 1:
            self._after(self._armed_for, lambda: self._give_up(seat, number))

    def _kill_at_random(self, one: Injection) -> bool:
        seat = self.world.seats[one.target]
        if seat.arm is not None:
            # It is on its way to a durable step, and is left to come there.
            return False
        seat.back = float(one.detail["back"])
        self._after(float(one.detail["after"]), lambda: self._kill(seat))
        return True

    def _database_fast(self, one: Injection) -> bool:
        return self._restart_database(signal.SIGINT)

    def _database_immediate(self, one: Injection) -> bool:
        return self._restart_database(signal.SIGQUIT)

    def _restart_database(self, how: signal.Signals) -> bool:
        disk = self.world.disks.get(REGISTRAR)
        if disk is not None and disk.is_filled:
            # It would not start; one thing at a time.
            return False
        self.world.database.restart(how)
        return True

    def _database_session_ended(self, one: Injection) -> bool:
        with suppress(psycopg.OperationalError):
            return self.world.database.end_session(int(one.detail["session"]))
        return False

    def _database_process_killed(self, one: Injection) -> bool:
        with suppress(psycopg.OperationalError):
            return self.world.database.kill_session(int(one.detail["session"]))
        return False

    def _clock_jump(self, one: Injection) -> None:
        self._shift(one.target, float(one.detail["seconds"]))
        self._after(float(one.detail["for"]), lambda: self._shift(one.target, 0.0))

    def _shift(self, host: str, seconds: float) -> None:
        for seat in self.world.seats.values():
            if seat.host == host:
                seat.shift = seconds
                seat.tell()

    def _disk_full(self, one: Injection) -> None:
        disk = self.world.disks[one.target]
        disk.fill([seat.pid for seat in self.world.seats.values() if seat.body == one.target and seat.pid])
        self._after(float(one.detail["for"]), disk.free)

    def _network_down(self, one: Injection) -> None:
        link = self.world.network.links[one.target]
        link.set_down(True)
        self._after(float(one.detail["for"]), lambda: link.set_down(False))

    def _time_stamps_out(self, one: Injection) -> None:
        authority = self.world.authority
        authority.outage = one.target

        def back() -> None:
            authority.outage = None

        self._after(float(one.detail["for"]), back)

    def _exchange(self, one: Injection) -> bool:
        with suppress(OSError):
            self.world.sandbox("/sandbox/script", {"fault": [{"name": one.target, **one.detail}]})
            return True
        return False

    def _make_calm(self) -> None:
        """No fault any more; everything runs again."""
        self._calm = True
        for disk in self.world.disks.values():
            disk.free()
        self.world.network.calm()
        self.world.authority.outage = None
        self.world.sandbox("/sandbox/script", method="DELETE")
        self.world.sandbox("/sandbox/listener", {"open": True})
        for seat in self.world.seats.values():
            seat.arm, seat.tries, seat.shift = None, 0, 0.0
            seat.tell()
        if not self.world.database.is_up():
            self.world.database.start()
        self._say(f"calm after {self._elapsed():.0f} s")

    # --- looking ---
    def _look(self) -> None:
        for one in self._submissions.values():
            one.read()
        self._read_exchange()
        self._proved = sum(self._counts(body).get("proved", 0) for body in self.world.shape.ministries)
        disk = self.world.disks.get(REGISTRAR)
        if not self.world.database.is_up() and not (disk is not None and disk.is_filled):
            # Its disk was full at a moment that it does not survive; whoever administers it starts it again.
            self.outcome.injected["database-ended-by-itself"] += 1
            self.world.database.start()
        for body in self.world.environments:
            with suppress(ElshiError, sqlite3.Error, psycopg.Error):
                self._decide(body)
        if time.monotonic() - self._last_said > 10:
            self._last_said = time.monotonic()
            answered = sum(len(one.answered) for one in self._submissions.values())
            self._say(
                f"{self._elapsed():5.0f} s  answered {answered}  proved {self._proved}  kills {self.outcome.kills}"
            )

    def _read_exchange(self) -> None:
        with suppress(OSError, urllib.error.URLError):
            while events := self.world.sandbox(f"/sandbox/events?after={self.exchange.last}")["events"]:
                self.exchange.read(events)

    def _counts(self, body: str) -> dict[str, int]:
        """Rows of one node's outbox by state, past the program."""
        question = "SELECT content_kind, state, proof, count(*) FROM deliveries GROUP BY 1, 2, 3"
        rows: list[tuple[str, str, str, int]] = []
        if body == REGISTRAR:
            with suppress(psycopg.Error), self.world.database.admin() as connection:
                rows = connection.execute(question).fetchall()
        else:
            path = self.world.environments[body]["ELSHI_STORAGE__URL"].removeprefix("sqlite:///")
            with suppress(sqlite3.Error):
                connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
                try:
                    rows = connection.execute(question).fetchall()
                finally:
                    connection.close()
        found: Counter[str] = Counter()
        for kind, state, proof, count in rows:
            found[f"{kind} {state}"] += count
            if kind == "document" and state == "registered" and proof == "digest":
                found["proved"] += count
        return dict(found)

    def _is_at_rest(self) -> bool:
        """Everything submitted, every row final, every message worked off. Asked after a look, not more often."""
        if self._last_look < time.monotonic() - 0.2:
            return False
        for one in self._submissions.values():
            if one.seat.pid is not None or one.next_run()[1:] or len(one.answered) < len(one.given):
                return False
        for body in self.world.environments:
            counts = self._counts(body)
            open_rows = [
                name
                for name in counts
                if name not in {"proved", "document registered", "notice sent"}
                and not name.endswith((" refused", " withdrawn"))
            ]
            if open_rows or not counts:
                return False
            with self.world.node(body).store.snapshot() as transaction:
                states = (JournalState.RECEIVED, JournalState.CLAIMED, JournalState.HELD)
                if transaction.journal.listed(states=states, limit=1):
                    return False
        return self._proved >= sum(len(one.given) for one in self._submissions.values())

    # --- the person ---
    def _decide(self, body: str) -> None:
        """What waits for a person, and has waited a while, is decided: asked after at the centre, or sent again blindly."""
        node = self.world.node(body)
        with node.store.snapshot() as transaction:
            waiting = transaction.outbox.listed(states=(DeliveryState.UNCERTAIN, DeliveryState.ABANDONED))
            held = transaction.journal.listed(states=(JournalState.HELD,))
            queued = transaction.outbox.listed(states=(DeliveryState.QUEUED,), limit=50) if self._calm else ()
        if not self._tomorrow and any(_is_signed_ahead(one) for one in queued):
            # No time-stamp of today fits it.
            self._a_day_passes()
        for one in waiting:
            patience = self.world.shape.lease * _LEASES_UNCERTAIN if one.state is DeliveryState.UNCERTAIN else 2.0
            if not self._has_waited(f"{one.id} {one.state}", patience):
                continue
            times = self._resends[one.id]
            known = one.document_id.removeprefix("urn:uuid:") in self.exchange.documents
            if (
                one.state is DeliveryState.UNCERTAIN
                and known
                and person_asks_first(self._wanted.seed, one.document_id, times)
            ):
                self.outcome.person["asked the centre, which has it: waits"] += 1
                self._waiting_for_person[f"{one.id} {one.state}"] = time.monotonic() + 3 * self.world.shape.lease
                continue
            again = one.reason == "deliver.files-expired"
            node.intervene.resend(one.id, person="Chaos Clerk", reason="no answer and no notice", upload_again=again)
            self._resends[one.id] += 1
            self.outcome.person[f"resent {one.state.value} ({one.reason or 'no answer'})"] += 1
            self._waiting_for_person.pop(f"{one.id} {one.state}", None)
        for entry in held:
            if not self._has_waited(entry.id, 3.0):
                continue
            if self._releases[entry.id] > 1 and not self._tomorrow:
                # Signed under a clock that was ahead: until that time has come nobody can judge it.
                if self._calm and entry.outcome == "receive.indeterminate":
                    self._a_day_passes()
                continue
            node.intervene.release(entry.id, person="Chaos Clerk", reason="the machine is well again")
            self._releases[entry.id] += 1
            self.outcome.person[f"released held message ({entry.outcome})"] += 1
            self._waiting_for_person.pop(entry.id, None)

    def _a_day_passes(self) -> None:
        """For every node at once, as days do; not for the exchange, which has nothing to wait for."""
        self._tomorrow = timedelta(days=1, minutes=1)
        self.outcome.person["waited a day for what was signed under a clock a day ahead"] += 1
        self.world.authority.ahead = self._tomorrow
        self._say("a day passes")
        for seat in self.world.seats.values():
            seat.shift = self._tomorrow.total_seconds()
            seat.tell()

    def _has_waited(self, what: str, seconds: float) -> bool:
        first = self._waiting_for_person.setdefault(what, time.monotonic())
        return time.monotonic() - first >= seconds

    # --- the end ---
    def _keep_books(self) -> None:
        """For who looks into what did not hold: the disks of the ministries go with the run."""
        for body in self.world.shape.ministries:
            path = Path(self.world.environments[body]["ELSHI_STORAGE__URL"].removeprefix("sqlite:///"))
            with sqlite3.connect(path) as source, sqlite3.connect(self.world.folder / f"{body}.sqlite3") as target:
                source.backup(target)
            source.close()
            target.close()

    def _end(self, played: float) -> None:
        outcome, world = self.outcome, self.world
        for one in self._submissions.values():
            one.read()
        self._read_exchange()
        settled = self._elapsed() - played
        answered = {body: dict(one.answered) for body, one in self._submissions.items()}
        nodes = {body: world.node(body) for body in world.environments}
        found = compare(nodes, answered, self.exchange, now=datetime.now(UTC) + self._tomorrow, grace=GRACE)
        for body, one in self._submissions.items():
            found += [
                Violation(what="lost: never answered by submit", body=body, ids=document)
                for document in sorted(one.given - set(one.answered))
            ]
        outcome.violations = list(dict.fromkeys(found))
        if outcome.violations:
            self._keep_books()
        for seat in world.seats.values():
            seen = seat.control.with_suffix(".seen")
            if seen.exists():
                outcome.seen |= {f"{seat.role}: {line}" for line in seen.read_text().splitlines()}
        outcome.figures = {
            "documents": sum(len(one) for one in answered.values()),
            "replayed_submits": sum(one.replayed for one in self._submissions.values()),
            "refused_submits": dict(sum((one.refused for one in self._submissions.values()), Counter[str]())),
            "played_seconds": round(played, 1),
            "settled_seconds": round(settled, 1),
            "starts": sum(seat.starts for seat in world.seats.values()),
            "connections": world.network.counts(),
            "exchange_faults_struck": dict(self.exchange.faults),
            "messages_taken_by_the_exchange": sum(map(len, self.exchange.documents.values()))
            + sum(map(len, self.exchange.notices.values())),
            "documents_taken_more_than_once": sum(len(one) > 1 for one in self.exchange.documents.values()),
            "tracebacks": _tracebacks(world.folder),
            "rows": {body: self._counts(body) for body in nodes},
            **_of_the_books(nodes),
            "full_disk": {body: disk.kind for body, disk in world.disks.items()},
        }


def _of_the_books(nodes: dict[str, object]) -> dict[str, object]:
    """Uncertain outcomes, disputes, resends: from the audit trails."""
    actions: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    disputes = 0
    for node in nodes.values():
        with node.store.snapshot() as transaction:
            last = 0
            while page := transaction.audit.events(after=last):
                for one in page:
                    actions[one.event.action] += 1
                    disputes += "notice.dispute" in (one.event.action, one.event.details.get("code"))
                    disputes += one.event.action == "answer.dispute"
                last = page[-1].sequence
            cursor = None
            while rows := transaction.outbox.listed(after=cursor, limit=500):
                for row in rows:
                    outcomes.update(
                        f"{row.content_kind.value} {one.outcome.value}" for one in transaction.outbox.attempts(row.id)
                    )
                cursor = rows[-1].id
    return {
        "uncertain_outcomes": actions["delivery.uncertain"],
        "resends_by_persons": actions["person-resends"],
        "resends_by_planner": actions["watch.planner-resends"],
        "released_by_persons": actions["message.released"],
        "taken_over_without_time_stamp": actions["watch.stamp-pending"],
        "stamped_before_they_left": actions["delivery.stamped"],
        "sent_without_time_stamp": actions["watch.sent-without-time-stamp"],
        "disputes": disputes,
        "attempts": dict(outcomes),
        "audit_events": dict(actions),
    }


def _is_signed_ahead(delivery: Delivery) -> bool:
    content = delivery.content
    return (
        isinstance(content, OutgoingDocument)
        and content.stamp_pending
        and content.prepared_at > datetime.now(UTC) + timedelta(minutes=10)
    )


def _tracebacks(folder: Path) -> list[str]:
    """Where a process said more than a sentence: `file: count`."""
    found = []
    for path in sorted(folder.glob("*.err")):
        told = path.read_text(errors="replace")
        count = told.count("Traceback (most recent call last)") + told.count("a defect")
        if count:
            found.append(f"{path.name}: {count}")
    return found


def play(
    stand: Stand, folder: Path, shape: Shape, wanted: Wanted, *, say: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Build the world, run, compare, take it down. The folder keeps logs and control files."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        world = build(stack, stand, shape, seed=wanted.seed, folder=folder)
        say("built")
        return Run(world, wanted, say)()


def unlisted(outcome: Outcome) -> list[str]:
    """Durable steps that processes crossed and the plan does not know."""
    known = {f"{role}: {point}" for role, points in POINTS.items() for point in points}
    return sorted(outcome.seen - known)


def not_hit(outcome: Outcome) -> list[str]:
    """Durable steps of the plan at which nobody died."""
    return sorted({point for points in POINTS.values() for point in points} - set(outcome.points))


__all__ = ["GRACE", "Outcome", "Run", "Wanted", "defaultdict", "not_hit", "play", "unlisted"]
