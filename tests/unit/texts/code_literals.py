"""Codes as they stand in the source: what is passed to errors and findings, and every literal that looks like one of them.

    python -m tests.unit.texts.code_literals      lists the codes that have no sentence yet

A code is `area.what-happened`. Areas are learnt from the calls that carry codes, so a table of codes is found as well
as a call; a literal that only looks like a code is entered in NOT_CODES with its reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("adapter", "signing", "schemas")

CARRIERS = {
    "Final",
    "FinalError",
    "Retryable",
    "OutcomeUnknown",
    "Conflict",
    "DocumentRefused",
    "ElshiError",
    "Finding",
    "Judgement",
    "XmlRefused",
    "SigningError",
    "SchemaCatalogError",
    "Violation",
    "Check",
    "refusal",
    "cannot_tell",
    "phrase",
}
"""Calls whose first argument, or argument `code`, `id` or `missing`, is a code."""

_FILLED_ELSEWHERE = {
    "phrase",
    "refusal",
    "cannot_tell",
    "Check",
    "DocumentRefused",
    "SettingsRefused",
    "Judgement",
    "Violation",
}
"""Carriers that fill their sentence with more than the call shows."""

NOT_CODES = {
    "http.response.start": "word of ASGI",
    "http.response.body": "word of ASGI",
    "elshi.sandbox": "name of a logger",
    "file.expired": "event of the sandbox",
    "server.port": "key of the settings",
    "trust.anchors": "key of the settings",
}
_FILE_ENDINGS = (".asice", ".json", ".p7s", ".pdf", ".pem", ".toml", ".xml", ".xsd")
"""Literals that end so are names of files."""

_EVENT_CALLS = {"_note", "_noted", "note"}
_EVENT_ARGUMENT = "action"
"""Names of events of the sandbox and of the audit chain look like codes; they are data for machines, never a sentence."""

_CODE = re.compile(r"(?:[a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+", re.ASCII)
_RULE = re.compile(r"BR-[0-9]{2}[a-z]?", re.ASCII)


def code_literals() -> dict[str, str]:
    """Every code in the source, and where it stands (file:line, the first of them)."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _modules()}
    carried = {
        code: f"{path.relative_to(ROOT)}:{line}" for path, tree in trees.items() for code, line in _carried(tree)
    }
    areas = {code.split(".", 1)[0] for code in carried if "." in code}
    events = {text for tree in trees.values() for text in _events(tree)}
    found = dict(carried)
    for path, tree in trees.items():
        for text, line in _literals(tree):
            if _CODE.fullmatch(text) and text.split(".", 1)[0] in areas and not _is_excepted(text, events):
                found.setdefault(text, f"{path.relative_to(ROOT)}:{line}")
    return found


def missing_codes() -> dict[str, str]:
    """Codes of the source without a sentence, and where they stand."""
    from adapter import texts

    return {code: place for code, place in sorted(code_literals().items()) if code not in texts.codes()}


def unfilled_literals() -> dict[str, str]:
    """Calls that carry a code and write their parameters out, and leave a placeholder of its sentence unfilled."""
    from adapter import texts

    found: dict[str, str] = {}
    for path in _modules():
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or _name(call.func) not in CARRIERS - _FILLED_ELSEWHERE:
                continue
            keywords = {each.arg: each.value for each in call.keywords}
            first = keywords.get("code", call.args[0] if call.args else None)
            tables = [each for each in (*call.args, keywords.get("params")) if each is not None and each is not first]
            if not isinstance(first, ast.Constant) or any(not _is_written_out(each) for each in tables):
                continue
            keys = [key for table in tables if isinstance(table, ast.Dict) for key in table.keys]
            given = {str(key.value) for key in keys if isinstance(key, ast.Constant)} | {str(name) for name in keywords}
            lacking = texts.unfilled(str(first.value), dict.fromkeys(given))
            if lacking and str(first.value) in texts.codes():
                found[f"{path.relative_to(ROOT)}:{call.lineno}"] = f"{first.value}: {', '.join(lacking)}"
    return found


def _is_written_out(node: ast.expr) -> bool:
    """A dict with its keys in sight, or a plain value that is no dict at all; anything else may hold any key."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Dict) and None not in node.keys)


def _modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def _carried(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in CARRIERS:
            named = [each.value for each in node.keywords if each.arg in {"code", "id", "missing"}]
            for argument in (*node.args[:1], *named):
                yield from ((text, line) for text, line in _literals(argument) if _is_code(text))
        elif isinstance(node, ast.Assign) and any(_name(target) == "code" for target in node.targets):
            yield from ((text, line) for text, line in _literals(node.value) if _is_code(text))


def _events(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = [each.value for each in node.keywords if each.arg == _EVENT_ARGUMENT]
            for argument in (*(node.args if _name(node.func) in _EVENT_CALLS else ()), *named):
                yield from (each for each, _ in _literals(argument))


def _is_excepted(text: str, events: set[str]) -> bool:
    return text in NOT_CODES or text in events or text.endswith(_FILE_ENDINGS)


def _literals(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno


def _is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None or _RULE.fullmatch(text) is not None


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


if __name__ == "__main__":
    for missing, place in missing_codes().items():
        print(f"{missing:45} {place}")
