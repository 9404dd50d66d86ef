"""The table of adapter.conversion.mapping joined with the types of adapter.domain: what build and read walk along.

The keys of the source form (YAML, JSON) are made here too: a field's name in lowerCamelCase, which is the element's
name and, where it repeats, its plural.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from adapter.conversion.mapping import TABLE
from adapter.conversion.roots import XML_LANGUAGE, tag_of
from adapter.conversion.spelling import Spelling, spelling_of

TEXT: Final = "text()"


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """One type that a row's value may have, with the element it becomes: either a block of its own or a spelling."""

    name: str  # local name; "" for an attribute or the text itself
    tag: str  # {namespace}name
    cls: type[Any] | None  # a dataclass of the table
    spelling: Spelling | None  # how a plain value is written
    language: str | None = None  # fixed xml:lang of Kk and Ru


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One field of a block.

    attribute  its name as the tree knows it, "" for an element; TEXT means the text of the block's own element
    wrapper    local name and tag of the element around the branches, None when there is none
    key        name in the source form; `element_key` is the same without the plural
    """

    field: str
    attribute: str
    wrapper: tuple[str, str] | None
    branches: tuple[Branch, ...]
    repeats: bool
    optional: bool
    default: Any
    key: str
    element_key: str
    field_id: str | None
    codes: str | None

    def branch_for(self, value: object) -> Branch:
        """The branch of this value's type."""
        for branch in self.branches:
            if (branch.cls and isinstance(value, branch.cls)) or (branch.spelling and branch.spelling.fits(value)):
                return branch
        return self.branches[-1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A dataclass and its rows; `attributes`, `text` and `elements` part them by where the value stands."""

    cls: type[Any]
    rows: tuple[Row, ...]
    attributes: tuple[Row, ...]
    text: Row | None
    elements: tuple[Row, ...]

    def row(self, field: str) -> Row | None:
        """The row of this field, None when there is none."""
        return next((row for row in self.rows if row.field == field), None)


def block_of(cls: type[Any]) -> Block:
    """The block of a dataclass of the table; KeyError when the table has none, which a test rules out."""
    return _BLOCKS[cls]


def blocks() -> Mapping[type[Any], Block]:
    """Every block of the table."""
    return _BLOCKS


def _block(cls: type[Any], module: str, rows: str) -> Block:
    hints = typing.get_type_hints(cls, include_extras=True)
    members = {member.name: member for member in dataclasses.fields(cls)}
    parsed = (text.strip().split(" ", 1) for text in rows.split(","))
    table = tuple(_row(module, members[field], hints[field], place) for field, place in parsed)
    return Block(
        cls=cls,
        rows=table,
        attributes=tuple(row for row in table if row.attribute not in {"", TEXT}),
        text=next((row for row in table if row.attribute == TEXT), None),
        elements=tuple(row for row in table if not row.attribute),
    )


def _row(module: str, member: dataclasses.Field[Any], hint: Any, place: str) -> Row:
    kinds, repeats, optional = _kinds_of(hint)
    required = member.default is dataclasses.MISSING
    attribute, wrapper, names = "", None, [""]
    if place.startswith("@") or place == TEXT:
        attribute = {"@xml:lang": XML_LANGUAGE}.get(place, place.removeprefix("@"))
    else:
        outer, _, inner = place.rpartition("/")
        names = inner.split("|")
        wrapper = (outer, tag_of(module, outer)) if outer else None
    branches = tuple(_branch(module, name, kind) for name, kind in zip(names, kinds, strict=True))
    return Row(
        field=member.name,
        attribute=attribute,
        wrapper=wrapper,
        branches=branches,
        repeats=repeats,
        optional=optional or not required,
        default=None if required else member.default,
        key=key_of(member.name),
        element_key=_lower((wrapper[0] if wrapper else names[0]) or attribute or member.name),
        field_id=member.metadata.get("id"),
        codes=member.metadata.get("codes"),
    )


def _branch(module: str, name: str, kind: Any) -> Branch:
    known = kind if isinstance(kind, type) and kind in TABLE else None
    return Branch(
        name=name,
        tag=tag_of(module, name) if name else "",
        cls=known,
        spelling=None if known else spelling_of(kind),
        language={"Kk": "kk", "Ru": "ru"}.get(name) if module == "core" else None,
    )


def _kinds_of(hint: Any) -> tuple[list[Any], bool, bool]:
    """(types a value may have, does the field repeat, may it be None)."""
    origin = typing.get_origin(hint)
    if origin is tuple:
        kinds, _, _ = _kinds_of(typing.get_args(hint)[0])
        return kinds, True, False
    if origin in {typing.Union, types.UnionType}:
        parts = typing.get_args(hint)
        return [part for part in parts if part is not types.NoneType], False, types.NoneType in parts
    return [hint], False, False


def key_of(field: str) -> str:
    """The key of a field in the source form: from_ -> from, treaty_records -> treatyRecords."""
    first, *rest = field.rstrip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


_BLOCKS: Final[Mapping[type[Any], Block]] = MappingProxyType(
    {cls: _block(cls, module, rows) for cls, (module, rows) in TABLE.items()}
)
