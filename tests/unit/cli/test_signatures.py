"""elshi sign for any file, for a second signature, from a key of its own: whole results or none, and no password shown."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter.composition.stand import Stand
from signing import (
    ETSI_BASELINE,
    SANDBOX_DOCUMENT,
    Indication,
    IssuedKey,
    SandboxPki,
    TrustAnchors,
    verify_attached,
    verify_container,
    verify_detached,
    verify_xml,
)
from tests.unit.cli.conftest import Elshi

PIN = "marked-secret-2468"


def now() -> datetime:
    """Asked when it is needed: the commands sign by the machine's clock, and a run of all tests takes minutes."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def pki() -> SandboxPki:
    return SandboxPki.create(not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2036, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def head(pki: SandboxPki) -> IssuedKey:
    return pki.issue("head", "N", "O", bin="123456789021", iin="123456789011", key="ec-p256")


@pytest.fixture
def key_file(head: IssuedKey, pki: SandboxPki, tmp_path: Path) -> Path:
    (tmp_path / "root.pem").write_bytes(pki.anchor_pem())
    path = tmp_path / "head.p12"
    path.write_bytes(head.pkcs12(PIN.encode()))
    return path


@pytest.fixture
def pin(tmp_path: Path) -> str:
    path = tmp_path / "pin"
    path.write_text(PIN + "\n")
    path.chmod(0o600)
    return f"file:{path}"


@pytest.fixture
def act(tmp_path: Path) -> Path:
    path = tmp_path / "act.xml"
    path.write_bytes(b'<?xml version="1.0"?>\n<act><n>1</n></act>\n')
    return path


def _judged(form: str, content: bytes, source: Path, anchors: TrustAnchors) -> Indication:
    policy = replace(ETSI_BASELINE, revocation="not-checked")
    if form == "xmldsig":  # the national form binds no certificate and states no time
        policy = replace(policy, require_signing_certificate=False, require_signing_time=False)
    how = {"policy": policy, "anchors": anchors, "at": now()}
    report = {
        "asice": lambda: verify_container(content, **how).report,
        "asice-cades": lambda: verify_container(content, **how).report,
        "xades": lambda: verify_xml(content, **how).report,
        "xmldsig": lambda: verify_xml(content, **how).report,
        "cades-detached": lambda: verify_detached(content, [source.read_bytes()], **how),
        "cades-attached": lambda: verify_attached(content, **how).report,
    }[form]()
    return report.indication


@pytest.mark.parametrize("form", ["asice", "asice-cades", "xades", "xmldsig", "cades-detached", "cades-attached"])
def test_any_file_is_signed_in_each_form_without_settings(
    elshi: Elshi, act: Path, key_file: Path, pin: str, form: str
) -> None:
    output = act.parent / "out"
    ran = elshi("sign", act, "--form", form, "--key-file", key_file, "--pin", pin, "-o", output, "--json", code=0)
    assert ran.json == {"file": str(output), "form": form}
    assert PIN not in ran.shown
    anchors = TrustAnchors.from_pem("t", "sandbox", (act.parent / "root.pem").read_bytes())
    assert _judged(form, output.read_bytes(), act, anchors) is Indication.TOTAL_PASSED


def test_a_pin_comes_from_an_open_descriptor(elshi: Elshi, act: Path, key_file: Path) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, PIN.encode())
    os.close(theirs)
    out = act.parent / "out.p7s"
    elshi("sign", act, "--form", "cades-detached", "--key-file", key_file, "--pin", f"fd:{ours}", "-o", out, code=0)
    anchors = TrustAnchors.from_pem("t", "sandbox", (act.parent / "root.pem").read_bytes())
    assert _judged("cades-detached", out.read_bytes(), act, anchors) is Indication.TOTAL_PASSED


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (PIN, "no source of a password"),
        (f"pass:{PIN}", "no source of a password"),
        ("env:NOBODY_SET_THIS", "cannot be read"),
        ("prompt", "needs a password"),
    ],
)
def test_a_password_is_never_taken_from_an_argument_and_never_shown(
    elshi: Elshi, act: Path, key_file: Path, given: str, said: str
) -> None:
    output = act.parent / "out.p7s"
    ran = elshi("sign", act, "--form", "cades-detached", "--key-file", key_file, "--pin", given, "-o", output)
    assert (ran.code, said in ran.shown) == (2, True), ran.shown
    assert PIN not in ran.shown
    assert not output.exists()


