"""Files that are half-way: of a message whose other files failed, what has gone or come is not moved again.

Kept in this process's memory and nowhere else. A killed process moves them once more, which is harmless on the way out,
and on the way in nothing of a document may be kept before its marking was looked at (BR-18, usecases/fetch_files.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

LONGEST = timedelta(hours=1)
"""Whoever has not come back by then begins anew."""

MOST_BYTES = 64 * 1024 * 1024
"""Of everything that waits; beyond it nothing more is remembered and everything still works."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waiting(Generic[T]):
    value: T
    size: int
    until: datetime


class PassingFiles(Generic[T]):
    """Remembered by the whole they belong to (a message, a list of identifiers) and their own key. Safe under threads."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], _Waiting[T]] = {}
        self._lock = threading.Lock()

    def get_or(
        self,
        whole: str,
        key: str,
        make: Callable[[], T],
        *,
        at: datetime,
        size: Callable[[T], int],
        usable: Callable[[T], bool] = lambda _: True,
    ) -> T:
        """What is remembered and still usable, or what `make` gives, which is then remembered. Raises what `make` raises.

        size    bytes of memory that it holds
        """
        with self._lock:
            self._forget_old(at)
            known = self._waiting.get((whole, key))
        if known is not None and usable(known.value):
            return known.value
        made = make()
        with self._lock:
            if sum(one.size for one in self._waiting.values()) + size(made) <= MOST_BYTES:
                self._waiting[whole, key] = _Waiting(value=made, size=size(made), until=at + LONGEST)
        return made

    def forget(self, whole: str) -> None:
        """It is complete, or nobody will ask for it again."""
        with self._lock:
            self._waiting = {key: one for key, one in self._waiting.items() if key[0] != whole}

    def _forget_old(self, at: datetime) -> None:
        self._waiting = {key: one for key, one in self._waiting.items() if one.until > at}
