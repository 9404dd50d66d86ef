"""The ASGI application and the server around it: uvicorn in the main thread, or in a thread that can be stopped."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from typing import Self

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Route

from adapter.composition import Node
from adapter.composition.watching import duties_of
from adapter.errors import Final
from adapter.server.api import router
from adapter.server.connections import protocol
from adapter.server.metrics import Metrics
from adapter.server.probes import Ready, ServicesReady, live
from adapter.server.refusals import add_refusals
from adapter.server.sync_channel import SyncChannelEndpoint

_log = logging.getLogger(__name__)
_START_WITHIN_SECONDS = 20


def application(node: Node) -> Starlette:
    """SOAP endpoint, probes and metrics always; the JSON API only when the settings hold a token."""
    server = node.settings.server
    app: Starlette
    if server.api_token is None:
        app = Starlette()
    else:
        app = FastAPI(title="Elshi", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
        app.include_router(router(node))
    endpoint = SyncChannelEndpoint(node)
    app.router.routes.append(Route(server.path, endpoint.answer, methods=["POST"]))
    app.router.routes.append(Route("/live", live, methods=["GET"]))
    app.router.routes.append(Route("/ready", Ready(node).answer, methods=["GET"]))
    app.router.routes.append(Route("/ready/services", ServicesReady(node).answer, methods=["GET"]))
    app.router.routes.append(Route("/metrics", Metrics(node).answer, methods=["GET"]))
    add_refusals(app)
    return app


class Server:
    """Listens from construction on; answers from `start` or `run` on."""

    def __init__(self, node: Node) -> None:
        """Bind the address: Final `server.address` when it is taken. The store is opened here, not at the first call."""
        settings = node.settings.server
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((settings.host, settings.port))
            # Two that are bound and do not listen yet are none the wiser: the second would fail much later, with a traceback.
            self._socket.listen()
        except OSError as error:
            self._socket.close()
            raise Final(
                "server.address", params={"host": settings.host, "port": settings.port, "reason": error.strerror or ""}
            ) from error
        try:
            _ = node.store, node.channel
        except BaseException:  # reason: whatever stops the start, an interrupt too, the address is given back
            self._socket.close()
            raise
        self._path = settings.path
        self._node = node
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                application(node),
                http=protocol(settings.read_within),
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=10,
            )
        )
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Address of the SOAP endpoint."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}{self._path}"

    def run(self) -> None:
        """Serve in this thread until SIGTERM or SIGINT; calls that are being answered are finished."""
        _log.info("listening at %s", self.url)

        def ask(number: int, frame: object) -> None:  # noqa: ARG001 - the shape of a signal handler
            self._uvicorn.should_exit = True

        # uvicorn raises the signal again when it has stopped; with a handler of ours standing that is no violent end.
        before = {one: signal.signal(one, ask) for one in (signal.SIGTERM, signal.SIGINT)}
        try:
            # Here too, because nobody else would say that no worker is alive.
            with duties_of(self._node, stamps=False):
                self._uvicorn.run(sockets=[self._socket])
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
            self._socket.close()

    def start(self) -> Self:
        """Serve in a thread of its own; returns when calls are taken."""
        self._thread = threading.Thread(target=self._uvicorn.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()
        waiting = threading.Event()
        for _ in range(_START_WITHIN_SECONDS * 50):
            if self._uvicorn.started:
                return self
            waiting.wait(0.02)
        raise Final("server.not-started", params={"url": self.url})

    def stop(self) -> None:
        """Stop taking calls, finish those that are being answered."""
        self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=_START_WITHIN_SECONDS)
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
