"""What of a running sandbox lives in the event loop: both HTTP servers, and the centre's pushes beside them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from starlette.applications import Starlette

from adapter.sandbox.app import asgi_app
from adapter.sandbox.connections import Connections
from adapter.sandbox.door import Door
from adapter.sandbox.lanes import Lane
from adapter.sandbox.sandbox import Sandbox
from adapter.sandbox.sockets import BACKLOG, listening, url_of

_MOST_CALLS = 8
_MOST_PUSHES = 8
STOP_SECONDS = 5
"""Longest time a stop takes by itself; a push on its way may add its own limit."""


class Core:
    """Both servers and the pushes of one sandbox; made and used inside the loop."""

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
        self._tried = self._loop.create_future()

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
        sandbox.book.on_tried = self._on_tried
        for lane in sandbox.lanes.waiting_lanes():
            self._lane_changed(lane)
        sandbox.note("gateway", "gateway.started", outcome=url_of(self._address) + sandbox.settings.path)
        on_started()
        await self.stopping.wait()
        sandbox.lanes.on_queued = lambda lane: None  # noqa: ARG005 - nobody pushes any more
        sandbox.on_refuse = lambda seconds: None  # noqa: ARG005 - there is no listener any more
        sandbox.book.on_tried = lambda: None
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
            await asyncio.wait(self._runs, timeout=STOP_SECONDS)
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
            backlog=BACKLOG,
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
        self._start(server, listening(self._address, shares=True))
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

    def _on_tried(self) -> None:
        self._loop.call_soon_threadsafe(self._tell_tried)

    def _tell_tried(self) -> None:
        """Whoever waits for a try waits for this future; the next one waits for the next."""
        ended, self._tried = self._tried, self._loop.create_future()
        ended.set_result(None)

    async def until_tried(self) -> None:
        """Until the next try of one of the centre's messages has ended."""
        await asyncio.shield(self._tried)

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
