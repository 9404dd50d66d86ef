"""Receipt: any answer kept as proof, for ever, beside the verdict on its signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from adapter.domain.document import BodyCode, DocumentId, Sha256


class ReceiptKind(StrEnum):
    """What came: the gateway's answer, a notice of the exchange, a signed XML Receipt, a ProcessingResponse."""

    GATEWAY_ANSWER = "gateway-answer"
    NOTICE = "notice"
    SIGNED_RECEIPT = "signed-receipt"
    PROCESSING_RESPONSE = "processing-response"


class MessageVerdict(StrEnum):
    """Verdict on the signature of what came: an envelope, or the container of a signed answer.

    unverified  there is none, or only its certificate could not be judged
    failed      it is wrong, or of another than who must sign
    """

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """One answer.

    says            the answer in one word of ours: a notice kind, an outcome, an accepted code
    raw             digest of the raw bytes' blob, kept exactly as received
    stated_digest   the digest of our document that the answer names; None when its kind names none
    is_dispute      it contradicts what is known; a person is told
    """

    id: str
    document_id: DocumentId
    addressee: BodyCode
    kind: ReceiptKind
    says: str
    received_at: datetime
    raw: Sha256
    verdict: MessageVerdict
    stated_at: datetime | None = None
    stated_digest: Sha256 | None = None
    registration_number: str | None = None
    is_dispute: bool = False
