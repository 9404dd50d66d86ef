"""Report to PDF/A-2a through Typst: the same bytes for the same Report and the same version of this program.

Order of making (content model, section 8): the content without the paper copy, its digest, then this form with the
identifier and the digest printed on it, then its own digest into the document. A checker repeats the first three steps.
The page never claims that a signature was checked: it is made before anybody signs.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

import segno
import typst

from adapter import texts
from adapter.domain.document import DocumentType, Rendition, Sha256
from adapter.domain.report import Report
from adapter.errors import Final
from adapter.rendition.layout import Block, blocks

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

_PAGE_TREE = re.compile(rb"/Type\s*/Pages\b[^>]*?/Count\s+(\d+)|/Count\s+(\d+)[^>]*?/Type\s*/Pages\b")


def render(report: Report, *, content_digest: Sha256) -> Rendition:
    """The printed form of `report`.

    content_digest  SHA-256 of the canonical content without the paper copy; printed and carried by the QR code.

    Raises Final `rendition.failed` when the page cannot be set; the reason is Typst's own.
    """
    page = json.dumps(_page(report, content_digest), ensure_ascii=False, sort_keys=True)
    try:
        content = _compiler().compile(
            input=_template(), format="pdf", pdf_standards=[STANDARD], sys_inputs={"page": page}, timestamp=0
        )
    except typst.TypstError as error:
        raise Final("rendition.failed", params={"reason": error.message}) from error
    if not isinstance(content, bytes):
        raise Final("rendition.failed", params={"reason": "no single PDF"})
    return Rendition(content=content, sha256=Sha256(hashlib.sha256(content).hexdigest()), sheets=_sheets(content))


def _page(report: Report, content_digest: Sha256) -> dict[str, object]:
    header = report.header
    kind = header.document_type
    kk, ru = (texts.label(_ROOTS[kind], language) for language in (texts.Language.KK, texts.Language.RU))
    day = header.registration_date or date(header.reporting_year, 1, 1)
    number = header.registration_number or ""
    recipient = header.recipient
    return {
        "title_kk": kk,
        "title_ru": ru,
        "author": header.sender.name.ru,
        "date": [day.year, day.month, day.day],
        "number": f"№ {number}, {day.strftime('%d.%m.%Y')}" if number else str(header.reporting_year),
        "origin_kk": header.sender.name.kk + (f" → {recipient.name.kk}" if recipient else ""),
        "origin_ru": header.sender.name.ru + (f" → {recipient.name.ru}" if recipient else ""),
        "document_id": header.document_id,
        "digest": content_digest,
        "qr": _qr(f"{header.document_id}\nsha-256:{content_digest}"),
        "qr_alt": f"{header.document_id} SHA-256 {content_digest}",
        "qr_note_kk": "Мазмұнның идентификаторы мен хэші",
        "qr_note_ru": "Идентификатор и хэш содержания",
        "blocks": _with_text(blocks(report)),
        "signatory": _signatory(report),
        "signature_note_kk": (
            "Бұл баспа нысаны электрондық құжаттан қол қойылғанға дейін жасалған және қолтаңбаның тексерілгенін "
            "растамайды. Қолтаңба электрондық контейнерде: elshi verify."
        ),
        "signature_note_ru": (
            "Эта печатная форма изготовлена из электронного документа до подписания и не подтверждает проверку подписи. "
            "Подпись находится в электронном контейнере: elshi verify."
        ),
    }


def _signatory(report: Report) -> dict[str, str] | None:
    signatory = report.header.signatory
    if signatory is None:
        return None
    return {
        "position_kk": signatory.position.kk,
        "position_ru": signatory.position.ru,
        "name_kk": signatory.name.kk,
        "name_ru": signatory.name.ru,
    }


def _with_text(rows: list[Block]) -> list[Block]:
    """An empty string would make an empty cell that a reader takes for a fault of the printer: a dash says it is empty."""
    return [{key: value if value != "" else "—" for key, value in row.items()} for row in rows]


def _qr(text: str) -> str:
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", xmldecl=False, svgns=True, border=2, scale=4)
    return out.getvalue().decode()


def _sheets(content: bytes) -> int:
    """Pages of the PDF, read from its page tree; printed on one side a page is a sheet."""
    found = [int(first or second) for first, second in _PAGE_TREE.findall(content)]
    if not found:
        raise Final("rendition.failed", params={"reason": "no page tree"})
    return max(found)


@cache
def _compiler() -> typst.Compiler:
    """Embedded fonts only: what is installed on a machine must not change the page."""
    return typst.Compiler(font_paths=typst.Fonts(include_system_fonts=False))


@cache
def _template() -> bytes:
    return resources.files("adapter.rendition").joinpath("templates/document.typ").read_bytes()
