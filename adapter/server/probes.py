"""Probes: `live` says that the process answers, `ready` that it can keep what it is given."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapter.composition import Node
from adapter.errors import ElshiError
from adapter.server.refusals import not_now

_NOBODY = "ready?"
"""No delivery has this id."""


def live(request: Request) -> Response:
    """The process answers."""
    del request
    return JSONResponse({"status": "live"})


class Ready:
    """A transaction for writing with a change that finds no row: a store that takes no changes refuses it, and nothing
    grows by being asked. That the disk has no room shows itself only to whoever writes.
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    async def answer(self, request: Request) -> Response:
        """200; raises what becomes a 503 that says what is wrong."""
        del request
        try:
            await run_in_threadpool(self._touch)
        except ElshiError as error:
            raise not_now(error) from error
        return JSONResponse({"status": "ready"})

    def _touch(self) -> None:
        with self._node.store.transaction() as transaction:
            transaction.outbox.renew(_NOBODY, lease=_NOBODY, until=self._node.clock.now())
