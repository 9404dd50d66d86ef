"""OCSP questions: CertID and OCSPRequest (RFC 6960, 4.1)."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final, Literal

from signing import asn1
from signing.algorithms import Standing, digest_algorithm
from signing.certificates import Certificate, Name
from signing.errors import Malformed

NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
CertIdHash = Literal["sha1", "sha256"]

_SHA1: Final = "sha1"


@lru_cache(maxsize=4096)
def issuer_hashes(certificate: Certificate, issuer: Certificate, digest: str) -> tuple[bytes, bytes] | None:
    """IssuerNameHash and issuerKeyHash of a CertID; None for a hash that is not computed here, or a key without octets.

    The name is the issuer field of the certificate asked about, the key the content of the issuer's BIT STRING. SHA-1
    stands here although no signature may use it: a CertID only names, and what it names is signed by the responder.
    """
    return authority_hashes(certificate.issuer, issuer, digest)


@lru_cache(maxsize=4096)
def authority_hashes(name_asked: Name, issuer: Certificate, digest: str) -> tuple[bytes, bytes] | None:
    """The same of a name as it stands in the certificates of an authority."""
    name, key = name_asked.der, _key_octets(issuer)
    if key is None:
        return None
    if digest == _SHA1:
        return hashlib.sha1(name, usedforsecurity=False).digest(), hashlib.sha1(key, usedforsecurity=False).digest()
    algorithm = digest_algorithm(digest)
    if algorithm is None or algorithm.standing is not Standing.TRUSTED:
        return None
    return algorithm.of(name), algorithm.of(key)


def new_request(
    certificate: Certificate, issuer: Certificate, *, nonce: bytes | None = None, digest: CertIdHash = "sha256"
) -> bytes:
    """DER of an OCSPRequest for one certificate; `nonce` (1 to 32 octets, RFC 8954) is drawn by the caller."""
    extensions = b""
    if nonce is not None:
        value = asn1.encode(asn1.OCTET_STRING, nonce_value(nonce))
        extension = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(NONCE), value)
        extensions = asn1.encode(0xA2, asn1.encode(asn1.SEQUENCE, extension))
    request = asn1.encode(asn1.SEQUENCE, certificate_id(certificate, issuer, digest))
    return asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, request), extensions))


def nonce_value(nonce: bytes) -> bytes:
    """The value of the nonce extension: an OCTET STRING in DER."""
    if not 1 <= len(nonce) <= 32:  # noqa: PLR2004 - RFC 8954, 2.1
        raise ValueError("an OCSP nonce has 1 to 32 octets")
    return asn1.encode(asn1.OCTET_STRING, nonce)


def certificate_id(certificate: Certificate, issuer: Certificate, digest: CertIdHash) -> bytes:
    """DER of the CertID of `certificate`."""
    algorithm, hashes = digest_algorithm(digest), issuer_hashes(certificate, issuer, digest)
    if algorithm is None or hashes is None:
        raise ValueError(digest)
    return asn1.encode(
        asn1.SEQUENCE,
        asn1.encode(asn1.SEQUENCE, asn1.encode_oid(algorithm.oid), b"\x05\x00"),
        asn1.encode(asn1.OCTET_STRING, hashes[0]),
        asn1.encode(asn1.OCTET_STRING, hashes[1]),
        asn1.encode_integer(certificate.serial),
    )


@lru_cache(maxsize=1024)
def _key_octets(certificate: Certificate) -> bytes | None:
    """None for what is no SubjectPublicKeyInfo: a certificate is read without looking there, and any may come along."""
    try:
        info = asn1.Fields(asn1.read_der(certificate.public_key_info))
        info.take(asn1.SEQUENCE)
        return asn1.bit_string_octets(info.take(asn1.BIT_STRING))
    except Malformed:
        return None


def key_hash(certificate: Certificate) -> bytes | None:
    """KeyHash of a responder: SHA-1 over the content of its public key's BIT STRING (RFC 6960, 4.2.1).

    None where there is no such BIT STRING.
    """
    octets = _key_octets(certificate)
    return None if octets is None else hashlib.sha1(octets, usedforsecurity=False).digest()
