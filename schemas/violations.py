"""What the two validators say about a tree, put into our words: code, place, value, rule.

Where the validators are known to disagree, and which one counts (found by test, see tests/unit/schemas):
 a. `fixed` on a reference to an attribute declared elsewhere (xml:lang): libxml2 does not look at it; xmlschema counts.
 b. a pattern that asks for a character that is no space: libxml2 takes a no-break space for one; xmlschema counts.
 c. xs:IDREF without its xs:ID, and an xs:ID given twice: libxml2 checks neither when it validates; xmlschema counts.
 d. xs:base64Binary: libxml2 passes over every character that is not of the alphabet; xmlschema counts.
Any other disagreement is reported as `xsd.validators-disagree`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

MAX_VIOLATIONS: Final = 1000  # a person reads the first dozens; a hostile file makes one per element
_VALUE_SHOWN: Final = 80
_LIST_SHOWN: Final = 12
_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_XSI_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_ATTRIBUTE_REASON: Final = re.compile(r"attribute ([^\s=']+)=")
_KEY_NAME: Final = re.compile(r"for Xsd\w+\(name='([^']+)'\)")
_QUOTED: Final = re.compile(r"'([^']*)'")

_FACETS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "XsdPatternFacets": ("xsd.bad-pattern", "pattern"),
        "XsdEnumerationFacets": ("xsd.not-in-list", "allowed"),
        "XsdLengthFacet": ("xsd.bad-length", "length"),
        "XsdMinLengthFacet": ("xsd.too-short", "least"),
        "XsdMaxLengthFacet": ("xsd.too-long", "most"),
        "XsdMinInclusiveFacet": ("xsd.too-small", "least"),
        "XsdMinExclusiveFacet": ("xsd.too-small", "least"),
        "XsdMaxInclusiveFacet": ("xsd.too-large", "most"),
        "XsdMaxExclusiveFacet": ("xsd.too-large", "most"),
        "XsdTotalDigitsFacet": ("xsd.too-many-digits", "most"),
        "XsdFractionDigitsFacet": ("xsd.too-many-digits", "most"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One place where a document breaks its schema. `code` is stable; `params` fill its sentence in kk, ru, en.

    `xpath` is for reading: local names, positions only where there are several, `/@name` for an attribute.
    `value` is shortened and None where the fault is not in a value. `message` is the plain English of the validator.
    """

    code: str
    line: int | None
    xpath: str
    value: str | None
    rule: str
    message: str
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


# --- references: what libxml2 leaves out ------------------------------------------------------------------------------


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
            if _local(restriction.get("base") or restriction.get("itemType") or "") in derived
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
                if name and _local(declaration.get("type") or "") in derived:
                    found.add(mark + name)
    return frozenset(found)


# --- the authority ---------------------------------------------------------------------------------------------------


def from_xmlschema(root: etree._Element, errors: Iterable[Any], references: References) -> tuple[Violation, ...]:
    """The errors of xmlschema as violations, in document order."""
    found: dict[tuple[str, str, str | None], Violation] = {}
    dangling = False
    for error in errors:
        if (error.reason or "").startswith("IDREF "):
            dangling = True  # the library names no place; ours are found below
            continue
        violation = _explained(root, error)
        found.setdefault((violation.code, violation.xpath, violation.value), violation)  # it says some things twice
    listed = _without_consequences(list(found.values()))
    if dangling:
        listed += [_dangling(*place) for place in references.dangling(root)] or [_dangling(root, "", "")]
    return tuple(sorted(listed, key=lambda violation: violation.line or 0))


def _without_consequences(found: list[Violation]) -> list[Violation]:
    """Below an element of unknown or abstract type everything is judged by the wrong type: only the type is named."""
    unknown = {violation.xpath for violation in found if violation.code == "xsd.unknown-type"}
    untyped = unknown | {violation.xpath for violation in found if violation.code == "xsd.abstract-type"}

    def is_consequence(violation: Violation) -> bool:
        if violation.code == "xsd.unknown-type":
            return False
        if violation.code == "xsd.abstract-type":
            return violation.xpath in unknown
        return any(f"{violation.xpath}/".startswith(f"{path}/") for path in untyped)

    return [violation for violation in found if not is_consequence(violation)]


