"""What a database says of its own tables: what migrations made and what is declared must read the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, inspect, text

_TRIGGERS = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
    " UNION ALL SELECT proname, '', pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
}
"""What refuses, with the functions behind it."""

_INDEXES = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    " AND tablename <> 'alembic_version'",
}
"""As they were made, the condition of a partial one included."""


def described(connection: Connection) -> dict[str, object]:
    """Tables, columns, defaults, keys, checks, indexes and triggers. The sentences stay in tables.py and are left out."""
    inspector = inspect(connection)
    told: dict[str, object] = {
        table: (
            [[(k, str(v)) for k, v in sorted(c.items()) if k != "comment"] for c in inspector.get_columns(table)],
            inspector.get_pk_constraint(table)["constrained_columns"],
            inspector.get_pk_constraint(table)["name"],
            _ordered(inspector.get_foreign_keys(table)),
            _ordered(inspector.get_unique_constraints(table)),
            _ordered(inspector.get_check_constraints(table)),
            _ordered(inspector.get_indexes(table)),
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }
    kind = connection.dialect.name
    rows = {name: connection.execute(text(of[kind])) for name, of in (("triggers", _TRIGGERS), ("indexes", _INDEXES))}
    return told | {name: sorted(map(tuple, found)) for name, found in rows.items()}


def _ordered(things: Iterable[Any]) -> list[Any]:
    def plain(value: Any) -> Any:
        if not isinstance(value, dict):
            return str(value)
        return {key: plain(part) for key, part in value.items() if key != "comment"}

    return sorted((plain(thing) for thing in things), key=str)
