"""The European Commission's DSS as a program: built once by Maven, started once, asked one task after another."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from tests.interop import trust_services

HERE = Path(__file__).resolve().parent / "dss"
BUILD = Path(__file__).resolve().parents[2] / "build" / "interop-dss"
PASSWORD = b"Sandbox-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What DSS says of one signature, in its own words."""

    indication: str
    sub_indication: str
    format: str
    errors: str
    warnings: str

    def verdict(self) -> str:
        reason = "" if self.sub_indication in ("", "null") else f" ({self.sub_indication})"
        return f"{self.indication.replace('_', '-')}{reason}, {self.format}"


class Refused(Exception):
    """DSS ended a task with an exception, in its words."""


def why_absent() -> str | None:
    """A sentence when the program cannot be built or run, None when it can."""
    for tool, package in (("java", "default-jre-headless"), ("mvn", "maven"), ("javac", "default-jdk-headless")):
        if shutil.which(tool) is None:
            return f"the program {tool} for DSS is not installed (apt: {package})"
    return _why_not_built()


@cache
def _why_not_built() -> str | None:
    sources = sorted((HERE / "src").rglob("*.java"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (HERE / "pom.xml", *sources))).hexdigest()
    stamp = BUILD / "made"
    if stamp.exists() and stamp.read_text() == digest:
        return None
    BUILD.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        [
            *("mvn", "-B", "-q", f"-Dbuild.to={BUILD}", f"-DoutputDirectory={BUILD / 'lib'}"),
            *("dependency:copy-dependencies", "compile"),
        ],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    if made.returncode != 0:
        return f"DSS could not be built: {(made.stdout + made.stderr).strip()[:300]}"
    stamp.write_text(digest)
    return None


def version() -> str:
    return "DSS " + next((BUILD / "lib").glob("dss-spi-*.jar")).stem.removeprefix("dss-spi-")


@cache
def _running() -> subprocess.Popen[str]:
    trusted = Path(tempfile.mkdtemp(prefix="elshi-dss-"))
    atexit.register(shutil.rmtree, trusted, ignore_errors=True)
    (trusted / "root.der").write_bytes(trust_services.pki().root)
    process = subprocess.Popen(
        [
            *(
                "java",
                "-Xmx768m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                f"{BUILD / 'classes'}{os.pathsep}{BUILD / 'lib'}/*",
            ),
            *("kz.elshi.interop.DssProgram", str(trusted), trust_services.address()),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )

    def end() -> None:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)

    atexit.register(end)
    return process


def _perform(*task: str) -> list[list[str]]:
    process = _running()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\t".join(task) + "\n")
    process.stdin.flush()
    rows: list[list[str]] = []
    while True:
        row = process.stdout.readline().rstrip("\n").split("\t")
        if row[0] == "done":
            return rows
        if row[0] in ("error", ""):
            raise Refused(row[-1] or "the program ended")
        rows.append(row)


def _put(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def validate(
    folder: Path,
    name: str,
    document: bytes,
    *,
    detached: dict[str, bytes] | None = None,
    online: bool = False,
    at: datetime | None = None,
) -> list[Found]:
    """What DSS says of each signature in `document`, at `at` or now; `online` lets it ask the sandbox for status."""
    others = "|".join(_put(folder / "detached", each, content) for each, content in (detached or {}).items())
    moment = str(int(at.timestamp())) if at is not None else ""
    rows = _perform("validate", _put(folder, name, document), others, "online" if online else "offline", moment)
    return [
        Found(indication=row[0], sub_indication=row[1], format=row[2], errors=row[3], warnings=row[4]) for row in rows
    ]


def sign(
    folder: Path,
    form: str,
    level: str,
    inputs: dict[str, bytes],
    *,
    key: str,
    packaging: str = "",
    ways: Sequence[str] = (),
    digest: str = "",
) -> bytes:
    """`form` is xades, cades, asic-xades or asic-cades; `key` a kind of sandbox key; `ways` are words of Ways.java."""
    key_file = _put(folder, "key.p12", trust_services.issued("head", key).pkcs12(PASSWORD))
    listed = "|".join(_put(folder / "inputs", each, content) for each, content in inputs.items())
    chosen = digest or ("SHA384" if key == "ec-p384" else "SHA256")
    _perform("sign", form, level, packaging, key_file, chosen, str(folder / "signed"), listed, "|".join(ways))
    return (folder / "signed").read_bytes()


def augment(folder: Path, form: str, level: str, document: bytes, *, detached: dict[str, bytes] | None = None) -> bytes:
    suffix = {"xades": ".xml", "cades": ".p7s"}.get(form, ".asice")
    others = "|".join(_put(folder / "detached", each, content) for each, content in (detached or {}).items())
    _perform("augment", form, level, _put(folder, "old" + suffix, document), others, str(folder / "augmented"))
    return (folder / "augmented").read_bytes()
