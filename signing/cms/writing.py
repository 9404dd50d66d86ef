"""SignedData in DER: what we make, and what we add to what others made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from signing import asn1
from signing.cms.structure import (
    BASIC_OCSP_RESPONSE,
    CERTIFICATES,
    DATA,
    KEY_IDENTIFIER,
    OCSP_RESPONSE,
    OTHER_REVOCATION,
    REVOCATION,
    SIGNED_ATTRIBUTES,
    SIGNED_DATA,
    UNSIGNED_ATTRIBUTES,
    SignedData,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from signing.certificates import Certificate

_V1_ATTRIBUTE_CERTIFICATE: Final = 0xA1
_V2_ATTRIBUTE_CERTIFICATE: Final = 0xA2
_VERSION_3: Final = asn1.encode_integer(3)


def encode_attribute(oid: str, value: bytes) -> bytes:
    """An attribute with one value."""
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), asn1.encode_set([value]))


def encode_signer_info(
    *,
    signer: Certificate,
    digest_algorithm: bytes,
    signed_attributes: bytes,
    signature_algorithm: bytes,
    signature: bytes,
) -> bytes:
    """One SignerInfo that names `signer` by issuer and serial number.

    `digest_algorithm` and `signature_algorithm` are DER AlgorithmIdentifiers, `signed_attributes` the DER SET that was
    signed, `signature` the value in the CMS form.
    """
    return asn1.encode(
        asn1.SEQUENCE,
        asn1.encode_integer(1),
        asn1.encode(asn1.SEQUENCE, signer.issuer.der, asn1.encode_integer(signer.serial)),
        digest_algorithm,
        bytes((SIGNED_ATTRIBUTES,)) + signed_attributes[1:],
        signature_algorithm,
        asn1.encode(asn1.OCTET_STRING, signature),
    )


def encode_signed_data(
    *,
    signer_infos: Sequence[bytes],
    digest_algorithms: Iterable[bytes],
    certificates: Sequence[bytes],
    content: bytes | None = None,
) -> bytes:
    """A ContentInfo with SignedData over content of the type data, in DER; detached when `content` is None."""
    return _assembled(
        content_type=DATA,
        content=content,
        digest_algorithms=tuple(dict.fromkeys(digest_algorithms)),
        certificates=tuple(sorted(dict.fromkeys(certificates))),
        revocation=(),
        signer_infos=tuple(sorted(signer_infos)),
    )


def encode_ocsp_response(response: bytes, *, basic: bool = False) -> bytes:
    """An OCSPResponse as an element of the field crls (RFC 5940, 2.2); `basic`: a BasicOCSPResponse, under its own OID."""
    return asn1.encode(OTHER_REVOCATION, asn1.encode_oid(BASIC_OCSP_RESPONSE if basic else OCSP_RESPONSE), response)


def with_additions(
    signed: SignedData,
    *,
    unsigned: Mapping[int, Sequence[bytes]] | None = None,
    certificates: Sequence[bytes] = (),
    revocation: Sequence[bytes] = (),
    signer_infos: Sequence[bytes] = (),
    digest_algorithms: Sequence[bytes] = (),
    content: bytes | None = None,
) -> bytes:
    """The ContentInfo of `signed` with more in it; every SignerInfo, certificate and attribute keeps its octets.

    `unsigned`: attributes (DER) to add, by the place of the signer; `certificates` and `revocation` are elements of
    the two bags, those already there are not added again; `content` replaces None by the attached content. Where a SET
    was in DER order it stays so; where it was not, additions come last, because an older archive time-stamp may lie
    over the order.
    """
    more = unsigned or {}
    signers = []
    for place, signer in enumerate(signed.signers):
        attributes = _added([each.raw for each in signer.unsigned_attributes], more.get(place, ()))
        tail = asn1.encode(UNSIGNED_ATTRIBUTES, *attributes) if attributes else b""
        signers.append(asn1.encode(asn1.SEQUENCE, signer.fields, tail))
    return _assembled(
        content_type=signed.content_type,
        content=signed.content if content is None else content,
        digest_algorithms=_added(signed.digest_algorithms, digest_algorithms),
        certificates=_added(signed.certificate_choices, certificates),
        revocation=_added(signed.revocation_choices, revocation),
        signer_infos=_added(signers, signer_infos) if signer_infos else tuple(signers),
    )


def without_content(signed: SignedData) -> bytes:
    """The ContentInfo of `signed` in its detached form."""
    return _assembled(
        content_type=signed.content_type,
        content=None,
        digest_algorithms=signed.digest_algorithms,
        certificates=signed.certificate_choices,
        revocation=signed.revocation_choices,
        signer_infos=tuple(signer.raw for signer in signed.signers),
    )


def _added(there: Sequence[bytes], more: Sequence[bytes]) -> tuple[bytes, ...]:
    joined = [*there, *(each for each in dict.fromkeys(more) if each not in there)]
    return tuple(sorted(joined)) if list(there) == sorted(there) else tuple(joined)


def _assembled(
    *,
    content_type: str,
    content: bytes | None,
    digest_algorithms: Sequence[bytes],
    certificates: Sequence[bytes],
    revocation: Sequence[bytes],
    signer_infos: Sequence[bytes],
) -> bytes:
    attached = b"" if content is None else asn1.encode(0xA0, asn1.encode(asn1.OCTET_STRING, content))
    signed_data = asn1.encode(
        asn1.SEQUENCE,
        asn1.encode_integer(_version(content_type, certificates, revocation, signer_infos)),
        asn1.encode(asn1.SET, *digest_algorithms),
        asn1.encode(asn1.SEQUENCE, asn1.encode_oid(content_type), attached),
        asn1.encode(CERTIFICATES, *certificates) if certificates else b"",
        asn1.encode(REVOCATION, *revocation) if revocation else b"",
        asn1.encode(asn1.SET, *signer_infos),
    )
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(SIGNED_DATA), asn1.encode(0xA0, signed_data))


def _version(
    content_type: str, certificates: Sequence[bytes], revocation: Sequence[bytes], signer_infos: Sequence[bytes]
) -> int:
    """CMSVersion of SignedData (RFC 5652, 5.1)."""
    kinds = {each[0] for each in certificates}
    if any(each[0] == OTHER_REVOCATION for each in revocation) or kinds - {
        asn1.SEQUENCE,
        _V1_ATTRIBUTE_CERTIFICATE,
        _V2_ATTRIBUTE_CERTIFICATE,
    }:
        return 5
    if _V2_ATTRIBUTE_CERTIFICATE in kinds:
        return 4
    by_key = any(asn1.span(each).content.startswith(_VERSION_3 + bytes((KEY_IDENTIFIER,))) for each in signer_infos)
    return 3 if content_type != DATA or _V1_ATTRIBUTE_CERTIFICATE in kinds or by_key else 1
