"""Contestants measured round by round in one run, so that a busy machine slows all of them alike.

In each round every contestant runs for the same share of time, in an order that turns from round to round; the ratio is
taken inside the round. The time is that of the processor. Reported are the medians, and the smallest and largest round.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Unit = Literal["op/s", "ms", "s", "MB", "MB/s", "%", "times"]
Work = Callable[[], object]

MIN_ROUNDS = 9
SLICE_SECONDS = 0.15
"""Of one contestant in one round; slower work than that runs once."""
_SHORTEST = 1e-9
"""Seconds: where the system counts coarsely, work of a test may take none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """A peer that could not take part, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One row of results.json.

    ours, peer  median over the rounds, in `unit`
    ratio       median of the rounds' ratios: how many times better ours is (for ms and MB: peer / ours)
    spread      smallest and largest round of the ratio, of ours where there is no peer
    """

    name: str
    ours: float
    peer: float | None
    peer_name: str | None
    ratio: float | None
    unit: Unit
    runs: int
    spread: tuple[float, float]

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "ours": _short(self.ours),
            "peer": None if self.peer is None else _short(self.peer),
            "peer_name": self.peer_name,
            "ratio": None if self.ratio is None else _short(self.ratio),
            "unit": self.unit,
            "runs": self.runs,
            "spread": [_short(bound) for bound in self.spread],
        }


def compared(
    name: str, ours: Work, peers: Mapping[str, Work | Absent], *, unit: Unit, rounds: int, slice_seconds: float
) -> list[Result]:
    """One result per peer, all from the same rounds; one result with no peer when there are none."""
    contestants: list[Work] = [ours, *(work for work in peers.values() if not isinstance(work, Absent))]
    for work in contestants:
        work()  # what is built once is built before the first round
    table = _rounds(contestants, rounds, slice_seconds)
    column = 0
    results = []
    for peer_name, work in peers.items():
        if isinstance(work, Absent):
            results.append(row(name, [each[0] for each in table], None, _with_reason(peer_name, work), unit))
            continue
        column += 1
        results.append(row(name, [each[0] for each in table], [each[column] for each in table], peer_name, unit))
    return results or [row(name, [each[0] for each in table], None, None, unit)]


def _with_reason(peer_name: str, absent: Absent) -> str:
    return f"{peer_name} ({absent.reason})"


def row(name: str, ours: Sequence[float], peer: Sequence[float] | None, peer_name: str | None, unit: Unit) -> Result:
    """A result from the seconds per operation of each round (for "MB": from megabytes)."""
    shown = [_in_unit(value, unit) for value in ours]
    ratios = None if peer is None else [theirs / own for own, theirs in zip(ours, peer, strict=True)]
    spread = ratios or shown
    return Result(
        name=name,
        ours=median(shown),
        peer=None if peer is None else median(_in_unit(value, unit) for value in peer),
        peer_name=peer_name,
        ratio=None if ratios is None else median(ratios),
        unit=unit,
        runs=len(ours),
        spread=(min(spread), max(spread)),
    )


def _rounds(contestants: Sequence[Work], rounds: int, slice_seconds: float) -> list[list[float]]:
    """Seconds per operation, a list per round with one value per contestant."""
    repeats = [max(1, round(slice_seconds / max(_seconds(work, 2), 1e-7))) for work in contestants]
    table = []
    for number in range(rounds):
        taken = [0.0] * len(contestants)
        for step in range(len(contestants)):
            index = (number + step) % len(contestants)
            gc.collect()  # nobody pays for what another left behind
            taken[index] = _seconds(contestants[index], repeats[index])
        table.append(taken)
    return table


def _seconds(work: Work, repeats: int) -> float:
    """Of the processor, for one operation: what other programs take of the core is not counted."""
    started = time.process_time()
    for _ in range(repeats):
        work()
    return max((time.process_time() - started) / repeats, _SHORTEST)


def _in_unit(value: float, unit: Unit) -> float:
    if unit == "op/s":
        return 1 / value
    return value * 1000 if unit == "ms" else value


def _short(value: float) -> float:
    return float(f"{value:.4g}")
