"""What a verdict on evidence says beside its checks: the facts that a person is shown, and the one signature it bears.

A token, an answer and a list are each signed once, by their authority, and that signature is the one in the report. A
certificate bears its issuer's, which is a step of its path: no signature of it is reported, for nobody has signed a
document with it here. Facts are what the evidence states; they are believed only where the verdict is TOTAL-PASSED.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from signing.algorithms import algorithm_identifier, signature_algorithm_from_der
from signing.certification_path import algorithm_check, validity_check
from signing.errors import Malformed
from signing.validation_report import Check, Conclusion, SignatureReport, SubIndication, ValidationReport, conclude

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from signing.algorithms import SignatureAlgorithm
    from signing.asn1 import Der
    from signing.certificates import Certificate, CertificateFacts
    from signing.policy import ValidationPolicy
    from signing.validation_report import EvidenceKind, RevocationReport
    from signing.verify.certificate_validation import CertificateValidation
    from signing.verify.context import Context

LIMITS: Final = "path.limits"
WHEN_MADE: Final = "path.when-made"
CHECKS: Final = frozenset({WHEN_MADE})


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenFacts:
    """What a time-stamp token states; `imprint` in hex, `accuracy` in seconds, `token` the hex SHA-256 of its DER."""

    generated_at: datetime
    policy: str
    serial: int
    accuracy: float | None
    imprint_algorithm: str
    imprint: str
    token: str

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": "time-stamp",
            "generated_at": self.generated_at.isoformat(),
            "policy": self.policy,
            "serial": f"{self.serial:x}",
            "accuracy": f"{self.accuracy:g}" if self.accuracy is not None else None,
            "imprint_algorithm": self.imprint_algorithm,
            "imprint": self.imprint,
            "token": self.token,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class AnsweredStatus:
    """What an OCSP answer says of one certificate; `issuer` (shown form) None where it is not known here.

    `status` is "never issued" for certificateHold since 1970-01-01 under extended-revoke (RFC 6960, 2.2).
    """

    serial: int
    issuer: str | None
    status: Literal["good", "revoked", "unknown", "never issued"]
    revoked_at: datetime | None
    reason: str | None
    this_update: datetime
    next_update: datetime | None

    def as_json(self) -> dict[str, Any]:
        return {
            "serial": f"{self.serial:x}",
            "issuer": self.issuer,
            "status": self.status,
            "revoked_at": self.revoked_at.isoformat() if self.revoked_at else None,
            "reason": self.reason,
            "this_update": self.this_update.isoformat(),
            "next_update": self.next_update.isoformat() if self.next_update else None,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerFacts:
    """What an OCSP answer states."""

    produced_at: datetime
    statuses: tuple[AnsweredStatus, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": "ocsp",
            "produced_at": self.produced_at.isoformat(),
            "statuses": [each.as_json() for each in self.statuses],
        }


ListScope = Literal["everything", "end entities", "authorities", "attribute certificates"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListFacts:
    """What a CRL states. `entries` None where nobody counted them: the signature did not verify.

    `base_number` of a delta CRL; `reasons` in the words of RFC 5280, 4.2.1.13, None when the list is for all of them.
    """

    issuer: str
    this_update: datetime
    next_update: datetime | None
    number: int | None
    base_number: int | None
    entries: int | None
    scope: ListScope
    reasons: tuple[str, ...] | None
    is_indirect: bool
    distribution_points: tuple[str, ...] = ()
    """Names of the one point whose certificates the list is for, as people read them; empty: of every point."""

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": "crl",
            "issuer": self.issuer,
            "this_update": self.this_update.isoformat(),
            "next_update": self.next_update.isoformat() if self.next_update else None,
            "number": str(self.number) if self.number is not None else None,
            "base_number": str(self.base_number) if self.base_number is not None else None,
            "entries": self.entries,
            "scope": self.scope,
            "reasons": list(self.reasons) if self.reasons is not None else None,
            "indirect": self.is_indirect,
            "distribution_points": list(self.distribution_points),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class LoneCertificateFacts:
    """What a certificate states, its path (itself first, empty when none was found) and the evidence of its status."""

    certificate: CertificateFacts
    is_authority: bool
    is_anchor: bool
    path: tuple[CertificateFacts, ...]
    revocation: tuple[RevocationReport, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": "certificate",
            "certificate": self.certificate.as_json(),
            "authority": self.is_authority,
            "anchor": self.is_anchor,
            "path": [each.as_json() for each in self.path],
            "revocation": [each.as_json() for each in self.revocation],
        }


EvidenceFacts: TypeAlias = TokenFacts | AnswerFacts | ListFacts | LoneCertificateFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceValidation:
    """The verdict; `facts` None where the evidence could not be read."""

    report: ValidationReport
    facts: EvidenceFacts | None


def evidence_report(
    kind: EvidenceKind,
    context: Context,
    checks: Iterable[Check],
    signatures: Sequence[SignatureReport] = (),
) -> ValidationReport:
    """The report on one file: its own checks, and the signature on it where that could be looked at."""
    return ValidationReport.of(
        kind=kind,
        policy=context.policy.name,
        anchors=context.anchors.label(),
        at=context.at,
        checks=checks,
        signatures=signatures,
        is_evidence=True,
    )


def signature_of(
    kind: EvidenceKind,
    *,
    form: str,
    signer: Certificate | None,
    value: bytes,
    covered: str,
    checks: Iterable[Check],
    judged: CertificateValidation | None,
    context: Context,
) -> SignatureReport:
    """The authority's signature on a token, an answer or a list; judged at the validation time, for nothing proves it
    to be older.
    """
    made = (*checks, *(judged.checks if judged is not None else ()))
    indication, sub_indication = conclude(made)
    return SignatureReport(
        id=kind,
        format=form,
        level="",
        indication=indication,
        sub_indication=sub_indication,
        signing_time=None,
        best_signature_time=context.at,
        signer=signer.facts() if signer is not None else None,
        covered=(covered,),
        checks=made,
        path=judged.facts if judged is not None else (),
        revocation=judged.revocation if judged is not None else (),
        value=hashlib.sha256(value).hexdigest(),
    )


def not_for_lack_of_patience(judged: CertificateValidation) -> CertificateValidation:
    """The same, where a search that was given up is no breach of the evidence: nobody signed what lies beside it, and
    without it a path may be there. Of a signature it is one: whoever signs writes down what came along.
    """
    checks = tuple(
        Check.indeterminate(LIMITS, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, **each.params)
        if each.id == LIMITS and each.conclusion is Conclusion.FAILED and not judged.path
        else each
        for each in judged.checks
    )
    return replace(judged, checks=checks)


def when_made_check(judged: CertificateValidation, made: datetime, policy: ValidationPolicy) -> Check:
    """Whether the path of whoever made the evidence stood already when it was made (Rules 1187, items 4(1) and 5)."""
    if not judged.path:
        return Check.not_performed(WHEN_MADE, reason="no path", made=made.isoformat())
    return validity_check(WHEN_MADE, judged.path, made, policy, made=made.isoformat())


def worst_check(checks: Sequence[Check]) -> Check:
    """The one of several answers to one question that decides: a FAILED one, an INDETERMINATE one, the first."""
    for conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE):
        for check in checks:
            if check.conclusion is conclusion:
                return check
    return checks[0]


def evidence_algorithm(
    check_id: str, identifier: Der, day: date, policy: ValidationPolicy
) -> tuple[SignatureAlgorithm | None, Check]:
    """The algorithm that evidence is signed with, None where it was not trusted on that day, and the check on it."""
    named = algorithm_identifier(identifier)[0]
    try:
        algorithm = signature_algorithm_from_der(identifier)
    except Malformed as error:
        sub_indication = SubIndication.CRYPTO_CONSTRAINTS_FAILURE
        return None, Check.indeterminate(check_id, sub_indication, algorithm=named, reason=error.code)
    check = algorithm_check(check_id, algorithm, named=named, day=day, policy=policy)
    return (algorithm if check.conclusion is Conclusion.PASSED else None), check
