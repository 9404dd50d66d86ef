"""Unsigned attributes (ETSI EN 319 122-1, 5.3 to 5.5; RFC 5126, 6): what came along with one signer.

Nobody signed them: each speaks by the signature inside it (a time-stamp, a CRL) or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing.cades.oids import (
    ARCHIVE_TIME_STAMP_V2,
    ARCHIVE_TIME_STAMP_V3,
    CERTIFICATE_VALUES,
    COUNTERSIGNATURE,
    REVOCATION_VALUES,
    SIGNATURE_TIME_STAMP,
)
from signing.cades.tokens import read_token_cms
from signing.errors import Malformed
from signing.validation_data import NO_DATA, ValidationData

if TYPE_CHECKING:
    from signing.cms import SignerInfo

MAX_TIME_STAMPS: Final = 16
"""Of each kind: every one costs its verifier a path and a signature."""
MAX_VALUES: Final = 64
"""In one certificate-values or one list of revocation-values, as in the bags of SignedData."""

_TIME_STAMPS: Final = frozenset({SIGNATURE_TIME_STAMP, ARCHIVE_TIME_STAMP_V3, ARCHIVE_TIME_STAMP_V2})
_READ: Final = frozenset(
    {SIGNATURE_TIME_STAMP, CERTIFICATE_VALUES, REVOCATION_VALUES, ARCHIVE_TIME_STAMP_V3, COUNTERSIGNATURE}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnsignedAttributes:
    """`data` is what certificate-values and revocation-values hold; time-stamps are tokens, DER of a ContentInfo each.

    `countersignatures` counts them: none is judged. `others` are the OIDs of attributes nobody looked at.
    """

    signature_time_stamps: tuple[bytes, ...]
    archive_time_stamps: tuple[bytes, ...]
    data: ValidationData
    countersignatures: int
    others: tuple[str, ...]


def read_unsigned_attributes(signer: SignerInfo) -> UnsignedAttributes:
    """Read them; raises Malformed for a broken value and for too many time-stamps."""
    values: dict[str, list[asn1.Der]] = {}
    for attribute in signer.unsigned_attributes:
        values.setdefault(attribute.oid, []).extend(attribute.values)
    for oid in (SIGNATURE_TIME_STAMP, ARCHIVE_TIME_STAMP_V3):
        if len(values.get(oid, ())) > MAX_TIME_STAMPS:
            raise Malformed("signing.cms-too-many", what="time-stamps", limit=str(MAX_TIME_STAMPS))
    certificates = tuple(
        each for value in values.get(CERTIFICATE_VALUES, ()) for each in _members(asn1.span(value.raw))
    )
    revocation = [_revocation_values(asn1.span(value.raw)) for value in values.get(REVOCATION_VALUES, ())]
    return UnsignedAttributes(
        signature_time_stamps=tuple(value.raw for value in values.get(SIGNATURE_TIME_STAMP, ())),
        archive_time_stamps=tuple(value.raw for value in values.get(ARCHIVE_TIME_STAMP_V3, ())),
        data=ValidationData(certificates=certificates).joined(*revocation),
        countersignatures=len(values.get(COUNTERSIGNATURE, ())),
        others=tuple(oid for oid in values if oid not in _READ),
    )


def token_data(token: bytes) -> ValidationData:
    """Certificates, CRLs and OCSP answers inside a token, those of its signer's unsigned attributes included.

    Nothing of a token that cannot be read: whoever judges the token says so, and whether it may be BER.
    """
    try:
        signed = read_token_cms(token)
        inner = [read_unsigned_attributes(signer).data for signer in signed.signers]
    except Malformed:
        return NO_DATA
    own = ValidationData(certificates=signed.certificates, crls=signed.crls, ocsp_responses=signed.ocsp_responses)
    return own.joined(*inner)


def objects_in(oid: str, value: bytes) -> ValidationData:
    """What lies inside one value of an unsigned attribute; raises Malformed where it is not what its type says.

    The value was walked with its SignerInfo; here it is only taken apart, and no further than its limit.
    """
    if oid == CERTIFICATE_VALUES:
        return ValidationData(certificates=_members(asn1.span(value)))
    if oid == REVOCATION_VALUES:
        return _revocation_values(asn1.span(value))
    if oid in _TIME_STAMPS:
        return token_data(value)
    return NO_DATA


def _members(value: asn1.Span) -> tuple[bytes, ...]:
    if value.tag != asn1.SEQUENCE:
        raise Malformed("asn1.structure", expected=f"{asn1.SEQUENCE:02x}", found=f"{value.tag:02x}")
    try:
        return tuple(each.raw for each in asn1.inside(value, limit=MAX_VALUES))
    except Malformed as error:
        if error.code != "asn1.too-many-elements":
            raise
        raise Malformed("signing.cms-too-many", what="values", limit=str(MAX_VALUES)) from error


def _revocation_values(value: asn1.Span) -> ValidationData:
    """RevocationValues (RFC 5126, 6.3.4): CRLs, BasicOCSPResponses, and other kinds, which are left out."""
    fields = asn1.SpanFields(value, asn1.SEQUENCE)
    crls, answers = fields.take_optional(0xA0), fields.take_optional(0xA1)
    fields.take_optional(0xA2)
    fields.end()
    return ValidationData(crls=_listed(crls), ocsp_responses=_listed(answers))


def _listed(wrapped: asn1.Span | None) -> tuple[bytes, ...]:
    if wrapped is None:
        return ()
    inside = asn1.inside(wrapped, limit=MAX_VALUES)
    if len(inside) != 1:
        raise Malformed("asn1.structure", expected="one element", found=str(len(inside)))
    return _members(inside[0])
