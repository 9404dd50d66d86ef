"""A certificate that lies in a file by itself (RFC 5280, 6; EN 319 102-1, 5.2.6): is it good at the validation time?

1. form; context (policy and anchors fit);
2. who signed it: the issuer that its path leads over; for a certificate that names itself its issuer, its own key; where
   no path was found, an issuer known by name and key identifier. With the key of one that an anchor vouches for, a
   value that does not verify is broken whoever else might be found: FAILED;
3. path to an anchor at the validation time with every check on it, and the status of each certificate of it, as of a
   signer's certificate: `certificate_validation`.

An anchor has no issuer to vouch for it. It is TOTAL-PASSED only as what it says it is: its own signature verifies (that
of its older key, where it names one), by `anchor_validity` it is valid at the validation time, and no evidence of its
own calls it revoked. What a certificate is for (key usage, roles) is shown and not
judged: nothing was signed with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from signing.algorithms import algorithm_identifier, verify_signature
from signing.certificates import Certificate
from signing.certification_path import validate_path
from signing.errors import Malformed
from signing.revocation.question import for_issuers
from signing.validation_data import NO_DATA
from signing.validation_report import Check, Conclusion, SubIndication
from signing.verify.certificate_status import MAX_CERTIFICATES, StatusMaterial, readable
from signing.verify.certificate_validation import validate_certificate
from signing.verify.cryptographic_verification import signature_value_check
from signing.verify.evidence_report import (
    EvidenceValidation,
    LoneCertificateFacts,
    evidence_algorithm,
    evidence_report,
    not_for_lack_of_patience,
)
from signing.verify.signature import context_checks
from signing.verify.validation_time_sliding import Use

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from signing.verify.context import Context

FORMAT: Final = "certificate.format"
SIGNATURE: Final = "certificate.signature"
SELF_SIGNATURE: Final = "certificate.self-signature"
ANCHOR_STATUS: Final = "certificate.anchor-status"
CHECKS: Final = frozenset({FORMAT, SIGNATURE, SELF_SIGNATURE, ANCHOR_STATUS})


def judge_certificate(der: bytes, context: Context) -> EvidenceValidation:
    """The verdict on one certificate (DER). Never raises."""
    checks = [*context_checks(context)]
    try:
        certificate = Certificate.from_der(der)
    except Malformed as error:
        checks.append(Check.unreadable(FORMAT, error))
        return EvidenceValidation(report=evidence_report("certificate", context, checks), facts=None)
    known = known_certificates(context)
    material = StatusMaterial(context=context, embedded=NO_DATA, candidates=known)
    use = Use(certificate=certificate, role="signer", judged_at=context.at, fresh_at=context.at)
    signed = _named_signature(certificate, known, context)
    material.may_ask = signed is None or signed.conclusion is not Conclusion.FAILED
    judged = not_for_lack_of_patience(validate_certificate(use, None, material))
    checks += [Check.passed(FORMAT), *_signature(certificate, judged.path, signed, known, context), *judged.checks]
    checks += _anchor_status(certificate, judged.path, material)
    facts = LoneCertificateFacts(
        certificate=certificate.facts(),
        is_authority=certificate.is_ca,
        is_anchor=certificate.der in context.anchors.certificates,
        path=judged.facts,
        revocation=judged.revocation,
    )
    return EvidenceValidation(report=evidence_report("certificate", context, checks), facts=facts)


def known_certificates(context: Context, came_along: Sequence[bytes] = ()) -> tuple[Certificate, ...]:
    """Whom the caller knows: anchors, intermediates, certificates given; then those that came along, which are only a
    source.
    """
    anchors = context.anchors
    trusted = (*anchors.certificates, *anchors.intermediates)
    others = (*context.data.certificates, *came_along)[:MAX_CERTIFICATES]
    return tuple(dict.fromkeys(readable((*trusted, *others))))


def is_vouched_for(authority: Certificate, known: Sequence[Certificate], context: Context) -> bool:
    """Whether what it says of its own name and key may be held against others: it is of the set of anchors, or a path
    leads from it to an anchor. Into any other certificate anybody writes the name and key identifier of an authority.
    """
    anchors = context.anchors
    if authority.der in anchors.certificates or authority.der in anchors.intermediates:
        return True
    return bool(validate_path(authority, known, anchors, at=context.at, policy=for_issuers(context.policy)).path)


def _signature(
    certificate: Certificate,
    path: Sequence[Certificate],
    signed: Check | None,
    known: Sequence[Certificate],
    context: Context,
) -> Iterator[Check]:
    """Step 2."""
    if len(path) > 1:
        algorithm, _ = evidence_algorithm(SIGNATURE, certificate.outer_algorithm, context.at.date(), context.policy)
        named = algorithm.id if algorithm is not None else algorithm_identifier(certificate.outer_algorithm)[0]
        yield Check.passed(SIGNATURE, issuer=path[1].subject.shown()[:300], algorithm=named)
        return
    if certificate.is_self_issued:
        yield _self_signature(certificate, known, context, is_anchor=bool(path))
    elif path:
        # an anchor by the caller's word whose issuer did not vouch for it here
        yield Check.indeterminate(
            SELF_SIGNATURE,
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
            reason="issued by another",
            issuer=certificate.issuer.shown()[:300],
        )
    elif signed is not None:
        yield signed
    else:
        yield Check.not_performed(SIGNATURE, reason="issuer not known", issuer=certificate.issuer.shown()[:300])


def _named_signature(certificate: Certificate, known: Sequence[Certificate], context: Context) -> Check | None:
    """Whether a known issuer, named by name and key identifier, signed it; None where there is none or it cannot be told."""
    algorithm, _ = evidence_algorithm(SIGNATURE, certificate.outer_algorithm, context.at.date(), context.policy)
    if algorithm is None or certificate.authority_key_id is None:
        return None
    named = [
        each
        for each in known
        if each.subject.key == certificate.issuer.key
        and each.subject_key_id == certificate.authority_key_id
        and each.public_key.type == algorithm.key_type
        and each.public_key.weakness is None
    ]
    for issuer in named[: context.policy.max_candidates_per_issuer]:
        if verify_signature(algorithm, issuer, certificate.tbs, certificate.signature, form="cms"):
            return Check.passed(SIGNATURE, issuer=issuer.subject.shown()[:300], algorithm=algorithm.id)
    vouched_for = [each for each in named if is_vouched_for(each, known, context)]
    if not vouched_for:
        return None
    return Check.failed(
        SIGNATURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        issuer=vouched_for[0].subject.shown()[:300],
        algorithm=algorithm.id,
        reason="value",
    )


def _self_signature(
    certificate: Certificate, known: Sequence[Certificate], context: Context, *, is_anchor: bool
) -> Check:
    algorithm, check = evidence_algorithm(
        SELF_SIGNATURE, certificate.outer_algorithm, context.at.date(), context.policy
    )
    if algorithm is None:
        return check
    check = signature_value_check(
        SELF_SIGNATURE, algorithm, certificate, certificate.tbs, certificate.signature, form="cms"
    )
    if check.conclusion is not Conclusion.FAILED:
        return check
    # an authority's new key certified by its old one bears one name twice (RFC 5280, 3.2)
    named, own = certificate.authority_key_id, certificate.subject_key_id
    if (named is None and is_anchor) or (named is not None and named == own):
        return check
    for older in known:
        if (
            named is not None
            and older.subject.key == certificate.issuer.key
            and older.subject_key_id == named
            and is_vouched_for(older, known, context)
            and verify_signature(algorithm, older, certificate.tbs, certificate.signature, form="cms")
        ):
            return Check.passed(SELF_SIGNATURE, algorithm=algorithm.id, issuer=older.subject.shown()[:300])
    return Check.indeterminate(SELF_SIGNATURE, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, **check.params)


def _anchor_status(certificate: Certificate, path: Sequence[Certificate], material: StatusMaterial) -> Iterator[Check]:
    """What evidence at hand, signed by the anchor itself, says against it. Nobody can revoke an anchor but whoever
    trusts it: it is said, and decided by no program.
    """
    if len(path) != 1 or not certificate.is_self_issued:
        return
    for each in material.on(certificate, certificate)[0]:
        if each.status == "revoked" and each.revoked_from is not None:
            yield Check.indeterminate(
                ANCHOR_STATUS,
                SubIndication.REVOKED_NO_POE,
                certificate=certificate.subject.shown()[:300],
                revoked_at=each.revoked_from.isoformat(),
                evidence=each.evidence,
            )
            return
