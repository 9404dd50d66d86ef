"""Whether there is anything to do, asked in a snapshot: an idle worker takes no lock and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapter.domain.breaker import PermitKind, permit
from adapter.ports import Clock, Store
from adapter.usecases.delivery_plan import CHANNEL, DeliveryPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What is due.

    again_at    when a due delivery that the channel does not let through now may be asked for again
    """

    message: bool
    delivery: bool
    again_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One look at both halves of the worker's work."""

    store: Store
    clock: Clock
    plan: DeliveryPlan

    def __call__(self) -> Seen:
        """Raises only what the store raises."""
        now = self.clock.now()
        with self.store.snapshot() as snapshot:
            message = snapshot.journal.due(now=now)
            if not snapshot.outbox.due(now=now):
                return Seen(message=message, delivery=False)
            breaker = snapshot.breakers.get(CHANNEL)
        allowed = permit(self.plan.breaker, breaker, now=now, lease="", jitter=0)
        return Seen(message=message, delivery=allowed.kind is not PermitKind.NONE, again_at=allowed.again_at)
