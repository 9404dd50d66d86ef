"""A delivery: one content on its way to one addressee, its states, and the one table of transitions.

    QUEUED -> CLAIMED -> SENDING -> SENT -> IN_CENTRE -> DELIVERED -> REGISTERED
                 |          |-> UNCERTAIN (no readable answer)            REFUSED
                 |          |-> ABANDONED (a person must act)             WITHDRAWN
                 '-> QUEUED (surely nothing taken)

The program moves a row only through `next_state`. Final is final: what contradicts it is kept as a dispute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from adapter.domain.document import BodyCode, DocumentId, Sha256
from adapter.domain.notice import NoticeKind
from adapter.domain.outgoing import Content, ContentKind


class DeliveryState(StrEnum):
    """What the row says; the table in docs/delivery.md says what each wakes up for."""

    QUEUED = "queued"
    """Durable; of this attempt nothing has left. Wakes up for the next attempt."""
    CLAIMED = "claimed"
    """A worker holds the lease; files may be uploaded, the document has not left. Wakes up at the lease's end."""
    SENDING = "sending"
    """The POST may have begun; from here the outcome can be unknown. Wakes up at the lease's end."""
    SENT = "sent"
    """The gateway took it: sent in law and not received. A notice of ours is done here."""
    IN_CENTRE = "in-centre"
    """The centre reports it processed. Wakes up for the alarm: addressee silent."""
    DELIVERED = "delivered"
    """It is in the addressee's system. Wakes up for the alarm: not registered."""
    REGISTERED = "registered"
    """Recorded by the addressee under a number. Final."""
    REFUSED = "refused"
    """Refused by exchange or addressee, the reason is kept. Final."""
    UNCERTAIN = "uncertain"
    """Sent, answer unknown: waits for a notice, then a person is asked."""
    ABANDONED = "abandoned"
    """The program gave up; a person must act. Not final: a late notice still counts. Wakes up for a daily reminder."""
    WITHDRAWN = "withdrawn"
    """Stopped by a person before anything left. Final."""


class DeliveryEvent(StrEnum):
    """What can happen to a delivery; the wire side of each stands in adapter/exchange/faults.py and notices.py."""

    CLAIMED = "claimed"
    MARKED_SENDING = "marked-sending"
    NOT_SENT = "not-sent"
    """No byte of the request left, or the other side said plainly: try later. Back to the schedule."""
    CHANNEL_CLOSED = "channel-closed"
    """The cause is the channel, not this document: back to the schedule, uses no attempt."""
    ACCEPTED = "accepted"
    REFUSED_FINALLY = "refused-finally"
    NOT_UNDERSTOOD = "not-understood"
    """A well-formed answer with a code that no list knows: a person reads it now."""
    OUTCOME_UNKNOWN = "outcome-unknown"
    PREPARATION_FAILED = "preparation-failed"
    """Final before the POST: file refused, key expired."""
    BUDGET_GONE = "budget-gone"
    """The schedule says that a person must take over."""
    LEASE_EXPIRED = "lease-expired"
    LAPSED_TOO_OFTEN = "lapsed-too-often"
    """Its worker did not come back, several times in a row: it may be what kills them, so a person must act."""
    NOTICE_IN_CENTRE = "notice-in-centre"
    NOTICE_DELIVERED = "notice-delivered"
    NOTICE_REGISTERED = "notice-registered"
    NOTICE_NOT_VALID = "notice-not-valid"
    PERSON_RESENDS = "person-resends"
    PERSON_GIVES_UP = "person-gives-up"
    PERSON_WITHDRAWS = "person-withdraws"
    LAST_SAFE_TRY = "last-safe-try"
    """The planner's own identical resend before the legal deadline, when nobody has decided."""


class Proof(StrEnum):
    """How far the proof reaches: nothing yet, the exchange's word, or a signed Receipt naming our digest."""

    NONE = "none"
    NOTICE = "notice"
    DIGEST = "digest"


FINAL_STATES = frozenset({DeliveryState.REGISTERED, DeliveryState.REFUSED, DeliveryState.WITHDRAWN})

_RANK = {DeliveryState.SENT: 1, DeliveryState.IN_CENTRE: 2, DeliveryState.DELIVERED: 3, DeliveryState.REGISTERED: 4}
"""How far along a delivery is: a notice never moves it back."""

_S = DeliveryState
_E = DeliveryEvent

_EVERY_OPEN = (_S.QUEUED, _S.CLAIMED, _S.SENDING, _S.SENT, _S.IN_CENTRE, _S.DELIVERED, _S.UNCERTAIN, _S.ABANDONED)

