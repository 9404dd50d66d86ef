"""What became of a document that was handed over while its time-stamp was not to be had ("stamp pending").

The delivery itself stays as it was handed over, and so do the receipt for it and the bytes that the receipt names. What
travels stands beside it, once and for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapter.domain.document import DocumentId
from adapter.domain.outgoing import TravellingFile


@dataclass(frozen=True, kw_only=True, slots=True)
class StampedFiles:
    """The files of one delivery as they travel.

    level               of the signatures in the container: B-T and above; B-B where the last safe moment came first
    files               in the order in which they travel; the container first
    office_signature    detached CMS (DER) over the files in that order; None when the office does not sign
    stamped_at          when that was settled, UTC
    """

    delivery_id: str
    document_id: DocumentId
    level: str
    files: tuple[TravellingFile, ...]
    office_signature: bytes | None
    stamped_at: datetime
