"""Unsigned properties as we write them: in exclusive canonical form, so that what a later time-stamp hashes is a slice.

Each declares its own namespaces and so means the same wherever it is put. RenewedDigests are not made.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from signing.xades.names import XADES, XADES141
from signing.xmldsig import DS, EXC_C14N, escape_attribute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from signing.validation_data import ValidationData

_METHOD: Final = f'<ds:CanonicalizationMethod xmlns:ds="{DS}" Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'


def new_unsigned_properties(inside: bytes) -> bytes:
    """xades:UnsignedProperties around unsigned signature properties."""
    start = f'<xades:UnsignedProperties xmlns:xades="{XADES}"><xades:UnsignedSignatureProperties>'.encode()
    return start + inside + b"</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"


def new_signature_time_stamp(identifier: str, token: bytes) -> bytes:
    """xades:SignatureTimeStamp (EN 319 132-1, 5.3) with a token in DER."""
    return (
        f'<xades:SignatureTimeStamp xmlns:xades="{XADES}" Id="{escape_attribute(identifier)}">{_METHOD}'
        f"<xades:EncapsulatedTimeStamp>{_base64(token)}</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
    ).encode()


def new_archive_time_stamp(identifier: str, token: bytes) -> bytes:
    """xades141:ArchiveTimeStamp (EN 319 132-1, 5.5.2)."""
    return (
        f'<xades141:ArchiveTimeStamp xmlns:xades141="{XADES141}" Id="{escape_attribute(identifier)}">{_METHOD}'
        f'<xades:EncapsulatedTimeStamp xmlns:xades="{XADES}">{_base64(token)}</xades:EncapsulatedTimeStamp>'
        "</xades141:ArchiveTimeStamp>"
    ).encode()


def new_certificate_values(certificates: Iterable[bytes]) -> bytes:
    """xades:CertificateValues (EN 319 132-1, 5.4.1), nothing for no certificate."""
    values = "".join(
        f"<xades:EncapsulatedX509Certificate>{_base64(der)}</xades:EncapsulatedX509Certificate>" for der in certificates
    )
    if not values:
        return b""
    return f'<xades:CertificateValues xmlns:xades="{XADES}">{values}</xades:CertificateValues>'.encode()


def new_revocation_values(data: ValidationData) -> bytes:
    """xades:RevocationValues (EN 319 132-1, 5.4.2): CRLs and OCSP answers byte for byte, nothing for none."""
    crls = "".join(f"<xades:EncapsulatedCRLValue>{_base64(der)}</xades:EncapsulatedCRLValue>" for der in data.crls)
    answers = "".join(
        f"<xades:EncapsulatedOCSPValue>{_base64(der)}</xades:EncapsulatedOCSPValue>" for der in data.ocsp_responses
    )
    if not crls and not answers:
        return b""
    inside = (f"<xades:CRLValues>{crls}</xades:CRLValues>" if crls else "") + (
        f"<xades:OCSPValues>{answers}</xades:OCSPValues>" if answers else ""
    )
    return f'<xades:RevocationValues xmlns:xades="{XADES}">{inside}</xades:RevocationValues>'.encode()


def new_time_stamp_validation_data(data: ValidationData, time_stamp: str | None) -> bytes:
    """xades141:TimeStampValidationData (EN 319 132-1, 5.5.1) for the time-stamp of this Id, nothing for no data.

    None: for the time-stamp right before it.
    """
    return _validation_data(
        "TimeStampValidationData", data, f' URI="#{escape_attribute(time_stamp)}"' if time_stamp else ""
    )


def new_any_validation_data(data: ValidationData) -> bytes:
    """xades141:AnyValidationData (EN 319 132-1 since V1.2.1): for whatever lacks it, nothing for no data."""
    return _validation_data("AnyValidationData", data, "")


def _validation_data(name: str, data: ValidationData, uri: str) -> bytes:
    inside = new_certificate_values(data.certificates) + new_revocation_values(data)
    if not inside:
        return b""
    start = f'<xades141:{name} xmlns:xades141="{XADES141}"{uri}>'.encode()
    return start + inside + f"</xades141:{name}>".encode()


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
