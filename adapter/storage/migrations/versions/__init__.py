"""One module for each change; Alembic finds them by their revision."""
