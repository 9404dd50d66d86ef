"""Every row of the list of attacks has a test that bears its number: in its name, its id, or the first words on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[2]
ROW = re.compile(r"(?<![A-Za-z0-9])([ACDKNPRTWZacdknprtwz]\d\d[ab]?)(?![A-Za-z0-9])")

NOT_HERE = {
    "K11": "a nonce used again: every nonce is drawn by the library below",
}


def numbered(letter: str, *ranges: tuple[int, int]) -> Iterator[str]:
    for first, last in ranges:
        yield from (f"{letter}{number:02}" for number in range(first, last + 1))


ROWS = {
    *numbered("D", (0, 16), (20, 25), (30, 33), (40, 53), (60, 64), (80, 86), (90, 93)),
    "D04a",
    *numbered("A", (70, 90)),
    *numbered("N", (1, 19)),
    *numbered("W", (1, 12)),
    *numbered("P", (1, 22)),
    *numbered("R", (1, 15)),
    *numbered("T", (1, 12)),
    *numbered("C", (1, 15)),
    *numbered("Z", (0, 43)),
    "Z24a",
    "Z24b",
    *numbered("K", (1, 11)),
}
"""Sections 2 to 11 of the list: XMLDSig, XAdES, canonical form, WS-Security, paths, revocation, time-stamps, CMS, ASiC, keys."""


def test_every_row_has_its_test_or_a_reason() -> None:
    tagged: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        text = path.read_text(encoding="utf-8").replace("_", " ")
        tagged |= {row[0].upper() + row[1:] for row in ROW.findall(text)}
    assert ROWS - tagged - NOT_HERE.keys() == set()
    assert len(ROWS) == 231
