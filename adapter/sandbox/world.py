"""What every part of one sandbox shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adapter.sandbox.book import Book
from adapter.sandbox.events import Clock, EventList
from adapter.sandbox.participants import SandboxSettings
from adapter.sandbox.script import Script


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Settings, the time, new identifiers (their text is what counts), the faults to come, what has happened, the book."""

    settings: SandboxSettings
    clock: Clock
    new_id: Callable[[], object]
    script: Script
    events: EventList
    book: Book
