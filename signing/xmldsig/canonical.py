"""Canonical form of parts of a document, exclusive and inclusive, within limits."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

import schemas
from signing.validation_report import SubIndication
from signing.xmldsig.steps import C14N_11, DS, EXC_C14N, XML_NS, malformed, unsupported

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_CANONICAL_FACTOR: Final = 4
# Short documents may grow by more than the factor in all honesty: each sibling repeats its namespace declaration.
CANONICAL_FLOOR: Final = 1 << 20
# What several signatures and time-stamps are over is hashed for each of them: sixteen of both, and as much again.
MAX_HASHED_FACTOR: Final = 64
HASHED_FLOOR: Final = 64 << 20
MAX_INCLUSIVE_COST: Final = 50_000_000  # elements x (namespaces in scope)^2: about 0.25 s

_SIGNATURE: Final = f"{{{DS}}}Signature"


class Canonicalization(NamedTuple):
    """A canonicalization named in a signature: the URI without comments, and the PrefixList of the exclusive form.

    A fragment reference never takes comments in, even when the transform says WithComments (XMLDSig 4.4.3.3), and
    inside SignedInfo there are none, so both spellings mean the same here.
    """

    uri: str
    prefixes: tuple[str, ...] = ()


EXCLUSIVE: Final = Canonicalization(uri=EXC_C14N)


class Canonicalizer:
    """Canonical octets of parts of one document, within a budget of bytes for the whole of it ("xmldsig.limits").

    `source`, the bytes the document was parsed from, spares counting node by node what they prove at once.
    """

    def __init__(self, input_size: int, source: bytes | None = None) -> None:
        self._left = MAX_CANONICAL_FACTOR * input_size + CANONICAL_FLOOR
        self._to_hash = MAX_HASHED_FACTOR * input_size + HASHED_FLOOR
        # many elements, each below the limit, as the properties under archive time-stamps are
        self._cost_left = 2 * MAX_INCLUSIVE_COST
        self.source = source
        self._known: dict[tuple[etree._Element, Canonicalization, bool], bytes] = {}
        self._learnt: dict[tuple[etree._Element, Canonicalization, bool], bytes] = {}
        self._ends: dict[etree._Element, tuple[bytes, bytes]] = {}
        self._places: dict[tuple[etree._Element, Canonicalization, bool], dict[etree._Element, tuple[int, int]]] = {}
        self._is_cheap: bool | None = None

    def learn(self, element: etree._Element, method: Canonicalization, octets: bytes) -> None:
        """The canonical form of an element that a caller has proven to stand in the source as it is."""
        self._learnt[element, method, False] = octets

    def learn_end(self, last: etree._Element, octets: bytes, end_tag: bytes) -> None:
        """How the canonical form of the root ends if its last child `last` has these octets: held against it, not believed."""
        self._ends[last] = (octets, end_tag)

    def octets(self, element: etree._Element, method: Canonicalization, *, is_document: bool = False) -> bytes:
        """Canonical form of an element with all it holds ("xmldsig.canonicalization"); never empty.

        `is_document`: `element` is the root, and the instructions before and after it belong to what is canonicalized
        (the empty URI of XMLDSig); comments never do.
        """
        key = (element, method, is_document)
        known = self._known.get(key)
        if known is not None:
            self._to_hash -= len(known)
            if self._to_hash < 0:
                raise malformed("xmldsig.limits", "canonical bytes hashed again")
            return known
        try:
            if key in self._learnt:
                octets = self._learnt[key]
            elif method.uri == EXC_C14N:
                octets = _exclusive(element.getroottree() if is_document else element, method)
            else:
                octets = self._inclusive(element, method, is_document=is_document)
        except etree.LxmlError as error:  # a relative namespace URI: the standard says fail
            raise malformed("xmldsig.canonicalization", "not canonicalizable") from error
        except schemas.XmlRefused as error:
            raise malformed("xmldsig.canonicalization", error.code) from error
        if not octets:  # "void canonicalization": a failure is never the digest of nothing
            raise malformed("xmldsig.canonicalization", "empty")
        self._left -= len(octets)
        if self._left < 0:
            raise malformed("xmldsig.limits", "canonical bytes")
        self._known[key] = octets
        return octets

    def pieces_without(
        self,
        element: etree._Element,
        method: Canonicalization,
        removed: Collection[etree._Element],
        *,
        is_document: bool = False,
    ) -> list[bytes | memoryview]:
        """Canonical form of an element without those Signatures below it, as pieces to be joined.

        Cut out of the canonical form of the whole: what an element looks like in it depends on its ancestors only
        (Canonical XML 1.0, 2.3; Exclusive, 3), so taking another one out of the tree first would give the same octets.
        What is cut is found by its tags, which nothing but markup can look like where comments are left out.
        """
        octets = self.octets(element, method, is_document=is_document)
        if not removed:
            return [octets]
        if len(removed) == 1:
            signature = next(iter(removed))
            only = self._place_at_end(element, signature, octets) or _only_place(element, signature, octets)
            if only is not None:
                view = memoryview(octets)
                return [view[: only[0]], view[only[1] :]]
        key = (element, method, is_document)
        places = self._places.get(key)
        if places is None:
            places = self._places[key] = _places_of_signatures(element, octets)
        spans = sorted(places[each] for each in removed if each in places)
        view = memoryview(octets)
        pieces: list[bytes | memoryview] = []
        at = 0
        for start, end in spans:
            if start >= at:  # one inside another is gone with it
                pieces.append(view[at:start])
                at = end
        pieces.append(view[at:])
        return pieces

    def _place_at_end(
        self, element: etree._Element, signature: etree._Element, octets: bytes
    ) -> tuple[int, int] | None:
        """Where a Signature is that is the last child of the root, if the root's octets end as it says."""
        learnt = self._ends.get(signature)
        if learnt is None or signature.getparent() is not element:
            return None
        own, end_tag = learnt
        if not octets.endswith(own + end_tag):
            return None
        end = len(octets) - len(end_tag)
        return end - len(own), end

    def _inclusive(self, element: etree._Element, method: Canonicalization, *, is_document: bool) -> bytes:
        """Canonical XML 1.0, and 1.1 where no xml:base stands above, by the recipe of signing README 5.1.

        The library is wrong on a sub-element in place: it invents xmlns="" and loses inherited xml:* attributes.
        """
        if self._is_cheap is None:
            self._is_cheap = self.source is not None and _bytes_prove_cheap(self.source)
        if not self._is_cheap:
            cost = _inclusive_cost(element)
            self._cost_left -= cost
            if cost > MAX_INCLUSIVE_COST or self._cost_left < 0:
                raise malformed("xmldsig.limits", "namespaces for inclusive canonicalization")
        if is_document:
            return etree.tostring(element.getroottree(), method="c14n", with_comments=False)
        if element.getparent() is None:
            return etree.tostring(element, method="c14n", with_comments=False)
        return _inclusive_apex(element, method)


