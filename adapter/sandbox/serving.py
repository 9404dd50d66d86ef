"""Runs a sandbox: two listeners in one thread, and the centre's pushes beside them.

The gateway's listener can be closed and opened again while everything else goes on; the second one, for watching and
changing, is on the loopback address and is never struck by a fault. The gateway's port stays reserved while it is
closed, so that a refused connection means "refused" and nobody else moves in.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Self

import uvicorn
from starlette.applications import Starlette

from adapter.errors import Final
from adapter.sandbox.app import Door, asgi_app
from adapter.sandbox.connections import Connections
from adapter.sandbox.events import Clock
from adapter.sandbox.lanes import Lane, Post
from adapter.sandbox.participants import SandboxSettings
from adapter.sandbox.sandbox import Sandbox

_LOOPBACK = "127.0.0.1"
_BACKLOG = 128
_MOST_CALLS = 8
_MOST_PUSHES = 8
# Longest time a stop takes by itself; a push on its way may add its own limit.
_STOP_SECONDS = 5


def serve(
    settings: SandboxSettings,
    clock: Clock,
    host: str = _LOOPBACK,
    port: int = 0,
    *,
    new_id: Callable[[], object],
    control_port: int = 0,
    post: Post | None = None,
    event_file: Path | None = None,
) -> Serving:
    """Start a sandbox in a thread of its own and return when both listeners take connections.

    port, control_port  0: any free port, see `gateway_url` and `control_url`
    event_file          every event is appended to it as one line of JSON
    Final `sandbox.address-taken`, and what `Sandbox` raises. Stop it with `stop`, or use it in a with statement.
    """
    sink = None if event_file is None else _AppendedFile(event_file)
    sandbox = Sandbox(settings, clock, new_id=new_id, post=post, sink=None if sink is None else sink.append)
    return Serving(sandbox, host, port, control_port, sink)


class _AppendedFile:
    """Lines at the end of a file; each is there when `append` returns."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise Final("sandbox.event-file", params={"reason": error.strerror or ""}) from error

    def append(self, line: str) -> None:
        if not self._file.closed:
            self._file.write(f"{line}\n")

    def close(self) -> None:
        self._file.close()


class Serving:
    """A running sandbox."""

    def __init__(
        self, sandbox: Sandbox, host: str, port: int, control_port: int, sink: _AppendedFile | None = None
    ) -> None:
        self.sandbox = sandbox
        self._sink = sink
        self._reserved = _reserve(host, port)
        self._address: tuple[str, int] = self._reserved.getsockname()[:2]
        try:
            self._control_socket = _listening((_LOOPBACK, control_port), shares=False)
            self._gateway_socket: socket.socket | None = _listening(self._address, shares=True)
        except Final:
            self._reserved.close()
            raise
        self._control_port: int = self._control_socket.getsockname()[1]
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._core: _Core | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="elshi-sandbox", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise Final("sandbox.not-started", params={"reason": type(self._failure).__name__}) from self._failure

    @property
    def gateway_url(self) -> str:
        """Where participants send their messages."""
        return f"{_base(self._address)}{self.sandbox.settings.path}"

    @property
    def control_url(self) -> str:
        """Where /sandbox/... is answered even while the gateway is closed."""
        return _base((_LOOPBACK, self._control_port))

    def close_gateway(self, seconds: float = 0) -> None:
        """Refuse connections for so long; 0: until open_gateway. Returns when the listener is closed."""
        self._call(lambda core: core.close(seconds))

    def open_gateway(self) -> None:
        """Take connections again. Returns when the listener is open."""
        self._call(lambda core: core.open())

    def retry_now(self) -> None:
        """Try every waiting push without its delay."""
        if self._loop is not None and self._core is not None:
            self._loop.call_soon_threadsafe(self._core.hurry)

    def stop(self) -> None:
        """Stop taking calls, end every connection, stop pushing. What is not delivered is named in the last event."""
        if self._loop is not None and self._core is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._core.stopping.set)
        self._thread.join()
        if self._sink is not None:
            self._sink.close()

    def run_until_signal(self, on_ready: Callable[[], None] | None = None) -> None:
        """Block until SIGTERM or SIGINT, then stop; for the main thread of a process.

        on_ready    called once when a signal will be heard: the moment to tell a person or a parent process
        """
        wanted = threading.Event()

        def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the shape of a signal handler
            wanted.set()

        before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            if on_ready is not None:
                on_ready()
            wanted.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _call(self, do: Callable[[_Core], asyncio.Future[None] | object]) -> None:
        assert self._loop is not None
        assert self._core is not None
        core = self._core

        async def work() -> None:
            result = do(core)
            if asyncio.iscoroutine(result):
                await result

        asyncio.run_coroutine_threadsafe(work(), self._loop).result(_STOP_SECONDS)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        assert self._gateway_socket is not None
        self._loop = asyncio.get_running_loop()
        self._core = _Core(self.sandbox, self._address, self._gateway_socket, self._control_socket)
        try:
            await self._core.run(self._started.set)
        except OSError as error:
            self._failure = error
        finally:
            self._started.set()
            self._reserved.close()


