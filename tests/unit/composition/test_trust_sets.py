"""A trust set holds what the table knows, whole, or it is not used; production and test never meet."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import signing
from adapter import texts
from adapter.composition import Node
from adapter.composition.auditor import Assignment, auditor, terms_of, with_anchors
from adapter.composition.trust_sets import SETS, TrustSet, TrustSets, folder_of_user, said_of, set_named
from adapter.errors import CertificatesRefused, Final
from adapter.texts import Language
from tests.unit.composition.national_material import AT, Made, material, pem_of, sha256, written
from tests.unit.test_settings import loaded

ALL = ("root_rsa_2020", "nca_rsa_2022", "root_test_gost_2022", "nca_gost2022_test")


@pytest.fixture
def national() -> Made:
    return material()


@pytest.fixture
def sets(tmp_path: Path, national: Made) -> TrustSets:
    return TrustSets(folder=tmp_path / "trust", known=national.known)


def in_set(sets: TrustSets, name: str) -> dict[str, bytes]:
    folder = sets.folder / name
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def refusal(make: Callable[[], object]) -> tuple[str, list[str]]:
    with pytest.raises(CertificatesRefused) as caught:
        make()
    assert all(texts.unfilled(one.code, one.params) == () for one in caught.value.findings)
    assert texts.unfilled(caught.value.code, caught.value.params) == ()
    return caught.value.code, [one.code for one in caught.value.findings]


def code_of(make: Callable[[], object]) -> str:
    with pytest.raises(Final) as caught:
        make()
    assert texts.unfilled(caught.value.code, caught.value.params) == ()
    return caught.value.code


# --- files that are offered ------------------------------------------------------------------------------------------
def test_a_text_of_begin_lines_is_refused_at_once(sets: TrustSets, tmp_path: Path) -> None:
    for ending, limit in (("pem", 3_000_000), ("cer", 5_000_000)):
        line = b"-----BEGIN CERTIFICATE-----\n"
        (tmp_path / f"x.{ending}").write_bytes(line * (limit // len(line)))
    begun = time.process_time()
    assert refusal(lambda: sets.add([tmp_path / "x.pem", tmp_path / "x.cer"])) == (
        "trust.not-added",
        ["trust.not-a-certificate", "file.too-large"],
    )
    assert time.process_time() - begun < 2


def test_a_pipe_is_refused_and_not_waited_for(sets: TrustSets, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.cer")
    assert refusal(lambda: sets.add([tmp_path / "fifo.cer"])) == ("trust.not-added", ["verify.not-a-file"])


def test_a_pem_text_that_begins_with_the_digit_0_is_read(sets: TrustSets, national: Made, tmp_path: Path) -> None:
    text = b"0 s:/CN=ROOT\n" + pem_of(national.certificates["root_rsa_2020"])
    (tmp_path / "chain.pem").write_bytes(text)
    assert [one.authority.name for one in sets.add([tmp_path / "chain.pem"])] == ["root_rsa_2020"]


# --- adding ----------------------------------------------------------------------------------------------------------
def test_each_certificate_goes_to_its_own_set(sets: TrustSets, national: Made, tmp_path: Path) -> None:
    added = sets.add(written(tmp_path / "in", national.names(*ALL)))
    assert [(one.file, one.authority.name, one.authority.set_name, one.was_there) for one in added] == [
        ("root_rsa_2020.cer", "root_rsa_2020", "nuc-rk", False),
        ("nca_rsa_2022.cer", "nca_rsa_2022", "nuc-rk", False),
        ("root_test_gost_2022.cer", "root_test_gost_2022", "nuc-rk-test", False),
        ("nca_gost2022_test.cer", "nca_gost2022_test", "nuc-rk-test", False),
    ]
    assert in_set(sets, "nuc-rk") == {f"{name}.der": national.certificates[name] for name in ALL[:2]}
    assert in_set(sets, "nuc-rk-test") == {f"{name}.der": national.certificates[name] for name in ALL[2:]}
    assert sorted(path.name for path in sets.folder.iterdir()) == ["nuc-rk", "nuc-rk-test"], "nothing is left beside"


@pytest.mark.parametrize("form", ["PEM of all", "PEM with Windows line ends", "folder", "DER under another name"])
def test_certificates_come_in_every_form_that_verify_takes(
    sets: TrustSets, national: Made, tmp_path: Path, form: str
) -> None:
    both = [national.certificates[name] for name in ALL[:2]]
    folder = tmp_path / "in"
    files = {
        "PEM of all": {"all.pem": pem_of(*both)},
        "PEM with Windows line ends": {"all.crt": pem_of(*both).replace(b"\n", b"\r\n")},
        "folder": {"a.CER": both[0], "b.pem": pem_of(both[1]), "readme.txt": b"not one of them"},
        "DER under another name": {"nca_gost_2022.cer": both[0], "x.der": both[1]},
    }[form]
    paths = written(folder, files)
    added = sets.add([folder] if form == "folder" else paths)
    assert {one.authority.name for one in added} == set(ALL[:2]), "the name of a file says nothing"


def test_the_same_again_changes_nothing_and_is_said(sets: TrustSets, national: Made, tmp_path: Path) -> None:
    paths = written(tmp_path / "in", national.names(*ALL))
    sets.add(paths)
    before = {path: path.stat().st_mtime_ns for path in sets.folder.rglob("*.der")}
    assert all(one.was_there for one in sets.add([*paths, *paths]))
    assert {path: path.stat().st_mtime_ns for path in sets.folder.rglob("*.der")} == before


def test_one_that_is_refused_keeps_all_of_them_out(sets: TrustSets, national: Made, tmp_path: Path) -> None:
    files = national.names(*ALL) | {
        "stranger.cer": national.stranger,
        "old.pem": pem_of(national.refused, national.certificates["root_rsa_2020"]),
        "empty.pem": b"nothing",
        "broken.der": b"\x30\x00",
        "longer.der": national.certificates["root_rsa_2020"] + b"\x00",
    }
    code, findings = refusal(lambda: sets.add([*written(tmp_path / "in", files), tmp_path / "gone.pem"]))
    assert code == "trust.not-added"
    assert sorted(findings) == [
        *["trust.not-a-certificate"] * 4,
        "trust.refused-certificate",
        "trust.unknown-certificate",
    ]
    assert not sets.folder.exists()


def test_a_stranger_is_named_by_fingerprint_and_subject(sets: TrustSets, national: Made, tmp_path: Path) -> None:
    with pytest.raises(CertificatesRefused) as caught:
        sets.add(written(tmp_path / "in", {"stranger.cer": national.stranger}))
    (finding,) = caught.value.findings
    assert finding.place.file == "stranger.cer"
    assert dict(finding.params) == {"subject": "C=KZ, CN=Stranger root", "sha256": sha256(national.stranger)}


def test_a_known_one_that_is_trusted_no_more_is_refused_by_its_reason(
    sets: TrustSets, national: Made, tmp_path: Path
) -> None:
    with pytest.raises(CertificatesRefused) as caught:
        sets.add(written(tmp_path / "in", {"old.cer": national.refused}))
    sentence = str(texts.render_finding(caught.value.findings[0], Language.RU))
    assert "SHA-1" in sentence
    assert "2011–2016" in sentence


@pytest.mark.parametrize(("asked", "names"), [("nuc-rk", ALL[2:]), ("nuc-rk-test", ALL[:2])])
def test_a_set_that_is_asked_for_takes_no_certificate_of_the_other(
    sets: TrustSets, national: Made, tmp_path: Path, asked: signing.NationalSet, names: tuple[str, ...]
) -> None:
    paths = written(tmp_path / "in", national.names(*ALL))
    code, findings = refusal(lambda: sets.add(paths, only=asked))
    assert (code, findings) == ("trust.not-added", ["trust.other-set"] * 2)
    assert not sets.folder.exists()
    own = [path for path in paths if path.stem not in names]
    assert {one.authority.set_name for one in sets.add(own, only=asked)} == {asked}


def test_a_folder_without_certificates_adds_nothing(sets: TrustSets, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert code_of(lambda: sets.add([tmp_path / "empty"])) == "trust.nothing-to-add"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into every folder")
def test_what_cannot_be_written_is_an_error(sets: TrustSets, national: Made, tmp_path: Path) -> None:
    paths = written(tmp_path / "in", national.names(*ALL))
    sets.folder.mkdir()
    sets.folder.chmod(0o500)
    assert code_of(lambda: sets.add(paths)) == "file.not-written"


def test_a_folder_that_is_a_file_is_an_error(sets: TrustSets, national: Made, tmp_path: Path) -> None:
    sets.folder.write_bytes(b"")
    assert code_of(lambda: sets.add(written(tmp_path / "in", national.names(*ALL)))) in {
        "file.not-written",
        "trust.unreadable",
    }


# --- reading ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def filled(sets: TrustSets, national: Made, tmp_path: Path) -> TrustSets:
    sets.add(written(tmp_path / "in", national.names(*ALL)))
    return sets


def test_roots_are_anchors_and_the_others_help_and_the_kind_is_that_of_the_set(
    filled: TrustSets, national: Made
) -> None:
    for name, kind, (root, intermediate) in (("nuc-rk", "production", ALL[:2]), ("nuc-rk-test", "test", ALL[2:])):
        anchors = filled.anchors(name)
        assert (anchors.name, anchors.kind) == (name, kind)
        assert anchors.certificates == (national.certificates[root],)
        assert anchors.intermediates == (national.certificates[intermediate],)
        assert anchors.kind in signing.KZ_DOCUMENT.anchor_kinds


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("another certificate under its name", "trust.file-altered"),
        ("one octet", "trust.file-altered"),
        ("cut short", "trust.file-altered"),
        ("very long", "trust.file-altered"),
        ("a certificate of the other set", "trust.file-unknown"),
        ("a stranger", "trust.file-unknown"),
        ("a folder", "trust.file-unknown"),
        ("a folder under a known name", "trust.file-unknown"),
        ("a pipe under a known name", "trust.file-unknown"),
        ("a half-written file of somebody", "trust.file-unknown"),
    ],
)
def test_a_set_with_anything_else_in_it_is_not_used(
    filled: TrustSets, national: Made, change: str, code: str, tmp_path: Path
) -> None:
    folder = filled.folder / "nuc-rk"
    known = folder / "nca_rsa_2022.der"
    der = known.read_bytes()
    if "known name" in change:
        known.unlink()
    match change:
        case "another certificate under its name":
            known.write_bytes(national.stranger)
        case "one octet":
            known.write_bytes(der[:-1] + bytes((der[-1] ^ 1,)))
        case "cut short":
            known.write_bytes(b"")
        case "very long":
            known.write_bytes(der + bytes(100_000))
        case "a certificate of the other set":
            (folder / "root_test_gost_2022.der").write_bytes(national.certificates["root_test_gost_2022"])
        case "a stranger":
            (folder / "mine.der").write_bytes(national.stranger)
        case "a folder":
            (folder / "more").mkdir()
        case "a folder under a known name":
            known.mkdir()
        case "a pipe under a known name":
            os.mkfifo(known)
        case _:
            (folder / "nca_rsa_2022.der.part").write_bytes(der)
    for make in (
        lambda: filled.anchors("nuc-rk"),
        lambda: filled.entries("nuc-rk"),
        lambda: filled.add(written(tmp_path / "in", national.names("root_rsa_2020"))),
    ):
        assert refusal(make) == ("trust.set-refused", [code])
    assert filled.anchors("nuc-rk-test").kind == "test", "the other set is another matter"


def test_an_empty_set_and_one_without_a_root_trust_nobody(sets: TrustSets, national: Made, tmp_path: Path) -> None:
    assert code_of(lambda: sets.anchors("nuc-rk")) == "trust.set-empty"
    sets.add(written(tmp_path / "in", national.names("nca_rsa_2022", "root_test_gost_2022")))
    assert code_of(lambda: sets.anchors("nuc-rk")) == "trust.set-without-root"
    assert sets.anchors("nuc-rk-test").intermediates == ()


def test_the_entries_say_what_is_there_what_is_missing_and_what_has_ended(
    sets: TrustSets, national: Made, tmp_path: Path
) -> None:
    sets.add(written(tmp_path / "in", national.names("root_rsa_2020")))
    first, second = sets.entries("nuc-rk")
    assert (first.authority.name, first.facts is not None) == ("root_rsa_2020", True)
    assert (second.authority.name, second.facts) == ("nca_rsa_2022", None)
    later = datetime(2031, 1, 1, tzinfo=UTC)
    assert (first.has_ended(AT), first.has_ended(later)) == (False, True), "by the certificate itself"
    assert (second.has_ended(later), second.has_ended(datetime(2046, 1, 1, tzinfo=UTC))) == (False, True)
    assert second.as_json(AT)["url"] == "http://pki.gov.kz/cert/nca_rsa_2022.cer"
    assert {key: first.as_json(later)[key] for key in ("present", "ended", "kind", "role", "sha256")} == {
        "present": True,
        "ended": True,
        "kind": "production",
        "role": "root",
        "sha256": sha256(national.certificates["root_rsa_2020"]),
    }


def test_every_authority_is_said_in_three_languages() -> None:
    for one in (*signing.NATIONAL_AUTHORITIES.trusted, *signing.NATIONAL_AUTHORITIES.refused):
        said = said_of(one)
        assert set(said) == {"kk", "ru", "en"}
        assert not any("fact." in text for text in said.values()), one.name
    for refused in signing.NATIONAL_AUTHORITIES.refused:
        assert f"reason.authority-{refused.why}" in texts.codes()


# --- where they lie, how they are named ------------------------------------------------------------------------------
def test_the_sets_lie_in_the_data_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    usual = tmp_path / ".local" / "share" / "elshi" / "trust"
    assert folder_of_user({}) == usual
    assert folder_of_user({"XDG_DATA_HOME": ""}) == usual
    assert folder_of_user({"XDG_DATA_HOME": "relative"}) == usual, "as the specification of the folders asks"
    assert folder_of_user({"XDG_DATA_HOME": "/srv/share"}) == Path("/srv/share/elshi/trust")


def test_a_name_is_a_set_and_a_path_is_none() -> None:
    assert [set_named(name) for name in SETS] == ["nuc-rk", "nuc-rk-test"]
    assert [set_named(name) for name in ("./nuc-rk", "nuc-rk/", "NUC-RK", "nuc-rk.pem", "")] == [None] * 5


# --- judging under a set ---------------------------------------------------------------------------------------------
def _signed(national: Made, folder: Path) -> Path:
    cms = signing.sign_detached([b"content"], national.key, policy=signing.DEFAULT_SIGNING, signing_time=AT)
    paths = written(folder, {"letter.txt.p7s": cms, "letter.txt": b"content"})
    return paths[0]


def _under(sets: TrustSets, name: signing.NationalSet, **changes: object) -> Assignment:
    usual = Assignment(anchors=(), trust_set=TrustSet(sets=sets, name=name), policy="kz-document", at=AT, seal_at=AT)
    return replace(usual, **changes)


def _check(verdict: object, check_id: str) -> str:
    (signature,) = verdict.signatures  # type: ignore[attr-defined]
    return next(str(one["conclusion"]) for one in signature["checks"] if one["id"] == check_id)


def test_a_signature_is_judged_under_the_set_of_its_authority_alone(
    filled: TrustSets, national: Made, tmp_path: Path
) -> None:
    signed = _signed(national, tmp_path / "letters")
    verdict = auditor(_under(filled, "nuc-rk")).verdict(signed)
    assert verdict.indication == "INDETERMINATE", "neither a time-stamp nor a status came along"
    assert _check(verdict, "policy.anchors") == "PASSED"
    assert _check(verdict, "path.found") == "PASSED"
    assert _check(verdict, "timestamp.present") == "INDETERMINATE"
    other = auditor(_under(filled, "nuc-rk-test")).verdict(signed)
    assert _check(other, "path.found") == "INDETERMINATE", "a production signature under the test set leads nowhere"


def test_the_report_names_the_anchors_of_the_set(filled: TrustSets, national: Made) -> None:
    terms = terms_of(_under(filled, "nuc-rk"))
    assert [one["sha256"] for one in terms["anchors"]] == [sha256(national.certificates["root_rsa_2020"])]


def test_the_report_names_the_anchors_that_were_judged_with(filled: TrustSets, national: Made) -> None:
    assignment = with_anchors(_under(filled, "nuc-rk"))
    for path in (filled.folder / "nuc-rk").iterdir():
        path.unlink()
    assert auditor(pickle.loads(pickle.dumps(assignment)))
    assert [one["sha256"] for one in terms_of(assignment)["anchors"]] == [
        sha256(national.certificates["root_rsa_2020"])
    ]


def test_a_set_is_not_used_under_rules_that_take_none_of_its_kind(filled: TrustSets) -> None:
    assert code_of(lambda: auditor(_under(filled, "nuc-rk", policy="sandbox"))) == "trust.set-and-policy"
    assert auditor(_under(filled, "nuc-rk-test", policy="etsi-baseline"))


def test_another_process_can_be_given_the_assignment(filled: TrustSets) -> None:
    assignment = _under(filled, "nuc-rk")
    assert pickle.loads(pickle.dumps(assignment)) == assignment


def test_a_node_takes_the_set_that_its_settings_name(sets: TrustSets, tmp_path: Path) -> None:
    changes = {"trust__anchors": None, "trust__set": "nuc-rk-test", "trust__set_folder": "trust"}
    node = Node(loaded(tmp_path, profile="test", **changes))
    assert code_of(lambda: node.anchors) == "trust.set-empty"
    sets.folder.mkdir()
    written(sets.folder / "nuc-rk-test", {"root_test_gost_2022.der": material().certificates["root_test_gost_2022"]})
    # to the table of the program that is another certificate under the name of the real one
    assert refusal(lambda: node.anchors) == ("trust.set-refused", ["trust.file-altered"])
