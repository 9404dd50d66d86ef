"""What the node itself states about a delivery, and the chain in which it states it.

    submission receipt   this was taken over, with these bytes, at this time (EN 319 522-1: SubmissionAcceptance)
    non-delivery         the deadline came and there is no proof of receipt (EN 319 522-1: ContentConsignmentFailure)

digest(n) = SHA-256(content of n); the content of n names n and digest(n-1), zeros for the first. The content is the
canonical XML without any signature: a signature is added later and changes no link.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from adapter.domain.audit_event import GENESIS
from adapter.domain.document import BodyCode, DocumentId, Sha256
from adapter.domain.outgoing import TravellingFile


class StatementKind(StrEnum):
    """What is stated."""

    SUBMISSION_RECEIPT = "submission-receipt"
    NON_DELIVERY = "non-delivery"


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A link of the chain as it is kept.

    sequence    from 1 without gaps
    content     canonical XML (exclusive, UTF-8) of schemas/statement/v1, unsigned
    previous    digest of the statement before, GENESIS for the first
    digest      SHA-256 of `content`
    made_at     when it was stated, UTC
    """

    sequence: int
    kind: StatementKind
    document_id: DocumentId
    delivery_id: str
    made_at: datetime
    content: bytes
    previous: Sha256
    digest: Sha256


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedStatement:
    """Which bytes are the statement with its signature: the first that were kept, for ever."""

    sequence: int
    sha256: Sha256
    signed_at: datetime


def chained(sequence: int, previous: Sha256, content: bytes) -> Sha256:
    """Digest of the content that stands there; ValueError when it names another place."""
    if place_of(content) != (sequence, previous):
        raise ValueError("a statement that does not name its place")
    return Sha256(hashlib.sha256(content).hexdigest())


_START = re.compile(rb"<[A-Za-z]+ [^<>]*>")
_SEQUENCE = re.compile(rb' sequence="([1-9][0-9]{0,17})"')
_PREVIOUS = re.compile(rb' previous="([0-9a-f]{64})"')


def place_of(content: bytes) -> tuple[int, Sha256] | None:
    """The number and the digest before that canonical content names in its first tag; None where it names none."""
    start = _START.match(content)
    if start is None:
        return None
    sequence, previous = _SEQUENCE.search(start[0]), _PREVIOUS.search(start[0])
    if sequence is None or previous is None:
        return None
    return int(sequence[1]), Sha256(previous[1].decode())


def first_break(statements: Iterable[Statement]) -> int | None:
    """Sequence of the first statement that does not follow from the one before it; None when the chain holds.

    Found are an edit of content, digest or number, a gap, another order. The first one given is trusted for its
    `previous`, so that a segment can be judged; a chain from its beginning starts with number 1.
    """
    last: Statement | None = None
    for item in statements:
        if place_of(item.content) != (item.sequence, item.previous):
            return item.sequence
        if item.digest != hashlib.sha256(item.content).hexdigest():
            return item.sequence
        if item.sequence == 1 and item.previous != GENESIS:
            return item.sequence
        if last is not None and (item.previous != last.digest or item.sequence != last.sequence + 1):
            return item.sequence
        last = item
    return None


# --- what a statement says -------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A link of a chain of the node: of the audit trail or of the statements."""

    sequence: int
    digest: Sha256


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkedEvent(Link):
    """An event of the audit trail; who holds its digest holds the trail up to there."""

    action: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """The legal deadline, the last moment at which a try can still end before it, and whether it had passed at submit."""

    at: datetime
    last_safe_try: datetime
    passed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedRuleset:
    """Under which the document was checked."""

    id: str
    version: str
    sha256: Sha256


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What every statement says.

    received_at     when the document became durable here, UTC
    running         time since the node's process began, on a clock that nobody sets: a step of the wall clock shows
    container       digest of the container; `xml` of the document inside
    """

    body: BodyCode
    document_id: DocumentId
    delivery_id: str
    addressee: BodyCode
    received_at: datetime
    made_at: datetime
    running: timedelta
    xml: Sha256
    container: Sha256
    audit_event: LinkedEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmissionReceipt(Said):
    """The node took the document over. EN 319 522-1: SubmissionAcceptance."""

    ruleset: NamedRuleset
    files: tuple[TravellingFile, ...]
    due: Due | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StatedAttempt:
    """One POST that may have begun; digests of the message and the answer, which are kept."""

    number: int
    started_at: datetime
    outcome: str
    message: Sha256
    ended_at: datetime | None = None
    code: str | None = None
    answer: Sha256 | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StatedAnswer:
    """An answer or notice that came, as it was judged when it came."""

    kind: str
    says: str
    received_at: datetime
    verdict: str
    sha256: Sha256
    is_dispute: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NonDelivery(Said):
    """The deadline came without proof of receipt. EN 319 522-1: ContentConsignmentFailure.

    state, since    where the delivery stood, and since when: a refusal is a refusal with its time, not silence
    next_try        when the node tries again by itself; None where it does not
    receipt         the submission receipt; None for a delivery of before there were receipts
    """

    due: Due
    state: str
    since: datetime
    proof: str
    attempts: tuple[StatedAttempt, ...]
    answers: tuple[StatedAnswer, ...]
    receipt: Link | None
    next_try: datetime | None = None
    reason: str | None = None
    number: str | None = None
