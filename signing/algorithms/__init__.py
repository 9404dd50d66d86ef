"""The allow-list of algorithms, one table: URI or OID -> primitive, key it needs, and until when it is trusted.

1. Only what stands in the table as TRUSTED verifies anything. REFUSED entries are known so that a verdict can name them
   (SHA-1, MD5, DSA, HMAC); UNSUPPORTED ones would be trusted elsewhere and not built here (there are none).
2. The key must fit the algorithm: type, curve, and size (RSA 2048 to 8192 bits, exponent odd from 3 to 2^32 - 1).
3. A signature value has exactly one accepted form: RSA as long as the modulus; ECDSA raw r and s in XML, DER in CMS,
   with 0 < r, s < n; Ed25519 64 octets.
4. Which verdict follows: REFUSED is TOTAL-FAILED / CRYPTO_CONSTRAINTS_FAILURE, whatever the time, because no proof of
   existence mends it; UNSUPPORTED or unknown is INDETERMINATE / CRYPTO_CONSTRAINTS_FAILURE; TRUSTED but past its end
   date is INDETERMINATE / CRYPTO_CONSTRAINTS_FAILURE_NO_POE.

Sources: RFC 9231 (URIs), RFC 3370, 4056, 5754, 5758, 8419 (CMS), ETSI TS 119 312 (sizes).
"""

from __future__ import annotations

from signing.algorithms.identifier import (
    algorithm_identifier,
    encode_algorithm_identifier,
    is_key_oid,
    signature_algorithm_from_der,
    signature_algorithm_in_cms,
)
from signing.algorithms.national_keys import NATIONAL_KEY_FORMS, NationalKeyForm, national_key_form
from signing.algorithms.public_key import Form, PublicKey, describe_public_key, ecdsa_to_raw, verify_signature
from signing.algorithms.table import (
    DIGESTS,
    MGF1,
    NATIONAL_KEYS,
    SIGNATURES,
    DigestAlgorithm,
    Hash,
    SignatureAlgorithm,
    Standing,
    digest_algorithm,
    digest_by_oid,
    digest_by_uri,
    signature_algorithm,
    signature_algorithm_by_oid,
    signature_algorithm_by_uri,
)

__all__ = [
    "DIGESTS",
    "MGF1",
    "NATIONAL_KEYS",
    "NATIONAL_KEY_FORMS",
    "SIGNATURES",
    "DigestAlgorithm",
    "Form",
    "Hash",
    "NationalKeyForm",
    "PublicKey",
    "SignatureAlgorithm",
    "Standing",
    "algorithm_identifier",
    "describe_public_key",
    "digest_algorithm",
    "digest_by_oid",
    "digest_by_uri",
    "ecdsa_to_raw",
    "encode_algorithm_identifier",
    "is_key_oid",
    "national_key_form",
    "signature_algorithm",
    "signature_algorithm_by_oid",
    "signature_algorithm_by_uri",
    "signature_algorithm_from_der",
    "signature_algorithm_in_cms",
    "verify_signature",
]
