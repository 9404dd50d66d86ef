"""Canonical form of parts of a document, exclusive and inclusive, within limits."""

from __future__ import annotations

from typing import Final, NamedTuple

from lxml import etree

import schemas
from signing.validation_report import SubIndication
from signing.xmldsig.steps import C14N_11, EXC_C14N, XML_NS, malformed, unsupported

MAX_CANONICAL_FACTOR: Final = 4
# Short documents may grow by more than the factor in all honesty: each sibling repeats its namespace declaration.
CANONICAL_FLOOR: Final = 1 << 20
MAX_INCLUSIVE_COST: Final = 50_000_000  # elements x (namespaces in scope)^2: about 0.25 s


class Canonicalization(NamedTuple):
    """A canonicalization named in a signature: the URI without comments, and the PrefixList of the exclusive form.

    A fragment reference never takes comments in, even when the transform says WithComments (XMLDSig 4.4.3.3), and
    inside SignedInfo there are none, so both spellings mean the same here.
    """

    uri: str
    prefixes: tuple[str, ...] = ()


EXCLUSIVE: Final = Canonicalization(uri=EXC_C14N)


class Canonicalizer:
    """Canonical octets of parts of one document, within a budget of bytes for the whole of it ("xmldsig.limits")."""

    def __init__(self, input_size: int) -> None:
        self._left = MAX_CANONICAL_FACTOR * input_size + CANONICAL_FLOOR
        self._known: dict[tuple[etree._Element, Canonicalization], bytes] = {}

    def octets(self, element: etree._Element, method: Canonicalization) -> bytes:
        """Canonical form of an element with all it holds ("xmldsig.canonicalization"); never empty."""
        known = self._known.get((element, method))
        if known is not None:
            return known
        try:
            octets = _exclusive(element, method) if method.uri == EXC_C14N else _inclusive(element, method)
        except etree.LxmlError as error:  # a relative namespace URI: the standard says fail
            raise malformed("xmldsig.canonicalization", "not canonicalizable") from error
        except schemas.XmlRefused as error:
            raise malformed("xmldsig.canonicalization", error.code) from error
        if not octets:  # "void canonicalization": a failure is never the digest of nothing
            raise malformed("xmldsig.canonicalization", "empty")
        self._left -= len(octets)
        if self._left < 0:
            raise malformed("xmldsig.limits", "canonical bytes")
        self._known[element, method] = octets
        return octets


def _exclusive(element: etree._Element, method: Canonicalization) -> bytes:
    return etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        inclusive_ns_prefixes=list(method.prefixes) or None,
        with_comments=False,
    )


def _inclusive(element: etree._Element, method: Canonicalization) -> bytes:
    """Canonical XML 1.0, and 1.1 where no xml:base stands above, by the recipe of signing README 5.1.

    The library is wrong on a sub-element in place: it invents xmlns="" and loses inherited xml:* attributes.
    """
    _require_cheap(element)
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


def _require_cheap(element: etree._Element) -> None:
    """Refuse what inclusive C14N would take too long for; counted without asking the tree for its namespace maps."""
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
    if elements * widest * widest > MAX_INCLUSIVE_COST:
        raise malformed("xmldsig.limits", "namespaces for inclusive canonicalization")
