"""Lapsed leases and closed channels are counted; the breakers of the channels stand in a table of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.storage.tables import Instant

revision = "0003_engine"
down_revision = "0002"
branch_labels = None
depends_on = None

_CODE = sa.String(64).with_variant(sa.Text(), "postgresql")
_NAME = sa.String(255).with_variant(sa.Text(), "postgresql")


def upgrade() -> None:
    """Add the counters at nought, and the table without a row: a channel that has none is open."""
    for table, column in (("deliveries", "lapses"), ("deliveries", "deferrals"), ("journal", "lapses")):
        op.add_column(table, sa.Column(column, sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "breakers",
        sa.Column("channel", _CODE, nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("opened_at", Instant),
        sa.Column("probe_at", Instant),
        sa.Column("probe", _CODE),
        sa.Column("probe_until", Instant),
        sa.Column("probed", _CODE),
        sa.Column("reason", _NAME),
        sa.Column("told_at", Instant),
        sa.Column("drain_left", sa.Integer, nullable=False),
        sa.Column("drain_next_at", Instant),
        sa.Column("drain_until", Instant),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("channel", name="breakers_pk"),
        sa.CheckConstraint("state IN ('closed', 'open', 'half-open')", name="breakers_state"),
        sa.CheckConstraint(
            "state = 'closed' OR (opened_at IS NOT NULL AND probe_at IS NOT NULL)", name="breakers_open"
        ),
        sa.CheckConstraint(
            "state <> 'half-open' OR (probe IS NOT NULL AND probe_until IS NOT NULL)", name="breakers_half_open"
        ),
        sa.CheckConstraint("failures >= 0 AND drain_left >= 0 AND revision >= 0", name="breakers_counters"),
    )
