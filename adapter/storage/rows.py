"""Row <-> value, in one place. Closed lists are held by the tables' CHECKs, JSON columns by their strict reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.domain.audit_event import AuditEvent, ChainedEvent
from adapter.domain.breaker import Breaker, BreakerState
from adapter.domain.delivery import Attempt, AttemptOutcome, Delivery, DeliveryState, Proof
from adapter.domain.document import DocumentType
from adapter.domain.incoming import JournalEntry, JournalState, RegisteredDocument
from adapter.domain.outgoing import ContentKind
from adapter.domain.receipt import MessageVerdict, Receipt, ReceiptKind
from adapter.domain.stamped_files import StampedFiles
from adapter.domain.statement import SignedStatement, Statement, StatementKind
from adapter.storage.content_json import (
    content_from_json,
    content_to_json,
    details_from_json,
    details_to_json,
    files_from_json,
    files_to_json,
    findings_from_json,
    findings_to_json,
)

Row = Mapping[Any, Any]

_DELIVERY_FIXED = (
    *("id", "key", "content_kind", "content", "document_id", "sender", "addressee", "digest", "message_id"),
    "created_at",
)
"""What a delivery is; everything else is what has become of it."""

_DELIVERY_WARNED = ("warned", "warn_at")
"""Written by warnings alone, past whoever holds the row."""

_JOURNAL_FIXED = ("id", "message_id", "sha256", "size", "received_at", "verdict", "answer")
"""What came and what we answered."""


def delivery_row(delivery: Delivery) -> dict[str, object]:
    """Every column of a delivery."""
    return {**_fields(delivery), "content": content_to_json(delivery.content)}


def delivery_changes(delivery: Delivery) -> dict[str, object]:
    """The mutable columns, with the revision that stands after the write."""
    kept = {
        name: value for name, value in _fields(delivery).items() if name not in (*_DELIVERY_FIXED, *_DELIVERY_WARNED)
    }
    return {**kept, "revision": delivery.revision + 1}


def delivery_of(row: Row) -> Delivery:
    """The delivery in a row."""
    return Delivery(
        **{
            **row,
            "content_kind": ContentKind(row["content_kind"]),
            "content": content_from_json(row["content"]),
            "state": DeliveryState(row["state"]),
            "proof": Proof(row["proof"]),
        }
    )


def attempt_row(attempt: Attempt) -> dict[str, object]:
    """Every column of an attempt."""
    return _fields(attempt)


def attempt_end(attempt: Attempt) -> dict[str, object]:
    """The columns that the end of an attempt fills."""
    ended = ("ended_at", "outcome", "answer", "answer_verdict", "code", "text")
    return {name: value for name, value in _fields(attempt).items() if name in ended}


def attempt_of(row: Row) -> Attempt:
    """The attempt in a row."""
    return Attempt(**{**row, "outcome": AttemptOutcome(row["outcome"])})


def entry_row(entry: JournalEntry) -> dict[str, object]:
    """Every column of a journal entry."""
    return {**_fields(entry), "files": files_to_json(entry.files) if entry.files else None}


def entry_changes(entry: JournalEntry) -> dict[str, object]:
    """The mutable columns, with the revision that stands after the write."""
    kept = {name: value for name, value in entry_row(entry).items() if name not in _JOURNAL_FIXED}
    return {**kept, "revision": entry.revision + 1}


def entry_of(row: Row) -> JournalEntry:
    """The journal entry in a row."""
    files = () if row["files"] is None else files_from_json(row["files"])
    return JournalEntry(**{**row, "state": JournalState(row["state"]), "files": files})


def breaker_row(breaker: Breaker) -> dict[str, object]:
    """Every column of a breaker, with the revision that stands after the write."""
    return {**_fields(breaker), "revision": breaker.revision + 1}


def breaker_of(row: Row) -> Breaker:
    """The breaker in a row."""
    return Breaker(**{**row, "state": BreakerState(row["state"])})


def registered_row(document: RegisteredDocument) -> dict[str, object]:
    """Every column of a registered document but its sequence."""
    return {**_fields(document), "findings": findings_to_json(document.findings)}


def registered_of(row: Row) -> RegisteredDocument:
    """The registered document in a row."""
    return RegisteredDocument(
        **{
            **_without_sequence(row),
            "document_type": DocumentType(row["document_type"]),
            "findings": findings_from_json(row["findings"]),
        }
    )


def receipt_row(receipt: Receipt) -> dict[str, object]:
    """Every column of a receipt but its sequence."""
    return _fields(receipt)


def receipt_of(row: Row) -> Receipt:
    """The receipt in a row."""
    return Receipt(
        **{
            **_without_sequence(row),
            "kind": ReceiptKind(row["kind"]),
            "verdict": MessageVerdict(row["verdict"]),
        }
    )


def statement_row(statement: Statement) -> dict[str, object]:
    """Every column of a statement."""
    return _fields(statement)


def signed_row(signed: SignedStatement) -> dict[str, object]:
    """Every column of what is signed."""
    return _fields(signed)


def statement_of(row: Row) -> Statement:
    """The statement in a row; whether it follows from the one before is for domain.statement.first_break."""
    return Statement(**{**row, "kind": StatementKind(row["kind"]), "content": bytes(row["content"])})


def stamped_row(stamped: StampedFiles) -> dict[str, object]:
    """Every column of files as they travel."""
    return {**_fields(stamped), "files": files_to_json(stamped.files), "container": stamped.files[0].sha256}


def stamped_of(row: Row) -> StampedFiles:
    """The files as they travel in a row."""
    fields = {name: value for name, value in row.items() if name != "container"}
    return StampedFiles(**{**fields, "files": files_from_json(row["files"])})


def event_row(chained: ChainedEvent) -> dict[str, object]:
    """Every column of an audit event."""
    return {
        **_fields(chained.event),
        "details": details_to_json(chained.event.details),
        "sequence": chained.sequence,
        "previous": chained.previous,
        "digest": chained.digest,
    }


def event_of(row: Row) -> ChainedEvent:
    """The audit event in a row; whether it follows from the one before is for domain.audit_event.first_break."""
    return ChainedEvent(
        sequence=int(row["sequence"]),
        event=AuditEvent(
            at=row["at"],
            actor=row["actor"],
            action=row["action"],
            mandate=row["mandate"],
            document_id=row["document_id"],
            details=details_from_json(row["details"]),
        ),
        previous=row["previous"],
        digest=row["digest"],
    )


def _fields(
    value: Delivery
    | Attempt
    | JournalEntry
    | Breaker
    | RegisteredDocument
    | Receipt
    | AuditEvent
    | Statement
    | SignedStatement
    | StampedFiles,
) -> dict[str, object]:
    """Field name to value; a column has the name of its field, and an Enum of ours is its text."""
    return {name: getattr(value, name) for name in value.__slots__}


def _without_sequence(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "sequence"}