def test_a_wrong_password_leaves_nothing_behind(elshi: Elshi, act: Path, key_file: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("another\n")
    (tmp_path / "wrong").chmod(0o600)
    output = tmp_path / "out.p7s"
    ran = elshi(
        "sign", act, "--form", "cades-detached", "--key-file", key_file, "--pin", f"file:{tmp_path}/wrong", "-o", output
    )
    assert ran.code == 2
    assert "does not open the key file" in ran.shown
    assert not list(tmp_path.glob("out*"))


def test_a_key_of_the_settings_signs_files_too(elshi: Elshi, stand: Stand, act: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.txt"
    more.write_text("more")
    output = tmp_path / "both.asice"
    elshi("sign", act, more, "--form", "asice", "--key", "office", "-o", output, "-s", stand.nodes["KZ-MOF"], code=0)
    report = verify_container(output.read_bytes(), policy=SANDBOX_DOCUMENT, anchors=_anchors(stand), at=now()).report
    assert report.indication is Indication.TOTAL_PASSED


def _anchors(stand: Stand) -> TrustAnchors:
    (path,) = stand.anchors
    return TrustAnchors.from_pem("stand", "sandbox", path.read_bytes())


def test_a_second_person_signs_what_holds(elshi: Elshi, stand: Stand, container: Path, tmp_path: Path) -> None:
    output = tmp_path / "both.asice"
    elshi("sign", "--add", container, "--key", "office", "-o", output, "-s", stand.nodes["KZ-MOF"], code=0)
    report = verify_container(output.read_bytes(), policy=SANDBOX_DOCUMENT, anchors=_anchors(stand), at=now()).report
    assert (report.indication, len(report.signatures)) == (Indication.TOTAL_PASSED, 2)


def test_a_second_person_does_not_sign_what_does_not_hold(
    elshi: Elshi, stand: Stand, act: Path, key_file: Path, pin: str
) -> None:
    strange, output = act.parent / "strange.asice", act.parent / "both.asice"
    elshi("sign", act, "--form", "asice", "--key-file", key_file, "--pin", pin, "-o", strange, code=0)
    ran = elshi("sign", "--add", strange, "--key", "office", "-o", output, "-s", stand.nodes["KZ-MOF"])
    assert (ran.code, "INDETERMINATE" in ran.shown) == (2, True)
    assert not output.exists()


@pytest.mark.parametrize(
    "case",
    [
        (("a.xml", "a.xml", "--form", "xades", "--key", "office"), "one file is signed"),
        (("a.xml", "--form", "asice", "--key", "office", "--level", "B-T"), "needs a time-stamp authority"),
        (("nothing.pdf", "--form", "asice", "--key", "office"), "could not be read"),
        (("a.xml", "a.xml"), "not clear what to do"),
        (("a.xml", "--key-file", "k"), "not clear what to do"),
    ],
)
def test_each_misuse_is_said(
    elshi: Elshi, stand: Stand, act: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[tuple[str, ...], str]
) -> None:
    arguments, said = case
    monkeypatch.chdir(act.parent)
    (act.parent / "a.xml").write_bytes(act.read_bytes())
    ran = elshi("sign", *arguments, "-o", act.parent / "out", "-s", stand.nodes["KZ-MOF"])
    assert (ran.code, said in ran.shown) == (2, True), ran.shown
    assert not (act.parent / "out").exists()


def test_augment_needs_an_authority(elshi: Elshi, stand: Stand, container: Path, tmp_path: Path) -> None:
    ran = elshi("augment", container, "-o", tmp_path / "out.asice", "-s", stand.nodes["KZ-MOF"])
    assert (ran.code, "needs a time-stamp authority" in ran.shown) == (2, True)
    assert not (tmp_path / "out.asice").exists()
