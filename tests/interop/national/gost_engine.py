"""gost-engine through the openssl command: Streebog and all three curves.

Its 34.311 has the CryptoPro set only, so that digest is libgcrypt's and the engine judges the curve alone. `pkeyutl` takes the
digest in the order the hash puts it out.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import russian
from foreign import Failed, HashName, Library, PublicKey

_HASHES: Final[Mapping[HashName, str]] = {"streebog-512": "-md_gost12_512", "streebog-256": "-md_gost12_256"}
_GOOD: Final = b"Signature Verified Successfully"
_NOT_GOOD: Final = (b"signature mismatch", b"signature parts greater than q")


class GostEngine:
    """`other` computes the hash that is not here."""

    def __init__(self, other: Library) -> None:
        self._other = other
        if b"[ available ]" not in _openssl("engine", "gost", "-t").stdout:
            raise Failed("openssl has no engine of the name gost")

    def version(self) -> str:
        told = _openssl("engine", "gost").stdout.decode().strip()
        return f"{told} in {_openssl('version').stdout.decode().split(' (')[0].strip()}; GOST 34.311 by {self._other.version()}"

    def digest(self, name: HashName, content: bytes) -> bytes:
        if name not in _HASHES:
            return self._other.digest(name, content)
        done = _openssl("dgst", "-engine", "gost", _HASHES[name], "-binary", given=content)
        return _held(done)

    def verifies(self, key: PublicKey, digest: bytes, r: int, s: int) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            names = _laid(folder, key=russian.public_key_info(key), digest=digest, value=russian.signature(key, r, s))
            done = _openssl(
                *("pkeyutl", "-engine", "gost", "-verify", "-pubin", "-keyform", "DER"),
                *("-inkey", names["key"], "-in", names["digest"], "-sigfile", names["value"]),
            )
        if done.returncode == 0 and _GOOD in done.stdout:
            return True
        if any(words in done.stderr for words in _NOT_GOOD):
            return False
        raise Failed(f"gost-engine: {done.stderr.decode(errors='replace').strip()}")

    def signed(self, key: PublicKey, number: int, digest: bytes) -> tuple[int, int]:
        with tempfile.TemporaryDirectory() as folder:
            names = _laid(folder, key=russian.private_key_info(key, number), digest=digest)
            done = _openssl(
                *("pkeyutl", "-engine", "gost", "-sign", "-keyform", "DER"),
                *("-inkey", names["key"], "-in", names["digest"]),
            )
        return russian.numbers(key, _held(done))


def _openssl(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=False, timeout=30)
    except OSError as error:
        raise Failed("the program openssl is not installed") from error


def _laid(folder: str, **files: bytes) -> dict[str, str]:
    for name, content in files.items():
        (Path(folder) / name).write_bytes(content)
    return {name: str(Path(folder) / name) for name in files}


def _held(done: subprocess.CompletedProcess[bytes]) -> bytes:
    if done.returncode != 0:
        raise Failed(f"gost-engine: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
