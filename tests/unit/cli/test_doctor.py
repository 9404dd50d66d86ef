"""elshi doctor: what this machine gives the program, in words that say what to do."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import signing
from adapter import texts
from adapter.composition.diagnosis import diagnosis
from adapter.composition.stand import Stand
from tests.unit.cli.conftest import Elshi

REFUSALS = {
    "absent: libnettle.so.8, libhogweed.so.6": "doctor.national-absent",
    "version: 3.7": "doctor.national-version",
    "byte-order: big": "doctor.national-byte-order",
    "incomplete: nettle_get_gost_gc512a": "doctor.national-incomplete",
    "wrong-answer: gost34311 of 0 octets": "doctor.national-wrong-answer",
}


def computed_by(refusal: str | None) -> dict[str, dict[str, Any]]:
    """Code -> finding, as it is shown where this is who computes."""
    name, library = ("plain Python", None) if refusal else ("Nettle 3.10", "libnettle.so.8, libhogweed.so.6")
    report = signing.ProviderReport(name=name, library=library, integers="int", refusal=refusal)
    return {each["code"]: each for each in map(texts.finding_as_json, diagnosis(None, report))}


def test_it_says_which_program_runs_on_what(elshi: Elshi) -> None:
    found = {each["code"]: each for each in elshi("doctor", "--json", code=0).json}
    assert version("elshi") in found["doctor.program"]["text"]["en"]
    assert f"lxml {version('lxml')}" in found["doctor.libraries"]["text"]["ru"]


def test_this_machine_s_own_provider_is_the_one_that_is_named(elshi: Elshi) -> None:
    report = signing.national_provider()
    codes = {each["code"] for each in elshi("doctor", "--json", code=0).json}
    assert ("doctor.national-native" in codes) is (report.refusal is None)
    assert ("doctor.national-integers" in codes) is (report.refusal is not None)


def test_the_native_library_is_named() -> None:
    told = computed_by(None)["doctor.national-native"]["text"]
    assert all("Nettle 3.10 (libnettle.so.8, libhogweed.so.6)" in told[language] for language in ("kk", "ru", "en"))


@pytest.mark.parametrize("refusal", REFUSALS)
def test_why_it_is_plain_python_and_what_to_do(refusal: str) -> None:
    found = computed_by(refusal)
    told = found[REFUSALS[refusal]]
    assert told["severity"] == "warning"
    for language in ("kk", "ru", "en"):
        assert refusal.partition(": ")[2] in told["text"][language]
        assert told["toDo"][language]
    assert "int" in found["doctor.national-integers"]["text"]["en"]


def test_settings_that_can_be_read_are_said_to_be(elshi: Elshi, stand: Stand) -> None:
    settings = next(stand.folder.glob("*/elshi.toml"))
    found = {each["code"]: each for each in elshi("doctor", "--settings", settings, "--json", code=0).json}
    assert "sandbox" in found["doctor.settings"]["text"]["en"]


def test_settings_that_cannot_are_told_line_by_line_and_end_with_1(elshi: Elshi, tmp_path: Path) -> None:
    settings = tmp_path / "elshi.toml"
    settings.write_text("profile = 'sandbox'\nnonsense = 1\n", encoding="utf-8")
    ran = elshi("doctor", "--settings", settings, "--json", code=1)
    assert "doctor.settings" not in {each["code"] for each in ran.json}
    assert any(each["severity"] in ("error", "stop") for each in ran.json)
    assert elshi("doctor", "--settings", tmp_path / "absent.toml", code=1).out
