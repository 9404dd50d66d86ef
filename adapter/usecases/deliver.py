"""One claimed Delivery to its next state. Documents and notices of ours go the same way.

1 claim      T   one due row becomes CLAIMED under a lease
2 prepare        uploads, message, signature: harmless to repeat; skipped while the kept bytes can still be sent
3 mark       T   SENDING and the attempt with its exact bytes are durable before a byte leaves
4 send           one POST, no transaction open
5 next state     pure: domain/delivery, domain/retry
6 record     T   only if nobody moved the row meanwhile: a notice may have been faster
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import (
    Attempt,
    AttemptOutcome,
    Delivery,
    DeliveryEvent,
    DeliveryState,
    is_final,
)
from adapter.domain.receipt import Receipt, ReceiptKind
from adapter.domain.retry import next_attempt
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.ports import Accepted, Clock, Identifiers, KeptBlob, OutgoingChannel, Store, Transaction
from adapter.usecases.delivery_plan import MANDATE, DeliveryPlan, moved, uncertain_wake
from adapter.usecases.own_store import later_if_ours

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """What one turn did: the delivery afterwards and the error that stood in the way, if any."""

    before: Delivery
    after: Delivery
    error: ElshiError | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Deliver:
    """The outgoing half of the worker."""

    store: Store
    channel: OutgoingChannel
    clock: Clock
    identifiers: Identifiers
    plan: DeliveryPlan

    def __call__(self) -> Delivered | None:
        """Take one due delivery one step; None when nothing is due. Raises only what the store raises."""
        claimed = self._claim()
        if claimed is None:
            return None
        try:
            marked, attempt, message = self._prepare(claimed)
        except ElshiError as raised:
            error = later_if_ours(raised)
            return Delivered(before=claimed, after=self._record_unsent(claimed, error), error=error)
        except Exception as error:  # noqa: BLE001 - reason: a defect costs one delivery, which a person sees, not the worker
            told = Final("deliver.defect", params={"what": type(error).__name__})
            return Delivered(before=claimed, after=self._record_unsent(claimed, told), error=told)
        try:
            accepted = self.channel.send(message, at=self.clock.now())
        except ElshiError as error:
            return Delivered(before=claimed, after=self._record_failure(marked, attempt, error), error=error)
        except Exception as error:  # noqa: BLE001 - reason: the POST may have begun, so its outcome is unknown
            unknown = OutcomeUnknown("deliver.defect", params={"what": type(error).__name__})
            return Delivered(before=claimed, after=self._record_failure(marked, attempt, unknown), error=unknown)
        return Delivered(before=claimed, after=self._record_accepted(marked, attempt, accepted), error=None)

    # --- steps --------------------------------------------------------------------------------------------------------
    def _claim(self) -> Delivery | None:
        lease = str(self.identifiers.new())
        with self.store.transaction() as transaction:
            return transaction.outbox.claim(now=self.clock.now(), lease=lease, lease_for=self.plan.lease_for)

    def _prepare(self, claimed: Delivery) -> tuple[Delivery, Attempt, bytes]:
        """Steps 2 and 3. The last attempt's kept bytes are sent again while their files live: same ids, same bytes."""
        with self.store.transaction() as transaction:
            attempts = transaction.outbox.attempts(claimed.id)
        message, expire_at = self._kept_message(attempts) or (None, None)
        if message is None:
            if claimed.resend:
                # What may have been taken once must not travel again with other bytes unless a person says so.
                raise Final("deliver.files-expired", params={"document": claimed.document_id})
            prepared = self.channel.prepare(
                claimed.content, message_id=claimed.message_id, files=self.store.blobs, at=self.clock.now()
            )
            message, expire_at = prepared.message, prepared.files_expire_at
        kept = self.store.blobs.put(message)
        now = self.clock.now()
        attempt = Attempt(
            id=str(self.identifiers.new()),
            delivery_id=claimed.id,
            number=len(attempts) + 1,
            message_id=claimed.message_id,
            message=kept.sha256,
            files_expire_at=expire_at,
            started_at=now,
            planner=claimed.planner_resent and claimed.resend,
        )
        marked = replace(
            claimed,
            state=moved(claimed, DeliveryEvent.MARKED_SENDING),
            changed_at=now,
            lease_until=now + self.plan.lease_for,
            wake_at=now + self.plan.lease_for,
            attempts=claimed.attempts + 1,
            ever_sent=True,
        )
        with self.store.transaction() as transaction:
            if not transaction.outbox.save(marked):
                raise Retryable("deliver.lease-lost", params={"document": claimed.document_id})
            transaction.outbox.add_attempt(attempt)
        return replace(marked, revision=marked.revision + 1), attempt, message

    def _kept_message(self, attempts: tuple[Attempt, ...]) -> tuple[bytes, datetime | None] | None:
        if not attempts:
            return None
        last = attempts[-1]
        if last.files_expire_at is not None and last.files_expire_at <= self.clock.now() + self.plan.files_margin:
            return None
        return self.store.blobs.read(last.message), last.files_expire_at

    # --- outcomes -----------------------------------------------------------------------------------------------------
    def _record_unsent(self, claimed: Delivery, error: ElshiError) -> Delivery:
        """The document did not leave: back to the schedule, or a person reads why."""
        if isinstance(error, Retryable):
            event = DeliveryEvent.CHANNEL_CLOSED if error.channel_closed else DeliveryEvent.NOT_SENT
        else:
            event = DeliveryEvent.PREPARATION_FAILED
        after = self._after(claimed, event, error)
        with self.store.transaction() as transaction:
            if error.code == "deliver.lease-lost" or not transaction.outbox.save(after):
                _log.info("delivery %s moved meanwhile; this turn changes nothing", claimed.id)
                return transaction.outbox.get(claimed.id) or claimed
            self._tell(transaction, claimed, after, error.code)
        return after

    def _record_failure(self, marked: Delivery, attempt: Attempt, error: ElshiError) -> Delivery:
        event, outcome = _FAILURES[_failure(error)]
        after = self._after(marked, event, error)
        answer = self._keep(error.answer) if error.answer else None
        ended = replace(
            attempt,
            ended_at=self.clock.now(),
            outcome=outcome,
            code=str(error.params.get("code", error.code)),
            text=_said(error),
            answer=answer.sha256 if answer else None,
        )
        return self._close(marked, after, ended, error.code)

    def _record_accepted(self, marked: Delivery, attempt: Attempt, accepted: Accepted) -> Delivery:
        kept = self.store.blobs.put(accepted.answer)
        ended = replace(
            attempt,
            ended_at=self.clock.now(),
            outcome=AttemptOutcome.ACCEPTED,
            answer=kept.sha256,
            answer_verdict=accepted.verdict.value,
            code=accepted.code,
            text=accepted.text,
        )
        receipt = Receipt(
            id=str(self.identifiers.new()),
            document_id=marked.document_id,
            addressee=marked.addressee,
            kind=ReceiptKind.GATEWAY_ANSWER,
            says=accepted.code,
            received_at=self.clock.now(),
            raw=kept.sha256,
            verdict=accepted.verdict,
        )
        after = self._after(marked, DeliveryEvent.ACCEPTED, None)
        return self._close(marked, after, ended, accepted.code, receipt)

    def _close(
        self, marked: Delivery, after: Delivery, ended: Attempt, code: str, receipt: Receipt | None = None
    ) -> Delivery:
        """Step 6. The answer is kept even when the row has moved: a notice beats a lease."""
        with self.store.transaction() as transaction:
            transaction.outbox.close_attempt(ended)
            if receipt is not None:
                transaction.receipts.add(receipt)
            if not transaction.outbox.save(after):
                _log.info("delivery %s moved while its answer travelled; the answer is kept", marked.id)
                return transaction.outbox.get(marked.id) or marked
            self._tell(transaction, marked, after, code)
        return after

    def _keep(self, content: bytes) -> KeptBlob:
        return self.store.blobs.put(content)

    def _after(self, delivery: Delivery, event: DeliveryEvent, error: ElshiError | None) -> Delivery:
        now = self.clock.now()
        state = moved(delivery, event)
        uses_no_attempt = event is DeliveryEvent.CHANNEL_CLOSED and delivery.state is DeliveryState.SENDING
        attempts = delivery.attempts - 1 if uses_no_attempt else delivery.attempts
        wake_at = self._wake(delivery, state, attempts, error)
        if state is DeliveryState.QUEUED and wake_at is None:
            state = moved(delivery, DeliveryEvent.BUDGET_GONE)
            wake_at = now + self.plan.reminder
        refused_for_good = isinstance(error, Final)
        return replace(
            delivery,
            state=state,
            wake_at=None if is_final(state, delivery.content_kind) else wake_at,
            changed_at=now,
            attempts=attempts,
            lease=None,
            lease_until=None,
            resend=delivery.resend and state is DeliveryState.QUEUED,
            reason=error.code if error is not None and (refused_for_good or state in _TOLD) else delivery.reason,
            reason_text=_said(error) if error is not None and refused_for_good else delivery.reason_text,
        )

    def _wake(
        self, delivery: Delivery, state: DeliveryState, attempts: int, error: ElshiError | None
    ) -> datetime | None:
        now = self.clock.now()
        if state is DeliveryState.QUEUED:
            due = next_attempt(
                self.plan.retry,
                attempt=attempts,
                now=now,
                created_at=delivery.created_at,
                deadline=delivery.deadline,
                jitter=self.identifiers.jitter(),
            )
            asked = error.retry_after if isinstance(error, Retryable) else None
            return max(due, now + min(asked, self.plan.retry.cap)) if due is not None and asked is not None else due
        if state is DeliveryState.UNCERTAIN:
            return uncertain_wake(self.plan, delivery, now)
        if state is DeliveryState.ABANDONED:
            return now + self.plan.reminder
        return now + self.plan.silence_alarm

    def _tell(self, transaction: Transaction, before: Delivery, after: Delivery, code: str) -> None:
        transaction.audit.append(
            AuditEvent(
                at=self.clock.now(),
                actor="worker",
                action=f"delivery.{after.state.value}",
                mandate=MANDATE,
                document_id=before.document_id,
                details={
                    "delivery": before.id,
                    "content": before.content_kind.value,
                    "addressee": before.addressee,
                    "from": before.state.value,
                    "attempt": after.attempts,
                    "code": code,
                },
            )
        )