TRANSITIONS: Mapping[tuple[DeliveryState, DeliveryEvent], DeliveryState] = MappingProxyType(
    {
        (_S.QUEUED, _E.CLAIMED): _S.CLAIMED,
        (_S.CLAIMED, _E.MARKED_SENDING): _S.SENDING,
        (_S.CLAIMED, _E.NOT_SENT): _S.QUEUED,
        (_S.CLAIMED, _E.CHANNEL_CLOSED): _S.QUEUED,
        (_S.CLAIMED, _E.PREPARATION_FAILED): _S.ABANDONED,
        (_S.CLAIMED, _E.BUDGET_GONE): _S.ABANDONED,
        (_S.CLAIMED, _E.LEASE_EXPIRED): _S.QUEUED,
        (_S.CLAIMED, _E.LAPSED_TOO_OFTEN): _S.ABANDONED,
        (_S.SENDING, _E.NOT_SENT): _S.QUEUED,
        (_S.SENDING, _E.CHANNEL_CLOSED): _S.QUEUED,
        (_S.SENDING, _E.ACCEPTED): _S.SENT,
        (_S.SENDING, _E.REFUSED_FINALLY): _S.REFUSED,
        (_S.SENDING, _E.NOT_UNDERSTOOD): _S.ABANDONED,
        (_S.SENDING, _E.BUDGET_GONE): _S.ABANDONED,
        (_S.SENDING, _E.OUTCOME_UNKNOWN): _S.UNCERTAIN,
        (_S.SENDING, _E.LEASE_EXPIRED): _S.UNCERTAIN,
        (_S.SENDING, _E.LAPSED_TOO_OFTEN): _S.ABANDONED,
        (_S.UNCERTAIN, _E.LAST_SAFE_TRY): _S.QUEUED,
        **{(state, _E.PERSON_RESENDS): _S.QUEUED for state in (_S.UNCERTAIN, _S.SENT, _S.IN_CENTRE, _S.ABANDONED)},
        (_S.UNCERTAIN, _E.PERSON_GIVES_UP): _S.ABANDONED,
        (_S.QUEUED, _E.PERSON_WITHDRAWS): _S.WITHDRAWN,
        (_S.ABANDONED, _E.PERSON_WITHDRAWS): _S.WITHDRAWN,
        **{(state, _E.NOTICE_REGISTERED): _S.REGISTERED for state in _EVERY_OPEN},
        **{(state, _E.NOTICE_NOT_VALID): _S.REFUSED for state in _EVERY_OPEN},
        **{
            (state, _E.NOTICE_IN_CENTRE): _S.IN_CENTRE
            for state in _EVERY_OPEN
            if _RANK.get(state, 0) < _RANK[_S.IN_CENTRE]
        },
        **{
            (state, _E.NOTICE_DELIVERED): _S.DELIVERED
            for state in _EVERY_OPEN
            if _RANK.get(state, 0) < _RANK[_S.DELIVERED]
        },
    }
)
"""Every move there is; what is not in the table does not happen."""

_HARMLESS_TO_REPEAT: Mapping[DeliveryEvent, DeliveryState] = MappingProxyType(
    {_E.OUTCOME_UNKNOWN: _S.QUEUED, _E.LEASE_EXPIRED: _S.QUEUED}
)
"""A notice of ours may arrive twice without harm, so it never waits for a person."""

NOTICE_EVENTS: Mapping[NoticeKind, DeliveryEvent] = MappingProxyType(
    {
        NoticeKind.PROCESSED_IN_CENTRE: _E.NOTICE_IN_CENTRE,
        NoticeKind.DELIVERED: _E.NOTICE_DELIVERED,
        NoticeKind.REGISTERED: _E.NOTICE_REGISTERED,
        NoticeKind.NOT_VALID: _E.NOTICE_NOT_VALID,
    }
)

_FROM_NOTICES = frozenset(NOTICE_EVENTS.values())


class Effect(StrEnum):
    """What an event does to a delivery in its state."""

    MOVES = "moves"
    UNCHANGED = "unchanged"
    """A repeated or lower notice: kept as a receipt, changes nothing."""
    DISPUTE = "dispute"
    """It contradicts a final state, or speaks of a document that never left: kept, a person is told."""
    IMPOSSIBLE = "impossible"
    """The table has no such move; the caller's picture is out of date."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What follows from an event: the effect, and the state afterwards (the same one unless it MOVES)."""

    effect: Effect
    state: DeliveryState


def is_final(state: DeliveryState, content: ContentKind) -> bool:
    """True when nothing can move the delivery any more; a notice of ours is done once the gateway took it."""
    return state in FINAL_STATES or (content is ContentKind.NOTICE and state is DeliveryState.SENT)


def next_state(
    state: DeliveryState, event: DeliveryEvent, *, content: ContentKind = ContentKind.DOCUMENT, ever_sent: bool = True
) -> Step:
    """What `event` does to a delivery in `state`.

    ever_sent   whether an attempt ever reached SENDING; a notice about a document that never left is a dispute, and
                only what never left can be withdrawn.
    """
    if content is ContentKind.NOTICE and state is DeliveryState.SENT:
        # A notice of ours is done once the gateway took it: what is said about it is kept and moves nothing.
        return Step(effect=Effect.UNCHANGED if event in _FROM_NOTICES else Effect.IMPOSSIBLE, state=state)
    if event in _FROM_NOTICES:
        return _by_notice(state, event, ever_sent=ever_sent)
    if event is DeliveryEvent.PERSON_WITHDRAWS and ever_sent:
        return Step(effect=Effect.IMPOSSIBLE, state=state)
    target = TRANSITIONS.get((state, event))
    if target is not None and content is ContentKind.NOTICE and state is DeliveryState.SENDING:
        target = _HARMLESS_TO_REPEAT.get(event, target)
    if target is None:
        return Step(effect=Effect.IMPOSSIBLE, state=state)
    return Step(effect=Effect.MOVES, state=target)


