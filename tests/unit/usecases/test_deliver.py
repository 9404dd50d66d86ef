"""One turn of the outgoing worker: what is durable before a byte leaves, and what each outcome makes of the row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapter.domain.delivery import AttemptOutcome, Delivery, DeliveryState
from adapter.domain.outgoing import ContentKind
from adapter.domain.receipt import MessageVerdict, ReceiptKind
from adapter.domain.retry import RetryPolicy
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.usecases.deliver import Delivered
from adapter.usecases.delivery_plan import DeliveryPlan
from tests.contract import samples
from tests.unit.usecases.conftest import add
from tests.unit.usecases.houses import House, accepted

S = DeliveryState
NEVER_TAKEN = Retryable("exchange.http-503", params={"status": 503})


def turn(house: House) -> Delivered:
    delivered = house.deliver()
    assert delivered is not None
    return delivered


def after_first_try(house: House, error: ElshiError | None) -> Delivery:
    if error is not None:
        house.outgoing.answering.append(error)
    return turn(house).after


OUTCOMES: list[tuple[str, ElshiError | None, DeliveryState, AttemptOutcome]] = [
    ("accepted", None, S.SENT, AttemptOutcome.ACCEPTED),
    ("surely not taken", NEVER_TAKEN, S.QUEUED, AttemptOutcome.NOT_SENT),
    (
        "channel closed",
        Retryable("exchange.channel-closed", channel_closed=True),
        S.QUEUED,
        AttemptOutcome.CHANNEL_CLOSED,
    ),
    ("outcome unknown", OutcomeUnknown(answer=b"<html/>"), S.UNCERTAIN, AttemptOutcome.UNKNOWN),
    ("code on no list", Final("exchange.not-understood"), S.ABANDONED, AttemptOutcome.NOT_UNDERSTOOD),
    ("refused for good", Final("exchange.refused", params={"code": "VAL-R-004"}), S.REFUSED, AttemptOutcome.REFUSED),
    ("an error of no branch", ElshiError("elshi.odd"), S.UNCERTAIN, AttemptOutcome.UNKNOWN),
]


@pytest.mark.parametrize(("error", "state", "outcome"), [one[1:] for one in OUTCOMES], ids=[one[0] for one in OUTCOMES])
def test_each_outcome_gives_its_state_and_the_row_equals_what_is_stored(
    sender: House, queued: Delivery, error: ElshiError | None, state: DeliveryState, outcome: AttemptOutcome
) -> None:
    after = after_first_try(sender, error)

    stored = sender.delivery(queued.id)
    assert (after.state, stored.state) == (state, state)
    assert stored.lease is None
    (attempt,) = sender.attempts(queued.id)
    assert attempt.outcome is outcome
    assert attempt.ended_at is not None
    assert sender.told() == [f"delivery.{state.value}"]


@pytest.mark.parametrize(("error", "state", "outcome"), [one[1:] for one in OUTCOMES], ids=[one[0] for one in OUTCOMES])
def test_no_open_row_is_left_without_a_wake_up(
    sender: House, queued: Delivery, error: ElshiError | None, state: DeliveryState, outcome: AttemptOutcome
) -> None:
    after = after_first_try(sender, error)
    assert (after.wake_at is None) == (state is S.REFUSED)


def test_nothing_due_is_nothing_done(sender: House) -> None:
    assert sender.deliver() is None
    assert sender.outgoing.prepared == []


def test_the_attempt_with_its_exact_bytes_is_durable_before_a_byte_leaves(sender: House, queued: Delivery) -> None:
    seen: dict[str, Any] = {}

    def while_sending(message: bytes) -> Any:
        (attempt,) = sender.attempts(queued.id)
        row = sender.delivery(queued.id)
        seen.update(
            state=row.state,
            ever_sent=row.ever_sent,
            outcome=attempt.outcome,
            kept=sender.store.blobs.read(attempt.message) == message,
        )
        return accepted()

    sender.outgoing.answering.append(while_sending)
    turn(sender)
    assert seen == {"state": S.SENDING, "ever_sent": True, "outcome": AttemptOutcome.OPEN, "kept": True}


def test_the_answer_of_the_gateway_is_kept_as_a_receipt_byte_for_byte(sender: House, queued: Delivery) -> None:
    sender.outgoing.answering.append(accepted(b"<answer>raw</answer>", MessageVerdict.UNVERIFIED))
    turn(sender)

    (receipt,) = sender.receipts(queued.document_id)
    assert sender.store.blobs.read(receipt.raw) == b"<answer>raw</answer>"
    assert (receipt.kind, receipt.says) == (ReceiptKind.GATEWAY_ANSWER, "SCSS001")
    assert receipt.verdict is MessageVerdict.UNVERIFIED


@pytest.mark.parametrize(
    "error", [OutcomeUnknown(answer=b"half an answer"), Final("exchange.refused")], ids=["unknown", "refused"]
)
def test_the_raw_answer_of_a_failed_try_is_kept(sender: House, queued: Delivery, error: ElshiError) -> None:
    error.answer = b"half an answer"
    after_first_try(sender, error)
    (attempt,) = sender.attempts(queued.id)
    assert sender.store.blobs.read(attempt.answer) == b"half an answer"


def test_a_retry_sends_identical_bytes_while_the_files_live(sender: House, queued: Delivery) -> None:
    after = after_first_try(sender, NEVER_TAKEN)
    assert after.wake_at is not None
    sender.clock.at = after.wake_at

    assert turn(sender).after.state is S.SENT
    first, second = sender.outgoing.sent
    assert first == second
    assert len(sender.outgoing.prepared) == 1
    assert len({one.message for one in sender.attempts(queued.id)}) == 1


def test_files_that_expired_are_uploaded_again_when_surely_nothing_was_taken(sender: House, queued: Delivery) -> None:
    sender.outgoing.files_live = timedelta(minutes=6)
    after_first_try(sender, NEVER_TAKEN)
    sender.clock.move(minutes=2)

    assert turn(sender).after.state is S.SENT
    assert len(sender.outgoing.prepared) == 2
    first, second = sender.attempts(queued.id)
    assert first.message != second.message
    assert first.message_id == second.message_id == queued.message_id


def test_files_that_expired_after_an_unknown_outcome_stop_for_a_person(sender: House, queued: Delivery) -> None:
    sender.outgoing.files_live = timedelta(minutes=6)
    after_first_try(sender, OutcomeUnknown())
    sender.clock.move(minutes=2)
    sender.intervene.resend(queued.id, person="A. Clerk", reason="the centre has not seen it")

    after = turn(sender).after
    assert (after.state, after.reason) == (S.ABANDONED, "deliver.files-expired")
    assert len(sender.outgoing.sent) == 1, "other bytes must not travel without a person's word"


def test_a_person_may_say_that_the_files_are_to_be_uploaded_again(sender: House, queued: Delivery) -> None:
    sender.outgoing.files_live = timedelta(minutes=6)
    after_first_try(sender, OutcomeUnknown())
    sender.clock.move(minutes=2)
    sender.intervene.resend(queued.id, person="A. Clerk", reason="lost", upload_again=True)

    assert turn(sender).after.state is S.SENT
    assert len(sender.outgoing.prepared) == 2


@pytest.mark.parametrize("outcome", [None, OutcomeUnknown(), Final("exchange.not-understood")])
def test_a_person_who_says_upload_again_gets_new_files_also_while_the_old_ones_should_still_live(
    sender: House, queued: Delivery, outcome: ElshiError | None
) -> None:
    """The exchange has lost them before their time: the kept bytes would name files that nobody has."""
    after_first_try(sender, outcome)
    sender.intervene.resend(queued.id, person="A. Clerk", reason="the exchange lost its files", upload_again=True)
    again = after_first_try(sender, NEVER_TAKEN)
    assert again.wake_at is not None
    sender.clock.at = again.wake_at
    assert turn(sender).after.state is S.SENT
    first, second, third = sender.outgoing.sent
    assert first != second
    assert second == third, "and from then on these are the bytes"
    assert len({one.message_id for one in sender.attempts(queued.id)}) == 1


def test_what_was_once_taken_by_nobody_knows_whom_keeps_its_bytes_through_a_later_refused_connection(
    sender: House, queued: Delivery
) -> None:
    """A resend that was surely not taken is still a resend: its first try may have been taken."""
    sender.outgoing.files_live = timedelta(minutes=6)
    after_first_try(sender, OutcomeUnknown())
    sender.intervene.resend(queued.id, person="A. Clerk", reason="again")
    again = after_first_try(sender, NEVER_TAKEN)
    assert again.state is S.QUEUED
    assert again.resend

    sender.clock.move(minutes=3)
    assert turn(sender).after.reason == "deliver.files-expired"


def test_a_notice_that_was_faster_than_our_record_wins_and_the_answer_is_kept(sender: House, queued: Delivery) -> None:
    def notice_first(message: bytes) -> Any:
        with sender.store.transaction() as transaction:
            row = transaction.outbox.get(queued.id)
            assert row is not None
            from dataclasses import replace

            moved = replace(row, state=S.REGISTERED, wake_at=None, lease=None, lease_until=None)
            assert transaction.outbox.save(moved)
        return accepted(b"<late answer/>")

    sender.outgoing.answering.append(notice_first)
    after = turn(sender).after

    assert after.state is S.REGISTERED
    assert sender.delivery(queued.id).state is S.REGISTERED
    (receipt,) = sender.receipts(queued.document_id)
    assert sender.store.blobs.read(receipt.raw) == b"<late answer/>"
    assert sender.attempts(queued.id)[0].outcome is AttemptOutcome.ACCEPTED


@pytest.mark.parametrize("error", [Final("storage.full"), OutcomeUnknown("storage.commit-unknown")])
def test_a_full_disk_of_ours_gives_no_delivery_to_a_person(sender: House, queued: Delivery, error: ElshiError) -> None:
    """It would give him the whole backlog: the row goes on by itself when there is room again."""
    sender.outgoing.preparing.append(error)
    after = turn(sender).after
    assert (after.state, after.attempts) == (S.QUEUED, 0)
    sender.clock.move(seconds=10)
    assert turn(sender).after.state is S.SENT


def test_a_stale_worker_whose_lease_was_given_away_writes_nothing(sender: House, queued: Delivery) -> None:
    """Fault 4 and 11: it wakes up after the lease is over and another has taken the row."""

    def slept_too_long(message: bytes) -> Any:
        sender.clock.move(seconds=130)
        (recovered,) = sender.recover()
        assert recovered.state is S.UNCERTAIN
        return NEVER_TAKEN

    sender.outgoing.answering.append(slept_too_long)
    after = turn(sender).after
    assert after.state is S.UNCERTAIN
    assert sender.delivery(queued.id).state is S.UNCERTAIN


def test_a_row_taken_away_while_its_files_were_uploaded_is_not_sent(sender: House, queued: Delivery) -> None:
    prepare = sender.outgoing.prepare

    def slow(content: Any, **more: Any) -> Any:
        sender.clock.move(seconds=130)
        sender.recover()
        return prepare(content, **more)

    sender.outgoing.prepare = slow  # type: ignore[method-assign]
    delivered = turn(sender)
    assert delivered.error is not None
    assert delivered.error.code == "deliver.lease-lost"
    assert sender.outgoing.sent == []
    assert sender.delivery(queued.id).state is S.QUEUED
    assert sender.attempts(queued.id) == []


# --- the schedule ----------------------------------------------------------------------------------------------------
def test_waits_double_and_each_try_is_counted(sender: House, queued: Delivery) -> None:
    waits = []
    for _ in range(4):
        after = after_first_try(sender, NEVER_TAKEN)
        assert after.wake_at is not None
        waits.append((after.wake_at - sender.clock.at).total_seconds())
        sender.clock.at = after.wake_at
    assert waits == [4, 8, 16, 32]
    assert sender.delivery(queued.id).attempts == 4


def test_a_closed_channel_uses_no_attempt(sender: House, queued: Delivery) -> None:
    """Fault 37: an outage of six hours does not eat the tries."""
    for _ in range(5):
        after = after_first_try(sender, Retryable("exchange.channel-closed", channel_closed=True))
        assert after.wake_at is not None
        sender.clock.at = after.wake_at
    row = sender.delivery(queued.id)
    assert (row.state, row.attempts) == (S.QUEUED, 0)
    assert len(sender.attempts(queued.id)) == 5


def test_the_other_side_may_ask_for_a_longer_wait_and_never_for_one_beyond_the_cap(
    sender: House, queued: Delivery
) -> None:
    asked = Retryable("exchange.http-429", retry_after=timedelta(minutes=2))
    after = after_first_try(sender, asked)
    assert after.wake_at == sender.clock.at + timedelta(minutes=2)

    sender.clock.move(minutes=2)
    after = after_first_try(sender, Retryable("exchange.http-429", retry_after=timedelta(days=30)))
    assert after.wake_at == sender.clock.at + RetryPolicy().cap


@pytest.mark.parametrize("is_closed", [False, True])
def test_the_other_side_cannot_ask_for_a_wait_that_jumps_over_the_last_safe_try(
    sender: House, *, is_closed: bool
) -> None:
    deadline = samples.NOW + timedelta(hours=5)
    safe = deadline - RetryPolicy().lead
    add(sender, samples.delivery(1, deadline=deadline))
    sender.clock.at = safe - timedelta(minutes=2)
    asked = Retryable("exchange.http-429", retry_after=timedelta(minutes=14), channel_closed=is_closed)
    assert after_first_try(sender, asked).wake_at == safe

    sender.clock.at = safe
    late = after_first_try(sender, asked)
    assert late.wake_at == safe + timedelta(minutes=14), "after it there is nothing to jump over"


def test_an_upload_that_fails_leaves_the_row_queued_and_no_attempt(sender: House, queued: Delivery) -> None:
    sender.outgoing.preparing.append(Retryable("exchange.upload-later"))
    after = turn(sender).after
    assert (after.state, after.attempts, after.ever_sent) == (S.QUEUED, 0, False)
    assert sender.attempts(queued.id) == []


def test_a_document_whose_files_do_not_go_up_waits_longer_each_time(sender: House, queued: Delivery) -> None:
    """Ten megabytes every four seconds for weeks would be its lane's whole time."""
    waits = []
    for _ in range(4):
        sender.outgoing.preparing.append(Retryable("exchange.upload-failed"))
        after = turn(sender).after
        assert after.wake_at is not None
        waits.append((after.wake_at - sender.clock.at).total_seconds())
        sender.clock.at = after.wake_at
    assert waits == [4, 8, 16, 32]
    assert sender.delivery(queued.id).attempts == 0

    assert after_first_try(sender, NEVER_TAKEN).deferrals == 0, "the count begins anew with an attempt"


