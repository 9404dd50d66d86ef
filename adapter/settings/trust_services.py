"""Which trust services the node asks: a time-stamp authority, responders, lists of revoked certificates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from adapter.errors import Finding, Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeStampSettings:
    """The time-stamp authority (RFC 3161).

    url             where it is asked; none: signatures carry no time-stamp, level B-B
    digest          hash of what is time-stamped
    policy          its policy OID that we ask for; none: its own choice
    level           what our signatures are made at when there is an authority
    certificates    the authority's own, where its answers do not carry them
    when_silent     "wait": a document is taken over without its time-stamp and gets it before it leaves, at the last safe
                    try it goes without; "refuse": submit ends with "try again later"
    """

    url: str | None = None
    digest: Literal["sha256", "sha384", "sha512"] = "sha256"
    policy: str | None = None
    level: Literal["B-T", "B-LT", "B-LTA"] = "B-T"
    certificates: tuple[Path, ...] = ()
    when_silent: Literal["wait", "refuse"] = "wait"


@dataclass(frozen=True, kw_only=True, slots=True)
class RevocationSettings:
    """Who is asked whether a certificate was revoked.

    hosts       names of hosts that may be asked; certificates name the addresses, this list says which are believed
                to be addresses at all. Empty: nobody is asked
    cache       folder where lists of revoked certificates are kept; none: each is fetched anew
    cache_for   how long a kept list is taken instead of a new one; the verdict asks for its own freshness besides
    within      longest silence of a service; one try takes at most twice as long
    """

    hosts: tuple[str, ...] = ()
    cache: Path | None = None
    cache_for: timedelta = timedelta(hours=1)
    within: timedelta = timedelta(seconds=15)


def trust_service_faults(time_stamps: TimeStampSettings, revocation: RevocationSettings) -> Iterator[Finding]:
    """Addresses that are none, and hosts that are not plain names."""
    if time_stamps.url is not None and host_of(time_stamps.url) is None:
        yield _wrong("time_stamps.url", "http://…, https://…")
    for host in revocation.hosts:
        if not host or host != host.lower() or any(each in host for each in "/:@ "):
            yield _wrong("revocation.hosts", "ocsp.example")


def host_of(url: str) -> str | None:
    """The host of an address that can be asked; None when it is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return host if parts.scheme in {"http", "https"} and parts.username is None else None


def _wrong(key: str, expected: str) -> Finding:
    return Finding(code="settings.wrong-type", severity=Severity.ERROR, params={"key": key, "expected": expected})