def unjudged(root: etree._Element, types: Container[str], failure: Exception) -> tuple[Violation, ...]:
    """The authority broke off. It does so at an xsi:type that nobody declares; anything else is named as it is."""
    found = []
    for element in root.iter(etree.Element):
        named = element.get(_XSI_TYPE)
        if named is None:
            continue
        prefix, _, local = named.strip().rpartition(":")
        namespace = element.nsmap.get(prefix or None)
        if (f"{{{namespace}}}{local}" if namespace else local) not in types:
            params = {"type": _short(named), "element": _name(element), "attribute": ""}
            reason = "the schema declares no type of this name"
            found.append(
                _violation("xsd.unknown-type", element, "", named, rule="xsi:type", reason=reason, params=params)
            )
    if found:
        return tuple(found)
    reason = type(failure).__name__
    return (
        _violation("xsd.validator-failed", root, "", None, rule="xmlschema", reason=reason, params={"reason": reason}),
    )


def _explained(root: etree._Element, error: Any) -> Violation:
    element: etree._Element = root if error.elem is None else error.elem
    reason = error.reason or ""
    kind = type(error.validator).__name__
    match = _ATTRIBUTE_REASON.match(reason)
    attribute = _local(match[1].replace(":", "}")) if match else ""
    value = _value_of(element, match[1] if match else "")
    if type(error).__name__ == "XMLSchemaChildrenValidationError":
        return _children(element, error)
    if kind in _FACETS:
        code, name = _FACETS[kind]
        params = {"value": _short(value), name: _facet(error.validator, name)}
        return _violation(code, element, attribute, value, rule=_rule(error), reason=reason, params=params)
    if type(error).__name__ == "XMLSchemaDecodeError":
        named = error.validator.local_name or str(error.validator.name)
        params = {"value": _short(value), "type": named}
        return _violation("xsd.bad-value", element, attribute, value, rule=_rule(error), reason=reason, params=params)
    return _by_reason(element, attribute, value, error)


_BY_REASON: Final = (
    # (how xmlschema's sentence begins or what it holds, our code, what the first quoted word is)
    ("missing required attribute", "xsd.missing-attribute", "attribute"),
    ("attribute not allowed", "xsd.unexpected-attribute", "attribute"),
    ("is prohibited", "xsd.unexpected-attribute", "attribute"),
    ("not an attribute of the XSI", "xsd.unexpected-attribute", "attribute"),
    ("has a fixed value", "xsd.fixed-value", "attribute"),
    ("must have the fixed value", "xsd.fixed-value", "expected"),
    ("duplicated xs:ID", "xsd.duplicate", "value"),
    ("duplicated value", "xsd.duplicate", "value"),
    ("not found for", "xsd.dangling-reference", "value"),
    ("is not an element of the schema", "xsd.unknown-root", "element"),
    ("character data is not allowed", "xsd.unexpected-text", ""),
    ("character data between child elements", "xsd.unexpected-text", ""),
    ("simple content element can't have child", "xsd.unexpected-element", ""),
    ("nil", "xsd.bad-nil", ""),
    ("abstract", "xsd.abstract-type", ""),
    ("unknown type", "xsd.unknown-type", ""),
    ("unmapped prefix", "xsd.unknown-type", ""),
    ("is blocked", "xsd.unknown-type", ""),
    ("not found", "xsd.unknown-type", ""),
    ("invalid value", "xsd.bad-value", "value"),
)


