"""A value that stands for a check is made only where the check is made: nobody else calls its constructor.

Read from the syntax trees of `adapter`, so that an alias or an import through another module hides nothing.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MAKERS: Mapping[str, frozenset[str]] = {
    "adapter.domain.document.Rendition": frozenset({"adapter.rendition.render"}),
    "adapter.domain.document.ValidatedXml": frozenset({"adapter.conversion.validate"}),
    "adapter.domain.document.SignedContainer": frozenset({"adapter.usecases.verified_container"}),
    "adapter.domain.delivery.Delivery": frozenset(
        {"adapter.usecases.submit", "adapter.usecases.tell_sender", "adapter.storage.rows"}
    ),
    "adapter.domain.statement.Statement": frozenset({"adapter.storage.statements", "adapter.storage.rows"}),
    "adapter.domain.receipt.Receipt": frozenset(
        {
            "adapter.usecases.deliver",
            "adapter.usecases.late_answer",
            "adapter.usecases.apply_notice",
            "adapter.usecases.apply_answer",
            "adapter.storage.rows",
        }
    ),
}
"""Value -> modules that may make it. A row reader of the store makes again what was made before it was kept."""


class Module:
    """One source file: what its names stand for, and what it calls."""

    def __init__(self, name: str, source: str, *, is_package: bool = False) -> None:
        self.name = name
        self._is_package = is_package
        self.names: dict[str, str] = {}
        self.calls: list[str] = []
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self._import(node)
            elif isinstance(node, ast.ImportFrom):
                self._import_from(node)
            elif isinstance(node, ast.ClassDef):
                self.names.setdefault(node.name, f"{name}.{node.name}")
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and (dotted := _dotted(node.value)):
                for target in node.targets:
                    if isinstance(target, ast.Name) and dotted.partition(".")[0] in self.names:
                        self.names.setdefault(target.id, self._absolute(dotted))
        self.calls = [
            self._absolute(dotted)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and (dotted := _dotted(node.func))
        ]

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self.names[alias.asname] = alias.name
            else:
                top = alias.name.partition(".")[0]
                self.names[top] = top

    def _import_from(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            parents = self.name.split(".")
            kept = parents[: len(parents) - node.level + (1 if self._is_package else 0)]
            base = ".".join([*kept, *([node.module] if node.module else [])])
        for alias in node.names:
            self.names[alias.asname or alias.name] = f"{base}.{alias.name}"

    def _absolute(self, dotted: str) -> str:
        first, _, rest = dotted.partition(".")
        return ".".join(part for part in (self.names.get(first, first), rest) if part)


def _dotted(node: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def makers_in(modules: Mapping[str, Module]) -> dict[str, set[str]]:
    """Value -> modules that call its constructor, re-exports followed to where the class stands."""

    def origin(name: str, seen: frozenset[str] = frozenset()) -> str:
        owner, _, last = name.rpartition(".")
        module = modules.get(owner)
        target = module.names.get(last) if module is not None else None
        return name if target is None or target == name or name in seen else origin(target, seen | {name})

    found: dict[str, set[str]] = defaultdict(set)
    for module in modules.values():
        for call in module.calls:
            value = origin(call)
            if value in MAKERS:
                found[value].add(module.name)
    return found


def _sources() -> dict[str, Module]:
    modules: dict[str, Module] = {}
    for path in sorted((ROOT / "adapter").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        modules[name] = Module(name, path.read_text(encoding="utf-8"), is_package=is_package)
    return modules


@pytest.mark.parametrize("value", MAKERS)
def test_a_checked_value_is_made_only_by_its_makers(value: str) -> None:
    assert makers_in(_sources()).get(value, set()) == MAKERS[value]


_VALUE = "class Rendition:\n    pass\n"
_HOME = "adapter.domain.document"


@pytest.mark.parametrize(
    "source",
    [
        "from adapter.domain.document import Rendition\nRendition()",
        "from adapter.domain.document import Rendition as Page\nPage()",
        "from adapter.domain import document\ndocument.Rendition()",
        "import adapter.domain.document\nadapter.domain.document.Rendition()",
        "import adapter.domain.document as d\nd.Rendition()",
        "from adapter.somewhere import Rendition\nRendition()",
        "from .domain.document import Rendition\nRendition()",
        "from adapter.domain.document import Rendition\nPage = Rendition\nPage()",
        "def late():\n    from adapter.domain.document import Rendition\n    return Rendition()",
    ],
)
def test_the_search_finds_a_constructor_under_any_name(source: str) -> None:
    modules = {
        _HOME: Module(_HOME, _VALUE),
        "adapter.somewhere": Module("adapter.somewhere", "from adapter.domain.document import Rendition"),
        "adapter.thief": Module("adapter.thief", source),
    }
    assert makers_in(modules) == {f"{_HOME}.Rendition": {"adapter.thief"}}


def test_a_class_of_the_same_name_is_not_taken_for_the_value() -> None:
    modules = {
        _HOME: Module(_HOME, _VALUE),
        "adapter.domain.report": Module("adapter.domain.report", _VALUE),
        "adapter.other": Module("adapter.other", "from adapter.domain.report import Rendition\nRendition()"),
    }
    assert makers_in(modules) == {}
