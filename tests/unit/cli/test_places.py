"""Files and folders that cannot be read or written: a sentence and an exit code, whatever the command."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from rich.console import Console

from adapter.cli.screen import BAD, Screen
from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.domain.incoming import RegisteredDocument
from adapter.domain.outgoing import OutgoingDocument
from adapter.settings import load_settings
from adapter.texts import Language
from tests.stands import EXAMPLES, changed
from tests.unit.cli.conftest import REPORT, Elshi


def test_a_page_that_cannot_be_written_is_said(elshi: Elshi, stand: Stand, container: Path, tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere" / "audit.html", tmp_path):
        ran = elshi("verify", container, "--trust", stand.anchors[0], "--html", place, code=3)
        assert "file.not-written" in ran.err


def test_a_printed_form_that_cannot_be_written_leaves_no_xml_behind(elshi: Elshi, report: Path, tmp_path: Path) -> None:
    ran = elshi("convert", report, tmp_path / "out.xml", "--pdf", tmp_path / "nowhere" / "out.pdf", code=2)
    assert "file.not-written" in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.yaml"]


def test_a_container_that_cannot_be_written_is_said(elshi: Elshi, stand: Stand, report: Path, tmp_path: Path) -> None:
    ran = elshi("sign", report, "-o", tmp_path / "nowhere" / "a.asice", "-s", stand.nodes["KZ-MOF"], code=2)
    assert "file.not-written" in ran.err


def test_an_evidence_folder_that_cannot_be_written_is_said(
    elshi: Elshi, stand: Stand, report: Path, tmp_path: Path
) -> None:
    settings = stand.nodes["KZ-MOF"]
    elshi("submit", report, "-s", settings, code=0)
    taken = tmp_path / "taken"
    taken.write_text("a file")
    ran = elshi("export", "--all", "-o", taken, "-s", settings)
    assert ran.code in {2, 3}
    assert ran.err
    assert elshi("export", "-o", tmp_path / "out", "-s", settings, code=2).err
    assert elshi("export", "urn:uuid:../../x", "-o", tmp_path / "out", "-s", settings, code=2).err
    assert not (tmp_path / "out").exists()


def test_an_export_into_a_folder_with_other_files_is_refused(
    elshi: Elshi, stand: Stand, report: Path, tmp_path: Path
) -> None:
    settings, out = stand.nodes["KZ-MOF"], tmp_path / "out"
    elshi("submit", report, "-s", settings, code=0)
    for _ in range(2):
        elshi("export", "--all", "-o", out, "-s", settings, code=0)
    (folder,) = out.iterdir()
    before = {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    (folder / "notes.txt").write_text("mine")
    ran = elshi("export", "--all", "-o", out, "-s", settings, "--json")
    assert ran.code in {2, 3}
    assert (ran.json["error"], ran.json["params"]["names"]) == ("export.folder-in-use", "notes.txt")
    assert folder.name in elshi("export", "--all", "-o", out, "-s", settings).err
    assert {one: one.read_bytes() for one in before} == before


def test_a_script_of_faults_that_is_none_is_said(elshi: Elshi, stand: Stand, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[[fault]\n")
    deep = tmp_path / "deep.toml"
    deep.write_text("a = " + "[" * 100_000)
    unknown = tmp_path / "unknown.toml"
    unknown.write_text('[[fault]]\nname = "no-such-fault"\n')
    for script, code in (
        (tmp_path / "none.toml", "file.unreadable"),
        (broken, "settings.not-toml"),
        (deep, "settings.not-toml"),
        (unknown, "sandbox.unknown-fault"),
    ):
        assert f"error {code}" in elshi("sandbox", stand.folder, "--script", script, code=2).err


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[gateway\n", "settings.not-toml"),
        pytest.param("a = " + "[" * 100_000, "settings.not-toml", id="nested too deeply"),
        ("", "sandbox.settings-missing"),
        ('[gateway]\nkey = "none.p12"\nkey_password = "x"\n', "sandbox.settings-unreadable-file"),
    ],
)
def test_a_stand_that_is_damaged_is_said(elshi: Elshi, stand: Stand, text: str, code: str) -> None:
    stand.sandbox.write_text(text)
    assert f"error {code}" in elshi("sandbox", stand.folder, code=2).err


def test_a_stand_cannot_be_made_where_a_file_is(elshi: Elshi, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "deeper"):
        assert "error file.not-written" in elshi("sandbox", place, "--make", code=2).err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        ("summarise", ["summarise.nothing-received"] * 3),
        ("consolidate", ["consolidate.no-summary"] * 3),
        ("publish", ["file.unreadable", "forms.outermost-key", "forms.outermost-key"]),
    ],
)
def test_the_commands_of_the_year_say_why_they_cannot_begin_and_write_nothing(
    elshi: Elshi, stand: Stand, tmp_path: Path, command: str, codes: list[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    for texts, code in zip((tmp_path / "none.yaml", REPORT, EXAMPLES / "mfa" / "summary.yaml"), codes, strict=True):
        ran = elshi(command, 2026, texts, "-o", tmp_path / "file", "-s", stand.nodes["KZ-MFA"], code=2)
        assert f"error {code}" in ran.err
    assert (tmp_path / "file").read_text() == "mine"


def test_anchors_may_be_one_file_several_or_a_folder_in_either_form(
    elshi: Elshi, stand: Stand, container: Path, tmp_path: Path
) -> None:
    pem = stand.anchors[0].read_text()
    parts = [f"{part}-----END CERTIFICATE-----\n" for part in pem.split("-----END CERTIFICATE-----\n") if part.strip()]
    ders = []
    for number, part in enumerate(parts):
        path = tmp_path / f"{number}.cer"
        path.write_bytes(ssl.PEM_cert_to_DER_cert(part))
        ders += ["--trust", path]
    elshi("verify", container, *ders, code=0)
    elshi("verify", container, "--trust", stand.folder / "trust", code=0)
    (tmp_path / "empty").mkdir()
    assert (
        elshi("verify", container, "--trust", tmp_path / "empty", "--json", code=3).json["error"] == "verify.no-anchors"
    )


def test_a_sandbox_is_not_trusted_as_production(elshi: Elshi, stand: Stand, container: Path) -> None:
    ran = elshi("verify", container, "--trust", stand.anchors[0], "--policy", "kz-document", "--json", code=3)
    assert ran.json["error"].startswith(("signing.", "trust."))


def test_anchors_of_a_sandbox_in_production_end_a_node_at_start(elshi: Elshi, stand: Stand) -> None:
    settings = changed(stand, "KZ-MOF", 'profile = "sandbox"', 'profile = "production"')
    changed(stand, "KZ-MOF", "plain_http_allowed = true", "plain_http_allowed = false")
    changed(stand, "KZ-MOF", 'endpoint = "http:', 'endpoint = "https:')
    changed(stand, "KZ-MOF", "[exchange.second_sign]", "[exchange.second_sign]\nenabled = true")
    for command in (("worker",), ("serve",), ("worker", "--once")):
        ran = elshi(*command, "-s", settings, code=2)
        assert "signing." in ran.err or "trust." in ran.err


def test_a_draft_of_the_year_is_written_whole_or_not_at_all(
    elshi: Elshi, stand: Stand, report: Path, tmp_path: Path
) -> None:
    """The MFA has registered one report; the person's half comes in several conditions."""
    mof, mfa = (Node(load_settings(stand.nodes[body], {})) for body in ("KZ-MOF", "KZ-MFA"))
    try:
        register(mof, mfa, report)
    finally:
        mof.close()
        mfa.close()
    good = (EXAMPLES / "mfa" / "summary.yaml").read_text("utf-8")
    text = tmp_path / "summary.yaml"
    settings = stand.nodes["KZ-MFA"]
    out = tmp_path / "year" / "out"
    for broken in (
        "summaryInformation:\n  header: text\n",
        "summaryInformation:\n  comments: [1]\n",
        "summaryInformation: 5\n",
        "summaryInformation:\n  header: {}\n",
        good + "\n  statistics: {}\n",
        good + "\nother: 1\n",
    ):
        text.write_text(broken, encoding="utf-8")
        ran = elshi("summarise", 2026, text, "-o", out, "-s", settings, "--json", code=2)
        assert ran.json["error"], broken
        assert not out.exists(), broken
    text.write_text(good, encoding="utf-8")
    (tmp_path / "taken").write_text("a file")
    assert elshi("summarise", 2026, text, "-o", tmp_path / "taken", "-s", settings, code=2).err
    elshi("summarise", 2026, text, "-o", out, "-s", settings, code=0)
    assert [path.name for path in out.iterdir()] == ["summary.yaml"]
    assert [path.name for path in out.parent.iterdir()] == ["out"], "no draft is left beside it"


