"""The store in memory: the same promises as adapter.storage, held by the same contract suite (tests/contract)."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import Any, BinaryIO, Self

from adapter.domain.audit_event import GENESIS, AuditEvent, ChainedEvent, chain
from adapter.domain.breaker import Breaker, BreakerState
from adapter.domain.delivery import FINAL_STATES, Attempt, AttemptOutcome, Delivery, DeliveryState, is_final
from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.head_stamp import HeadStamp
from adapter.domain.incoming import JournalEntry, JournalState, RegisteredDocument
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.domain.overdue import OverdueKind
from adapter.domain.receipt import Receipt
from adapter.domain.stamped_files import StampedFiles
from adapter.domain.statement import SignedStatement, Statement, StatementKind, chained
from adapter.domain.subscription import Subscription
from adapter.errors import Conflict, Final
from adapter.ports import AddedDelivery, AddedEntry, ChainHead, KeptBlob
from tests.doubles.memory_watch import (
    MemoryFigures,
    MemoryHeadStamps,
    MemoryInventory,
    MemorySubscriptions,
    MemoryWatched,
)

_HELD = (DeliveryState.CLAIMED, DeliveryState.SENDING)
_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Tables:
    """Everything that a transaction can undo. Values are frozen, so copying the dictionaries is a snapshot."""

    deliveries: dict[str, Delivery] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    journal: dict[str, JournalEntry] = field(default_factory=dict)
    register: dict[str, RegisteredDocument] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    breakers: dict[str, Breaker] = field(default_factory=dict)
    audit: dict[int, ChainedEvent] = field(default_factory=dict)
    bytes_kept: dict[str, bytes] = field(default_factory=dict)
    statements: dict[int, Statement] = field(default_factory=dict)
    signed: dict[int, SignedStatement] = field(default_factory=dict)
    stamped: dict[str, StampedFiles] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    head_stamps: dict[int, HeadStamp] = field(default_factory=dict)
    marks: dict[tuple[OverdueKind, str], tuple[datetime, datetime]] = field(default_factory=dict)

    def copy(self, made: type[dict[Any, Any]] = dict) -> _Tables:
        return _Tables(**{name: made(getattr(self, name)) for name in self.__slots__})


class _ReadOnly(dict[Any, Any]):
    def __setitem__(self, key: object, value: object) -> None:
        raise RuntimeError("a snapshot is read and not written")


class MemoryStore:
    """adapter.ports.Store. One writer at a time; safe under threads."""

    def __init__(self) -> None:
        self._tables = _Tables()
        self._turn = threading.Lock()
        self._holder: int | None = None
        self._blobs = MemoryBlobs(self)

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        self.refuse_inside_transaction()
        with self._turn:
            self._holder = threading.get_ident()
            working = self._tables.copy()
            try:
                yield MemoryTransaction(working, self._blobs)
                self._blobs.take(working.bytes_kept)
                working.bytes_kept = {}
                self._tables = working
            finally:
                self._holder = None

    @contextmanager
    def snapshot(self) -> Iterator[MemoryTransaction]:
        yield MemoryTransaction(self._tables.copy(_ReadOnly), self._blobs)

    @property
    def blobs(self) -> MemoryBlobs:
        return self._blobs

    def close(self) -> None:
        """Nothing to give back."""

    def refuse_inside_transaction(self) -> None:
        if self._holder == threading.get_ident():
            raise RuntimeError(
                "a transaction is open in this thread; bytes are kept before it, nothing begins inside it"
            )


class MemoryTransaction:
    """adapter.ports.Transaction."""

    def __init__(self, tables: _Tables, blobs: MemoryBlobs) -> None:
        self._tables = tables
        kept = ChainMap(tables.bytes_kept, blobs.kept)
        self.outbox = MemoryOutbox(tables, kept)
        self.journal = MemoryJournal(tables, kept)
        self.register = MemoryRegister(tables, kept)
        self.receipts = MemoryReceipts(tables, kept)
        self.breakers = MemoryBreakers(tables)
        self.audit = MemoryAuditTrail(tables)
        self.statements = MemoryStatements(tables, kept)
        self.watched = MemoryWatched(tables)
        self.subscriptions = MemorySubscriptions(tables)
        self.head_stamps = MemoryHeadStamps(tables)
        self.figures = MemoryFigures(tables)
        self.inventory = MemoryInventory(tables, kept)

    def keep(self, content: bytes) -> KeptBlob:
        sha256 = Sha256(hashlib.sha256(content).hexdigest())
        self._tables.bytes_kept[sha256] = bytes(content)
        return KeptBlob(sha256=sha256, size=len(content))


# --- bytes -----------------------------------------------------------------------------------------------------------
class MemoryBlobs:
    """adapter.ports.Blobs."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.kept: dict[str, bytes] = {}

    def __contains__(self, sha256: object) -> bool:
        return sha256 in self.kept

    def take(self, kept: dict[str, bytes]) -> None:
        for sha256, content in kept.items():
            self.kept.setdefault(sha256, content)

    def new(self) -> MemoryWriter:
        self._store.refuse_inside_transaction()
        return MemoryWriter(self)

    def put(self, content: bytes) -> KeptBlob:
        self._store.refuse_inside_transaction()
        sha256 = Sha256(hashlib.sha256(content).hexdigest())
        self.kept.setdefault(sha256, bytes(content))
        return KeptBlob(sha256=sha256, size=len(content))

    def open(self, sha256: Sha256) -> BinaryIO:
        return io.BytesIO(self.read(sha256))

    def read(self, sha256: Sha256) -> bytes:
        if sha256 not in self.kept:
            raise Final("storage.no-such-bytes", params={"sha256": sha256})
        content = self.kept[sha256]
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Final("storage.damaged-bytes", params={"sha256": sha256})
        return content

    def measure(self, sha256: Sha256) -> int | None:
        return len(self.kept[sha256]) if sha256 in self.kept else None

    def damage(self, sha256: Sha256) -> None:
        """For tests: the bytes are no longer what they were."""
        self.kept[sha256] = b"damaged" + self.kept[sha256]