class _Core:
    """Everything that lives in the loop."""

    def __init__(
        self, sandbox: Sandbox, address: tuple[str, int], gateway: socket.socket, control: socket.socket
    ) -> None:
        self._sandbox = sandbox
        self._address = address
        self._gateway_socket = gateway
        self._control_socket = control
        self._loop = asyncio.get_running_loop()
        self.stopping = asyncio.Event()
        begin_within = sandbox.settings.read_within
        self._connections = Connections(sandbox.resets_connection, begin_within)
        self._control_connections = Connections(lambda: False, begin_within)
        self._calls = ThreadPoolExecutor(_MOST_CALLS, thread_name_prefix="sandbox-call")
        self._pushes = ThreadPoolExecutor(_MOST_PUSHES, thread_name_prefix="sandbox-push")
        self._gateway: uvicorn.Server | None = None
        self._runs: set[asyncio.Task[None]] = set()
        self._reopening: asyncio.TimerHandle | None = None
        self._lanes: dict[Lane, asyncio.Task[None]] = {}
        self._nudges: dict[Lane, asyncio.Event] = {}
        self._hurried: set[Lane] = set()

    async def run(self, on_started: Callable[[], None]) -> None:
        """Serve until `stopping` is set."""
        sandbox = self._sandbox
        control = self._server(self._app(self._control_connections), self._control_connections)
        self._start(control, self._control_socket)
        self._gateway = self._server(self._app(self._connections), self._connections)
        self._start(self._gateway, self._gateway_socket)
        await self._until_started(control)
        await self._until_started(self._gateway)
        sandbox.lanes.on_queued = self._on_queued
        sandbox.on_refuse = self._on_refuse
        for lane in sandbox.lanes.waiting_lanes():
            self._lane_changed(lane)
        sandbox.note("gateway", "gateway.started", outcome=_base(self._address) + sandbox.settings.path)
        on_started()
        await self.stopping.wait()
        sandbox.lanes.on_queued = lambda lane: None  # noqa: ARG005 - nobody pushes any more
        sandbox.on_refuse = lambda seconds: None  # noqa: ARG005 - there is no listener any more
        await self._stop(control)
        sandbox.note("gateway", "gateway.stopped", outcome=f"{sandbox.lanes.waiting()} messages not delivered")

    async def _stop(self, control: uvicorn.Server) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
        for task in self._lanes.values():
            task.cancel()
        for server in (control, self._gateway):
            if server is not None:
                server.should_exit = True
        self._connections.reset_all()
        self._control_connections.reset_all()
        if self._runs:
            await asyncio.wait(self._runs, timeout=_STOP_SECONDS)
        for executor in (self._calls, self._pushes):
            executor.shutdown(wait=False, cancel_futures=True)

    # --- listeners ---
    def _app(self, connections: Connections) -> Starlette:
        door = Door(
            sandbox=self._sandbox,
            connections=connections,
            listener=self,
            calls=self._calls,
            stopping=self.stopping,
        )
        return asgi_app(door)

    def _server(self, app: Starlette, connections: Connections) -> uvicorn.Server:
        config = uvicorn.Config(
            app,
            http=connections.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            # X-Forwarded-For would let a caller choose the address that the loopback rule looks at.
            proxy_headers=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=5,
            h11_max_incomplete_event_size=64 * 1024,
        )
        return uvicorn.Server(config)

    def _start(self, server: uvicorn.Server, listening: socket.socket) -> None:
        task = self._loop.create_task(server.serve(sockets=[listening]))
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)

    async def _until_started(self, server: uvicorn.Server) -> None:
        """Uvicorn tells by an attribute; a server whose run has ended will never start."""
        while not server.started and self._runs:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)

    async def close(self, seconds: float) -> None:
        """Close the gateway's listener; calls that are being answered go on."""
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
        if self._gateway is not None:
            for one in self._gateway.servers:
                one.close()
            self._gateway.should_exit = True
            self._gateway = None
            self._sandbox.note("gateway", "gateway.closed", outcome=f"{seconds:g} s" if seconds else "until opened")
        if seconds:
            self._reopening = self._loop.call_later(seconds, self._reopen)

    async def open(self) -> None:
        """Open it again."""
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
        if self._gateway is not None or self.stopping.is_set():
            return
        server = self._server(self._app(self._connections), self._connections)
        self._gateway = server
        self._start(server, _listening(self._address, shares=True))
        await self._until_started(server)
        self._sandbox.note("gateway", "gateway.opened")

    def _reopen(self) -> None:
        self._reopening = None
        task = self._loop.create_task(self.open())
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)

    def _on_refuse(self, seconds: float) -> None:
        asyncio.run_coroutine_threadsafe(self.close(seconds), self._loop)

    # --- pushes ---
    def _on_queued(self, lane: Lane) -> None:
        self._loop.call_soon_threadsafe(self._lane_changed, lane)

    def _lane_changed(self, lane: Lane) -> None:
        if self.stopping.is_set():
            return
        if lane in self._lanes:
            self._nudges[lane].set()
            return
        self._nudges[lane] = asyncio.Event()
        self._lanes[lane] = self._loop.create_task(self._run_lane(lane))

    def hurry(self) -> None:
        """Try everything that waits now."""
        for lane, nudge in self._nudges.items():
            self._hurried.add(lane)
            nudge.set()

    async def _run_lane(self, lane: Lane) -> None:
        """Push what is in a lane, in order, until nothing is left."""
        lanes, nudge = self._sandbox.lanes, self._nudges[lane]
        try:
            while (wait := lanes.next_wait(lane)) is not None:
                if wait:
                    try:
                        await asyncio.wait_for(nudge.wait(), wait.total_seconds())
                    except TimeoutError:
                        pass
                    else:
                        nudge.clear()
                        if lane not in self._hurried:
                            # Something joined the lane: what comes first may have changed.
                            continue
                        self._hurried.discard(lane)
                await self._loop.run_in_executor(self._pushes, lanes.attempt, lane)
        finally:
            self._lanes.pop(lane, None)
            self._nudges.pop(lane, None)
            self._hurried.discard(lane)


def _base(address: tuple[str, int]) -> str:
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _reserve(host: str, port: int) -> socket.socket:
    """A bound socket that never listens: it holds the port while the listener is closed."""
    if port:
        # Sharing a port is what the option below allows; somebody else's listener must not be joined by mistake.
        _bound((host, port), shares=False).close()
    return _bound((host, port), shares=True)


def _listening(address: tuple[str, int], *, shares: bool) -> socket.socket:
    bound = _bound(address, shares=shares)
    bound.listen(_BACKLOG)
    return bound


def _bound(address: tuple[str, int], *, shares: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shares and hasattr(socket, "SO_REUSEPORT"):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
    except OSError as error:
        made.close()
        raise Final(
            "sandbox.address-taken", params={"address": f"{address[0]}:{address[1]}", "reason": error.strerror or ""}
        ) from error
    return made
