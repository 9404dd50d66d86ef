"""The JSON API for a body's own systems: submit a signed container, ask for its state. Off unless a token is set.

POST /documents               body: an ASiC-E container; 201 with the delivery and its receipt, 200 when it stood there already
GET  /documents/{id}          every delivery of the document, with attempts
GET  /documents/{id}/receipt  the node's signed statement, byte for byte the same each time; ?kind=non-delivery for the other
GET  /deliveries              open deliveries
GET  /queue                   the same in pages: `deliveries`, and `next`, which goes into `after` of the next call
GET  /queue/{id}              one delivery whole: tries, proofs, history
GET  /events                  the audit trail in pages behind sequence `after`: ordered, without gaps, with its digest chain

What is refused has one shape at every address: see refusals.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from adapter.composition import Node
from adapter.composition.watching import queue_of
from adapter.domain.delivery import DeliveryState
from adapter.domain.document import DocumentId
from adapter.domain.statement import StatementKind
from adapter.errors import Final
from adapter.ports import KeptBlob
from adapter.server.refusals import Refused
from adapter.usecases.evidence_json import event_json
from adapter.usecases.queue import PAGE, Wanted


def router(node: Node) -> APIRouter:
    """The routes, guarded by the token of the settings."""
    guard = Depends(_guard(node))
    routes = APIRouter(dependencies=[guard], responses=_refusals(401, 422, 500, 503))
    _document_routes(routes, node)
    _queue_routes(routes, node)
    _event_routes(routes, node)
    return routes


def _document_routes(routes: APIRouter, node: Node) -> None:
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
        shown = await run_in_threadpool(queue_of(node).as_json, submitted.delivery)
        return {"replayed": submitted.replayed, **shown, "receipt": receipt}

    @routes.get("/documents/{document_id}", responses=_refusals(404))
    def document(document_id: str) -> list[dict[str, Any]]:
        with node.store.snapshot() as transaction:
            deliveries = transaction.outbox.of_document(DocumentId(document_id))
        if not deliveries:
            raise Final("status.no-such-document", params={"document": document_id})
        return [queue_of(node).as_json(delivery) for delivery in deliveries]

    @routes.get(
        "/documents/{document_id}/receipt",
        responses={**_refusals(404), 200: {"content": {"application/xml": {}}}},
        response_class=Response,
    )
    def receipt(document_id: str, kind: StatementKind = StatementKind.SUBMISSION_RECEIPT) -> Response:
        _, signed = node.reprint(DocumentId(document_id), kind)
        return Response(signed, media_type="application/xml")


def _queue_routes(routes: APIRouter, node: Node) -> None:
    @routes.get("/deliveries")
    def deliveries() -> list[dict[str, Any]]:
        queue = queue_of(node)
        return [queue.as_json(row) for row in queue.rows(Wanted())]

    @routes.get("/queue", responses=_refusals(404))
    def page(
        state: Annotated[list[DeliveryState] | None, Query()] = None,
        everything: Annotated[bool, Query(alias="all")] = False,  # noqa: FBT002 - a parameter of the address
        overdue: Annotated[bool, Query()] = False,  # noqa: FBT002 - the same
        after: Annotated[str | None, Query(max_length=_LONGEST_CURSOR)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    ) -> dict[str, Any]:
        wanted = Wanted(states=tuple(state or ()), everything=everything, overdue=overdue)
        queue = queue_of(node)
        found = queue.page(wanted, after=after, limit=limit)
        return {"deliveries": [queue.as_json(row) for row in found.rows], "next": found.after}

    @routes.get("/queue/{delivery}", responses=_refusals(404))
    def whole(delivery: str) -> dict[str, Any]:
        queue = queue_of(node)
        return queue.whole(queue.find(delivery))


def _event_routes(routes: APIRouter, node: Node) -> None:
    @routes.get("/events")
    def events(
        after: Annotated[int, Query(ge=0, le=_LAST_SEQUENCE)] = 0,
        limit: Annotated[int, Query(ge=1, le=_MOST_EVENTS)] = 100,
    ) -> dict[str, Any]:
        with node.store.snapshot() as transaction:
            found = transaction.audit.events(after=after, limit=limit)
            head = transaction.audit.head()
        return {
            "events": [event_json(one) for one in found],
            "after": found[-1].sequence if found else after,
            "head": None if head is None else {"sequence": head.sequence, "digest": head.digest},
        }


_MOST_EVENTS = 1000
_LAST_SEQUENCE = 2**63 - 1
"""The largest number that either database keeps."""
_LONGEST_CURSOR = 100


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
