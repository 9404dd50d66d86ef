"""What evidence.json states, laid beside what signed material in the same folder shows.

The seal says that the exporter stated it; here is judged whether it is so. Each statement has one of three grounds:

    signed      the container, a signed Receipt or response, a signed notice shows the same, or another thing
    chain       the event of the audit chain that recorded the deed says the same, or another thing
    word        nothing in the folder can tell: the exporter's word under its seal, named as such in the verdict

A state that needs an answer (registered, refused, delivered, in the centre) has to have that answer; and no state may
stand against a final answer that is there. The wire's disputes are left out of the second: they moved nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapter.domain.audit_event import ChainedEvent
from adapter.domain.delivery import DeliveryState
from adapter.domain.notice import NoticeKind
from adapter.domain.receipt import ReceiptKind
from adapter.domain.statement import StatementKind
from adapter.usecases.evidence_own import ACTIONS, FOLDER, VERSION, OwnStatement
from adapter.usecases.verdict import FAILED, INDETERMINATE, PASSED, check
from adapter.usecases.verified_container import DOCUMENT_NAME, Judged


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A file under messages/ or receipts/ as it was read and judged.

    says                of a notice its kind, of a response its outcome, of a Receipt "received"; None: not understood
    verdict             on its signature, the person who signed included
    stated_digest       the digest of the container that a Receipt names
    """

    name: str
    kind: ReceiptKind
    says: str | None
    verdict: str
    number: str | None = None
    stated_digest: str | None = None
    reason: str | None = None
    reason_text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the folder shows by itself.

    sizes   of every file whose digest is the listed one, bytes
    own     what the sender's node stated itself, as far as it could be read
    events  of the audit chain, when it holds
    """

    document: Judged
    document_id: object
    sizes: Mapping[str, int]
    answers: Sequence[Answer]
    own: Sequence[OwnStatement]
    events: Sequence[ChainedEvent]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Compared:
    place: str
    stated: object
    shown: object
    conclusion: str


def statements(manifest: Mapping[str, Any], shown: Shown) -> list[Mapping[str, Any]]:
    """One check for each statement that does not hold or cannot be told, one for all that hold, one that lists the rest."""
    compared = [*_files(manifest, shown), *_deliveries(manifest, shown), *_registered(manifest, shown)]
    checks = [
        check("evidence.statement", one.conclusion, place=one.place, stated=_word(one.stated), shown=_word(one.shown))
        for one in compared
        if one.conclusion != PASSED
    ]
    if not checks:
        checks.append(check("evidence.statements", PASSED, count=str(len(compared))))
    judged = {one.place for one in compared}
    rest = [place for place in places_of(manifest) if place not in judged and not _is_judged_elsewhere(place)]
    if rest:
        checks.append(check("evidence.exporters-word", "NOT_PERFORMED", count=str(len(rest)), places=", ".join(rest)))
    return checks


def places_of(value: object, place: str = "") -> Iterator[str]:
    """The place of every plain value in a JSON value: `deliveries[0].state`, `files["audit.json"].size`."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            step = f'["{key}"]' if place == "files" else f".{key}" if place else str(key)
            yield from places_of(item, place + step)
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from places_of(item, f"{place}[{number}]")
    else:
        yield place


def _is_judged_elsewhere(place: str) -> bool:
    """By checks of their own: evidence.manifest, .document-id, .container-digest, .file, .exporter, .exported-at."""
    return place in {"version", "documentId", "container", "exportedBy", "exportedAt"} or place.endswith('"].sha256')


def _word(value: object) -> str:
    return "—" if value is None else str(value)


def _same(place: str, facts: Mapping[str, Any], key: str, shown: object) -> _Compared:
    stated = facts.get(key)
    # 1 == True in Python, and not in JSON
    holds = stated == shown and isinstance(stated, bool) == isinstance(shown, bool)
    return _Compared(place=f"{place}.{key}", stated=stated, shown=shown, conclusion=PASSED if holds else FAILED)


# --- files -----------------------------------------------------------------------------------------------------------
_KINDS = {"document.asice": "container", "document.pdf": "printed-form", "handed-over.asice": "handed-over"}
_KINDS_OF_FOLDERS = {"certificates": "certificate", "answers": "answer"}


