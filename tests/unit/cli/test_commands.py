"""Every command: its help with an example, its JSON, its exit codes, and what it leaves behind."""

from __future__ import annotations

import json
import re
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.domain.incoming import JournalState
from adapter.settings import load_settings
from adapter.texts import Language
from tests.contract.samples import entry
from tests.stands import EXAMPLES, changed, gateway_port
from tests.unit.cli.conftest import Elshi, Ran
from tests.unit.command_lines import calls_in, complaint, known_commands
from tests.unit.signing import xml_material

COMMANDS = sorted(known_commands())
PROMISED = {
    *("demo", "template", "check", "convert", "sign", "submit", "status", "serve", "worker", "sandbox"),
    *("summarise", "publish", "export", "verify"),
}
REPORTING = {"check", "convert", "sign", "submit", "status", "export", "verify", "summarise", "consolidate", "publish"}


def test_every_command_that_was_promised_is_there() -> None:
    assert set(COMMANDS) >= PROMISED


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_does_with_an_example_that_is_one(elshi: Elshi, command: str) -> None:
    ran = elshi(command, "--help", code=0)
    assert "Example:" in ran.out
    example = re.search(rf"elshi {command}[^│\n]*", ran.out[ran.out.index("Example:") :])
    assert example, ran.out
    for call in calls_in(example.group(0).strip()):
        assert complaint(call) is None, call


@pytest.mark.parametrize("command", sorted(REPORTING))
def test_each_command_that_reports_can_report_in_json(elshi: Elshi, command: str) -> None:
    assert "--json" in elshi(command, "--help", code=0).out


def test_the_help_of_the_whole_names_every_command(elshi: Elshi) -> None:
    out = elshi("--help", code=0).out
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "'nonsense'"),
        (("check",), "'reports'"),
        (("check", "--nonsense", "x"), "--nonsense"),
        (("submit",), "'documents'"),
        (("verify", "x", "--policy", "no"), "'--policy'"),
    ],
)
def test_a_command_that_is_misspelt_ends_with_two_and_says_so(
    elshi: Elshi, arguments: tuple[str, ...], said: str
) -> None:
    ran = elshi(*arguments, code=2)
    assert said in ran.err


# --- the clerk -------------------------------------------------------------------------------------------------------
def test_a_clean_report_checks_clean(elshi: Elshi, report: Path) -> None:
    assert elshi("check", report, code=0).out.startswith("✓")
    assert elshi("check", report, "--json", code=0).json == {"file": str(report), "findings": [], "clean": True}


def test_findings_end_with_one_and_have_code_place_and_what_to_do_in_three_languages(
    elshi: Elshi, report: Path
) -> None:
    text = report.read_text("utf-8")
    assert "capacity: head" in text
    lines = text.splitlines()
    number = next(place for place, line in enumerate(lines, start=1) if line.strip().startswith("progress:"))
    report.write_text(_without_child(lines, number, "kk:"), encoding="utf-8")
    ran = elshi("check", report, "--json", code=1)
    (finding,) = ran.json["findings"]
    assert finding["code"]
    assert abs(finding["line"] - number) <= 1
    assert "Progress" in (finding["xpath"] or "Progress")
    for language in Language:
        assert finding["text"][language.value]
        assert finding["toDo"][language.value]


def _without_child(lines: list[str], number: int, start: str) -> str:
    """The lines without the block that starts with `start` directly under line `number`."""
    found = next(place for place in range(number, len(lines)) if lines[place].strip().startswith(start))
    indent = len(lines[found]) - len(lines[found].lstrip())
    end = next(
        place for place in range(found + 1, len(lines)) if len(lines[place]) - len(lines[place].lstrip()) <= indent
    )
    return "\n".join([*lines[:found], *lines[end:]]) + "\n"


