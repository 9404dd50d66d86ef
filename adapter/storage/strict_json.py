"""JSON in one spelling, and a strict reader for it: each key is taken once, and what nobody takes is refused.

The readers of single values raise TypeError or ValueError; `Fields` makes Final `storage.unreadable-row` of both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from adapter.errors import Final

T = TypeVar("T")


class Fields:
    """The keys of one JSON object; each is taken once, and what is left at the end is refused."""

    def __init__(self, value: object, what: str) -> None:
        self.what = what
        if not isinstance(value, dict):
            raise self.unreadable("")
        self.left: dict[str, Any] = dict(value)

    @classmethod
    def parse(cls, text: str, what: str, version: int) -> Fields:
        """The object that `text` holds, its version checked. Final `storage.unreadable-row`."""
        try:
            fields = cls(json.loads(text), what)
        except ValueError as error:
            raise Final("storage.unreadable-row", params={"what": what, "key": ""}) from error
        if fields.left.pop("version", None) != version:
            raise fields.unreadable("version")
        return fields

    def take(self, key: str, read: Callable[[Any], T]) -> T:
        """The value of a key that must be there."""
        if key not in self.left:
            raise self.unreadable(key)
        try:
            return read(self.left.pop(key))
        except (TypeError, ValueError) as error:
            raise self.unreadable(key) from error

    def maybe(self, key: str, read: Callable[[Any], T]) -> T | None:
        """The value of a key that may be absent or null."""
        if self.left.get(key) is None:
            self.left.pop(key, None)
            return None
        return self.take(key, read)

    def end(self) -> None:
        """Refuse what nobody took."""
        if self.left:
            raise self.unreadable(min(self.left))

    def unreadable(self, key: str) -> Final:
        """The refusal; names the key, never the value."""
        return Final("storage.unreadable-row", params={"what": self.what, "key": key})


def written(value: object) -> str:
    """The one text of a value: keys sorted, no white space, letters as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def as_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def as_whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value


def as_truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not a truth")
    return value


def as_date(value: object) -> date:
    return date.fromisoformat(as_text(value))


def as_instant(value: object) -> datetime:
    """An aware time; one without a zone is refused."""
    instant = datetime.fromisoformat(as_text(value))
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return instant


def as_bytes(value: object) -> bytes:
    """From hexadecimal digits."""
    return bytes.fromhex(as_text(value))


def as_pair(value: object) -> tuple[str, str]:
    """Two texts."""
    if not isinstance(value, list):
        raise TypeError("not a pair")
    name, text = value
    return as_text(name), as_text(text)


def each(read: Callable[[Any], T]) -> Callable[[object], tuple[T, ...]]:
    """A reader of lists, each part read by `read`."""

    def reader(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise TypeError("not a list")
        return tuple(read(part) for part in value)

    return reader