def _files(manifest: Mapping[str, Any], shown: Shown) -> Iterator[_Compared]:
    answers = {one.name: one for one in shown.answers}
    own = {one.name: one for one in shown.own}
    for name, facts in manifest["files"].items():
        if name not in shown.sizes or not isinstance(facts, dict):
            continue  # found wanting by evidence.file
        place = f'files["{name}"]'
        yield _same(place, facts, "size", shown.sizes[name])
        stated = own.get(name)
        if stated is not None:
            yield _same(place, facts, "what", stated.kind.value)
            yield _same(place, facts, "digest", stated.digest)
            continue
        answer = answers.get(name)
        if answer is None and name.startswith(("messages/", "receipts/", FOLDER)):
            continue  # not readable under these anchors, which its own check has said
        if answer is None:
            kind = _KINDS.get(name) or _KINDS_OF_FOLDERS.get(name.partition("/")[0])
            if kind is not None or "what" in facts:
                yield _same(place, facts, "what", kind)
            continue
        yield _same(place, facts, "what", answer.kind.value)
        if answer.kind is not ReceiptKind.GATEWAY_ANSWER:
            yield _same(place, facts, "says", answer.says)
        yield _same(place, facts, "number", answer.number)
        yield _same(place, facts, "statedDigest", answer.stated_digest)


# --- deliveries ------------------------------------------------------------------------------------------------------
_NEEDED = {
    DeliveryState.REGISTERED: NoticeKind.REGISTERED,
    DeliveryState.REFUSED: NoticeKind.NOT_VALID,
    DeliveryState.DELIVERED: NoticeKind.DELIVERED,
    DeliveryState.IN_CENTRE: NoticeKind.PROCESSED_IN_CENTRE,
}
_ENDS = {DeliveryState.REGISTERED: NoticeKind.REGISTERED, DeliveryState.REFUSED: NoticeKind.NOT_VALID}


def _deliveries(manifest: Mapping[str, Any], shown: Shown) -> Iterator[_Compared]:
    rows = manifest.get("deliveries")
    queued = sorted(str(one.event.details.get("delivery")) for one in shown.events if _is_queueing(one, shown))
    if not isinstance(rows, list):
        yield _Compared(place="deliveries", stated=rows, shown=", ".join(queued), conclusion=FAILED)
        return
    if shown.events:
        # A delivery left out is a statement too.
        stated = sorted(str(facts.get("delivery")) for facts in rows if isinstance(facts, dict))
        yield _Compared(
            place="deliveries",
            stated=", ".join(stated),
            shown=", ".join(queued),
            conclusion=PASSED if stated == queued else FAILED,
        )
    for number, facts in enumerate(rows):
        place = f"deliveries[{number}]"
        if not isinstance(facts, dict):
            yield _Compared(place=place, stated=facts, shown=None, conclusion=FAILED)
            continue
        yield from _queued(place, facts, shown)
        yield from _state(place, facts, manifest, shown, is_only=len(rows) == 1)
        yield from _told(place, facts, manifest, shown, is_only=len(rows) == 1)
        yield from _own(place, facts, manifest, shown)


_OWN = {"receipt": StatementKind.SUBMISSION_RECEIPT, "nonDelivery": StatementKind.NON_DELIVERY}


def _own(place: str, facts: Mapping[str, Any], manifest: Mapping[str, Any], shown: Shown) -> Iterator[_Compared]:
    """What the node stated of this delivery is there, each once; where the chain says that it was stated, it is missed,
    in a form too that had no place for it: a node that stated something wrote no such form.
    """
    for key, kind in _OWN.items():
        there = [one.digest for one in shown.own if one.kind is kind and one.said.delivery_id == facts.get("delivery")]
        is_told = any(
            one.event.details.get("delivery") == facts.get("delivery") and _is_stating(one, kind)
            for one in shown.events
        )
        if manifest.get("version") != VERSION and not is_told:
            continue
        expected: list[object] = list(there) if there or is_told else [None]
        yield _Compared(
            place=f"{place}.{key}",
            stated=facts.get(key),
            shown=", ".join(there) or None,
            conclusion=PASSED if expected == [facts.get(key)] else FAILED,
        )


