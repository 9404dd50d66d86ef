"""The table: every algorithm there is a name for, and what is thought of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, Protocol

from signing import gost

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

CURVE_BITS: Final = (256, 384, 521)

KeyType = Literal["rsa", "ec", "ed25519", "dsa", "hmac", "gost2015-512", "gost2015-256", "gost2004", "unknown"]
NATIONAL_KEYS: Final[tuple[KeyType, ...]] = ("gost2015-512", "gost2015-256", "gost2004")


class Standing(Enum):
    """What the table says about an algorithm."""

    TRUSTED = "trusted"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"


class Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...
    def copy(self) -> Hash: ...


_NATIONAL_HASHES: Final = {
    "gost3411-2015-512": "streebog512",
    "gost3411-2015-256": "streebog256",
    "gost34311": "gost34311",
}


@cache
def _constructor(digest_id: str) -> Callable[[], Hash]:
    """`hashlib.new` looks the name up each time, which costs as much as hashing half a kilobyte."""
    if digest_id in _NATIONAL_HASHES:
        return getattr(gost.chosen(), _NATIONAL_HASHES[digest_id])  # type: ignore[no-any-return]
    return getattr(hashlib, digest_id.replace("-", "_"))  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestAlgorithm:
    """A hash by its id, its XML URI (empty: there is none) and its OID; `size` in octets."""

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
        return _constructor(self.id)()

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
GOST2015_512_KEY_OF_EFC: Final = "1.2.398.3.10.1.4.1.2"
GOST2015_256_KEY: Final = "1.2.398.3.10.1.1.2.1"
GOST2004_KEY: Final = "1.2.398.3.10.1.1.1.1"

DIGESTS: Final = (
    DigestAlgorithm(id="sha256", xml_uri=_XMLENC + "sha256", oid="2.16.840.1.101.3.4.2.1", size=32),
    DigestAlgorithm(id="sha384", xml_uri=_MORE + "sha384", oid="2.16.840.1.101.3.4.2.2", size=48),
    DigestAlgorithm(id="sha512", xml_uri=_XMLENC + "sha512", oid="2.16.840.1.101.3.4.2.3", size=64),
    *(
        DigestAlgorithm(
            id=f"sha3-{bits}", xml_uri=f"{_MORE_2007}sha3-{bits}", oid=f"2.16.840.1.101.3.4.2.{arc}", size=bits // 8
        )
        for bits, arc in ((256, 8), (384, 9), (512, 10))
    ),
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
    ),
    DigestAlgorithm(id="gost3411-2015-256", xml_uri="", oid="1.2.398.3.10.1.3.2", size=32),
    DigestAlgorithm(id="gost34311", xml_uri=_MORE + "gost34311", oid="1.2.398.3.10.1.3.1", size=32),
)


def _rsa(digest: str, uri: str | None, oid: str, standing: Standing = Standing.TRUSTED) -> SignatureAlgorithm:
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
    # SHA-3: RFC 9688 (CMS) and RFC 9231; PKCS#1 v1.5 with it has no URI
    *(_rsa(f"sha3-{bits}", None, f"2.16.840.1.101.3.4.3.{arc}") for bits, arc in ((256, 14), (384, 15), (512, 16))),
    *(
        _ecdsa(f"sha3-{bits}", f"{_MORE_2021}ecdsa-sha3-{bits}", f"2.16.840.1.101.3.4.3.{arc}")
        for bits, arc in ((256, 10), (384, 11), (512, 12))
    ),
    *(_pss(f"sha3-{bits}") for bits in (256, 384, 512)),
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
        oids=("1.2.398.3.10.1.1.2.3.2",),
        key_type="gost2015-512",
        digest="gost3411-2015-512",
    ),
    SignatureAlgorithm(
        id="gost3410-2015-256",
        xmldsig_uri=None,
        oids=("1.2.398.3.10.1.1.2.3.1",),
        key_type="gost2015-256",
        digest="gost3411-2015-256",
    ),
    SignatureAlgorithm(
        id="gost34310-2004",
        xmldsig_uri=_MORE + "gost34310-gost34311",
        oids=("1.2.398.3.10.1.1.1.2",),
        key_type="gost2004",
        digest="gost34311",
    ),
)

_BY_URI: Final = {entry.xmldsig_uri: entry for entry in _WITH_URI if entry.xmldsig_uri is not None}
_BY_OID: Final = {oid: entry for entry in _WITH_URI for oid in entry.oids}
# what a key of ours says of itself: the same ECDSA entries, bound to their curve
_BOUND: Final = tuple(
    replace(_BY_URI[f"{_MORE}ecdsa-{digest}"], id=f"ecdsa-p{bits}-{digest}", ec_bits=bits)
    for bits in CURVE_BITS
    for digest in ("sha256", "sha384", "sha512")
)

SIGNATURES: Final = (*_WITH_URI, *_BOUND)
_BY_ID: Final = {entry.id: entry for entry in SIGNATURES}
_DIGEST_BY_URI: Final = {entry.xml_uri: entry for entry in DIGESTS if entry.xml_uri}
_DIGEST_BY_OID: Final = {entry.oid: entry for entry in DIGESTS}
DIGEST_BY_ID: Final = {entry.id: entry for entry in DIGESTS}


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
    return DIGEST_BY_ID.get(digest_id)
