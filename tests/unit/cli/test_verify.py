"""elshi verify on many files, on files that are none, and on the forms of its report."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from adapter.composition.stand import Stand
from tests.unit.cli.conftest import Elshi
from tests.unit.json_shape import breaches


@pytest.fixture
def trust(stand: Stand) -> tuple[object, ...]:
    return ("--trust", stand.anchors[0])


def test_several_processes_tell_the_same_in_the_same_order(
    elshi: Elshi, trust: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(5):
        shutil.copy(container, folder / f"{number}.asice")
    (folder / "2.asice").write_bytes(b"PK nothing")
    at = ("--at", "2026-12-01", "--seal-at", "2026-12-01")
    one = elshi("verify", folder, *trust, *at, "--json", "--jobs", 1, code=1)
    two = elshi("verify", folder, *trust, *at, "--json", "--jobs", 2, code=1)
    assert one.lines == two.lines
    assert [Path(each["file"]).name for each in two.lines] == [f"{number}.asice" for number in range(5)]


def test_a_file_that_cannot_be_read_is_a_row_and_ends_nothing(
    elshi: Elshi, trust: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe.asice"
    os.mkfifo(pipe)
    gone = tmp_path / "gone.asice"
    ran = elshi("verify", pipe, gone, "/dev/zero", container, *trust, "--json", code=2)
    assert [one["error"] for one in ran.lines] == [
        "verify.not-a-file",
        "file.unreadable",
        "verify.not-a-file",
        None,
    ]
    assert {one["indication"] for one in ran.lines[:3]} == {"INDETERMINATE"}
    assert elshi("verify", pipe, gone, *trust, code=3).out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_nobody_may_enter_is_told(
    elshi: Elshi, trust: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "packages"
    (folder / "closed").mkdir(parents=True)
    shutil.copy(container, folder)
    (folder / "closed").chmod(0)
    try:
        ran = elshi("verify", folder, *trust, "--json", code=2)
    finally:
        (folder / "closed").chmod(0o700)
    assert [one["error"] for one in ran.lines] == [None, "file.unreadable"]


def test_a_pattern_that_the_shell_left_is_expanded(
    elshi: Elshi, trust: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    (tmp_path / "p" / "q").mkdir(parents=True)
    for name in ("p/b.asice", "p/a.asice", "p/q/c.asice"):
        shutil.copy(container, tmp_path / name)
    ran = elshi("verify", tmp_path / "p" / "**" / "*.asice", *trust, "--json", code=0)
    assert [Path(one["file"]).name for one in ran.lines] == ["a.asice", "b.asice", "c.asice"]
    shutil.copy(container, tmp_path / "a[1].asice")
    assert elshi("verify", tmp_path / "a[1].asice", *trust, "--json", code=0).json["file"].endswith("a[1].asice")


def test_a_name_that_is_not_utf_8_is_shown(
    elshi: Elshi, trust: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    odd = os.path.join(os.fsencode(tmp_path), b"odd\xff.asice")
    try:
        shutil.copy(os.fsencode(container), odd)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    ran = elshi("verify", os.fsdecode(odd), *trust, "--json", code=0)
    assert ran.json["file"].endswith("odd\N{REPLACEMENT CHARACTER}.asice")
    assert elshi("verify", os.fsdecode(odd), os.fsdecode(odd) + "x", *trust, code=2).out


def test_the_table_counts_each_verdict(
    elshi: Elshi, trust: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    shutil.copy(container, tmp_path / "second.asice")
    (tmp_path / "bad.asice").write_bytes(b"PK")
    out = elshi("verify", container, tmp_path / "second.asice", tmp_path / "bad.asice", *trust, code=1).out
    table = [line.split() for line in out.splitlines()[-5:]]
    assert ["TOTAL-PASSED", "—", "2"] in table
    assert ["TOTAL-FAILED", "FORMAT_FAILURE", "1"] in table


def test_a_report_goes_into_the_file_named(
    elshi: Elshi, trust: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    forms = (("json", b'{"file"'), ("html", b"<!DOCTYPE html>"), ("xml", b"<?xml"), ("text", "✓".encode()))
    for form, start in forms:
        output = tmp_path / f"report.{form}"
        assert not elshi("verify", container, *trust, "--format", form, "-o", output, code=0).out
        assert output.read_bytes().startswith(start)
    assert elshi("verify", container, *trust, "--format", "html", code=0).out.startswith("<!DOCTYPE html>")
    assert elshi("verify", container, *trust, "-o", tmp_path / "no" / "x", code=3).err


def test_a_folder_gets_a_report_for_each_file(
    elshi: Elshi, trust: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        shutil.copy(container, tmp_path / name / "one.asice")
    (tmp_path / "out").mkdir()
    elshi("verify", tmp_path / "a", tmp_path / "b", *trust, "--format", "xml", "-o", tmp_path / "out", code=0)
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["one.asice-2.xml", "one.asice.xml"]


def test_everything_printed_as_json_satisfies_the_published_schema(
    elshi: Elshi, stand: Stand, trust: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    schema = json.loads(elshi("verify", "--schema", code=0).out)
    (tmp_path / "bad.asice").write_bytes(b"PK")
    (tmp_path / "seal.p7s").write_bytes(b"\x30\x03abc")
    (tmp_path / "seal").write_bytes(b"content")
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "evidence.json").write_text("{}", encoding="ascii")
    told = [
        *elshi("verify", container, tmp_path, *trust, "--json").lines,
        *elshi("verify", container, "--trust", tmp_path / "bad.asice", "--json", code=3).lines,
        *elshi(
            "verify", tmp_path / "seal.p7s", tmp_path / "gone", stand.folder / "gateway.pem", *trust, "--json"
        ).lines,
    ]
    assert len(told) >= 7
    assert [found for one in told for found in breaches(one, schema, schema)] == []


def test_the_european_policy_judges_a_container_without_a_document_of_ours(
    elshi: Elshi, trust: tuple[object, ...], container: Path
) -> None:
    ran = elshi("verify", container, *trust, "--policy", "etsi-baseline", "--json").json
    assert ran["terms"]["policy"] == "etsi-baseline/1"
    assert ran["subject"] is None
    assert ran["indication"] == "INDETERMINATE", "revocation status is asked for, and there is none"


def test_anchors_are_taken_in_der_and_from_a_folder_with_any_ending(
    elshi: Elshi, stand: Stand, container: Path, tmp_path: Path
) -> None:
    import ssl

    pem = Path(stand.anchors[0]).read_text(encoding="ascii")
    folder = tmp_path / "anchors"
    folder.mkdir()
    (folder / "a.CRT").write_bytes(pem.replace("\n", "\r\n").encode())
    first = pem[: pem.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"
    (folder / "b.cer").write_bytes(ssl.PEM_cert_to_DER_cert(first))
    (folder / "readme.txt").write_text("not a certificate", encoding="ascii")
    elshi("verify", container, "--trust", folder, code=0)