def _is_stating(item: ChainedEvent, kind: StatementKind) -> bool:
    """Whether the event is the one in whose commit a statement of the kind was made."""
    is_receipt = kind is StatementKind.SUBMISSION_RECEIPT
    return item.event.action == ACTIONS[kind] and (not is_receipt or item.event.details.get("receipt") is True)


def _queued(place: str, facts: Mapping[str, Any], shown: Shown) -> Iterator[_Compared]:
    """What was sent to whom: the signed document says it, and the event of its queueing."""
    if shown.document.report is not None:
        recipient = shown.document.report.header.recipient
        if recipient is not None:
            yield _same(place, facts, "addressee", recipient.code)
        yield _same(place, facts, "xml", _xml(shown.document))
    if not shown.events:
        return  # found wanting by evidence.audit-chain
    named = facts.get("delivery")
    found = [one.event for one in shown.events if _is_queueing(one, shown) and one.event.details["delivery"] == named]
    yield _same(place, facts, "delivery", found[0].details["delivery"] if found else None)
    stated = _instant(facts.get("queuedAt"))
    queued = found[0].at if found else None
    yield _Compared(
        place=f"{place}.queuedAt",
        stated=facts.get("queuedAt"),
        shown=queued.isoformat() if queued else None,
        conclusion=PASSED if stated is not None and stated == queued else FAILED,
    )


def _is_queueing(item: ChainedEvent, shown: Shown) -> bool:
    """The event of the submission; a return to the queue after a try has the same action and names no XML."""
    event = item.event
    return (
        event.action == "delivery.queued"
        and event.document_id == shown.document_id
        and {"delivery", "xml"} <= event.details.keys()
    )


def _state(
    place: str, facts: Mapping[str, Any], manifest: Mapping[str, Any], shown: Shown, *, is_only: bool
) -> Iterator[_Compared]:
    """Nothing for a state that is the exporter's word: one that needs no answer, with no answer against it."""
    stated = facts.get("state")
    there = {one.says for one in shown.answers if one.kind is ReceiptKind.NOTICE and one.verdict == PASSED}
    untold = {one.says for one in shown.answers if one.kind is ReceiptKind.NOTICE and one.verdict == INDETERMINATE}
    known = stated in [one.value for one in DeliveryState]
    needed = _NEEDED.get(DeliveryState(str(stated))) if known else None
    # One document may go to several bodies, and a notice names its speaker by a number that no file here explains.
    against = not known or (is_only and _is_contradicted(DeliveryState(str(stated)), _undisputed(manifest, shown)))
    if needed is None and not against:
        return
    conclusion = INDETERMINATE if needed in untold else FAILED
    if not against and (needed in there or (needed is NoticeKind.NOT_VALID and _is_refused_at_the_door(facts, shown))):
        conclusion = PASSED
    seen = ", ".join(sorted(map(str, there)))
    yield _Compared(place=f"{place}.state", stated=stated, shown=seen or None, conclusion=conclusion)


def _is_contradicted(state: DeliveryState, told: set[str]) -> bool:
    """Whether an answer that moved the delivery stands against the state."""
    ends = {kind.value for kind in _ENDS.values()} & told
    if ends:
        return state not in _ENDS or _ENDS[state].value not in ends
    return NoticeKind.DELIVERED in told and state not in {DeliveryState.DELIVERED, *_ENDS}


def _is_refused_at_the_door(facts: Mapping[str, Any], shown: Shown) -> bool:
    """A final fault of the gateway ends a delivery without any notice; the chain records it."""
    return any(
        one.event.action == "delivery.refused" and one.event.details.get("delivery") == facts.get("delivery")
        for one in shown.events
    )


def _undisputed(manifest: Mapping[str, Any], shown: Shown) -> set[str]:
    return {
        str(one.says)
        for one in shown.answers
        if one.kind is ReceiptKind.NOTICE
        and one.verdict == PASSED
        and not _is_dispute(manifest["files"], one.name, shown)
    }


