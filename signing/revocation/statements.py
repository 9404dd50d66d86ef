"""All that authentic evidence says on a certificate: answers and lists that came along, were given, or were fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, Literal

from signing.certificates import Certificate
from signing.errors import Malformed, SigningError
from signing.policy import ValidationPolicy
from signing.revocation.certificate_list import CertificateList, read_crl
from signing.revocation.crl_joining import crl_statements
from signing.revocation.judgement import judge_status, shown
from signing.revocation.ocsp import NO_CHECK, is_delegated, ocsp_statement
from signing.revocation.ocsp_response import NotSuccessfulError, read_ocsp
from signing.revocation.question import Question
from signing.revocation.statement import Origin, StatusStatement, TurnedAwayError, turned_away
from signing.trust_anchors import TrustAnchors
from signing.validation_data import NO_DATA, ValidationData
from signing.validation_report import Check, Conclusion

_MAX_EVIDENCE: Final = 256
_MAX_REFUSED: Final = 32
"""Pieces of evidence of one kind looked at, and turned away, for one certificate: more costs time to a stranger's wish."""
_MAX_ASKED: Final = 2
"""The certificate and the responder that speaks on it; a responder of the responder is not asked for in its turn."""

_Evidence = tuple[tuple[Origin, ValidationData], ...]


def statements_on(
    certificate: Certificate,
    issuer: Certificate,
    *,
    embedded: ValidationData = NO_DATA,
    given: ValidationData = NO_DATA,
    fetched: ValidationData = NO_DATA,
    candidates: Sequence[Certificate] = (),
    anchors: TrustAnchors,
    at: datetime,
    policy: ValidationPolicy,
) -> tuple[tuple[StatusStatement, ...], tuple[Check, ...]]:
    """Every authentic statement on `certificate`, whatever its time, and a check for each piece that was turned away.

    `issuer` is the certificate above it in its path. `at` (aware) is the time of validation: evidence of a later day is
    turned away. Evidence on other certificates is passed over in silence. The path of whoever signed the evidence is
    valid when it was signed; whether it still is, and whether its algorithm still is trusted, the caller asks. Raises
    SigningError signing.naive-time.
    """
    if at.tzinfo is None:
        raise SigningError("signing.naive-time")
    # what the caller knows is looked at first: a flood that came with the signature must not crowd it out
    evidence: _Evidence = (("given", given), ("fetched", fetched), ("embedded", embedded))
    came_along = tuple(
        found for _, material in evidence for der in material.certificates for found in _certificate(der)
    )
    question = Question(
        certificate=certificate,
        issuer=issuer,
        candidates=tuple(dict.fromkeys((*candidates, *came_along))),
        anchors=anchors,
        at=at,
        policy=policy,
    )
    return _statements(question, evidence, frozenset({certificate}))


def _certificate(der: bytes) -> Iterator[Certificate]:
    try:
        yield Certificate.from_der(der)
    except Malformed:
        return  # a bag is a source of certificates and of nothing else; its format is its owner's check


def _statements(
    question: Question, evidence: _Evidence, asked: frozenset[Certificate]
) -> tuple[tuple[StatusStatement, ...], tuple[Check, ...]]:
    statements: list[StatusStatement] = []
    refused: list[Check] = []
    for origin, der in _each(evidence, "ocsp"):
        if len(refused) >= _MAX_REFUSED:
            break
        try:
            statement = ocsp_statement(read_ocsp(der), question, origin)
            if statement is not None:
                _require_signer_in_force(statement, question, evidence, asked)
                statements.append(statement)
        except NotSuccessfulError as error:
            refused.append(turned_away("revocation.ocsp-status", error.status).check)
        except Malformed as error:
            refused.append(turned_away("revocation.evidence-format", error.code, kind="ocsp").check)
        except TurnedAwayError as error:
            refused.append(error.check)
    said, turned = _said_by_lists(question, evidence)
    refused += turned
    for statement in said:
        try:
            _require_signer_in_force(statement, question, evidence, asked)
            statements.append(statement)
        except TurnedAwayError as error:
            refused.append(error.check)
    return tuple(statements), tuple(dict.fromkeys(refused))


def _said_by_lists(question: Question, evidence: _Evidence) -> tuple[tuple[StatusStatement, ...], tuple[Check, ...]]:
    lists: list[tuple[CertificateList, Origin]] = []
    refused: list[Check] = []
    for origin, der in _each(evidence, "crl"):
        if len(refused) >= _MAX_REFUSED:
            break
        try:
            lists.append((read_crl(der), origin))
        except Malformed as error:
            refused.append(turned_away("revocation.evidence-format", error.code, kind="crl").check)
    statements, turned = crl_statements(lists, question)
    return statements, (*refused, *turned)


def _each(evidence: _Evidence, kind: Literal["ocsp", "crl"]) -> Iterator[tuple[Origin, bytes]]:
    """Each piece once; what came along too is said to have come along, whoever else gave it."""
    by_origin = [(origin, data.ocsp_responses if kind == "ocsp" else data.crls) for origin, data in evidence]
    came_along = frozenset(der for origin, ders in by_origin if origin == "embedded" for der in ders)
    seen: set[bytes] = set()
    for origin, ders in by_origin:
        for der in ders:
            if der not in seen and len(seen) < _MAX_EVIDENCE:
                seen.add(der)
                yield ("embedded" if der in came_along else origin), der


def _require_signer_in_force(
    statement: StatusStatement, question: Question, evidence: _Evidence, asked: frozenset[Certificate]
) -> None:
    """Whoever speaks in the issuer's place has a status of its own, asked for in the evidence.

    RFC 6960, 4.2.2.2.1 for a delegated responder, unless its certificate says nocheck; RFC 5280, 6.3.3 (f) for the
    issuer of a list. An anchor has none.
    """
    signer, path = statement.issuer_certificate, statement.issuer_path
    if not is_delegated(signer, question.issuer) or len(path) == 1:
        return
    check_id = "revocation.responder" if statement.kind == "ocsp" else "revocation.crl-issuer"
    if statement.kind == "ocsp" and signer.extension(NO_CHECK) is not None:
        return
    if signer not in asked and len(asked) < _MAX_ASKED:
        own = Question(
            certificate=signer,
            issuer=path[1],
            candidates=question.candidates,
            anchors=question.anchors,
            at=question.at,
            policy=question.policy,
        )
        said, _ = _statements(own, evidence, asked | {signer})
        # its own word on itself is no word
        said = tuple(each for each in said if each.issuer_certificate != signer)
        check, _ = judge_status(said, signer, at=statement.produced_at, policy=question.policy)
        if check.conclusion is Conclusion.PASSED:
            return
        if check.conclusion is Conclusion.FAILED:
            raise turned_away(check_id, "revoked", issuer=shown(signer))
    if not question.policy.accept_responder_without_nocheck:
        raise turned_away(check_id, "status unknown", issuer=shown(signer))
