"""Append-only hash chain. Its head is one row that every writer of an event queues for, so it is taken last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from sqlalchemy import ColumnElement, RowMapping, bindparam, insert, select, update

from adapter.domain.audit_event import GENESIS, AuditEvent, ChainedEvent, chain
from adapter.domain.document import Sha256
from adapter.ports import ChainHead
from adapter.storage.database import OpenTransaction
from adapter.storage.rows import event_of, event_row
from adapter.storage.tables import audit_head, audit_trail

_HEAD = select(audit_head).with_for_update()
_ADD = insert(audit_trail)
_FIRST_HEAD = insert(audit_head)
_MOVE_HEAD = update(audit_head).values(sequence=bindparam("to_sequence"), digest=bindparam("to_digest"))


class SqlAuditTrail:
    """adapter.ports.AuditTrail inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def append(self, event: AuditEvent) -> ChainedEvent:
        """Add an event after the last one. Call it after everything else: the head stays locked until the commit.

        The time enters the chain in UTC, as it will be read back: the same instant in another zone is other bytes.
        Raises TypeError for a detail that the canonical form does not know.
        """
        head = self._head() or self._first()
        sequence, previous = (0, GENESIS) if head is None else (int(head["sequence"]), Sha256(head["digest"]))
        chained = next_event(event, sequence, previous)
        self._transaction.change(_ADD, **event_row(chained))
        if head is None:
            self._transaction.change(_FIRST_HEAD, id=1, sequence=chained.sequence, digest=chained.digest)
        else:
            self._transaction.change(_MOVE_HEAD, to_sequence=chained.sequence, to_digest=chained.digest)
        return chained

    def _head(self) -> RowMapping | None:
        return self._transaction.row(_HEAD)

    def _first(self) -> RowMapping | None:
        """Where there is no head yet there is no row to queue for, and two first events would fork the chain."""
        self._transaction.queue_for("audit_head")
        return self._head()

    def of_document(self, document_id: str) -> tuple[ChainedEvent, ...]:
        """In order of the chain; not a gapless segment of it."""
        return self._all(audit_trail.c.document_id == document_id)

    def events(self, *, after: int = 0, limit: int = 1000) -> tuple[ChainedEvent, ...]:
        """A gapless segment that follows event `after`."""
        return self._all(audit_trail.c.sequence > after, limit=limit)

    def head(self) -> ChainHead | None:
        """The end of the chain as its own row states it; None before the first event."""
        row = self._transaction.row(select(audit_head))
        return None if row is None else ChainHead(sequence=int(row["sequence"]), digest=Sha256(row["digest"]))

    def _all(self, condition: ColumnElement[bool], limit: int | None = None) -> tuple[ChainedEvent, ...]:
        statement = select(audit_trail).where(condition).order_by(audit_trail.c.sequence).limit(limit)
        return tuple(event_of(row) for row in self._transaction.rows(statement))


def next_event(event: AuditEvent, sequence: int, previous: Sha256) -> ChainedEvent:
    """`event` as the link after number `sequence` with digest `previous`."""
    told = replace(event, at=event.at.astimezone(UTC))
    return ChainedEvent(sequence=sequence + 1, event=told, previous=previous, digest=chain(previous, told))
