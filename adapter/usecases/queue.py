"""The queue as people and programs see it: pages of deliveries, one delivery whole, one delivery explained."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from adapter.domain.delivery import Attempt, Delivery, DeliveryState
from adapter.domain.document import DocumentId
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.errors import Final
from adapter.ports import Clock, Store
from adapter.usecases.delivery_plan import DeliveryPlan
from adapter.usecases.evidence_json import attempt_json, event_json
from adapter.usecases.explain import Prospect, Statement, explain, prospect
from adapter.usecases.overdue import Watchdog
from adapter.usecases.status import delivery_as_json

PAGE = 500
"""Rows of one page; more are asked for with the cursor."""
_URN = "urn:uuid:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which deliveries.

    states      only these; empty: every open one
    everything  finished ones too
    overdue     only those that nobody looked at in time
    """

    states: Collection[DeliveryState] = ()
    everything: bool = False
    overdue: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePage:
    """Rows in order of creation; `after` goes into the next call, None: there are no more."""

    rows: tuple[Delivery, ...]
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """Reads; changes nothing."""

    store: Store
    clock: Clock
    plan: DeliveryPlan
    watchdog: Watchdog

    def page(self, wanted: Wanted, *, after: str | None = None, limit: int = PAGE) -> QueuePage:
        """The next page: at most `limit` rows, perhaps fewer or none although more follow. Final `queue.no-such-cursor`."""
        with self.store.snapshot() as transaction:
            if after is not None and transaction.outbox.get(after) is None:
                raise Final("queue.no-such-cursor", params={"cursor": after})
            if wanted.states or wanted.everything:
                states = tuple(wanted.states) or None
                rows = transaction.outbox.listed(states=states, after=after, limit=limit)
            else:
                rows = transaction.watched.opened(after=after, limit=limit)
        kept = tuple(row for row in rows if self._is_wanted(row, wanted))
        return QueuePage(rows=kept, after=rows[-1].id if len(rows) == limit else None)

    def rows(self, wanted: Wanted) -> Iterator[Delivery]:
        """Every row, page by page."""
        after: str | None = None
        while True:
            page = self.page(wanted, after=after)
            yield from page.rows
            after = page.after
            if after is None:
                return

    def _is_wanted(self, row: Delivery, wanted: Wanted) -> bool:
        return not wanted.overdue or self.ahead(row).is_overdue

    def find(self, name: str) -> Delivery:
        """By its id, or by the document's where one delivery of it stands alone.

        Raises Final `intervene.no-such-delivery`, `queue.several-deliveries` with their ids.
        """
        with self.store.snapshot() as transaction:
            found = transaction.outbox.get(name)
            if found is not None:
                return found
            document = name if name.startswith(_URN) else f"{_URN}{name.lower()}"
            rows = transaction.outbox.of_document(DocumentId(document))
        documents = [row for row in rows if row.content_kind is ContentKind.DOCUMENT]
        candidates = documents or list(rows)
        if not candidates:
            raise Final("intervene.no-such-delivery", params={"delivery": name})
        if len(candidates) > 1:
            ids = ", ".join(f"{row.id} ({row.addressee})" for row in candidates)
            raise Final("queue.several-deliveries", params={"document": document, "deliveries": ids})
        return candidates[0]

    def ahead(self, row: Delivery) -> Prospect:
        """What lies ahead of it now."""
        ahead = prospect(row, self.plan, self.watchdog.limits(), self.clock.now())
        return replace(ahead, stamp_pending=self._is_stamp_pending(row))

    def _is_stamp_pending(self, row: Delivery) -> bool:
        content = row.content
        if (
            not isinstance(content, OutgoingDocument)
            or not content.stamp_pending
            or row.state is not DeliveryState.QUEUED
        ):
            return False
        with self.store.snapshot() as transaction:
            return transaction.outbox.stamped(row.id) is None

    def attempts(self, row: Delivery) -> tuple[Attempt, ...]:
        """Its tries."""
        with self.store.snapshot() as transaction:
            return transaction.outbox.attempts(row.id)

    def as_json(self, row: Delivery) -> dict[str, Any]:
        """The row, and what lies ahead of it."""
        return delivery_as_json(row, self.attempts(row), ahead=self.ahead(row))

    def explained(self, row: Delivery) -> tuple[Statement, ...]:
        """In plain sentences."""
        return explain(row, self.attempts(row), self.ahead(row), self.plan, self.clock.now())

    def whole(self, row: Delivery) -> dict[str, Any]:
        """Everything that is known of it: tries with digests, answers kept as proof, its history in the audit trail."""
        with self.store.snapshot() as transaction:
            attempts = transaction.outbox.attempts(row.id)
            receipts = transaction.receipts.of_document(row.document_id)
            stated = [one for one in transaction.statements.of_document(row.document_id) if one.delivery_id == row.id]
            signed = {one.sequence: transaction.statements.signed(one.sequence) for one in stated}
            events = transaction.audit.of_document(row.document_id)
        return {
            **delivery_as_json(row, attempts, ahead=self.ahead(row)),
            "messageId": row.message_id,
            "everSent": row.ever_sent,
            "lease": row.lease,
            "leaseUntil": row.lease_until.isoformat() if row.lease_until else None,
            "tries": [attempt_json(one) for one in attempts],
            "receipts": [
                {
                    "kind": one.kind.value,
                    "says": one.says,
                    "receivedAt": one.received_at.isoformat(),
                    "sha256": one.raw,
                    "verdict": one.verdict.value,
                    "number": one.registration_number,
                    "statedDigest": one.stated_digest,
                    "dispute": one.is_dispute,
                }
                for one in receipts
                if one.addressee == row.addressee
            ],
            "statements": [
                {
                    "kind": one.kind.value,
                    "sequence": one.sequence,
                    "madeAt": one.made_at.isoformat(),
                    "digest": one.digest,
                    "signed": None if (form := signed[one.sequence]) is None else form.sha256,
                }
                for one in stated
            ],
            "history": [event_json(one) for one in events if one.event.details.get("delivery") in {None, row.id}],
        }
