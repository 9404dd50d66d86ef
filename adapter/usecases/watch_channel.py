"""A channel that stays closed is told to a person, once for each time it closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from adapter.domain.audit_event import AuditEvent
from adapter.domain.breaker import Breaker
from adapter.ports import Clock, Store
from adapter.usecases.delivery_plan import CHANNEL, MANDATE, DeliveryPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelAlarm:
    """A channel is closed longer than a person should not know of it; `code` selects the sentence, `params` fill it.

    since   when it closed
    reason  code of the last failure
    """

    code: str
    channel: str
    since: datetime
    reason: str

    @property
    def params(self) -> Mapping[str, object]:
        """For the sentence."""
        return {"channel": self.channel, "since": self.since.isoformat(timespec="minutes"), "reason": self.reason}


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchChannel:
    """Looks at the breaker of the channel."""

    store: Store
    clock: Clock
    plan: DeliveryPlan

    def __call__(self) -> tuple[ChannelAlarm, ...]:
        """The alarms of this turn, each also in the audit trail."""
        now = self.clock.now()
        with self.store.snapshot() as snapshot:
            if not self._is_to_be_told(snapshot.breakers.get(CHANNEL), now):
                return ()
        with self.store.transaction() as transaction:
            breaker = transaction.breakers.get(CHANNEL)
            if not self._is_to_be_told(breaker, now) or not transaction.breakers.save(replace(breaker, told_at=now)):
                return ()
            assert breaker.opened_at is not None
            alarm = ChannelAlarm(
                code="watch.channel-closed",
                channel=breaker.channel,
                since=min(breaker.opened_at, now),
                reason=breaker.reason or "",
            )
            transaction.audit.append(
                AuditEvent(
                    at=now,
                    actor="worker",
                    action=alarm.code,
                    mandate=MANDATE,
                    document_id=None,
                    details={"channel": alarm.channel, "since": alarm.since.isoformat(), "code": alarm.reason},
                )
            )
        return (alarm,)

    def _is_to_be_told(self, breaker: Breaker, now: datetime) -> bool:
        return (
            not breaker.lets_through
            and breaker.told_at is None
            and breaker.opened_at is not None
            # Closed under a clock that was a day ahead, it would be told of in a day.
            and abs(now - breaker.opened_at) >= self.plan.channel_alarm
        )
