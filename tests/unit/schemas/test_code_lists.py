"""Codes are data with a term: complete, in three languages, and judged on the date of the document."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

import schemas

SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "domain"
ALL = [schemas.code_list(list_id) for list_id in schemas.code_list_ids()]
MARKS = {"S", "P", "K", "S; kk K", "S; date or status K"}


@pytest.mark.parametrize("listed", ALL, ids=lambda listed: listed.id)
def test_every_code_has_a_label_in_each_language_and_says_how_sure_it_is(listed: schemas.CodeList) -> None:
    assert listed.values
    assert len({value.code for value in listed.values}) == len(listed.values)
    for value in listed.values:
        assert value.code == value.code.strip()
        assert all(label == label.strip() and label for label in (value.kk, value.ru, value.en)), value
        assert value.mark in MARKS, value
        assert listed.get(value.code) == value


@pytest.mark.parametrize("listed", ALL, ids=lambda listed: listed.id)
def test_kazakh_and_russian_labels_hold_no_latin_look_alikes(listed: schemas.CodeList) -> None:
    for value in listed.values:
        for word in f"{value.kk} {value.ru}".replace("-", " ").split():
            letters = {character for character in word if character.isalpha()}
            latin = {character for character in letters if character.isascii()}
            assert not latin or latin == letters, (value.code, word)


def test_states_are_the_249_codes_of_iso_3166_1_and_the_european_union_is_none_of_them() -> None:
    states = [value for value in schemas.code_list("parties").values if value.group == "iso3166-1"]
    assert len(states) == 249
    assert all(len(value.code) == 2 and value.code.isascii() and value.code.isupper() for value in states)
    union = schemas.code_list("parties").get("EU")
    assert union is not None
    assert union.group == "io"


def test_every_organisation_that_can_be_a_party_stands_among_the_organisations() -> None:
    organisations = schemas.code_list("international-organizations")
    for value in schemas.code_list("parties").values:
        if value.group == "io":
            listed = organisations.get(value.code)
            assert listed is not None
            assert (listed.kk, listed.ru, listed.en) == (value.kk, value.ru, value.en)


# --- terms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "on", "valid"),
    [
        ("KZ-PMO", date(2022, 12, 31), True),
        ("KZ-PMO", date(2023, 1, 1), False),
        ("KZ-GA", date(2022, 12, 31), False),
        ("KZ-GA", date(2023, 1, 1), True),
        ("KZ-MOES", date(2022, 5, 31), True),
        ("KZ-MOES", date(2022, 6, 1), False),
        ("KZ-AAE", date(2025, 3, 17), False),
        ("KZ-AAE", date(2025, 3, 18), True),
        ("KZ-SAC", date(2021, 12, 31), False),
        ("KZ-SAC", date(2022, 1, 1), True),
        ("KZ-ACC", date(2022, 1, 1), False),
        ("KZ-MFA", date(1992, 1, 1), True),
        ("KZ-XXX", date(2026, 11, 10), None),
    ],
)
def test_a_body_is_judged_on_the_day_at_the_precision_that_is_known(code: str, on: date, valid: bool | None) -> None:
    assert schemas.valid_on(code, on) is valid


def test_a_successor_is_a_body_of_the_list_and_none_precedes_the_end_of_its_predecessor() -> None:
    for value in schemas.code_list("bodies").values:
        assert bool(value.successor) == (value.valid_to is not None)
        for code in value.successor:
            successor = schemas.body(code)
            assert successor is not None
            assert successor.valid_from is None or successor.valid_from <= str(value.valid_to)


def test_the_ministry_that_was_split_names_both_of_its_successors() -> None:
    former = schemas.body("KZ-MOES")
    assert former is not None
    assert former.successor == ("KZ-MOE", "KZ-MSHE")


# --- the facts they carry ---------------------------------------------------------------------------------------------

needs_facts = pytest.mark.skipif(not SHARED.is_dir(), reason="the facts are not beside this checkout; the lists are")


@needs_facts
def test_every_row_of_the_facts_about_bodies_is_carried() -> None:
    with (SHARED / "bodies.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            value = schemas.body(row["code"])
            assert value is not None
            assert (value.kk, value.ru, value.en, value.group) == (row["kk"], row["ru"], row["en"], row["group"])
            assert (value.valid_from or "", value.valid_to or "") == (row["valid_from"], row["valid_to"])
            assert "; ".join(value.successor) == row["successor"]


@needs_facts
def test_every_value_of_the_facts_about_codes_is_carried_and_no_other() -> None:
    facts: dict[str, dict[str, tuple[str, str, str]]] = {}
    kinds: dict[str, str] = {}
    with (SHARED / "code_lists.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            labels = (row["label_kk"], row["label_ru"], row["label_en"])
            facts.setdefault(row["list"], {})[row["code"]] = labels
            kinds[row["list"]] = "open" if row["kind"] == "open" else "closed"
    for list_id, values in facts.items():
        listed = schemas.code_list(list_id)
        assert {value.code: (value.kk, value.ru, value.en) for value in listed.values} == values
        assert listed.kind == kinds[list_id]
