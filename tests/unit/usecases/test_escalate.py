"""Warnings before a deadline and the statement at it: each once, whoever runs, whatever was missed."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import schemas
from adapter import conversion
from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.escalation import first_warning, highest_due, instant_of, next_warning
from adapter.domain.incoming import IncomingNotice
from adapter.domain.notice import Notice, NoticeKind
from adapter.domain.statement import NonDelivery, StatementKind, first_break
from adapter.errors import Final, OutcomeUnknown
from tests.contract.samples import NOW, entry
from tests.factories import fx1
from tests.unit.usecases.houses import MEMBERS, House
from tests.unit.usecases.test_receipts import locked_signer, statements

REPORT = fx1()
DOCUMENT = REPORT.header.document_id
SPAN = timedelta(hours=100)


@pytest.fixture
def sent(mof: House) -> Delivery:
    """A document that is queued."""
    return mof.submit().report(REPORT, ()).delivery


def go_to(house: House, delivery: Delivery, percent: float) -> list[str]:
    """The alarms when this part of the time to the deadline has gone."""
    assert delivery.deadline is not None
    house.clock.at = delivery.created_at + (delivery.deadline - delivery.created_at) * percent / 100
    return [alarm.code for alarm in house.escalate()]


def non_delivery(house: House) -> NonDelivery:
    _, signed = house.reprint(DOCUMENT, StatementKind.NON_DELIVERY)
    said, _ = conversion.read_statement(signed)
    assert isinstance(said, NonDelivery)
    return said


def notice(house: House, kind: NoticeKind, **more: Any) -> None:
    raw = f"notice {kind.value} {house.clock.at}".encode()
    told = Notice(document_id=DOCUMENT, kind=kind, speaker=MEMBERS["KZ-MFA"], said_at=house.clock.at, **more)
    house.incoming.says[raw] = IncomingNotice(notice=told)
    house.receive(raw)
    assert house.process() is not None


# --- thresholds ------------------------------------------------------------------------------------------------------
def test_each_threshold_warns_once_and_the_deadline_states_once(mof: House, sent: Delivery) -> None:
    said = {at: go_to(mof, sent, at) for at in (1, 49.9, 50, 50.1, 79, 80, 81, 95, 99.99, 100, 100.1, 400)}
    assert {at: codes for at, codes in said.items() if codes} == {
        50: ["watch.deadline-50"],
        80: ["watch.deadline-80"],
        95: ["watch.deadline-95"],
        100: ["watch.non-delivery"],
    }
    assert mof.told()[1:] == [code for codes in said.values() for code in codes]
    row = mof.delivery(sent.id)
    assert (row.warned, row.warn_at, row.state) == (100, None, DeliveryState.QUEUED)
    assert [one.kind for one in statements(mof)] == [StatementKind.SUBMISSION_RECEIPT, StatementKind.NON_DELIVERY]
    assert first_break(statements(mof)) is None


@pytest.mark.parametrize(
    ("at", "code"), [(81, "watch.deadline-80"), (99, "watch.deadline-95"), (150, "watch.non-delivery")]
)
def test_of_several_thresholds_that_went_by_only_the_highest_speaks(
    mof: House, sent: Delivery, at: float, code: str
) -> None:
    assert go_to(mof, sent, at) == [code]
    assert go_to(mof, sent, at) == []
    with mof.store.snapshot() as transaction:
        last = transaction.audit.of_document(DOCUMENT)[-1].event
    assert (last.action, last.details["passedBy"]) == (code, 0)


def test_a_clock_that_is_set_back_warns_of_nothing_twice(mof: House, sent: Delivery) -> None:
    assert go_to(mof, sent, 80) == ["watch.deadline-80"]
    assert go_to(mof, sent, 10) == []
    assert go_to(mof, sent, 80) == []
    assert go_to(mof, sent, 95) == ["watch.deadline-95"]


def test_several_workers_speak_once(mof: House, sent: Delivery) -> None:
    go_to(mof, sent, 10)
    assert sent.deadline is not None
    mof.clock.at = sent.deadline
    start, found = threading.Barrier(6), []

    def work() -> None:
        start.wait()
        found.extend(mof.escalate())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [alarm.code for alarm in found] == ["watch.non-delivery"]
    assert len(statements(mof)) == 2


def test_a_warning_does_not_take_the_row_from_a_worker_that_sends_it(mof: House, sent: Delivery) -> None:
    mof.outgoing.answering.append(lambda _: _accepted_while_warned(mof, sent))
    mof.deliver()
    row = mof.delivery(sent.id)
    assert (row.state, row.warned) == (DeliveryState.SENT, 80)


def _accepted_while_warned(house: House, delivery: Delivery) -> Any:
    from tests.unit.usecases.houses import accepted

    assert go_to(house, delivery, 80) == ["watch.deadline-80"]
    return accepted()


def test_what_is_registered_is_no_longer_warned_about(mof: House, sent: Delivery) -> None:
    mof.deliver()
    assert go_to(mof, sent, 50) == ["watch.deadline-50"]
    notice(mof, NoticeKind.REGISTERED, registration_number="К-1")
    assert [go_to(mof, sent, at) for at in (80, 95, 100, 200)] == [[], [], [], []]
    assert (mof.delivery(sent.id).warned, len(statements(mof))) == (100, 1)


@pytest.mark.parametrize("percent", [50, 80, 95, 100])
def test_proof_that_has_come_and_that_nobody_has_read_yet_is_not_called_missing(
    mof: House, sent: Delivery, percent: int
) -> None:
    """The endpoint took the notice while no worker ran; the worker's first turn comes after the threshold."""
    mof.deliver()
    go_to(mof, sent, percent - 1)
    before = mof.told()
    raw = b"the notice of the registration"
    told = Notice(
        document_id=DOCUMENT,
        kind=NoticeKind.REGISTERED,
        speaker=MEMBERS["KZ-MFA"],
        said_at=mof.clock.at,
        registration_number="K-1",
    )
    mof.incoming.says[raw] = IncomingNotice(notice=told)
    mof.receive(raw)
    assert go_to(mof, sent, percent + 100) == []
    assert mof.process() is not None
    assert mof.delivery(sent.id).state is DeliveryState.REGISTERED
    assert go_to(mof, sent, percent + 101) == []
    assert not [one for one in mof.told()[len(before) :] if one.startswith("watch.")]
    assert len(statements(mof)) == 1