def _is_dispute(files: Mapping[str, Any], name: str, shown: Shown) -> bool:
    """As the chain recorded it when the notice came: the flag beside the file alone takes nothing away."""
    facts = files.get(name)
    if not isinstance(facts, dict) or facts.get("dispute") is not True:
        return False
    return any(
        one.event.action == "notice.dispute"
        and one.event.document_id == shown.document_id
        and one.event.details.get("sha256") == facts.get("sha256")
        for one in shown.events
    )


_REACH = ("none", "notice", "digest")
"""adapter.domain.delivery.Proof, from the least to the most."""


def _told(
    place: str, facts: Mapping[str, Any], manifest: Mapping[str, Any], shown: Shown, *, is_only: bool
) -> Iterator[_Compared]:
    """Number and reason as the notices gave them; how far the proof reaches."""
    notices = [one for one in shown.answers if one.kind is ReceiptKind.NOTICE and one.verdict != FAILED]
    numbers: list[object] = [one.number for one in notices if one.number is not None]
    if not is_only or all(_is_dispute(manifest["files"], one.name, shown) for one in notices if one.number is not None):
        numbers.append(None)
    yield _one_of(place, facts, "number", numbers)
    refusals = [one for one in notices if one.says == NoticeKind.NOT_VALID]
    if refusals and facts.get("state") == DeliveryState.REFUSED and not _is_refused_at_the_door(facts, shown):
        yield _one_of(place, facts, "reason", [one.reason for one in refusals])
        if not any(one.kind is ReceiptKind.PROCESSING_RESPONSE for one in shown.answers):
            # the findings of a response stand in place of the notice's words
            yield _one_of(place, facts, "reasonText", [one.reason_text for one in refusals])
    if facts.get("proof") not in _REACH:
        yield _Compared(place=f"{place}.proof", stated=facts.get("proof"), shown=None, conclusion=FAILED)
    elif is_only:
        yield _proof(place, facts, shown)


def _one_of(place: str, facts: Mapping[str, Any], key: str, shown: Sequence[object]) -> _Compared:
    stated = facts.get(key)
    return _Compared(
        place=f"{place}.{key}",
        stated=stated,
        shown=", ".join(map(_word, shown)),
        conclusion=PASSED if stated in shown else FAILED,
    )


def _proof(place: str, facts: Mapping[str, Any], shown: Shown) -> _Compared:
    """Less than is there is wrong as well; more than is there is evidence.proof-missing, which also knows what is untold."""
    container = shown.document.container
    is_digest = any(
        one.kind is ReceiptKind.SIGNED_RECEIPT
        and one.verdict == PASSED
        and container is not None
        and one.stated_digest == container.blob
        for one in shown.answers
    )
    stated = facts.get("proof")
    is_notice = facts.get("state") == DeliveryState.REGISTERED
    least = "digest" if is_digest else "notice" if is_notice else "none"
    holds = _REACH.index(str(stated)) >= _REACH.index(least)
    return _Compared(place=f"{place}.proof", stated=stated, shown=least, conclusion=PASSED if holds else FAILED)


# --- registered ------------------------------------------------------------------------------------------------------
def _registered(manifest: Mapping[str, Any], shown: Shown) -> Iterator[_Compared]:
    facts = manifest.get("registered")
    place = "registered"
    found = [
        one.event
        for one in shown.events
        if one.event.action == "document.registered" and one.event.document_id == shown.document_id
    ]
    if not isinstance(facts, dict):
        # Saying nothing about a registration that the chain records is a statement too.
        holds = facts is None and not found
        number = found[0].details.get("number") if found else None
        yield _Compared(place=place, stated=facts, shown=number, conclusion=PASSED if holds else FAILED)
        return
    if shown.document.report is not None:
        yield _same(place, facts, "sender", shown.document.report.header.sender.code)
        yield _same(place, facts, "xml", _xml(shown.document))
    if not shown.events:
        return  # found wanting by evidence.audit-chain
    details: Mapping[str, Any] = found[-1].details if found else {}
    for key, word in (("number", "number"), ("late", "late"), ("verdict", "verdict"), ("officeSignature", "office")):
        yield _same(place, facts, key, details.get(word))


def _xml(document: Judged) -> str | None:
    signed = document.objects.get(DOCUMENT_NAME)
    return signed.sha256.hex() if signed is not None else None


def _instant(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
