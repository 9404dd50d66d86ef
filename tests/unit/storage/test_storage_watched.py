"""What looks at open rows never reads the finished ones: the plans of SQLite say so."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import event

from adapter.clock import SystemClock
from adapter.storage import StorageConfig, open_store
from adapter.usecases.delivery_plan import DeliveryPlan
from adapter.usecases.gauges import Gauges
from adapter.usecases.overdue import Watchdog
from adapter.usecases.queue import Queue, Wanted


def test_watchdog_monitor_and_queue_go_over_the_index_of_open_rows(tmp_path: Path) -> None:
    clock, plan = SystemClock(), DeliveryPlan()
    asked: list[tuple[str, object]] = []
    with closing(open_store(StorageConfig(url=f"sqlite:///{tmp_path}/elshi.db"), clock=clock)) as store:

        @event.listens_for(store._database._engine, "before_cursor_execute")
        def keep(connection, cursor, statement, parameters, *rest):
            if "FROM deliveries" in statement:
                asked.append((statement, parameters))

        dog = Watchdog(store=store, clock=clock, plan=plan)
        dog()
        Gauges(store=store, clock=clock, watchdog=dog)()
        Queue(store=store, clock=clock, plan=plan, watchdog=dog).page(Wanted())
    with closing(sqlite3.connect(tmp_path / "elshi.db")) as looking:
        plans = [[row[3] for row in looking.execute(f"EXPLAIN QUERY PLAN {one}", values)] for one, values in asked]
    scans = [step for steps in plans for step in steps if step.startswith("SCAN deliveries")]
    assert scans == ["SCAN deliveries USING COVERING INDEX deliveries_due"], "the count that is kept for five minutes"
    (marks,) = [steps for steps in plans if any(step.startswith("SCAN overdue_marks") for step in steps)]
    assert any(step.startswith("SEARCH deliveries") and "(id=?)" in step for step in marks), "one row for each mark"
    assert sum(any("deliveries_open" in step for step in steps) for steps in plans) == len(plans) - 2 >= 7
