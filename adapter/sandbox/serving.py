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
from pathlib import Path
from types import FrameType
from typing import Self

from adapter.errors import Final
from adapter.sandbox.core import STOP_SECONDS, Core
from adapter.sandbox.events import Clock
from adapter.sandbox.lanes import Post
from adapter.sandbox.participants import SandboxSettings
from adapter.sandbox.sandbox import Sandbox
from adapter.sandbox.sockets import listening, reserved, url_of

_LOOPBACK = "127.0.0.1"


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
        self._reserved = reserved(host, port)
        self._address: tuple[str, int] = self._reserved.getsockname()[:2]
        try:
            self._control_socket = listening((_LOOPBACK, control_port), shares=False)
            self._gateway_socket: socket.socket | None = listening(self._address, shares=True)
        except Final:
            self._reserved.close()
            raise
        self._control_port: int = self._control_socket.getsockname()[1]
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._core: Core | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="elshi-sandbox", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise Final("sandbox.not-started", params={"reason": type(self._failure).__name__}) from self._failure

    @property
    def gateway_url(self) -> str:
        """Where participants send their messages."""
        return f"{url_of(self._address)}{self.sandbox.settings.path}"

    @property
    def control_url(self) -> str:
        """Where /sandbox/... is answered even while the gateway is closed."""
        return url_of((_LOOPBACK, self._control_port))

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

    def _call(self, do: Callable[[Core], asyncio.Future[None] | object]) -> None:
        assert self._loop is not None
        assert self._core is not None
        core = self._core

        async def work() -> None:
            result = do(core)
            if asyncio.iscoroutine(result):
                await result

        asyncio.run_coroutine_threadsafe(work(), self._loop).result(STOP_SECONDS)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        assert self._gateway_socket is not None
        self._loop = asyncio.get_running_loop()
        self._core = Core(self.sandbox, self._address, self._gateway_socket, self._control_socket)
        try:
            await self._core.run(self._started.set)
        except OSError as error:
            self._failure = error
        finally:
            self._started.set()
            self._reserved.close()