def test_a_message_that_nobody_can_read_holds_no_statement_up(mof: House, sent: Delivery) -> None:
    go_to(mof, sent, 99)
    mof.store.blobs.put(b"<raw/>")
    with mof.store.transaction() as transaction:
        transaction.journal.add(entry(received_at=mof.clock.at, tries=4))
        transaction.journal.add(entry(2, received_at=mof.clock.at, message_id="other", lapses=1))
    assert go_to(mof, sent, 100) == ["watch.non-delivery"]


def test_a_message_that_came_after_the_deadline_holds_no_statement_up(mof: House, sent: Delivery) -> None:
    go_to(mof, sent, 99)
    assert sent.deadline is not None
    mof.store.blobs.put(b"<raw/>")
    with mof.store.transaction() as transaction:
        transaction.journal.add(entry(received_at=sent.deadline + timedelta(microseconds=1)))
    assert go_to(mof, sent, 101) == ["watch.non-delivery"]


def test_what_was_submitted_after_its_deadline_is_not_escalated(mof: House) -> None:
    mof.clock.move(days=30)
    late = mof.submit().report(REPORT, ()).delivery
    mof.clock.move(days=30)
    assert mof.escalate() == ()
    assert mof.delivery(late.id).warned == 100
    assert len(statements(mof)) == 1


# --- the statement ---------------------------------------------------------------------------------------------------
def test_the_statement_lists_every_try_and_every_answer_and_names_the_receipt(mof: House, sent: Delivery) -> None:
    mof.outgoing.answering.append(OutcomeUnknown("exchange.outcome-unknown", answer=b"<html>504</html>"))
    mof.deliver()
    mof.intervene.resend(sent.id, person="А. Ахметова", reason="адресат не получил")
    mof.deliver()
    notice(mof, NoticeKind.DELIVERED)
    go_to(mof, sent, 100)
    said = non_delivery(mof)
    row, tries = mof.delivery(sent.id), mof.attempts(sent.id)
    assert [(one.number, one.started_at, one.outcome, one.message, one.answer) for one in said.attempts] == [
        (one.number, one.started_at, one.outcome.value, one.message, one.answer) for one in tries
    ]
    assert [one.outcome for one in said.attempts] == ["unknown", "accepted"]
    assert [(one.kind, one.says, one.verdict) for one in said.answers] == [
        ("gateway-answer", "SCSS001", "verified"),
        ("notice", "delivered", "verified"),
    ]
    receipt = statements(mof)[0]
    assert said.receipt is not None
    assert (said.receipt.sequence, said.receipt.digest) == (receipt.sequence, receipt.digest)
    assert (said.state, said.since, said.proof, said.next_try) == ("delivered", row.changed_at, "none", None)
    assert (said.due.at, said.due.passed, said.made_at) == (sent.deadline, False, mof.clock.at)
    with mof.store.snapshot() as transaction:
        event = transaction.audit.events()[-1]
    assert (said.audit_event.sequence, said.audit_event.digest) == (event.sequence, event.digest)
    assert schemas.validate(statements(mof)[1].content, "statement/v1") == ()


