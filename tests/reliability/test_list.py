"""The list of forty is whole: each number has its test or says what it waits for, and the page names them all."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reliability-faults.md"

AWAITED = {
    18: "certificates that end before the deadline are refused at check",
    37: "a breaker that uses up no attempt, whose first probe takes the oldest",
    39: "webhooks and the feed of events",
    40: "the drain of a backlog behind a breaker, at a limited rate",
}
"""Cases whose part of the program is not there yet, and what they wait for."""


def by_number() -> dict[int, list[tuple[str, str]]]:
    """Names and docstrings of the tests by the number of their case."""
    found: dict[int, list[tuple[str, str]]] = {}
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (number := re.match(r"test_fault_(\d\d)_", node.name)):
                found.setdefault(int(number[1]), []).append((node.name, ast.get_docstring(node) or ""))
    return found


def test_every_one_of_the_forty_has_a_test_or_waits_for_something_that_is_named() -> None:
    found = set(by_number())
    assert found | set(AWAITED) == set(range(1, 41))
    assert not found & set(AWAITED), "a case that has its test waits for nothing"


def test_every_case_says_in_words_what_goes_wrong_and_what_is_owed() -> None:
    short = [name for cases in by_number().values() for name, words in cases if len(words) < 80]
    assert short == []


def test_the_page_lists_every_case_with_the_tests_that_stand_here() -> None:
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 41))
    row_of = {int(number): row for number, row in rows}
    for number, cases in by_number().items():
        for name, _ in cases:
            assert f"`{name}`" in row_of[number]
    for number in AWAITED:
        assert "awaited" in row_of[number]
    named = set(re.findall(r"`(test_fault_\w+)`", PAGE.read_text("utf-8")))
    assert named == {name for cases in by_number().values() for name, _ in cases}
