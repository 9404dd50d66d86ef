"""Alarms as an e-mail: what happened and what to do, in Kazakh, Russian and English; no content, no names of persons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapter import texts
from adapter.domain.alarms import SHOWN
from adapter.domain.audit_event import ChainedEvent
from adapter.texts import Language


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmLetter:
    """Subject (ASCII, one line) and text, whose lines end with a line feed."""

    subject: str
    text: str


def letter(events: Sequence[ChainedEvent], body: str) -> AlarmLetter:
    """The letter about these alarms; `body` is the code of the node's body."""
    first, last = events[0].sequence, events[-1].sequence
    parts = []
    for language in (Language.KK, Language.RU, Language.EN):
        parts.append(texts.render("alarm.letter", {"body": body, "count": len(events)}, language).what)
        parts.append("")
        for one in events:
            parts += [*_lines(one, language), ""]
        parts.append("-" * 70)
    subject = f"Elshi {body}: {len(events)} alarm(s), events {first}-{last}"
    return AlarmLetter(subject=subject, text="\n".join(parts) + "\n")


def facts_of(item: ChainedEvent) -> dict[str, object]:
    """What of an alarm may be shown to a person and in a log: identifiers and codes."""
    details = {name: item.event.details[name] for name in SHOWN if item.event.details.get(name) is not None}
    document = {"document": item.event.document_id} if item.event.document_id else {}
    return {**document, **details}


def _lines(item: ChainedEvent, language: Language) -> list[str]:
    event = item.event
    # The sentence of what is wrong with the row says more than that something is wrong.
    code = str(event.details.get("code") or "")
    facts = facts_of(item)
    facts["row"] = facts.get("delivery") or facts.get("entry")
    sentence = texts.render(event.action, facts, language)
    lines = [f"{item.sequence}  {texts.as_text(event.at, language)}  {event.action}", f"    {sentence.what}"]
    if sentence.to_do:
        lines.append(f"    {sentence.to_do}")
    if code in texts.codes() and code != event.action:
        lines.append(f"    {texts.render(code, facts, language).what}")
    shown = ", ".join(f"{name}={texts.as_text(value, language)}" for name, value in facts_of(item).items())
    return [*lines, f"    {shown}"] if shown else lines
