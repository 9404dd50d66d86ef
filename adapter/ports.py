"""What the use cases need from the world. Each port has one contract suite that runs against every implementation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import BinaryIO, Protocol
from uuid import UUID

from adapter.domain.audit_event import AuditEvent, ChainedEvent
from adapter.domain.breaker import Breaker
from adapter.domain.delivery import Attempt, Delivery, DeliveryState
from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.head_stamp import HeadStamp
from adapter.domain.incoming import Interpreted, JournalEntry, JournalState, RegisteredDocument
from adapter.domain.outgoing import Content, ContentKind, Words
from adapter.domain.overdue import OverdueLimits, OverdueRow
from adapter.domain.receipt import MessageVerdict, Receipt
from adapter.domain.stamped_files import StampedFiles
from adapter.domain.statement import SignedStatement, Statement, StatementKind
from adapter.domain.subscription import Subscription


# --- time and identifiers ---------------------------------------------------------------------------------------------
class Clock(Protocol):
    """The only reader of the time."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...

    def running(self) -> timedelta:
        """Since the process began, on a clock that nobody sets: a step of `now` shows against it."""
        ...


class Identifiers(Protocol):
    """The only maker of new identifiers and of chance."""

    def new(self) -> UUID:
        """A new random UUID."""
        ...

    def jitter(self) -> float:
        """A number in [0, 0.2] that spreads retries."""
        ...


# --- the exchange ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A message ready to be posted: its exact bytes, the id inside, and when the exchange forgets its files."""

    message: bytes
    message_id: str
    files_expire_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The gateway took the message (transport only): its raw answer and the verdict on the answer's signature."""

    answer: bytes
    verdict: MessageVerdict
    code: str
    text: str


class Files(Protocol):
    """Opens a travelling file's bytes by its digest."""

    def open(self, sha256: Sha256) -> BinaryIO:
        """The bytes, from the start; raises Final `storage.no-such-bytes`."""
        ...


class OutgoingChannel(Protocol):
    """The way out. Both calls raise Retryable, Final or OutcomeUnknown, as adapter/exchange/faults.py lists."""

    def prepare(self, content: Content, *, message_id: str, files: Files, at: datetime) -> Prepared:
        """Upload the files, build the message, sign it and verify what was signed. Harmless to repeat.

        Never raises OutcomeUnknown: an upload whose outcome is unknown is repeated.
        """
        ...

    def send(self, message: bytes, *, at: datetime, leave_within: timedelta | None = None) -> Accepted:
        """One POST of exactly these bytes; repeated inside only while no connection was made.

        leave_within    the first byte leaves within this time from the call, or none does: Retryable `http.left-too-late`
        Raises Final with code `exchange.not-understood` when the answer is well-formed and its code is on no list.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What the endpoint makes of a raw request, before anything is stored.

    message_id  the id inside; when the message is too broken to have one, `sha256:` and the digest
    verdict     on the envelope's signature
    state       RECEIVED, HELD (quarantined) or REFUSED
    answer      the exact bytes to answer with once the entry is stored; SCSS001 or a fault
    status      HTTP status of that answer
    code        why it is HELD or REFUSED; None when RECEIVED
    """

    message_id: str
    verdict: MessageVerdict
    state: JournalState
    answer: bytes
    status: int
    code: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedFile:
    """A file fetched from the exchange: name and media type as stated there, and its bytes.

    awaits_confirmation   the exchange wants to hear that it came, and may forget it from then on
    """

    name: str
    media_type: str
    content: bytes
    awaits_confirmation: bool = False


