"""The node's own statements as XML, in canonical form.

What is written is what is digested, so the form is fixed: exclusive canonical XML in UTF-8, one default namespace, no
white space between elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final as Constant

from lxml import etree

from adapter.domain.document import Sha256
from adapter.domain.statement import NonDelivery, Said, SubmissionReceipt

NAMESPACE: Constant = "urn:x-elshi:statement:v1"
_EVENTS: Constant[Mapping[type[Said], str]] = {
    SubmissionReceipt: "SubmissionAcceptance",
    NonDelivery: "ContentConsignmentFailure",
}


# --- writing ---------------------------------------------------------------------------------------------------------
def write_statement(said: SubmissionReceipt | NonDelivery, *, sequence: int, previous: Sha256) -> bytes:
    """The canonical content of a statement at its place of the chain. Total on well-typed values.

    Words of other systems are repeated; a character that XML has no place for becomes U+FFFD.
    """
    root = etree.Element(_tag(type(said).__name__), nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # the stubs know no default namespace
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
            passed=_truth(value=said.due.passed),
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
            dispute=_truth(value=answer.is_dispute),
        )
    if said.receipt is not None:
        _add(root, "Receipt", sequence=str(said.receipt.sequence), digest=said.receipt.digest)


def _add(parent: etree._Element, tag: str, /, **attributes: str | None) -> None:
    _fill(etree.SubElement(parent, _tag(tag)), **attributes)


def _fill(element: etree._Element, /, **attributes: str | None) -> None:
    for name, value in attributes.items():
        if value:
            element.set(name, _carried(value))


def _text(parent: etree._Element, name: str, value: str) -> None:
    etree.SubElement(parent, _tag(name)).text = _carried(value)


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _carried(text: str) -> str:
    return "".join(each if _has_place(ord(each)) else "\N{REPLACEMENT CHARACTER}" for each in text)


def _has_place(point: int) -> bool:
    return any(first <= point <= last for first, last in _CHARACTERS)


_CHARACTERS: Constant = ((0x20, 0xD7FF), (0x9, 0xA), (0xD, 0xD), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
"""XML 1.0, production 2 (Char)."""


def _instant(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _truth(*, value: bool) -> str:
    return "true" if value else "false"
