"""Code and parameters in, sentence out: what is wrong, what to do next, and the clause it rests on.

Rules.
1. A text never fails: an unknown code or a missing parameter still gives a sentence that names the code. What is
   missing is found by the tests, not by the reader.
2. Placeholders are plain names in braces; nothing of a parameter is interpreted: no format language, no attributes.
3. Values come from foreign documents: control and direction characters are shown as U+FFFD, long values are cut.
   What is secret or personal must never become a parameter in the first place.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from adapter.errors import ElshiError, Finding, Place
from adapter.texts.language import Language

_HOME: Final = Path(__file__).resolve().parent
_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_UNKNOWN_CODE: Final = "texts.no-sentence"
_ABSENT: Final = "—"

LONGEST_VALUE: Final = 300
"""Characters of one parameter that are shown: foreign values have no limit of their own."""

_YES_NO: Final = MappingProxyType(
    {
        Language.KK: ("иә", "жоқ"),
        Language.RU: ("да", "нет"),
        Language.EN: ("yes", "no"),
    }
)
_SECOND: Final = MappingProxyType({Language.KK: "с", Language.RU: "с", Language.EN: "s"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One text for a reader.

    what    what is wrong, or what happened
    to_do   what to do next; empty where nothing is to be done
    clause  the act and paragraph, empty where no act stands behind it
    """

    code: str
    language: Language
    what: str
    to_do: str = ""
    clause: str = ""
    place: Place = field(default_factory=Place)

    def __str__(self) -> str:
        text = f"{self.what} {self.to_do}".strip()
        return f"{text} ({self.clause})" if self.clause else text


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    what: str
    to_do: str
    clause: str


def render(code: str, params: Mapping[str, object], language: Language, *, place: Place | None = None) -> Sentence:
    """The sentence of `code`. Never raises; an unknown code gives the sentence `texts.no-sentence` that names it."""
    entries = _entries(language)
    entry = entries.get(code)
    values = params
    if entry is None:
        entry = entries[_UNKNOWN_CODE]
        values = {"code": code}
    return Sentence(
        code=code,
        language=language,
        what=_fill(entry.what, values, language),
        to_do=_fill(entry.to_do, values, language),
        clause=_fill(entry.clause, values, language),
        place=place or Place(),
    )


def render_finding(finding: Finding, language: Language) -> Sentence:
    """The sentence of a finding, with its place."""
    return render(finding.code, finding.params, language, place=finding.place)


def render_error(error: ElshiError, language: Language) -> Sentence:
    """The sentence of an error, with its place."""
    return render(error.code, error.params, language, place=error.place)


def codes() -> frozenset[str]:
    """Every code that has a sentence; the tests hold the three languages equal."""
    return frozenset(_entries(Language.EN))


def placeholders(code: str, language: Language = Language.EN) -> frozenset[str]:
    """The parameters that the sentence of `code` shows. Empty for an unknown code."""
    entry = _entries(language).get(code)
    return frozenset(_PLACEHOLDER.findall(f"{entry.what} {entry.to_do} {entry.clause}")) if entry else frozenset()


def unfilled(code: str, params: Mapping[str, object]) -> tuple[str, ...]:
    """Placeholders of any language that `params` does not fill, sorted; for tests."""
    wanted = {name for language in Language for name in placeholders(code, language)}
    return tuple(sorted(wanted - params.keys()))


def shown(value: date | datetime) -> str:
    """A date as DD.MM.YYYY, a time with its zone: the same in every language, for parameters that are kept as text."""
    return _shown(value, Language.EN)


def as_text(value: object, language: Language) -> str:
    """A value as it stands in a sentence (rule 3): one line, harmless, in the language, cut when it is very long."""
    return _shown(value, language)


@cache
def _entries(language: Language) -> Mapping[str, _Entry]:
    tables = tomllib.loads((_HOME / f"{language}.toml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            code: _Entry(what=table["what"], to_do=table.get("do", ""), clause=table.get("clause", ""))
            for code, table in tables.items()
        }
    )


def _fill(text: str, params: Mapping[str, object], language: Language) -> str:
    return _PLACEHOLDER.sub(lambda found: _shown(params.get(found.group(1)), language), text)


def _shown(value: object, language: Language) -> str:
    """A parameter as the reader sees it: in the language, dates as DD.MM.YYYY, times with their zone."""
    match value:
        case None | "":
            text = _ABSENT
        case bool():
            text = _YES_NO[language][0 if value else 1]
        case datetime():
            text = f"{value:%d.%m.%Y %H:%M:%S} ({_zone(value)})"
        case date():
            text = f"{value:%d.%m.%Y}"
        case timedelta():
            text = f"{value.total_seconds():g} {_SECOND[language]}"
        case Mapping():
            text = _shown(_in_language(value, language), language)
        case str():
            text = _clean(value)
        case Iterable():
            text = ", ".join(_shown(item, language) for item in value) or _ABSENT
        case _:
            text = _clean(str(value))
    return text


def _in_language(value: Mapping[str, object], language: Language) -> object:
    """The text in the language asked for; where it has none, in any that it has: better foreign than silent."""
    wanted = (language, Language.RU, Language.KK, Language.EN)
    return next((value[each] for each in wanted if value.get(each)), None)


def _zone(moment: datetime) -> str:
    offset = moment.utcoffset()
    if offset is None:
        return "?"
    if not offset:
        return "UTC"
    minutes = round(abs(offset).total_seconds() / 60)
    return f"{'-' if offset < timedelta(0) else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _clean(text: str) -> str:
    """One line without characters that command a terminal or turn the direction of the text."""
    line = " ".join(text.split())
    shown = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(each) in {"Cc", "Cf", "Cs"} else each for each in line
    )
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"
