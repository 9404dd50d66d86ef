"""What stands in the JSON files of an evidence folder: written for anybody, read as if anybody had written it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from adapter.domain.audit_event import AuditEvent, ChainedEvent
from adapter.domain.delivery import Attempt, Delivery
from adapter.domain.document import Sha256
from adapter.domain.incoming import RegisteredDocument
from adapter.domain.statement import Statement, StatementKind


# --- writing -------------------------------------------------------------------------------------------------------
def delivery_json(delivery: Delivery, statements: Iterable[Statement]) -> dict[str, object]:
    stated = {one.kind: one.digest for one in statements if one.delivery_id == delivery.id}
    return {
        "delivery": delivery.id,
        "addressee": delivery.addressee,
        "state": delivery.state.value,
        "proof": delivery.proof.value,
        "number": delivery.registration_number,
        "queuedAt": delivery.created_at.isoformat(),
        "deadline": delivery.deadline.isoformat() if delivery.deadline else None,
        "xml": delivery.digest,
        "reason": delivery.reason,
        "reasonText": delivery.reason_text,
        "receipt": stated.get(StatementKind.SUBMISSION_RECEIPT),
        "nonDelivery": stated.get(StatementKind.NON_DELIVERY),
    }


def registered_json(row: RegisteredDocument) -> dict[str, object]:
    return {
        "number": row.number,
        "receivedAt": row.received_at.isoformat(),
        "sender": row.sender,
        "late": row.is_late,
        "verdict": row.verdict,
        "officeSignature": row.office_verdict,
        "xml": row.xml,
    }


def attempt_json(attempt: Attempt) -> dict[str, object]:
    return {
        "number": attempt.number,
        "startedAt": attempt.started_at.isoformat(),
        "endedAt": attempt.ended_at.isoformat() if attempt.ended_at else None,
        "outcome": attempt.outcome.value,
        "messageId": attempt.message_id,
        "message": attempt.message,
        "answer": attempt.answer,
        "answerVerdict": attempt.answer_verdict,
        "code": attempt.code,
        "text": attempt.text,
        "planner": attempt.planner,
    }


def event_json(item: ChainedEvent) -> dict[str, object]:
    event = item.event
    return {
        "sequence": item.sequence,
        "previous": item.previous,
        "digest": item.digest,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "action": event.action,
        "mandate": event.mandate,
        "documentId": event.document_id,
        "details": dict(event.details),
    }


def json_bytes(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


# --- reading -------------------------------------------------------------------------------------------------------
def read_json(content: bytes) -> Any:
    """JSON of a folder that anybody may have written.

    ValueError also for halves of characters, which cannot be shown, for nesting that nothing of ours has, and for a name
    that stands twice in one object: the next reader may believe the other one.
    """
    value = json.loads(content, object_pairs_hook=_once)
    layer = [value]
    for _ in range(_MAX_DEPTH):
        layer = [item for one in layer for item in _inside(one)]
    if layer:
        raise ValueError("nested too deeply")
    json.dumps(value, ensure_ascii=False).encode()
    return value


_MAX_DEPTH = 8
"""Values in values; evidence.json has four."""


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name that stands twice")
    return found


def event_of(item: Mapping[str, Any]) -> ChainedEvent:
    at = datetime.fromisoformat(item["at"])
    if at.tzinfo is None:
        # Read in the zone of this machine it would hold here and break elsewhere.
        raise ValueError("an instant without a time zone")
    if not isinstance(item["details"], dict):
        raise TypeError("details that are none")
    return ChainedEvent(
        sequence=int(item["sequence"]),
        previous=Sha256(str(item["previous"])),
        digest=Sha256(str(item["digest"])),
        event=AuditEvent(
            at=at,
            actor=str(item["actor"]),
            action=str(item["action"]),
            mandate=str(item["mandate"]),
            document_id=item["documentId"],
            details=item["details"],
        ),
    )
