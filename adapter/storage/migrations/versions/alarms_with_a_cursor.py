"""Who follows the audit trail, which overdue rows a person was told of, time-stamps over the chain's head."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.storage.database import refusal_statements
from adapter.storage.tables import Instant, Refusal

revision = "0003_watchdog"
down_revision = "0003_statements"
branch_labels = None
depends_on = None

_CODE = sa.String(64).with_variant(sa.Text(), "postgresql")
_NAME = sa.String(255).with_variant(sa.Text(), "postgresql")

_WHY = "a time-stamp over the audit trail is proof: it is neither changed nor deleted"
_REFUSALS = (
    Refusal(name="head_stamps_no_update", table="head_stamps", verb="update", why=_WHY),
    Refusal(name="head_stamps_no_delete", table="head_stamps", verb="delete", why=_WHY),
)


def upgrade() -> None:
    """Make the tables, empty, and the index of open deliveries."""
    is_open = sa.text("wake_at IS NOT NULL")
    op.create_index("deliveries_open", "deliveries", ["wake_at", "id"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_table(
        "head_stamps",
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("digest", _CODE, nullable=False),
        sa.Column("stamped_at", Instant, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="head_stamps_pk"),
        sa.CheckConstraint("kind IN ('time-stamp', 'own-key')", name="head_stamps_kind"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("name", _NAME, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("told", sa.BigInteger, nullable=False),
        sa.Column("wake_at", Instant, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("error", _NAME),
        sa.Column("succeeded_at", Instant, nullable=False),
        sa.Column("alarmed_at", Instant),
        sa.Column("lease", _CODE),
        sa.Column("lease_until", Instant),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="subscriptions_pk"),
        sa.CheckConstraint("(lease IS NULL) = (lease_until IS NULL)", name="subscriptions_lease"),
        sa.CheckConstraint("cursor >= 0 AND told >= 0 AND failures >= 0", name="subscriptions_counters"),
    )
    op.create_table(
        "overdue_marks",
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("row_id", _CODE, nullable=False),
        sa.Column("wake_at", Instant, nullable=False),
        sa.Column("told_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("kind", "row_id", name="overdue_marks_pk"),
        sa.CheckConstraint("kind IN ('delivery', 'message')", name="overdue_marks_kind"),
    )
    dialect = op.get_bind().dialect.name
    for refusal in _REFUSALS:
        for statement in refusal_statements(refusal, dialect):
            op.execute(statement)
