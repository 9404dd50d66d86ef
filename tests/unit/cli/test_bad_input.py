"""Bad input: one clear finding each, with its place and what to do, the right exit code, nothing half-written, no secret."""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
from pathlib import Path

import pytest

from adapter.composition.stand import Stand
from adapter.texts import Language
from tests.stands import changed, secrets_of
from tests.unit.cli.conftest import Elshi, Ran

MARKED = "mArKeD-s3cret-0f-the-test"


def all_told(ran: Ran) -> list[dict[str, object]]:
    """Every finding of a check, each with a sentence and a remedy in three languages."""
    findings = ran.json["findings"]
    assert findings
    for finding in findings:
        assert finding["code"]
        for language in Language:
            assert finding["text"][language.value], finding
        assert finding["toDo"]["kk"] or finding["toDo"]["en"] == finding["toDo"]["kk"], finding
    return list(findings)


# --- files that are no report ----------------------------------------------------------------------------------------
UNUSABLE: dict[str, tuple[str, bytes]] = {
    "YAML that is none": ("report.yaml", b"treatyInformation: [1, 2\n"),
    "JSON that is none": ("report.json", b'{"treatyInformation": '),
    "YAML in another encoding": ("report.yaml", "treatyInformation: Қазақ".encode("utf-16")),
    "YAML in an old encoding": ("report.yaml", "treatyInformation: Отчёт".encode("cp1251")),
    "JSON in another encoding": ("report.json", '{"treatyInformation": "Қ"}'.encode("utf-16")),
    "two documents in one": ("report.yaml", b"treatyInformation: {}\n---\nx: {}\n"),
    "nothing": ("report.yaml", b""),
    "blanks": ("report.yaml", b" \n\n"),
    "oversized YAML": ("report.yaml", b"# " + b"x" * 21_000_000),
    "too deep YAML": ("report.yaml", b"[" * 20_000),
    "too deep JSON": ("report.json", b'{"a":' + b"[" * 20_000),
    "XML that is none": ("report.xml", b"<TreatyInformation><open></TreatyInformation>"),
    "XML with a DTD": ("report.xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    "XML in another encoding": ("report.xml", "<?xml version='1.0' encoding='utf-16'?><a/>".encode("utf-16")),
    "XML that says another encoding": ("report.xml", b"<?xml version='1.0' encoding='windows-1251'?><a/>"),
    "XML with broken UTF-8": ("report.xml", b"<a>\xff\xfe</a>"),
    "XML with an instruction": ("report.xml", b"<?php echo 1 ?><a/>"),
    "too deep XML": ("report.xml", b"<a>" * 5000),
    "oversized XML": ("report.xml", b"<a>" + b"x" * 21_000_000 + b"</a>"),
    "XML of something else": ("report.xml", b"<note xmlns='urn:other'>hello</note>"),
    "a picture": ("report.yaml", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    "zeros": ("report.yaml", b"\0" * 100),
}


@pytest.mark.parametrize(("name", "content"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_is_no_report_ends_with_two_and_one_clear_finding(
    elshi: Elshi, tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    ran = elshi("check", path, "--json", code=2)
    finding = all_told(ran)[0]
    assert finding["file"] in {name, None}
    assert MARKED not in ran.shown


@pytest.mark.parametrize("name", ["none.yaml", "folder"])
def test_a_report_that_is_not_there_is_said_by_name(elshi: Elshi, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    ran = elshi("check", tmp_path / name, "--json", code=2)
    assert name in json.dumps(ran.json)


# --- reports with something wrong ------------------------------------------------------------------------------------
WRONG: dict[str, tuple[str, str, str]] = {
    "no Kazakh": ("              kk: Орынбор\n", "", "kk"),
    "no Russian": ("              ru: Оренбург\n", "", "ru"),
    "an unknown key": ("    accessMarking: public", "    accessMarking: public\n    colour: red", "colour"),
    "a day that is none": ("date: 2009-09-11", "date: 2009-13-41", "2009-13-41"),
    "a code on no list": ("capacity: head", "capacity: boss", "boss"),
    "a body on no list": ("      code: KZ-MFA", "      code: KZ-XXX", "KZ-XXX"),
    "a number of another form": ('bin: "991340000106"', 'bin: "99134"', "99134"),
    "a year that is none": ("reportingYear: 2026", "reportingYear: soon", "soon"),
}


@pytest.mark.parametrize(("old", "new", "word"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_in_a_report_is_told_with_its_line(
    elshi: Elshi, report: Path, old: str, new: str, word: str
) -> None:
    text = report.read_text("utf-8")
    assert text.count(old) >= 1, old
    report.write_text(text.replace(old, new, 1), encoding="utf-8")
    ran = elshi("check", report, "--json", code=1)
    findings = all_told(ran)
    near = text[: text.index(old)].count("\n") + 1
    assert any(isinstance(one["line"], int) and abs(one["line"] - near) <= 2 for one in findings), findings
    assert any(word in json.dumps(one, ensure_ascii=False) for one in findings)


def test_an_attachment_that_is_not_there_is_said_by_its_name(elshi: Elshi, tmp_path: Path) -> None:
    source = Path(__file__).resolve().parents[3] / "examples" / "2026" / "mlsp"
    for path in source.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    report = tmp_path / "report.yaml"
    assert elshi("check", report).code in {0, 1}
    (tmp_path / "recommendation-1-en.txt").unlink()
    ran = elshi("check", report, "--json", code=1)
    assert any("recommendation-1-en.txt" in json.dumps(one) for one in all_told(ran))


def test_an_attachment_cannot_lead_out_of_its_folder(elshi: Elshi, tmp_path: Path) -> None:
    source = Path(__file__).resolve().parents[3] / "examples" / "2026" / "mlsp" / "report.yaml"
    text = source.read_text("utf-8")
    assert "recommendation-1-en.txt" in text
    (tmp_path / "secret.txt").write_text(MARKED)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "report.yaml").write_text(text.replace("recommendation-1-en.txt", "../secret.txt"), encoding="utf-8")
    (inside / "accessibility-2026.csv").write_text("x")
    ran = elshi("check", inside / "report.yaml", "--json")
    assert ran.code in {1, 2}
    assert MARKED not in ran.shown


def test_a_marking_above_official_use_stops_and_nothing_of_the_report_is_said(elshi: Elshi, report: Path) -> None:
    text = report.read_text("utf-8").replace("accessMarking: public", "accessMarking: secret")
    report.write_text(text.replace("Орынбор", MARKED), encoding="utf-8")
    ran = elshi("check", report, "--json", code=1)
    assert [one["code"] for one in all_told(ran)] == ["BR-18"]
    assert MARKED not in ran.shown


# --- keys ------------------------------------------------------------------------------------------------------------
def test_a_wrong_pin_is_said_and_not_shown(elshi: Elshi, stand: Stand, report: Path) -> None:
    (stand.folder / "kz-mof" / "keys" / "keys.secret").write_text(MARKED)
    ran = elshi("submit", report, "-s", stand.nodes["KZ-MOF"], "--json", code=2)
    assert ran.json["error"] == "signing.p12-wrong-password"
    assert MARKED not in ran.shown
    (stand.folder / "kz-mof" / "keys" / "keys.secret").write_text(MARKED)
    assert elshi("status", "-s", stand.nodes["KZ-MOF"], "--json", code=0).json == []


@pytest.mark.parametrize("command", [("worker", "--once"), ("serve",)], ids=["worker", "serve"])
def test_a_wrong_password_of_the_envelope_is_told_at_start(
    elshi: Elshi, stand: Stand, command: tuple[str, ...]
) -> None:
    (stand.folder / "kz-mof" / "keys" / "keys.secret").write_text(MARKED)
    ran = elshi(*command, "-s", stand.nodes["KZ-MOF"], code=2)
    assert "signing.p12-wrong-password" in ran.err
    assert MARKED not in ran.shown


def test_without_a_password_and_without_a_person_nothing_waits(
    elshi: Elshi, stand: Stand, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    settings = changed(
        stand,
        "KZ-MOF",
        '[keys.document]\nfile = "keys/head.p12"\npassword_file = "keys/keys.secret"',
        '[keys.document]\nfile = "keys/head.p12"',
    )
    assert elshi("submit", report, "-s", settings, "--json", code=2).json["error"] == "keys.no-password"


@pytest.mark.parametrize("content", [b"", b"\x30\x03\x02\x01\x05", b"-----BEGIN PRIVATE KEY-----\nAAAA\n", b"text"])
def test_a_key_file_that_is_none_is_said(elshi: Elshi, stand: Stand, report: Path, content: bytes) -> None:
    (stand.folder / "kz-mof" / "keys" / "head.p12").write_bytes(content)
    ran = elshi("submit", report, "-s", stand.nodes["KZ-MOF"], "--json", code=2)
    assert ran.json["error"].startswith(("signing.", "keys."))


def test_a_key_that_is_not_there_is_said(elshi: Elshi, stand: Stand, report: Path) -> None:
    (stand.folder / "kz-mof" / "keys" / "head.p12").unlink()
    ran = elshi("submit", report, "-s", stand.nodes["KZ-MOF"], "--json", code=2)
    assert ran.json["error"] == "keys.unreadable"


# --- containers ------------------------------------------------------------------------------------------------------
def test_a_container_that_is_none_is_not_submitted(elshi: Elshi, stand: Stand, tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("document.xml"))
    settings = stand.nodes["KZ-MOF"]
    for content in (b"", b"PK", out.getvalue(), b"%PDF-1.7"):
        path = tmp_path / "report.asice"
        path.write_bytes(content)
        ran = elshi("submit", path, "-s", settings, "--json", code=2)
        assert ran.json["error"] == "submit.container-not-verified"
    assert elshi("status", "-s", settings, "--json", code=0).json == []


def test_a_file_over_the_limit_of_the_exchange_is_refused_with_both_numbers(
    elshi: Elshi, stand: Stand, report: Path
) -> None:
    settings = changed(stand, "KZ-MOF", "[http]", "[exchange.files]\nmax_file_bytes = 50000\n\n[http]")
    ran = elshi("submit", report, "-s", settings, "--json", code=2).json
    (found,) = ran["findings"]
    assert found["code"] == "submit.file-too-large"
    assert re.search(r"has \d{5,} bytes; .* at most 50000", found["text"]["en"])
    checked = elshi("check", report, "-s", settings, "--json", code=1).json
    assert [one["text"] for one in checked["findings"]] == [found["text"]]
    assert elshi("check", report, "--json", code=0).json["clean"]
    assert elshi("status", "-s", settings, "--json", code=0).json == []


def test_one_bad_report_among_good_ones_does_not_undo_what_is_queued(
    elshi: Elshi, stand: Stand, report: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("[", encoding="utf-8")
    settings = stand.nodes["KZ-MOF"]
    ran = elshi("submit", report, bad, "-s", settings, "--json", code=2)
    assert [("state" in one, "error" in one) for one in ran.lines] == [(True, False), (False, True)]
    assert len(elshi("status", "-s", settings, "--json", code=0).json) == 1


# --- the store -------------------------------------------------------------------------------------------------------
def test_a_database_that_is_none_is_said(elshi: Elshi, stand: Stand) -> None:
    (stand.folder / "kz-mof" / "elshi.sqlite3").write_bytes(b"this is not a database" * 100)
    ran = elshi("status", "-s", stand.nodes["KZ-MOF"], "--json")
    assert ran.code in {2, 3}
    assert ran.json["error"].startswith("storage.")


# --- secrets ---------------------------------------------------------------------------------------------------------
def test_no_secret_of_the_stand_is_in_any_output_or_evidence(
    elshi: Elshi, stand: Stand, report: Path, tmp_path: Path
) -> None:
    settings = stand.nodes["KZ-MOF"]
    shown = ""
    for command in (
        ("submit", report, "-s", settings),
        ("submit", report, "-s", settings, "--json"),
        ("status", "-s", settings, "--json"),
        ("worker", "--once", "-s", settings),
        ("status", "-s", settings),
        ("export", "--all", "-o", tmp_path / "evidence", "-s", settings),
        ("verify", tmp_path / "evidence", "--trust", stand.anchors[0], "--json"),
        ("sandbox", stand.folder, "--make"),
    ):
        shown += elshi(*command, code=0).shown
    written = b"".join(path.read_bytes() for path in (tmp_path / "evidence").rglob("*") if path.is_file())
    for name, secret in secrets_of(stand).items():
        assert secret not in shown, name
        assert secret.encode() not in written, name
