"""CMS SignedData (RFC 5652): read strictly, written in DER. No policy here, and no trust.

1. The whole input is one ContentInfo in DER, walked before anything is read: nothing before, between or after.
2. What was signed is the original bytes of signedAttrs with the tag SET in place of the implicit one (5.4); nothing
   is encoded again.
3. Certificates are a bag: they may help, they prove nothing; those of other kinds than X.509 are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing.certificates import read_name
from signing.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing.certificates import Certificate, Name

SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
DATA: Final = "1.2.840.113549.1.7.1"

MAX_BYTES: Final = 8_000_000
MAX_SIGNER_INFOS: Final = 16
MAX_CERTIFICATES: Final = 64
MAX_ATTRIBUTES: Final = 64

_SIGNED_ATTRIBUTES: Final = 0xA0
_UNSIGNED_ATTRIBUTES: Final = 0xA1
_KEY_IDENTIFIER: Final = 0x80


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """One attribute: its OID and the values of its SET, as received."""

    oid: str
    values: tuple[asn1.Der, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SignerIdentifier:
    """Issuer and serial number, or the subject key identifier: exactly one of the two forms."""

    issuer: Name | None = None
    serial: int | None = None
    key_id: bytes | None = None

    def matches(self, certificate: Certificate) -> bool:
        if self.issuer is not None:
            return certificate.issuer.key == self.issuer.key and certificate.serial == self.serial
        return certificate.subject_key_id == self.key_id


@dataclass(frozen=True, kw_only=True, slots=True)
class SignerInfo:
    """One signer. `signed_bytes` is what the signature value is over (rule 2), None when there are no signed
    attributes.
    """

    identifier: SignerIdentifier
    digest_algorithm: asn1.Der
    signature_algorithm: asn1.Der
    signature: bytes
    signed_bytes: bytes | None
    signed_attributes: tuple[Attribute, ...]
    unsigned_attributes: tuple[Attribute, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedData:
    """`content` is None when the signature is detached. `certificates` are DER, in the order they came."""

    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]


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


def encode_signed_data(
    *,
    signer: Certificate,
    certificates: Sequence[bytes],
    digest_algorithm: bytes,
    signature_algorithm: bytes,
    signed_attributes: bytes,
    signature: bytes,
) -> bytes:
    """A detached SignedData with one signer, in DER.

    `digest_algorithm` and `signature_algorithm` are DER AlgorithmIdentifiers, `signed_attributes` the DER SET that was
    signed, `signature` the value in the CMS form.
    """
    version = asn1.encode_integer(1)  # issuer and serial, content of type data: RFC 5652, 5.1 and 5.3
    identifier = asn1.encode(asn1.SEQUENCE, signer.issuer.der, asn1.encode_integer(signer.serial))
    signer_info = asn1.encode(
        asn1.SEQUENCE,
        version,
        identifier,
        digest_algorithm,
        bytes((_SIGNED_ATTRIBUTES,)) + signed_attributes[1:],
        signature_algorithm,
        asn1.encode(asn1.OCTET_STRING, signature),
    )
    signed_data = asn1.encode(
        asn1.SEQUENCE,
        version,
        asn1.encode_set([digest_algorithm]),
        asn1.encode(asn1.SEQUENCE, asn1.encode_oid(DATA)),
        asn1.encode_set(certificates, tag=0xA0),
        asn1.encode_set([signer_info]),
    )
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(SIGNED_DATA), asn1.encode(0xA0, signed_data))


def encode_attribute(oid: str, value: bytes) -> bytes:
    """An attribute with one value."""
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), asn1.encode_set([value]))


def _encapsulated(element: asn1.Der) -> tuple[str, bytes | None]:
    fields = asn1.Fields(element)
    content_type = asn1.oid(fields.take(asn1.OID))
    wrapped = fields.take_optional(0xA0)
    fields.end()
    return content_type, asn1.octets(_only(wrapped)) if wrapped is not None else None


def _signer_info(element: asn1.Der) -> SignerInfo:
    fields = asn1.Fields(element)
    asn1.integer(fields.take(asn1.INTEGER))
    identifier = _identifier(fields.take(asn1.SEQUENCE, _KEY_IDENTIFIER))
    digest_algorithm = fields.take(asn1.SEQUENCE)
    signed = fields.take_optional(_SIGNED_ATTRIBUTES)
    signature_algorithm = fields.take(asn1.SEQUENCE)
    signature = asn1.octets(fields.take(asn1.OCTET_STRING))
    unsigned = fields.take_optional(_UNSIGNED_ATTRIBUTES)
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
    if element.tag == _KEY_IDENTIFIER:
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
