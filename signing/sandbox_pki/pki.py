"""Root and intermediate authority, and what they issue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, get_args

from cryptography import x509

from signing.errors import SigningError
from signing.keys import SigningKey
from signing.sandbox_pki.issued_key import CertificateKind, IssuedKey, pem_of
from signing.sandbox_pki.private_keys import KeyKind, PrivateKey, certificate_of, new_private_key, signing_key_of
from signing.sandbox_pki.profile import (
    END_ENTITY_POLICY,
    ROLES,
    ROOT_POLICY,
    StatusUrls,
    authority_key_id,
    authority_name,
    builder_of,
    distribution_point,
    end_entity_usage,
    key_storage,
    policies,
    subject_of,
    usage_of,
    with_urls,
)
from signing.trust_anchors import SANDBOX_MARK, TrustAnchors

_DIGITS: Final = re.compile(r"[0-9]{12}")


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
        root_key = keys_of._root_key if keys_of else new_private_key(key)  # noqa: SLF001 - the same class
        intermediate_key = keys_of._intermediate_key if keys_of else new_private_key(key)  # noqa: SLF001 - the same class
        root_name = authority_name(f"{SANDBOX_MARK} ROOT, {name}")
        intermediate_name = authority_name(f"{SANDBOX_MARK} CA, {name}")
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
        private_key = key_of.private_key if key_of else new_private_key(key)
        issuer = x509.load_der_x509_certificate(self.intermediate)
        builder = (
            builder_of(
                subject_of(kind, common_name, organization, bin, iin),
                issuer.subject,
                private_key,
                not_before or self.not_before,
                not_after or self.not_after,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(end_entity_usage(kind, private_key), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in ROLES[kind]]), critical=kind == "tsa"
            )
            .add_extension(policies(END_ENTITY_POLICY), critical=False)
            .add_extension(authority_key_id(self._intermediate_key), critical=False)
            .add_extension(key_storage(), critical=False)
        )
        if kind == "ocsp-responder":
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        builder = with_urls(builder, self.urls)
        return IssuedKey(
            kind=kind,
            certificate=certificate_of(builder, private_key, self._intermediate_key),
            chain=(self.intermediate,),
            private_key=private_key,
        )

    def trust_anchors(self) -> TrustAnchors:
        return TrustAnchors(
            name=self.name, kind="sandbox", certificates=(self.root,), intermediates=(self.intermediate,)
        )

    def issuing_key(self) -> SigningKey:
        """The intermediate authority's own key, for its lists and its OCSP answers."""
        return signing_key_of(self._intermediate_key, (self.intermediate,))

    def root_key(self) -> SigningKey:
        """The root's own key, for the list that the intermediate authority would stand in."""
        return signing_key_of(self._root_key, (self.root,))

    def anchor_pem(self) -> bytes:
        """Root and intermediate in PEM, as `TrustAnchors.from_pem` takes them."""
        return pem_of(self.root) + pem_of(self.intermediate)

    def __repr__(self) -> str:
        return f"<SandboxPki {self.name!r}>"


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
    usage = usage_of(key_cert_sign=True, crl_sign=True)
    builder = (
        builder_of(subject, issuer, key, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(policies(ROOT_POLICY if subject == issuer else END_ENTITY_POLICY), critical=False)
        .add_extension(authority_key_id(issuer_key), critical=False)
    )
    if crl is not None:
        builder = builder.add_extension(x509.CRLDistributionPoints([distribution_point(crl)]), critical=False)
    return certificate_of(builder, key, issuer_key)
