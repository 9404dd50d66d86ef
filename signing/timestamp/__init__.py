"""RFC 3161 time-stamps (with RFC 5816; profile of ETSI EN 319 422): asked for, read, and judged as far as a token goes.

1. A token is one ContentInfo with SignedData over TSTInfo, one signer, and nothing else; a whole answer of an authority
   is not a token.
2. The signed ESSCertID or ESSCertIDv2 chooses the authority's certificate; the certificates that came along are only a
   source.
3. `judge_token` says whether the token is over these octets and was signed by a certificate made for time-stamping and
   nothing else. Whether that certificate leads to a trust anchor and was not revoked is not asked here: the caller
   does, at the time that it needs.
4. Asking (`TimeStampAuthority`): an answer is compared with the request and its token judged, signature included, before
   it is handed out.
"""

from __future__ import annotations

from signing.timestamp.authority import TimeStampAuthority
from signing.timestamp.judgement import CHECKS, judge_token, unreadable_token
from signing.timestamp.request import new_request
from signing.timestamp.response import MAX_RESPONSE_BYTES, read_response, token_in
from signing.timestamp.token import (
    MAX_TOKEN_BYTES,
    TST_INFO,
    CertificateReference,
    TimeStampToken,
    looks_like_response,
    read_token,
)

__all__ = [
    "CHECKS",
    "MAX_RESPONSE_BYTES",
    "MAX_TOKEN_BYTES",
    "TST_INFO",
    "CertificateReference",
    "TimeStampAuthority",
    "TimeStampToken",
    "judge_token",
    "looks_like_response",
    "new_request",
    "read_response",
    "read_token",
    "token_in",
    "unreadable_token",
]
