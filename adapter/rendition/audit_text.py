"""The report on a verification as plain text: for a terminal, a file, a printer without anything else."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from adapter.rendition.audit_story import Story, story
from adapter.rendition.story_part import Part
from adapter.texts import Language

Style = Literal["plain", "bold", "soft", "good", "bad", "doubt"]

_STYLES: Final[Mapping[str, Style]] = {
    "TOTAL-PASSED": "good",
    "TOTAL-FAILED": "bad",
    "INDETERMINATE": "doubt",
    "PASSED": "good",
    "FAILED": "bad",
    "NOT_PERFORMED": "doubt",
}
_MARKS: Final = {"good": "✓", "bad": "✗", "doubt": "?"}


class Line(NamedTuple):
    """One line of text and how it is to be looked at; the text alone says everything."""

    text: str = ""
    style: Style = "plain"


def audit_lines(
    row: Mapping[str, Any], language: Language, *, terms: Mapping[str, Any], program: str, width: int = 100
) -> tuple[Line, ...]:
    """The story of one plain row in lines of at most `width` columns, except where a name or digest is longer."""
    return tuple(_lines(story(row, language, terms=terms, program=program), max(width, 40)))


def _lines(told: Story, width: int) -> Iterator[Line]:
    style = _STYLES.get(told.indication, "plain")
    sub = f" / {told.sub_indication}" if told.sub_indication else ""
    yield Line(f"{_MARKS.get(style, '')} {told.verdict.upper()} ({told.indication}{sub})", style)
    for paragraph in told.summary:
        yield from (Line(one) for one in _wrapped(paragraph, width, "  "))
    for part in (*told.parts, told.annex):
        yield Line()
        yield from _part(part, width)


def _part(part: Part, width: int) -> Iterator[Line]:
    verdict = f" — {part.verdict_in_words}" if part.verdict else ""
    yield Line(f"{part.title}{verdict}", "bold")
    column = max((_columns(name) for name, _ in part.facts), default=0)
    for name, value in part.facts:
        lines = _wrapped(value, width, " " * (column + 4))
        first = lines[0].lstrip() if lines else ""
        yield Line(f"  {_padded(name, column)}  {first}", "soft" if part.codes else "plain")
        yield from (Line(one, "soft" if part.codes else "plain") for one in lines[1:])
    for row in part.rows:
        yield from _row(part.head, row, width)
    for check in part.checks:
        style = _STYLES.get(check.conclusion, "plain")
        mark = {"NOT_PERFORMED": "–", "ABSENT": "·"}.get(check.conclusion) or _MARKS.get(style, " ")
        lines = _wrapped(f"{check.sentence} [{check.code}]", width, "      ")
        passed = check.conclusion in {"PASSED", "ABSENT"}
        word = f"{check.conclusion_in_words}: " if check.conclusion in {"FAILED", "INDETERMINATE"} else ""
        first = f"    {mark} {word}{lines[0].lstrip()}"
        yield Line(first, "plain" if passed else style)
        yield from (Line(one) for one in lines[1:])


def _row(head: Sequence[str], row: Sequence[str], width: int) -> Iterator[Line]:
    """A row of a table: the first cell, then the others by the name of their column; tables do not fit a terminal."""
    numbered = head[0] == "№"
    bullet, named = (f"{row[0]}.", row[1]) if numbered else ("•", row[0])
    first = 2 if numbered else 1
    cells = [named, *(f"{name}: {cell}" for name, cell in zip(head[first:], row[first:], strict=True))]
    indent = " " * (5 + len(bullet))
    for number, line in enumerate(_wrapped("; ".join(cells), width, indent)):
        yield Line(f"    {bullet} {line.lstrip()}" if number == 0 else line)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        width=width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _columns(text: str) -> int:
    """Columns that a text takes on a terminal: wide letters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - _columns(text))
