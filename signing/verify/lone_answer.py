"""An OCSP answer that lies in a file by itself (RFC 6960, 3.2 and 4.2.2): may what it says be leaned on?

1. form: strict DER; the responder answered with a status at all; context; no critical extension that is not acted upon;
2. of each certificate it speaks on: times that are possible, and current at the validation time (without nextUpdate for
   `ocsp_window`); which authority issued it, found by the hashes of the CertID among the certificates that the caller
   knows or that came along. Of one certificate it says one thing;
3. the responder: whom the answer names, among the same; it is the issuer itself, or issued by the issuer's very key for
   OCSPSigning, for every certificate the answer speaks on. What came along is signed by nobody: of several certificates
   whose key verifies the first is taken that is authorised and whose path passes;
4. the signature: algorithm, value. A value that does not verify with the key that the answer names by its hash, with the
   issuer's own, or with that of a certificate that came along and is authorised, is broken: FAILED. With another one of
   that name it leaves the question open;
5. the responder's path to an anchor at the validation time and when the answer was made. Evidence at hand that a
   certificate of it was revoked counts. That there is none is said; of a responder without id-pkix-ocsp-nocheck it is
   taken or not by `accept_responder_without_nocheck`.

What the answer says, "revoked" included, changes nothing of the verdict on the answer. An issuer that came along and
leads to no anchor makes its responder a stranger: the path says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from signing.errors import Malformed
from signing.revocation import NEVER_ISSUED, is_current
from signing.revocation.ocsp import NO_CHECK, is_delegated, is_named, require_authorised, signs
from signing.revocation.ocsp_request import authority_hashes
from signing.revocation.ocsp_response import NotSuccessfulError, read_ocsp
from signing.revocation.statement import TurnedAwayError
from signing.validation_report import Check, Conclusion, SubIndication
from signing.verify.evidence_report import (
    AnsweredStatus,
    AnswerFacts,
    EvidenceValidation,
    evidence_algorithm,
    evidence_report,
    signature_of,
    when_made_check,
    worst_check,
)
from signing.verify.lone_certificate import known_certificates
from signing.verify.lone_list import best_of, judge_authority, stands
from signing.verify.signature import context_checks
from signing.verify.validation_time_sliding import STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from signing.certificates import Certificate, Name
    from signing.certificates.distinguished_name import NameKey
    from signing.policy import ValidationPolicy
    from signing.revocation.ocsp_response import OcspAnswer, SingleResponse
    from signing.verify.certificate_validation import CertificateValidation
    from signing.verify.context import Context

FORMAT: Final = "ocsp-answer.format"
RESPONSE_STATUS: Final = "ocsp-answer.response-status"
EXTENSIONS: Final = "ocsp-answer.extensions"
TIMES: Final = "ocsp-answer.times"
FRESHNESS: Final = "ocsp-answer.freshness"
CONSISTENT: Final = "ocsp-answer.consistent"
ISSUER: Final = "ocsp-answer.issuer"
RESPONDER: Final = "ocsp-answer.responder"
AUTHORISED: Final = "ocsp-answer.responder-authorised"
RESPONDER_STATUS: Final = "ocsp-answer.responder-status"
ALGORITHM: Final = "ocsp-answer.algorithm"
SIGNATURE: Final = "ocsp-answer.signature"
CHECKS: Final = frozenset(
    {
        FORMAT,
        RESPONSE_STATUS,
        EXTENSIONS,
        TIMES,
        FRESHNESS,
        CONSISTENT,
        ISSUER,
        RESPONDER,
        AUTHORISED,
        RESPONDER_STATUS,
        ALGORITHM,
        SIGNATURE,
    }
)

_PASSED, _FAILED = Conclusion.PASSED, Conclusion.FAILED
_Issuers = tuple[tuple["SingleResponse", "Certificate | None"], ...]


def judge_answer(der: bytes, context: Context) -> EvidenceValidation:
    """The verdict on one OCSPResponse or BasicOCSPResponse (DER). Never raises."""
    checks = [*context_checks(context)]
    try:
        answer = read_ocsp(der)
    except Malformed as error:
        checks.append(Check.unreadable(FORMAT, error))
        return EvidenceValidation(report=evidence_report("ocsp", context, checks), facts=None)
    except NotSuccessfulError as error:
        refused = Check.indeterminate(RESPONSE_STATUS, SubIndication.TRY_LATER, status=error.status)
        checks += [Check.passed(FORMAT), refused]
        return EvidenceValidation(report=evidence_report("ocsp", context, checks), facts=None)
    known = known_certificates(context, answer.certificates)
    issuers = _issuers(answer, known)
    checks += [
        Check.passed(FORMAT),
        Check.passed(RESPONSE_STATUS, status="successful"),
        _extensions(answer),
        worst_check([_times(answer, each, context) for each in answer.responses]),
        *(_freshness(each, context) for each in answer.responses),
        _consistent(issuers),
    ]
    signed, responder = _signed(answer, issuers, known, context)
    judged = None
    if responder is not None:
        is_broken = any(check.conclusion is _FAILED for check in (*checks, *signed))
        judged = judge_authority(responder, known, context, may_ask=not is_broken)
        signed += _responder_status(responder, issuers, judged, context.policy)
        signed.append(when_made_check(judged, answer.produced_at, context.policy))
    signature = signature_of(
        "ocsp",
        form="OCSP",
        signer=responder,
        value=answer.signature,
        covered="tbsResponseData",
        checks=signed,
        judged=judged,
        context=context,
    )
    facts = AnswerFacts(
        produced_at=answer.produced_at, statuses=tuple(_answered(each, issuer) for each, issuer in issuers)
    )
    return EvidenceValidation(report=evidence_report("ocsp", context, checks, [signature]), facts=facts)


# --- 1, 2 ----------------------------------------------------------------------------------------------------------
def _extensions(answer: OcspAnswer) -> Check:
    unknown = answer.unknown_critical or next(
        (each.unknown_critical for each in answer.responses if each.unknown_critical is not None), None
    )
    if unknown is not None:
        return Check.indeterminate(EXTENSIONS, SubIndication.SIG_CONSTRAINTS_FAILURE, extension=unknown)
    return Check.passed(EXTENSIONS)


def _times(answer: OcspAnswer, response: SingleResponse, context: Context) -> Check:
    tolerance = context.policy.clock_tolerance
    stated = {
        "serial": f"{response.serial:x}",
        "produced_at": answer.produced_at.isoformat(),
        "this_update": response.this_update.isoformat(),
    }
    if response.next_update is not None and response.next_update < response.this_update:
        return Check.failed(
            TIMES, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="nextUpdate before thisUpdate", **stated
        )
    if response.this_update - answer.produced_at > tolerance:
        return Check.failed(
            TIMES, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="producedAt before thisUpdate", **stated
        )
    if max(response.this_update, answer.produced_at) - context.at > tolerance:
        return Check.indeterminate(TIMES, SubIndication.TRY_LATER, reason="in the future", **stated)
    return Check.passed(TIMES, **stated)


def _freshness(response: SingleResponse, context: Context) -> Check:
    """What is said, and whether it still is at the validation time: one check for each certificate."""
    stated = {
        "serial": f"{response.serial:x}",
        "status": _status_of(response),
        "this_update": response.this_update.isoformat(),
        "at": context.at.isoformat(),
    }
    if response.next_update is not None:
        stated["next_update"] = response.next_update.isoformat()
    if response.revoked_at is not None:
        stated |= {"revoked_at": response.revoked_at.isoformat(), "revocation": response.reason or "unspecified"}
    if is_current("ocsp", response.this_update, response.next_update, at=context.at, policy=context.policy):
        return Check.passed(FRESHNESS, **stated)
    return Check.indeterminate(FRESHNESS, SubIndication.TRY_LATER, reason="not fresh", **stated)


def _consistent(issuers: _Issuers) -> Check:
    """Whether it says one thing of one certificate, whatever hash names the issuer; where it does not, nothing follows."""
    said: dict[tuple[object, int], str] = {}
    for response, issuer in issuers:
        authority = (response.hash_algorithm, response.name_hash, response.key_hash)
        status = _status_of(response)
        first = said.setdefault((issuer or authority, response.serial), status)
        if first != status:
            return Check.indeterminate(
                CONSISTENT,
                SubIndication.SIG_CONSTRAINTS_FAILURE,
                serial=f"{response.serial:x}",
                statuses=f"{first}, {status}",
            )
    return Check.passed(CONSISTENT)


def _status_of(response: SingleResponse) -> str:
    return "never issued" if response.reason == NEVER_ISSUED else response.status


def _answered(response: SingleResponse, issuer: Certificate | None) -> AnsweredStatus:
    is_never_issued = response.reason == NEVER_ISSUED
    return AnsweredStatus(
        serial=response.serial,
        issuer=issuer.subject.shown() if issuer is not None else None,
        status="never issued" if is_never_issued else response.status,
        revoked_at=response.revoked_at,
        reason=None if is_never_issued else response.reason,
        this_update=response.this_update,
        next_update=response.next_update,
    )


def _issuers(answer: OcspAnswer, known: Sequence[Certificate]) -> _Issuers:
    """The authority that each CertID names: by the hash of its key, and of its name as it or what it issued writes it."""
    written: dict[NameKey, set[Name]] = {}
    for each in known:
        written.setdefault(each.issuer.key, set()).add(each.issuer)
    named = [
        (name, authority)
        for authority in known
        if authority.is_ca
        for name in sorted(written.get(authority.subject.key, set()) | {authority.subject}, key=lambda name: name.der)
    ]
    by_hash: dict[str, dict[tuple[bytes, bytes] | None, Certificate]] = {}
    for digest in dict.fromkeys(each.hash_algorithm for each in answer.responses):
        # the first of equal ones: whom the caller knows stands before what came along
        by_hash[digest] = {authority_hashes(*pair, digest): pair[1] for pair in reversed(named)}
    return tuple((each, by_hash[each.hash_algorithm].get((each.name_hash, each.key_hash))) for each in answer.responses)


# --- 3, 4 ----------------------------------------------------------------------------------------------------------
def _signed(
    answer: OcspAnswer, issuers: _Issuers, known: Sequence[Certificate], context: Context
) -> tuple[list[Check], Certificate | None]:
    """The checks, and the responder whose key verifies the answer."""
    checks = [worst_check([_issuer(response, issuer) for response, issuer in issuers])]
    algorithm, trusted = evidence_algorithm(ALGORITHM, answer.algorithm, answer.produced_at.date(), context.policy)
    named = [each for each in known if is_named(answer, each)]
    shown = _shown(answer)
    if not named:
        absent = Check.indeterminate(
            RESPONDER, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, reason="not known", responder=shown
        )
        return [*checks, absent, trusted, Check.not_performed(SIGNATURE, reason="responder not known")], None
    checks += [Check.passed(RESPONDER, responder=shown), trusted]
    if algorithm is None:
        return [*checks, Check.not_performed(SIGNATURE, reason="algorithm")], None
    own = list(dict.fromkeys(issuer for _, issuer in issuers if issuer is not None))
    verifying = [
        each
        for each in _in_order(answer, named, own, context.policy)
        if each.public_key.weakness is None and signs(answer, each)
    ]
    if verifying:
        responder = best_of(verifying, lambda each: _refusal(each, own) is None, known, context)
        checks.append(Check.passed(SIGNATURE, algorithm=algorithm.id))
        checks.append(_authorised(responder, own, known, context))
        return checks, responder
    weak = next((each.public_key.weakness for each in named if each.public_key.weakness is not None), None)
    if weak is not None:
        checks.append(Check.indeterminate(SIGNATURE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, reason=weak))
    elif _is_meant(answer, named, own):
        checks.append(Check.failed(SIGNATURE, SubIndication.SIG_CRYPTO_FAILURE, reason="value", algorithm=algorithm.id))
    else:
        checks.append(
            Check.indeterminate(
                SIGNATURE,
                SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
                reason="key not named",
                algorithm=algorithm.id,
            )
        )
    return checks, None


def _in_order(
    answer: OcspAnswer, named: Sequence[Certificate], own: Sequence[Certificate], policy: ValidationPolicy
) -> Sequence[Certificate]:
    """Those of one name to try: the issuers themselves and what they seem to have issued first. All that came along are
    tried, which are few: nothing signs the order they stand in.
    """
    names = {issuer.subject.key for issuer in own}
    ordered = sorted(named, key=lambda each: each not in own and each.issuer.key not in names)
    came_along = frozenset(answer.certificates)
    others = [each for each in ordered if each.der not in came_along][: policy.max_candidates_per_issuer]
    return [each for each in ordered if each.der in came_along or each in others]


def _is_meant(answer: OcspAnswer, named: Sequence[Certificate], own: Sequence[Certificate]) -> bool:
    """Whether the key is beyond doubt that the answer should verify with: it is named by its hash, it is the issuer's
    own, or the issuer itself says that the certificate that came along answers for it.
    """
    if answer.responder_key_hash is not None or any(each in own for each in named):
        return True
    return any(each.der in answer.certificates and own and _refusal(each, own) is None for each in named)


def _issuer(response: SingleResponse, issuer: Certificate | None) -> Check:
    serial = f"{response.serial:x}"
    if issuer is None:
        return Check.indeterminate(
            ISSUER, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, serial=serial, key_hash=response.key_hash.hex()
        )
    return Check.passed(ISSUER, serial=serial, issuer=issuer.subject.shown()[:300])


def _refusal(responder: Certificate, own: Sequence[Certificate]) -> str | None:
    """Why it may not answer for one of these issuers (RFC 6960, 4.2.2.2)."""
    for issuer in own:
        try:
            require_authorised(responder, issuer)
        except TurnedAwayError as error:
            return error.check.params["reason"]
    return None


def _authorised(
    responder: Certificate, own: Sequence[Certificate], known: Sequence[Certificate], context: Context
) -> Check:
    """A breach is final for a certificate that stands: its authority said what its key is for. One that leads nowhere
    anybody could have written round that key, and put it beside a genuine answer.
    """
    if not own:
        return Check.not_performed(AUTHORISED, reason="issuer not known")
    reason, shown = _refusal(responder, own), responder.subject.shown()[:300]
    if reason is None:
        return Check.passed(AUTHORISED, responder=shown)
    if stands(responder, known, context):
        return Check.failed(AUTHORISED, SubIndication.SIG_CONSTRAINTS_FAILURE, reason=reason, responder=shown)
    return Check.indeterminate(AUTHORISED, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, reason=reason, responder=shown)


def _shown(answer: OcspAnswer) -> str:
    if answer.responder_name is not None:
        return answer.responder_name.shown()[:300]
    return (answer.responder_key_hash or b"").hex()


# --- 5 -------------------------------------------------------------------------------------------------------------
def _responder_status(
    responder: Certificate, issuers: _Issuers, judged: CertificateValidation, policy: ValidationPolicy
) -> Iterator[Check]:
    """What is known of the responder's own status where it answers in somebody's place."""
    if not any(issuer is not None and is_delegated(responder, issuer) for _, issuer in issuers):
        return
    shown = responder.subject.shown()[:300]
    told = [each for each in judged.checks if each.id == STATUS and each.params.get("certificate") == shown]
    if any(each.conclusion is not Conclusion.NOT_PERFORMED for each in told):
        return
    if responder.extension(NO_CHECK) is not None:
        yield Check.passed(RESPONDER_STATUS, responder=shown, reason="nocheck")
    elif policy.accept_responder_without_nocheck:
        yield Check.not_performed(RESPONDER_STATUS, responder=shown, reason="not known")
    else:
        yield Check.indeterminate(RESPONDER_STATUS, SubIndication.TRY_LATER, responder=shown, reason="not known")
