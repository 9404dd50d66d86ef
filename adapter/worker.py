"""The loop: what is due, one thing at a time, and a clean stop. All state is in the store; a killed worker loses nothing.

housekeeping   at start and then at most once a second: leases that ended, rows past their wake-up, the channel
work           one message and one delivery; an idle worker looks in a snapshot first and writes nothing
leases         renewed by a thread of this process for as long as the loop runs
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapter.composition import Node
from adapter.composition.watching import duties_of
from adapter.errors import ElshiError, Retryable
from adapter.lease_renewal import LeaseRenewal
from adapter.usecases.deliver import Delivered
from adapter.usecases.look import Seen
from adapter.usecases.process_message import Processed
from adapter.usecases.watch import Alarm
from adapter.usecases.watch_channel import ChannelAlarm

_log = logging.getLogger(__name__)

_PAUSE_AFTER_ERROR = timedelta(seconds=2)
"""After an error of the store: it is busy or gone, and asking at once again would not help it."""

_BETWEEN_HOUSEKEEPING = timedelta(seconds=1)
"""Often enough for leases and alarms, which are promised within seconds; rare enough to cost an idle worker nothing."""

_SLEEPERS_EVERY = timedelta(seconds=15)
"""A look at every open row, so not each turn; half of what a row may be overdue before somebody is alarmed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observers:
    """Who wants to see what happens; each is called in the worker's thread and must be quick."""

    delivered: Callable[[Delivered], None] = lambda _: None
    processed: Callable[[Processed], None] = lambda _: None
    alarmed: Callable[[Alarm], None] = lambda _: None
    channel_alarmed: Callable[[ChannelAlarm], None] = lambda _: None


class Worker:
    """Delivers and processes until it is told to stop."""

    def __init__(self, node: Node, *, observers: Observers | None = None) -> None:
        self._node = node
        self._observers = observers or Observers()
        self._stopping = threading.Event()
        self._kept_house_at: datetime | None = None
        self._looked_for_sleepers: float | None = None
        self._seen: Seen | None = None
        """What the look before the last turn has shown; None: that turn did not look, for there was work."""
        self._is_idle = False
        self._housekeeping: tuple[Callable[[], None], ...] = (
            self._wake_sleepers,
            self._recover,
            self._watch,
            self._escalate,
            self._watch_channel,
        )
        """Steps in this order. Each looks in a snapshot first and writes only when there is something."""

    def turn(self) -> bool:
        """Everything that is due now, once; True when there was something. Raises only what the store raises."""
        self._keep_house()
        self._seen = self._node.look() if self._is_idle else None
        processed = self._node.process_message() if self._seen is None or self._seen.message else None
        if processed is not None:
            _log.info("message %s: %s", processed.entry.id, processed.code)
            self._observers.processed(processed)
        delivered = self._node.deliver() if self._seen is None or self._seen.delivery else None
        if delivered is not None:
            _tell(delivered)
            self._observers.delivered(delivered)
        self._is_idle = processed is None and delivered is None
        return not self._is_idle

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
        with LeaseRenewal(self._node.renew_leases, every=self._node.plan.lease_for / 3):
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
                    self._stopping.wait(self._pause().total_seconds())

    def run_until_idle(self) -> int:
        """Turn until nothing is due; the number of turns that did something. For `elshi worker --once` and tests.

        A backlog that flows at a limited rate is waited for; a channel that is closed is not.
        """
        turns = 0
        idle = self._node.settings.delivery.idle
        with LeaseRenewal(self._node.renew_leases, every=self._node.plan.lease_for / 3):
            while not self._stopping.is_set():
                if self.turn():
                    turns += 1
                    continue
                pause = self._pause()
                if self._seen is not None and (self._seen.again_at is None or pause >= idle):
                    # Thresholds that waited for what has been read only now.
                    self._escalate()
                    break
                self._stopping.wait(pause.total_seconds())
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
            self._node.open_unattended()
            with duties_of(self._node, stamps=True):
                self.run()
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def _pause(self) -> timedelta:
        """How long to wait after a turn without work; none after one that did not look, for the next one does."""
        idle = self._node.settings.delivery.idle
        if self._seen is None:
            return timedelta()
        if self._seen.again_at is None:
            return idle
        return min(idle, max(self._seen.again_at - self._node.clock.now(), timedelta(milliseconds=1)))

    # --- housekeeping -------------------------------------------------------------------------------------------------
    def _keep_house(self) -> None:
        now = self._node.clock.now()
        before = self._kept_house_at
        # A clock that was set back must not keep the house unkept until it has caught up.
        if before is not None and timedelta() <= now - before < _BETWEEN_HOUSEKEEPING:
            return
        for step in self._housekeeping:
            try:
                step()
            except Retryable:
                raise  # the store is busy or gone, which the next step would find as well
            except ElshiError as error:
                _log.error("%s ended with %s; the other steps and the work go on", step.__name__, error.code)
            except Exception as error:  # noqa: BLE001 - reason: one row that a step cannot bear must not stop every lane
                _log.error("%s ended with a defect: %s; its rows wait", step.__name__, type(error).__name__)
        self._kept_house_at = now

    def _recover(self) -> None:
        for delivery in self._node.recover():
            _log.warning("delivery %s: its worker did not come back; now %s", delivery.id, delivery.state.value)

    def _watch(self) -> None:
        self._alarm(self._node.watch())

    def _escalate(self) -> None:
        self._alarm(self._node.escalate())

    def _alarm(self, alarms: Iterable[Alarm]) -> None:
        for alarm in alarms:
            _log.warning("%s: delivery %s to %s", alarm.code, alarm.delivery.id, alarm.delivery.addressee)
            self._observers.alarmed(alarm)

    def _watch_channel(self) -> None:
        for alarm in self._node.watch_channel():
            _log.warning("%s: %s since %s, %s", alarm.code, alarm.channel, alarm.since.isoformat(), alarm.reason)
            self._observers.channel_alarmed(alarm)


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
