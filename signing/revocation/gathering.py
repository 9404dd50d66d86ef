"""What a signature of level B-LT carries so that its certificates can be judged with no network: path and status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from signing.certificates import Certificate
from signing.errors import SigningError
from signing.fetcher import Fetcher
from signing.policy import ValidationPolicy
from signing.revocation.fetching import fetch_status
from signing.revocation.judgement import judge_status, shown
from signing.revocation.ocsp import NO_CHECK, is_delegated
from signing.revocation.statement import StatusStatement
from signing.revocation.statements import statements_on
from signing.trust_anchors import TrustAnchors
from signing.validation_data import NO_DATA, ValidationData
from signing.validation_report import Check, Conclusion


def gather(
    path: Sequence[Certificate],
    *,
    candidates: Sequence[Certificate] = (),
    anchors: TrustAnchors,
    given: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
    at: datetime,
    policy: ValidationPolicy,
    nonces: Iterator[bytes] | None = None,
) -> ValidationData:
    """Certificates and evidence of status for every certificate of `path` (signer first, anchor last) but the anchor.

    What is `given` is used where it is good at `at` (aware); only the rest is fetched. The certificates of the path and
    of whoever signed the evidence come along, anchors left out. `nonces` gives 1 to 32 random octets for each OCSP
    question. Raises SigningError signing.certificate-revoked, and signing.status-unavailable when no good status could
    be had; both name the certificate.
    """
    search = _Search(path, candidates, anchors, given, fetcher, at, policy, nonces)
    for certificate, issuer in pairwise(path):
        search.require(certificate, issuer)
    return search.data()


class _Search:
    """One gathering: what is at hand, and what was found good."""

    def __init__(  # noqa: PLR0917 - the arguments of gather, in their order
        self,
        path: Sequence[Certificate],
        candidates: Sequence[Certificate],
        anchors: TrustAnchors,
        given: ValidationData,
        fetcher: Fetcher | None,
        at: datetime,
        policy: ValidationPolicy,
        nonces: Iterator[bytes] | None,
    ) -> None:
        self._path, self._candidates, self._anchors = tuple(path), (*path, *candidates), anchors
        self._given, self._fetcher, self._at, self._policy, self._nonces = given, fetcher, at, policy, nonces
        self._fetched = NO_DATA
        self._used: list[StatusStatement] = []

    def require(self, certificate: Certificate, issuer: Certificate) -> None:
        check, statement = self._status(certificate, issuer)
        if check.conclusion is Conclusion.FAILED:
            raise SigningError(
                "signing.certificate-revoked", certificate=shown(certificate), revoked_at=check.params["revoked_at"]
            )
        if check.conclusion is not Conclusion.PASSED or statement is None:
            raise SigningError(
                "signing.status-unavailable", certificate=shown(certificate), reason=check.params.get("reason", "")
            )
        self._used.append(statement)
        self._ask_about_signer(statement, issuer)

    def data(self) -> ValidationData:
        certificates = (*self._path, *(each for statement in self._used for each in statement.issuer_path))
        ocsp = (statement.der for statement in self._used if statement.kind == "ocsp")
        crls = (
            der for statement in self._used if statement.kind != "ocsp" for der in (*statement.based_on, statement.der)
        )
        return ValidationData(
            certificates=tuple(
                dict.fromkeys(each.der for each in certificates if each.der not in self._anchors.certificates)
            ),
            crls=tuple(dict.fromkeys(crls)),
            ocsp_responses=tuple(dict.fromkeys(ocsp)),
        )

    def _status(self, certificate: Certificate, issuer: Certificate) -> tuple[Check, StatusStatement | None]:
        check, statement = self._judged(certificate, issuer)
        if check.conclusion is not Conclusion.INDETERMINATE or self._fetcher is None:
            return check, statement
        nonce = next(self._nonces) if self._nonces is not None else None
        found, explained = fetch_status(certificate, issuer, self._fetcher, nonce=nonce)
        self._fetched = self._fetched.joined(found)
        check, statement = self._judged(certificate, issuer)
        if check.conclusion is Conclusion.INDETERMINATE and check.params.get("reason") == "absent":
            # why nothing was obtained says more than that nothing is there
            check = next((each for each in explained if each.conclusion is not Conclusion.PASSED), check)
        return check, statement

    def _judged(self, certificate: Certificate, issuer: Certificate) -> tuple[Check, StatusStatement | None]:
        statements, turned_away = statements_on(
            certificate,
            issuer,
            given=self._given,
            fetched=self._fetched,
            candidates=self._candidates,
            anchors=self._anchors,
            at=self._at,
            policy=self._policy,
        )
        check, statement = judge_status(statements, certificate, at=self._at, policy=self._policy)
        if not statements and turned_away:
            return turned_away[0], None
        return check, statement

    def _ask_about_signer(self, statement: StatusStatement, issuer: Certificate) -> None:
        """The status of whoever speaks in the issuer's place comes along too; the policy says whether it must."""
        signer, path = statement.issuer_certificate, statement.issuer_path
        if not is_delegated(signer, issuer) or len(path) == 1:
            return
        if statement.kind == "ocsp" and signer.extension(NO_CHECK) is not None:
            return
        check, own = self._status(signer, path[1])
        if check.conclusion is Conclusion.PASSED and own is not None and own.issuer_certificate != signer:
            self._used.append(own)
