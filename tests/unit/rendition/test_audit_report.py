"""The report for a lawyer: page and text say the same, in three languages, and nothing foreign commands either."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from adapter import texts
from adapter.rendition import audit_lines, audit_page
from adapter.rendition.audit_words import WORDS
from adapter.texts import Language
from tests.unit.rendition.findings import EVERY, HOSTILE, SIGNER, TERMS, rows


def page(language: Language, *numbers: int) -> str:
    chosen = [rows()[number] for number in numbers or range(len(EVERY))]
    return audit_page(chosen, [], language, terms=TERMS, program="elshi 0").decode()


def text(number: int, language: Language, width: int = 100) -> str:
    lines = audit_lines(rows()[number], language, terms=TERMS, program="elshi 0", width=width)
    return "\n".join(line.text for line in lines)


def flat(shown: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", shown)).split())


@pytest.mark.parametrize("language", list(Language))
def test_the_verdict_stands_first_and_the_technical_things_last(language: Language) -> None:
    told = text(0, language)
    first, last = told.splitlines()[0], told.splitlines()[-1]
    assert "TOTAL-PASSED" in first
    assert last.endswith("elshi 0")
    places = [told.index(one) for one in (SIGNER.common_name or "", "20.11.2026 08:00:30", "OCSP", "a" * 64)]
    assert places == sorted(places)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("number", range(len(EVERY)), ids=[one.__name__ for one in EVERY])
def test_page_and_text_say_the_same(language: Language, number: int) -> None:
    shown, told = flat(page(language, number)), flat(text(number, language, width=100_000))
    sentences = [line for line in told.split(". ") if len(line) > 60]
    assert sentences
    missing = [one for one in re.findall(r"[0-9a-f]{64}|[0-9]{2}\.[0-9]{2}\.[0-9]{4}", told) if one not in shown]
    assert missing == []


def test_the_three_languages_differ_in_every_sentence_of_the_summary() -> None:
    told = [text(0, language) for language in Language]
    paragraphs = [set(one.split("\n\n")[0].splitlines()[1:]) for one in told]
    assert not paragraphs[0] & paragraphs[1]
    assert not paragraphs[1] & paragraphs[2]


@pytest.mark.parametrize("language", list(Language))
def test_nothing_foreign_is_markup_or_a_command(language: Language) -> None:
    shown = page(language)
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    for one in (shown, text(1, language)):
        assert not set("\u202e\x00\ud800") & set(one)
    assert HOSTILE[:25] in text(1, language)


def test_the_page_is_one_file_that_a_reader_of_the_screen_can_follow() -> None:
    shown = page(Language.KK)
    assert shown.startswith('<!DOCTYPE html>\n<html lang="kk">')
    assert not re.search(r"<(script|link|img|iframe|object)\b|url\(|@import|https?://", shown)
    assert len(re.findall(r"<h1>", shown)) == 1
    assert set(re.findall(r"<th\b[^>]*>", shown)) == {'<th scope="col">'}
    ids = re.findall(r' id="([^"]+)"', shown)
    assert {one[1:] for one in re.findall(r'href="([^"]+)"', shown)} == set(ids)


def test_a_check_is_told_by_how_it_ended() -> None:
    def told(code: str, conclusion: str, **params: str) -> str:
        check = {"id": code, "conclusion": conclusion, "sub_indication": None, "params": params}
        return texts.check_sentence(check, Language.EN)

    assert told("path.found", "PASSED") == "A path of certificates leads to a trust anchor."
    assert told("path.found", "FAILED").startswith("Not so: A path")
    assert told("path.found", "INDETERMINATE").startswith("Not established: A path")
    assert told("path.found", "NOT_PERFORMED").startswith("Not examined: A path")
    for end in ("NOT_PERFORMED", "INDETERMINATE"):  # nothing was compared, so nobody may be told that it was changed
        assert told("xmldsig.digests", end).startswith("Not examined. The fault that is looked for here: The content")
        assert "Ask the sender" not in told("xmldsig.digests", end)
    fault = "The container has bytes that belong to no file or to two files"
    assert told("asic.spans", "FAILED", reason="gap") == f"{fault} (gap)."
    assert told("asic.spans", "PASSED") == f"Looked for and not found: {fault}."
    assert told("document.BR-04b", "FAILED", file="a").startswith(
        texts.render("BR-04b", {"file": "a"}, Language.EN).what
    )


def test_every_family_of_checks_is_of_one_kind() -> None:
    """A new family says whether its sentences state a fault or what has to hold."""
    import ast
    from pathlib import Path

    from adapter.texts.checks import FAULT_FAMILIES, REQUIREMENT_FAMILIES

    families: set[str] = set()
    for path in Path("signing").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"passed", "failed", "indeterminate", "not_performed"}
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                families.add(str(node.args[0].value).split(".", 1)[0])
    assert families - FAULT_FAMILIES - REQUIREMENT_FAMILIES == set()


def test_lines_keep_to_their_width_where_no_word_is_longer() -> None:
    lines = text(0, Language.EN, width=60).splitlines()
    assert [one for one in lines if len(one) > 60 and not re.search("[0-9a-f]{64}", one)] == []


def test_every_word_is_written_in_three_languages() -> None:
    same = {"signature", "format", "evidence", "file", "iin", "annex"}
    for key, words in WORDS.items():
        assert all(words), key
        assert words[1] != words[2], key
        assert key in same or words[0] != words[2], key


def test_times_that_are_none_stay_as_they_are() -> None:
    from adapter.rendition.story_part import shown_time

    assert shown_time("2026-11-30T10:00:00+05:00") == "30.11.2026 05:00:00 (UTC)"
    for odd in ("", "2026-11-30T10:00:00", "then", "0001-01-01T00:00:00+05:00"):
        assert shown_time(odd) == (odd or "—")


def test_a_row_of_nobody_still_has_a_story() -> None:
    bare: dict[str, Any] = {"file": "x", "indication": "INDETERMINATE", "sub_indication": None}
    lines = audit_lines(bare, Language.RU, terms={}, program="")
    assert lines[0].text.startswith("?")
