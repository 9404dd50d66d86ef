"""Migrations end in the declared tables, once, whoever starts and whoever is killed."""

from __future__ import annotations

import io
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import bindparam, create_engine, insert, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from adapter.clock import ScenarioClock
from adapter.domain.delivery import DeliveryState
from adapter.domain.incoming import JournalEntry, JournalState
from adapter.domain.outgoing import TravellingFile
from adapter.errors import Final, Retryable
from adapter.storage import StorageConfig, open_store
from adapter.storage.database import Database, refusal_statements
from adapter.storage.migrations import runner
from adapter.storage.migrations.versions import files_of_messages
from adapter.storage.rows import delivery_row, entry_row
from adapter.storage.tables import REFUSALS, blobs, deliveries, journal, metadata
from tests.contract.samples import CONTAINER, NOW, delivery, entry
from tests.described import described

ROOT = Path(__file__).resolve().parents[3]
LEASE = timedelta(seconds=30)


def clock_at(instant=NOW) -> ScenarioClock:
    return ScenarioClock(instant, monotonic=lambda: 0.0)


def config_in(folder: Path) -> StorageConfig:
    return StorageConfig(url=f"sqlite:///{folder}/elshi.db")


@pytest.fixture
def database(tmp_path):
    made = Database(config_in(tmp_path))
    yield made
    made.close()


def test_migrations_end_in_the_declared_tables(database):
    runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    with database.reading() as transaction:
        assert compare_metadata(MigrationContext.configure(transaction.connection), metadata) == []
        migrated = described(transaction.connection)
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        for refusal in REFUSALS:
            for statement in refusal_statements(refusal, "sqlite"):
                connection.execute(text(statement))
        declared = described(connection)
    engine.dispose()
    assert migrated == declared
    assert len(declared) == len(metadata.tables) + 2


def test_migrating_twice_changes_nothing(database):
    runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    with database.writing() as transaction:
        first = described(transaction.connection)
    runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    with database.writing() as transaction:
        assert described(transaction.connection) == first
        assert transaction.value(text("SELECT count(*) FROM migration_lock")) == 0


def at_first_tables(database: Database, *entries: JournalEntry) -> None:
    """A database as the first program made it, with messages in its journal."""
    with database.writing() as transaction:
        command.upgrade(runner._config(transaction.connection), "0001")
        for one in entries:
            values = {name: value for name, value in entry_row(one).items() if name not in {"files", "lapses"}}
            blob = {"sha256": one.sha256, "size": one.size, "place": "database", "kept_at": NOW}
            transaction.change(insert(blobs).values(**blob))
            transaction.change(insert(journal).values(**values))


def test_a_database_of_before_files_were_named_upgrades_and_its_messages_name_none(database, tmp_path):
    waiting, held = entry(1), entry(2, b"<held/>", state=JournalState.HELD, wake_at=None, outcome="receive.held")
    at_first_tables(database, waiting, held)
    assert not runner.is_current(database)
    store = open_store(config_in(tmp_path), clock=clock_at())
    with store.transaction() as t:
        assert t.journal.listed() == (waiting, held)
        assert [one.files for one in t.journal.listed()] == [(), ()]
        claimed = t.journal.claim(now=NOW, lease="l", lease_for=LEASE)
        files = (TravellingFile(name="a.asice", media_type="", size=waiting.size, sha256=waiting.sha256),)
        assert t.journal.save(replace(claimed, files=files))
    with store.transaction() as t:
        assert t.journal.get(waiting.id).files == files
    store.close()
    assert runner.is_current(database)


def test_deliveries_of_before_warnings_are_looked_at_where_a_deadline_is_still_to_be_kept(database, tmp_path):
    rows = [
        delivery(1, deadline=NOW + timedelta(days=9)),
        delivery(2),
        delivery(3, deadline=NOW + timedelta(days=9), state=DeliveryState.REGISTERED, wake_at=None),
        delivery(4, deadline=NOW - timedelta(days=9)),
    ]
    later = {"lapses", "deferrals", "warned", "warn_at"}
    with database.writing() as transaction:
        command.upgrade(runner._config(transaction.connection), "0002")
        for row in rows:
            values = {name: value for name, value in delivery_row(row).items() if name not in later}
            names = ", ".join(values)
            transaction.connection.execute(
                text(
                    f"INSERT INTO deliveries ({names}) VALUES ({', '.join(f':{name}' for name in values)})"
                ).bindparams(*(bindparam(name, type_=deliveries.c[name].type) for name in values)),
                values,
            )
    store = open_store(config_in(tmp_path), clock=clock_at())
    with store.transaction() as t:
        after = {row.id: (row.warned, row.warn_at) for row in t.outbox.listed()}
        assert t.statements.listed() == ()
    store.close()
    assert after == {
        "delivery-0001": (0, rows[0].created_at),
        "delivery-0002": (100, None),
        "delivery-0003": (100, None),
        "delivery-0004": (100, None),
    }


