"""adapter.ports.Statements: what every keeper of the node's own statements promises."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from adapter.domain.audit_event import GENESIS
from adapter.domain.statement import SignedStatement, StatementKind, first_break
from adapter.errors import Conflict, Final
from tests.contract.samples import MINUTE, NOW, delivery, digest, document_id, roll_back

RECEIPT, FAILURE = StatementKind.SUBMISSION_RECEIPT, StatementKind.NON_DELIVERY


@pytest.fixture(autouse=True)
def deliveries(store):
    with store.transaction() as t:
        for number in range(1, 9):
            t.outbox.add(delivery(number))


def content(sequence, previous):
    return f'<SubmissionReceipt previous="{previous}" sequence="{sequence}"></SubmissionReceipt>'.encode()


def append(t, number=1, kind=RECEIPT, compose=content):
    return t.statements.append(
        kind, document_id=document_id(number), delivery_id=f"delivery-{number:04d}", made_at=NOW, compose=compose
    )


def test_statements_are_numbered_from_one_and_each_names_the_one_before(store):
    with store.transaction() as t:
        assert t.statements.last() == 0
        first = append(t, 1)
        second = append(t, 2)
        assert t.statements.last() == 2
    with store.transaction() as t:
        third = append(t, 1, FAILURE)
        assert t.statements.listed() == (first, second, third)
        assert t.statements.listed(after=1, limit=1) == (second,)
        assert t.statements.of_document(document_id(1)) == (first, third)
        assert (t.statements.get(2), t.statements.get(4)) == (second, None)
    assert [one.sequence for one in (first, second, third)] == [1, 2, 3]
    assert [first.previous, second.previous, third.previous] == [GENESIS, first.digest, second.digest]
    assert first.digest == digest(first.content)
    assert first_break((first, second, third)) is None


def test_a_statement_that_is_rolled_back_leaves_no_gap(store):
    roll_back(store, append)
    with store.transaction() as t:
        assert append(t).sequence == 1


def test_one_statement_of_a_kind_for_a_delivery(store):
    with store.transaction() as t:
        standing = append(t)
        with pytest.raises(Conflict):
            append(t)
        assert t.statements.listed() == (standing,)


def test_content_that_names_another_place_is_not_stated(store):
    with store.transaction() as t:
        for wrong in (lambda s, p: content(s + 1, p), lambda s, p: content(s, digest("x")), lambda s, p: b"<a/>"):
            with pytest.raises(ValueError, match="place"):
                append(t, compose=wrong)
        assert t.statements.listed() == ()


def test_a_statement_about_no_delivery_is_refused(store):
    with store.transaction() as t, pytest.raises(Final):
        append(t, 77)


def test_statements_by_threads_at_once_make_one_chain(store):
    start = threading.Barrier(8)

    def state(number):
        start.wait()
        with store.transaction() as t:
            append(t, number)

    threads = [threading.Thread(target=state, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.transaction() as t:
        rows = t.statements.listed()
    assert [one.sequence for one in rows] == list(range(1, 9))
    assert first_break(rows) is None


# --- signed forms ----------------------------------------------------------------------------------------------------
def test_the_first_signed_form_stands(store):
    one, other = store.blobs.put(b"<signed/>").sha256, store.blobs.put(b"<signed again/>").sha256
    with store.transaction() as t:
        append(t, 1)
        append(t, 2)
        assert [row.sequence for row in t.statements.unsigned()] == [1, 2]
        assert t.statements.signed(1) is None
        first = SignedStatement(sequence=1, sha256=one, signed_at=NOW)
        assert t.statements.add_signed(first) == first
    with store.transaction() as t:
        assert t.statements.add_signed(replace(first, sha256=other, signed_at=NOW + MINUTE)) == first
        assert t.statements.signed(1) == first
        assert [row.sequence for row in t.statements.unsigned()] == [2]
        assert t.statements.unsigned(after=2) == ()


def test_no_signed_form_without_its_bytes_or_its_statement(store):
    kept = store.blobs.put(b"<signed/>").sha256
    with store.transaction() as t:
        append(t)
        with pytest.raises(Final):
            t.statements.add_signed(SignedStatement(sequence=1, sha256=digest("never kept"), signed_at=NOW))
        with pytest.raises(Final):
            t.statements.add_signed(SignedStatement(sequence=2, sha256=kept, signed_at=NOW))


def test_signers_at_once_all_get_the_same_bytes(store):
    with store.transaction() as t:
        append(t)
    said, start = [], threading.Barrier(6)

    def sign(worker):
        kept = store.blobs.put(f"<signed by='{worker}'/>".encode())
        start.wait()
        with store.transaction() as t:
            said.append(t.statements.add_signed(SignedStatement(sequence=1, sha256=kept.sha256, signed_at=NOW)))

    threads = [threading.Thread(target=sign, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.transaction() as t:
        assert said == [t.statements.signed(1)] * 6


# --- warnings --------------------------------------------------------------------------------------------------------
def test_rows_to_warn_about_come_in_any_state_when_their_time_comes(store):
    with store.transaction() as t:
        for number, minutes in ((10, 4), (11, 2), (12, 9)):
            t.outbox.add(delivery(number, deadline=NOW + 99 * MINUTE, warned=0, warn_at=NOW + minutes * MINUTE))
        assert [row.id for row in t.outbox.to_warn(now=NOW + 4 * MINUTE)] == ["delivery-0011", "delivery-0010"]
        assert [row.id for row in t.outbox.to_warn(now=NOW + 9 * MINUTE, limit=1)] == ["delivery-0011"]
        assert t.outbox.to_warn(now=NOW) == ()


def test_a_warning_is_written_once_and_takes_the_row_from_nobody(store):
    with store.transaction() as t:
        row = t.outbox.add(delivery(10, deadline=NOW + 99 * MINUTE, warned=0, warn_at=NOW)).delivery
        assert t.outbox.save_warned(row, warned=50, warn_at=NOW + MINUTE)
        assert not t.outbox.save_warned(row, warned=50, warn_at=NOW + MINUTE)
        # Whoever read the row before the warning still writes it, and the warning stays.
        assert t.outbox.save(replace(row, wake_at=NOW + 7 * MINUTE))
        after = t.outbox.get(row.id)
    assert (after.warned, after.warn_at, after.wake_at) == (50, NOW + MINUTE, NOW + 7 * MINUTE)


def test_an_open_row_with_a_deadline_is_never_without_its_next_warning(store):
    with store.transaction() as t:
        row = t.outbox.add(delivery(10, deadline=NOW + 99 * MINUTE, warned=0, warn_at=NOW)).delivery
        with pytest.raises(Final) as refused:
            t.outbox.save_warned(row, warned=80, warn_at=None)
        assert refused.value.params["invariant"] == "deliveries_warn"
        with pytest.raises(Final):
            t.outbox.add(delivery(11, deadline=NOW + 99 * MINUTE, warned=0, warn_at=None))
        assert t.outbox.save_warned(row, warned=100, warn_at=None)
