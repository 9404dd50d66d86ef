"""`elshi submit --receipt` and `elshi receipt`: the same signed bytes, whoever asks."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from adapter import conversion
from adapter.composition.stand import Stand
from tests.stands import changed
from tests.unit.cli.conftest import Elshi


def test_submit_writes_the_receipt_and_receipt_prints_the_same_bytes(
    elshi: Elshi, stand: Stand, report: Path, tmp_path: Path
) -> None:
    settings, file, again = stand.nodes["KZ-MOF"], tmp_path / "receipt.xml", tmp_path / "again.xml"
    told = elshi("submit", report, "-s", settings, "--receipt", file, "--json", code=0).json
    document = told["documentId"]
    signed = file.read_bytes()
    assert hashlib.sha256(signed).hexdigest() == told["receipt"]["signed"]
    said, content = conversion.read_statement(signed)
    assert (said.document_id, hashlib.sha256(content).hexdigest()) == (document, told["receipt"]["digest"])
    shown = elshi("receipt", document, "-o", again, "-s", settings, "--json", code=0).json
    assert (again.read_bytes(), shown["digest"], shown["sequence"]) == (signed, told["receipt"]["digest"], 1)
    replay = elshi("submit", report, "-s", settings, "--json", code=0).json
    assert (replay["replayed"], replay["receipt"]) == (True, told["receipt"])
    line = elshi("submit", report, "-s", settings, "--language", "en", code=0).out
    assert f"receipt 1 {told['receipt']['digest'][:16]}" in line
    failing = elshi("receipt", document, "--kind", "non-delivery", "-s", settings, "--json", code=2)
    assert failing.json["error"] == "statement.none"


def test_a_receipt_that_cannot_be_written_or_signed_is_a_warning_and_the_document_is_queued(
    elshi: Elshi, stand: Stand, report: Path, tmp_path: Path
) -> None:
    settings = stand.nodes["KZ-MOF"]
    key = stand.folder / "kz-mof" / "keys" / "office.p12"
    told = elshi("submit", report, "-s", settings, "--receipt", tmp_path, "--json", code=0).json
    assert (told["state"], [one["code"] for one in told["findings"]]) == ("queued", ["submit.receipt-not-written"])
    assert told["receipt"]["signed"]
    key.rename(key.with_suffix(".away"))
    # Signed already: the key is no longer needed.
    assert elshi("submit", report, "-s", settings, "--json", code=0).json["receipt"] == told["receipt"]
    assert elshi("submit", report, report, "-s", settings, "--receipt", tmp_path / "r", "--json", code=2).json[
        "error"
    ] == ("submit.receipt-of-one")


def test_without_an_office_key_the_envelopes_signs_and_verify_says_what_the_receipt_is(
    elshi: Elshi, stand: Stand, report: Path, tmp_path: Path
) -> None:
    office = '[keys.office]\nfile = "keys/office.p12"\npassword_file = "keys/keys.secret"\n'
    settings, file = changed(stand, "KZ-MOF", office, ""), tmp_path / "receipt.xml"
    told = elshi("submit", report, "-s", settings, "--receipt", file, "--json", code=0).json
    assert told["receipt"]["pending"] is None
    verdict = elshi("verify", file, "--trust", stand.folder / "trust", "--json", code=0).json
    assert verdict["indication"] == "TOTAL-PASSED"
    (about,) = [one for one in verdict["checks"] if one["id"] == "statement.submission-receipt"]
    assert about["params"]["document"] == told["documentId"]
    assert about["params"]["digest"] == told["receipt"]["digest"]


def test_check_with_settings_asks_nobody_for_a_password(
    elshi: Elshi, stand: Stand, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(name: str) -> str:
        raise AssertionError(name)

    monkeypatch.setattr("adapter.cli.app.ask_password", nobody)
    settings = stand.nodes["KZ-MOF"]
    assert elshi("check", report, "-s", settings, "--json", code=0).json["clean"]
    text = settings.read_text("utf-8")
    start = text.index("[keys.document]")
    end = text.index("[keys.office]")
    table = text[start:end].replace('password_file = "keys/keys.secret"\n', "")
    settings.write_text(text[:start] + table + text[end:], encoding="utf-8")
    assert elshi("check", report, "-s", settings, "--json", code=0).json["clean"]
    (stand.folder / "kz-mof" / "keys" / "envelope.p12").rename(stand.folder / "away")
    (found,) = elshi("check", report, "-s", settings, "--json", code=1).json["findings"]
    assert found["code"] == "submit.certificate-unknown"
