"""A list of as many entries as the national one has: indexed once, then looked into; and the memory of all that.

Each round is a process of its own (`python -m bench.crl <folder>`), which imports the verifier and nothing else of us. The
index is everything from octets to the first answer: read, hashed, its signature verified, indexed. The memory is all of
the process, the program itself included.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.measure import Result, row
from bench.resident import peak
from signing.certificates import Certificate
from signing.revocation.certificate_list import read_crl

ENTRIES: Final = 420_000
RUNS: Final = 3
LOOK_UPS: Final = 1000
INDEXED: Final = "indexed"
LOOKED_UP: Final = "look-up"
PEAK: Final = "peak memory of the process"


def name_of(figure: str, entries: int = ENTRIES) -> str:
    return f"CRL of {entries:,} entries, {figure}"


def results(runs: int = RUNS, entries: int = ENTRIES) -> list[Result]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder, entries)
        measured = [_asked(folder) for _ in range(runs)]
    return [
        row(name_of(INDEXED, entries), [each["index"] for each in measured], None, None, "ms"),
        row(name_of(LOOKED_UP, entries), [each["look_up"] for each in measured], None, None, "ms"),
        row(name_of(PEAK, entries), [each["peak"] / 1e6 for each in measured], None, None, "MB"),
    ]


def _make(folder: Path, entries: int) -> None:
    from bench import material
    from signing.sandbox_services.crl import SandboxCrl, many_entries
    from signing.sandbox_services.register import SandboxRegister

    pki = material.pki()
    der, serials = many_entries(entries, material.NOW)
    listed = SandboxCrl(key=pki.issuing_key(), register=SandboxRegister()).wrong(entries=der).issue(material.NOW)
    chosen = serials[:: max(1, len(serials) * 2 // LOOK_UPS)][: LOOK_UPS // 2]
    (folder / "list.crl").write_bytes(listed)
    (folder / "issuer.cer").write_bytes(pki.intermediate)
    (folder / "serials.json").write_text(json.dumps(chosen), encoding="ascii")


def _asked(folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.crl", str(folder)],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"bench: CRL: {done.stderr.strip()[-500:]}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _run(folder: Path) -> dict[str, float]:
    """Seconds of the processor to the index and for one look-up, bytes of this process at most."""
    issuer = Certificate.from_der((folder / "issuer.cer").read_bytes())
    serials = json.loads((folder / "serials.json").read_text(encoding="ascii"))
    der = (folder / "list.crl").read_bytes()
    started = time.process_time()
    listed = read_crl(der)
    if not listed.is_signed_by(issuer):
        raise SystemExit("the list that was measured is not signed by its issuer")
    index = listed.index()
    indexed = time.process_time()
    # every other one is a certificate that nobody revoked
    found = sum(len(index.look_up(serial)) + len(index.look_up(serial + 1)) for serial in serials)
    looked_up = time.process_time()
    if found != len(serials):
        raise SystemExit("the list that was measured does not hold what was put into it")
    return {"index": indexed - started, "look_up": (looked_up - indexed) / (2 * len(serials)), "peak": peak()}


if __name__ == "__main__":
    print(json.dumps(_run(Path(sys.argv[1]))))
