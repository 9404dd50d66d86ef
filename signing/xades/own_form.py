"""A signature of level B-B in the very spelling of `building`, read from its octets instead of element by element.

Most signatures that are judged here were made here, and to read one element by element takes as long as to parse the
document. This is another way to the values that `read_signature` and `read_qualifying_properties` give, never to others:
whatever is spelt differently is left to them.

Why it is sound:

1. The expression ends with an end tag and the end of the octets. A comment there would end in "-->" and an instruction in
   "?>", and neither stands before the last ">". The octets have been parsed, so that tag is the root's, and what stands
   right before it is content. No comment, instruction or CDATA section that began earlier can end inside what matches
   (no character before a ">" lets it), and an attribute value holds no "<". So what matches is markup: the last child of
   the root. Nothing hangs on this alone: identifiers, value and shape are held against the tree.
2. Its prefixes are bound inside it. It holds no reference, no white space in a value and nothing beyond ASCII: each value
   is what its octets say.
3. SignedInfo and SignedProperties stand in it as exclusive canonical form has them: namespaces where they are first used,
   attributes in order, no empty-element tag.
"""

from __future__ import annotations

import binascii
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from signing.xades.names import SIGNED_PROPERTIES_TYPE, XADES, local
from signing.xades.signature_policy import policy_check
from signing.xades.signed_properties import QualifyingProperties
from signing.xmldsig import (
    DS,
    ENVELOPED_SIGNATURE,
    EXC_C14N,
    EXCLUSIVE,
    READ_CHECKS,
    RSA_PSS,
    Reference,
    Removal,
    Signature,
    Transforms,
    passed,
)

if TYPE_CHECKING:
    from lxml import etree

    from signing.policy import ValidationPolicy
    from signing.validation_report import Check
    from signing.xmldsig import Canonicalizer

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_.-]*+"
_URI: Final = r"[A-Za-z0-9:/.?#_%~!$'*+,;=@()-]*+"
_TYPE: Final = _URI[:-2] + "++"
_BASE64: Final = r"[A-Za-z0-9+/]++={0,2}"
_MEDIA_TYPE: Final = r"[A-Za-z0-9.+/_-]++"
_MOST_REFERENCES: Final = 100
_MOST_CERTIFICATES: Final = 10

_REFERENCE_PARTS: Final = (
    f'<ds:Reference(?: Id="({_NAME})")?(?: Type="({_TYPE})")? URI="({_URI})">'
    f'(?:<ds:Transforms>(<ds:Transform Algorithm="{re.escape(ENVELOPED_SIGNATURE)}"></ds:Transform>)?'
    f'(<ds:Transform Algorithm="{re.escape(EXC_C14N)}"></ds:Transform>)</ds:Transforms>)?'
    f'<ds:DigestMethod Algorithm="({_URI})"></ds:DigestMethod>'
    f"<ds:DigestValue>({_BASE64})</ds:DigestValue></ds:Reference>"
)
_FORMAT_PARTS: Final = (
    f'<xades:DataObjectFormat ObjectReference="#({_NAME})">'
    f"<xades:MimeType>({_MEDIA_TYPE})</xades:MimeType></xades:DataObjectFormat>"
)


def _unnumbered(parts: str) -> str:
    """The same expression without its groups."""
    return re.sub(r"\((?!\?)", "(?:", parts)


