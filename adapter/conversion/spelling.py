"""How a plain value is written in XML and read back: one spelling per type, exact in both directions.

What is read has satisfied its schema; a text that still makes no value (a moment at 24:00, a year before 1) raises
ValueError, and the reader says where.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Final

from adapter.domain.reference import Lexical, PartialDate, require_aware

_WHITE: Final = re.compile(r"[\t\n\r ]+")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_YEAR: Final = re.compile(r"[0-9]{4}", re.ASCII)
_MOMENT: Final = re.compile(
    r"(?P<head>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?P<part>\.[0-9]+)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_KEPT: Final = frozenset({Lexical.LINE, Lexical.FILE_NAME})


@dataclass(frozen=True, kw_only=True, slots=True)
class Spelling:
    """`kind` names the type in messages and templates; `read` takes the text as it stands, white space included."""

    kind: str
    cls: type[Any]
    lexical: Lexical | None
    read: Callable[[str], Any]
    write: Callable[[Any], str]

    def fits(self, value: object) -> bool:
        """True when the value is of this type; a bool is no number and a moment is no day."""
        return type(value) is self.cls


def spelling_of(hint: Any) -> Spelling:
    """The spelling of a plain type, with or without Annotated[..., Lexical]; TypeError when it has none."""
    lexical = None
    if typing.get_origin(hint) is typing.Annotated:
        hint, *marks = typing.get_args(hint)
        lexical = next((mark for mark in marks if isinstance(mark, Lexical)), None)
    return _spelling(getattr(hint, "__supertype__", hint), lexical)


@cache
def _spelling(cls: type[Any], lexical: Lexical | None) -> Spelling:
    if issubclass(cls, StrEnum):
        return Spelling(kind="code", cls=cls, lexical=lexical, read=lambda text: cls(collapse(text)), write=str)
    if cls is str:
        kept = lexical is None or lexical in _KEPT
        kind = "text" if lexical is None else lexical.value
        return Spelling(kind=kind, cls=str, lexical=lexical, read=str if kept else collapse, write=str)
    if cls is int and lexical is Lexical.YEAR:
        return Spelling(kind="year", cls=int, lexical=lexical, read=_read_year, write=lambda year: f"{year:04}")
    if cls is bool and lexical is Lexical.FLAG:
        return Spelling(kind="flag", cls=bool, lexical=lexical, read=_read_bool, write=_write_bool)
    return _PLAIN[cls]


def collapse(text: str) -> str:
    """White space as xs:token has it: none outside, one space inside."""
    return _WHITE.sub(" ", text).strip(" ")


def _read_int(text: str) -> int:
    return int(_matching(_NUMBER, text))


def _read_decimal(text: str) -> Decimal:
    return Decimal(_matching(_DECIMAL, text))


def _read_year(text: str) -> int:
    return dt.date(int(_matching(_YEAR, text)), 1, 1).year


def _read_date(text: str) -> dt.date:
    return dt.date.fromisoformat(_matching(_DAY, text))


def _read_moment(text: str) -> dt.datetime:
    """Digits past microseconds are dropped: they have no meaning here and some systems write seven."""
    found = _MOMENT.fullmatch(collapse(text))
    if found is None:
        raise ValueError("timestamp.form")
    part = (found["part"] or "")[:7]
    moment = dt.datetime.fromisoformat(found["head"] + (part.ljust(7, "0") if part else "") + found["zone"])
    require_aware(moment)
    return moment


def _read_bool(text: str) -> bool:
    value = {"true": True, "1": True, "false": False, "0": False}.get(collapse(text))
    if value is None:
        raise ValueError("boolean.form")
    return value


def _write_bool(value: bool) -> str:  # noqa: FBT001 - the value to be written, not a switch
    return "true" if value else "false"


def _read_bytes(text: str) -> bytes:
    try:
        return base64.b64decode(_WHITE.sub("", text), validate=True)
    except binascii.Error as error:
        raise ValueError("base64.form") from error


def _matching(form: re.Pattern[str], text: str) -> str:
    collapsed = collapse(text)
    if form.fullmatch(collapsed) is None:
        raise ValueError(f"{form.pattern}: {collapsed[:40]}")
    return collapsed


_PLAIN: Final[dict[type[Any], Spelling]] = {
    spelling.cls: spelling
    for spelling in (
        Spelling(kind="number", cls=int, lexical=None, read=_read_int, write=str),
        Spelling(kind="decimal", cls=Decimal, lexical=None, read=_read_decimal, write=lambda value: format(value, "f")),
        Spelling(kind="boolean", cls=bool, lexical=None, read=_read_bool, write=_write_bool),
        Spelling(kind="date", cls=dt.date, lexical=None, read=_read_date, write=dt.date.isoformat),
        Spelling(kind="date-time", cls=dt.datetime, lexical=None, read=_read_moment, write=dt.datetime.isoformat),
        Spelling(
            kind="partial-date",
            cls=PartialDate,
            lexical=None,
            read=lambda text: PartialDate.parse(collapse(text)),
            write=str,
        ),
        Spelling(
            kind="base64",
            cls=bytes,
            lexical=None,
            read=_read_bytes,
            write=lambda value: base64.b64encode(value).decode(),
        ),
    )
}
