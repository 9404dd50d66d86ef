"""A TimeStampToken read strictly (RFC 3161, 2.4.2; RFC 5652): rule 1 of the package. Nothing is believed here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing.algorithms import (
    DigestAlgorithm,
    SignatureAlgorithm,
    algorithm_identifier,
    digest_by_oid,
    signature_algorithm_from_der,
    signature_algorithm_in_cms,
)
from signing.certificates import read_name
from signing.cms import read_signed_data
from signing.errors import Malformed
from signing.timestamp.embedded import embedded_data

if TYPE_CHECKING:
    from signing.cms import SignerInfo
    from signing.validation_data import ValidationData

MAX_TOKEN_BYTES: Final = 256 * 1024
_REMEMBERED_BYTES: Final = 16 * 1024
"""Larger tokens are read anew each time: what strangers may make us remember is bounded."""

TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
"""id-ct-TSTInfo, the content type of a token."""

_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V1: Final = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_DIRECTORY_NAME: Final = 0xA4
_VERSION_1: Final = 1

# the fraction, when there is one, ends in no zero (RFC 3161, 2.4.2; X.690, 11.7); twelve digits are more than any clock has
_GENERALIZED: Final = re.compile(rb"([0-9]{14})(?:\.([0-9]{0,11}[1-9]))?Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateReference:
    """What the signed ESSCertIDv2 (RFC 5816), or ESSCertID, says of the authority's certificate.

    `version` 1 knows no other hash than SHA-1, and `digest` is then None; it is None also for a hash we do not know.
    """

    version: int
    digest: DigestAlgorithm | None
    digest_oid: str
    value: bytes
    issuer_key: object | None
    serial: int | None


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class TimeStampToken:
    """One token. `generated_at` is genTime, aware; `imprint_digest` None when we do not know the hash `imprint_oid`.

    `content` is the DER of TSTInfo as it was signed. `embedded` holds the certificates that came along, and CRLs and
    OCSP answers where the token has some. `critical_extensions` are OIDs of TSTInfo's extensions that are critical.
    """

    der: bytes
    policy: str
    imprint_digest: DigestAlgorithm | None
    imprint_oid: str
    imprint: bytes
    serial: int
    generated_at: datetime
    accuracy: timedelta | None
    ordering: bool
    nonce: int | None
    authority_name: bytes | None
    """DER of the GeneralName in `tsa`, a hint of the authority that nothing is decided by."""
    critical_extensions: tuple[str, ...]
    content: bytes
    signer: SignerInfo
    digest: DigestAlgorithm | None
    digest_oid: str
    signature_algorithm: SignatureAlgorithm | None
    signature_oid: str
    content_type: str
    message_digest: bytes
    reference: CertificateReference | None
    """None when neither version of the reference is there."""
    embedded: ValidationData

    def __repr__(self) -> str:
        return f"<TimeStampToken {self.generated_at.isoformat()}>"


def read_token(der: bytes, *, accept_ber: bool = False) -> TimeStampToken:
    """Read the DER of a TimeStampToken; raises Malformed for anything else, a whole TimeStampResp included.

    With `accept_ber` lengths may be open and the content may come in pieces, as in any CMS (`cms.read_signed_data`);
    `der` of what is given are then the octets as received.
    """
    if len(der) > MAX_TOKEN_BYTES:
        raise Malformed("signing.timestamp-too-large", limit=str(MAX_TOKEN_BYTES))
    return _remembered(der, accept_ber) if len(der) <= _REMEMBERED_BYTES else _read(der, accept_ber)


def _read(der: bytes, accept_ber: bool) -> TimeStampToken:  # noqa: FBT001 - a key of the memory below
    if looks_like_response(der):
        raise Malformed("signing.timestamp-not-a-token")
    signed = read_signed_data(der, accept_ber=accept_ber)
    if signed.content_type != TST_INFO or signed.content is None:
        raise Malformed("signing.timestamp-content", found=signed.content_type)
    if len(signed.signers) != 1:
        raise Malformed("signing.timestamp-signers", found=str(len(signed.signers)))
    signer = signed.signers[0]
    if signer.signed_bytes is None:
        raise Malformed("signing.cms-no-signed-attributes")
    digest_oid = algorithm_identifier(signer.digest_algorithm)[0]
    digest = digest_by_oid(digest_oid)
    content_type, message_digest = _single(signer, _CONTENT_TYPE), _single(signer, _MESSAGE_DIGEST)
    if content_type is None or message_digest is None:
        raise Malformed("signing.cms-attribute", attribute=_CONTENT_TYPE if content_type is None else _MESSAGE_DIGEST)
    information = _TstInfo(signed.content)
    return TimeStampToken(
        der=der,
        policy=information.policy,
        imprint_digest=digest_by_oid(information.imprint_oid),
        imprint_oid=information.imprint_oid,
        imprint=information.imprint,
        serial=information.serial,
        generated_at=information.generated_at,
        accuracy=information.accuracy,
        ordering=information.ordering,
        nonce=information.nonce,
        authority_name=information.authority_name,
        critical_extensions=information.critical_extensions,
        content=signed.content,
        signer=signer,
        digest=digest,
        digest_oid=digest_oid,
        signature_algorithm=(
            signature_algorithm_in_cms(signer.signature_algorithm, digest)
            if digest is not None
            else signature_algorithm_from_der(signer.signature_algorithm)
        ),
        signature_oid=algorithm_identifier(signer.signature_algorithm)[0],
        content_type=asn1.oid(content_type),
        message_digest=asn1.octets(message_digest),
        reference=_reference(signer),
        embedded=embedded_data(signed),
    )


_remembered = lru_cache(maxsize=256)(_read)


def looks_like_response(der: bytes) -> bool:
    """A TimeStampResp begins with a SEQUENCE (its status), a ContentInfo with an object identifier."""
    header = 2 + (der[1] & 0x7F if len(der) > 1 and der[1] & 0x80 else 0)
    return der[:1] == b"\x30" and der[header : header + 1] == b"\x30"


class _TstInfo:
    """TSTInfo, field by field."""

    def __init__(self, der: bytes) -> None:
        fields = asn1.Fields(asn1.read_der(der))
        if asn1.integer(fields.take(asn1.INTEGER)) != _VERSION_1:
            raise Malformed("signing.timestamp-version")
        self.policy = asn1.oid(fields.take(asn1.OID))
        imprint = asn1.Fields(fields.take(asn1.SEQUENCE))
        self.imprint_oid = algorithm_identifier(imprint.take(asn1.SEQUENCE))[0]
        self.imprint = asn1.octets(imprint.take(asn1.OCTET_STRING))
        imprint.end()
        self.serial = asn1.integer(fields.take(asn1.INTEGER))
        self.generated_at = generalized_time(fields.take(asn1.GENERALIZED_TIME))
        self.accuracy = _accuracy(fields.take_optional(asn1.SEQUENCE))
        # FALSE written out is not DER, but authorities in use write it and it can mean one thing only
        ordering = fields.take_optional(asn1.BOOLEAN)
        self.ordering = ordering is not None and asn1.boolean(ordering)
        nonce = fields.take_optional(asn1.INTEGER)
        self.nonce = asn1.integer(nonce) if nonce is not None else None
        named = fields.take_optional(0xA0)
        self.authority_name = named.content if named is not None else None
        self.critical_extensions = _critical(fields.take_optional(0xA1))
        fields.end()


def generalized_time(element: asn1.Der) -> datetime:
    """GeneralizedTime in the form RFC 3161 allows in genTime: in Z, fractions of a second without zeros at their end.

    Digits beyond microseconds are cut off. Raises Malformed.
    """
    found = _GENERALIZED.fullmatch(asn1.expect(element, asn1.GENERALIZED_TIME).content)
    if found is None:
        raise Malformed("asn1.time")
    digits, fraction = found.group(1).decode(), (found.group(2) or b"").decode()
    numbers = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))]
    microseconds = int(fraction[:6].ljust(6, "0"))
    try:
        return datetime(
            numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], microseconds, tzinfo=UTC
        )
    except ValueError as error:
        raise Malformed("asn1.time") from error


def _accuracy(element: asn1.Der | None) -> timedelta | None:
    """Seconds, milliseconds and microseconds, each optional; the latter two 1 to 999."""
    if element is None:
        return None
    fields = asn1.Fields(element)
    seconds, millis, micros = (fields.take_optional(tag) for tag in (asn1.INTEGER, 0x80, 0x81))
    fields.end()
    whole = asn1.integer(seconds) if seconds is not None else 0
    parts = [
        int.from_bytes(part.content, "big", signed=True) if part is not None else None for part in (millis, micros)
    ]
    if not 0 <= whole < 2**31 or any(part is not None and not 1 <= part <= 999 for part in parts):  # noqa: PLR2004
        raise Malformed("signing.timestamp-accuracy")
    return timedelta(seconds=whole, milliseconds=parts[0] or 0, microseconds=parts[1] or 0)


def _critical(element: asn1.Der | None) -> tuple[str, ...]:
    if element is None:
        return ()
    critical = []
    for each in asn1.children(element):
        fields = asn1.Fields(each)
        oid = asn1.oid(fields.take(asn1.OID))
        flag = fields.take_optional(asn1.BOOLEAN)
        fields.take(asn1.OCTET_STRING)
        fields.end()
        if flag is not None and asn1.boolean(flag):
            critical.append(oid)
    return tuple(critical)


def _single(signer: SignerInfo, oid: str) -> asn1.Der | None:
    """The one value of a signed attribute; a second one would be read by one verifier and not by another."""
    found = [attribute for attribute in signer.signed_attributes if attribute.oid == oid]
    if not found:
        return None
    if len(found) > 1 or len(found[0].values) != 1:
        raise Malformed("signing.cms-attribute", attribute=oid)
    return found[0].values[0]


def _reference(signer: SignerInfo) -> CertificateReference | None:
    """The first reference is the authority's own (RFC 3161, 2.4.2); the second version wins where both are there."""
    for version, oid in ((2, _SIGNING_CERTIFICATE_V2), (1, _SIGNING_CERTIFICATE_V1)):
        value = _single(signer, oid)
        if value is None:
            continue
        fields = asn1.Fields(value)
        listed = asn1.children(fields.take(asn1.SEQUENCE))
        fields.take_optional(asn1.SEQUENCE)  # policies
        fields.end()
        if not listed:
            raise Malformed("signing.cms-attribute", attribute=oid)
        first = asn1.Fields(listed[0])
        stated = first.take_optional(asn1.SEQUENCE) if version == 2 else None  # noqa: PLR2004 - version 2 states a hash
        digest_oid = algorithm_identifier(stated)[0] if stated is not None else _SHA256
        value_octets = asn1.octets(first.take(asn1.OCTET_STRING))
        issuer_key, serial = _issuer_serial(first.take_optional(asn1.SEQUENCE), oid)
        first.end()
        return CertificateReference(
            version=version,
            digest=digest_by_oid(digest_oid) if version == 2 else None,  # noqa: PLR2004
            digest_oid=digest_oid if version == 2 else "1.3.14.3.2.26",  # noqa: PLR2004
            value=value_octets,
            issuer_key=issuer_key,
            serial=serial,
        )
    return None


def _issuer_serial(element: asn1.Der | None, attribute: str) -> tuple[object | None, int | None]:
    if element is None:
        return None, None
    fields = asn1.Fields(element)
    names = asn1.children(fields.take(asn1.SEQUENCE))
    serial = asn1.integer(fields.take(asn1.INTEGER))
    fields.end()
    inside = asn1.children(names[0]) if len(names) == 1 and names[0].tag == _DIRECTORY_NAME else ()
    if len(inside) != 1:
        raise Malformed("signing.cms-attribute", attribute=attribute)
    return read_name(inside[0]).key, serial
