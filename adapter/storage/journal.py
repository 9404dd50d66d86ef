"""Raw incoming messages: kept before they are answered, worked off under a lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Select, Update, bindparam, exists, insert, literal_column, select, tuple_, update

from adapter.domain.document import Sha256
from adapter.domain.incoming import JournalEntry, JournalState
from adapter.ports import AddedEntry
from adapter.storage.database import OpenTransaction
from adapter.storage.rows import entry_changes, entry_of, entry_row
from adapter.storage.tables import journal

_j = journal.c

# Built once: to build a statement costs several times what the database takes for it.
_BY_ID = select(journal).where(_j.id == bindparam("of_id"))
_SAME = select(journal).where(_j.message_id == bindparam("of_message"), _j.sha256 == bindparam("of_digest"))
_IN_CONFLICT = (
    select(_j.sha256)
    .where(_j.message_id == bindparam("of_message"), _j.sha256 != bindparam("of_digest"))
    .order_by(_j.received_at, _j.id)
    .limit(1)
)
_OF_DOCUMENT = select(journal).where(_j.document_id == bindparam("of_document")).order_by(_j.received_at, _j.id)
_ADD = insert(journal)
_SAVE = update(journal).where(_j.id == bindparam("of_id"), _j.revision == bindparam("of_revision"))
_RECEIVED: ColumnElement[str] = literal_column(f"'{JournalState.RECEIVED.value}'")
_DUE = journal.alias("due")
_DUE_ROWS = select(_DUE.c.id).where(
    _DUE.c.state == _RECEIVED, _DUE.c.wake_at <= bindparam("now", type_=_j.wake_at.type)
)
_IS_DUE = select(exists(_DUE_ROWS))
_UNREAD = select(
    exists().where(
        _j.state.in_((JournalState.RECEIVED, JournalState.CLAIMED)),
        _j.received_at <= bindparam("received_by", type_=_j.received_at.type),
        _j.tries < bindparam("tries_below"),
        _j.lapses == 0,
    )
)


class SqlJournal:
    """adapter.ports.Journal inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def add(self, entry: JournalEntry) -> AddedEntry:
        """Add; the same message id and digest is a replay and gives the entry that stands, with its answer.

        The same id with other bytes is kept as a row of its own, and `conflict` names the other for both from then on.
        Raises Final `storage.nothing-to-point-at` when the raw bytes are not kept yet.
        """
        self._transaction.queue_for(f"journal {entry.message_id}")
        same: dict[str, object] = {"of_message": entry.message_id, "of_digest": entry.sha256}
        conflict = self._transaction.value(_IN_CONFLICT, **same)
        standing = self._one(_SAME, **same)
        if standing is not None:
            return AddedEntry(replayed=True, entry=standing, conflict=conflict)
        self._transaction.change(_ADD, **entry_row(entry))
        return AddedEntry(replayed=False, entry=entry, conflict=conflict)

    def get(self, entry_id: str) -> JournalEntry | None:
        """The entry with this id."""
        return self._one(_BY_ID, of_id=entry_id)

    def find(self, message_id: str, sha256: Sha256) -> JournalEntry | None:
        """As the port says."""
        return self._one(_SAME, of_message=message_id, of_digest=sha256)

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
        return self._all(_OF_DOCUMENT, of_document=document_id)

    def due(self, *, now: datetime) -> bool:
        """Whether an entry is due."""
        return bool(self._transaction.value(_IS_DUE, now=now))

    def unread(self, *, received_by: datetime, tries_below: int) -> bool:
        """As the port says; over the index that begins with the state."""
        return bool(self._transaction.value(_UNREAD, received_by=received_by, tries_below=tries_below))

    def renew(self, entry_id: str, *, lease: str, until: datetime) -> bool:
        """As Outbox.renew."""
        changed = self._transaction.change(
            update(journal)
            .where(_j.id == entry_id, _j.lease == lease, _j.state == JournalState.CLAIMED)
            .values(lease_until=until, wake_at=until)
        )
        return changed == 1

    def lapsed(self, *, now: datetime, limit: int = 100) -> tuple[JournalEntry, ...]:
        """As Outbox.lapsed."""
        statement = (
            select(journal)
            .where(_j.state == JournalState.CLAIMED, _j.lease_until <= now)
            .order_by(_j.lease_until, _j.id)
            .limit(limit)
        )
        return self._all(statement if self._transaction.is_reading else statement.with_for_update(skip_locked=True))

    def claim(self, *, now: datetime, lease: str, lease_for: timedelta) -> JournalEntry | None:
        """One due entry, or None; `tries` stays as it is, whoever records a failed try counts it."""
        row = self._transaction.row(claim_statement(), now=now, token=lease, until=now + lease_for)
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
        changed = self._transaction.change(_SAVE, of_id=entry.id, of_revision=entry.revision, **entry_changes(entry))
        return changed == 1

    def _one(self, statement: Select[tuple[object, ...]], **values: object) -> JournalEntry | None:
        row = self._transaction.row(statement, **values)
        return None if row is None else entry_of(row)

    def _all(self, statement: Select[tuple[object, ...]], **values: object) -> tuple[JournalEntry, ...]:
        return tuple(entry_of(row) for row in self._transaction.rows(statement, **values))


@cache
def claim_statement() -> Update:
    """Compare-and-set of the due entry that has waited longest; filled with now, token, until.

    A lapsed entry is first recovered, and counted.
    """
    chosen = (
        _DUE_ROWS.order_by(_DUE.c.wake_at, _DUE.c.received_at, _DUE.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=_DUE)
        .scalar_subquery()
    )
    return (
        update(journal)
        .where(_j.id == chosen, _j.state == _RECEIVED)
        .values(
            state=JournalState.CLAIMED,
            lease=bindparam("token"),
            lease_until=bindparam("until"),
            wake_at=bindparam("until"),
            revision=_j.revision + 1,
        )
        .returning(journal)
    )
