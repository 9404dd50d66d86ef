"""The engine, one transaction, and what the database's refusals mean. The only place that speaks SQLite.

One writer at a time: a transaction takes its process's turn first and then SQLite's (BEGIN IMMEDIATE), so that threads
queue fairly and a transaction that has begun never finds out half-way that it may not write.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    CursorResult,
    Delete,
    Engine,
    Executable,
    Insert,
    RowMapping,
    Update,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from adapter.errors import Conflict, ElshiError, Final, Finding, Retryable, SettingsRefused, Severity
from adapter.storage.config import StorageConfig
from adapter.storage.disk import disk_errors
from adapter.storage.tables import Refusal

_POOLED = 8
"""Connections kept open: one writer of this process, the others read blobs."""

_NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"}
    | {"glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "smb2", "smb3", "smbfs", "virtiofs"}
)
"""File systems on which SQLite's locks and shared memory are not to be trusted (sqlite.org/wal.html, "same host")."""


# --- settings --------------------------------------------------------------------------------------------------------
def refusals(config: StorageConfig) -> tuple[Finding, ...]:
    """What is wrong with the settings, all at once; nothing is opened and nothing is made."""
    found = []
    try:
        url = make_url(config.url)
    except ArgumentError:
        return (_finding("storage.url-unreadable"),)
    if url.get_backend_name() != "sqlite" or url.get_driver_name() != "pysqlite":
        found.append(_finding("storage.url-unsupported", database=url.get_backend_name()))
    elif not url.database or url.database == ":memory:" or "mode=memory" in config.url:
        found.append(_finding("storage.url-in-memory"))
    elif url.query or url.database.startswith("file:"):
        found.append(_finding("storage.url-has-options"))
    else:
        kind = file_system_of(Path(url.database))
        if kind in _NETWORK_FILE_SYSTEMS:
            found.append(_finding("storage.network-folder", folder=Path(url.database).parent.name, kind=kind))
    if config.blobs == "directory" and config.blob_directory is None:
        found.append(_finding("storage.blob-directory-missing"))
    if config.blobs == "database" and config.blob_directory is not None:
        found.append(_finding("storage.blob-directory-unused"))
    spans = ("busy_timeout", "lease_for", "migration_lease_for")
    found += [_finding("storage.not-positive", setting=name) for name in spans if getattr(config, name) <= timedelta()]
    return tuple(found)


def _finding(code: str, **params: object) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, params=params)


