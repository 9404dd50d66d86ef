"""Public keys and what they verify: rules 2 and 3 of the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing import asn1, gost
from signing.algorithms.identifier import algorithm_identifier
from signing.algorithms.national_keys import NATIONAL_KEY_FORMS
from signing.algorithms.table import (
    DIGEST_BY_ID,
    EC_PUBLIC_KEY,
    ED25519,
    NATIONAL_KEYS,
    RSA_ENCRYPTION,
    KeyType,
    SignatureAlgorithm,
    Standing,
)
from signing.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MIN_EC_BITS: Final = 256
MAX_RSA_EXPONENT: Final = 2**32 - 1

Form = Literal["xmldsig", "cms"]

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3-256": hashes.SHA3_256(),
    "sha3-384": hashes.SHA3_384(),
    "sha3-512": hashes.SHA3_512(),
}
_ORDER: Final = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "secp521r1": (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
    "brainpoolP256r1": 0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7,
    "brainpoolP384r1": 0x8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B31F166E6CAC0425A7CF3AB6AF6B7FC3103B883202E9046565,
    "brainpoolP512r1": int(
        "AADD9DB8DBE9C48B3FD4E6AE33C9FC07CB308DB3B3C9D20ED6639CCA70330870"
        "553E5C414CA92619418661197FAC10471DB1D381085DDADDB58796829CA90069",
        16,
    ),
}
"""Order n of each curve that is trusted (FIPS 186-4, D.1.2; RFC 5639, 3)."""


class HoldsPublicKey(Protocol):
    """Anything with a SubjectPublicKeyInfo in DER; `signing.certificates.Certificate` is one."""

    @property
    def public_key_info(self) -> bytes: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    """A public key as far as the table cares: `weakness` None when size, exponent and curve are acceptable.

    `is_unsupported`: what stands against it is only that it is of a type or curve we do not compute with, which may be
    good elsewhere.
    """

    type: KeyType
    bits: int
    weakness: str | None
    is_unsupported: bool = False


def describe_public_key(public_key_info: bytes) -> PublicKey:
    """Type and size of the key in a SubjectPublicKeyInfo; never raises: what cannot be read is a weakness."""
    return _load(public_key_info)[0]


def verify_signature(  # noqa: PLR0911 - one end for each kind of key
    algorithm: SignatureAlgorithm,
    certificate: HoldsPublicKey,
    message: bytes,
    signature: bytes,
    *,
    form: Form,
) -> bool:
    """Whether `signature` over `message` (hashed here) was made with the certificate's key, and nothing else.

    False, never an exception, also when the key does not fit the algorithm, is weak, or the entry is not TRUSTED. End
    dates are the caller's: `algorithm_check`. The input is whole because what is signed is always small: SignedInfo,
    signed attributes, a certificate; content is streamed into its digest instead.
    """
    described, key = _load(certificate.public_key_info)
    if algorithm.standing is not Standing.TRUSTED or described.weakness is not None or key is None:
        return False
    if algorithm.key_type != described.type or algorithm.ec_bits not in (None, described.bits):
        return False
    if isinstance(key, gost.PublicKey):
        digest = _digest if len(message) <= _REMEMBERED_MESSAGE else _digest.__wrapped__
        return gost.chosen().verify(key, digest(algorithm.digest or "", message), signature)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            return _verify_rsa(algorithm, key, message, signature)
        if isinstance(key, ec.EllipticCurvePublicKey):
            return _verify_ecdsa(algorithm, key, message, signature, form)
        key.verify(signature, message)  # 64 octets or InvalidSignature (RFC 8032, 5.1.7)
    except InvalidSignature:
        return False
    return True


_REMEMBERED_MESSAGE: Final = 64 * 1024


@lru_cache(maxsize=32)
def _digest(digest_id: str, message: bytes) -> bytes:
    """What is tried with one key after another is hashed once: in plain Python a megabyte takes a second."""
    return DIGEST_BY_ID[digest_id].of(message)


_PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | gost.PublicKey


def _verify_rsa(algorithm: SignatureAlgorithm, key: rsa.RSAPublicKey, message: bytes, signature: bytes) -> bool:
    digest = _HASHES[algorithm.digest or ""]
    if len(signature) != (key.key_size + 7) // 8:
        return False
    if algorithm.padding == "pss":
        # salt as long as the hash: RFC 9231, 2.3.10 fixes it for XML, section 3 of RFC 5756 and practice for CMS
        scheme = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
        key.verify(signature, message, scheme, digest)
    else:
        key.verify(signature, message, padding.PKCS1v15(), digest)
    return True


def _verify_ecdsa(
    algorithm: SignatureAlgorithm, key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes, form: Form
) -> bool:
    if form == "xmldsig":
        size = (key.curve.key_size + 7) // 8
        if len(signature) != 2 * size:
            return False
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    else:
        try:
            r, s = decode_dss_signature(signature)
        except ValueError:
            return False
    order = _ORDER[key.curve.name]
    if not (0 < r < order and 0 < s < order):
        return False
    der = encode_dss_signature(r, s)
    if form == "cms" and der != signature:
        return False  # the same numbers written in another way are another signature
    key.verify(der, message, ec.ECDSA(_HASHES[algorithm.digest or ""]))
    return True


def ecdsa_to_raw(signature: bytes, bits: int) -> bytes:
    """Give r and s side by side, each as long as the curve, from the DER form a SigningKey gives (RFC 9231, 2.3.6)."""
    r, s = decode_dss_signature(signature)
    size = (bits + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


@lru_cache(maxsize=1024)
def _load(public_key_info: bytes) -> tuple[PublicKey, _PublicKey | None]:  # noqa: PLR0911 - one end for each kind
    key_type, parameters = _key_type(public_key_info)
    if key_type in NATIONAL_KEYS:
        return _load_national(key_type, public_key_info)
    if key_type not in ("rsa", "ec", "ed25519"):
        unsupported = key_type not in ("dsa", "hmac")  # those are refused by name
        return PublicKey(type=key_type, bits=0, weakness="unsupported key type", is_unsupported=unsupported), None
    if key_type == "ec" and (parameters is None or parameters[0] != asn1.OID):
        # parameters written out are a way to smuggle in a generator of the forger's choice (CVE-2020-0601)
        return PublicKey(type="ec", bits=0, weakness="explicit curve parameters"), None
    try:
        key = load_der_public_key(public_key_info)
    except UnsupportedAlgorithm:  # a curve with a name that the library does not know
        return PublicKey(type=key_type, bits=0, weakness="unsupported key type", is_unsupported=True), None
    except (ValueError, TypeError):  # a point off the curve, broken numbers
        return PublicKey(type=key_type, bits=0, weakness="unreadable key"), None
    if isinstance(key, rsa.RSAPublicKey):
        return PublicKey(type="rsa", bits=key.key_size, weakness=_rsa_weakness(key)), key
    if isinstance(key, ec.EllipticCurvePublicKey):
        weakness = None if key.curve.name in _ORDER else f"curve {key.curve.name}"
        # a curve that short is weak whoever computes with it
        unsupported = weakness is not None and key.curve.key_size >= MIN_EC_BITS
        return PublicKey(type="ec", bits=key.curve.key_size, weakness=weakness, is_unsupported=unsupported), key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return PublicKey(type="ed25519", bits=256, weakness=None), key
    return PublicKey(type=key_type, bits=0, weakness="unreadable key"), None


def _load_national(key_type: KeyType, public_key_info: bytes) -> tuple[PublicKey, gost.PublicKey | None]:
    """The key of BIT STRING { OCTET STRING { x, y } }; parameters that are not the key's own are never guessed at."""
    try:
        algorithm, bits = asn1.children(asn1.read_der(public_key_info))
        form = NATIONAL_KEY_FORMS[algorithm_identifier(algorithm)[0]]
        if algorithm.raw != form.algorithm_identifier():
            return PublicKey(type=key_type, bits=0, weakness="unknown parameters", is_unsupported=True), None
        key = gost.read_public_key(form.curve, asn1.octets(asn1.read_der(asn1.bit_string_octets(bits))))
    except (Malformed, ValueError):
        return PublicKey(type=key_type, bits=0, weakness="unreadable key"), None
    return PublicKey(type=key_type, bits=8 * form.curve.octets, weakness=None), key


def _key_type(public_key_info: bytes) -> tuple[KeyType, bytes | None]:
    """Type of the key and DER of its parameters."""
    try:
        oid, parameters = algorithm_identifier(asn1.children(asn1.read_der(public_key_info))[0])
    except (Malformed, IndexError):
        return "unknown", None
    known: dict[str, KeyType] = {
        RSA_ENCRYPTION: "rsa",
        EC_PUBLIC_KEY: "ec",
        ED25519: "ed25519",
        **{national: form.key_type for national, form in NATIONAL_KEY_FORMS.items()},
        "1.2.840.10040.4.1": "dsa",
    }
    return known.get(oid, "unknown"), parameters


def _rsa_weakness(key: rsa.RSAPublicKey) -> str | None:
    numbers = key.public_numbers()
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return f"RSA {key.key_size} bits"
    if numbers.n % 2 == 0:
        return "RSA even modulus"
    if numbers.e % 2 == 0 or not 3 <= numbers.e <= MAX_RSA_EXPONENT:  # noqa: PLR2004 - the least odd exponent over 1
        return "RSA exponent"
    return None
