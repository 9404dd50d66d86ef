"""What one check sees (Subject), what it says (Hit), what comes out (RuleFinding); how a Report is walked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from adapter import texts
from adapter.domain.reference import Bilingual, TreatyRef
from adapter.domain.report import FieldPath, Report
from adapter.domain.treaty import Treaty
from adapter.errors import Finding, Severity
from adapter.rules.facts import Facts
from adapter.rules.ruleset import Ruleset
from adapter.rules.variants import Stage, Variant


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One value of a Report: where it is, which field of the content model holds it (empty: none), and itself."""

    path: FieldPath
    field_id: str
    value: object


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A Report being checked, with everything known about it. `nodes` is every value in document order."""

    report: Report
    stage: Stage
    ruleset: Ruleset
    facts: Facts
    nodes: tuple[Node, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One thing a rule has to say.

    severity    where it differs from the rule's own (BR-05b under switch A10)
    missing     set when the rule cannot be answered: the code `fact.…` of what is not known
    """

    path: FieldPath = ()
    params: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    severity: Severity | None = None
    missing: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleFinding:
    """A finding and the place of its value in the Report; the caller turns the path into XPath or line."""

    finding: Finding
    path: FieldPath


Check = Callable[[Subject], Iterator[Hit]]

CANNOT_TELL = "rules.cannot-tell"
"""Code of every answer `not known`; params name the rule and the fact. Blocks, and holds a received document."""


def cannot_tell(fact: str, path: FieldPath = ()) -> Hit:
    """The rule cannot be answered because this fact (code `fact.…`) is not known."""
    return Hit(path=path, missing=fact)


def walk(report: Report) -> tuple[Node, ...]:
    """Every value of the Report in document order, containers before their parts."""
    return tuple(_walk(report, (), ""))


def _walk(value: object, path: FieldPath, field_id: str) -> Iterator[Node]:
    yield Node(path=path, field_id=field_id, value=value)
    if isinstance(value, tuple):
        for position, item in enumerate(value):
            yield from _walk(item, (*path, position), field_id)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for part in dataclasses.fields(value):
            child = getattr(value, part.name)
            yield from _walk(child, (*path, part.name), part.metadata.get("id", ""))


def finding_of(variant: Variant, hit: Hit, severity: Severity) -> RuleFinding:
    """The finding of a hit; parameters become text, or text in three languages, so that they can be kept as JSON."""
    if hit.missing is not None:
        heavy = Severity.ERROR if severity is Severity.STOP else severity
        params = {"rule": variant.id, "fact": phrase(hit.missing)}
        finding = Finding(code=CANNOT_TELL, severity=heavy, params=_plain(params))
    else:
        finding = Finding(code=variant.id, severity=hit.severity or severity, params=_plain(hit.params))
    return RuleFinding(finding=finding, path=hit.path)


def phrase(code: str, **params: object) -> dict[str, str]:
    """A part of a sentence in the three languages, from the texts: a reason, the name of a fact."""
    return {each.value: texts.render(code, params, each).what for each in texts.Language}


def in_all(text: Bilingual, *, limit: int = 160) -> dict[str, str]:
    """A text of the document as a parameter; English readers get the Russian one. Cut: a finding is not a copy."""
    kk, ru = (each if len(each) <= limit else each[: limit - 1] + "…" for each in (text.kk, text.ru))
    return {"kk": kk or ru, "ru": ru or kk, "en": ru or kk}


def title_of(treaty: Treaty | TreatyRef) -> dict[str, str]:
    """The short title of a treaty, else its title."""
    if isinstance(treaty, TreatyRef):
        return in_all(treaty.short_title)
    return in_all(treaty.short_title or treaty.title)


def joined(labels: Iterator[Mapping[str, str]]) -> dict[str, str]:
    """Several names as one parameter, separated by commas, in each language."""
    items = tuple(labels)
    return {each.value: ", ".join(item[each.value] for item in items) for each in texts.Language}


def _plain(params: Mapping[str, object]) -> Mapping[str, object]:
    return MappingProxyType({name: _plain_value(value) for name, value in params.items()})


def _plain_value(value: object) -> object:
    if isinstance(value, date | datetime):
        return texts.shown(value)
    if isinstance(value, Mapping):
        return {key: str(item) for key, item in value.items()}
    return value if isinstance(value, int | str) else str(value)
