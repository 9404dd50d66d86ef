"""The strict reader: rules 1 and 3 of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from signing import asn1
from signing.certificates import read_name
from signing.cms.structure import (
    BASIC_OCSP_RESPONSE,
    CERTIFICATES,
    KEY_IDENTIFIER,
    OCSP_RESPONSE,
    OTHER_REVOCATION,
    REVOCATION,
    SIGNED_ATTRIBUTES,
    SIGNED_DATA,
    UNSIGNED_ATTRIBUTES,
    Attribute,
    SignedData,
    SignerIdentifier,
    SignerInfo,
)
from signing.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES: Final = 96 << 20
"""An attachment of the size below, or a national revocation list of twenty megabytes and more, and the signature."""
MAX_CONTENT: Final = 64 << 20
"""Attached content is held in memory; what is larger is signed apart and streamed."""
MAX_SIGNER_INFOS: Final = 16
MAX_CERTIFICATES: Final = 64
MAX_REVOCATION: Final = 64
MAX_ATTRIBUTES: Final = 64
MAX_VALUES: Final = 128
"""Of all attributes of one signer together."""
_MAX_HINT_ELEMENTS: Final = 1024

_BER: Final = frozenset({"asn1.indefinite-length", "asn1.length", "asn1.not-der"})
_OCSP_FORMATS: Final = frozenset({OCSP_RESPONSE, BASIC_OCSP_RESPONSE})


def read_signed_data(data: bytes, *, accept_ber: bool = False) -> SignedData:
    """Read a ContentInfo that holds SignedData; raises Malformed for anything else, limits included.

    Revocation lists and certificates are taken out unread: their own readers walk them. With `accept_ber` lengths may
    be open and content may come in pieces (X.690, 8), but not in anything that is signed: signed attributes,
    certificates, revocation lists and OCSP answers must be the octets their signatures are over.
    """
    if len(data) > MAX_BYTES:
        raise Malformed("signing.cms-too-large", limit=str(MAX_BYTES))
    try:
        return _read(data, is_der=True)
    except Malformed as error:
        if not accept_ber or error.code not in _BER:
            raise
    signed = _read(asn1.definite(data), is_der=False)
    _require_original(signed, data)
    return signed


def _read(data: bytes, *, is_der: bool) -> SignedData:
    outer = asn1.SpanFields(asn1.span(data), asn1.SEQUENCE)
    if asn1.oid(outer.take(asn1.OID).read()) != SIGNED_DATA:
        raise Malformed("signing.cms-not-signed-data")
    wrapped = _only(outer.take(0xA0))
    outer.end()

    fields = asn1.SpanFields(wrapped, asn1.SEQUENCE)
    asn1.integer(fields.take(asn1.INTEGER).read())  # the version says nothing that the structure does not
    # digestAlgorithms, a hint for reading in one pass; each signer names its own
    hints = asn1.children(fields.take(asn1.SET).read(max_elements=_MAX_HINT_ELEMENTS))
    content_type, content = _encapsulated(fields.take(asn1.SEQUENCE))
    certificates = _bag(fields.take_optional(CERTIFICATES), "certificates", MAX_CERTIFICATES)
    revocation = _bag(fields.take_optional(REVOCATION), "revocation", MAX_REVOCATION)
    signers = asn1.children(fields.take(asn1.SET).read())
    fields.end()
    if len(signers) > MAX_SIGNER_INFOS:
        raise Malformed("signing.cms-too-many", what="signers", limit=str(MAX_SIGNER_INFOS))
    crls, ocsp_responses = _revocation(revocation)
    return SignedData(
        content_type=content_type,
        content=content,
        certificates=tuple(each.raw for each in certificates if each.tag == asn1.SEQUENCE),
        signers=tuple(_signer_info(each) for each in signers),
        crls=crls,
        ocsp_responses=ocsp_responses,
        certificate_choices=tuple(each.raw for each in certificates),
        revocation_choices=tuple(each.raw for each in revocation),
        digest_algorithms=tuple(each.raw for each in hints),
        is_der=is_der,
    )


def _bag(element: asn1.Span | None, what: str, limit: int) -> tuple[asn1.Span, ...]:
    if element is None:
        return ()
    try:
        return asn1.inside(element, limit=limit)
    except Malformed as error:
        if error.code != "asn1.too-many-elements":
            raise
        raise Malformed("signing.cms-too-many", what=what, limit=str(limit)) from error


def answers_in(choices: Iterable[bytes]) -> tuple[bytes, ...]:
    """OCSP answers among elements of the field crls (RFC 5940); raises Malformed for one without its two parts."""
    return _revocation([asn1.span(each) for each in choices])[1]


def _revocation(elements: Iterable[asn1.Span]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """CRLs and OCSP answers of the field crls; information of other kinds is left out, as other certificates are."""
    crls, ocsp_responses = [], []
    for each in elements:
        if each.tag == asn1.SEQUENCE:
            crls.append(each.raw)
        elif each.tag == OTHER_REVOCATION:
            parts = asn1.inside(each, limit=2)
            if len(parts) == 2 and asn1.oid(parts[0].read()) in _OCSP_FORMATS:  # noqa: PLR2004 - format and value
                ocsp_responses.append(parts[1].raw)
    return tuple(crls), tuple(ocsp_responses)


def _encapsulated(element: asn1.Span) -> tuple[str, bytes | None]:
    fields = asn1.SpanFields(element, asn1.SEQUENCE)
    content_type = asn1.oid(fields.take(asn1.OID).read())
    wrapped = fields.take_optional(0xA0)
    fields.end()
    if wrapped is None:
        return content_type, None
    content = _only(wrapped)
    if content.tag != asn1.OCTET_STRING:
        pieces = content.tag == asn1.OCTET_STRING | 0x20
        raise Malformed("asn1.not-der" if pieces else "asn1.structure", **_named(content, pieces=pieces))
    if content.end - content.body > MAX_CONTENT:
        raise Malformed("signing.cms-too-large", limit=str(MAX_CONTENT))
    return content_type, content.content


def _named(content: asn1.Span, *, pieces: bool) -> dict[str, str]:
    return {"rule": "string in pieces"} if pieces else {"expected": "04", "found": f"{content.tag:02x}"}


def _signer_info(element: asn1.Der) -> SignerInfo:
    fields = asn1.Fields(element)
    version = fields.take(asn1.INTEGER)
    sid = fields.take(asn1.SEQUENCE, KEY_IDENTIFIER)
    digest_algorithm = fields.take(asn1.SEQUENCE)
    signed = fields.take_optional(SIGNED_ATTRIBUTES)
    signature_algorithm = fields.take(asn1.SEQUENCE)
    signature = fields.take(asn1.OCTET_STRING)
    unsigned = fields.take_optional(UNSIGNED_ATTRIBUTES)
    fields.end()
    received = [version, sid, digest_algorithm, signed, signature_algorithm, signature]
    return SignerInfo(
        identifier=_identifier(sid),
        digest_algorithm=digest_algorithm,
        signature_algorithm=signature_algorithm,
        signature=asn1.octets(signature),
        signed_bytes=bytes((asn1.SET,)) + signed.raw[1:] if signed is not None else None,
        signed_attributes=_attributes(signed),
        unsigned_attributes=_attributes(unsigned),
        fields=b"".join(each.raw for each in received if each is not None),
        raw=element.raw,
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
        attributes.append(Attribute(oid=oid, values=values, raw=each.raw))
    if sum(len(attribute.values) for attribute in attributes) > MAX_VALUES:
        raise Malformed("signing.cms-too-many", what="attribute values", limit=str(MAX_VALUES))
    return tuple(attributes)


def _only(element: asn1.Span) -> asn1.Span:
    inside = asn1.inside(element, limit=16)  # the message says how many there are of a few, and nothing of thousands
    if len(inside) != 1:
        raise Malformed("asn1.structure", expected="one element", found=str(len(inside)))
    return inside[0]


def _require_original(signed: SignedData, data: bytes) -> None:
    """What others signed was DER as it came: mended octets would not be the ones their signatures are over."""
    position = 0
    wanted = [*signed.certificate_choices, *signed.revocation_choices]
    wanted += [signer.signed_bytes[1:] for signer in signed.signers if signer.signed_bytes is not None]
    for octets in wanted:
        position = data.find(octets, position)
        if position < 0:
            raise Malformed("asn1.not-der", rule="signed octets")
        position += len(octets)
