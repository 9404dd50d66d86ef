"""The watching half of the store in memory: overdue rows, followers of the trail, stamps, figures, inventory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapter.domain.delivery import Delivery, DeliveryState, is_final
from adapter.domain.document import Sha256
from adapter.domain.head_stamp import HeadStamp
from adapter.domain.incoming import JournalState
from adapter.domain.outgoing import ContentKind
from adapter.domain.overdue import OverdueKind, OverdueLimits, OverdueRow
from adapter.domain.subscription import Subscription
from adapter.errors import Conflict, Final
from adapter.ports import KeptBlob

_HELD = (DeliveryState.CLAIMED, DeliveryState.SENDING)


class MemoryWatched:
    """adapter.ports.Watched."""

    def __init__(self, tables: Any) -> None:
        self._tables = tables

    def overdue(
        self, limits: OverdueLimits, *, unless_told_since: datetime, limit: int = 100
    ) -> tuple[OverdueRow, ...]:
        def is_told(row: OverdueRow) -> bool:
            mark = self._tables.marks.get((row.kind, row.id))
            return mark is not None and mark[0] == row.wake_at and mark[1] > unless_told_since

        rows = [row for row in self._rows(limits) if not is_told(row)]
        return tuple(sorted(rows, key=lambda row: (row.wake_at, row.kind, row.id))[:limit])

    def count(self, limits: OverdueLimits) -> int:
        return len(list(self._rows(limits)))

    def opened(self, *, after: str | None = None, limit: int = 500) -> tuple[Delivery, ...]:
        known = self._tables.deliveries
        if after is not None and after not in known:
            return ()
        last = None if after is None else (known[after].created_at, after)
        rows = sorted((d.created_at, d.id) for d in known.values() if not is_final(d.state, d.content_kind))
        return tuple(known[name] for at, name in rows if last is None or (at, name) > last)[:limit]

    def mark(self, row: OverdueRow, *, at: datetime) -> None:
        self._tables.marks[row.kind, row.id] = (row.wake_at, at)

    def has_settled(self) -> bool:
        return bool(self._settled())

    def forget_settled(self, *, limit: int = 500) -> int:
        settled = self._settled()[:limit]
        for key in settled:
            del self._tables.marks[key]
        return len(settled)

    def _settled(self) -> list[tuple[OverdueKind, str]]:
        rows = {OverdueKind.DELIVERY: self._tables.deliveries, OverdueKind.MESSAGE: self._tables.journal}
        marks = self._tables.marks.items()
        return [
            (kind, name)
            for (kind, name), (wake_at, _) in marks
            if name not in rows[kind] or rows[kind][name].wake_at != wake_at
        ]

    def _rows(self, limits: OverdueLimits) -> Iterator[OverdueRow]:
        deliveries = self._tables.deliveries.values()
        live = {d.addressee for d in deliveries if d.state in _HELD and d.lease_until > limits.before}
        for d in deliveries:
            if is_final(d.state, d.content_kind):
                continue
            late = d.wake_at <= limits.before and (d.lease_until is None or d.lease_until <= limits.before)
            if d.state is DeliveryState.QUEUED and (d.addressee in live or limits.is_channel_shut):
                late = False
            beyond = limits.working_beyond if d.state in (DeliveryState.QUEUED, *_HELD) else limits.waiting_beyond
            if late or d.wake_at > beyond:
                yield OverdueRow(
                    kind=OverdueKind.DELIVERY,
                    id=d.id,
                    state=d.state,
                    wake_at=d.wake_at,
                    document_id=d.document_id,
                    addressee=d.addressee,
                )
        for e in self._tables.journal.values():
            if e.state not in (JournalState.RECEIVED, JournalState.CLAIMED):
                continue
            late = e.wake_at <= limits.before and (e.lease_until is None or e.lease_until <= limits.before)
            if late or e.wake_at > limits.working_beyond:
                yield OverdueRow(
                    kind=OverdueKind.MESSAGE, id=e.id, state=e.state, wake_at=e.wake_at, document_id=e.document_id
                )


class MemorySubscriptions:
    """adapter.ports.Subscriptions."""

    def __init__(self, tables: Any) -> None:
        self._tables = tables

    def add(self, subscription: Subscription) -> Subscription:
        if subscription.name not in self._tables.subscriptions:
            self._hold(subscription)
            self._tables.subscriptions[subscription.name] = subscription
        return self._tables.subscriptions[subscription.name]

    def get(self, name: str) -> Subscription | None:
        return self._tables.subscriptions.get(name)

    def listed(self) -> tuple[Subscription, ...]:
        return tuple(self._tables.subscriptions[name] for name in sorted(self._tables.subscriptions))

    def save(self, subscription: Subscription) -> bool:
        standing = self.get(subscription.name)
        if standing is None or standing.revision != subscription.revision:
            return False
        self._hold(subscription)
        self._tables.subscriptions[subscription.name] = replace(subscription, revision=subscription.revision + 1)
        return True

    def _hold(self, one: Subscription) -> None:
        holds = {
            "subscriptions_lease": (one.lease is None) == (one.lease_until is None),
            "subscriptions_counters": one.cursor >= 0 and one.told >= 0 and one.failures >= 0,
        }
        for invariant, held in holds.items():
            if not held:
                raise Final("storage.invariant", params={"invariant": invariant})


class MemoryHeadStamps:
    """adapter.ports.HeadStamps."""

    def __init__(self, tables: Any) -> None:
        self._tables = tables

    def add(self, stamp: HeadStamp) -> None:
        if stamp.sequence in self._tables.head_stamps:
            raise Conflict("storage.already-there", params={"columns": "head_stamps.sequence"})
        self._tables.head_stamps[stamp.sequence] = stamp

    def last(self) -> HeadStamp | None:
        stamps = self.listed(limit=1_000_000)
        return stamps[-1] if stamps else None

    def listed(self, *, after: int = 0, limit: int = 500) -> tuple[HeadStamp, ...]:
        stamps = sorted(self._tables.head_stamps.items())
        return tuple(stamp for sequence, stamp in stamps if sequence > after)[:limit]


class MemoryFigures:
    """adapter.ports.Figures."""

    def __init__(self, tables: Any) -> None:
        self._tables = tables

    def open_deliveries(self) -> dict[tuple[DeliveryState, ContentKind], int]:
        return dict(Counter((d.state, d.content_kind) for d in self._open()))

    def deliveries(self) -> dict[DeliveryState, int]:
        return dict(Counter(d.state for d in self._tables.deliveries.values()))

    def journal(self) -> dict[JournalState, int]:
        return dict(Counter(e.state for e in self._tables.journal.values()))

    def past_deadline(self, now: datetime) -> int:
        return sum(d.deadline is not None and d.deadline <= now for d in self._open())

    def oldest_due(self, now: datetime) -> datetime | None:
        return min((d.wake_at for d in self._open() if d.wake_at <= now), default=None)

    def _open(self) -> list[Any]:
        return [d for d in self._tables.deliveries.values() if not is_final(d.state, d.content_kind)]


class MemoryInventory:
    """adapter.ports.Inventory."""

    def __init__(self, tables: Any, blobs: Any) -> None:
        self._tables = tables
        self._blobs = blobs

    def missing(self, *, limit: int = 20) -> tuple[Sha256, ...]:
        named = {
            *(a.message for a in self._tables.attempts.values()),
            *(a.answer for a in self._tables.attempts.values() if a.answer is not None),
            *(e.sha256 for e in self._tables.journal.values()),
            *(r.raw for r in self._tables.receipts.values()),
            *(r.container for r in self._tables.register.values()),
            *(s.files[0].sha256 for s in self._tables.stamped.values()),
            *(one.sha256 for one in self._tables.signed.values()),
        }
        return tuple(sorted(one for one in named if one not in self._blobs))[:limit]

    def absent(self, digests: Sequence[Sha256]) -> tuple[Sha256, ...]:
        return tuple(one for one in digests if one not in self._blobs)

    def kept(self, *, after: str = "", limit: int = 500) -> tuple[KeptBlob, ...]:
        found = sorted(one for one in self._blobs if one > after)
        return tuple(KeptBlob(sha256=Sha256(one), size=len(self._blobs[one])) for one in found[:limit])
