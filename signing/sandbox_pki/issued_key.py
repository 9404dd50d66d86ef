"""A key of the sandbox with its certificate, and the files it is handed out in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from signing import gost
from signing.keys import SigningKey
from signing.sandbox_pki import key_files
from signing.sandbox_pki.private_keys import PrivateKey, private_key_info, signing_key_of

CertificateKind = Literal[
    "head", "signer", "employee", "information-system", "authentication", "gateway", "tsa", "ocsp-responder"
]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class IssuedKey:
    """A sandbox key with its certificate; `chain` is the issuers' DER, nearest first, the root left out."""

    kind: CertificateKind
    certificate: bytes
    chain: tuple[bytes, ...]
    private_key: PrivateKey

    def signing_key(self) -> SigningKey:
        return signing_key_of(self.private_key, (self.certificate, *self.chain))

    def pkcs12(self, password: bytes, *, legacy: bool = False) -> bytes:
        """A PKCS#12 file; `legacy` gives triple DES, SHA-1 and the certificate alone, as the national CA does.

        With a national key that is the national CA's form throughout: BER, RC2 of 40 bits for the certificate.
        """
        if isinstance(self.private_key, gost.PrivateKey):
            secret = private_key_info(self.private_key)
            if legacy:
                return key_files.national_pkcs12(secret, self.certificate, password)
            return key_files.pkcs12(secret, (self.certificate, *self.chain), password)
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
        certificates = b"".join(pem_of(der) for der in (self.certificate, *self.chain))
        if isinstance(self.private_key, gost.PrivateKey):
            secret = private_key_info(self.private_key)
            if password:
                return key_files.pem("ENCRYPTED PRIVATE KEY", key_files.encrypted_key(secret, password)) + certificates
            return key_files.pem("PRIVATE KEY", secret) + certificates
        encryption: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        )
        key = self.private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        return key + certificates

    def __repr__(self) -> str:
        return f"<IssuedKey {self.kind}>"


def pem_of(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
