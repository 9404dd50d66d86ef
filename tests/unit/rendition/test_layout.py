"""The walk over a report: nothing is left out, everything has a name."""

from __future__ import annotations

import enum
import inspect
import itertools
from dataclasses import fields, is_dataclass

import pytest

from adapter import texts
from adapter.domain import analysis_basis, codes, header, record, reference, report, summary, treaty
from adapter.domain.document import DocumentType
from adapter.errors import Severity
from adapter.rendition import labels, layout, values
from adapter.texts import Language
from tests import corpus, factories
from tests.unit.rendition import sheet

ROOTS = pytest.mark.parametrize("root", corpus.ROOTS, ids=lambda root: root.name)
PARTS = sorted(
    {
        cls
        for module in (analysis_basis, header, record, reference, treaty, summary, report)
        for cls in vars(module).values()
        if inspect.isclass(cls) and is_dataclass(cls)
    },
    key=lambda cls: cls.__name__,
)
PRINTED_AS_ONE = (
    *values._SHOWN,  # values that are printed as one have no labels of their own
    reference.LanguageText,
    reference.PartialDate,
    reference.Period,
    header.PaperCopy,
)


def words(blocks: tuple[layout.Block, ...]) -> str:
    """All that the blocks say."""
    said: list[str] = []
    for block in blocks:
        if isinstance(block, layout.Heading):
            said += [block.kk, block.ru]
        elif isinstance(block, layout.Row):
            said += [*block.label, *(text for entry in block.entries for text in (*entry.label, entry.kk, entry.ru))]
    return "\n".join(said)


@pytest.mark.parametrize("cls", [cls for cls in PARTS if cls not in PRINTED_AS_ONE], ids=lambda cls: cls.__name__)
def test_every_field_of_every_part_has_a_name_in_both_languages(cls):
    for part in fields(cls):
        if part.type != "PaperCopy | None" and part.name != "paper_copy":
            kk, ru = labels.label_of(cls, part)
            assert kk.strip()
            assert ru.strip()
            assert (kk, ru) != (part.metadata.get("id"), part.metadata.get("id"))


def test_no_name_is_kept_for_a_part_that_does_not_exist():
    named = {part.name for cls in PARTS for part in fields(cls) if "id" not in part.metadata}
    assert {name.rpartition(".")[2] for name in labels._LABELS} <= named
    assert set(labels._FIGURES) == {part.name for part in fields(summary.Statistics)}


def test_every_closed_list_is_known_with_a_label_for_every_value():
    lists = {cls for cls in vars(codes).values() if inspect.isclass(cls) and issubclass(cls, enum.StrEnum)}
    lists -= {enum.StrEnum}
    assert lists | {DocumentType, Severity} <= set(codes.CLOSED_LISTS)
    for cls, code_list in codes.CLOSED_LISTS.items():
        for value in cls:
            for language in (Language.KK, Language.RU):
                assert texts.label_of_code(code_list, value, language), (code_list, value)


@ROOTS
@pytest.mark.parametrize("make", [corpus.small, corpus.full], ids=["small", "full"])
def test_every_value_of_a_document_is_among_the_blocks(root, make):
    report = sheet.unlike(make(root))
    assert sheet.missing(report, words(layout.blocks(report))) == []


@ROOTS
def test_the_paper_copy_is_not_among_the_blocks(root):
    report = sheet.unlike(corpus.full(root))
    digest = sheet.printed(report.header.paper_copy.rendition_digest.value)
    assert digest not in words(layout.blocks(report))


@ROOTS
def test_headings_and_ends_pair_and_the_last_block_is_a_row(root):
    depth = 0
    found = layout.blocks(corpus.full(root))
    for block in found:
        depth += isinstance(block, layout.Heading) - isinstance(block, layout.End)
        assert depth >= 0
    assert isinstance(found[0], layout.Heading)
    assert isinstance(found[-1], layout.Row)


@ROOTS
def test_no_row_follows_a_closed_part_without_a_heading_of_its_own(root):
    found = layout.blocks(corpus.full(root))
    for before, after in itertools.pairwise(found):
        assert not (isinstance(before, layout.End) and isinstance(after, layout.Row))


def test_a_record_is_headed_by_its_treaty_and_an_attachment_by_its_file():
    headings = [block.ru for block in layout.blocks(factories.fx2()) if isinstance(block, layout.Heading)]
    assert "Запись по договору: Конвенция о правах инвалидов" in headings
    assert "Приложение 2: accessibility-2026.csv" in headings


def test_the_sources_of_paragraph_6_are_numbered_and_each_is_headed():
    headings = [block.ru for block in layout.blocks(factories.fx1()) if isinstance(block, layout.Heading)]
    numbered = [heading.partition(")")[0] for heading in headings if heading[:2].rstrip(")").isdigit()]
    assert numbered == ["1", "2", "3", "4", "5", "6", "7"]


def test_a_nil_return_is_said_in_words():
    rows = [block for block in layout.blocks(factories.fx4()) if isinstance(block, layout.Row)]
    assert [row.entries[0].ru for row in rows].count("Договоров нет") == 2


def test_the_thirteen_figures_of_a_summary_have_thirteen_names():
    assert len(set(labels._FIGURES.values())) == 13


def test_parties_whose_dates_are_not_known_are_one_row():
    rows = [block for block in layout.blocks(factories.fx2c()) if isinstance(block, layout.Row)]
    parties = next(row for row in rows if row.label.ru == "Сторона (участник)")
    assert [entry.ru for entry in parties.entries][:2] == ["Казахстан (KZ)", "Европейский Союз (io:EU)"]


def test_equal_texts_in_both_languages_still_stand_in_both_columns():
    same = factories.bi(
        "The same words in either language, thirty and more", "The same words in either language, thirty and more"
    )
    found = layout.blocks(factories.put(factories.fx1(), ("in_force_section", "treaty_records", 0, "progress"), same))
    row = next(block for block in found if isinstance(block, layout.Row) and block.label.ru == "Ход выполнения")
    assert not row.entries[0].is_wide
