"""PostgreSQL: a server that as many workers on as many hosts share as one likes. Writers come at once and queue by row.

READ COMMITTED      what a statement finds is what was committed when it began, so whoever has waited for a row or for a
                    name (`queue_for`) sees what the other one wrote
one statement       stands in a savepoint when it changes something: a refusal undoes it alone, as SQLite does by itself
a lost commit       is asked after by the number of its transaction; only a server that stays away leaves it unknown
no session state    but what `connected` sets: locks are the transaction's, so a pooler between us harms nothing
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, Index, RootTransaction, Table, UniqueConstraint, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.schema import PrimaryKeyConstraint

from adapter.errors import Conflict, ElshiError, Final, Finding, OutcomeUnknown, Retryable, SettingsRefused, Severity
from adapter.storage.config import StorageConfig
from adapter.storage.tables import LANE, Refusal, metadata

_WRITERS = 4
"""Transactions for writing of one process: the door's threads and a worker."""

_POOLED = 2 * _WRITERS
"""Connections: each transaction for writing may read bytes while it is open, and none may wait for another's end."""

_IDLE = timedelta(seconds=60)
"""No transaction of ours waits for anything but the database. One that does is a stopped process that holds locks."""

_OLDEST = 140000
"""PostgreSQL 14, the oldest that its makers still mend."""

_OPTIONS = frozenset({"host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs"})
"""Where the server is and how it proves who it is. Any other option could switch off what keeps the data safe."""

_VERIFIED = "verify-full"
"""What a server on another machine owes, unless the URL says otherwise: a certificate of its name."""

_PAUSE = 0.1
"""Seconds between two questions about a lost commit."""


# --- settings --------------------------------------------------------------------------------------------------------
def url_refusals(url: URL) -> Iterator[Finding]:
    """What is wrong with a URL of PostgreSQL. It is shown in no finding: a password may have been put there."""
    if not url.database:
        yield _finding("storage.url-unreadable")
    if url.password is not None or "password" in url.query:
        yield _finding("storage.url-has-password")
    if not _OPTIONS.issuperset(set(url.query) - {"password"}):
        yield _finding("storage.url-has-options")


def _finding(code: str, **params: object) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, params=params)


# --- engine ----------------------------------------------------------------------------------------------------------
class Postgresql:
    """adapter.storage.database.DatabaseKind over a server."""

    writers = _WRITERS

    def __init__(self, url: URL, config: StorageConfig) -> None:
        """Connects to nothing yet."""
        self._patience = config.busy_timeout.total_seconds()
        self.folder = Path(tempfile.gettempdir())
        self.engine = _engine(url, config)

    def options(self, *, reading: bool) -> dict[str, object]:
        """A reader has one snapshot for all its statements; since it writes nothing, it is never asked to repeat them."""
        return {"isolation_level": "REPEATABLE READ" if reading else "READ COMMITTED"}

    def apart(self, connection: Connection) -> AbstractContextManager[object]:
        """A savepoint."""
        return connection.begin_nested()

    def queue_for(self, connection: Connection, name: str) -> None:
        """A lock of the transaction on the digest of the name; two names with one digest wait for each other in vain."""
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})

    def commit(self, connection: Connection, transaction: RootTransaction) -> None:
        """Commit. Raises OutcomeUnknown `storage.commit-unknown` when the server went away and did not come back."""
        number = connection.execute(text("SELECT CAST(pg_current_xact_id_if_assigned() AS text)")).scalar()
        try:
            transaction.commit()
        except DBAPIError as error:
            if number is None or not _is_gone(error):
                raise
            self._settle(str(number))

    def translated(self, error: SQLAlchemyError) -> ElshiError:
        """What a refusal of PostgreSQL means to the caller."""
        if isinstance(error, PoolTimeoutError):
            return Retryable("storage.busy")
        origin = error.orig if isinstance(error, DBAPIError) else None
        if not isinstance(origin, psycopg.Error):
            return Final("storage.failed", params={"reason": type(origin or error).__name__})
        if origin.sqlstate is None:
            return _without_state(origin)
        return _by_state(origin, origin.sqlstate)

    def _settle(self, number: str) -> None:
        """What became of the transaction: returns when it was committed."""
        question = text("SELECT pg_xact_status(CAST(CAST(:number AS text) AS xid8))")
        waiting = threading.Event()
        for _ in range(max(1, round(self._patience / _PAUSE))):
            try:
                with self.engine.connect() as connection:
                    told = connection.execute(question, {"number": number}).scalar()
            except (SQLAlchemyError, ElshiError):
                told = "in progress"
            if told == "committed":
                return
            if told == "aborted":
                raise Retryable("storage.unreachable", params={"reason": "commit"}) from None
            if told != "in progress":
                break
            waiting.wait(_PAUSE)
        raise OutcomeUnknown("storage.commit-unknown") from None


