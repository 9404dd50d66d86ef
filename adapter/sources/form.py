"""Nodes -> Report: the source form checked against the types, with every fault at once, each with its line and place.

What the rules can say better is left to them: a language not yet written is an empty text (BR-01a), a source of p.6 not
answered is None (BR-10a). Patterns are the schema's. An access marking that is not in the list is BR-18, and then
nothing else is said.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Final, cast

import schemas
from adapter import texts
from adapter.conversion.blocks import Block, Branch, Row, block_of
from adapter.conversion.places import xpath_of
from adapter.conversion.roots import ROOTS, Root
from adapter.conversion.spelling import Spelling, collapse
from adapter.domain.codes import AccessMarking
from adapter.domain.reference import (
    COUNTRY_SCHEME,
    ORGANIZATION_SCHEME,
    Bilingual,
    LanguageText,
    Multilingual,
    OrgRef,
    PartyRef,
)
from adapter.domain.report import FieldPath, Report
from adapter.errors import Finding, Place, Severity
from adapter.sources.completion import SourceContext, complete, named
from adapter.sources.nodes import Entries, Entry, Items, Node, Scalar

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)
_NOT: Final = {
    "number": "source.not-a-number",
    "decimal": "source.not-a-number",
    "year": "source.not-a-year",
    "date": "source.not-a-date",
    "date-time": "source.not-a-moment",
    "partial-date": "source.not-a-partial-date",
    "boolean": "source.not-yes-or-no",
    "flag": "source.not-yes-or-no",
    "base64": "source.not-base64",
}
_SHOWN: Final = 80


class _Absent(Enum):
    """No value, and why: BAD has its finding, MISSING has not."""

    BAD = 1
    MISSING = 2


_BAD: Final = _Absent.BAD
_MISSING: Final = _Absent.MISSING


@dataclass(frozen=True, kw_only=True, slots=True)
class _Spot:
    """Where we are: path in the Report, row of the field and the line."""

    path: FieldPath
    row: Row | None
    line: int

    def at(self, line: int) -> _Spot:
        return _Spot(path=self.path, row=self.row, line=line)


class Form:
    """Reads one document. After `read`: `findings` in the order met, `places` with the line of every field."""

    def __init__(self, context: SourceContext) -> None:
        self.context = context
        self.findings: list[Finding] = []
        self.places: dict[FieldPath, int] = {}
        self.root: Root = ROOTS[0]

    def read(self, node: Node) -> Report | None:
        """The report, None when something in the form is wrong."""
        known = {root.key: root for root in ROOTS}
        top = _Spot(path=(), row=None, line=node.line)
        if not isinstance(node, Entries) or len(node.entries) != 1 or node.entries[0].key not in known:
            self.findings.append(
                Finding(
                    code="source.unknown-document",
                    severity=Severity.ERROR,
                    params={"known": ", ".join(known)},
                    place=Place(line=node.line),
                )
            )
            return None
        if _is_marked_above(node):
            self.findings.append(Finding(code="BR-18", severity=Severity.STOP))
            return None
        entry = node.entries[0]
        self.root = known[entry.key]
        self.places[()] = entry.line
        if not isinstance(entry.value, Entries):
            self._say("source.not-a-map", top.at(entry.line))
            return None
        document, findings = complete(entry.value, self.root, self.context)
        self.findings += findings
        report = self._block(block_of(self.root.cls), document, top.at(entry.line))
        return None if isinstance(report, _Absent) else cast("Report", report)

    # --- maps ---------------------------------------------------------------------------------------------------------

    def _block(self, block: Block, node: Node, spot: _Spot) -> Any:
        if block.cls is Multilingual:
            return self._languages(node, spot)
        node = self._expanded(block, node)
        if not isinstance(node, Entries):
            bare = block.cls is Bilingual and isinstance(node, Scalar)
            return self._say("source.not-bilingual" if bare else "source.not-a-map", spot.at(node.line))
        rows = {row.field: self._entry_of(row, node) for row in block.rows}
        self._unknown_keys(block, node, spot)
        values: dict[str, Any] = {}
        for row in block.rows:
            found = rows[row.field]
            here = _Spot(path=(*spot.path, row.field), row=row, line=found.line if found else spot.line)
            if found:
                self.places[here.path] = found.line
            values[row.field] = self._field(block, row, found, here)
        if any(value is _BAD for value in values.values()):
            return _BAD
        given = {name: value for name, value in values.items() if value is not _MISSING}
        try:
            return block.cls(**given)
        except ValueError as error:
            return self._say("source.refused-value", spot, reason=str(error))

    def _expanded(self, block: Block, node: Node) -> Node:
        """The short forms of references: KZ-MOF, KZ, io:EU."""
        text = node.text if isinstance(node, Scalar) else None
        if block.cls is OrgRef and text:
            node = _map(node.line, code=text)
        if block.cls is OrgRef and isinstance(node, Entries):
            return named(node)
        if block.cls is PartyRef and text:
            scheme, colon, code = text.partition(":")
            known = colon and scheme == ORGANIZATION_SCHEME
            return _map(
                node.line, scheme=ORGANIZATION_SCHEME if known else COUNTRY_SCHEME, code=code if known else text
            )
        return node

    def _languages(self, node: Node, spot: _Spot) -> Any:
        if not isinstance(node, Entries) or not node.entries:
            return self._say("source.not-multilingual", spot.at(node.line))
        found: list[LanguageText] = []
        spelling = _spelling_of_texts()
        for index, entry in enumerate(node.entries):
            here = _Spot(path=(*spot.path, "texts", index, "text"), row=spot.row, line=entry.line)
            self.places[here.path] = entry.line
            text = self._plain(spelling, entry.value, here)
            if not isinstance(text, _Absent):
                found.append(LanguageText(language=entry.key, text=text))
        return Multilingual(texts=tuple(found)) if len(found) == len(node.entries) else _BAD

    def _unknown_keys(self, block: Block, node: Entries, spot: _Spot) -> None:
        known = [key for row in block.rows for key in _keys(row)]
        for entry in node.entries:
            if entry.key in known:
                continue
            near = difflib.get_close_matches(entry.key.lower(), [key.lower() for key in known], n=1)
            meant = next((key for key in known if near and key.lower() == near[0]), "")
            code = "source.unknown-key-meant" if meant else "source.unknown-key"
            preferred = list(dict.fromkeys(key for row in block.rows for key in _keys(row)[: len(row.branches)]))
            self._say(code, spot.at(entry.line), key=entry.key[:_SHOWN], meant=meant, known=", ".join(preferred))

    def _entry_of(self, row: Row, node: Entries) -> Entry | None:
        found = [entry for entry in node.entries if entry.key in _keys(row)]
        for extra in found[1:]:
            self.findings.append(
                Finding(
                    code="source.duplicate-key",
                    severity=Severity.ERROR,
                    params={"key": extra.key, "first": found[0].line},
                    place=Place(line=extra.line),
                )
            )
        entry = found[0] if found else None
        return None if entry and isinstance(entry.value, Scalar) and entry.value.text is None else entry

    # --- fields -------------------------------------------------------------------------------------------------------

    def _field(self, block: Block, row: Row, entry: Entry | None, spot: _Spot) -> Any:
        if entry is None:
            if row.optional:
                return _MISSING
            if block.cls is Bilingual:
                return ""
            return self._say("source.missing-field", spot)
        if not row.repeats:
            return self._one(row, entry, spot)
        node = entry.value
        single = isinstance(node, Scalar) and row.branches[0].spelling is not None
        items = (node,) if single else node.items if isinstance(node, Items) else None
        if items is None:
            return self._say("source.not-a-list", spot)
        values = [self._item(row, item, index, spot) for index, item in enumerate(items)]
        return _BAD if any(isinstance(value, _Absent) for value in values) else tuple(values)

    def _item(self, row: Row, node: Node, index: int, spot: _Spot) -> Any:
        here = _Spot(path=(*spot.path, index), row=row, line=node.line)
        self.places[here.path] = node.line
        return self._branch(row.branches[0], node, here)

    def _one(self, row: Row, entry: Entry, spot: _Spot) -> Any:
        if len(row.branches) == 1:
            return self._branch(row.branches[0], entry.value, spot)
        if row.wrapper is None:
            branch = next(branch for branch in row.branches if _lower(branch.name) == entry.key)
            return self._branch(branch, entry.value, spot)
        return self._alternative(row, entry.value, spot)

    def _alternative(self, row: Row, node: Node, spot: _Spot) -> Any:
        """issuer: {body: ...} or {name: ...}; a bare word is the first type that it can be."""
        if isinstance(node, Scalar):
            first, last = row.branches[0], row.branches[-1]
            is_number = bool(node.text and not node.quoted and _DECIMAL.fullmatch(node.text))
            numeric = first.spelling is not None and first.spelling.cls is Decimal
            return self._branch(last if numeric and not is_number else first, node, spot)
        names = {_lower(branch.name): branch for branch in row.branches}
        if isinstance(node, Entries) and len(node.entries) == 1 and node.entries[0].key in names:
            return self._branch(names[node.entries[0].key], node.entries[0].value, spot)
        return self._say("source.one-of", spot, known=", ".join(names))

    def _branch(self, branch: Branch, node: Node, spot: _Spot) -> Any:
        if branch.cls:
            return self._block(block_of(branch.cls), node, spot)
        assert branch.spelling is not None
        return self._plain(branch.spelling, node, spot.at(node.line))

    def _plain(self, spelling: Spelling, node: Node, spot: _Spot) -> Any:
        if not isinstance(node, Scalar) or node.text is None:
            return self._say("source.not-a-text", spot)
        if _FORBIDDEN.search(node.text):
            return self._say("source.forbidden-character", spot)
        text = self._normalised(node.text, spot)
        if spelling.kind == "code" and spelling.cls is not str:
            return self._closed(spelling, text, spot)
        if spelling.kind == "date-time":
            text = re.sub(r"(?<=[0-9]) +(?=[0-9])", "T", text, count=1)
        try:
            value = spelling.read(text)
        except ValueError:
            return self._say(_NOT[spelling.kind], spot, value=collapse(text)[:_SHOWN])
        self._open_code(value, spot)
        return value

    def _normalised(self, text: str, spot: _Spot) -> str:
        # Content model, section 8: typed text is brought to NFC before anything is hashed, and never after signing.
        composed = unicodedata.normalize("NFC", text)
        if composed != text:
            self._say("source.normalised", spot, severity=Severity.INFO)
        return composed

    def _closed(self, spelling: Spelling, text: str, spot: _Spot) -> Any:
        try:
            return spelling.read(text)
        except ValueError:
            allowed = ", ".join(str(code) for code in spelling.cls)
            return self._say("source.unknown-code", spot, value=collapse(text)[:_SHOWN], allowed=allowed)

    def _open_code(self, value: object, spot: _Spot) -> None:
        """A value that the open list does not have is a warning: the list may be older than the document."""
        listed = spot.row.codes if spot.row and spot.path[-1:] == (spot.row.field,) else None
        if listed is None and spot.row and len(spot.path) > 1 and isinstance(spot.path[-1], int):
            listed = spot.row.codes
        if listed is None or not isinstance(value, str) or listed not in schemas.code_list_ids():
            return
        values = [item.code for item in schemas.code_list(listed).values]
        if value not in values:
            near = difflib.get_close_matches(value, values, n=3)
            self._say(
                "source.not-in-list", spot, severity=Severity.WARNING, value=value[:_SHOWN], near=", ".join(near) or "-"
            )

    def _say(self, code: str, spot: _Spot, *, severity: Severity = Severity.ERROR, **params: object) -> _Absent:
        row = spot.row
        name: object = texts.label_in_all(row.field_id) if row and row.field_id else (row.key if row else self.root.key)
        self.findings.append(
            Finding(
                code=code,
                severity=severity,
                params={"field": name, "key": row.key if row else self.root.key, **params},
                place=Place(line=spot.line, xpath=xpath_of(self.root.cls, spot.path)),
            )
        )
        return _BAD


def _is_marked_above(node: Node) -> bool:
    """BR-18: somewhere a marking that is not in the list, also where it is misplaced. Looked for before anything else."""
    if isinstance(node, Items):
        return any(_is_marked_above(item) for item in node.items)
    if not isinstance(node, Entries):
        return False
    known = {str(code) for code in AccessMarking}
    return any(
        _is_marked_above(entry.value)
        or (
            entry.key.lower() == "accessmarking"
            and isinstance(entry.value, Scalar)
            and entry.value.text is not None
            and collapse(entry.value.text) not in known
        )
        for entry in node.entries
    )


def _keys(row: Row) -> tuple[str, ...]:
    """The keys under which a field may stand: its own, and of a repeating one the element's name as well."""
    if len(row.branches) > 1 and row.wrapper is None:
        return tuple(_lower(branch.name) for branch in row.branches)
    return tuple(dict.fromkeys((row.key, row.element_key))) if row.repeats else (row.key,)


def _spelling_of_texts() -> Spelling:
    row = block_of(LanguageText).text
    assert row is not None
    assert row.branches[0].spelling is not None
    return row.branches[0].spelling


def _map(line: int, **members: str) -> Entries:
    entries = (
        Entry(key=key, line=line, value=Scalar(line=line, text=text, quoted=True)) for key, text in members.items()
    )
    return Entries(line=line, entries=tuple(entries))


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
