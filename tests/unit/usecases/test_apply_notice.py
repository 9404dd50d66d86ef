"""Notices of the exchange through the journal: in any order, repeated, contradicting, about documents nobody knows."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapter.domain.delivery import AttemptOutcome, Delivery, DeliveryState, Proof
from adapter.domain.document import DocumentId
from adapter.domain.incoming import IncomingNotice, JournalState
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.errors import Final, OutcomeUnknown, Retryable
from adapter.usecases.process_message import Processed
from tests.contract import samples
from tests.unit.usecases.conftest import add, killed_while_sending
from tests.unit.usecases.houses import MEMBERS, House

S = DeliveryState
K = NoticeKind
_NUMBERS = itertools.count(1)


def say(house: House, kind: NoticeKind, *, document: str | None = None, **more: Any) -> Processed:
    """The notice comes in and is worked on."""
    notice = Notice(
        document_id=DocumentId(document or samples.document_id(1)),
        kind=kind,
        said_at=house.clock.at,
        **({"speaker": MEMBERS["KZ-MFA"]} | more),
    )
    return hear(house, notice)


def hear(house: House, notice: Notice) -> Processed:
    house.entry(IncomingNotice(notice=notice), f"notice-{next(_NUMBERS)}")
    processed = house.process()
    assert processed is not None
    return processed


@pytest.fixture
def sent(sender: House, queued: Delivery) -> Delivery:
    delivered = sender.deliver()
    assert delivered is not None
    return delivered.after


def state_of(house: House, row: Delivery) -> DeliveryState:
    return house.delivery(row.id).state


def test_the_usual_order_ends_registered_with_the_number_and_each_notice_is_a_receipt(
    sender: House, sent: Delivery
) -> None:
    states = []
    for kind, more in ((K.PROCESSED_IN_CENTRE, {}), (K.DELIVERED, {}), (K.REGISTERED, {"registration_number": "К-1"})):
        assert say(sender, kind, **more).entry.state is JournalState.DONE
        states.append(state_of(sender, sent))
    assert states == [S.IN_CENTRE, S.DELIVERED, S.REGISTERED]
    row = sender.delivery(sent.id)
    assert (row.registration_number, row.proof, row.wake_at) == ("К-1", Proof.NOTICE, None)
    assert [one.says for one in sender.receipts(sent.document_id)] == [
        "SCSS001",
        "processed-in-centre",
        "delivered",
        "registered",
    ]


def test_an_attempt_whose_worker_died_before_the_notice_came_does_not_stay_open(
    sender: House, queued: Delivery
) -> None:
    """The notice voids the lease, so nobody would come to recover the row."""
    killed_while_sending(sender)
    say(sender, K.REGISTERED, registration_number="К-1")
    assert state_of(sender, queued) is S.REGISTERED
    (attempt,) = sender.attempts(queued.id)
    assert (attempt.outcome, attempt.ended_at) == (AttemptOutcome.LEASE_EXPIRED, sender.clock.at)


ORDERS = list(itertools.permutations([K.PROCESSED_IN_CENTRE, K.DELIVERED, K.REGISTERED]))


@pytest.mark.parametrize("order", ORDERS, ids=["-".join(str(kind.value) for kind in order) for order in ORDERS])
def test_the_end_is_the_same_in_every_order(sender: House, sent: Delivery, order: tuple[NoticeKind, ...]) -> None:
    for kind in order:
        say(sender, kind, registration_number="К-1" if kind is K.REGISTERED else None)
    assert state_of(sender, sent) is S.REGISTERED
    assert not any(one.is_dispute for one in sender.receipts(sent.document_id))


def test_a_lower_notice_never_moves_it_back(sender: House, sent: Delivery) -> None:
    say(sender, K.DELIVERED)
    assert say(sender, K.PROCESSED_IN_CENTRE).code == "notice.applied"
    assert state_of(sender, sent) is S.DELIVERED


def test_a_refusal_ends_with_its_reason_in_the_senders_words(sender: House, sent: Delivery) -> None:
    say(sender, K.NOT_VALID, reason=RefusalReason.AGAINST_RULES, reason_text="3")
    row = sender.delivery(sent.id)
    assert (row.state, row.reason, row.reason_text) == (S.REFUSED, "against-rules", "3")


@pytest.mark.parametrize(("first", "second"), [(K.REGISTERED, K.NOT_VALID), (K.NOT_VALID, K.REGISTERED)])
def test_a_notice_that_contradicts_a_final_state_changes_nothing_and_is_kept_as_a_dispute(
    sender: House, sent: Delivery, first: NoticeKind, second: NoticeKind
) -> None:
    """Faults 10 and 11."""
    say(sender, first, registration_number="К-1", reason=RefusalReason.OTHER)
    before = sender.delivery(sent.id)
    processed = say(sender, second, registration_number="К-2", reason=RefusalReason.OTHER)
    assert processed.code == "notice.dispute"
    assert sender.delivery(sent.id) == before
    assert [one.is_dispute for one in sender.receipts(sent.document_id)][-2:] == [False, True]


def test_a_second_registration_under_another_number_is_a_dispute_and_the_first_number_stays(
    sender: House, sent: Delivery
) -> None:
    say(sender, K.REGISTERED, registration_number="К-1")
    assert say(sender, K.REGISTERED, registration_number="К-1").code == "notice.applied", "told twice, it is one"
    assert say(sender, K.REGISTERED).code == "notice.applied", "no number says nothing of the number"
    assert say(sender, K.REGISTERED, registration_number="К-2").code == "notice.dispute"
    row = sender.delivery(sent.id)
    assert (row.state, row.registration_number) == (S.REGISTERED, "К-1")
    disputed = [one.registration_number for one in sender.receipts(sent.document_id) if one.is_dispute]
    assert disputed == ["К-2"]


@pytest.mark.parametrize("kind", [K.PROCESSED_IN_CENTRE, K.DELIVERED])
def test_what_the_exchange_carries_although_its_gateway_refused_it_is_a_dispute(
    sender: House, queued: Delivery, kind: NoticeKind
) -> None:
    """The other order of an answer that is disputed (late_answer.py)."""
    sender.outgoing.answering.append(Final("exchange.refused", params={"code": "VAL-R-004"}))
    sender.deliver()
    assert say(sender, kind).code == "notice.dispute"
    assert state_of(sender, queued) is S.REFUSED
    assert [one.says for one in sender.receipts(queued.document_id) if one.is_dispute] == [kind.value]


def test_what_came_to_an_addressee_that_refused_it_is_no_dispute(sender: House, sent: Delivery) -> None:
    say(sender, K.NOT_VALID, reason=RefusalReason.AGAINST_RULES)
    assert [say(sender, kind).code for kind in (K.DELIVERED, K.PROCESSED_IN_CENTRE)] == ["notice.applied"] * 2


def test_the_same_bytes_again_are_one_entry_and_one_receipt(sender: House, sent: Delivery) -> None:
    said = IncomingNotice(
        notice=Notice(document_id=sent.document_id, kind=K.DELIVERED, speaker=MEMBERS["KZ-MFA"], said_at=samples.NOW)
    )
    for _ in range(3):
        sender.entry(said, "the same")
    assert sender.process() is not None
    assert sender.process() is None
    assert [one.says for one in sender.receipts(sent.document_id)] == ["SCSS001", "delivered"]


def test_a_notice_settles_an_unknown_outcome(sender: House, queued: Delivery) -> None:
    """Fault 9."""
    sender.outgoing.answering.append(OutcomeUnknown())
    sender.deliver()
    assert state_of(sender, queued) is S.UNCERTAIN
    say(sender, K.REGISTERED, registration_number="К-7")
    assert state_of(sender, queued) is S.REGISTERED
    assert sender.deliver() is None


def test_a_notice_about_a_document_that_never_left_is_a_dispute(sender: House, queued: Delivery) -> None:
    assert say(sender, K.REGISTERED, registration_number="К-9").code == "notice.dispute"
    assert state_of(sender, queued) is S.QUEUED


def test_a_notice_about_a_document_nobody_knows_is_held_for_a_person(sender: House) -> None:
    processed = say(sender, K.REGISTERED, document=samples.document_id(99))
    assert (processed.entry.state, processed.code) == (JournalState.HELD, "notice.unknown-document")
    assert "notice.unknown-document" in sender.told()


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if not kind.moves_delivery])
def test_a_notice_that_moves_nothing_is_kept_as_history(sender: House, sent: Delivery, kind: NoticeKind) -> None:
    assert say(sender, kind).entry.state is JournalState.DONE
    assert state_of(sender, sent) is S.SENT
    assert sender.receipts(sent.document_id)[-1].says == kind.value


def test_of_several_addressees_only_the_one_that_speaks_is_moved(sender: House) -> None:
    rows = [add(sender, samples.delivery(1, id=f"d-{body}", addressee=body)) for body in ("KZ-MFA", "KZ-GA")]
    while sender.deliver() is not None:
        pass
    say(sender, K.DELIVERED, speaker=MEMBERS["KZ-GA"])
    assert [state_of(sender, row) for row in rows] == [S.SENT, S.DELIVERED]
    unknown = say(sender, K.DELIVERED, speaker="77777")
    assert unknown.entry.state is JournalState.HELD
    assert [state_of(sender, row) for row in rows] == [S.SENT, S.DELIVERED]


def test_a_row_that_was_moved_meanwhile_is_read_again_at_once_and_nothing_is_lost(
    sender: House, sent: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.doubles.memory_store import MemoryOutbox

    save = MemoryOutbox.save
    refusals = iter([True])

    def raced(self: MemoryOutbox, delivery: Delivery) -> bool:
        return False if next(refusals, False) else save(self, delivery)

    monkeypatch.setattr(MemoryOutbox, "save", raced)
    processed = say(sender, K.DELIVERED)
    assert (processed.entry.state, processed.code) == (JournalState.RECEIVED, "notice.moved-meanwhile")
    assert state_of(sender, sent) is S.SENT

    again = sender.process()
    assert again is not None
    assert again.entry.state is JournalState.DONE
    assert state_of(sender, sent) is S.DELIVERED
    assert len(sender.receipts(sent.document_id)) == 2


def test_a_worker_that_dies_with_an_entry_in_its_hands_loses_nothing(sender: House, sent: Delivery) -> None:
    notice = Notice(document_id=sent.document_id, kind=K.DELIVERED, speaker=MEMBERS["KZ-MFA"], said_at=samples.NOW)
    sender.entry(IncomingNotice(notice=notice), "left behind")
    with sender.store.transaction() as transaction:
        assert transaction.journal.claim(now=sender.clock.at, lease="dead", lease_for=timedelta(seconds=300))
    assert sender.process() is None
    sender.clock.move(seconds=301)
    sender.recover()
    processed = sender.process()
    assert processed is not None
    assert state_of(sender, sent) is S.DELIVERED


def test_a_message_that_says_nothing_we_know_is_held_with_what_it_called_itself(sender: House) -> None:
    sender.receive(b"odd thing")
    processed = sender.process()
    assert processed is not None
    assert (processed.entry.state, processed.code) == (JournalState.HELD, "message.not-understood")
    assert processed.entry.outcome_params == '{"what": "unknown"}'


def test_a_notice_waits_while_the_directory_cannot_say_who_speaks(sender: House, sent: Delivery) -> None:
    """Who may speak for an addressee is read in the directory; until it answers the notice is neither used nor lost."""

    class Silent:
        def find(self, body: str, **more: Any) -> Any:
            raise Retryable("exchange.directory-silent")

        def body_of(self, member: str) -> Any:
            raise Retryable("exchange.directory-silent")

    process = replace(sender.process, addresses=Silent())
    notice = Notice(document_id=sent.document_id, kind=K.REGISTERED, speaker=MEMBERS["KZ-MFA"], said_at=samples.NOW)
    sender.entry(IncomingNotice(notice=notice), "one addressee")
    waiting = process()
    assert waiting is not None
    assert (waiting.entry.state, waiting.code) == (JournalState.RECEIVED, "exchange.directory-silent")
    assert waiting.entry.wake_at is not None
    assert waiting.entry.wake_at > sender.clock.at
    assert state_of(sender, sent) is not S.REGISTERED

    sender.clock.at = waiting.entry.wake_at
    answered = sender.process()
    assert answered is not None
    assert answered.entry.state is JournalState.DONE


def test_control_notices_after_registration_stay_history(sender: House, sent: Delivery) -> None:
    say(sender, K.REGISTERED, registration_number="К-1")
    say(sender, K.EXECUTION)
    say(sender, K.FINISHED)
    assert state_of(sender, sent) is S.REGISTERED
    assert [one.is_dispute for one in sender.receipts(sent.document_id)] == [False] * 4
