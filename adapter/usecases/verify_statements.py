"""The node's own statements, as `elshi journal verify` looks at them: the chain they form, and the events that they name.

Each statement names an event of the audit trail by number and digest. Signed, it lies in the hands of others; so the trail
can be held against the statements, and the statements against each other and against the rows beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapter import conversion
from adapter.domain.audit_event import ChainedEvent
from adapter.domain.document import Sha256
from adapter.domain.statement import NonDelivery, Statement, StatementKind, SubmissionReceipt, first_break
from adapter.errors import ElshiError, Final, Finding, Severity
from adapter.ports import Store, Transaction
from adapter.usecases.evidence_own import ACTIONS

_PAGE = 500

UNREADABLE = (Final, ValueError, TypeError, KeyError, AttributeError)
"""What reading a row raises that holds something else than the program has written. An engine that cannot answer now
(Retryable) says nothing about the row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedEvent:
    """What a statement says of the audit trail: event `sequence` has `digest`. `source` names the statement to people."""

    source: str
    sequence: int
    digest: Sha256


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementsSeen:
    """Faults of the chain, and what its statements say of the audit trail."""

    findings: tuple[Finding, ...]
    events: tuple[NamedEvent, ...]


def look_at_statements(store: Store, *, reads_bytes: bool = False) -> StatementsSeen:
    """Every statement, in pages. A chain of which nobody says where it must end: that its last ones are there is held by
    the audit trail, whose events say that something was stated (`states`). Raises only what the store raises.

    reads_bytes     the signed forms are read, too, and held against what was stated
    """
    findings: list[Finding] = []
    events: list[NamedEvent] = []
    last: Statement | None = None
    while True:
        after = 0 if last is None else last.sequence
        try:
            with store.snapshot() as snapshot:
                page = snapshot.statements.listed(after=after, limit=_PAGE)
                for statement in page:
                    found, event = _look_at(snapshot, statement)
                    findings += found
                    events += event
        except UNREADABLE as error:
            findings.append(_fault("journal.statement-unreadable", after + 1, reason=_reason(error)))
            return StatementsSeen(findings=tuple(findings), events=tuple(events))
        if not page:
            return StatementsSeen(findings=tuple(findings), events=tuple(events))
        findings += _breaks(last, page)
        if reads_bytes:
            findings += [one for statement in page for one in _signed_form(store, statement)]
        last = page[-1]


def event_named_by(document: bytes, name: str) -> NamedEvent:
    """What a signed statement in a file says of the trail. Raises Final `statement.unreadable`."""
    said, _ = conversion.read_statement(document)
    return NamedEvent(source=name, sequence=said.audit_event.sequence, digest=said.audit_event.digest)


def states(item: ChainedEvent) -> bool:
    """Whether a statement was made in the commit of this event. Nodes of before there were any write neither."""
    if item.event.action == ACTIONS[StatementKind.SUBMISSION_RECEIPT]:
        return item.event.details.get("receipt") is True
    return item.event.action == ACTIONS[StatementKind.NON_DELIVERY]


def _look_at(snapshot: Transaction, statement: Statement) -> tuple[list[Finding], list[NamedEvent]]:
    """Read once, because the schema costs a millisecond: what differs beside it, and the event that it names."""
    try:
        said, _ = conversion.read_statement(statement.content)
    except Final as error:
        return [_fault("journal.statement-unreadable", statement.sequence, reason=error.code)], []
    event = said.audit_event
    named = NamedEvent(source=f"statement {statement.sequence}", sequence=event.sequence, digest=event.digest)
    return list(_beside(snapshot, statement, said)), [named]


def _beside(snapshot: Transaction, statement: Statement, said: SubmissionReceipt | NonDelivery) -> Iterator[Finding]:
    """The columns beside the content are found by, and the delivery is what the receipt says: nobody looks into the XML."""
    kind = StatementKind.SUBMISSION_RECEIPT if isinstance(said, SubmissionReceipt) else StatementKind.NON_DELIVERY
    told = {
        "kind": (kind, statement.kind),
        "document_id": (said.document_id, statement.document_id),
        "delivery_id": (said.delivery_id, statement.delivery_id),
        "made_at": (said.made_at, statement.made_at),
    }
    for column, (stated, found) in told.items():
        if stated != found:
            yield _fault("journal.statement-differs", statement.sequence, column=column, expected=stated, found=found)
    if kind is StatementKind.NON_DELIVERY:
        return
    try:
        row = snapshot.outbox.get(said.delivery_id)
    except UNREADABLE:
        row = None
    if row is None:
        yield _fault("journal.delivery-missing", statement.sequence, delivery=said.delivery_id)
        return
    of_row = {
        "document_id": (said.document_id, row.document_id),
        "sender": (said.body, row.sender),
        "addressee": (said.addressee, row.addressee),
        "digest": (said.xml, row.digest),
        "created_at": (said.received_at, row.created_at),
        "deadline": (None if said.due is None else said.due.at, row.deadline),
    }
    for column, (stated, found) in of_row.items():
        if stated != found:
            params = {"delivery": row.id, "column": column, "expected": stated or "", "found": found or ""}
            yield _fault("journal.delivery-differs", statement.sequence, **params)


def _signed_form(store: Store, statement: Statement) -> Iterator[Finding]:
    """The bytes that are handed out are what was stated, with a signature and nothing else."""
    with store.snapshot() as snapshot:
        signed = snapshot.statements.signed(statement.sequence)
    if signed is None:
        return  # it waits for its key
    try:
        _, content = conversion.read_statement(store.blobs.read(signed.sha256))
    except Final as error:
        yield _fault("journal.statement-unreadable", statement.sequence, reason=error.code)
        return
    if content != statement.content:
        yield _fault("journal.signed-form-differs", statement.sequence, sha256=signed.sha256)


def _breaks(last: Statement | None, page: tuple[Statement, ...]) -> Iterator[Finding]:
    """Every place where the chain does not hold: after a break it is looked at anew."""
    rest: tuple[Statement, ...] = page if last is None else (last, *page)
    if last is None and page[0].sequence != 1:
        yield _fault("journal.statement-broken", page[0].sequence)
    while (broken := first_break(rest)) is not None:
        yield _fault("journal.statement-broken", broken)
        place = next(number for number, one in enumerate(rest) if one.sequence == broken)
        rest = rest[place + 1 :]


def _reason(error: BaseException) -> str:
    return error.code if isinstance(error, ElshiError) else type(error).__name__


def _fault(code: str, sequence: int, **params: object) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, params={"sequence": sequence, **params})