def _by_notice(state: DeliveryState, event: DeliveryEvent, *, ever_sent: bool) -> Step:
    if not ever_sent:
        return Step(effect=Effect.DISPUTE, state=state)
    if state in FINAL_STATES:
        agrees = {
            DeliveryState.REGISTERED: event is not DeliveryEvent.NOTICE_NOT_VALID,
            DeliveryState.REFUSED: event is not DeliveryEvent.NOTICE_REGISTERED,
            DeliveryState.WITHDRAWN: False,
        }[state]
        return Step(effect=Effect.UNCHANGED if agrees else Effect.DISPUTE, state=state)
    target = TRANSITIONS.get((state, event))
    if target is None:
        return Step(effect=Effect.UNCHANGED, state=state)
    return Step(effect=Effect.MOVES, state=target)


_CARRIED = frozenset({DeliveryState.IN_CENTRE, DeliveryState.DELIVERED, DeliveryState.REGISTERED})
"""Only a notice leads there: by the exchange's own word it has carried the document."""


def is_contradicted(state: DeliveryState, event: DeliveryEvent) -> bool:
    """Whether a gateway's answer that came after a notice had moved the row contradicts it: refused, and carried.

    The row stays all the same: what the addressee has is there, whatever the gateway says of the call.
    """
    return event is DeliveryEvent.REFUSED_FINALLY and state in _CARRIED


# --- the row ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One content on its way to one addressee.

    key             unique with `content_kind` and `addressee`: the DocumentId, for a notice DocumentId and kind
    message_id      the exchange's id of the message: the same on every resend
    digest          of the XML for a document (signatures differ each time), of the notice's canonical form for a notice
    attempts        POSTs that may have begun; a closed channel is not an attempt
    ever_sent       an attempt reached SENDING at least once
    deadline        legal, as an instant; None when the Rules name none
    resend          the next attempt repeats the kept bytes of the last one
    planner_resent  the planner's own resend was made, and no person has sent it again since
    lapses          leases in a row that ended without a word of their worker
    deferrals       times in a row that nothing left: the channel turned it back, or an upload did not come through; not
                    attempts, but the waits grow with them
    lease           token of the worker that holds the row, and until when
    warned          percent of the time to the deadline at which the last warning was due: 0, 50, 80, 95; 100: nothing more
    warn_at         when the next is due (domain/escalation.py); None when nothing more is
    revision        grows with every write; a write names the revision it read
    """

    id: str
    key: str
    content_kind: ContentKind
    content: Content
    document_id: DocumentId
    sender: BodyCode
    addressee: BodyCode
    digest: Sha256
    message_id: str
    state: DeliveryState
    wake_at: datetime | None
    created_at: datetime
    changed_at: datetime
    deadline: datetime | None = None
    attempts: int = 0
    ever_sent: bool = False
    resend: bool = False
    planner_resent: bool = False
    lapses: int = 0
    deferrals: int = 0
    lease: str | None = None
    lease_until: datetime | None = None
    registration_number: str | None = None
    proof: Proof = Proof.NONE
    reason: str | None = None
    reason_text: str | None = None
    warned: int = 0
    warn_at: datetime | None = None
    revision: int = 0


class AttemptOutcome(StrEnum):
    """How one POST ended; OPEN until it is recorded."""

    OPEN = "open"
    ACCEPTED = "accepted"
    NOT_SENT = "not-sent"
    CHANNEL_CLOSED = "channel-closed"
    REFUSED = "refused"
    NOT_UNDERSTOOD = "not-understood"
    UNKNOWN = "unknown"
    LEASE_EXPIRED = "lease-expired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One POST that may have begun.

    message             the exact bytes of the signed envelope, kept before a byte leaves (digest of its blob)
    files_expire_at     when the exchange forgets the files that the message names; None for a message without files
    answer              digest of the raw answer's blob; None when none came
    answer_verdict      verified / unverified / failed; None when none came
    code, text          what the other side said, as it said it
    planner             True for the planner's own identical resend before the deadline
    """

    id: str
    delivery_id: str
    number: int
    message_id: str
    message: Sha256
    files_expire_at: datetime | None
    started_at: datetime
    ended_at: datetime | None = None
    outcome: AttemptOutcome = AttemptOutcome.OPEN
    answer: Sha256 | None = None
    answer_verdict: str | None = None
    code: str | None = None
    text: str | None = None
    planner: bool = False
