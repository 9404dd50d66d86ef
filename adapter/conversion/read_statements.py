"""The node's own statements read back from XML, with or without their signature."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from typing import Final as Constant

from lxml import etree

import schemas
from adapter.conversion.statements import NAMESPACE
from adapter.domain.document import BodyCode, DocumentId, Sha256
from adapter.domain.outgoing import TravellingFile
from adapter.domain.statement import (
    Due,
    Link,
    LinkedEvent,
    NamedRuleset,
    NonDelivery,
    StatedAnswer,
    StatedAttempt,
    SubmissionReceipt,
)
from adapter.errors import Final

SCHEMA: Constant = "statement/v1"
_SIGNATURE: Constant = "{http://www.w3.org/2000/09/xmldsig#}Signature"


def is_statement(document: bytes) -> bool:
    """Whether the outermost element is one of a statement; False for what is no XML."""
    try:
        return _is_root(schemas.parse_untrusted(document))
    except schemas.XmlRefused:
        return False


def _is_root(root: etree._Element) -> bool:
    return root.tag in {_tag(kind.__name__) for kind in (SubmissionReceipt, NonDelivery)}


def read_statement(document: bytes) -> tuple[SubmissionReceipt | NonDelivery, bytes]:
    """What a statement says, and its content: the canonical form without the signature, whose digest the chain names.

    Signed or unsigned; the signature is judged by others. Raises Final `statement.unreadable` for bytes that are no XML
    or do not satisfy the schema.
    """
    try:
        root = schemas.parse_untrusted(document)
    except schemas.XmlRefused as error:
        raise Final("statement.unreadable", params={"reason": error.code}) from error
    if not _is_root(root):
        raise Final("statement.unreadable", params={"reason": "another document"})
    wrong = schemas.validate(root, SCHEMA)
    if wrong:
        raise Final("statement.unreadable", params={"reason": wrong[0].code})
    for signature in root.findall(_SIGNATURE):
        root.remove(signature)
    content = etree.tostring(root, method="c14n", exclusive=True, with_comments=False)
    try:
        return _read(root), content
    except (ValueError, OverflowError) as error:
        # 24:00 and the year 0000 are instants to XML Schema
        raise Final("statement.unreadable", params={"reason": "value"}) from error


def _read(root: etree._Element) -> SubmissionReceipt | NonDelivery:
    due = _one(root, "Due")
    event = _one(root, "AuditEvent")
    content = _one(root, "Content")
    clock = _one(root, "Clock")
    assert event is not None
    assert content is not None
    assert clock is not None
    plain: dict[str, Any] = {
        "body": BodyCode(_word(root, "Body")),
        "document_id": DocumentId(_word(root, "DocumentId")),
        "delivery_id": _word(root, "DeliveryId"),
        "addressee": BodyCode(_word(root, "Addressee")),
        "received_at": _when(_word(root, "ReceivedAt")),
        "made_at": _when(_at(root, "madeAt")),
        "running": timedelta(seconds=float(_at(clock, "running"))),
        "xml": Sha256(_at(content, "xml")),
        "container": Sha256(_at(content, "container")),
        "audit_event": LinkedEvent(
            sequence=int(_at(event, "sequence")),
            digest=Sha256(_at(event, "digest")),
            action=_at(event, "action"),
        ),
        "due": None
        if due is None
        else Due(
            at=_when(_at(due, "at")),
            last_safe_try=_when(_at(due, "lastSafeTry")),
            passed=_at(due, "passed") in {"true", "1"},
        ),
    }
    if root.tag == _tag("SubmissionReceipt"):
        return SubmissionReceipt(**plain, **_of_receipt(root))
    return NonDelivery(**plain, **_of_failure(root))


def _of_receipt(root: etree._Element) -> dict[str, Any]:
    ruleset = _one(root, "Ruleset")
    assert ruleset is not None
    return {
        "ruleset": NamedRuleset(
            id=_at(ruleset, "id"), version=_at(ruleset, "version"), sha256=Sha256(_at(ruleset, "sha256"))
        ),
        "files": tuple(
            TravellingFile(
                name=_at(one, "name"),
                media_type=_at(one, "mediaType"),
                size=int(_at(one, "size")),
                sha256=Sha256(_at(one, "sha256")),
            )
            for one in root.findall(_tag("File"))
        ),
    }


def _of_failure(root: etree._Element) -> dict[str, Any]:
    state, receipt = _one(root, "State"), _one(root, "Receipt")
    assert state is not None
    return {
        "state": _at(state, "is"),
        "since": _when(_at(state, "since")),
        "proof": _at(state, "proof"),
        "next_try": _maybe(_given(state, "next")),
        "reason": _given(state, "reason"),
        "number": _given(state, "number"),
        "receipt": None
        if receipt is None
        else Link(sequence=int(_at(receipt, "sequence")), digest=Sha256(_at(receipt, "digest"))),
        "attempts": tuple(
            StatedAttempt(
                number=int(_at(one, "number")),
                started_at=_when(_at(one, "startedAt")),
                ended_at=_maybe(_given(one, "endedAt")),
                outcome=_at(one, "outcome"),
                code=_given(one, "code"),
                message=Sha256(_at(one, "message")),
                answer=Sha256(_at(one, "answer")) if one.get("answer") else None,
            )
            for one in root.findall(_tag("Attempt"))
        ),
        "answers": tuple(
            StatedAnswer(
                kind=_at(one, "kind"),
                says=_at(one, "says"),
                received_at=_when(_at(one, "receivedAt")),
                verdict=_at(one, "verdict"),
                sha256=Sha256(_at(one, "sha256")),
                is_dispute=_at(one, "dispute") in {"true", "1"},
            )
            for one in root.findall(_tag("Answer"))
        ),
    }


def _at(element: etree._Element, name: str) -> str:
    return str(element.attrib[name])


def _given(element: etree._Element, name: str) -> str | None:
    found = element.get(name)
    return None if found is None else str(found)


def _one(root: etree._Element, name: str) -> etree._Element | None:
    return root.find(_tag(name))


def _word(root: etree._Element, name: str) -> str:
    return root.findtext(_tag(name)) or ""


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _when(text)


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
