"""elshi trust, and verify under a set by its name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapter.cli.trust import show_added, show_sets
from adapter.composition.stand import Stand
from adapter.composition.trust_sets import SETS, TrustSets
from adapter.texts import Language
from tests.unit.cli.conftest import Elshi
from tests.unit.command_lines import calls_in, commands_of, complaint
from tests.unit.composition.national_material import AT, material, written

VECTORS = Path(__file__).resolve().parents[3] / ".." / "shared" / "pki" / "vectors"
PRODUCTION, TEST = VECTORS / "prod-ca", VECTORS / "test-ca"

needs_vectors = pytest.mark.skipif(
    not (PRODUCTION.is_dir() and TEST.is_dir()),
    reason="the certificates of the national authorities are not beside the project; they are not shipped with it",
)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No test reads or writes the sets of whoever runs it."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return home


@pytest.mark.parametrize("command", sorted(commands_of("trust")))
def test_each_command_of_the_group_has_an_example_that_is_one(elshi: Elshi, command: str) -> None:
    out = elshi("trust", command, "--help", code=0).out
    assert "--json" in out
    calls = list(calls_in(out[out.index("Example:") :].replace("│", " ")))
    assert calls
    assert [wrong for call in calls if (wrong := complaint(call))] == []


def test_the_group_alone_shows_its_help(elshi: Elshi) -> None:
    ran = elshi("trust", code=2)
    assert all(command in ran.shown for command in commands_of("trust"))


# --- what a person sees ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "added", "missing"), [("kk", "қосылды", "жоқ"), ("ru", "добавлен", "нет"), ("en", "added", "missing")]
)
def test_what_was_added_and_what_is_missing_is_said_in_the_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, added: str, missing: str
) -> None:
    from rich.console import Console

    from adapter.cli.screen import Screen

    sets = TrustSets(folder=tmp_path / "sets", known=material().known)
    paths = written(tmp_path / "in", material().names("root_rsa_2020", "root_test_gost_2022"))
    out = Console(soft_wrap=True, width=200)
    screen = Screen(language=Language(language), as_json=False, out=out, err=out)
    show_added(screen, sets, sets.add(paths))
    told = capsys.readouterr().out
    assert "nuc-rk/root_rsa_2020, 01.01.2026 – 01.01.2030: " + added in told
    assert str(sets.folder) in told
    show_sets(screen, sets, AT)
    table = capsys.readouterr().out
    assert all(name in table for name in SETS)
    (row,) = [line for line in table.splitlines() if line.startswith("nca_rsa_2022")]
    assert row.split()[1] == missing
    assert "http://pki.gov.kz/cert/nca_rsa_2022.cer" in table
    assert "root_rsa_2020.cer" not in table, "only what is missing has an address"


def test_an_empty_list_says_where_everything_is_published(elshi: Elshi, home: Path) -> None:
    ran = elshi("trust", "list", "--json", code=0).json
    assert ran["folder"] == str(home / ".local" / "share" / "elshi" / "trust")
    assert [(one["name"], len(one["certificates"])) for one in ran["sets"]] == [("nuc-rk", 11), ("nuc-rk-test", 2)]
    for one in (each for group in ran["sets"] for each in group["certificates"]):
        assert not one["present"]
        assert one["url"].startswith("http://")
        assert set(one["what"]) == {"kk", "ru", "en"}
    assert not home.exists(), "listing makes nothing"


# --- what is refused -------------------------------------------------------------------------------------------------
def test_a_stranger_is_refused_by_name_and_the_way_out_is_told(elshi: Elshi, stand: Stand, home: Path) -> None:
    ran = elshi("trust", "add", stand.anchors[0], "--json", code=2).json
    assert ran["error"] == "trust.not-added"
    assert {one["code"] for one in ran["findings"]} == {"trust.unknown-certificate"}
    for one in ran["findings"]:
        assert one["file"] == stand.anchors[0].name
        assert "SANDBOX" in one["text"]["en"]
        assert "elshi verify --trust FILE" in one["toDo"]["kk"]
    assert not home.exists()
    assert "trust.unknown-certificate" in elshi("trust", "add", stand.anchors[0], code=2).err


def test_a_file_that_is_none_is_refused(elshi: Elshi, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04")
    ran = elshi("trust", "add", tmp_path / "x.zip", tmp_path / "gone.cer", "--json", code=2).json
    assert [one["code"] for one in ran["findings"]] == ["trust.not-a-certificate"] * 2


@pytest.mark.parametrize("beside", ["nuc-rk-test", "./nuc-rk", "trust.pem"])
def test_a_set_is_added_to_nothing(elshi: Elshi, container: Path, beside: str) -> None:
    ran = elshi("verify", container, "--trust", "nuc-rk", "--trust", beside, "--json", code=3).json
    assert ran["error"] == "trust.sets-mixed"
    assert beside in ran["text"]["ru"]


def test_a_set_that_is_empty_or_altered_judges_nothing(
    elshi: Elshi, container: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert elshi("verify", container, "--trust", "nuc-rk", "--json", code=3).json["error"] == "trust.set-empty"
    sets = tmp_path / "sets"
    written(sets / "nuc-rk", {"root_rsa_2020.der": b"\x30\x00", "mine.pem": b""})
    for arguments in (
        ("verify", container, "--trust", "nuc-rk", "--trust-folder", sets),
        ("trust", "list", "--folder", sets),
        ("trust", "list", "--trust-folder", sets),
    ):
        ran = elshi(*arguments, "--json").json
        assert ran["error"] == "trust.set-refused"
        assert [one["code"] for one in ran["findings"]] == ["trust.file-unknown", "trust.file-altered"]
    monkeypatch.setenv("ELSHI_TRUST_FOLDER", str(sets))
    assert elshi("trust", "list", "--json", code=2).json["error"] == "trust.set-refused"
    assert elshi("verify", container, "--trust", "nuc-rk", "--json", code=3).json["error"] == "trust.set-refused"


def test_a_file_that_is_called_like_a_set_is_meant_only_when_it_is_written_as_a_path(
    elshi: Elshi, stand: Stand, container: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    shutil.copy(stand.anchors[0], work / "nuc-rk")
    monkeypatch.chdir(work)
    assert elshi("verify", container, "--trust", "./nuc-rk", "--json", code=0).json["indication"] == "TOTAL-PASSED"
    assert elshi("verify", container, "--trust", "nuc-rk", "--json", code=3).json["error"] == "trust.set-empty"


def test_rules_that_take_no_national_anchor_are_refused_with_a_set(elshi: Elshi, container: Path) -> None:
    ran = elshi("verify", container, "--trust", "nuc-rk", "--policy", "sandbox", "--json", code=3).json
    assert ran["error"] == "trust.set-and-policy"


def test_files_are_judged_under_the_rules_of_a_stand_where_no_policy_is_named(
    elshi: Elshi, stand: Stand, container: Path
) -> None:
    ran = elshi("verify", container, "--trust", stand.anchors[0], "--json", code=0).json
    assert ran["terms"]["policy"].startswith("sandbox")


# --- the published certificates --------------------------------------------------------------------------------------
@needs_vectors
def test_everything_published_is_recognised_and_each_goes_to_its_set(elshi: Elshi, home: Path) -> None:
    ran = elshi("trust", "add", PRODUCTION, TEST, "--json", code=0).json
    assert [len([one for one in ran["certificates"] if one["set"] == name]) for name in SETS] == [11, 2]
    assert {one["name"] for one in ran["certificates"]} == {Path(one["file"]).stem for one in ran["certificates"]}
    assert not any(one["wasThere"] for one in ran["certificates"])
    again = elshi("trust", "add", PRODUCTION / "root_rsa.pem", code=0)
    assert "was there already" in again.out
    listed = elshi("trust", "list", "--json", code=0).json
    everything = [one for group in listed["sets"] for one in group["certificates"]]
    assert all(one["present"] for one in everything)
    assert {one["name"] for one in everything if one["legacy"]} == {"root_gost", "nca_gost", "root_rsa", "nca_rsa"}
    assert len(list(home.rglob("*.der"))) == 13


@needs_vectors
def test_the_public_samples_are_judged_as_they_were_found_to_be(elshi: Elshi, home: Path) -> None:
    """Each value and digest holds; what keeps them from passing is the path, the end of the certificate, or the role."""
    del home
    elshi("trust", "add", TEST, code=0)
    files = sorted((VECTORS / "xml").iterdir()) + sorted((VECTORS / "cms").iterdir())
    ended = ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")
    unknown = ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")
    expected = {"GOSTKNCA": [unknown], "RSA256": [unknown], "mitwork": [ended], "cms_unit": [ended, unknown]}
    assert len(files) == len(expected)
    for file in files:
        ran = elshi(
            "verify", file, "--trust", "nuc-rk-test", "--policy", "kz-signature", "--at", "2026-11-30", "--json"
        )
        found = [(one["indication"], one["sub_indication"]) for one in ran.json["signatures"]]
        assert found == next(value for name, value in expected.items() if file.name.startswith(name))
        for signature in ran.json["signatures"]:
            values = [
                check
                for check in signature["checks"]
                if check["id"].endswith((".signature-value", "-digest", ".digests"))
            ]
            assert len(values) >= 2
            assert {check["conclusion"] for check in values} == {"PASSED"}
    ran = elshi("verify", VECTORS / "cms" / "cms_unit_0.der", "--trust", "nuc-rk-test", "--json").json
    assert [one["sub_indication"] for one in ran["signatures"]] == [
        "SIG_CONSTRAINTS_FAILURE",
        "NO_CERTIFICATE_CHAIN_FOUND",
    ]


@needs_vectors
def test_a_production_set_takes_no_test_certificate_and_then_nothing(elshi: Elshi, home: Path) -> None:
    ran = elshi("trust", "add", PRODUCTION, TEST, "--set", "nuc-rk", "--json", code=2).json
    assert {one["code"] for one in ran["findings"]} == {"trust.other-set"}
    assert not home.exists()


@needs_vectors
def test_national_rules_are_the_usual_ones_under_a_set(elshi: Elshi, container: Path) -> None:
    elshi("trust", "add", PRODUCTION, TEST, code=0)
    for name in SETS:
        ran = elshi("verify", container, "--trust", name, "--at", "2026-12-01", "--json", code=2).json
        assert ran["terms"]["policy"] == "kz-document/1"
        (signature,) = ran["signatures"]
        checks = {one["id"]: one["conclusion"] for one in signature["checks"]}
        assert (checks["policy.anchors"], checks["path.found"]) == ("PASSED", "INDETERMINATE")
    ran = elshi("verify", container, "--trust", "nuc-rk", "--policy", "etsi-baseline", "--json").json
    assert ran["terms"]["policy"] == "etsi-baseline/1"
