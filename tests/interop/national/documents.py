"""What is judged besides XML: CMS, certificates, CRLs, OCSP answers, time-stamps, in the order their standards write them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import der
from keys import Certificate, Judge, Refused, certificate

_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_DATA: Final = "1.2.840.113549.1.7.1"
_TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_BASIC_OCSP: Final = "1.3.6.1.5.5.7.48.1.1"
_FIRST, _SECOND = 0xA0, 0xA1
"""[0] and [1] with other values inside."""


# --- CMS -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class SignedData:
    """RFC 5652, 5.1, with one signer; `content` is None where it lies beside."""

    content_type: str
    content: bytes | None
    certificates: tuple[Certificate, ...]
    signer: der.Value


def signed_data(octets: bytes) -> SignedData:
    kind, holder = der.value(octets).of(der.SEQUENCE).values()
    if kind.oid() != _SIGNED_DATA:
        raise Refused("not signed data")
    (inside,) = holder.of(_FIRST).values()
    _, _, enclosed, *rest = inside.of(der.SEQUENCE).values()
    content_type, *content = enclosed.of(der.SEQUENCE).values()
    (signer,) = rest[-1].of(der.SET).values()
    return SignedData(
        content_type=content_type.oid(),
        content=der.value(content[0].of(_FIRST).content).of(der.OCTET_STRING).content if content else None,
        certificates=tuple(
            certificate(each.whole) for group in rest[:-1] if group.tag == _FIRST for each in group.values()
        ),
        signer=signer,
    )


def hold_cms(judge: Judge, octets: bytes, beside: bytes | None, content_type: str = _DATA) -> bytes:
    """The content that is signed: the one inside, or the one `beside` it."""
    signed = signed_data(octets)
    if signed.content_type != content_type:
        raise Refused("content of another type")
    if (signed.content is None) == (beside is None):
        raise Refused("content inside and beside, or neither")
    content = beside if signed.content is None else signed.content
    assert content is not None
    _, named, digest, attributes, algorithm, value, *_ = signed.signer.of(der.SEQUENCE).values()
    issuer, serial = named.of(der.SEQUENCE).values()
    signer = next(
        (each for each in signed.certificates if (each.issuer, each.serial) == (issuer.whole, serial.whole)), None
    )
    if signer is None:
        raise Refused("the signer's certificate is not there")
    given = _attributes(attributes.of(_FIRST))
    if given[_CONTENT_TYPE].oid() != content_type:
        raise Refused("an attribute names another type")
    stated = given[_MESSAGE_DIGEST].of(der.OCTET_STRING).content
    judge.hold_digest(digest.values()[0].oid(), content, stated, "content")
    _hold_signing_certificate(judge, given[_SIGNING_CERTIFICATE_V2], signer)
    # what is signed is the SET (RFC 5652, 5.4), not the [0] that stands here
    as_set = bytes([der.SET]) + attributes.whole[1:]
    judge.hold_value_in_der(algorithm, signer.key, as_set, value.of(der.OCTET_STRING).content, "signed attributes")
    judge.hold_path(signer, signed.certificates)
    return content


def _attributes(group: der.Value) -> dict[str, der.Value]:
    """The only value of each attribute by its OID."""
    found: dict[str, der.Value] = {}
    for each in group.values():
        kind, holder = each.of(der.SEQUENCE).values()
        (found[kind.oid()],) = holder.of(der.SET).values()
    return found


def _hold_signing_certificate(judge: Judge, attribute: der.Value, signer: Certificate) -> None:
    """RFC 5035, 4: the first ESSCertIDv2, by the hash it names or by SHA-256 where it names none."""
    first = attribute.of(der.SEQUENCE).values()[0].of(der.SEQUENCE).values()[0]
    algorithm, *rest = first.of(der.SEQUENCE).values()
    if algorithm.tag == der.OCTET_STRING:
        if hashlib.sha256(signer.whole).digest() != algorithm.content:
            raise Refused("signing certificate: the digest is another one")
        return
    stated = rest[0].of(der.OCTET_STRING).content
    judge.hold_digest(algorithm.of(der.SEQUENCE).values()[0].oid(), signer.whole, stated, "signing certificate")


# --- time-stamps ---------------------------------------------------------------------------------------------------
def hold_time_stamp(judge: Judge, token: bytes, content: bytes) -> None:
    """RFC 3161, 2.4.2: a token over `content`."""
    info = hold_cms(judge, token, None, _TST_INFO)
    imprint = der.value(info).of(der.SEQUENCE).values()[2]
    algorithm, digest = imprint.of(der.SEQUENCE).values()
    judge.hold_digest(algorithm.values()[0].oid(), content, digest.of(der.OCTET_STRING).content, "imprint")


# --- revocation ----------------------------------------------------------------------------------------------------
def hold_crl(judge: Judge, octets: bytes, issuers: Sequence[Certificate]) -> None:
    """RFC 5280, 5.1."""
    tbs, algorithm, bits = der.value(octets).of(der.SEQUENCE).values()
    fields = [each for each in tbs.of(der.SEQUENCE).values() if each.tag != der.INTEGER]
    # the OIDs: a list of the national CA has NULL outside and nothing inside
    if fields[0].values()[0].whole != algorithm.values()[0].whole:
        raise Refused("a list names two algorithms")
    issuer = next((each for each in (*issuers, judge.root) if each.subject == fields[1].whole), None)
    if issuer is None:
        raise Refused("a list of an unknown authority")
    judge.hold_value_in_der(algorithm, issuer.key, tbs.whole, bits.bits(), "list")
    judge.hold_path(issuer, issuers)


def hold_ocsp(judge: Judge, octets: bytes, issuers: Sequence[Certificate]) -> None:
    """RFC 6960, 4.2.1: a successful basic answer, by a responder whose certificate comes along."""
    status, holder = der.value(octets).of(der.SEQUENCE).values()
    if status.of(der.ENUMERATED).content != b"\0":
        raise Refused("not a successful answer")
    (response,) = holder.of(_FIRST).values()
    kind, basic = response.of(der.SEQUENCE).values()
    if kind.oid() != _BASIC_OCSP:
        raise Refused("not a basic answer")
    answer = der.value(basic.of(der.OCTET_STRING).content).of(der.SEQUENCE).values()
    tbs, algorithm, bits, given = answer
    certificates = tuple(certificate(each.whole) for each in der.value(given.of(_FIRST).content).values())
    signer = certificates[0]
    judge.hold_value_in_der(algorithm, signer.key, tbs.whole, bits.bits(), "answer")
    judge.hold_path(signer, (*certificates[1:], *issuers))
