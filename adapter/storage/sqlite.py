"""SQLite: a file on a local disk. One writer at a time, so nothing here has to queue twice.

A transaction takes its process's turn first and then SQLite's (BEGIN IMMEDIATE), so that threads queue fairly and a
transaction that has begun never finds out half-way that it may not write.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from adapter.errors import Conflict, ElshiError, Final, Finding, Retryable, SettingsRefused, Severity
from adapter.storage.config import StorageConfig
from adapter.storage.disk import disk_errors, identity_of
from adapter.storage.tables import LANE, Refusal

_POOLED = 8
"""Connections kept open: one writer of this process, the others read blobs."""

_NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"}
    | {"glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "smb2", "smb3", "smbfs", "virtiofs"}
)
"""File systems on which SQLite's locks and shared memory are not to be trusted (sqlite.org/wal.html, "same host")."""

_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


# --- settings --------------------------------------------------------------------------------------------------------
def url_refusals(url: URL, config: StorageConfig) -> Iterator[Finding]:
    """What is wrong with a URL of SQLite and what else the settings say for it."""
    if not url.database or url.database == ":memory:" or "mode=memory" in config.url:
        yield _finding("storage.url-in-memory")
    elif url.query or url.database.startswith("file:"):
        yield _finding("storage.url-has-options")
    else:
        kind = file_system_of(Path(url.database))
        if kind in _NETWORK_FILE_SYSTEMS:
            yield _finding("storage.network-folder", folder=Path(url.database).parent.name, kind=kind)
    if config.password is not None:
        yield _finding("storage.password-unused")


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


def _finding(code: str, **params: object) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, params=params)


# --- engine ----------------------------------------------------------------------------------------------------------
class Sqlite:
    """adapter.storage.database.DatabaseKind over one file."""

    writers = 1

    def __init__(self, url: URL, config: StorageConfig) -> None:
        """Makes the folder and, readable by its owner only, the file."""
        self._patience = config.busy_timeout.total_seconds()
        self._path = Path(str(url.database)).absolute()
        self.folder = _prepared(url)
        self._file = identity_of(self._path)
        self.engine = _engine(url, self._patience)
        self._switch_to_wal()

    def options(self, *, reading: bool) -> dict[str, object]:
        """Of a connection; `begun` below looks at them."""
        return {"elshi_reading": reading}

    def apart(self, connection: Connection) -> AbstractContextManager[object]:
        """A statement that SQLite refuses undoes itself and nothing else."""
        del connection
        return nullcontext()

    def queue_for(self, connection: Connection, name: str) -> None:
        """Who writes is alone already."""

    def commit(self, connection: Connection, transaction: RootTransaction) -> None:
        """The answer cannot be lost: nobody is between us and the file. Final `storage.file-replaced`, nothing committed,
        when what we write into is no longer the file that lies at its address: nobody would ever find it again.
        """
        if not _is_reading(connection) and identity_of(self._path) != self._file:
            raise Final("storage.file-replaced")
        transaction.commit()

    def translated(self, error: SQLAlchemyError) -> ElshiError:
        """What a refusal of SQLite means to the caller."""
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

    def _switch_to_wal(self) -> None:
        """Once for the file's life. Two starters may meet here, and SQLite does not wait for this lock by itself."""
        pause = 0.05
        waiting = threading.Event()
        for _ in range(max(1, round(self._patience / pause))):
            try:
                with self.engine.connect() as connection:
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
                raise self.translated(error) from error
            else:
                if mode != "wal":
                    raise SettingsRefused((_finding("storage.no-wal", mode=str(mode)),))
                return
        raise Retryable("storage.busy")


def _broken_constraint(name: str, broken: str) -> Final:
    """`broken` is what SQLite puts behind the colon: columns, the constraint's name or the trigger's sentence."""
    if name in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"} and broken != LANE:
        return Conflict("storage.already-there", params={"columns": broken})
    if name == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return Final("storage.nothing-to-point-at")
    return Final("storage.invariant", params={"invariant": broken})


def _prepared(url: URL) -> Path:
    """The folder of the database, made when absent, with a file that only its owner reads; WAL files inherit that."""
    path = Path(str(url.database))
    with disk_errors():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return path.parent.resolve()


def _engine(url: URL, patience: float) -> Engine:
    engine = create_engine(
        url,
        pool_size=_POOLED,
        max_overflow=0,
        pool_timeout=patience,
        hide_parameters=True,
        connect_args={"timeout": patience},
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
        connection.exec_driver_sql("BEGIN" if _is_reading(connection) else "BEGIN IMMEDIATE")

    return engine


def _is_reading(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("elshi_reading", False))


def refusal_statements(refusal: Refusal) -> tuple[str, ...]:
    """The trigger that makes SQLite refuse."""
    condition = f" WHEN {refusal.when}" if refusal.when else ""
    moment = f"BEFORE {refusal.verb.upper()} ON {refusal.table} FOR EACH ROW{condition}"
    return (f"CREATE TRIGGER {refusal.name} {moment} BEGIN SELECT RAISE(ABORT, '{refusal.why}'); END",)
