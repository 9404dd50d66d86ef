"""Every table, column, index and trigger with its sentence. What the program promises, the database refuses to break.

    deliveries --< attempts        outbox: one content on its way to one addressee; every POST that may have begun
    journal                        raw incoming messages
    register, number_series        documents recorded as received, and the numbers they get
    receipts                       answers kept as proof
    statements --o statement_signatures    what the node itself stated, a hash chain; which bytes are its signed form
    audit_trail, audit_head        hash chain and its end
    head_stamps                    time-stamps over that end
    subscriptions                  who follows the trail, and how far
    overdue_marks                  of which overdue rows a person has been told
    blobs --< blob_chunks          bytes by digest
    breakers                       whether a channel is open, for every worker
    migration_lock                 who changes the tables now

Instants are text `YYYY-MM-DDTHH:MM:SS.ffffffZ` on SQLite (sorts as time, readable with any tool), else timestamptz.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from adapter.domain.breaker import BreakerState
from adapter.domain.delivery import FINAL_STATES, AttemptOutcome, DeliveryState, Proof
from adapter.domain.document import DocumentType
from adapter.domain.head_stamp import StampKind
from adapter.domain.incoming import JournalState
from adapter.domain.outgoing import ContentKind
from adapter.domain.overdue import OverdueKind
from adapter.domain.receipt import MessageVerdict, ReceiptKind
from adapter.domain.statement import StatementKind


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC with microseconds; a naive one is a ValueError before it reaches the database."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text where the database has no time with a zone."""
        kind: TypeEngine[Any] = String(27) if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        instant = value.astimezone(UTC)
        if dialect.name != "sqlite":
            return instant
        return instant.isoformat(timespec="microseconds").replace("+00:00", "Z")

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        if value is None:
            return None
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        return instant.astimezone(UTC)


LANE = "deliveries.addressee"
"""What the index deliveries_lane holds, as an error names it: a second row of one lane in work is a mistake, not a repeat."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A change that the database itself refuses; database.refusal_statements writes it as a trigger.

    verb     `update`, `delete`, or `update of <column>`
    when     condition over `old` and `new`; None: always
    why      the sentence the database gives, and the reader finds in a log
    """

    name: str
    table: str
    verb: str
    why: str
    when: str | None = None


