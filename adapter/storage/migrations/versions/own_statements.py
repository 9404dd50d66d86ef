"""What the node itself states, and the warnings before a deadline.

Deliveries of before have no receipt and get none. An open one with a deadline is looked at at once; one that is done, or
has none, is not warned about.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.storage.database import refusal_statements
from adapter.storage.tables import Instant, Refusal

revision = "0003_statements"
down_revision = "0003_engine"
branch_labels = None
depends_on = None

_CODE = sa.String(64).with_variant(sa.Text(), "postgresql")
_NAME = sa.String(255).with_variant(sa.Text(), "postgresql")

_STATED = "what was stated is neither changed nor deleted"
_SIGNED = "the first signed form of a statement stands for ever"
_REFUSALS = tuple(
    Refusal(name=f"{table}_no_{verb}", table=table, verb=verb, why=why)
    for table, why in (("statements", _STATED), ("statement_signatures", _SIGNED))
    for verb in ("update", "delete")
)


def upgrade() -> None:
    """Add the tables and the two columns."""
    _statements()
    _warnings()


def _statements() -> None:
    op.create_table(
        "statements",
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("document_id", _NAME, nullable=False),
        sa.Column("delivery_id", _CODE, nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("previous", _CODE, nullable=False),
        sa.Column("digest", _CODE, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="statements_pk"),
        sa.UniqueConstraint("previous", name="statements_previous"),
        sa.UniqueConstraint("delivery_id", "kind", name="statements_once"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="statements_delivery"),
        sa.CheckConstraint("kind IN ('submission-receipt', 'non-delivery')", name="statements_kind"),
    )
    op.create_index("statements_document", "statements", ["document_id", "sequence"])
    op.create_table(
        "statement_signatures",
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("sha256", _CODE, nullable=False),
        sa.Column("signed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="statement_signatures_pk"),
        sa.ForeignKeyConstraint(["sequence"], ["statements.sequence"], name="statement_signatures_statement"),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name="statement_signatures_bytes"),
    )
    dialect = op.get_bind().dialect.name
    for refusal in _REFUSALS:
        for statement in refusal_statements(refusal, dialect):
            op.execute(statement)


_FINAL = "'refused', 'registered', 'withdrawn'"
_WARN = f"state IN ({_FINAL}) OR content_kind = 'notice' OR deadline IS NULL OR warned = 100 OR warn_at IS NOT NULL"
_WARNED = "warned BETWEEN 0 AND 100"


def _warnings() -> None:
    """SQLite takes a condition only together with its column, and holds the rows that stand there to it at once: they
    begin as done.
    """
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        op.execute(
            "ALTER TABLE deliveries ADD COLUMN warned INTEGER DEFAULT 100 NOT NULL"
            f" CONSTRAINT deliveries_warned CHECK ({_WARNED})"
        )
        op.execute(f"ALTER TABLE deliveries ADD COLUMN warn_at VARCHAR(27) CONSTRAINT deliveries_warn CHECK ({_WARN})")
    else:
        op.add_column("deliveries", sa.Column("warned", sa.Integer, nullable=False, server_default=sa.text("100")))
        op.add_column("deliveries", sa.Column("warn_at", Instant))
        op.create_check_constraint("deliveries_warned", "deliveries", _WARNED)
        op.create_check_constraint("deliveries_warn", "deliveries", _WARN)
    op.execute(
        "UPDATE deliveries SET warned = 0, warn_at = created_at WHERE content_kind = 'document'"
        " AND deadline IS NOT NULL AND created_at < deadline AND state NOT IN ('refused', 'registered', 'withdrawn')"
    )
    has_one = sa.text("warn_at IS NOT NULL")
    op.create_index("deliveries_warn_at", "deliveries", ["warn_at"], sqlite_where=has_one, postgresql_where=has_one)
