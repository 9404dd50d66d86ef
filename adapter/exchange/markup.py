"""XML of the exchange: written without a byte of white space, read by local name in any order.

Writing is by hand and not through a tree, because the exact bytes matter: which prefix is declared where (`xsi:type`
names a prefix inside a value, where canonical form does not see it) and `xmlns=""` on `request`.
Reading takes the tree that schemas.parse_untrusted made; peers mix prefixes, orders and namespaces (reference, 2.7, 9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, NewType
from typing import Final as Constant
from zoneinfo import ZoneInfo

from lxml import etree

from adapter.errors import Final

Markup = NewType("Markup", bytes)
"""Well-formed XML content in UTF-8, ready to stand inside an element."""

XSI: Constant = "http://www.w3.org/2001/XMLSchema-instance"
ALMATY: Constant = ZoneInfo("Asia/Almaty")

_NOT_XML: Constant = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BREAKS: Constant = re.compile(r"[\t ]*[\r\n]+[\t ]*")
_DATE_TIME: Constant = re.compile(r"(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(?:[.]\d+)?(?:Z|[+-]\d{2}:\d{2})?")


# --- writing ---------------------------------------------------------------------------------------------------------
def element(name: str, *content: Markup | str, attributes: Mapping[str, str] | None = None) -> Markup:
    """One element; a str is text and is escaped, Markup stands as it is. No content: `<name/>`.

    Line breaks in text become single spaces: clients flatten messages before signing, and a carriage return would
    arrive changed. Raises Final `exchange.text-not-writable` for characters that XML does not have.
    """
    head = name + "".join(f' {key}="{_attribute(name, value)}"' for key, value in (attributes or {}).items())
    inside = b"".join(_escaped(name, part).encode() if isinstance(part, str) else part for part in content)
    if not inside:
        return Markup(f"<{head}/>".encode())
    return Markup(b"".join((f"<{head}>".encode(), inside, f"</{name}>".encode())))


def joined(*parts: Markup) -> Markup:
    """Elements side by side."""
    return Markup(b"".join(parts))


def stamp(at: datetime) -> str:
    """An instant as xs:dateTime with milliseconds and the explicit offset of national time (+05:00 since 2024)."""
    return at.astimezone(ALMATY).isoformat(timespec="milliseconds")


def midnight(day: date) -> str:
    """A day as xs:dateTime: its first moment in national time."""
    return stamp(datetime.combine(day, time.min, tzinfo=ALMATY))


def _escaped(name: str, text: str) -> str:
    if _NOT_XML.search(text):
        raise Final("exchange.text-not-writable", params={"element": name})
    flat = _LINE_BREAKS.sub(" ", text)
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(name: str, value: str) -> str:
    return _escaped(name, value).replace('"', "&quot;").replace("\t", " ")


# --- reading ---------------------------------------------------------------------------------------------------------
def local(node: etree._Element) -> str:
    """Local name; empty for a comment."""
    return etree.QName(node).localname if is_element(node) else ""


def namespace(node: etree._Element) -> str:
    """Namespace; empty when there is none."""
    return (etree.QName(node).namespace or "") if is_element(node) else ""


def is_element(node: Any) -> bool:
    """False for comments and processing instructions, which lxml keeps among the children."""
    return isinstance(node.tag, str)


def children(node: etree._Element, name: str | None = None) -> Iterator[etree._Element]:
    """Child elements, all or those of a local name."""
    for one in node:
        if is_element(one) and (name is None or local(one) == name):
            yield one


def child(node: etree._Element, *path: str) -> etree._Element | None:
    """The first element along a path of local names."""
    here: etree._Element | None = node
    for name in path:
        if here is None:
            return None
        here = next(children(here, name), None)
    return here


def text(node: etree._Element, *path: str) -> str | None:
    """The text at a path, trimmed; None when the element is absent or holds nothing but white space.

    The whole string value: a comment inside must not hide half of it from us and show it to another reader.
    """
    found = child(node, *path)
    return None if found is None else (str(found.xpath("string()")).strip() or None)


def instant(value: str | None) -> datetime | None:
    """An xs:dateTime with an offset as an aware instant; None when absent, unreadable or without an offset.

    Peers still write +06:00 although national time is +05:00: the instant is taken at its word.
    """
    if value is None or not _DATE_TIME.fullmatch(value):
        return None
    try:
        read = datetime.fromisoformat(value)
        return None if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(value: str | None) -> date | None:
    """The day as it is written in an xs:dateTime, whatever its offset: `docDate` means a day and not an instant."""
    found = None if value is None else _DATE_TIME.fullmatch(value)
    try:
        return None if found is None else date.fromisoformat(found.group(1))
    except ValueError:
        return None
