"""The delivery of documents as a model: the real use cases over a store, against an exchange that does its worst.

rules        submit; a turn of one of two workers, with any answer of the exchange, a kill at any step, a pause at any
             step in which the other worker and the housekeeping go on; clock moves; notices in any order; a person
invariants   at most one POST that may have been taken for each permission to send, and none by a worker that was overtaken; final is final; every open row
             wakes up; attempts are what the exchange saw; nothing is lost
at the end   the faults stop: every delivery becomes final or asks a person
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from adapter.domain.delivery import FINAL_STATES, AttemptOutcome, Delivery, DeliveryState
from adapter.domain.document import BodyCode
from adapter.domain.notice import Notice, NoticeKind
from adapter.domain.receipt import MessageVerdict
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.ports import Accepted, Prepared
from adapter.usecases.apply_notice import ApplyNotice
from adapter.usecases.deliver import Deliver
from adapter.usecases.delivery_plan import DeliveryPlan
from adapter.usecases.intervene import Intervene
from adapter.usecases.leases import HeldLeases, RenewLeases
from adapter.usecases.recover import Recover
from adapter.usecases.watch import Watch
from tests.contract import samples

S = DeliveryState
LANES = ("KZ-MFA", "KZ-GA")
NOT_TAKEN: dict[str, Callable[[], ElshiError]] = {
    "refused": lambda: Final("exchange.refused", params={"code": "VAL-R-004"}),
    "unlisted": lambda: Final("exchange.not-understood", params={"code": "?"}),
    "later": lambda: Retryable("exchange.try-later"),
    "unavailable": lambda: Retryable("exchange.unavailable", channel_closed=True),
}
"""The exchange says, or it is plain, that nothing was taken."""
SILENT = {"silent, taken": True, "silent, not taken": False}
ANSWERS = ("ok", "ok", "ok", *NOT_TAKEN, *SILENT)
PREPARING = ("ok", "ok", "ok", "down", "file refused")
STEPS = ("prepare", "mark", "leave", "left", "record")
NEVER_LEFT = {"deliver.paused", "http.left-too-late"}


class Killed(BaseException):
    """The process is gone."""


class HandClock:
    def __init__(self) -> None:
        self.at = samples.NOW

    def now(self) -> datetime:
        return self.at


class Counting:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new(self) -> UUID:
        return UUID(int=next(self._numbers))

    def jitter(self) -> float:
        return 0.1


@dataclass
class Exchange:
    """Takes or does not, and remembers; `happens` is called at each step of a turn."""

    happens: Callable[[str], None]
    clock: HandClock
    preparing: str = "ok"
    answer: str = "ok"
    posts: Counter[str] = field(default_factory=Counter)
    maybe_taken: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    marks: list[int] = field(default_factory=list)
    overtaken: int = 0

    def prepare(self, content: Any, *, message_id: str, files: Any, at: datetime) -> Prepared:
        self.happens("prepare")
        if self.preparing == "down":
            raise Retryable("http.no-connection", channel_closed=True)
        if self.preparing == "file refused":
            raise Final("exchange.file-refused")
        return Prepared(
            message=f"{message_id} {at}".encode(), message_id=message_id, files_expire_at=at + timedelta(hours=8)
        )

    def send(self, message: bytes, *, at: datetime, leave_within: timedelta | None = None) -> Accepted:
        begun, (message_id, *_) = self.clock.at, message.decode().split(" ")
        # As the network door does: the time is looked at where the bytes leave.
        self.happens("leave")
        if leave_within is not None and self.clock.at - begun > leave_within:
            raise Retryable("http.left-too-late")
        self.overtaken += self.posts[message_id] != self.marks[-1]
        self.posts[message_id] += 1
        answer = self.answer
        if answer in NOT_TAKEN:
            error = NOT_TAKEN[answer]()
            raise error
        self.maybe_taken[message_id] += 1
        self.taken[message_id] += SILENT.get(answer, True)
        self.happens("left")
        if answer in SILENT:
            raise OutcomeUnknown("http.no-answer")
        return Accepted(answer=b"taken", verdict=MessageVerdict.VERIFIED, code="SCSS001", text="")


class Blobs:
    """The store's own, with a step between the answer and its record."""

    def __init__(self, blobs: Any, happens: Callable[[str], None]) -> None:
        self._blobs, self._happens = blobs, happens

    def put(self, content: bytes) -> Any:
        if content == b"taken":
            self._happens("record")
        return self._blobs.put(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)


class Fragile:
    """The store of one worker."""

    def __init__(self, store: Any, happens: Callable[[str], None]) -> None:
        self._store = store
        self.blobs = Blobs(store.blobs, happens)

    def transaction(self) -> Any:
        return self._store.transaction()

    def snapshot(self) -> Any:
        return self._store.snapshot()


