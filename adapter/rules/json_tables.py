"""Strict reading of JSON files of rules: repeated and unknown keys, wrong types and words, all told at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final, Never, TypeVar

from adapter.errors import Finding, Place, SettingsRefused, Severity

MAX_BYTES: Final = 1_000_000
"""A ruleset has a few kilobytes; a file beyond this is not one, and is not read into memory."""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_Choice = TypeVar("_Choice", bound=StrEnum)


def refusal(code: str, *, file: str, **params: object) -> Finding:
    """A finding about a file of rules; `file` is its name without folders."""
    return Finding(code=code, severity=Severity.ERROR, params={"file": file, **params}, place=Place(file=file))


def read_json(path: Path) -> dict[str, object]:
    """The object in the file. Raises SettingsRefused: unreadable, too large, not JSON, a key twice, not an object."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SettingsRefused((refusal("ruleset.unreadable", file=path.name),)) from error
    if len(content) > MAX_BYTES:
        raise SettingsRefused((refusal("ruleset.unreadable", file=path.name),))
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise SettingsRefused((refusal("ruleset.not-json", file=path.name, reason=reason),)) from error
    if not isinstance(value, dict):
        raise SettingsRefused((refusal("ruleset.wrong-value", file=path.name, key="(root)", expected="{…}"),))
    return value


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key twice: {repeated}")
    return table


def _no_constant(word: str) -> Never:
    raise ValueError(f"not a JSON number: {word}")


class Table:
    """One JSON object being read. Every getter marks its key as known; `close` tells the keys nobody asked for.

    A wrong value is recorded in `findings` and stands in as an empty one: the caller reads to the end and then asks
    `raise_refused`, so that one look at the file shows everything.
    """

    def __init__(self, values: Mapping[str, object], *, file: str, path: str = "", findings: list[Finding]) -> None:
        self._values = values
        self._file = file
        self._path = path
        self._known: set[str] = set()
        self._findings = findings

    def close(self) -> None:
        """Tell every key that no getter asked for."""
        for key in self._values:
            if key not in self._known:
                self._findings.append(refusal("ruleset.unknown-key", file=self._file, key=self._at(key)))

    def raise_refused(self) -> None:
        """Raise SettingsRefused with everything found, if anything was."""
        if self._findings:
            raise SettingsRefused(tuple(self._findings))

    def has(self, key: str) -> bool:
        """Whether the key is there with a value other than null."""
        return self._values.get(key) is not None

    def text(self, key: str, *, default: str | None = None) -> str:
        value = self._value(key, optional=default is not None)
        if value is None:
            return default or ""
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(key, "text")
        return ""

    def text_or_none(self, key: str, *, optional: bool = False) -> str | None:
        value = self._value(key, optional=optional, nullable=True)
        return self.text(key) if value is not None else None

    def number(self, key: str, *, at_least: int, at_most: int) -> int:
        value = self._value(key)
        if isinstance(value, int) and not isinstance(value, bool) and at_least <= value <= at_most:
            return value
        if key in self._values:
            self.wrong(key, f"{at_least}..{at_most}")
        return at_least

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        value = self._value(key, optional=default is not None)
        if value is None:
            return bool(default)
        if not isinstance(value, bool):
            self.wrong(key, "true, false")
        return value is True

    def day_or_none(self, key: str, *, optional: bool = False) -> date | None:
        value = self._value(key, optional=optional, nullable=True)
        if value is None:
            return None
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass  # a day that no calendar has; told below like any other wrong value
        self.wrong(key, "YYYY-MM-DD")
        return None

    def choice(self, key: str, words: type[_Choice], *, default: _Choice | None = None) -> _Choice:
        value = self._value(key, optional=default is not None)
        if isinstance(value, str) and value in set(words):
            return words(value)
        if value is not None or key in self._values:
            self.wrong(key, ", ".join(words))
        return default if default is not None else next(iter(words))

    def texts(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        value = self._value(key, optional=optional)
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value) and (value or optional):
            return tuple(value)
        if value is not None:
            self.wrong(key, "[text, …]")
        return ()

    def table(self, key: str, *, optional: bool = False) -> Table:
        """The object under the key; an empty one, closed by the caller as usual, when it is optional and absent."""
        value = self._value(key, optional=optional, nullable=optional)
        if isinstance(value, dict):
            return self._inner(value, key)
        if value is not None:
            self.wrong(key, "{…}")
        return self._inner({}, key, silent=True)

    def tables(self, key: str, *, optional: bool = False) -> tuple[Table, ...]:
        value = self._value(key, optional=optional)
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return tuple(self._inner(item, f"{key}[{position}]") for position, item in enumerate(value))
        if value is not None:
            self.wrong(key, "[{…}, …]")
        return ()

    def names(self) -> tuple[str, ...]:
        """All keys, marked as known: for tables whose keys are data."""
        self._known.update(self._values)
        return tuple(self._values)

    def wrong(self, key: str, expected: str) -> None:
        """Record that the value under the key is not what it must be."""
        self._findings.append(refusal("ruleset.wrong-value", file=self._file, key=self._at(key), expected=expected))

    def _value(self, key: str, *, optional: bool = False, nullable: bool = False) -> object:
        self._known.add(key)
        if key not in self._values:
            if not optional:
                self._findings.append(refusal("ruleset.missing-key", file=self._file, key=self._at(key)))
            return None
        value = self._values[key]
        if value is None and not nullable:
            self.wrong(key, "≠ null")
        return value

    def _inner(self, values: Mapping[str, object], key: str, *, silent: bool = False) -> Table:
        # A stand-in for a table that is absent or wrong must not add "missing key" findings of its own.
        findings = [] if silent else self._findings
        return Table(values, file=self._file, path=self._at(key), findings=findings)

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key
