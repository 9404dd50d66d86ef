"""adapter.ports.Store: what every store promises about its transactions."""

from __future__ import annotations

import threading
import traceback
from dataclasses import replace

import pytest

from adapter.errors import Conflict
from tests.contract.samples import delivery, entry, event, receipt, registered, roll_back


@pytest.fixture(autouse=True)
def raw(store):
    store.blobs.put(b"<raw/>")
    store.blobs.put(b"<receipt/>")


def fill(transaction):
    transaction.outbox.add(delivery())
    transaction.journal.add(entry())
    transaction.register.add(registered())
    transaction.receipts.add(receipt())
    transaction.audit.append(event())


def content(store):
    with store.transaction() as t:
        return (
            len(t.outbox.listed()),
            len(t.journal.listed()),
            len(t.register.listed()),
            len(t.receipts.of_document(receipt().document_id)),
            len(t.audit.events()),
        )


def test_everything_inside_commits_together(store):
    with store.transaction() as t:
        fill(t)
    assert content(store) == (1, 1, 1, 1, 1)


def test_nothing_inside_stays_when_the_block_raises(store):
    roll_back(store, fill)
    assert content(store) == (0, 0, 0, 0, 0)


def test_a_refusal_that_the_block_survives_undoes_nothing_else(store):
    with store.transaction() as t:
        fill(t)
        with pytest.raises(Exception, match="register"):
            t.register.add(registered())
    assert content(store) == (1, 1, 1, 1, 1)


def test_a_transaction_inside_a_transaction_is_refused_at_once(store):
    with store.transaction() as t:
        fill(t)
        with pytest.raises(RuntimeError), store.transaction():
            pass
    assert content(store) == (1, 1, 1, 1, 1)


def test_the_store_works_on_after_a_block_that_raised(store):
    for _ in range(30):
        roll_back(store, lambda t: None)
    with store.transaction() as t:
        fill(t)
    assert content(store) == (1, 1, 1, 1, 1)


def test_nobody_sees_half_a_transaction(store):
    inside, leave, seen = threading.Event(), threading.Event(), []

    def write() -> None:
        with store.transaction() as t:
            fill(t)
            inside.set()
            leave.wait(10)

    def read() -> None:
        seen.append(content(store))

    writer = threading.Thread(target=write)
    writer.start()
    inside.wait(10)
    reader = threading.Thread(target=read)
    reader.start()
    leave.set()
    writer.join()
    reader.join()
    assert seen == [(1, 1, 1, 1, 1)]


def test_a_snapshot_shows_one_moment_waits_for_nobody_and_is_not_written(store):
    with store.transaction() as t:
        t.outbox.add(delivery(1))
    told = threading.Event()

    def write() -> None:
        with store.transaction() as t:
            t.outbox.add(delivery(2))
            t.receipts.add(receipt())
        told.set()

    with store.snapshot() as seen:
        assert seen.outbox.listed() == (delivery(1),)
        writer = threading.Thread(target=write)
        writer.start()
        assert told.wait(10)
        writer.join()
        assert seen.outbox.listed() == (delivery(1),)
        assert seen.outbox.find(delivery(2).key, delivery(2).content_kind, delivery(2).addressee) is None
        assert seen.receipts.of_document(receipt().document_id) == ()
        for write_inside in (lambda: seen.outbox.add(delivery(3)), lambda: seen.audit.append(event())):
            with pytest.raises(RuntimeError):
                write_inside()
    assert content(store) == (2, 0, 0, 1, 0)


def test_what_the_engine_says_of_a_refused_row_is_in_no_traceback(store):
    marked = delivery(1, id="marked-secret")
    with store.transaction() as t:
        t.outbox.add(marked)
    with pytest.raises(Conflict) as refused, store.transaction() as t:
        t.outbox.add(replace(marked, key="another"))
    told = "".join(traceback.format_exception(refused.value))
    assert refused.value.code == "storage.already-there"
    assert "marked-secret" not in told
    assert "Key (" not in told
