"""A ds:Signature as an exact sequence of elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from signing.validation_report import SubIndication
from signing.xmldsig.canonical import Canonicalization
from signing.xmldsig.steps import C14N_10, C14N_11, DS, EXC_C14N, failed, malformed, passed, unsupported
from signing.xmldsig.structure import attributes, base64_text, children

if TYPE_CHECKING:
    from lxml import etree

    from signing.validation_report import Check

SIGNATURE: Final = f"{{{DS}}}Signature"
OBJECT: Final = f"{{{DS}}}Object"

_CANONICALIZATION_METHOD: Final = f"{{{DS}}}CanonicalizationMethod"
_DIGEST_METHOD: Final = f"{{{DS}}}DigestMethod"
_DIGEST_VALUE: Final = f"{{{DS}}}DigestValue"
_KEY_INFO: Final = f"{{{DS}}}KeyInfo"
_REFERENCE: Final = f"{{{DS}}}Reference"
_SIGNATURE_METHOD: Final = f"{{{DS}}}SignatureMethod"
_SIGNATURE_VALUE: Final = f"{{{DS}}}SignatureValue"
_SIGNED_INFO: Final = f"{{{DS}}}SignedInfo"
_TRANSFORM: Final = f"{{{DS}}}Transform"
_TRANSFORMS: Final = f"{{{DS}}}Transforms"

MAX_REFERENCES: Final = 100
MAX_TRANSFORMS: Final = 3
MAX_PREFIXES: Final = 32

_CANONICALIZATIONS: Final = {
    EXC_C14N: EXC_C14N,
    EXC_C14N + "WithComments": EXC_C14N,
    C14N_10: C14N_10,
    C14N_10 + "#WithComments": C14N_10,
    C14N_11: C14N_11,
    C14N_11 + "#WithComments": C14N_11,
}
_INCLUSIVE_NAMESPACES: Final = f"{{{EXC_C14N}}}InclusiveNamespaces"


class Reference(NamedTuple):
    """A ds:Reference as read; `digest` decoded, `canonicalization` None when it has no Transforms."""

    id: str | None
    type: str | None
    uri: str
    canonicalization: Canonicalization | None
    digest_uri: str
    digest: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """A ds:Signature as read. `value` decoded; `key_info` and `objects` not yet looked into."""

    element: etree._Element
    id: str | None
    signed_info: etree._Element
    canonicalization: Canonicalization
    method_uri: str
    references: tuple[Reference, ...]
    value: bytes
    key_info: etree._Element | None
    objects: tuple[etree._Element, ...]


def read_signature(element: etree._Element, checks: list[Check], max_references: int = MAX_REFERENCES) -> Signature:
    """Read a ds:Signature exactly; appends the checks structure, base64, limits and transforms of "xmldsig."."""
    attributes(element, optional=("Id",))
    parts = children(element)
    if [part.tag for part in parts[:2]] != [_SIGNED_INFO, _SIGNATURE_VALUE]:
        raise malformed("xmldsig.structure", "children", element="Signature")
    signed_info, value, *rest = parts
    key_info = rest.pop(0) if rest and rest[0].tag == _KEY_INFO else None
    if any(part.tag != OBJECT for part in rest):
        raise malformed("xmldsig.structure", "children", element="Signature")

    attributes(signed_info, optional=("Id",))
    inside = children(signed_info)
    tags = [part.tag for part in inside]
    if len(inside) > max_references + 2:
        raise malformed("xmldsig.limits", "references", limit=str(max_references))
    if tags[:2] != [_CANONICALIZATION_METHOD, _SIGNATURE_METHOD] or len(tags) == 2:  # noqa: PLR2004
        raise malformed("xmldsig.structure", "children", element="SignedInfo")
    if any(tag != _REFERENCE for tag in tags[2:]):
        raise malformed("xmldsig.structure", "children", element="SignedInfo")
    if children(inside[1]):  # HMACOutputLength and parameters: no algorithm of ours has any
        raise malformed("xmldsig.structure", "children", element="SignatureMethod")
    canonicalization = _canonicalization(inside[0], "xmldsig.canonicalization")
    method_uri = attributes(inside[1], required=("Algorithm",))["Algorithm"]
    references = tuple(_reference(part) for part in inside[2:])
    attributes(value, optional=("Id",))
    octets = base64_text(value)
    checks.extend(passed(f"xmldsig.{step}") for step in ("structure", "base64", "limits", "transforms"))
    return Signature(
        element=element,
        id=element.get("Id"),
        signed_info=signed_info,
        canonicalization=canonicalization,
        method_uri=method_uri,
        references=references,
        value=octets,
        key_info=key_info,
        objects=tuple(rest),
    )


def _reference(element: etree._Element) -> Reference:
    named = attributes(element, optional=("Id", "Type", "URI"))
    parts = children(element)
    canonicalization = None
    if parts and parts[0].tag == _TRANSFORMS:
        canonicalization = _transforms(parts.pop(0))
    if [part.tag for part in parts] != [_DIGEST_METHOD, _DIGEST_VALUE] or children(parts[0]):
        raise malformed("xmldsig.structure", "children", element="Reference")
    attributes(parts[1])
    if "URI" not in named:
        raise unsupported("xmldsig.reference-targets", SubIndication.SIGNED_DATA_NOT_FOUND, "no URI")
    return Reference(
        id=named.get("Id"),
        type=named.get("Type"),
        uri=named["URI"],
        canonicalization=canonicalization,
        digest_uri=attributes(parts[0], required=("Algorithm",))["Algorithm"],
        digest=base64_text(parts[1]),
    )


def _transforms(element: etree._Element) -> Canonicalization:
    attributes(element)
    steps = children(element)
    if len(steps) > MAX_TRANSFORMS:
        raise malformed("xmldsig.limits", "transforms", limit=str(MAX_TRANSFORMS))
    if len(steps) != 1 or steps[0].tag != _TRANSFORM:
        raise malformed("xmldsig.transforms", "not exactly one canonicalization")
    return _canonicalization(steps[0], "xmldsig.transforms")


def _canonicalization(element: etree._Element, check_id: str) -> Canonicalization:
    algorithm = attributes(element, required=("Algorithm",))["Algorithm"]
    uri = _CANONICALIZATIONS.get(algorithm)
    if uri is None:
        # never executed: an enveloped-signature, XPath or XSLT transform has no place in either of our profiles
        raise failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, "algorithm", algorithm=algorithm[:200])
    prefixes: tuple[str, ...] = ()
    parameters = children(element)
    if parameters:
        if uri != EXC_C14N or [part.tag for part in parameters] != [_INCLUSIVE_NAMESPACES] or children(parameters[0]):
            raise malformed(check_id, "parameters", algorithm=algorithm)
        prefixes = tuple(attributes(parameters[0], required=("PrefixList",))["PrefixList"].split())
        if len(prefixes) > MAX_PREFIXES:
            raise malformed("xmldsig.limits", "prefixes", limit=str(MAX_PREFIXES))
        if "#default" in prefixes:  # the library ignores it, so the octets would not be the signer's
            raise unsupported(check_id, SubIndication.GENERIC, "#default in PrefixList")
    return Canonicalization(uri=uri, prefixes=prefixes)
