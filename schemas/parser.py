"""The one door through which bytes become trees.

Rules, in the order in which they are applied; the first breach ends the work (attacks.md, section 1):
 1. size;  2. UTF-8 and nothing else (a byte order mark is tolerated and stays in the bytes);  3. no document type,
    looked for in the prolog and again on the tree;  4. names, values, attributes, namespaces, depth, elements, text.
No entity but the five of XML, no network, no XInclude, nothing is repaired and nothing is dropped.

The limits of 4 are first held against counts over the raw bytes, which can prove but not disprove them: most documents
are cleared in microseconds. What they cannot prove is counted event by event while a parser is fed in chunks and lets go of
what it has counted; only then is the tree made. So a hostile file costs no tree.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from schemas.errors import XmlRefused

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is read at most. Each number bounds a cost that was measured; see the sentence beside it."""

    max_bytes: int = 20_000_000  # SHEP carries about 15 MB; memory is about ten times the file
    max_depth: int = 256  # libxml2's own limit; deeper trees cost stack in everything that walks them
    max_attributes: int = 64  # canonical form sorts them in quadratic time: 200,000 take 75 s
    max_namespaces_per_element: int = 32  # canonical form is cubic in declarations
    max_namespaces_in_scope: int = 64  # the cap per element alone lets 56 KB cost 32 s
    max_namespace_work: int = 50_000_000  # sum over elements of the square of what is in scope, where that is over 32
    max_elements: int = 500_000  # 15 MB of report have 400,000; comments count too; attributes in all: twice as many
    max_text: int = 20_000_000  # characters of one text node; 11 MB of base64 is legitimate
    max_name: int = 64 * 1024  # characters of a name or of an attribute value
    max_namespace_uri: int = 2048  # characters; the URI must be absolute, canonical form fails on others
    allow_comments: bool = True
    allow_processing_instructions: bool = False  # they could be shown to one reader and not to another


DOCUMENT_LIMITS: Final = Limits()
SIGNATURE_LIMITS: Final = Limits(max_bytes=8_000_000, max_text=8_000_000)
ENVELOPE_LIMITS: Final = Limits()

_CHUNK: Final = 64 * 1024
_PARSER_TEXT_LIMIT: Final = 10_000_000  # libxml2's own, without huge_tree; also the depth of 256 holds only below it
_PARSER_DEPTH: Final = 256
_DECLARED: Final = re.compile(rb"[ \t\r\n]xmlns")
# Unclosed, each takes all the rest: the search does not begin again from the next one, a million times.
_NO_MARKUP: Final = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
_BOM: Final = b"\xef\xbb\xbf"
_SPACE: Final = b" \t\r\n"
_SPACE_BYTES: Final = frozenset((b" ", b"\t", b"\r", b"\n"))
_NEITHER_TAG_NOR_ATTRIBUTE: Final = bytes(byte for byte in range(256) if byte not in b"<=")
_WIDE_MARKS: Final = frozenset((b"\xff\xfe", b"\xfe\xff"))

