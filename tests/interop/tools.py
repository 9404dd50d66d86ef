"""The foreign programs that judge our signatures, and the command lines that make them look at the same thing as we do.

xmlsec1, Debian's 1.2.37, needs these options:

- `--id-attr:Id <namespace>:<element>`: it knows no Id attribute by itself; `wsu:Id` is matched by the local name `Id`
- `--enabled-reference-uris same-doc,remote`: it calls every relative URI remote ("local" is file:// only); names are
  percent-decoded and taken from the current folder, nothing is fetched
- `--trusted-der`, `--untrusted-der`: anchors and intermediates; `--verification-time` in local time, so TZ is set to UTC
- `--pubkey-cert-der` for the envelope: KeyIdentifier is not read (no WS-Security there), so the key is handed over

openssl: `-purpose any`, because it would ask for a certificate for e-mail; `-attime`, because sandbox certificates are
judged at a fixed moment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.interop import dss
from tests.unit.signing import xml_material as m

ROOT = Path(__file__).resolve().parents[2]
NATIONAL = {"libgcrypt": "libgcrypt20", "Botan": "libbotan-2-19", "gost-engine": "libengine-gost-openssl"}
"""Libraries that know the national algorithms, by the package of Debian; `national/judge.py` speaks to them."""
TOOLS = ("xmlsec1", "openssl", "signxml", "pyHanko", "rfc3161-client", "DSS", *NATIONAL)
PEERS = {"signxml": "signxml", "pyHanko": "pyhanko", "rfc3161-client": "rfc3161_client"}
"""Libraries of others by the name of their module; they live in an environment of their own (`make bench` has it too)."""
PEER_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
PASSWORD = b"Sandbox-1"
WRONG_PASSWORD = b"Sandbox-2"


@cache
def why_absent(tool: str) -> str | None:
    """A sentence when the program cannot be run, None when it can."""
    if tool == "DSS":
        return dss.why_absent()
    if tool in NATIONAL:
        done = national(ROOT, tool, "version")
        return (
            None if done.returncode == 0 else f"{tool} is not installed (apt: {NATIONAL[tool]}): {done.stderr.strip()}"
        )
    if tool in PEERS:
        if PEER_PYTHON.exists() and run(ROOT, PEER_PYTHON, "-c", f"import {PEERS[tool]}").returncode == 0:
            return None
        return f"the library {tool} is not in .venv-bench (make interop puts it there)"
    return None if shutil.which(tool) else f"the program {tool} is not installed (apt: {tool})"


def version_of(tool: str) -> str:
    if tool == "DSS":
        return dss.version()
    if tool in NATIONAL:
        return national(ROOT, tool, "version").stdout.strip()
    if tool in PEERS:
        code = f"import importlib.metadata as m; print({tool!r}, m.version({tool!r}))"
        return run(ROOT, PEER_PYTHON, "-c", code).stdout.strip()
    option = "version" if tool == "openssl" else "--version"
    return run(Path.cwd(), tool, option).stdout.strip()


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(argument) for argument in arguments],
        cwd=folder,
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=60,
    )


def national(folder: Path, tool: str, *task: str) -> subprocess.CompletedProcess[str]:
    """The judge of national signatures, a program of its own that asks one of NATIONAL."""
    return run(folder, sys.executable, ROOT / "tests" / "interop" / "national" / "judge.py", tool, *task)


# --- xmlsec1 -------------------------------------------------------------------------------------------------------
def xmlsec1_on_container(folder: Path, container: bytes, pki: m.SandboxPki) -> subprocess.CompletedProcess[str]:
    """The signature file of an unpacked container, with the path to `pki`'s root."""
    for name, content in m.parts_of(container).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "root.der").write_bytes(pki.root)
    (folder / "ca.der").write_bytes(pki.intermediate)
    return run(
        folder,
        "xmlsec1",
        "--verify",
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


def xmlsec1_on_document(folder: Path, signed: bytes, pki: m.SandboxPki) -> subprocess.CompletedProcess[str]:
    """The first signature of an XML document, with the path to `pki`'s root."""
    (folder / "signed.xml").write_bytes(signed)
    (folder / "root.der").write_bytes(pki.root)
    (folder / "ca.der").write_bytes(pki.intermediate)
    return run(
        folder,
        *("xmlsec1", "--verify", "--id-attr:Id", f"{m.XADES}:SignedProperties"),
        *("--trusted-der", "root.der", "--untrusted-der", "ca.der"),
        *("--verification-time", m.NOW.strftime("%Y-%m-%d %H:%M:%S"), "signed.xml"),
    )


def xmlsec1_on_envelope(folder: Path, message: bytes, certificate: bytes) -> subprocess.CompletedProcess[str]:
    (folder / "envelope.xml").write_bytes(message)
    (folder / "signer.der").write_bytes(certificate)
    body = f"{m.SOAP}:Body"
    return run(folder, "xmlsec1", "--verify", "--id-attr:Id", body, "--pubkey-cert-der", "signer.der", "envelope.xml")


# --- openssl -------------------------------------------------------------------------------------------------------
def openssl_on_detached(
    folder: Path, signature: bytes, content: bytes, pki: m.SandboxPki
) -> subprocess.CompletedProcess[str]:
    (folder / "signature.der").write_bytes(signature)
    (folder / "content").write_bytes(content)
    (folder / "anchors.pem").write_bytes(pki.anchor_pem())
    return run(
        folder,
        *("openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", "signature.der"),
        *("-content", "content", "-CAfile", "anchors.pem", "-purpose", "any"),
        *("-attime", int(m.NOW.timestamp()), "-out", "out"),
    )


def openssl_on_attached(folder: Path, signature: bytes, pki: m.SandboxPki) -> subprocess.CompletedProcess[str]:
    (folder / "signature.der").write_bytes(signature)
    (folder / "anchors.pem").write_bytes(pki.anchor_pem())
    return run(
        folder,
        *("openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", "signature.der"),
        *("-CAfile", "anchors.pem", "-purpose", "any", "-attime", int(m.NOW.timestamp()), "-out", "out"),
    )


def openssl_on_pkcs12(folder: Path, content: bytes, *options: str) -> subprocess.CompletedProcess[str]:
    """Key and certificates in the clear on standard output."""
    (folder / "key.p12").write_bytes(content)
    return run(folder, "openssl", "pkcs12", "-in", "key.p12", "-noenc", *options)


def openssl_on_path(folder: Path, certificate: bytes, pki: m.SandboxPki) -> subprocess.CompletedProcess[str]:
    """Whether `pki`'s root is reached from a certificate through its intermediate."""
    for name, der in (("signer", certificate), ("ca", pki.intermediate), ("root", pki.root)):
        (folder / f"{name}.der").write_bytes(der)
        run(folder, "openssl", "x509", "-inform", "DER", "-in", f"{name}.der", "-out", f"{name}.pem")
    return run(
        folder,
        *("openssl", "verify", "-x509_strict", "-purpose", "any", "-attime", int(m.NOW.timestamp())),
        *("-CAfile", "root.pem", "-untrusted", "ca.pem", "signer.pem"),
    )