def test_what_is_final_before_the_post_waits_for_a_person_with_its_reason(sender: House, queued: Delivery) -> None:
    sender.outgoing.preparing.append(Final("exchange.addressee-unknown", params={"body": "KZ-MFA"}))
    after = turn(sender).after
    assert (after.state, after.reason, after.ever_sent) == (S.ABANDONED, "exchange.addressee-unknown", False)
    assert after.wake_at == sender.clock.at + DeliveryPlan().reminder


def test_without_a_deadline_the_budget_ends_and_a_person_is_asked(sender: House, queued: Delivery) -> None:
    sender.clock.move(days=3)
    after = after_first_try(sender, NEVER_TAKEN)
    assert (after.state, after.reason) == (S.ABANDONED, NEVER_TAKEN.code)


def test_it_never_gives_up_before_the_legal_deadline(sender: House) -> None:
    deadline = samples.NOW + timedelta(days=30)
    row = add(sender, samples.delivery(2, deadline=deadline))
    sender.clock.at = deadline - timedelta(minutes=11)
    after = after_first_try(sender, NEVER_TAKEN)
    assert after.state is S.QUEUED

    sender.clock.at = deadline + timedelta(hours=1)
    assert after_first_try(sender, NEVER_TAKEN).state is S.QUEUED, "late is worth sending too"
    sender.clock.at = deadline + timedelta(days=4)
    assert after_first_try(sender, NEVER_TAKEN).state is S.ABANDONED
    assert sender.delivery(row.id).state is S.ABANDONED


