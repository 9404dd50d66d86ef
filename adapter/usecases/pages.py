"""Lists read to their end. The store gives pages; a list that is cut somewhere tells a person something that is not so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.incoming import JournalEntry, JournalState
from adapter.ports import Transaction


def every_delivery(transaction: Transaction, *, states: Sequence[DeliveryState] | None = None) -> Iterator[Delivery]:
    """In order of creation; read while `transaction` is open, a snapshot where they must fit together."""
    after: str | None = None
    while page := transaction.outbox.listed(states=states, after=after):
        yield from page
        after = page[-1].id


def every_entry(transaction: Transaction, *, states: Sequence[JournalState] | None = None) -> Iterator[JournalEntry]:
    """The same of incoming messages, in order of arrival."""
    after: str | None = None
    while page := transaction.journal.listed(states=states, after=after):
        yield from page
        after = page[-1].id
