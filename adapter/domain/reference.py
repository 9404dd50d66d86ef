"""The small values reports are made of: texts in languages, dates, digests, references to bodies, acts and documents.

Structure of the content model, section 3. A value here is well-typed and no more: patterns (BIN, UUID, URI) are the
schema's, meaning is the rules'. Each dataclass field names its place in the content model in `metadata["id"]`, and the
open code list it draws on in `metadata["codes"]`.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated

from adapter.domain.document import BodyCode, DocumentId


class Lexical(Enum):
    """How a text is spelt in XML. Everything but LINE and FILE_NAME has its white space collapsed when read."""

    TOKEN = "token"  # noqa: S105 - a word of XML Schema, not a secret
    CODE = "code"
    UUID = "uuid"
    URI = "uri"
    LANGUAGE = "language"
    LOCAL_ID = "local-id"
    LOCAL_ID_REF = "local-id-ref"
    COUNTRY = "country"
    BIN = "bin"
    ADILET = "adilet"
    LINE = "line"
    FILE_NAME = "file-name"
    MEDIA_TYPE = "media-type"
    RULE_ID = "rule-id"
    YEAR = "year"
    FLAG = "flag"


Token = Annotated[str, Lexical.TOKEN]
OpenCode = Annotated[str, Lexical.CODE]
Uuid = Annotated[str, Lexical.UUID]
Uri = Annotated[str, Lexical.URI]
LanguageTag = Annotated[str, Lexical.LANGUAGE]
LocalId = Annotated[str, Lexical.LOCAL_ID]
LocalIdRef = Annotated[str, Lexical.LOCAL_ID_REF]
CountryCode = Annotated[str, Lexical.COUNTRY]
Bin = Annotated[str, Lexical.BIN]
AdiletId = Annotated[str, Lexical.ADILET]
Line = Annotated[str, Lexical.LINE]
FileName = Annotated[str, Lexical.FILE_NAME]
MediaType = Annotated[str, Lexical.MEDIA_TYPE]
RuleId = Annotated[str, Lexical.RULE_ID]
Year = Annotated[int, Lexical.YEAR]
Flag = Annotated[bool, Lexical.FLAG]
"""True, or not there at all: a flag cannot say no."""

SHA256_URI = "http://www.w3.org/2001/04/xmlenc#sha256"
"""Identifier of SHA-256 in `Digest.algorithm` (XML Encryption, section 5.7.2)."""

BODY_SCHEME = "kz-bodies"
"""`OrgRef.scheme` of the codes in the open list `bodies`; a name of our own, like the codes."""

COUNTRY_SCHEME = "iso3166-1"
ORGANIZATION_SCHEME = "io"
"""The two values of `PartyRef.scheme`. The European Union is an organization, never a country."""

_PARTIAL = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bilingual:
    """One text in Kazakh and in Russian, of equal standing (p.7). A language not yet written is an empty string."""

    kk: str = field(metadata={"id": "TYP-01"})
    ru: str = field(metadata={"id": "TYP-02"})


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageText:
    """A text and the language it is in (BCP 47; kk without a script means Cyrillic)."""

    language: LanguageTag
    text: str = field(metadata={"id": "TYP-03"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Multilingual:
    """One text in any languages, at most once in each."""

    texts: tuple[LanguageText, ...] = field(metadata={"id": "TYP-03"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PartialDate:
    """A year, a month or a day, as exactly as it is known. Raises ValueError when there is no such date."""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("partial-date.day-without-month")
        dt.date(self.year, self.month or 1, self.day or 1)

    def __str__(self) -> str:
        parts = [f"{self.year:04}"] + [f"{part:02}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """From 2026, 2026-11 or 2026-11-10; ValueError for anything else."""
        found = _PARTIAL.fullmatch(text)
        if found is None:
            raise ValueError("partial-date.form")
        year, month, day = (int(part) if part else None for part in found.group("year", "month", "day"))
        assert year is not None
        return cls(year=year, month=month, day=day)


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Two days, both included, or one calendar year."""

    from_: dt.date | None = field(default=None, metadata={"id": "TYP-26"})
    to: dt.date | None = field(default=None, metadata={"id": "TYP-27"})
    year: Year | None = field(default=None, metadata={"id": "TYP-28"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """Digest of bytes: `algorithm` is a URI, `value` the raw digest (base64 in XML)."""

    algorithm: Uri = field(default=SHA256_URI, metadata={"id": "TYP-24"})
    value: bytes = field(metadata={"id": "TYP-25"})


@dataclass(frozen=True, kw_only=True, slots=True)
class OrgRef:
    """A state body with its name as it was on the date of the document."""

    scheme: Token = field(default=BODY_SCHEME, metadata={"id": "TYP-04"})
    code: Annotated[BodyCode, Lexical.TOKEN] = field(metadata={"id": "TYP-05", "codes": "bodies"})
    name: Bilingual = field(metadata={"id": "TYP-06"})
    bin: Bin | None = field(default=None, metadata={"id": "TYP-07"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PartyRef:
    """A party to a treaty: a State by ISO 3166-1 alpha-2 or an international organization."""

    scheme: Token = field(default=COUNTRY_SCHEME, metadata={"id": "TYP-08"})
    code: Token = field(metadata={"id": "TYP-09", "codes": "parties"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ActRef:
    """A legal act. Issuers and types are open: acts of ratification after 1 July 2026 come from another legislature."""

    type: OpenCode = field(metadata={"id": "TYP-10", "codes": "act-type"})
    issuer: OrgRef | Bilingual = field(metadata={"id": "TYP-11"})
    number: Line = field(metadata={"id": "TYP-12"})
    date: dt.date = field(metadata={"id": "TYP-13"})
    adilet_id: AdiletId | None = field(default=None, metadata={"id": "TYP-14"})
    title: Bilingual | None = field(default=None, metadata={"id": "TYP-15"})


@dataclass(frozen=True, kw_only=True, slots=True)
class DocRef:
    """Another document of the process, by identifier."""

    document_id: Annotated[DocumentId, Lexical.UUID] = field(metadata={"id": "TYP-16"})
    registration_number: Line | None = field(default=None, metadata={"id": "TYP-17"})
    registration_date: dt.date | None = field(default=None, metadata={"id": "TYP-18"})
    digest: Digest | None = field(default=None, metadata={"id": "TYP-19"})


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordRef:
    """A record inside another document."""

    document_id: Annotated[DocumentId, Lexical.UUID] = field(metadata={"id": "TYP-20"})
    record_id: Uuid = field(metadata={"id": "TYP-21"})


@dataclass(frozen=True, kw_only=True, slots=True)
class TreatyRef:
    """A treaty that the register of treaties already holds; the short title is for the reader."""

    treaty_id: Uri = field(metadata={"id": "TYP-22"})
    short_title: Bilingual = field(metadata={"id": "TYP-23"})


def require_aware(moment: dt.datetime) -> None:
    """Raise ValueError unless `moment` has a zone that XML can say: whole minutes, at most 14 hours from UTC."""
    offset = moment.utcoffset()
    if offset is None or offset % dt.timedelta(minutes=1) or abs(offset) > dt.timedelta(hours=14):
        raise ValueError("timestamp.zone")
