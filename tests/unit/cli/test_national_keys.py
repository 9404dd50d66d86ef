"""elshi with keys of the national CA's form: signed, verified, and refused where a key would sign in a time of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter.composition.stand import Stand, bin_of
from adapter.errors import SettingsRefused
from adapter.settings import load_settings
from signing import (
    SANDBOX_DOCUMENT,
    Indication,
    IssuedKey,
    SandboxPki,
    TrustAnchors,
    verify_container,
    verify_detached,
)
from signing.algorithms import signature_algorithm
from signing.keys import pkcs12
from tests.unit.cli.conftest import Elshi

PIN = "marked-secret-2468"
KINDS = ("gost2015-512", "gost2004")


@pytest.fixture(scope="module")
def pki() -> SandboxPki:
    return SandboxPki.create(
        not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2036, 1, 1, tzinfo=UTC), key="gost2015-512"
    )


@pytest.fixture(scope="module")
def heads(pki: SandboxPki) -> dict[str, IssuedKey]:
    number = bin_of("KZ-MOF")
    kinds = (*KINDS, "gost2015-256")
    return {
        kind: pki.issue("head", "ТЕСТОВ ТЕСТ", "Минфин", bin=number, iin="123456789011", key=kind) for kind in kinds
    }


@pytest.fixture
def pin(tmp_path: Path) -> str:
    path = tmp_path / "pin"
    path.write_text(PIN + "\n")
    path.chmod(0o600)
    return f"file:{path}"


@pytest.fixture
def settings(stand: Stand, pki: SandboxPki, tmp_path: Path) -> Path:
    """A ministry of a stand of its own, whose anchors are the national ones besides the stand's."""
    folder = tmp_path / "stand"
    shutil.copytree(stand.folder, folder)
    anchors = folder / "trust" / "sandbox.pem"
    anchors.write_bytes(anchors.read_bytes() + pki.anchor_pem())
    return folder / stand.nodes["KZ-MOF"].relative_to(stand.folder)


def _judged(container: bytes, anchors: TrustAnchors) -> Indication:
    how = {"policy": SANDBOX_DOCUMENT, "anchors": anchors, "at": datetime.now(UTC)}
    return verify_container(container, **how).report.indication


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_signed_with_the_national_key_of_the_settings(  # noqa: PLR0917
    elshi: Elshi, settings: Path, heads: dict[str, IssuedKey], pki: SandboxPki, report: Path, kind: str
) -> None:
    keys = settings.parent / "keys"
    password = (keys / "keys.secret").read_bytes()
    (keys / "head.p12").write_bytes(heads[kind].pkcs12(password, legacy=True))
    output = report.parent / "report.asice"
    ran = elshi("sign", report, "-o", output, "-s", settings, code=0)
    assert password.decode() not in ran.shown
    assert _judged(output.read_bytes(), pki.trust_anchors()) is Indication.TOTAL_PASSED
    shown = elshi("verify", output, "--trust", settings.parent.parent / "trust" / "sandbox.pem", "--json")
    assert shown.code == 0, shown


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["asice", "asice-cades", "xades", "xmldsig", "cades-detached", "cades-attached"])
def test_any_file_is_signed_with_a_national_key_file(  # noqa: PLR0917
    elshi: Elshi, heads: dict[str, IssuedKey], pki: SandboxPki, pin: str, tmp_path: Path, kind: str, form: str
) -> None:
    act, key_file, output = tmp_path / "act.xml", tmp_path / "GOST.p12", tmp_path / "out"
    act.write_bytes(b"<act><n>1</n></act>")
    key_file.write_bytes(heads[kind].pkcs12(PIN.encode(), legacy=True))
    arguments = ("--form", form, "--key-file", key_file, "--pin", pin, "--test-keys", "-o", output)
    ran = elshi("sign", act, *arguments, code=0)
    assert PIN not in ran.shown
    assert output.stat().st_size > 0
    if form.startswith("asice"):
        assert _judged(output.read_bytes(), pki.trust_anchors()) is Indication.TOTAL_PASSED


