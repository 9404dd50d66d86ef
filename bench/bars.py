"""The bars: what must hold for `python -m bench --check` to end with 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.measure import Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """`ratio` at least, or `ours` at most, of the row with this name (and peer, when it names one)."""

    name: str
    peer: str | None
    field: Literal["ratio", "ours"]
    bound: float
    sentence: str

    def value(self, results: Sequence[Result]) -> float | None:
        """None when the row is missing or the peer was absent: a bar that was not measured is missed."""
        for each in results:
            if each.name == self.name and (self.peer is None or each.peer_name == self.peer):
                return each.ratio if self.field == "ratio" else each.ours
        return None

    def is_met(self, results: Sequence[Result]) -> bool:
        value = self.value(results)
        if value is None:
            return False
        return value >= self.bound if self.field == "ratio" else value <= self.bound


BARS = (
    Bar(
        name="XAdES-B sign 5 KB",
        peer="signxml XAdES",
        field="ratio",
        bound=2.0,
        sentence="signing at least 2 times signxml's rate",
    ),
    Bar(
        name="XAdES-B sign 5 KB",
        peer="raw RSA-2048",
        field="ratio",
        bound=0.5,
        sentence="signing at least 50 % of the raw private-key rate",
    ),
    Bar(
        name="XAdES-B verify 5 KB",
        peer="signxml XAdES",
        field="ratio",
        bound=4.0,
        sentence="verifying at least 4 times signxml's rate",
    ),
    Bar(name="schema gate 5 KB", peer=None, field="ours", bound=0.2, sentence="schema gate at most 0.2 ms at 5 KB"),
    *(
        Bar(
            name=f"peak memory over idle, {task} attachment 100 MB",
            peer=None,
            field="ours",
            bound=100,
            sentence=f"{task}: at most 100 MB over idle with an attachment of 100 MB",
        )
        for task in ("sign", "verify")
    ),
)
