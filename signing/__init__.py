"""Signatures: make them, judge them. The front door: `adapter` imports names from here and from nowhere deeper.

Knows nothing of reports or of the exchange; opens no connection; never reads the time. Concrete keys are not here:
only the place where the program is put together names `signing.keys.pkcs12` and `signing.keys.pem`.
"""

from __future__ import annotations

from signing.certificates import Certificate, CertificateFacts, certificate_facts
from signing.errors import Malformed, SigningError
from signing.fetcher import Fetcher, FetchRequest
from signing.keys import SigningKey
from signing.policy import (
    DEFAULT_SIGNING,
    KZ_DOCUMENT,
    KZ_ENVELOPE,
    SANDBOX_DOCUMENT,
    SANDBOX_ENVELOPE,
    SigningPolicy,
    ValidationPolicy,
)
from signing.sandbox_pki import IssuedKey, SandboxPki
from signing.sign.detached import sign_detached
from signing.trust_anchors import TrustAnchors
from signing.validation_report import (
    Check,
    Conclusion,
    Indication,
    NotTotalPassed,
    SignatureReport,
    SubIndication,
    ValidationReport,
)
from signing.verify.detached import verify_detached

__all__ = [
    "DEFAULT_SIGNING",
    "KZ_DOCUMENT",
    "KZ_ENVELOPE",
    "SANDBOX_DOCUMENT",
    "SANDBOX_ENVELOPE",
    "Certificate",
    "CertificateFacts",
    "Check",
    "Conclusion",
    "FetchRequest",
    "Fetcher",
    "Indication",
    "IssuedKey",
    "Malformed",
    "NotTotalPassed",
    "SandboxPki",
    "SignatureReport",
    "SigningError",
    "SigningKey",
    "SigningPolicy",
    "SubIndication",
    "TrustAnchors",
    "ValidationPolicy",
    "ValidationReport",
    "certificate_facts",
    "sign_detached",
    "verify_detached",
]
