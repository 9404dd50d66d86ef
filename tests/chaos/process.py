"""The real program under a hand that can kill it at any durable step and turn its clock.

`python -m tests.chaos.process` is a nursery: it imports the program once and forks a child for each order that comes as a
line of JSON on its standard input, so that a killed process is back in a tenth of a second, as many kills need. A child
runs `elshi` with the arguments of its order and nothing else; two things of it are replaced, and only here:

    SystemClock.now          the machine's time and the shift that the control file names: a jump of the machine's clock
    the durable steps        SqlStore.transaction, SqlBlobs.keep, HttpClient.post and the endpoint's answer report that they
                             were crossed, and at the crossing that the control file names the process kills itself (-9)

    order       {"name", "arguments", "environment", "control", "output"}
    answer      {"name", "pid"}, and when it has ended {"name", "pid", "ended": wait status}

When the nursery's standard input ends, its children are killed: nobody outlives the run.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

MOST_FILES = 1_000_000
"""Of the sandbox's store and memory, which are dimensioned for a person's tests."""


class Control:
    """What the control file says: when to die and by how much the clock is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._armed: tuple[int, str, int] | None = None
        self._seen: set[str] = set()
        self.shift = timedelta()

    def read(self, *_: object) -> None:
        """The file anew; called at start and on SIGHUP. The same arm is not wound up twice."""
        with suppress(OSError, ValueError):
            told = json.loads(self._path.read_text())
            self.shift = timedelta(seconds=told["shift"])
            arm = told["arm"]
            if arm is None:
                self._armed = None
            elif self._armed is None or self._armed[0] != arm[0]:
                self._armed = (int(arm[0]), str(arm[1]), int(arm[2]))

    def now(self) -> datetime:
        """The machine's time and the shift."""
        return datetime.now(UTC) + self.shift

    def cross(self, point: str) -> None:
        """A durable step was reached or passed."""
        if point not in self._seen:
            self._seen.add(point)
            self._append("seen", point)
        armed = self._armed
        if armed is None or armed[1] != point:
            return
        if armed[2] > 1:
            self._armed = (armed[0], point, armed[2] - 1)
            return
        self._append("died", f"{armed[0]} {point}")
        os.kill(os.getpid(), signal.SIGKILL)

    def _append(self, what: str, line: str) -> None:
        """One write, so that nothing is half written when the next step is the end."""
        # A file beside the control file and never on the node's disk, which may be full.
        handle = os.open(self._path.with_suffix(f".{what}"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(handle, f"{line}\n".encode())
        os.close(handle)


def instrument(control: Control) -> None:
    """Put the crossings into the program of this process."""
    from adapter import clock
    from adapter.http_client import HttpClient
    from adapter.server.sync_channel import SyncChannelEndpoint
    from adapter.storage.blobs import SqlBlobs
    from adapter.storage.store import SqlStore

    clock.SystemClock.now = lambda _clock: control.now()
    transaction = SqlStore.transaction

    @contextmanager
    def crossed(store: SqlStore) -> Iterator[Any]:
        name = _caller("adapter.usecases", "adapter.composition", "adapter.storage")
        with transaction(store) as open_transaction:
            yield open_transaction
            control.cross(f"before commit of {name}")
        control.cross(f"after commit of {name}")

    SqlStore.transaction = crossed
    SqlBlobs.keep = _around(SqlBlobs.keep, control, "bytes of", ("adapter.usecases", "adapter.composition"))
    HttpClient.post = _around(HttpClient.post, control, "call of", ("adapter.exchange",))
    answer = SyncChannelEndpoint.answer

    async def answered(endpoint: SyncChannelEndpoint, request: Any) -> Any:
        from starlette.background import BackgroundTask

        response = await answer(endpoint, request)
        response.background = BackgroundTask(control.cross, "after the endpoint's answer")
        control.cross("before the endpoint's answer")
        return response

    SyncChannelEndpoint.answer = answered


def _around(step: Callable[..., Any], control: Control, what: str, packages: tuple[str, ...]) -> Callable[..., Any]:
    @functools.wraps(step)
    def crossed(*arguments: Any, **named: Any) -> Any:
        name = _caller(*packages)
        control.cross(f"before {what} {name}")
        done = step(*arguments, **named)
        control.cross(f"after {what} {name}")
        return done

    return crossed


def _caller(*packages: str) -> str:
    """`module.function` of the nearest frame of the packages; the gateway only passes on what others ask for."""
    frame = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(packages) and module != "adapter.exchange.gateway":
            return f"{module.rpartition('.')[2]}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "elsewhere"


# --- children ---------------------------------------------------------------------------------------------------------
def become(order: dict[str, Any]) -> None:
    """This process is now the one of the order; never returns."""
    code = 70
    try:
        output = os.open(order["output"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        error = os.open(f"{order['output']}.err", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(error, 2)
        os.environ.update(order["environment"])
        if order["control"] is None:
            _widen_the_sandbox()
        else:
            control = Control(Path(order["control"]))
            instrument(control)
            control.read()
            signal.signal(signal.SIGHUP, control.read)
        sys.argv = ["elshi", *order["arguments"]]
        from adapter.cli import main

        main()
    except SystemExit as told:
        code = told.code if isinstance(told.code, int) else 0
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _widen_the_sandbox() -> None:
    from adapter.sandbox import centre, file_store

    for module, name in ((file_store, "MOST_FILES"), (centre, "MOST_DOCUMENTS")):
        if hasattr(module, name):
            setattr(module, name, MOST_FILES)


def _import_everything() -> None:
    """What any of the processes needs, imported once; no thread may have begun, for a fork would lose it."""
    import psycopg
    import typst
    import uvicorn

    import adapter.server
    import adapter.worker
    from adapter.cli.entry import load

    load(())
    assert all((psycopg, typst, uvicorn, adapter.server, adapter.worker))
    _compile_schemas()
    threads = Path("/proc/self/task")
    assert not threads.is_dir() or len(list(threads.iterdir())) == 1


def _compile_schemas() -> None:
    """Half a second that every process would spend anew."""
    from adapter import conversion, rules
    from adapter.composition.report_files import open_report, source_context

    example = Path(__file__).resolve().parents[2] / "examples" / "2026" / "mof" / "report.yaml"
    folder = example.parents[1] / "rules"
    context = source_context(rules.load_rulesets(folder), "RK-GOV-1141-2010", "2021-03-18", example.parent, bins={})
    conversion.validated(conversion.build(open_report(example, context).report))


class Nursery:
    """Forks, and tells of the end of each child."""

    def __init__(self) -> None:
        self._children: dict[int, str] = {}
        self._reader, self._writer = os.pipe()
        for end in (self._reader, self._writer):
            os.set_blocking(end, False)

    def run(self) -> None:
        """Until standard input ends."""
        import selectors

        signal.signal(signal.SIGCHLD, lambda *_: None)
        # A child that is told to read its control file before it has a hand for that must not die of it.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        waiting = selectors.DefaultSelector()
        waiting.register(0, selectors.EVENT_READ)
        waiting.register(self._reader, selectors.EVENT_READ)
        rest = b""
        while True:
            for key, _ in waiting.select():
                if key.fd == self._reader:
                    os.read(self._reader, 4096)
                    self._bury()
                    continue
                told = os.read(0, 65536)
                if not told:
                    self._end()
                    return
                *lines, rest = (rest + told).split(b"\n")
                for line in lines:
                    self._bear(json.loads(line))

    def _bear(self, order: dict[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(self._reader)
            os.close(self._writer)
            become(order)
        self._children[pid] = order["name"]
        self._say({"name": order["name"], "pid": pid})

    def _bury(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._say({"name": self._children.pop(pid, "?"), "pid": pid, "ended": status})

    def _say(self, told: dict[str, Any]) -> None:
        os.write(1, json.dumps(told).encode() + b"\n")

    def _end(self) -> None:
        for pid in self._children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    _import_everything()
    gc.freeze()
    Nursery()._say({"name": "nursery", "pid": os.getpid()})
    Nursery().run()
