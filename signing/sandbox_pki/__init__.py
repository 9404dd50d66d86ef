"""A throwaway certificate authority in the national certificate profile, for tests, demonstrations and the sandbox.

Root and intermediate authority, then end entities with the national roles, key usage and name attributes. Its names say
SANDBOX, and `TrustAnchors` refuses them in any set that is not of the kind "sandbox". Keys are as long as real ones.
"""

from __future__ import annotations

from signing.sandbox_pki.issued_key import CertificateKind, IssuedKey
from signing.sandbox_pki.pki import SandboxPki
from signing.sandbox_pki.private_keys import KeyKind
from signing.sandbox_pki.profile import StatusUrls

__all__ = ["CertificateKind", "IssuedKey", "KeyKind", "SandboxPki", "StatusUrls"]
