"""Every code is a sentence in three languages, and nothing that stands in a parameter can break or command it."""

from __future__ import annotations

import csv
import datetime as dt
import re
import unicodedata
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from adapter import texts
from adapter.errors import Final, Finding, Place, Severity
from adapter.rules.language_rules import mixed_words
from adapter.texts import Language
from adapter.texts.sentences import LONGEST_VALUE, _entries
from tests.unit.texts.code_literals import code_literals, missing_codes, unfilled_literals

SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "domain"
PHRASES = ("fact.", "reason.")
"""Codes that are parts of sentences: they end without a full stop."""

_KAZAKH = set("әғқңөұүһі")


def test_every_code_in_the_source_has_a_sentence() -> None:
    assert missing_codes() == {}


def test_no_call_leaves_a_placeholder_of_its_sentence_open() -> None:
    assert unfilled_literals() == {}


def test_the_scan_finds_calls_tables_and_classes() -> None:
    found = code_literals()
    assert {"BR-18", "ruleset.unknown", "reason.certificate-expired", "document.conflict", "rules.cannot-tell"} <= set(
        found
    )
    assert "adapter.rules" not in found


def test_the_three_languages_have_the_same_codes() -> None:
    assert {language: set(_entries(language)) for language in Language} == {
        language: texts.codes() for language in Language
    }


CODES = sorted(texts.codes())


def test_a_sentence_shows_the_same_parameters_and_parts_in_each_language() -> None:
    for code in CODES:
        shown = {texts.placeholders(code, language) for language in Language}
        assert len(shown) == 1, code
        parts = {(bool(_entries(each)[code].to_do), bool(_entries(each)[code].clause)) for each in Language}
        assert len(parts) == 1, code


def test_a_sentence_is_written_in_its_language() -> None:
    for code in CODES:
        kk, ru, en = (_plain(code, language) for language in Language)
        assert not list(mixed_words(kk)), (code, kk)
        assert not list(mixed_words(ru)), (code, ru)
        assert not any("CYRILLIC" in unicodedata.name(each, "") for each in _outside_quotes(en)), (code, en)
        assert kk != ru, code
        assert re.search("[а-яё]", ru.casefold()), (code, ru)
        assert not _KAZAKH & set(_outside_quotes(ru).casefold()), (code, ru)
        if sum(each.isalpha() for each in kk) > 40:
            assert _KAZAKH & set(kk.casefold()), (code, kk)


def test_a_sentence_ends_and_a_phrase_does_not() -> None:
    for code in CODES:
        for language in Language:
            entry = _entries(language)[code]
            for part in (entry.what, entry.to_do):
                assert part == " ".join(part.split()), (code, language)
                assert not part or (part[-1] in ".!?…»”)}") or code.startswith(PHRASES), (code, language)
            assert not (code.startswith(PHRASES) and entry.what.endswith(".")), (code, language)


def _plain(code: str, language: Language) -> str:
    entry = _entries(language)[code]
    return re.sub(r"\{[a-z0-9_]+\}", "", f"{entry.what} {entry.to_do}")


def _outside_quotes(text: str) -> str:
    """Without what is quoted or stands for a foreign name."""
    return re.sub(r"[«“\"`'][^»”\"`']*[»”\"`']", "", text)


# --- the rules' own sentences ----------------------------------------------------------------------------------------
def test_every_rule_variant_says_what_to_do_in_each_language() -> None:
    from adapter.rules import VARIANTS

    for code in VARIANTS:
        assert all(_entries(language)[code].what and _entries(language)[code].to_do for language in Language)


def test_a_rule_without_a_clause_is_one_that_no_act_gives() -> None:
    from adapter.rules import VARIANTS

    bare = {code for code in VARIANTS if not _entries(Language.EN)[code].clause}
    assert bare == {code for code, each in VARIANTS.items() if each.clause.startswith(("derived", "good practice"))}


@pytest.mark.skipif(
    not (SHARED / "business_rules.csv").exists(), reason="the domain's tables are not beside the project"
)
def test_the_texts_of_rules_are_those_the_domain_proposes() -> None:
    with (SHARED / "business_rules.csv").open(encoding="utf-8", newline="") as file:
        proposed = list(csv.DictReader(file))
    for row in proposed:
        for language in Language:
            assert _entries(language)[row["id"]].what == row[f"finding_{language}"]


