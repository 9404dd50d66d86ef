"""Faults of size and of age: thousands of open rows, hundreds of thousands of finished ones, a kill while tables change."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy import event

from adapter.clock import ScenarioClock
from adapter.domain.delivery import DeliveryState
from adapter.storage import SqlStore, StorageConfig, open_store
from adapter.storage.tables import deliveries
from adapter.usecases.status import Status
from tests.reliability.line import Engine, Line, by_hand

ROOT = Path(__file__).resolve().parents[2]
S = DeliveryState


def copies(line: Line, count: int, **values: str) -> None:
    """So many copies of the one row in the outbox, made by the database itself; `values` are SQL."""
    own = {name: f"{name} || '-' || n" for name in ("id", "key", "document_id", "message_id")}
    names = [column.name for column in deliveries.columns]
    chosen = ", ".join((own | values).get(name, name) for name in names)
    numbers = (
        f"WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count})"
        if line.engine.name == "sqlite"
        else f"WITH number(n) AS (SELECT generate_series(1, {count}))"
    )
    url = line.mof.settings.storage.url
    by_hand(
        url,
        f"INSERT INTO deliveries ({', '.join(names)}) {numbers} SELECT {chosen} FROM deliveries, number",
        "ANALYZE",
    )


def test_fault_30_more_than_2100_open_documents_are_listed_shown_and_looked_after(line: Line) -> None:
    """No query names them one by one: pages and the status give all of them, and the alarms of those that wait for
    somebody are raised a hundred in a turn, until each was told once.
    """
    line.queue()
    later = "'2999-01-01T00:00:00.000000Z'"
    due = f"CASE WHEN n > 250 THEN {later} ELSE wake_at END"
    if line.engine.name == "postgresql":
        due = due.replace(later, f"CAST({later} AS timestamptz)")
    ever = "TRUE" if line.engine.name == "postgresql" else "1"
    copies(line, 2500, state="'uncertain'", ever_sent=ever, wake_at=due)
    seen: list[str] = []
    with line.mof.store.transaction() as transaction:
        while page := transaction.outbox.listed(after=seen[-1] if seen else None):
            seen += [one.id for one in page]
    assert len(seen) == len(set(seen)) == 2501
    assert len(Status(store=line.mof.store).outgoing()) == 2501
    told: list[str] = []
    while alarms := line.mof.watch():
        told += [one.delivery.id for one in alarms]
    assert len(told) == len(set(told)) == 250
    with line.mof.store.transaction() as transaction:
        assert transaction.outbox.awake(now=line.clock.now()) == ()


class Plans:
    """How the database goes about each statement on deliveries of one store."""

    def __init__(self, store: SqlStore, engine: str) -> None:
        self._store = store
        self._explain = "EXPLAIN QUERY PLAN " if engine == "sqlite" else "EXPLAIN "
        self.found: list[str] = []

    def __enter__(self) -> Self:
        event.listen(self._store._database._engine, "before_cursor_execute", self._look)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._store._database._engine, "before_cursor_execute", self._look)

    def _look(self, connection: Any, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        if "deliveries" in statement and not statement.startswith(("INSERT", "EXPLAIN")):
            beside = cursor.connection.cursor()
            beside.execute(self._explain + statement, parameters)
            self.found.append("\n".join(str(row[-1]) for row in beside.fetchall()))


@pytest.mark.parametrize("rows", [100_000])
def test_fault_31_a_hundred_thousand_finished_documents_cost_the_next_one_nothing(line: Line, rows: int) -> None:
    """Nothing is ever deleted, so nothing has to be cleaned up while others wait: the plans of claiming, recovering,
    looking after and showing go by indexes that hold the open rows only, or a page.
    """
    (queued,) = line.queue()
    copies(line, rows, state="'registered'", wake_at="NULL", content="'{}'")
    now = line.clock.now()
    with Plans(line.mof.store, line.engine.name) as plans, line.mof.store.transaction() as transaction:
        claimed = transaction.outbox.claim(now=now, lease="l", lease_for=timedelta(minutes=1))
        assert claimed is not None
        assert claimed.id == queued.id
        transaction.outbox.lapsed(now=now)
        transaction.outbox.awake(now=now)
        transaction.outbox.of_document(queued.document_id)
        transaction.outbox.find(queued.key, queued.content_kind, queued.addressee)
    assert len(plans.found) == 5
    for plan in plans.found:
        assert "Seq Scan" not in plan, plan
        assert "SCAN deliveries\n" not in f"{plan}\n", plan
    assert "deliveries_due" in plans.found[0]


KILLED_WHILE_MIGRATING = """
import os, signal, sys
from sqlalchemy import Engine, event
from adapter.clock import SystemClock
from adapter.storage import StorageConfig, open_store

@event.listens_for(Engine, "before_cursor_execute")
def watch(connection, cursor, statement, *rest):
    if sys.argv[2] in statement:
        os.kill(os.getpid(), signal.SIGKILL)

open_store(StorageConfig(url=sys.argv[1]), clock=SystemClock())
"""


def test_fault_32_a_node_killed_while_it_changes_the_tables_keeps_nobody_out(engine: Engine) -> None:
    """The lock has an owner and an end; the change is one transaction, so a kill leaves the old tables whole. The next
    start waits for the end of the lock, not for a person.
    """
    url = engine.new_url()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_MIGRATING, url, "CREATE TRIGGER"], cwd=ROOT, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    (lock,) = by_hand(url, "SELECT owner, expires_at FROM migration_lock")
    assert lock[0]
    later = datetime.now(UTC) + StorageConfig(url=url).migration_lease_for + timedelta(minutes=1)
    store = open_store(StorageConfig(url=url), clock=ScenarioClock(later, monotonic=lambda: 0.0))
    kept = store.blobs.put(b"after the kill")
    assert store.blobs.read(kept.sha256) == b"after the kill"
    store.close()
    assert by_hand(url, "SELECT count(*) FROM migration_lock")[0][0] == 0
