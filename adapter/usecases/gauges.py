"""What a monitor is told, read when it asks. Open rows are counted each time, finished ones once in a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapter.domain.delivery import DeliveryState
from adapter.domain.incoming import JournalState
from adapter.domain.outgoing import ContentKind
from adapter.domain.subscription import HEAD_STAMP, LOG
from adapter.ports import Clock, Store
from adapter.usecases.overdue import Watchdog


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """The state of a node in numbers. Ages are in seconds; None where there is nothing that could be old.

    deliveries      open rows by state and kind
    finished        rows that are done, by state; at most `Gauges.keep_for` old
    journal         messages by state; as old
    overdue         rows that nobody looked at in time
    oldest_due_age  how long the oldest row has been due
    alarms          alarms told to the log since the tables were made
    stamp_age       since the last time-stamp over the head of the audit trail
    lag             events that each follower of the trail has not been told yet
    failures        tries in a row that failed, by follower
    """

    deliveries: Mapping[tuple[DeliveryState, ContentKind], int]
    finished: Mapping[DeliveryState, int]
    journal: Mapping[JournalState, int]
    past_deadline: int
    overdue: int
    oldest_due_age: float
    alarms: int
    audit_sequence: int
    stamp_age: float | None
    lag: Mapping[str, int]
    failures: Mapping[str, int]


@dataclass(slots=True)
class _Kept:
    """What was counted last, and when."""

    at: datetime
    deliveries: Mapping[DeliveryState, int]
    journal: Mapping[JournalState, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauges:
    """Reads; changes nothing.

    names       of the followers whom the settings name today; None: all. Who was taken out of them stays behind for ever
    keep_for    how long a count of finished rows serves: it reads a whole index, which a million rows make long
    """

    store: Store
    clock: Clock
    watchdog: Watchdog
    names: frozenset[str] | None = None
    keep_for: timedelta = timedelta(minutes=5)
    _last: list[_Kept] = field(default_factory=list)

    def __call__(self) -> Figures:
        """The figures now. Raises what the store raises."""
        now = self.clock.now()
        kept, limits = self._kept(now), self.watchdog.limits()
        with self.store.snapshot() as transaction:
            opened = transaction.figures.open_deliveries()
            past = transaction.figures.past_deadline(now)
            oldest = transaction.figures.oldest_due(now)
            overdue = transaction.watched.count(limits)
            listed = transaction.subscriptions.listed()
            followers = {one.name: one for one in listed if self.names is None or one.name in self.names}
            head = transaction.audit.head()
            stamp = transaction.head_stamps.last()
        end = head.sequence if head else 0
        log = followers.get(LOG)
        told = {name: one for name, one in followers.items() if name != HEAD_STAMP}
        still_open: dict[DeliveryState, int] = {}
        for (state, _), count in opened.items():
            still_open[state] = still_open.get(state, 0) + count
        return Figures(
            deliveries=opened,
            finished={
                state: max(0, count - still_open.get(state, 0))
                for state, count in kept.deliveries.items()
                if state in _MAY_BE_DONE
            },
            journal=kept.journal,
            past_deadline=past,
            overdue=overdue,
            oldest_due_age=0.0 if oldest is None else (now - oldest).total_seconds(),
            alarms=0 if log is None else log.told,
            audit_sequence=end,
            stamp_age=None if stamp is None else (now - stamp.stamped_at).total_seconds(),
            lag={name: max(0, end - one.cursor) for name, one in told.items()},
            failures={name: one.failures for name, one in followers.items()},
        )

    def _kept(self, now: datetime) -> _Kept:
        """Two threads that count at once count twice; nothing worse."""
        last = self._last[-1] if self._last else None
        if last is not None and abs(now - last.at) < self.keep_for:
            return last
        with self.store.snapshot() as transaction:
            counted = _Kept(at=now, deliveries=transaction.figures.deliveries(), journal=transaction.figures.journal())
        self._last[:] = [counted]
        return counted


_MAY_BE_DONE = frozenset({DeliveryState.SENT, DeliveryState.REGISTERED, DeliveryState.REFUSED, DeliveryState.WITHDRAWN})
"""A notice of ours is done when it is sent."""