def _exclusive(element: etree._Element | etree._ElementTree, method: Canonicalization) -> bytes:
    return etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        inclusive_ns_prefixes=list(method.prefixes) or None,
        with_comments=False,
    )


def _inclusive_apex(element: etree._Element, method: Canonicalization) -> bytes:
    inherited: dict[str, str] = {}
    for ancestor in element.iterancestors():
        for name, value in ancestor.attrib.items():
            if str(name).startswith(f"{{{XML_NS}}}"):
                inherited.setdefault(str(name), str(value))
    if method.uri == C14N_11:
        if f"{{{XML_NS}}}base" in inherited:
            raise unsupported("xmldsig.canonicalization", SubIndication.GENERIC, "Canonical XML 1.1 with xml:base")
        inherited = {name: value for name, value in inherited.items() if name.endswith(("}lang", "}space"))}
    apex = schemas.parse_untrusted(etree.tostring(element, with_tail=False, encoding="utf-8"), schemas.ENVELOPE_LIMITS)
    for name, value in inherited.items():
        if name not in apex.attrib:
            apex.set(name, value)
    return etree.tostring(apex, method="c14n", with_comments=False)


def _inclusive_cost(element: etree._Element) -> int:
    """What inclusive C14N of an element costs; counted without asking the tree for its namespace maps."""
    parent = element.getparent()
    above = 0 if parent is None else len(parent.nsmap)
    elements = widest = depth_declared = 0
    declared: list[int] = []
    pending = 0
    for event, _ in etree.iterwalk(element, events=("start", "end", "start-ns")):
        if event == "start-ns":
            pending += 1
        elif event == "start":
            elements += 1
            declared.append(pending)
            depth_declared += pending
            pending = 0
            widest = max(widest, above + depth_declared)
        else:
            depth_declared -= declared.pop()
    return elements * widest * widest


def _bytes_prove_cheap(source: bytes) -> bool:
    """Whether counts over the raw bytes prove what `_inclusive_cost` would count."""
    declarations = source.count(b"xmlns")
    return source.count(b"<") * declarations * declarations <= MAX_INCLUSIVE_COST


def _only_place(element: etree._Element, signature: etree._Element, octets: bytes) -> tuple[int, int] | None:
    """Where a Signature below an element is, if the element's octets hold one start and one end tag of its name."""
    if all(each is not element for each in signature.iterancestors()):
        return None
    tags = _tags(_qualified_name(signature.prefix)).finditer(octets)
    start, end = next(tags, None), next(tags, None)
    if start is None or end is None or start[1] or not end[1] or next(tags, None) is not None:
        return None
    return start.start(), end.end() + 1


def _qualified_name(prefix: str | None) -> bytes:
    return f"{prefix}:Signature".encode() if prefix else b"Signature"


@lru_cache(maxsize=64)
def _tags(name: bytes) -> re.Pattern[bytes]:
    """Start and end tags of a qualified name in canonical octets; an end tag has the slash in its group."""
    return re.compile(rb"<(/?)%b(?=[ >])" % re.escape(name))


def _places_of_signatures(element: etree._Element, octets: bytes) -> dict[etree._Element, tuple[int, int]]:
    """Where each ds:Signature below an element begins and ends in the element's canonical form."""
    found: dict[etree._Element, tuple[int, int]] = {}
    signatures = set(element.iter(_SIGNATURE))
    for prefix in {each.prefix for each in signatures}:
        # all elements of that qualified name, whatever they mean by it: their tags must be told apart
        named = [each for each in element.iter("{*}Signature") if each.prefix == prefix]
        places = _spans(_qualified_name(prefix), octets)
        if len(places) != len(named):  # a processing instruction that looks like a tag
            raise malformed("xmldsig.canonicalization", "ambiguous")
        found.update((each, place) for each, place in zip(named, places, strict=True) if each in signatures)
    return found


def _spans(name: bytes, octets: bytes) -> list[tuple[int, int]]:
    """The elements of one qualified name in canonical octets, in document order; tags are never empty there."""
    opened: list[int] = []
    spans: list[tuple[int, int]] = []
    for tag in _tags(name).finditer(octets):
        if not tag[1]:
            opened.append(len(spans))
            spans.append((tag.start(), -1))
        elif opened:
            place = opened.pop()
            spans[place] = (spans[place][0], tag.end() + 1)
        else:
            return []
    return [] if opened else spans
