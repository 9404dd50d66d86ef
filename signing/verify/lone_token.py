"""A time-stamp that lies in a file by itself: a token, or an authority's whole answer with one in it (RFC 3161).

1. an answer was granted and holds a token; the token reads; context;
2. everything `judge_token` asks of a token, the imprint against the content where it was given. Without it nothing is
   compared: the token then proves a time for its imprint, of which nobody has seen the content;
3. the authority's certificate, its path and status, at the validation time, as in a signature that nothing newer covers:
   nothing proves that the token is older. What the policy asks of the status of authorities is asked;
4. and the path as it was at genTime: no certificate of it began later (Rules 1187, items 4(1) and 5).

One token, one verdict: what would not stand as the newest time-stamp of a signature does not stand here.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from signing.errors import Malformed, SigningError
from signing.timestamp import judge_token, looks_like_response, read_token, token_in, unreadable_token
from signing.validation_report import Check, Conclusion, SubIndication
from signing.verify.certificate_status import StatusMaterial
from signing.verify.certificate_validation import validate_certificate
from signing.verify.evidence_report import (
    EvidenceValidation,
    TokenFacts,
    evidence_report,
    not_for_lack_of_patience,
    signature_of,
    when_made_check,
)
from signing.verify.lone_certificate import known_certificates
from signing.verify.signature import context_checks
from signing.verify.time_stamps import begun_check
from signing.verify.validation_time_sliding import Use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from signing.algorithms import DigestAlgorithm
    from signing.timestamp import TimeStampToken
    from signing.verify.context import Context

RESPONSE: Final = "timestamp.response"
CHECKS: Final = frozenset({RESPONSE})

_OF_THE_TOKEN: Final = frozenset(
    {
        "timestamp.format",
        "timestamp.imprint-algorithm",
        "timestamp.imprint",
        "timestamp.generated-at",
        "timestamp.accuracy",
        "timestamp.policy",
        "timestamp.extensions",
    }
)
"""What the token says; the other checks are those of the signature on it."""


def judge_time_stamp(der: bytes, content: Iterable[bytes] | None, context: Context) -> EvidenceValidation:
    """The verdict on one TimeStampToken or TimeStampResp; what `content` raises passes through."""
    checks = [*context_checks(context)]
    try:
        if looks_like_response(der):
            der = token_in(der)
            checks.append(Check.passed(RESPONSE))
        token = read_token(der, accept_ber=context.policy.accept_ber)
    except Malformed as error:
        checks.append(unreadable_token(error))
        return EvidenceValidation(report=evidence_report("time-stamp", context, checks), facts=None)
    except SigningError as error:
        told = ": ".join(error.params[each] for each in ("status", "failure", "words") if error.params.get(each))
        checks.append(Check.indeterminate(RESPONSE, SubIndication.TRY_LATER, **{**error.params, "answer": told}))
        return EvidenceValidation(report=evidence_report("time-stamp", context, checks), facts=None)
    known = known_certificates(context, token.embedded.certificates)
    made, authority = judge_token(token, _imprint(content), known, policy=context.policy, at=context.at)
    checks += [each for each in made if each.id in _OF_THE_TOKEN]
    signed = [each for each in made if each.id not in _OF_THE_TOKEN]
    judged = None
    if authority is not None:
        is_broken = any(check.conclusion is Conclusion.FAILED for check in made)
        material = StatusMaterial(context=context, embedded=token.embedded, candidates=known, may_ask=not is_broken)
        fresh_at = min(token.generated_at, context.at)
        use = Use(certificate=authority, role="authority", judged_at=context.at, fresh_at=fresh_at)
        judged = not_for_lack_of_patience(validate_certificate(use, None, material))
        signed += [
            begun_check(authority, token.generated_at),
            when_made_check(judged, token.generated_at, context.policy),
        ]
    signature = signature_of(
        "time-stamp",
        form="RFC 3161",
        signer=authority,
        value=token.signer.signature,
        covered="TSTInfo",
        checks=signed,
        judged=judged,
        context=context,
    )
    return EvidenceValidation(report=evidence_report("time-stamp", context, checks, [signature]), facts=_facts(token))


def _imprint(content: Iterable[bytes] | None) -> Callable[[DigestAlgorithm], bytes] | None:
    """The digest of the content, read in pieces when it is asked for; None where nobody gave it."""
    if content is None:
        return None

    def of_content(digest: DigestAlgorithm) -> bytes:
        state = digest.new()
        for chunk in content:
            state.update(chunk)
        return state.digest()

    return of_content


def _facts(token: TimeStampToken) -> TokenFacts:
    return TokenFacts(
        generated_at=token.generated_at,
        policy=token.policy,
        serial=token.serial,
        accuracy=token.accuracy.total_seconds() if token.accuracy is not None else None,
        imprint_algorithm=token.imprint_digest.id if token.imprint_digest is not None else token.imprint_oid,
        imprint=token.imprint.hex(),
        token=hashlib.sha256(token.der).hexdigest(),
    )
