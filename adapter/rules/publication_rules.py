"""BR-17: nothing is published that the bodies have not released, and nothing personal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from adapter.domain.codes import AccessMarking, PublicationDecision
from adapter.domain.record import Publishable
from adapter.domain.reference import Bilingual, LanguageText
from adapter.domain.report import FieldPath, PublishedResults
from adapter.rules.facts import Submission
from adapter.rules.language_rules import control_digit
from adapter.rules.subject import Hit, Subject, cannot_tell, phrase

_EMAIL: Final = re.compile(r"[A-Za-z0-9_%+-]@[A-Za-z0-9-]{1,63}\.[A-Za-z0-9]", re.ASCII)
_PHONE: Final = re.compile(r"(?<![0-9])(\+|[78])[ ().-]?[0-9](?:[ ().-]{0,2}[0-9]){8,13}(?![0-9])", re.ASCII)
_PHONE_DIGITS: Final = range(10, 16)
_TWELVE_DIGITS: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])", re.ASCII)
_BIRTH: Final = re.compile(r"[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-6]", re.ASCII)
_NAME_FROM: Final = 5
"""Executors' names shorter than this (initials) are not searched for: they occur in any text."""


def only_released_is_published(subject: Subject) -> Iterator[Hit]:
    """BR-17: no withheld record, no official-use attachment, no contact, no personal number."""
    report = subject.report
    if not isinstance(report, PublishedResults):
        return
    yield from _in_header(report)
    if subject.facts.submissions is None:
        yield cannot_tell("fact.submissions")
        yield from _in_texts(subject, ())
        return
    yield from _in_texts(subject, subject.facts.submissions)
    yield from _in_entries(report, subject.facts.submissions)


def _in_header(report: PublishedResults) -> Iterator[Hit]:
    if report.header.access_marking is not AccessMarking.PUBLIC:
        yield _hit("reason.official-use-document", ("header", "access_marking"))
    if report.header.executor is not None:
        yield _hit("reason.contact", ("header", "executor"))
    for position, attachment in enumerate(report.header.attachments):
        if attachment.access_marking is not AccessMarking.PUBLIC:
            yield _hit("reason.official-use-attachment", ("header", "attachments", position))


def _in_texts(subject: Subject, submissions: tuple[Submission, ...]) -> Iterator[Hit]:
    contacts = _contacts(submissions)
    for node in subject.nodes:
        if isinstance(node.value, Bilingual):
            texts_of_node: tuple[tuple[str, str], ...] = (("kk", node.value.kk), ("ru", node.value.ru))
        elif isinstance(node.value, LanguageText):
            texts_of_node = (("text", node.value.text),)
        else:
            continue
        for name, text in texts_of_node:
            if _names_contact(text, contacts):
                yield _hit("reason.contact", (*node.path, name))
            if any(is_personal_number(number) for number in _TWELVE_DIGITS.findall(text)):
                yield _hit("reason.personal-number", (*node.path, name))


def _in_entries(report: PublishedResults, submissions: tuple[Submission, ...]) -> Iterator[Hit]:
    for position, entry in enumerate(report.treaty_entries):
        path: FieldPath = ("treaty_entries", position)
        decisions = tuple(_decisions(submissions, entry.treaty.treaty_id))
        released = [each for each in decisions if each.decision is not PublicationDecision.NO]
        if not decisions:
            yield _hit("reason.no-record", path)
        elif not released:
            yield _hit("reason.withheld-record", path)
        elif _is_partly(released) and entry.public_text not in [each.public_text for each in released]:
            # Nothing but the text given for the public is released; any other wording could hold what is withheld.
            yield _hit("reason.text-not-released", (*path, "public_text"))


def _is_partly(released: Sequence[Publishable]) -> bool:
    """Whether every record that releases anything releases a text of its own only."""
    return all(each.decision is PublicationDecision.PART for each in released)


def _decisions(submissions: tuple[Submission, ...], treaty_id: str) -> Iterator[Publishable]:
    for submission in submissions:
        for record in submission.report.in_force_section.treaty_records:
            if record.treaty.treaty_id == treaty_id:
                yield record.publishable
        for pending in submission.report.pending_section.pending_records:
            if pending.treaty.treaty_id == treaty_id:
                yield pending.publishable


def is_personal_number(number: str) -> bool:
    """Whether twelve digits read as an individual number (IIN): a day of birth, a century mark, the control digit."""
    return _BIRTH.match(number) is not None and control_digit(number) == int(number[11])


def _contacts(submissions: tuple[Submission, ...]) -> frozenset[str]:
    """Names and addresses of executors in lower case, and their telephones as digits."""
    contacts: set[str] = set()
    for submission in submissions:
        executor = submission.report.header.executor
        if executor is not None:
            contacts.add(_digits(executor.phone))
            contacts |= {
                each.casefold() for each in (executor.name, executor.email) if each and len(each) >= _NAME_FROM
            }
    return frozenset(contacts - {""})


def _names_contact(text: str, contacts: frozenset[str]) -> bool:
    phones = [_digits(match.group()) for match in _PHONE.finditer(text)]
    if _EMAIL.search(text) or any(len(phone) in _PHONE_DIGITS for phone in phones):
        return True
    lower, digits = text.casefold(), _digits(text)
    return any((contact in digits) if contact.isdigit() else (contact in lower) for contact in contacts)


def _digits(text: str) -> str:
    return "".join(each for each in text if each in "0123456789")


def _hit(reason: str, path: FieldPath) -> Hit:
    return Hit(path=path, params={"what": phrase(reason), "path": ".".join(str(step) for step in path)})
