"""Our signatures judged by xmlsec1, a program that shares no code with us; a flipped byte must be refused by it too.

Debian's xmlsec1 1.2.37 needs these options:

- `--id-attr:Id <namespace>:<element>`: it knows no Id attribute by itself; `wsu:Id` is matched by the local name `Id`
- `--enabled-reference-uris same-doc,remote`: it calls every relative URI remote ("local" is file:// only); names are percent-decoded
  and taken from the current folder, nothing is fetched
- `--trusted-der`, `--untrusted-der`: anchors and intermediates; `--verification-time` in local time, so TZ is set to UTC
- `--pubkey-cert-der` for the envelope: KeyIdentifier is not read (no WS-Security there), so the key is handed over
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "signing"))
import xml_material as m

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="the program xmlsec1 is not installed (apt: xmlsec1)"),
]

KINDS = ["rsa-2048", "ec-p256", "ec-p384"]


def _xmlsec1(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["xmlsec1", "--verify", *arguments],
        cwd=folder,
        env={**os.environ, "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _unpacked(folder: Path, container: bytes) -> None:
    for name, content in m.parts_of(container).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "root.der").write_bytes(m.pki().root)
    (folder / "ca.der").write_bytes(m.pki().intermediate)


def _verify_container(folder: Path) -> subprocess.CompletedProcess[str]:
    return _xmlsec1(
        folder,
        "--enabled-reference-uris",
        "same-doc,remote",
        "--id-attr:Id",
        f"{m.XADES}:SignedProperties",
        "--trusted-der",
        "root.der",
        "--untrusted-der",
        "ca.der",
        "--verification-time",
        m.NOW.strftime("%Y-%m-%d %H:%M:%S"),
        m.SIGNATURES,
    )


def _verify_envelope(folder: Path) -> subprocess.CompletedProcess[str]:
    return _xmlsec1(folder, "--id-attr:Id", f"{m.SOAP}:Body", "--pubkey-cert-der", "signer.der", "envelope.xml")


@pytest.mark.parametrize("kind", KINDS)
def test_accepts_our_container(tmp_path: Path, kind: str) -> None:
    _unpacked(tmp_path, m.signed(key=m.issued("head", kind).signing_key()))
    result = _verify_container(tmp_path)
    assert result.returncode == 0, result.stderr
    assert "OK" in result.stderr + result.stdout


@pytest.mark.parametrize("part", [m.REPORT_NAME, "docs/a.pdf", m.SIGNATURES])
def test_refuses_our_container_with_a_byte_changed(tmp_path: Path, part: str) -> None:
    _unpacked(tmp_path, m.good())
    content = (tmp_path / part).read_bytes()
    at = content.index(b"SigningTime>2026") + len(b"SigningTime>") if part == m.SIGNATURES else len(content) // 2
    (tmp_path / part).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    assert _verify_container(tmp_path).returncode != 0


def test_refuses_our_container_under_another_root(tmp_path: Path) -> None:
    _unpacked(tmp_path, m.good())
    other = m.SandboxPki.create(not_before=m.pki().not_before, not_after=m.pki().not_after, name="Other")
    (tmp_path / "root.der").write_bytes(other.root)
    (tmp_path / "ca.der").write_bytes(other.intermediate)
    assert _verify_container(tmp_path).returncode != 0


@pytest.mark.parametrize("kind", KINDS)
def test_accepts_our_envelope(tmp_path: Path, kind: str) -> None:
    key = m.issued("information-system", kind).signing_key()
    (tmp_path / "envelope.xml").write_bytes(m.sign_envelope(m.ENVELOPE, key, policy=m.DEFAULT_SIGNING, body_id="id-1"))
    (tmp_path / "signer.der").write_bytes(key.certificate_chain[0])
    result = _verify_envelope(tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("place", ["1f0e7a52", "<ds:SignatureValue>"])
def test_refuses_our_envelope_with_a_byte_changed(tmp_path: Path, place: str) -> None:
    message = m.good_envelope()
    at = message.index(place.encode()) + (0 if place == "1f0e7a52" else len(place))
    (tmp_path / "envelope.xml").write_bytes(message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :])
    (tmp_path / "signer.der").write_bytes(m.system().certificate_chain[0])
    assert _verify_envelope(tmp_path).returncode != 0


@pytest.mark.parametrize("prefixes", ["", "soap d"])
def test_we_accept_an_envelope_that_xmlsec1_signed(tmp_path: Path, prefixes: str) -> None:
    """A foreign signer: template in, signature out; with and without PrefixList."""
    root = etree.fromstring(m.good_envelope())
    for name in ("DigestValue", "SignatureValue"):
        for element in root.iter(f"{{{m.DS}}}{name}"):
            element.text = None
    if prefixes:
        transform = next(root.iter(f"{{{m.DS}}}Transform"))
        etree.SubElement(transform, f"{{{m.EXC}}}InclusiveNamespaces", PrefixList=prefixes, nsmap={"ec": m.EXC})
    (tmp_path / "template.xml").write_bytes(etree.tostring(root))
    (tmp_path / "key.pem").write_bytes(m.issued("information-system").pem().split(b"-----BEGIN CERT")[0])
    result = subprocess.run(
        [
            "xmlsec1",
            "--sign",
            "--id-attr:Id",
            f"{m.SOAP}:Body",
            "--privkey-pem",
            "key.pem",
            "--output",
            "signed.xml",
            "template.xml",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    signed = (tmp_path / "signed.xml").read_bytes()
    assert b"".join(base64.b64encode(m.system().certificate_chain[0]).split()) in signed
    assert m.flaws(m.judged_envelope(signed).report) == {}