def _engine(url: URL, config: StorageConfig) -> Engine:
    patience = config.busy_timeout.total_seconds()
    arguments: dict[str, Any] = {
        "application_name": "elshi",
        "client_encoding": "utf8",
        "connect_timeout": max(2, round(patience)),
        # A host that is gone is noticed in half a minute, from this side and (`connected`) from that.
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    if config.password is not None:
        arguments["password"] = config.password.reveal()
    if not _is_here(url) and "sslmode" not in url.query:
        arguments["sslmode"] = _VERIFIED
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=_POOLED,
        max_overflow=0,
        pool_timeout=patience,
        # A server that was started anew has closed every connection: better noticed before a transaction than inside.
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=arguments,
    )
    wanted = {
        "lock_timeout": f"{round(patience * 1000)}ms",
        "idle_in_transaction_session_timeout": f"{round(_IDLE.total_seconds())}s",
        "tcp_keepalives_idle": "15",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "TimeZone": "UTC",
    }

    @event.listens_for(engine, "connect")
    def connected(connection: psycopg.Connection[Any], _record: object) -> None:
        connection.autocommit = True
        for name, value in wanted.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        told = connection.execute(
            # Committed means on the disk of the server; a replica that has to agree is the server's own business.
            "SELECT set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false),"
            " current_setting('server_encoding'), current_setting('server_version')"
        ).fetchone()
        connection.autocommit = False
        assert told is not None
        if told[1] != "UTF8":
            raise SettingsRefused((_finding("storage.server-unfit", what="encoding", found=told[1], needed="UTF8"),))
        if connection.info.server_version < _OLDEST:
            needed = str(_OLDEST // 10_000)
            raise SettingsRefused((_finding("storage.server-unfit", what="version", found=told[2], needed=needed),))

    return engine


def _is_here(url: URL) -> bool:
    """Whether the bytes stay on this machine: a socket's folder, the loopback, or no host at all."""
    named = url.query.get("host", url.host or "")
    hosts = (named,) if isinstance(named, str) else named
    return all(one.startswith("/") or _without_port(one) in _LOOPBACK for one in hosts)


def _without_port(host: str) -> str:
    """`host:port` and `[address]:port` without the port; a bare IPv6 address has none."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


_LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1"})


# --- errors ----------------------------------------------------------------------------------------------------------
_GONE = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "25P04"})
"""Shut down by its administrator, crashed, starting up; the session or the transaction was idle for too long."""

_MEANINGS: Mapping[str, tuple[type[Final | Retryable], str]] = {
    **dict.fromkeys(_GONE, (Retryable, "storage.unreachable")),
    "08": (Retryable, "storage.unreachable"),
    # serialization failure, deadlock, a lock that was not to be had in time, a statement that took too long
    **dict.fromkeys(("40001", "40P01", "55P03", "57014"), (Retryable, "storage.busy")),
    "53300": (Retryable, "storage.no-connections"),
    "53100": (Final, "storage.full"),
    "25006": (Final, "storage.read-only"),
    "42501": (Final, "storage.not-permitted"),
    "28": (Final, "storage.login-refused"),
    "3D": (Final, "storage.login-refused"),
    # a text longer than an index takes: 2.7 kB
    "54000": (Final, "storage.too-long"),
    "XX": (Final, "storage.damaged"),
}
"""State of PostgreSQL, or its first two characters, to what the caller does."""

_WITH_REASON = frozenset({"storage.unreachable", "storage.damaged", "storage.failed"})

_SAID_AT_THE_DOOR = (
    (("too many clients", "remaining connection slots", "too many connections"), "storage.no-connections"),
    (
        (
            "authentication failed",
            "no password supplied",
            "no pg_hba.conf entry",
            "does not exist",
            "not permitted to log in",
        ),
        "storage.login-refused",
    ),
    (("certificate", "SSL"), "storage.server-not-verified"),
)
"""What a server says before it lets anybody in comes without a code, in the language of the server; other words, and
words that we cannot read, are an unreachable server."""


def _is_gone(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state in _GONE or state.startswith("08")


def _without_state(origin: psycopg.Error) -> ElshiError:
    """No code: nobody let us in, or the connection broke."""
    if not isinstance(origin, psycopg.OperationalError):
        return Final("storage.failed", params={"reason": type(origin).__name__})
    said = str(origin)
    code = next((code for words, code in _SAID_AT_THE_DOOR if any(word in said for word in words)), None)
    match code:
        case None:
            return Retryable("storage.unreachable", params={"reason": type(origin).__name__})
        case "storage.no-connections":
            return Retryable(code)
        case _:
            return Final(code)


def _by_state(origin: psycopg.Error, state: str) -> ElshiError:
    if state.startswith("23"):
        return _broken_constraint(origin, state)
    meaning, code = _MEANINGS.get(state) or _MEANINGS.get(state[:2]) or (Final, "storage.failed")
    return meaning(code, params={"reason": state} if code in _WITH_REASON else None)


def _broken_constraint(origin: psycopg.Error, state: str) -> Final:
    """The words are those of SQLite: columns for what must be unique, the name of a check, the sentence of a trigger."""
    told = origin.diag
    name = told.constraint_name or ""
    if state == "23505":
        columns = _columns_of(told.table_name or "", name)
        if columns == LANE:
            return Final("storage.invariant", params={"invariant": columns})
        return Conflict("storage.already-there", params={"columns": columns})
    if state == "23503":
        return Final("storage.nothing-to-point-at")
    if state == "23502":
        return Final("storage.invariant", params={"invariant": f"{told.table_name}.{told.column_name}"})
    return Final("storage.invariant", params={"invariant": name or told.message_primary or state})


def _columns_of(table: str, name: str) -> str:
    """The columns that the constraint or the index `name` of a table holds unique."""
    declared = metadata.tables.get(table)
    if declared is None:
        return name
    for one in _unique(declared):
        if one.name == name:
            return ", ".join(f"{table}.{column.name}" for column in one.columns)
    return name


def _unique(table: Table) -> Iterator[UniqueConstraint | PrimaryKeyConstraint | Index]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint):
            yield constraint
    yield from table.indexes


# --- refusals --------------------------------------------------------------------------------------------------------
_REFUSE = """
CREATE OR REPLACE FUNCTION elshi_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'integrity_constraint_violation'; END $$
"""


def refusal_statements(refusal: Refusal) -> tuple[str, ...]:
    """The trigger that makes PostgreSQL refuse; what is never deleted is not emptied either."""
    condition = f" WHEN ({refusal.when})" if refusal.when else ""
    refuse = f"EXECUTE FUNCTION elshi_refuse('{refusal.why}')"
    made = [
        _REFUSE,
        f"CREATE TRIGGER {refusal.name} BEFORE {refusal.verb.upper()} ON {refusal.table} FOR EACH ROW{condition} {refuse}",
    ]
    if refusal.verb == "delete":
        made.append(
            f"CREATE TRIGGER {refusal.table}_no_truncate BEFORE TRUNCATE ON {refusal.table} FOR EACH STATEMENT {refuse}"
        )
    return tuple(made)
