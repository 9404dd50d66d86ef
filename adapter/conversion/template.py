"""An empty report form in YAML: every field of the content model with its label, how often it stands, and its codes.

    ## Есепті жыл [1] HDR-08                     explanation: label, cardinality, id
    reportingYear:                               to be filled in
    #    dueDate:                                may be left out; delete the first sign of the line to use it

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
from adapter.conversion.mapping import ROOTS, Root
from adapter.domain import codes
from adapter.domain.document import DocumentType
from adapter.domain.reference import Bilingual, Multilingual, OrgRef, PartyRef
from adapter.errors import Severity
from adapter.texts import Language

_WIDTH: Final = 110
_MOST_CODES: Final = 30  # a longer list is named, not copied
_INDENT: Final = "  "
_FILLED_IN: Final = frozenset(
    {"document_id", "case_id", "action", "document_type", "ruleset", "due_date", "recipient", "size_bytes", "digest"}
)
_LISTS: Final[dict[type[StrEnum], str]] = {
    DocumentType: "doctype",
    Severity: "severity",
    codes.AccessMarking: "access",
    codes.Action: "action",
    codes.ActRelation: "act-relation",
    codes.AdvisoryLevel: "advisory-level",
    codes.Capacity: "capacity",
    codes.CompetenceBasis: "competence-basis",
    codes.ConsolidatedMode: "consolidated-mode",
    codes.CoverageStatus: "coverage",
    codes.FactSide: "fact-side",
    codes.OtherPartyState: "other-party-state",
    codes.Outcome: "outcome",
    codes.ProcedureState: "procedure-state",
    codes.ProvisionNature: "provision-nature",
    codes.PublicationDecision: "publishable",
    codes.RecommendationOrigin: "recommendation-origin",
    codes.Scope: "scope",
    codes.SignatureVerdict: "signature-verdict",
    codes.SourceState: "source-state",
    codes.TreatyRelation: "treaty-relation",
}
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
_ALWAYS: Final = (
    "AnalysisBasis"  # its sources are optional in the type and demanded by BR-10a: the form shows all seven
)


def template(document_type: DocumentType, language: Language) -> str:
    """The form. It is YAML as it stands: read back, it has findings about empty fields and no others."""
    root = next(root for root in ROOTS if root.document_type is document_type)
    label = texts.label(_root_id(root), language)
    opening = [label, *str(texts.render("template.how", {"document": root.key}, language)).split("\n")]
    lines = [line for part in opening for line in _explained(part, "")]
    lines.append(f"{root.key}:")
    lines += _Writer(language).block(block_of(root.cls), _INDENT)
    return "\n".join(lines) + "\n"


class _Writer:
    """Writes blocks in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def block(self, block: Block, indent: str) -> Iterator[str]:
        """All rows of a block, those that may be left out behind a `#`."""
        for row in block.rows:
            lines = list(self._row(row, indent))
            optional = (row.optional and block.cls.__name__ != _ALWAYS) or row.field in _FILLED_IN
            yield from (f"#{line}" for line in lines) if optional else lines

    def _row(self, row: Row, indent: str) -> Iterator[str]:
        yield from _explained(self._label(row), indent)
        for number, branch in enumerate(row.branches):
            lines = list(self._branch(row, branch, indent))
            yield from lines if number == 0 else (f"#{line}" for line in lines)

    def _branch(self, row: Row, branch: Branch, indent: str) -> Iterator[str]:
        key, inner = row.key, indent + _INDENT
        if len(row.branches) > 1 and row.wrapper is None:
            key = _lower(branch.name)
        if branch.spelling:
            yield from self._hint(row, branch, indent)
            yield f"{indent}{key}: []" if row.repeats else f"{indent}{key}:"
            return
        yield f"{indent}{key}:"
        if len(row.branches) > 1 and row.wrapper is not None:
            yield f"{inner}{_lower(branch.name)}:"
            inner += _INDENT
        yield from self._inside(branch, inner, listed=row.repeats)

    def _inside(self, branch: Branch, indent: str, *, listed: bool) -> Iterator[str]:
        assert branch.cls is not None
        if branch.cls in {Bilingual, Multilingual}:
            lines = [f'{indent}kk: ""', f'{indent}ru: ""']
        elif branch.cls is PartyRef:
            yield f"{indent[: -len(_INDENT)]}## KZ | io:EU"
            lines = [f"{indent}scheme:", f"{indent}code:"]
        elif branch.cls is OrgRef:
            lines = [f"{indent}code:", f'#{indent}name: {{kk: "", ru: ""}}', f"#{indent}bin:"]
        else:
            lines = list(self.block(block_of(branch.cls), indent + _INDENT if listed else indent))
        yield from _as_item(lines, indent, deeper=branch.cls not in _SHORT) if listed else lines

    def _label(self, row: Row) -> str:
        name = texts.label(row.field_id, self.language) if row.field_id else ""
        least = "0" if row.optional else "1"
        times = f"{least}..*" if row.repeats else ("0..1" if row.optional else "1")
        return " ".join(part for part in (name, f"[{times}]", row.field_id or "") if part)

    def _hint(self, row: Row, branch: Branch, indent: str) -> Iterator[str]:
        assert branch.spelling is not None
        listed = row.codes or _LISTS.get(branch.spelling.cls)
        kind = branch.spelling.lexical.value if branch.spelling.lexical else branch.spelling.kind
        if listed:
            yield from _explained(self._codes(listed, branch), indent + _INDENT)
        elif kind in _SAMPLES:
            yield f"{indent}{_INDENT}## {_SAMPLES[kind]}"

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


_SHORT: Final = frozenset({Bilingual, Multilingual, PartyRef, OrgRef})


def _as_item(lines: list[str], indent: str, *, deeper: bool) -> Iterator[str]:
    """The lines of a map as one item of a list: a dash of its own, so that any line may be taken out or put in."""
    yield f"{indent}-"
    yield from (
        lines if deeper else (line[:1] + _INDENT + line[1:] if line[:1] == "#" else _INDENT + line for line in lines)
    )


def _explained(text: str, indent: str) -> list[str]:
    """Explanations begin with two signs, lines to be used with one."""
    return [f"{indent}## {line}" for line in textwrap.wrap(text, _WIDTH - len(indent), break_long_words=False)]


def _root_id(root: Root) -> str:
    return f"ROOT-{ROOTS.index(root) + 1:02}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
