"""Deliveries and their attempts: add, claim under a lease, save what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)

from adapter.domain.delivery import FINAL_STATES, Attempt, Delivery, DeliveryState
from adapter.domain.document import BodyCode, DocumentId
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.domain.stamped_files import StampedFiles
from adapter.errors import Conflict, Final
from adapter.ports import AddedDelivery
from adapter.storage.database import OpenTransaction
from adapter.storage.rows import (
    attempt_end,
    attempt_of,
    attempt_row,
    delivery_changes,
    delivery_of,
    delivery_row,
    stamped_of,
    stamped_row,
)
from adapter.storage.tables import LANE, attempts, blobs, deliveries, stamped_files

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
_a = attempts.c

# Built once: to build a statement costs several times what the database takes for it.
_BY_ID = select(deliveries).where(_d.id == bindparam("of_id"))
_FIND = select(deliveries).where(
    _d.key == bindparam("of_key"),
    _d.content_kind == bindparam("of_kind"),
    _d.addressee == bindparam("of_addressee"),
)
_OF_DOCUMENT = select(deliveries).where(_d.document_id == bindparam("of_document")).order_by(_d.created_at, _d.id)
_ARE_BYTES_KEPT = select(exists().where(blobs.c.sha256 == bindparam("of_digest")))
_ADD = insert(deliveries)
_SAVE = update(deliveries).where(_d.id == bindparam("of_id"), _d.revision == bindparam("of_revision"))
_ADD_ATTEMPT = insert(attempts)
_LOCK = select(_d.id).where(_d.id == bindparam("of_id")).with_for_update(key_share=True)
_CLOSE_ATTEMPT = update(attempts).where(_a.id == bindparam("of_id"))
_ADD_STAMPED = insert(stamped_files)
_STAMPED = select(stamped_files).where(stamped_files.c.delivery_id == bindparam("of_delivery"))
_ATTEMPTS = select(attempts).where(_a.delivery_id == bindparam("of_delivery")).order_by(_a.number)


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
            self._refuse_unless_kept(sha256)
        self._transaction.change(_ADD, **delivery_row(delivery))
        return AddedDelivery(replayed=False, delivery=delivery)

    def get(self, delivery_id: str) -> Delivery | None:
        """The delivery with this id."""
        return self._one(_BY_ID, of_id=delivery_id)

    def find(self, key: str, content_kind: ContentKind, addressee: BodyCode) -> Delivery | None:
        """The delivery of this content to this addressee; where there is none, nobody else queues it meanwhile."""
        self._transaction.queue_for(f"outbox {content_kind.value} {addressee} {key}")
        return self._one(_FIND, of_key=key, of_kind=content_kind, of_addressee=addressee)

    def of_document(self, document_id: DocumentId) -> tuple[Delivery, ...]:
        """Every delivery that speaks of a document, oldest first."""
        return self._all(_OF_DOCUMENT, of_document=document_id)

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

    def due(self, *, now: datetime) -> bool:
        """Whether a row is due whose lane is free."""
        return bool(self._transaction.value(_IS_DUE, now=now))

    def backlog(self, *, now: datetime) -> int:
        """Rows that are due, whether their lane is free or not."""
        return int(self._transaction.value(_BACKLOG, now=now))

    def claim(
        self,
        *,
        now: datetime,
        lease: str,
        lease_for: timedelta,
        oldest_first: bool = False,
        passing_over: str | None = None,
    ) -> Delivery | None:
        """One due row, or None. Its wake-up becomes the end of the lease.

        Where another worker takes a row of the same lane at the same moment, the index refuses ours; it has committed by
        then, so the next look passes its lane over. Each look that is lost is a row that somebody else has won.
        """
        statement = claim_statement(oldest_first=oldest_first, is_passing_over=passing_over is not None)
        values: dict[str, object] = {"now": now, "token": lease, "until": now + lease_for}
        if passing_over is not None:
            values["passed_over"] = passing_over
        for _ in range(_LOOKS):
            try:
                row = self._transaction.row(statement, **values)
            except Final as error:
                if error.params.get("invariant") != LANE:
                    raise
                continue
            return None if row is None else delivery_of(row)
        return None

    def renew(self, delivery_id: str, *, lease: str, until: datetime) -> bool:
        """Compare-and-set on the token alone: the holder's own later save must still find its revision."""
        changed = self._transaction.change(
            update(deliveries)
            .where(_d.id == delivery_id, _d.lease == lease, _d.state.in_(HELD))
            .values(lease_until=until, wake_at=until)
        )
        return changed == 1

    def lapsed(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        """Rows whose lease has ended, the longest ended first; without those that another worker is writing now."""
        return self._unlocked(
            select(deliveries)
            .where(_d.state.in_(HELD), _d.lease_until <= now)
            .order_by(_d.lease_until, _d.id)
            .limit(limit)
        )

    def awake(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        """Rows past their wake-up that wait for somebody else; a notice of ours that was sent is done.

        Without those that another worker is writing now.
        """
        return self._unlocked(
            select(deliveries)
            .where(_d.state.in_(AWAKE), _d.wake_at <= now, ~_notice_is_done())
            .order_by(_d.wake_at, _d.id)
            .limit(limit)
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
            _SAVE, of_id=delivery.id, of_revision=delivery.revision, **delivery_changes(delivery)
        )
        return changed == 1

    def to_warn(self, *, now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
        """Rows whose `warn_at` has come, in whatever state, the oldest first; read without a lock."""
        statement = select(deliveries).where(_d.warn_at.is_not(None), _d.warn_at <= now)
        return self._all(statement.order_by(_d.warn_at, _d.id).limit(limit))

    def save_warned(self, delivery: Delivery, *, warned: int, warn_at: datetime | None) -> bool:
        """Compare-and-set of the two fields on `warned`; the revision stays, so that a holder of the row keeps it."""
        changed = self._transaction.change(
            update(deliveries)
            .where(_d.id == delivery.id, _d.warned == delivery.warned)
            .values(warned=warned, warn_at=warn_at)
        )
        return changed == 1

    def add_attempt(self, attempt: Attempt) -> None:
        """Raises Conflict `storage.already-there` for a number that is taken, Final for bytes that are not kept."""
        self._transaction.change(_ADD_ATTEMPT, **attempt_row(attempt))

    def close_attempt(self, attempt: Attempt) -> None:
        """Write the end of an attempt; a later answer replaces `lease-expired`. Final `storage.no-such-attempt`."""
        # The delivery first, as whoever recovers it does: two who lock in another order would wait for each other.
        self._transaction.row(_LOCK, of_id=attempt.delivery_id)
        if self._transaction.change(_CLOSE_ATTEMPT, of_id=attempt.id, **attempt_end(attempt)) != 1:
            raise Final("storage.no-such-attempt", params={"attempt": attempt.id})

    def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """In order of their number."""
        return tuple(attempt_of(row) for row in self._transaction.rows(_ATTEMPTS, of_delivery=delivery_id))

    def add_stamped(self, stamped: StampedFiles) -> None:
        """Conflict `storage.already-there` for a delivery that has its files already; Final `storage.no-such-bytes`."""
        for file in stamped.files:
            self._refuse_unless_kept(file.sha256)
        self._transaction.change(_ADD_STAMPED, **stamped_row(stamped))

    def stamped(self, delivery_id: str) -> StampedFiles | None:
        """What travels of a document that was handed over without its time-stamp; None before that is settled."""
        row = self._transaction.row(_STAMPED, of_delivery=delivery_id)
        return None if row is None else stamped_of(row)

    def _refuse_unless_kept(self, sha256: str) -> None:
        if not self._transaction.value(_ARE_BYTES_KEPT, of_digest=sha256):
            raise Final("storage.no-such-bytes", params={"sha256": sha256})

    def _one(self, statement: Select[tuple[object, ...]], **values: object) -> Delivery | None:
        row = self._transaction.row(statement, **values)
        return None if row is None else delivery_of(row)

    def _unlocked(self, statement: Select[tuple[object, ...]]) -> tuple[Delivery, ...]:
        """Rows that nobody else is writing, locked for us; in a snapshot nothing is locked."""
        return self._all(statement if self._transaction.is_reading else statement.with_for_update(skip_locked=True))

    def _all(self, statement: Select[tuple[object, ...]], **values: object) -> tuple[Delivery, ...]:
        return tuple(delivery_of(row) for row in self._transaction.rows(statement, **values))


_DUE = deliveries.alias("due")
_BUSY = deliveries.alias("busy")
# Written into the statement as they are: a partial index is of use only to a condition that is known when planning.
_IN_WORK: list[ColumnElement[str]] = [literal_column(f"'{state.value}'") for state in HELD]
_DUE_ROWS = select(_DUE).where(
    _DUE.c.state == literal_column(f"'{DeliveryState.QUEUED.value}'"),
    _DUE.c.wake_at <= bindparam("now", type_=_d.wake_at.type),
    ~exists().where(_BUSY.c.addressee == _DUE.c.addressee, _BUSY.c.state.in_(_IN_WORK)),
)
"""Due rows whose lane is free."""

_IS_DUE = select(exists(_DUE_ROWS.with_only_columns(_DUE.c.id)))
_BACKLOG = select(func.count()).where(
    _d.state == literal_column(f"'{DeliveryState.QUEUED.value}'"), _d.wake_at <= bindparam("now", type_=_d.wake_at.type)
)


@cache
def claim_statement(*, oldest_first: bool = False, is_passing_over: bool = False) -> Update:
    """Compare-and-set of one due row whose lane is free, in order of urgency; filled with now, token, until, passed_over.

    One statement for both databases: FOR UPDATE SKIP LOCKED is rendered where it exists, and where writers come one at
    a time it is not needed. Two workers that pass each other all the same meet the unique index deliveries_lane.
    """
    age = _DUE.c.created_at if oldest_first else _DUE.c.wake_at
    rows = _DUE_ROWS.where(_DUE.c.id != bindparam("passed_over")) if is_passing_over else _DUE_ROWS
    chosen = (
        rows.with_only_columns(_DUE.c.id)
        .order_by(_DUE.c.deadline.nulls_last(), age, _DUE.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=_DUE)
        .scalar_subquery()
    )
    return (
        update(deliveries)
        .where(_d.id == chosen, _d.state == literal_column(f"'{DeliveryState.QUEUED.value}'"))
        .values(
            state=DeliveryState.CLAIMED,
            lease=bindparam("token"),
            lease_until=bindparam("until"),
            wake_at=bindparam("until"),
            changed_at=bindparam("now"),
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
