"""Where documents stand: deliveries with their attempts, as plain values for a table, a script or the JSON API."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.domain.delivery import Attempt, Delivery
from adapter.domain.document import DocumentId
from adapter.domain.incoming import JournalState, RegisteredDocument
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.errors import Final
from adapter.ports import Store
from adapter.usecases.explain import Prospect
from adapter.usecases.pages import every_delivery, every_entry


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """Reads; changes nothing. `ahead` says what lies ahead of a delivery."""

    store: Store
    ahead: Callable[[Delivery], Prospect | None] = lambda _: None

    def outgoing(self, document_id: DocumentId | None = None, *, notices: bool = False) -> list[dict[str, Any]]:
        """Deliveries, oldest first; notices of ours only when asked for. Final `status.no-such-document`."""
        with self.store.snapshot() as transaction:
            rows = (
                transaction.outbox.of_document(document_id) if document_id is not None else every_delivery(transaction)
            )
            wanted = [row for row in rows if notices or row.content_kind is ContentKind.DOCUMENT]
            found = [
                delivery_as_json(row, transaction.outbox.attempts(row.id), ahead=self.ahead(row)) for row in wanted
            ]
        if document_id is not None and not found and self.registered_one(document_id) is None:
            raise Final("status.no-such-document", params={"document": document_id})
        return found

    def incoming(self) -> list[dict[str, Any]]:
        """Registered documents in order of recording."""
        with self.store.snapshot() as transaction:
            rows = transaction.register.listed()
        return [registered_as_json(row) for row in rows]

    def held(self) -> list[dict[str, Any]]:
        """Incoming messages that wait for a person."""
        with self.store.snapshot() as transaction:
            rows = tuple(every_entry(transaction, states=(JournalState.HELD, JournalState.REFUSED)))
        return [
            {
                "entry": row.id,
                "state": row.state.value,
                "receivedAt": row.received_at.isoformat(),
                "code": row.outcome,
                "params": json.loads(row.outcome_params or "{}"),
                "documentId": row.document_id,
                "sha256": row.sha256,
                "size": row.size,
            }
            for row in rows
        ]

    def registered_one(self, document_id: DocumentId) -> RegisteredDocument | None:
        """The register row of a document."""
        with self.store.snapshot() as transaction:
            return transaction.register.find(document_id)


def delivery_as_json(
    delivery: Delivery, attempts: Sequence[Attempt], *, ahead: Prospect | None = None
) -> dict[str, Any]:
    """One delivery as plain values, with what lies ahead of it where that is known."""
    content = delivery.content
    return {
        "delivery": delivery.id,
        "documentId": delivery.document_id,
        "content": delivery.content_kind.value,
        "documentType": content.document_type.value
        if isinstance(content, OutgoingDocument)
        else content.notice.kind.value,
        "outgoingNumber": content.registration_number if isinstance(content, OutgoingDocument) else None,
        "addressee": delivery.addressee,
        "state": delivery.state.value,
        "proof": delivery.proof.value,
        "registrationNumber": delivery.registration_number,
        "attempts": delivery.attempts,
        "queuedAt": delivery.created_at.isoformat(),
        "changedAt": delivery.changed_at.isoformat(),
        "nextAt": delivery.wake_at.isoformat() if delivery.wake_at else None,
        "deadline": delivery.deadline.isoformat() if delivery.deadline else None,
        **(ahead.as_json() if ahead is not None else {}),
        "reason": delivery.reason,
        "reasonText": delivery.reason_text,
        "xml": delivery.digest,
        "tries": [
            {
                "number": attempt.number,
                "startedAt": attempt.started_at.isoformat(),
                "endedAt": attempt.ended_at.isoformat() if attempt.ended_at else None,
                "outcome": attempt.outcome.value,
                "code": attempt.code,
            }
            for attempt in attempts
        ],
    }


def registered_as_json(row: RegisteredDocument) -> dict[str, Any]:
    """One register row as plain values."""
    return {
        "documentId": row.document_id,
        "documentType": row.document_type.value,
        "number": row.number,
        "receivedAt": row.received_at.isoformat(),
        "sender": row.sender,
        "outgoingNumber": row.outgoing_number,
        "late": row.is_late,
        "verdict": row.verdict,
        "officeSignature": row.office_verdict,
        "signer": row.signer,
        "findings": [finding.code for finding in row.findings],
        "container": row.container,
    }
