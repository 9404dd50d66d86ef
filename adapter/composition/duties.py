"""What a process does beside its work, in a thread of its own: watches, tells, and stamps the head of the audit chain.

Runs in `elshi serve` as well as in `elshi worker`, so that somebody watches while no worker lives. The database decides
who does what when several run.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from adapter.errors import ElshiError

_log = logging.getLogger(__name__)

PAUSE = timedelta(seconds=10)
"""Between two looks: with the grace of 30 s, and at most 45 s, an alarm is raised within a minute."""

_END_WITHIN = 30.0
"""Seconds that the end waits for a message that is on its way."""

Duty = Callable[[], object]


class Duties:
    """Does each duty in turn, again and again; one that fails keeps no other from being done."""

    def __init__(self, duties: Sequence[tuple[str, Duty]], *, pause: timedelta = PAUSE) -> None:
        """`duties`: what each is called in the log, and what it does."""
        self._duties = tuple(duties)
        self._pause = pause.total_seconds()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def turn(self) -> None:
        """Every duty once. Raises nothing."""
        for name, duty in self._duties:
            try:
                duty()
            except ElshiError as error:
                _log.error("%s not done: %s; tried again", name, error.code)
            except Exception as error:  # noqa: BLE001 - reason: a watchdog that ends by itself watches nobody
                _log.error("%s ended with a defect: %s; tried again", name, type(error).__name__)

    def start(self) -> Self:
        """Begin, at once."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="duties", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End after what is being done."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=_END_WITHIN)
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.turn()
            self._stopping.wait(self._pause)
