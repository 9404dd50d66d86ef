"""Many files judged in several processes, told in the order they were named.

Rules.
1. One file never ends the audit: a process that dies over a file (out of memory, a defect in a library) is replaced,
   the files it held are judged once more, each in a process of its own, and the one that kills again is told so.
2. Processes come from a server that has loaded the program and nothing else, or are begun anew where the system knows
   no such server; never are they copies of this one: no lock, connection or random state of ours is shared with them.
3. They are begun where they pay: what takes less than a moment is judged here.
4. An interrupt belongs to whoever began the audit: processes are begun deaf to it and are ended. It waits while one is
   being begun, which would otherwise be forgotten and live on.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final as Constant
from typing import Protocol

from adapter import texts
from adapter.composition.auditor import Assignment, auditor, shown_name
from adapter.errors import Final, Place
from adapter.usecases.verdict import Verdict, unjudged

SEVERAL: Constant = 12
"""Files from which several processes are thought of at all."""
_WORTH_SECONDS: Constant = 3.0
"""Work left, as the first files suggest, from which beginning processes (about a second each) pays."""
_TOGETHER: Constant = 8
"""Files handed over at once; a verdict takes about as long as handing it over."""
_AHEAD: Constant = 4
"""Such handfuls waiting for each process: verdicts are told while others are made, and memory stays small."""


class Judge(Protocol):
    """What judges one path; an Auditor."""

    def verdict(self, path: Path) -> Verdict: ...


def verdicts(
    assignment: Assignment,
    targets: Sequence[Path],
    *,
    jobs: int | None = None,
    make: Callable[[Assignment], Judge] = auditor,
) -> Iterator[Verdict]:
    """The verdict on each target, in order. `jobs` None: as many processes as cores, and only where they pay.

    make    makes the judge of a process; a function that another process can find by its name

    Raises Final before the first verdict when the assignment cannot be read.
    """
    judge = make(assignment)
    pool = _Pool(assignment=assignment, make=make)
    if jobs is not None:
        if jobs > 1 and len(targets) > 1:
            yield from _in_processes(pool, targets, min(jobs, len(targets)))
        else:
            yield from (judge.verdict(one) for one in targets)
        return
    begun = time.monotonic()
    for one in targets[:SEVERAL]:
        yield judge.verdict(one)
    rest = targets[SEVERAL:]
    expected = (time.monotonic() - begun) / SEVERAL * len(rest)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if expected > _WORTH_SECONDS and cores > 1:
        yield from _in_processes(pool, rest, min(cores, len(rest)))
    else:
        yield from (judge.verdict(one) for one in rest)


def _in_processes(pools: _Pool, targets: Sequence[Path], jobs: int) -> Iterator[Verdict]:
    handfuls = deque(targets[at : at + _TOGETHER] for at in range(0, len(targets), _TOGETHER))
    if len(handfuls) < jobs:
        handfuls = deque([one] for one in targets)
    pool = pools.begin(jobs)
    running: deque[tuple[Sequence[Path], Future[list[Verdict]]]] = deque()
    try:
        while handfuls or running:
            while handfuls and len(running) < jobs * _AHEAD:
                handful = handfuls.popleft()
                with _undisturbed():
                    running.append((handful, pool.submit(_judge_all, handful)))
            handful, future = running.popleft()
            try:
                yield from future.result()
            except BrokenProcessPool:
                lost = [handful, *(one for one, _ in running)]
                running.clear()
                pool.shutdown(wait=True)
                yield from (_alone(pools, one) for each in lost for one in each)
                pool = pools.begin(jobs)
    except BaseException:  # reason: an interrupt or a reader that goes away ends the processes as well
        _end(pool)
        raise
    pool.shutdown()


def _alone(pools: _Pool, target: Path) -> Verdict:
    """Judge one file in a process of its own."""
    with pools.begin(1) as pool:
        try:
            with _undisturbed():
                future = pool.submit(_judge_all, [target])
            return future.result()[0]
        except BrokenProcessPool:
            params = {"file": shown_name(Path(target.name))}
            lost = Final("verify.process-lost", place=Place(file=params["file"]), params=params)
            return unjudged(shown_name(target), texts.error_as_json(lost))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pool:
    """How processes are begun."""

    assignment: Assignment
    make: Callable[[Assignment], Judge]

    def begin(self, jobs: int) -> ProcessPoolExecutor:
        known = multiprocessing.get_all_start_methods()
        method = "forkserver" if "forkserver" in known else "spawn"
        context = multiprocessing.get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload([__name__])
        return ProcessPoolExecutor(
            max_workers=jobs, mp_context=context, initializer=_begin, initargs=(self.assignment, self.make)
        )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """An interrupt is kept until the end of the block; a process begun within inherits that and never hears one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the processes now, whatever they are at: nobody waits for their verdicts any more."""
    living = list((pool._processes or {}).values())  # noqa: SLF001 - terminate_workers() comes with Python 3.14
    pool.shutdown(wait=False, cancel_futures=True)
    for process in living:
        process.terminate()


_JUDGES: list[Judge] = []
"""The judge of this process, made once."""


def _begin(assignment: Assignment, make: Callable[[Assignment], Judge]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _JUDGES[:] = [make(assignment)]


def _judge_all(targets: Sequence[Path]) -> list[Verdict]:
    (judge,) = _JUDGES
    return [judge.verdict(one) for one in targets]
