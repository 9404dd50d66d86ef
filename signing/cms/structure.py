"""The parts of SignedData (RFC 5652, 5) as values, each with the bytes it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from signing import asn1
    from signing.certificates import Certificate, Name

SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
DATA: Final = "1.2.840.113549.1.7.1"

SIGNED_ATTRIBUTES: Final = 0xA0
UNSIGNED_ATTRIBUTES: Final = 0xA1
KEY_IDENTIFIER: Final = 0x80


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
