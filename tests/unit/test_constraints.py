"""The pins: versions and digests, and nothing about the machine they were made on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PINS = sorted((Path(__file__).parents[2] / "constraints").glob("*.txt"))
PIN = re.compile(r"[a-z0-9][a-z0-9._-]*==[^\s;]+(?: ; [^\\]+)? \\")
DIGEST = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
COMMENT = re.compile(r"(?:(?:    )?# .*)?")


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_pins_are_versions_and_digests_and_name_no_place(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    kinds = [next((kind for kind in (PIN, DIGEST, COMMENT) if kind.fullmatch(line)), None) for line in lines]
    assert [line for line, kind in zip(lines, kinds, strict=True) if kind is None] == []
    for number, kind in enumerate(kinds):
        if kind is PIN:
            assert kinds[number + 1] is DIGEST
    assert not [line for line in lines if "://" in line]


def test_there_are_pins() -> None:
    assert [path.name for path in PINS] == ["bench.txt", "dev.txt", "runtime.txt"]
