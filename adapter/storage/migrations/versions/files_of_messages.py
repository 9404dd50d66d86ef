"""The journal names the files that came with a message: they are kept here, and the exchange is not asked again.

Entries of before have none; a released one is fetched once more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty."""
    op.add_column("journal", sa.Column("files", sa.Text))
