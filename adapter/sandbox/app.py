"""The sandbox over HTTP: the gateway's endpoint, and a small door to watch and to change it.

    POST <gateway path>          SyncChannel SendMessage
    GET  /sandbox/events         ?after=<number>&limit=<count>: what happened, as JSON
    GET  /sandbox/documents      ?after=<number>&limit=<count>&href=<href>: the book, document by document
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
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from adapter.errors import ElshiError
from adapter.sandbox.door import Door
from adapter.sandbox.endpoint import answer_call, limited_body
from adapter.sandbox.faults import FAULTS
from adapter.sandbox.sandbox import OutgoingFile
from adapter.sandbox.script import Rule, rules_from

_SCRIPT_BYTES = 256_000
_DOCUMENT_BYTES = 30_000_000
_MOST_EVENTS = 5000
_MOST_PAGES = 1000
_DIGITS = 11


def asgi_app(door: Door) -> Starlette:
    """The application; to be made inside the loop that runs it."""
    watch: list[tuple[str, str, Callable[[Door, Request], Awaitable[Response]]]] = [
        ("GET", "/sandbox/events", _events),
        ("GET", "/sandbox/documents", _documents),
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
    routes = [Route(door.sandbox.settings.path, partial(answer_call, door), methods=["POST"])]
    routes += [Route(path, partial(do, door), methods=[method]) for method, path, do in watch]
    routes += [Route(path, partial(_guarded, do, door), methods=[method]) for method, path, do in change]
    return Starlette(routes=routes)


# --- watching ---------------------------------------------------------------------------------------------------------
async def _events(door: Door, request: Request) -> Response:
    after = _whole(request.query_params.get("after"), 0)
    limit = min(_whole(request.query_params.get("limit"), _MOST_EVENTS), _MOST_EVENTS)
    found = door.sandbox.events(after=after)[:limit]
    return JSONResponse({"events": [one.as_json() for one in found]})


async def _documents(door: Door, request: Request) -> Response:
    after = _whole(request.query_params.get("after"), 0)
    limit = min(_whole(request.query_params.get("limit"), _MOST_PAGES), _MOST_PAGES)
    read = partial(door.sandbox.documents, after=after, limit=limit, href=request.query_params.get("href"))
    # Beside the loop: a thousand documents take a while, and calls are answered meanwhile.
    found = await asyncio.get_running_loop().run_in_executor(door.calls, read)
    return JSONResponse({"documents": found})


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
    rules = [{**rule.as_json(), **_seed(rule), "struck": struck} for rule, struck in door.sandbox.faults()]
    return JSONResponse({"fault": rules})


def _seed(rule: Rule) -> dict[str, int]:
    """A rule that strikes by chance is shown with the seed of the script that it came with."""
    return {} if rule.share is None else {"seed": rule.seed}


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
    body = await limited_body(request, limit)
    if body is None:
        raise ValueError("too large")
    return body


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _DIGITS else default
