"""A Report laid out for the page: every element of it, except the paper copy and the signature.

The walk is generic on purpose. A field added to the content model appears on paper without anybody's care; a test
takes every value of a full document and looks for it in the PDF.

    Heading   a part with a table of its own; `End` closes it, so that what follows is not read as belonging to it
    Row       one line of the table: its label and its entries
    Entry     one value (rendition/values.py); in Kazakh and Russian side by side, or as it is, across both columns

A part of few values is one row with labelled entries: a party, a procedure, a line of coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeAlias, get_args

from adapter.domain.analysis_basis import AnalysisBasis, Slot
from adapter.domain.header import Attachment, Header, PaperCopy
from adapter.domain.record import PendingRecord, TreatyRecord
from adapter.domain.reference import Bilingual, TreatyRef
from adapter.domain.report import InForceSection, PendingSection, PublishedTreatyEntry, Report
from adapter.domain.summary import ForeignPolicyAssessment, Statistics
from adapter.domain.treaty import Recommendation, Treaty
from adapter.rendition.labels import NO_LABEL, Label, label_of
from adapter.rendition.values import Entry, entries_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """The heading of a part. `level` counts from 1."""

    level: int
    kk: str
    ru: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the table. `is_one_of_many`: a numbered part, whose number must not be lost."""

    label: Label
    entries: tuple[Entry, ...]
    is_one_of_many: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """The part before ends here."""


Block: TypeAlias = Heading | Row | End

_SMALL: Final = 9
"""Entries a part may have to be one row."""

_ALWAYS_HEADED: Final = (
    Header,
    Attachment,
    InForceSection,
    PendingSection,
    TreatyRecord,
    PendingRecord,
    Treaty,
    AnalysisBasis,
    *get_args(Slot),
    Recommendation,
    Statistics,
    ForeignPolicyAssessment,
    PublishedTreatyEntry,
)
"""Parts a reader looks for: they have a heading however little they hold."""

_MARK: Final = Label("Белгі", "Отметка")
_CONTENT: Final = Label("Мазмұны", "Содержание")
_TEXT: Final = Label("Мәтін", "Текст")


def blocks(report: Report) -> tuple[Block, ...]:
    """Every element of `report` in document order: requisites first, then the body; never ends with an End."""
    found = list(_headed(_inside(report, level=1), 1, _CONTENT))
    while isinstance(found[-1], End):
        found.pop()
    return tuple(found)


def _headed(inside: Iterable[Block], level: int, name: Label) -> Iterator[Block]:
    """The same, with a heading over rows that follow a closed part: they would be read as belonging to it."""
    depth, follows_end, is_open = 0, False, False
    for block in inside:
        if depth == 0 and isinstance(block, Row) and follows_end:
            yield Heading(level=level, kk=name.kk, ru=name.ru)
            is_open = True
        elif depth == 0 and isinstance(block, Heading) and is_open:
            yield End()
            is_open = False
        depth += isinstance(block, Heading) - isinstance(block, End)
        follows_end = isinstance(block, End)
        yield block
    if is_open:
        yield End()


def _inside(value: Any, *, level: int) -> Iterator[Block]:
    for number, part in enumerate(fields(value), start=1):
        item = getattr(value, part.name)
        if item is None or item == () or isinstance(item, PaperCopy):
            continue
        if item is False and part.default is False:
            continue  # an element that stands in the document only to say yes
        label = label_of(type(value), part)
        if isinstance(value, AnalysisBasis):
            label = Label(f"{number}) {label.kk}", f"{number}) {label.ru}")  # the subparagraphs of p.6
        yield from _part(item, label, part, level)


def _part(item: Any, label: Label, part: Any, level: int) -> Iterator[Block]:
    if item is True and part.default is False:
        yield Row(label=_MARK, entries=(Entry(kk=label.kk, ru=label.ru),))
        return
    items = item if isinstance(item, tuple) else (item,)
    plain = [tuple(entries_of(each, part.metadata.get("codes"))) for each in items]
    if len(items) > 1 and not all(plain):
        plain = [_single_value(each, level) for each in items]
    if all(plain):
        is_text = level == 1 and isinstance(item, Bilingual)
        row = Row(label=_TEXT if is_text else label, entries=tuple(entry for each in plain for entry in each))
        yield from _under(label, (row,)) if is_text else (row,)
        return
    groups = _groups(items, label, part, level)
    is_list = level == 1 and isinstance(item, tuple) and not isinstance(items[0], _ALWAYS_HEADED)
    yield from _under(label, groups) if is_list else groups


def _under(label: Label, inside: Iterable[Block]) -> Iterator[Block]:
    yield Heading(level=1, kk=label.kk, ru=label.ru)
    yield from inside
    yield End()


def _groups(items: tuple[Any, ...], label: Label, part: Any, level: int) -> Iterator[Block]:
    for number, each in enumerate(items, start=1):
        own = Label(f"{label.kk} {number}", f"{label.ru} {number}") if len(items) > 1 else label
        yield from _group(each, own, level, has_name="id" in part.metadata, is_one_of_many=len(items) > 1)


def _single_value(item: Any, level: int) -> tuple[Entry, ...]:
    """The one value of a part that holds no more, as a party does whose dates are not known; else nothing."""
    found = () if isinstance(item, _ALWAYS_HEADED) else _as_entries(tuple(_inside(item, level=level)))
    return (replace(found[0], label=NO_LABEL),) if len(found) == 1 else ()


def _group(item: Any, label: Label, level: int, *, has_name: bool, is_one_of_many: bool) -> Iterator[Block]:
    """A part of several values: one row when it is small, else a heading with a table of its own."""
    inside = tuple(_inside(item, level=level + 1))
    small = () if isinstance(item, _ALWAYS_HEADED) else _as_entries(inside)
    if not small:
        title = _title(item)
        heading = Label(f"{label.kk}: {title.kk}", f"{label.ru}: {title.ru}") if title else label
        yield Heading(level=level, kk=heading.kk, ru=heading.ru)
        yield from _headed(inside, level, Label(f"{label.kk} (жалғасы)", f"{label.ru} (продолжение)"))
        yield End()
        return
    named = has_name or is_one_of_many
    if len(small) == 1 and (not named or _says_the_same(small[0].label, label)):
        label = label if named else small[0].label
        small = (replace(small[0], label=NO_LABEL),)
    in_columns_first = tuple(sorted(small, key=lambda entry: entry.is_wide))
    yield Row(label=label, entries=in_columns_first, is_one_of_many=is_one_of_many)


def _as_entries(inside: tuple[Block, ...]) -> tuple[Entry, ...]:
    """The rows as labelled entries of one row; empty when that would be too much, or would lose a heading or number."""
    found: list[Entry] = []
    for block in inside:
        if not isinstance(block, Row) or block.is_one_of_many:
            return ()
        found += [entry if entry.label.kk else replace(entry, label=block.label) for entry in block.entries]
    return tuple(found) if len(found) <= _SMALL else ()


def _says_the_same(inner: Label, outer: Label) -> bool:
    return outer.ru.startswith(inner.ru) or inner.ru.startswith(outer.ru)


def _title(item: Any) -> Label | None:
    """What tells this part from its neighbours: the treaty of a record, the file of an attachment."""
    treaty = getattr(item, "treaty", None)
    if isinstance(treaty, Treaty | TreatyRef):
        name = treaty.short_title or (treaty.title if isinstance(treaty, Treaty) else None)
        return Label(name.kk, name.ru) if name else None
    return Label(item.file_name, item.file_name) if isinstance(item, Attachment) else None
