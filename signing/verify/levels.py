"""Whether a signature reaches the baseline level it is built for (EN 319 132-1 and 319 122-1, clause 6).

B-T: a time-stamp over the signature value stands. B-LT: and each certificate of the signer's path has a status by evidence
that came along. B-LTA: and an archive time-stamp stands. What the policy demands is checked elsewhere; a level that is not
reached is said and decides nothing by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from signing.validation_report import Check

if TYPE_CHECKING:
    from signing.verify.certificate_validation import CertificateValidation
    from signing.verify.time_stamps import TimeStampValidation

LEVEL: Final = "signature.level"
NOTES: Final = frozenset({LEVEL})
"""Ids of checks that never fail: what is said and decides nothing."""

BASELINE_LEVELS: Final = frozenset({"B-T", "B-LT", "B-LTA"})
"""Levels that ask for more than the signature itself."""


def level_check(claimed: str, stamped: TimeStampValidation, judged: CertificateValidation) -> Check:
    """`claimed` is one of BASELINE_LEVELS: what the structure of the signature is built for."""
    reached = _reached(stamped, judged)
    if _RANK.index(reached) >= _RANK.index(claimed):
        return Check.passed(LEVEL, claimed=claimed)
    return Check.not_performed(LEVEL, reason="not reached", claimed=claimed, reached=reached)


_RANK: Final = ("B-B", "B-T", "B-LT", "B-LTA")


def _reached(stamped: TimeStampValidation, judged: CertificateValidation) -> str:
    if stamped.proof_of_signature is None:
        return "B-B"
    if not judged.path or not judged.carried.issuperset(judged.path[:-1]):
        return "B-T"
    return "B-LTA" if any(each.kind == "archive" for each in stamped.standing) else "B-LT"