def test_a_defect_while_sending_leaves_the_outcome_unknown_and_nothing_is_sent_again(
    sender: House, queued: Delivery
) -> None:
    def broken(_: bytes) -> None:
        raise RuntimeError("after the first byte")

    sender.outgoing.answering.append(broken)
    done = turn(sender)
    assert (done.after.state, done.error and done.error.code) == (S.UNCERTAIN, "deliver.defect")
    assert [one.outcome for one in sender.attempts(queued.id)] == [AttemptOutcome.UNKNOWN]
    sender.clock.move(minutes=30)
    assert sender.deliver() is None
    assert len(sender.outgoing.sent) == 1


def test_an_unknown_outcome_wakes_up_in_time_for_the_last_safe_try(sender: House) -> None:
    deadline = samples.NOW + timedelta(hours=1)
    add(sender, samples.delivery(2, deadline=deadline))
    after = after_first_try(sender, OutcomeUnknown())
    assert after.wake_at == deadline - RetryPolicy().lead


# --- notices of ours -------------------------------------------------------------------------------------------------
def test_a_notice_of_ours_is_done_when_the_gateway_took_it(sender: House) -> None:
    row = add(sender, samples.notice_delivery(1))
    after = turn(sender).after
    assert (after.state, after.wake_at, after.content_kind) == (S.SENT, None, ContentKind.NOTICE)
    assert sender.deliver() is None
    assert sender.delivery(row.id).state is S.SENT


