"""The only reader of the time, the only maker of identifiers and of chance."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import SystemRandom

_WIDEST_JITTER = 0.2
"""domain/retry.py: wait * (1 + jitter), jitter in [0, 0.2]."""
_BEGAN = time.monotonic()
"""When this program was loaded, in seconds of a clock that nobody sets."""


class SystemClock:
    """The machine's clock. It follows every step that an administrator or NTP makes."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return datetime.now(UTC)

    def running(self) -> timedelta:
        """Since this program began; stands still while the machine sleeps."""
        return timedelta(seconds=time.monotonic() - _BEGAN)


class ScenarioClock:
    """Starts at a given instant, runs at real speed and can be moved forward: a year of deadlines in one demonstration.

    It counts on the monotonic clock of the machine, so a step of the system clock does not move it. Safe under threads.
    """

    def __init__(self, start: datetime, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`start` must be aware; `monotonic` gives seconds that never run backwards."""
        self._instant = _aware(start)
        self._monotonic = monotonic
        self._base = monotonic()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The present instant of the scenario, aware, UTC."""
        with self._lock:
            return self._now()

    def running(self) -> timedelta:
        """Since this clock was made, on the clock of the machine: a jump of the scenario does not count."""
        return timedelta(seconds=self._monotonic() - self._base)

    def move(self, by: timedelta) -> datetime:
        """Jump forward and return the new present; ValueError for a step back."""
        if by < timedelta():
            raise ValueError("a scenario clock only moves forward")
        with self._lock:
            self._instant += by
            return self._now()

    def move_to(self, instant: datetime) -> datetime:
        """Jump to `instant` and return the new present; ValueError when it has passed."""
        target = _aware(instant)
        with self._lock:
            present = self._now()
            if target < present:
                raise ValueError("a scenario clock only moves forward")
            self._instant += target - present
            return self._now()

    def _now(self) -> datetime:
        return self._instant + timedelta(seconds=self._monotonic() - self._base)


class SystemIdentifiers:
    """Random identifiers and spread, both from the operating system's generator."""

    def __init__(self) -> None:
        self._random = SystemRandom()

    def new(self) -> uuid.UUID:
        """A new random UUID (version 4)."""
        return uuid.uuid4()

    def jitter(self) -> float:
        """A number in [0, 0.2] that spreads retries."""
        return self._random.uniform(0.0, _WIDEST_JITTER)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return instant.astimezone(UTC)
