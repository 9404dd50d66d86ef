"""The node's own statements as XML: written in canonical form, read back with or without their signature.

What is written is what is digested, so the form is fixed: exclusive canonical XML in UTF-8, one default namespace, no
white space between elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final as Constant

from lxml import etree

import schemas
from adapter.domain.document import BodyCode, DocumentId, Sha256
from adapter.domain.outgoing import TravellingFile
from adapter.domain.statement import (
    Due,
    Link,
    LinkedEvent,
    NamedRuleset,
    NonDelivery,
    Said,
    StatedAnswer,
    StatedAttempt,
    SubmissionReceipt,
)
from adapter.errors import Final

SCHEMA: Constant = "statement/v1"
_NAMESPACE: Constant = "urn:x-elshi:statement:v1"
_SIGNATURE: Constant = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_EVENTS: Constant[Mapping[type[Said], str]] = {
    SubmissionReceipt: "SubmissionAcceptance",
    NonDelivery: "ContentConsignmentFailure",
}


# --- writing ---------------------------------------------------------------------------------------------------------
def write_statement(said: SubmissionReceipt | NonDelivery, *, sequence: int, previous: Sha256) -> bytes:
    """The canonical content of a statement at its place of the chain. Total on well-typed values.

    Words of other systems are repeated; a character that XML has no place for becomes U+FFFD.
    """
    root = etree.Element(_tag(type(said).__name__), nsmap={None: _NAMESPACE})
    _fill(
        root,
        sequence=str(sequence),
        previous=previous,
        madeAt=_instant(said.made_at),
        event=_EVENTS[type(said)],
    )
    _text(root, "Body", said.body)
    _text(root, "DocumentId", said.document_id)
    _text(root, "DeliveryId", said.delivery_id)
    _text(root, "Addressee", said.addressee)
    _text(root, "ReceivedAt", _instant(said.received_at))
    _add(root, "Clock", source="machine", running=f"{max(said.running, timedelta()) / timedelta(seconds=1):.6f}")
    if said.due is not None:
        _add(
            root,
            "Due",
            at=_instant(said.due.at),
            lastSafeTry=_instant(said.due.last_safe_try),
            passed=_truth(said.due.passed),
        )
    if isinstance(said, SubmissionReceipt):
        _add(root, "Ruleset", id=said.ruleset.id, version=said.ruleset.version, sha256=said.ruleset.sha256)
    _add(root, "Content", xml=said.xml, container=said.container)
    if isinstance(said, SubmissionReceipt):
        for file in said.files:
            _add(root, "File", name=file.name, mediaType=file.media_type, size=str(file.size), sha256=file.sha256)
    else:
        _write_failure(root, said)
    event = said.audit_event
    _add(root, "AuditEvent", sequence=str(event.sequence), digest=event.digest, action=event.action)
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False)


def _write_failure(root: etree._Element, said: NonDelivery) -> None:
    _add(
        root,
        "State",
        **{"is": said.state},
        since=_instant(said.since),
        proof=said.proof,
        next=_instant(said.next_try) if said.next_try is not None else None,
        reason=said.reason,
        number=said.number,
    )
    for one in said.attempts:
        _add(
            root,
            "Attempt",
            number=str(one.number),
            startedAt=_instant(one.started_at),
            endedAt=_instant(one.ended_at) if one.ended_at is not None else None,
            outcome=one.outcome,
            code=one.code,
            message=one.message,
            answer=one.answer,
        )
    for answer in said.answers:
        _add(
            root,
            "Answer",
            kind=answer.kind,
            says=answer.says,
            receivedAt=_instant(answer.received_at),
            verdict=answer.verdict,
            sha256=answer.sha256,
            dispute=_truth(answer.is_dispute),
        )
    if said.receipt is not None:
        _add(root, "Receipt", sequence=str(said.receipt.sequence), digest=said.receipt.digest)


def _add(parent: etree._Element, name: str, **attributes: str | None) -> None:
    _fill(etree.SubElement(parent, _tag(name)), **attributes)


def _fill(element: etree._Element, **attributes: str | None) -> None:
    for name, value in attributes.items():
        if value:
            element.set(name, _carried(value))


def _text(parent: etree._Element, name: str, value: str) -> None:
    etree.SubElement(parent, _tag(name)).text = _carried(value)


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


def _carried(text: str) -> str:
    return "".join(each if _has_place(ord(each)) else "\N{REPLACEMENT CHARACTER}" for each in text)


def _has_place(point: int) -> bool:
    """XML 1.0, production 2 (Char)."""
    return point in {0x9, 0xA, 0xD} or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or point >= 0x10000


def _instant(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _truth(value: bool) -> str:
    return "true" if value else "false"


# --- reading ---------------------------------------------------------------------------------------------------------
def is_statement(root: etree._Element) -> bool:
    """Whether the outermost element is one of a statement."""
    return root.tag in {_tag(kind.__name__) for kind in _EVENTS}


def read_statement(document: bytes) -> tuple[SubmissionReceipt | NonDelivery, bytes]:
    """What a statement says, and its content: the canonical form without the signature, whose digest the chain names.

    Signed or unsigned; the signature is judged by others. Raises Final `statement.unreadable` for bytes that are no XML
    or do not satisfy the schema.
    """
    try:
        root = schemas.parse_untrusted(document)
    except schemas.XmlRefused as error:
        raise Final("statement.unreadable", params={"reason": error.code}) from error
    if not is_statement(root):
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
    plain = {
        "body": BodyCode(_word(root, "Body")),
        "document_id": DocumentId(_word(root, "DocumentId")),
        "delivery_id": _word(root, "DeliveryId"),
        "addressee": BodyCode(_word(root, "Addressee")),
        "received_at": _when(_word(root, "ReceivedAt")),
        "made_at": _when(root.attrib["madeAt"]),
        "running": timedelta(seconds=float(clock.attrib["running"])),
        "xml": Sha256(content.attrib["xml"]),
        "container": Sha256(content.attrib["container"]),
        "audit_event": LinkedEvent(
            sequence=int(event.attrib["sequence"]),
            digest=Sha256(event.attrib["digest"]),
            action=event.attrib["action"],
        ),
        "due": None
        if due is None
        else Due(
            at=_when(due.attrib["at"]),
            last_safe_try=_when(due.attrib["lastSafeTry"]),
            passed=due.attrib["passed"] in {"true", "1"},
        ),
    }
    if root.tag == _tag("SubmissionReceipt"):
        return SubmissionReceipt(**plain, **_of_receipt(root))
    return NonDelivery(**plain, **_of_failure(root))


def _of_receipt(root: etree._Element) -> dict[str, object]:
    ruleset = _one(root, "Ruleset")
    assert ruleset is not None
    return {
        "ruleset": NamedRuleset(
            id=ruleset.attrib["id"], version=ruleset.attrib["version"], sha256=Sha256(ruleset.attrib["sha256"])
        ),
        "files": tuple(
            TravellingFile(
                name=one.attrib["name"],
                media_type=one.attrib["mediaType"],
                size=int(one.attrib["size"]),
                sha256=Sha256(one.attrib["sha256"]),
            )
            for one in root.findall(_tag("File"))
        ),
    }


def _of_failure(root: etree._Element) -> dict[str, object]:
    state, receipt = _one(root, "State"), _one(root, "Receipt")
    assert state is not None
    return {
        "state": state.attrib["is"],
        "since": _when(state.attrib["since"]),
        "proof": state.attrib["proof"],
        "next_try": _maybe(state.get("next")),
        "reason": state.get("reason"),
        "number": state.get("number"),
        "receipt": None
        if receipt is None
        else Link(sequence=int(receipt.attrib["sequence"]), digest=Sha256(receipt.attrib["digest"])),
        "attempts": tuple(
            StatedAttempt(
                number=int(one.attrib["number"]),
                started_at=_when(one.attrib["startedAt"]),
                ended_at=_maybe(one.get("endedAt")),
                outcome=one.attrib["outcome"],
                code=one.get("code"),
                message=Sha256(one.attrib["message"]),
                answer=Sha256(one.attrib["answer"]) if "answer" in one.attrib else None,
            )
            for one in root.findall(_tag("Attempt"))
        ),
        "answers": tuple(
            StatedAnswer(
                kind=one.attrib["kind"],
                says=one.attrib["says"],
                received_at=_when(one.attrib["receivedAt"]),
                verdict=one.attrib["verdict"],
                sha256=Sha256(one.attrib["sha256"]),
                is_dispute=one.attrib["dispute"] in {"true", "1"},
            )
            for one in root.findall(_tag("Answer"))
        ),
    }


def _one(root: etree._Element, name: str) -> etree._Element | None:
    return root.find(_tag(name))


def _word(root: etree._Element, name: str) -> str:
    return root.findtext(_tag(name)) or ""


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _when(text)