_TOLD = frozenset({DeliveryState.ABANDONED, DeliveryState.UNCERTAIN, DeliveryState.REFUSED})

_FAILURES = {
    "closed": (DeliveryEvent.CHANNEL_CLOSED, AttemptOutcome.CHANNEL_CLOSED),
    "later": (DeliveryEvent.NOT_SENT, AttemptOutcome.NOT_SENT),
    "unknown": (DeliveryEvent.OUTCOME_UNKNOWN, AttemptOutcome.UNKNOWN),
    "not-understood": (DeliveryEvent.NOT_UNDERSTOOD, AttemptOutcome.NOT_UNDERSTOOD),
    "final": (DeliveryEvent.REFUSED_FINALLY, AttemptOutcome.REFUSED),
}


def _failure(error: ElshiError) -> str:
    if isinstance(error, Retryable):
        return "closed" if error.channel_closed else "later"
    if isinstance(error, Final):
        # What our own network door refuses (a mistyped address) is ours to mend: a person resends, nothing is refused.
        ours = error.code == "exchange.not-understood" or error.code.startswith("http.")
        return "not-understood" if ours else "final"
    # OutcomeUnknown, and any error of ours that is none of the three: after the mark nothing else is safe to assume.
    return "unknown"


def _said(error: ElshiError) -> str | None:
    text = error.params.get("text")
    return str(text) if text is not None else None
