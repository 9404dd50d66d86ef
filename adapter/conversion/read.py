"""XML -> Report, without loss: read(build(report)) == report.

Reads what has been validated. Whatever the mapping does not know is refused, never skipped: a value that a reader drops
is a value that nobody signed for. Comments are no content and are passed over; the text around one is joined, so a
comment cannot cut a value short. ds:Signature belongs to the container of the document, not to its content.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

import schemas
from adapter.conversion.blocks import Block, Branch, Row, block_of
from adapter.conversion.roots import ROOTS, SIGNATURE, XML_LANGUAGE, Root
from adapter.domain.document import ValidatedXml
from adapter.domain.report import Report
from adapter.errors import Final, Place


def read(document: ValidatedXml | bytes | etree._Element) -> Report:
    """The report in a valid document.

    Not checked here: the schema and the rules. Raises Final `conversion.not-a-report` for another root,
    `conversion.unreadable` with line and place for what no Report can hold (a moment at 24:00, a missing or unknown
    element in a document that was not validated), and schemas.XmlRefused for bytes that are no XML.
    """
    if isinstance(document, ValidatedXml):
        document = document.content
    element = schemas.parse_untrusted(document) if isinstance(document, bytes) else document
    root = next((root for root in ROOTS if root.tag == element.tag), None)
    if root is None:
        raise Final("conversion.not-a-report", params={"root": str(element.tag)[:200]})
    return _document(element, root)


def _document(element: etree._Element, root: Root) -> Report:
    report: Report = _value(element, block_of(root.cls), f"/{root.name}")
    return report


def _value(element: etree._Element, block: Block, place: str) -> Any:
    found: dict[str, Any] = {}
    _take_attributes(element, block, found, place)
    if block.text:
        found[block.text.field] = _spelt(element, block.text.branches[0], _text_of(element, place), place)
    else:
        _take_elements(element, block, found, place)
    missing = [row.field for row in block.rows if row.field not in found and not row.optional]
    for row in block.elements:
        if row.repeats and row.field in missing:
            found[row.field] = ()
            missing.remove(row.field)
    if missing:
        raise _unreadable(element, place, "missing")
    try:
        return block.cls(**found)
    except ValueError as error:
        raise _unreadable(element, place, str(error)) from error


def _take_attributes(element: etree._Element, block: Block, found: dict[str, Any], place: str) -> None:
    known = {row.attribute: row for row in block.attributes}
    for name, text in element.items():
        row = known.get(str(name))
        if row is not None:
            found[row.field] = _spelt(element, row.branches[0], str(text), f"{place}/@{row.attribute}")
        elif name != XML_LANGUAGE and not str(name).startswith("{http://www.w3.org/2001/XMLSchema-instance}"):
            raise _unreadable(element, f"{place}/@{str(name).rpartition('}')[2]}", "unknown")


def _take_elements(element: etree._Element, block: Block, found: dict[str, Any], place: str) -> None:
    rows: dict[str, tuple[Row, Branch | None]] = {}
    for row in block.elements:
        if row.wrapper:
            rows[row.wrapper[1]] = (row, None)
        else:
            rows.update({branch.tag: (row, branch) for branch in row.branches})
    many: dict[str, list[Any]] = {}
    for child in element.iterchildren("*"):
        below = f"{place}/{str(child.tag).rpartition('}')[2]}"
        if child.tag == SIGNATURE and element.getparent() is None:
            continue
        if str(child.tag) not in rows:
            raise _unreadable(child, below, "unknown")
        row, branch = rows[str(child.tag)]
        if branch is None:
            branch, child = _inside(child, row, below)  # noqa: PLW2901 - the element inside its wrapper
        item = _item(child, branch, below)
        if row.repeats:
            many.setdefault(row.field, []).append(item)
        elif row.field in found:
            raise _unreadable(child, below, "repeated")
        else:
            found[row.field] = item
    found.update({field: tuple(items) for field, items in many.items()})


def _inside(wrapper: etree._Element, row: Row, place: str) -> tuple[Branch, etree._Element]:
    children = list(wrapper.iterchildren("*"))
    branch = next((branch for branch in row.branches if children and branch.tag == children[0].tag), None)
    if branch is None or len(children) != 1:
        raise _unreadable(wrapper, place, "unknown")
    return branch, children[0]


def _item(element: etree._Element, branch: Branch, place: str) -> Any:
    if branch.cls:
        return _value(element, block_of(branch.cls), place)
    return _spelt(element, branch, _text_of(element, place), place)


def _spelt(element: etree._Element, branch: Branch, text: str, place: str) -> Any:
    assert branch.spelling is not None
    try:
        return branch.spelling.read(text)
    except ValueError as error:
        raise _unreadable(element, place, branch.spelling.kind) from error


def _text_of(element: etree._Element, place: str) -> str:
    """All text of the element, also what stands behind a comment."""
    if next(element.iterchildren("*"), None) is not None:
        raise _unreadable(element, place, "unknown")
    return (element.text or "") + "".join(aside.tail or "" for aside in element)


def _unreadable(element: etree._Element, place: str, reason: str) -> Final:
    line: Any = element.sourceline  # the stubs give it no type
    return Final("conversion.unreadable", place=Place(line=line, xpath=place), params={"reason": reason})
