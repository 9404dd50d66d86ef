"""Signatures: make them, judge them. The front door: `adapter` imports names from here and from nowhere deeper.

Knows nothing of reports or of the exchange; opens no connection; never reads the time. Concrete keys are not here:
only the place where the program is put together names `signing.keys.pkcs12` and `signing.keys.pem`.
"""

from __future__ import annotations

from signing.asic import ContainerLimits, DataObject
from signing.asn1 import PemBlock, is_der, pem_blocks
from signing.certificates import Certificate, CertificateFacts, certificate_facts
from signing.errors import Malformed, SigningError
from signing.fetcher import Fetcher, FetchRequest
from signing.gost import ProviderReport
from signing.gost import provider_report as national_provider
from signing.keys import SigningKey
from signing.national_authorities import (
    NATIONAL_AUTHORITIES,
    NATIONAL_SETS,
    NationalAuthorities,
    NationalAuthority,
    NationalKind,
    NationalSet,
    RefusedAuthority,
)
from signing.policy import (
    DEFAULT_SIGNING,
    ETSI_BASELINE,
    KZ_DOCUMENT,
    KZ_ENVELOPE,
    KZ_SIGNATURE,
    SANDBOX_DOCUMENT,
    SANDBOX_ENVELOPE,
    SigningPolicy,
    ValidationPolicy,
)
from signing.sandbox_pki import IssuedKey, SandboxPki, StatusUrls
from signing.sandbox_services.services import SandboxServices
from signing.sandbox_services.tsa import SandboxTsa
from signing.sign.augmentation import augment_container
from signing.sign.container import add_signature, sign_container
from signing.sign.container_cades import (
    add_cades_signature,
    add_cms,
    cades_manifest,
    sign_container_cades,
    write_unsigned_container,
)
from signing.sign.detached import (
    PreparedSignature,
    add_signer,
    algorithm_of,
    complete_detached,
    content_digest_algorithm,
    prepare_detached,
    sign_attached,
    sign_detached,
    take_cms,
)
from signing.sign.detached_augmentation import augment_detached
from signing.sign.envelope import sign_envelope
from signing.sign.two_step import ToBeSigned
from signing.sign.two_step import complete as complete_signature
from signing.sign.two_step import prepare as prepare_signature
from signing.sign.xml import sign_xml
from signing.sign.xml_augmentation import augment_xml
from signing.timestamp import TimeStampAuthority
from signing.trust_anchors import TrustAnchors
from signing.validation_data import NO_DATA, ValidationData
from signing.validation_report import (
    Check,
    Conclusion,
    EvidenceKind,
    Indication,
    NotTotalPassed,
    RevocationReport,
    SignatureReport,
    SubIndication,
    TimeStampReport,
    ValidationReport,
)
from signing.verify.container import ContainerValidation, unverified_content, verify_container
from signing.verify.detached import AttachedValidation, verify_attached, verify_detached
from signing.verify.envelope import EnvelopeValidation, verify_envelope
from signing.verify.evidence import verify_evidence
from signing.verify.evidence_form import evidence_kind, is_key_file
from signing.verify.evidence_report import EvidenceValidation
from signing.verify.raised_from import is_raised_from
from signing.verify.verified_object import VerifiedObject
from signing.verify.xml import SignedXml, XmlValidation, verify_xml

__all__ = [
    "DEFAULT_SIGNING",
    "ETSI_BASELINE",
    "KZ_DOCUMENT",
    "KZ_ENVELOPE",
    "KZ_SIGNATURE",
    "NATIONAL_AUTHORITIES",
    "NATIONAL_SETS",
    "NO_DATA",
    "SANDBOX_DOCUMENT",
    "SANDBOX_ENVELOPE",
    "AttachedValidation",
    "Certificate",
    "CertificateFacts",
    "Check",
    "Conclusion",
    "ContainerLimits",
    "ContainerValidation",
    "DataObject",
    "EnvelopeValidation",
    "EvidenceKind",
    "EvidenceValidation",
    "FetchRequest",
    "Fetcher",
    "Indication",
    "IssuedKey",
    "Malformed",
    "NationalAuthorities",
    "NationalAuthority",
    "NationalKind",
    "NationalSet",
    "NotTotalPassed",
    "PemBlock",
    "PreparedSignature",
    "ProviderReport",
    "RefusedAuthority",
    "RevocationReport",
    "SandboxPki",
    "SandboxServices",
    "SandboxTsa",
    "SignatureReport",
    "SignedXml",
    "SigningError",
    "SigningKey",
    "SigningPolicy",
    "StatusUrls",
    "SubIndication",
    "TimeStampAuthority",
    "TimeStampReport",
    "ToBeSigned",
    "TrustAnchors",
    "ValidationData",
    "ValidationPolicy",
    "ValidationReport",
    "VerifiedObject",
    "XmlValidation",
    "add_cades_signature",
    "add_cms",
    "add_signature",
    "add_signer",
    "algorithm_of",
    "augment_container",
    "augment_detached",
    "augment_xml",
    "cades_manifest",
    "certificate_facts",
    "complete_detached",
    "complete_signature",
    "content_digest_algorithm",
    "evidence_kind",
    "is_der",
    "is_key_file",
    "is_raised_from",
    "national_provider",
    "pem_blocks",
    "prepare_detached",
    "prepare_signature",
    "sign_attached",
    "sign_container",
    "sign_container_cades",
    "sign_detached",
    "sign_envelope",
    "sign_xml",
    "take_cms",
    "unverified_content",
    "verify_attached",
    "verify_container",
    "verify_detached",
    "verify_envelope",
    "verify_evidence",
    "verify_xml",
    "write_unsigned_container",
]