class IncomingChannel(Protocol):
    """The way in."""

    def open(self, raw: bytes, *, at: datetime) -> Opened:
        """Judge a raw request under limits; never raises for bad input, never touches network or store."""
        ...

    def interpret(self, raw: bytes) -> Interpreted:
        """What a stored message says."""
        ...

    def fetch_files(self, identifiers: Sequence[str], *, at: datetime) -> tuple[FetchedFile, ...]:
        """Download; Final `exchange.file-gone` when the store has forgotten one, Retryable otherwise."""
        ...

    def confirm_files(self, identifiers: Sequence[str], *, at: datetime) -> None:
        """Tell the exchange that these are durable here. Raises nothing: it is a courtesy, and the bytes are ours."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Participant:
    """A body as the exchange knows it: participant id as a decimal string, and its names."""

    body: BodyCode
    member: str
    name: Words


class AddressBook(Protocol):
    """Which participant a body is, and the reverse."""

    def find(self, body: BodyCode, *, on: date) -> Participant:
        """Final `exchange.addressee-unknown` or `exchange.addressee-not-ready`; Retryable: directory silent."""
        ...

    def body_of(self, member: str) -> BodyCode | None:
        """The body behind a participant id; None when nobody we know has it."""
        ...


# --- the store -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class KeptBlob:
    """Bytes that are durable: digest and size."""

    sha256: Sha256
    size: int


class BlobWriter(AbstractContextManager["BlobWriter"], Protocol):
    """A seekable binary file that becomes a blob with `keep`; leaving the block without it throws it away."""

    @property
    def file(self) -> BinaryIO:
        """Where to write."""
        ...

    def keep(self) -> KeptBlob:
        """Make the bytes durable and return their digest. The same bytes twice are one blob."""
        ...


class Blobs(Files, Protocol):
    """Bytes by digest; written before the transaction that names them, never changed, never deleted on failure."""

    def new(self) -> BlobWriter:
        """Room for new bytes."""
        ...

    def put(self, content: bytes) -> KeptBlob:
        """Keep bytes that are in memory anyway."""
        ...

    def read(self, sha256: Sha256) -> bytes:
        """All bytes; Final `storage.no-such-bytes`."""
        ...

    def measure(self, sha256: Sha256) -> int | None:
        """How many bytes lie there, without reading them; None where there are none."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """What `Outbox.add` or `Journal.add` found: the row, and whether it was there before."""

    replayed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AddedDelivery(Added):
    """The delivery that stands in the outbox now."""

    delivery: Delivery


@dataclass(frozen=True, kw_only=True, slots=True)
class AddedEntry(Added):
    """The journal entry that stands now.

    conflict    digest of the first other bytes that came under its message id; None when none did
    """

    entry: JournalEntry
    conflict: Sha256 | None = None


class Outbox(Protocol):
    """Deliveries and their attempts."""

    def add(self, delivery: Delivery) -> AddedDelivery:
        """Add; the same key, kind and addressee with the same digest is a replay, with another digest Conflict."""
        ...

    def get(self, delivery_id: str) -> Delivery | None: ...

    def find(self, key: str, content_kind: ContentKind, addressee: BodyCode) -> Delivery | None: ...

    def of_document(self, document_id: DocumentId) -> tuple[Delivery, ...]:
        """Every delivery that speaks of a document, oldest first."""
        ...

    def listed(
        self, *, states: Sequence[DeliveryState] | None = None, after: str | None = None, limit: int = 500
    ) -> tuple[Delivery, ...]:
        """Rows in order of creation, then id; `after` is the id of the last row of the page before."""
        ...

    def due(self, *, now: datetime) -> bool:
        """Whether `claim` would find a row; cheap, and meant for a snapshot."""
        ...

    def backlog(self, *, now: datetime) -> int:
        """How many QUEUED rows are due, those of a busy lane included."""
        ...

    def claim(
        self,
        *,
        now: datetime,
        lease: str,
        lease_for: timedelta,
        oldest_first: bool = False,
        passing_over: str | None = None,
    ) -> Delivery | None:
        """One due QUEUED row becomes CLAIMED under `lease`.

        Lanes are per addressee: at most one row of a lane is CLAIMED or SENDING at a time.
        Oldest deadline first, then oldest wake-up; with `oldest_first` then oldest creation. None when nothing is due.
        passing_over    id of a row that is not taken
        """
        ...

    def renew(self, delivery_id: str, *, lease: str, until: datetime) -> bool:
        """Move the end of the lease and the wake-up to `until` while the row is held under `lease`.

        False: the lease is gone, nothing was written. The revision does not grow: whoever holds the row writes it later.
        """
        ...

    def lapsed(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        """CLAIMED and SENDING rows whose lease has ended, the longest ended first."""
        ...

    def awake(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        """Rows past their wake-up in SENT, IN_CENTRE, DELIVERED, UNCERTAIN and ABANDONED."""
        ...

    def asleep(self, *, states: Sequence[DeliveryState], beyond: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        """Rows in these states whose wake-up lies after `beyond`, the farthest first; a notice of ours that is done is none."""
        ...

    def to_warn(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        """Document deliveries whose `warn_at` has come, in whatever state, the oldest first."""
        ...

    def save_warned(self, delivery: Delivery, *, warned: int, warn_at: datetime | None) -> bool:
        """Write the two fields if the row still has `delivery.warned`; False: another worker has warned.

        No other field is looked at or written, the revision neither: who holds the row does not lose it by a warning.
        """
        ...

    def save(self, delivery: Delivery) -> bool:
        """Write all mutable fields but those of `save_warned` if the row still has `delivery.revision`, which grows by one.

        False: someone was faster, nothing was written.
        """
        ...

    def add_attempt(self, attempt: Attempt) -> None: ...

    def close_attempt(self, attempt: Attempt) -> None:
        """Write the end of an attempt."""
        ...

    def add_stamped(self, stamped: StampedFiles) -> None:
        """Once for a delivery: Conflict `storage.already-there` after that; Final `storage.no-such-bytes`."""
        ...

    def stamped(self, delivery_id: str) -> StampedFiles | None:
        """What travels of a document that was handed over without its time-stamp; None before that is settled."""
        ...

    def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """In order of their number."""
        ...


class Journal(Protocol):
    """Raw incoming messages."""

    def add(self, entry: JournalEntry) -> AddedEntry:
        """Add; the same message id and digest is a replay and gives the entry that stands."""
        ...

    def get(self, entry_id: str) -> JournalEntry | None: ...

    def find(self, message_id: str, sha256: Sha256) -> JournalEntry | None:
        """The entry of these very bytes under this message id."""
        ...

    def listed(
        self, *, states: Sequence[JournalState] | None = None, after: str | None = None, limit: int = 500
    ) -> tuple[JournalEntry, ...]: ...

    def of_document(self, document_id: str) -> tuple[JournalEntry, ...]: ...

    def due(self, *, now: datetime) -> bool:
        """As Outbox.due."""
        ...

    def unread(self, *, received_by: datetime, tries_below: int) -> bool:
        """Whether a message that came by then is not worked off and was tried less often, and lapsed never."""
        ...

    def claim(self, *, now: datetime, lease: str, lease_for: timedelta) -> JournalEntry | None:
        """One due RECEIVED entry becomes CLAIMED under `lease`, the longest waiting first."""
        ...

    def renew(self, entry_id: str, *, lease: str, until: datetime) -> bool:
        """As Outbox.renew."""
        ...

    def lapsed(self, *, now: datetime, limit: int = 100) -> tuple[JournalEntry, ...]:
        """CLAIMED entries whose lease has ended, the longest ended first."""
        ...

    def asleep(self, *, beyond: datetime, limit: int = 100) -> tuple[JournalEntry, ...]:
        """RECEIVED and CLAIMED entries whose wake-up lies after `beyond`, the farthest first."""
        ...

    def save(self, entry: JournalEntry) -> bool:
        """As Outbox.save."""
        ...


class Breakers(Protocol):
    """Whether the channels are open: one row each, shared by every worker."""

    def get(self, channel: str) -> Breaker:
        """The breaker of a channel; one that nobody has written yet is CLOSED."""
        ...

    def save(self, breaker: Breaker) -> bool:
        """As Outbox.save."""
        ...


class Register(Protocol):
    """Documents recorded as received, and numbers."""

    def add(self, document: RegisteredDocument) -> None:
        """Conflict when the DocumentId or the number is taken."""
        ...

    def find(self, document_id: DocumentId) -> RegisteredDocument | None: ...

    def listed(
        self, *, document_type: DocumentType | None = None, reporting_year: int | None = None
    ) -> tuple[RegisteredDocument, ...]:
        """In order of recording."""
        ...

    def next_number(self, series: str) -> int:
        """The next number of a series, from 1, without gaps within committed transactions."""
        ...


class Receipts(Protocol):
    """Answers kept as proof."""

    def add(self, receipt: Receipt) -> bool:
        """False when the same raw bytes are already kept for the same document, addressee and kind."""
        ...

    def of_document(self, document_id: DocumentId) -> tuple[Receipt, ...]:
        """In order of arrival."""
        ...


class AuditTrail(Protocol):
    """Append-only, hash-chained."""

    def append(self, event: AuditEvent) -> ChainedEvent: ...

    def of_document(self, document_id: str) -> tuple[ChainedEvent, ...]: ...

    def events(self, *, after: int = 0, limit: int = 1000) -> tuple[ChainedEvent, ...]: ...

    def head(self) -> ChainHead | None:
        """The end of the chain as its own row states it; None before the first event."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainHead:
    """The end of the audit chain: sequence and digest of the last event."""

    sequence: int
    digest: Sha256


