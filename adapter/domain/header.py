"""What every document carries in front: its requisites and the list of its attachments (content model, HDR and ATT)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

from adapter.domain.codes import AccessMarking, Action, Capacity
from adapter.domain.document import BodyCode, DocumentId, DocumentType
from adapter.domain.reference import (
    Bilingual,
    Digest,
    DocRef,
    FileName,
    LanguageTag,
    Lexical,
    Line,
    LocalId,
    MediaType,
    Multilingual,
    OpenCode,
    OrgRef,
    Token,
    Uri,
    Year,
)

SCHEMA_VERSION = "1.0"
"""Value of HDR-07 that new documents get: minor versions count here, the major version is in the namespaces."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesetRef:
    """The ruleset a document was made under; it is judged by that version for ever."""

    id: Token = field(metadata={"id": "HDR-05"})
    version: Token = field(metadata={"id": "HDR-06"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportingPeriod:
    """First and last day reported on, both included (switch A2)."""

    from_: dt.date = field(metadata={"id": "HDR-09"})
    to: dt.date = field(metadata={"id": "HDR-10"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SubdivisionOrder:
    """The head's order that determines the subdivision (p.3, switch A10)."""

    number: Line = field(metadata={"id": "HDR-14"})
    date: dt.date = field(metadata={"id": "HDR-15"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Supersedes:
    """The document that a correction or recall replaces, and why."""

    document_ref: DocRef = field(metadata={"id": "HDR-20"})
    reason: Bilingual = field(metadata={"id": "HDR-21"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ActingOrder:
    """The order by which somebody acts for the head (switch A4)."""

    number: Line = field(metadata={"id": "HDR-26"})
    date: dt.date = field(metadata={"id": "HDR-27"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Signatory:
    """Who signs; the spelling of the name differs between Kazakh and Russian."""

    name: Bilingual = field(metadata={"id": "HDR-23"})
    position: Bilingual = field(metadata={"id": "HDR-24"})
    capacity: Capacity = field(metadata={"id": "HDR-25"})
    acting_order: ActingOrder | None = field(default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Executor:
    """Whom to call about the document; never published (BR-17)."""

    name: Line = field(metadata={"id": "HDR-28"})
    phone: Line = field(metadata={"id": "HDR-29"})
    email: Line | None = field(default=None, metadata={"id": "HDR-30"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PaperCopy:
    """What binds the paper to the XML: sheets and digest of the rendition. Filled in after rendering."""

    sheets: int = field(metadata={"id": "HDR-31"})
    rendition_digest: Digest = field(metadata={"id": "HDR-32"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file that travels beside the document; `size_bytes` and `digest` are of its bytes."""

    id: LocalId = field(metadata={"id": "ATT-01"})
    role: OpenCode = field(metadata={"id": "ATT-02", "codes": "attachment-role"})
    title: Multilingual = field(metadata={"id": "ATT-03"})
    file_name: FileName = field(metadata={"id": "ATT-04"})
    media_type: MediaType = field(metadata={"id": "ATT-05"})
    size_bytes: int = field(metadata={"id": "ATT-06"})
    digest: Digest = field(metadata={"id": "ATT-07"})
    languages: tuple[LanguageTag, ...] = field(metadata={"id": "ATT-08"})
    pages: int | None = field(default=None, metadata={"id": "ATT-09"})
    access_marking: AccessMarking = field(metadata={"id": "ATT-10"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """The requisites of a document. The incoming number belongs to the receiver's Receipt and never stands here."""

    document_id: Annotated[DocumentId, Lexical.UUID] = field(metadata={"id": "HDR-01"})
    case_id: Uri = field(metadata={"id": "HDR-02"})
    action: Action = field(metadata={"id": "HDR-03"})
    document_type: DocumentType = field(metadata={"id": "HDR-04"})
    ruleset: RulesetRef
    schema_version: Token = field(default=SCHEMA_VERSION, metadata={"id": "HDR-07"})
    reporting_year: Year = field(metadata={"id": "HDR-08"})
    reporting_period: ReportingPeriod | None = field(default=None)
    sender: OrgRef = field(metadata={"id": "HDR-11"})
    recipient: OrgRef | None = field(default=None, metadata={"id": "HDR-12"})
    responsible_subdivision: Bilingual | None = field(default=None, metadata={"id": "HDR-13"})
    subdivision_order: SubdivisionOrder | None = field(default=None)
    registration_number: Line | None = field(default=None, metadata={"id": "HDR-16"})
    registration_date: dt.date | None = field(default=None, metadata={"id": "HDR-17"})
    due_date: dt.date | None = field(default=None, metadata={"id": "HDR-18"})
    in_reply_to: tuple[DocRef, ...] = field(default=(), metadata={"id": "HDR-19"})
    supersedes: Supersedes | None = field(default=None)
    access_marking: AccessMarking = field(metadata={"id": "HDR-22"})
    signatory: Signatory | None = field(default=None)
    executor: Executor | None = field(default=None)
    paper_copy: PaperCopy | None = field(default=None)
    attachments: tuple[Attachment, ...] = field(default=(), metadata={"id": "HDR-33"})


AUTHORITY = "urn:x-elshi"
"""First part of every identifier we make; a placeholder authority of our own (content model, section 8)."""


def case_id(ruleset: RulesetRef, reporting_year: int, document_type: DocumentType, sender: BodyCode) -> str:
    """HDR-02: one value per ruleset, reporting year, leg and sending body.

    A receipt or response belongs to the case of the document it answers: give that document's type and sender.
    """
    return f"{AUTHORITY}:case:{ruleset.id}:{ruleset.version}:{reporting_year:04}:{document_type.value}:{sender}"


def derived_document_id(sender: BodyCode, registration_number: str, registered: dt.date) -> DocumentId:
    """HDR-01 of a document that came without one: version 5 UUID of the sender and its outgoing number.

    Outgoing numbers begin anew each calendar year, so the year of registration takes part.
    """
    name = f"{AUTHORITY}:document:{sender}:{registered.year:04}:{registration_number}"
    return DocumentId(uuid5(NAMESPACE_URL, name).urn)
