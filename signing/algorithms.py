"""The allow-list of algorithms, one table: URI or OID -> primitive, key it needs, and until when it is trusted.

1. Only what stands in the table as TRUSTED verifies anything. REFUSED entries are known so that a verdict can name them
   (SHA-1, MD5, DSA, HMAC); UNSUPPORTED ones are trusted elsewhere and not built here (the national ones in this
   release).
2. The key must fit the algorithm: type, curve, and size (RSA 2048 to 8192 bits, exponent odd from 3 to 2^32 - 1).
3. A signature value has exactly one accepted form: RSA as long as the modulus; ECDSA raw r and s in XML, DER in CMS,
   with 0 < r, s < n; Ed25519 64 octets.
4. Which verdict follows: REFUSED is TOTAL-FAILED / CRYPTO_CONSTRAINTS_FAILURE, whatever the time, because no proof of
   existence mends it; UNSUPPORTED or unknown is INDETERMINATE / CRYPTO_CONSTRAINTS_FAILURE; TRUSTED but past its end
   date is INDETERMINATE / CRYPTO_CONSTRAINTS_FAILURE_NO_POE.

Sources: RFC 9231 (URIs), RFC 3370, 4056, 5754, 5758, 8419 (CMS), ETSI TS 119 312 (sizes).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing import asn1
from signing.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MAX_RSA_EXPONENT: Final = 2**32 - 1
CURVE_BITS: Final = (256, 384, 521)

KeyType = Literal["rsa", "ec", "ed25519", "dsa", "hmac", "gost2015-512", "gost2004", "unknown"]
Form = Literal["xmldsig", "cms"]


class Standing(Enum):
    """What the table says about an algorithm."""

    TRUSTED = "trusted"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"


class Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestAlgorithm:
    """A hash by its id, its XML URI and its OID; `size` in octets."""

    id: str
    xml_uri: str
    oid: str
    size: int
    standing: Standing = Standing.TRUSTED
    trusted_until: date | None = None

    def new(self) -> Hash:
        """A fresh hash object; only for a TRUSTED entry."""
        if self.standing is not Standing.TRUSTED:
            raise ValueError(self.id)
        return hashlib.new(self.id)

    def of(self, data: bytes) -> bytes:
        """Digest of `data`."""
        state = self.new()
        state.update(data)
        return state.digest()


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureAlgorithm:
    """A signature algorithm by its id, its XML URI and the OIDs that name it in CMS and certificates.

    `ec_bits` None lets any curve of the table stand (an URI or OID of ECDSA names the hash only); `digest` None: the
    algorithm hashes by itself (Ed25519).
    """

    id: str
    xmldsig_uri: str | None
    oids: tuple[str, ...]
    key_type: KeyType
    digest: str | None
    padding: Literal["pkcs1", "pss"] | None = None
    ec_bits: int | None = None
    standing: Standing = Standing.TRUSTED
    trusted_until: date | None = None


class HoldsPublicKey(Protocol):
    """Anything with a SubjectPublicKeyInfo in DER; `signing.certificates.Certificate` is one."""

    @property
    def public_key_info(self) -> bytes: ...


_XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"
_KZ = "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:"

RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
RSASSA_PSS: Final = "1.2.840.113549.1.1.10"
MGF1: Final = "1.2.840.113549.1.1.8"
EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
ED25519: Final = "1.3.101.112"
GOST2015_512_KEY: Final = "1.2.398.3.10.1.1.2.2"
GOST2004_KEY: Final = "1.2.398.3.10.1.1.1.1"

DIGESTS: Final = (
    DigestAlgorithm(id="sha256", xml_uri=_XMLENC + "sha256", oid="2.16.840.1.101.3.4.2.1", size=32),
    DigestAlgorithm(id="sha384", xml_uri=_MORE + "sha384", oid="2.16.840.1.101.3.4.2.2", size=48),
    DigestAlgorithm(id="sha512", xml_uri=_XMLENC + "sha512", oid="2.16.840.1.101.3.4.2.3", size=64),
    DigestAlgorithm(id="md5", xml_uri=_MORE + "md5", oid="1.2.840.113549.2.5", size=16, standing=Standing.REFUSED),
    DigestAlgorithm(id="sha1", xml_uri=_XMLDSIG + "sha1", oid="1.3.14.3.2.26", size=20, standing=Standing.REFUSED),
    DigestAlgorithm(
        id="sha224", xml_uri=_MORE + "sha224", oid="2.16.840.1.101.3.4.2.4", size=28, standing=Standing.REFUSED
    ),
    DigestAlgorithm(
        id="gost3411-2015-512",
        xml_uri=_KZ + "gostr34112015-512",
        oid="1.2.398.3.10.1.3.3",
        size=64,
        standing=Standing.UNSUPPORTED,
    ),
    DigestAlgorithm(
        id="gost34311", xml_uri=_MORE + "gost34311", oid="1.2.398.3.10.1.3.1", size=32, standing=Standing.UNSUPPORTED
    ),
)


def _rsa(digest: str, uri: str, oid: str, standing: Standing = Standing.TRUSTED) -> SignatureAlgorithm:
    return SignatureAlgorithm(
        id=f"rsa-{digest}",
        xmldsig_uri=uri,
        oids=(oid,),
        key_type="rsa",
        digest=digest,
        padding="pkcs1",
        standing=standing,
    )


def _ecdsa(digest: str, uri: str, oid: str, standing: Standing = Standing.TRUSTED) -> SignatureAlgorithm:
    return SignatureAlgorithm(
        id=f"ecdsa-{digest}", xmldsig_uri=uri, oids=(oid,), key_type="ec", digest=digest, standing=standing
    )


def _pss(digest: str) -> SignatureAlgorithm:
    # all three share one OID in CMS, told apart by its parameters: signature_algorithm_in_cms
    return SignatureAlgorithm(
        id=f"rsa-pss-{digest}",
        xmldsig_uri=f"{_MORE_2007}{digest}-rsa-MGF1",
        oids=(),
        key_type="rsa",
        digest=digest,
        padding="pss",
    )


def _hmac(digest: str, uri: str) -> SignatureAlgorithm:
    return SignatureAlgorithm(
        id=f"hmac-{digest}", xmldsig_uri=uri, oids=(), key_type="hmac", digest=digest, standing=Standing.REFUSED
    )


_WITH_URI = (
    _rsa("sha256", _MORE + "rsa-sha256", "1.2.840.113549.1.1.11"),
    _rsa("sha384", _MORE + "rsa-sha384", "1.2.840.113549.1.1.12"),
    _rsa("sha512", _MORE + "rsa-sha512", "1.2.840.113549.1.1.13"),
    _pss("sha256"),
    _pss("sha384"),
    _pss("sha512"),
    _ecdsa("sha256", _MORE + "ecdsa-sha256", "1.2.840.10045.4.3.2"),
    _ecdsa("sha384", _MORE + "ecdsa-sha384", "1.2.840.10045.4.3.3"),
    _ecdsa("sha512", _MORE + "ecdsa-sha512", "1.2.840.10045.4.3.4"),
    SignatureAlgorithm(
        id="ed25519", xmldsig_uri=_MORE_2021 + "eddsa-ed25519", oids=(ED25519,), key_type="ed25519", digest=None
    ),
    _rsa("md5", _MORE + "rsa-md5", "1.2.840.113549.1.1.4", Standing.REFUSED),
    _rsa("sha1", _XMLDSIG + "rsa-sha1", "1.2.840.113549.1.1.5", Standing.REFUSED),
    _rsa("sha224", _MORE + "rsa-sha224", "1.2.840.113549.1.1.14", Standing.REFUSED),
    _ecdsa("sha1", _MORE + "ecdsa-sha1", "1.2.840.10045.4.1", Standing.REFUSED),
    _ecdsa("sha224", _MORE + "ecdsa-sha224", "1.2.840.10045.4.3.1", Standing.REFUSED),
    SignatureAlgorithm(
        id="dsa-sha1",
        xmldsig_uri=_XMLDSIG + "dsa-sha1",
        oids=("1.2.840.10040.4.3",),
        key_type="dsa",
        digest="sha1",
        standing=Standing.REFUSED,
    ),
    _hmac("md5", _MORE + "hmac-md5"),
    _hmac("sha1", _XMLDSIG + "hmac-sha1"),
    _hmac("sha224", _MORE + "hmac-sha224"),
    _hmac("sha256", _MORE + "hmac-sha256"),
    _hmac("sha384", _MORE + "hmac-sha384"),
    _hmac("sha512", _MORE + "hmac-sha512"),
    SignatureAlgorithm(
        id="gost3410-2015-512",
        xmldsig_uri=_KZ + "gostr34102015-gostr34112015-512",
        oids=("1.2.398.3.10.1.1.2.3.2", GOST2015_512_KEY),
        key_type="gost2015-512",
        digest="gost3411-2015-512",
        standing=Standing.UNSUPPORTED,
    ),
    SignatureAlgorithm(
        id="gost34310-2004",
        xmldsig_uri=_MORE + "gost34310-gost34311",
        oids=("1.2.398.3.10.1.1.1.2", GOST2004_KEY),
        key_type="gost2004",
        digest="gost34311",
        standing=Standing.UNSUPPORTED,
    ),
)

_BY_URI: Final = {entry.xmldsig_uri: entry for entry in _WITH_URI}
_BY_OID: Final = {oid: entry for entry in _WITH_URI for oid in entry.oids}
# what a key of ours says of itself: the same ECDSA entries, bound to their curve
_BOUND: Final = tuple(
    replace(_BY_URI[f"{_MORE}ecdsa-{digest}"], id=f"ecdsa-p{bits}-{digest}", ec_bits=bits)
    for bits in CURVE_BITS
    for digest in ("sha256", "sha384", "sha512")
)

SIGNATURES: Final = (*_WITH_URI, *_BOUND)
_BY_ID: Final = {entry.id: entry for entry in SIGNATURES}
_DIGEST_BY_URI: Final = {entry.xml_uri: entry for entry in DIGESTS}
_DIGEST_BY_OID: Final = {entry.oid: entry for entry in DIGESTS}
_DIGEST_BY_ID: Final = {entry.id: entry for entry in DIGESTS}

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_ORDER: Final = {
    256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    384: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    521: (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
}
"""Order n of each curve (FIPS 186-4, D.1.2)."""


def signature_algorithm_by_uri(uri: str) -> SignatureAlgorithm | None:
    """The entry an XML SignatureMethod names, refused and unsupported ones included; None when we do not know it."""
    return _BY_URI.get(uri)


def signature_algorithm_by_oid(oid: str) -> SignatureAlgorithm | None:
    """The entry an OID names by itself; RSASSA-PSS and rsaEncryption need `signature_algorithm_in_cms`."""
    return _BY_OID.get(oid)


def signature_algorithm(algorithm_id: str) -> SignatureAlgorithm | None:
    """The entry of this id, such as "rsa-sha256" or "ecdsa-p256-sha256"."""
    return _BY_ID.get(algorithm_id)


def digest_by_uri(uri: str) -> DigestAlgorithm | None:
    return _DIGEST_BY_URI.get(uri)


def digest_by_oid(oid: str) -> DigestAlgorithm | None:
    return _DIGEST_BY_OID.get(oid)


def digest_algorithm(digest_id: str) -> DigestAlgorithm | None:
    return _DIGEST_BY_ID.get(digest_id)


@lru_cache(maxsize=1024)
def signature_algorithm_from_der(algorithm: asn1.Der) -> SignatureAlgorithm | None:
    """The entry an AlgorithmIdentifier of a certificate names; its parameters must be exactly those of that algorithm.

    None when we do not know it; raises Malformed for other parameters than the algorithm's own.
    """
    oid, parameters = algorithm_identifier(algorithm)
    if oid == RSASSA_PSS:
        return _pss_from_parameters(parameters)
    entry = _BY_OID.get(oid)
    if entry is not None:
        _check_parameters(entry, parameters)
    return entry


def signature_algorithm_in_cms(algorithm: asn1.Der, digest: DigestAlgorithm) -> SignatureAlgorithm | None:
    """The entry a SignerInfo names by signatureAlgorithm together with its digestAlgorithm.

    rsaEncryption there means RSA PKCS#1 v1.5 with the hash of digestAlgorithm (RFC 3370, 3.2). Whether the hash inside
    signatureAlgorithm equals `digest` is the caller's check.
    """
    oid, parameters = algorithm_identifier(algorithm)
    if oid == RSA_ENCRYPTION:
        if parameters not in (None, b"\x05\x00"):
            raise Malformed("signing.algorithm-parameters", algorithm=oid)
        return _BY_ID.get(f"rsa-{digest.id}")
    return signature_algorithm_from_der(algorithm)


@lru_cache(maxsize=1024)
def algorithm_identifier(algorithm: asn1.Der) -> tuple[str, bytes | None]:
    """OID and DER of the parameters (None when absent) of an AlgorithmIdentifier."""
    fields = asn1.Fields(algorithm)
    oid = asn1.oid(fields.take(asn1.OID))
    rest = asn1.children(algorithm)[1:]
    if len(rest) > 1:
        raise Malformed("asn1.structure", expected="end", found=f"{rest[1].tag:02x}")
    return oid, rest[0].raw if rest else None


def encode_algorithm_identifier(algorithm: SignatureAlgorithm) -> bytes:
    """DER of the AlgorithmIdentifier we write for a signature: NULL after RSA, nothing after ECDSA and Ed25519."""
    if algorithm.padding == "pss":
        digest = _DIGEST_BY_ID[algorithm.digest or ""]
        hash_der = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(digest.oid), b"\x05\x00")
        mask = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(MGF1), hash_der)
        parameters = asn1.encode(
            asn1.SEQUENCE,
            asn1.encode(0xA0, hash_der),
            asn1.encode(0xA1, mask),
            asn1.encode(0xA2, asn1.encode_integer(digest.size)),
        )
        return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(RSASSA_PSS), parameters)
    parameters = b"\x05\x00" if algorithm.key_type == "rsa" else b""
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(algorithm.oids[0]), parameters)


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    """A public key as far as the table cares: `weakness` None when size, exponent and curve are acceptable."""

    type: KeyType
    bits: int
    weakness: str | None


def describe_public_key(public_key_info: bytes) -> PublicKey:
    """Type and size of the key in a SubjectPublicKeyInfo; never raises: what cannot be read is a weakness."""
    return _load(public_key_info)[0]


def verify_signature(
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
    try:
        if isinstance(key, rsa.RSAPublicKey):
            return _verify_rsa(algorithm, key, message, signature)
        if isinstance(key, ec.EllipticCurvePublicKey):
            return _verify_ecdsa(algorithm, key, message, signature, form)
        key.verify(signature, message)  # 64 octets or InvalidSignature (RFC 8032, 5.1.7)
    except InvalidSignature:
        return False
    return True


_PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


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
    order = _ORDER[key.curve.key_size]
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
def _load(public_key_info: bytes) -> tuple[PublicKey, _PublicKey | None]:
    key_type, parameters = _key_type(public_key_info)
    weakness: str | None = None
    if key_type not in ("rsa", "ec", "ed25519"):
        weakness = "unsupported key type"
    elif key_type == "ec" and (parameters is None or parameters[0] != asn1.OID):
        # parameters written out are a way to smuggle in a generator of the forger's choice (CVE-2020-0601)
        weakness = "explicit curve parameters"
    key = _read_key(public_key_info) if weakness is None else None
    if key is None:
        return PublicKey(type=key_type, bits=0, weakness=weakness or "unreadable key"), None
    if isinstance(key, rsa.RSAPublicKey):
        return PublicKey(type="rsa", bits=key.key_size, weakness=_rsa_weakness(key)), key
    if isinstance(key, ec.EllipticCurvePublicKey):
        allowed = key.curve.name in ("secp256r1", "secp384r1", "secp521r1")
        weakness = None if allowed else f"curve {key.curve.name}"
        return PublicKey(type="ec", bits=key.curve.key_size, weakness=weakness), key
    return PublicKey(type="ed25519", bits=256, weakness=None), key


def _read_key(public_key_info: bytes) -> _PublicKey | None:
    """None for a point off the curve, broken numbers, a type of no use here."""
    try:
        key = load_der_public_key(public_key_info)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, _PublicKey) else None


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
        GOST2015_512_KEY: "gost2015-512",
        GOST2004_KEY: "gost2004",
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


def _check_parameters(entry: SignatureAlgorithm, parameters: bytes | None) -> None:
    # absent and NULL mean the same after RSA (national CRLs leave it out); ECDSA and EdDSA have none (RFC 5758, 8410);
    # of what we refuse or cannot verify anyway the parameters are not judged
    if entry.standing is not Standing.TRUSTED:
        return
    allowed = (None, b"\x05\x00") if entry.key_type == "rsa" else (None,)
    if parameters not in allowed:
        raise Malformed("signing.algorithm-parameters", algorithm=entry.id)


def _pss_from_parameters(parameters: bytes | None) -> SignatureAlgorithm | None:
    """RSASSA-PSS-params (RFC 4056): one hash for message and mask, salt as long as the hash, no other trailer."""
    if parameters is None:
        raise Malformed("signing.algorithm-parameters", algorithm=RSASSA_PSS)
    fields = asn1.Fields(asn1.read_der(parameters))
    wrapped = [fields.take_optional(tag) for tag in (0xA0, 0xA1, 0xA2, 0xA3)]
    fields.end()
    hash_part, mask_part, salt_part, trailer = wrapped
    if hash_part is None or mask_part is None or salt_part is None or trailer is not None:
        # the defaults are SHA-1 throughout and a salt of 20; the only trailer there is may not be written in DER
        raise Malformed("signing.algorithm-parameters", algorithm=RSASSA_PSS)
    digest = _hash_of(_only(hash_part))
    mask_oid, mask_parameters = algorithm_identifier(_only(mask_part))
    mask_digest = _hash_of(asn1.read_der(mask_parameters or b""))
    salt = asn1.integer(_only(salt_part))
    if digest is None or mask_oid != MGF1 or mask_digest != digest or salt != digest.size:
        raise Malformed("signing.algorithm-parameters", algorithm=RSASSA_PSS)
    return _BY_ID.get(f"rsa-pss-{digest.id}")


def _only(element: asn1.Der) -> asn1.Der:
    inside = asn1.children(element)
    if len(inside) != 1:
        raise Malformed("asn1.structure", expected="one element", found=str(len(inside)))
    return inside[0]


def _hash_of(algorithm: asn1.Der) -> DigestAlgorithm | None:
    oid, parameters = algorithm_identifier(algorithm)
    if parameters not in (None, b"\x05\x00"):
        raise Malformed("signing.algorithm-parameters", algorithm=oid)
    return _DIGEST_BY_OID.get(oid)
