"""The node's own statements, as `elshi journal verify` looks at them: the chain they form, and the events that they name.

Each statement names an event of the audit trail by number and digest. Signed, it lies in the hands of others; so the trail
can be held against the statements, and the statements against each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapter import conversion
from adapter.domain.document import Sha256
from adapter.domain.statement import Statement, first_break
from adapter.errors import Final, Finding, Severity
from adapter.ports import Store

_PAGE = 500


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


def look_at_statements(store: Store) -> StatementsSeen:
    """Every statement, in pages. A chain of which nobody says where it must end: that its last ones are there is held by
    the audit trail, whose event `delivery.queued` says that a receipt was made. Raises only what the store raises.
    """
    findings: list[Finding] = []
    events: list[NamedEvent] = []
    last: Statement | None = None
    while True:
        with store.snapshot() as snapshot:
            page = snapshot.statements.listed(after=0 if last is None else last.sequence, limit=_PAGE)
        if not page:
            return StatementsSeen(findings=tuple(findings), events=tuple(events))
        findings += _breaks(last, page)
        for statement in page:
            try:
                events.append(_named(statement))
            except Final as error:
                findings.append(_fault("journal.statement-unreadable", statement.sequence, reason=error.code))
        last = page[-1]


def event_named_by(document: bytes, name: str) -> NamedEvent:
    """What a signed statement in a file says of the trail. Raises Final `statement.unreadable`."""
    said, _ = conversion.read_statement(document)
    return NamedEvent(source=name, sequence=said.audit_event.sequence, digest=said.audit_event.digest)


def _breaks(last: Statement | None, page: tuple[Statement, ...]) -> Iterator[Finding]:
    """Every place where the chain does not hold: after a break it is looked at anew."""
    rest: tuple[Statement, ...] = page if last is None else (last, *page)
    if last is None and page[0].sequence != 1:
        yield _fault("journal.statement-broken", page[0].sequence)
    while (broken := first_break(rest)) is not None:
        yield _fault("journal.statement-broken", broken)
        place = next(number for number, one in enumerate(rest) if one.sequence == broken)
        rest = rest[place + 1 :]


def _named(statement: Statement) -> NamedEvent:
    return event_named_by(statement.content, f"statement {statement.sequence}")


def _fault(code: str, sequence: int, **params: object) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, params={"sequence": sequence, **params})
