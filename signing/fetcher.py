"""Port: how a time-stamp authority, an OCSP responder and a CRL are reached; `signing` itself opens no connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchRequest:
    """One question to a trust service.

    `url` may come from a certificate, that is from a stranger: the implementer holds the allow-list of hosts.
    `body` None means GET; otherwise POST with `content_type`.
    """

    kind: Literal["time-stamp", "ocsp", "crl"]
    url: str
    body: bytes | None = None
    content_type: str | None = None


class Fetcher(Protocol):
    """Fetches one answer of a trust service; what it says is believed by its signature only."""

    def fetch(self, request: FetchRequest, limit: int) -> bytes:
        """The answer's body, at most `limit` bytes; a longer one is refused while reading.

        Raises SigningError signing.fetch-failed (`kind`, `host`, `cause` in a word or two, nothing of the answer) for
        whatever went wrong on the way: no connection, no answer in time, another status than 200, too long, a host that is not
        allowed. Whoever asks goes on to the next source.
        """
        ...
