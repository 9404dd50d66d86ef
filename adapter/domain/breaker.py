"""The breaker of a channel: while the way out is shut nothing is sent through it and no document pays for it.

    CLOSED     work flows. Failures in a row are counted; after an outage the backlog flows at a limited rate
    OPEN       nothing is taken for sending until `probe_at`
    HALF_OPEN  one worker holds one probe; its word decides, and without a word it expires

A closed breaker is an open channel: the words are those of the pattern (Nygard, Release It!). One row for each channel,
shared by every worker. All functions here are pure; what gives back the same breaker needs no write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

_LONGEST_DOUBLING = 20
"""Beyond a million times the first wait the cap has long won."""

_DRAIN_SPARE = timedelta(minutes=1)
"""A backlog that shrinks by itself (withdrawn, moved by notices) must not keep the rate limited for ever."""

_SKEW = timedelta(minutes=1)
_WIDEST_SPACING = timedelta(seconds=2)
"""What lies further ahead than the policy can set it was written under a wrong clock, and holds nobody back."""


class BreakerState(StrEnum):
    """What the row says."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class BreakerEvent(StrEnum):
    """What can happen to a breaker."""

    SUCCEEDED = "succeeded"
    """The exchange answered: the channel carries."""
    FAILED = "failed"
    """The cause is the channel. Of somebody else than the probe it changes nothing once the breaker is open."""
    FAILED_TOO_OFTEN = "failed-too-often"
    PROBE_TAKEN = "probe-taken"
    """The time of the probe has come, or the probe before has expired without a word."""
    PROBE_FAILED = "probe-failed"
    PROBE_UNTOLD = "probe-untold"
    """The probe ended before the channel was asked: the next one may go at once."""


_S = BreakerState
_E = BreakerEvent

