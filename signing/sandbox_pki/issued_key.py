"""A key of the sandbox with its certificate, and the files it is handed out in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from signing.errors import SigningError
from signing.keys import SigningKey
from signing.keys.software import PrivateKey, software_key

CertificateKind = Literal[
    "head", "signer", "employee", "information-system", "authentication", "gateway", "tsa", "ocsp-responder"
]
KeyKind = Literal["rsa-2048", "rsa-3072", "ec-p256", "ec-p384", "ec-p521", "ed25519"]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class IssuedKey:
    """A sandbox key with its certificate; `chain` is the issuers' DER, nearest first, the root left out."""

    kind: CertificateKind
    certificate: bytes
    chain: tuple[bytes, ...]
    private_key: PrivateKey

    def signing_key(self) -> SigningKey:
        return software_key(self.private_key, (self.certificate, *self.chain))

    def pkcs12(self, password: bytes, *, legacy: bool = False) -> bytes:
        """A PKCS#12 file; `legacy` gives triple DES, SHA-1 and the certificate alone, as the national CA does."""
        builder = serialization.PrivateFormat.PKCS12.encryption_builder()
        if legacy:
            builder = builder.kdf_rounds(1024).key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
            encryption = builder.hmac_hash(hashes.SHA1()).build(password)  # noqa: S303 - what national files carry
        else:
            builder = builder.kdf_rounds(20_000).key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
            encryption = builder.hmac_hash(hashes.SHA256()).build(password)
        others = None if legacy else [x509.load_der_x509_certificate(der) for der in self.chain]
        own = x509.load_der_x509_certificate(self.certificate)
        return pkcs12.serialize_key_and_certificates(b"sandbox", self.private_key, own, others, encryption)

    def pem(self, password: bytes | None = None) -> bytes:
        """Key, certificate and chain in one PEM text; the key encrypted when a password is given."""
        encryption: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        )
        key = self.private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        return key + b"".join(pem_of(der) for der in (self.certificate, *self.chain))

    def __repr__(self) -> str:
        return f"<IssuedKey {self.kind}>"


def new_private_key(kind: KeyKind) -> PrivateKey:
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind in ("rsa-2048", "rsa-3072"):
        return _rsa(int(kind[4:]))
    curves: dict[str, ec.EllipticCurve] = {
        "ec-p256": ec.SECP256R1(),
        "ec-p384": ec.SECP384R1(),
        "ec-p521": ec.SECP521R1(),
    }
    if kind not in curves:
        raise SigningError("signing.sandbox-key-kind", kind=str(kind))
    return ec.generate_private_key(curves[kind])


def _rsa(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def hash_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """None for Ed25519, which hashes by itself; for a curve a hash as strong as it is."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    bits = key.curve.key_size if isinstance(key, ec.EllipticCurvePrivateKey) else 256
    if bits == 384:  # noqa: PLR2004 - FIPS 186-4, 6.4
        return hashes.SHA384()
    return hashes.SHA512() if bits == 521 else hashes.SHA256()  # noqa: PLR2004 - the same


def pem_of(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
