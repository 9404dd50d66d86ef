"""Counts for a monitor, and which bytes the rows name. Finished rows are counted over an index alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, func, select, union

from adapter.domain.delivery import DeliveryState
from adapter.domain.document import Sha256
from adapter.domain.incoming import JournalState
from adapter.domain.outgoing import ContentKind
from adapter.ports import KeptBlob
from adapter.storage.database import OpenTransaction
from adapter.storage.tables import (
    attempts,
    blobs,
    deliveries,
    journal,
    receipts,
    register,
    stamped_files,
    statement_signatures,
)
from adapter.storage.watched import is_open, open_rows

_d, _j = deliveries.c, journal.c
_ASKED = 500
"""Digests in one statement."""


class SqlFigures:
    """adapter.ports.Figures inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def open_deliveries(self) -> dict[tuple[DeliveryState, ContentKind], int]:
        """Over the index of open rows."""
        row = open_rows().c
        statement = select(row.state, row.content_kind, func.count().label("rows")).group_by(
            row.state, row.content_kind
        )
        return {
            (DeliveryState(row["state"]), ContentKind(row["content_kind"])): int(row["rows"])
            for row in self._transaction.rows(statement)
        }

    def deliveries(self) -> dict[DeliveryState, int]:
        """Over the index that begins with the state."""
        statement = select(_d.state, func.count().label("rows")).group_by(_d.state)
        return {DeliveryState(row["state"]): int(row["rows"]) for row in self._transaction.rows(statement)}

    def journal(self) -> dict[JournalState, int]:
        """The same of messages."""
        statement = select(_j.state, func.count().label("rows")).group_by(_j.state)
        return {JournalState(row["state"]): int(row["rows"]) for row in self._transaction.rows(statement)}

    def past_deadline(self, now: datetime) -> int:
        """As the port says."""
        late = select(func.count()).select_from(deliveries).where(is_open(), _d.deadline <= now)
        return int(self._transaction.value(late))

    def oldest_due(self, now: datetime) -> datetime | None:
        """As the port says."""
        statement = select(_d.wake_at).where(is_open(), _d.wake_at <= now).order_by(_d.wake_at).limit(1)
        found: datetime | None = self._transaction.value(statement)
        return found


class SqlInventory:
    """adapter.ports.Inventory inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def missing(self, *, limit: int = 20) -> tuple[Sha256, ...]:
        """The tables' own references would keep this empty, unless somebody went past them."""
        named = union(
            *(
                select(column.label("sha256")).where(column.is_not(None), ~exists().where(blobs.c.sha256 == column))
                for column in (
                    attempts.c.message,
                    attempts.c.answer,
                    journal.c.sha256,
                    receipts.c.raw,
                    register.c.container,
                    stamped_files.c.container,
                    statement_signatures.c.sha256,
                )
            )
        ).subquery()
        statement = select(named.c.sha256).order_by(named.c.sha256).limit(limit)
        return tuple(Sha256(row["sha256"]) for row in self._transaction.rows(statement))

    def absent(self, digests: Sequence[Sha256]) -> tuple[Sha256, ...]:
        """Asked in pieces that every database takes."""
        known: set[str] = set()
        for start in range(0, len(digests), _ASKED):
            asked = select(blobs.c.sha256).where(blobs.c.sha256.in_(digests[start : start + _ASKED]))
            known |= {row["sha256"] for row in self._transaction.rows(asked)}
        return tuple(one for one in digests if one not in known)

    def kept(self, *, after: str = "", limit: int = 500) -> tuple[KeptBlob, ...]:
        """As the port says."""
        statement = select(blobs.c.sha256, blobs.c.size).where(blobs.c.sha256 > after)
        rows = self._transaction.rows(statement.order_by(blobs.c.sha256).limit(limit))
        return tuple(KeptBlob(sha256=Sha256(row["sha256"]), size=int(row["size"])) for row in rows)
