"""Trust services reached over the network: OCSP responders, CRL distribution points, time-stamp authorities.

Their addresses stand in certificates, that is in the word of strangers: only hosts on the list are asked, and what they
answer is believed by its signature, never by the connection it came over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final as Constant
from urllib.parse import urlsplit

import signing
from adapter.errors import ElshiError
from adapter.http_client import HttpClient, HttpSettings
from adapter.secret import Secret

NATIONAL_HOSTS: Constant = frozenset(
    {
        "ocsp.pki.gov.kz",
        "tsp.pki.gov.kz",
        "crl.pki.gov.kz",
        "crl1.pki.gov.kz",
        "crl.root.gov.kz",
        "crl1.root.gov.kz",
        "test.pki.gov.kz",
    }
)
"""Services of the national authority and of the root, as their certificates name them."""

_LARGEST: Constant = 64_000_000
"""Bytes of the largest answer: a national CRL has some twenty million; the caller's limit is usually smaller."""
_OK: Constant = 200


class TrustServices:
    """signing.Fetcher over the one door to the network. Plain http is spoken: answers carry signatures of their own."""

    def __init__(
        self,
        hosts: frozenset[str],
        *,
        within: timedelta = timedelta(seconds=15),
        proxies: Mapping[str, Secret] | None = None,
    ) -> None:
        """`within`: longest silence of a service; one try takes at most twice as long. `proxies` as in HttpSettings."""
        self._client = HttpClient(
            HttpSettings(
                connect_within=timedelta(seconds=5),
                read_within=within,
                total_within=within * 2,
                allowed_hosts=hosts,
                plain_http_allowed=True,
                max_answer_bytes=_LARGEST,
                proxies=proxies or {},
            )
        )

    def fetch(self, request: signing.FetchRequest, limit: int) -> bytes:
        """The body of the answer, at most `limit` bytes.

        Raises SigningError `signing.fetch-failed` for a host that is not on the list, no answer, or a status but 200.
        """
        headers = {"Content-Type": request.content_type} if request.content_type else None
        try:
            answer = self._client.fetch(request.url, request.body, headers=headers, limit=limit)
        except ElshiError as error:
            raise _failed(request, error.code) from error
        if answer.status != _OK:
            raise _failed(request, f"HTTP {answer.status}")
        return answer.body


def _failed(request: signing.FetchRequest, cause: str) -> signing.SigningError:
    return signing.SigningError("signing.fetch-failed", kind=request.kind, host=_host(request), cause=cause)


class OncePerAudit:
    """signing.Fetcher for one audit of many files: a list is fetched once, and a host that is not there is asked once.

    Without it a hundred files under one authority would fetch its list a hundred times, or wait for a silent host as
    often. Nothing is kept beyond the process.
    """

    def __init__(self, fetcher: signing.Fetcher) -> None:
        self._fetcher = fetcher
        self._lists: dict[str, bytes] = {}
        self._silent: dict[str, signing.SigningError] = {}

    def fetch(self, request: signing.FetchRequest, limit: int) -> bytes:
        """As the fetcher inside; the refusal of a host that did not answer is told again without asking."""
        is_list = request.kind == "crl" and request.body is None
        kept = self._lists.get(request.url) if is_list else None
        if kept is not None and len(kept) <= limit:
            return kept
        host = _host(request)
        if host in self._silent:
            raise self._silent[host]
        try:
            content = self._fetcher.fetch(request, limit)
        except signing.SigningError as error:
            if error.params.get("cause") in _NOBODY_THERE:
                self._silent[host] = error
            raise
        if is_list and len(self._lists) < _MOST_LISTS:
            self._lists[request.url] = content
        return content


_NOBODY_THERE: Constant = frozenset({"http.no-connection", "http.no-answer", "http.name-not-found", "http.tls-failed"})
_MOST_LISTS: Constant = 8
"""Kept at once: the lists and delta lists of two authorities and their roots."""


def _host(request: signing.FetchRequest) -> str:
    try:
        return urlsplit(request.url).hostname or ""
    except ValueError:
        return ""
