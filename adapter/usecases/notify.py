"""Who follows the audit trail is told: at least once, in order, however long he is away. Deliveries never wait for it.

1 subscribe  T   a follower begins at the end of the chain as it stands when he is first seen
2 claim      T   one process at a time tells a follower, under a lease
3 read           a bounded page behind his cursor; what he does not want is passed over
4 tell           outside of any transaction; an error, whatever its branch, means again later
5 save       T   the cursor moves when he has taken it; a failure doubles the wait, without limit
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapter.domain.audit_event import AuditEvent, ChainedEvent
from adapter.domain.retry import RetryPolicy, wait_after
from adapter.domain.subscription import Subscription
from adapter.errors import ElshiError
from adapter.ports import Clock, Identifiers, Receiver, Store, Transaction
from adapter.usecases.delivery_plan import MANDATE

UNREACHABLE = "watch.receiver-silent"
"""Action of the alarm about a follower who has taken nothing for long."""

_PAGE = 1000
"""Events read at a time."""
_MOST = 100
"""Events in one message."""
_MESSAGES = 50
"""Messages of one turn: after a day away a follower catches up in turns, and no turn is endless."""
_WIDEST_JITTER = 0.2
"""domain/retry.py."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Follower:
    """Whom to tell of what."""

    receiver: Receiver
    wants: Callable[[ChainedEvent], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Notify:
    """Tells every follower what stands behind his cursor.

    retry       the schedule between failed tries; only its waits are used, there is no last try
    lease_for   longer than one message takes at its slowest
    alarm_after how long a follower may take nothing before a person is told by the other ways
    """

    store: Store
    clock: Clock
    identifiers: Identifiers
    followers: Mapping[str, Follower]
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lease_for: timedelta = timedelta(minutes=3)
    alarm_after: timedelta = timedelta(hours=1)
    reminder: timedelta = timedelta(days=1)

    def __call__(self) -> int:
        """Tell what is due, each follower by himself; the number of events told. Raises only what the store raises."""
        with self.store.snapshot() as transaction:
            known = {one.name: one for one in transaction.subscriptions.listed()}
            head = transaction.audit.head()
        end = head.sequence if head is not None else 0
        told = 0
        for name, follower in self.followers.items():
            standing = known.get(name) or self._subscribe(name)
            if standing.cursor < end:
                told += self._catch_up(name, follower)
        return told

    def _subscribe(self, name: str) -> Subscription:
        now = self.clock.now()
        with self.store.transaction() as transaction:
            head = transaction.audit.head()
            return transaction.subscriptions.add(
                Subscription(name=name, cursor=head.sequence if head else 0, wake_at=now, succeeded_at=now)
            )

    def _catch_up(self, name: str, follower: Follower) -> int:
        told = 0
        turn = Turn(
            lease=str(self.identifiers.new()), lease_for=self.lease_for, longest=self.retry.cap * (1 + _WIDEST_JITTER)
        )
        for _ in range(_MESSAGES):
            claimed = claim(self.store, name, turn, now=self.clock.now())
            if claimed is None:
                break
            with self.store.snapshot() as transaction:
                page = transaction.audit.events(after=claimed.cursor, limit=_PAGE)
            wanted = [event for event in page if follower.wants(event)]
            now_told = tuple(wanted[:_MOST])
            try:
                if now_told:
                    follower.receiver.tell(now_told, at=self.clock.now())
            except ElshiError as error:
                self._failed(claimed, error)
                break
            told += len(now_told)
            is_all = len(wanted) <= _MOST
            after = page[-1].sequence if page and is_all else wanted[_MOST - 1].sequence if wanted else claimed.cursor
            if not self._took(claimed, after, len(now_told)) or (is_all and len(page) < _PAGE):
                break
        return told

    def _took(self, claimed: Subscription, cursor: int, told: int) -> bool:
        now = self.clock.now()
        after = replace(
            claimed,
            cursor=cursor,
            told=claimed.told + told,
            wake_at=now,
            failures=0,
            error=None,
            succeeded_at=now,
            alarmed_at=None,
            lease=None,
            lease_until=None,
        )
        with self.store.transaction() as transaction:
            return transaction.subscriptions.save(after)

    def _failed(self, claimed: Subscription, error: ElshiError) -> None:
        with self.store.transaction() as transaction:
            put_off(
                transaction,
                claimed,
                error.code,
                now=self.clock.now(),
                wait=wait_after(self.retry, claimed.failures + 1, self.identifiers.jitter()),
                alarm=Alarm(action=UNREACHABLE, after=self.alarm_after, reminder=self.reminder),
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Who tells, for how long nobody else may, and how far ahead the next try of a follower can lie."""

    lease: str
    lease_for: timedelta
    longest: timedelta


def claim(store: Store, name: str, turn: Turn, *, now: datetime) -> Subscription | None:
    """The follower under a lease of ours; None when it is not due or another process tells it now.

    A time that lies further ahead than any schedule puts it was given by a clock that was wrong, and holds nobody up.
    """
    with store.transaction() as transaction:
        standing = transaction.subscriptions.get(name)
        if standing is None or now < standing.wake_at <= now + turn.longest:
            return None
        is_ours = standing.lease == turn.lease
        if not is_ours and standing.lease_until is not None and now < standing.lease_until <= now + turn.lease_for:
            return None
        claimed = replace(standing, lease=turn.lease, lease_until=now + turn.lease_for)
        if not transaction.subscriptions.save(claimed):
            return None
        return replace(claimed, revision=claimed.revision + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """Which alarm a follower raises that cannot be reached, after how long, and how often again."""

    action: str
    after: timedelta
    reminder: timedelta


def put_off(
    transaction: Transaction, claimed: Subscription, code: str, *, now: datetime, wait: timedelta, alarm: Alarm
) -> None:
    """The try has failed: the next one after `wait`; a person is told when it has gone on for long."""
    is_long = now - claimed.succeeded_at >= alarm.after
    tells = is_long and (claimed.alarmed_at is None or now - claimed.alarmed_at >= alarm.reminder)
    after = replace(
        claimed,
        wake_at=now + wait,
        failures=claimed.failures + 1,
        error=code,
        alarmed_at=now if tells else claimed.alarmed_at,
        lease=None,
        lease_until=None,
    )
    if transaction.subscriptions.save(after) and tells:
        transaction.audit.append(
            AuditEvent(
                at=now,
                actor="watchdog",
                action=alarm.action,
                mandate=MANDATE,
                document_id=None,
                details={"receiver": claimed.name, "code": code},
            )
        )
