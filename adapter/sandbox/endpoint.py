"""The gateway's endpoint over HTTP: a request under limits of size and time, and a reply in its own manner.

A manner is what a fault asks for: whole, cut, dripping, late, or the connection reset and nothing said.
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapter.sandbox.connections import Client
from adapter.sandbox.door import Door
from adapter.sandbox.events import LOG
from adapter.sandbox.participants import UNKNOWN
from adapter.sandbox.replies import TEXT_TYPE, Heard, Post, Reply

_LONGEST_LENGTH = 15
"""Digits of a Content-Length that is believed; a longer body is met by the limit while it streams."""


async def answer_call(door: Door, request: Request) -> Response:
    settings = door.sandbox.settings
    door.connections.began(_client(request))
    pace = door.sandbox.read_pace(_stated_size(request))
    try:
        async with asyncio.timeout(settings.read_within.total_seconds()):
            body = await limited_body(request, settings.max_request_bytes, pace)
    except TimeoutError:
        door.sandbox.note(UNKNOWN, "call.refused", outcome="HTTP 408, the request did not come in time")
        return _Written(door, Reply(status=408, body=b"too slow\n", content_type=TEXT_TYPE))
    except ClientDisconnect:
        door.sandbox.note(UNKNOWN, "call.refused", outcome="the client went away")
        return _Written(door, Reply(reset=True))
    if body is None:
        door.sandbox.note(UNKNOWN, "call.refused", outcome=f"HTTP 413, over {settings.max_request_bytes} bytes")
        return _Written(door, Reply(status=413, body=b"too large\n", content_type=TEXT_TYPE))
    post = Post(
        body=body,
        content_type=request.headers.get("content-type", ""),
        soap_action=request.headers.get("soapaction"),
    )
    loop = asyncio.get_running_loop()
    try:
        reply = await loop.run_in_executor(door.calls, door.sandbox.answer, post)
    except Exception as error:  # noqa: BLE001 - reason: a simulator outlives any input
        # What nobody foresaw becomes one event and a plain 500, and is logged for us.
        LOG.exception("a request could not be answered")
        door.sandbox.note(UNKNOWN, "call.failed", outcome=type(error).__name__)
        reply = Reply(status=500, body=b"sandbox failure\n", content_type=TEXT_TYPE)
    if reply.refuse_for is not None:
        # Before the answer is out: whoever has read it finds the listener closed.
        await door.listener.close(reply.refuse_for.total_seconds())
    return _Written(door, reply)


async def limited_body(request: Request, limit: int, pace: float | None = None) -> bytes | None:
    """The body; None when it is longer than the limit, which is found before it is in memory.

    pace    bytes per second that it is taken at; None: as they come
    """
    if _stated_size(request) > limit:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
        if pace is not None:
            await asyncio.sleep(len(chunk) / pace)
    return bytes(body)


def _stated_size(request: Request) -> int:
    """Content-Length; 0 when there is none that can be read."""
    said = request.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= _LONGEST_LENGTH else 0


class _Written(Response):
    """A Reply written out in its own manner: whole, cut, dripping, late or not at all."""

    def __init__(self, door: Door, reply: Reply) -> None:
        super().__init__(reply.body, reply.status, media_type=None)
        self._door = door
        self._reply = reply
        length = str(len(reply.body)).encode()
        self.raw_headers = [(b"content-type", reply.content_type.encode()), (b"content-length", length)]
        self.raw_headers += [(name.encode(), text.encode()) for name, text in reply.headers]
        if reply.status in {408, 413}:
            self.raw_headers.append((b"connection", b"close"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client: Client = tuple(scope["client"] or ("", 0))
        connections, reply = self._door.connections, self._reply
        if reply.after is not None:
            await self._heard(reply.after)
        if reply.begun:
            await send({"type": "http.response.start", "status": reply.status, "headers": self.raw_headers})
        if reply.hold is not None:
            await _until_gone(receive, self._door.stopping, reply.hold.total_seconds())
        if reply.reset or reply.hold is not None:
            connections.reset(client)
            await _let_go()
            return
        await send({"type": "http.response.start", "status": reply.status, "headers": self.raw_headers})
        if reply.cut is not None:
            part = reply.body[: int(len(reply.body) * reply.cut)]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            connections.cut(client)
            await _let_go()
            return
        size = reply.chunk or len(reply.body) or 1
        for start in range(0, len(reply.body), size):
            chunk = reply.body[start : start + size]
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            if reply.pause and await _until_gone(receive, self._door.stopping, reply.pause.total_seconds()):
                connections.reset(client)
                await _let_go()
                return
        connections.idle(client)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _heard(self, wanted: Heard) -> None:
        """Wait until the centre's messages were tried; not longer than the script says."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wanted.within.total_seconds()):
                while not self._door.sandbox.book.is_heard(wanted.href, wanted.until):
                    await self._door.listener.until_tried()


async def _until_gone(receive: Receive, stopping: asyncio.Event, seconds: float) -> bool:
    """Wait until the client goes, the server stops (True), or the time is over (False)."""
    waits = [asyncio.ensure_future(receive()), asyncio.ensure_future(stopping.wait())]
    try:
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for one in waits:
            one.cancel()


async def _let_go() -> None:
    """Let the loop tell uvicorn that the connection is gone, so that it does not complain of a missing answer."""
    for _ in range(3):
        await asyncio.sleep(0)


def _client(request: Request) -> Client:
    return ("", 0) if request.client is None else (request.client.host, request.client.port)
