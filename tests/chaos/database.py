"""A PostgreSQL that can be stopped hard, killed in parts and started again over the same files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.postgresql import NOBODY, _programs

_ENDS_WITH_US = '"$@" & read line; kill -QUIT $! 2>/dev/null; wait $!'
"""Its standard input ends when this process does, killed or not."""

_QUICK = (
    *("listen_addresses=", "fsync=off", "full_page_writes=off", "autovacuum=off", "wal_level=minimal"),
    *("max_wal_senders=0", "max_wal_size=96MB", "min_wal_size=32MB", "shared_buffers=32MB", "max_connections=100"),
    *("logging_collector=off", "restart_after_crash=on"),
)
"""A kill of its processes loses nothing without fsync, because the operating system goes on; a power failure is not played."""


class Database:
    """One server with one database, in a folder that the user of PostgreSQL may open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        if self._who:
            os.chown(folder, NOBODY, NOBODY)
        programs = folder / "programs"
        programs.mkdir()
        if self._who:
            os.chown(programs, NOBODY, NOBODY)
        self._postgres = _programs(programs, self._who) / "postgres"
        self._server: subprocess.Popen[bytes] | None = None
        self._cluster = folder / "cluster"
        self._run(
            *(self._postgres.with_name("initdb"), "-D", self._cluster, "-U", "elshi", "-A", "trust"),
            *("-E", "UTF8", "--locale=C", "-N"),
        )
        self.start()
        with self.admin("postgres") as connection:
            connection.execute("CREATE DATABASE elshi")

    @property
    def url(self) -> str:
        """Of the database."""
        return f"postgresql://elshi@/elshi?host={self.folder}"

    def start(self) -> None:
        """Returns when it lets in."""
        words = [
            "/bin/sh",
            "-c",
            _ENDS_WITH_US,
            "sh",
            str(self._postgres),
            "-D",
            str(self._cluster),
            "-k",
            str(self.folder),
        ]
        settings = [part for setting in _QUICK for part in ("-c", setting)]
        self._server = subprocess.Popen(
            [*words, *settings],
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")},
            cwd="/",
            stdin=subprocess.PIPE,
            # What is said to our group, by a terminal or a supervisor, is not said to the server: it ends with our end.
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._who,
        )
        rest = threading.Event()
        for _ in range(1500):
            with suppress(psycopg.OperationalError):
                self.admin("postgres").close()
                return
            rest.wait(0.02)
        raise AssertionError("PostgreSQL did not start")

    def stop(self, how: signal.Signals) -> None:
        """SIGINT: fast shutdown. SIGQUIT: immediate, as a crash. Returns when it has gone."""
        assert self._server is not None
        pid = self._postmaster()
        if pid is not None:
            # A shutdown that waits for what a full disk cannot take is made harder.
            any(_ended(pid, one) for one in (how, signal.SIGQUIT, signal.SIGKILL))
        self._server.communicate(timeout=60)
        self._server = None

    def restart(self, how: signal.Signals) -> None:
        """Stop it hard and start it over the same files."""
        self.stop(how)
        self.start()

    def is_up(self) -> bool:
        """Whether its first process lives; one that a full disk has ended does not."""
        pid = self._postmaster()
        return pid is not None and _is_alive(pid)

    def end_session(self, number: int) -> bool:
        """Have the server end one session of the program; False when there is none."""
        pids = self._sessions()
        if not pids:
            return False
        with self.admin() as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", (pids[number % len(pids)],))
        return True

    def kill_session(self, number: int) -> bool:
        """Kill -9 of one process of the server: it ends every session and recovers, as after a crash."""
        pids = self._sessions()
        if not pids:
            return False
        with suppress(ProcessLookupError):
            os.kill(pids[number % len(pids)], signal.SIGKILL)
        return True

    def close(self) -> None:
        """Stop."""
        if self._server is not None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def admin(self, database: str = "elshi") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the harness itself."""
        words = f"host={self.folder} user=elshi dbname={database} application_name=chaos connect_timeout=5"
        return psycopg.connect(words, autocommit=True)

    def _sessions(self) -> list[int]:
        with self.admin() as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'elshi' ORDER BY backend_start"
            ).fetchall()
        return [int(str(row[0])) for row in rows]

    def _postmaster(self) -> int | None:
        with suppress(OSError, ValueError, IndexError):
            return int((self._cluster / "postmaster.pid").read_text().split()[0])
        return None

    def _run(self, *words: str | Path) -> None:
        done = subprocess.run(words, cwd="/", capture_output=True, text=True, check=False, timeout=60, **self._who)
        assert done.returncode == 0, done.stderr


def _ended(pid: int, how: signal.Signals) -> bool:
    """Whether it has gone within half a minute of the signal."""
    with suppress(ProcessLookupError):
        os.kill(pid, how)
    rest = threading.Event()
    for _ in range(1500):
        if not _is_alive(pid):
            return True
        rest.wait(0.02)
    return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    except PermissionError:
        return True
    return state != "Z"
