"""OpenSSL agrees with us about detached CMS, in both directions."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signing import (
    DEFAULT_SIGNING,
    SANDBOX_DOCUMENT,
    Indication,
    SandboxPki,
    add_signer,
    sign_attached,
    sign_detached,
    take_cms,
    verify_attached,
    verify_detached,
)

AT = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
CONTENT = bytes(range(256)) * 40
OPENSSL = shutil.which("openssl")

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not installed"),
]


def run(*arguments: object, ok: bool = True) -> str:
    done = subprocess.run([OPENSSL, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is ok, done.stderr
    return done.stderr


def verify(folder: Path, *, ok: bool = True) -> str:
    return run(
        "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", folder / "signature.der",
        "-content", folder / "content", "-CAfile", folder / "anchors.pem", "-purpose", "any",
        "-attime", int(AT.timestamp()), "-out", folder / "out", ok=ok,
    )  # fmt: skip


# OpenSSL 3.0 does not verify Ed25519 in CMS with signed attributes
@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ec-p384", "ec-p521"])
def test_openssl_accepts_what_we_sign(pki: SandboxPki, tmp_path: Path, kind: str):
    key = pki.issue("head", "N", "O", key=kind).signing_key()
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "anchors.pem").write_bytes(pki.anchor_pem())
    signature = sign_detached([CONTENT], key, policy=DEFAULT_SIGNING, signing_time=AT)
    (tmp_path / "signature.der").write_bytes(signature)
    assert "CAdES Verification successful" in verify(tmp_path)
    assert (tmp_path / "out").read_bytes() == CONTENT
    (tmp_path / "content").write_bytes(CONTENT + b".")
    assert "verification failure" in verify(tmp_path, ok=False)


@pytest.mark.parametrize(
    ("kind", "digest", "options"),
    [
        ("rsa-2048", "sha256", []),
        ("rsa-2048", "sha512", ["-keyid"]),
        ("rsa-2048", "sha256", ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"]),
        ("ec-p256", "sha256", []),
        ("ec-p384", "sha384", ["-keyid"]),
        ("ec-p384", "sha256", []),
    ],
)
def test_we_accept_what_openssl_signs(pki: SandboxPki, tmp_path: Path, kind: str, digest: str, options: list[str]):
    issued = pki.issue("head", "N", "O", key=kind)
    (tmp_path / "key.pem").write_bytes(issued.pem())
    (tmp_path / "content").write_bytes(CONTENT)
    run(
        "cms", "-sign", "-binary", "-cades", "-md", digest, "-in", tmp_path / "content", "-signer", tmp_path / "key.pem",
        "-outform", "DER", "-out", tmp_path / "signature.der", *options,
    )  # fmt: skip
    # openssl stamps its own clock as signing time, so the moment of judgement is one that is surely later
    at = datetime(2029, 12, 31, tzinfo=UTC)
    report = verify_detached(
        (tmp_path / "signature.der").read_bytes(),
        [CONTENT],
        policy=SANDBOX_DOCUMENT,
        anchors=pki.trust_anchors(),
        at=at,
    )
    assert report.indication is Indication.TOTAL_PASSED, report.as_json()


def test_we_accept_what_openssl_streams(pki: SandboxPki, tmp_path: Path):
    """It does not know lengths beforehand: BER around what is signed, the content in pieces."""
    issued = pki.issue("head", "N", "O", key="ec-p256")
    (tmp_path / "key.pem").write_bytes(issued.pem())
    (tmp_path / "content").write_bytes(CONTENT)
    run(
        "cms", "-sign", "-binary", "-cades", "-stream", "-nodetach", "-in", tmp_path / "content",
        "-signer", tmp_path / "key.pem", "-outform", "DER", "-out", tmp_path / "signature.der",
    )  # fmt: skip
    signature = (tmp_path / "signature.der").read_bytes()
    assert signature[1] == 0x80
    found = verify_attached(
        signature,
        policy=replace(SANDBOX_DOCUMENT, accept_ber=True),
        anchors=pki.trust_anchors(),
        at=datetime(2029, 12, 31, tzinfo=UTC),
    )
    assert (found.report.indication, found.content) == (Indication.TOTAL_PASSED, CONTENT)
    (tmp_path / "anchors.pem").write_bytes(pki.anchor_pem())
    (tmp_path / "signature.der").write_bytes(take_cms(signature, [CONTENT]))
    options = ("-purpose", "any", "-attime", int(datetime(2029, 12, 31, tzinfo=UTC).timestamp()))
    run(
        "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "signature.der", "-content", tmp_path / "content",
        "-CAfile", tmp_path / "anchors.pem", *options, "-out", tmp_path / "out",
    )  # fmt: skip


def test_openssl_reads_attached_content_and_a_second_signer(pki: SandboxPki, tmp_path: Path):
    first, second = (pki.issue("head", "N", "O", key=kind).signing_key() for kind in ("ec-p256", "ec-p384"))
    signature = sign_attached(CONTENT, first, policy=DEFAULT_SIGNING, signing_time=AT)
    signature = add_signer(signature, [CONTENT], second, policy=DEFAULT_SIGNING, signing_time=AT)
    (tmp_path / "anchors.pem").write_bytes(pki.anchor_pem())
    (tmp_path / "signature.der").write_bytes(signature)
    said = run(
        "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", tmp_path / "signature.der",
        "-CAfile", tmp_path / "anchors.pem", "-purpose", "any", "-attime", int(AT.timestamp()), "-out", tmp_path / "out",
    )  # fmt: skip
    assert "CAdES Verification successful" in said
    assert (tmp_path / "out").read_bytes() == CONTENT
