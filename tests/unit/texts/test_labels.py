"""Every field of the content model has a name in three languages, and every code of a list its label."""

from __future__ import annotations

import csv
import dataclasses
import inspect
from pathlib import Path

import pytest

import schemas
from adapter import texts
from adapter.domain import analysis_basis, header, record, reference, report, summary, treaty
from adapter.rules.language_rules import mixed_words
from adapter.texts import Language
from adapter.texts.labels import _labels

SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "domain" / "content_model.csv"


def _ids_of_the_domain() -> set[str]:
    return {
        part.metadata["id"]
        for module in (analysis_basis, header, record, reference, report, summary, treaty)
        for _, cls in inspect.getmembers(module, dataclasses.is_dataclass)
        for part in dataclasses.fields(cls)
        if "id" in part.metadata
    }


def test_every_field_of_the_domain_has_a_label() -> None:
    assert _ids_of_the_domain() <= texts.field_ids()


def test_the_three_languages_name_the_same_fields() -> None:
    assert {language: set(_labels(language)) for language in Language} == {each: texts.field_ids() for each in Language}
    assert len(texts.field_ids()) == 6 + 315


@pytest.mark.parametrize("language", list(Language))
def test_no_label_is_empty_or_in_two_alphabets(language: Language) -> None:
    for field_id in texts.field_ids():
        name = texts.label(field_id, language)
        assert name == name.strip()
        assert name
        assert not list(mixed_words(name)), (field_id, name)


@pytest.mark.skipif(not SHARED.exists(), reason="the domain's content model is not beside the project")
def test_kazakh_and_russian_labels_are_those_of_the_content_model() -> None:
    with SHARED.open(encoding="utf-8", newline="") as file:
        rows = {row["field_id"]: row for row in csv.DictReader(file)}
    assert set(rows) == texts.field_ids()
    for field_id, row in rows.items():
        assert texts.label(field_id, Language.KK) == row["label_kk"]
        assert texts.label(field_id, Language.RU) == row["label_ru"]


def test_an_unknown_field_is_shown_by_its_id() -> None:
    assert texts.label("XX-99", Language.KK) == "XX-99"


def test_a_label_in_all_languages_is_a_parameter_of_a_finding() -> None:
    assert dict(texts.label_in_all("TR-05")) == {
        "kk": "Орындалу барысы",
        "ru": "Ход выполнения",
        "en": "Progress of implementation",
    }


def test_every_code_of_every_list_has_a_label_in_each_language() -> None:
    for list_id in schemas.code_list_ids():
        for value in schemas.code_list(list_id).values:
            assert all(texts.label_of_code(list_id, value.code, language) for language in Language)


def test_a_code_is_named_in_the_language_and_an_unknown_one_by_itself() -> None:
    assert texts.label_of_code("status", "terminated", Language.RU) == "действие прекращено"
    assert texts.label_of_code("status", "imaginary", Language.RU) == "imaginary"
    assert texts.label_of_code("no-such-list", "x", Language.KK) == "x"
    assert texts.label_of_code_in_all("coverage", "not-received")["kk"] == "алынған жоқ"