def test_a_notice_of_ours_with_an_unknown_outcome_is_simply_sent_again(sender: House) -> None:
    add(sender, samples.notice_delivery(1))
    after = after_first_try(sender, OutcomeUnknown())
    assert after.state is S.QUEUED
    assert after.wake_at is not None
    sender.clock.at = after.wake_at
    assert turn(sender).after.state is S.SENT
    assert len(set(sender.outgoing.sent)) == 1


# --- several documents -----------------------------------------------------------------------------------------------
def test_one_poisonous_document_blocks_nobody_else(sender: House) -> None:
    """Fault 13, over lanes."""
    add(sender, samples.delivery(1, addressee="KZ-GA"))
    for number in range(2, 30):
        add(sender, samples.delivery(number))
    sender.outgoing.preparing.append(Final("exchange.office-signature-missing"))
    states = []
    while (delivered := sender.deliver()) is not None:
        states.append(delivered.after.state)
    assert sorted(states) == sorted([S.ABANDONED, *[S.SENT] * 28])


def test_the_oldest_deadline_goes_first(sender: House) -> None:
    add(sender, samples.delivery(1))
    add(sender, samples.delivery(2, deadline=samples.NOW + timedelta(days=2)))
    add(sender, samples.delivery(3, deadline=samples.NOW + timedelta(days=1)))
    order = [turn(sender).before.document_id for _ in range(3)]
    assert order == [samples.document_id(3), samples.document_id(2), samples.document_id(1)]
