"""An outage of the channel: no document pays for it, one at a time asks whether it is over, then everything goes soon."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapter.domain.breaker import Breaker, BreakerState
from adapter.domain.delivery import DeliveryState
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.usecases.channel_gate import ChannelSign, sign_of
from adapter.usecases.delivery_plan import CHANNEL, DeliveryPlan
from adapter.usecases.look import Seen
from tests.contract import samples
from tests.unit.usecases.conftest import add
from tests.unit.usecases.houses import House

S = DeliveryState
DOWN = Retryable("http.no-connection", params={"host": "gw"}, channel_closed=True)
PLAN = DeliveryPlan()


def breaker(house: House) -> Breaker:
    with house.store.snapshot() as snapshot:
        return snapshot.breakers.get(CHANNEL)


def filled(house: House, count: int, **changes: object) -> list[str]:
    return [add(house, samples.delivery(n, addressee=f"KZ-{n}", **changes)).id for n in range(1, count + 1)]


def shut(house: House, count: int = 20) -> list[str]:
    """`count` deliveries, and a channel that has just been found shut."""
    rows = filled(house, count)
    house.outgoing.preparing.extend([DOWN] * 1000)
    while breaker(house).lets_through:
        assert house.deliver() is not None
    return rows


def open_again(house: House) -> None:
    house.outgoing.preparing.clear()


def test_an_outage_of_six_hours_uses_up_no_attempt_and_asks_rarely(sender: House) -> None:
    """Fault 37."""
    rows = shut(sender)
    asked = len(sender.outgoing.prepared)
    end = sender.clock.at + timedelta(hours=6)
    while sender.clock.at < end:
        sender.deliver()
        sender.clock.move(seconds=5)
    probes = len(sender.outgoing.prepared) - asked
    assert 300 < probes < 6 * 60 + 10
    states = {(row.state, row.attempts, row.ever_sent) for row in map(sender.delivery, rows)}
    assert states == {(S.QUEUED, 0, False)}
    assert sender.outgoing.sent == []


def test_the_first_probe_takes_the_oldest_deadline_and_then_the_oldest(sender: House) -> None:
    rows = shut(sender, 7)
    urgent = add(sender, samples.delivery(90, addressee="Z", deadline=sender.clock.at + timedelta(days=1)))
    sender.clock.move(seconds=6)
    probe = sender.deliver()
    assert probe is not None
    assert probe.before.id == urgent.id
    assert sender.deliver() is None, "one probe and no more"
    sender.clock.move(seconds=11)
    probe = sender.deliver()
    assert probe is not None
    assert probe.before.id == rows[0], "another than the one that failed, the oldest of the rest"


def test_after_the_outage_everything_goes_at_the_limited_rate_and_not_at_its_own_quarter_of_an_hour(
    sender: House,
) -> None:
    rows = shut(sender, 100)
    sender.clock.move(hours=5)
    sender.deliver()
    open_again(sender)
    begun = sender.clock.move(seconds=61)
    sent = 0
    while sent < 100:
        told = sender.look()
        if told.again_at is not None:
            sender.clock.at = told.again_at
        elif sender.deliver() is None:
            sender.clock.move(seconds=1)
        sent = len(sender.outgoing.sent)
    took = (sender.clock.at - begun).total_seconds()
    assert 4 < took < 5 + 61, "99 rows at 20 in a second, the last probed one within its own wait"
    assert {sender.delivery(row).state for row in rows} == {S.SENT}
    assert {sender.delivery(row).attempts for row in rows} == {1}


def test_opening_and_closing_stand_in_the_trail_with_their_reason(sender: House) -> None:
    shut(sender)
    open_again(sender)
    sender.clock.move(seconds=6)
    assert sender.deliver() is not None
    with sender.store.snapshot() as snapshot:
        told = [
            (e.event.action, e.event.details["code"]) for e in snapshot.audit.events() if "channel" in e.event.action
        ]
    assert told == [("channel.closed", DOWN.code), ("channel.open", DOWN.code)]


def test_a_person_is_told_once_for_each_outage_when_it_lasts(sender: House) -> None:
    shut(sender)
    sender.clock.move(minutes=4, seconds=59)
    assert sender.watch_channel() == ()
    sender.clock.move(seconds=1)
    (alarm,) = sender.watch_channel()
    assert (alarm.code, alarm.reason) == ("watch.channel-closed", DOWN.code)
    sender.clock.move(hours=3)
    sender.deliver()
    assert sender.watch_channel() == (), "also after a failed probe"
    open_again(sender)
    sender.clock.move(minutes=2)
    assert sender.deliver() is not None
    assert breaker(sender).lets_through
    sender.outgoing.preparing.extend([DOWN] * 1000)
    while breaker(sender).lets_through:
        sender.deliver()
        sender.clock.move(seconds=1)
    sender.clock.move(minutes=5)
    assert [one.code for one in sender.watch_channel()] == ["watch.channel-closed"]
    assert sender.told().count("watch.channel-closed") == 2


def test_a_channel_that_closed_under_a_clock_a_day_ahead_is_told_of_today(sender: House) -> None:
    sender.clock.move(days=1)
    shut(sender)
    sender.clock.move(days=-1)
    (alarm,) = sender.watch_channel()
    assert (alarm.code, alarm.since) == ("watch.channel-closed", sender.clock.at)
    assert sender.watch_channel() == ()


def test_one_document_that_the_other_side_cannot_bear_keeps_the_channel_shut_for_nobody(sender: House) -> None:
    """A proxy that turns one document away with a 403, and that document is the most urgent of all."""
    poison = add(sender, samples.delivery(1, deadline=sender.clock.at + timedelta(hours=2)))
    sender.outgoing.preparing.extend([DOWN] * 5)
    for _ in range(5):
        assert sender.deliver() is not None
        sender.clock.move(minutes=2)
    assert not breaker(sender).lets_through
    add(sender, samples.delivery(2))
    sender.outgoing.preparing.append(DOWN)
    first = sender.deliver()
    assert first is not None
    assert first.before.id == poison.id
    sender.clock.move(minutes=2)
    second = sender.deliver()
    assert second is not None
    assert second.after.state is S.SENT
    assert breaker(sender).lets_through


def test_what_the_channel_alone_turns_back_waits_longer_each_time_while_others_go(sender: House) -> None:
    add(sender, samples.delivery(1))
    waits = []
    for number in range(2, 8):
        sender.outgoing.preparing.append(DOWN)
        turned = sender.deliver()
        assert turned is not None
        assert turned.after.wake_at is not None
        waits.append((turned.after.wake_at - sender.clock.at).total_seconds())
        assert turned.after.attempts == 0
        add(sender, samples.delivery(number, addressee="KZ-GA"))
        assert sender.deliver() is not None
        sender.clock.at = turned.after.wake_at
    assert waits == [4, 8, 16, 32, 64, 128]


def test_a_worker_that_dies_as_the_probe_wedges_nothing(sender: House) -> None:
    shut(sender)
    open_again(sender)
    sender.clock.move(seconds=6)

    class Killed(BaseException):
        pass

    sender.outgoing.preparing.append(Killed())  # type: ignore[arg-type]
    with pytest.raises(Killed):
        sender.deliver()
    assert breaker(sender).state is BreakerState.HALF_OPEN
    assert sender.deliver() is None
    sender.clock.move(seconds=31)
    sender.recover()
    assert breaker(sender).state is BreakerState.OPEN
    assert sender.deliver() is not None
    assert breaker(sender).lets_through


def test_a_probe_that_ends_before_the_channel_was_asked_says_nothing_of_it(sender: House) -> None:
    shut(sender)
    open_again(sender)
    sender.clock.move(seconds=6)
    sender.outgoing.preparing.append(Final("exchange.file-too-large"))
    turned = sender.deliver()
    assert turned is not None
    assert turned.after.state is S.ABANDONED
    assert breaker(sender).state is BreakerState.OPEN
    assert sender.deliver() is not None, "the next probe goes at once"
    assert breaker(sender).lets_through


def test_in_normal_times_the_breaker_is_never_written(sender: House) -> None:
    filled(sender, 5)
    while sender.deliver() is not None:
        pass
    assert breaker(sender) == Breaker(channel=CHANNEL)


def test_an_idle_worker_is_told_what_is_due_and_when_to_ask_again(sender: House) -> None:
    assert sender.look() == Seen(message=False, delivery=False)
    shut(sender)
    assert sender.look() == Seen(message=False, delivery=False, again_at=sender.clock.at + timedelta(seconds=5))
    sender.receive(b"something")
    sender.clock.move(seconds=5)
    assert sender.look() == Seen(message=True, delivery=True)


@pytest.mark.parametrize(
    ("error", "was_sent", "sign"),
    [
        (None, True, ChannelSign.CARRIES),
        (DOWN, False, ChannelSign.FAILS),
        (Retryable("exchange.unavailable", channel_closed=True), True, ChannelSign.FAILS),
        (OutcomeUnknown("http.no-answer"), True, ChannelSign.FAILS),
        (OutcomeUnknown("exchange.gateway-error"), True, ChannelSign.FAILS),
        (OutcomeUnknown("deliver.defect"), True, ChannelSign.SAYS_NOTHING),
        (OutcomeUnknown("exchange.answer-contradicts"), True, ChannelSign.CARRIES),
        (Final("exchange.refused"), True, ChannelSign.CARRIES),
        (Final("exchange.not-understood"), True, ChannelSign.CARRIES),
        (Retryable("exchange.try-later"), True, ChannelSign.CARRIES),
        (Retryable("exchange.upload-failed"), False, ChannelSign.CARRIES),
        (Final("exchange.file-too-large"), False, ChannelSign.SAYS_NOTHING),
        (Final("http.address-refused"), True, ChannelSign.SAYS_NOTHING),
        (Retryable("deliver.lease-lost"), False, ChannelSign.SAYS_NOTHING),
        (Retryable("deliver.paused"), True, ChannelSign.SAYS_NOTHING),
        (Retryable("storage.busy"), False, ChannelSign.SAYS_NOTHING),
    ],
)
def test_what_an_outcome_says_of_the_channel(error: ElshiError | None, was_sent: bool, sign: ChannelSign) -> None:
    assert sign_of(error, was_sent=was_sent) is sign