_USUAL_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>'
_DECLARATION: Final = re.compile(rb"<\?xml[ \t\r\n][^>]{0,200}?\?>")
_VERSION: Final = re.compile(rb"""[ \t\r\n]version[ \t\r\n]*=[ \t\r\n]*["']1\.0["']""")
_ENCODING: Final = re.compile(rb"""[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z0-9._:-]{1,40})["']""")
_NO_PROLOG: Final = re.compile(rb"(?:<\?xml[^<>]{0,250}\?>)?[ \t\r\n]*+<[A-Za-z_:\x80-\xff]")
_PROLOG: Final = re.compile(rb"(?:[ \t\r\n]++|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_MAX_BEFORE_ROOT: Final = 1_000  # comments and processing instructions; a document of ours has one, the declaration
_ASIDE: Final = re.compile(rb"[ \t\r\n]*+(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")
_EVENTS: Final = ("start", "end", "start-ns", "end-ns", "comment", "pi")


def parse_untrusted(data: bytes, limits: Limits = DOCUMENT_LIMITS) -> etree._Element:
    """The root of the tree, with line numbers. Raises XmlRefused, and nothing else, on any bytes.

    Not checked here: any schema, any signature, that the root is the one expected. CDATA sections become text.
    """
    if len(data) > limits.max_bytes:
        raise XmlRefused("xml.too-large", None, {"size": str(len(data)), "limit": str(limits.max_bytes)})
    start = _require_utf8(data)
    _refuse_document_type(data, start)
    try:
        if not _bytes_prove(data, start, limits):
            _refuse_floods(data, limits)
            _count(data, limits)
        root = _parse_at_once(data, huge=len(data) > _PARSER_TEXT_LIMIT or limits.max_depth > _PARSER_DEPTH)
        if len(data) > limits.max_text:
            _require_short_texts(root, limits)
    except etree.XMLSyntaxError as error:
        raise _refusal(error, limits) from error
    _refuse_document_type_of(root)
    return root


# --- before the parser -----------------------------------------------------------------------------------------------


def _require_utf8(data: bytes) -> int:
    """Where the text begins, after a byte order mark.

    UTF-16, UTF-32, UTF-7 and EBCDIC fail here, so that the searches over the raw bytes see what the parser will see.
    """
    start = len(_BOM) if data.startswith(_BOM) else 0
    if data[:2] in _WIDE_MARKS or b"\0" in data[start : start + 4]:
        raise XmlRefused("xml.not-utf-8", 1, {"encoding": "UTF-16 / UTF-32"})
    if not data.startswith(b"<", start):
        text = data[start:].lstrip(_SPACE)
        if not text:
            raise XmlRefused("xml.empty")
        if not text.startswith(b"<"):
            raise XmlRefused("xml.not-well-formed", 1, {"reason": "no markup at the start"})
    if not data.startswith(_USUAL_DECLARATION, start) and _declares(data, start):
        declaration = _DECLARATION.match(data, start)
        if declaration is None or not _VERSION.search(declaration[0]):
            raise XmlRefused("xml.declaration", 1)
        encoding = _ENCODING.search(declaration[0])
        if encoding is not None and encoding[1].upper() != b"UTF-8":
            raise XmlRefused("xml.not-utf-8", 1, {"encoding": encoding[1].decode("ascii")})
    return start


def _declares(data: bytes, start: int) -> bool:
    # "<?xmlx" is a processing instruction of that name.
    return data.startswith(b"<?xml", start) and data[start + 5 : start + 6] in _SPACE_BYTES


def _refuse_document_type(data: bytes, start: int) -> None:
    if _NO_PROLOG.match(data, start) or b"<!DOCTYPE" not in data:
        return
    prolog = _PROLOG.match(data, start)
    if prolog is not None and data.startswith(b"<!DOCTYPE", prolog.end()):
        raise XmlRefused("xml.dtd", data.count(b"\n", 0, prolog.end()) + 1)


def _refuse_document_type_of(root: etree._Element) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("xml.dtd")


def _bytes_prove(data: bytes, start: int, limits: Limits) -> bool:
    """True when counts over the raw bytes prove that every limit holds, libxml2's own limits included.

    Sound because `<` cannot stand in an attribute value: all attributes of an element lie between its `<` and the next.
    """
    size = len(data)
    declaration = _declares(data, start)
    return (
        size <= min(_PARSER_TEXT_LIMIT, limits.max_text)
        and limits.max_depth == _PARSER_DEPTH
        and (limits.allow_processing_instructions or _has_no_instruction(data, start, declaration=declaration))
        and (limits.allow_comments or b"<!--" not in data)
        and _few_namespaces(data, limits)
        and (size <= limits.max_elements or data.count(b"<") - data.count(b"</") <= limits.max_elements)
        and (size <= limits.max_elements or data.count(b"=") <= 2 * limits.max_elements)
        and (size <= limits.max_name or _long_value(limits.max_name).search(data) is None)
        and not _is_crowded(data, limits.max_attributes)
    )


def _has_no_instruction(data: bytes, start: int, *, declaration: bool) -> bool:
    # One octet is looked for thirty times as fast as two, and most documents have no question mark but the declaration's.
    behind = data.index(b"?>", start) + 2 if declaration else start
    return data.find(b"?", behind) < 0 or data.find(b"<?", behind) < 0


def _few_namespaces(data: bytes, limits: Limits) -> bool:
    most = min(limits.max_namespaces_per_element, limits.max_namespaces_in_scope)
    usual = _declaration_of(limits.max_namespace_uri)
    found = [each.lastindex for each in islice(usual.finditer(data), most + 1)]
    if len(found) <= most and None not in found:
        return True
    # "xmlns" inside a value or a text declares nothing: a declaration stands behind white space.
    left = most
    at = data.find(b"xmlns")
    while at > 0:
        if data[at - 1] in _SPACE:
            left -= 1
            declaration = usual.match(data, at)
            if left < 0 or declaration is None or declaration.lastindex is None:
                return False
        at = data.find(b"xmlns", at + 5)
    return True


@cache
def _declaration_of(most: int) -> re.Pattern[bytes]:
    """A declaration as everybody writes it, of an absolute URI without references, is a group; others leave that out."""
    uri = rb"(?:[A-Za-z][A-Za-z0-9+.-]{0,40}:[^\"'&<>]{1,%d})?" % min(most - 41, 1000)
    return re.compile(rb"""xmlns((?::[A-Za-z0-9_.-]{1,100})?=(?:"%b"|'%b'))?""" % (uri, uri))


def _is_crowded(data: bytes, most: int) -> bool:
    # Nothing but the `<` and `=` is kept, in their order: a run of `=` is what lies between one `<` and the next.
    return b"=" * (most + 1) in data.translate(None, _NEITHER_TAG_NOR_ATTRIBUTE)


@cache
def _long_value(most: int) -> re.Pattern[bytes]:
    return re.compile(rb"""=[ \t\r\n]*(?:"[^"<]{%d}|'[^'<]{%d})""" % (most + 1, most + 1))


# --- parsing ---------------------------------------------------------------------------------------------------------


class _Parsers(threading.local):
    """One parser per thread: making one costs as much as parsing a small document."""

    def __init__(self) -> None:
        self.plain, self.huge = (
            etree.XMLParser(
                encoding="utf-8",
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                collect_ids=False,
                huge_tree=huge,
            )
            for huge in (False, True)
        )


_PARSERS: Final = _Parsers()


def _parse_at_once(data: bytes, *, huge: bool) -> etree._Element:
    return etree.fromstring(data, _PARSERS.huge if huge else _PARSERS.plain)


def _refuse_floods(data: bytes, limits: Limits) -> None:
    """Tags and attributes counted by their markup, before a parser holds all of a start tag in memory to report it.

    What only looks like markup is taken out first: it can stand nowhere but in these three.
    """
    if _has_long_prolog(data):
        # Each node before the root costs lxml as much as there are before it, once it reports them as it reads.
        raise XmlRefused("xml.too-many-elements", None, {"limit": str(_MAX_BEFORE_ROOT)})
    if b"<!" in data or b"<?" in data:
        data = _NO_MARKUP.sub(b"", data)
    if data.count(b"<") - data.count(b"</") > limits.max_elements:
        raise XmlRefused("xml.too-many-elements", None, {"limit": str(limits.max_elements)})
    flood = _tag_with(limits.max_attributes + limits.max_namespaces_per_element + 1).search(data)
    if flood is None:
        return
    if len(_DECLARED.findall(flood[0])) > limits.max_namespaces_per_element:
        raise XmlRefused("xml.too-many-namespaces", None, {"limit": str(limits.max_namespaces_per_element)})
    raise XmlRefused("xml.too-many-attributes", None, {"limit": str(limits.max_attributes)})


def _has_long_prolog(data: bytes) -> bool:
    at = len(_BOM) if data.startswith(_BOM) else 0
    for _ in range(_MAX_BEFORE_ROOT + 1):
        aside = _ASIDE.match(data, at)
        if aside is None:
            return False
        at = aside.end()
    return True


@cache
def _tag_with(attributes: int) -> re.Pattern[bytes]:
    """A start tag with at least so many quoted values; nothing is looked at twice."""
    return re.compile(rb"""<[^<>"'!?/]++(?:[^<>"']*+(?:"[^"<]*+"|'[^'<]*+')){%d}""" % attributes)


def _count(data: bytes, limits: Limits) -> None:
    """Hold every limit while the parser is fed; what has been counted is let go of, so that no tree grows."""
    parser = etree.XMLPullParser(
        events=_EVENTS,
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        collect_ids=False,
        huge_tree=True,
    )
    tally = _Tally(limits, len(data))
    for offset in range(0, len(data), _CHUNK):
        parser.feed(data[offset : offset + _CHUNK])
        tally.count(parser.read_events())
    parser.close()
    tally.count(parser.read_events())


def _require_short_texts(root: etree._Element, limits: Limits) -> None:
    # After the fact: what a text node costs is bounded by max_bytes already.
    for node in root.iter():
        if len(node.text or "") > limits.max_text or len(node.tail or "") > limits.max_text:
            raise _over("xml.text-too-long", node, limits.max_text)


class _Tally:
    """Counts what the parser has met so far; raises XmlRefused at the first breach."""

    def __init__(self, limits: Limits, size: int) -> None:
        self.limits = limits
        self.watches_values = size > limits.max_name
        self.depth = 0
        self.nodes = 0
        self.attributes = 0
        self.declared = 0  # namespace declarations seen since the last start tag: they belong to the next
        self.prefixes: list[str] = []
        self.in_scope: Counter[str] = Counter()
        self.namespace_work = 0

    def count(self, events: Iterator[tuple[str, Any]]) -> None:
        for kind, subject in events:
            if kind == "start":
                self._start(subject)
            elif kind == "end":
                self.depth -= 1
                self._let_go(subject)
            elif kind == "start-ns":
                self._namespace(subject)
            elif kind == "end-ns":
                self._leave(self.prefixes.pop())
            else:
                self._aside(kind, subject)

    def _start(self, element: etree._Element) -> None:
        limits = self.limits
        self.declared = 0
        self.depth += 1
        if self.depth > limits.max_depth:
            raise _over("xml.too-deep", element, limits.max_depth)
        self._node(element)
        scope = len(self.in_scope)
        if scope > limits.max_namespaces_per_element:
            self.namespace_work += scope * scope
            if self.namespace_work > limits.max_namespace_work:
                raise _over("xml.too-many-namespaces-in-scope", element, limits.max_namespaces_in_scope)
        if self.watches_values and len(str(element.tag).rpartition("}")[2]) > limits.max_name:
            raise _over("xml.name-or-value-too-long", element, limits.max_name)
        many = len(element.attrib)
        if not many:
            return
        if many > limits.max_attributes:
            raise _over("xml.too-many-attributes", element, limits.max_attributes)
        self.attributes += many
        if self.attributes > 2 * limits.max_elements:
            raise _over("xml.too-many-attributes-in-all", element, 2 * limits.max_elements)
        if self.watches_values and any(len(text) > limits.max_name for pair in element.items() for text in pair):
            raise _over("xml.name-or-value-too-long", element, limits.max_name)

    @staticmethod
    def _let_go(element: etree._Element) -> None:
        """Empty what has ended; the elder siblings of what ends next go when their parent does, at the latest."""
        element.clear()
        while (elder := element.getprevious()) is not None:
            parent = element.getparent()
            if parent is None:  # a comment before the root
                break
            parent.remove(elder)

    def _node(self, node: etree._Element) -> None:
        self.nodes += 1
        if self.nodes > self.limits.max_elements:
            raise _over("xml.too-many-elements", node, self.limits.max_elements)

    def _namespace(self, declaration: tuple[str, str]) -> None:
        prefix, uri = declaration
        self.declared += 1
        if self.declared > self.limits.max_namespaces_per_element:
            raise _over("xml.too-many-namespaces", None, self.limits.max_namespaces_per_element)
        self.prefixes.append(prefix)
        self.in_scope[prefix] += 1
        if len(self.in_scope) > self.limits.max_namespaces_in_scope:
            raise _over("xml.too-many-namespaces-in-scope", None, self.limits.max_namespaces_in_scope)
        if len(uri) > self.limits.max_namespace_uri:
            raise _over("xml.namespace-uri-too-long", None, self.limits.max_namespace_uri)
        if uri and not _ABSOLUTE_URI.match(uri):
            raise XmlRefused("xml.relative-namespace")

    def _leave(self, prefix: str) -> None:
        self.in_scope[prefix] -= 1
        if not self.in_scope[prefix]:
            del self.in_scope[prefix]

    def _aside(self, kind: str, node: etree._Element) -> None:
        self._node(node)
        if kind == "pi" and not self.limits.allow_processing_instructions:
            raise XmlRefused("xml.processing-instruction", line_of(node))
        if kind == "comment" and not self.limits.allow_comments:
            raise XmlRefused("xml.comment", line_of(node))


def _over(code: str, node: etree._Element | None, limit: int) -> XmlRefused:
    return XmlRefused(code, None if node is None else line_of(node), {"limit": str(limit)})


def _refusal(error: etree.XMLSyntaxError, limits: Limits) -> XmlRefused:
    line = error.lineno or None
    reason = error.msg or ""
    if "Excessive depth" in reason:
        return XmlRefused("xml.too-deep", line, {"limit": str(limits.max_depth)})
    code = getattr(error, "code", None)
    if code == etree.ErrorTypes.ERR_NAME_TOO_LONG:
        return XmlRefused("xml.name-or-value-too-long", line, {"limit": str(limits.max_name)})
    if code == etree.ErrorTypes.ERR_INVALID_ENCODING:
        return XmlRefused("xml.not-utf-8", line, {"encoding": "?"})
    return XmlRefused("xml.not-well-formed", line, {"reason": reason})


def line_of(node: etree._Element) -> int | None:
    """The line on which the node begins; None for a node that was not parsed."""
    line: Any = node.sourceline  # the stub gives it no type
    return line if isinstance(line, int) else None