def _by_reason(element: etree._Element, attribute: str, value: str | None, error: Any) -> Violation:
    reason = error.reason or ""
    code, meaning = next(((code, meaning) for words, code, meaning in _BY_REASON if words in reason), ("xsd.other", ""))
    quoted = _QUOTED.search(reason)
    word = quoted[1] if quoted else ""
    params = {"element": _name(element)}
    if code in {"xsd.missing-attribute", "xsd.unexpected-attribute"} or (code == "xsd.fixed-value" and attribute == ""):
        attribute = _local(word.replace(":", "}")) if meaning == "attribute" else ""
    if code == "xsd.unexpected-attribute":
        value = _value_of(element, word)
    if code == "xsd.fixed-value":
        params["expected"] = str(error.validator.fixed)
        value = _value_of(element, word) if meaning == "attribute" else value
    if reason.startswith(("duplicated value", "value (")):
        value = word  # of a key that the schema names; the element found is the one that holds it
    if code in {"xsd.duplicate", "xsd.dangling-reference", "xsd.bad-value", "xsd.fixed-value"}:
        params["value"] = _short(value if value is not None else word)
    if code == "xsd.unknown-type":
        value = element.get(_XSI_TYPE, value)
        params["type"] = _short(value)
    if code == "xsd.bad-value":
        params["type"] = _rule(error)
    if code == "xsd.unexpected-element":
        params |= {"child": _name(element[0]) if len(element) else "", "expected": "—"}
    if code == "xsd.other":
        params["reason"] = _short(reason)
    params["attribute"] = attribute
    shown = None if code in {"xsd.missing-attribute", "xsd.unexpected-element", "xsd.unknown-root"} else value
    return _violation(code, element, attribute, shown, rule=_rule(error), reason=reason, params=params)


def _children(element: etree._Element, error: Any) -> Violation:
    child = error.invalid_child
    order = [particle.name for particle in _elements_of(error.validator)]
    expected = _before(child, order, error)
    named = ", ".join(expected[:_LIST_SHOWN]) + (", …" if len(expected) > _LIST_SHOWN else "") or "—"
    params = {"element": _name(element), "expected": named}
    if child is None:
        code = "xsd.missing-element"
        return _violation(code, element, "", None, rule=_rule(error), reason=error.reason, params=params)
    params["child"] = _name(child)
    known = child.tag in order
    again = next(child.itersiblings(child.tag, preceding=True), None) is not None
    code = "xsd.missing-element" if known and expected and not again else "xsd.unexpected-element"
    return _violation(code, child, "", None, rule=_rule(error), reason=error.reason, params=params)


def _before(child: etree._Element | None, order: list[str], error: Any) -> tuple[str, ...]:
    """What is expected, by local name; only what stands before the child, where the child has its place further on."""
    names = tuple(dict.fromkeys(particle.name for particle in error.expected or () if particle.name))
    if child is not None and child.tag in order:
        place = order.index(str(child.tag))
        names = tuple(name for name in names if name in order[:place]) or names
    return tuple(_local(name) for name in names)


def _elements_of(group: Any) -> Iterable[Any]:
    return group.iter_elements() if hasattr(group, "iter_elements") else ()


def _dangling(element: etree._Element, attribute: str, value: str) -> Violation:
    local = _local(attribute)
    params = {"value": _short(value), "element": _name(element), "attribute": local}
    reason = "no element of this document has that identifier"
    return _violation("xsd.dangling-reference", element, local, value, rule="xs:IDREF", reason=reason, params=params)


# --- the second opinion ----------------------------------------------------------------------------------------------


def from_libxml2(root: etree._Element, entry: Any) -> Violation:
    """One line of libxml2's log. It becomes visible only when the authority has nothing to say."""
    params = {"reason": _short(entry.message)}
    return Violation(
        code="xsd.other",
        line=entry.line or None,
        xpath=_readable(entry.path) or f"/{_name(root)}",
        value=None,
        rule=f"libxml2 {entry.type_name}",
        message=entry.message,
        params=MappingProxyType(params),
    )


def too_many(root: etree._Element) -> Violation:
    """Says that the list is not complete: cut off, or libxml2's alone because the document is too large to be judged."""
    params = {"limit": str(MAX_VIOLATIONS)}
    return _violation("xsd.too-many", root, "", None, rule="schema", reason="the list is not complete", params=params)


