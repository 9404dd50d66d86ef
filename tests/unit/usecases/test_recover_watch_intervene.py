"""After a crash, past a wake-up, and by a person's word: every open row comes to somebody's notice, none moves twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapter.domain.delivery import AttemptOutcome, Delivery, DeliveryState, Proof
from adapter.domain.incoming import NotUnderstood
from adapter.domain.retry import RetryPolicy
from adapter.errors import Final, OutcomeUnknown, Retryable
from adapter.usecases.delivery_plan import DeliveryPlan
from adapter.worker import Worker
from tests.contract import samples
from tests.unit.usecases.conftest import add, killed_while_sending
from tests.unit.usecases.houses import House, accepted

S = DeliveryState
DEADLINE = samples.NOW + timedelta(hours=5)
WHO = {"person": "A. Clerk", "reason": "the centre said so"}


def uncertain(house: House, row: Delivery) -> Delivery:
    house.outgoing.answering.append(OutcomeUnknown())
    delivered = house.deliver()
    assert delivered is not None
    assert delivered.after.state is S.UNCERTAIN
    return house.delivery(row.id)


def put(house: House, row: Delivery, **changes: object) -> Delivery:
    """The row as another story has left it."""
    with house.store.transaction() as transaction:
        assert transaction.outbox.save(replace(house_row(transaction, row), **changes))
    return house.delivery(row.id)


def house_row(transaction: object, row: Delivery) -> Delivery:
    return transaction.outbox.get(row.id)  # type: ignore[attr-defined]


# --- recover ---------------------------------------------------------------------------------------------------------
def test_killed_after_the_mark_it_comes_back_as_unknown_and_is_not_sent_again(sender: House, queued: Delivery) -> None:
    """Fault 2."""
    killed_while_sending(sender)
    assert sender.recover() == (), "the lease still runs"
    sender.clock.move(seconds=121)

    (recovered,) = sender.recover()
    assert (recovered.state, recovered.lease) == (S.UNCERTAIN, None)
    assert sender.attempts(queued.id)[0].outcome is AttemptOutcome.LEASE_EXPIRED
    assert sender.deliver() is None
    assert len(sender.outgoing.sent) == 1


def test_killed_before_the_mark_it_is_due_again_at_once(sender: House, queued: Delivery) -> None:
    """Fault 3."""
    with sender.store.transaction() as transaction:
        transaction.outbox.claim(now=sender.clock.at, lease="gone", lease_for=timedelta(seconds=120))
    sender.clock.move(seconds=121)
    (recovered,) = sender.recover()
    assert (recovered.state, recovered.wake_at) == (S.QUEUED, sender.clock.at)
    delivered = sender.deliver()
    assert delivered is not None
    assert delivered.after.state is S.SENT


def test_a_notice_of_ours_that_was_being_sent_is_sent_again(sender: House) -> None:
    add(sender, samples.notice_delivery(1))
    killed_while_sending(sender)
    sender.clock.move(seconds=121)
    (recovered,) = sender.recover()
    assert recovered.state is S.QUEUED


def test_the_lease_of_a_live_worker_is_respected(sender: House) -> None:
    """Fault 4: only what has ended is recovered."""
    add(sender, samples.delivery(1))
    add(sender, samples.delivery(2, addressee="KZ-GA"))
    killed_while_sending(sender)
    sender.clock.move(seconds=100)
    with sender.store.transaction() as transaction:
        live = transaction.outbox.claim(now=sender.clock.at, lease="alive", lease_for=timedelta(seconds=120))
    assert live is not None
    sender.clock.move(seconds=30)
    assert [one.id for one in sender.recover()] != []
    assert sender.delivery(live.id).lease == "alive"


# --- watch -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "code"),
    [
        (S.SENT, "watch.centre-silent"),
        (S.IN_CENTRE, "watch.addressee-silent"),
        (S.DELIVERED, "watch.not-registered"),
        (S.UNCERTAIN, "watch.uncertain"),
        (S.ABANDONED, "watch.abandoned"),
    ],
)
def test_silence_is_told_once_and_looked_at_again_later(
    sender: House, queued: Delivery, state: DeliveryState, code: str
) -> None:
    put(sender, queued, state=state, wake_at=sender.clock.at, ever_sent=True)
    (alarm,) = sender.watch()
    assert (alarm.code, alarm.delivery.id) == (code, queued.id)
    assert sender.watch() == ()
    row = sender.delivery(queued.id)
    assert row.state is state
    assert row.wake_at is not None
    assert row.wake_at > sender.clock.at
    sender.clock.at = row.wake_at
    assert [one.code for one in sender.watch()] == [code]
    assert sender.told().count(code) == 2


def test_rows_that_are_not_due_are_left_alone(sender: House, queued: Delivery) -> None:
    assert sender.watch() == ()
    assert sender.told() == []


def test_at_the_last_safe_try_the_planner_sends_the_same_bytes_once(sender: House) -> None:
    row = add(sender, samples.delivery(1, deadline=DEADLINE))
    sender.outgoing.files_live = timedelta(hours=8)
    uncertain(sender, row)
    sender.clock.move(hours=2)
    assert [one.code for one in sender.watch()] == ["watch.uncertain"]

    sender.clock.at = DEADLINE - RetryPolicy().lead
    assert sender.watch() == ()
    again = sender.delivery(row.id)
    assert (again.state, again.resend, again.planner_resent) == (S.QUEUED, True, True)

    uncertain(sender, row)
    first, second = sender.outgoing.sent
    assert first == second
    assert [one.planner for one in sender.attempts(row.id)] == [False, True]
    sender.clock.move(hours=2)
    assert [one.code for one in sender.watch()] == ["watch.uncertain"], "only once by itself"


def test_the_planner_does_not_resend_when_the_settings_forbid_it(sender: House) -> None:
    sender.plan = DeliveryPlan(resend_by_planner=False)
    row = add(sender, samples.delivery(1, deadline=DEADLINE))
    uncertain(sender, row)
    sender.clock.at = DEADLINE - timedelta(minutes=1)
    assert [one.code for one in sender.watch()] == ["watch.uncertain"]
    assert sender.delivery(row.id).state is S.UNCERTAIN


def test_after_the_deadline_the_planner_no_longer_decides(sender: House) -> None:
    row = add(sender, samples.delivery(1, deadline=DEADLINE))
    uncertain(sender, row)
    sender.clock.at = DEADLINE + timedelta(seconds=1)
    assert [one.code for one in sender.watch()] == ["watch.uncertain"]


def test_the_settings_may_say_that_the_same_bytes_go_again_after_the_window(sender: House, queued: Delivery) -> None:
    sender.plan = DeliveryPlan(resend_when_uncertain="identical")
    uncertain(sender, queued)
    sender.clock.move(hours=2)
    assert sender.watch() == ()
    delivered = sender.deliver()
    assert delivered is not None
    assert delivered.after.state is S.SENT
    assert len(set(sender.outgoing.sent)) == 1


def test_what_goes_again_after_each_window_goes_again_before_the_legal_date_too(sender: House) -> None:
    """The window of an earlier resend would end after the date: it must not have used up the last safe try."""
    sender.plan = DeliveryPlan(resend_when_uncertain="identical")
    row = add(sender, samples.delivery(1, deadline=DEADLINE))
    sender.clock.at = DEADLINE - timedelta(hours=3, minutes=30)
    uncertain(sender, row)
    sender.clock.move(hours=2)
    assert sender.watch() == ()
    again = uncertain(sender, row)
    safe = DEADLINE - RetryPolicy().lead
    assert again.wake_at == safe

    sender.clock.at = safe
    assert sender.watch() == ()
    last = uncertain(sender, row)
    assert len(set(sender.outgoing.sent)) == 1
    assert last.wake_at == safe + sender.plan.uncertain_window, "once at the last safe try, not again and again"
    sender.clock.move(minutes=5)
    assert sender.watch() == ()
    assert sender.delivery(row.id) == last


def test_the_same_bytes_go_again_only_when_the_window_is_over_whatever_wakes_the_row_before(sender: House) -> None:
    """The warning that the exchange will forget the files comes earlier here, and no notice could have come yet."""
    sender.plan = DeliveryPlan(resend_when_uncertain="identical")
    sender.outgoing.files_live = timedelta(hours=3)
    row = uncertain(sender, add(sender, samples.delivery(1)))
    ends = sender.clock.at + sender.plan.uncertain_window
    assert row.wake_at is not None
    assert row.wake_at < ends
    sender.clock.at = row.wake_at
    assert [one.code for one in sender.watch()] == ["watch.files-expiring"]
    assert (sender.delivery(row.id).state, sender.delivery(row.id).wake_at) == (S.UNCERTAIN, ends)

    sender.clock.at = ends
    assert sender.watch() == ()
    assert sender.delivery(row.id).state is S.QUEUED


@pytest.mark.parametrize("again", ["ask", "identical"])
def test_what_the_gateway_said_it_took_is_not_sent_again_by_the_program(sender: House, again: str) -> None:
    """The answer came to a worker that had been paused for longer than its lease."""
    sender.plan = DeliveryPlan(resend_when_uncertain=again)
    row = add(sender, samples.delivery(1, deadline=DEADLINE))

    def paused(_: bytes) -> object:
        sender.clock.move(seconds=200)
        assert [one.state for one in sender.recover()] == [S.UNCERTAIN]
        return accepted()

    sender.outgoing.answering.append(paused)
    sender.deliver()
    assert [one.outcome for one in sender.attempts(row.id)] == [AttemptOutcome.ACCEPTED]
    sender.clock.at = DEADLINE - RetryPolicy().lead
    assert [one.code for one in sender.watch()] == ["watch.uncertain"]
    assert (sender.deliver(), len(sender.outgoing.sent)) == (None, 1)


def test_what_the_addressees_signed_receipt_proves_is_not_sent_again_by_the_program(sender: House) -> None:
    """The Receipt is a message of its own and may come before the notice, or without it."""
    row = uncertain(sender, add(sender, samples.delivery(1, deadline=DEADLINE)))
    put(sender, row, proof=Proof.DIGEST)
    sender.clock.at = DEADLINE - RetryPolicy().lead
    assert [one.code for one in sender.watch()] == ["watch.uncertain"]
    assert sender.deliver() is None


# --- intervene -------------------------------------------------------------------------------------------------------
def test_a_person_resends_and_the_trail_says_who_and_why(sender: House, queued: Delivery) -> None:
    uncertain(sender, queued)
    after = sender.intervene.resend(queued.id, **WHO)
    assert (after.state, after.resend, after.wake_at) == (S.QUEUED, True, sender.clock.at)
    with sender.store.transaction() as transaction:
        event = transaction.audit.events()[-1].event
    assert (event.actor, event.action, event.details["reason"]) == ("A. Clerk", "person-resends", WHO["reason"])


def test_a_persons_resend_is_not_recorded_as_the_planners_and_the_planner_has_no_second_one(sender: House) -> None:
    row = add(sender, samples.delivery(1, deadline=DEADLINE))
    uncertain(sender, row)
    sender.clock.at = DEADLINE - RetryPolicy().lead
    sender.watch()
    uncertain(sender, row)
    sender.clock.move(minutes=1)
    sender.intervene.resend(row.id, **WHO)
    uncertain(sender, row)
    assert [one.planner for one in sender.attempts(row.id)] == [False, True, False]
    put(sender, row, wake_at=sender.clock.at)
    assert [one.code for one in sender.watch()] == ["watch.uncertain"], "before the date, and once is once"


def test_giving_up_is_not_final_and_a_reminder_stays(sender: House, queued: Delivery) -> None:
    uncertain(sender, queued)
    after = sender.intervene.give_up(queued.id, **WHO)
    assert (after.state, after.wake_at) == (S.ABANDONED, sender.clock.at + DeliveryPlan().reminder)


def test_what_never_left_can_be_withdrawn_and_is_never_sent(sender: House, queued: Delivery) -> None:
    after = sender.intervene.withdraw(queued.id, **WHO)
    assert (after.state, after.wake_at) == (S.WITHDRAWN, None)
    assert sender.deliver() is None


@pytest.mark.parametrize("deed", ["resend", "give_up", "withdraw"])
def test_nobody_decides_anonymously_or_without_a_reason(sender: House, queued: Delivery, deed: str) -> None:
    for who in ({"person": " ", "reason": "x"}, {"person": "A", "reason": ""}):
        with pytest.raises(Final, match="intervene.who-and-why"):
            getattr(sender.intervene, deed)(queued.id, **who)


def test_what_has_left_cannot_be_withdrawn(sender: House, queued: Delivery) -> None:
    uncertain(sender, queued)
    sender.intervene.give_up(queued.id, **WHO)
    with pytest.raises(Final, match="intervene.not-possible"):
        sender.intervene.withdraw(queued.id, **WHO)


@pytest.mark.parametrize("state", [S.REGISTERED, S.REFUSED, S.WITHDRAWN])
def test_a_final_state_stays_final_for_a_person_too(sender: House, queued: Delivery, state: DeliveryState) -> None:
    put(sender, queued, state=state, wake_at=None)
    with pytest.raises(Final, match="intervene.not-possible"):
        sender.intervene.resend(queued.id, **WHO)
    assert sender.delivery(queued.id).state is state


def test_a_delivery_that_is_not_there_is_said_by_name(sender: House) -> None:
    with pytest.raises(Final, match="intervene.no-such-delivery") as refused:
        sender.intervene.resend("nowhere", **WHO)
    assert refused.value.params["delivery"] == "nowhere"


def test_a_resend_of_what_never_left_is_an_ordinary_first_try(sender: House, queued: Delivery) -> None:
    sender.outgoing.preparing.append(Final("exchange.addressee-unknown"))
    sender.deliver()
    after = sender.intervene.resend(queued.id, **WHO)
    assert (after.resend, after.reason) == (False, None)
    delivered = sender.deliver()
    assert delivered is not None
    assert delivered.after.state is S.SENT


def test_a_row_in_a_workers_hands_is_not_decided_about(sender: House, queued: Delivery) -> None:
    with sender.store.transaction() as transaction:
        transaction.outbox.claim(now=sender.clock.at, lease="worker", lease_for=timedelta(seconds=120))
    with pytest.raises((Final, Retryable)):
        sender.intervene.withdraw(queued.id, **WHO)
    assert sender.delivery(queued.id).state is S.CLAIMED


# --- a clock that was wrong -------------------------------------------------------------------------------------------
DAY = timedelta(days=1)


def test_what_was_put_off_under_a_clock_a_day_ahead_goes_on_when_the_clock_is_right(
    sender: House, queued: Delivery
) -> None:
    sender.clock.move(days=1)
    sender.outgoing.answering.append(Retryable("exchange.http-503"))
    delivered = sender.deliver()
    assert delivered is not None
    assert delivered.after.state is S.QUEUED
    sender.clock.move(days=-1)
    assert sender.deliver() is None, "it is due tomorrow"

    assert [one.id for one in sender.wake_sleepers()] == [queued.id]
    again = sender.deliver()
    assert again is not None
    assert again.after.state is S.SENT
    assert "watch.clock-stepped" in sender.told()


def test_a_worker_that_died_under_a_clock_a_day_ahead_does_not_hold_its_lane_for_a_day(
    sender: House, queued: Delivery
) -> None:
    sender.clock.move(days=1)
    killed_while_sending(sender)
    sender.clock.move(days=-1)
    assert sender.recover() == ()

    sender.wake_sleepers()
    (recovered,) = sender.recover()
    assert (recovered.id, recovered.state) == (queued.id, S.UNCERTAIN)


def test_no_row_whose_wake_up_the_plan_could_have_set_is_touched(sender: House, queued: Delivery) -> None:
    plan = sender.plan
    longest = {
        S.QUEUED: plan.retry.cap * 1.2,
        S.CLAIMED: plan.lease_for,
        S.SENDING: plan.lease_for,
        S.SENT: plan.silence_alarm,
        S.IN_CENTRE: plan.silence_alarm,
        S.DELIVERED: plan.silence_alarm,
        S.UNCERTAIN: plan.uncertain_window,
        S.ABANDONED: plan.reminder,
    }
    for state, wait in longest.items():
        held = {"lease": "l", "lease_until": sender.clock.at + wait} if state in {S.CLAIMED, S.SENDING} else {}
        free = {"lease": None, "lease_until": None} if not held else {}
        put(sender, queued, state=state, wake_at=sender.clock.at + wait, **held, **free)
        assert sender.wake_sleepers() == (), state
        put(sender, queued, wake_at=sender.clock.at + wait + DAY)
        assert [one.id for one in sender.wake_sleepers()] == [queued.id], state
        assert sender.delivery(queued.id).wake_at <= sender.clock.at + wait


def test_a_message_whose_worker_died_under_a_clock_a_day_ahead_is_worked_on_today(sender: House) -> None:
    entry = sender.entry(NotUnderstood(what="noise"), "m-1")
    with sender.store.transaction() as transaction:
        transaction.journal.claim(now=sender.clock.at + DAY, lease="gone", lease_for=sender.plan.lease_for)
    assert sender.process() is None

    sender.wake_sleepers()
    sender.recover()
    processed = sender.process()
    assert processed is not None
    assert processed.entry.id == entry.id


def test_a_row_that_housekeeping_cannot_bear_stops_no_other_lane(
    sender: House, queued: Delivery, caplog: pytest.LogCaptureFixture
) -> None:
    sender.outgoing.files_live = None
    killed_while_sending(sender)
    sender.plan = DeliveryPlan(uncertain_window=timedelta())  # the settings refuse it; then there is no next look
    other = add(sender, samples.delivery(2, addressee="KZ-GA"))
    sender.clock.move(seconds=31)
    Worker(sender).turn()
    assert sender.delivery(other.id).state is S.SENT
    assert sender.delivery(queued.id).state is S.SENDING, "the watchdog tells of its lease"
    assert "_recover ended with a defect: ValueError" in caplog.text


def test_the_first_turn_of_a_worker_goes_on_with_what_was_asleep(sender: House, queued: Delivery) -> None:
    put(sender, queued, wake_at=sender.clock.at + DAY)
    Worker(sender).turn()
    assert sender.delivery(queued.id).state is S.SENT