def register(mof: Node, mfa: Node, report: Path) -> None:
    """A report of the ministry in the register of the MFA, without an exchange between them."""
    delivery = mof.submit_file(report).delivery
    assert isinstance(delivery.content, OutgoingDocument)
    container = mof.store.blobs.read(delivery.content.files[0].sha256)
    kept = mfa.store.blobs.put(container)
    with mfa.store.transaction() as transaction:
        transaction.register.add(
            RegisteredDocument(
                document_id=delivery.document_id,
                case_id="case",
                document_type=delivery.content.document_type,
                reporting_year=2026,
                sender=delivery.sender,
                sender_participant="1",
                number="К-001",
                received_at=mfa.clock.now(),
                outgoing_number=delivery.content.registration_number,
                outgoing_date=delivery.content.registration_date,
                container=kept.sha256,
                container_size=kept.size,
                xml=delivery.digest,
                signer="",
                verdict="TOTAL-PASSED",
                is_late=False,
            )
        )


# --- names that are not ours -----------------------------------------------------------------------------------------
def test_a_name_that_looks_like_markup_is_shown_as_it_is(
    elshi: Elshi, stand: Stand, container: Path, tmp_path: Path
) -> None:
    """`[/b]` in a path ended the command with a defect, and `[green]` in a signer's name could paint a verdict."""
    folder = tmp_path / "x["
    folder.mkdir()
    (folder / "b].yaml").write_bytes(REPORT.read_bytes())
    (folder / "b].asice").write_bytes(container.read_bytes())
    settings = stand.nodes["KZ-MOF"]
    for command in (
        ("check", folder / "b].yaml"),
        ("convert", folder / "b].yaml", folder / "b].json"),
        ("sign", folder / "b].yaml", "-o", folder / "b]2.asice", "-s", settings),
        ("submit", folder / "b].yaml", "-s", settings),
        ("verify", folder / "b].asice", "--trust", stand.anchors[0]),
        ("export", "--all", "-o", folder / "b]", "-s", settings),
        ("sandbox", folder / "b]stand", "--make"),
    ):
        assert "x[/b]" in elshi(*command, code=0).out, command


def test_a_line_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(language=Language.EN, as_json=False, out=Console(soft_wrap=True), err=Console(stderr=True))
    name = "\x1b[2J[green]✓ TOTAL-PASSED[/] \u202eeman"
    screen.say(BAD, f" TOTAL-FAILED  {name}")
    screen.table(["signer"], [[name]])
    screen.done({}, name)
    shown = capsys.readouterr().out
    assert shown.count("[green]✓ TOTAL-PASSED[/]") == 3
    assert not {"\x1b", "\u202e"} & set(shown)