def test_several_reports_end_with_the_worst_of_them(elshi: Elshi, report: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("treatyInformation: [", encoding="utf-8")
    ran = elshi("check", report, broken, report, "--json", code=2)
    assert [one["clean"] for one in ran.lines] == [True, False, True]


@pytest.mark.parametrize("language", list(Language))
def test_an_empty_form_can_be_read_back(elshi: Elshi, tmp_path: Path, language: Language) -> None:
    ran = elshi("template", "treaty-information", "--language", language.value, code=0)
    form = tmp_path / "form.yaml"
    form.write_text(ran.out, encoding="utf-8")
    assert elshi("check", form, "--json", code=1).json["findings"]


def test_the_language_of_the_machine_is_spoken(elshi: Elshi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {}
    for name in ("kk_KZ.UTF-8", "ru_RU.UTF-8", "C"):
        monkeypatch.setenv("LANG", name)
        said[name] = elshi("submit", tmp_path / "none.yaml", code=2).err
    assert len(set(said.values())) == 3


def test_conversion_is_deterministic_and_loses_nothing(elshi: Elshi, report: Path, tmp_path: Path) -> None:
    one, two, back, again = (tmp_path / name for name in ("1.xml", "2.xml", "back.yaml", "again.xml"))
    elshi("convert", report, one, "--pdf", tmp_path / "1.pdf", code=0)
    elshi("convert", report, two, code=0)
    assert one.read_bytes() == two.read_bytes()
    assert (tmp_path / "1.pdf").read_bytes().startswith(b"%PDF")
    elshi("convert", one, back, code=0)
    elshi("convert", back, again, code=0)
    assert again.read_bytes() == one.read_bytes()


def test_a_report_with_findings_is_not_converted_and_nothing_is_written(
    elshi: Elshi, report: Path, tmp_path: Path
) -> None:
    report.write_text(report.read_text("utf-8").replace("accessMarking: public", "accessMarking: secret"), "utf-8")
    ran = elshi("convert", report, tmp_path / "out.xml", "--json", code=1)
    assert ran.json["findings"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.yaml"]


@pytest.mark.parametrize("target", ["out.docx", "nowhere/out.xml", "."])
def test_what_cannot_be_written_leaves_nothing_half_done(
    elshi: Elshi, report: Path, tmp_path: Path, target: str
) -> None:
    ran = elshi("convert", report, tmp_path / target, code=2)
    assert ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.yaml"]


# --- with a node -----------------------------------------------------------------------------------------------------
def test_submit_queues_and_again_is_the_same_and_status_shows_it(elshi: Elshi, stand: Stand, report: Path) -> None:
    settings = stand.nodes["KZ-MOF"]
    first = elshi("submit", report, "-s", settings, "--json", code=0).json
    again = elshi("submit", report, "-s", settings, "--json", code=0).json
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert (first["delivery"], first["state"], first["addressee"]) == (again["delivery"], "queued", "KZ-MFA")
    (row,) = elshi("status", "-s", settings, "--json", code=0).json
    assert row["delivery"] == first["delivery"]
    guid = first["documentId"].removeprefix("urn:uuid:")
    (same,) = elshi("status", guid, "-s", settings, "--json", code=0).json
    assert row.pop("timeLeftSeconds") >= same.pop("timeLeftSeconds")
    assert same == row
    assert "queued" in elshi("status", "-s", settings, code=0).out
    assert elshi("status", "--incoming", "-s", settings, "--json", code=0).json == []
    assert elshi("status", "--held", "-s", settings, "--json", code=0).json == []
    assert elshi("status", "urn:uuid:none", "-s", settings, "--json", code=2).json["error"] == "status.no-such-document"


def test_the_same_id_with_other_text_is_a_conflict(elshi: Elshi, stand: Stand, report: Path) -> None:
    settings = stand.nodes["KZ-MOF"]
    elshi("submit", report, "-s", settings, code=0)
    report.write_text(report.read_text("utf-8").replace("executor@mof.example", "other@mof.example"), encoding="utf-8")
    ran = elshi("submit", report, "-s", settings, "--json", code=2).json
    assert ran["error"] == "document.conflict"
    assert ran["params"]["known_sha256"] != ran["params"]["new_sha256"]


def test_what_was_signed_is_verified_and_submitted_as_it_is(
    elshi: Elshi, stand: Stand, report: Path, tmp_path: Path
) -> None:
    settings, container = stand.nodes["KZ-MOF"], tmp_path / "report.asice"
    signed = elshi("sign", report, "-o", container, "-s", settings, "--json", code=0).json
    assert elshi("status", "-s", settings, "--json", code=0).json == [], "signing sends nothing"
    verdict = elshi("verify", container, "--trust", stand.anchors[0], "--json", code=0).json
    assert (verdict["indication"], verdict["container"]) == ("TOTAL-PASSED", signed["sha256"])
    submitted = elshi("submit", container, "-s", settings, "--json", code=0).json
    assert submitted["state"] == "queued"

    folder = tmp_path / "evidence"
    elshi("export", "--all", "-o", folder, "-s", settings, "--json", code=0)
    assert elshi("verify", folder, "--trust", stand.folder / "trust", code=0).out
    page = tmp_path / "audit.html"
    elshi("verify", folder, container, "--trust", stand.anchors[0], "--html", page, "-l", "kk", code=0)
    assert page.read_bytes().startswith(b"<!")
    assert "КАНЦЕЛЯРИЯ KZ-MOF" in page.read_text(encoding="utf-8"), "who sealed the folder"

    trust = ("--trust", stand.anchors[0])
    assert elshi("verify", folder, *trust, "--seal-at", "2040-01-01", "--json", code=2).json["seal"]["sub_indication"]
    (exported,) = folder.iterdir()
    stated = (exported / "evidence.json").read_text(encoding="utf-8")
    (exported / "evidence.json").write_text(stated.replace('"queued"', '"withdrawn"'), encoding="utf-8")
    assert "evidence.seal" in elshi("verify", folder, *trust, code=1).out
    (exported / "evidence.json").unlink()
    assert "evidence.manifest" in elshi("verify", folder, *trust, code=1).out
    (exported / "evidence.json.p7s").unlink()
    assert "evidence.manifest" in elshi("verify", folder, *trust, code=1).out


def test_a_held_message_is_released_once_and_only_a_held_one(elshi: Elshi, stand: Stand) -> None:
    settings = stand.nodes["KZ-MOF"]
    node = Node(load_settings(settings, {}))
    try:
        node.store.blobs.put(b"<held/>")
        held = entry(1, b"<held/>", state=JournalState.HELD, wake_at=None)
        with node.store.transaction() as transaction:
            transaction.journal.add(held)
        who = ("--person", "A. Clerk", "--reason", "the number is in the settings now", "-s", settings, "--json")
        assert elshi("release", held.id, *who, code=0).json == {"entry": held.id, "state": "received"}
        with node.store.transaction() as transaction:
            after = transaction.journal.get(held.id)
        assert after is not None
        assert (after.state, after.tries) == (JournalState.RECEIVED, 0)
        assert elshi("release", held.id, *who, code=2).json["error"] == "intervene.not-held"
        assert elshi("release", "nowhere", *who, code=2).json["error"] == "intervene.not-held"
    finally:
        node.close()


def test_a_delivery_is_withdrawn_and_a_withdrawn_one_is_not_resent(elshi: Elshi, stand: Stand, report: Path) -> None:
    settings = stand.nodes["KZ-MOF"]
    delivery = elshi("submit", report, "-s", settings, "--json", code=0).json["delivery"]
    who = ("--person", "A. Clerk", "--reason", "wrong year", "-s", settings, "--json")
    assert elshi("withdraw", delivery, *who, code=0).json["state"] == "withdrawn"
    assert elshi("resend", delivery, *who, code=2).json["error"] == "intervene.not-possible"
    assert elshi("withdraw", "nowhere", *who, code=2).json["error"] == "intervene.no-such-delivery"
    assert elshi("give-up", delivery, *who, code=2).json["error"] == "intervene.not-possible"
    assert elshi("resend", delivery, "--person", " ", "--reason", "x", "-s", settings, code=2).err


def test_the_commands_of_the_year_say_what_is_missing(elshi: Elshi, stand: Stand, tmp_path: Path) -> None:
    settings = stand.nodes["KZ-MFA"]
    for command, texts in (
        ("summarise", EXAMPLES / "mfa" / "summary.yaml"),
        ("consolidate", EXAMPLES / "ga" / "consolidated.yaml"),
        ("publish", EXAMPLES / "mfa" / "publication.yaml"),
    ):
        ran = elshi(command, 2026, texts, "-o", tmp_path / "out", "-s", settings, "--json", code=2)
        assert ran.json["error"].startswith(f"{command}.")
        assert not (tmp_path / "out").exists()


def test_the_help_begins_where_a_clerk_begins(elshi: Elshi) -> None:
    shown = elshi("--help", code=0).out
    places = [
        shown.index(f" {one} ") for one in ("template", "check", "submit", "serve", "summarise", "verify", "demo")
    ]
    assert places == sorted(places)


def test_the_version_is_said(elshi: Elshi) -> None:
    assert re.fullmatch(r"elshi \d+\.\d+.*\n", elshi("--version", code=0).out)


def test_a_demonstration_does_not_write_over_a_file(elshi: Elshi, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    ran = elshi("demo", "-o", tmp_path / "file", "--examples", EXAMPLES, code=2)
    assert "file.not-written" in ran.err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_script_that_is_not_there_is_said_before_a_stand_is_made(elshi: Elshi, tmp_path: Path) -> None:
    ran = elshi("sandbox", tmp_path / "stand", "--make", "--script", tmp_path / "none.toml", code=2)
    assert "file.unreadable" in ran.err
    assert not (tmp_path / "stand").exists()
    elshi("sandbox", tmp_path / "stand", "--make", "--port", 65_536, code=2)


def test_a_stand_is_made_once(elshi: Elshi, stand: Stand) -> None:
    before = {path: path.read_bytes() for path in stand.folder.rglob("*") if path.is_file()}
    elshi("sandbox", stand.folder, "--make", code=0)
    assert {path: path.read_bytes() for path in stand.folder.rglob("*") if path.is_file()} == before


def test_a_stand_is_not_started_on_a_port_that_its_nodes_do_not_look_at(elshi: Elshi, stand: Stand) -> None:
    made = gateway_port(stand)
    for ending in ((), ("--make",)):
        ran = elshi("sandbox", stand.folder, "--port", made + 1, "--language", "en", *ending, code=2)
        assert "stand.other-port" in ran.err
        assert str(made) in ran.err
        assert str(made + 1) in ran.err
    elshi("sandbox", stand.folder, "--port", made, "--make", code=0)


def test_a_later_start_listens_where_the_nodes_look(elshi: Elshi, stand: Stand) -> None:
    with socket.create_server(("127.0.0.1", gateway_port(stand))):
        ran = elshi("sandbox", stand.folder)
    assert ran.code != 0
    assert "sandbox.address-taken" in ran.err
    assert str(gateway_port(stand)) in ran.err


def test_nodes_that_look_at_different_ports_are_told_and_one_of_them_may_be_named(elshi: Elshi, stand: Stand) -> None:
    made = gateway_port(stand)
    changed(stand, "KZ-MLSP", f"127.0.0.1:{made}/", "127.0.0.1:9/")
    ran = elshi("sandbox", stand.folder, "--make", code=2)
    assert "stand.several-ports" in ran.err
    assert f"9, {made}" in ran.err
    elshi("sandbox", stand.folder, "--make", "--port", made, code=0)


def test_a_folder_with_other_things_is_not_made_a_stand(elshi: Elshi, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    ran = elshi("sandbox", tmp_path, "--make", code=2)
    assert "stand.folder-in-use" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


# --- settings --------------------------------------------------------------------------------------------------------
NODE_COMMANDS: list[tuple[Any, ...]] = [
    ("submit", "x.yaml"),
    ("status",),
    ("worker", "--once"),
    ("serve",),
    ("export", "--all", "-o", "out"),
    ("sign", "x.yaml", "-o", "x.asice"),
]


@pytest.mark.parametrize("command", NODE_COMMANDS, ids=lambda one: one[0])
def test_without_settings_a_node_command_says_so(elshi: Elshi, command: tuple[str, ...]) -> None:
    assert "settings.not-given" in elshi(*command, code=2).err


@pytest.mark.parametrize("command", NODE_COMMANDS, ids=lambda one: one[0])
def test_settings_that_contradict_stop_every_command_before_anything_begins(
    elshi: Elshi, stand: Stand, command: tuple[str, ...]
) -> None:
    settings = changed(stand, "KZ-MOF", "total_within_seconds = 60", "total_within_seconds = 600")
    ran = elshi(*command, "-s", settings, code=2)
    assert "delivery.breaker_longest_wait_seconds=60" in ran.err
    assert "delivery.deadline_lead_seconds=600" in ran.err
    assert not (stand.folder / "kz-mof" / "elshi.sqlite3").exists()


@pytest.mark.parametrize("command", [("worker",), ("worker", "--once")], ids=" ".join)
def test_a_worker_says_what_nobody_has_confirmed_however_long_it_runs(
    elshi: Elshi, stand: Stand, command: tuple[str, ...]
) -> None:
    """Once is how a timer runs it: the only place where its operator reads anything. A stand of our own is quiet."""
    unsettled = "second_sign.scope"
    assert unsettled not in elshi("worker", "--once", "-s", stand.nodes["KZ-MOF"], code=0).shown
    settings = changed(stand, "KZ-MOF", 'profile = "sandbox"', 'profile = "test"')
    ran = elshi(*command, "-s", settings, code=2)
    assert unsettled in ran.err


def test_settings_come_from_the_environment_too(elshi: Elshi, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELSHI_SETTINGS", str(stand.nodes["KZ-MOF"]))
    monkeypatch.setenv("ELSHI_LANGUAGE", "ru")
    assert elshi("status", "--json", code=0).json == []
    monkeypatch.setenv("ELSHI_SERVER__PROT", "1")
    ran = elshi("status", code=2)
    assert "server.prot" in ran.err
    assert "неизвест" in ran.err.lower() or "ключ" in ran.err.lower()


def test_a_strange_level_of_the_log_does_no_harm(elshi: Elshi, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELSHI_LOG", "loud")
    ran = elshi("check", report, code=0)
    assert ran.out.startswith("✓")
    assert ran.err == ""


# --- verify ----------------------------------------------------------------------------------------------------------
def test_the_four_ends_of_verify(elshi: Elshi, stand: Stand, container: Path, tmp_path: Path) -> None:
    trust = ("--trust", stand.anchors[0])
    content = bytearray(container.read_bytes())
    content[len(content) // 2] ^= 1
    altered = tmp_path / "altered.asice"
    altered.write_bytes(content)
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(_another_anchor())

    assert elshi("verify", container, *trust, "--json", code=0).json["indication"] == "TOTAL-PASSED"
    assert elshi("verify", altered, *trust, "--json", code=1).json["indication"] == "TOTAL-FAILED"
    assert elshi("verify", container, "--trust", stranger, "--json", code=2).json["indication"] == "INDETERMINATE"
    assert elshi("verify", container, altered, *trust, code=1).out, "the worst of all"
    for arguments, code in (
        ((container,), "verify.no-anchors"),
        ((tmp_path / "none.asice", *trust), "file.unreadable"),
        ((container, "--trust", tmp_path / "none.pem"), "trust.unreadable"),
        ((tmp_path / "empty", *trust), "verify.nothing-found"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        assert elshi("verify", *arguments, "--json", code=3).json["error"] == code
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    elshi("verify", container, "--trust", rubbish, code=3)


def _another_anchor() -> bytes:
    from tests.unit.usecases.houses import pki

    return pki().anchor_pem()


def test_a_verdict_that_is_not_passed_gives_its_reasons_in_the_language_asked(
    elshi: Elshi, stand: Stand, container: Path
) -> None:
    content = bytearray(container.read_bytes())
    content[len(content) // 2] ^= 1
    container.write_bytes(content)
    said = {
        one: elshi("verify", container, "--trust", stand.anchors[0], "-l", one.value, code=1).out for one in Language
    }
    assert len(set(said.values())) == 3
    assert all("TOTAL-FAILED" in text for text in said.values())


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"PK\x05\x06" + b"\0" * 18, b"\x30\x82", b"<a/>", b"<!DOCTYPE a><a/>", b"\xff" * 300, b"text"],
)
def test_whatever_is_given_to_verify_ends_in_a_verdict_or_a_reason(
    elshi: Elshi, stand: Stand, tmp_path: Path, content: bytes
) -> None:
    for name in ("odd.asice", "odd.bin"):
        path = tmp_path / name
        path.write_bytes(content)
        ran = elshi("verify", path, "--trust", stand.anchors[0], "--json")
        assert ran.code in {1, 2, 3}
        assert ran.json.get("indication", "error") != "TOTAL-PASSED"


def test_the_certificate_of_the_exchange_is_named_like_the_anchors(
    elshi: Elshi, stand: Stand, container: Path, tmp_path: Path
) -> None:
    trust = ("--trust", stand.anchors[0])
    (tmp_path / "none").mkdir()
    (tmp_path / "exchange").mkdir()
    shutil.copy(stand.folder / "gateway.pem", tmp_path / "exchange")
    for named in (stand.folder / "gateway.pem", tmp_path / "exchange"):
        elshi("verify", container, *trust, "--exchange", named, code=0)
    ran = elshi("verify", container, *trust, "--exchange", tmp_path / "none", "--json", code=3)
    assert ran.json["error"] == "verify.no-exchange"
    for content in (b"text", b"\x30\x03abc"):
        (tmp_path / "odd.pem").write_bytes(content)
        elshi("verify", container, *trust, "--exchange", tmp_path / "odd.pem", code=3)


@pytest.mark.parametrize(
    "left", ["audit.json", "messages/001-notice-registered.xml", "receipts/005-signed-receipt.asice", "Attempts.JSON"]
)
def test_a_folder_robbed_of_all_but_one_of_its_files_does_not_pass_as_containers(
    elshi: Elshi, stand: Stand, container: Path, tmp_path: Path, left: str
) -> None:
    robbed = tmp_path / "evidence" / "one"
    (robbed / left).parent.mkdir(parents=True)
    shutil.copy(container, robbed / "document.asice")
    shutil.copy(container, robbed / left)
    for named in (robbed, robbed.parent):
        ran = elshi("verify", named, "--trust", stand.anchors[0], "--json", code=1)
        assert ran.json["file"] == str(robbed)
        assert [one["id"] for one in ran.json["checks"]] == ["evidence.manifest"]


def test_a_container_is_found_whatever_the_case_of_its_name(
    elshi: Elshi, stand: Stand, container: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "packages"
    folder.mkdir()
    shutil.copy(container, folder / "a.asice")
    forged = bytearray(container.read_bytes())
    forged[len(forged) // 2] ^= 1
    (folder / "forged.ASICE").write_bytes(forged)
    ran = elshi("verify", folder, "--trust", stand.anchors[0], "--json", code=1)
    assert {Path(one["file"]).name: one["indication"] for one in ran.lines} == {
        "a.asice": "TOTAL-PASSED",
        "forged.ASICE": "TOTAL-FAILED",
    }


def test_files_that_nobody_looked_at_are_named(elshi: Elshi, stand: Stand, container: Path, tmp_path: Path) -> None:
    folder, page = tmp_path / "packages", tmp_path / "audit.html"
    (folder / "more").mkdir(parents=True)
    shutil.copy(container, folder / "a.asice")
    shutil.copy(container, folder / "more" / "forged.zip")
    (folder / "audit.txt").write_text("text")
    trust = ("--trust", stand.anchors[0])
    ran = elshi("verify", folder, *trust, "--json", "--html", page, code=0)
    names = [str(folder / "audit.txt"), str(folder / "more" / "forged.zip")]
    assert ran.json["not_judged"] == {"count": 2, "names": names}
    shown = elshi("verify", folder, *trust, code=0).out
    assert all(Path(name).name in shown for name in names)
    assert all(name in page.read_text(encoding="utf-8") for name in names)
    assert elshi("verify", container, *trust, "--json", code=0).json["not_judged"] == {"count": 0, "names": []}


def test_a_report_named_audit_json_makes_no_evidence_folder(
    elshi: Elshi, stand: Stand, container: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "output"
    (folder / "packages").mkdir(parents=True)
    shutil.copy(container, folder / "packages" / "a.asice")
    (folder / "audit.json").write_text("{}")
    assert elshi("verify", folder, "--trust", stand.anchors[0], "--json", code=0).json["indication"] == "TOTAL-PASSED"


def test_verify_at_another_time(elshi: Elshi, stand: Stand, container: Path) -> None:
    trust = ("--trust", stand.anchors[0])
    assert (
        elshi("verify", container, *trust, "--at", "2040-01-01", "--json", code=2).json["indication"] == "INDETERMINATE"
    )
    assert elshi("verify", container, *trust, "--at", "then", code=2).err


@pytest.mark.parametrize("option", ["--at", "--seal-at"])
@pytest.mark.parametrize("given", ["9999-12-31T23:59:59", "0001-01-01", "1999-12-31T23:59:59", "2200-01-01T00:00:01"])
def test_a_time_at_which_nothing_can_be_judged_is_refused_by_its_option(
    elshi: Elshi, stand: Stand, container: Path, option: str, given: str
) -> None:
    ran = elshi("verify", container, "--trust", stand.anchors[0], option, given, "--json", code=3).json
    assert ran["error"] == "verify.time-out-of-range"
    assert ran["params"]["option"] == option
    assert ran["params"]["given"][:10] == given[:10]


@pytest.mark.parametrize("year", ["1999", "2200", "99999999999999999999"])
@pytest.mark.parametrize("command", ["summarise", "consolidate", "publish"])
def test_a_year_that_is_none_is_refused_before_anything_begins(
    elshi: Elshi, tmp_path: Path, command: str, year: str
) -> None:
    ran = elshi(command, year, "texts.yaml", "-o", tmp_path / "out", code=2)
    assert "Invalid value for 'year'" in ran.err


def test_a_hostile_evidence_folder_is_shown_without_harm(elshi: Elshi, stand: Stand, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    names = {"a[red]b[/]": {}, "\x1b[2J": {}, "\u202etxt": {}, "x" * 5000: {}}
    manifest = {"version": "elshi-evidence/1", "documentId": "[bold]", "files": names}
    (folder / "evidence.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "document.asice").write_bytes(b"PK")
    ran = elshi("verify", folder, "--trust", stand.anchors[0], code=1)
    assert "\x1b[2J" not in ran.out
    elshi("verify", folder, "--trust", stand.anchors[0], "--json", code=1)
    (folder / "evidence.json").write_bytes(b'{"version":"elshi-evidence/1","files":{"\\ud800":{}}}')
    elshi("verify", folder, "--trust", stand.anchors[0], "--html", tmp_path / "page.html", code=1)


def test_a_link_in_an_evidence_folder_is_not_followed(elshi: Elshi, stand: Stand, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "evidence.json").write_text('{"version":"elshi-evidence/1","files":{}}')
    (folder / "document.asice").symlink_to("/etc/hostname")
    ran: Ran = elshi("verify", folder, "--trust", stand.anchors[0], "--json")
    assert ran.code in {1, 3}
    assert Path("/etc/hostname").read_text().strip() not in ran.shown


def test_a_container_of_somebody_else_is_judged_by_its_signatures_and_that_is_said(
    elshi: Elshi, tmp_path: Path
) -> None:
    (tmp_path / "anchors.pem").write_bytes(xml_material.pki().anchor_pem())
    (tmp_path / "theirs.asice").write_bytes(xml_material.good())
    options = ("--trust", tmp_path / "anchors.pem", "--at", "2026-11-20T10:15:00", "--json")
    row = elshi("verify", tmp_path / "theirs.asice", *options, code=0).json
    assert row["indication"] == "TOTAL-PASSED"
    assert [(one["id"], one["conclusion"]) for one in row["checks"] if one["id"].startswith("document.")] == [
        ("document.absent", "NOT_PERFORMED")
    ]