_DS_DECLARED: Final = f' xmlns:ds="{re.escape(DS)}"'
_XADES_DECLARED: Final = f' xmlns:xades="{re.escape(XADES)}"'
_SIGNATURE: Final = re.compile(
    (
        f'<ds:Signature{_DS_DECLARED} Id="(?P<id>{_NAME})">'
        f"(?P<signed_info><ds:SignedInfo(?P<again_0>{_DS_DECLARED})>"
        f'<ds:CanonicalizationMethod Algorithm="{re.escape(EXC_C14N)}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="(?P<method>{_URI})"></ds:SignatureMethod>'
        f"(?P<references>(?:{_unnumbered(_REFERENCE_PARTS)}){{1,{_MOST_REFERENCES}}})</ds:SignedInfo>)"
        f"<ds:SignatureValue>(?P<value>{_BASE64})</ds:SignatureValue>"
        f"<ds:KeyInfo><ds:X509Data>(?:<ds:X509Certificate>{_BASE64}</ds:X509Certificate>)"
        f"{{1,{_MOST_CERTIFICATES}}}</ds:X509Data></ds:KeyInfo>"
        f'<ds:Object><xades:QualifyingProperties{_XADES_DECLARED} Target="#(?P=id)">'
        f'(?P<signed_properties><xades:SignedProperties(?P<again_1>{_XADES_DECLARED}) Id="(?P<properties_id>{_NAME})">'
        r"<xades:SignedSignatureProperties><xades:SigningTime>(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)</xades:SigningTime>"
        "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod(?P<again_2>{_DS_DECLARED}) Algorithm="(?P<certificate_method>{_URI})"></ds:DigestMethod>'
        f"<ds:DigestValue(?P<again_3>{_DS_DECLARED})>(?P<certificate_digest>{_BASE64})</ds:DigestValue>"
        "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>"
        f"<xades:SignedDataObjectProperties>(?P<formats>(?:{_unnumbered(_FORMAT_PARTS)})+)"
        "</xades:SignedDataObjectProperties></xades:SignedProperties>)"
        "</xades:QualifyingProperties></ds:Object></ds:Signature>"
        r"(?P<end_tag></[^<> \t\r\n]++)(?<![-?])[ \t\r\n]*+>[ \t\r\n]*+\Z"
    ),
    re.ASCII,
)
_REFERENCE: Final = re.compile(_REFERENCE_PARTS, re.ASCII)
_FORMAT: Final = re.compile(_FORMAT_PARTS, re.ASCII)
_START: Final = b"<ds:Signature "
_DECLARED_AGAIN: Final = tuple(_SIGNATURE.groupindex[f"again_{number}"] for number in range(4))
"""Declarations that are needed where a part is canonicalized by itself, and are left out within the whole document."""

_PARTS: Final = [f"{{{DS}}}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo", "Object")]
_SIGNED_PROPERTIES: Final = local("SignedProperties")
_CANONICAL: Final = Transforms(canonicalization=EXCLUSIVE)
_ENVELOPED: Final = Transforms(removal=Removal.OWN_SIGNATURE, canonicalization=EXCLUSIVE)
_PLAIN: Final = Transforms()