TRANSITIONS: Mapping[tuple[BreakerState, BreakerEvent], BreakerState] = MappingProxyType(
    {
        (_S.CLOSED, _E.SUCCEEDED): _S.CLOSED,
        (_S.CLOSED, _E.FAILED): _S.CLOSED,
        (_S.CLOSED, _E.FAILED_TOO_OFTEN): _S.OPEN,
        (_S.OPEN, _E.SUCCEEDED): _S.CLOSED,
        (_S.OPEN, _E.FAILED): _S.OPEN,
        (_S.OPEN, _E.PROBE_TAKEN): _S.HALF_OPEN,
        (_S.HALF_OPEN, _E.SUCCEEDED): _S.CLOSED,
        (_S.HALF_OPEN, _E.FAILED): _S.HALF_OPEN,
        (_S.HALF_OPEN, _E.PROBE_TAKEN): _S.HALF_OPEN,
        (_S.HALF_OPEN, _E.PROBE_FAILED): _S.OPEN,
        (_S.HALF_OPEN, _E.PROBE_UNTOLD): _S.OPEN,
    }
)
"""Every move there is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakerPolicy:
    """When a breaker opens and how it comes back.

    failures          in a row, whose cause is the channel; more lets more documents run into a dead channel
    first_wait        before the first probe; then doubled
    longest_wait      cap of that wait; must lie below the lead before a legal date, or the last safe try waits for a probe
    probe_within      how long one probe may be silent before another is taken; its worker is dead
    drain_per_second  rate of the backlog after an outage; more may push the exchange over again
    """

    failures: int = 5
    first_wait: timedelta = timedelta(seconds=5)
    longest_wait: timedelta = timedelta(seconds=60)
    probe_within: timedelta = timedelta(seconds=120)
    drain_per_second: int = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Breaker:
    """One channel's breaker.

    failures       in a row while CLOSED; since it opened, the probes that failed
    opened_at      since when nothing is sent; None while CLOSED
    probe_at       when the next probe may be taken; None while CLOSED
    probe          lease of the delivery that is the probe, and until when its word is waited for
    probed         delivery of the last probe that failed: the next probe is another one if there is another
    reason         code of the last failure
    told_at        when a person was told of this opening
    drain_left     rows of the backlog that still go at the limited rate; 0: no limit
    drain_next_at  when the next of them may go
    drain_until    end of the limit whatever is left
    revision       grows with every write; a write names the revision it read
    """

    channel: str
    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    probe: str | None = None
    probe_until: datetime | None = None
    probed: str | None = None
    reason: str | None = None
    told_at: datetime | None = None
    drain_left: int = 0
    drain_next_at: datetime | None = None
    drain_until: datetime | None = None
    revision: int = 0

    @property
    def lets_through(self) -> bool:
        """Whether deliveries may be taken, be it at a limited rate."""
        return self.state is BreakerState.CLOSED


class PermitKind(StrEnum):
    """What a worker may take now."""

    FREE = "free"
    """Any due row, without a write to the breaker."""
    DRAIN = "drain"
    """One due row of the backlog."""
    PROBE = "probe"
    """The most urgent due row, as the one probe."""
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """What a worker may take now; `breaker` is to be saved together with the claim when it differs from the one read.

    again_at    when to ask again, for NONE
    """

    kind: PermitKind
    breaker: Breaker
    again_at: datetime | None = None


def permit(policy: BreakerPolicy, breaker: Breaker, *, now: datetime, lease: str, jitter: float) -> Permit:
    """Whether one row may be taken for sending now, under `lease`."""
    match breaker.state:
        case BreakerState.CLOSED:
            return _drained(policy, breaker, now, jitter)
        case BreakerState.OPEN:
            due, longest = breaker.probe_at, policy.longest_wait
        case BreakerState.HALF_OPEN:
            due, longest = breaker.probe_until, policy.probe_within
    if due is not None and now < due <= now + longest + _SKEW:
        return Permit(kind=PermitKind.NONE, breaker=breaker, again_at=due)
    taken = replace(
        breaker,
        state=TRANSITIONS[breaker.state, BreakerEvent.PROBE_TAKEN],
        probe=lease,
        probe_until=now + policy.probe_within,
    )
    return Permit(kind=PermitKind.PROBE, breaker=taken)


def _drained(policy: BreakerPolicy, breaker: Breaker, now: datetime, jitter: float) -> Permit:
    if breaker.drain_left == 0 or breaker.drain_until is None or now >= breaker.drain_until:
        return Permit(kind=PermitKind.FREE, breaker=breaker)
    due = breaker.drain_next_at or now
    if now < due <= now + _WIDEST_SPACING + _SKEW:
        return Permit(kind=PermitKind.NONE, breaker=breaker, again_at=due)
    spacing = timedelta(seconds=1) / policy.drain_per_second * (1 + jitter)
    return Permit(
        kind=PermitKind.DRAIN,
        breaker=replace(breaker, drain_left=breaker.drain_left - 1, drain_next_at=now + spacing),
    )


def after_success(policy: BreakerPolicy, breaker: Breaker, *, now: datetime, backlog: int) -> Breaker:
    """An answer came through the channel. `backlog`: rows that are due now, counted when the breaker was not closed."""
    if breaker.state is BreakerState.CLOSED:
        return breaker if breaker.failures == 0 else replace(breaker, failures=0, reason=None)
    longest = 2 * timedelta(seconds=1) * backlog / policy.drain_per_second + _DRAIN_SPARE
    return Breaker(
        channel=breaker.channel,
        state=TRANSITIONS[breaker.state, BreakerEvent.SUCCEEDED],
        drain_left=backlog,
        drain_next_at=now if backlog else None,
        drain_until=now + longest if backlog else None,
        revision=breaker.revision,
    )


def after_failure(
    policy: BreakerPolicy,
    breaker: Breaker,
    *,
    now: datetime,
    lease: str | None,
    delivery_id: str,
    code: str,
    retry_after: timedelta | None,
    jitter: float,
) -> Breaker:
    """The channel failed the delivery that was taken under `lease`.

    wait = min(longest, max(first * 2 ** failed probes, retry_after)), made shorter by jitter / 2 in [0, 0.1]: the cap holds.
    """
    is_probe = breaker.state is BreakerState.HALF_OPEN and breaker.probe == lease
    if breaker.state is not BreakerState.CLOSED and not is_probe:
        return breaker
    failures = breaker.failures + 1
    if breaker.state is BreakerState.CLOSED and failures < policy.failures:
        return replace(breaker, failures=failures, reason=code)
    event = BreakerEvent.PROBE_FAILED if is_probe else BreakerEvent.FAILED_TOO_OFTEN
    probes = failures if is_probe else 0
    wait = policy.first_wait * float(2 ** min(probes, _LONGEST_DOUBLING))
    wait = min(policy.longest_wait, max(wait, retry_after or timedelta())) * (1 - jitter / 2)
    return Breaker(
        channel=breaker.channel,
        state=TRANSITIONS[breaker.state, event],
        failures=probes,
        opened_at=breaker.opened_at or now,
        probe_at=now + wait,
        probed=delivery_id if is_probe else None,
        reason=code,
        told_at=breaker.told_at,
        revision=breaker.revision,
    )


def after_silence(breaker: Breaker, *, now: datetime, lease: str | None) -> Breaker:
    """The delivery taken under `lease` ended without the channel being asked: as a probe it says nothing."""
    if breaker.state is not BreakerState.HALF_OPEN or breaker.probe != lease:
        return breaker
    return replace(
        breaker,
        state=TRANSITIONS[breaker.state, BreakerEvent.PROBE_UNTOLD],
        probe=None,
        probe_until=None,
        probe_at=now,
    )
