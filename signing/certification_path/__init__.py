"""A path from a signer's certificate to a trust anchor at a given time: RFC 5280, section 6, and EN 319 102-1, 5.2.6.

Rules:

1. An issuer is a certificate whose subject is the wanted name, whose key identifier is the wanted one where both are
   present, **and** whose key verifies the signature. A name alone finds nobody: two national roots share a common name.
2. Work is bounded before it starts: certificates in a path, candidates per issuer, signature checks, name comparisons.
3. Every certificate is judged at `at`, exact to the instant; validity periods need not nest (a national CA starts
   before its issuer).
4. The trust anchor's own limits (path length, name constraints) bind the path, though RFC 5280 leaves that open.
5. Severity. A defect of the signer's own certificate that no other path can mend is FAILED; a defect above it is
   INDETERMINATE, because another path may exist that we were not given. Breached limits are FAILED / FORMAT_FAILURE.

Not checked here: revocation, and whether the certificate fits its use (`verify.signature`).
"""

from __future__ import annotations

from signing.certification_path.checks import CHECKS, algorithm_check
from signing.certification_path.validation import PathResult, validate_other_path, validate_path, validity_check

__all__ = ["CHECKS", "PathResult", "algorithm_check", "validate_other_path", "validate_path", "validity_check"]
