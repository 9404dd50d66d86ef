"""What Alembic runs: the migrations, inside the transaction that runner.py has begun."""

from __future__ import annotations

from alembic import context

from adapter.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