_SHORT = String(64).with_variant(Text(), "postgresql")
_DIGEST, _CODE, _ID = _SHORT, _SHORT, _SHORT
_NAME = String(255).with_variant(Text(), "postgresql")
"""SQLite takes a declared length as a remark, PostgreSQL as a limit: a foreign code that is too long must not be lost there.
Who takes a foreign name limits it (exchange/channel.py)."""
_COUNTER = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column declared INTEGER."""


def _listed(column: str, states: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(state.value) for state in states)})"


FINAL = ", ".join(repr(state) for state in sorted(state.value for state in FINAL_STATES))
metadata = MetaData()

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _ID, nullable=False, comment="ours, made by the port Identifiers"),
    Column("key", _NAME, nullable=False, comment="DocumentId; for a notice DocumentId and kind"),
    Column("content_kind", _CODE, nullable=False, comment="document or notice"),
    Column("content", Text, nullable=False, comment="what travels, as JSON of a stated version (content_json.py)"),
    Column("document_id", _NAME, nullable=False, comment="the document it speaks of"),
    Column("sender", _CODE, nullable=False, comment="body that sends"),
    Column("addressee", _CODE, nullable=False, comment="body it goes to; names the lane"),
    Column("digest", _DIGEST, nullable=False, comment="what makes a repeat the same: of the XML, or of the notice"),
    Column("message_id", _NAME, nullable=False, comment="the exchange's id, the same on every resend"),
    Column("state", _CODE, nullable=False, comment="domain/delivery.py"),
    Column("wake_at", Instant, comment="when somebody must look again; null only when done"),
    Column("created_at", Instant, nullable=False, comment="taken over by us"),
    Column("changed_at", Instant, nullable=False, comment="last change of state or schedule"),
    Column("deadline", Instant, comment="legal deadline; null when the Rules name none"),
    Column("attempts", Integer, nullable=False, comment="POSTs that may have begun"),
    Column("ever_sent", Boolean, nullable=False, comment="an attempt reached SENDING at least once"),
    Column("resend", Boolean, nullable=False, comment="the next attempt repeats the kept bytes"),
    Column("planner_resent", Boolean, nullable=False, comment="the planner's one resend is spent"),
    Column("lease", _CODE, comment="token of the worker that holds the row"),
    Column("lease_until", Instant, comment="end of the lease"),
    Column("registration_number", _NAME, comment="given by the addressee"),
    Column("proof", _CODE, nullable=False, comment="how far the proof reaches"),
    Column("reason", _NAME, comment="code of why it was refused or given up"),
    Column("reason_text", Text, comment="the other side's own words"),
    Column("revision", Integer, nullable=False, comment="grows with every write; a write names the one it read"),
    Column("lapses", Integer, nullable=False, server_default="0", comment="leases in a row that ended without a word"),
    Column(
        "deferrals",
        Integer,
        nullable=False,
        server_default="0",
        comment="times in a row that the channel turned it back",
    ),
    Column("warned", Integer, nullable=False, server_default=text("100"), comment="percent last warned at; 100: done"),
    Column("warn_at", Instant, comment="when the next warning is due; null when none is"),
    PrimaryKeyConstraint("id", name="deliveries_pk"),
    UniqueConstraint(
        "key", "content_kind", "addressee", name="deliveries_once", info={"why": "nothing is queued twice"}
    ),
    CheckConstraint(_listed("state", DeliveryState), name="deliveries_state"),
    CheckConstraint(_listed("content_kind", ContentKind), name="deliveries_content_kind"),
    CheckConstraint(_listed("proof", Proof), name="deliveries_proof"),
    CheckConstraint(
        f"state IN ({FINAL}) OR (content_kind = 'notice' AND state = 'sent') OR wake_at IS NOT NULL",
        name="deliveries_wake",
    ),
    CheckConstraint(
        f"state IN ({FINAL}) OR content_kind = 'notice' OR deadline IS NULL OR warned = 100 OR warn_at IS NOT NULL",
        name="deliveries_warn",
    ),
    CheckConstraint("warned BETWEEN 0 AND 100", name="deliveries_warned"),
    CheckConstraint("(lease IS NULL) = (lease_until IS NULL)", name="deliveries_lease"),
    CheckConstraint("state NOT IN ('claimed', 'sending') OR lease IS NOT NULL", name="deliveries_held"),
    CheckConstraint("attempts >= 0 AND revision >= 0", name="deliveries_counters"),
    comment="outbox: one row for each content and addressee",
)
Index(
    "deliveries_due",
    deliveries.c.state,
    deliveries.c.deadline,
    deliveries.c.wake_at,
    deliveries.c.id,
    info={
        "why": "the next due row in the order of urgency without sorting a backlog; rows past their wake-up by state"
    },
)
Index("deliveries_created", deliveries.c.created_at, deliveries.c.id, info={"why": "pages in order of creation"})
Index(
    "deliveries_warn_at",
    deliveries.c.warn_at,
    sqlite_where=text("warn_at IS NOT NULL"),
    postgresql_where=text("warn_at IS NOT NULL"),
    info={"why": "the next warning without a look at what is done"},
)
Index("deliveries_document", deliveries.c.document_id, info={"why": "a receipt finds its delivery"})
Index(
    "deliveries_lane",
    deliveries.c.addressee,
    unique=True,
    sqlite_where=text("state IN ('claimed', 'sending')"),
    postgresql_where=text("state IN ('claimed', 'sending')"),
    info={"why": "two workers never hold two rows of one addressee, whatever they believe"},
)
Index(
    "deliveries_open",
    deliveries.c.wake_at,
    deliveries.c.id,
    sqlite_where=text("wake_at IS NOT NULL"),
    postgresql_where=text("wake_at IS NOT NULL"),
    info={"why": "the watchdog and the monitor read open rows alone, whatever number is finished"},
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", _ID, nullable=False, comment="ours"),
    Column("delivery_id", _ID, nullable=False, comment="what was being delivered"),
    Column("number", Integer, nullable=False, comment="from 1 within the delivery"),
    Column("message_id", _NAME, nullable=False, comment="the exchange's id inside the bytes"),
    Column("message", _DIGEST, nullable=False, comment="blob of the exact signed envelope"),
    Column("files_expire_at", Instant, comment="when the exchange forgets the files named inside"),
    Column("started_at", Instant, nullable=False, comment="the POST may have begun from here on"),
    Column("ended_at", Instant, comment="null while open"),
    Column("outcome", _CODE, nullable=False, comment="how it ended"),
    Column("answer", _DIGEST, comment="blob of the raw answer"),
    Column("answer_verdict", _CODE, comment="verdict on the answer's signature"),
    Column("code", _NAME, comment="code the other side gave"),
    Column("text", Text, comment="words the other side gave"),
    Column("planner", Boolean, nullable=False, comment="the planner's own identical resend"),
    PrimaryKeyConstraint("id", name="attempts_pk"),
    UniqueConstraint("delivery_id", "number", name="attempts_number", info={"why": "one POST is one attempt"}),
    ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="attempts_delivery"),
    ForeignKeyConstraint(["message"], ["blobs.sha256"], name="attempts_message"),
    ForeignKeyConstraint(["answer"], ["blobs.sha256"], name="attempts_answer"),
    CheckConstraint(_listed("outcome", AttemptOutcome), name="attempts_outcome"),
    CheckConstraint("outcome = 'open' OR ended_at IS NOT NULL", name="attempts_ended"),
    comment="every POST that may have begun, with the bytes that left",
)

journal = Table(
    "journal",
    metadata,
    Column("id", _ID, nullable=False, comment="ours"),
    Column("message_id", _NAME, nullable=False, comment="the exchange's id, or `sha256:` and the digest"),
    Column("sha256", _DIGEST, nullable=False, comment="blob of the raw bytes"),
    Column("size", BigInteger, nullable=False, comment="bytes"),
    Column("received_at", Instant, nullable=False, comment="end of the request"),
    Column("verdict", _CODE, nullable=False, comment="on the envelope's signature"),
    Column("answer", LargeBinary, nullable=False, comment="our answer byte for byte; a repeat gets it again"),
    Column("state", _CODE, nullable=False, comment="domain/incoming.py"),
    Column("wake_at", Instant, comment="when it is looked at again; null when closed or held for a person"),
    Column("lease", _CODE, comment="token of the worker that holds the row"),
    Column("lease_until", Instant, comment="end of the lease"),
    Column("tries", Integer, nullable=False, comment="how often it was tried"),
    Column("document_id", _NAME, comment="the document it speaks of, once known"),
    Column("outcome", _NAME, comment="code of what was done with it"),
    Column("outcome_params", Text, comment="what fills the sentence of that code, as JSON"),
    Column("revision", Integer, nullable=False, comment="grows with every write"),
    Column("files", Text, comment="fetched and kept, in announced order, as JSON of a stated version; null: none yet"),
    Column("lapses", Integer, nullable=False, server_default="0", comment="leases in a row that ended without a word"),
    PrimaryKeyConstraint("id", name="journal_pk"),
    UniqueConstraint("message_id", "sha256", name="journal_once", info={"why": "a repeated call is one row"}),
    ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name="journal_raw"),
    CheckConstraint(_listed("state", JournalState), name="journal_state"),
    CheckConstraint("state NOT IN ('received', 'claimed') OR wake_at IS NOT NULL", name="journal_wake"),
    CheckConstraint("(lease IS NULL) = (lease_until IS NULL)", name="journal_lease"),
    CheckConstraint("state <> 'claimed' OR lease IS NOT NULL", name="journal_held"),
    CheckConstraint("tries >= 0 AND revision >= 0", name="journal_counters"),
    comment="raw incoming messages, refused ones included",
)
Index("journal_wakes", journal.c.state, journal.c.wake_at, info={"why": "the next due message"})
Index("journal_received", journal.c.received_at, journal.c.id, info={"why": "pages in order of arrival"})
Index("journal_document", journal.c.document_id, info={"why": "everything that arrived about one document"})

register = Table(
    "register",
    metadata,
    Column("sequence", _COUNTER, nullable=False, autoincrement=True, comment="order of recording"),
    Column("document_id", _NAME, nullable=False, comment="urn:uuid of the document"),
    Column("case_id", _NAME, nullable=False, comment="the case it belongs to"),
    Column("document_type", _CODE, nullable=False, comment="closed list doctype"),
    Column("reporting_year", Integer, nullable=False, comment="year reported on"),
    Column("sender", _CODE, nullable=False, comment="body that sent it"),
    Column("sender_participant", _NAME, nullable=False, comment="participant id as the exchange gave it"),
    Column("number", _NAME, nullable=False, comment="incoming number"),
    Column("received_at", Instant, nullable=False, comment="received in law from here on"),
    Column("outgoing_number", _NAME, nullable=False, comment="number the sender gave"),
    Column("outgoing_date", Date, comment="date the sender gave"),
    Column("container", _DIGEST, nullable=False, comment="blob of the container"),
    Column("container_size", BigInteger, nullable=False, comment="bytes"),
    Column("xml", _DIGEST, nullable=False, comment="digest of the XML inside the container"),
    Column("signer", Text, nullable=False, comment="subject of the signing certificate"),
    Column("verdict", _CODE, nullable=False, comment="of our own verification"),
    Column("is_late", Boolean, nullable=False, comment="recorded after the due date; never a ground to refuse"),
    Column("supersedes", _NAME, comment="the document it corrects"),
    Column("findings", Text, nullable=False, comment="what the rules found, as JSON of a stated version"),
    Column("office_verdict", _CODE, comment="on the office signature; null when there was none"),
    PrimaryKeyConstraint("sequence", name="register_pk"),
    UniqueConstraint("document_id", name="register_document", info={"why": "a document is recorded once"}),
    UniqueConstraint("number", name="register_number", info={"why": "a number means one document"}),
    ForeignKeyConstraint(["container"], ["blobs.sha256"], name="register_container"),
    CheckConstraint(_listed("document_type", DocumentType), name="register_document_type"),
    comment="documents recorded as received; a row is never changed, a correction is a row of its own",
)
Index("register_year", register.c.reporting_year, register.c.document_type, info={"why": "the summary of a year"})

number_series = Table(
    "number_series",
    metadata,
    Column("series", _NAME, nullable=False, comment="name of the series"),
    Column("last", Integer, nullable=False, comment="last number given by a committed transaction"),
    PrimaryKeyConstraint("series", name="number_series_pk"),
    comment="numbers without gaps: a transaction that is rolled back gives its number back",
)

receipts = Table(
    "receipts",
    metadata,
    Column("sequence", _COUNTER, nullable=False, autoincrement=True, comment="order of keeping"),
    Column("id", _ID, nullable=False, comment="ours"),
    Column("document_id", _NAME, nullable=False, comment="the document it answers"),
    Column("addressee", _CODE, nullable=False, comment="body the delivery went to"),
    Column("kind", _CODE, nullable=False, comment="what came"),
    Column("says", _NAME, nullable=False, comment="the answer in one word of ours"),
    Column("received_at", Instant, nullable=False, comment="arrival"),
    Column("raw", _DIGEST, nullable=False, comment="blob of the bytes exactly as received"),
    Column("verdict", _CODE, nullable=False, comment="on their signature"),
    Column("stated_at", Instant, comment="the time stated inside"),
    Column("stated_digest", _DIGEST, comment="the digest of our document that it names"),
    Column("registration_number", _NAME, comment="the number it names"),
    Column("is_dispute", Boolean, nullable=False, comment="it contradicts what is known"),
    PrimaryKeyConstraint("sequence", name="receipts_pk"),
    UniqueConstraint("id", name="receipts_id", info={"why": "an id means one receipt"}),
    UniqueConstraint(
        "document_id", "addressee", "kind", "raw", name="receipts_once", info={"why": "the same bytes prove once"}
    ),
    ForeignKeyConstraint(["raw"], ["blobs.sha256"], name="receipts_raw"),
    CheckConstraint(_listed("kind", ReceiptKind), name="receipts_kind"),
    CheckConstraint(_listed("verdict", MessageVerdict), name="receipts_verdict"),
    comment="answers kept as proof, for ever",
)

audit_trail = Table(
    "audit_trail",
    metadata,
    Column("sequence", BigInteger, nullable=False, autoincrement=False, comment="from 1 without gaps"),
    Column("at", Instant, nullable=False, comment="when it happened"),
    Column("actor", _NAME, nullable=False, comment="person or process"),
    Column("action", _NAME, nullable=False, comment="what was done"),
    Column("mandate", _NAME, nullable=False, comment="paragraph of the Rules or article of a law"),
    Column("document_id", _NAME, comment="the document it concerns"),
    Column("details", Text, nullable=False, comment="identifiers, codes, digests and counts as JSON; never content"),
    Column("previous", _DIGEST, nullable=False, comment="digest of the event before"),
    Column("digest", _DIGEST, nullable=False, comment="digest of this event (domain/audit_event.py)"),
    PrimaryKeyConstraint("sequence", name="audit_trail_pk"),
    UniqueConstraint("previous", name="audit_trail_previous", info={"why": "the chain cannot fork"}),
    comment="append-only hash chain of what was done",
)
Index("audit_trail_document", audit_trail.c.document_id, audit_trail.c.sequence, info={"why": "history of a document"})

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, nullable=False, autoincrement=False, comment="always 1"),
    Column("sequence", BigInteger, nullable=False, comment="of the last event"),
    Column("digest", _DIGEST, nullable=False, comment="of the last event"),
    PrimaryKeyConstraint("id", name="audit_head_pk"),
    CheckConstraint("id = 1", name="audit_head_single"),
    comment="end of the chain: the one row that writers of events queue for",
)

statements = Table(
    "statements",
    metadata,
    Column("sequence", BigInteger, nullable=False, autoincrement=False, comment="from 1 without gaps"),
    Column("kind", _CODE, nullable=False, comment="submission-receipt or non-delivery"),
    Column("document_id", _NAME, nullable=False, comment="the document it speaks of"),
    Column("delivery_id", _ID, nullable=False, comment="the delivery it speaks of"),
    Column("made_at", Instant, nullable=False, comment="when it was stated"),
    Column("content", LargeBinary, nullable=False, comment="canonical XML of schemas/statement, unsigned"),
    Column("previous", _DIGEST, nullable=False, comment="digest of the statement before"),
    Column("digest", _DIGEST, nullable=False, comment="SHA-256 of the content"),
    PrimaryKeyConstraint("sequence", name="statements_pk"),
    UniqueConstraint("previous", name="statements_previous", info={"why": "the chain cannot fork"}),
    UniqueConstraint(
        "delivery_id", "kind", name="statements_once", info={"why": "one receipt and one non-delivery for a delivery"}
    ),
    ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="statements_delivery"),
    CheckConstraint(_listed("kind", StatementKind), name="statements_kind"),
    comment="what the node itself stated: append-only hash chain",
)
Index("statements_document", statements.c.document_id, statements.c.sequence, info={"why": "statements of a document"})

statement_signatures = Table(
    "statement_signatures",
    metadata,
    Column("sequence", BigInteger, nullable=False, autoincrement=False, comment="of the statement"),
    Column("sha256", _DIGEST, nullable=False, comment="blob of the signed statement, reprinted byte for byte"),
    Column("signed_at", Instant, nullable=False, comment="when it was kept"),
    PrimaryKeyConstraint("sequence", name="statement_signatures_pk"),
    ForeignKeyConstraint(["sequence"], ["statements.sequence"], name="statement_signatures_statement"),
    ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name="statement_signatures_bytes"),
    comment="the first signed form of a statement, for ever",
)

stamped_files = Table(
    "stamped_files",
    metadata,
    Column("delivery_id", _ID, nullable=False, comment="of a document that was handed over without its time-stamp"),
    Column("document_id", _NAME, nullable=False, comment="the document"),
    Column("level", _CODE, nullable=False, comment="of the signatures as they travel; B-B: sent as it was handed over"),
    Column("container", _DIGEST, nullable=False, comment="blob of the container as it travels"),
    Column("files", Text, nullable=False, comment="versioned JSON, the files as they travel"),
    Column("office_signature", LargeBinary, comment="DER of the CMS over those files"),
    Column("stamped_at", Instant, nullable=False, comment="when it was settled"),
    PrimaryKeyConstraint("delivery_id", name="stamped_files_pk"),
    ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="stamped_files_delivery"),
    ForeignKeyConstraint(["container"], ["blobs.sha256"], name="stamped_files_bytes"),
    comment="what travels of a document whose time-stamp was not to be had when it was handed over",
)

head_stamps = Table(
    "head_stamps",
    metadata,
    Column("sequence", BigInteger, nullable=False, autoincrement=False, comment="of the event that was the head"),
    Column("digest", _DIGEST, nullable=False, comment="of that event"),
    Column("stamped_at", Instant, nullable=False, comment="our time when the token was there"),
    Column("kind", _CODE, nullable=False, comment="whose word it is (domain/head_stamp.py)"),
    Column("token", LargeBinary, nullable=False, comment="DER of the time-stamp token or of the CMS"),
    PrimaryKeyConstraint("sequence", name="head_stamps_pk"),
    CheckConstraint(_listed("kind", StampKind), name="head_stamps_kind"),
    comment="time-stamps over the head of the audit chain, one a day",
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("name", _NAME, nullable=False, comment="the follower"),
    Column("cursor", BigInteger, nullable=False, comment="sequence of the last event it was told of"),
    Column("told", BigInteger, nullable=False, comment="events told"),
    Column("wake_at", Instant, nullable=False, comment="not tried before"),
    Column("failures", Integer, nullable=False, comment="tries in a row that failed"),
    Column("error", _NAME, comment="code of the last failure"),
    Column("succeeded_at", Instant, nullable=False, comment="last success, or the moment of subscribing"),
    Column("alarmed_at", Instant, comment="when a person was last told that it cannot be reached"),
    Column("lease", _CODE, comment="token of the process that tells it now"),
    Column("lease_until", Instant, comment="end of the lease"),
    Column("revision", Integer, nullable=False, comment="grows with every write"),
    PrimaryKeyConstraint("name", name="subscriptions_pk"),
    CheckConstraint("(lease IS NULL) = (lease_until IS NULL)", name="subscriptions_lease"),
    CheckConstraint("cursor >= 0 AND told >= 0 AND failures >= 0", name="subscriptions_counters"),
    comment="who follows the audit trail, and how far he has come",
)

overdue_marks = Table(
    "overdue_marks",
    metadata,
    Column("kind", _CODE, nullable=False, comment="delivery or message"),
    Column("row_id", _ID, nullable=False, comment="the row"),
    Column("wake_at", Instant, nullable=False, comment="the wake-up that was missed"),
    Column("told_at", Instant, nullable=False, comment="when a person was told"),
    PrimaryKeyConstraint("kind", "row_id", name="overdue_marks_pk"),
    CheckConstraint(_listed("kind", OverdueKind), name="overdue_marks_kind"),
    comment="one alarm for each row and missed wake-up, whatever number of processes looks",
)

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", _DIGEST, nullable=False, comment="digest of the bytes"),
    Column("size", BigInteger, nullable=False, comment="bytes"),
    Column("place", _CODE, nullable=False, comment="database (blob_chunks) or directory (a file named by the digest)"),
    Column("kept_at", Instant, nullable=False, comment="when they became durable"),
    PrimaryKeyConstraint("sha256", name="blobs_pk"),
    CheckConstraint("length(sha256) = 64 AND size >= 0", name="blobs_measure"),
    CheckConstraint("place IN ('database', 'directory')", name="blobs_place"),
    comment="bytes that are durable in full; the row is written last",
)

blob_chunks = Table(
    "blob_chunks",
    metadata,
    Column("sha256", _DIGEST, nullable=False, comment="digest of the whole; the row in blobs comes after the chunks"),
    Column("number", Integer, nullable=False, comment="from 0"),
    Column("content", LargeBinary, nullable=False, comment="1 MiB, the last one less"),
    PrimaryKeyConstraint("sha256", "number", name="blob_chunks_pk"),
    comment="bytes in pieces, so that memory stays flat; pieces without a row in blobs are a writer that was killed",
)

breakers = Table(
    "breakers",
    metadata,
    Column("channel", _CODE, nullable=False, comment="the way out that it guards"),
    Column("state", _CODE, nullable=False, comment="domain/breaker.py"),
    Column("failures", Integer, nullable=False, comment="in a row; once open, the probes that failed"),
    Column("opened_at", Instant, comment="since when nothing is sent; null while closed"),
    Column("probe_at", Instant, comment="when the next probe may be taken"),
    Column("probe", _CODE, comment="lease of the delivery that is the probe"),
    Column("probe_until", Instant, comment="how long its word is waited for"),
    Column("probed", _ID, comment="delivery of the last failed probe; the next one is another"),
    Column("reason", _NAME, comment="code of the last failure"),
    Column("told_at", Instant, comment="when a person was told of this opening"),
    Column("drain_left", Integer, nullable=False, comment="rows of the backlog that still go at the limited rate"),
    Column("drain_next_at", Instant, comment="when the next of them may go"),
    Column("drain_until", Instant, comment="end of the limited rate, whatever is left"),
    Column("revision", Integer, nullable=False, comment="grows with every write; a write names the one it read"),
    PrimaryKeyConstraint("channel", name="breakers_pk"),
    CheckConstraint(_listed("state", BreakerState), name="breakers_state"),
    CheckConstraint("state = 'closed' OR (opened_at IS NOT NULL AND probe_at IS NOT NULL)", name="breakers_open"),
    CheckConstraint(
        "state <> 'half-open' OR (probe IS NOT NULL AND probe_until IS NOT NULL)", name="breakers_half_open"
    ),
    CheckConstraint("failures >= 0 AND drain_left >= 0 AND revision >= 0", name="breakers_counters"),
    comment="one row for each channel: whether anything is sent through it now",
)

migration_lock = Table(
    "migration_lock",
    metadata,
    Column("id", Integer, nullable=False, autoincrement=False, comment="always 1"),
    Column("owner", _NAME, nullable=False, comment="host, process and a random part"),
    Column("taken_at", Instant, nullable=False, comment="since when"),
    Column("expires_at", Instant, nullable=False, comment="from here on anybody may take it"),
    PrimaryKeyConstraint("id", name="migration_lock_pk"),
    CheckConstraint("id = 1", name="migration_lock_single"),
    comment="who changes the tables now; made before the first migration, outside of Alembic",
)

_APPEND_ONLY = (
    (register, "the register is never rewritten: a correction is a document of its own"),
    (receipts, "a receipt is proof: it is neither changed nor deleted"),
    (audit_trail, "the audit trail is append-only"),
    (statements, "what was stated is neither changed nor deleted"),
    (statement_signatures, "the first signed form of a statement stands for ever"),
    (stamped_files, "what travels of a document is settled once"),
    (head_stamps, "a time-stamp over the audit trail is proof: it is neither changed nor deleted"),
)

REFUSALS: tuple[Refusal, ...] = (
    *(
        Refusal(name=f"{table.name}_no_{verb}", table=table.name, verb=verb, why=why)
        for table, why in _APPEND_ONLY
        for verb in ("update", "delete")
    ),
    Refusal(
        name="deliveries_no_delete",
        table="deliveries",
        verb="delete",
        why="a delivery is never deleted: it ends in a state",
    ),
    Refusal(
        name="deliveries_final",
        table="deliveries",
        verb="update of state",
        when=f"old.state IN ({FINAL}) AND new.state <> old.state",
        why="a final state is final: what contradicts it is kept as a dispute",
    ),
)
