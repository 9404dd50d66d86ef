"""A list of revoked certificates that lies in a file by itself (RFC 5280, 5 and 6.3.3 (f), (g)): may it be leaned on?

1. form: strict round the entries; context;
2. what makes a list usable for anybody: a number, not critical, and no critical extension that is not acted upon;
3. its times: possible, and current at the validation time. A list without nextUpdate is current for nothing;
4. its signer: an authority that the caller knows, by name and key identifier, whose key verifies the list and that may
   sign lists. A value that does not verify with the key that the list itself names, and an anchor vouches for, is broken:
   FAILED;
5. the signer's path to an anchor at the validation time and when the list was made. Evidence at hand that an authority
   of it was revoked counts; that there is none is said (NOT_PERFORMED): it is asked for by whoever leans on the list
   for a certificate;
6. the entries: their outline, and what binds all of them. They are counted when the signature is verified.

A delta CRL, and a list for some reasons or some certificates, is good evidence of what it is: the facts say so, and
`revocation` never takes it for more.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from signing.errors import Malformed
from signing.revocation import is_current
from signing.revocation.certificate_list import read_crl
from signing.revocation.crl import may_sign
from signing.revocation.crl_index import UnknownCriticalError
from signing.revocation.extensions import ALL_REASONS
from signing.validation_data import NO_DATA
from signing.validation_report import Check, Conclusion, Indication, SubIndication, conclude
from signing.verify.certificate_status import StatusMaterial
from signing.verify.certificate_validation import CertificateValidation, validate_certificate
from signing.verify.evidence_report import (
    EvidenceValidation,
    ListFacts,
    evidence_algorithm,
    evidence_report,
    not_for_lack_of_patience,
    signature_of,
    when_made_check,
)
from signing.verify.lone_certificate import is_vouched_for, known_certificates
from signing.verify.signature import context_checks
from signing.verify.validation_time_sliding import Use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from signing.certificates import Certificate
    from signing.policy import ValidationPolicy
    from signing.revocation.certificate_list import CertificateList
    from signing.verify.context import Context
    from signing.verify.evidence_report import ListScope

FORMAT: Final = "revocation-list.format"
NUMBER: Final = "revocation-list.number"
EXTENSIONS: Final = "revocation-list.extensions"
TIMES: Final = "revocation-list.times"
FRESHNESS: Final = "revocation-list.freshness"
ENTRIES: Final = "revocation-list.entries"
ISSUER: Final = "revocation-list.issuer"
MAY_SIGN: Final = "revocation-list.issuer-purpose"
ALGORITHM: Final = "revocation-list.algorithm"
SIGNATURE: Final = "revocation-list.signature"
CHECKS: Final = frozenset(
    {FORMAT, NUMBER, EXTENSIONS, TIMES, FRESHNESS, ENTRIES, ISSUER, MAY_SIGN, ALGORITHM, SIGNATURE}
)

_REASONS: Final = {
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: "certificateHold",
    7: "privilegeWithdrawn",
    8: "aACompromise",
}
"""ReasonFlags (RFC 5280, 4.2.1.13)."""


def judge_list(der: bytes, context: Context) -> EvidenceValidation:
    """The verdict on one CertificateList (DER). Never raises."""
    checks = [*context_checks(context)]
    try:
        crl = read_crl(der)
    except Malformed as error:
        checks.append(Check.unreadable(FORMAT, error))
        return EvidenceValidation(report=evidence_report("crl", context, checks), facts=None)
    checks += [Check.passed(FORMAT), _number(crl), _extensions(crl), *_times(crl, context)]
    known = known_certificates(context)
    signed, signer = _signed(crl, known, context)
    judged = None
    if signer is not None:
        is_broken = any(check.conclusion is Conclusion.FAILED for check in (*checks, *signed))
        judged = judge_authority(signer, known, context, may_ask=not is_broken)
        signed.append(when_made_check(judged, crl.this_update, context.policy))
    entries, count = _entries(crl, is_signed=signer is not None)
    checks.append(entries)
    signature = signature_of(
        "crl",
        form="CRL",
        signer=signer,
        value=crl.signature,
        covered="tbsCertList",
        checks=signed,
        judged=judged,
        context=context,
    )
    return EvidenceValidation(report=evidence_report("crl", context, checks, [signature]), facts=_facts(crl, count))


def judge_authority(
    authority: Certificate, known: Sequence[Certificate], context: Context, *, may_ask: bool
) -> CertificateValidation:
    """The path of whoever signed evidence, at the validation time; what evidence at hand says against it counts."""
    welcome = replace(context, policy=_welcome(context.policy))
    material = StatusMaterial(context=welcome, embedded=NO_DATA, candidates=tuple(known), may_ask=may_ask)
    use = Use(certificate=authority, role="authority", judged_at=context.at, fresh_at=context.at)
    return not_for_lack_of_patience(validate_certificate(use, None, material))


def stands(authority: Certificate, known: Sequence[Certificate], context: Context) -> bool:
    """Whether its path passes by what is at hand; nobody is asked."""
    return conclude(judge_authority(authority, known, context, may_ask=False).checks)[0] is Indication.TOTAL_PASSED


def best_of(
    verifying: Sequence[Certificate],
    may: Callable[[Certificate], bool],
    known: Sequence[Certificate],
    context: Context,
) -> Certificate:
    """Whom to take of those whose one key verifies: an authority that renews its certificate has several of one key,
    and anybody can write one more. The first that may sign and whose path passes; else the first that may; else the
    first whose path passes: what its authority wrote of it counts.
    """
    if len(verifying) == 1:
        return verifying[0]
    fit = [each for each in verifying if may(each)]
    wanted = fit or list(verifying)
    return next((each for each in wanted if stands(each, known, context)), wanted[0])


@lru_cache(maxsize=64)
def _welcome(policy: ValidationPolicy) -> ValidationPolicy:
    """The same policy, to which a status of authorities is welcome and which does not demand one (step 5)."""
    return replace(policy, timestamp_authority_revocation="if-any")


def _number(crl: CertificateList) -> Check:
    if crl.number is None or crl.number_is_critical:
        reason = "missing" if crl.number is None else "critical"
        return Check.indeterminate(NUMBER, SubIndication.SIG_CONSTRAINTS_FAILURE, reason=reason)
    return Check.passed(NUMBER, number=str(crl.number))


def _extensions(crl: CertificateList) -> Check:
    if crl.unknown_critical is not None:
        return Check.indeterminate(EXTENSIONS, SubIndication.SIG_CONSTRAINTS_FAILURE, extension=crl.unknown_critical)
    return Check.passed(EXTENSIONS)


def _times(crl: CertificateList, context: Context) -> Iterator[Check]:
    """Step 3."""
    at, policy = context.at, context.policy
    stated = {"this_update": crl.this_update.isoformat()}
    if crl.next_update is not None:
        stated["next_update"] = crl.next_update.isoformat()
    if crl.this_update - at > policy.clock_tolerance:
        yield Check.indeterminate(TIMES, SubIndication.TRY_LATER, reason="in the future", **stated)
    elif crl.next_update is not None and crl.next_update < crl.this_update:
        yield Check.failed(
            TIMES, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="nextUpdate before thisUpdate", **stated
        )
    else:
        yield Check.passed(TIMES, **stated)
    if is_current("crl", crl.this_update, crl.next_update, at=at, policy=policy):
        yield Check.passed(FRESHNESS, at=at.isoformat(), **stated)
    else:
        reason = "no nextUpdate" if crl.next_update is None else "not fresh"
        yield Check.indeterminate(FRESHNESS, SubIndication.TRY_LATER, reason=reason, at=at.isoformat(), **stated)


def _signed(
    crl: CertificateList, known: Sequence[Certificate], context: Context
) -> tuple[list[Check], Certificate | None]:
    """Step 4: the checks, and the authority whose key verifies the list."""
    algorithm, trusted = evidence_algorithm(ALGORITHM, crl.algorithm, crl.this_update.date(), context.policy)
    shown = crl.issuer.shown()[:300]
    fitting = [each for each in known if each.subject.key == crl.issuer.key and _may_be_meant(each, crl)]
    if not fitting:
        absent = Check.indeterminate(ISSUER, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, issuer=shown, reason="not known")
        return [absent, trusted, Check.not_performed(SIGNATURE, reason="issuer not known")], None
    if algorithm is None:
        return [Check.passed(ISSUER, issuer=shown), trusted, Check.not_performed(SIGNATURE, reason="algorithm")], None
    verifying = [
        each
        for each in fitting[: context.policy.max_candidates_per_issuer]
        if each.public_key.weakness is None and crl.is_signed_by(each)
    ]
    if verifying:
        authority = best_of(verifying, lambda each: may_sign(crl, each), known, context)
        verified = Check.passed(SIGNATURE, algorithm=algorithm.id)
        purpose = _may_sign(crl, authority, known, context)
        return [Check.passed(ISSUER, issuer=shown), trusted, verified, purpose], authority
    weak = next((each.public_key.weakness for each in fitting if each.public_key.weakness is not None), None)
    if weak is not None:
        checked = Check.indeterminate(SIGNATURE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, reason=weak)
    elif any(
        crl.authority_key_id is not None
        and crl.authority_key_id == each.subject_key_id
        and is_vouched_for(each, known, context)
        for each in fitting
    ):
        checked = Check.failed(SIGNATURE, SubIndication.SIG_CRYPTO_FAILURE, reason="value", algorithm=algorithm.id)
    else:
        # of that name alone: another key of the authority may have signed
        checked = Check.indeterminate(
            SIGNATURE, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, reason="key not named", algorithm=algorithm.id
        )
    return [Check.passed(ISSUER, issuer=shown), trusted, checked], None


def _may_be_meant(authority: Certificate, crl: CertificateList) -> bool:
    return crl.authority_key_id is None or authority.subject_key_id in (None, crl.authority_key_id)


def _may_sign(crl: CertificateList, authority: Certificate, known: Sequence[Certificate], context: Context) -> Check:
    """A certificate that leads nowhere says nothing of what its key may do: anybody could have written it."""
    if may_sign(crl, authority):
        return Check.passed(MAY_SIGN)
    issuer = authority.subject.shown()[:300]
    if stands(authority, known, context):
        return Check.failed(MAY_SIGN, SubIndication.SIG_CONSTRAINTS_FAILURE, issuer=issuer)
    return Check.indeterminate(MAY_SIGN, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, issuer=issuer)


def _entries(crl: CertificateList, *, is_signed: bool) -> tuple[Check, int | None]:
    """Step 6. An index is built from what an authority wrote, never from what a stranger did."""
    if not is_signed:
        return Check.not_performed(ENTRIES, reason="signature"), None
    try:
        count = len(crl.index())
    except UnknownCriticalError as error:
        return Check.indeterminate(ENTRIES, SubIndication.SIG_CONSTRAINTS_FAILURE, extension=error.oid), None
    except Malformed as error:
        return Check.unreadable(ENTRIES, error), None
    return Check.passed(ENTRIES, entries=str(count)), count


def _facts(crl: CertificateList, entries: int | None) -> ListFacts:
    scope: ListScope = "everything"
    if crl.scope.user_certificates_only:
        scope = "end entities"
    elif crl.scope.authority_certificates_only:
        scope = "authorities"
    elif crl.scope.attribute_certificates_only:
        scope = "attribute certificates"
    reasons = crl.scope.reasons
    return ListFacts(
        issuer=crl.issuer.shown(),
        this_update=crl.this_update,
        next_update=crl.next_update,
        number=crl.number,
        base_number=crl.base_number,
        entries=entries,
        scope=scope,
        reasons=None if reasons == ALL_REASONS else tuple(_REASONS[each] for each in sorted(reasons)),
        is_indirect=crl.scope.indirect,
        distribution_points=crl.scope.shown_names,
    )
