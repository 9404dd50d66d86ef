"""A throwaway certificate authority in the national certificate profile, for tests, demonstrations and the sandbox.

Root and intermediate authority, then end entities with the national roles, key usage and name attributes. Its names say
SANDBOX, and `TrustAnchors` refuses them in any set that is not of the kind "sandbox". Keys are as long as real ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from signing import policy
from signing.errors import SigningError
from signing.keys.software import PrivateKey, software_key
from signing.trust_anchors import SANDBOX_MARK, TrustAnchors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from signing.keys import SigningKey

CertificateKind = Literal[
    "head", "signer", "employee", "information-system", "authentication", "gateway", "tsa", "ocsp-responder"
]
KeyKind = Literal["rsa-2048", "rsa-3072", "ec-p256", "ec-p384", "ec-p521", "ed25519"]

_ROOT_POLICY: Final = "1.2.398.3.1.2"
_END_ENTITY_POLICY: Final = "1.2.398.3.3.2"
_KEY_STORAGE: Final = "1.2.398.3.3.5"
_KEY_STORAGE_FILE: Final = "1.2.398.3.3.5.1.1"
_SYSTEM_OID: Final = "1.2.398.6.10.1.1"
_DIGITS: Final = re.compile(r"[0-9]{12}")

_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "head": (policy.EMAIL_PROTECTION, policy.LEGAL_ENTITY, policy.FIRST_HEAD),
    "signer": (policy.EMAIL_PROTECTION, policy.LEGAL_ENTITY, policy.RIGHT_TO_SIGN),
    "employee": (policy.EMAIL_PROTECTION, policy.LEGAL_ENTITY, policy.EMPLOYEE),
    "authentication": (policy.CLIENT_AUTH, policy.LEGAL_ENTITY, policy.EMPLOYEE),
    # 2026 form of the national CA: no emailProtection, both roles
    "information-system": (policy.LEGAL_ENTITY, policy.INFORMATION_SYSTEM),
    "gateway": (policy.LEGAL_ENTITY, policy.INFORMATION_SYSTEM),
    "tsa": ("1.3.6.1.5.5.7.3.8",),
    "ocsp-responder": ("1.3.6.1.5.5.7.3.9",),
}
_SERVICES: Final = ("tsa", "ocsp-responder")
_SYSTEMS: Final = ("information-system", "gateway")


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
        return key + b"".join(_pem(der) for der in (self.certificate, *self.chain))

    def __repr__(self) -> str:
        return f"<IssuedKey {self.kind}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusUrls:
    """Where the certificates of a sandbox say their status is found; None leaves the place out."""

    ocsp: str | None = "http://ocsp.sandbox.invalid/"
    crl: str | None = "http://crl.sandbox.invalid/ca.crl"
    delta_crl: str | None = None
    root_crl: str | None = "http://crl.sandbox.invalid/root.crl"
    """Of the intermediate authority."""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SandboxPki:
    """Root and intermediate authority with their keys; `urls` stand in every certificate issued."""

    name: str
    root: bytes
    intermediate: bytes
    not_before: datetime
    not_after: datetime
    _root_key: PrivateKey
    _intermediate_key: PrivateKey
    urls: StatusUrls | None = None

    @classmethod
    def create(
        cls,
        *,
        not_before: datetime,
        not_after: datetime,
        name: str = "Elshi sandbox",
        keys_of: SandboxPki | None = None,
        key: KeyKind = "rsa-2048",
        urls: StatusUrls | None = None,
    ) -> SandboxPki:
        """A new PKI; `keys_of` takes over another's key pairs, which spares the time of making RSA keys, not
        strength. `key` is the kind of both authorities' keys.
        """
        root_key = keys_of._root_key if keys_of else _private_key(key)  # noqa: SLF001 - the same class
        intermediate_key = keys_of._intermediate_key if keys_of else _private_key(key)  # noqa: SLF001 - the same class
        root_name = _authority_name(f"{SANDBOX_MARK} ROOT, {name}")
        intermediate_name = _authority_name(f"{SANDBOX_MARK} CA, {name}")
        root = _authority(root_name, root_name, root_key, root_key, not_before, not_after, path_length=None)
        intermediate = _authority(
            intermediate_name,
            root_name,
            intermediate_key,
            root_key,
            not_before,
            not_after,
            path_length=0,
            crl=urls.root_crl if urls else None,
        )
        return cls(
            name=name,
            root=root,
            intermediate=intermediate,
            not_before=not_before,
            not_after=not_after,
            _root_key=root_key,
            _intermediate_key=intermediate_key,
            urls=urls,
        )

    def issue(  # noqa: PLR0917 - the first three read as a sentence
        self,
        kind: CertificateKind,
        common_name: str,
        organization: str,
        bin: str | None = None,  # noqa: A002 - the national word
        iin: str | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        key: KeyKind = "rsa-2048",
        key_of: IssuedKey | None = None,
    ) -> IssuedKey:
        """A certificate in the national profile; `bin` and `iin` are 12 digits, no check digit asked.

        `key_of` certifies the key pair of an earlier one again instead of making a new one.
        """
        if kind not in get_args(CertificateKind):
            raise SigningError("signing.sandbox-kind", kind=str(kind))
        for number in (bin, iin):
            if number is not None and not _DIGITS.fullmatch(number):
                raise SigningError("signing.sandbox-number")
        private_key = key_of.private_key if key_of else _private_key(key)
        issuer = x509.load_der_x509_certificate(self.intermediate)
        builder = (
            _builder(
                _subject(kind, common_name, organization, bin, iin),
                issuer.subject,
                private_key,
                not_before or self.not_before,
                not_after or self.not_after,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_end_entity_usage(kind), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in _ROLES[kind]]), critical=kind == "tsa"
            )
            .add_extension(_policies(_END_ENTITY_POLICY), critical=False)
            .add_extension(_authority_key_id(self._intermediate_key), critical=False)
            .add_extension(_key_storage(), critical=False)
        )
        if kind == "ocsp-responder":
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        builder = _with_urls(builder, self.urls)
        certificate = builder.sign(self._intermediate_key, _hash_for(self._intermediate_key))
        return IssuedKey(
            kind=kind,
            certificate=certificate.public_bytes(serialization.Encoding.DER),
            chain=(self.intermediate,),
            private_key=private_key,
        )

    def trust_anchors(self) -> TrustAnchors:
        return TrustAnchors(
            name=self.name, kind="sandbox", certificates=(self.root,), intermediates=(self.intermediate,)
        )

    def issuing_key(self) -> SigningKey:
        """The intermediate authority's own key, for its lists and its OCSP answers."""
        return software_key(self._intermediate_key, (self.intermediate,))

    def root_key(self) -> SigningKey:
        """The root's own key, for the list that the intermediate authority would stand in."""
        return software_key(self._root_key, (self.root,))

    def anchor_pem(self) -> bytes:
        """Root and intermediate in PEM, as `TrustAnchors.from_pem` takes them."""
        return _pem(self.root) + _pem(self.intermediate)

    def __repr__(self) -> str:
        return f"<SandboxPki {self.name!r}>"