class MemoryWriter:
    """adapter.ports.BlobWriter."""

    def __init__(self, blobs: MemoryBlobs) -> None:
        self._blobs = blobs
        self.file: BinaryIO = io.BytesIO()

    def keep(self) -> KeptBlob:
        self.file.seek(0)
        return self._blobs.put(self.file.read())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.file.close()


# --- outbox ----------------------------------------------------------------------------------------------------------
class MemoryOutbox:
    """adapter.ports.Outbox."""

    def __init__(self, tables: _Tables, blobs: Mapping[str, bytes]) -> None:
        self._tables = tables
        self._blobs = blobs

    def add(self, delivery: Delivery) -> AddedDelivery:
        standing = self.find(delivery.key, delivery.content_kind, delivery.addressee)
        if standing is not None:
            if standing.digest != delivery.digest:
                raise Conflict(
                    params={
                        "document": delivery.document_id,
                        "addressee": delivery.addressee,
                        "known_sha256": standing.digest,
                        "known_at": standing.created_at.isoformat(),
                        "new_sha256": delivery.digest,
                        "new_at": delivery.created_at.isoformat(),
                    }
                )
            return AddedDelivery(replayed=True, delivery=standing)
        if isinstance(delivery.content, OutgoingDocument):
            for file in delivery.content.files:
                if file.sha256 not in self._blobs:
                    raise Final("storage.no-such-bytes", params={"sha256": file.sha256})
        if delivery.id in self._tables.deliveries:
            raise Conflict("storage.already-there", params={"columns": "deliveries.id"})
        self._hold(delivery)
        self._tables.deliveries[delivery.id] = delivery
        return AddedDelivery(replayed=False, delivery=delivery)

    def get(self, delivery_id: str) -> Delivery | None:
        return self._tables.deliveries.get(delivery_id)

    def find(self, key: str, content_kind: ContentKind, addressee: BodyCode) -> Delivery | None:
        sought = (key, content_kind, addressee)
        return next((d for d in self._all() if (d.key, d.content_kind, d.addressee) == sought), None)

    def of_document(self, document_id: DocumentId) -> tuple[Delivery, ...]:
        return tuple(d for d in self._all() if d.document_id == document_id)

    def listed(
        self, *, states: Sequence[DeliveryState] | None = None, after: str | None = None, limit: int = 500
    ) -> tuple[Delivery, ...]:
        last = self.get(after) if after is not None else None
        if after is not None and last is None:
            return ()
        rows = (d for d in self._all() if states is None or d.state in states)
        return tuple(d for d in rows if last is None or (d.created_at, d.id) > (last.created_at, last.id))[:limit]

    def due(self, *, now: datetime) -> bool:
        return bool(self._due(now))

    def backlog(self, *, now: datetime) -> int:
        return sum(d.state is DeliveryState.QUEUED and d.wake_at is not None and d.wake_at <= now for d in self._all())

    def _due(self, now: datetime) -> list[Delivery]:
        busy = {d.addressee for d in self._all() if d.state in _HELD}
        return [
            d
            for d in self._all()
            if d.state is DeliveryState.QUEUED
            and d.wake_at is not None
            and d.wake_at <= now
            and d.addressee not in busy
        ]

    def claim(
        self,
        *,
        now: datetime,
        lease: str,
        lease_for: timedelta,
        oldest_first: bool = False,
        passing_over: str | None = None,
    ) -> Delivery | None:
        due = [d for d in self._due(now) if d.id != passing_over]
        if not due:
            return None
        first = min(
            due, key=lambda d: (d.deadline or _FOREVER, d.created_at if oldest_first else d.wake_at or _FOREVER, d.id)
        )
        until = now + lease_for
        claimed = replace(
            first,
            state=DeliveryState.CLAIMED,
            lease=lease,
            lease_until=until,
            wake_at=until,
            changed_at=now,
            revision=first.revision + 1,
        )
        self._tables.deliveries[first.id] = claimed
        return claimed

    def renew(self, delivery_id: str, *, lease: str, until: datetime) -> bool:
        standing = self.get(delivery_id)
        if standing is None or standing.lease != lease or standing.state not in _HELD:
            return False
        self._tables.deliveries[delivery_id] = replace(standing, lease_until=until, wake_at=until)
        return True

    def lapsed(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        rows = [d for d in self._all() if d.state in _HELD and d.lease_until is not None and d.lease_until <= now]
        return tuple(sorted(rows, key=lambda d: (d.lease_until, d.id))[:limit])

    def awake(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        rows = [
            d
            for d in self._all()
            if d.state not in (*_HELD, DeliveryState.QUEUED)
            and not is_final(d.state, d.content_kind)
            and d.wake_at is not None
            and d.wake_at <= now
        ]
        return tuple(sorted(rows, key=lambda d: (d.wake_at, d.id))[:limit])

    def to_warn(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        rows = [d for d in self._all() if d.warn_at is not None and d.warn_at <= now]
        return tuple(sorted(rows, key=lambda d: (d.warn_at, d.id))[:limit])

    def save_warned(self, delivery: Delivery, *, warned: int, warn_at: datetime | None) -> bool:
        standing = self.get(delivery.id)
        if standing is None or standing.warned != delivery.warned:
            return False
        written = replace(standing, warned=warned, warn_at=warn_at)
        self._hold(written)
        self._tables.deliveries[delivery.id] = written
        return True

    def asleep(self, *, states: Sequence[DeliveryState], beyond: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        rows = [
            d
            for d in self._all()
            if d.state in states
            and not is_final(d.state, d.content_kind)
            and d.wake_at is not None
            and d.wake_at > beyond
        ]
        rows.sort(key=lambda d: d.id)
        return tuple(sorted(rows, key=lambda d: d.wake_at, reverse=True)[:limit])

    def save(self, delivery: Delivery) -> bool:
        standing = self.get(delivery.id)
        if standing is None or standing.revision != delivery.revision:
            return False
        if standing.state in FINAL_STATES and delivery.state is not standing.state:
            raise Final(
                "storage.invariant",
                params={"invariant": "a final state is final: what contradicts it is kept as a dispute"},
            )
        written = replace(
            delivery,
            revision=delivery.revision + 1,
            **{
                name: getattr(standing, name)
                for name in (
                    *("key", "content_kind", "content", "document_id", "sender", "addressee", "digest", "message_id"),
                    *("created_at", "warned", "warn_at"),
                )
            },
        )
        self._hold(written)
        self._tables.deliveries[delivery.id] = written
        return True

    def add_attempt(self, attempt: Attempt) -> None:
        if attempt.id in self._tables.attempts:
            raise Conflict("storage.already-there", params={"columns": "attempts.id"})
        if any(a.number == attempt.number for a in self.attempts(attempt.delivery_id)):
            raise Conflict("storage.already-there", params={"columns": "attempts.delivery_id, attempts.number"})
        if attempt.delivery_id not in self._tables.deliveries:
            raise Final("storage.nothing-to-point-at")
        self._hold_attempt(attempt)
        self._tables.attempts[attempt.id] = attempt

    def close_attempt(self, attempt: Attempt) -> None:
        standing = self._tables.attempts.get(attempt.id)
        if standing is None:
            raise Final("storage.no-such-attempt", params={"attempt": attempt.id})
        ended = ("ended_at", "outcome", "answer", "answer_verdict", "code", "text")
        closed = replace(standing, **{name: getattr(attempt, name) for name in ended})
        self._hold_attempt(closed)
        self._tables.attempts[attempt.id] = closed

    def add_stamped(self, stamped: StampedFiles) -> None:
        for file in stamped.files:
            if file.sha256 not in self._blobs:
                raise Final("storage.no-such-bytes", params={"sha256": file.sha256})
        if stamped.delivery_id in self._tables.stamped:
            raise Conflict("storage.already-there", params={"what": "stamped_files_pk"})
        if stamped.delivery_id not in self._tables.deliveries:
            raise Final("storage.nothing-to-point-at", params={"what": "stamped_files_delivery"})
        self._tables.stamped[stamped.delivery_id] = stamped

    def stamped(self, delivery_id: str) -> StampedFiles | None:
        return self._tables.stamped.get(delivery_id)

    def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        rows = (a for a in self._tables.attempts.values() if a.delivery_id == delivery_id)
        return tuple(sorted(rows, key=lambda a: a.number))

    def _all(self) -> list[Delivery]:
        return sorted(self._tables.deliveries.values(), key=lambda d: (d.created_at, d.id))

    def _hold(self, delivery: Delivery) -> None:
        _keepable(delivery)
        _aware(delivery.wake_at, delivery.created_at, delivery.changed_at, delivery.deadline, delivery.lease_until)
        _hold("deliveries_wake", is_final(delivery.state, delivery.content_kind) or delivery.wake_at is not None)
        _aware(delivery.warn_at)
        is_quiet = is_final(delivery.state, delivery.content_kind) or delivery.content_kind is ContentKind.NOTICE
        is_told = delivery.deadline is None or delivery.warned == 100 or delivery.warn_at is not None
        _hold("deliveries_warn", is_quiet or is_told)
        _hold("deliveries_warned", 0 <= delivery.warned <= 100)
        _hold("deliveries_lease", (delivery.lease is None) == (delivery.lease_until is None))
        _hold("deliveries_held", delivery.state not in _HELD or delivery.lease is not None)
        _hold("deliveries_counters", delivery.attempts >= 0 and delivery.revision >= 0)
        lane = (d for d in self._all() if d.addressee == delivery.addressee and d.id != delivery.id)
        _hold("deliveries.addressee", delivery.state not in _HELD or not any(d.state in _HELD for d in lane))

    def _hold_attempt(self, attempt: Attempt) -> None:
        _keepable(attempt)
        _hold("attempts_ended", attempt.outcome is AttemptOutcome.OPEN or attempt.ended_at is not None)
        for sha256 in (attempt.message, attempt.answer):
            _point(sha256, self._blobs)


# --- the rest --------------------------------------------------------------------------------------------------------
class MemoryJournal:
    """adapter.ports.Journal."""

    def __init__(self, tables: _Tables, blobs: Mapping[str, bytes]) -> None:
        self._tables = tables
        self._blobs = blobs

    def add(self, entry: JournalEntry) -> AddedEntry:
        namesakes = [e for e in self._all() if e.message_id == entry.message_id]
        others = sorted((e for e in namesakes if e.sha256 != entry.sha256), key=lambda e: (e.received_at, e.id))
        conflict = others[0].sha256 if others else None
        standing = next((e for e in namesakes if e.sha256 == entry.sha256), None)
        if standing is not None:
            return AddedEntry(replayed=True, entry=standing, conflict=conflict)
        if entry.id in self._tables.journal:
            raise Conflict("storage.already-there", params={"columns": "journal.id"})
        self._hold(entry)
        _point(entry.sha256, self._blobs)
        self._tables.journal[entry.id] = entry
        return AddedEntry(replayed=False, entry=entry, conflict=conflict)

    def get(self, entry_id: str) -> JournalEntry | None:
        return self._tables.journal.get(entry_id)

    def find(self, message_id: str, sha256: str) -> JournalEntry | None:
        return next((e for e in self._all() if (e.message_id, e.sha256) == (message_id, sha256)), None)

    def listed(
        self, *, states: Sequence[JournalState] | None = None, after: str | None = None, limit: int = 500
    ) -> tuple[JournalEntry, ...]:
        last = self.get(after) if after is not None else None
        if after is not None and last is None:
            return ()
        rows = (e for e in self._all() if states is None or e.state in states)
        return tuple(e for e in rows if last is None or (e.received_at, e.id) > (last.received_at, last.id))[:limit]

    def of_document(self, document_id: str) -> tuple[JournalEntry, ...]:
        return tuple(e for e in self._all() if e.document_id == document_id)

    def due(self, *, now: datetime) -> bool:
        return bool(self._due(now))

    def unread(self, *, received_by: datetime, tries_below: int) -> bool:
        waits = (JournalState.RECEIVED, JournalState.CLAIMED)
        return any(
            e.state in waits and e.received_at <= received_by and e.tries < tries_below and e.lapses == 0
            for e in self._all()
        )

    def _due(self, now: datetime) -> list[JournalEntry]:
        return [
            e for e in self._all() if e.state is JournalState.RECEIVED and e.wake_at is not None and e.wake_at <= now
        ]

    def renew(self, entry_id: str, *, lease: str, until: datetime) -> bool:
        standing = self.get(entry_id)
        if standing is None or standing.lease != lease or standing.state is not JournalState.CLAIMED:
            return False
        self._tables.journal[entry_id] = replace(standing, lease_until=until, wake_at=until)
        return True

    def lapsed(self, *, now: datetime, limit: int = 100) -> tuple[JournalEntry, ...]:
        rows = [
            e
            for e in self._all()
            if e.state is JournalState.CLAIMED and e.lease_until is not None and e.lease_until <= now
        ]
        return tuple(sorted(rows, key=lambda e: (e.lease_until, e.id))[:limit])

    def claim(self, *, now: datetime, lease: str, lease_for: timedelta) -> JournalEntry | None:
        due = self._due(now)
        if not due:
            return None
        first = min(due, key=lambda e: (e.wake_at, e.received_at, e.id))
        until = now + lease_for
        claimed = replace(
            first,
            state=JournalState.CLAIMED,
            lease=lease,
            lease_until=until,
            wake_at=until,
            revision=first.revision + 1,
        )
        self._tables.journal[first.id] = claimed
        return claimed

    def asleep(self, *, beyond: datetime, limit: int = 100) -> tuple[JournalEntry, ...]:
        rows = [
            e
            for e in self._all()
            if e.state in (JournalState.RECEIVED, JournalState.CLAIMED) and e.wake_at is not None and e.wake_at > beyond
        ]
        rows.sort(key=lambda e: e.id)
        return tuple(sorted(rows, key=lambda e: e.wake_at, reverse=True)[:limit])

    def save(self, entry: JournalEntry) -> bool:
        standing = self.get(entry.id)
        if standing is None or standing.revision != entry.revision:
            return False
        fixed = ("message_id", "sha256", "size", "received_at", "verdict", "answer")
        written = replace(entry, revision=entry.revision + 1, **{name: getattr(standing, name) for name in fixed})
        self._hold(written)
        self._tables.journal[entry.id] = written
        return True

    def _all(self) -> list[JournalEntry]:
        return sorted(self._tables.journal.values(), key=lambda e: (e.received_at, e.id))

    def _hold(self, entry: JournalEntry) -> None:
        _keepable(entry)
        _aware(entry.wake_at, entry.received_at, entry.lease_until)
        waits = entry.state in (JournalState.RECEIVED, JournalState.CLAIMED)
        _hold("journal_wake", not waits or entry.wake_at is not None)
        _hold("journal_lease", (entry.lease is None) == (entry.lease_until is None))
        _hold("journal_held", entry.state is not JournalState.CLAIMED or entry.lease is not None)
        _hold("journal_counters", entry.tries >= 0 and entry.revision >= 0)


class MemoryBreakers:
    """adapter.ports.Breakers."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    def get(self, channel: str) -> Breaker:
        return self._tables.breakers.get(channel) or Breaker(channel=channel)

    def save(self, breaker: Breaker) -> bool:
        standing = self._tables.breakers.get(breaker.channel)
        if (standing.revision if standing else 0) != breaker.revision:
            return False
        is_closed = breaker.state is BreakerState.CLOSED
        _hold("breakers_open", is_closed or None not in (breaker.opened_at, breaker.probe_at))
        _hold(
            "breakers_half_open",
            breaker.state is not BreakerState.HALF_OPEN or None not in (breaker.probe, breaker.probe_until),
        )
        _hold("breakers_counters", min(breaker.failures, breaker.drain_left, breaker.revision) >= 0)
        self._tables.breakers[breaker.channel] = replace(breaker, revision=breaker.revision + 1)
        return True


class MemoryRegister:
    """adapter.ports.Register."""

    def __init__(self, tables: _Tables, blobs: Mapping[str, bytes]) -> None:
        self._tables = tables
        self._blobs = blobs

    def add(self, document: RegisteredDocument) -> None:
        standing = self.find(document.document_id)
        if standing is not None:
            raise Conflict("register.document-taken", params=_taken(standing))
        for other in self._tables.register.values():
            if other.number == document.number:
                raise Conflict("register.number-taken", params=_taken(other))
        _keepable(document)
        _point(document.container, self._blobs)
        _aware(document.received_at)
        self._tables.register[document.document_id] = document

    def find(self, document_id: DocumentId) -> RegisteredDocument | None:
        return self._tables.register.get(document_id)

    def listed(
        self, *, document_type: DocumentType | None = None, reporting_year: int | None = None
    ) -> tuple[RegisteredDocument, ...]:
        return tuple(
            document
            for document in self._tables.register.values()
            if document_type in (None, document.document_type) and reporting_year in (None, document.reporting_year)
        )

    def next_number(self, series: str) -> int:
        self._tables.numbers[series] = self._tables.numbers.get(series, 0) + 1
        return self._tables.numbers[series]


class MemoryReceipts:
    """adapter.ports.Receipts."""

    def __init__(self, tables: _Tables, blobs: Mapping[str, bytes]) -> None:
        self._tables = tables
        self._blobs = blobs

    def add(self, receipt: Receipt) -> bool:
        def once(r: Receipt) -> tuple[str, ...]:
            return (r.document_id, r.addressee, r.kind, r.raw)

        if any(once(known) == once(receipt) for known in self._tables.receipts.values()):
            return False
        if receipt.id in self._tables.receipts:
            raise Conflict("storage.already-there", params={"columns": "receipts.id"})
        _keepable(receipt)
        _point(receipt.raw, self._blobs)
        _aware(receipt.received_at, receipt.stated_at)
        self._tables.receipts[receipt.id] = receipt
        return True

    def of_document(self, document_id: DocumentId) -> tuple[Receipt, ...]:
        rows = (r for r in self._tables.receipts.values() if r.document_id == document_id)
        return tuple(sorted(rows, key=lambda r: r.received_at))


class MemoryAuditTrail:
    """adapter.ports.AuditTrail."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    def append(self, event: AuditEvent) -> ChainedEvent:
        for name, value in event.details.items():
            if not (value is None or isinstance(value, bool | int | str)):
                raise TypeError(f"audit detail {name} is neither text, a whole number, a truth nor absent")
        sequence = len(self._tables.audit)
        previous = self._tables.audit[sequence].digest if sequence else GENESIS
        told = replace(event, at=event.at.astimezone(UTC))
        _keepable(told)
        chained = ChainedEvent(sequence=sequence + 1, event=told, previous=previous, digest=chain(previous, told))
        self._tables.audit[chained.sequence] = chained
        return chained

    def of_document(self, document_id: str) -> tuple[ChainedEvent, ...]:
        return tuple(c for c in self._tables.audit.values() if c.event.document_id == document_id)

    def head(self) -> ChainHead | None:
        last = self._tables.audit.get(len(self._tables.audit))
        return None if last is None else ChainHead(sequence=last.sequence, digest=last.digest)

    def events(self, *, after: int = 0, limit: int = 1000) -> tuple[ChainedEvent, ...]:
        return tuple(c for c in self._tables.audit.values() if c.sequence > after)[:limit]


class MemoryStatements:
    """adapter.ports.Statements."""

    def __init__(self, tables: _Tables, blobs: Mapping[str, bytes]) -> None:
        self._tables = tables
        self._blobs = blobs

    def append(
        self,
        kind: StatementKind,
        *,
        document_id: DocumentId,
        delivery_id: str,
        made_at: datetime,
        compose: Callable[[int, Sha256], bytes],
    ) -> Statement:
        sequence = len(self._tables.statements) + 1
        previous = self._tables.statements[sequence - 1].digest if sequence > 1 else GENESIS
        content = compose(sequence, previous)
        statement = Statement(
            sequence=sequence,
            kind=kind,
            document_id=document_id,
            delivery_id=delivery_id,
            made_at=made_at,
            content=content,
            previous=previous,
            digest=chained(sequence, previous, content),
        )
        _keepable(statement)
        _aware(made_at)
        if any((s.delivery_id, s.kind) == (delivery_id, kind) for s in self._tables.statements.values()):
            raise Conflict("storage.already-there", params={"columns": "statements.delivery_id, statements.kind"})
        if delivery_id not in self._tables.deliveries:
            raise Final("storage.nothing-to-point-at")
        self._tables.statements[sequence] = statement
        return statement

    def get(self, sequence: int) -> Statement | None:
        return self._tables.statements.get(sequence)

    def of_document(self, document_id: DocumentId) -> tuple[Statement, ...]:
        return tuple(s for s in self._tables.statements.values() if s.document_id == document_id)

    def listed(self, *, after: int = 0, limit: int = 1000) -> tuple[Statement, ...]:
        return tuple(s for s in self._tables.statements.values() if s.sequence > after)[:limit]

    def last(self) -> int:
        return len(self._tables.statements)

    def unsigned(self, *, after: int = 0, limit: int = 100) -> tuple[Statement, ...]:
        return tuple(s for s in self.listed(after=after, limit=10**9) if s.sequence not in self._tables.signed)[:limit]

    def add_signed(self, signed: SignedStatement) -> SignedStatement:
        standing = self.signed(signed.sequence)
        if standing is not None:
            return standing
        _point(signed.sha256, self._blobs)
        if signed.sequence not in self._tables.statements:
            raise Final("storage.nothing-to-point-at")
        _aware(signed.signed_at)
        self._tables.signed[signed.sequence] = signed
        return signed

    def signed(self, sequence: int) -> SignedStatement | None:
        return self._tables.signed.get(sequence)


def _keepable(value: Statement | Delivery | Attempt | JournalEntry | RegisteredDocument | Receipt | AuditEvent) -> None:
    """PostgreSQL keeps no text with a NUL."""
    if any("\0" in text for name in value.__slots__ if isinstance(text := getattr(value, name), str)):
        raise Final("storage.nul-character")


def _hold(invariant: str, holds: bool) -> None:
    if not holds:
        raise Final("storage.invariant", params={"invariant": invariant})


def _point(sha256: str | None, blobs: Mapping[str, bytes]) -> None:
    if sha256 is not None and sha256 not in blobs:
        raise Final("storage.nothing-to-point-at")


def _aware(*instants: datetime | date | None) -> None:
    if any(isinstance(instant, datetime) and instant.tzinfo is None for instant in instants):
        raise ValueError("an instant without a time zone")


def _taken(standing: RegisteredDocument) -> dict[str, object]:
    return {"document": standing.document_id, "number": standing.number, "at": standing.received_at.isoformat()}


# --- evidence folder -------------------------------------------------------------------------------------------------
class MemoryEvidenceFolder:
    """adapter.ports.EvidenceFolder."""

    def __init__(
        self, *, max_file_bytes: int = 200 * 1024 * 1024, check: Callable[[str], object] | None = None
    ) -> None:
        """`check` raises for a name that is refused; None takes any name."""
        self._files: dict[str, bytes] = {}
        self._max = max_file_bytes
        self._check = check or (lambda name: name)

    def names(self) -> Iterator[str]:
        yield from sorted(self._files)

    def get(self, name: str) -> bytes:
        self._check(name)
        if name not in self._files:
            raise Final("evidence.no-such-file", params={"name": name})
        return self._files[name]

    def put(self, name: str, content: Iterable[bytes]) -> None:
        self._check(name)
        kept = b""
        for piece in content:
            kept += piece
            if len(kept) > self._max:
                raise Final("evidence.too-large", params={"name": name, "limit": self._max})
        self._files[name] = kept
