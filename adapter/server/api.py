"""The JSON API for a body's own systems: submit a signed container, ask for its state. Off unless a token is set.

POST /documents               body: an ASiC-E container; 201 with the delivery and its receipt, 200 when it stood there already
GET  /documents/{id}          every delivery of the document, with attempts
GET  /documents/{id}/receipt  the node's signed statement, byte for byte the same each time; ?kind=non-delivery for the other
GET  /deliveries              open deliveries

What is refused has one shape at every address: see refusals.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool

from adapter.composition import Node
from adapter.domain.delivery import FINAL_STATES, Delivery, DeliveryState, is_final
from adapter.domain.document import DocumentId
from adapter.domain.statement import StatementKind
from adapter.errors import Final
from adapter.ports import KeptBlob
from adapter.server.refusals import Refused
from adapter.usecases.status import delivery_as_json


def router(node: Node) -> APIRouter:
    """The routes, guarded by the token of the settings."""
    guard = Depends(_guard(node))
    routes = APIRouter(dependencies=[guard], responses=_refusals(401, 422, 500, 503))

    @routes.post("/documents", status_code=201, responses=_refusals(408, 409, 413))
    async def submit(request: Request, response: Response) -> dict[str, Any]:
        kept = await _keep(node, request)
        submitted = await run_in_threadpool(node.submit().container, kept)
        if submitted.replayed:
            response.status_code = 200
        receipt = None
        if submitted.receipt is not None:
            receipt = {
                **submitted.receipt.as_json(),
                "href": f"/documents/{submitted.delivery.document_id}/receipt",
            }
        return {"replayed": submitted.replayed, **_shown(node, submitted.delivery), "receipt": receipt}

    @routes.get("/documents/{document_id}", responses=_refusals(404))
    def document(document_id: str) -> list[dict[str, Any]]:
        with node.store.transaction() as transaction:
            deliveries = transaction.outbox.of_document(DocumentId(document_id))
        if not deliveries:
            raise Final("status.no-such-document", params={"document": document_id})
        return [_shown(node, delivery) for delivery in deliveries]

    @routes.get(
        "/documents/{document_id}/receipt",
        responses={**_refusals(404), 200: {"content": {"application/xml": {}}}},
        response_class=Response,
    )
    def receipt(document_id: str, kind: StatementKind = StatementKind.SUBMISSION_RECEIPT) -> Response:
        _, signed = node.reprint(DocumentId(document_id), kind)
        return Response(signed, media_type="application/xml")

    @routes.get("/deliveries")
    def deliveries() -> list[dict[str, Any]]:
        with node.store.transaction() as transaction:
            open_states = [state for state in DeliveryState if state not in FINAL_STATES]
            rows = transaction.outbox.listed(states=open_states, limit=10_000)
        return [_shown(node, row) for row in rows if not is_final(row.state, row.content_kind)]

    return routes


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Refused} for status in statuses}


def _guard(node: Node) -> Any:
    token = node.settings.server.api_token
    expected = f"Bearer {token.reveal()}" if token is not None else ""

    def check(authorization: Annotated[str, Header()] = "") -> None:
        if not expected or not hmac.compare_digest(authorization.encode(), expected.encode()):
            raise Final("api.not-authorized")

    return check


async def _keep(node: Node, request: Request) -> KeptBlob:
    """The body in the store. Raises Final `submit.file-too-large` and `server.too-slow` while it streams."""
    limit, within = node.settings.exchange.files.max_file_bytes, node.settings.server.read_within.total_seconds()
    with node.store.blobs.new() as writer:
        size = 0
        try:
            async with asyncio.timeout(within):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > limit:
                        # How much more would have come is not known: it is refused while it streams.
                        params = {"file": "POST /documents", "size": f"> {limit}", "limit": limit}
                        raise Final("submit.file-too-large", params=params)
                    writer.file.write(chunk)
        except TimeoutError as error:
            raise Final("server.too-slow", params={"within": node.settings.server.read_within}) from error
        return await run_in_threadpool(writer.keep)


def _shown(node: Node, delivery: Delivery) -> dict[str, Any]:
    with node.store.transaction() as transaction:
        attempts = transaction.outbox.attempts(delivery.id)
    return delivery_as_json(delivery, attempts)
