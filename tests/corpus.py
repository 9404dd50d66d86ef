"""Documents for tests: valid ones of all six roots (small, full, random) and ways to break them.

`small(root)` has only what the schema demands, `full(root)` every optional field, `reports(root)` is a hypothesis strategy.
All three are made by walking the types, so a new field is in them without anybody's care. `mutations(document)` yields
(name, bytes) with one thing broken in each.
"""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from hypothesis import strategies as st
from lxml import etree

from adapter.conversion.blocks import Block, Branch, Row, block_of
from adapter.conversion.roots import NAMESPACE, PUBLISHED_TREATY, ROOTS, Root
from adapter.domain.header import Header
from adapter.domain.reference import LanguageText, Lexical, PartialDate, PartyRef

UUID: Final = "urn:uuid:00000000-0000-5000-8000-{:012x}"
XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


class _Maker:
    """Walks a block and makes a value of every row; `draw` decides what is left open."""

    def __init__(self, root: Root, draw: _Choices) -> None:
        self.root = root
        self.draw = draw
        self.numbers = itertools.count(1)
        self.attachments: list[str] = []

    def document(self) -> Any:
        return self.value(block_of(self.root.cls))

    def value(self, block: Block) -> Any:
        special = getattr(self, f"_make_{block.cls.__name__.lower()}", None)
        values = {row.field: self._field(block, row) for row in block.rows}
        return block.cls(**(special(values) if special else values))

    def _field(self, block: Block, row: Row) -> Any:
        if row.repeats:
            least = 0 if row.optional else 1
            return tuple(self._item(block, row) for _ in range(self.draw.count(least)))
        spelling = row.branches[0].spelling
        if spelling and spelling.lexical is Lexical.FLAG:
            return False
        needed = not row.optional or (block.cls is Header and row.field in self.root.demands)
        if row.default is not None or needed or self.draw.present() or _slot(block, row):
            return self._item(block, row)
        return None

    def _item(self, block: Block, row: Row) -> Any:
        branch = self.draw.one_of(row.branches)
        return self.value(block_of(branch.cls)) if branch.cls else self._plain(block, row, branch)

    def _plain(self, block: Block, row: Row, branch: Branch) -> Any:
        assert branch.spelling
        cls, lexical = branch.spelling.cls, branch.spelling.lexical
        if issubclass(cls, StrEnum):
            return self.root.document_type if row.field == "document_type" else self.draw.one_of(tuple(cls))
        if lexical is Lexical.UUID:
            return UUID.format(next(self.numbers))
        if lexical is Lexical.LOCAL_ID:
            return f"id-{next(self.numbers)}"
        if lexical is not None and cls is str:
            return self.draw.lexical(lexical)
        return self.draw.plain(cls, row.field)

    # --- what one field alone does not know

    def _make_multilingual(self, values: dict[str, Any]) -> dict[str, Any]:
        languages = ("kk", "ru", "en", "kk-Latn", "fr")
        texts = tuple(
            LanguageText(language=code, text=item.text) for code, item in zip(languages, values["texts"], strict=False)
        )
        return {"texts": texts}

    def _make_header(self, values: dict[str, Any]) -> dict[str, Any]:
        self.attachments = [item.id for item in values["attachments"]]
        return values

    def _make_partyref(self, values: dict[str, Any]) -> dict[str, Any]:
        return self.draw.one_of(({"scheme": "iso3166-1", "code": "KZ"}, {"scheme": "io", "code": "EU"}))

    def _make_periodicreport(self, values: dict[str, Any]) -> dict[str, Any]:
        return values | {"attachment_ref": self._reference(self.attachments, values["attachment_ref"])}

    def _make_recommendation(self, values: dict[str, Any]) -> dict[str, Any]:
        return values | {"copy": self._reference(self.attachments, values["copy"]), "follows_report": None}

    def _make_analysisbasis(self, values: dict[str, Any]) -> dict[str, Any]:
        reports = [item.id for item in values["periodic_reports"].reports]
        slot = values["external_recommendations"]
        items = tuple(replace(item, follows_report=self._reference(reports, "?")) for item in slot.recommendations)
        return values | {"external_recommendations": replace(slot, recommendations=items)}

    def _make_treatyrecord(self, values: dict[str, Any]) -> dict[str, Any]:
        return self._issues(values) | {"no_issues": not values["issues"]}

    def _make_summaryinformation(self, values: dict[str, Any]) -> dict[str, Any]:
        return self._issues(values, "problems")

    def _issues(self, values: dict[str, Any], name: str = "issues") -> dict[str, Any]:
        known = [issue.id for issue in values[name]]
        proposals = tuple(replace(item, issue_refs=tuple(known[:2])) for item in values["proposals"])
        return values | {"proposals": proposals if known else ()}

    def _make_inforcesection(self, values: dict[str, Any]) -> dict[str, Any]:
        return values | {"nil_return": not values["treaty_records"]}

    def _make_pendingsection(self, values: dict[str, Any]) -> dict[str, Any]:
        return values | {"nil_return": not values["pending_records"]}

    def _make_assessmentitem(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["party"] is not None:
            return values | {"treaty": None}
        return values if values["treaty"] else values | {"party": PartyRef(code="RU")}

    def _make_summaryrecommendations(self, values: dict[str, Any]) -> dict[str, Any]:
        return values | {"none": not values["recommendations"]}

    def _make_treaty(self, values: dict[str, Any]) -> dict[str, Any]:
        if self.root.name != "PublishedResults":
            return values
        return {name: item for name, item in values.items() if name in PUBLISHED_TREATY}

    def _reference(self, known: list[str], wanted: str | None) -> str | None:
        return known[0] if known and wanted is not None and self.draw.present() else None


def _slot(block: Block, row: Row) -> bool:
    # Optional in the Report so that a rule can speak of it, demanded by the schema.
    return block.cls.__name__ == "AnalysisBasis" or row.field == "foreign_policy_assessment"


class _Choices:
    """What is left open, decided without chance: nothing optional, or everything."""

    def __init__(self, *, everything: bool) -> None:
        self.everything = everything
        self.turn = itertools.count()

    def present(self) -> bool:
        return self.everything

    def count(self, least: int) -> int:
        return 2 if self.everything else least

    def one_of(self, options: Any) -> Any:
        return options[next(self.turn) % len(options)] if self.everything else options[0]

    def lexical(self, lexical: Lexical) -> str:
        return SAMPLES[lexical]

    def plain(self, cls: type[Any], field: str) -> Any:
        del field
        return PLAIN[cls]


class _Drawn(_Choices):
    """The same, drawn by hypothesis."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw

    def present(self) -> bool:
        return bool(self.draw(st.booleans()))

    def count(self, least: int) -> int:
        return int(self.draw(st.integers(least, least + 1)))

    def one_of(self, options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def lexical(self, lexical: Lexical) -> str:
        return str(self.draw(LEXICAL.get(lexical, st.just(SAMPLES[lexical]))))

    def plain(self, cls: type[Any], field: str) -> Any:
        return self.draw(STRATEGIES[cls])


SAMPLES: Final[dict[Lexical, str]] = {
    Lexical.TOKEN: "KZ-MOF",
    Lexical.CODE: "other",
    Lexical.URI: "https://example.org/a?b=c#d",
    Lexical.LANGUAGE: "kk",
    Lexical.LOCAL_ID_REF: "id-1",
    Lexical.COUNTRY: "KZ",
    Lexical.BIN: "991340000106",
    Lexical.ADILET: "Z1300000117",
    Lexical.LINE: "ТЕСТ-17/б",
    Lexical.FILE_NAME: "тіркеме 1.csv",
    Lexical.MEDIA_TYPE: "text/csv",
    Lexical.RULE_ID: "BR-09a",
}
PLAIN: Final[dict[type[Any], Any]] = {
    str: "Мәтін: ә ғ қ ң ө ұ ү һ і — 100 % & <белгі>\nекінші жол",
    int: 2026,
    bool: True,
    dt.date: dt.date(2026, 11, 2),
    dt.datetime: dt.datetime(2026, 11, 10, 23, 59, 59, tzinfo=dt.timezone(dt.timedelta(hours=5))),
    Decimal: Decimal("61.50"),
    PartialDate: PartialDate(year=2026, month=11),
    bytes: bytes(range(32)),
}

_LETTERS: Final = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"), include_characters="\t\n\r")
_SIGHT: Final = st.sampled_from("әЯ9z")
_OFFSETS: Final = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))


def _visible(text: str, mark: str) -> str:
    return unicodedata.normalize("NFC", text + mark)


_TEXTS: Final = st.builds(_visible, st.text(_LETTERS, max_size=12), _SIGHT)
_LINES: Final = st.builds(
    _visible,
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Zl", "Zp")), max_size=8),
    _SIGHT,
)
LEXICAL: Final[dict[Lexical, st.SearchStrategy[str]]] = {
    Lexical.LINE: _LINES,
    Lexical.TOKEN: st.sampled_from(("A", "KZ-MOF", "x.y_z-1")),
    Lexical.CODE: st.sampled_from(("other", "in-force", "X1")),
    Lexical.URI: st.sampled_from(("urn:x:1", "https://пример.example/ә", "a:b")),
    Lexical.LANGUAGE: st.sampled_from(("kk", "ru", "kk-Latn", "en-GB")),
    Lexical.FILE_NAME: st.sampled_from(("a.csv", "кесте 1.xml", "x")),
    Lexical.RULE_ID: st.sampled_from(("BR-01a", "BR-13", "xsd.missing-element")),
    Lexical.ADILET: st.sampled_from(("Z1300000117", "P100001141_")),
}
STRATEGIES: Final[dict[type[Any], st.SearchStrategy[Any]]] = {
    str: _TEXTS,
    int: st.integers(1000, 9999),
    bool: st.booleans(),
    dt.date: st.dates(),
    dt.datetime: st.datetimes(min_value=dt.datetime(2, 1, 1), max_value=dt.datetime(9998, 1, 1), timezones=_OFFSETS),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12),
    PartialDate: st.dates().flatmap(
        lambda day: st.sampled_from(
            (
                PartialDate(year=day.year),
                PartialDate(year=day.year, month=day.month),
                PartialDate(year=day.year, month=day.month, day=day.day),
            )
        )
    ),
    bytes: st.binary(min_size=1, max_size=48),
}


def root_named(name: str) -> Root:
    return next(root for root in ROOTS if root.name == name)


def small(root: Root) -> Any:
    """Only what the schema demands."""
    return _Maker(root, _Choices(everything=False)).document()


def full(root: Root) -> Any:
    """Every optional field, every repeating field twice, the types of a field in turn."""
    return _Maker(root, _Choices(everything=True)).document()


@st.composite
def reports(draw: Any, root: Root | None = None) -> Any:
    """Random documents that satisfy the schema."""
    return _Maker(root or draw(st.sampled_from(ROOTS)), _Drawn(draw)).document()


# --- ways to break a document ------------------------------------------------------------------------------------------


def mutations(document: bytes, every: int = 1) -> Iterator[tuple[str, bytes]]:
    """(name, bytes): one thing broken in each. `every` = n takes each n-th place only, for long documents."""
    tree = etree.fromstring(document)
    places = list(tree.iter("*"))
    for number, element in enumerate(places):
        if number % every:
            continue
        for name, change in _CHANGES.items():
            broken = copy.deepcopy(tree)
            target = next(itertools.islice(broken.iter("*"), number, None))
            if change(target):
                local = str(element.tag).rpartition("}")[2]
                yield f"{name} {local} #{number}", etree.tostring(broken, encoding="UTF-8", xml_declaration=True)


def _drop(element: etree._Element) -> bool:
    parent = element.getparent()
    if parent is None:
        return False
    parent.remove(element)
    return True


def _duplicate(element: etree._Element) -> bool:
    parent = element.getparent()
    if parent is None:
        return False
    parent.insert(parent.index(element), copy.deepcopy(element))
    return True


def _move_to_end(element: etree._Element) -> bool:
    parent = element.getparent()
    if parent is None or parent[-1] is element:
        return False
    parent.append(element)
    return True


def _blank(element: etree._Element) -> bool:
    if len(element) or not (element.text or "").strip():
        return False
    element.text = "   "
    return True


def _foreign_value(element: etree._Element) -> bool:
    if len(element) or not (element.text or "").strip():
        return False
    element.text = "\u0661\u0662 2026-02-30 ?"
    return True


def _wrong_language(element: etree._Element) -> bool:
    if element.get(XML_LANG) is None:
        return False
    element.set(XML_LANG, "de" if element.get(XML_LANG) != "de" else "fr")
    return True


def _no_language(element: etree._Element) -> bool:
    return element.attrib.pop(XML_LANG, None) is not None


def _extra_attribute(element: etree._Element) -> bool:
    element.set("added", "1")
    return True


def _lost_attribute(element: etree._Element) -> bool:
    names = [name for name in element.keys() if name != XML_LANG]  # noqa: SIM118 - not a dict
    if not names:
        return False
    del element.attrib[names[0]]
    return True


def _wrong_namespace(element: etree._Element) -> bool:
    element.tag = f"{{{NAMESPACE}:nothing}}{str(element.tag).rpartition('}')[2]}"
    return True


def _extra_child(element: etree._Element) -> bool:
    etree.SubElement(element, f"{{{NAMESPACE}:core}}Added")
    return True


def _stray_text(element: etree._Element) -> bool:
    if not len(element):
        return False
    element.text = "stray"
    return True


_CHANGES: Final[dict[str, Callable[[etree._Element], bool]]] = {
    "drop": _drop,
    "duplicate": _duplicate,
    "move to end": _move_to_end,
    "blank": _blank,
    "foreign value": _foreign_value,
    "wrong language": _wrong_language,
    "no language": _no_language,
    "extra attribute": _extra_attribute,
    "lost attribute": _lost_attribute,
    "wrong namespace": _wrong_namespace,
    "extra child": _extra_child,
    "stray text": _stray_text,
}
