"""Trust services from the settings: who is asked for time-stamps and status, and how long their lists are kept."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Final as Constant
from typing import Literal

import signing
from adapter.composition.kept_lists import KeptLists
from adapter.composition.key_files import certificate
from adapter.composition.trust_services import TrustServices
from adapter.errors import Final
from adapter.ports import Clock
from adapter.settings import Settings
from adapter.settings.trust_services import host_of
from adapter.usecases.sign import Baseline

_LEVELS: Constant[Mapping[str, Literal["B-T", "B-LT", "B-LTA"]]] = {"B-T": "B-T", "B-LT": "B-LT", "B-LTA": "B-LTA"}
_NONCE_BITS: Constant = 64
"""As many as a replay has to guess; national tools use the same."""


def fetcher_of(settings: Settings, clock: Clock) -> signing.Fetcher | None:
    """Asks the hosts of the settings and no other; None where there are none."""
    revocation, url = settings.revocation, settings.time_stamps.url
    hosts = set(revocation.hosts) | ({host_of(url) or ""} if url is not None else set())
    if not hosts:
        return None
    services = TrustServices(frozenset(hosts), within=revocation.within, proxies=settings.http.proxies)
    if revocation.cache is None:
        return services
    return KeptLists(fetcher=services, folder=revocation.cache, keep_for=revocation.cache_for, clock=clock)


def baseline_of(settings: Settings, fetcher: signing.Fetcher | None, clock: Clock) -> Baseline | None:
    """Raises Final `trust.unreadable` for a certificate of the authority that cannot be read."""
    asked = settings.time_stamps
    if asked.url is None or fetcher is None:
        return None
    authority = signing.TimeStampAuthority(
        url=asked.url,
        fetcher=fetcher,
        nonce=lambda: secrets.randbits(_NONCE_BITS),
        clock=clock.now,
        digest=asked.digest,
        policy=asked.policy,
        candidates=tuple(certificate(path) for path in asked.certificates),
    )
    return Baseline(level=asked.level, time_stamps=authority)


def at_level(settings: Settings, level: str | None) -> Settings:
    """The settings with another level of signatures; None leaves them. Raises Final `sign.no-authority`."""
    if level is None:
        return settings
    if level == "B-B":
        return replace(settings, time_stamps=replace(settings.time_stamps, url=None))
    if settings.time_stamps.url is None or level not in _LEVELS:
        raise Final("sign.no-authority", params={"level": level})
    return replace(settings, time_stamps=replace(settings.time_stamps, level=_LEVELS[level]))
