"""The verdict of a validation in the words of ETSI EN 319 102-1: indication, sub-indication, checks with evidence.

One rule joins checks into a verdict (`conclude`), everywhere the same:

1. a check that FAILED makes the whole TOTAL-FAILED, with the sub-indication of the first one that failed;
2. else a check that is INDETERMINATE makes it INDETERMINATE, with the sub-indication of the first such check;
3. else at least one check that PASSED makes it TOTAL-PASSED;
4. else (nothing was checked) it is INDETERMINATE: an empty list proves nothing.

NOT_PERFORMED is said aloud and decides nothing; a policy that demands the check makes it INDETERMINATE instead.

EN 319 102-1 calls some breaches INDETERMINATE that no later evidence can mend. Here such a breach of our own
allow-lists is TOTAL-FAILED: a refused algorithm or key size (CRYPTO_CONSTRAINTS_FAILURE) and a certificate made for
another purpose (SIG_CONSTRAINTS_FAILURE). What later evidence could still mend stays INDETERMINATE.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, NoReturn

from signing.errors import Malformed, SigningError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from signing.certificates import CertificateFacts

NO_PARAMS: Mapping[str, str] = MappingProxyType({})


class Indication(Enum):
    """EN 319 102-1, 5.1.3, table 5."""

    TOTAL_PASSED = "TOTAL-PASSED"
    TOTAL_FAILED = "TOTAL-FAILED"
    INDETERMINATE = "INDETERMINATE"


class SubIndication(Enum):
    """EN 319 102-1, 5.1.3, tables 5 and 6; the standard's own spelling."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    GENERIC = "GENERIC"


