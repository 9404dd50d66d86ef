"""What libxml2 leaves out: which names a schema types as xs:ID and xs:IDREF, and which references lead nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"


class References:
    """Names of the elements and attributes that a set of schemas types as xs:IDREF or xs:ID."""

    def __init__(self, pointing: frozenset[str], naming: frozenset[str]) -> None:
        self._pointing = _Search(pointing)
        self._naming = _Search(naming)

    def dangling(self, root: etree._Element) -> list[tuple[etree._Element, str, str]]:
        """(element, "" or attribute, value) of every reference to an identifier that the document does not have."""
        pointing = tuple(self._pointing.within(root))
        if not pointing:
            return []
        named = {value.strip() for _, _, value in self._naming.within(root)}
        return [
            (element, attribute, value)
            for element, attribute, content in pointing
            for value in content.split() or [""]
            if value not in named
        ]


class _Search:
    """Finds elements by local name, and attributes by name ("@name")."""

    def __init__(self, names: frozenset[str]) -> None:
        self._elements = tuple(f"{{*}}{name}" for name in sorted(names) if not name.startswith("@"))
        attributes = "|".join(f"descendant-or-self::*/{name}" for name in sorted(names) if name.startswith("@"))
        self._attributes = etree.XPath(attributes) if attributes else None

    def within(self, root: etree._Element) -> Iterator[tuple[etree._Element, str, str]]:
        if self._elements:
            for element in root.iter(*self._elements):
                yield element, "", element.text or ""
        if self._attributes is not None:
            hits: Any = self._attributes(root)
            for hit in hits:  # an attribute's value, which knows its element
                yield hit.getparent(), hit.attrname, hit


def references_in(schemas: Iterable[etree._Element]) -> References:
    """What the declarations of these schema documents say of xs:ID and xs:IDREF, types derived from them included."""
    documents = tuple(schemas)
    pointing = _names_typed(documents, {"IDREF", "IDREFS"})
    naming = _names_typed(documents, {"ID"})
    return References(pointing, naming)


def imports_of(schema: etree._Element) -> tuple[str, ...]:
    """The schemaLocation of every import and include of a schema document; an import without one is not followed."""
    parts = schema.iterchildren(_XS + "import", _XS + "include", _XS + "redefine")
    return tuple(location for part in parts if (location := part.get("schemaLocation")))


def _names_typed(documents: tuple[etree._Element, ...], types: set[str]) -> frozenset[str]:
    # By local name: our schemas use one name for one thing. A name too many costs a lookup, never a verdict,
    # because a value that is no reference in the authority's eyes is reported only when the authority reports it.
    derived = set(types)
    while True:
        more = {
            simple.get("name", "")
            for document in documents
            for simple in document.iter(_XS + "simpleType")
            for restriction in simple.iterchildren(_XS + "restriction", _XS + "list")
            if _without_prefix(restriction.get("base") or restriction.get("itemType") or "") in derived
        } - derived
        if not more - {""}:
            break
        derived |= more
    derived.discard("")
    found = set()
    for document in documents:
        for kind, mark in ((_XS + "attribute", "@"), (_XS + "element", "")):
            for declaration in document.iter(kind):
                name = declaration.get("name")
                if name and _without_prefix(declaration.get("type") or "") in derived:
                    found.add(mark + name)
    return frozenset(found)


def _without_prefix(name: str) -> str:
    return name.rpartition(":")[2]
