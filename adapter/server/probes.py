"""Probes: `live` says that the process answers, `ready` that it can keep what it is given, `ready/services` that those whom it
asks give real answers.

The last is a probe of its own: a node whose time-stamp authority is out must stay in the balancer, for it goes on taking
documents over and receiving them (usecases/obtain_stamp.py).
"""

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


class ServicesReady:
    """Whether those whom the node asks give real answers (usecases/probe_services.py)."""

    def __init__(self, node: Node) -> None:
        self._probe = node.probe_time_stamps

    async def answer(self, request: Request) -> Response:
        """200, or 503 with the code of what is wrong; `not-set` where the settings name no authority."""
        del request
        found = await run_in_threadpool(self._probe)
        if found is None:
            return JSONResponse({"status": "ready", "timeStamps": {"status": "not-set"}})
        is_well = found.code is None
        told = {"status": "green" if is_well else "red", "code": found.code, "askedAt": found.asked_at.isoformat()}
        content = {"status": "ready" if is_well else "not-ready", "timeStamps": told}
        return JSONResponse(content, status_code=200 if is_well else 503)


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
