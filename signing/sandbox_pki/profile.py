"""The national certificate profile as the sandbox writes it: names, roles, key usage, policies, places of the status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from signing import gost, policy
from signing.sandbox_pki.private_keys import PrivateKey, key_identifier, written_public_key
from signing.trust_anchors import SANDBOX_MARK

ROOT_POLICY: Final = "1.2.398.3.1.2"
END_ENTITY_POLICY: Final = "1.2.398.3.3.2"
_KEY_STORAGE: Final = "1.2.398.3.3.5"
_KEY_STORAGE_FILE: Final = "1.2.398.3.3.5.1.1"
_SYSTEM_OID: Final = "1.2.398.6.10.1.1"
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
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


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusUrls:
    """Where the certificates of a sandbox say their status is found; None leaves the place out."""

    ocsp: str | None = "http://ocsp.sandbox.invalid/"
    crl: str | None = "http://crl.sandbox.invalid/ca.crl"
    delta_crl: str | None = None
    root_crl: str | None = "http://crl.sandbox.invalid/root.crl"
    """Of the intermediate authority."""


def builder_of(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(written_public_key(key))
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier(key_identifier(key)), critical=False)
    )


def with_urls(builder: x509.CertificateBuilder, urls: StatusUrls | None) -> x509.CertificateBuilder:
    if urls is None:
        return builder
    if urls.ocsp is not None:
        responder = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(urls.ocsp)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([responder]), critical=False)
    if urls.crl is not None:
        builder = builder.add_extension(x509.CRLDistributionPoints([distribution_point(urls.crl)]), critical=False)
    if urls.delta_crl is not None:
        builder = builder.add_extension(x509.FreshestCRL([distribution_point(urls.delta_crl)]), critical=False)
    return builder


def distribution_point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


def authority_name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{SANDBOX_MARK}, not an authority"),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
        ]
    )


def subject_of(kind: str, common_name: str, organization: str, bin_: str | None, iin: str | None) -> x509.Name:
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


def end_entity_usage(kind: str, key: PrivateKey) -> x509.KeyUsage:
    if kind in _SERVICES:
        return usage_of(digital_signature=True)
    if kind == "authentication":
        return usage_of(digital_signature=True, key_encipherment=True)
    # under a key of GOST 2015 the national CA says keyAgreement as well
    agrees = isinstance(key, gost.PrivateKey) and key.curve is not gost.CRYPTOPRO_A
    return usage_of(digital_signature=True, content_commitment=True, key_agreement=agrees)


def usage_of(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_encipherment: bool = False,
    key_agreement: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def policies(oid: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)])


def key_storage() -> x509.UnrecognizedExtension:
    # SEQUENCE OF OBJECT IDENTIFIER with the value for keys in files; the extension is never critical
    inner = x509.ExtendedKeyUsage([x509.ObjectIdentifier(_KEY_STORAGE_FILE)]).public_bytes()
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(_KEY_STORAGE), inner)


def authority_key_id(key: PrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier(key_identifier(key), None, None)
