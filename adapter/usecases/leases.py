"""Leases that this process holds, and their renewal while it works: a dead worker's lease ends soon, a live one's never does.

A worker enters what it has claimed here for as long as it works on it. Somebody else (adapter/lease_renewal.py) renews
what is entered; where nobody does (a pass without a loop), the lease simply lasts as long as it was given.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from adapter.ports import Clock, Store
from adapter.usecases.delivery_plan import DeliveryPlan

_log = logging.getLogger(__name__)


class LeaseKind(StrEnum):
    """What is held."""

    DELIVERY = "delivery"
    ENTRY = "entry"


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldLease:
    """One row in this process's hands, since when."""

    kind: LeaseKind
    row: str
    lease: str
    since: datetime


class HeldLeases:
    """The list of them. Safe under threads."""

    def __init__(self) -> None:
        self._held: dict[str, HeldLease] = {}
        self._lock = threading.Lock()

    @contextmanager
    def during(self, held: HeldLease) -> Iterator[None]:
        """Entered in the list until the end of the block, however it ends."""
        with self._lock:
            self._held[held.lease] = held
        try:
            yield
        finally:
            self.drop(held)

    def drop(self, held: HeldLease) -> None:
        """Not renewed any more."""
        with self._lock:
            self._held.pop(held.lease, None)

    def all(self) -> tuple[HeldLease, ...]:
        """What is held now."""
        with self._lock:
            return tuple(self._held.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class RenewLeases:
    """Moves the end of every lease that this process holds.

    A row that is held longer than `plan.longest_hold` is given up: its worker is alive and does not come back from where
    it is, which to everybody else is the same as dead.
    """

    store: Store
    clock: Clock
    plan: DeliveryPlan
    held: HeldLeases = field(default_factory=HeldLeases)

    def __call__(self) -> int:
        """How many were renewed. Raises only what the store raises; then nothing was, and the next call tries again."""
        held = self.held.all()
        if not held:
            return 0
        now = self.clock.now()
        renewed = 0
        with self.store.transaction() as transaction:
            for one in held:
                if now - one.since > self.plan.longest_hold:
                    _log.error("%s %s is held too long; its lease is left to end", one.kind.value, one.row)
                    self.held.drop(one)
                    continue
                renew = transaction.outbox.renew if one.kind is LeaseKind.DELIVERY else transaction.journal.renew
                if renew(one.row, lease=one.lease, until=now + self.plan.lease_for):
                    renewed += 1
                else:
                    # Recorded in this moment, or taken away: either way nothing of it is ours to renew.
                    self.held.drop(one)
        return renewed
