"""Patterns that mean the same under every Python we run on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[0-9,%d]+\})\+|\(\?>")


def test_no_pattern_holds_on_to_a_group() -> None:
    """Before Python 3.11.5 a possessive group, and an atomic one, may match what they should not or miss what they should.

    A possessive set of characters, such as `[a-z]*+`, is sound in all of them.
    """
    found = []
    for package in ("adapter", "schemas", "signing"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
                    text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                    if POSSESSIVE_GROUP.search(text):
                        found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []
