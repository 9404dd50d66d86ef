"""The parts of SignedData (RFC 5652, 5) as values, each with the bytes it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from signing import asn1
    from signing.certificates import Certificate, Name

SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
DATA: Final = "1.2.840.113549.1.7.1"
OCSP_RESPONSE: Final = "1.3.6.1.5.5.7.16.2"
"""id-ri-ocsp-response (RFC 5940, 2.2): an OCSPResponse as other revocation information."""
BASIC_OCSP_RESPONSE: Final = "1.3.6.1.5.5.7.48.1.1"
"""id-pkix-ocsp-basic, where some programs put a BasicOCSPResponse instead."""

SIGNED_ATTRIBUTES: Final = 0xA0
UNSIGNED_ATTRIBUTES: Final = 0xA1
KEY_IDENTIFIER: Final = 0x80
CERTIFICATES: Final = 0xA0
REVOCATION: Final = 0xA1
OTHER_REVOCATION: Final = 0xA1


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """One attribute: its OID and the values of its SET, as received; `raw` is the whole of it."""

    oid: str
    values: tuple[asn1.Der, ...]
    raw: bytes


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

    `fields` is version, sid, digestAlgorithm, signedAttrs, signatureAlgorithm and signature side by side, as received:
    everything but the unsigned attributes; `raw` is all of it.
    """

    identifier: SignerIdentifier
    digest_algorithm: asn1.Der
    signature_algorithm: asn1.Der
    signature: bytes
    signed_bytes: bytes | None
    signed_attributes: tuple[Attribute, ...]
    unsigned_attributes: tuple[Attribute, ...]
    fields: bytes
    raw: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedData:
    """`content` is None when the signature is detached.

    `certificates` are those of X.509 only; `crls` and `ocsp_responses` what stands in the field crls, DER, in the order
    they came. `certificate_choices` and `revocation_choices` are every element of the two fields, whatever its kind, as
    an archive time-stamp names them. `is_der` False: the octets came in BER and were brought to DER around what is
    signed.
    """

    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]
    crls: tuple[bytes, ...]
    ocsp_responses: tuple[bytes, ...]
    certificate_choices: tuple[bytes, ...]
    revocation_choices: tuple[bytes, ...]
    digest_algorithms: tuple[bytes, ...]
    is_der: bool
