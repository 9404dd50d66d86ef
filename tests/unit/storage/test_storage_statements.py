"""The statements serve two databases: what each of them gets to see."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from adapter.clock import ScenarioClock
from adapter.storage import StorageConfig, open_store
from adapter.storage.journal import claim_statement as claim_entry
from adapter.storage.outbox import claim_statement as claim_delivery
from tests.contract.samples import LEASE, NOW


@pytest.mark.parametrize("statement", [claim_delivery, claim_entry])
def test_a_claim_locks_rows_where_the_database_can_and_returns_what_it_claimed(statement):
    made = statement()
    for_postgresql = str(made.compile(dialect=postgresql.dialect()))
    for_sqlite = str(made.compile(dialect=sqlite.dialect()))
    assert "FOR UPDATE OF due SKIP LOCKED" in for_postgresql
    assert "SKIP LOCKED" not in for_sqlite
    for written in (for_postgresql, for_sqlite):
        assert written.startswith("UPDATE")
        assert "RETURNING" in written
        assert "LIMIT" in written
        # The row that was chosen is looked at again when it is written: a second worker may have been there between.
        *_, after_the_choice = written.split("LIMIT")
        assert re.search(r"\) AND (deliveries|journal)\.state (=|IN) ", after_the_choice)


def test_the_next_due_row_of_a_backlog_is_found_without_sorting_it(tmp_path):
    store = open_store(
        StorageConfig(url=f"sqlite:///{tmp_path}/elshi.db"), clock=ScenarioClock(NOW, monotonic=lambda: 0.0)
    )
    plan: list[str] = []

    @event.listens_for(store._database._engine, "before_cursor_execute")
    def explain(connection, cursor, statement, parameters, *rest):
        if statement.startswith("UPDATE deliveries"):
            plan.extend(row[-1] for row in cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    with store.transaction() as t:
        t.outbox.claim(now=NOW, lease="l", lease_for=LEASE)
    store.close()
    assert any("due USING INDEX deliveries_due" in step for step in plan), plan
    assert any("busy USING INDEX deliveries_lane" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
