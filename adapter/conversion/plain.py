"""Report -> plain maps, lists and texts: the form in which people write reports (YAML, JSON), without loss.

A key is the field's name in lowerCamelCase. What equals its default is left out. Shorter forms, each unambiguous:
a text in languages is {kk: ..., ru: ...}; a party is KZ or io:EU; a partial date is 2026, 2026-11 or 2026-11-10; of two
types a field may have, the key of the element tells which (treaty or treatyRef; issuer: {body: ...} or {name: ...}).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapter.conversion.blocks import Branch, Row, block_of
from adapter.conversion.roots import root_of
from adapter.domain.reference import (
    COUNTRY_SCHEME,
    ORGANIZATION_SCHEME,
    Lexical,
    Multilingual,
    PartyRef,
)
from adapter.domain.report import Report


def to_plain(report: Report) -> dict[str, Any]:
    """One outermost key, which names the document; values are str, bool, int, list and dict only."""
    return {root_of(report).key: _value(report)}


def _value(value: Any) -> Any:
    if isinstance(value, PartyRef) and value.scheme in {COUNTRY_SCHEME, ORGANIZATION_SCHEME} and ":" not in value.code:
        return value.code if value.scheme == COUNTRY_SCHEME else f"{value.scheme}:{value.code}"
    if isinstance(value, Multilingual):
        return {item.language: item.text for item in value.texts}
    plain: dict[str, Any] = {}
    for row in block_of(type(value)).rows:
        found = getattr(value, row.field)
        if found is None or (row.optional and found == row.default):
            continue
        key, written = _member(row, found)
        plain[key] = written
    return plain


def _member(row: Row, found: Any) -> tuple[str, Any]:
    if row.repeats:
        return row.key, [_item(row.branch_for(item), item) for item in found]
    branch = row.branch_for(found)
    written = _item(branch, found)
    if len(row.branches) == 1:
        return row.key, written
    if row.wrapper is None:
        return branch.name[:1].lower() + branch.name[1:], written
    if branch.spelling:
        return row.key, {"decimal": written} if isinstance(found, Decimal) else {"text": written}
    return row.key, {branch.name[:1].lower() + branch.name[1:]: written}


def _item(branch: Branch, found: Any) -> Any:
    if branch.cls:
        return _value(found)
    assert branch.spelling is not None
    if isinstance(found, bool):
        return found
    if isinstance(found, int) and branch.spelling.lexical is not Lexical.YEAR:
        return found
    if branch.spelling.lexical is Lexical.YEAR and found >= 1000:  # noqa: PLR2004 - a shorter one needs its zeros
        return int(found)
    return branch.spelling.write(found)


def parts_to_plain(cls: type, **parts: Any) -> dict[str, Any]:
    """Some fields of a value of `cls` as plain values: what the program has computed of a report that a person completes."""
    rows = {row.field: row for row in block_of(cls).rows}
    plain: dict[str, Any] = {}
    for name, found in parts.items():
        row = rows[name]
        if found is None or (row.optional and found == row.default):
            continue
        key, written = _member(row, found)
        plain[key] = written
    return plain
