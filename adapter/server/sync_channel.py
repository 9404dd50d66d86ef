"""The SOAP endpoint: bytes in under limits of size and time, the use case, bytes out. It carries no rules.

The answer is sent only after the message is durable. A store that is busy gets the exchange a 503 without a fault: try
later, nothing was taken.
"""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from adapter.composition import Node
from adapter.errors import ElshiError, Final
from adapter.server.refusals import not_now

_XML = "text/xml; charset=utf-8"


class SyncChannelEndpoint:
    """POST SendMessage."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def answer(self, request: Request) -> Response:
        """The answer of the use case. Raises an ElshiError, which becomes a status and a refusal, when nothing was taken."""
        server = self._node.settings.server
        try:
            raw = await asyncio.wait_for(
                _read(request, server.max_request_bytes), timeout=server.read_within.total_seconds()
            )
        except TimeoutError as error:
            raise Final("server.too-slow", params={"within": server.read_within}) from error
        if raw is None:
            raise Final("exchange.push-too-large")
        try:
            answer = await run_in_threadpool(self._node.receive, raw)
        except ElshiError as error:
            raise not_now(error) from error
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
