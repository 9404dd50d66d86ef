"""A ds:Signature as an exact sequence of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from signing.validation_report import SubIndication
from signing.xmldsig.signature_method import read_signature_method
from signing.xmldsig.steps import DS, malformed, passed, unsupported
from signing.xmldsig.structure import attributes, base64_text, children
from signing.xmldsig.transforms import (
    NO_TRANSFORMS,
    TransformProfile,
    Transforms,
    read_canonicalization,
    read_transforms,
)

if TYPE_CHECKING:
    from lxml import etree

    from signing.validation_report import Check
    from signing.xmldsig.canonical import Canonicalization

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
_TRANSFORMS: Final = f"{{{DS}}}Transforms"

MAX_REFERENCES: Final = 100
READ_CHECKS: Final = tuple(passed(f"xmldsig.{step}") for step in ("structure", "base64", "limits", "transforms"))
"""The checks of a ds:Signature that was read."""


class Reference(NamedTuple):
    """A ds:Reference as read; `digest` decoded."""

    id: str | None
    type: str | None
    uri: str
    digest_uri: str
    digest: bytes
    transforms: Transforms = NO_TRANSFORMS

    @property
    def canonicalization(self) -> Canonicalization | None:
        """None when none is named."""
        return self.transforms.canonicalization


class Signature(NamedTuple):
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


def read_signature(
    element: etree._Element,
    checks: list[Check],
    max_references: int = MAX_REFERENCES,
    profile: TransformProfile = TransformProfile.DETACHED,
) -> Signature:
    """Read a ds:Signature exactly; appends the checks structure, base64, limits and transforms of "xmldsig."."""
    attributes(element, optional=("Id",))
    parts = children(element)
    if [part.tag for part in parts[:2]] != [_SIGNED_INFO, _SIGNATURE_VALUE]:
        raise malformed("xmldsig.structure", "children", element="Signature")
    signed_info, value, *rest = parts
    key_info = rest.pop(0) if rest and rest[0].tag == _KEY_INFO else None
    if not {part.tag for part in rest} <= {OBJECT}:
        raise malformed("xmldsig.structure", "children", element="Signature")

    attributes(signed_info, optional=("Id",))
    inside = children(signed_info)
    tags = [part.tag for part in inside]
    if len(inside) > max_references + 2:
        raise malformed("xmldsig.limits", "references", limit=str(max_references))
    if tags[:2] != [_CANONICALIZATION_METHOD, _SIGNATURE_METHOD] or len(tags) == 2:  # noqa: PLR2004
        raise malformed("xmldsig.structure", "children", element="SignedInfo")
    if set(tags[2:]) != {_REFERENCE}:
        raise malformed("xmldsig.structure", "children", element="SignedInfo")
    method_uri = read_signature_method(inside[1])
    canonicalization = read_canonicalization(inside[0], "xmldsig.canonicalization")
    references = tuple([_reference(part, profile) for part in inside[2:]])
    attributes(value, optional=("Id",))
    octets = base64_text(value)
    checks += READ_CHECKS
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


def _reference(element: etree._Element, profile: TransformProfile) -> Reference:
    named = attributes(element, optional=("Id", "Type", "URI"))
    parts = children(element)
    transforms = NO_TRANSFORMS
    if parts and parts[0].tag == _TRANSFORMS:
        transforms = read_transforms(parts.pop(0), profile)
    if [part.tag for part in parts] != [_DIGEST_METHOD, _DIGEST_VALUE] or children(parts[0]):
        raise malformed("xmldsig.structure", "children", element="Reference")
    attributes(parts[1])
    if "URI" not in named:
        raise unsupported("xmldsig.reference-targets", SubIndication.SIGNED_DATA_NOT_FOUND, "no URI")
    return Reference(
        id=named.get("Id"),
        type=named.get("Type"),
        uri=named["URI"],
        transforms=transforms,
        digest_uri=attributes(parts[0], required=("Algorithm",))["Algorithm"],
        digest=base64_text(parts[1]),
    )
