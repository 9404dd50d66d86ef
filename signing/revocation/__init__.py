"""Whether a certificate was revoked at a time: OCSP (RFC 6960) and CRLs (RFC 5280, 5 and 6.3).

1. `statements_on` reads evidence and keeps what is authentic and speaks on the certificate, whatever its time;
   what had to be turned away becomes a check `revocation.*` that says why.
2. `judge_status` finds the statement that decides at a time: the check `revocation.status`.
3. `fetch_status` asks the places a certificate names; `gather` collects what a whole path needs at level B-LT.
4. Evidence that is missing, stale, forged or about something else leaves the status open: INDETERMINATE / TRY_LATER,
   never a no, and never a yes.
"""

from __future__ import annotations

from typing import Final

from signing.revocation.fetching import fetch_status
from signing.revocation.gathering import gather
from signing.revocation.judgement import STATUS, is_current, is_fresh, judge_status
from signing.revocation.ocsp_request import new_request
from signing.revocation.statement import HOLD, NEVER_ISSUED, StatusStatement
from signing.revocation.statements import statements_on

CHECKS: Final = frozenset(
    {
        STATUS,
        "revocation.evidence-format",
        "revocation.ocsp-status",
        "revocation.certificate-id",
        "revocation.critical-extension",
        "revocation.times",
        "revocation.lifetime",
        "revocation.responder",
        "revocation.algorithm",
        "revocation.signature",
        "revocation.issuer-path",
        "revocation.crl-issuer",
        "revocation.crl-number",
        "revocation.scope",
        "revocation.delta",
        "revocation.nonce",
        "revocation.fetched",
    }
)

__all__ = [
    "CHECKS",
    "HOLD",
    "NEVER_ISSUED",
    "StatusStatement",
    "fetch_status",
    "gather",
    "is_current",
    "is_fresh",
    "judge_status",
    "new_request",
    "statements_on",
]
