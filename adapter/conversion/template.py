"""An empty report form in YAML: every field of the content model with its label, how often it stands, and its codes.

    ## Есепті жыл [1] HDR-08 — 2026              explanation: label, how often, id, codes or an example
    reportingYear:                               to be filled in
    #    dueDate:                                may be left out; delete the first sign of the line to use it

    Sources of p.6 are all shown: BR-10a demands an answer to each.

The form comes from the same table as the XML, so no field can be forgotten.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import schemas
from adapter import texts
from adapter.conversion.blocks import Block, Branch, Row, block_of
from adapter.conversion.roots import PUBLISHED_TREATY, ROOTS, Root
from adapter.domain import codes
from adapter.domain.analysis_basis import AnalysisBasis
from adapter.domain.document import DocumentType
from adapter.domain.header import Attachment, Header
from adapter.domain.record import TreatyRecord
from adapter.domain.reference import Bilingual, Multilingual, OrgRef, PartyRef
from adapter.domain.report import InForceSection, PendingSection, PublishedResults, SummaryInformation
from adapter.domain.treaty import Treaty
from adapter.texts import Language

_WIDTH: Final = 110
_MOST_CODES: Final = 30  # a longer list is named, not copied
_INDENT: Final = "  "
_FILLED_IN: Final = frozenset(  # left out, they are filled in when the form is read
    {
        (Header, name)
        for name in ("document_id", "case_id", "action", "document_type", "ruleset", "due_date", "recipient")
    }
    | {(Attachment, "size_bytes"), (Attachment, "digest")}
)
_OPEN: Final = frozenset(  # optional by type, but what the form is for
    {
        (InForceSection, "treaty_records"),
        (PendingSection, "pending_records"),
        (TreatyRecord, "no_issues"),
        (SummaryInformation, "foreign_policy_assessment"),
        (PublishedResults, "treaty_entries"),
    }
)
_SAMPLES: Final = {
    "date": "2026-11-10",
    "date-time": "2026-11-10T09:00:00+05:00",
    "partial-date": "2026 | 2026-11 | 2026-11-10",
    "year": "2026",
    "flag": "true",
    "boolean": "true | false",
    "number": "0",
    "decimal": "61.5",
    "base64": "base64",
    "uuid": "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    "uri": "https://… | urn:…",
    "language": "kk | ru | en …",
    "country": "KZ",
    "bin": "000000000000",
    "adilet": "Z1300000117",
    "media-type": "application/pdf",
    "file-name": "recommendation.pdf",
}


def template(document_type: DocumentType, language: Language) -> str:
    """The form. It is YAML as it stands: read back, it has findings about empty fields and no others."""
    root = next(root for root in ROOTS if root.document_type is document_type)
    label = texts.label(_root_id(root), language)
    opening = [label, *str(texts.render("template.how", {"document": root.key}, language)).split("\n")]
    lines = [line for part in opening for line in _explained(part, "")]
    lines.append(f"{root.key}:")
    lines += _Writer(root, language).block(block_of(root.cls), _INDENT)
    return "\n".join(lines) + "\n"


class _Writer:
    """Writes blocks of one document in one language."""

    def __init__(self, root: Root, language: Language) -> None:
        self.root = root
        self.language = language

    def block(self, block: Block, indent: str) -> Iterator[str]:
        """All rows of a block, those that may be left out behind a `#`."""
        for row in block.rows:
            if self._is_foreign(block, row):
                continue
            lines = self._row(block, row, indent)
            yield from _set_aside(lines) if self._may_be_left_out(block, row) else lines

    def _may_be_left_out(self, block: Block, row: Row) -> bool:
        if (block.cls, row.field) in _FILLED_IN:
            return True
        return row.optional and not self._is_demanded(block, row)

    def _is_demanded(self, block: Block, row: Row) -> bool:
        in_header = block.cls is Header and row.field in self.root.demands
        return in_header or block.cls is AnalysisBasis or (block.cls, row.field) in _OPEN

    def _is_foreign(self, block: Block, row: Row) -> bool:
        return self.root.cls is PublishedResults and block.cls is Treaty and row.field not in PUBLISHED_TREATY

    def _row(self, block: Block, row: Row, indent: str) -> Iterator[str]:
        yield from _explained(self._label(block, row), indent)
        first, *others = row.branches
        key = row.key if row.wrapper or not others else _lower(first.name)
        inner = indent + _INDENT
        if others and row.wrapper and first.cls:
            yield f"{indent}{key}:"
            yield from self._branch(row, first, _lower(first.name), inner)
            for other in others:
                yield from _set_aside(self._branch(row, other, _lower(other.name), inner))
            return
        yield from self._branch(row, first, key, indent)
        if row.wrapper is None:
            for other in others:
                yield from _set_aside(self._branch(row, other, _lower(other.name), indent))

    def _branch(self, row: Row, branch: Branch, key: str, indent: str) -> Iterator[str]:
        if branch.cls is None or branch.cls is PartyRef:
            yield f"{indent}{key}: []" if row.repeats else f"{indent}{key}:"
            return
        yield f"{indent}{key}:"
        inner = indent + _INDENT
        if row.repeats:
            yield f"{inner}-"  # a dash of its own: any line below may be taken out or put in
            inner += _INDENT
        if branch.cls in {Bilingual, Multilingual}:
            yield f'{inner}kk: ""'
            yield f'{inner}ru: ""'
        elif branch.cls is OrgRef:
            yield f"{inner}code:"
            yield f'#{inner}name: {{kk: "", ru: ""}}'
            yield f"#{inner}bin:"
        else:
            yield from self.block(block_of(branch.cls), inner)

    def _label(self, block: Block, row: Row) -> str:
        name = texts.label(row.field_id, self.language) if row.field_id else ""
        demanded = not row.optional or self._is_demanded(block, row)
        times = f"{int(demanded)}..*" if row.repeats else ("1" if demanded else "0..1")
        hint = self._hint(row, row.branches[0])
        parts = (name, f"[{times}]", row.field_id or "", f"— {hint}" if hint else "")
        return " ".join(part for part in parts if part) if name or hint else ""

    def _hint(self, row: Row, branch: Branch) -> str:
        if branch.cls is PartyRef:
            return "KZ; io:EU"
        if branch.spelling is None:
            return ""
        listed = row.codes or codes.CLOSED_LISTS.get(branch.spelling.cls)
        kind = branch.spelling.lexical.value if branch.spelling.lexical else branch.spelling.kind
        return self._codes(listed, branch) if listed else _SAMPLES.get(kind, "")

    def _codes(self, listed: str, branch: Branch) -> str:
        known = schemas.code_list(listed).values if listed in schemas.code_list_ids() else ()
        values = [value.code for value in known]
        if not values and branch.spelling and issubclass(branch.spelling.cls, StrEnum):
            values = [str(code) for code in branch.spelling.cls]
        if not values or len(values) > _MOST_CODES:
            return f"({listed})"
        return "; ".join(self._code(listed, value) for value in values)

    def _code(self, listed: str, value: str) -> str:
        label = texts.label_of_code(listed, value, self.language)
        return value if label == value else f"{value} = {label}"


def _set_aside(lines: Iterator[str]) -> Iterator[str]:
    return (line if line.startswith("#") else f"#{line}" for line in lines)


def _explained(text: str, indent: str) -> list[str]:
    """Explanations begin with two signs, lines to be used with one."""
    return [
        f"{indent}## {line}"
        for line in textwrap.wrap(text, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    ]


def _root_id(root: Root) -> str:
    return f"ROOT-{ROOTS.index(root) + 1:02}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
