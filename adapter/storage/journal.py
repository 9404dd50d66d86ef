"""Raw incoming messages: kept before they are answered, worked off under a lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, Update, and_, exists, insert, or_, select, tuple_, update

from adapter.domain.incoming import JournalEntry, JournalState
from adapter.ports import AddedEntry
from adapter.storage.database import OpenTransaction
from adapter.storage.rows import entry_changes, entry_of, entry_row
from adapter.storage.tables import journal

_j = journal.c


class SqlJournal:
    """adapter.ports.Journal inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def add(self, entry: JournalEntry) -> AddedEntry:
        """Add; the same message id and digest is a replay and gives the entry that stands, with its answer.

        The same id with other bytes is kept as a row of its own, and `conflict` is true for both from then on.
        Raises Final `storage.nothing-to-point-at` when the raw bytes are not kept yet.
        """
        self._transaction.queue_for(f"journal {entry.message_id}")
        conflict = bool(
            self._transaction.value(
                select(exists().where(_j.message_id == entry.message_id, _j.sha256 != entry.sha256))
            )
        )
        standing = self._one(select(journal).where(_j.message_id == entry.message_id, _j.sha256 == entry.sha256))
        if standing is not None:
            return AddedEntry(replayed=True, entry=standing, conflict=conflict)
        self._transaction.change(insert(journal).values(**entry_row(entry)))
        return AddedEntry(replayed=False, entry=entry, conflict=conflict)

    def get(self, entry_id: str) -> JournalEntry | None:
        """The entry with this id."""
        return self._one(select(journal).where(_j.id == entry_id))

    def listed(
        self, *, states: Sequence[JournalState] | None = None, after: str | None = None, limit: int = 500
    ) -> tuple[JournalEntry, ...]:
        """A page in order of arrival, then id; an `after` that nobody has gives an empty page."""
        statement = select(journal).order_by(_j.received_at, _j.id).limit(limit)
        if states is not None:
            statement = statement.where(_j.state.in_(states))
        if after is not None:
            last = select(_j.received_at, _j.id).where(_j.id == after).subquery()
            statement = statement.where(tuple_(_j.received_at, _j.id) > tuple_(last.c.received_at, last.c.id))
        return self._all(statement)

    def of_document(self, document_id: str) -> tuple[JournalEntry, ...]:
        """In order of arrival."""
        return self._all(select(journal).where(_j.document_id == document_id).order_by(_j.received_at, _j.id))

    def claim(self, *, now: datetime, lease: str, lease_for: timedelta) -> JournalEntry | None:
        """One due entry, or None; `tries` stays as it is, whoever records a failed try counts it."""
        row = self._transaction.row(claim_statement(now=now, lease=lease, until=now + lease_for))
        return None if row is None else entry_of(row)

    def asleep(self, *, beyond: datetime, limit: int = 100) -> tuple[JournalEntry, ...]:
        """Entries whose wake-up lies after `beyond`, the farthest first; without those that another worker is writing now."""
        return self._all(
            select(journal)
            .where(_j.state.in_((JournalState.RECEIVED, JournalState.CLAIMED)), _j.wake_at > beyond)
            .order_by(_j.wake_at.desc(), _j.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

    def save(self, entry: JournalEntry) -> bool:
        """As Outbox.save; what came and what we answered is never written again."""
        changed = self._transaction.change(
            update(journal).where(_j.id == entry.id, _j.revision == entry.revision).values(**entry_changes(entry))
        )
        return changed == 1

    def _one(self, statement: Select[tuple[object, ...]]) -> JournalEntry | None:
        row = self._transaction.row(statement)
        return None if row is None else entry_of(row)

    def _all(self, statement: Select[tuple[object, ...]]) -> tuple[JournalEntry, ...]:
        return tuple(entry_of(row) for row in self._transaction.rows(statement))


def claim_statement(*, now: datetime, lease: str, until: datetime) -> Update:
    """Compare-and-set of the entry that has waited longest: due, or held under a lease that has ended."""
    due = journal.alias("due")
    chosen = (
        select(due.c.id)
        .where(
            or_(
                and_(due.c.state == JournalState.RECEIVED, due.c.wake_at <= now),
                and_(due.c.state == JournalState.CLAIMED, due.c.lease_until <= now),
            )
        )
        .order_by(due.c.wake_at, due.c.received_at, due.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=due)
        .scalar_subquery()
    )
    return (
        update(journal)
        .where(_j.id == chosen, _j.state.in_((JournalState.RECEIVED, JournalState.CLAIMED)))
        .values(
            state=JournalState.CLAIMED,
            lease=lease,
            lease_until=until,
            wake_at=until,
            revision=_j.revision + 1,
        )
        .returning(journal)
    )
