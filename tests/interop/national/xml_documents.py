"""XML signatures and the manifests of containers. libxml2 makes the canonical forms, in a way of its own.

Read are documents of the tests. The part that is canonicalized is written out and read again by itself, with the namespaces
that reach it; for the inclusive forms it gets the xml: attributes of what is around it too (Canonical XML 1.0, 2.4).
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from documents import hold_cms
from keys import Certificate, Judge, Refused, certificate
from lxml import etree

_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_XADES: Final = "{http://uri.etsi.org/01903/v1.3.2#}"
_ASIC: Final = "{http://uri.etsi.org/02918/v1.2.1#}"
_WSSE: Final = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_WSU: Final = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_SIGNED_PROPERTIES: Final = "http://uri.etsi.org/01903#SignedProperties"
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_INCLUSIVE: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_CANONICAL: Final[Mapping[str, tuple[bool, bool]]] = {
    _EXCLUSIVE: (True, False),
    f"{_EXCLUSIVE}WithComments": (True, True),
    _INCLUSIVE: (False, False),
    f"{_INCLUSIVE}#WithComments": (False, True),
}
"""Whether exclusive, and whether with comments."""

_Element = Any
"""The library gives no types."""


def hold_signatures(judge: Judge, octets: bytes, others: tuple[Certificate, ...]) -> None:
    """Every signature of a document; what it names outside itself is found in the current folder."""
    signatures = list(_read(octets).iter(f"{_DS}Signature"))
    if not signatures:
        raise Refused("no signature")
    for number in range(len(signatures)):
        _hold_signature(judge, octets, number, others)


def _hold_signature(judge: Judge, octets: bytes, number: int, others: tuple[Certificate, ...]) -> None:
    signature = list(_read(octets).iter(f"{_DS}Signature"))[number]
    info = _child(signature, "SignedInfo")
    for reference in info.iterchildren(f"{_DS}Reference"):
        _hold_reference(judge, reference, octets, number)
    certificates = [
        certificate(base64.b64decode(each.text))
        for each in _child(signature, "KeyInfo").iter(f"{_DS}X509Certificate", f"{_WSSE}KeyIdentifier")
    ]
    signer = certificates[0]
    method = _child(info, "CanonicalizationMethod")
    judge.hold_value(
        _child(info, "SignatureMethod").get("Algorithm"),
        signer.key,
        _canonical(info, method),
        base64.b64decode(_child(signature, "SignatureValue").text),
        "SignedInfo",
    )
    _hold_properties(judge, signature, signer)
    judge.hold_path(signer, (*certificates[1:], *others))


def _hold_reference(judge: Judge, reference: _Element, octets: bytes, number: int) -> None:
    """What the Reference points to, transformed and hashed. The document is read again: transforms change it."""
    uri = reference.get("URI")
    holder = reference.find(f"{_DS}Transforms")
    transforms = [] if holder is None else list(holder.iterchildren(f"{_DS}Transform"))
    if uri and not uri.startswith("#"):
        if transforms:
            raise Refused(f"a transform of a file: {uri}")
        content = Path(unquote(uri)).read_bytes()
    else:
        document = _read(octets)
        own = list(document.iter(f"{_DS}Signature"))[number]
        target = document if uri == "" else _by_id(document, uri[1:])
        if [each.get("Algorithm") for each in transforms[:-1]] not in ([], [_ENVELOPED]):
            raise Refused("transforms in another order")
        if len(transforms) > 1:
            _take_out(own)
        _without_comments(document)
        content = _canonical(target, transforms[-1])
    what = "signed properties" if reference.get("Type") == _SIGNED_PROPERTIES else f"Reference {uri!r}"
    _hold_stated(judge, reference, content, what)


def _hold_properties(judge: Judge, signature: _Element, signer: Certificate) -> None:
    """XAdES names the signer's certificate (EN 319 132-1, 5.2.2); that the properties are signed is held here too."""
    for properties in signature.iter(f"{_XADES}SignedProperties"):
        covered = [
            each.get("URI") for each in signature.iter(f"{_DS}Reference") if each.get("Type") == _SIGNED_PROPERTIES
        ]
        if covered != [f"#{properties.get('Id')}"]:
            raise Refused("signed properties that nobody signed")
        named = properties.find(f".//{_XADES}SigningCertificateV2/{_XADES}Cert/{_XADES}CertDigest")
        _hold_stated(judge, named, signer.whole, "signing certificate")


def hold_manifest(judge: Judge, octets: bytes) -> None:
    """ASiCManifest of a container with CAdES (EN 319 162-1, 4.4.3.2), in the current folder where it is unpacked."""
    manifest = _read(octets)
    files = list(manifest.iterchildren(f"{_ASIC}DataObjectReference"))
    if not files:
        raise Refused("a manifest of nothing")
    for each in files:
        _hold_stated(judge, each, Path(unquote(each.get("URI"))).read_bytes(), each.get("URI"))
    value = manifest.find(f"{_ASIC}SigReference").get("URI")
    hold_cms(judge, Path(unquote(value)).read_bytes(), octets)


def _hold_stated(judge: Judge, holder: _Element, content: bytes, what: str) -> None:
    stated = base64.b64decode(_child(holder, "DigestValue").text)
    judge.hold_digest(_child(holder, "DigestMethod").get("Algorithm"), content, stated, what)


# --- trees ---------------------------------------------------------------------------------------------------------
def _read(octets: bytes) -> _Element:
    return etree.fromstring(octets, etree.XMLParser(resolve_entities=False, no_network=True))


def _child(parent: _Element, name: str) -> _Element:
    found = parent.find(f"{_DS}{name}")
    if found is None:
        raise Refused(f"no {name}")
    return found


def _by_id(document: _Element, wanted: str) -> _Element:
    found = [each for each in document.iter("*") if wanted in (each.get("Id"), each.get("ID"), each.get(f"{_WSU}Id"))]
    if len(found) != 1:
        raise Refused(f"{len(found)} elements with the Id {wanted}")
    return found[0]


def _take_out(element: _Element) -> None:
    """The element, not the text behind it."""
    tail, before, parent = element.tail or "", element.getprevious(), element.getparent()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _without_comments(document: _Element) -> None:
    """A Reference into the same document means the document without its comments (XMLDSig, 4.4.3.3)."""
    for comment in list(document.iter(etree.Comment)):
        if comment.getparent() is not None:
            _take_out(comment)


def _canonical(element: _Element, method: _Element) -> bytes:
    name = method.get("Algorithm")
    if name not in _CANONICAL:
        raise Refused(f"another canonical form: {name}")
    is_exclusive, with_comments = _CANONICAL[name]
    listed = method.find(f"{{{_EXCLUSIVE}}}InclusiveNamespaces")
    prefixes = listed.get("PrefixList").split() if listed is not None else None
    if element.getparent() is None:
        alone = copy.deepcopy(element)
    else:
        alone = _read(etree.tostring(element, encoding="UTF-8", with_tail=False))
        if not is_exclusive:
            for around in element.iterancestors():
                for attribute, text in around.attrib.items():
                    if attribute.startswith(_XML) and alone.get(attribute) is None:
                        alone.set(attribute, text)
    octets: bytes = etree.tostring(
        alone,
        method="c14n",
        exclusive=is_exclusive,
        with_comments=with_comments,
        inclusive_ns_prefixes=prefixes if is_exclusive else None,
    )
    return octets
