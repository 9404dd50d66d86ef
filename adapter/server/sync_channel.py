"""The SOAP endpoint: bytes in under limits of size and time, the use case, bytes out. It carries no rules.

The answer is sent only after the message is durable. A store that is busy gets the exchange a 503 without a fault: try
later, nothing was taken.
"""

from __future__ import annotations

import asyncio
import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from adapter.composition import Node
from adapter.errors import ElshiError

_log = logging.getLogger(__name__)

_XML = "text/xml; charset=utf-8"


class SyncChannelEndpoint:
    """POST SendMessage."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def answer(self, request: Request) -> Response:
        """The answer of the use case, or an HTTP status alone when nothing was taken."""
        server = self._node.settings.server
        try:
            raw = await asyncio.wait_for(
                _read(request, server.max_request_bytes), timeout=server.read_within.total_seconds()
            )
        except TimeoutError:
            return Response(status_code=408)
        except ClientDisconnect:
            return Response(status_code=400)
        if raw is None:
            return Response("exchange.push-too-large", status_code=413, media_type="text/plain")
        try:
            answer = await run_in_threadpool(self._node.receive, raw)
        except ElshiError as error:
            _log.error("nothing was taken: %s", error.code)
            return Response(error.code, status_code=503, media_type="text/plain", headers={"Retry-After": "5"})
        return Response(answer.content, status_code=answer.status, media_type=_XML)


async def _read(request: Request, limit: int) -> bytes | None:
    """The body, or None as soon as it is longer than `limit`: counted while it streams, never after."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        return None
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limit:
            return None
    return bytes(received)
