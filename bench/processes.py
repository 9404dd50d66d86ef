"""Two processes beside one: the same packages at B-LT, each process on a core of its own.

`python -m bench.processes <folder> <core>` verifies every package once, says "ready", and then works for as many seconds as
each line on its standard input says, and answers how many packages it did in a second. In each round every process works
alone, then all of them together.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Final, Self

from bench import long_term
from bench.measure import Result, row

NAME: Final = "B-LT verify 5 KB, two processes"
PEER: Final = "one process"
SECONDS: Final = 1.0
ROUNDS: Final = 5
CORES: Final = tuple(sorted(os.sched_getaffinity(0), reverse=True)) if hasattr(os, "sched_getaffinity") else ()
"""Before the program keeps itself to one."""


def results(rounds: int = ROUNDS, seconds: float = SECONDS, count: int = long_term.COUNT) -> list[Result]:
    """None where the system has one core, or does not say which."""
    if len(CORES) < 2:
        return []
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        long_term.keep(long_term.packages("CRL", count), folder)
        workers = [running.enter_context(_Worker(folder, core)) for core in CORES[:2]]
        alone, together = [], []
        for _ in range(rounds):
            rates = []
            for worker in workers:
                worker.start(seconds)
                rates.append(worker.rate())
            alone.append(sum(rates) / len(rates))
            for worker in workers:
                worker.start(seconds)
            together.append(sum(worker.rate() for worker in workers))
    return [row(NAME, [1 / rate for rate in together], [1 / rate for rate in alone], PEER, "op/s")]


class _Worker:
    """One process of `_work`, kept waiting between shares."""

    def __init__(self, folder: Path, core: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.processes", str(folder), str(core)],
            cwd=Path(__file__).resolve().parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(self, seconds: float) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()

    def rate(self) -> float:
        return float(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("bench: a process of two ended")
        return answer


def _work(folder: Path, core: int) -> None:
    os.sched_setaffinity(0, {core})
    containers, anchors = long_term.kept(folder)
    for container in containers:
        long_term.verify(container, anchors)
    print("ready", flush=True)
    endless = cycle(containers)
    for line in sys.stdin:
        started, done = time.perf_counter(), 0
        while (taken := time.perf_counter() - started) < float(line):
            long_term.verify(next(endless), anchors)
            done += 1
        print(done / taken, flush=True)


if __name__ == "__main__":
    _work(Path(sys.argv[1]), int(sys.argv[2]))
