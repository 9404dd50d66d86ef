"""What a person sees: sentences in their language, tables, progress; or JSON for a script, never both.

Everything that reports goes to standard output; errors and progress go to standard error, so that a pipe stays clean.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from adapter import texts
from adapter.errors import ElshiError, Finding, Severity
from adapter.texts import Language

_COLOURS = {
    Severity.STOP: "bold red",
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
}

_WORDS = {
    Severity.STOP: {"kk": "тоқтату", "ru": "остановка", "en": "stop"},
    Severity.ERROR: {"kk": "қате", "ru": "ошибка", "en": "error"},
    Severity.WARNING: {"kk": "ескерту", "ru": "предупреждение", "en": "warning"},
    Severity.INFO: {"kk": "мәлімет", "ru": "сведение", "en": "note"},
}

GOOD, BAD = Text("✓", "green"), Text("✗", "red")
DOUBT, UNSURE = Text("!", "yellow"), Text("?", "yellow")
"""Marks before a line: done or passed, failed, with warnings, cannot tell."""


_WIDEST = 10_000
"""Columns; no terminal is wider."""
_BETWEEN, _UNDER = "  ", "  "
"""Between the cells of a row that is told in lines, and before its second line and those after."""


def _in_lines(columns: Sequence[str], row: Sequence[str], width: int) -> Iterator[Text]:
    """The cells of a row one after the other, each but the first behind its heading, no more on a line than fit."""
    line = Text(row[0], "bold")
    for column, cell in zip(columns[1:], row[1:], strict=True):
        piece = Text.assemble((f"{column}: ", "dim"), cell)
        if line.cell_len + len(_BETWEEN) + piece.cell_len <= width:
            line = Text(_BETWEEN).join((line, piece))
        else:
            yield line
            line = Text(_UNDER) + piece
    yield line


def harmless(text: str) -> str:
    """One line without characters that command a terminal or turn the direction of the text."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(each) in {"Cc", "Cf", "Cs"} else each for each in text
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """One language, one form of output."""

    language: Language
    as_json: bool
    out: Console
    err: Console

    def say(self, *parts: str | Text) -> None:
        """A line for people; nothing in JSON form. What is text stands there as it is: names and paths are not ours."""
        if not self.as_json:
            self.out.print(
                Text().join(Text(harmless(part)) if isinstance(part, str) else part for part in parts), highlight=False
            )

    def json(self, value: object) -> None:
        """One JSON value on a line of its own."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")

    def done(self, value: object, line: str) -> None:
        """What a command did: the value for a script, or the line for a person, marked as done."""
        if self.as_json:
            self.json(value)
        else:
            self.say(GOOD, " ", line)

    def findings(self, findings: Sequence[Finding]) -> None:
        """Findings, heaviest first: code, place, what is wrong, what to do."""
        order = list(Severity)
        for finding in sorted(findings, key=lambda one: order.index(one.severity)):
            sentence = texts.render_finding(finding, self.language)
            colour, word = _COLOURS[finding.severity], _WORDS[finding.severity][self.language.value]
            place = self._place(finding.place.file, finding.place.line, finding.place.xpath)
            self.out.print(f"[{colour}]{word}[/] [bold]{escape(finding.code)}[/]{place}", highlight=False)
            self.out.print(f"    {escape(sentence.what)}", highlight=False)
            if sentence.to_do:
                self.out.print(f"    [dim]→[/] {escape(sentence.to_do)}", highlight=False)

    def error(self, error: ElshiError) -> None:
        """An error as a sentence; never a traceback."""
        if self.as_json:
            self.json(texts.error_as_json(error))
            return
        findings = texts.findings_of(error)
        sentence = texts.render_error(error, self.language)
        place = self._place(error.place.file, error.place.line, error.place.xpath)
        self.err.print(
            f"[red]{_WORDS[Severity.ERROR][self.language.value]}[/] [bold]{escape(error.code)}[/]{place}",
            highlight=False,
        )
        self.err.print(f"    {escape(sentence.what)}", highlight=False)
        if sentence.to_do:
            self.err.print(f"    [dim]→[/] {escape(sentence.to_do)}", highlight=False)
        if findings:
            Screen(language=self.language, as_json=False, out=self.err, err=self.err).findings(findings)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table whose cells are plain text. What does not fit the width is told row by row, so that nothing is broken
        over lines in the middle of a word or a number: ids are there to be copied.
        """
        cells = [[harmless(str(cell if cell is not None else "—")) for cell in row] for row in rows]
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, no_wrap=True)
        for row in cells:
            table.add_row(*map(Text, row))
        natural = self.out.options.update(max_width=_WIDEST)
        if self.out.measure(table, options=natural).maximum <= self.out.width:
            self.out.print(table)
            return
        for row in cells:
            for line in _in_lines(columns, row, self.out.width):
                self.out.print(line, highlight=False)

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Progress]:
        """A bar on standard error when a person is there to see it; nothing otherwise."""
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.err,
            transient=True,
            disable=self.as_json or not self.err.is_terminal,
        )
        with bar:
            bar.add_task(title, total=total)
            yield bar

    def _place(self, file: str | None, line: int | None, xpath: str | None) -> str:
        words = {"kk": "жол", "ru": "строка", "en": "line"}[self.language.value]
        parts = [harmless(file or ""), f"{words} {line}" if line else "", harmless(xpath or "")]
        shown = escape(", ".join(part for part in parts if part))
        return f"  [dim]{shown}[/]" if shown else ""
