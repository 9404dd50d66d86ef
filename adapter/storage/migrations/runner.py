"""Brings the tables up to date at start. One starter changes them, the others wait, a killed one keeps nobody out.

1 look        tables are as this program knows them: done. Made by a newer program: refuse.
2 take        the lock row, with owner and expiry; somebody else's is waited for until it is gone or has expired
3 change   T  owner checked again, every migration, lock row removed: one transaction. A kill leaves the old tables.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, insert, select

from adapter.errors import Final, Retryable
from adapter.ports import Clock
from adapter.storage.database import Database, OpenTransaction
from adapter.storage.tables import migration_lock

_PAUSE = timedelta(milliseconds=50)
"""Between two looks at somebody else's lock."""

_TABLES = "migration"
"""What starters queue for: the row of the lock is no row to queue for before its table is made."""

_HERE = Path(__file__).parent


def upgrade(database: Database, *, clock: Clock, lease_for: timedelta) -> None:
    """Steps 1 to 3. Harmless to repeat.

    Raises Final `storage.newer-tables`, Retryable `storage.migrating` when the lock is not to be had within two leases.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    waiting = threading.Event()
    for _ in range(max(2, round(2 * lease_for / _PAUSE))):
        if is_current(database):
            return
        if _take(database, owner, clock, lease_for):
            _change(database, owner)
            return
        waiting.wait(_PAUSE.total_seconds())
    raise Retryable("storage.migrating")


def is_current(database: Database) -> bool:
    """Whether the tables are those of this program. Final `storage.newer-tables` when their revision is unknown."""
    scripts = ScriptDirectory.from_config(_config())
    with database.reading() as transaction:
        revision = MigrationContext.configure(transaction.connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise Final("storage.newer-tables", params={"revision": revision})
    return revision == scripts.get_current_head()


def _take(database: Database, owner: str, clock: Clock, lease_for: timedelta) -> bool:
    """Step 2. A database that is busy is one that somebody else is changing."""
    try:
        with database.writing() as transaction:
            transaction.queue_for(_TABLES)
            migration_lock.create(transaction.connection, checkfirst=True)
            now = clock.now()
            standing = transaction.row(select(migration_lock).with_for_update())
            if standing is not None and standing["expires_at"] > now:
                return False
            transaction.change(delete(migration_lock))
            transaction.change(
                insert(migration_lock).values(id=1, owner=owner, taken_at=now, expires_at=now + lease_for)
            )
            return True
    except Retryable:
        return False


def _change(database: Database, owner: str) -> None:
    """Step 3. The lock's end is a fence only until here: from now on the transaction itself keeps others out."""
    try:
        with database.writing() as transaction:
            transaction.queue_for(_TABLES)
            _refuse_unless_owner(transaction, owner)
            command.upgrade(_config(transaction.connection), "head")
            transaction.change(delete(migration_lock))
    except BaseException:  # reason: whatever stops the change, an interrupt too, the lock is given back
        _release(database, owner)
        raise


def _refuse_unless_owner(transaction: OpenTransaction, owner: str) -> None:
    standing = transaction.row(select(migration_lock).with_for_update())
    if standing is None or standing["owner"] != owner:
        raise Retryable("storage.migrating")


def _release(database: Database, owner: str) -> None:
    with database.writing() as transaction:
        transaction.change(delete(migration_lock).where(migration_lock.c.owner == owner))


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    # The value is a template of configparser: a percent sign in a path must be doubled.
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