def read_own_form(
    element: etree._Element,
    checks: list[Check],
    *,
    policy: ValidationPolicy,
    canonicalizer: Canonicalizer,
    takes_enveloped: bool,
) -> tuple[Signature, QualifyingProperties] | None:
    """What `read_signature` and `read_qualifying_properties` give for `element`, with the checks they append; else None.

    `takes_enveloped`: the profile of the caller knows enveloped-signature. The canonicalizer, which has the source of the
    document, learns the canonical form of SignedInfo and SignedProperties. None leaves everything as it was and says
    nothing about the signature.
    """
    source, parent = canonicalizer.source, element.getparent()
    if source is None or parent is None or not _is_last(element, parent):
        return None
    start = source.rfind(_START)
    try:
        text = source[max(start, 0) :].decode("ascii")
        found = _SIGNATURE.match(text)
        if found is None:
            return None
        read = _OwnForm(*found.group(*_OwnForm._fields))
        references = tuple([_reference(each) for each in _REFERENCE.findall(read.references)])
        value = _octets(read.value)
        certificate_digest = _octets(read.certificate_digest)
        signing_time = datetime.fromisoformat(read.time)
    except ValueError:
        return None
    own = [reference for reference in references if reference.type == SIGNED_PROPERTIES_TYPE]
    formats = _FORMAT.findall(read.formats)
    media_types = dict(formats)
    if (
        len(own) != 1
        or own[0].uri != f"#{read.properties_id}"
        or own[0].transforms.canonicalization is None
        or len(media_types) != len(formats)
        or read.method == RSA_PSS
        or not (takes_enveloped or all(each.transforms is not _ENVELOPED for each in references))
    ):
        return None
    parts = _parts(element, read)
    if parts is None:
        return None
    signed_info, key_info, holder, signed_properties = parts
    canonicalizer.learn(signed_info, EXCLUSIVE, read.signed_info.encode())
    canonicalizer.learn(signed_properties, EXCLUSIVE, read.signed_properties.encode())
    if takes_enveloped and policy.xml_coverage == "document":  # elsewhere an instruction may look like a tag
        canonicalizer.learn_end(element, _without_repetition(text, found), f"{read.end_tag}>".encode())
    checks += READ_CHECKS
    checks += _QUALIFIED
    checks.append(policy_check(None, policy.expected_signature_policy))
    checks.append(_TIMED)
    signature = Signature(element, read.id, signed_info, EXCLUSIVE, read.method, references, value, key_info, (holder,))
    properties = QualifyingProperties(
        signed_properties=signed_properties,
        reference=own[0],
        signing_time=signing_time,
        certificate_digest_uri=read.certificate_method,
        certificate_digest=certificate_digest,
        serial=None,
        is_first_version=False,
        media_types=media_types,
        content_time_stamps=(),
        unsigned=None,
    )
    return signature, properties


class _OwnForm(NamedTuple):
    """The groups of the expression."""

    id: str
    signed_info: str
    method: str
    references: str
    value: str
    signed_properties: str
    properties_id: str
    time: str
    certificate_method: str
    certificate_digest: str
    formats: str
    end_tag: str


_QUALIFIED: Final = (passed("xades.qualifying-properties"), passed("xades.signed-properties"))
_TIMED: Final = passed("xades.signing-time")


def _is_last(element: etree._Element, parent: etree._Element) -> bool:
    """Whether the parent is the root, the element its last child, and nothing behind the root."""
    return parent.getparent() is None and parent.getnext() is None and parent[-1] is element


def _parts(
    element: etree._Element, read: _OwnForm
) -> tuple[etree._Element, etree._Element, etree._Element, etree._Element] | None:
    """SignedInfo, KeyInfo, Object and SignedProperties of the tree; None where they are not what was read."""
    tags = [part.tag for part in element]
    if tags != _PARTS or element.get("Id") != read.id or element[1].text != read.value:
        return None
    signed_info, _, key_info, holder = element
    if len(holder) != 1 or len(holder[0]) != 1:
        return None
    signed_properties = holder[0][0]
    if signed_properties.tag != _SIGNED_PROPERTIES or signed_properties.get("Id") != read.properties_id:
        return None
    return signed_info, key_info, holder, signed_properties


def _without_repetition(text: str, found: re.Match[str]) -> bytes:
    """The Signature as it looks within its whole document in canonical form, if nothing around it declares its prefixes."""
    pieces = []
    at = 0
    for group in _DECLARED_AGAIN:
        start, end = found.span(group)
        pieces.append(text[at:start])
        at = end
    pieces.append(text[at : found.start("end_tag")])
    return "".join(pieces).encode()


def _reference(groups: tuple[str, ...]) -> Reference:
    identifier, kind, uri, enveloped, canonical, method, digest = groups
    transforms = _PLAIN
    if canonical:
        transforms = _ENVELOPED if enveloped else _CANONICAL
    return Reference(identifier or None, kind or None, uri, method, _octets(digest), transforms)


def _octets(spelled: str) -> bytes:
    """ValueError unless this is the one spelling of the octets."""
    octets = binascii.a2b_base64(spelled, strict_mode=True)
    if binascii.b2a_base64(octets, newline=False).decode() != spelled:
        raise ValueError(spelled)
    return octets
