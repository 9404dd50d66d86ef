"""A ds:Signature of level B-B or B-T, as bytes in canonical form."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from signing.certificates import Certificate
from signing.errors import SigningError
from signing.xades.augmenting import new_signature_time_stamp, new_unsigned_properties
from signing.xades.names import SIGNED_PROPERTIES_TYPE, XADES
from signing.xmldsig import (
    DS,
    NewReference,
    escape_attribute,
    new_signature_value,
    new_signed_info,
    signing_algorithms,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from signing.keys import SigningKey
    from signing.policy import SigningPolicy
    from signing.timestamp import TimeStampAuthority


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestedObject:
    """A data object as its Reference will name it; `digest` by the signing policy's algorithm.

    `is_around`: it is the document that the Signature will stand in, hashed in exclusive canonical form without it.
    """

    uri: str
    media_type: str
    digest: bytes
    is_around: bool = False


def require_signable(key: SigningKey, signing_time: datetime) -> None:
    """Refuse before anything is written. Raises SigningError signing.naive-time, signing.no-certificate; Malformed."""
    if signing_time.tzinfo is None:
        raise SigningError("signing.naive-time")
    if not key.certificate_chain:
        raise SigningError("signing.no-certificate")
    Certificate.from_der(key.certificate_chain[0])


def new_signature(
    objects: Sequence[DigestedObject],
    key: SigningKey,
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    time_stamps: TimeStampAuthority | None = None,
) -> bytes:
    """A ds:Signature over detached objects, as UTF-8 XML without declaration: level B-B, with `time_stamps` B-T.

    Identifiers come from digests, so equal input gives equal bytes where the algorithm is deterministic (RSA PKCS#1,
    Ed25519). SignedInfo and SignedProperties stand in it in their canonical form, so that what is hashed is a slice of
    what is written. Raises SigningError signing.naive-time, signing.no-certificate, signing.algorithm-refused,
    signing.own-signature-wrong, and what `TimeStampAuthority.stamp` raises.
    """
    require_signable(key, signing_time)
    algorithm, digest = signing_algorithms(key.algorithm, policy.digest)
    chain = key.certificate_chain if policy.include_chain else key.certificate_chain[:1]
    certificate = Certificate.from_der(chain[0])
    claimed = f"{signing_time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    seed = hashlib.sha256(claimed.encode() + certificate.der)
    for item in objects:
        seed.update(f"{item.uri}\n{item.media_type}\n".encode() + item.digest)
    name = f"S-{seed.hexdigest()[:32]}"

    properties = _new_signed_properties(name, claimed, digest.xml_uri, digest.of(certificate.der), objects)
    references = [
        NewReference(
            id=f"{name}-r{index}",
            uri=item.uri,
            digest=item.digest,
            canonical=item.is_around,
            enveloped=item.is_around,
        )
        for index, item in enumerate(objects)
    ]
    references.append(
        NewReference(type=SIGNED_PROPERTIES_TYPE, uri=f"#{name}-sp", digest=digest.of(properties), canonical=True)
    )
    signed_info = new_signed_info(algorithm, digest, references)
    value = new_signature_value(key.sign, algorithm, certificate, signed_info)
    certificates = b"".join(b"<ds:X509Certificate>%b</ds:X509Certificate>" % base64.b64encode(der) for der in chain)
    return (
        f'<ds:Signature xmlns:ds="{DS}" Id="{name}">'.encode()
        + signed_info
        + b"<ds:SignatureValue>%b</ds:SignatureValue>" % base64.b64encode(value)
        + b"<ds:KeyInfo><ds:X509Data>%b</ds:X509Data></ds:KeyInfo>" % certificates
        + f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#{name}">'.encode()
        + properties
        + (b"" if time_stamps is None else _new_unsigned_properties(name, value, time_stamps))
        + b"</xades:QualifyingProperties></ds:Object></ds:Signature>"
    )


def _new_unsigned_properties(name: str, value: bytes, time_stamps: TimeStampAuthority) -> bytes:
    """xades:UnsignedProperties with a time-stamp over the ds:SignatureValue element in exclusive canonical form."""
    digest = time_stamps.digest_algorithm
    element = f'<ds:SignatureValue xmlns:ds="{DS}">'.encode() + base64.b64encode(value) + b"</ds:SignatureValue>"
    token = time_stamps.stamp(digest, digest.of(element))
    return new_unsigned_properties(new_signature_time_stamp(f"{name}-t0", token))


def _new_signed_properties(
    name: str, claimed: str, digest_uri: str, certificate_digest: bytes, objects: Sequence[DigestedObject]
) -> bytes:
    """xades:SignedProperties in exclusive canonical form."""
    formats = "".join(
        f'<xades:DataObjectFormat ObjectReference="#{name}-r{index}">'
        f"<xades:MimeType>{escape_attribute(item.media_type)}</xades:MimeType></xades:DataObjectFormat>"
        for index, item in enumerate(objects)
    )
    return (
        f'<xades:SignedProperties xmlns:xades="{XADES}" Id="{name}-sp"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{claimed}</xades:SigningTime>"
        "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{digest_uri}"></ds:DigestMethod>'
        f'<ds:DigestValue xmlns:ds="{DS}">{base64.b64encode(certificate_digest).decode()}</ds:DigestValue>'
        "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>"
        f"<xades:SignedDataObjectProperties>{formats}</xades:SignedDataObjectProperties></xades:SignedProperties>"
    ).encode()
