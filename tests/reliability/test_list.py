"""The list of forty is whole: each number has its test, and the page names them all."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reliability-faults.md"


def by_number() -> dict[int, list[tuple[str, str]]]:
    """Names and docstrings of the tests by the number of their case."""
    found: dict[int, list[tuple[str, str]]] = {}
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (number := re.match(r"test_fault_(\d\d)_", node.name)):
                found.setdefault(int(number[1]), []).append((node.name, ast.get_docstring(node) or ""))
    return found


def test_every_one_of_the_forty_has_a_test() -> None:
    assert set(by_number()) == set(range(1, 41))


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
    named = set(re.findall(r"`(test_fault_\w+)`", PAGE.read_text("utf-8")))
    assert named == {name for cases in by_number().values() for name, _ in cases}