def _rsa(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _private_key(kind: KeyKind) -> PrivateKey:
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


def _authority_name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{SANDBOX_MARK}, not an authority"),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
        ]
    )


def _authority(  # noqa: PLR0917 - subject and issuer, each with its key, and the dates
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    issuer_key: PrivateKey,
    not_before: datetime,
    not_after: datetime,
    *,
    path_length: int | None,
    crl: str | None = None,
) -> bytes:
    usage = _usage(key_cert_sign=True, crl_sign=True)
    builder = (
        _builder(subject, issuer, key, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_policies(_ROOT_POLICY if subject == issuer else _END_ENTITY_POLICY), critical=False)
        .add_extension(_authority_key_id(issuer_key), critical=False)
    )
    if crl is not None:
        builder = builder.add_extension(x509.CRLDistributionPoints([_point(crl)]), critical=False)
    return builder.sign(issuer_key, _hash_for(issuer_key)).public_bytes(serialization.Encoding.DER)


def _with_urls(builder: x509.CertificateBuilder, urls: StatusUrls | None) -> x509.CertificateBuilder:
    if urls is None:
        return builder
    if urls.ocsp is not None:
        responder = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(urls.ocsp)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([responder]), critical=False)
    if urls.crl is not None:
        builder = builder.add_extension(x509.CRLDistributionPoints([_point(urls.crl)]), critical=False)
    if urls.delta_crl is not None:
        builder = builder.add_extension(x509.FreshestCRL([_point(urls.delta_crl)]), critical=False)
    return builder


def _point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


def _hash_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """None for Ed25519, which hashes by itself; for a curve a hash as strong as it is."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    bits = key.curve.key_size if isinstance(key, ec.EllipticCurvePrivateKey) else 256
    if bits == 384:  # noqa: PLR2004 - FIPS 186-4, 6.4
        return hashes.SHA384()
    return hashes.SHA512() if bits == 521 else hashes.SHA256()  # noqa: PLR2004 - the same


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(kind: str, common_name: str, organization: str, bin_: str | None, iin: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if kind in _SYSTEMS:
        attributes.append(x509.NameAttribute(NameOID.USER_ID, _SYSTEM_OID))
    if iin is not None:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, f"IIN{iin}"))
    attributes += [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
    ]
    if bin_ is not None:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"BIN{bin_}"))
    attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{SANDBOX_MARK}, not a real key"))
    return x509.Name(attributes)


def _end_entity_usage(kind: str) -> x509.KeyUsage:
    if kind in _SERVICES:
        return _usage(digital_signature=True)
    if kind == "authentication":
        return _usage(digital_signature=True, key_encipherment=True)
    return _usage(digital_signature=True, content_commitment=True)


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _policies(oid: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)])


def _key_storage() -> x509.UnrecognizedExtension:
    # SEQUENCE OF OBJECT IDENTIFIER with the value for keys in files; the extension is never critical
    inner = x509.ExtendedKeyUsage([x509.ObjectIdentifier(_KEY_STORAGE_FILE)]).public_bytes()
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(_KEY_STORAGE), inner)


def _authority_key_id(key: PrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
