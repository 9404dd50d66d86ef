"""Report to PDF/A-2a through Typst: the same bytes for the same Report and the same version of this program.

Order of making (content model, section 8): the content without the paper copy, its digest, then this form with the
identifier and the digest printed on it, then its own digest into the document. A checker repeats the first three steps.
The page never claims that a signature was checked: it is made before anybody signs.

Texts of a report reach the typesetter as data and are never read as its markup. Signs that no built-in font has, and
signs that a reader cannot see or that turn the order of others, stand on the page by their number: ‹U+4E2D›.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

import segno
import typst

from adapter import texts
from adapter.domain.document import DocumentType, Rendition, Sha256
from adapter.domain.reference import OrgRef
from adapter.domain.report import Report
from adapter.errors import Final
from adapter.rendition.layout import Block, End, Heading, blocks
from adapter.rendition.values import Entry
from adapter.texts import Language

STANDARD: Literal["a-2a"] = "a-2a"
"""PDF/A-2a: archival, tagged, text can be read out and searched."""

_ROOTS = {
    DocumentType.TREATY_INFORMATION: "ROOT-01",
    DocumentType.SUMMARY_INFORMATION: "ROOT-02",
    DocumentType.CONSOLIDATED_INFORMATION: "ROOT-03",
    DocumentType.PUBLISHED_RESULTS: "ROOT-04",
    DocumentType.RECEIPT: "ROOT-05",
    DocumentType.PROCESSING_RESPONSE: "ROOT-06",
}

_PAGE_TREE = re.compile(rb"/Type\s*/Pages\s*/Count\s+(\d+)")

_HAS_GLYPH = '#set text(font: "Libertinus Serif")\n#set document(title: "?")\n#sys.inputs.sign'
_EVERYDAY = r"\n -~\u00a0-\u024f\u0391-\u03a1\u03a3-\u03c9\u0400-\u0482\u048a-\u04ff–—‘’“”„…«»№₸€‹›"
_OTHER = re.compile(rf"[^{_EVERYDAY}]")
_TO_BE_TRIED = re.compile(rf".[\u0300-\u036f\u0483-\u0489]+|{_OTHER.pattern}", re.DOTALL)
"""Everyday signs are known to be in the fonts; the others are tried, each once, and so is a letter with its marks."""

_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Categories of signs that print nothing, or nothing that everybody would read alike (The Unicode Standard, 4.5)."""

_LAST_TRIED = 0x2E7F
"""Ideographs and everything above are in no built-in font."""


def render(report: Report, *, content_digest: Sha256) -> Rendition:
    """The printed form of `report`.

    content_digest  SHA-256 of the canonical content without the paper copy; printed and carried by the QR code.

    Raises Final `rendition.failed` when the page cannot be set; the reason is Typst's own.
    """
    page = _page(report, content_digest)
    try:
        content = _typeset(_printable(page, _as_tried))
    except Final:
        # Signs that the fonts have one by one may still not be had together; then only the everyday ones are kept.
        content = _typeset(_printable(page, _by_number))
    return Rendition(content=content, sha256=Sha256(hashlib.sha256(content).hexdigest()), sheets=_sheets(content))


def _typeset(page: dict[str, Any]) -> bytes:
    return _set(_template(), {"page": json.dumps(page, ensure_ascii=False, sort_keys=True)})


def _set(template: bytes, inputs: dict[str, str]) -> bytes:
    try:
        content = _compiler().compile(
            input=template, format="pdf", pdf_standards=[STANDARD], sys_inputs=inputs, timestamp=0
        )
    except typst.TypstError as error:
        raise Final("rendition.failed", params={"reason": error.message}) from error
    except BaseException as error:  # reason: a panic of the typesetter is no Exception, and costs one document only
        if type(error).__name__ != "PanicException":
            raise
        _compiler.cache_clear()
        raise Final("rendition.failed", params={"reason": "panic"}) from error
    if not isinstance(content, bytes):
        raise Final("rendition.failed", params={"reason": "no single PDF"})
    return content