def file_system_of(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """Type of the file system that `path` lies or would lie on; None where the machine does not tell."""
    try:
        listed = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    where = path.resolve()
    best: tuple[int, str | None] = (-1, None)
    for line in listed:
        _source, mounted, kind, *_ = [*line.split(" "), "", "", ""]
        point = Path(mounted.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        # The later of two mounts on one point is the one in force.
        if where.is_relative_to(point) and len(point.parts) >= best[0]:
            best = (len(point.parts), kind)
    return best[1]


# --- errors ----------------------------------------------------------------------------------------------------------
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_LANE = "deliveries.addressee"
"""How SQLite names the index deliveries_lane: a second row of one lane in work is a mistake, not a repeat."""


def translated(error: SQLAlchemyError) -> ElshiError:
    """What a refusal of the database means to the caller; the statement and its values stay out of the error."""
    if isinstance(error, PoolTimeoutError):
        return Retryable("storage.busy")
    origin = error.orig if isinstance(error, DBAPIError) else None
    name = str(getattr(origin, "sqlite_errorname", "") or "")
    if name.startswith("SQLITE_CONSTRAINT"):
        return _broken_constraint(name, str(origin).rpartition(": ")[2])
    if name.startswith(_BUSY):
        return Retryable("storage.busy")
    if name == "SQLITE_FULL":
        return Final("storage.full")
    if name.startswith(_DAMAGED):
        return Final("storage.damaged", params={"reason": name})
    return Final("storage.failed", params={"reason": name or type(origin or error).__name__})


def _broken_constraint(name: str, broken: str) -> Final:
    """`broken` is what SQLite puts behind the colon: columns, the constraint's name or the trigger's sentence."""
    if name in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"} and broken != _LANE:
        return Conflict("storage.already-there", params={"columns": broken})
    if name == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return Final("storage.nothing-to-point-at")
    return Final("storage.invariant", params={"invariant": broken})


# --- engine ----------------------------------------------------------------------------------------------------------
class OpenTransaction:
    """A transaction that has begun: runs statements and translates what the database says."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def rows(self, statement: Executable) -> Sequence[RowMapping]:
        """Every row that the statement gives."""
        return self._run(statement).mappings().all()

    def row(self, statement: Executable) -> RowMapping | None:
        """The first row, or None."""
        return self._run(statement).mappings().first()

    def value(self, statement: Executable) -> Any:
        """The first column of the first row, or None."""
        return self._run(statement).scalar()

    def change(self, statement: Insert | Update | Delete) -> int:
        """How many rows were changed."""
        return self._run(statement).rowcount

    def _run(self, statement: Executable) -> CursorResult[Any]:
        try:
            return self.connection.execute(statement)
        except SQLAlchemyError as error:
            if isinstance(error, StatementError) and isinstance(error.orig, ValueError | TypeError):
                # A value that never reached the database, for example an instant without a zone: the caller's mistake.
                raise error.orig from error
            raise translated(error) from error


class Database:
    """One engine. Safe under threads and beside other processes; not across a fork."""

    def __init__(self, config: StorageConfig) -> None:
        """Opens nothing yet but makes the folder and, readable by its owner only, the file. Raises SettingsRefused."""
        found = refusals(config)
        if found:
            raise SettingsRefused(found)
        self._patience = config.busy_timeout.total_seconds()
        self._turn = threading.Lock()
        self._holder: int | None = None
        self.url = make_url(config.url)
        self.folder = _prepared(self.url)
        self._engine = _engine(self.url, self._patience)
        self._switch_to_wal()

    @contextmanager
    def writing(self) -> Iterator[OpenTransaction]:
        """Begin for writing; commit at the end of the block, roll back when it raises.

        Raises Retryable `storage.busy`, Final `storage.full`. Inside another one of the same thread: RuntimeError at
        once, because waiting for oneself ends only with the time-out.
        """
        self.refuse_inside_transaction()
        if not self._turn.acquire(timeout=self._patience):
            raise Retryable("storage.busy")
        self._holder = threading.get_ident()
        try:
            with self._begun(reading=False) as transaction:
                yield transaction
        finally:
            self._holder = None
            self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[OpenTransaction]:
        """A snapshot; waits for nobody and is waited for by nobody."""
        with self._begun(reading=True) as transaction:
            yield transaction

    def refuse_inside_transaction(self) -> None:
        """RuntimeError when this thread is inside `writing()`: a mistake of the caller, not a state of the world."""
        if self._holder == threading.get_ident():
            raise RuntimeError(
                "a transaction is open in this thread; bytes are kept before it, nothing begins inside it"
            )

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    @contextmanager
    def _begun(self, *, reading: bool) -> Iterator[OpenTransaction]:
        try:
            with self._engine.connect().execution_options(elshi_reading=reading) as connection, connection.begin():
                yield OpenTransaction(connection)
        except SQLAlchemyError as error:
            # Begin and commit; what a statement raises was translated where it ran.
            raise translated(error) from error

    def _switch_to_wal(self) -> None:
        """Once for the file's life. Two starters may meet here, and SQLite does not wait for this lock by itself."""
        pause = 0.05
        waiting = threading.Event()
        for _ in range(max(1, round(self._patience / pause))):
            try:
                with self._engine.connect() as connection:
                    raw = connection.connection.driver_connection
                    assert isinstance(raw, sqlite3.Connection)
                    mode = raw.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            except sqlite3.OperationalError as error:
                if not str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_BUSY"):
                    raise Final("storage.failed", params={"reason": str(error)}) from error
                waiting.wait(pause)
            except sqlite3.DatabaseError as error:
                raise Final("storage.damaged", params={"reason": type(error).__name__}) from error
            except SQLAlchemyError as error:
                raise translated(error) from error
            else:
                if mode != "wal":
                    raise SettingsRefused((_finding("storage.no-wal", mode=str(mode)),))
                return
        raise Retryable("storage.busy")


def _prepared(url: URL) -> Path:
    """The folder of the database, made when absent, with a file that only its owner reads; WAL files inherit that."""
    path = Path(str(url.database))
    with disk_errors():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return path.parent.resolve()


def _engine(url: URL, patience: float) -> Engine:
    engine = create_engine(
        url, pool_size=_POOLED, max_overflow=0, pool_timeout=patience, connect_args={"timeout": patience}
    )

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        # The driver begins no transactions by itself; `begun` below does.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        # Committed means on the disk, also when the power fails.
        connection.execute("PRAGMA synchronous=FULL")
        # Without it REPLACE deletes rows past the triggers that refuse a deletion.
        connection.execute("PRAGMA recursive_triggers=ON")
        connection.execute("PRAGMA trusted_schema=OFF")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        reading = connection.get_execution_options().get("elshi_reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def refusal_ddl(refusal: Refusal, dialect: str) -> str:
    """The trigger that makes the database refuse; ValueError for a database that nobody has tried it on."""
    if dialect != "sqlite":
        raise ValueError(f"no refusals are written for {dialect}")
    condition = f" WHEN {refusal.when}" if refusal.when else ""
    return (
        f"CREATE TRIGGER {refusal.name} BEFORE {refusal.verb.upper()} ON {refusal.table} FOR EACH ROW{condition} "
        f"BEGIN SELECT RAISE(ABORT, '{refusal.why}'); END"
    )
