"""Who follows the audit trail, and how far he has come: a webhook, a mailbox, the log, the authority that stamps its head."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

HEAD_STAMP = "head-stamp"
"""The follower whose answers are time-stamps over the chain's head."""

LOG = "log"
"""The follower that writes alarms to the log; always there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """A follower of the trail. What stands behind `cursor` has been told, at least once and in order.

    cursor          sequence of the last event told, or looked at and not wanted
    told            events told, for the metric
    wake_at         not tried before
    failures        tries in a row that failed; the wait doubles with them
    error           code of the last failure; None after a success
    succeeded_at    last success, at first the moment of subscribing
    alarmed_at      when a person was last told that this follower cannot be reached; None since the last success
    lease           token of the process that tells it now, and until when
    revision        grows with every write; a write names the one it read
    """

    name: str
    cursor: int
    wake_at: datetime
    succeeded_at: datetime
    told: int = 0
    failures: int = 0
    error: str | None = None
    alarmed_at: datetime | None = None
    lease: str | None = None
    lease_until: datetime | None = None
    revision: int = 0
