"""Signed attributes (ETSI EN 319 122-1, 5): build them, read them back.

contentType, messageDigest (RFC 5652, 11), signingTime, and ESSCertIDv2 (RFC 5035), which binds the signer's
certificate. Each stands once and has one value; a second one is a forgery's way to be read by one verifier and not by
another.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing.algorithms import DigestAlgorithm, Standing, algorithm_identifier, digest_algorithm, digest_by_oid
from signing.cades.oids import (
    ALGORITHM_PROTECTION,
    COMMITMENT_TYPE,
    CONTENT_HINTS,
    CONTENT_TIME_STAMP,
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    MIME_TYPE,
    SIGNATURE_POLICY,
    SIGNER_LOCATION,
    SIGNING_CERTIFICATE_V1,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
)
from signing.certificates import read_name
from signing.cms import DATA, encode_attribute
from signing.errors import Malformed
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from signing.certificates import Certificate
    from signing.cms import Attribute, SignerInfo

_DIRECTORY_NAME: Final = 0xA4
"""GeneralName.directoryName (RFC 5280, 4.2.1.6)."""

_NAMED: Final = {
    MIME_TYPE: "mime-type",
    CONTENT_HINTS: "content-hints",
    COMMITMENT_TYPE: "commitment-type-indication",
    SIGNER_LOCATION: "signer-location",
    SIGNATURE_POLICY: "signature-policy-identifier",
    CONTENT_TIME_STAMP: "content-time-stamp",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateReference:
    """What ESSCertIDv2 says: a digest of the certificate and, as a hint that must be true, issuer and serial number."""

    digest: DigestAlgorithm | None
    """None for a hash we do not know."""
    digest_oid: str
    value: bytes
    issuer_key: object | None
    serial: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SignaturePolicy:
    """The policy the signer signed under (EN 319 122-1, 5.2.9): `oid` None when it is only said to be implied."""

    oid: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedAttributes:
    """The attributes of one signer, each read once."""

    content_type: str
    message_digest: bytes
    signing_time: datetime | None
    certificate_reference: CertificateReference | None
    first_reference: CertificateReference | None
    """The first version of it, which knows no other hash than SHA-1; its `digest` is None."""
    policy: SignaturePolicy | None
    algorithm_protection: tuple[str, str] | None
    """OIDs of the digest and the signature algorithm the signer repeats under the signature (RFC 6211)."""
    content_time_stamps: tuple[bytes, ...]
    mime_type: str | None
    named: tuple[str, ...]
    """What else is there of the attributes of the standard, by its name in it; nothing is judged by them."""


def encode_signed_attributes(
    *,
    message_digest: bytes,
    signing_time: datetime,
    signer: Certificate,
    certificate_digest: DigestAlgorithm,
    mime_type: str | None = None,
) -> bytes:
    """The DER SET to sign: contentType data, messageDigest, signingTime, ESSCertIDv2 of `signer`, and the media type of
    the content where one is given (EN 319 122-1, 5.2.5).
    """
    # the hash is left out when it is SHA-256, which is the default of the structure (X.690, 11.5)
    stated = b"" if certificate_digest.id == "sha256" else _hash_identifier(certificate_digest)
    reference = asn1.encode(asn1.SEQUENCE, stated, asn1.encode(asn1.OCTET_STRING, certificate_digest.of(signer.der)))
    stated_type = [encode_attribute(MIME_TYPE, asn1.encode(asn1.UTF8_STRING, mime_type.encode()))] if mime_type else []
    return asn1.encode_set(
        [
            encode_attribute(CONTENT_TYPE, asn1.encode_oid(DATA)),
            encode_attribute(MESSAGE_DIGEST, asn1.encode(asn1.OCTET_STRING, message_digest)),
            encode_attribute(SIGNING_TIME, asn1.encode_time(signing_time)),
            encode_attribute(SIGNING_CERTIFICATE_V2, asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, reference))),
            *stated_type,
        ]
    )


def read_signed_attributes(signer: SignerInfo) -> SignedAttributes:
    """Read the signed attributes of one signer; raises Malformed when one is missing, doubled or many-valued.

    Only contentType and messageDigest must be there (RFC 5652, 5.3); which of the others must is the policy's question.
    """
    if signer.signed_bytes is None:
        # without them the content itself would be signed, and a DER SET of attributes is content too
        raise Malformed("signing.cms-no-signed-attributes")
    content_type = _single(signer.signed_attributes, CONTENT_TYPE)
    message_digest = _single(signer.signed_attributes, MESSAGE_DIGEST)
    if content_type is None or message_digest is None:
        raise Malformed("signing.cms-attribute", attribute=CONTENT_TYPE if content_type is None else MESSAGE_DIGEST)
    signing_time = _single(signer.signed_attributes, SIGNING_TIME)
    reference = _single(signer.signed_attributes, SIGNING_CERTIFICATE_V2)
    first_reference = _single(signer.signed_attributes, SIGNING_CERTIFICATE_V1)
    return SignedAttributes(
        content_type=asn1.oid(content_type),
        message_digest=asn1.octets(message_digest),
        signing_time=asn1.time(signing_time) if signing_time is not None else None,
        certificate_reference=_reference(reference) if reference is not None else None,
        first_reference=_reference(first_reference, first=True) if first_reference is not None else None,
        policy=_signature_policy(_single(signer.signed_attributes, SIGNATURE_POLICY)),
        algorithm_protection=_algorithm_protection(_single(signer.signed_attributes, ALGORITHM_PROTECTION)),
        content_time_stamps=tuple(
            value.raw
            for attribute in signer.signed_attributes
            if attribute.oid == CONTENT_TIME_STAMP
            for value in attribute.values
        ),
        mime_type=_mime_type(_single(signer.signed_attributes, MIME_TYPE)),
        named=tuple(
            name for oid, name in _NAMED.items() if any(attribute.oid == oid for attribute in signer.signed_attributes)
        ),
    )


def check_certificate_reference(
    attributes: SignedAttributes, signer: Certificate, *, required: bool, accept_sha1: bool
) -> Check:
    """Whether the signed reference names the certificate that verified the value (EN 319 102-1, 5.2.3).

    Absent: the policy decides (`required`). By SHA-1 only: the policy decides (`accept_sha1`). Naming another one, or by
    a refused hash, fails in every case.
    """
    check_id = "cms.signing-certificate"
    reference = attributes.certificate_reference
    if reference is None:
        if attributes.first_reference is not None:
            return _check_first(check_id, attributes.first_reference, signer, accept_sha1=accept_sha1)
        if required:
            return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="absent")
        return Check.not_performed(check_id, reason="absent")
    if reference.digest is None or reference.digest.standing is not Standing.TRUSTED:
        named = reference.digest.id if reference.digest else reference.digest_oid
        refused = reference.digest is not None and reference.digest.standing is Standing.REFUSED
        make = Check.failed if refused else Check.indeterminate
        return make(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, algorithm=named)
    return _named_check(check_id, reference, signer, reference.digest.of(signer.der))


def _check_first(check_id: str, reference: CertificateReference, signer: Certificate, *, accept_sha1: bool) -> Check:
    if not accept_sha1:
        return Check.failed(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, algorithm="sha1")
    # it chooses among certificates, and the value is verified with the one chosen
    return _named_check(check_id, reference, signer, hashlib.sha1(signer.der, usedforsecurity=False).digest())


def _named_check(check_id: str, reference: CertificateReference, signer: Certificate, actual: bytes) -> Check:
    same = hmac.compare_digest(reference.value, actual)
    if reference.serial is not None:
        same = same and reference.serial == signer.serial and reference.issuer_key == signer.issuer.key
    if not same:
        return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="another certificate")
    return Check.passed(check_id)


def _single(attributes: Sequence[Attribute], oid: str) -> asn1.Der | None:
    found = [attribute for attribute in attributes if attribute.oid == oid]
    if not found:
        return None
    if len(found) > 1 or len(found[0].values) != 1:
        raise Malformed("signing.cms-attribute", attribute=oid)
    return found[0].values[0]


def _signature_policy(value: asn1.Der | None) -> SignaturePolicy | None:
    if value is None:
        return None
    if value.tag == asn1.NULL:
        return SignaturePolicy(oid=None)
    fields = asn1.Fields(value)
    return SignaturePolicy(oid=asn1.oid(fields.take(asn1.OID)))


def _algorithm_protection(value: asn1.Der | None) -> tuple[str, str] | None:
    if value is None:
        return None
    fields = asn1.Fields(value)
    digest = algorithm_identifier(fields.take(asn1.SEQUENCE))[0]
    # the tag stands in place of SEQUENCE (RFC 6211, 2: IMPLICIT)
    signature = asn1.Fields(fields.take(0xA1), 0xA1)
    fields.end()
    return digest, asn1.oid(signature.take(asn1.OID))


def _mime_type(value: asn1.Der | None) -> str | None:
    return None if value is None else asn1.text(asn1.expect(value, asn1.UTF8_STRING))


def _reference(value: asn1.Der, *, first: bool = False) -> CertificateReference:
    """The first ESSCertIDv2: the signer's own (RFC 5035, 4); the ones after it name issuers and bind nothing here.

    `first`: of the first version, ESSCertID (RFC 2634, 5.4), where no hash is stated.
    """
    fields = asn1.Fields(value)
    listed = asn1.children(fields.take(asn1.SEQUENCE))
    fields.take_optional(asn1.SEQUENCE)  # policies, which no verifier we know judges
    fields.end()
    if not listed:
        raise Malformed("signing.cms-attribute", attribute=SIGNING_CERTIFICATE_V2)
    own = asn1.Fields(listed[0])
    digest_oid, digest = "", digest_algorithm("sha256")
    if first:
        digest = None
    elif (stated := own.take_optional(asn1.SEQUENCE)) is not None:
        digest_oid = algorithm_identifier(stated)[0]
        digest = digest_by_oid(digest_oid)
    certificate_hash = asn1.octets(own.take(asn1.OCTET_STRING))
    issuer_key, serial = _issuer_serial(own.take_optional(asn1.SEQUENCE))
    own.end()
    return CertificateReference(
        digest=digest,
        digest_oid=digest_oid,
        value=certificate_hash,
        issuer_key=issuer_key,
        serial=serial,
    )


def _issuer_serial(element: asn1.Der | None) -> tuple[object | None, int | None]:
    if element is None:
        return None, None
    fields = asn1.Fields(element)
    names = asn1.children(fields.take(asn1.SEQUENCE))
    serial = asn1.integer(fields.take(asn1.INTEGER))
    fields.end()
    directory = asn1.children(names[0]) if len(names) == 1 and names[0].tag == _DIRECTORY_NAME else ()
    if len(directory) != 1:
        raise Malformed("signing.cms-attribute", attribute=SIGNING_CERTIFICATE_V2)
    return read_name(directory[0]).key, serial


def _hash_identifier(digest: DigestAlgorithm) -> bytes:
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(digest.oid))
