"""Every refusal over HTTP in one shape: code, place, what is wrong and what to do, in Kazakh, Russian and English.

The body is `{"detail": {...}}` at every address, the probes and the endpoint of the exchange included; a fault of SOAP is
an answer and no refusal. All three languages are always there: what asks is a program that shows it to a person later.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from adapter import texts
from adapter.errors import Conflict, ElshiError, Final, Retryable

_log = logging.getLogger(__name__)

_STATUS = {
    "api.not-authorized": 401,
    "status.no-such-document": 404,
    "statement.none": 404,
    "intervene.no-such-delivery": 404,
    "queue.no-such-cursor": 404,
    "server.no-such-address": 404,
    "server.no-such-method": 405,
    "server.too-slow": 408,
    "submit.file-too-large": 413,
    "exchange.push-too-large": 413,
    "server.defect": 500,
    "storage.blob-directory-gone": 503,
    "storage.blob-directory-needed": 503,
    "storage.damaged": 503,
    "storage.failed": 503,
    "storage.file-replaced": 503,
    "storage.full": 503,
    "storage.login-refused": 503,
    "storage.not-permitted": 503,
    "storage.read-only": 503,
    "storage.server-not-verified": 503,
}
"""Of errors whose class alone does not say the status."""

_OF_THE_FRAMEWORK = {404: "server.no-such-address", 405: "server.no-such-method"}
_RETRY_AFTER_SECONDS = 5
"""A busy store is free again within its own patience."""


class FindingOut(BaseModel):
    """One finding with its place, and its sentence in three languages: what is wrong, what to do."""

    code: str
    severity: str
    file: str | None
    line: int | None
    xpath: str | None
    text: dict[str, str]
    toDo: dict[str, str]  # noqa: N815 - the spelling of the JSON


class Refusal(BaseModel):
    """Why a request was refused."""

    code: str
    params: dict[str, Any]
    file: str | None
    line: int | None
    xpath: str | None
    text: dict[str, str]
    toDo: dict[str, str]  # noqa: N815 - the spelling of the JSON
    findings: list[FindingOut]


class Refused(BaseModel):
    """The body of every answer that is a refusal."""

    detail: Refusal


def refused(error: ElshiError) -> Response:
    """The answer to a request that was not done: a status by the class of the error or its code."""
    status = _status(error)
    shown = texts.error_as_json(error)
    headers: Mapping[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": str(_RETRY_AFTER_SECONDS)}
    return JSONResponse({"detail": {"code": shown.pop("error"), **shown}}, status_code=status, headers=headers)


def not_now(error: ElshiError) -> Retryable:
    """Whatever stands in the way is ours and not the caller's: a 4xx would tell the exchange not to come again."""
    return Retryable(error.code, place=error.place, params=error.params)


def add_refusals(app: Starlette | FastAPI) -> None:
    """Make every error of the application a refusal; nothing that Python says of a defect leaves the machine."""
    for error, answer in _ANSWERS.items():
        app.add_exception_handler(error, answer)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, ElshiError)
    if _status(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s not done: %s", request.method, error.code)
    return refused(error)


async def _of_framework(request: Request, error: Exception) -> Response:
    """The framework knows no address or no method; anything else that it refuses is no request of ours."""
    status = error.status_code if isinstance(error, HTTPException) else 422
    params = {"method": request.method, "path": request.url.path}
    answer = refused(Final(_OF_THE_FRAMEWORK.get(status, "server.not-understood"), params=params))
    if isinstance(error, HTTPException):
        answer.headers.update(error.headers or {})
    return answer


async def _gone(request: Request, error: Exception) -> Response:
    """The caller went away in the middle of its request; nobody reads this, and it is no defect."""
    del request, error
    return Response(status_code=400)


async def _defect(request: Request, error: Exception) -> Response:
    """What happened stands in the log, where the server writes it after this answer."""
    del request, error
    return refused(Final("server.defect"))


_ANSWERS = {
    ElshiError: _ours,
    HTTPException: _of_framework,
    RequestValidationError: _of_framework,
    ClientDisconnect: _gone,
    Exception: _defect,
}


def _status(error: ElshiError) -> int:
    if isinstance(error, Conflict):
        return 409
    return _STATUS.get(error.code, 422 if isinstance(error, Final) else 503)
