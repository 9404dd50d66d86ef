"""Files that tell of the audit chain: a stretch of it that is judged by itself, and witnesses that were kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from adapter import conversion
from adapter.domain.audit_event import GENESIS, ChainedEvent
from adapter.errors import Final
from adapter.ports import ChainHead
from adapter.usecases.evidence_json import event_of, read_json
from adapter.usecases.journal_report import Found, JournalReport, Walk, Witness
from adapter.usecases.verify_statements import event_named_by


def verify_segment(content: bytes, name: str) -> JournalReport:
    """The verdict on a stretch of the chain in a file: a list of events, as in an evidence folder's audit.json.

    Its first event is taken at its word for what stands before it. Raises Final `journal.no-segment`.
    """
    found = Found()
    events = _events_in(content, name)
    if not events:
        raise Final("journal.no-segment", params={"file": name})
    walk = Walk(found=found, sequence=events[0].sequence - 1, digest=events[0].previous)
    if events[0].sequence == 1:
        walk.digest = GENESIS
    for item in events:
        walk.step(item)
    last = events[-1]
    return JournalReport(
        verdict=found.verdict,
        events=walk.events,
        head=ChainHead(sequence=last.sequence, digest=last.digest),
        stamps=0,
        stamped_up_to=0,
        bytes_checked=0,
        faults=found.faults,
        findings=tuple(found.shown),
    )


def witnesses_in(content: bytes, name: str) -> tuple[Witness, ...]:
    """What a file that was kept elsewhere says of the chain: `sequence` with `digest`, wherever they stand together.

    Events of the feed, a message of the webhook, an evidence folder's audit.json; and a submission receipt or another
    statement of the node, which names one event. Raises Final `journal.no-witness` where nothing in it is one.
    """
    if conversion.is_statement(content):
        try:
            event = event_named_by(content, name)
        except Final as error:
            raise Final("journal.no-witness", params={"file": name}) from error
        return (Witness(source=name, sequence=event.sequence, digest=event.digest),)
    try:
        value = read_json(content)
    except (ValueError, RecursionError) as error:
        raise Final("journal.no-witness", params={"file": name}) from error
    found = tuple(_witnesses(value, name))
    if not found:
        raise Final("journal.no-witness", params={"file": name})
    return found


def _witnesses(value: object, name: str) -> Iterator[Witness]:
    if isinstance(value, list):
        for item in value:
            yield from _witnesses(item, name)
    elif isinstance(value, dict):
        sequence, digest = value.get("sequence"), value.get("digest")
        if "signed" in value:
            return  # a statement as submit and the queue tell of it: its number and digest are of the other chain
        if isinstance(sequence, int) and not isinstance(sequence, bool) and isinstance(digest, str):
            yield Witness(source=name, sequence=sequence, digest=digest)
        for item in value.values():
            yield from _witnesses(item, name)


def _events_in(content: bytes, name: str) -> list[ChainedEvent]:
    try:
        value = read_json(content)
        rows = value["events"] if isinstance(value, dict) else value
        return [event_of(item) for item in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Final("journal.no-segment", params={"file": name}) from error
