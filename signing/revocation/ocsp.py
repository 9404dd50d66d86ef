"""What an OCSP answer says on a certificate, if it may speak: RFC 6960, 3.2 and 4.2.2.

Steps, each with its check:

1. the answer is about this certificate: serial, issuerNameHash and issuerKeyHash (revocation.certificate-id);
2. no critical extension that is not acted upon here (revocation.critical-extension);
3. its times are possible (revocation.times), and it was made while the certificate was kept in mind
   (revocation.lifetime);
4. the responder is the issuer itself or was directly issued by it for OCSPSigning (revocation.responder);
5. the signature: algorithm on the allow-list (revocation.algorithm), value (revocation.signature);
6. the responder has a path to an anchor, valid at producedAt (revocation.issuer-path).

Whether a delegated responder was itself revoked is asked by `statements`; the nonce is compared by `fetching`, which
alone knows the question.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from signing.algorithms import signature_algorithm_from_der, verify_signature
from signing.certificates import Certificate
from signing.errors import Malformed
from signing.revocation.judgement import shown
from signing.revocation.ocsp_request import issuer_hashes, key_hash
from signing.revocation.ocsp_response import OcspAnswer, SingleResponse, certificates_of
from signing.revocation.question import Question, path_of, require_algorithm, require_lifetime, require_times
from signing.revocation.statement import Origin, StatusStatement, TurnedAwayError, turned_away

OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
NO_CHECK: Final = "1.3.6.1.5.5.7.48.1.5"
"""id-pkix-ocsp-nocheck. Its value is not read: older national responders have an empty OCTET STRING in place of NULL."""

_WORST_FIRST: Final = ("revoked", "unknown", "good")


class _NotSignedError(Exception):
    """Carries "no" out of a cache that keeps only successes."""


def about(answer: OcspAnswer, certificate: Certificate, issuer: Certificate) -> SingleResponse | None:
    """Step 1: the response on this certificate; None when the answer does not mention its serial number at all.

    Raises TurnedAwayError when it mentions the serial number of another issuer's certificate only.
    """
    same_serial = [each for each in answer.responses if each.serial == certificate.serial]
    named = [each for each in same_serial if _is_about(each, certificate, issuer)]
    if same_serial and not named:
        raise turned_away("revocation.certificate-id", "another issuer", certificate=shown(certificate))
    # an answer that says two things of one certificate is believed in the worse
    return min(named, key=lambda each: _WORST_FIRST.index(each.status), default=None)


def _is_about(response: SingleResponse, certificate: Certificate, issuer: Certificate) -> bool:
    hashes = issuer_hashes(certificate, issuer, response.hash_algorithm)
    if hashes is None:
        raise turned_away("revocation.certificate-id", "hash not computed here", algorithm=response.hash_algorithm)
    return hashes == (response.name_hash, response.key_hash)


def ocsp_statement(answer: OcspAnswer, question: Question, origin: Origin) -> StatusStatement | None:
    """Steps 1 to 6; None when the answer is about other certificates, TurnedAwayError when it may not speak."""
    response = about(answer, question.certificate, question.issuer)
    if response is None:
        return None
    unknown = answer.unknown_critical or response.unknown_critical
    if unknown is not None:
        raise turned_away("revocation.critical-extension", unknown)
    require_times(question, response.this_update, response.next_update)
    if response.this_update - answer.produced_at > question.policy.clock_tolerance:
        raise turned_away("revocation.times", "producedAt before thisUpdate")
    if response.status == "good":
        require_lifetime(question, response.this_update, response.archive_cutoff)
    algorithm = require_algorithm(answer.algorithm, answer.produced_at, question.policy)
    responder, came_along = _signer(answer, question)
    path = path_of(question, responder, came_along, answer.produced_at)
    return StatusStatement(
        certificate=question.certificate,
        kind="ocsp",
        status=response.status,
        this_update=response.this_update,
        next_update=response.next_update,
        produced_at=answer.produced_at,
        revoked_at=response.revoked_at,
        reason=response.reason,
        invalidity_date=response.invalidity_date,
        issuer_certificate=responder,
        issuer_path=path,
        algorithm=algorithm,
        origin=origin,
        evidence=answer.sha256,
        der=answer.der,
    )


def is_delegated(responder: Certificate, issuer: Certificate) -> bool:
    """Whether `responder` answers in the issuer's place, not as the issuer itself."""
    return responder.public_key_info != issuer.public_key_info or responder.subject.key != issuer.subject.key