def test_a_document_still_queued_is_stated_with_its_next_try(mof: House, sent: Delivery) -> None:
    go_to(mof, sent, 100)
    said = non_delivery(mof)
    assert (said.state, said.next_try, said.attempts, said.answers) == ("queued", sent.wake_at, (), ())


def test_a_refusal_is_not_warned_about_and_the_statement_says_that_it_was_one_and_when(
    mof: House, sent: Delivery
) -> None:
    mof.outgoing.answering.append(Final("exchange.refused", params={"code": "VAL-R-004"}))
    mof.clock.move(minutes=5)
    refused_at = mof.clock.at
    mof.deliver()
    assert mof.delivery(sent.id).state is DeliveryState.REFUSED
    assert [go_to(mof, sent, at) for at in (50, 80, 95, 100)] == [[], [], [], ["watch.non-delivery"]]
    said = non_delivery(mof)
    assert (said.state, said.since, said.reason) == ("refused", refused_at, "exchange.refused")


def test_what_is_registered_after_its_deadline_keeps_both(mof: House, sent: Delivery) -> None:
    mof.deliver()
    go_to(mof, sent, 100)
    stated = mof.reprint(DOCUMENT, StatementKind.NON_DELIVERY)
    notice(mof, NoticeKind.REGISTERED, registration_number="К-1")
    assert mof.delivery(sent.id).state is DeliveryState.REGISTERED
    assert go_to(mof, sent, 300) == []
    assert mof.reprint(DOCUMENT, StatementKind.NON_DELIVERY) == stated


def test_a_statement_that_cannot_be_signed_now_is_made_and_signed_later(mof: House, sent: Delivery) -> None:
    mof.clock.at = sent.deadline or NOW
    alarms = replace(mof.escalate, statements=locked_signer(mof))()
    assert [alarm.code for alarm in alarms] == ["watch.non-delivery"]
    with mof.store.snapshot() as transaction:
        assert [one.kind for one in transaction.statements.unsigned()] == [StatementKind.NON_DELIVERY]
    mof.clock.move(seconds=1)
    assert mof.escalate() == ()
    with mof.store.snapshot() as transaction:
        assert transaction.statements.unsigned() == ()


# --- reckoning -------------------------------------------------------------------------------------------------------
def test_the_instants_of_the_thresholds() -> None:
    reckoned = {"created_at": NOW, "deadline": NOW + SPAN}
    assert [instant_of(each, **reckoned) - NOW for each in (50, 80, 95, 100)] == [
        timedelta(hours=hours) for hours in (50, 80, 95, 100)
    ]
    assert first_warning(**reckoned) == (0, NOW + timedelta(hours=50))
    assert [next_warning(each, **reckoned) for each in (0, 50, 80, 95, 100)] == [
        *(NOW + timedelta(hours=hours) for hours in (50, 80, 95, 100)),
        None,
    ]
    tick = timedelta(microseconds=1)
    for percent in (50, 80, 95, 100):
        at = instant_of(percent, **reckoned)
        assert highest_due(0, now=at, **reckoned) == percent
        assert highest_due(percent - 1, now=at - tick, **reckoned) is None
        assert highest_due(percent, now=at, **reckoned) is None
    assert first_warning(created_at=NOW, deadline=None) == (100, None)
    assert first_warning(created_at=NOW, deadline=NOW) == (100, None)
    assert first_warning(created_at=NOW, deadline=NOW + tick)[0] == 0