def test_a_key_that_signs_in_a_time_of_its_own_is_refused_and_allowed_by_a_word(
    elshi: Elshi, heads: dict[str, IssuedKey], pki: SandboxPki, pin: str, tmp_path: Path
) -> None:
    act, key_file, output = tmp_path / "act.txt", tmp_path / "GOST.p12", tmp_path / "act.p7s"
    act.write_bytes(b"1")
    key_file.write_bytes(heads["gost2015-256"].pkcs12(PIN.encode(), legacy=True))
    arguments = ("sign", act, "--form", "cades-detached", "--key-file", key_file, "--pin", pin, "-o", output)
    ran = elshi(*arguments, "--json")
    assert (ran.code, ran.json["error"]) == (2, "signing.key-variable-time")
    assert "test_keys" in ran.shown
    assert not output.exists()
    elshi(*arguments, "--test-keys", code=0)
    how = {"policy": SANDBOX_DOCUMENT, "anchors": pki.trust_anchors(), "at": datetime.now(UTC)}
    assert verify_detached(output.read_bytes(), [b"1"], **how).indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("word", ["", "\ntest_keys = true"])
def test_outside_a_sandbox_a_test_key_is_one_that_the_settings_call_so(
    settings: Path, heads: dict[str, IssuedKey], word: str
) -> None:
    from adapter.clock import ScenarioClock
    from adapter.composition.node_keys import NodeKeys
    from adapter.errors import Final

    keys = settings.parent / "keys"
    (keys / "head.p12").write_bytes(heads["gost2015-256"].pkcs12((keys / "keys.secret").read_bytes(), legacy=True))
    settings.write_text(settings.read_text().replace("[keys.document]", f"[keys.document]{word}"))
    read = load_settings(settings, {})
    clock = ScenarioClock(datetime(2026, 11, 10, tzinfo=UTC), monotonic=lambda: 0.0)
    opening = NodeKeys(read.keys, ask=lambda _: None, clock=clock)
    if word:
        key = opening.get("document")
        assert signature_algorithm(key.algorithm).key_type == "gost2015-256"
        assert len(key.sign(b"m")) == 64
    else:
        with pytest.raises(Final) as caught:
            opening.get("document")
        assert caught.value.code == "signing.key-variable-time"


def test_on_a_stand_keys_of_a_sandbox_are_test_keys_and_others_are_not(
    settings: Path, heads: dict[str, IssuedKey]
) -> None:
    from adapter.clock import ScenarioClock
    from adapter.composition.node_keys import NodeKeys
    from adapter.errors import Final
    from signing.sandbox_pki import key_files
    from signing.sandbox_pki.private_keys import private_key_info
    from tests.unit.signing.crafted_pki import Chain

    keys, head = settings.parent / "keys", heads["gost2015-256"]
    password = (keys / "keys.secret").read_bytes()
    clock = ScenarioClock(datetime(2026, 11, 10, tzinfo=UTC), monotonic=lambda: 0.0)
    read = load_settings(settings, {})
    real = key_files.national_pkcs12(private_key_info(head.private_key), Chain().ca.signed_by(Chain().root), password)
    for file, code in ((head.pkcs12(password, legacy=True), None), (real, "signing.key-variable-time")):
        (keys / "head.p12").write_bytes(file)
        opening = NodeKeys(read.keys, ask=lambda _: None, clock=clock, is_stand=True)
        if code is None:
            assert len(opening.get("document").sign(b"m")) == 64
        else:
            with pytest.raises(Final) as caught:
                opening.get("document")
            assert caught.value.code == code


def test_in_production_no_key_is_a_test_key(settings: Path) -> None:
    settings.write_text(settings.read_text().replace("[keys.document]", "[keys.document]\ntest_keys = true"))
    read = load_settings(settings, {})
    with pytest.raises(SettingsRefused) as caught:
        replace(read, profile="production")
    said = [dict(each.params) for each in caught.value.findings]
    assert {"first": "profile=production", "second": "keys.document.test_keys=true"} in said


def test_a_wrong_password_of_a_national_file_is_said(
    elshi: Elshi, heads: dict[str, IssuedKey], pin: str, tmp_path: Path
) -> None:
    act, key_file = tmp_path / "act.txt", tmp_path / "GOST.p12"
    act.write_bytes(b"1")
    key_file.write_bytes(heads["gost2004"].pkcs12(b"another", legacy=True))
    ran = elshi(
        "sign", act, "--form", "cades-detached", "--key-file", key_file, "--pin", pin, "-o", tmp_path / "o", "--json"
    )
    assert (ran.code, ran.json["error"]) == (2, "signing.p12-wrong-password")
    assert PIN not in ran.shown


def test_what_the_command_opens_is_what_the_library_opens(heads: dict[str, IssuedKey]) -> None:
    file = heads["gost2004"].pkcs12(PIN.encode(), legacy=True)
    assert pkcs12.load(file, PIN.encode(), test_keys=True).certificate_chain == (heads["gost2004"].certificate,)
