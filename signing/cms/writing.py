"""SignedData in DER: what we make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signing import asn1
from signing.cms.structure import DATA, SIGNED_ATTRIBUTES, SIGNED_DATA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing.certificates import Certificate


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
        bytes((SIGNED_ATTRIBUTES,)) + signed_attributes[1:],
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
