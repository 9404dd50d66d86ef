"""X.509 certificate validation (EN 319 102-1, 5.2.6) at a proven time, with past certificate validation (5.6.2.1).

1. A path to an anchor, judged at the earliest proven time of what the certificate signed (`certification_path`).
2. Every certificate below the anchor has its status told by evidence that counts at control-time
   (`validation_time_sliding`), and was there by then.
3. The status at the proven time: revoked by then, or good by information that is fresh for it (5.2.5) or was issued later.
4. Algorithms by which the path hangs together, where they have an end: the certificate is proven to be older.

Where this differs from the standard, and why: docs/adr/0015.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from signing.algorithms import signature_algorithm_from_der
from signing.certification_path import algorithm_check, validate_other_path, validate_path
from signing.validation_report import Check, Conclusion, Indication, SubIndication, conclude
from signing.verify.proof_of_existence import ProofsOfExistence
from signing.verify.validation_time_sliding import STATUS, StatusWalk, Use

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from signing.certificates import Certificate, CertificateFacts
    from signing.certification_path import PathResult
    from signing.policy import ValidationPolicy
    from signing.validation_report import RevocationReport
    from signing.verify.certificate_status import StatusMaterial

EXISTENCE: Final = "path.existence"
CHECKS: Final = frozenset({EXISTENCE})
VALIDITY: Final = "path.validity"

_PASSED, _FAILED = Conclusion.PASSED, Conclusion.FAILED


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateValidation:
    """`path` signer first, empty when none was found; `facts` of each of it; `revocation` is the evidence that was used.

    `carried` are the certificates whose status the signature itself would tell, whatever newer evidence was used.
    """

    checks: tuple[Check, ...]
    path: tuple[Certificate, ...] = ()
    facts: tuple[CertificateFacts, ...] = ()
    revocation: tuple[RevocationReport, ...] = ()
    carried: frozenset[Certificate] = frozenset()


def validate_certificate(use: Use, proofs: ProofsOfExistence | None, material: StatusMaterial) -> CertificateValidation:
    """Steps 1 to 4 of this module; without `proofs` everything exists now."""
    context = material.context
    policy = context.policy if use.role == "signer" else _for_authorities(context.policy)
    in_vain, sought = context.in_vain, (use.certificate, material.candidates)
    if sought in in_vain.known:
        return CertificateValidation(checks=in_vain.known[sought])
    if in_vain.spent >= _MAX_IN_VAIN * policy.max_signature_checks:
        return CertificateValidation(checks=(_TOO_MANY,))
    found = validate_path(use.certificate, material.candidates, context.anchors, at=use.judged_at, policy=policy)
    if not found.path:
        material.checks_in_vain += found.checks_in_vain
        in_vain.spent += found.checks_in_vain
        in_vain.known[sought] = found.checks
        return CertificateValidation(checks=found.checks)
    if use.judged_at == context.at and policy.revocation == "not-checked" and material.is_empty:
        return CertificateValidation(checks=(*found.checks, _NOT_CHECKED), path=found.path, facts=found.facts)
    proofs = proofs or ProofsOfExistence(at=context.at)
    first, doubtful = _along(found, use, proofs, material, policy)
    without: set[Certificate] = set()
    while doubtful is not None and len(without) < _MAX_OTHER_PATHS:
        # an authority that is in doubt speaks against this path, not against another one (5.2.6, step 2)
        without.add(doubtful)
        other = validate_other_path(
            use.certificate, material.candidates, context.anchors, at=use.judged_at, policy=policy, without=without
        )
        if other is None:
            break
        result, doubtful = _along(other, use, proofs, material, policy)
        if conclude(result.checks)[0] is Indication.TOTAL_PASSED:
            return result
    return first


def _along(
    found: PathResult, use: Use, proofs: ProofsOfExistence, material: StatusMaterial, policy: ValidationPolicy
) -> tuple[CertificateValidation, Certificate | None]:
    """Steps 2 to 4 on one path; the authority, if there is one, for whose sake another path may be better."""
    walk = StatusWalk(use, proofs, material, policy)
    walk.down(found.path)
    at = material.context.at
    checks = [_bounded(check, use, at, walk.leaf) for check in found.checks]
    if use.judged_at < at:
        checks.append(_existence(found.path, proofs, policy, walk.unproven))
    validation = CertificateValidation(
        checks=(*checks, *walk.checks),
        path=found.path,
        facts=found.facts,
        revocation=tuple([each.report() for each in walk.used]),
        carried=frozenset(walk.carried),
    )
    return validation, walk.doubtful


_MAX_OTHER_PATHS: Final = 4
_MAX_IN_VAIN: Final = 2
"""Times what one search may cost, for all the signatures of one thing."""
_TOO_MANY: Final = Check.indeterminate(
    "path.limits", SubIndication.NO_CERTIFICATE_CHAIN_FOUND, limit="signature checks"
)
"""What other signatures spent is no breach of this one: nobody looked for its path."""
_NOT_CHECKED: Final = Check.not_performed(STATUS, reason="not checked")


@lru_cache(maxsize=64)
def _for_authorities(policy: ValidationPolicy) -> ValidationPolicy:
    """What a policy asks of the certificate policies of signers is not asked of the services that witness."""
    if not policy.acceptable_certificate_policies and not policy.require_certificate_policy:
        return policy  # the very same one, which caches find at once
    return replace(policy, acceptable_certificate_policies=(), require_certificate_policy=False)


def _bounded(check: Check, use: Use, at: datetime, status: Check | None) -> Check:
    """What a leaf's validity means beside its status and the proofs (5.2.6; 5.5.4, step 4)."""
    if check.id != VALIDITY or check.conclusion is not Conclusion.INDETERMINATE:
        return check
    leaf = use.certificate
    if use.judged_at < leaf.not_before:
        is_proven = use.judged_at < at and use.role == "signer"
        return Check.failed(check.id, SubIndication.NOT_YET_VALID, **check.params) if is_proven else check
    if use.judged_at <= leaf.not_after:
        return check
    if use.newer_than is not None and use.newer_than > leaf.not_after:
        return Check.failed(check.id, SubIndication.EXPIRED, **check.params)
    if status is not None and status.conclusion is _PASSED:
        return Check.indeterminate(check.id, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED, **check.params)
    return check


def _existence(
    path: Sequence[Certificate], proofs: ProofsOfExistence, policy: ValidationPolicy, unproven: Certificate | None
) -> Check:
    """Certificates that are leaned on in the past were there: before their issuer's key, or its algorithm, was lost."""
    if unproven is not None:
        return Check.indeterminate(EXISTENCE, SubIndication.NO_POE, certificate=unproven.subject.shown()[:300])
    for certificate in path[:-1]:
        algorithm = signature_algorithm_from_der(certificate.outer_algorithm)
        proven = proofs.time(certificate.sha256)
        named = algorithm.id if algorithm is not None else ""
        check = algorithm_check(EXISTENCE, algorithm, named=named, day=proven.date(), policy=policy)
        if check.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE:
            params = {**check.params, "certificate": certificate.subject.shown()[:300], "proven": proven.isoformat()}
            return Check.indeterminate(EXISTENCE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, **params)
    return _EXISTED


_EXISTED: Final = Check.passed(EXISTENCE)
