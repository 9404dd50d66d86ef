"""Tokens of SoftHSM2 for tests: made in a temporary folder, once for each process, as the driver reads its settings once."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

PIN = "marked-secret-2468"
MODULE = next(
    (
        path
        for path in map(
            Path,
            (
                "/usr/lib/softhsm/libsofthsm2.so",
                "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                "/usr/lib64/pkcs11/libsofthsm2.so",
                "/opt/homebrew/lib/softhsm/libsofthsm2.so",
            ),
        )
        if path.exists()
    ),
    Path("/usr/lib/softhsm/libsofthsm2.so"),
)


def why_absent() -> str | None:
    """A sentence when there is no SoftHSM2, None when there is."""
    there = MODULE.exists() and shutil.which("softhsm2-util")
    return None if there else "SoftHSM2 is not installed (apt: softhsm2)"


@cache
def folder() -> Path:
    """Where the tokens of this process are; the driver is told by SOFTHSM2_CONF before it is loaded."""
    home = Path(tempfile.mkdtemp(prefix="elshi-tokens-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (home / "tokens").mkdir()
    configuration = home / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {home}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    return home


def new_token(label: str) -> str:
    """An empty token with the PIN of all of them; its serial number."""
    folder()
    _run("--init-token", "--free", "--label", label, "--so-pin", PIN, "--pin", PIN)
    shown = _run("--show-slots").split("Slot ")
    mine = next(each for each in shown if f"Label:            {label}\n" in _padded(each))
    return next(line.split(":")[1].strip() for line in mine.splitlines() if "Serial number" in line)


def put(token: str, label: str, identifier: int, *, key: bytes = b"", certificates: tuple[bytes, ...] = ()) -> None:
    """A private key (PKCS#8 in PEM, not encrypted) and DER certificates under one label and CKA_ID."""
    if key:
        file = folder() / "import.pem"
        file.write_bytes(key)
        _run("--import", file, "--token", token, "--label", label, "--id", f"{identifier:02x}", "--pin", PIN)
        file.unlink()
    if certificates:
        import pkcs11

        library = pkcs11.lib(str(MODULE))
        library.reinitialize()  # it lists the slots it found when it was loaded
        with library.get_token(token_label=token).open(rw=True, user_pin=PIN) as session:
            for der in certificates:
                session.create_object(
                    {
                        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                        pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                        pkcs11.Attribute.TOKEN: True,
                        pkcs11.Attribute.LABEL: label,
                        pkcs11.Attribute.ID: bytes((identifier,)),
                        pkcs11.Attribute.SUBJECT: b"\x30\x00",
                        pkcs11.Attribute.VALUE: der,
                    }
                )


def _padded(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines()) + "\n"


def _run(*arguments: object) -> str:
    told = subprocess.run(
        ["softhsm2-util", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout
