"""Whether the trust services that the node asks give real answers: that a port takes connections says nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import signing
from adapter.ports import Clock, Identifiers
from adapter.usecases.sign import Baseline

EVERY = timedelta(seconds=30)
"""However often the probe is asked, the authority is asked so often."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Probed:
    """What was found: `code` is None when the answer was a token that holds; `asked_at` in UTC."""

    asked_at: datetime
    code: str | None


@dataclass(slots=True)
class _Last:
    found: Probed | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeTimeStamps:
    """Asks the authority for a token over a digest that nobody has asked about, and verifies it. Safe under threads."""

    clock: Clock
    identifiers: Identifiers
    baseline: Baseline | None
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    _last: _Last = field(default_factory=_Last, repr=False, compare=False)

    def __call__(self) -> Probed | None:
        """The last answer while it is fresh; None where the settings name no authority. Raises nothing of the authority's."""
        if self.baseline is None:
            return None
        with self._turn:
            now, last = self.clock.now(), self._last.found
            if last is not None and last.asked_at <= now < last.asked_at + EVERY:
                return last
            found = Probed(asked_at=now, code=_asked(self.baseline.time_stamps, self.identifiers.new()))
            self._last.found = found
            return found


def _asked(authority: signing.TimeStampAuthority, nobody_asked_before: UUID) -> str | None:
    try:
        digest = authority.digest_algorithm
        authority.stamp(digest, digest.of(str(nobody_asked_before).encode()))
    except signing.SigningError as error:
        return error.code
    return None
