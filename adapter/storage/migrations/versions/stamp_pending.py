"""What travels of a document whose time-stamp was not to be had when it was handed over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapter.storage.database import refusal_statements
from adapter.storage.tables import Instant, Refusal

revision = "0003_stamp_pending"
down_revision = "0003_watchdog"
branch_labels = None
depends_on = None

_CODE = sa.String(64).with_variant(sa.Text(), "postgresql")
_NAME = sa.String(255).with_variant(sa.Text(), "postgresql")

_REFUSALS = tuple(
    Refusal(
        name=f"stamped_files_no_{verb}",
        table="stamped_files",
        verb=verb,
        why="what travels of a document is settled once",
    )
    for verb in ("update", "delete")
)


def upgrade() -> None:
    """Make the table, empty: documents of before were handed over with their time-stamp, or need none."""
    op.create_table(
        "stamped_files",
        sa.Column("delivery_id", _CODE, nullable=False),
        sa.Column("document_id", _NAME, nullable=False),
        sa.Column("level", _CODE, nullable=False),
        sa.Column("container", _CODE, nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("office_signature", sa.LargeBinary),
        sa.Column("stamped_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="stamped_files_pk"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="stamped_files_delivery"),
        sa.ForeignKeyConstraint(["container"], ["blobs.sha256"], name="stamped_files_bytes"),
    )
    dialect = op.get_bind().dialect.name
    for refusal in _REFUSALS:
        for statement in refusal_statements(refusal, dialect):
            op.execute(statement)
