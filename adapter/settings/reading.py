"""Typed values out of a mapping: every fault is collected, nothing is guessed."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from adapter.errors import Finding, SettingsRefused, Severity
from adapter.secret import Secret
from adapter.settings.environment import FromEnvironment

_LONGEST_SECONDS: Final = 10 * 366 * 24 * 3600
"""Ten years: a longer duration is a slip of the pen, and the largest of them overflow a date."""
_NUL: Final = "\0"
"""TOML can spell it; no path of a system and no driver of a database takes it, and each complains in its own way."""


class Reading:
    """Takes typed values out of a mapping and collects what is wrong."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.findings: list[Finding] = []

    def found(self, code: str, **params: str) -> None:
        self.findings.append(Finding(code=code, severity=Severity.ERROR, params=params))

    def value(self, hint: Any, given: object, key: str) -> Any:
        """`given` as a value of the type `hint`; None and a finding when it is not one."""
        origin = get_origin(hint)
        if origin in {Union, types.UnionType}:
            inner = [one for one in get_args(hint) if one is not type(None)]
            return self.value(inner[0], given, key)
        if origin is Literal:
            return self._chosen(given, get_args(hint), key)
        if is_dataclass(hint) and isinstance(hint, type):
            return self._table(hint, given, key)
        if origin is not None and issubclass(origin, Mapping):
            return self._mapping(get_args(hint)[1], given, key)
        if origin in {tuple, frozenset}:
            return self._several(origin, get_args(hint)[0], given, key)
        return self._single(hint, given, key)

    def _single(self, hint: Any, given: object, key: str) -> Any:
        hint = getattr(hint, "__supertype__", hint)
        if isinstance(given, FromEnvironment):
            given = _of_kind(hint, given)
        if hint is timedelta and isinstance(given, int | float) and 0 <= given <= _LONGEST_SECONDS:
            # True is a whole number for Python and none for a person.
            return timedelta(seconds=given) if not isinstance(given, bool) else self._wrong(hint, key)
        if hint in {Path, Secret, str} and isinstance(given, str):
            return self._text(hint, given, key)
        if hint in {int, float, bool} and type(given) is hint:
            return given
        return self._wrong(hint, key)

    def _text(self, hint: Any, given: str, key: str) -> Any:
        if _NUL in given:
            return self.found("settings.nul-character", key=key)
        if hint is Secret:
            return Secret(given)
        return self._folder / given.strip() if hint is Path else given.strip()

    def _wrong(self, hint: Any, key: str) -> None:
        self.found("settings.wrong-type", key=key, expected=_name(hint))

    def _chosen(self, given: object, allowed: tuple[object, ...], key: str) -> object:
        given = given.strip() if isinstance(given, str) else given
        if given in allowed:
            return given
        self.found("settings.not-allowed", key=key, value=str(given)[:100], allowed=", ".join(map(str, allowed)))
        return None

    def _several(self, origin: Any, inner: Any, given: object, key: str) -> Any:
        items = given if isinstance(given, list) else [given]
        return origin(self.value(inner, item, f"{key}[{place}]") for place, item in enumerate(items, start=1))

    def _mapping(self, inner: Any, given: object, key: str) -> Any:
        if not isinstance(given, Mapping):
            self.found("settings.wrong-type", key=key, expected="table")
            return {}
        return {name: self.value(inner, item, f"{key}.{name}") for name, item in given.items()}

    def _table(self, cls: type, given: object, key: str) -> Any:
        if not isinstance(given, Mapping):
            self.found("settings.wrong-type", key=key, expected="table")
            return None
        hints = get_type_hints(cls)
        before = len(self.findings)
        values: dict[str, Any] = {}
        known: set[str] = set()
        for one in fields(cls):
            if bytes in get_args(hints[one.name]):
                continue  # filled by composition from files that other settings name, never written here
            name, raw = self._member(one.name, hints[one.name], given, key, known)
            if raw is not MISSING:
                values[one.name] = self.value(hints[one.name], raw, _under(key, name))
            elif one.default is MISSING and one.default_factory is MISSING:
                self.found("settings.missing", key=_under(key, name))
        for name in given:
            if name not in known:
                self.found("settings.unknown-key", key=_under(key, str(name)), known=", ".join(sorted(known)))
        if len(self.findings) > before:
            return None
        try:
            return cls(**values)
        except SettingsRefused as refused:
            self.findings += refused.findings
            return None

    def _member(
        self, name: str, hint: Any, given: Mapping[str, object], key: str, known: set[str]
    ) -> tuple[str, object]:
        """The key a field is read from, and what stands there."""
        if _is(hint, timedelta):
            name = f"{name}_seconds"
        known.add(name)
        if _is(hint, Secret):
            known.add(f"{name}_file")
            if name in given and f"{name}_file" in given:
                self.found("settings.contradiction", first=_under(key, name), second=_under(key, f"{name}_file"))
            if f"{name}_file" in given:
                return name, self._secret_file(given[f"{name}_file"], _under(key, f"{name}_file"))
        return name, given.get(name, MISSING)

    def _secret_file(self, name: object, key: str) -> object:
        if _NUL in str(name):
            self.found("settings.nul-character", key=key)
            return ""
        try:
            return (self._folder / str(name).strip()).read_text(encoding="utf-8-sig").strip("\r\n")
        except (OSError, UnicodeDecodeError):
            self.found("settings.unreadable-secret", key=key, file=str(name)[:200])
            return ""  # never used: the finding refuses the settings, and says it once


def _is(hint: Any, wanted: type) -> bool:
    """Whether a setting is one of these, perhaps absent; a table of them is not."""
    return hint is wanted or (get_origin(hint) in {Union, types.UnionType} and wanted in get_args(hint))


def _under(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _name(hint: Any) -> str:
    names = {
        timedelta: "seconds",
        Path: "path",
        Secret: "text",
        str: "text",
        int: "whole number",
        bool: "true or false",
    }
    return names.get(hint, str(getattr(hint, "__name__", hint)))


def _of_kind(hint: Any, text: FromEnvironment) -> object:
    """A value of the environment as TOML would give it for a setting of this kind; as it is when it is none."""
    stripped = text.strip()
    if hint is bool and stripped in {"true", "false"}:
        return stripped == "true"
    if hint in {int, float, timedelta}:
        try:
            return int(stripped) if hint is int else float(stripped)
        except ValueError:
            return stripped
    # A secret is taken as it stands: a blank at its end may belong to it.
    return str(text) if hint is Secret else stripped
