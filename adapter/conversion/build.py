"""Report -> XML bytes: the same bytes for the same Report, for ever.

Form: UTF-8 without byte order mark, LF, an XML declaration, every namespace declared once on the root under a fixed
prefix, two spaces of indentation between elements and nothing added inside a text.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from lxml import etree

from adapter.conversion.blocks import TEXT, Block, Branch, block_of
from adapter.conversion.roots import XML_LANGUAGE, root_of
from adapter.domain.document import Sha256
from adapter.domain.report import Report, with_paper_copy
from adapter.errors import Final as FinalError
from adapter.errors import Place

_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def build(report: Report) -> bytes:
    """The document. Total on well-typed reports: whether it satisfies schema and rules is for others to say.

    Raises Final `conversion.forbidden-character` when a text holds what XML cannot carry (control characters).
    """
    root = _tree(report)
    etree.indent(root, space="  ")
    return _DECLARATION + etree.tostring(root, encoding="UTF-8", xml_declaration=False) + b"\n"


def build_content(report: Report) -> bytes:
    """The content: the document without PaperCopy and without signature, in exclusive canonical form, without white
    space between elements (content model, section 8, step 1).

    A checker who starts from foreign bytes reads them first; prefixes and indentation then play no part.
    """
    return etree.tostring(_tree(with_paper_copy(report, None)), method="c14n", exclusive=True, with_comments=False)


def content_digest(report: Report) -> Sha256:
    """SHA-256 of `build_content`: what the printed form bears, so that paper and XML can be laid side by side."""
    return Sha256(hashlib.sha256(build_content(report)).hexdigest())


def _tree(report: Report) -> etree._Element:
    root = root_of(report)
    element = etree.Element(root.tag, nsmap=root.namespaces)  # type: ignore[arg-type]  # None is the default namespace
    _fill(element, report, block_of(root.cls), f"/{root.name}")
    return element


def _fill(element: etree._Element, value: Any, block: Block, place: str) -> None:
    for row in block.attributes:
        found = getattr(value, row.field)
        if _is_said(found, row.default):
            _set(element, row.attribute, _written(row.branch_for(found), found), place)
    if block.text:
        _set(element, TEXT, _written(block.text.branches[0], getattr(value, block.text.field)), place)
    for row in block.elements:
        found = getattr(value, row.field)
        items = found if row.repeats else (found,)
        for item in items:
            if not _is_said(item, row.default):
                continue
            parent = etree.SubElement(element, row.wrapper[1]) if row.wrapper else element
            _append(parent, row.branch_for(item), item, f"{place}/{row.wrapper[0]}" if row.wrapper else place)


def _append(parent: etree._Element, branch: Branch, item: Any, place: str) -> None:
    child = etree.SubElement(parent, branch.tag)
    below = f"{place}/{branch.name}"
    if branch.language:
        child.set(XML_LANGUAGE, branch.language)
    if branch.cls:
        _fill(child, item, block_of(branch.cls), below)
    else:
        _set(child, TEXT, _written(branch, item), below)


def _is_said(value: object, default: object) -> bool:
    # A flag that is off has no place in the document; a boolean that may be no is written, for its default is None.
    return value is not None and not (value is False and default is False)


def _written(branch: Branch, value: Any) -> str:
    assert branch.spelling is not None
    return branch.spelling.write(value)


def _set(element: etree._Element, name: str, text: str, place: str) -> None:
    try:
        if name == TEXT:
            element.text = text
        else:
            element.set(name, text)
    except ValueError as error:
        raise FinalError("conversion.forbidden-character", place=Place(xpath=place)) from error