class DeliverInSteps(Deliver):
    """The real one; the step between mark and sending can be seen."""

    __slots__ = ()

    def _send(self, marked: Delivery, message: bytes) -> Accepted:
        assert isinstance(self.channel, Exchange)
        self.channel.marks.append(self.channel.posts[marked.message_id])
        try:
            self.channel.happens("mark")
            return Deliver._send(self, marked, message)
        finally:
            self.channel.marks.pop()


class DeliveryModel(RuleBasedStateMachine):
    """A subclass says which store: `opened()`."""

    opened: Callable[[], AbstractContextManager[Any]]

    @initialize(
        resend_by_planner=st.booleans(),
        again=st.sampled_from(["ask", "identical"]),
        reupload=st.sampled_from(["manual", "auto"]),
    )
    def begin(self, *, resend_by_planner: bool, again: Any, reupload: Any) -> None:
        self._context = self.opened()
        self.store = self._context.__enter__()
        self.store.blobs.put(samples.CONTAINER)
        self.clock, self.identifiers = HandClock(), Counting()
        self.plan = DeliveryPlan(
            resend_by_planner=resend_by_planner, resend_when_uncertain=again, reupload_on_expiry=reupload
        )
        self.script: dict[str, Callable[[], None]] = {}
        self.exchange = Exchange(happens=self._happens, clock=self.clock)
        plain = {"store": self.store, "clock": self.clock, "plan": self.plan}
        self.held = [HeldLeases(), HeldLeases()]
        self.workers = [
            DeliverInSteps(
                store=Fragile(self.store, self._happens),  # type: ignore[arg-type]
                channel=self.exchange,
                clock=self.clock,
                identifiers=self.identifiers,
                plan=self.plan,
                travels=lambda row: row.content,
                leases=held,
            )
            for held in self.held
        ]
        self.renew = [RenewLeases(**plain, held=held) for held in self.held]
        self.recover = Recover(**plain, identifiers=self.identifiers)
        self.watch = Watch(**plain)
        self.intervene = Intervene(**plain)
        self.apply_notice = ApplyNotice(clock=self.clock, identifiers=self.identifiers, plan=self.plan)
        self.rows: dict[str, str] = {}
        self.permissions: Counter[str] = Counter()
        self.final: dict[str, DeliveryState] = {}
        self.notices: defaultdict[str, int] = defaultdict(int)
        self.working: set[int] = set()

    def _happens(self, step: str) -> None:
        happens = self.script.pop(step, None)
        if happens is not None:
            happens()

    # --- rules --------------------------------------------------------------------------------------------------------
    @rule(lane=st.sampled_from(LANES), hours=st.sampled_from([None, 1, 9, 400]))
    def submit(self, lane: str, hours: int | None) -> None:
        number = len(self.rows) + 1
        if number > 6:
            return
        deadline = None if hours is None else self.clock.at + timedelta(hours=hours)
        row = samples.delivery(
            number, addressee=lane, deadline=deadline, wake_at=self.clock.at, created_at=self.clock.at
        )
        with self.store.transaction() as t:
            t.outbox.add(row)
        self.rows[row.id] = row.message_id
        self.permissions[row.id] = 1

    @rule(
        worker=st.sampled_from([0, 1]),
        preparing=st.sampled_from(PREPARING),
        answer=st.sampled_from(ANSWERS),
        kill_at=st.sampled_from((None, None, None, *STEPS)),
        pause_at=st.sampled_from((None, None, *STEPS)),
        seconds=st.sampled_from([5, 25, 31, 200, 9000]),
        renews=st.booleans(),
    )
    def turn(
        self, *, worker: int, preparing: str, answer: str, kill_at: Any, pause_at: Any, seconds: int, renews: bool
    ) -> None:
        self.exchange.preparing, self.exchange.answer = preparing, answer
        self.script = {}
        if pause_at is not None:
            self.script[pause_at] = lambda: self._pause(worker, seconds, renews=renews)
        if kill_at is not None and kill_at != pause_at:
            self.script[kill_at] = self._die
        with suppress(Killed):
            self.workers[worker]()
        self.script = {}

    def _die(self) -> None:
        raise Killed

    def _pause(self, worker: int, seconds: int, *, renews: bool) -> None:
        """The worker stands still, or works long and renews; everybody else goes on."""
        script, self.script = self.script, {}
        saved = self.exchange.preparing, self.exchange.answer
        end = self.clock.at + timedelta(seconds=seconds)
        while self.clock.at < end:
            self.clock.at = min(end, self.clock.at + timedelta(seconds=10) if renews else end)
            if renews:
                self.renew[worker]()
        self.housekeeping()
        for row in self.rows:
            self._resent(row, lambda one: self.intervene.resend(one, person="A", reason="B"))
        self.exchange.preparing, self.exchange.answer = "ok", "ok"
        self.workers[1 - worker]()
        self.exchange.preparing, self.exchange.answer = saved
        self.script = script

    @rule()
    def housekeeping(self) -> None:
        self.recover()
        before = self._deliveries()
        self.watch()
        for row, after in self._deliveries().items():
            if before[row].state is S.UNCERTAIN and after.state is S.QUEUED:
                self.permissions[row] += 1

    @rule(seconds=st.sampled_from([1, 5, 31, 61, 900, 7300, 30000, 90000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.at += timedelta(seconds=seconds)

    @rule(number=st.integers(1, 6), deed=st.sampled_from(["resend", "upload again", "give up", "withdraw"]))
    def a_person_decides(self, number: int, deed: str) -> None:
        row = samples.delivery(number).id
        if row not in self.rows:
            return
        deeds: dict[str, Callable[[str], Any]] = {
            "resend": lambda one: self.intervene.resend(one, person="A", reason="B"),
            "upload again": lambda one: self.intervene.resend(one, person="A", reason="B", upload_again=True),
            "give up": lambda one: self.intervene.give_up(one, person="A", reason="B"),
            "withdraw": lambda one: self.intervene.withdraw(one, person="A", reason="B"),
        }
        self._resent(row, deeds[deed])

    def _resent(self, row: str, deed: Callable[[str], Any]) -> None:
        try:
            after = deed(row)
        except ElshiError:
            return
        self.permissions[row] += after.state is S.QUEUED

    @rule(number=st.integers(1, 6), kind=st.sampled_from(list(NoticeKind)))
    def a_notice_comes(self, number: int, kind: NoticeKind) -> None:
        row = samples.delivery(number)
        if row.id in self.rows:
            self._notice(row.id, kind)

    def _notice(self, row: str, kind: NoticeKind) -> None:
        delivery = self._deliveries()[row]
        self.notices[row] += 1
        raw = f"{row} {kind} {self.notices[row]}".encode()
        self.store.blobs.put(raw)
        notice = Notice(document_id=delivery.document_id, kind=kind, speaker="90000106", said_at=self.clock.at)
        with self.store.transaction() as t:
            entry = samples.entry(1000 * int(row[-4:]) + self.notices[row], raw)
            t.journal.add(entry)
            self.apply_notice(t, notice, entry, speaker=BodyCode(delivery.addressee))

    # --- invariants ---------------------------------------------------------------------------------------------------
    def _deliveries(self) -> dict[str, Delivery]:
        with self.store.snapshot() as s:
            return {one.id: one for one in s.outbox.listed()}

    @invariant()
    def nothing_is_lost_and_every_open_row_wakes_up(self) -> None:
        found = self._deliveries()
        assert set(found) == set(self.rows)
        for row, delivery in found.items():
            assert (delivery.state in FINAL_STATES) or delivery.wake_at is not None
            assert self.final.setdefault(row, delivery.state) is delivery.state or row not in self.final
            if delivery.state not in FINAL_STATES:
                self.final.pop(row)

    @invariant()
    def nothing_is_sent_without_permission(self) -> None:
        for row, message_id in self.rows.items():
            assert self.exchange.maybe_taken[message_id] <= self.permissions[row]
        assert not self.exchange.overtaken, "somebody else sent between a worker's mark and its own sending"

    @invariant()
    def attempts_are_what_the_exchange_saw(self) -> None:
        with self.store.snapshot() as s:
            attempts = {row: s.outbox.attempts(row) for row in self.rows}
        for row, message_id in self.rows.items():
            left = [one for one in attempts[row] if one.code not in NEVER_LEFT]
            surely = [one for one in left if one.outcome not in (AttemptOutcome.OPEN, AttemptOutcome.LEASE_EXPIRED)]
            assert len(surely) <= self.exchange.posts[message_id] <= len(left)
            assert [one.number for one in attempts[row]] == list(range(1, len(attempts[row]) + 1))
            assert self._deliveries()[row].attempts <= len(attempts[row])

    # --- the end ------------------------------------------------------------------------------------------------------
    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        try:
            self._ends()
        finally:
            self._context.__exit__(None, None, None)

    def _ends(self) -> None:
        self.script, self.exchange.preparing, self.exchange.answer = {}, "ok", "ok"
        for _ in range(25):
            self.clock.at += timedelta(seconds=2500)
            self.housekeeping()
            while self.workers[0]() is not None:
                pass
        for row, message_id in self.rows.items():
            if self.exchange.taken[message_id]:
                self._notice(row, NoticeKind.REGISTERED)
        self.nothing_is_lost_and_every_open_row_wakes_up()
        self.nothing_is_sent_without_permission()
        self.attempts_are_what_the_exchange_saw()
        for delivery in self._deliveries().values():
            is_taken = bool(self.exchange.taken[delivery.message_id])
            # What was not taken and of which a notice speaks all the same is asked about by the alarms of silence.
            asks = set() if is_taken else {S.ABANDONED, S.UNCERTAIN, S.IN_CENTRE, S.DELIVERED}
            assert delivery.state in FINAL_STATES | asks, delivery.state
