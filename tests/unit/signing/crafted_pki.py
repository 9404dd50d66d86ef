"""Certificates written octet by octet, so that a test can break one rule and no other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing import asn1
from signing import certificates as x509
from signing.certificates import Certificate
from signing.trust_anchors import TrustAnchors

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
BIN = "123456789021"  # published test numbers; neither satisfies its check digit
IIN = "123456789011"
NOT_AFTER = datetime(2030, 1, 1, tzinfo=UTC)
ECDSA_SHA256 = asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.10045.4.3.2"))
ECDSA_SHA384 = asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.10045.4.3.3"))
ECDSA_SHA1 = asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.10045.4.1"))
RSA_SHA256 = asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.113549.1.1.11"), b"\x05\x00")
RSA_SHA256_NO_NULL = asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.113549.1.1.11"))

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_KEYS: dict[str, PrivateKey] = {}


def key(name: str) -> PrivateKey:
    """A P-256 key of its own for each name, made once per run."""
    if name not in _KEYS:
        _KEYS[name] = ec.generate_private_key(ec.SECP256R1())
    return _KEYS[name]


def rsa_key(bits: int, exponent: int = 65537) -> rsa.RSAPrivateKey:
    name = f"rsa-{bits}-{exponent}"
    if name not in _KEYS:
        _KEYS[name] = rsa.generate_private_key(exponent, bits)
    return _KEYS[name]


def name(*pairs: tuple[str, str]) -> bytes:
    """A distinguished name of (OID, UTF-8 text), one attribute in each relative name."""
    return asn1.encode(
        asn1.SEQUENCE,
        *(
            asn1.encode(
                asn1.SET,
                asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), asn1.encode(asn1.UTF8_STRING, text.encode())),
            )
            for oid, text in pairs
        ),
    )


def cn(text: str) -> bytes:
    return name(("2.5.4.6", "KZ"), ("2.5.4.3", text))


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = b"\x01\x01\xff" if critical else b""
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), flag, asn1.encode(asn1.OCTET_STRING, value))


def sequence(*parts: bytes) -> bytes:
    return asn1.encode(asn1.SEQUENCE, *parts)


def basic_constraints(*, ca: bool, path_length: int | None = None) -> bytes:
    inside = (b"\x01\x01\xff" if ca else b"") + (asn1.encode_integer(path_length) if path_length is not None else b"")
    return extension(x509.BASIC_CONSTRAINTS, sequence(inside), critical=True)


CA_USAGE = extension(x509.KEY_USAGE, b"\x03\x02\x01\x06", critical=True)
SIGNER_USAGE = extension(x509.KEY_USAGE, b"\x03\x02\x06\xc0", critical=True)


def directory_name(distinguished: bytes) -> bytes:
    return asn1.encode(0xA4, distinguished)


def name_constraints(*, permitted: tuple[bytes, ...] = (), excluded: tuple[bytes, ...] = ()) -> bytes:
    parts = [asn1.encode(tag, *map(sequence, names)) for tag, names in ((0xA0, permitted), (0xA1, excluded)) if names]
    return sequence(*parts)


def policies(*oids: str) -> bytes:
    return extension(x509.CERTIFICATE_POLICIES, sequence(*(sequence(asn1.encode_oid(oid)) for oid in oids)))


def public_key_info(private_key: PrivateKey) -> bytes:
    return private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_id(private_key: PrivateKey) -> bytes:
    return hashlib.sha1(public_key_info(private_key)).digest()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Everything that goes into a certificate; `replace` one field to break one rule."""

    subject: bytes
    key: PrivateKey
    serial: int = 0x1234
    not_before: datetime = NOT_BEFORE
    not_after: datetime = NOT_AFTER
    extensions: tuple[bytes, ...] = ()
    extra: tuple[bytes, ...] = ()
    inner: bytes | None = None
    outer: bytes | None = None
    with_key_ids: bool = True
    spki: bytes | None = None

    def signed_by(self, issuer: Draft) -> bytes:
        algorithm = RSA_SHA256 if isinstance(issuer.key, rsa.RSAPrivateKey) else ECDSA_SHA256
        inner = self.inner or algorithm
        ids = ()
        if self.with_key_ids:
            ids = (
                extension(x509.SUBJECT_KEY_IDENTIFIER, asn1.encode(asn1.OCTET_STRING, key_id(self.key))),
                extension(x509.AUTHORITY_KEY_IDENTIFIER, sequence(asn1.encode(0x80, key_id(issuer.key)))),
            )
        listed = (*self.extensions, *ids, *self.extra)
        tbs = sequence(
            asn1.encode(0xA0, asn1.encode_integer(2)),
            asn1.encode_integer(self.serial),
            inner,
            issuer.subject,
            sequence(asn1.encode_time(self.not_before), asn1.encode_time(self.not_after)),
            self.subject,
            self.spki or public_key_info(self.key),
            asn1.encode(0xA3, sequence(*listed)) if listed else b"",
        )
        signature = sign(issuer.key, tbs)
        return sequence(tbs, self.outer or inner, asn1.encode(asn1.BIT_STRING, b"\x00" + signature))


def sign(private_key: PrivateKey, message: bytes) -> bytes:
    if isinstance(private_key, rsa.RSAPrivateKey):
        return private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return private_key.sign(message, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True, kw_only=True)
class Chain:
    """root -> ca -> leaf, all good; drafts are replaced before the certificates are written."""

    root: Draft = field(
        default_factory=lambda: Draft(
            subject=cn("Root"), key=key("root"), extensions=(basic_constraints(ca=True), CA_USAGE)
        )
    )
    ca: Draft = field(
        default_factory=lambda: Draft(
            subject=cn("CA"), key=key("ca"), extensions=(basic_constraints(ca=True), CA_USAGE)
        )
    )
    leaf: Draft = field(
        default_factory=lambda: Draft(
            subject=name(("2.5.4.6", "KZ"), ("2.5.4.10", "Body"), ("2.5.4.3", "Signer")),
            key=key("leaf"),
            extensions=(basic_constraints(ca=False), SIGNER_USAGE),
        )
    )

    def with_leaf(self, **changes: object) -> Chain:
        return replace(self, leaf=replace(self.leaf, **changes))

    def with_ca(self, **changes: object) -> Chain:
        return replace(self, ca=replace(self.ca, **changes))

    def with_root(self, **changes: object) -> Chain:
        return replace(self, root=replace(self.root, **changes))

    @property
    def signer(self) -> Certificate:
        return Certificate.from_der(self.leaf.signed_by(self.ca))

    @property
    def candidates(self) -> tuple[Certificate, ...]:
        return (Certificate.from_der(self.ca.signed_by(self.root)),)

    @property
    def anchors(self) -> TrustAnchors:
        return TrustAnchors(name="crafted", kind="sandbox", certificates=(self.root.signed_by(self.root),))