def _signer(answer: OcspAnswer, question: Question) -> tuple[Certificate, tuple[Certificate, ...]]:
    """Steps 4 and 5: whoever the answer names, is authorised, and whose key verifies it; and the answer's bag."""
    came_along = certificates_of(answer)
    named = [each for each in _responders(question, came_along) if is_named(answer, each)]
    if not named:
        raise turned_away("revocation.responder", "not found", named=_shown_responder(answer))
    last: TurnedAwayError | None = None
    for responder in named[: question.policy.max_candidates_per_issuer]:
        try:
            require_authorised(responder, question.issuer)
            _require_signature(answer, responder)
        except TurnedAwayError as error:
            last = last or error
        else:
            return responder, came_along
    raise last or turned_away("revocation.responder", "not found", named=_shown_responder(answer))


def _responders(question: Question, came_along: tuple[Certificate, ...]) -> Iterator[Certificate]:
    """The issuer first; then what came with the answer; then what came with the signature, for answers without."""
    yield from dict.fromkeys((question.issuer, *came_along, *question.candidates))


def is_named(answer: OcspAnswer, responder: Certificate) -> bool:
    """Whether it is whom the answer names, by name or by the hash of its key."""
    if answer.responder_name is not None:
        return answer.responder_name.key == responder.subject.key
    return answer.responder_key_hash is not None and answer.responder_key_hash == key_hash(responder)


def require_authorised(responder: Certificate, issuer: Certificate) -> None:
    """RFC 6960, 4.2.2.2: the issuer itself, or issued by its very key with OCSPSigning among its purposes."""
    if not is_delegated(responder, issuer):
        return
    if OCSP_SIGNING not in (responder.roles or ()):
        raise turned_away("revocation.responder", "no OCSPSigning", responder=shown(responder))
    if responder.key_usage is not None and responder.key_usage.isdisjoint({"digitalSignature", "nonRepudiation"}):
        raise turned_away("revocation.responder", "may not sign", responder=shown(responder))
    try:
        _issued_by(responder, issuer)
    except _NotSignedError as error:
        raise turned_away("revocation.responder", "issued by another", responder=shown(responder)) from error


@lru_cache(maxsize=1024)
def _issued_by(responder: Certificate, issuer: Certificate) -> None:
    try:
        algorithm = signature_algorithm_from_der(responder.outer_algorithm)
    except Malformed as error:
        raise _NotSignedError from error
    if (
        responder.issuer.key != issuer.subject.key
        or algorithm is None
        or not verify_signature(algorithm, issuer, responder.tbs, responder.signature, form="cms")
    ):
        raise _NotSignedError


def _require_signature(answer: OcspAnswer, responder: Certificate) -> None:
    if responder.public_key.weakness is not None:
        raise turned_away("revocation.signature", responder.public_key.weakness, responder=shown(responder))
    if not signs(answer, responder):
        raise turned_away("revocation.signature", "value", responder=shown(responder))


def signs(answer: OcspAnswer, responder: Certificate) -> bool:
    """Whether the responder's key, which is not weak, verifies the answer."""
    try:
        _signed_by(answer, responder)
    except _NotSignedError:
        return False
    return True


@lru_cache(maxsize=1024)
def _signed_by(answer: OcspAnswer, responder: Certificate) -> None:
    """Nothing or an exception: an answer is verified once while it is remembered, a forgery each time."""
    algorithm = signature_algorithm_from_der(answer.algorithm)
    if algorithm is None or not verify_signature(algorithm, responder, answer.tbs, answer.signature, form="cms"):
        raise _NotSignedError


def _shown_responder(answer: OcspAnswer) -> str:
    if answer.responder_name is not None:
        return answer.responder_name.shown()[:300]
    return (answer.responder_key_hash or b"").hex()
