"""What a process does beside its work, in threads of its own: watches, tells, and stamps the head of the audit chain.

Watching waits for nobody: a mail server that hangs for a minute must not cost the minute within which an alarm is raised.
So whoever waits for others has a thread by himself, and gets his turn after each look of the watchdog.

Runs in `elshi serve` as well as in `elshi worker`, so that somebody watches while no worker lives. The database decides
who does what when several run.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from adapter.errors import ElshiError

_log = logging.getLogger(__name__)

PAUSE = timedelta(seconds=10)
"""Between two looks: with the grace of 30 s, and at most 45 s, an alarm is raised within a minute."""

_END_WITHIN = 30.0
"""Seconds that the end waits for messages that are on their way."""

Duty = Callable[[], object]


class Duties:
    """Does each duty again and again; one that fails keeps no other from being done, and one that hangs neither."""

    def __init__(
        self,
        duties: Sequence[tuple[str, Duty]],
        *,
        beside: Sequence[tuple[str, Duty]] = (),
        pause: timedelta = PAUSE,
    ) -> None:
        """`duties`: what each is called in the log, and what it does; in turn, and none of them waits for a network.
        `beside`: the same of those that do; each after every turn of the others.
        """
        self._duties = tuple(duties)
        self._beside = tuple(beside)
        self._pause = pause.total_seconds()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def turn(self) -> None:
        """Every duty once. Raises nothing."""
        for name, duty in (*self._duties, *self._beside):
            _do(name, duty)

    def start(self) -> Self:
        """Begin, at once."""
        self._stopping.clear()
        looked = [threading.Event() for _ in self._beside]
        self._threads = [threading.Thread(target=self._run, args=(looked,), name="duties", daemon=True)]
        for (name, duty), may in zip(self._beside, looked, strict=True):
            self._threads.append(
                threading.Thread(target=self._follow, args=(name, duty, may), name=f"duties {name}", daemon=True)
            )
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """End after what is being done."""
        self._stopping.set()
        ends_at = time.monotonic() + _END_WITHIN
        for thread in self._threads:
            thread.join(timeout=max(0.0, ends_at - time.monotonic()))
        self._threads = []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, looked: Sequence[threading.Event]) -> None:
        while not self._stopping.is_set():
            for name, duty in self._duties:
                _do(name, duty)
            for one in looked:
                one.set()
            self._stopping.wait(self._pause)
        for one in looked:
            one.set()

    def _follow(self, name: str, duty: Duty, may: threading.Event) -> None:
        while True:
            may.wait()
            may.clear()
            if self._stopping.is_set():
                return
            _do(name, duty)


def _do(name: str, duty: Duty) -> None:
    """Once. Raises nothing."""
    try:
        duty()
    except ElshiError as error:
        _log.error("%s not done: %s; tried again", name, error.code)
    except Exception as error:  # noqa: BLE001 - reason: a watchdog that ends by itself watches nobody
        _log.error("%s ended with a defect: %s; tried again", name, type(error).__name__)
