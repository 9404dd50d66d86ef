"""Rows that nobody looked at in time. Read over the index of open rows; marks keep processes from telling twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Subquery,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from adapter.domain.delivery import FINAL_STATES, Delivery, DeliveryState
from adapter.domain.incoming import JournalState
from adapter.domain.outgoing import ContentKind
from adapter.domain.overdue import OverdueKind, OverdueLimits, OverdueRow
from adapter.storage.database import OpenTransaction
from adapter.storage.outbox import HELD
from adapter.storage.rows import delivery_of
from adapter.storage.tables import deliveries, journal, overdue_marks

_d, _j, _m = deliveries.c, journal.c, overdue_marks.c
_WORKING = (DeliveryState.QUEUED, *HELD)
_WAITS = (JournalState.RECEIVED, JournalState.CLAIMED)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One question: of which table, and which rows of it."""

    kind: OverdueKind
    table: Table
    wanted: ColumnElement[bool]
    columns: tuple[Column[object], ...]


class SqlWatched:
    """adapter.ports.Watched inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def overdue(
        self, limits: OverdueLimits, *, unless_told_since: datetime, limit: int = 100
    ) -> tuple[OverdueRow, ...]:
        """As the port says; the watchdogs of several processes queue for each other here."""
        self._transaction.queue_for("overdue_marks")
        found: list[OverdueRow] = []
        for part in _parts(limits):
            rows = part.table.c
            told = exists().where(
                _m.kind == part.kind,
                _m.row_id == rows.id,
                _m.wake_at == rows.wake_at,
                _m.told_at > unless_told_since,
            )
            statement = select(*part.columns).where(part.wanted, ~told).order_by(rows.wake_at, rows.id).limit(limit)
            state = DeliveryState if part.kind is OverdueKind.DELIVERY else JournalState
            found += [
                OverdueRow(**{**row, "kind": part.kind, "state": state(row["state"])})
                for row in self._transaction.rows(statement)
            ]
        return tuple(sorted(found, key=lambda row: (row.wake_at, row.kind, row.id))[:limit])

    def count(self, limits: OverdueLimits) -> int:
        """As the port says."""
        return sum(
            int(self._transaction.value(select(func.count()).select_from(part.table).where(part.wanted)))
            for part in _parts(limits)
        )

    def opened(self, *, after: str | None = None, limit: int = 500) -> tuple[Delivery, ...]:
        """As the port says."""
        opened = open_rows()
        row = opened.c
        statement = select(opened).order_by(row.created_at, row.id).limit(limit)
        if after is not None:
            last = self._transaction.row(select(_d.created_at, _d.id).where(_d.id == after))
            if last is None:
                return ()
            created = last["created_at"]
            statement = statement.where(
                or_(row.created_at > created, and_(row.created_at == created, row.id > last["id"]))
            )
        return tuple(delivery_of(found) for found in self._transaction.rows(statement))

    def mark(self, row: OverdueRow, *, at: datetime) -> None:
        """As the port says."""
        told = {"wake_at": row.wake_at, "told_at": at}
        standing = update(overdue_marks).where(_m.kind == row.kind, _m.row_id == row.id).values(**told)
        if self._transaction.change(standing) == 0:
            self._transaction.change(insert(overdue_marks).values(kind=row.kind, row_id=row.id, **told))

    def has_settled(self) -> bool:
        """As the port says."""
        return bool(self._transaction.value(select(exists(select(_m.row_id).where(_is_settled())))))

    def forget_settled(self, *, limit: int = 500) -> int:
        """As the port says; queues like `overdue`, so that two watchdogs do not wait for each other's rows."""
        self._transaction.queue_for("overdue_marks")
        settled = select(_m.kind, _m.row_id).where(_is_settled()).limit(limit)
        return self._transaction.change(delete(overdue_marks).where(tuple_(_m.kind, _m.row_id).in_(settled)))


_ALL = 2**62
"""More rows than there will ever be."""


def is_open() -> ColumnElement[bool]:
    """A delivery that is not done; said also in the words of the partial index, which serves nobody who does not."""
    done = and_(_d.content_kind == ContentKind.NOTICE, _d.state == DeliveryState.SENT)
    return and_(_d.wake_at.is_not(None), _d.state.not_in(FINAL_STATES), ~done)


def open_rows() -> Subquery:
    """Every open delivery, found over the index of open rows before anything is sorted or counted.

    The limit keeps SQLite from doing it the other way round: it keeps no count of what an index holds, and would rather
    read a million finished rows in order than sort ten open ones.
    """
    return select(deliveries).where(is_open()).limit(_ALL).subquery("opened")


def _is_settled() -> ColumnElement[bool]:
    """No row stands at the wake-up that was missed: what is done has none, what was looked at has a later one."""
    stands = (
        and_(_m.kind == kind, exists().where(row.id == _m.row_id, row.wake_at == _m.wake_at))
        for kind, row in ((OverdueKind.DELIVERY, _d), (OverdueKind.MESSAGE, _j))
    )
    return ~or_(*stands)


def _parts(limits: OverdueLimits) -> Iterator[_Part]:
    """Past the wake-up, or sleeping too long; in both tables."""
    busy = deliveries.alias("busy")
    in_line = and_(
        _d.state == DeliveryState.QUEUED,
        exists().where(busy.c.addressee == _d.addressee, busy.c.state.in_(HELD), busy.c.lease_until > limits.before),
    )
    late = and_(_d.wake_at <= limits.before, or_(_d.lease_until.is_(None), _d.lease_until <= limits.before))
    if limits.is_channel_shut:
        late = and_(late, _d.state != DeliveryState.QUEUED)
    sleeping = or_(_d.wake_at > limits.waiting_beyond, and_(_d.state.in_(_WORKING), _d.wake_at > limits.working_beyond))
    of_delivery = (_d.id, _d.state, _d.wake_at, _d.document_id, _d.addressee)
    of_message = (_j.id, _j.state, _j.wake_at, _j.document_id)
    for wanted in (and_(is_open(), late, ~in_line), and_(is_open(), _d.wake_at > limits.working_beyond, sleeping)):
        yield _Part(kind=OverdueKind.DELIVERY, table=deliveries, wanted=wanted, columns=of_delivery)
    for state in _WAITS:
        held = _j.lease_until.is_(None) | (_j.lease_until <= limits.before)
        late_message = and_(_j.wake_at <= limits.before, held)
        yield _Part(
            kind=OverdueKind.MESSAGE,
            table=journal,
            wanted=and_(_j.state == state, or_(late_message, _j.wake_at > limits.working_beyond)),
            columns=of_message,
        )