# --- what stands on the page ------------------------------------------------------------------------------------------
def _page(report: Report, content_digest: Sha256) -> dict[str, Any]:
    header = report.header
    kk, ru = (texts.label(_ROOTS[header.document_type], language) for language in (Language.KK, Language.RU))
    day = header.registration_date or date(header.reporting_year, 1, 1)
    number = header.registration_number
    return {
        "title_kk": kk,
        "title_ru": ru,
        "year_kk": f"{header.reporting_year} жыл",
        "year_ru": f"{header.reporting_year} год",
        "author": header.sender.code,
        "date": [day.year, day.month, day.day],
        "number": f"№ {number}" if number else None,
        "day": f"{day:%d.%m.}{day.year:04}" if header.registration_date else None,
        "sender": _names(header.sender),
        "recipient": _names(header.recipient) if header.recipient else None,
        "document_id": header.document_id,
        "digest": content_digest,
        "qr": _qr(f"{header.document_id}\nsha-256:{content_digest}"),
        "qr_alt": f"{header.document_id} SHA-256 {content_digest}",
        "qr_note": ["Мазмұнның идентификаторы мен хэші", "Идентификатор и хэш содержания"],
        "blocks": [_block(block) for block in blocks(report)],
        "signatory": _signatory(report),
        "signature_note": [
            (
                "Бұл баспа нысаны электрондық құжаттан қол қойылғанға дейін жасалған және қолтаңбаның тексерілгенін "
                "растамайды. Қолтаңба электрондық контейнерде: elshi verify."
            ),
            (
                "Эта печатная форма изготовлена из электронного документа до подписания и не подтверждает проверку "
                "подписи. Подпись находится в электронном контейнере: elshi verify."
            ),
        ],
    }


def _names(body: OrgRef) -> list[str]:
    return [body.name.kk, body.name.ru]


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Heading):
        return {"t": "heading", "level": block.level, "name": [block.kk, block.ru]}
    if isinstance(block, End):
        return {"t": "end"}
    return {"t": "row", "label": list(block.label), "entries": [_entry(entry) for entry in block.entries]}


def _entry(entry: Entry) -> dict[str, Any]:
    """An empty text would make an empty cell that a reader takes for a fault of the printer: a dash says it is empty."""
    label = list(entry.label) if entry.label.kk else None
    if not entry.is_wide:
        return {"label": label, "texts": [entry.kk or "—", entry.ru or "—"]}
    return {"label": label, "wide": entry.kk or "—", "code": entry.is_code, "lang": _tag_of(entry.language)}


def _tag_of(language: str | None) -> str | None:
    """The language as the typesetter takes it, for those who have the page read aloud."""
    primary = (language or "").partition("-")[0].lower()
    return primary if primary.isascii() and primary.isalpha() and len(primary) in {2, 3} else None


def _signatory(report: Report) -> dict[str, list[str]] | None:
    signatory = report.header.signatory
    if signatory is None:
        return None
    return {
        "position": [signatory.position.kk, signatory.position.ru],
        "name": [signatory.name.kk, signatory.name.ru],
    }


# --- signs ------------------------------------------------------------------------------------------------------------
def _printable(value: Any, other: Callable[[str], str]) -> Any:
    """The page with every sign that cannot be printed replaced by its number. `other` writes what is not everyday."""
    if isinstance(value, str):
        return _TO_BE_TRIED.sub(lambda found: other(found[0]), re.sub(r"\r\n?", "\n", value).replace("\t", " "))
    if isinstance(value, dict):
        return {key: _printable(item, other) for key, item in value.items()}
    return [_printable(item, other) for item in value] if isinstance(value, list) else value


def _as_tried(signs: str) -> str:
    """As it is when the fonts have it."""
    return signs if _has_glyph(signs) else _by_number(signs)


def _by_number(signs: str) -> str:
    return "".join(f"‹U+{ord(sign):04X}›" if _OTHER.fullmatch(sign) else sign for sign in signs)


@lru_cache(maxsize=16_384)
def _has_glyph(signs: str) -> bool:
    """Whether a built-in font has it. PDF/A forbids a sign without a glyph, so the typesetter itself is asked."""
    if any(ord(sign) > _LAST_TRIED or unicodedata.category(sign) in _UNSEEN for sign in signs):
        return False
    try:
        _set(_HAS_GLYPH.encode(), {"sign": signs})
    except Final:
        return False
    return True


_MASK = 2
"""Of the eight patterns of ISO/IEC 18004: the columns, which break up the long runs of text in hexadecimal."""


def _qr(text: str) -> str:
    out = io.BytesIO()
    # Any mask is read; to look for the one that is read best takes as long as the page, and this one is seldom worse.
    segno.make(text, error="m", mask=_MASK).save(out, kind="svg", xmldecl=False, svgns=True, border=2, scale=4)
    return out.getvalue().decode()


def _sheets(content: bytes) -> int:
    """Pages of the PDF; printed on one side a page is a sheet.

    The page tree is the first thing in the file: what a report says comes after it and cannot be taken for it.
    """
    found = _PAGE_TREE.search(content)
    if found is None:
        raise Final("rendition.failed", params={"reason": "no page tree"})
    return int(found[1])


@cache
def _compiler() -> typst.Compiler:
    """Embedded fonts only: what is installed on a machine must not change the page."""
    return typst.Compiler(font_paths=typst.Fonts(include_system_fonts=False))


@cache
def _template() -> bytes:
    return resources.files("adapter.rendition").joinpath("templates/document.typ").read_bytes()
