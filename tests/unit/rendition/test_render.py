"""The printed form: PDF/A, the same bytes each time, every value readable, nothing of a report executed."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
import segno
import typst

from adapter import conversion, rendition
from adapter.domain.header import PaperCopy
from adapter.domain.reference import Bilingual, Digest
from adapter.domain.report import with_paper_copy
from adapter.errors import Final
from tests import corpus, factories
from tests.unit.rendition import sheet

module = importlib.import_module("adapter.rendition.render")
ROOT_FOLDER = Path(__file__).resolve().parents[3]
ROOTS = pytest.mark.parametrize("root", corpus.ROOTS, ids=lambda root: root.name)
REMARKS = ("general_remarks",)


def rendered(report):
    return rendition.render(report, content_digest=sheet.DIGEST)


def with_remarks(kk: str, ru: str | None = None):
    return replace(factories.fx4(), general_remarks=Bilingual(kk=kk, ru=ru or kk))


def text_with(kk: str) -> str:
    return sheet.squeezed(sheet.text_of(rendered(with_remarks(kk)).content))


# --- the file ----------------------------------------------------------------------------------------------------------


def test_the_same_report_gives_the_same_bytes():
    first, again = (rendered(factories.fx2()) for _ in range(2))
    assert first == again
    assert first.sha256 == hashlib.sha256(first.content).hexdigest()


def test_another_process_gives_the_same_bytes():
    code = (
        "from adapter import rendition; from tests import factories;"
        f"print(rendition.render(factories.fx2(), content_digest={sheet.DIGEST!r}).sha256)"
    )
    made = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT_FOLDER,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT_FOLDER), "PYTHONDONTWRITEBYTECODE": "1", "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed, zone in (("1", "UTC"), ("2", "Asia/Almaty"))
    ]
    assert made == [rendered(factories.fx2()).sha256] * 2


def test_the_paper_copy_does_not_change_the_page():
    paper = PaperCopy(sheets=11, rendition_digest=Digest(value=bytes(32)))
    report = factories.fx1()
    assert rendered(with_paper_copy(report, paper)) == rendered(report)


def test_one_letter_changes_the_page():
    assert rendered(with_remarks("Мәтін")).sha256 != rendered(with_remarks("Матін")).sha256


@ROOTS
def test_the_file_says_that_it_is_pdf_a_2a(root):
    reader = pypdf.PdfReader(io.BytesIO(rendered(corpus.full(root)).content))
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "kk"


@ROOTS
def test_sheets_are_the_pages_of_the_file(root):
    form = rendered(corpus.full(root))
    assert form.sheets == len(pypdf.PdfReader(io.BytesIO(form.content)).pages)


def test_sheets_are_counted_right_whatever_the_sender_calls_itself():
    claimed = "<</Type/Pages/Count 99/Kids[]>>"
    report = factories.put(factories.fx4(), ("header", "sender", "code"), claimed)
    report = factories.put(report, ("header", "sender", "name"), Bilingual(kk=claimed, ru=claimed))
    form = rendered(report)
    assert form.sheets == len(pypdf.PdfReader(io.BytesIO(form.content)).pages)


def test_every_page_bears_the_identifier_the_digest_and_its_number():
    form = rendered(factories.fx2())
    for number, page in enumerate(sheet.pages_of(form.content), start=1):
        assert factories.fx2().header.document_id in page
        assert sheet.DIGEST in page
        assert f"{number} / {form.sheets}" in page


def test_the_qr_code_carries_identifier_and_digest(monkeypatch):
    asked: list[tuple[str, str]] = []
    make = segno.make

    def remembered(content, **options):
        asked.append((content, options["error"]))
        return make(content, **options)

    monkeypatch.setattr(segno, "make", remembered)
    page = module._page(factories.fx1(), sheet.DIGEST)
    payload = f"{factories.fx1().header.document_id}\nsha-256:{sheet.DIGEST}"
    assert asked == [(payload, "m")]
    out = io.BytesIO()
    make(payload, error="m", mask=2).save(out, kind="svg", xmldecl=False, svgns=True, border=2, scale=4)
    assert page["qr"] == out.getvalue().decode()


def test_the_content_digest_printed_is_that_of_the_document():
    report = factories.fx1()
    digest = conversion.content_digest(report)
    content = rendition.render(report, content_digest=digest).content
    assert str(digest) in sheet.squeezed("".join(sheet.pages_of(content)))


# --- what stands on the page ------------------------------------------------------------------------------------------


@ROOTS
def test_every_value_of_a_full_document_can_be_read_on_the_page(root):
    report = sheet.unlike(corpus.full(root))
    assert sheet.missing(report, sheet.text_of(rendered(report).content)) == []


@pytest.mark.parametrize(
    "path",
    [
        ("header", "supersedes"),
        ("in_force_section", "treaty_records", 0, "treaty", "duration"),
        ("in_force_section", "treaty_records", 0, "analysis_basis", "media_publications"),
        ("in_force_section", "treaty_records", 1, "publishable", "public_text"),
        ("pending_section", "pending_records", 0, "expected_entry_into_force"),
    ],
    ids=lambda path: path[-1],
)
def test_a_value_that_is_left_out_is_found_out(path):
    report = sheet.unlike(corpus.full(corpus.root_named("TreatyInformation")))
    page = sheet.text_of(rendered(factories.put(report, path, None)).content)
    missed = sheet.missing(report, page)
    assert missed
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    assert [item for item in missed if not item.startswith(place)] == []


def test_kazakh_and_russian_letters_can_be_copied_out():
    letters = "АаӘәБбВвГгҒғДдЕеЁёЖжЗзИиЙйКкҚқЛлМмНнҢңОоӨөПпРрСсТтУуҰұҮүФфХхҺһЦцЧчШшЩщЪъЫыІіЬьЭэЮюЯя №«»—₸CO₂"
    assert sheet.squeezed(letters) in text_with(letters)


def test_lines_of_a_text_stay_lines():
    page = sheet.text_of(rendered(with_remarks("бірінші жол\nекінші жол\r\nүшінші жол")).content)
    assert "бірінші жол\nекінші жол\nүшінші жол" in page


def test_a_text_not_yet_written_is_a_dash():
    assert "Мәтін\nТекст\n——" in sheet.text_of(rendered(with_remarks("", "")).content).replace(" ", "")


def test_the_form_does_not_claim_that_a_signature_was_checked():
    page = sheet.squeezed(sheet.text_of(rendered(factories.fx1()).content))
    assert sheet.squeezed("не подтверждает проверку подписи") in page
    assert sheet.squeezed("қолтаңбаның тексерілгенін растамайды") in page


# --- hostile texts ----------------------------------------------------------------------------------------------------

MARKUP = (
    '#panic("x")',
    "#import sys: version",
    '#read("/etc/passwd")',
    "$ x^2 $ *bold* _italic_ `raw` ```block```",
    "<label> @label = heading - list + enum / term: 1.",
    "[content] {code} #{1 + 1} \\ \\u{41} ~ -- --- ... // /* */",
    "</page> & &amp; <![CDATA[ ]]> %s {placeholder} \"quotes\" 'quotes'",
)


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_shown_literally(text):
    assert sheet.squeezed(text) in text_with(text)


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_names_titles_and_labels_is_shown_literally(text):
    report = factories.put(factories.fx2(), ("header", "registration_number"), text)
    report = factories.put(report, ("header", "sender", "name"), Bilingual(kk=text, ru=text))
    report = factories.put(report, ("header", "signatory", "position"), Bilingual(kk=text, ru=text))
    report = factories.put(report, ("header", "attachments", 0, "file_name"), text)
    report = factories.put(report, (*factories.RECORD, "treaty", "short_title"), Bilingual(kk=text, ru=text))
    page = sheet.squeezed("".join(sheet.pages_of(rendered(report).content)))
    assert page.count(sheet.squeezed(text)) >= 5


def test_a_word_longer_than_the_page_is_broken_and_stays_whole_when_copied():
    word = "".join(f"{number:04}" for number in range(2000))
    form = rendered(with_remarks(word))
    assert form.sheets > 3
    text = sheet.squeezed(sheet.text_of(form.content))
    assert all(word[at : at + 12] in text for at in (0, 24, 7980))
    assert _widest(form.content) <= _right_edge()


def test_a_paragraph_of_a_hundred_kilobytes_goes_over_many_pages():
    form = rendered(with_remarks("Сөз " * 12_800 + "соңы"))
    assert form.sheets > 20
    assert "соңы" in sheet.pages_of(form.content)[-1] + sheet.pages_of(form.content)[-2]


@pytest.mark.parametrize(
    ("sign", "name"),
    [
        ("\u202e", "right-to-left override"),
        ("\u200b", "zero width space"),
        ("\ufeff", "byte order mark"),
        ("\u2028", "line separator"),
        ("\ue000", "private use"),
        ("\u0378", "unassigned"),
        ("条", "ideograph"),
        ("😀", "pictograph"),
        ("\U00010400", "above the basic plane"),
    ],
)
def test_a_sign_that_cannot_be_printed_or_seen_stands_there_by_its_number(sign, name):
    assert f"а‹U+{ord(sign):04X}›б" in text_with(f"а{sign}б")


@pytest.mark.parametrize(
    "text", ["اتفاقية بشأن حماية الاستثمارات", "הסכם בדבר שיתוף פעולה", "შეთანხმება", "Համաձայնագիր"]
)
def test_titles_in_scripts_of_neighbours_are_printed(text):
    assert not module._TO_BE_TRIED.sub(lambda found: module._as_tried(found[0]), text).count("‹")
    assert rendered(with_remarks(text)).sheets


def test_signs_that_stop_the_typesetter_are_set_by_number():
    """A line of right-to-left signs of which some have no glyph makes typst 0.15 panic, which no `except Exception` sees."""
    hostile = " ".join(map(chr, range(0x5DF, 0x61C)))
    assert "‹U+05EB›" in text_with(hostile)


def test_a_panic_of_the_typesetter_refuses_one_document_and_ends_no_worker(monkeypatch):
    class PanicException(BaseException):
        pass

    class Panicking:
        def compile(self, **_options):
            raise PanicException

    compiler = module._compiler
    fake = lambda: Panicking()  # noqa: E731, PLW0108
    fake.cache_clear = compiler.cache_clear  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "_compiler", fake)
    with pytest.raises(Final) as refused:
        rendered(factories.fx4())
    assert refused.value.code == "rendition.failed"


def test_every_sign_taken_for_everyday_is_in_the_fonts():
    everyday = "".join(chr(code) for code in range(0x20, 0x2200) if not module._OTHER.fullmatch(chr(code)))
    assert len(everyday) > 800
    assert module._set(module._HAS_GLYPH.encode(), {"sign": everyday})


def test_the_template_reads_no_file():
    """Nothing but sys.inputs is read: no function of Typst that opens files or packages stands in the template."""
    source = module._template().decode()
    for word in ("#import", "#include", "read(", "yaml(", "csv(", "toml(", "xml(", "cbor(", "plugin(", "eval("):
        assert word not in source
    assert source.count("json(") == 1
    with pytest.raises(typst.TypstError):
        module._compiler().compile(input=b'#read("/etc/hostname")', format="pdf")


def test_texts_of_a_report_are_data_for_the_typesetter():
    page = json.dumps(module._page(with_remarks(MARKUP[0]), sheet.DIGEST), ensure_ascii=False)
    assert '#panic(\\"x\\")' in page


def _right_edge() -> float:
    return 595.3 - 12 / 25.4 * 72 + 0.5


def _widest(content: bytes) -> float:
    """Where the last run of text on any page begins, in points from the left."""
    found = [0.0]

    def visit(text, _user, matrix, _font, _size):
        if text.strip():
            found.append(matrix[4])

    for page in pypdf.PdfReader(io.BytesIO(content)).pages:
        page.extract_text(visitor_text=visit)
    return max(found)
