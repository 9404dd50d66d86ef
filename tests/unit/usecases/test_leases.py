"""Leases: renewed for the living, counted for the dead, and no sending by who has slept through his."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapter.domain.delivery import AttemptOutcome, Delivery, DeliveryState
from adapter.domain.incoming import JournalState
from adapter.errors import OutcomeUnknown, Retryable
from adapter.lease_renewal import LeaseRenewal
from adapter.ports import Accepted, Prepared
from adapter.usecases.deliver import Deliver
from adapter.usecases.delivery_plan import DeliveryPlan
from tests.contract import samples
from tests.unit.usecases.conftest import add
from tests.unit.usecases.houses import House, ScriptedOutgoing

S = DeliveryState
PLAN = DeliveryPlan()
WHO = {"person": "A. Clerk", "reason": "the addressee has nothing"}


class Killed(BaseException):
    """The process is gone: nothing of ours may catch it."""


class Meanwhile(ScriptedOutgoing):
    """An exchange during whose preparing or sending other things happen."""

    def __init__(self, house: House) -> None:
        super().__init__(house.clock)
        self.while_preparing: Any = None
        self.before_leaving: Any = None

    def prepare(self, content: Any, **rest: Any) -> Prepared:
        prepared = super().prepare(content, **rest)
        if self.while_preparing is not None:
            happens, self.while_preparing = self.while_preparing, None
            happens()
        return prepared


@pytest.fixture
def exchange(sender: House) -> Meanwhile:
    made = Meanwhile(sender)
    sender.__dict__["outgoing"] = made
    return made


def killed(house: House) -> None:
    house.outgoing.preparing.append(Killed())  # type: ignore[arg-type]
    with pytest.raises(Killed):
        house.deliver()


# --- renewal ---------------------------------------------------------------------------------------------------------
def test_work_that_takes_longer_than_a_lease_stays_its_workers_while_it_is_renewed(
    sender: House, queued: Delivery, exchange: Meanwhile
) -> None:
    def long() -> None:
        for _ in range(20):
            sender.clock.move(seconds=10)
            assert sender.renew_leases() == 1
            assert sender.recover() == ()

    exchange.while_preparing = long
    done = sender.deliver()
    assert done is not None
    assert (done.after.state, done.after.lapses) == (S.SENT, 0)
    assert sender.leases.all() == ()
    assert sender.renew_leases() == 0


def test_who_never_comes_back_from_his_work_is_not_renewed_for_ever(
    sender: House, queued: Delivery, exchange: Meanwhile
) -> None:
    def hang() -> None:
        while sender.renew_leases():
            sender.clock.move(seconds=10)
        sender.clock.move(seconds=31)
        assert [one.id for one in sender.recover()] == [queued.id]

    exchange.while_preparing = hang
    begun = sender.clock.at
    done = sender.deliver()
    assert done is not None
    assert sender.clock.at - begun < PLAN.longest_hold + timedelta(minutes=2)
    assert (done.after.state, sender.outgoing.sent) == (S.QUEUED, [])


def test_a_message_in_work_is_renewed_too(sender: House) -> None:
    sender.receive(b"something")
    interpret = sender.incoming.interpret

    def slowly(raw: bytes) -> Any:
        for _ in range(10):
            sender.clock.move(seconds=10)
            assert sender.renew_leases() == 1
            assert sender.recover() == ()
        return interpret(raw)

    sender.incoming.interpret = slowly  # type: ignore[method-assign]
    processed = sender.process()
    assert processed is not None
    assert processed.code == "message.not-understood"
    with sender.store.snapshot() as snapshot:
        (entry,) = snapshot.journal.listed()
    assert (entry.state, entry.lease) == (JournalState.HELD, None)


def test_the_thread_renews_again_and_again_and_outlives_a_store_that_is_busy() -> None:
    seen: list[int] = []
    enough = threading.Event()

    def renew() -> None:
        seen.append(1)
        if len(seen) == 1:
            raise Retryable("storage.busy")
        if len(seen) == 2:
            raise RuntimeError("defect")
        if len(seen) == 4:
            enough.set()

    with LeaseRenewal(renew, every=timedelta(milliseconds=1)):
        assert enough.wait(30)
    assert "lease renewal" not in {one.name for one in threading.enumerate()}, "nothing is renewed after the end"


# --- a pause between the mark and the sending -------------------------------------------------------------------------
def after_the_mark(house: House, happens: Callable[[], object]) -> None:
    """Once, when the attempt is durable and the message has not left: whatever happens while the process stands still."""
    send = Deliver._send
    once = iter([happens])

    def paused(self: Deliver, marked: Delivery, message: bytes) -> Accepted:
        for one in once:
            one()
        return send(self, marked, message)

    house.__dict__["deliver"] = type("Paused", (Deliver,), {"_send": paused, "__slots__": ()})(
        **{one.name: getattr(house.deliver, one.name) for one in fields(house.deliver)}
    )


def test_who_slept_through_his_lease_sends_nothing_though_somebody_has_resent(sender: House, queued: Delivery) -> None:
    """The fault: recovered as unknown, resent by a person, and then the sleeper wakes."""
    resending = sender.deliver

    def asleep() -> None:
        sender.clock.move(seconds=31)
        (recovered,) = sender.recover()
        assert recovered.state is S.UNCERTAIN
        sender.intervene.resend(queued.id, **WHO)
        again = resending()
        assert again is not None
        assert again.after.state is S.SENT

    after_the_mark(sender, asleep)
    woken = sender.deliver()
    assert woken is not None
    assert woken.error is not None
    assert (woken.error.code, woken.after.state) == ("deliver.paused", S.SENT)
    assert len(sender.outgoing.sent) == 1
    first, second = sender.attempts(queued.id)
    assert (first.outcome, first.code, second.outcome) == (
        AttemptOutcome.NOT_SENT,
        "deliver.paused",
        AttemptOutcome.ACCEPTED,
    )


def test_who_slept_and_still_holds_the_row_puts_it_back_and_no_attempt_is_counted(
    sender: House, queued: Delivery
) -> None:
    after_the_mark(sender, lambda: sender.clock.move(seconds=21))
    woken = sender.deliver()
    assert woken is not None
    assert (woken.after.state, woken.after.attempts, woken.after.lease) == (S.QUEUED, 0, None)
    assert sender.outgoing.sent == []
    sender.clock.move(seconds=4)
    again = sender.deliver()
    assert again is not None
    assert (again.after.state, again.after.attempts, len(sender.outgoing.sent)) == (S.SENT, 1, 1)


def test_a_short_pause_is_no_reason_not_to_send(sender: House, queued: Delivery) -> None:
    after_the_mark(sender, lambda: sender.clock.move(seconds=19))
    sent = sender.deliver()
    assert sent is not None
    assert sent.after.state is S.SENT
    assert sender.outgoing.left_within == [timedelta(seconds=1)]


# --- lapses ----------------------------------------------------------------------------------------------------------
def test_what_kills_its_worker_is_due_at_once_then_by_the_schedule_and_then_a_person_is_asked(
    sender: House, queued: Delivery
) -> None:
    waits = []
    for _ in range(PLAN.lapses):
        killed(sender)
        sender.clock.move(seconds=31)
        (row,) = sender.recover()
        assert row.wake_at is not None
        waits.append((row.wake_at - sender.clock.at).total_seconds())
        sender.clock.at = row.wake_at
    assert waits == [0, 4, 8, 16, PLAN.reminder.total_seconds()]
    assert (row.state, row.reason, row.lapses) == (S.ABANDONED, "deliver.lapses", 5)
    with sender.store.snapshot() as snapshot:
        assert snapshot.audit.events()[-1].event.details["code"] == "deliver.lapses"

    again = sender.intervene.resend(queued.id, **WHO)
    assert (again.state, again.lapses) == (S.QUEUED, 0)
    done = sender.deliver()
    assert done is not None
    assert done.after.state is S.SENT


def test_a_turn_that_comes_back_begins_the_count_anew(sender: House, queued: Delivery) -> None:
    for _ in range(PLAN.lapses - 1):
        killed(sender)
        sender.clock.move(seconds=31)
        sender.recover()
        sender.clock.move(seconds=30)
    sender.outgoing.preparing.append(Retryable("exchange.upload-failed"))
    done = sender.deliver()
    assert done is not None
    assert (done.after.state, done.after.lapses) == (S.QUEUED, 0)


def test_a_notice_of_ours_that_kills_while_it_is_sent_does_not_loop_for_ever(sender: House) -> None:
    row = add(sender, samples.notice_delivery(1))

    def die(message: bytes) -> None:
        raise Killed

    for _ in range(PLAN.lapses):
        sender.outgoing.answering.append(die)
        with pytest.raises(Killed):
            sender.deliver()
        sender.clock.move(seconds=31)
        sender.recover()
        sender.clock.move(seconds=30)
    assert (sender.delivery(row.id).state, sender.delivery(row.id).reason) == (S.ABANDONED, "deliver.lapses")


def test_a_message_that_kills_its_worker_is_held_for_a_person_and_can_be_released(sender: House) -> None:
    sender.receive(b"something")
    interpret = sender.incoming.interpret

    def die(raw: bytes) -> Any:
        raise Killed

    sender.incoming.interpret = die  # type: ignore[method-assign]
    for _ in range(PLAN.lapses):
        with pytest.raises(Killed):
            sender.process()
        sender.clock.move(seconds=31)
        sender.recover()
        sender.clock.move(seconds=30)
    assert sender.process() is None
    with sender.store.snapshot() as snapshot:
        (entry,) = snapshot.journal.listed()
    assert (entry.state, entry.outcome, entry.lapses) == (JournalState.HELD, "message.lapses", 5)
    assert "message.held" in sender.told()

    sender.incoming.interpret = interpret  # type: ignore[method-assign]
    sender.intervene.release(entry.id, **WHO)
    processed = sender.process()
    assert processed is not None
    assert (processed.code, processed.entry.lapses) == ("message.not-understood", 0)


# --- files of an unknown outcome --------------------------------------------------------------------------------------
def unknown(house: House) -> None:
    house.outgoing.answering.append(OutcomeUnknown("http.no-answer"))
    told = house.deliver()
    assert told is not None
    assert told.after.state is S.UNCERTAIN


def alarms(house: House, until: datetime) -> list[tuple[str, timedelta]]:
    """What is told from now on, and when."""
    begun, told = house.clock.at, []
    while house.clock.at < until:
        house.clock.move(minutes=5)
        told += [(one.code, house.clock.at - begun) for one in house.watch()]
    return told


def test_a_person_is_told_once_before_the_exchange_forgets_the_files(sender: House, queued: Delivery) -> None:
    unknown(sender)
    told = alarms(sender, sender.clock.at + timedelta(hours=20))
    assert [when for code, when in told if code == "watch.files-expiring"] == [timedelta(hours=6, minutes=55)]
    assert {code for code, _ in told} == {"watch.uncertain", "watch.files-expiring"}


def test_the_warning_names_the_last_moment_at_which_the_same_bytes_still_go(sender: House, queued: Delivery) -> None:
    unknown(sender)
    sender.clock.move(hours=6, minutes=55)
    (alarm,) = sender.watch()
    assert (alarm.code, alarm.until) == ("watch.files-expiring", samples.NOW + timedelta(hours=7, minutes=55))
    assert alarm.params["until"] == "2026-01-31T17:25+00:00"
    sender.clock.at = alarm.until - timedelta(seconds=1)
    sender.intervene.resend(queued.id, **WHO)
    told = sender.deliver()
    assert told is not None
    assert told.after.state is S.SENT
    assert len(set(sender.outgoing.sent)) == 1


def test_files_of_a_short_life_are_warned_of_at_half_of_it(sender: House, queued: Delivery) -> None:
    sender.outgoing.files_live = timedelta(minutes=65)
    unknown(sender)
    assert alarms(sender, sender.clock.at + timedelta(minutes=55))[0] == (
        "watch.files-expiring",
        timedelta(minutes=30),
    )


@pytest.mark.parametrize(("policy", "state"), [("manual", S.ABANDONED), ("auto", S.SENT)])
def test_expired_files_of_an_unknown_outcome_wait_for_a_person_or_are_uploaded_anew_under_the_same_ids(
    sender: House, queued: Delivery, policy: Any, state: DeliveryState
) -> None:
    sender.plan = replace(PLAN, reupload_on_expiry=policy)
    unknown(sender)
    told = alarms(sender, sender.clock.at + timedelta(hours=8))
    assert ("watch.files-expiring" in [code for code, _ in told]) is (policy == "manual")
    sender.intervene.resend(queued.id, **WHO)
    again = sender.deliver()
    assert again is not None
    assert again.after.state is state
    assert again.after.reason == ("deliver.files-expired" if policy == "manual" else None)
    assert len(sender.outgoing.prepared) == (1 if policy == "manual" else 2)
    if policy == "auto":
        first, second = sender.outgoing.sent
        assert first != second
        assert [first.split()[-1], second.split()[-1]] == [queued.message_id.encode()] * 2
        assert sender.outgoing.prepared[0].document_id == sender.outgoing.prepared[1].document_id
