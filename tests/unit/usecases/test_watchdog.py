"""The watchdog tells of each overdue row once, whoever looks; who follows the trail hears everything, in order, once he is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from adapter.domain.alarms import ALARMS, is_alarm
from adapter.domain.audit_event import ChainedEvent, first_break
from adapter.domain.delivery import DeliveryState
from adapter.domain.retry import RetryPolicy
from adapter.errors import OutcomeUnknown, Retryable
from adapter.usecases.notify import Follower, Notify
from adapter.usecases.overdue import MANY_OVERDUE, OVERDUE, Watchdog
from tests.contract import samples
from tests.unit.usecases.conftest import add
from tests.unit.usecases.houses import Counting, House
from tests.unit.usecases.test_explain import codes

S = DeliveryState


def watchdog(house: House) -> Watchdog:
    return Watchdog(store=house.store, clock=house.clock, plan=house.plan)


def events(house: House) -> tuple[ChainedEvent, ...]:
    with house.store.snapshot() as transaction:
        return transaction.audit.events(limit=100_000)


# --- the watchdog ----------------------------------------------------------------------------------------------------
def test_a_dead_worker_is_noticed_within_the_grace_and_told_once_by_two_processes(sender: House) -> None:
    row = add(sender, samples.delivery(1))
    first, second = watchdog(sender), watchdog(sender)
    sender.clock.move(seconds=29)
    assert (first(), second()) == ((), ())
    sender.clock.move(seconds=1)
    assert [[one.id for one in look()] for look in (first, second, first)] == [[row.id], [], []]
    (told,) = events(sender)
    assert (told.event.action, told.event.document_id) == (OVERDUE, row.document_id)
    assert told.event.details == {
        "delivery": row.id,
        "state": "queued",
        "addressee": "KZ-MFA",
        "code": "overdue.not-taken",
        "wakeAt": samples.NOW.isoformat(),
    }
    sender.clock.move(hours=23)
    assert first() == ()
    sender.clock.move(hours=2)
    assert [one.id for one in first()] == [row.id], "still overdue: the daily reminder"


def test_the_mark_of_a_row_that_somebody_looked_at_is_taken_away(sender: House) -> None:
    """Else a mark for every document that was ever late would stay for ever."""
    add(sender, samples.delivery(1))
    sender.clock.move(seconds=31)
    assert len(watchdog(sender)()) == 1
    with sender.store.snapshot() as t:
        assert not t.watched.has_settled()
    assert sender.deliver() is not None
    with sender.store.snapshot() as t:
        assert t.watched.has_settled()
    assert watchdog(sender)() == ()
    with sender.store.snapshot() as t:
        assert not t.watched.has_settled()


def test_a_living_worker_leaves_nothing_overdue(sender: House) -> None:
    add(sender, samples.delivery(1))
    sender.clock.move(seconds=25)
    assert sender.deliver() is not None
    sender.clock.move(seconds=10)
    assert watchdog(sender)() == ()


def test_a_killed_worker_leaves_a_lease_that_is_told_when_nobody_recovers_it(sender: House) -> None:
    row = add(sender, samples.delivery(1, addressee="KZ-MFA"))
    with sender.store.transaction() as t:
        t.outbox.claim(now=sender.clock.now(), lease="gone", lease_for=sender.plan.lease_for)
    sender.clock.move(seconds=sender.plan.lease_for.total_seconds() + 29)
    assert watchdog(sender)() == ()
    sender.clock.move(seconds=1)
    (told,) = watchdog(sender)()
    assert (told.id, told.code(sender.clock.now())) == (row.id, "overdue.lease-over")
    sender.recover()
    assert watchdog(sender)() == (), "the row is due again, from now on"


def test_an_outage_of_the_exchange_is_not_told_as_a_worker_that_does_not_live(sender: House) -> None:
    """Each try finds the channel shut; a queue that no worker may take is the channel's alarm, not the watchdog's."""
    rows = [add(sender, samples.delivery(number, addressee=f"KZ-{number}")) for number in range(1, 31)]
    down = Retryable("http.no-connection", channel_closed=True)
    sender.outgoing.preparing.extend([down] * 10_000)
    for _ in range(900):
        sender.deliver()
        assert watchdog(sender)() == ()
        sender.clock.move(seconds=1)
    assert "overdue" not in {code for row in rows for code in codes(sender, sender.delivery(row.id))}

    sender.clock.move(seconds=91)
    assert {one.id for one in watchdog(sender)()} == {row.id for row in rows}, "now nobody asks the channel either"


def test_a_clock_that_jumped_back_a_day_is_noticed_at_once_and_every_row_names_itself(sender: House) -> None:
    """Fault 29: what was put off while the clock was a day ahead would sleep that day."""
    add(sender, samples.delivery(1, wake_at=samples.NOW + timedelta(days=1, seconds=4)))
    waiting = samples.delivery(2, addressee="KZ-GA", state=S.SENT, wake_at=samples.NOW + timedelta(days=1))
    add(sender, waiting)
    (told,) = watchdog(sender)()
    assert (told.id, told.code(samples.NOW)) == ("delivery-0001", "overdue.sleeps-too-long")


def test_no_wait_that_the_schedule_can_make_is_called_implausible(sender: House) -> None:
    plan = sender.plan
    for number, (state, span) in enumerate(
        [
            (S.QUEUED, plan.retry.cap * 1.2),
            (S.UNCERTAIN, plan.uncertain_window),
            (S.SENT, plan.silence_alarm),
            (S.ABANDONED, plan.reminder),
        ],
        start=1,
    ):
        add(sender, samples.delivery(number, addressee=f"KZ-{number}", state=state, wake_at=samples.NOW + span))
    assert watchdog(sender)() == ()


def test_a_long_queue_without_a_worker_is_one_piece_of_news(sender: House) -> None:
    for number in range(1, 61):
        add(sender, samples.delivery(number))
    sender.clock.move(minutes=1)
    assert len(watchdog(sender)()) == 60
    told = [one.event for one in events(sender)]
    assert [one.action for one in told] == [OVERDUE] * 20 + [MANY_OVERDUE]
    assert told[-1].details == {"count": 40}
    assert watchdog(sender)() == ()


# --- alarms ----------------------------------------------------------------------------------------------------------
def test_what_is_an_alarm_is_decided_by_its_name() -> None:
    def alarms(action: str) -> bool:
        event = samples.event(action=action)
        return is_alarm(ChainedEvent(sequence=1, event=event, previous=samples.digest(""), digest=samples.digest("")))

    assert all(map(alarms, [*ALARMS, "watch.uncertain", "watch.anything-new"]))
    assert not any(map(alarms, ["delivery.sent", "delivery.queued", "message.refused", "watchful", "head.stamped"]))


# --- who is told -----------------------------------------------------------------------------------------------------
@dataclass
class Ear:
    """A receiver that hears what it is told, or fails as the test says."""

    heard: list[int] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    fails: Exception | None = None
    loses_answers: int = 0

    def tell(self, told: Sequence[ChainedEvent], *, at: datetime) -> None:
        if self.fails is not None:
            raise self.fails
        self.messages.append(len(told))
        self.heard += [one.sequence for one in told]
        if self.loses_answers:
            self.loses_answers -= 1
            raise OutcomeUnknown("http.no-answer", params={"host": "x", "cause": "x"})


def notify(house: House, *, seed: int = 1, **followers: Follower) -> Notify:
    return Notify(store=house.store, clock=house.clock, identifiers=Counting(seed), followers=followers)


def everything(ear: Ear) -> Follower:
    return Follower(receiver=ear, wants=lambda _: True)


def happen(house: House, *actions: str) -> None:
    with house.store.transaction() as t:
        for action in actions:
            t.audit.append(samples.event(action=action, at=house.clock.now()))


def test_a_follower_begins_where_he_subscribes_and_hears_each_event_once(sender: House) -> None:
    ear = Ear()
    happen(sender, "delivery.queued")
    tell = notify(sender, a=everything(ear))
    assert tell() == 0, "history is read from the feed"
    happen(sender, "delivery.sent", "delivery.registered")
    assert (tell(), tell()) == (2, 0)
    assert ear.heard == [2, 3]


def test_a_follower_of_alarms_hears_nothing_else_and_is_not_behind(sender: House) -> None:
    ear = Ear()
    tell = notify(sender, a=Follower(receiver=ear, wants=is_alarm))
    tell()
    happen(sender, "delivery.sent", "watch.uncertain", "delivery.sent", "notice.dispute", "delivery.sent")
    assert tell() == 2
    assert ear.heard == [2, 4]
    with sender.store.snapshot() as t:
        assert t.subscriptions.get("a").cursor == 5


def test_fault_39_a_receiver_that_was_down_for_a_day_catches_up_in_order_without_loss(sender: House) -> None:
    ear, other = Ear(), Ear()
    tell = notify(sender, hook=everything(ear), other=everything(other))
    tell()
    ear.fails = Retryable("http.no-connection", params={"host": "x", "cause": "x"})
    for _ in range(24 * 4):
        happen(sender, *["delivery.sent"] * 25)
        sender.clock.move(minutes=15)
        tell()
    assert ear.heard == []
    alarms = [one.event for one in events(sender) if one.event.action == "watch.receiver-silent"]
    assert [one.details for one in alarms] == [{"receiver": "hook", "code": "http.no-connection"}], (
        "told, and once a day"
    )
    ear.fails = None
    sender.clock.move(minutes=18)
    while tell():
        pass
    told = events(sender)
    assert ear.heard == other.heard == [one.sequence for one in told]
    assert len(told) == 24 * 4 * 25 + 1
    assert first_break(told) is None
    assert max(ear.messages) <= 100, "no message without bounds"


def test_the_waits_of_a_silent_receiver_double_up_to_the_cap_and_never_end(sender: House) -> None:
    ear = Ear(fails=Retryable("http.no-connection", params={"host": "x", "cause": "x"}))
    tell = notify(sender, a=everything(ear))
    tell()
    happen(sender, "delivery.sent")
    waits = []
    for _ in range(12):
        tell()
        with sender.store.snapshot() as t:
            wake = t.subscriptions.get("a").wake_at
        waits.append((wake - sender.clock.now()).total_seconds())
        sender.clock.at = wake
    assert waits == [4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_an_answer_that_was_lost_brings_the_same_events_again(sender: House) -> None:
    ear = Ear(loses_answers=1)
    tell = notify(sender, a=everything(ear))
    tell()
    happen(sender, "delivery.sent", "delivery.sent")
    tell()
    sender.clock.move(seconds=5)
    tell()
    assert ear.heard == [1, 2, 1, 2]


def test_one_process_tells_and_the_other_waits_for_its_lease(sender: House) -> None:
    outer = notify(sender, seed=1, a=everything(Ear()))
    outer()
    happen(sender, "delivery.sent")
    second = Ear()

    class Slow(Ear):
        def tell(self, told: Sequence[ChainedEvent], *, at: datetime) -> None:
            assert notify(sender, seed=500, a=everything(second))() == 0
            super().tell(told, at=at)

    slow = Slow()
    assert notify(sender, seed=900, a=everything(slow))() == 1
    assert (slow.heard, second.heard) == ([1], [])


def test_a_process_that_was_killed_while_telling_is_followed_by_another_one_after_its_lease(sender: House) -> None:
    class Dies(Ear):
        def tell(self, told: Sequence[ChainedEvent], *, at: datetime) -> None:
            raise KeyboardInterrupt

    notify(sender, a=everything(Ear()))()
    happen(sender, "delivery.sent")
    with pytest.raises(KeyboardInterrupt):
        notify(sender, a=everything(Dies()))()
    ear = Ear()
    tell = notify(sender, seed=500, a=everything(ear))
    assert tell() == 0
    sender.clock.move(minutes=3)
    assert tell() == 1
    assert ear.heard == [1]


def test_a_clock_that_jumped_back_keeps_no_follower_waiting(sender: House) -> None:
    ear = Ear()
    tell = notify(sender, a=everything(ear))
    tell()
    with sender.store.transaction() as t:
        standing = t.subscriptions.get("a")
        far = sender.clock.now() + timedelta(days=1)
        t.subscriptions.save(replace(standing, wake_at=far, lease="gone", lease_until=far))
    happen(sender, "delivery.sent")
    assert tell() == 1


def test_one_follower_that_fails_keeps_nobody_else_from_hearing(sender: House) -> None:
    deaf, ear = Ear(fails=OutcomeUnknown("mail.no-answer", params={"host": "x"})), Ear()
    tell = notify(sender, a=everything(deaf), b=everything(ear))
    tell()
    happen(sender, "delivery.sent")
    assert tell() == 1
    assert ear.heard == [1]


def test_the_schedule_is_that_of_the_settings(sender: House) -> None:
    ear = Ear(fails=Retryable("http.no-connection", params={"host": "x", "cause": "x"}))
    tell = replace(notify(sender, a=everything(ear)), retry=RetryPolicy(first=timedelta(seconds=1)))
    tell()
    happen(sender, "delivery.sent")
    tell()
    with sender.store.snapshot() as t:
        assert t.subscriptions.get("a").wake_at == sender.clock.now() + timedelta(seconds=1)
