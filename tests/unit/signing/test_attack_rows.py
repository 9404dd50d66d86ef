"""Every row of the attack list on one XAdES signature and on containers has a test that bears its number."""

from __future__ import annotations

import re
from pathlib import Path

ROWS = {f"A{number}" for number in range(70, 88)} | {f"Z{number:02}" for number in range(44)} | {"Z24a", "Z24b"}


def test_every_row_has_its_test() -> None:
    sources = (path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    tagged = {row for text in sources for row in re.findall(r"(?:def test_|[\"_ ])([AZ]\d\d[ab]?)(?=[ ,_\"])", text)}
    assert ROWS - tagged == set()