class Conclusion(Enum):
    """How one check ended."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INDETERMINATE = "INDETERMINATE"
    NOT_PERFORMED = "NOT_PERFORMED"


# Python 3.11 finds a member of an Enum through a descriptor in Python, fourteen times as slowly as a global name; a
# report has some fifty checks.
_PASSED: Final = Conclusion.PASSED
_FAILED: Final = Conclusion.FAILED
_INDETERMINATE: Final = Conclusion.INDETERMINATE
_WORST_FIRST: Final = ((_FAILED, Indication.TOTAL_FAILED), (_INDETERMINATE, Indication.INDETERMINATE))


class Check(NamedTuple):
    """One check: its id is a code with a sentence; `params` are its evidence, nothing secret or personal in them.

    A tuple, because a report has some fifty of them and a frozen dataclass takes twice as long to make.
    """

    id: str
    conclusion: Conclusion
    sub_indication: SubIndication | None = None
    params: Mapping[str, str] = NO_PARAMS

    def __hash__(self) -> int:
        return hash((self.id, self.conclusion, self.sub_indication))  # a read-only view of parameters has no hash

    @classmethod
    def passed(cls, check_id: str, /, **params: str) -> Check:
        return cls(id=check_id, conclusion=_PASSED, params=MappingProxyType(params))

    @classmethod
    def failed(cls, check_id: str, sub_indication: SubIndication, /, **params: str) -> Check:
        return cls(
            id=check_id,
            conclusion=Conclusion.FAILED,
            sub_indication=sub_indication,
            params=MappingProxyType(params),
        )

    @classmethod
    def unreadable(cls, check_id: str, error: Malformed, /, **place: str) -> Check:
        """The check on the form of bytes that their reader refused; `place` says where they lie.

        `reason` is the code of the refusal. What the refusal itself has to say may bear any name: it gives way.
        """
        params = {**error.params, **place, "reason": error.code}
        return cls(
            id=check_id,
            conclusion=_FAILED,
            sub_indication=SubIndication.FORMAT_FAILURE,
            params=MappingProxyType(params),
        )

    @classmethod
    def indeterminate(cls, check_id: str, sub_indication: SubIndication, /, **params: str) -> Check:
        return cls(
            id=check_id,
            conclusion=Conclusion.INDETERMINATE,
            sub_indication=sub_indication,
            params=MappingProxyType(params),
        )

    @classmethod
    def not_performed(cls, check_id: str, /, **params: str) -> Check:
        return cls(id=check_id, conclusion=Conclusion.NOT_PERFORMED, params=MappingProxyType(params))

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "conclusion": self.conclusion.value,
            "sub_indication": self.sub_indication.value if self.sub_indication else None,
            "params": dict(self.params),
        }


def conclude(checks: Iterable[Check]) -> tuple[Indication, SubIndication | None]:
    """The verdict that follows from checks, by the rule at the head of this module."""
    made = tuple(checks)
    conclusions = [check.conclusion for check in made]
    for conclusion, indication in _WORST_FIRST:
        if conclusion in conclusions:
            decisive = made[conclusions.index(conclusion)]
            return indication, decisive.sub_indication or SubIndication.GENERIC
    if _PASSED in conclusions:
        return Indication.TOTAL_PASSED, None
    return Indication.INDETERMINATE, SubIndication.GENERIC


@dataclass(frozen=True, kw_only=True, slots=True)
class RevocationReport:
    """What one piece of evidence says of one certificate, and that it was used.

    `certificate` and `evidence` are hex SHA-256 of DER, `issuer` the name of whoever signed the evidence (shown form).
    """

    certificate: str
    subject: str
    kind: Literal["ocsp", "crl", "delta-crl"]
    status: Literal["good", "revoked", "unknown"]
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    reason: str | None
    issuer: str
    origin: Literal["embedded", "given", "fetched"]
    evidence: str

    def as_json(self) -> dict[str, Any]:
        return {
            "certificate": self.certificate,
            "subject": self.subject,
            "kind": self.kind,
            "status": self.status,
            "this_update": self.this_update.isoformat(),
            "next_update": self.next_update.isoformat() if self.next_update else None,
            "revoked_at": self.revoked_at.isoformat() if self.revoked_at else None,
            "reason": self.reason,
            "issuer": self.issuer,
            "origin": self.origin,
            "evidence": self.evidence,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeStampReport:
    """The verdict on one time-stamp of a signature; `generated_at` (genTime) is believed only if it is TOTAL-PASSED.

    `kind` in the words of EN 319 102-1; `token` hex SHA-256 of the token's DER; `policy` the TSA policy OID; `covers`
    says in words of the format what it is proof for.
    """

    id: str
    kind: Literal["content", "signature", "validation-data", "archive"]
    indication: Indication
    sub_indication: SubIndication | None
    generated_at: datetime | None
    policy: str | None
    authority: CertificateFacts | None
    token: str
    covers: tuple[str, ...]
    checks: tuple[Check, ...]
    revocation: tuple[RevocationReport, ...] = ()

    def __bool__(self) -> NoReturn:
        raise TypeError("a TimeStampReport is not a yes or a no; read its indication")

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "indication": self.indication.value,
            "sub_indication": self.sub_indication.value if self.sub_indication else None,
            "generated_at": self.generated_at.isoformat() if self.generated_at else None,
            "policy": self.policy,
            "authority": self.authority.as_json() if self.authority else None,
            "token": self.token,
            "covers": list(self.covers),
            "checks": [check.as_json() for check in self.checks],
            "revocation": [each.as_json() for each in self.revocation],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureReport:
    """The verdict on one signature.

    `signing_time` is the signer's claim and decides nothing; `best_signature_time` is the earliest moment at which the
    signature is proven to have existed (EN 319 102-1, 5.5: without a time-stamp the validation time). `covered` names
    what the signature covers, in the words of the format. `path` is the certification path, signer first. `value` is
    the hex SHA-256 of the signature value, by which a report on several files names it.
    """

    id: str
    format: str
    level: str
    indication: Indication
    sub_indication: SubIndication | None
    signing_time: datetime | None
    best_signature_time: datetime
    signer: CertificateFacts | None
    covered: tuple[str, ...]
    checks: tuple[Check, ...]
    path: tuple[CertificateFacts, ...] = ()
    time_stamps: tuple[TimeStampReport, ...] = ()
    revocation: tuple[RevocationReport, ...] = ()
    value: str | None = None

    def __bool__(self) -> NoReturn:
        raise TypeError("a SignatureReport is not a yes or a no; read its indication")

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "format": self.format,
            "level": self.level,
            "indication": self.indication.value,
            "sub_indication": self.sub_indication.value if self.sub_indication else None,
            "signing_time": self.signing_time.isoformat() if self.signing_time else None,
            "best_signature_time": self.best_signature_time.isoformat(),
            "signer": self.signer.as_json() if self.signer else None,
            "covered": list(self.covered),
            "checks": [check.as_json() for check in self.checks],
            "path": [each.as_json() for each in self.path],
            "time_stamps": [each.as_json() for each in self.time_stamps],
            "revocation": [each.as_json() for each in self.revocation],
            "value": self.value,
        }


EvidenceKind = Literal["time-stamp", "ocsp", "crl", "certificate"]
"""Kinds of evidence that may lie in a file by itself: an RFC 3161 token or answer, an OCSP answer, a CRL, a certificate."""
Kind = Literal["container", "detached", "attached", "envelope", "xml"] | EvidenceKind


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidationReport:
    """The verdict on a signed thing: its own checks, then one report for each signature in it."""

    kind: Kind
    indication: Indication
    sub_indication: SubIndication | None
    policy: str
    anchors: str
    at: datetime
    checks: tuple[Check, ...]
    signatures: tuple[SignatureReport, ...] = field(default=())

    @classmethod
    def of(
        cls,
        *,
        kind: Kind,
        policy: str,
        anchors: str,
        at: datetime,
        checks: Iterable[Check],
        signatures: Iterable[SignatureReport] = (),
        is_evidence: bool = False,
    ) -> ValidationReport:
        """Join the thing's own checks and its signatures: every signature must pass, and there must be one.

        TOTAL-FAILED anywhere wins over INDETERMINATE anywhere; no signature at all is TOTAL-FAILED / FORMAT_FAILURE,
        unless an own check already said more. Evidence that lies by itself may bear none (a certificate: its issuer's is
        a step of its path), and where several things are wrong the one with whoever signed it is told first.
        """
        own, each = tuple(checks), tuple(signatures)
        verdicts = [conclude(own)] if own else []
        of_signatures = [(signature.indication, signature.sub_indication) for signature in each]
        verdicts = [*of_signatures, *verdicts] if is_evidence else [*verdicts, *of_signatures]
        if not each and not (is_evidence and own):
            verdicts.append((Indication.TOTAL_FAILED, SubIndication.FORMAT_FAILURE))
        for wanted in (Indication.TOTAL_FAILED, Indication.INDETERMINATE):
            for indication, sub_indication in verdicts:
                if indication is wanted:
                    return cls(
                        kind=kind,
                        indication=indication,
                        sub_indication=sub_indication,
                        policy=policy,
                        anchors=anchors,
                        at=at,
                        checks=own,
                        signatures=each,
                    )
        return cls(
            kind=kind,
            indication=Indication.TOTAL_PASSED,
            sub_indication=None,
            policy=policy,
            anchors=anchors,
            at=at,
            checks=own,
            signatures=each,
        )

    def __bool__(self) -> NoReturn:
        # `if report:` would read as the check and always be true
        raise TypeError("a ValidationReport is not a yes or a no; call require_total_passed() or read its indication")

    def require_total_passed(self) -> None:
        """Raise NotTotalPassed unless the verdict is TOTAL-PASSED."""
        if self.indication is not Indication.TOTAL_PASSED:
            raise NotTotalPassed(self)

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON writer; times in ISO 8601 with their offset."""
        return {
            "kind": self.kind,
            "indication": self.indication.value,
            "sub_indication": self.sub_indication.value if self.sub_indication else None,
            "policy": self.policy,
            "anchors": self.anchors,
            "at": self.at.isoformat(),
            "checks": [check.as_json() for check in self.checks],
            "signatures": [signature.as_json() for signature in self.signatures],
        }


class NotTotalPassed(SigningError):
    """A verdict other than TOTAL-PASSED reached a place that takes only that one."""

    def __init__(self, report: ValidationReport) -> None:
        super().__init__(
            "signing.not-total-passed",
            indication=report.indication.value,
            sub_indication=report.sub_indication.value if report.sub_indication else "",
        )
        self.report = report
