"""Who follows the audit trail, and the time-stamps over its head."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Select, insert, select, update

from adapter.domain.head_stamp import HeadStamp, StampKind
from adapter.domain.subscription import Subscription
from adapter.storage.database import OpenTransaction
from adapter.storage.tables import head_stamps, subscriptions

_s, _h = subscriptions.c, head_stamps.c


class SqlSubscriptions:
    """adapter.ports.Subscriptions inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def add(self, subscription: Subscription) -> Subscription:
        """As the port says; two processes that subscribe at once find one row."""
        self._transaction.queue_for(f"subscriptions {subscription.name}")
        standing = self.get(subscription.name)
        if standing is not None:
            return standing
        self._transaction.change(insert(subscriptions).values(**_values(subscription)))
        return subscription

    def get(self, name: str) -> Subscription | None:
        """The follower of this name."""
        row = self._transaction.row(select(subscriptions).where(_s.name == name))
        return None if row is None else Subscription(**row)

    def listed(self) -> tuple[Subscription, ...]:
        """By name."""
        return tuple(Subscription(**row) for row in self._transaction.rows(select(subscriptions).order_by(_s.name)))

    def save(self, subscription: Subscription) -> bool:
        """Write everything if the row still has `subscription.revision`; False when someone was faster."""
        after = replace(subscription, revision=subscription.revision + 1)
        changed = self._transaction.change(
            update(subscriptions)
            .where(_s.name == subscription.name, _s.revision == subscription.revision)
            .values(**_values(after))
        )
        return changed == 1


class SqlHeadStamps:
    """adapter.ports.HeadStamps inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def add(self, stamp: HeadStamp) -> None:
        """Conflict `storage.already-there` for a sequence that is stamped."""
        self._transaction.change(insert(head_stamps).values(**_values(stamp)))

    def last(self) -> HeadStamp | None:
        """The stamp that stands over the longest part of the chain."""
        found = self._all(select(head_stamps).order_by(_h.sequence.desc()).limit(1))
        return found[0] if found else None

    def listed(self, *, after: int = 0, limit: int = 500) -> tuple[HeadStamp, ...]:
        """In order of the sequence they stand over."""
        return self._all(select(head_stamps).where(_h.sequence > after).order_by(_h.sequence).limit(limit))

    def _all(self, statement: Select[tuple[object, ...]]) -> tuple[HeadStamp, ...]:
        rows = self._transaction.rows(statement)
        # Converted, because SQLite keeps anything in any column: what is none ends here, where the reader expects it.
        return tuple(
            HeadStamp(
                sequence=int(row["sequence"]),
                digest=row["digest"],
                stamped_at=row["stamped_at"],
                kind=StampKind(row["kind"]),
                token=bytes(row["token"]),
            )
            for row in rows
        )


def _values(value: Subscription | HeadStamp) -> dict[str, object]:
    """A column has the name of its field."""
    return {name: getattr(value, name) for name in value.__slots__}
