"""The breaker at work: whether a row may be taken for sending, and what a try says of the channel.

Every function runs inside the transaction of its caller, so that the claim or the outcome and the breaker come true
together. In normal times the breaker is read and never written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from adapter.domain.audit_event import AuditEvent
from adapter.domain.breaker import (
    Breaker,
    PermitKind,
    after_failure,
    after_silence,
    after_success,
    permit,
)
from adapter.domain.delivery import Delivery
from adapter.errors import ElshiError, OutcomeUnknown, Retryable
from adapter.ports import Clock, Identifiers, Transaction
from adapter.usecases.delivery_plan import CHANNEL, MANDATE, DeliveryPlan

_TRIES = 8
"""Compare-and-set against that many others at once; who loses them all has been told by them."""

_OF_THE_EXCHANGE = "exchange."
"""Codes of answers that came: the channel carried them, whatever they say."""

_OURS = frozenset({"deliver.defect"})


class NotTakenError(Exception):
    """Nothing was claimed, so what the breaker noted is rolled back. Never leaves the use case that claims."""


class ChannelSign(StrEnum):
    """What one try says of the channel."""

    CARRIES = "carries"
    FAILS = "fails"
    SAYS_NOTHING = "says-nothing"


def sign_of(error: ElshiError | None, *, was_sent: bool) -> ChannelSign:
    """What an outcome says of the channel.

    An unknown outcome counts as a failure of the channel: each one costs a person's decision, so a gateway that takes
    requests and answers nothing must not be fed with more of them. An answer that names the document is none.
    """
    if error is None:
        return ChannelSign.CARRIES
    if isinstance(error, Retryable) and error.channel_closed:
        return ChannelSign.FAILS
    if isinstance(error, OutcomeUnknown):
        if error.code in _OURS:
            return ChannelSign.SAYS_NOTHING
        # A success code under an HTTP error was carried here by the channel.
        return ChannelSign.CARRIES if error.code == "exchange.answer-contradicts" else ChannelSign.FAILS
    is_answer = error.code.startswith(_OF_THE_EXCHANGE) and (was_sent or isinstance(error, Retryable))
    return ChannelSign.CARRIES if is_answer else ChannelSign.SAYS_NOTHING


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelGate:
    """The gate before the way out."""

    clock: Clock
    identifiers: Identifiers
    plan: DeliveryPlan

    def take(self, transaction: Transaction, *, lease: str) -> Delivery | None:
        """One due row, if the channel lets one through now. Raises NotTakenError where the transaction must be undone."""
        now = self.clock.now()
        before = transaction.breakers.get(CHANNEL)
        allowed = permit(self.plan.breaker, before, now=now, lease=lease, jitter=self.identifiers.jitter())
        if allowed.kind is PermitKind.NONE:
            return None
        # The breaker's row first: whoever else wants the one probe waits here and is refused.
        is_noted = allowed.breaker != before
        if is_noted and not transaction.breakers.save(allowed.breaker):
            raise NotTakenError
        claimed = self._claimed(transaction, now, lease, before, is_probe=allowed.kind is PermitKind.PROBE)
        if claimed is None and is_noted:
            raise NotTakenError
        return claimed

    def _claimed(
        self, transaction: Transaction, now: datetime, lease: str, breaker: Breaker, *, is_probe: bool
    ) -> Delivery | None:
        def claim(passing_over: str | None) -> Delivery | None:
            return transaction.outbox.claim(
                now=now,
                lease=lease,
                lease_for=self.plan.lease_for,
                oldest_first=is_probe,
                passing_over=passing_over,
            )

        # Where another row is due, the one that failed last is not asked again: it may be what the other side cannot bear.
        passed = breaker.probed if is_probe else None
        claimed = claim(passed)
        return claim(None) if claimed is None and passed is not None else claimed

    def heard(
        self, transaction: Transaction, sign: ChannelSign, delivery: Delivery, error: ElshiError | None
    ) -> tuple[Breaker, Breaker]:
        """The breaker before and after a try of `delivery`, saved where it changed."""

        def told(breaker: Breaker) -> Breaker:
            now = self.clock.now()
            match sign:
                case ChannelSign.CARRIES:
                    backlog = 0 if breaker.lets_through else transaction.outbox.backlog(now=now)
                    return after_success(self.plan.breaker, breaker, now=now, backlog=backlog)
                case ChannelSign.FAILS:
                    return after_failure(
                        self.plan.breaker,
                        breaker,
                        now=now,
                        lease=delivery.lease,
                        delivery_id=delivery.id,
                        code=error.code if error is not None else "",
                        retry_after=error.retry_after if isinstance(error, Retryable) else None,
                        jitter=self.identifiers.jitter(),
                    )
                case ChannelSign.SAYS_NOTHING:
                    return after_silence(breaker, now=now, lease=delivery.lease)

        return _changed(transaction, told)

    def forget_probe(self, transaction: Transaction, lease: str | None) -> None:
        """The worker of the probe did not come back: the next one may go at once."""
        now = self.clock.now()
        _changed(transaction, lambda breaker: after_silence(breaker, now=now, lease=lease))

    def note(self, transaction: Transaction, before: Breaker, after: Breaker) -> None:
        """Closing and opening stand in the audit trail; appended last, as always."""
        if before.lets_through == after.lets_through:
            return
        since = before.opened_at
        transaction.audit.append(
            AuditEvent(
                at=self.clock.now(),
                actor="worker",
                action="channel.open" if after.lets_through else "channel.closed",
                mandate=MANDATE,
                document_id=None,
                details={
                    "channel": after.channel,
                    "code": after.reason if before.lets_through else before.reason,
                    "since": since.isoformat() if since is not None else None,
                    "probes": 0 if before.lets_through else before.failures,
                    "backlog": after.drain_left,
                },
            )
        )


def _changed(transaction: Transaction, told: Callable[[Breaker], Breaker]) -> tuple[Breaker, Breaker]:
    before = transaction.breakers.get(CHANNEL)
    for _ in range(_TRIES):
        after = told(before)
        if after == before or transaction.breakers.save(after):
            return before, after
        before = transaction.breakers.get(CHANNEL)
    return before, before