class Watched(Protocol):
    """Rows that nobody looked at in time, and which of them a person has been told of."""

    def overdue(
        self, limits: OverdueLimits, *, unless_told_since: datetime, limit: int = 100
    ) -> tuple[OverdueRow, ...]:
        """Rows outside of `limits`, longest overdue first, without those told for this wake-up after the moment given.

        A QUEUED row whose lane another row holds under a live lease waits for its turn and is not overdue, nor is one that
        the channel lets nobody take.
        In a transaction for writing nobody else gets this answer until its end.
        """
        ...

    def count(self, limits: OverdueLimits) -> int:
        """How many rows are outside of `limits`, told or not."""
        ...

    def opened(self, *, after: str | None = None, limit: int = 500) -> tuple[Delivery, ...]:
        """Deliveries that are not done, in the order and with the cursor of Outbox.listed."""
        ...

    def mark(self, row: OverdueRow, *, at: datetime) -> None:
        """A person is told of this row and this wake-up at `at`."""
        ...

    def has_settled(self) -> bool:
        """Whether a mark is left of a row that is done, or was looked at since."""
        ...

    def forget_settled(self, *, limit: int = 500) -> int:
        """Take such marks away: that a person was told stands in the audit trail. How many were taken."""
        ...


class Subscriptions(Protocol):
    """Who follows the audit trail, and how far."""

    def add(self, subscription: Subscription) -> Subscription:
        """Subscribe; who is there already stays as he is. Gives what stands."""
        ...

    def get(self, name: str) -> Subscription | None: ...

    def listed(self) -> tuple[Subscription, ...]:
        """By name."""
        ...

    def save(self, subscription: Subscription) -> bool:
        """As Outbox.save."""
        ...


