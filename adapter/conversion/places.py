"""One place, two names: a FieldPath in the Report and a readable XPath in the XML; each is made from the other.

The XPath is for reading: local names, positions from 1, `/@name` for an attribute. With a Report at hand a position is
written only among several, as schemas.Violation writes it: a broken schema and a broken rule name the same place.
"""

from __future__ import annotations

import re
from typing import Any, Final

from adapter.conversion.blocks import TEXT, Block, Branch, Row, block_of
from adapter.conversion.roots import XML_LANGUAGE, root_of
from adapter.domain.report import FieldPath, Report

_STEP: Final = re.compile(r"(?P<name>@?[^\[\]/]+)(?:\[(?P<position>[1-9][0-9]{0,8})\])?")


def xpath_of(report: Report | type[Report], path: FieldPath) -> str:
    """The XPath of a field. Of a type alone: every position is written, and of two types of a field the fitting one
    is guessed from the next step.

    A path that leaves the mapping gives the deepest place that exists.
    """
    value: Any = None if isinstance(report, type) else report
    root = root_of(report)
    block: Block | None = block_of(root.cls)
    steps = [root.name]
    for index, step in enumerate(path):
        if isinstance(step, int):
            continue
        row = block.row(step) if block else None
        if row is None:
            break
        member = getattr(value, step, None)
        position = next(iter(path[index + 1 :]), None)
        branch, value = _chosen(row, member, position, path[index + 1 :])
        if row.attribute:
            steps += [] if row.attribute == TEXT else [f"@{row.attribute.rpartition('}')[2]}"]
            break
        if row.wrapper:
            steps.append(row.wrapper[0])
        steps.append(branch.name + _position(row, member, position))
        block = block_of(branch.cls) if branch.cls else None
    return "/" + "/".join(steps)


def path_of(report: Report | type[Report], xpath: str) -> FieldPath | None:
    """The field that an XPath names, or the deepest on the way that the mapping knows; None for another root."""
    root = root_of(report)
    first, *rest = xpath.strip("/").split("/")
    if first.partition("[")[0] != root.name:
        return None
    path: list[str | int] = []
    block: Block | None = block_of(root.cls)
    waiting: Row | None = None  # a row whose wrapper was met; the next step is one of its branches
    for text in rest:
        found = _STEP.fullmatch(text)
        if found is None or block is None:
            break
        name = found["name"]
        row, branch = _entered(waiting, name) if waiting else _matched(block, name)
        if row is None:
            break
        if waiting is None:
            path.append(row.field)
        waiting = row if branch is None and row.wrapper else None
        if branch is None:
            if waiting is None:
                break
            continue
        if row.repeats:
            path.append(int(found["position"] or 1) - 1)
        block = block_of(branch.cls) if branch.cls else None
    return tuple(path)


def _chosen(row: Row, member: Any, position: str | int | None, rest: FieldPath) -> tuple[Branch, Any]:
    if row.repeats and isinstance(position, int):
        item = member[position] if isinstance(member, tuple) and position < len(member) else None
        following = next(iter(rest[1:]), None)
    else:
        item = None if row.repeats else member
        following = position
    if item is not None:
        return row.branch_for(item), item
    fitting = (b for b in row.branches if b.cls and isinstance(following, str) and block_of(b.cls).row(following))
    return next(fitting, row.branches[0]), None


def _position(row: Row, member: Any, position: str | int | None) -> str:
    if not row.repeats or not isinstance(position, int):
        return ""
    alone = isinstance(member, tuple) and len(member) == 1 and position == 0
    return "" if alone else f"[{position + 1}]"


def _matched(block: Block, name: str) -> tuple[Row | None, Branch | None]:
    for row in block.rows:
        if row.attribute:
            if name == f"@{'lang' if row.attribute == XML_LANGUAGE else row.attribute}":
                return row, None
            continue
        if row.wrapper:
            if name == row.wrapper[0]:
                return row, None
            continue
        branch = next((branch for branch in row.branches if branch.name == name), None)
        if branch:
            return row, branch
    return None, None


def _entered(row: Row, name: str) -> tuple[Row | None, Branch | None]:
    branch = next((branch for branch in row.branches if branch.name == name), None)
    return (row, branch) if branch else (None, None)
