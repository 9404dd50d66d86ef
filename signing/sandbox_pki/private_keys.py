"""Private keys of the sandbox, of every kind that is certified here, and the certificates made with them.

The library below writes certificates and does not know national keys. Where one takes part, it writes the certificate with
a stand-in, and the places the stand-in left are filled in: public key, algorithm, value.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from signing import asn1, gost
from signing.algorithms import encode_algorithm_identifier, national_key_form, signature_algorithm
from signing.errors import SigningError
from signing.keys import SigningKey
from signing.keys import software as software_keys
from signing.keys.national import NationalKey, national_key
from signing.keys.national_pkcs8 import form_of, write_national_key
from signing.keys.software import SoftwareKey, software_key

PrivateKey = software_keys.PrivateKey | gost.PrivateKey
KeyKind = Literal[
    "rsa-2048",
    "rsa-3072",
    "ec-p256",
    "ec-p384",
    "ec-p521",
    "ed25519",
    "gost2015-512",
    "gost2015-256",
    "gost2004",
]

_BEFORE_SIGNATURE = 2
"""Place of the algorithm among the fields of TBSCertificate (RFC 5280, 4.1.2): after version and serial number."""
_PUBLIC_KEY = 6
"""Of subjectPublicKeyInfo, after issuer, validity and subject."""


def new_private_key(kind: KeyKind) -> PrivateKey:
    """Raises SigningError signing.sandbox-key-kind."""
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind in ("rsa-2048", "rsa-3072"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[4:]))
    form = national_key_form(kind)
    if form is not None:
        return gost.PrivateKey(form.curve, 1 + secrets.randbelow(form.curve.q - 1))
    curves: dict[str, ec.EllipticCurve] = {
        "ec-p256": ec.SECP256R1(),
        "ec-p384": ec.SECP384R1(),
        "ec-p521": ec.SECP521R1(),
    }
    if kind not in curves:
        raise SigningError("signing.sandbox-key-kind", kind=str(kind))
    return ec.generate_private_key(curves[kind])


def signing_key_of(key: PrivateKey, certificates: tuple[bytes, ...]) -> SigningKey:
    """Sandbox keys are test keys: plain Python may sign with them."""
    if isinstance(key, gost.PrivateKey):
        return national_key(key, certificates, test_keys=True)
    return software_key(key, certificates)


def public_key_info(key: PrivateKey) -> bytes:
    """DER of the SubjectPublicKeyInfo."""
    if isinstance(key, gost.PrivateKey):
        return form_of(key).public_key_info(key.public_key())
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def private_key_info(key: PrivateKey) -> bytes:
    """DER of the PrivateKeyInfo, not encrypted."""
    if isinstance(key, gost.PrivateKey):
        return write_national_key(key)
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_identifier(key: PrivateKey) -> bytes:
    """SHA-1 over the content of the BIT STRING (RFC 5280, 4.2.1.2 (1)), as the national CA computes it."""
    _, bits = asn1.children(asn1.read_der(public_key_info(key)))
    return hashlib.sha1(asn1.bit_string_octets(bits), usedforsecurity=False).digest()


def written_public_key(key: PrivateKey) -> software_keys.PublicKey:
    """What the library writes into a certificate: the public key, or the stand-in that `certificate_of` replaces."""
    return (_stand_in() if isinstance(key, gost.PrivateKey) else key).public_key()


def certificate_of(builder: x509.CertificateBuilder, key: PrivateKey, issuer_key: PrivateKey) -> bytes:
    """DER of the certificate of `key`, signed by `issuer_key`; the builder's public key is `written_public_key`."""
    signer = _stand_in() if isinstance(issuer_key, gost.PrivateKey) else issuer_key
    written = builder.sign(signer, _hash_for(signer)).public_bytes(serialization.Encoding.DER)
    if not isinstance(key, gost.PrivateKey) and signer is issuer_key:
        return written
    tbs, identifier, _ = asn1.children(asn1.read_der(written))
    fields = [each.raw for each in asn1.children(tbs)]
    fields[_PUBLIC_KEY] = public_key_info(key)
    algorithm = identifier.raw
    making: NationalKey | SoftwareKey
    if isinstance(issuer_key, gost.PrivateKey):
        making = NationalKey(issuer_key, (), test_keys=True, provider=gost.chosen())
        known = signature_algorithm(making.algorithm)
        assert known is not None
        algorithm = fields[_BEFORE_SIGNATURE] = encode_algorithm_identifier(known)
    else:
        making = SoftwareKey(issuer_key, (), "")
    signed = asn1.encode(asn1.SEQUENCE, *fields)
    value = asn1.encode(asn1.BIT_STRING, b"\x00", making.sign(signed))
    return asn1.encode(asn1.SEQUENCE, signed, algorithm, value)


@cache
def _stand_in() -> ec.EllipticCurvePrivateKey:
    """Nothing it signs leaves this module."""
    return ec.generate_private_key(ec.SECP256R1())


def _hash_for(key: software_keys.PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """None for Ed25519, which hashes by itself; for a curve a hash as strong as it is."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    bits = key.curve.key_size if isinstance(key, ec.EllipticCurvePrivateKey) else 256
    if bits == 384:  # noqa: PLR2004 - FIPS 186-4, 6.4
        return hashes.SHA384()
    return hashes.SHA512() if bits == 521 else hashes.SHA256()  # noqa: PLR2004 - the same