def disagreement(root: etree._Element, refusing: str, rule: str) -> Violation:
    """One validator refuses what the other accepts, and none of the known reasons explains it."""
    params = {"refusing": refusing, "rule": rule}
    reason = f"only {refusing} refuses this document"
    return _violation("xsd.validators-disagree", root, "", None, rule=rule, reason=reason, params=params)


def explains_disagreement(violation: Violation) -> bool:
    """True for the reasons a to d of this module's docstring: libxml2's silence was to be expected."""
    if violation.code == "xsd.fixed-value":
        return "/@" in violation.xpath
    if violation.code == "xsd.bad-value":
        return violation.params.get("type") == "base64Binary"
    if violation.code == "xsd.bad-pattern":
        return any(character.isspace() and character not in " \t\r\n" for character in violation.value or "")
    return violation.rule in {"xs:IDREF", "xs:ID"}


# --- words -----------------------------------------------------------------------------------------------------------


def readable_path(element: etree._Element, attribute: str = "") -> str:
    """/TreatyInformation/InForceSection/TreatyRecord[2]/@recordId: local names, positions only among several."""
    steps = []
    current: etree._Element | None = element
    while current is not None:
        name = _name(current)
        before = sum(1 for _ in current.itersiblings(current.tag, preceding=True))
        several = before or next(current.itersiblings(current.tag), None) is not None
        steps.append(f"{name}[{before + 1}]" if several else name)
        current = current.getparent()
    path = "/" + "/".join(reversed(steps))
    return f"{path}/@{attribute}" if attribute else path


def line_of(node: etree._Element) -> int | None:
    """The line on which the node begins; None for a node that was not parsed."""
    line: Any = node.sourceline  # the stub gives it no type
    return line if isinstance(line, int) else None


def _violation(
    code: str,
    element: etree._Element,
    attribute: str,
    value: str | None,
    *,
    rule: str,
    reason: str,
    params: Mapping[str, str],
) -> Violation:
    return Violation(
        code=code,
        line=line_of(element),
        xpath=readable_path(element, attribute),
        value=None if value is None else _short(value),
        rule=rule,
        message=reason,
        params=MappingProxyType(dict(params)),
    )


def _rule(error: Any) -> str:
    """Type, element or key of the schema that was broken, by name where it has one."""
    validator, reason = error.validator, error.reason or ""
    if "xs:ID value" in reason:
        return "xs:ID"
    key = _KEY_NAME.search(reason)
    if key is not None:
        return _local(key[1])
    facet = type(validator).__name__
    holder, name = validator, ""
    while holder is not None and not name:  # the nearest component with a name: most groups and some types have none
        name = str(getattr(holder, "local_name", None) or "")
        holder = getattr(holder, "parent", None)
    return f"{name} {_FACETS[facet][1]}" if facet in _FACETS else name or "schema"


def _facet(validator: Any, name: str) -> str:
    if name == "pattern":
        return " ; ".join(str(pattern.get("value")) for pattern in validator)
    if name == "allowed":
        values = [str(value) for value in validator.enumeration]
        return ", ".join(values[:_LIST_SHOWN]) + (", …" if len(values) > _LIST_SHOWN else "")
    return str(validator.value)


def _value_of(element: etree._Element, attribute: str) -> str | None:
    if not attribute:
        return None if len(element) else element.text or ""
    local = _local(attribute.replace(":", "}"))
    return next((str(value) for name, value in element.items() if _local(str(name)) == local), None)


def _short(value: str | None) -> str:
    text = " ".join((value or "").split(" "))
    return text if len(text) <= _VALUE_SHOWN else text[: _VALUE_SHOWN - 1] + "…"


def _name(element: etree._Element) -> str:
    return _local(str(element.tag))


def _local(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2]


def _readable(path: str | None) -> str:
    return re.sub(r"(?<=/)(@?)[^/:@\[]+:", r"\1", path or "")
