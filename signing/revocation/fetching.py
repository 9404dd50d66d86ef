"""Asking for the status of a certificate through the Fetcher: OCSP first, a CRL when no responder gave a status.

Never a CRL after an OCSP status: the responder knows more than the list of yesterday. What is fetched is believed as
little as what came along: `statements_on` verifies it. Only the nonce is compared here, where the question is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from signing.certificates import Certificate
from signing.errors import Malformed, SigningError
from signing.fetcher import Fetcher, FetchRequest
from signing.revocation.certificate_list import MAX_CRL_BYTES, read_crl
from signing.revocation.extensions import distribution_points, freshest_crl_points, ocsp_urls
from signing.revocation.ocsp import about
from signing.revocation.ocsp_request import CertIdHash, new_request, nonce_value
from signing.revocation.ocsp_response import MAX_OCSP_BYTES, NotSuccessfulError, read_ocsp
from signing.revocation.statement import TurnedAwayError, turned_away
from signing.validation_data import NO_DATA, ValidationData
from signing.validation_report import Check

FETCHED: Final = "revocation.fetched"
OCSP_REQUEST: Final = "application/ocsp-request"
_MAX_URLS: Final = 4
"""Places of one kind that are asked for one certificate: it names them, and it may be a stranger's."""


def fetch_status(
    certificate: Certificate,
    issuer: Certificate,
    fetcher: Fetcher,
    *,
    nonce: bytes | None = None,
    digest: CertIdHash = "sha256",
) -> tuple[ValidationData, tuple[Check, ...]]:
    """Evidence on `certificate` from the places it names (authorityInfoAccess, cRLDistributionPoints, freshestCRL).

    `nonce` is drawn by the caller, a new one for each call; with None a recorded answer could be replayed as long as it
    is fresh. The checks say what was obtained and what each place that gave nothing answered; they explain, and decide
    nothing when another place gave a status.
    """
    checks: list[Check] = []
    for url in _listed(lambda: ocsp_urls(certificate), checks):
        try:
            answer = _ask(certificate, issuer, fetcher, url, nonce, digest)
        except TurnedAwayError as error:
            checks.append(error.check)
        else:
            return ValidationData(ocsp_responses=(answer,)), (*checks, Check.passed(FETCHED, url=url, kind="ocsp"))
    complete = _list(lambda: _urls_of(certificate, delta=False), fetcher, checks)
    if complete is None:
        if not checks:
            checks.append(turned_away(FETCHED, "the certificate names no place").check)
        return NO_DATA, tuple(checks)
    delta = _list(lambda: _urls_of(certificate, delta=True), fetcher, checks)
    return ValidationData(crls=(complete, delta) if delta is not None else (complete,)), tuple(checks)


def _ask(  # noqa: PLR0917 - the question in the order it is put
    certificate: Certificate, issuer: Certificate, fetcher: Fetcher, url: str, nonce: bytes | None, digest: CertIdHash
) -> bytes:
    """The answer of one responder, if it is a status of this certificate and an answer to this question."""
    request = FetchRequest(
        kind="ocsp",
        url=url,
        body=new_request(certificate, issuer, nonce=nonce, digest=digest),
        content_type=OCSP_REQUEST,
    )
    der = _fetched(fetcher, request, MAX_OCSP_BYTES)
    try:
        answer = read_ocsp(der)
        said = about(answer, certificate, issuer)
    except NotSuccessfulError as error:
        raise turned_away("revocation.ocsp-status", error.status, url=url) from error
    except Malformed as error:
        raise turned_away("revocation.evidence-format", error.code, kind="ocsp", url=url) from error
    if said is None:
        raise turned_away("revocation.certificate-id", "another certificate", url=url)
    if nonce is not None and answer.nonce != nonce_value(nonce):
        raise turned_away("revocation.nonce", "absent" if answer.nonce is None else "another", url=url)
    return der


def _list(places: Callable[[], tuple[str, ...]], fetcher: Fetcher, checks: list[Check]) -> bytes | None:
    for url in _listed(places, checks):
        try:
            der = _fetched(fetcher, FetchRequest(kind="crl", url=url), MAX_CRL_BYTES)
            read_crl(der)
        except TurnedAwayError as error:
            checks.append(error.check)
        except Malformed as error:
            checks.append(turned_away("revocation.evidence-format", error.code, kind="crl", url=url).check)
        else:
            checks.append(Check.passed(FETCHED, url=url, kind="crl"))
            return der
    return None


def _fetched(fetcher: Fetcher, request: FetchRequest, limit: int) -> bytes:
    try:
        body = fetcher.fetch(request, limit)
    except SigningError as error:
        raise turned_away(FETCHED, error.params.get("cause", error.code), url=request.url) from error
    if len(body) > limit:
        raise turned_away(FETCHED, "too long", url=request.url)
    return body


def _urls_of(certificate: Certificate, *, delta: bool) -> tuple[str, ...]:
    points = freshest_crl_points(certificate) if delta else distribution_points(certificate)
    return tuple(dict.fromkeys(url for point in points for url in point.urls))


def _listed(places: Callable[[], tuple[str, ...]], checks: list[Check]) -> Iterator[str]:
    """The places reached over HTTP; a directory is not asked."""
    try:
        urls = places()
    except Malformed as error:
        checks.append(turned_away(FETCHED, error.code).check)
        return
    yield from [url for url in urls if url.lower().startswith(("http://", "https://"))][:_MAX_URLS]
