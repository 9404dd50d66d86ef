"""CAdES (ETSI EN 319 122-1): attributes signed and unsigned, and what its time-stamps are over. No policy, no trust."""

from __future__ import annotations

from signing.cades.archive import archive_imprint, encode_hash_index, imprint_digest, read_hash_index
from signing.cades.oids import (
    ARCHIVE_TIME_STAMP_V2,
    ARCHIVE_TIME_STAMP_V3,
    CONTENT_TYPE,
    HASH_INDEX_V3,
    LONG_TERM_VALIDATION,
    MESSAGE_DIGEST,
    SIGNATURE_TIME_STAMP,
    SIGNING_CERTIFICATE_V1,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
)
from signing.cades.signed_attributes import (
    CertificateReference,
    SignaturePolicy,
    SignedAttributes,
    check_certificate_reference,
    encode_signed_attributes,
    read_signed_attributes,
)
from signing.cades.time_stamps import covered_tokens, found_time_stamps, wanted_digests
from signing.cades.unsigned_attributes import UnsignedAttributes, read_unsigned_attributes, token_data

__all__ = [
    "ARCHIVE_TIME_STAMP_V2",
    "ARCHIVE_TIME_STAMP_V3",
    "CONTENT_TYPE",
    "HASH_INDEX_V3",
    "LONG_TERM_VALIDATION",
    "MESSAGE_DIGEST",
    "SIGNATURE_TIME_STAMP",
    "SIGNING_CERTIFICATE_V1",
    "SIGNING_CERTIFICATE_V2",
    "SIGNING_TIME",
    "CertificateReference",
    "SignaturePolicy",
    "SignedAttributes",
    "UnsignedAttributes",
    "archive_imprint",
    "check_certificate_reference",
    "covered_tokens",
    "encode_hash_index",
    "encode_signed_attributes",
    "found_time_stamps",
    "imprint_digest",
    "read_hash_index",
    "read_signed_attributes",
    "read_unsigned_attributes",
    "token_data",
    "wanted_digests",
]
