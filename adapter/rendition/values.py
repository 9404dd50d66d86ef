"""The values of a Report as they stand on paper: one or several entries each, in Kazakh and Russian side by side."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from adapter.domain import codes
from adapter.domain.reference import (
    BODY_SCHEME,
    COUNTRY_SCHEME,
    Bilingual,
    Digest,
    DocRef,
    Multilingual,
    OrgRef,
    PartialDate,
    PartyRef,
    Period,
    RecordRef,
    TreatyRef,
)
from adapter.domain.treaty import ExternalId
from adapter.rendition.labels import NO_LABEL, Label, names_of_code

_SHORT: Final = 24
"""Longest value without a language that is said in both columns, as dates and numbers are."""

_DIGEST: Final = Label("хэш", "хэш")
_YES: Final = Label("иә", "да")
_NO: Final = Label("жоқ", "нет")

_XML_ENCRYPTION: Final = "http://www.w3.org/2001/04/xmlenc#"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One value: a text in Kazakh and Russian, or what has no language (`kk` and `ru` are the same then).

    language    of a text that is in one language only
    is_neutral  says the same in every language: names of files, numbers of documents
    is_code     identifiers, digests, addresses: set in a typewriter face and broken anywhere
    """

    kk: str
    ru: str
    label: Label = NO_LABEL
    language: str | None = None
    is_neutral: bool = False
    is_code: bool = False

    @property
    def is_wide(self) -> bool:
        """Whether the value stands across both columns, once."""
        return self.is_code or self.language is not None or (self.is_neutral and len(self.kk) > _SHORT)


def entries_of(item: Any, code_list: str | None) -> Iterator[Entry]:
    """The entries of a value that is no part of its own; nothing for a part."""
    known = _SHOWN.get(type(item))
    if known is not None:
        yield from known(item)
    elif not is_dataclass(item) or isinstance(item, PartialDate | Period):
        yield _plain(item, code_list)


def _bilingual(item: Bilingual) -> Iterator[Entry]:
    yield Entry(kk=item.kk, ru=item.ru)


def _body(item: OrgRef) -> Iterator[Entry]:
    code = item.code if item.scheme == BODY_SCHEME else f"{item.scheme}:{item.code}"
    kk, ru = (f", БСН {item.bin}", f", БИН {item.bin}") if item.bin else ("", "")
    yield Entry(kk=f"{item.name.kk} ({code}{kk})", ru=f"{item.name.ru} ({code}{ru})")


def _party(item: PartyRef) -> Iterator[Entry]:
    code = item.code if item.scheme == COUNTRY_SCHEME else f"{item.scheme}:{item.code}"
    names = names_of_code("parties", item.code, shown=code)
    yield Entry(kk=names.kk, ru=names.ru)


def _treaty(item: TreatyRef) -> Iterator[Entry]:
    yield Entry(kk=item.short_title.kk, ru=item.short_title.ru)
    yield _code(item.treaty_id)


def _external(item: ExternalId) -> Iterator[Entry]:
    names = names_of_code("external-id-scheme", item.scheme)
    yield Entry(kk=f"{item.value} — {names.kk}", ru=f"{item.value} — {names.ru}")


def _languages(item: Multilingual) -> Iterator[Entry]:
    for text in item.texts:
        mark = f"[{text.language}]"
        yield Entry(kk=text.text, ru=text.text, label=Label(mark, mark), language=text.language)


def _document(item: DocRef) -> Iterator[Entry]:
    yield _code(item.document_id)
    number = f"№ {item.registration_number}" if item.registration_number else ""
    words = ", ".join(part for part in (number, _day(item.registration_date)) if part)
    if words:
        yield Entry(kk=words, ru=words, is_neutral=True)
    if item.digest is not None:
        yield from (replace(entry, label=_DIGEST) for entry in _digest(item.digest))


def _record(item: RecordRef) -> Iterator[Entry]:
    yield _code(f"{item.document_id} / {item.record_id}")


def _digest(item: Digest) -> Iterator[Entry]:
    yield _code(f"{item.algorithm.removeprefix(_XML_ENCRYPTION)} {base64.b64encode(item.value).decode()}")


_SHOWN: Final[dict[type[Any], Callable[[Any], Iterator[Entry]]]] = {
    Bilingual: _bilingual,
    OrgRef: _body,
    PartyRef: _party,
    TreatyRef: _treaty,
    ExternalId: _external,
    Multilingual: _languages,
    DocRef: _document,
    RecordRef: _record,
    Digest: _digest,
}


def _plain(item: Any, code_list: str | None) -> Entry:
    if isinstance(item, bool):
        words = _YES if item else _NO
        return Entry(kk=words.kk, ru=words.ru)
    if isinstance(item, StrEnum):
        names = names_of_code(codes.CLOSED_LISTS[type(item)], item.value)
        return Entry(kk=names.kk, ru=names.ru)
    if isinstance(item, str):
        if code_list is not None:
            names = names_of_code(code_list, item)
            return Entry(kk=names.kk, ru=names.ru)
        return Entry(kk=item, ru=item, is_neutral=True, is_code=_is_identifier(item))
    figures = _in_figures(item)
    return Entry(kk=figures, ru=figures, is_neutral=True)


def _in_figures(item: Any) -> str:
    if isinstance(item, datetime):
        zone = item.strftime("%z")
        return f"{_day(item)} {item:%H:%M:%S} ({zone[:3]}:{zone[3:]})"
    if isinstance(item, date):
        return _day(item)
    if isinstance(item, Period):
        days = f"{_day(item.from_)} – {_day(item.to)}" if item.from_ or item.to else ""
        return ", ".join(part for part in (str(item.year or ""), days) if part)
    if isinstance(item, Decimal):
        return f"{item:f}"
    if isinstance(item, int | PartialDate):
        return str(item)
    raise TypeError(type(item).__name__)  # a type that the content model does not have


def _code(value: str) -> Entry:
    return Entry(kk=value, ru=value, is_code=True)


def _is_identifier(value: str) -> bool:
    """Addresses and identifiers, wherever they stand: they are long, and a person compares them sign by sign."""
    return value.startswith(("urn:", "http://", "https://")) and not any(sign.isspace() for sign in value)


def _day(day: date | None) -> str:
    return f"{day.day:02}.{day.month:02}.{day.year:04}" if day is not None else ""
