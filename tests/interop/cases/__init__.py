"""What foreign programs are asked about our signatures, good and with a byte changed, and we about theirs.

`report` and the tests ask the same. Each case makes its own material, runs one program in an empty folder and says what
that program found. A program that only ever accepts would agree with half of the cases: that is what the other half is
for.
"""

from __future__ import annotations

from typing import Final

from tests.interop.case import Case
from tests.interop.cases import dss_judges, dss_signs, national, openssl, openssl_trust, peers, time, xmlsec1

CASES: Final[tuple[Case, ...]] = (
    *xmlsec1.CASES,
    *openssl.CASES,
    *openssl_trust.CASES,
    *peers.CASES,
    *dss_judges.CASES,
    *dss_signs.CASES,
    *time.CASES,
    *national.CASES,
)
