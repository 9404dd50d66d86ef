"""elshi verify as a process: a reader that goes away, an interrupt, a worker that dies over a file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapter.composition import audit_pool
from adapter.composition.auditor import Assignment
from adapter.composition.stand import Stand
from adapter.usecases.verdict import PASSED, Verdict
from tests.unit.signing import xml_material as m


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "adapter", "verify", *map(str, arguments)]


def test_a_reader_that_goes_away_changes_no_exit_code_and_hears_no_complaint(stand: Stand, tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number}.asice").write_bytes(b"PK")
    with subprocess.Popen(
        command(*tmp_path.glob("*.asice"), "--trust", stand.anchors[0], "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def processes(group: int) -> list[int]:
    """The living processes of a group."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, leader = entry.read_text().rsplit(")", 1)[1].split()[:3]
            if int(leader) == group and state != "Z":
                found.append(int(entry.parent.name))
    return found


def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Processes begun here hear an interrupt, though a shell that put the tests in the background told them not to."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the living processes are read from /proc")
@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_every_process_and_is_no_verdict(stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    (tmp_path / "good.asice").write_bytes(m.good())
    for number in range(3000):
        (tmp_path / "many" / f"{number}.asice").hardlink_to(tmp_path / "good.asice")
    with subprocess.Popen(
        command(tmp_path / "many", "--trust", stand.anchors[0], "--jobs", 2, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        until(lambda: len(processes(process.pid)) >= 5)  # itself, the server, its watch, two at work
        os.killpg(process.pid, signal.SIGINT)
        told, complaint = process.communicate(timeout=30)
    assert process.returncode == 3
    assert b"Traceback" not in complaint
    assert b"verify.interrupted" in told
    until(lambda: not processes(process.pid))


class Deadly:
    """Dies over one file, as a process does that the system ends for want of memory."""

    def verdict(self, path: Path) -> Verdict:
        if path.name.startswith("deadly"):
            os._exit(9)
        return Verdict(file=path.name, indication=PASSED, sub_indication=None, signatures=(), checks=())


def deadly(assignment: Assignment) -> Deadly:
    return Deadly()


def test_a_file_that_kills_its_process_is_told_and_the_others_are_judged() -> None:
    now = m.NOW
    assignment = Assignment(anchors=(), policy="sandbox", at=now, seal_at=now)
    names = ["a", "b", "deadly", "c", "d"]
    told = list(audit_pool.verdicts(assignment, [Path(name) for name in names], jobs=2, make=deadly))
    assert [one.file for one in told] == names
    assert [(one.error or {}).get("error") for one in told] == [None, None, "verify.process-lost", None, None]
