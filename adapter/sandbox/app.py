"""The sandbox over HTTP: the gateway's endpoint, and a small door to watch and to change it.

    POST <gateway path>          SyncChannel SendMessage
    GET  /sandbox/events         ?after=<number>&limit=<count>: what happened, as JSON
    GET  /sandbox/findings       what participants' messages broke
    GET  /sandbox/faults         every fault there is, with its parameters
    GET  /sandbox/script         the rules in force
    POST /sandbox/script         add rules, TOML or JSON; DELETE forgets them all
    POST /sandbox/documents      send a document in a participant's name (JSON)
    POST /sandbox/endpoints      {"<code>": "<url>"}: where messages are pushed
    POST /sandbox/listener       {"open": true} or {"open": false, "seconds": 5}
    GET  /sandbox/health         "ok"

Whatever changes something is answered to callers on the same machine only, and never to a page in a browser.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapter.errors import ElshiError
from adapter.sandbox.connections import Client, Connections
from adapter.sandbox.events import LOG
from adapter.sandbox.faults import FAULTS
from adapter.sandbox.participants import UNKNOWN
from adapter.sandbox.replies import TEXT_TYPE, Post, Reply
from adapter.sandbox.sandbox import OutgoingFile, Sandbox
from adapter.sandbox.script import rules_from

_SCRIPT_BYTES = 256_000
_DOCUMENT_BYTES = 30_000_000
_MOST_EVENTS = 5000
_DIGITS = 11


class Listener(Protocol):
    """The gateway's listening socket."""

    async def close(self, seconds: float) -> None:
        """Refuse new connections for so long; 0: until opened."""
        ...

    async def open(self) -> None:
        """Take connections again."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """What the HTTP side works with: `calls` runs the gateway's work, `stopping` is set when the server goes down."""

    sandbox: Sandbox
    connections: Connections
    listener: Listener
    calls: Executor
    stopping: asyncio.Event


def asgi_app(door: Door) -> Starlette:
    """The application; to be made inside the loop that runs it."""
    watch: list[tuple[str, str, Callable[[Door, Request], Awaitable[Response]]]] = [
        ("GET", "/sandbox/events", _events),
        ("GET", "/sandbox/findings", _findings),
        ("GET", "/sandbox/faults", _faults),
        ("GET", "/sandbox/script", _script),
        ("GET", "/sandbox/health", _health),
    ]
    change: list[tuple[str, str, Callable[[Door, Request], Awaitable[Response]]]] = [
        ("POST", "/sandbox/script", _add_faults),
        ("DELETE", "/sandbox/script", _clear_faults),
        ("POST", "/sandbox/documents", _send_document),
        ("POST", "/sandbox/endpoints", _set_endpoints),
        ("POST", "/sandbox/listener", _set_listener),
    ]
    routes = [Route(door.sandbox.settings.path, partial(_gateway, door), methods=["POST"])]
    routes += [Route(path, partial(do, door), methods=[method]) for method, path, do in watch]
    routes += [Route(path, partial(_guarded, do, door), methods=[method]) for method, path, do in change]
    return Starlette(routes=routes)


# --- the gateway ------------------------------------------------------------------------------------------------------
async def _gateway(door: Door, request: Request) -> Response:
    settings = door.sandbox.settings
    door.connections.began(_client(request))
    try:
        async with asyncio.timeout(settings.read_within.total_seconds()):
            body = await _limited_body(request, settings.max_request_bytes)
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


async def _limited_body(request: Request, limit: int) -> bytes | None:
    """The body; None when it is longer than the limit, which is found before it is in memory."""
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and int(said) > limit:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


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


# --- watching ---------------------------------------------------------------------------------------------------------
async def _events(door: Door, request: Request) -> Response:
    after = _whole(request.query_params.get("after"), 0)
    limit = min(_whole(request.query_params.get("limit"), _MOST_EVENTS), _MOST_EVENTS)
    found = door.sandbox.events(after=after)[:limit]
    return JSONResponse({"events": [one.as_json() for one in found]})