class HeadStamps(Protocol):
    """Time-stamps over the head of the audit chain; append-only."""

    def add(self, stamp: HeadStamp) -> None:
        """Conflict `storage.already-there` for a sequence that is stamped."""
        ...

    def last(self) -> HeadStamp | None: ...

    def listed(self, *, after: int = 0, limit: int = 500) -> tuple[HeadStamp, ...]:
        """In order of the sequence they stand over."""
        ...


class Figures(Protocol):
    """Counts for a monitor; each reads open rows or an index, never the finished ones."""

    def open_deliveries(self) -> dict[tuple[DeliveryState, ContentKind], int]: ...

    def deliveries(self) -> dict[DeliveryState, int]:
        """Rows by state, finished ones too: reads the whole index, so a caller keeps the answer for a while."""
        ...

    def journal(self) -> dict[JournalState, int]:
        """As `deliveries`."""
        ...

    def past_deadline(self, now: datetime) -> int:
        """Open deliveries whose legal deadline has passed."""
        ...

    def oldest_due(self, now: datetime) -> datetime | None:
        """The earliest wake-up of an open delivery that has passed."""
        ...


class Inventory(Protocol):
    """Which bytes the rows name, for whoever checks that they are all there."""

    def missing(self, *, limit: int = 20) -> tuple[Sha256, ...]:
        """Digests that attempts, messages, receipts, the register and signed statements name and that are not kept."""
        ...

    def absent(self, digests: Sequence[Sha256]) -> tuple[Sha256, ...]:
        """Which of these are not kept."""
        ...

    def kept(self, *, after: str = "", limit: int = 500) -> tuple[KeptBlob, ...]:
        """Bytes that are said to be kept, in order of their digest."""
        ...


