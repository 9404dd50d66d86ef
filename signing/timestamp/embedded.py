"""Validation data that travels inside a token: certificates, and revocation status where the authority put it.

Certificates and CRLs stand in the SignedData itself (RFC 5652, 5.1 and 10.2.1; OCSP answers there by RFC 5940), or in
the unsigned attributes certificate-values and revocation-values of CAdES (ETSI EN 319 122-1, A.1.1.2 and A.1.2.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from signing import asn1
from signing.validation_data import ValidationData

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signing.cms import Attribute, SignedData

_CERTIFICATE_VALUES: Final = "1.2.840.113549.1.9.16.2.23"
_REVOCATION_VALUES: Final = "1.2.840.113549.1.9.16.2.24"
_MAX_CERTIFICATES: Final = 64
_MAX_STATUSES: Final = 64


def embedded_data(signed: SignedData) -> ValidationData:
    """What a token, read as `signed`, brings along; raises Malformed."""
    crls, answers = [*signed.crls], [*signed.ocsp_responses]
    unsigned = signed.signers[0].unsigned_attributes
    certificates = [*signed.certificates]
    for value in _values(unsigned, _CERTIFICATE_VALUES):
        certificates += [each.raw for each in asn1.children(value) if each.tag == asn1.SEQUENCE]
    for value in _values(unsigned, _REVOCATION_VALUES):
        for part in asn1.children(value):
            if part.tag in (0xA0, 0xA1):
                inside = [each.raw for each in asn1.children(asn1.children(part)[0])] if part.content else []
                (crls if part.tag == 0xA0 else answers).extend(inside)  # noqa: PLR2004 - the tags of the line above
    return ValidationData(
        certificates=tuple(dict.fromkeys(certificates))[:_MAX_CERTIFICATES],
        crls=tuple(dict.fromkeys(crls))[:_MAX_STATUSES],
        ocsp_responses=tuple(dict.fromkeys(answers))[:_MAX_STATUSES],
    )


def _values(attributes: tuple[Attribute, ...], oid: str) -> Iterator[asn1.Der]:
    for attribute in attributes:
        if attribute.oid == oid:
            yield from attribute.values
