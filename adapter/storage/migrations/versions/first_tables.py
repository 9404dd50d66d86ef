"""The first tables: outbox, journal, register, receipts, audit trail, blobs.

Written out and not taken from tables.py, which goes on changing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.storage.database import refusal_statements
from adapter.storage.tables import Instant, Refusal

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_CODE = sa.String(64).with_variant(sa.Text(), "postgresql")
_NAME = sa.String(255).with_variant(sa.Text(), "postgresql")

_FINAL = "'refused', 'registered', 'withdrawn'"


def upgrade() -> None:
    """Make everything."""
    _blobs()
    _outbox()
    _journal()
    _register()
    _receipts()
    _audit_trail()
    dialect = op.get_bind().dialect.name
    for refusal in _REFUSALS:
        for statement in refusal_statements(refusal, dialect):
            op.execute(statement)


_REFUSALS = (
    Refusal(
        name="register_no_update",
        table="register",
        verb="update",
        why="the register is never rewritten: a correction is a document of its own",
    ),
    Refusal(
        name="register_no_delete",
        table="register",
        verb="delete",
        why="the register is never rewritten: a correction is a document of its own",
    ),
    Refusal(
        name="receipts_no_update",
        table="receipts",
        verb="update",
        why="a receipt is proof: it is neither changed nor deleted",
    ),
    Refusal(
        name="receipts_no_delete",
        table="receipts",
        verb="delete",
        why="a receipt is proof: it is neither changed nor deleted",
    ),
    Refusal(name="audit_trail_no_update", table="audit_trail", verb="update", why="the audit trail is append-only"),
    Refusal(name="audit_trail_no_delete", table="audit_trail", verb="delete", why="the audit trail is append-only"),
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
        when=f"old.state IN ({_FINAL}) AND new.state <> old.state",
        why="a final state is final: what contradicts it is kept as a dispute",
    ),
)


def _blobs() -> None:
    op.create_table(
        "blobs",
        sa.Column("sha256", _CODE, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("place", _CODE, nullable=False),
        sa.Column("kept_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="blobs_pk"),
        sa.CheckConstraint("length(sha256) = 64 AND size >= 0", name="blobs_measure"),
        sa.CheckConstraint("place IN ('database', 'directory')", name="blobs_place"),
    )
    op.create_table(
        "blob_chunks",
        sa.Column("sha256", _CODE, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "number", name="blob_chunks_pk"),
    )


def _outbox() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("key", _NAME, nullable=False),
        sa.Column("content_kind", _CODE, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("document_id", _NAME, nullable=False),
        sa.Column("sender", _CODE, nullable=False),
        sa.Column("addressee", _CODE, nullable=False),
        sa.Column("digest", _CODE, nullable=False),
        sa.Column("message_id", _NAME, nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("wake_at", Instant),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("deadline", Instant),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("ever_sent", sa.Boolean, nullable=False),
        sa.Column("resend", sa.Boolean, nullable=False),
        sa.Column("planner_resent", sa.Boolean, nullable=False),
        sa.Column("lease", _CODE),
        sa.Column("lease_until", Instant),
        sa.Column("registration_number", _NAME),
        sa.Column("proof", _CODE, nullable=False),
        sa.Column("reason", _NAME),
        sa.Column("reason_text", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="deliveries_pk"),
        sa.UniqueConstraint("key", "content_kind", "addressee", name="deliveries_once"),
        sa.CheckConstraint(
            "state IN ('queued', 'claimed', 'sending', 'sent', 'in-centre', 'delivered', 'registered', 'refused', "
            "'uncertain', 'abandoned', 'withdrawn')",
            name="deliveries_state",
        ),
        sa.CheckConstraint("content_kind IN ('document', 'notice')", name="deliveries_content_kind"),
        sa.CheckConstraint("proof IN ('none', 'notice', 'digest')", name="deliveries_proof"),
        sa.CheckConstraint(
            f"state IN ({_FINAL}) OR (content_kind = 'notice' AND state = 'sent') OR wake_at IS NOT NULL",
            name="deliveries_wake",
        ),
        sa.CheckConstraint("(lease IS NULL) = (lease_until IS NULL)", name="deliveries_lease"),
        sa.CheckConstraint("state NOT IN ('claimed', 'sending') OR lease IS NOT NULL", name="deliveries_held"),
        sa.CheckConstraint("attempts >= 0 AND revision >= 0", name="deliveries_counters"),
    )
    op.create_index("deliveries_due", "deliveries", ["state", "deadline", "wake_at", "id"])
    op.create_index("deliveries_created", "deliveries", ["created_at", "id"])
    op.create_index("deliveries_document", "deliveries", ["document_id"])
    held = sa.text("state IN ('claimed', 'sending')")
    op.create_index(
        "deliveries_lane", "deliveries", ["addressee"], unique=True, sqlite_where=held, postgresql_where=held
    )
    op.create_table(
        "attempts",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("delivery_id", _CODE, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("message_id", _NAME, nullable=False),
        sa.Column("message", _CODE, nullable=False),
        sa.Column("files_expire_at", Instant),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("ended_at", Instant),
        sa.Column("outcome", _CODE, nullable=False),
        sa.Column("answer", _CODE),
        sa.Column("answer_verdict", _CODE),
        sa.Column("code", _NAME),
        sa.Column("text", sa.Text),
        sa.Column("planner", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="attempts_pk"),
        sa.UniqueConstraint("delivery_id", "number", name="attempts_number"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="attempts_delivery"),
        sa.ForeignKeyConstraint(["message"], ["blobs.sha256"], name="attempts_message"),
        sa.ForeignKeyConstraint(["answer"], ["blobs.sha256"], name="attempts_answer"),
        sa.CheckConstraint(
            "outcome IN ('open', 'accepted', 'not-sent', 'channel-closed', 'refused', 'not-understood', 'unknown', "
            "'lease-expired')",
            name="attempts_outcome",
        ),
        sa.CheckConstraint("outcome = 'open' OR ended_at IS NOT NULL", name="attempts_ended"),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("message_id", _NAME, nullable=False),
        sa.Column("sha256", _CODE, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("verdict", _CODE, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("wake_at", Instant),
        sa.Column("lease", _CODE),
        sa.Column("lease_until", Instant),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("document_id", _NAME),
        sa.Column("outcome", _NAME),
        sa.Column("outcome_params", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="journal_pk"),
        sa.UniqueConstraint("message_id", "sha256", name="journal_once"),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name="journal_raw"),
        sa.CheckConstraint("state IN ('received', 'claimed', 'done', 'held', 'refused')", name="journal_state"),
        sa.CheckConstraint("state NOT IN ('received', 'claimed') OR wake_at IS NOT NULL", name="journal_wake"),
        sa.CheckConstraint("(lease IS NULL) = (lease_until IS NULL)", name="journal_lease"),
        sa.CheckConstraint("state <> 'claimed' OR lease IS NOT NULL", name="journal_held"),
        sa.CheckConstraint("tries >= 0 AND revision >= 0", name="journal_counters"),
    )
    op.create_index("journal_wakes", "journal", ["state", "wake_at"])
    op.create_index("journal_received", "journal", ["received_at", "id"])
    op.create_index("journal_document", "journal", ["document_id"])


def _register() -> None:
    op.create_table(
        "register",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("document_id", _NAME, nullable=False),
        sa.Column("case_id", _NAME, nullable=False),
        sa.Column("document_type", _CODE, nullable=False),
        sa.Column("reporting_year", sa.Integer, nullable=False),
        sa.Column("sender", _CODE, nullable=False),
        sa.Column("sender_participant", _NAME, nullable=False),
        sa.Column("number", _NAME, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("outgoing_number", _NAME, nullable=False),
        sa.Column("outgoing_date", sa.Date),
        sa.Column("container", _CODE, nullable=False),
        sa.Column("container_size", sa.BigInteger, nullable=False),
        sa.Column("xml", _CODE, nullable=False),
        sa.Column("signer", sa.Text, nullable=False),
        sa.Column("verdict", _CODE, nullable=False),
        sa.Column("is_late", sa.Boolean, nullable=False),
        sa.Column("supersedes", _NAME),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("office_verdict", _CODE),
        sa.PrimaryKeyConstraint("sequence", name="register_pk"),
        sa.UniqueConstraint("document_id", name="register_document"),
        sa.UniqueConstraint("number", name="register_number"),
        sa.ForeignKeyConstraint(["container"], ["blobs.sha256"], name="register_container"),
        sa.CheckConstraint(
            "document_type IN ('treaty-information', 'summary-information', 'consolidated-information', "
            "'published-results', 'receipt', 'processing-response')",
            name="register_document_type",
        ),
    )
    op.create_index("register_year", "register", ["reporting_year", "document_type"])
    op.create_table(
        "number_series",
        sa.Column("series", _NAME, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("series", name="number_series_pk"),
    )


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("id", _CODE, nullable=False),
        sa.Column("document_id", _NAME, nullable=False),
        sa.Column("addressee", _CODE, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("says", _NAME, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("raw", _CODE, nullable=False),
        sa.Column("verdict", _CODE, nullable=False),
        sa.Column("stated_at", Instant),
        sa.Column("stated_digest", _CODE),
        sa.Column("registration_number", _NAME),
        sa.Column("is_dispute", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="receipts_pk"),
        sa.UniqueConstraint("id", name="receipts_id"),
        sa.UniqueConstraint("document_id", "addressee", "kind", "raw", name="receipts_once"),
        sa.ForeignKeyConstraint(["raw"], ["blobs.sha256"], name="receipts_raw"),
        sa.CheckConstraint(
            "kind IN ('gateway-answer', 'notice', 'signed-receipt', 'processing-response')", name="receipts_kind"
        ),
        sa.CheckConstraint("verdict IN ('verified', 'unverified', 'failed')", name="receipts_verdict"),
    )


def _audit_trail() -> None:
    op.create_table(
        "audit_trail",
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor", _NAME, nullable=False),
        sa.Column("action", _NAME, nullable=False),
        sa.Column("mandate", _NAME, nullable=False),
        sa.Column("document_id", _NAME),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", _CODE, nullable=False),
        sa.Column("digest", _CODE, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="audit_trail_pk"),
        sa.UniqueConstraint("previous", name="audit_trail_previous"),
    )
    op.create_index("audit_trail_document", "audit_trail", ["document_id", "sequence"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("digest", _CODE, nullable=False),
        sa.PrimaryKeyConstraint("id", name="audit_head_pk"),
        sa.CheckConstraint("id = 1", name="audit_head_single"),
    )