class Statements(Protocol):
    """What the node itself stated: append-only, hash-chained, each with at most one signed form."""

    def append(
        self,
        kind: StatementKind,
        *,
        document_id: DocumentId,
        delivery_id: str,
        made_at: datetime,
        compose: Callable[[int, Sha256], bytes],
    ) -> Statement:
        """Add after the last one; `compose` gives the content for a number and the digest before it.

        Called after the audit trail was written, whose event the content names: the end of the chain is locked until the
        commit. Raises ValueError when the content names another place.
        """
        ...

    def get(self, sequence: int) -> Statement | None: ...

    def of_document(self, document_id: DocumentId) -> tuple[Statement, ...]:
        """In order of the chain."""
        ...

    def listed(self, *, after: int = 0, limit: int = 1000) -> tuple[Statement, ...]:
        """A gapless segment that follows statement `after`."""
        ...

    def last(self) -> int:
        """Number of the last statement; 0 where there is none."""
        ...

    def unsigned(self, *, after: int = 0, limit: int = 100) -> tuple[Statement, ...]:
        """Statements after `after` that have no signed form yet, in order of the chain."""
        ...

    def add_signed(self, signed: SignedStatement) -> SignedStatement:
        """Keep which bytes are the signed form; the first ones stand, and are given back, whoever comes later.

        Raises Final `storage.nothing-to-point-at` for bytes that are not kept or a statement that is not there.
        """
        ...

    def signed(self, sequence: int) -> SignedStatement | None: ...


class Transaction(Protocol):
    """What one short transaction can touch."""

    def keep(self, content: bytes) -> KeptBlob:
        """Keep bytes that are in memory: durable with the rest of the transaction, or not there at all.

        For what is small (a message, an answer): the others wait while it is written. What is large is kept before.
        """
        ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def register(self) -> Register: ...

    @property
    def receipts(self) -> Receipts: ...

    @property
    def breakers(self) -> Breakers: ...

    @property
    def audit(self) -> AuditTrail: ...

    @property
    def statements(self) -> Statements: ...

    @property
    def watched(self) -> Watched: ...

    @property
    def subscriptions(self) -> Subscriptions: ...

    @property
    def head_stamps(self) -> HeadStamps: ...

    @property
    def figures(self) -> Figures: ...

    @property
    def inventory(self) -> Inventory: ...


class Store(Protocol):
    """One relational database: everything inside `transaction()` commits together or not at all."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin for writing; commit at the end of the block, roll back when it raises. No network, no signing inside.

        Raises Retryable `storage.busy` when the database cannot be had in time, Final `storage.full` when it is full.
        """
        ...

    def snapshot(self) -> AbstractContextManager[Transaction]:
        """What stands at one moment, to be read only; waits for nobody. RuntimeError for a write inside."""
        ...

    @property
    def blobs(self) -> Blobs: ...


# --- documents -------------------------------------------------------------------------------------------------------
class EvidenceFolder(Protocol):
    """Named bytes of one evidence folder; names use `/` and never leave the folder."""

    def names(self) -> Iterator[str]: ...

    def get(self, name: str) -> bytes: ...

    def put(self, name: str, content: Iterable[bytes]) -> None: ...


# --- people ----------------------------------------------------------------------------------------------------------
class Receiver(Protocol):
    """Somebody outside who is told of events: a webhook, a mailbox, the log."""

    def tell(self, events: Sequence[ChainedEvent], *, at: datetime) -> None:
        """Hand over these events, in order. Raises ElshiError when it is not certain that they were taken."""
        ...
