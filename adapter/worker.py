"""The loop: what is due, one thing at a time, and a clean stop. All state is in the store; a killed worker loses nothing."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from adapter.composition import Node
from adapter.errors import ElshiError
from adapter.usecases.deliver import Delivered
from adapter.usecases.process_message import Processed
from adapter.usecases.watch import Alarm

_log = logging.getLogger(__name__)

_PAUSE_AFTER_ERROR = timedelta(seconds=2)
"""After an error of the store: it is busy or gone, and asking at once again would not help it."""

_SLEEPERS_EVERY = timedelta(seconds=15)
"""A look at every open row, so not each turn; half of what a row may be overdue before somebody is alarmed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observers:
    """Who wants to see what happens; each is called in the worker's thread and must be quick."""

    delivered: Callable[[Delivered], None] = lambda _: None
    processed: Callable[[Processed], None] = lambda _: None
    alarmed: Callable[[Alarm], None] = lambda _: None


class Worker:
    """Delivers and processes until it is told to stop."""

    def __init__(self, node: Node, *, observers: Observers | None = None) -> None:
        self._node = node
        self._observers = observers or Observers()
        self._stopping = threading.Event()
        self._looked_for_sleepers: float | None = None

    def turn(self) -> bool:
        """Everything that is due now, once; True when there was something. Raises only what the store raises."""
        busy = False
        self._wake_sleepers()
        self._node.recover()
        for alarm in self._node.watch():
            _log.warning("%s: delivery %s to %s", alarm.code, alarm.delivery.id, alarm.delivery.addressee)
            self._observers.alarmed(alarm)
        processed = self._node.process_message()
        if processed is not None:
            busy = True
            _log.info("message %s: %s", processed.entry.id, processed.code)
            self._observers.processed(processed)
        delivered = self._node.deliver()
        if delivered is not None:
            busy = True
            _tell(delivered)
            self._observers.delivered(delivered)
        return busy

    def _wake_sleepers(self) -> None:
        """By the monotonic clock: the other one is what may have jumped."""
        now, last = time.monotonic(), self._looked_for_sleepers
        if last is not None and now - last < _SLEEPERS_EVERY.total_seconds():
            return
        self._looked_for_sleepers = now
        for delivery in self._node.wake_sleepers():
            _log.warning("%s: delivery %s to %s", "watch.clock-stepped", delivery.id, delivery.addressee)

    def run(self) -> None:
        """Turn after turn until `stop`; an error of the store is waited out, never dropped.

        Keys, anchors and the store are opened first: what a person must change ends the worker here, at start, and is
        not waited out turn after turn. Raises Final for it.
        """
        self._node.open_unattended()
        idle = self._node.settings.delivery.idle.total_seconds()
        while not self._stopping.is_set():
            try:
                busy = self.turn()
            except ElshiError as error:
                _log.error("the turn ended with %s; the rows wait", error.code)
                self._stopping.wait(_PAUSE_AFTER_ERROR.total_seconds())
                continue
            except Exception as error:  # noqa: BLE001 - reason: a worker that ends by itself stops every lane
                _log.error("the turn ended with a defect: %s; the rows wait", type(error).__name__)
                self._stopping.wait(_PAUSE_AFTER_ERROR.total_seconds())
                continue
            if not busy:
                self._stopping.wait(idle)

    def run_until_idle(self) -> int:
        """Turn until nothing is due; the number of turns that did something. For `elshi worker --once` and tests."""
        turns = 0
        while not self._stopping.is_set() and self.turn():
            turns += 1
        return turns

    def stop(self) -> None:
        """End after the turn that is running."""
        self._stopping.set()

    def run_until_signal(self) -> None:
        """Run in the main thread until SIGTERM or SIGINT; the turn that is running is finished first."""

        def ask(number: int, frame: object) -> None:  # noqa: ARG001 - the shape of a signal handler
            self.stop()

        before = {one: signal.signal(one, ask) for one in (signal.SIGTERM, signal.SIGINT)}
        try:
            self.run()
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def _tell(delivered: Delivered) -> None:
    after = delivered.after
    error = f", {delivered.error.code}" if delivered.error is not None else ""
    _log.info(
        "%s %s to %s: %s to %s, attempt %d%s",
        after.content_kind.value,
        after.document_id,
        after.addressee,
        delivered.before.state.value,
        after.state.value,
        after.attempts,
        error,
    )
