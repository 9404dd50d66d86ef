"""Deliveries and their attempts: add, claim under a lease, save what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, Select, Update, bindparam, exists, insert, select, tuple_, update

from adapter.domain.delivery import FINAL_STATES, Attempt, Delivery, DeliveryState
from adapter.domain.document import BodyCode, DocumentId
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.errors import Conflict, Final
from adapter.ports import AddedDelivery
from adapter.storage.database import OpenTransaction
from adapter.storage.rows import attempt_end, attempt_of, attempt_row, delivery_changes, delivery_of, delivery_row
from adapter.storage.tables import LANE, attempts, blobs, deliveries

HELD = (DeliveryState.CLAIMED, DeliveryState.SENDING)
"""States in which a worker holds the row: they keep the lane busy."""

AWAKE = tuple(
    state
    for state in DeliveryState
    if state not in FINAL_STATES and state not in HELD and state != DeliveryState.QUEUED
)
"""States that wait for somebody else, and wake up to tell a person."""

_LOOKS = 64
"""More than there are workers; after so many lost races the rest is left to the winners."""

_d = deliveries.c


class SqlOutbox:
    """adapter.ports.Outbox inside one transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def add(self, delivery: Delivery) -> AddedDelivery:
        """Add; the same key, kind and addressee with the same digest is a replay.

        Raises Conflict `document.conflict` with both digests and both times, Final `storage.no-such-bytes` when a file
        that travels is not kept yet, Conflict `storage.already-there` when the id is taken.
        """
        standing = self.find(delivery.key, delivery.content_kind, delivery.addressee)
        if standing is not None:
            return AddedDelivery(replayed=True, delivery=same_or_conflict(standing, delivery))
        for sha256 in named_bytes(delivery):
            if not self._transaction.value(select(exists().where(blobs.c.sha256 == sha256))):
                raise Final("storage.no-such-bytes", params={"sha256": sha256})
        self._transaction.change(insert(deliveries).values(**delivery_row(delivery)))
        return AddedDelivery(replayed=False, delivery=delivery)

    def get(self, delivery_id: str) -> Delivery | None:
        """The delivery with this id."""
        return self._one(select(deliveries).where(_d.id == delivery_id))

    def find(self, key: str, content_kind: ContentKind, addressee: BodyCode) -> Delivery | None:
        """The delivery of this content to this addressee; where there is none, nobody else queues it meanwhile."""
        self._transaction.queue_for(f"outbox {content_kind.value} {addressee} {key}")
        return self._one(
            select(deliveries).where(_d.key == key, _d.content_kind == content_kind, _d.addressee == addressee)
        )

    def of_document(self, document_id: DocumentId) -> tuple[Delivery, ...]:
        """Every delivery that speaks of a document, oldest first."""
        return self._all(select(deliveries).where(_d.document_id == document_id).order_by(_d.created_at, _d.id))

    def listed(
        self, *, states: Sequence[DeliveryState] | None = None, after: str | None = None, limit: int = 500
    ) -> tuple[Delivery, ...]:
        """A page in order of creation, then id; an `after` that nobody has gives an empty page."""
        statement = select(deliveries).order_by(_d.created_at, _d.id).limit(limit)
        if states is not None:
            statement = statement.where(_d.state.in_(states))
        if after is not None:
            last = select(_d.created_at, _d.id).where(_d.id == after).subquery()
            statement = statement.where(tuple_(_d.created_at, _d.id) > tuple_(last.c.created_at, last.c.id))
        return self._all(statement)

    def claim(self, *, now: datetime, lease: str, lease_for: timedelta) -> Delivery | None:
        """One due row, or None. Its wake-up becomes the end of the lease.

        Where another worker takes a row of the same lane at the same moment, the index refuses ours; it has committed by
        then, so the next look passes its lane over. Each look that is lost is a row that somebody else has won.
        """
        statement = claim_statement(now=now, lease=lease, until=now + lease_for)
        for _ in range(_LOOKS):
            try:
                row = self._transaction.row(statement)
            except Final as error:
                if error.params.get("invariant") != LANE:
                    raise
                continue
            return None if row is None else delivery_of(row)
        return None

    def lapsed(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        """Rows whose lease has ended, the longest ended first; without those that another worker is writing now."""
        return self._all(
            select(deliveries)
            .where(_d.state.in_(HELD), _d.lease_until <= now)
            .order_by(_d.lease_until, _d.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

    def awake(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        """Rows past their wake-up that wait for somebody else; a notice of ours that was sent is done.

        Without those that another worker is writing now.
        """
        return self._all(
            select(deliveries)
            .where(_d.state.in_(AWAKE), _d.wake_at <= now, ~_notice_is_done())
            .order_by(_d.wake_at, _d.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

    def asleep(self, *, states: Sequence[DeliveryState], beyond: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        """Rows whose wake-up lies after `beyond`, the farthest first; without those that another worker is writing now."""
        return self._all(
            select(deliveries)
            .where(_d.state.in_(states), _d.wake_at > beyond, ~_notice_is_done())
            .order_by(_d.wake_at.desc(), _d.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

    def save(self, delivery: Delivery) -> bool:
        """Write the mutable fields if the row still has `delivery.revision`; False when someone was faster.

        The revision is enough of a fence, the lease need not be compared: every write grows it, taking a lapsed lease
        away and a notice included, so who holds a lease that is no longer his also holds a revision that is gone.
        What a delivery is (key, content, addressee, digest, message id, creation) is never written again.
        Raises Final `storage.invariant` for a move out of a final state, a row that nothing would ever wake, or a
        second row of one lane in work.
        """
        changed = self._transaction.change(
            update(deliveries)
            .where(_d.id == delivery.id, _d.revision == delivery.revision)
            .values(**delivery_changes(delivery))
        )
        return changed == 1

    def add_attempt(self, attempt: Attempt) -> None:
        """Raises Conflict `storage.already-there` for a number that is taken, Final for bytes that are not kept."""
        self._transaction.change(insert(attempts).values(**attempt_row(attempt)))

    def close_attempt(self, attempt: Attempt) -> None:
        """Write the end of an attempt; a later answer replaces `lease-expired`. Final `storage.no-such-attempt`."""
        # The delivery first, as whoever recovers it does: two who lock in another order would wait for each other.
        self._transaction.row(select(_d.id).where(_d.id == attempt.delivery_id).with_for_update(key_share=True))
        statement = update(attempts).where(attempts.c.id == attempt.id).values(**attempt_end(attempt))
        if self._transaction.change(statement) != 1:
            raise Final("storage.no-such-attempt", params={"attempt": attempt.id})

    def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """In order of their number."""
        statement = select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.number)
        return tuple(attempt_of(row) for row in self._transaction.rows(statement))

    def _one(self, statement: Select[tuple[object, ...]]) -> Delivery | None:
        row = self._transaction.row(statement)
        return None if row is None else delivery_of(row)

    def _all(self, statement: Select[tuple[object, ...]]) -> tuple[Delivery, ...]:
        return tuple(delivery_of(row) for row in self._transaction.rows(statement))


def claim_statement(*, now: datetime, lease: str, until: datetime) -> Update:
    """Compare-and-set of one due row whose lane is free, in order of urgency.

    One statement for both databases: FOR UPDATE SKIP LOCKED is rendered where it exists, and where writers come one at
    a time it is not needed. Two workers that pass each other all the same meet the unique index deliveries_lane.
    """
    due = deliveries.alias("due")
    busy = deliveries.alias("busy")
    # Written into the statement as they are: a partial index is of use only to a condition that is known when planning.
    held: BindParameter[DeliveryState] = bindparam("held", HELD, expanding=True, literal_execute=True)
    lane_is_busy = exists().where(busy.c.addressee == due.c.addressee, busy.c.state.in_(held))
    chosen = (
        select(due.c.id)
        .where(due.c.state == DeliveryState.QUEUED, due.c.wake_at <= now, ~lane_is_busy)
        .order_by(due.c.deadline.nulls_last(), due.c.wake_at, due.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=due)
        .scalar_subquery()
    )
    return (
        update(deliveries)
        .where(_d.id == chosen, _d.state == DeliveryState.QUEUED)
        .values(
            state=DeliveryState.CLAIMED,
            lease=lease,
            lease_until=until,
            wake_at=until,
            changed_at=now,
            revision=_d.revision + 1,
        )
        .returning(deliveries)
    )


def same_or_conflict(standing: Delivery, offered: Delivery) -> Delivery:
    """The delivery that stands when the digests agree, else Conflict: the first bytes stay untouched."""
    if standing.digest == offered.digest:
        return standing
    raise Conflict(
        params={
            "document": offered.document_id,
            "addressee": offered.addressee,
            "known_sha256": standing.digest,
            "known_at": standing.created_at.isoformat(),
            "new_sha256": offered.digest,
            "new_at": offered.created_at.isoformat(),
        }
    )


def named_bytes(delivery: Delivery) -> tuple[str, ...]:
    """Digests of the files that travel with a delivery."""
    content = delivery.content
    return tuple(file.sha256 for file in content.files) if isinstance(content, OutgoingDocument) else ()


def _notice_is_done() -> ColumnElement[bool]:
    return (_d.content_kind == ContentKind.NOTICE) & (_d.state == DeliveryState.SENT)
