"""Memory, and for a large one time, while a container with an attachment is signed and verified.

Each figure is a process of its own (`python -m bench.memory sign|verify <folder>`): the peak of resident memory that
the kernel recorded (VmHWM) less what was resident before, everything imported and used once. The files lie on disk, as
they do in the program. The time is compared with that of SHA-256 alone over the attachment, read from the same file by
the same process.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import signing
from bench import material
from bench.measure import Result, row
from bench.resident import now, peak

ATTACHMENT: Final = 100_000_000
LARGE: Final = 1_000_000_000
RUNS: Final = 3
RAW: Final = "raw SHA-256"
_CHUNK: Final = 1 << 20


def results(runs: int = RUNS, size: int = ATTACHMENT) -> list[Result]:
    """The memory of both tasks, and how fast they are beside SHA-256 alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        block = material.noise(_CHUNK)
        with (folder / "attachment").open("wb") as out:
            for offset in range(0, size, _CHUNK):
                out.write(block[: min(_CHUNK, size - offset)])
        found: dict[str, list[dict[str, float]]] = {"sign": [], "verify": []}
        for _ in range(runs):
            for task, measured in found.items():
                measured.append(_asked(task, folder))
    rows = []
    for task, measured in found.items():
        label = f"{task} attachment {size // 1_000_000} MB"
        rows.append(row(f"peak memory over idle, {label}", [each["peak"] for each in measured], None, None, "MB"))
        taken, raw = [each["taken"] for each in measured], [each["raw"] for each in measured]
        rows.append(row(label, taken, raw, RAW, "ms"))
    return rows


def _asked(task: str, folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory", task, str(folder)],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"bench: memory of {task}: {done.stderr.strip()[-500:]}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _run(task: str, folder: Path) -> dict[str, float]:
    """Megabytes of this process over idle, seconds of the task and of SHA-256. `verify` wants what `sign` left."""
    attachment, container, pki = folder / "attachment", folder / "container", folder / "anchors.pem"
    material.verify(material.container(material.of_document(material.SMALL)))
    raw = _raw(attachment)
    if task == "sign":
        container.unlink(missing_ok=True)  # to let go of what an earlier run wrote is not signing
    idle = now()
    started = time.perf_counter()
    if task == "sign":
        item = signing.DataObject(
            name="attachment.pdf", media_type="application/pdf", open=lambda: attachment.open("rb")
        )
        with container.open("w+b") as out:
            signing.sign_container(
                [*material.of_document(material.SMALL), item],
                material.key().ours,
                policy=signing.DEFAULT_SIGNING,
                signing_time=material.NOW,
                out=out,
            )
        taken = time.perf_counter() - started
        pki.write_bytes(material.pki().anchor_pem())
    else:
        anchors = signing.TrustAnchors.from_pem("bench", "sandbox", pki.read_bytes())
        with container.open("rb") as source:
            material.require_passed(
                signing.verify_container(source, policy=signing.SANDBOX_DOCUMENT, anchors=anchors, at=material.NOW)
            )
        taken = time.perf_counter() - started
    return {"peak": (peak() - idle) / 1e6, "taken": taken, "raw": raw}


def _raw(path: Path) -> float:
    """Seconds of SHA-256 over the file, after it was read once: nobody pays for the disk."""
    buffer = bytearray(_CHUNK)
    for _ in range(2):
        state = hashlib.sha256()
        started = time.perf_counter()
        with path.open("rb", buffering=0) as stream:
            while count := stream.readinto(buffer):
                state.update(memoryview(buffer)[:count])
        taken = time.perf_counter() - started
    return taken


if __name__ == "__main__":
    print(json.dumps(_run(sys.argv[1], Path(sys.argv[2]))))
