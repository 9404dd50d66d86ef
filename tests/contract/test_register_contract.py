"""adapter.ports.Register: what every register promises."""

from __future__ import annotations

import threading

import pytest

from adapter.domain.document import DocumentType
from adapter.errors import Conflict, Final
from tests.contract.samples import digest, document_id, registered, roll_back


def put(store, *documents):
    with store.transaction() as t:
        for document in documents:
            t.register.add(document)


def test_gives_back_exactly_what_was_recorded(store):
    bare = registered(2, outgoing_date=None, supersedes=None, findings=(), office_verdict=None, is_late=True)
    put(store, registered(), bare)
    with store.transaction() as t:
        assert t.register.find(document_id(1)) == registered()
        assert t.register.find(document_id(2)) == bare
        assert t.register.find(document_id(3)) is None


def test_a_document_is_recorded_once(store):
    put(store, registered())
    with store.transaction() as t, pytest.raises(Conflict) as refused:
        t.register.add(registered(1, number="вх-2"))
    assert refused.value.code == "register.document-taken"
    assert refused.value.params["number"] == "вх-1"


def test_a_number_means_one_document(store):
    put(store, registered())
    with store.transaction() as t, pytest.raises(Conflict) as refused:
        t.register.add(registered(2, number="вх-1"))
    assert refused.value.code == "register.number-taken"
    assert refused.value.params["document"] == document_id(1)


def test_refuses_a_record_without_its_container(store):
    with store.transaction() as t, pytest.raises(Final) as refused:
        t.register.add(registered(container=digest("never kept")))
    assert refused.value.code == "storage.nothing-to-point-at"


def test_lists_in_order_of_recording_by_type_and_year(store):
    rows = [
        registered(3),
        registered(1, reporting_year=2024),
        registered(2, document_type=DocumentType.SUMMARY_INFORMATION),
    ]
    put(store, *rows)
    with store.transaction() as t:
        assert list(t.register.listed()) == rows
        assert t.register.listed(reporting_year=2025) == (rows[0], rows[2])
        assert t.register.listed(document_type=DocumentType.SUMMARY_INFORMATION) == (rows[2],)
        assert t.register.listed(document_type=DocumentType.TREATY_INFORMATION, reporting_year=2024) == (rows[1],)
        assert t.register.listed(reporting_year=1999) == ()


def test_each_series_counts_from_one(store):
    with store.transaction() as t:
        assert [t.register.next_number("2026") for _ in range(3)] == [1, 2, 3]
        assert t.register.next_number("2027") == 1


def test_a_number_of_a_rolled_back_transaction_is_given_again(store):
    with store.transaction() as t:
        t.register.next_number("2026")
    roll_back(store, lambda t: t.register.next_number("2026"))
    with store.transaction() as t:
        assert t.register.next_number("2026") == 2


def test_numbers_given_to_threads_at_once_have_neither_gap_nor_repeat(store):
    given = []

    def take() -> None:
        for _ in range(10):
            with store.transaction() as t:
                given.append(t.register.next_number("2026"))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 81))


def test_threads_that_look_for_a_document_and_record_it_record_it_once_and_lose_no_number(store):
    recorded, start = [], threading.Barrier(6)

    def work() -> None:
        start.wait()
        with store.transaction() as t:
            if t.register.find(document_id(1)) is None:
                number = t.register.next_number("2026")
                t.register.add(registered(1, number=f"вх-{number}"))
                recorded.append(number)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorded == [1]
    with store.transaction() as t:
        assert t.register.next_number("2026") == 2
