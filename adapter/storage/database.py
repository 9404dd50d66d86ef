"""One database under two engines: a transaction, its statements, and what the engine's refusals mean.

What differs between the engines is in sqlite.py and postgresql.py; everything else of the package speaks to neither.

    a statement that is refused    undoes itself and nothing else, so that whoever survives the refusal goes on
    a statement that the engine    cannot undo alone (a connection that died) ends the transaction: its end raises
    reading and then writing       by `queue_for`, where nothing yet stands that could be locked
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Delete,
    Engine,
    Executable,
    Insert,
    RootTransaction,
    RowMapping,
    Update,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from adapter.errors import ElshiError, Final, Finding, Retryable, SettingsRefused, Severity
from adapter.storage import sqlite
from adapter.storage.config import StorageConfig
from adapter.storage.tables import Refusal

_NUL = "\0"


# --- settings --------------------------------------------------------------------------------------------------------
def refusals(config: StorageConfig) -> tuple[Finding, ...]:
    """What is wrong with the settings, all at once; nothing is opened and nothing is made."""
    found: list[Finding] = []
    try:
        url = make_url(config.url)
    except (ArgumentError, ValueError):  # the second repeats what it could not read, which may be a password
        return (_finding("storage.url-unreadable"),)
    match url.get_backend_name(), url.drivername.partition("+")[2]:
        case "sqlite", "" | "pysqlite":
            found += sqlite.url_refusals(url, config)
        case "postgresql", "" | "psycopg":
            from adapter.storage import postgresql

            found += postgresql.url_refusals(url)
        case name, _:
            found.append(_finding("storage.url-unsupported", database=name))
    if config.blobs == "directory" and config.blob_directory is None:
        found.append(_finding("storage.blob-directory-missing"))
    if config.blobs == "database" and config.blob_directory is not None:
        found.append(_finding("storage.blob-directory-unused"))
    spans = ("busy_timeout", "lease_for", "migration_lease_for")
    found += [_finding("storage.not-positive", setting=name) for name in spans if getattr(config, name) <= timedelta()]
    return tuple(found)


def _finding(code: str, **params: object) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, params=params)


# --- engines ---------------------------------------------------------------------------------------------------------
class DatabaseKind(Protocol):
    """What the two engines do differently.

    writers     transactions for writing that one process has open at a time
    folder      where bytes wait when the settings name no folder
    """

    writers: int
    folder: Path
    engine: Engine

    def options(self, *, reading: bool) -> dict[str, object]:
        """Of a connection that begins a transaction."""
        ...

    def apart(self, connection: Connection) -> AbstractContextManager[object]:
        """Around one changing statement: refused, it undoes itself alone."""
        ...

    def queue_for(self, connection: Connection, name: str) -> None:
        """Until the end of the transaction nobody else gets `name`."""
        ...

    def commit(self, connection: Connection, transaction: RootTransaction) -> None:
        """Commit, and find out what became of it when the answer is lost."""
        ...

    def translated(self, error: SQLAlchemyError) -> ElshiError:
        """What a refusal of the engine means to the caller; the statement and its values stay out of the error."""
        ...


# --- transactions ----------------------------------------------------------------------------------------------------
class OpenTransaction:
    """A transaction that has begun: runs statements and translates what the database says."""

    def __init__(self, connection: Connection, kind: DatabaseKind, *, reading: bool) -> None:
        self.connection = connection
        self._kind = kind
        self._reading = reading
        self._broken: ElshiError | None = None

    # `values` fill the parameters of a statement that was built once; to build one costs more than to run it.
    def rows(self, statement: Executable, **values: object) -> Sequence[RowMapping]:
        """Every row that the statement gives."""
        return self._run(statement, values).mappings().all()

    def row(self, statement: Executable, **values: object) -> RowMapping | None:
        """The first row, or None."""
        return self._run(statement, values).mappings().first()

    def value(self, statement: Executable, **values: object) -> Any:
        """The first column of the first row, or None."""
        return self._run(statement, values).scalar()

    def change(self, statement: Insert | Update | Delete, **values: object) -> int:
        """How many rows were changed."""
        return self._run(statement, values).rowcount

    def queue_for(self, name: str) -> None:
        """Wait for whoever else reads `name` and then writes it; nobody gets it after us until this transaction ends.

        For what is looked for and, where it is not there, written: a row that is not there cannot be locked. Whoever
        only reads waits for nobody.
        """
        if not self._reading:
            with self._translating():
                self._kind.queue_for(self.connection, name)

    @property
    def is_reading(self) -> bool:
        """Whether nothing can be written here; then nothing is locked either."""
        return self._reading

    def refuse_if_broken(self) -> None:
        """Raises what ended this transaction from inside, though its block went on."""
        if self._broken is not None:
            raise self._broken

    def _run(self, statement: Executable, values: Mapping[str, object]) -> CursorResult[Any]:
        if not isinstance(statement, Insert | Update | Delete):
            with self._translating():
                return self.connection.execute(statement, values)
        if self._reading:
            raise RuntimeError("a snapshot is read and not written")
        try:
            with self._kind.apart(self.connection):
                return self.connection.execute(statement, values)
        except SQLAlchemyError as error:
            told = self._told(error)
            if self.connection.invalidated:
                self._broken = told
            raise told from scrubbed(error)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            told = self._told(error)
            self._broken = told
            raise told from scrubbed(error)

    def _told(self, error: SQLAlchemyError) -> ElshiError:
        if isinstance(error, StatementError) and isinstance(error.orig, ValueError | TypeError):
            # A value that never reached the database, for example an instant without a zone: the caller's mistake.
            raise error.orig from error
        return self._kind.translated(error)


def _kind(url: URL, config: StorageConfig) -> DatabaseKind:
    if url.get_backend_name() == "sqlite":
        return sqlite.Sqlite(url, config)
    from adapter.storage import postgresql

    return postgresql.Postgresql(url, config)


class Database:
    """One engine. Safe under threads and beside other processes; not across a fork."""

    def __init__(self, config: StorageConfig) -> None:
        """SQLite: opens nothing yet but makes the file. PostgreSQL: opens nothing yet. Raises SettingsRefused."""
        found = refusals(config)
        if found:
            raise SettingsRefused(found)
        self._patience = config.busy_timeout.total_seconds()
        self.url = make_url(config.url)
        self._kind = _kind(self.url, config)
        self._engine = self._kind.engine
        # The same connections under two sets of options: to give them to each connection anew costs more than to begin.
        self._for = {
            reading: self._engine.execution_options(**self._kind.options(reading=reading)) for reading in (True, False)
        }
        self._turns = threading.BoundedSemaphore(self._kind.writers)
        self._own = threading.local()
        event.listen(self._engine, "before_cursor_execute", _refuse_nul)

    @property
    def folder(self) -> Path:
        """Where bytes wait when the settings name no folder."""
        return self._kind.folder

    @contextmanager
    def writing(self) -> Iterator[OpenTransaction]:
        """Begin for writing; commit at the end of the block, roll back when it raises.

        Raises Retryable `storage.busy`, Final `storage.full`, OutcomeUnknown `storage.commit-unknown`. Inside another one
        of the same thread: RuntimeError at once, because waiting for oneself ends only with the time-out.
        """
        self.refuse_inside_transaction()
        if not self._turns.acquire(timeout=self._patience):
            raise Retryable("storage.busy")
        self._own.inside = True
        try:
            with self._begun(reading=False) as transaction:
                yield transaction
        finally:
            self._own.inside = False
            self._turns.release()

    @contextmanager
    def reading(self) -> Iterator[OpenTransaction]:
        """A snapshot; waits for nobody and is waited for by nobody."""
        with self._begun(reading=True) as transaction:
            yield transaction

    def refuse_inside_transaction(self) -> None:
        """RuntimeError when this thread is inside `writing()`: a mistake of the caller, not a state of the world."""
        if getattr(self._own, "inside", False):
            raise RuntimeError(
                "a transaction is open in this thread; bytes are kept before it, nothing begins inside it"
            )

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    @contextmanager
    def _begun(self, *, reading: bool) -> Iterator[OpenTransaction]:
        try:
            with self._for[reading].connect() as connection:
                begun = connection.begin()
                try:
                    transaction = OpenTransaction(connection, self._kind, reading=reading)
                    yield transaction
                    transaction.refuse_if_broken()
                    self._kind.commit(connection, begun)
                finally:
                    begun.close()
        except PoolTimeoutError as error:
            raise Retryable("storage.busy") from error
        except SQLAlchemyError as error:
            # Begin and commit; what a statement raises was translated where it ran.
            raise self._kind.translated(error) from scrubbed(error)


def scrubbed(error: BaseException) -> Exception:
    """What is shown as the cause: class names alone. The engines' own words repeat values of the row (`DETAIL: Key ...`)."""
    names = []
    one: BaseException | None = error
    while one is not None and type(one).__name__ not in names:
        names.append(type(one).__name__)
        one = getattr(one, "orig", None) or one.__cause__
    return RuntimeError(" < ".join(names))


def _refuse_nul(_connection: object, _cursor: object, _statement: str, parameters: object, *_rest: object) -> None:
    """PostgreSQL keeps no text with a NUL, SQLite does: what one engine cannot keep, the other must not promise."""
    values = parameters.values() if isinstance(parameters, dict) else parameters
    if isinstance(values, Iterable) and any(isinstance(one, str) and _NUL in one for one in values):
        raise Final("storage.nul-character")


def refusal_statements(refusal: Refusal, dialect: str) -> tuple[str, ...]:
    """What makes the database refuse; ValueError for a database that nobody has tried it on."""
    match dialect:
        case "sqlite":
            return sqlite.refusal_statements(refusal)
        case "postgresql":
            from adapter.storage import postgresql

            return postgresql.refusal_statements(refusal)
    raise ValueError(f"no refusals are written for {dialect}")