# --- filling ---------------------------------------------------------------------------------------------------------
DUE = dt.date(2026, 11, 10)


def _shown(value: object, language: Language = Language.EN) -> str:
    return texts.render("rules.no-leg", {"ruleset": value, "document": "x"}, language).what


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DUE, "10.11.2026"),
        (dt.datetime(2026, 11, 17, 11, 5, tzinfo=dt.timezone(dt.timedelta(hours=5))), "17.11.2026 11:05:00 (+05:00)"),
        (dt.datetime(2026, 11, 17, 6, 5, tzinfo=dt.UTC), "17.11.2026 06:05:00 (UTC)"),
        (dt.datetime(2026, 11, 17, 6, 5, tzinfo=ZoneInfo("Asia/Almaty")), "17.11.2026 06:05:00 (+05:00)"),
        (
            dt.datetime(2026, 1, 1, tzinfo=dt.timezone(-dt.timedelta(hours=3, minutes=30))),
            "01.01.2026 00:00:00 (-03:30)",
        ),
        (dt.datetime(2026, 1, 1), "01.01.2026 00:00:00 (?)"),
        (dt.timedelta(minutes=2), "120 s"),
        (7, "7"),
        (True, "yes"),
        (None, "—"),
        ("", "—"),
        ((), "—"),
        (("a", DUE), "a, 10.11.2026"),
        ({"kk": "қ", "ru": "р", "en": "e"}, "e"),
        ({"kk": "қ", "ru": "р"}, "р"),
        ({}, "—"),
        ("{document}", "{document}"),
        ("{0.__class__}", "{0.__class__}"),
        ("two\nlines\tand  more", "two lines and more"),
    ],
)
def test_a_parameter_is_shown_as_people_write_it(value: object, expected: str) -> None:
    assert _shown(value) == f"The ruleset {expected} knows no document “x”."


def test_words_differ_by_language() -> None:
    names = {"kk": "қаулы", "ru": "постановление", "en": "resolution"}
    assert [names[each] in _shown(names, each) for each in Language] == [True, True, True]
    assert ["иә" in _shown(True, Language.KK), "нет" in _shown(False, Language.RU)] == [True, True]


@pytest.mark.parametrize("evil", ["\x1b[2J", "\u202e", "\u0000", "\u200f"])
def test_a_character_that_commands_the_terminal_is_shown_as_a_mark(evil: str) -> None:
    shown = _shown(f"a{evil}b")
    assert evil not in shown
    assert "\N{REPLACEMENT CHARACTER}" in shown


def test_a_long_value_is_cut() -> None:
    assert len(_shown("x" * 10_000)) < LONGEST_VALUE + 60
    assert "…" in _shown("x" * 10_000)


def test_an_unknown_code_still_gives_a_sentence_that_names_it() -> None:
    for language in Language:
        sentence = texts.render("no.such-code", {}, language)
        assert "no.such-code" in str(sentence)
        assert sentence.code == "no.such-code"


def test_a_missing_parameter_still_gives_a_sentence() -> None:
    assert "—" in texts.render("BR-13", {}, Language.RU).what
    assert texts.unfilled("BR-13", {"due": DUE}) == ("received",)


def test_a_finding_and_an_error_keep_their_place() -> None:
    place = Place(file="report.yaml", line=7)
    finding = Finding(code="BR-05b", severity=Severity.WARNING, place=place)
    assert texts.render_finding(finding, Language.EN).place == place
    error = Final("ruleset.unknown", params={"ruleset": "X@1"}, place=place)
    assert texts.render_error(error, Language.EN).place == place
    assert "X@1" in texts.render_error(error, Language.KK).what


def test_a_sentence_reads_as_one_line_with_its_clause() -> None:
    text = str(texts.render("BR-15a", {}, Language.RU))
    assert text == (
        "В сводной информации нет внешнеполитической оценки. "
        "Внесите внешнеполитическую оценку на двух языках. (пункт 8 Правил)"
    )
