"""Small values of the domain with every field said, for the contract suites."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import Attempt, Delivery, DeliveryState
from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.escalation import first_warning
from adapter.domain.incoming import JournalEntry, JournalState, RegisteredDocument
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.domain.outgoing import ContentKind, OutgoingDocument, OutgoingNotice, TravellingFile, Words
from adapter.domain.receipt import MessageVerdict, Receipt, ReceiptKind
from adapter.errors import Finding, Place, Severity

NOW = datetime(2026, 1, 31, 9, 30, 15, 250_000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=30)
CONTAINER = b"container bytes"


def digest(content: bytes | str) -> Sha256:
    return Sha256(hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest())


def document_id(number: int) -> DocumentId:
    return DocumentId(f"urn:uuid:00000000-0000-4000-8000-{number:012d}")


def outgoing_document(number: int = 1, /, *, addressee: str = "KZ-MFA", **changes: Any) -> OutgoingDocument:
    words = Words(kk="Сыртқы істер министрлігі", ru="Министерство иностранных дел")
    fields: dict[str, Any] = {
        "document_id": document_id(number),
        "document_type": DocumentType.TREATY_INFORMATION,
        "sender": BodyCode("KZ-MOF"),
        "addressee": BodyCode(addressee),
        "registration_number": f"11-1/{number}",
        "registration_date": date(2026, 1, 30),
        "description": words,
        "author": words,
        "recipient": words,
        "signer": words,
        "executor": "Ахметова Г.",
        "executor_phone": "+7 7172 00 00 00",
        "sheets": 4,
        "files": (
            TravellingFile(
                name="есеп.asice",
                media_type="application/vnd.etsi.asic-e+zip",
                size=len(CONTAINER),
                sha256=digest(CONTAINER),
            ),
        ),
        "office_signature": b"\x30\x00\xff",
        "prepared_at": NOW,
        "answers": "11-1-4/135",
        "due_on": date(2026, 2, 1),
    }
    return OutgoingDocument(**(fields | changes))


def outgoing_notice(number: int = 1, /, *, addressee: str = "KZ-MOF", **changes: Any) -> OutgoingNotice:
    fields: dict[str, Any] = {
        "document_id": document_id(number),
        "kind": NoticeKind.NOT_VALID,
        "speaker": "77",
        "addressee": "78",
        "said_at": NOW,
        "registration_number": "вх-1",
        "reason": RefusalReason.AGAINST_RULES,
        "reason_text": "по правилам",
        "text": "…",
        "details": (("executor", "Иванов"), ("date", "2026-01-31")),
        "sha256": digest("raw"),
    }
    return OutgoingNotice(notice=Notice(**(fields | changes)), sender=BodyCode("KZ-MFA"), addressee=BodyCode(addressee))


def delivery(number: int = 1, /, *, addressee: str = "KZ-MFA", **changes: Any) -> Delivery:
    """A QUEUED delivery of document `number`, due at NOW."""
    fields: dict[str, Any] = {
        "id": f"delivery-{number:04d}",
        "key": document_id(number),
        "content_kind": ContentKind.DOCUMENT,
        "content": outgoing_document(number, addressee=addressee),
        "document_id": document_id(number),
        "sender": BodyCode("KZ-MOF"),
        "addressee": BodyCode(addressee),
        "digest": digest(f"xml {number}"),
        "message_id": f"message-{number}",
        "state": DeliveryState.QUEUED,
        "wake_at": NOW,
        "created_at": NOW + timedelta(microseconds=number),
        "changed_at": NOW,
    }
    said = fields | changes
    warned, warn_at = first_warning(created_at=said["created_at"], deadline=said.get("deadline"))
    return Delivery(**({"warned": warned, "warn_at": warn_at} | said))


def notice_delivery(number: int = 1, /, *, addressee: str = "KZ-MOF", **changes: Any) -> Delivery:
    fields: dict[str, Any] = {
        "id": f"notice-{number:04d}",
        "key": f"{document_id(number)}#not-valid",
        "content_kind": ContentKind.NOTICE,
        "content": outgoing_notice(number, addressee=addressee),
        "sender": BodyCode("KZ-MFA"),
        "digest": digest(f"notice {number}"),
    }
    return delivery(number, addressee=addressee, **(fields | changes))


def attempt(number: int = 1, /, *, of: Delivery, message: Sha256, **changes: Any) -> Attempt:
    fields: dict[str, Any] = {
        "id": f"{of.id}-attempt-{number}",
        "delivery_id": of.id,
        "number": number,
        "message_id": of.message_id,
        "message": message,
        "files_expire_at": NOW + 60 * MINUTE,
        "started_at": NOW,
    }
    return Attempt(**(fields | changes))


def entry(number: int = 1, raw: bytes = b"<raw/>", /, **changes: Any) -> JournalEntry:
    fields: dict[str, Any] = {
        "id": f"entry-{number:04d}",
        "message_id": f"message-{number}",
        "sha256": digest(raw),
        "size": len(raw),
        "received_at": NOW + timedelta(seconds=number),
        "verdict": "verified",
        "answer": b"<answer>SCSS001</answer>",
        "state": JournalState.RECEIVED,
        "wake_at": NOW,
    }
    return JournalEntry(**(fields | changes))


def registered(number: int = 1, /, **changes: Any) -> RegisteredDocument:
    fields: dict[str, Any] = {
        "document_id": document_id(number),
        "case_id": "case-2025-KZ-MOF",
        "document_type": DocumentType.TREATY_INFORMATION,
        "reporting_year": 2025,
        "sender": BodyCode("KZ-MOF"),
        "sender_participant": "78",
        "number": f"вх-{number}",
        "received_at": NOW,
        "outgoing_number": "11-1/1",
        "outgoing_date": date(2026, 1, 30),
        "container": digest(CONTAINER),
        "container_size": len(CONTAINER),
        "xml": digest("xml"),
        "signer": "CN=СЕРИКОВ СЕРИК,C=KZ",
        "verdict": "TOTAL-PASSED",
        "is_late": False,
        "supersedes": document_id(900),
        "findings": (
            Finding(
                code="BR-09a",
                severity=Severity.WARNING,
                params={"count": 2, "name": {"kk": "а", "ru": "б", "en": "c"}, "list": ("x", "y"), "none": None},
                place=Place(file="report.xml", line=41, xpath="/TreatyInformation"),
            ),
        ),
        "office_verdict": "TOTAL-PASSED",
    }
    return RegisteredDocument(**(fields | changes))


def receipt(number: int = 1, raw: bytes = b"<receipt/>", /, **changes: Any) -> Receipt:
    fields: dict[str, Any] = {
        "id": f"receipt-{number:04d}",
        "document_id": document_id(1),
        "addressee": BodyCode("KZ-MFA"),
        "kind": ReceiptKind.NOTICE,
        "says": "registered",
        "received_at": NOW + timedelta(seconds=number),
        "raw": digest(raw),
        "verdict": MessageVerdict.VERIFIED,
        "stated_at": NOW,
        "stated_digest": digest("xml"),
        "registration_number": "вх-1",
        "is_dispute": True,
    }
    return Receipt(**(fields | changes))


def event(number: int = 1, /, **changes: Any) -> AuditEvent:
    fields: dict[str, Any] = {
        "at": NOW + timedelta(seconds=number),
        "actor": "worker",
        "action": "delivery.sent",
        "mandate": "p.12",
        "document_id": document_id(1),
        "details": {"delivery": f"d-{number}", "attempt": number, "planner": False, "code": None},
    }
    return AuditEvent(**(fields | changes))


def roll_back(store: Any, work: Callable[[Any], object]) -> None:
    """Do `work` in a transaction and break off before the commit."""
    with pytest.raises(ZeroDivisionError):
        _break_off(store, work)


def _break_off(store: Any, work: Callable[[Any], object]) -> None:
    with store.transaction() as transaction:
        work(transaction)
        raise ZeroDivisionError
