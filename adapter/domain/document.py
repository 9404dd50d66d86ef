"""Values that exist only after their check: Rendition, ValidatedXml, SignedContainer; names of bodies and documents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

BodyCode = NewType("BodyCode", str)
"""Code of a state body in the open list `bodies`, for example KZ-MOF."""

DocumentId = NewType("DocumentId", str)
"""urn:uuid:… of a document; the GUID without the prefix is what ESEDO calls href."""

Sha256 = NewType("Sha256", str)
"""SHA-256 in lower-case hexadecimal, 64 characters."""


class DocumentType(StrEnum):
    """What travels or is published; the values are those of the closed list `doctype`."""

    TREATY_INFORMATION = "treaty-information"
    SUMMARY_INFORMATION = "summary-information"
    CONSOLIDATED_INFORMATION = "consolidated-information"
    PUBLISHED_RESULTS = "published-results"
    RECEIPT = "receipt"
    PROCESSING_RESPONSE = "processing-response"

    @property
    def is_business_document(self) -> bool:
        """True for the three documents that a head signs (paragraphs 5 to 10 of the Rules)."""
        return self in _BUSINESS


_BUSINESS = frozenset(
    {DocumentType.TREATY_INFORMATION, DocumentType.SUMMARY_INFORMATION, DocumentType.CONSOLIDATED_INFORMATION}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendition:
    """The printed form: PDF/A bytes, their SHA-256 and the number of sheets. Made only by rendition.render."""

    content: bytes
    sha256: Sha256
    sheets: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidatedXml:
    """Bytes that satisfy the schema named. Made only by conversion.validate.

    schema_id   of the catalogue, for example monitoring/v1/submission
    sha256      of `content`; two submissions of one document are the same when this is the same
    """

    content: bytes
    sha256: Sha256
    schema_id: str
    document_type: DocumentType
    document_id: DocumentId


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerObject:
    """One data object of a container as it was verified: name, media type, size in bytes, SHA-256."""

    name: str
    media_type: str
    size: int
    sha256: Sha256


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedContainer:
    """An ASiC-E container that our own verification ended with TOTAL-PASSED. Made only by submit and register_document.

    blob        where the store keeps the bytes: their SHA-256
    size        bytes
    document    the XML exactly as signed
    objects     every data object under the signature
    report      the verification report as JSON-ready data, kept as evidence
    signer      subject of the signing certificate, without personal numbers
    """

    blob: Sha256
    size: int
    document: ValidatedXml
    objects: tuple[ContainerObject, ...]
    report: dict[str, object]
    signer: str
