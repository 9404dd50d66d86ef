"""A time-stamp authority as we use one: ask, compare, verify, and only then believe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from signing.algorithms import DigestAlgorithm, digest_algorithm
from signing.certificates import Certificate
from signing.errors import Malformed, SigningError
from signing.fetcher import Fetcher, FetchRequest
from signing.policy import ETSI_BASELINE, ValidationPolicy
from signing.timestamp.judgement import judge_token
from signing.timestamp.request import new_request
from signing.timestamp.response import MAX_RESPONSE_BYTES, read_response
from signing.timestamp.token import read_token
from signing.validation_report import Conclusion, Indication, conclude

QUERY_TYPE = "application/timestamp-query"


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeStampAuthority:
    """Where and how time-stamps are asked for (RFC 3161 over HTTP, 3.4).

    `digest` is the id of the hash of imprints; `policy` the TSA policy OID asked for, None leaves it to the authority.
    `nonce` gives a fresh unpredictable number for each question, `clock` the time now (aware): neither is had here.
    `candidates` (DER) are the authority's certificates where it sends none along. `judged_by` gives the tolerances a
    token is held to.
    """

    url: str
    fetcher: Fetcher
    nonce: Callable[[], int]
    clock: Callable[[], datetime]
    digest: str = "sha256"
    policy: str | None = None
    candidates: tuple[bytes, ...] = ()
    judged_by: ValidationPolicy = ETSI_BASELINE

    @property
    def digest_algorithm(self) -> DigestAlgorithm:
        """The hash an imprint for this authority is made with; raises SigningError for one we do not have."""
        digest = digest_algorithm(self.digest)
        if digest is None:
            raise SigningError("signing.timestamp-digest", digest=self.digest[:100])
        return digest

    def stamp(self, digest: DigestAlgorithm, imprint: bytes) -> bytes:
        """DER of a TimeStampToken over `imprint`, which the authority has made now.

        Its signature, its certificate's purpose and its answer to the question are verified; whether the certificate
        leads to a trust anchor is not asked here. Raises SigningError when the authority says no or its answer is not
        to be believed; what the fetcher raises passes through, so that the caller may try again.
        """
        nonce = self.nonce()
        request = new_request(digest, imprint, nonce=nonce, policy=self.policy)
        answer = self.fetcher.fetch(
            FetchRequest(kind="time-stamp", url=self.url, body=request, content_type=QUERY_TYPE), MAX_RESPONSE_BYTES
        )
        try:
            der = read_response(answer, digest=digest, imprint=imprint, nonce=nonce, policy=self.policy)
        except Malformed as error:
            if error.code.startswith("signing.timestamp-"):
                raise
            # Who listens there speaks no RFC 3161: a page of a proxy, an authority that is being repaired. The words of a
            # reader of DER would tell a person nothing.
            raise SigningError("signing.timestamp-unreadable", cause=error.code) from error
        known = tuple(Certificate.from_der(each) for each in self.candidates)
        checks, _ = judge_token(read_token(der), lambda _: imprint, known, policy=self.judged_by, at=self.clock())
        if conclude(checks)[0] is not Indication.TOTAL_PASSED:
            wrong = next(each for each in checks if each.conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE))
            raise SigningError(
                "signing.timestamp-not-believed", check=wrong.id, reason=wrong.params.get("reason", "unspecified")
            )
        return der
