"""A row that nobody looked at in time, and why that matters: the worker is gone, is stuck, or the clock has jumped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from adapter.domain.breaker import Breaker, BreakerPolicy, PermitKind, permit
from adapter.domain.delivery import DeliveryState
from adapter.domain.incoming import JournalState


class OverdueKind(StrEnum):
    """Where the row stands."""

    DELIVERY = "delivery"
    MESSAGE = "message"


@dataclass(frozen=True, kw_only=True, slots=True)
class OverdueRow:
    """An open row past its wake-up, or one that sleeps longer than any setting makes it.

    wake_at         when somebody should look or should have looked; the end of the lease where a worker holds the row
    document_id     the document it speaks of, where known
    addressee       of a delivery
    """

    kind: OverdueKind
    id: str
    state: DeliveryState | JournalState
    wake_at: datetime
    document_id: str | None
    addressee: str | None = None

    def code(self, now: datetime) -> str:
        """What is wrong, for the sentence and the alarm."""
        if self.wake_at > now:
            return "overdue.sleeps-too-long"
        if self.state in _HELD:
            return "overdue.lease-over"
        return "overdue.not-taken" if self.state in _DUE else "overdue.not-looked-at"


_HELD = frozenset({DeliveryState.CLAIMED, DeliveryState.SENDING, JournalState.CLAIMED})
_DUE = frozenset({DeliveryState.QUEUED, JournalState.RECEIVED})


@dataclass(frozen=True, kw_only=True, slots=True)
class OverdueLimits:
    """Between which moments a wake-up is in order.

    before          a wake-up at or before it is overdue
    working_beyond  one after it is implausible for a row that a worker takes by itself
    waiting_beyond  the same for a row that waits for somebody else
    is_channel_shut a queued delivery waits for the channel's breaker, which was or will be due after `before`
    """

    before: datetime
    working_beyond: datetime
    waiting_beyond: datetime
    is_channel_shut: bool = False


def limits_at(
    now: datetime,
    *,
    grace: timedelta,
    longest_work: timedelta,
    longest_wait: timedelta,
    breaker: Breaker | None = None,
    policy: BreakerPolicy | None = None,
) -> OverdueLimits:
    """The limits of this moment.

    grace           how late a look may be
    longest_work    the longest span that any setting puts before the next try or the end of a lease
    longest_wait    the longest span that any setting puts before the next look
    breaker         of the channel: while it lets nothing through no worker could take a queued row, and none is missing for it;
                    when nobody asks it in time either, the rows are overdue
    A minute beyond the longest span is left to clocks of several hosts that differ.
    """
    before = now - grace
    allowed = permit(policy or BreakerPolicy(), breaker or Breaker(channel=""), now=before, lease="", jitter=0)
    return OverdueLimits(
        before=before,
        working_beyond=now + longest_work + _APART,
        waiting_beyond=now + max(longest_wait, longest_work) + _APART,
        is_channel_shut=allowed.kind is PermitKind.NONE,
    )


_APART = timedelta(minutes=1)
