"""Memory while a container with an attachment of 100 MB is signed and verified, over what the idle program holds.

Each figure is a process of its own (`python -m bench.memory sign|verify <folder>`): the peak of resident memory that
the kernel recorded (VmHWM) less what was resident before, everything imported and used once. The files lie on disk, as
they do in the program. Linux only; elsewhere getrusage, which is coarser.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import signing
from bench import material
from bench.measure import Result, row

ATTACHMENT = 100_000_000
RUNS = 3
_CHUNK = 1 << 20


def results(runs: int = RUNS, size: int = ATTACHMENT) -> list[Result]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        block = material.noise(_CHUNK)
        with (folder / "attachment").open("wb") as out:
            for offset in range(0, size, _CHUNK):
                out.write(block[: min(_CHUNK, size - offset)])
        found: dict[str, list[float]] = {"sign": [], "verify": []}
        for _ in range(runs):
            for task, figures in found.items():
                figures.append(_asked(task, folder))
    label = f"attachment {size // 1_000_000} MB"
    return [row(f"peak memory over idle, {task} {label}", figures, None, None, "MB") for task, figures in found.items()]


def _asked(task: str, folder: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory", task, str(folder)],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"bench: memory of {task}: {done.stderr.strip()[-500:]}")
    return float(done.stdout)


def _run(task: str, folder: Path) -> float:
    """Megabytes of this process over idle. `verify` wants what `sign` left."""
    attachment, container, pki = folder / "attachment", folder / "container", folder / "anchors.pem"
    material.verify(material.container(material.of_document(material.SMALL)))
    idle = _resident("VmRSS")
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
        pki.write_bytes(material.pki().anchor_pem())
    else:
        anchors = signing.TrustAnchors.from_pem("bench", "sandbox", pki.read_bytes())
        with container.open("rb") as source:
            material.require_passed(
                signing.verify_container(source, policy=signing.SANDBOX_DOCUMENT, anchors=anchors, at=material.NOW)
            )
    return (_resident("VmHWM") - idle) / 1e6


def _resident(field: str) -> int:
    """Bytes: VmRSS now, VmHWM at most since the program was started."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    print(_run(sys.argv[1], Path(sys.argv[2])))
