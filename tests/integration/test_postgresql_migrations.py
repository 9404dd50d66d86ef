"""Migrations on PostgreSQL: they end in the declared tables, once, however many nodes start at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from adapter.clock import ScenarioClock
from adapter.errors import Final, Retryable
from adapter.storage import StorageConfig, open_store
from adapter.storage.database import Database, refusal_statements
from adapter.storage.migrations import runner
from adapter.storage.tables import REFUSALS, metadata
from tests.contract.samples import CONTAINER, NOW, delivery
from tests.described import described
from tests.postgresql import Postgresql

ROOT = Path(__file__).resolve().parents[2]
LEASE = timedelta(seconds=30)


def clock_at(instant=NOW) -> ScenarioClock:
    return ScenarioClock(instant, monotonic=lambda: 0.0)


@pytest.fixture
def url(postgresql: Postgresql) -> str:
    """Of a database without tables."""
    return postgresql.new_database(migrated=False)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(StorageConfig(url=url))
    yield made
    made.close()


def test_migrations_end_in_the_declared_tables(database, postgresql):
    runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    with database.reading() as transaction:
        context = MigrationContext.configure(transaction.connection)
        # The sentences of tables and columns stay in tables.py.
        differences = [one for one in compare_metadata(context, metadata) if "comment" not in str(one)]
        assert differences == []
        migrated = described(transaction.connection)
    engine = create_engine(postgresql.new_database(migrated=False))
    with engine.begin() as connection:
        metadata.create_all(connection)
        for refusal in REFUSALS:
            for statement in refusal_statements(refusal, "postgresql"):
                connection.execute(text(statement))
        declared = described(connection)
    engine.dispose()
    assert migrated == declared
    assert len(declared) == len(metadata.tables) + 2


def test_a_text_is_text_an_instant_has_a_zone_and_the_lane_is_partial(database):
    runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    with database.reading() as transaction:
        types = transaction.rows(
            text(
                "SELECT DISTINCT data_type FROM information_schema.columns"
                " WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
            )
        )
        lane = transaction.value(text("SELECT indexdef FROM pg_indexes WHERE indexname = 'deliveries_lane'"))
    assert {row["data_type"] for row in types} == {
        *("text", "integer", "bigint", "boolean", "date", "bytea", "timestamp with time zone")
    }
    assert lane.startswith("CREATE UNIQUE INDEX deliveries_lane ON public.deliveries USING btree (addressee) WHERE ")


def test_a_database_of_before_upgrades_to_the_declared_tables(database):
    with database.writing() as transaction:
        command.upgrade(runner._config(transaction.connection), "0001")
    assert not runner.is_current(database)
    runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    assert runner.is_current(database)


def test_an_owner_whose_lock_was_taken_over_changes_nothing(database):
    assert runner._take(database, "slow", clock_at(), LEASE)
    assert not runner._take(database, "early", clock_at(NOW + LEASE / 2), LEASE)
    assert runner._take(database, "fast", clock_at(NOW + LEASE), LEASE)
    with pytest.raises(Retryable):
        runner._change(database, "slow")
    assert not runner.is_current(database)
    runner._change(database, "fast")
    assert runner.is_current(database)


def test_a_migration_that_fails_leaves_neither_tables_nor_lock(database, monkeypatch):
    def broken(config, revision):
        config.attributes["connection"].execute(text("CREATE TABLE half_made (id integer)"))
        raise Final("storage.failed")

    with monkeypatch.context() as patch:
        patch.setattr(runner.command, "upgrade", broken)
        with pytest.raises(Final):
            runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    with database.reading() as transaction:
        assert transaction.value(text("SELECT to_regclass('half_made')")) is None
    runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    assert runner.is_current(database)


def test_tables_of_a_newer_program_are_refused(database, url):
    runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    with psycopg.connect(url) as by_hand:
        by_hand.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Final) as refused:
        open_store(StorageConfig(url=url), clock=clock_at())
    assert (refused.value.code, refused.value.params) == ("storage.newer-tables", {"revision": "9999"})


STARTER = """
import sys
from adapter.clock import SystemClock
from adapter.storage import StorageConfig, open_store
open_store(StorageConfig(url=sys.argv[1]), clock=SystemClock()).close()
"""

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


def test_nodes_that_start_at_once_all_find_the_tables_and_one_of_them_made_them(url):
    starters = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", STARTER, url], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    errors = [starter.communicate(timeout=60)[1] for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0, 0, 0], errors
    database = Database(StorageConfig(url=url))
    assert runner.is_current(database)
    with database.reading() as transaction:
        assert transaction.value(text("SELECT count(*) FROM migration_lock")) == 0
    database.close()


@pytest.mark.parametrize("statement", ["INSERT INTO migration_lock", "CREATE TRIGGER", "UPDATE alembic_version"])
def test_a_node_that_is_killed_while_migrating_keeps_nobody_out(url, statement):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_MIGRATING, url, statement], cwd=ROOT, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    later = clock_at(NOW + timedelta(days=36500))
    store = open_store(StorageConfig(url=url), clock=later)
    store.blobs.put(CONTAINER)
    with store.transaction() as t:
        t.outbox.add(delivery())
    store.close()
