"""What the rules need to know and cannot read in the Report. None means not known, and nothing passes for that.

The caller gives what it has found out (verdicts, digests, the register's memory). A rule whose stage demands a fact
that is None answers `rules.cannot-tell`, which blocks like an error and is never told to a sender as a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from adapter.domain.codes import Capacity, SignatureVerdict
from adapter.domain.document import BodyCode, DocumentId
from adapter.domain.report import FieldPath, TreatyInformation
from adapter.domain.treaty import Treaty
from adapter.rules.rulesets import CoverageList


class CertificateState(StrEnum):
    """What the certificate was at the signing time, as far as it could be established."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class Identity(StrEnum):
    """Whether the register knows the document's identifier, and with which bytes."""

    NEW = "new"
    SAME_BYTES = "same-bytes"
    OTHER_BYTES = "other-bytes"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureFact:
    """The verdict on the signature over the exact bytes.

    covers_all          it covers the root and every data object, nothing unsigned stands beside; None: not looked
    uncovered           what is not covered, as the reader may be told
    certificate         at `signing_time`
    sub_indication      of the verification, for example HASH_FAILURE; None when there is none
    """

    verdict: SignatureVerdict
    covers_all: bool | None
    certificate: CertificateState
    signing_time: datetime
    uncovered: str | None = None
    sub_indication: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SignerFact:
    """Who signed, as shown by the certificate and by what the node knows of the body; no personal number.

    body        the body the certificate binds the signer to; None: it binds to none that we know
    capacity    what the signer is shown to be; None: neither head nor acting head
    """

    name: str
    body: BodyCode | None
    capacity: Capacity | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundFile:
    """A file found beside the document: name, size in bytes, raw SHA-256."""

    name: str
    size: int
    sha256: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageMark:
    """An xml:lang that is not what its element demands; path of the text, mark found and expected."""

    path: FieldPath
    found: str
    expected: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenMoment:
    """A date or timestamp as it is written in the XML."""

    path: FieldPath
    text: str
    is_timestamp: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Spelling:
    """How a document is spelt, for what a typed Report cannot hold. Only for XML that the schema has not judged yet.

    A Report has no wrong language mark and no zoned date by its types; a marking it does not know cannot become one.
    """

    language_marks: tuple[LanguageMark, ...] = ()
    moments: tuple[WrittenMoment, ...] = ()
    markings: tuple[tuple[FieldPath, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A submission that the summary or the publication rests on."""

    document_id: DocumentId
    body: BodyCode
    report: TreatyInformation


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredDocument:
    """A document in the register as it verifies now: raw SHA-256 of the stored bytes and the verdict on them."""

    document_id: DocumentId
    body: BodyCode
    sha256: bytes
    verdict: SignatureVerdict


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptFact:
    """A receipt as it came.

    kind            in the ruleset's words: signed-receipt, edms-registration-notice ...
    document_id     the document it names
    sender          whose document it says was received; None when its kind names none
    sha256          raw digest it carries; None when its kind carries none
    """

    kind: str
    verdict: SignatureVerdict
    document_id: DocumentId
    sender: BodyCode | None = None
    sha256: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryFact:
    """How far a delivery is. `is_given_up`: the retry limit is reached; `is_overdue`: a receipt should be here."""

    attempts: int
    last_attempt_at: datetime | None
    is_overdue: bool
    is_given_up: bool
    sent_sha256: bytes
    receipt: ReceiptFact | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Everything a check may ask beside the Report; each None is `not known`.

    at              the moment of the check
    coverage        the coverage list of the reporting year
    signature       on this document;                       signer      of this document
    files           found beside the document
    received_at     recording at the addressee;             first_sent_at   for switch A3 `sent`
    identity        of the document's identifier in the register
    submissions     those that a summary or a publication rests on
    stored          documents in the register, verified again now: submissions for BR-14, summaries for BR-16
    forwarded       raw SHA-256 of the summary's bytes as they are forwarded
    treaties        treaty register, for records that carry a reference only
    delivery        of this document
    """

    at: datetime | None = None
    coverage: CoverageList | None = None
    spelling: Spelling | None = None
    signature: SignatureFact | None = None
    signer: SignerFact | None = None
    files: tuple[FoundFile, ...] | None = None
    received_at: datetime | None = None
    first_sent_at: datetime | None = None
    identity: Identity | None = None
    submissions: tuple[Submission, ...] | None = None
    stored: tuple[StoredDocument, ...] | None = None
    forwarded: bytes | None = None
    treaties: Mapping[str, Treaty] | None = None
    delivery: DeliveryFact | None = None
