"""Lists that people and programs take for the whole are the whole, whatever their length."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.domain.incoming import JournalState
from adapter.usecases.status import Status
from tests.contract.samples import CONTAINER, delivery, document_id, entry
from tests.doubles.memory_store import MemoryOutbox, MemoryStore

MANY = 501
"""One more than a page."""


def test_the_status_of_everything_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever number is asked for at once: nobody who asks for all of it may stop at the first piece."""
    whole = MemoryOutbox.listed

    def page(self: MemoryOutbox, *, limit: int = 500, **wanted: Any) -> Any:
        return whole(self, limit=min(limit, 500), **wanted)

    monkeypatch.setattr(MemoryOutbox, "listed", page)
    store = MemoryStore()
    store.blobs.put(CONTAINER)
    with store.transaction() as transaction:
        for number in range(1, MANY + 1):
            transaction.outbox.add(delivery(number))
    found = Status(store=store).outgoing()
    assert [one["documentId"] for one in found] == [document_id(number) for number in range(1, MANY + 1)]


def test_of_the_messages_that_wait_for_a_person_none_is_left_out() -> None:
    store = MemoryStore()
    store.blobs.put(b"<raw/>")
    with store.transaction() as transaction:
        for number in range(1, MANY + 1):
            transaction.journal.add(entry(number, state=JournalState.HELD, wake_at=None))
        transaction.journal.add(entry(MANY + 1))
    assert len({one["entry"] for one in Status(store=store).held()}) == MANY
