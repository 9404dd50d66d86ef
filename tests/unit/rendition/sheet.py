"""What must stand on the page, found without the code that lays it out: every value of a document, each made unlike all others."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pypdf

from adapter import texts
from adapter.domain.header import PaperCopy
from adapter.domain.reference import PartialDate
from adapter.texts import Language

DIGEST = "7d" * 32


def unlike(value: Any, numbers: Iterator[int] | None = None) -> Any:
    """The same document with other texts, numbers, days and digests: no two are equal."""
    numbers = numbers or itertools.count(1)
    if isinstance(value, StrEnum | bool) or value is None:
        return value
    if isinstance(value, tuple):
        return tuple(unlike(item, numbers) for item in value)
    number = next(numbers)
    if isinstance(value, PartialDate):
        return PartialDate(year=3000 + number)
    if is_dataclass(value):
        changed = {part.name: unlike(getattr(value, part.name), numbers) for part in fields(value)}
        return replace(value, **changed)  # type: ignore[type-var]
    day = dt.date(2000, 1, 1) + dt.timedelta(days=number)
    made: dict[type, Any] = {
        str: f"мән{number}ә",
        int: 1000 + number,
        Decimal: Decimal(number) / 8 + 50_000,
        bytes: number.to_bytes(32, "big"),
        dt.date: day,
        dt.datetime: dt.datetime(day.year, day.month, day.day, 1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=5))),
    }
    return made[type(value)]


def values(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(place, as it is printed) of every value, the paper copy left out."""
    if isinstance(value, tuple):
        for position, item in enumerate(value):
            yield from values(item, f"{path}[{position}]")
    elif is_dataclass(value) and not isinstance(value, PartialDate):
        for part in fields(value):
            item, place = getattr(value, part.name), f"{path}.{part.name}"
            if item is True and part.default is False:
                yield place, texts.label(part.metadata["id"], Language.RU)
            elif item is not None and not isinstance(item, PaperCopy) and not (item is False and part.default is False):
                yield from values(item, place)
    else:
        yield path, printed(value)


def printed(value: Any) -> str:
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, dt.datetime):
        return value.strftime("%d.%m.%Y %H:%M:%S (+05:00)")
    if isinstance(value, dt.date):
        return value.strftime("%d.%m.%Y")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def missing(report: Any, page: str) -> list[str]:
    """Places whose value is not on the page."""
    shown = squeezed(page)
    return [place for place, value in values(report) if squeezed(value) not in shown]


def squeezed(text: str) -> str:
    """Without white space: where a line ends is the typesetter's business."""
    return re.sub(r"\s", "", text)


def pages_of(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


@functools.cache
def text_of(content: bytes) -> str:
    """All pages, without the footer, which stands between the lines of a row that goes over a page."""
    return "\n".join(
        re.sub(r"\S*\s*\nSHA-256 [0-9a-f]{64}\n[0-9]+ / [0-9]+\s*$", "", page) for page in pages_of(content)
    )
