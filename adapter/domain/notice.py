"""What one side tells the other about a document on its way, in words that no exchange owns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from adapter.domain.document import DocumentId, Sha256


class NoticeKind(StrEnum):
    """What is told. The wire's words for each stand in adapter/exchange/notices.py."""

    PROCESSED_IN_CENTRE = "processed-in-centre"
    DELIVERED = "delivered"
    REGISTERED = "registered"
    NOT_VALID = "not-valid"
    EXECUTION = "execution"
    FINISHED = "finished"
    NEW_CONTROL = "new-control"
    PROLONGED = "prolonged"
    NEW_DATE = "new-date"
    OFF_CONTROL = "off-control"
    NEW_CONTROL_WRONG = "new-control-wrong"
    OFF_CONTROL_WRONG = "off-control-wrong"

    @property
    def moves_delivery(self) -> bool:
        """True for the four notices that change the state of a delivery; the others are kept as history."""
        return self in _MOVES


_MOVES = frozenset({NoticeKind.PROCESSED_IN_CENTRE, NoticeKind.DELIVERED, NoticeKind.REGISTERED, NoticeKind.NOT_VALID})


class RefusalReason(StrEnum):
    """Why an addressee refuses to register (ESEDO: isValidReason). OTHER carries its own words."""

    WRONG_LINK = "wrong-link"
    SIGNATURE_NEGATIVE = "signature-negative"
    AGAINST_RULES = "against-rules"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One notice, to be sent or as received.

    document_id          the document it speaks of
    speaker              participant id of the side that speaks ("from"), as a decimal string; None when absent
    addressee            participant id it is meant for; None when absent
    said_at              the time stated inside, aware; None when absent or unreadable
    registration_number  with REGISTERED
    reason, reason_text  with NOT_VALID; reason_text keeps the original words or code
    text                 free text, shown to a person and never interpreted
    details              further fields of the wire, name and value, in their order
    sha256               of the raw message it was read from; None for a notice of our own
    """

    document_id: DocumentId
    kind: NoticeKind
    speaker: str | None = None
    addressee: str | None = None
    said_at: datetime | None = None
    registration_number: str | None = None
    reason: RefusalReason | None = None
    reason_text: str | None = None
    text: str | None = None
    details: tuple[tuple[str, str], ...] = ()
    sha256: Sha256 | None = None
