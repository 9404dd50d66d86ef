"""The question that evidence is read for: one certificate of one issuer, and what may be leaned on to believe an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from signing.algorithms import algorithm_identifier, signature_algorithm_from_der
from signing.asn1 import Der
from signing.certificates import Certificate
from signing.certification_path import algorithm_check, validate_path
from signing.errors import Malformed
from signing.policy import ValidationPolicy
from signing.revocation.judgement import shown
from signing.revocation.statement import TurnedAwayError, turned_away
from signing.trust_anchors import TrustAnchors
from signing.validation_report import Check, Conclusion, Indication, SubIndication


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Question:
    """Whether `certificate`, issued by `issuer`, was revoked; `at` is the time of validation, no evidence is younger."""

    certificate: Certificate
    issuer: Certificate
    candidates: tuple[Certificate, ...]
    anchors: TrustAnchors
    at: datetime
    policy: ValidationPolicy


def require_times(question: Question, this_update: datetime, next_update: datetime | None) -> None:
    """R11: evidence from the future, or with an end before its beginning, says nothing."""
    if this_update - question.at > question.policy.clock_tolerance:
        raise turned_away("revocation.times", "in the future", this_update=this_update.isoformat())
    if next_update is not None and next_update < this_update:
        raise turned_away("revocation.times", "nextUpdate before thisUpdate", this_update=this_update.isoformat())


def require_lifetime(question: Question, this_update: datetime, kept_since: datetime | None) -> None:
    """Issued after the certificate expired, evidence confirms nothing unless it says that it still lists expired ones.

    `kept_since` is archiveCutoff (RFC 6960, 4.4.4) or expiredCertsOnCRL (X.509, 9.5.2.8).
    """
    expired = question.certificate.not_after
    if this_update > expired and (kept_since is None or kept_since > expired):
        raise turned_away("revocation.lifetime", "issued after the certificate expired", not_after=expired.isoformat())


def require_algorithm(algorithm: Der, day: datetime, policy: ValidationPolicy) -> str:
    """The id of the algorithm the evidence is signed with, if it was trusted on the day it was signed."""
    try:
        entry = signature_algorithm_from_der(algorithm)
    except Malformed as error:
        raise turned_away("revocation.algorithm", error.code) from error
    named = algorithm_identifier(algorithm)[0]
    check = algorithm_check("revocation.algorithm", entry, named=named, day=day.date(), policy=policy)
    if check.conclusion is not Conclusion.PASSED or entry is None:
        # refused for evidence is not a no to the certificate: other evidence may be there
        raise TurnedAwayError(
            Check.indeterminate(
                "revocation.algorithm",
                check.sub_indication or SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
                **dict(check.params),
            )
        )
    return entry.id


def path_of(
    question: Question, signer: Certificate, extra: Sequence[Certificate], at: datetime
) -> tuple[Certificate, ...]:
    """The path of whoever signed the evidence to an anchor, valid when it was signed."""
    candidates = tuple(dict.fromkeys((question.issuer, *extra, *question.candidates)))
    policy = for_issuers(question.policy)
    result = validate_path(signer, candidates, question.anchors, at=at, policy=policy)
    if result.indication is not Indication.TOTAL_PASSED:
        first = next((each for each in result.checks if each.sub_indication is not None), None)
        raise turned_away(
            "revocation.issuer-path",
            first.id if first is not None else "path.found",
            issuer=shown(signer),
            at=at.isoformat(),
        )
    return result.path


@lru_cache(maxsize=64)
def for_issuers(policy: ValidationPolicy) -> ValidationPolicy:
    """The policy for the path of whoever signs evidence: the certificate policies demanded are demanded of signers."""
    return replace(policy, acceptable_certificate_policies=(), require_certificate_policy=False)
