"""BR-05, BR-13, BR-18 and BR-19: who sends, when, under which marking, and under which identifier."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import schemas
from adapter import texts
from adapter.domain.codes import AccessMarking, Action
from adapter.domain.report import FieldPath, TreatyInformation
from adapter.errors import Final as FinalError
from adapter.errors import Severity
from adapter.rules.deadlines import day_in_zone, deadline, zone_of
from adapter.rules.facts import Identity
from adapter.rules.language_rules import is_blank
from adapter.rules.ruleset import DeadlineEvent, OrderNeed
from adapter.rules.subject import Hit, Subject, cannot_tell, in_all

_SENDER: Final[FieldPath] = ("header", "sender")
MFA: Final = "KZ-MFA"
"""The authorized body of p.2; switch A8 says whether it submits to itself."""


def sender_is_expected(subject: Subject) -> Iterator[Hit]:
    """BR-05a: the sender is known, existed on the date of the document, and is on the coverage list of the year.

    The list speaks of those who submit information (p.1), so it is asked for TreatyInformation only.
    """
    header = subject.report.header
    day = _document_day(subject)
    if day is None:
        yield cannot_tell("fact.document-date", ("header", "registration_date"))
        return
    existed = schemas.valid_on(header.sender.code, day)
    if not existed:
        yield _sender_hit(subject, day)
    elif isinstance(subject.report, TreatyInformation):
        coverage = subject.facts.coverage
        if coverage is None or coverage.year != header.reporting_year:
            yield cannot_tell("fact.coverage", _SENDER)
        elif coverage.find(header.sender.code) is None or _not_self_submitting(subject):
            yield _sender_hit(subject, day)


def _sender_hit(subject: Subject, day: date) -> Hit:
    sender = subject.report.header.sender
    return Hit(path=_SENDER, params={"body": in_all(sender.name), "code": sender.code, "date": day})


def _not_self_submitting(subject: Subject) -> bool:
    return subject.report.header.sender.code == MFA and not subject.ruleset.switches.self_submission


def _document_day(subject: Subject) -> date | None:
    """The date of the document, or before it is registered the day of the check."""
    registered = subject.report.header.registration_date
    if registered is not None or subject.facts.at is None:
        return registered
    return day_in_zone(subject.facts.at, subject.ruleset)


def recipient_is_addressee(subject: Subject) -> Iterator[Hit]:
    """RQ-8.5: the recipient is the body that the leg names, resolved by role and date. Not a rule of the table."""
    header = subject.report.header
    leg = subject.ruleset.leg(header.document_type)
    day = _document_day(subject)
    if leg is None or leg.recipient is None or header.recipient is None or day is None:
        return
    try:
        expected = subject.ruleset.body_of(leg.recipient, on=day)
    except FinalError:
        yield cannot_tell("fact.role-holder", ("header", "recipient"))
        return
    if expected is not None and header.recipient.code != expected:
        params = {
            "found": in_all(header.recipient.name),
            "expected": texts.label_of_code_in_all("bodies", expected),
            "date": day,
        }
        yield Hit(path=("header", "recipient"), params=params)


def sender_is_of_the_leg(subject: Subject) -> Iterator[Hit]:
    """The sender is the body that the leg names; a leg of many bodies is BR-05a's. Not a rule of the table."""
    header = subject.report.header
    leg = subject.ruleset.leg(header.document_type)
    day = _document_day(subject)
    if leg is None or day is None:
        return
    try:
        expected = subject.ruleset.body_of(leg.sender, on=day)
    except FinalError:
        yield cannot_tell("fact.role-holder", _SENDER)
        return
    if expected is not None and header.sender.code != expected:
        params = {
            "found": in_all(header.sender.name),
            "expected": texts.label_of_code_in_all("bodies", expected),
            "date": day,
        }
        yield Hit(path=_SENDER, params=params)


def subdivision_order_is_named(subject: Subject) -> Iterator[Hit]:
    """BR-05b: the order that determines the subdivision is named, as strictly as switch A10 asks."""
    need = subject.ruleset.switches.subdivision_order
    header = subject.report.header
    if not isinstance(subject.report, TreatyInformation) or need is OrderNeed.OFF:
        return
    if header.subdivision_order is None or is_blank(header.subdivision_order.number):
        severity = Severity.ERROR if need is OrderNeed.REQUIRED else None
        yield Hit(path=("header", "subdivision_order"), severity=severity)


def received_in_time(subject: Subject) -> Iterator[Hit]:
    """BR-13: received before the end of the due date. Lateness refuses nothing: the Rules give no such power."""
    header = subject.report.header
    leg = subject.ruleset.leg(header.document_type)
    if leg is None or leg.due is None:
        return
    by_sending = subject.ruleset.switches.deadline_event is DeadlineEvent.SENT
    moment = subject.facts.first_sent_at if by_sending else subject.facts.received_at
    if moment is None:
        yield cannot_tell("fact.first-sent-at" if by_sending else "fact.received-at")
        return
    limit = deadline(leg, header.reporting_year, subject.ruleset)
    assert limit is not None
    if limit.is_late(moment):
        params = {"due": limit.due, "received": moment.astimezone(zone_of(subject.ruleset))}
        yield Hit(path=("header", "due_date"), params=params)


def marking_allows_the_channel(subject: Subject) -> Iterator[Hit]:
    """BR-18: nothing above official use, and nothing unknown, of the document or of an attachment. Says no content."""
    spelling = subject.facts.spelling
    for path, marking in spelling.markings if spelling else ():
        if not is_allowed_marking(marking):
            yield Hit(path=path)
    for node in subject.nodes:
        if node.field_id in {"HDR-22", "ATT-10"} and not is_allowed_marking(str(node.value)):
            yield Hit(path=node.path)


def is_allowed_marking(marking: str) -> bool:
    """Whether a marking as written may enter this system: public or official-use, spelt exactly."""
    return marking in set(AccessMarking)


def correction_names_what_it_replaces(subject: Subject) -> Iterator[Hit]:
    """BR-19a: a correction or recall has an identifier of its own, the document it replaces, and a reason."""
    header = subject.report.header
    if header.action is Action.NEW:
        return
    named = header.supersedes
    if (
        named is None
        or named.document_ref.document_id == header.document_id
        or is_blank(named.document_ref.document_id)
        or is_blank(named.reason.kk)
        or is_blank(named.reason.ru)
    ):
        yield Hit(path=("header", "supersedes"))


def identifier_is_not_taken(subject: Subject) -> Iterator[Hit]:
    """BR-19b: a known identifier never arrives with other bytes."""
    identity = subject.facts.identity
    if identity is None:
        yield cannot_tell("fact.identity", ("header", "document_id"))
    elif identity is Identity.OTHER_BYTES:
        yield Hit(path=("header", "document_id"), params={"id": subject.report.header.document_id})
