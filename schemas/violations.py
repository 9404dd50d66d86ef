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

from schemas.parser import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_VIOLATIONS: Final = 1000  # a person reads the first dozens; a hostile file makes one per element
_VALUE_SHOWN: Final = 80


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


# --- the second opinion ---------------------------------------------------------------------------------------------


def from_libxml2(root: etree._Element, entry: Any) -> Violation:
    """One line of libxml2's log. It becomes visible only when the authority has nothing to say."""
    params = {"reason": shortened(entry.message)}
    return Violation(
        code="xsd.other",
        line=entry.line or None,
        xpath=_readable(entry.path) or f"/{local_name_of(root)}",
        value=None,
        rule=f"libxml2 {entry.type_name}",
        message=entry.message,
        params=MappingProxyType(params),
    )


def too_many(root: etree._Element) -> Violation:
    """Says that the list is not complete: cut off, or libxml2's alone because the document is too large to be judged."""
    params = {"limit": str(MAX_VIOLATIONS)}
    return violation_at("xsd.too-many", root, "", None, rule="schema", reason="the list is not complete", params=params)


def disagreement(root: etree._Element, refusing: str, rule: str) -> Violation:
    """One validator refuses what the other accepts, and none of the known reasons explains it."""
    params = {"refusing": refusing, "rule": rule}
    reason = f"only {refusing} refuses this document"
    return violation_at("xsd.validators-disagree", root, "", None, rule=rule, reason=reason, params=params)


def explains_disagreement(violation: Violation) -> bool:
    """True for the reasons a to d of this module's docstring: libxml2's silence was to be expected."""
    if violation.code == "xsd.fixed-value":
        return "/@" in violation.xpath
    if violation.code == "xsd.bad-value":
        return violation.params.get("type") == "base64Binary"
    if violation.code == "xsd.bad-pattern":
        return any(character.isspace() and character not in " \t\r\n" for character in violation.value or "")
    return violation.rule in {"xs:IDREF", "xs:ID"}


# --- words ---------------------------------------------------------------------------------------------------------


def readable_path(element: etree._Element, attribute: str = "") -> str:
    """/TreatyInformation/InForceSection/TreatyRecord[2]/@recordId: local names, positions only among several."""
    steps = []
    current: etree._Element | None = element
    while current is not None:
        name = local_name_of(current)
        before = sum(1 for _ in current.itersiblings(current.tag, preceding=True))
        several = before or next(current.itersiblings(current.tag), None) is not None
        steps.append(f"{name}[{before + 1}]" if several else name)
        current = current.getparent()
    path = "/" + "/".join(reversed(steps))
    return f"{path}/@{attribute}" if attribute else path


def violation_at(
    code: str,
    element: etree._Element,
    attribute: str,
    value: str | None,
    *,
    rule: str,
    reason: str,
    params: Mapping[str, str],
) -> Violation:
    """A violation at an element or its attribute ("": the element itself); `value` is shortened here."""
    return Violation(
        code=code,
        line=line_of(element),
        xpath=readable_path(element, attribute),
        value=None if value is None else shortened(value),
        rule=rule,
        message=reason,
        params=MappingProxyType(dict(params)),
    )


def shortened(value: str | None) -> str:
    text = " ".join((value or "").split(" "))
    return text if len(text) <= _VALUE_SHOWN else text[: _VALUE_SHOWN - 1] + "…"


def local_name_of(element: etree._Element) -> str:
    return local_name(str(element.tag))


def local_name(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2]


def _readable(path: str | None) -> str:
    return re.sub(r"(?<=/)(@?)[^/:@\[]+:", r"\1", path or "")
