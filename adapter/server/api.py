"""The JSON API for a body's own systems: submit a signed container, ask for its state. Off unless a token is set.

POST /documents          body: an ASiC-E container; 201 with the delivery, 200 when it stood there already
GET  /documents/{id}     every delivery of the document, with attempts
GET  /deliveries         open deliveries
"""

from __future__ import annotations

import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from adapter import texts
from adapter.composition import Node
from adapter.domain.delivery import FINAL_STATES, Delivery, DeliveryState, is_final
from adapter.domain.document import DocumentId
from adapter.errors import Conflict, DocumentRefused, ElshiError, Final, Finding
from adapter.ports import KeptBlob
from adapter.usecases.status import delivery_as_json


class FindingOut(BaseModel):
    """One finding with its sentence in three languages."""

    code: str
    severity: str
    xpath: str | None
    text: dict[str, str]


class Refusal(BaseModel):
    """Why a document was not taken."""

    code: str
    text: dict[str, str]
    findings: list[FindingOut]


def router(node: Node) -> APIRouter:
    """The routes, guarded by the token of the settings."""
    guard = Depends(_guard(node))
    routes = APIRouter(dependencies=[guard])

    @routes.post("/documents", status_code=201, responses={409: {"model": Refusal}, 422: {"model": Refusal}})
    async def submit(request: Request, response: Response) -> dict[str, Any]:
        kept = await _keep(node, request)
        try:
            submitted = await run_in_threadpool(node.submit().container, kept)
        except ElshiError as error:
            raise HTTPException(_status(error), detail=_refusal(error).model_dump()) from error
        if submitted.replayed:
            response.status_code = 200
        return {"replayed": submitted.replayed, **_shown(node, submitted.delivery)}

    @routes.get("/documents/{document_id}")
    def document(document_id: str) -> list[dict[str, Any]]:
        with node.store.transaction() as transaction:
            deliveries = transaction.outbox.of_document(DocumentId(document_id))
        if not deliveries:
            missing = Final("status.no-such-document", params={"document": document_id})
            raise HTTPException(404, detail=_refusal(missing).model_dump())
        return [_shown(node, delivery) for delivery in deliveries]

    @routes.get("/deliveries")
    def deliveries() -> list[dict[str, Any]]:
        with node.store.transaction() as transaction:
            open_states = [state for state in DeliveryState if state not in FINAL_STATES]
            rows = transaction.outbox.listed(states=open_states, limit=10_000)
        return [_shown(node, row) for row in rows if not is_final(row.state, row.content_kind)]

    return routes


def _guard(node: Node) -> Any:
    token = node.settings.server.api_token
    expected = f"Bearer {token.reveal()}" if token is not None else ""

    def check(authorization: Annotated[str, Header()] = "") -> None:
        if not expected or not hmac.compare_digest(authorization.encode(), expected.encode()):
            raise HTTPException(401, detail={"code": "api.not-authorized"})

    return check


async def _keep(node: Node, request: Request) -> KeptBlob:
    limit = node.settings.exchange.files.max_file_bytes
    with node.store.blobs.new() as writer:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                # How much more would have come is not known: it is refused while it streams.
                params = {"file": "POST /documents", "size": f"> {limit}", "limit": limit}
                raise HTTPException(413, detail=_refusal(Final("submit.file-too-large", params=params)).model_dump())
            writer.file.write(chunk)
        return await run_in_threadpool(writer.keep)


def _status(error: ElshiError) -> int:
    if isinstance(error, Conflict):
        return 409
    return 422 if isinstance(error, Final) else 503


def _refusal(error: ElshiError) -> Refusal:
    findings = error.findings if isinstance(error, DocumentRefused) else ()
    return Refusal(
        code=error.code,
        text={one.value: str(texts.render_error(error, one)) for one in texts.Language},
        findings=[_finding(one) for one in findings],
    )


def _finding(finding: Finding) -> FindingOut:
    return FindingOut(
        code=finding.code,
        severity=finding.severity.value,
        xpath=finding.place.xpath,
        text={one.value: str(texts.render_finding(finding, one)) for one in texts.Language},
    )


def _shown(node: Node, delivery: Delivery) -> dict[str, Any]:
    with node.store.transaction() as transaction:
        attempts = transaction.outbox.attempts(delivery.id)
    return delivery_as_json(delivery, attempts)
