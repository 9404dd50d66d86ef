"""One claimed Delivery to its next state. Documents and notices of ours go the same way.

1 claim      T   one due row becomes CLAIMED under a lease, if the channel's breaker lets one through
2 prepare        uploads, message, signature: harmless to repeat; skipped while the kept bytes can still be sent
3 mark       T   SENDING and the attempt with its exact bytes are durable before a byte leaves
4 send           one POST, no transaction open; not at all when the lease has lost its room since the mark
5 next state     pure: domain/delivery, domain/retry, domain/breaker
6 record     T   only if nobody moved the row meanwhile: a notice may have been faster

While a row is in hand its lease is renewed from outside (leases.py). What is left of a long pause between 3 and 4: the
first byte leaves only within two thirds of a lease after the mark, measured where the bytes leave (adapter/http_client.py),
so only a pause inside that last system call could send what somebody else has meanwhile decided about.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapter.domain.audit_event import AuditEvent
from adapter.domain.delivery import (
    Attempt,
    AttemptOutcome,
    Delivery,
    DeliveryEvent,
    is_contradicted,
)
from adapter.domain.outgoing import Content
from adapter.domain.receipt import Receipt, ReceiptKind
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.ports import Accepted, Clock, Identifiers, OutgoingChannel, Store, Transaction
from adapter.usecases.channel_gate import ChannelGate, NotTakenError, sign_of
from adapter.usecases.delivery_plan import MANDATE, DeliveryPlan, identical_until, moved
from adapter.usecases.late_answer import keep_disputed, note_disputed
from adapter.usecases.leases import HeldLease, HeldLeases, LeaseKind
from adapter.usecases.next_row import PAUSED, NextRow, said
from adapter.usecases.own_store import later_if_ours
from adapter.usecases.verified_container import sha256_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """What one turn did: the delivery afterwards and the error that stood in the way, if any."""

    before: Delivery
    after: Delivery
    error: ElshiError | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Deliver:
    """The outgoing half of the worker. `travels` says what of a delivery goes out (obtain_stamp.py)."""

    store: Store
    channel: OutgoingChannel
    clock: Clock
    identifiers: Identifiers
    plan: DeliveryPlan
    travels: Callable[[Delivery], Content]
    leases: HeldLeases = field(default_factory=HeldLeases)

    @property
    def _gate(self) -> ChannelGate:
        return ChannelGate(clock=self.clock, identifiers=self.identifiers, plan=self.plan)

    @property
    def _next_row(self) -> NextRow:
        return NextRow(clock=self.clock, identifiers=self.identifiers, plan=self.plan)

    def __call__(self) -> Delivered | None:
        """Take one due delivery one step; None when nothing is due or the channel is closed. Raises what the store raises."""
        claimed = self._claim()
        if claimed is None or claimed.lease is None:
            return None
        held = HeldLease(kind=LeaseKind.DELIVERY, row=claimed.id, lease=claimed.lease, since=self.clock.now())
        with self.leases.during(held):
            return self._carry(claimed)

    def _carry(self, claimed: Delivery) -> Delivered:
        try:
            marked, attempt, message = self._prepare(claimed)
        except ElshiError as raised:
            error = later_if_ours(raised)
            return Delivered(before=claimed, after=self._record_unsent(claimed, error), error=error)
        except Exception as error:  # noqa: BLE001 - reason: a defect costs one delivery, which a person sees, not the worker
            told = Final("deliver.defect", params={"what": type(error).__name__})
            return Delivered(before=claimed, after=self._record_unsent(claimed, told), error=told)
        try:
            accepted = self._send(marked, message)
        except ElshiError as error:
            return Delivered(before=claimed, after=self._record_failure(marked, attempt, error), error=error)
        except Exception as error:  # noqa: BLE001 - reason: the POST may have begun, so its outcome is unknown
            unknown = OutcomeUnknown("deliver.defect", params={"what": type(error).__name__})
            return Delivered(before=claimed, after=self._record_failure(marked, attempt, unknown), error=unknown)
        return Delivered(before=claimed, after=self._record_accepted(marked, attempt, accepted), error=None)

    # --- steps --------------------------------------------------------------------------------------------------------
    def _claim(self) -> Delivery | None:
        lease = str(self.identifiers.new())
        try:
            with self.store.transaction() as transaction:
                return self._gate.take(transaction, lease=lease)
        except NotTakenError:
            return None

    def _send(self, marked: Delivery, message: bytes) -> Accepted:
        """Step 4. Retryable `deliver.paused` when the lease has too little room left for a byte to leave."""
        now = self.clock.now()
        assert marked.lease_until is not None
        room = marked.lease_until - self.plan.lease_for / 3 - now
        if room.total_seconds() <= 0:
            # Paused since the mark: by now somebody may have taken the row for dead and decided what becomes of it.
            raise Retryable(PAUSED, params={"document": marked.document_id})
        return self.channel.send(message, at=now, leave_within=room)

    def _prepare(self, claimed: Delivery) -> tuple[Delivery, Attempt, bytes]:
        """Steps 2 and 3. The last attempt's kept bytes are sent again while their files live: same ids, same bytes."""
        with self.store.snapshot() as snapshot:
            attempts = snapshot.outbox.attempts(claimed.id)
        message, expire_at = self._kept_message(claimed, attempts) or (None, None)
        if message is None:
            if claimed.resend and self.plan.reupload_on_expiry == "manual":
                # What may have been taken once must not travel again with other bytes unless a person or the settings say so.
                raise Final("deliver.files-expired", params={"document": claimed.document_id})
            prepared = self.channel.prepare(
                self.travels(claimed), message_id=claimed.message_id, files=self.store.blobs, at=self.clock.now()
            )
            message, expire_at = prepared.message, prepared.files_expire_at
        now = self.clock.now()
        attempt = Attempt(
            id=str(self.identifiers.new()),
            delivery_id=claimed.id,
            number=len(attempts) + 1,
            message_id=claimed.message_id,
            message=sha256_of(message),
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
            transaction.keep(message)
            transaction.outbox.add_attempt(attempt)
        return replace(marked, revision=marked.revision + 1), attempt, message

    def _kept_message(self, claimed: Delivery, attempts: tuple[Attempt, ...]) -> tuple[bytes, datetime | None] | None:
        if not attempts:
            return None
        last = attempts[-1]
        if last.files_expire_at is not None and not claimed.resend and last.outcome in _MAY_HAVE_ARRIVED:
            # Only a person who asked for new files leads here: the exchange has lost those that the kept bytes name.
            return None
        end = identical_until(self.plan, last)
        if end is not None and end <= self.clock.now():
            return None
        return self.store.blobs.read(last.message), last.files_expire_at

    # --- outcomes -----------------------------------------------------------------------------------------------------
    def _record_unsent(self, claimed: Delivery, error: ElshiError) -> Delivery:
        """The document did not leave: back to the schedule, or a person reads why."""
        if isinstance(error, Retryable):
            event = DeliveryEvent.CHANNEL_CLOSED if error.channel_closed else DeliveryEvent.NOT_SENT
        else:
            event = DeliveryEvent.PREPARATION_FAILED
        with self.store.transaction() as transaction:
            before, breaker = self._gate.heard(transaction, sign_of(error, was_sent=False), claimed, error)
            after = self._next_row(claimed, event, error, breaker=breaker)
            is_saved = error.code != "deliver.lease-lost" and transaction.outbox.save(after)
            if is_saved:
                self._tell(transaction, claimed, after, error.code)
            self._gate.note(transaction, before, breaker)
            if not is_saved:
                _log.info("delivery %s moved meanwhile; this turn changes nothing", claimed.id)
                return transaction.outbox.get(claimed.id) or claimed
        return after

    def _record_failure(self, marked: Delivery, attempt: Attempt, error: ElshiError) -> Delivery:
        event, outcome = _FAILURES[_failure(error)]
        ended = replace(
            attempt,
            ended_at=self.clock.now(),
            outcome=outcome,
            code=str(error.params.get("code", error.code)),
            text=said(error),
            answer=sha256_of(error.answer) if error.answer else None,
            answer_verdict=error.answer_verdict if error.answer else None,
        )
        return self._close(marked, event, ended, error.code, answer=error.answer, error=error)

    def _record_accepted(self, marked: Delivery, attempt: Attempt, accepted: Accepted) -> Delivery:
        answer = sha256_of(accepted.answer)
        ended = replace(
            attempt,
            ended_at=self.clock.now(),
            outcome=AttemptOutcome.ACCEPTED,
            answer=answer,
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
            raw=answer,
            verdict=accepted.verdict,
        )
        return self._close(
            marked, DeliveryEvent.ACCEPTED, ended, accepted.code, answer=accepted.answer, receipt=receipt
        )

    def _close(
        self,
        marked: Delivery,
        event: DeliveryEvent,
        ended: Attempt,
        code: str,
        *,
        answer: bytes | None,
        error: ElshiError | None = None,
        receipt: Receipt | None = None,
    ) -> Delivery:
        """Step 6. The answer is kept even when the row has moved, for a notice beats a lease; as a dispute where the two
        contradict each other.
        """
        with self.store.transaction() as transaction:
            if answer:
                transaction.keep(answer)
            transaction.outbox.close_attempt(ended)
            if receipt is not None:
                transaction.receipts.add(receipt)
            before, breaker = self._gate.heard(transaction, sign_of(error, was_sent=True), marked, error)
            after = self._next_row(marked, event, error, breaker=breaker, attempt=ended)
            is_saved = transaction.outbox.save(after)
            standing = after if is_saved else transaction.outbox.get(marked.id) or marked
            is_disputed = not is_saved and is_contradicted(standing.state, event)
            if is_disputed:
                keep_disputed(transaction, standing, ended, receipt_id=str(self.identifiers.new()))
                note_disputed(transaction, standing, ended, code, now=self.clock.now())
            if is_saved:
                self._tell(transaction, marked, after, code)
            self._gate.note(transaction, before, breaker)
        if not is_saved:
            _log.info("delivery %s moved while its answer travelled; the answer is kept", marked.id)
        return standing

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


_MAY_HAVE_ARRIVED = frozenset(
    {
        AttemptOutcome.ACCEPTED,
        AttemptOutcome.UNKNOWN,
        AttemptOutcome.LEASE_EXPIRED,
        AttemptOutcome.NOT_UNDERSTOOD,
    }
)
"""How a try of a document ends after which nothing but a resend follows, by a person or the planner."""

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
