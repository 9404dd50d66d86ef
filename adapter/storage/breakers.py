"""Breakers of the channels: one row each, written by compare-and-set."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from adapter.domain.breaker import Breaker
from adapter.errors import Conflict
from adapter.storage.database import OpenTransaction
from adapter.storage.rows import breaker_of, breaker_row
from adapter.storage.tables import breakers

_b = breakers.c


class SqlBreakers:
    """adapter.ports.Breakers inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def get(self, channel: str) -> Breaker:
        """The breaker of a channel; a channel without a row is open and nothing has failed in it."""
        row = self._transaction.row(select(breakers).where(_b.channel == channel))
        return Breaker(channel=channel) if row is None else breaker_of(row)

    def save(self, breaker: Breaker) -> bool:
        """Write it if the row still has `breaker.revision`; False when someone was faster."""
        if breaker.revision == 0:
            try:
                self._transaction.change(insert(breakers).values(**breaker_row(breaker)))
            except Conflict:
                return False
            return True
        changed = self._transaction.change(
            update(breakers)
            .where(_b.channel == breaker.channel, _b.revision == breaker.revision)
            .values(**breaker_row(breaker))
        )
        return changed == 1
