"""The one parse of foreign XML, and its elements read exactly: nothing beside what is expected may stand there."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from lxml import etree

import schemas
from signing.validation_report import SubIndication
from signing.xmldsig.steps import malformed, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Element: TypeAlias = etree._Element  # noqa: SLF001 - the only name the library gives its elements
"""A node of the one parse, under a name for those who have no business with the library itself."""

_SPACES: Final = " \t\r\n"
_PLAIN_FRAGMENT: Final = re.compile(r"#[^\s()#'\"]+")
# One expression for each plain name: a union has to be sorted, and local-name() costs three times as much.
_PLAIN_IDS: Final = tuple(etree.XPath(f"descendant-or-self::*/@{name}") for name in ("Id", "ID", "id"))
_PREFIXED_IDS: Final = etree.XPath(
    "descendant-or-self::*/@*[namespace-uri()][local-name()='Id' or local-name()='ID' or local-name()='id']"
)
_MAY_BE_PREFIXED: Final = re.compile(rb":(?:Id|ID|id)[ \t\r\n]*=")


def parse(data: bytes, limits: schemas.Limits, name: str) -> etree._Element:
    """The one parse of foreign XML ("xml.accepted"); `name` says in the report which file it was."""
    try:
        return schemas.parse_untrusted(data, limits)
    except schemas.XmlRefused as error:
        line = "" if error.line is None else str(error.line)
        raise malformed("xml.accepted", error.code, file=name, line=line) from error


def unique_ids(root: etree._Element, source: bytes | None = None) -> dict[str, etree._Element]:
    """Every identifier of the document and its element ("xmldsig.unique-ids"); a second one of the same value fails.

    An attribute Id of a foreign namespace counts as well: in doubt two readers would not agree on the target. `source`,
    the bytes the document was parsed from, may show that there is none of those.
    """
    found: dict[str, etree._Element] = {}
    expressions: tuple[etree.XPath, ...] = _PLAIN_IDS
    if source is None or _MAY_BE_PREFIXED.search(source) is not None:
        expressions = (*_PLAIN_IDS, _PREFIXED_IDS)
    for expression in expressions:
        for value in expression(root):  # type: ignore[union-attr]  # an XPath over attributes gives a list of strings
            if value in found:
                raise malformed("xmldsig.unique-ids", "twice", value=str(value)[:100])
            found[value] = value.getparent()  # type: ignore[union-attr, index, assignment]
    return found


def children(element: etree._Element, check_id: str = "xmldsig.structure") -> list[etree._Element]:
    """Child elements of an element that may hold elements only: a comment, an instruction or text among them fails."""
    found = list(element)
    text = element.text
    if text is not None and text.strip(_SPACES):
        raise malformed(check_id, "text", element=local_name(element))
    for child in found:
        if type(child) is not etree._Element:  # noqa: SLF001 - a comment, an instruction, an entity
            raise malformed(check_id, "comment", element=local_name(element))
        text = child.tail
        if text is not None and text.strip(_SPACES):
            raise malformed(check_id, "text", element=local_name(element))
    return found


def attributes(
    element: etree._Element,
    required: Sequence[str] = (),
    optional: Sequence[str] = (),
    check_id: str = "xmldsig.structure",
) -> dict[str, str]:
    """The attributes of an element that may have these and no others."""
    named: dict[str, str] = dict(element.items())  # type: ignore[arg-type]  # of parsed text: str, never bytes
    for name in required:
        if name not in named:
            raise malformed(check_id, "attributes", element=local_name(element))
    for name in named:
        if name not in required and name not in optional:
            raise malformed(check_id, "attributes", element=local_name(element))
    return named


def leaf_text(element: etree._Element, check_id: str = "xmldsig.structure") -> str:
    """The text of an element without children; a comment would split what is read from what was signed."""
    if len(element):
        raise malformed(check_id, "children", element=local_name(element))
    return element.text or ""


def base64_text(element: etree._Element) -> bytes:
    """The octets of a base64 leaf ("xmldsig.base64"); white space, and nothing else, may stand in it anywhere."""
    return decoded(element, base64_octets)


def decoded(element: etree._Element, decode: Callable[[str], bytes]) -> bytes:
    """`base64_text` by a `decode` of the caller's that is `base64_octets` with a memory."""
    try:
        return decode(leaf_text(element))
    except ValueError as error:
        raise malformed("xmldsig.base64", str(error), element=local_name(element)) from error


def base64_octets(text: str) -> bytes:
    """The octets that a text spells; ValueError saying "alphabet" or "spelling" when it spells none, or not that way."""
    # bytes.split() knows more white space than XML does, all of it outside what XML allows
    spelled = b"".join(text.encode().split())
    try:
        octets = binascii.a2b_base64(spelled, strict_mode=True)
    except binascii.Error as error:
        raise ValueError("alphabet") from error
    if not octets or binascii.b2a_base64(octets, newline=False) != spelled:
        raise ValueError("spelling")
    return octets


def local_name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2][:100]


def fragment(uri: str) -> str | None:
    """The identifier a same-document URI names, None when the URI points elsewhere ("xmldsig.reference-targets")."""
    if uri.startswith("#") and not _PLAIN_FRAGMENT.fullmatch(uri):
        raise unsupported("xmldsig.reference-targets", SubIndication.SIGNED_DATA_NOT_FOUND, "XPointer", uri=uri[:200])
    return uri[1:] if uri.startswith("#") else None
