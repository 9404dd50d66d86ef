"""The signed attributes of CAdES level B-B (ETSI EN 319 122-1, 5): build them, read them back.

contentType, messageDigest (RFC 5652, 11), signingTime, and ESSCertIDv2 (RFC 5035), which binds the signer's
certificate. Each stands once and has one value; a second one is a forgery's way to be read by one verifier and not by
another.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing.algorithms import DigestAlgorithm, Standing, algorithm_identifier, digest_algorithm, digest_by_oid
from signing.certificates import read_name
from signing.cms import DATA, encode_attribute
from signing.errors import Malformed
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from signing.certificates import Certificate
    from signing.cms import Attribute, SignerInfo

CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE_V1: Final = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
SIGNATURE_TIME_STAMP: Final = "1.2.840.113549.1.9.16.2.14"


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
class SignedAttributes:
    """The attributes of one signer, each read once."""

    content_type: str
    message_digest: bytes
    signing_time: datetime | None
    certificate_reference: CertificateReference | None
    refers_by_sha1: bool
    """The reference is only there in its first version, which knows no other hash than SHA-1."""
    has_time_stamp: bool


def encode_signed_attributes(
    *, message_digest: bytes, signing_time: datetime, signer: Certificate, certificate_digest: DigestAlgorithm
) -> bytes:
    """The DER SET to sign: contentType data, messageDigest, signingTime, ESSCertIDv2 of `signer`."""
    # the hash is left out when it is SHA-256, which is the default of the structure (X.690, 11.5)
    stated = b"" if certificate_digest.id == "sha256" else _hash_identifier(certificate_digest)
    reference = asn1.encode(asn1.SEQUENCE, stated, asn1.encode(asn1.OCTET_STRING, certificate_digest.of(signer.der)))
    return asn1.encode_set(
        [
            encode_attribute(CONTENT_TYPE, asn1.encode_oid(DATA)),
            encode_attribute(MESSAGE_DIGEST, asn1.encode(asn1.OCTET_STRING, message_digest)),
            encode_attribute(SIGNING_TIME, asn1.encode_time(signing_time)),
            encode_attribute(SIGNING_CERTIFICATE_V2, asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, reference))),
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
    return SignedAttributes(
        content_type=asn1.oid(content_type),
        message_digest=asn1.octets(message_digest),
        signing_time=asn1.time(signing_time) if signing_time is not None else None,
        certificate_reference=_reference(reference) if reference is not None else None,
        refers_by_sha1=reference is None and _single(signer.signed_attributes, SIGNING_CERTIFICATE_V1) is not None,
        has_time_stamp=any(attribute.oid == SIGNATURE_TIME_STAMP for attribute in signer.unsigned_attributes),
    )


def check_certificate_reference(attributes: SignedAttributes, signer: Certificate, *, required: bool) -> Check:
    """Whether the signed reference names the certificate that verified the value (EN 319 102-1, 5.2.3).

    Absent: the policy decides (`required`). Naming another one, or by a refused hash, fails in every case.
    """
    check_id = "cms.signing-certificate"
    reference = attributes.certificate_reference
    if reference is None:
        if attributes.refers_by_sha1:
            return Check.failed(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, algorithm="sha1")
        if required:
            return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="absent")
        return Check.not_performed(check_id, reason="absent")
    if reference.digest is None or reference.digest.standing is not Standing.TRUSTED:
        named = reference.digest.id if reference.digest else reference.digest_oid
        refused = reference.digest is not None and reference.digest.standing is Standing.REFUSED
        make = Check.failed if refused else Check.indeterminate
        return make(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, algorithm=named)
    same = hmac.compare_digest(reference.value, reference.digest.of(signer.der))
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


def _reference(value: asn1.Der) -> CertificateReference:
    """The first ESSCertIDv2: the signer's own (RFC 5035, 4); the ones after it name issuers and bind nothing here."""
    fields = asn1.Fields(value)
    listed = asn1.children(fields.take(asn1.SEQUENCE))
    fields.take_optional(asn1.SEQUENCE)  # policies, which no verifier we know judges
    fields.end()
    if not listed:
        raise Malformed("signing.cms-attribute", attribute=SIGNING_CERTIFICATE_V2)
    first = asn1.Fields(listed[0])
    stated = first.take_optional(asn1.SEQUENCE)
    digest_oid = algorithm_identifier(stated)[0] if stated is not None else None
    digest = digest_by_oid(digest_oid) if digest_oid is not None else digest_algorithm("sha256")
    certificate_hash = asn1.octets(first.take(asn1.OCTET_STRING))
    issuer_key, serial = _issuer_serial(first.take_optional(asn1.SEQUENCE))
    first.end()
    return CertificateReference(
        digest=digest,
        digest_oid=digest_oid or "",
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
    directory = [name for name in names if name.tag == 0xA4]  # noqa: PLR2004 - directoryName, RFC 5280, 4.2.1.6
    if len(directory) != 1 or len(names) != 1:
        raise Malformed("signing.cms-attribute", attribute=SIGNING_CERTIFICATE_V2)
    return read_name(asn1.children(directory[0])[0]).key, serial


def _hash_identifier(digest: DigestAlgorithm) -> bytes:
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(digest.oid))