async def _findings(door: Door, request: Request) -> Response:
    found = door.sandbox.protocol_findings(request.query_params.get("participant"))
    return JSONResponse({"findings": [one.as_json() for one in found]})


async def _faults(door: Door, request: Request) -> Response:  # noqa: ARG001 - the shape of a route
    listed = [
        {"name": one.name, "stage": one.stage.value, "does": one.sentence, "parameters": dict(one.parameters)}
        for one in FAULTS.values()
    ]
    return JSONResponse({"faults": listed})


async def _script(door: Door, request: Request) -> Response:  # noqa: ARG001 - the shape of a route
    return JSONResponse({"fault": [{**rule.as_json(), "struck": struck} for rule, struck in door.sandbox.faults()]})


async def _health(door: Door, request: Request) -> Response:  # noqa: ARG001 - the shape of a route
    return PlainTextResponse("ok")


# --- changing ---------------------------------------------------------------------------------------------------------
async def _guarded(do: Callable[[Door, Request], Awaitable[Response]], door: Door, request: Request) -> Response:
    """Same machine only; an Origin header means a browser, and a page must not steer the sandbox behind its user."""
    if not _is_loopback(request) or "origin" in request.headers:
        return JSONResponse({"code": "sandbox.not-from-here"}, status_code=403)
    try:
        return await do(door, request)
    except ElshiError as error:
        params = {name: str(text) for name, text in error.params.items()}
        return JSONResponse({"code": error.code, "params": params}, status_code=400)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return JSONResponse({"code": "sandbox.request-unreadable"}, status_code=400)


async def _add_faults(door: Door, request: Request) -> Response:
    body = await _small_body(request, _SCRIPT_BYTES)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        door.sandbox.add_faults(*rules_from(json.loads(body)))
    elif kind in {"application/toml", "text/plain"}:
        door.sandbox.add_faults_from_toml(body.decode())
    else:
        return JSONResponse({"code": "sandbox.request-unreadable"}, status_code=415)
    return await _script(door, request)


async def _clear_faults(door: Door, request: Request) -> Response:
    door.sandbox.clear_faults()
    return await _script(door, request)


async def _send_document(door: Door, request: Request) -> Response:
    asked: dict[str, Any] = json.loads(await _small_body(request, _DOCUMENT_BYTES))
    try:
        files = [
            OutgoingFile(
                name=str(one["name"]),
                mime=str(one.get("mime", "application/octet-stream")),
                content=base64.b64decode(one["content"], validate=True),
            )
            for one in asked.get("files", [])
        ]
    except binascii.Error as error:
        raise ValueError("base64") from error
    send = partial(
        door.sandbox.send_document,
        sender=str(asked["sender"]),
        performer=str(asked["performer"]),
        files=files,
        fields={str(name): str(text) for name, text in asked.get("fields", {}).items()},
        href=asked.get("href"),
    )
    href = await asyncio.get_running_loop().run_in_executor(door.calls, send)
    return JSONResponse({"href": href}, status_code=201)


async def _set_endpoints(door: Door, request: Request) -> Response:
    asked: dict[str, Any] = json.loads(await _small_body(request, _SCRIPT_BYTES))
    for code, url in asked.items():
        door.sandbox.set_endpoint(str(code), None if url is None else str(url))
    return JSONResponse({"endpoints": sorted(asked)})


async def _set_listener(door: Door, request: Request) -> Response:
    asked: dict[str, Any] = json.loads(await _small_body(request, _SCRIPT_BYTES))
    if asked["open"] is True:
        await door.listener.open()
    else:
        await door.listener.close(max(0.0, float(asked.get("seconds", 0))))
    return JSONResponse({"open": asked["open"] is True})


async def _small_body(request: Request, limit: int) -> bytes:
    body = await _limited_body(request, limit)
    if body is None:
        raise ValueError("too large")
    return body


def _client(request: Request) -> Client:
    return ("", 0) if request.client is None else (request.client.host, request.client.port)


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _DIGITS else default
