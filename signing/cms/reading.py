"""The strict reader: rules 1 and 3 of the package."""

from __future__ import annotations

from typing import Final

from signing import asn1
from signing.certificates import read_name
from signing.cms.structure import (
    KEY_IDENTIFIER,
    SIGNED_ATTRIBUTES,
    SIGNED_DATA,
    UNSIGNED_ATTRIBUTES,
    Attribute,
    SignedData,
    SignerIdentifier,
    SignerInfo,
)
from signing.errors import Malformed

MAX_BYTES: Final = 8_000_000
MAX_SIGNER_INFOS: Final = 16
MAX_CERTIFICATES: Final = 64
MAX_ATTRIBUTES: Final = 64


def read_signed_data(der: bytes) -> SignedData:
    """Read a ContentInfo that holds SignedData; raises Malformed for anything else, limits included."""
    if len(der) > MAX_BYTES:
        raise Malformed("signing.cms-too-large", limit=str(MAX_BYTES))
    outer = asn1.Fields(asn1.read_der(der))
    if asn1.oid(outer.take(asn1.OID)) != SIGNED_DATA:
        raise Malformed("signing.cms-not-signed-data")
    wrapped = _only(outer.take(0xA0))
    outer.end()

    fields = asn1.Fields(wrapped)
    asn1.integer(fields.take(asn1.INTEGER))  # the version says nothing that the structure does not
    fields.take(asn1.SET)  # digestAlgorithms, a hint for reading in one pass; each signer names its own
    content_type, content = _encapsulated(fields.take(asn1.SEQUENCE))
    bag = fields.take_optional(0xA0)
    fields.take_optional(0xA1)  # embedded CRLs belong to revocation
    signers = asn1.children(fields.take(asn1.SET))
    fields.end()
    if len(signers) > MAX_SIGNER_INFOS:
        raise Malformed("signing.cms-too-many", what="signers", limit=str(MAX_SIGNER_INFOS))
    certificates = asn1.children(bag) if bag is not None else ()
    if len(certificates) > MAX_CERTIFICATES:
        raise Malformed("signing.cms-too-many", what="certificates", limit=str(MAX_CERTIFICATES))
    return SignedData(
        content_type=content_type,
        content=content,
        certificates=tuple(each.raw for each in certificates if each.tag == asn1.SEQUENCE),
        signers=tuple(_signer_info(each) for each in signers),
    )


def _encapsulated(element: asn1.Der) -> tuple[str, bytes | None]:
    fields = asn1.Fields(element)
    content_type = asn1.oid(fields.take(asn1.OID))
    wrapped = fields.take_optional(0xA0)
    fields.end()
    return content_type, asn1.octets(_only(wrapped)) if wrapped is not None else None


def _signer_info(element: asn1.Der) -> SignerInfo:
    fields = asn1.Fields(element)
    asn1.integer(fields.take(asn1.INTEGER))
    identifier = _identifier(fields.take(asn1.SEQUENCE, KEY_IDENTIFIER))
    digest_algorithm = fields.take(asn1.SEQUENCE)
    signed = fields.take_optional(SIGNED_ATTRIBUTES)
    signature_algorithm = fields.take(asn1.SEQUENCE)
    signature = asn1.octets(fields.take(asn1.OCTET_STRING))
    unsigned = fields.take_optional(UNSIGNED_ATTRIBUTES)
    fields.end()
    return SignerInfo(
        identifier=identifier,
        digest_algorithm=digest_algorithm,
        signature_algorithm=signature_algorithm,
        signature=signature,
        signed_bytes=bytes((asn1.SET,)) + signed.raw[1:] if signed is not None else None,
        signed_attributes=_attributes(signed),
        unsigned_attributes=_attributes(unsigned),
    )


def _identifier(element: asn1.Der) -> SignerIdentifier:
    if element.tag == KEY_IDENTIFIER:
        return SignerIdentifier(key_id=element.content)
    fields = asn1.Fields(element)
    issuer, serial = read_name(fields.take(asn1.SEQUENCE)), asn1.integer(fields.take(asn1.INTEGER))
    fields.end()
    return SignerIdentifier(issuer=issuer, serial=serial)


def _attributes(element: asn1.Der | None) -> tuple[Attribute, ...]:
    if element is None:
        return ()
    found = asn1.children(element)
    if len(found) > MAX_ATTRIBUTES:
        raise Malformed("signing.cms-too-many", what="attributes", limit=str(MAX_ATTRIBUTES))
    attributes = []
    for each in found:
        fields = asn1.Fields(each)
        oid = asn1.oid(fields.take(asn1.OID))
        values = asn1.children(fields.take(asn1.SET))
        fields.end()
        attributes.append(Attribute(oid=oid, values=values))
    return tuple(attributes)


def _only(element: asn1.Der) -> asn1.Der:
    inside = asn1.children(element)
    if len(inside) != 1:
        raise Malformed("asn1.structure", expected="one element", found=str(len(inside)))
    return inside[0]
