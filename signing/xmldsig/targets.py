"""What the References of a signature inside a document point to, and the octets that are hashed for them.

1. "xml.references": every data Reference has one target in the document, each once: the whole document (empty URI), or
   the one element of an identifier. Never a part of another signature, of this one its Objects and its KeyInfo only;
   ds:Manifest is unsupported; nothing is fetched.
2. "xml.coverage": where the policy asks for the whole document, the one data Reference is the whole document without this
   Signature (and without those that came after it), canonicalized; else there is at least one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from signing.validation_report import SubIndication
from signing.xmldsig.reading import OBJECT, SIGNATURE
from signing.xmldsig.steps import DS, XML_NS, failed, malformed, unsupported
from signing.xmldsig.structure import base64_text, fragment, local_name
from signing.xmldsig.transforms import Removal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from signing.xmldsig.canonical import Canonicalizer
    from signing.xmldsig.reading import Reference
    from signing.xmldsig.structure import Element

_KEY_INFO = f"{{{DS}}}KeyInfo"
_MANIFEST = f"{{{DS}}}Manifest"
_KNOWN_IDS = (
    "Id",
    "ID",
    "id",
    f"{{{XML_NS}}}id",
    "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id",
)
"""Attributes that every reader takes for an identifier; one of another namespace is unique here and leads nowhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedDocument:
    """The one parse of a document. `signatures`: the Signatures that stand in no other, in document order."""

    root: Element
    ids: Mapping[str, Element]
    signatures: tuple[Element, ...]
    canonicalizer: Canonicalizer
    taken_out: list[Element] = field(default_factory=list)
    """Signatures that passed and are no longer part of what the earlier ones are judged on."""


class Target(NamedTuple):
    """What one data Reference points to. `name` is how a report says it: "document", or the fragment with its element."""

    reference: Reference
    element: Element
    is_document: bool
    name: str


def outer_signatures(root: Element) -> tuple[Element, ...]:
    """The Signatures that stand in no other, in document order."""
    found = root.iter(SIGNATURE)
    return tuple(each for each in found if next(each.iterancestors(SIGNATURE), None) is None)


def targets_of(own: Element, data: Iterable[Reference], document: SignedDocument) -> tuple[Target, ...]:
    """Check "xml.references"; `own` is the Signature that the References are of."""
    found: list[Target] = []
    for reference in data:
        if reference.type == f"{DS}Manifest":
            raise unsupported("xml.references", SubIndication.SIGNED_DATA_NOT_FOUND, "ds:Manifest")
        target = _target(reference, document)
        if any(each.tag == _MANIFEST for each in (target.element, *_held(target.element))):
            # the Type is a hint that may be left out; what the Manifest names would then be taken for signed
            raise unsupported("xml.references", SubIndication.SIGNED_DATA_NOT_FOUND, "ds:Manifest")
        _require_place(target, own)
        if any(target.element is each.element and reference.transforms == each.reference.transforms for each in found):
            raise malformed("xml.references", "twice", uri=reference.uri[:200])
        found.append(target)
    return tuple(found)


def require_document(targets: Sequence[Target], document: SignedDocument) -> None:
    """Check "xml.coverage" under a policy that asks for the whole document."""
    if len(targets) != 1:
        raise failed("xml.coverage", SubIndication.SIG_CONSTRAINTS_FAILURE, "not exactly one Reference to data")
    target = targets[0]
    transforms = target.reference.transforms
    if target.element is not document.root or transforms.removal is not Removal.OWN_SIGNATURE:
        raise failed(
            "xml.coverage", SubIndication.SIG_CONSTRAINTS_FAILURE, "not the document", uri=target.reference.uri[:200]
        )
    if transforms.canonicalization is None:
        raise failed("xml.coverage", SubIndication.SIG_CONSTRAINTS_FAILURE, "no canonicalization")


def require_something(data: Sequence[Reference]) -> None:
    """Check "xml.coverage" under a policy that takes parts."""
    if not data:
        raise failed("xml.coverage", SubIndication.SIG_CONSTRAINTS_FAILURE, "nothing but properties")


def octets_of(target: Target, own: Element, document: SignedDocument) -> list[bytes | memoryview]:
    """The octets a Reference hashes, in pieces; StepError "xmldsig.canonicalization", "xmldsig.limits"."""
    transforms = target.reference.transforms
    if transforms.is_base64:
        return [base64_text(target.element)]
    pieces = document.canonicalizer.pieces_without(
        target.element,
        transforms.of_nodes(),
        _left_out(target, own, document),
        is_document=target.is_document,
    )
    if not any(pieces):
        raise malformed("xmldsig.canonicalization", "empty")
    return pieces


def others_covered(target: Target, own: Element, document: SignedDocument) -> list[Element]:
    """The other signatures that stand inside what a Reference hashes."""
    gone = _left_out(target, own, document)
    return [
        each
        for each in document.signatures
        if each is not own and each not in gone and _is_within(each, target.element)
    ]


def leaves_no_signature(target: Target, own: Element, document: SignedDocument) -> bool:
    """Whether this is the whole document without any Signature in it: what an application takes for the document."""
    return target.element is document.root and not others_covered(target, own, document)


def _left_out(target: Target, own: Element, document: SignedDocument) -> Collection[Element]:
    removal = target.reference.transforms.removal
    if removal is Removal.EVERY_SIGNATURE:
        return set(target.element.iter(SIGNATURE))
    if removal is Removal.SIGNATURES_UNDER_ROOT:
        return set(document.root.iterchildren(SIGNATURE))
    if removal is Removal.OWN_SIGNATURE:
        return {own, *document.taken_out}
    return document.taken_out


def _target(reference: Reference, document: SignedDocument) -> Target:
    if reference.uri == "":
        return Target(reference, document.root, is_document=True, name="document")
    identifier = fragment(reference.uri)
    if identifier is None:  # a file, an address: nothing is fetched, and nothing lies beside a document
        raise malformed("xml.references", "outside the document", uri=reference.uri[:200])
    element = document.ids.get(identifier)
    if element is None:
        raise malformed("xml.references", "no such element", uri=reference.uri[:200])
    if all(element.get(name) != identifier for name in _KNOWN_IDS):
        raise malformed("xml.references", "identifier of a foreign namespace", uri=reference.uri[:200])
    name = "document" if element is document.root else f"{reference.uri[:200]} ({local_name(element)})"
    return Target(reference, element, is_document=False, name=name)


def _held(element: Element) -> Iterable[Element]:
    """What a ds:Object holds; of any other element nothing that matters here."""
    return element.iterchildren("*") if element.tag == OBJECT else ()


def _require_place(target: Target, own: Element) -> None:
    element, transforms = target.element, target.reference.transforms
    around = [element, *element.iterancestors()]
    inside = next((each for each in around if each.tag == SIGNATURE), None)
    if inside is not None:
        if inside is not own:
            raise malformed("xml.references", "part of another signature", uri=target.reference.uri[:200])
        if not any(each.tag in (OBJECT, _KEY_INFO) and each.getparent() is inside for each in around):
            raise malformed("xml.references", "part of its own signature", uri=target.reference.uri[:200])
    if transforms.removal is Removal.OWN_SIGNATURE and not _is_within(own, element):
        raise malformed("xml.references", "enveloped-signature elsewhere", uri=target.reference.uri[:200])
    if transforms.is_base64 and len(element):
        raise malformed("xml.references", "base64 of elements", uri=target.reference.uri[:200])


def _is_within(element: Element, outer: Element) -> bool:
    return element is outer or any(each is outer for each in element.iterancestors())
