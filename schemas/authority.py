"""What xmlschema, the authority, says about a tree, put into our words: its errors as violations."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from schemas.references import References
from schemas.violations import Violation, local_name, local_name_of, shortened, violation_at

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

_LIST_SHOWN: Final = 12
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
            params = {"type": shortened(named), "element": local_name_of(element), "attribute": ""}
            reason = "the schema declares no type of this name"
            found.append(
                violation_at("xsd.unknown-type", element, "", named, rule="xsi:type", reason=reason, params=params)
            )
    if found:
        return tuple(found)
    reason = type(failure).__name__
    return (
        violation_at(
            "xsd.validator-failed", root, "", None, rule="xmlschema", reason=reason, params={"reason": reason}
        ),
    )


def _explained(root: etree._Element, error: Any) -> Violation:
    element: etree._Element = root if error.elem is None else error.elem
    reason = error.reason or ""
    kind = type(error.validator).__name__
    match = _ATTRIBUTE_REASON.match(reason)
    attribute = local_name(match[1].replace(":", "}")) if match else ""
    value = _value_of(element, match[1] if match else "")
    if type(error).__name__ == "XMLSchemaChildrenValidationError":
        return _children(element, error)
    if kind in _FACETS:
        code, name = _FACETS[kind]
        params = {"value": shortened(value), name: _facet(error.validator, name)}
        return violation_at(code, element, attribute, value, rule=_rule(error), reason=reason, params=params)
    if type(error).__name__ == "XMLSchemaDecodeError":
        named = error.validator.local_name or str(error.validator.name)
        params = {"value": shortened(value), "type": named}
        return violation_at("xsd.bad-value", element, attribute, value, rule=_rule(error), reason=reason, params=params)
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
    params = {"element": local_name_of(element)}
    if code in {"xsd.missing-attribute", "xsd.unexpected-attribute"} or (code == "xsd.fixed-value" and attribute == ""):
        attribute = local_name(word.replace(":", "}")) if meaning == "attribute" else ""
    if code == "xsd.unexpected-attribute":
        value = _value_of(element, word)
    if code == "xsd.fixed-value":
        params["expected"] = str(error.validator.fixed)
        value = _value_of(element, word) if meaning == "attribute" else value
    if reason.startswith(("duplicated value", "value (")):
        value = word  # of a key that the schema names; the element found is the one that holds it
    if code in {"xsd.duplicate", "xsd.dangling-reference", "xsd.bad-value", "xsd.fixed-value"}:
        params["value"] = shortened(value if value is not None else word)
    if code == "xsd.unknown-type":
        value = element.get(_XSI_TYPE, value)
        params["type"] = shortened(value)
    if code == "xsd.bad-value":
        params["type"] = _rule(error)
    if code == "xsd.unexpected-element":
        params |= {"child": local_name_of(element[0]) if len(element) else "", "expected": "—"}
    if code == "xsd.other":
        params["reason"] = shortened(reason)
    params["attribute"] = attribute
    shown = None if code in {"xsd.missing-attribute", "xsd.unexpected-element", "xsd.unknown-root"} else value
    return violation_at(code, element, attribute, shown, rule=_rule(error), reason=reason, params=params)


def _children(element: etree._Element, error: Any) -> Violation:
    child = error.invalid_child
    order = [particle.name for particle in _elements_of(error.validator)]
    expected = _before(child, order, error)
    named = ", ".join(expected[:_LIST_SHOWN]) + (", …" if len(expected) > _LIST_SHOWN else "") or "—"
    params = {"element": local_name_of(element), "expected": named}
    if child is None:
        code = "xsd.missing-element"
        return violation_at(code, element, "", None, rule=_rule(error), reason=error.reason, params=params)
    params["child"] = local_name_of(child)
    known = child.tag in order
    again = next(child.itersiblings(child.tag, preceding=True), None) is not None
    code = "xsd.missing-element" if known and expected and not again else "xsd.unexpected-element"
    return violation_at(code, child, "", None, rule=_rule(error), reason=error.reason, params=params)


def _before(child: etree._Element | None, order: list[str], error: Any) -> tuple[str, ...]:
    """What is expected, by local name; only what stands before the child, where the child has its place further on."""
    names = tuple(dict.fromkeys(particle.name for particle in error.expected or () if particle.name))
    if child is not None and child.tag in order:
        place = order.index(str(child.tag))
        names = tuple(name for name in names if name in order[:place]) or names
    return tuple(local_name(name) for name in names)


def _elements_of(group: Any) -> Iterable[Any]:
    return group.iter_elements() if hasattr(group, "iter_elements") else ()


def _dangling(element: etree._Element, attribute: str, value: str) -> Violation:
    local = local_name(attribute)
    params = {"value": shortened(value), "element": local_name_of(element), "attribute": local}
    reason = "no element of this document has that identifier"
    return violation_at("xsd.dangling-reference", element, local, value, rule="xs:IDREF", reason=reason, params=params)


def _rule(error: Any) -> str:
    """Type, element or key of the schema that was broken, by name where it has one."""
    validator, reason = error.validator, error.reason or ""
    if "xs:ID value" in reason:
        return "xs:ID"
    key = _KEY_NAME.search(reason)
    if key is not None:
        return local_name(key[1])
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
    local = local_name(attribute.replace(":", "}"))
    return next((str(value) for name, value in element.items() if local_name(str(name)) == local), None)