def test_an_upgraded_database_has_the_declared_tables(database):
    at_first_tables(database)
    runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    with database.reading() as transaction:
        assert compare_metadata(MigrationContext.configure(transaction.connection), metadata) == []


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_files_of_messages_are_added_without_rewriting_the_journal(dialect):
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect, opts={"as_sql": True, "output_buffer": written, "literal_binds": True}
    )
    with Operations.context(context):
        files_of_messages.upgrade()
    assert written.getvalue().split(";")[0].split() == ["ALTER", "TABLE", "journal", "ADD", "COLUMN", "files", "TEXT"]


def test_every_table_column_and_index_has_its_sentence():
    for table in metadata.tables.values():
        assert table.comment, table.name
        for column in table.columns:
            assert column.comment, f"{table.name}.{column.name}"
        for index in table.indexes:
            assert index.info.get("why"), index.name
        for constraint in table.constraints:
            assert constraint.name, f"a nameless constraint of {table.name}"
            if type(constraint).__name__ == "UniqueConstraint":
                assert constraint.info.get("why"), constraint.name


def test_the_declared_tables_can_be_written_for_postgresql():
    dialect = postgresql.dialect()
    written = "".join(
        str(CreateTable(table).compile(dialect=dialect))
        + "".join(str(CreateIndex(i).compile(dialect=dialect)) for i in table.indexes)
        for table in metadata.sorted_tables
    )
    assert "TIMESTAMP WITH TIME ZONE" in written
    assert "WHERE state IN ('claimed', 'sending')" in written
    assert "BIGSERIAL" in written


def test_a_held_lock_makes_the_starter_wait_and_then_say_so(database, monkeypatch):
    monkeypatch.setattr(runner, "_PAUSE", timedelta(milliseconds=1))
    assert runner._take(database, "somebody else", clock_at(), LEASE)
    with pytest.raises(Retryable) as refused:
        runner.upgrade(database, clock=clock_at(NOW + LEASE / 2), lease_for=timedelta(milliseconds=5))
    assert refused.value.code == "storage.migrating"


def test_a_lock_whose_owner_was_killed_expires(database):
    assert runner._take(database, "killed", clock_at(), LEASE)
    runner.upgrade(database, clock=clock_at(NOW + LEASE), lease_for=LEASE)
    assert runner.is_current(database)


def test_an_owner_whose_lock_was_taken_over_changes_nothing(database):
    assert runner._take(database, "slow", clock_at(), LEASE)
    assert runner._take(database, "fast", clock_at(NOW + LEASE), LEASE)
    with pytest.raises(Retryable):
        runner._change(database, "slow")
    assert not runner.is_current(database)
    runner._change(database, "fast")
    assert runner.is_current(database)


def test_a_starter_that_waited_finds_the_tables_made(database, tmp_path):
    assert runner._take(database, "first", clock_at(), LEASE)
    second = Database(config_in(tmp_path))
    waiter = threading.Thread(target=runner.upgrade, args=(second,), kwargs={"clock": clock_at(), "lease_for": LEASE})
    waiter.start()
    runner._change(database, "first")
    waiter.join(20)
    assert not waiter.is_alive()
    assert runner.is_current(second)
    second.close()


def test_a_migration_that_fails_leaves_neither_tables_nor_lock(database, monkeypatch):
    def broken(*_arguments):
        raise Final("storage.failed")

    with monkeypatch.context() as patch:
        patch.setattr(runner.command, "upgrade", broken)
        with pytest.raises(Final):
            runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    runner.upgrade(database, clock=clock_at(), lease_for=LEASE)
    assert runner.is_current(database)


def test_tables_of_a_newer_program_are_refused(tmp_path):
    open_store(config_in(tmp_path), clock=clock_at()).close()
    by_hand = sqlite3.connect(tmp_path / "elshi.db")
    by_hand.execute("UPDATE alembic_version SET version_num = '9999'")
    by_hand.commit()
    by_hand.close()
    with pytest.raises(Final) as refused:
        open_store(config_in(tmp_path), clock=clock_at())
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


def test_processes_that_start_at_once_all_find_the_tables(tmp_path):
    url = config_in(tmp_path).url
    starters = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", STARTER, url], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    errors = [starter.communicate(timeout=60)[1] for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0, 0, 0], errors
    database = Database(config_in(tmp_path))
    assert runner.is_current(database)
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO migration_lock",
        "CREATE TABLE receipts",
        "CREATE TRIGGER",
        "INSERT INTO alembic_version",
        "ALTER TABLE journal",
        "UPDATE alembic_version",
    ],
)
def test_a_starter_that_is_killed_while_migrating_keeps_nobody_out(tmp_path, statement):
    url = config_in(tmp_path).url
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_MIGRATING, url, statement], cwd=ROOT, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    later = ScenarioClock(NOW + timedelta(days=36500), monotonic=lambda: 0.0)
    store = open_store(config_in(tmp_path), clock=later)
    store.blobs.put(CONTAINER)
    with store.transaction() as t:
        t.outbox.add(delivery())
    store.close()
