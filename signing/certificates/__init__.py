"""What a certificate says: strict DER with its original bytes kept, RFC 5280 extensions, national names and roles.

Sources: RFC 5280, 4; the national profile: BIN in OU, IIN in serialNumber, roles as extended key usage.
Nothing here is believed yet: whether a certificate may be trusted is `certification_path`.
"""

from __future__ import annotations

from signing.certificates.certificate import (
    AUTHORITY_KEY_IDENTIFIER,
    BASIC_CONSTRAINTS,
    CERTIFICATE_POLICIES,
    EXTENDED_KEY_USAGE,
    INHIBIT_ANY_POLICY,
    KEY_USAGE,
    MAX_CERTIFICATE_BYTES,
    NAME_CONSTRAINTS,
    POLICY_CONSTRAINTS,
    POLICY_MAPPINGS,
    SUBJECT_ALT_NAME,
    SUBJECT_KEY_IDENTIFIER,
    Certificate,
    CertificateFacts,
    Extension,
    certificate_facts,
)
from signing.certificates.distinguished_name import Attribute, Name, read_name, without_personal_number

__all__ = [
    "AUTHORITY_KEY_IDENTIFIER",
    "BASIC_CONSTRAINTS",
    "CERTIFICATE_POLICIES",
    "EXTENDED_KEY_USAGE",
    "INHIBIT_ANY_POLICY",
    "KEY_USAGE",
    "MAX_CERTIFICATE_BYTES",
    "NAME_CONSTRAINTS",
    "POLICY_CONSTRAINTS",
    "POLICY_MAPPINGS",
    "SUBJECT_ALT_NAME",
    "SUBJECT_KEY_IDENTIFIER",
    "Attribute",
    "Certificate",
    "CertificateFacts",
    "Extension",
    "Name",
    "certificate_facts",
    "read_name",
    "without_personal_number",
]
