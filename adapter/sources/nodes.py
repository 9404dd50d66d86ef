"""What a source file says before anybody asks what it means: scalars, lists and maps, each with its line.

Values stay the text that was written: 0123 is a registration number and no octal, 2026-11-02 is a day only where a day
is meant, and a figure never passes through a float. Findings are collected, not raised: a person gets them all at once.
"""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import dataclass, field
from typing import Final

from adapter.errors import Finding, Place, Severity

MAX_BYTES: Final = 5_000_000
"""Of a source file; the largest real submission, with some hundred treaties, is about a tenth of it."""

MAX_DEPTH: Final = 24
"""Levels of nesting; the deepest place of the content model is at 13."""

MAX_NODES: Final = 200_000
"""Values in one file, so that a small file cannot be dear to judge."""

_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_SPACE: Final = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scalar:
    """`text` is None for null. `quoted` tells a text that was marked as one from a word or figure standing free."""

    line: int
    text: str | None
    quoted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Items:
    """A list."""

    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A key with the line it stands on, and its value."""

    key: str
    line: int
    value: Node


@dataclass(frozen=True, kw_only=True, slots=True)
class Entries:
    """A map, in the order written, without repeated keys."""

    line: int
    entries: tuple[Entry, ...]

    def get(self, *keys: str) -> Node | None:
        """The value of the first of these keys that is there."""
        return next((entry.value for entry in self.entries if entry.key in keys), None)


Node = Scalar | Items | Entries


class SourceUnreadableError(Exception):
    """The file cannot be read at all; `finding` says why and where."""

    def __init__(self, code: str, line: int | None = None, **params: object) -> None:
        self.finding = finding(code, line, **params)
        super().__init__(code)


def finding(code: str, line: int | None, **params: object) -> Finding:
    """An error of the source form."""
    return Finding(code=code, severity=Severity.ERROR, params=params, place=Place(line=line))


@dataclass(kw_only=True, slots=True)
class Tally:
    """Counts nodes against the limits and collects what is wrong without being fatal."""

    findings: list[Finding] = field(default_factory=list)
    nodes: int = 0

    def count(self, line: int, depth: int) -> None:
        """Raise SourceUnreadableError when there are too many values or levels."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise SourceUnreadableError("source.too-many-values", line, limit=MAX_NODES)
        if depth > MAX_DEPTH:
            raise SourceUnreadableError("source.too-deep", line, limit=MAX_DEPTH)

    def entries(self, line: int, found: list[Entry]) -> Entries:
        """A map; a repeated key is a finding, and its first value stays."""
        seen: dict[str, Entry] = {}
        for entry in found:
            if entry.key in seen:
                self.findings.append(
                    finding("source.duplicate-key", entry.line, key=entry.key, first=seen[entry.key].line)
                )
            else:
                seen[entry.key] = entry
        return Entries(line=line, entries=tuple(seen.values()))


def sound(text: str, line: int) -> str:
    """The text. Raises SourceUnreadableError for half of a character (a lone surrogate, which an escape can make)."""
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise SourceUnreadableError("source.not-utf-8", line)
    return text


def decoded(content: bytes) -> str:
    """The file as text. Raises SourceUnreadableError when it is too large or not UTF-8."""
    if len(content) > MAX_BYTES:
        raise SourceUnreadableError("source.too-large", None, size=len(content), limit=MAX_BYTES)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SourceUnreadableError("source.not-utf-8", line) from error


def read_json(content: bytes, tally: Tally) -> Node:
    """The nodes of a JSON file (RFC 8259). Raises SourceUnreadableError."""
    return _Json(decoded(content), tally).document()


class _Json:
    """JSON with line numbers and repeated keys, which json.loads keeps to itself."""

    def __init__(self, text: str, tally: Tally) -> None:
        self.text = text
        self.tally = tally
        self.at = 0
        self.breaks = [match.start() for match in re.finditer("\n", text)]
        self.strings = json.JSONDecoder()

    def document(self) -> Node:
        node = self._value(1)
        self._skip()
        if self.at < len(self.text):
            raise self._broken("end")
        return node

    def _value(self, depth: int) -> Node:
        self._skip()
        line = self._line()
        self.tally.count(line, depth)
        sign = self.text[self.at : self.at + 1]
        if sign == "{":
            return self._map(line, depth)
        if sign == "[":
            return self._list(line, depth)
        if sign == '"':
            return Scalar(line=line, text=self._string(), quoted=True)
        return self._word(line)

    def _map(self, line: int, depth: int) -> Entries:
        found: list[Entry] = []
        self.at += 1
        if self._took("}"):
            return Entries(line=line, entries=())
        while True:
            self._skip()
            where = self._line()
            key = self._string()
            self._demand(":")
            found.append(Entry(key=key, line=where, value=self._value(depth + 1)))
            if self._took("}"):
                return self.tally.entries(line, found)
            self._demand(",")

    def _list(self, line: int, depth: int) -> Items:
        found: list[Node] = []
        self.at += 1
        if self._took("]"):
            return Items(line=line, items=())
        while True:
            found.append(self._value(depth + 1))
            if self._took("]"):
                return Items(line=line, items=tuple(found))
            self._demand(",")

    def _string(self) -> str:
        if self.text[self.at : self.at + 1] != '"':
            raise self._broken('"')
        try:
            value, self.at = self.strings.raw_decode(self.text, self.at)
        except ValueError as error:
            raise self._broken('"') from error
        return sound(str(value), self._line())

    def _word(self, line: int) -> Scalar:
        for word in ("true", "false", "null"):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return Scalar(line=line, text=None if word == "null" else word)
        number = _NUMBER.match(self.text, self.at)
        if number is None:
            raise self._broken("value")
        self.at = number.end()
        return Scalar(line=line, text=number[0])

    def _took(self, sign: str) -> bool:
        self._skip()
        taken = self.text.startswith(sign, self.at)
        self.at += taken
        return taken

    def _demand(self, sign: str) -> None:
        if not self._took(sign):
            raise self._broken(sign)

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _line(self) -> int:
        return bisect.bisect_left(self.breaks, self.at) + 1

    def _broken(self, expected: str) -> SourceUnreadableError:
        return SourceUnreadableError("source.not-json", self._line(), expected=expected)
