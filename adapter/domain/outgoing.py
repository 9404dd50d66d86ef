"""What a delivery carries: a document with its requisites and files, or a notice of ours about somebody else's document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.notice import Notice


class ContentKind(StrEnum):
    """What travels: a document, or a notice of ours about somebody else's document."""

    DOCUMENT = "document"
    NOTICE = "notice"


_ENVELOPE_ROOM = 64 * 1024
"""Bytes kept free for the envelope around raw bytes: header, signature with one certificate, names."""


def message_bytes(raw: int) -> int:
    """How long a message of the exchange is at most that carries so many raw bytes: as base64, in a signed envelope."""
    return -(-raw // 3) * 4 + _ENVELOPE_ROOM


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A name or text in Kazakh and Russian, as the exchange's requisites carry it."""

    kk: str
    ru: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TravellingFile:
    """One file as it travels: name shown to the addressee, media type, size in bytes, digest (the key of its blob)."""

    name: str
    media_type: str
    size: int
    sha256: Sha256


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingDocument:
    """Everything the exchange asks about a document, besides its bytes (records management, Order 236).

    files               in the order in which they travel; the container first
    office_signature    detached CMS (DER) over the files in that order; None when the office does not sign
    sheets, appendices  as they stand on the paper copy
    answers             outgoing number of the document being answered
    due_on              date by which the addressee expects the document, if any
    stamp_pending       the container has no time-stamp yet and waits for one (domain/stamped_files.py); the office signs then
    """

    document_id: DocumentId
    document_type: DocumentType
    sender: BodyCode
    addressee: BodyCode
    registration_number: str
    registration_date: date
    description: Words
    author: Words
    recipient: Words
    signer: Words
    executor: str
    executor_phone: str
    sheets: int
    files: tuple[TravellingFile, ...]
    office_signature: bytes | None
    prepared_at: datetime
    answers: str | None = None
    due_on: date | None = None
    stamp_pending: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingNotice:
    """A notice of ours and the body it goes to; `subject` is the document it speaks of."""

    notice: Notice
    sender: BodyCode
    addressee: BodyCode


Content = OutgoingDocument | OutgoingNotice
