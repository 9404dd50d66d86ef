"""`elshi submit --receipt` and `elshi receipt`: the same signed bytes, whoever asks."""

from __future__ import annotations

import hashlib
from pathlib import Path

from adapter import conversion
from adapter.composition.stand import Stand
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
