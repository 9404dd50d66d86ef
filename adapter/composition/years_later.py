"""A document that is kept: signed at level B-LTA, renewed before its certificates end, judged fifteen years on without a network.

The authorities are throwaway ones in memory, for the demonstration: the first ends in 2031, the second begins in 2029.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final as Constant

import signing
from adapter.composition.key_files import signing_errors

SIGNED: Constant = datetime(2026, 11, 10, 7, 0, tzinfo=UTC)
RENEWED: Constant = datetime(2030, 6, 1, 7, 0, tzinfo=UTC)
JUDGED: Constant = datetime(2041, 6, 1, 7, 0, tzinfo=UTC)

STRICT: Constant = replace(
    signing.SANDBOX_DOCUMENT, name="sandbox-archive/1", revocation="required", timestamp="required"
)
"""The sandbox's rules with status and time-stamp demanded, as national law demands them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class YearsLater:
    """What the years left: verdicts in 2041, and how to repeat them.

    kept        the renewed container, judged with the lists of its last authority and nothing from a network
    neglected   the same document signed without a time-stamp
    files       container, anchors and lists, below the folder
    """

    kept: signing.Indication
    neglected: signing.Indication
    container: Path
    anchors: Path
    lists: tuple[Path, ...]


def years_later(objects: Sequence[signing.DataObject], folder: Path) -> YearsLater:
    """Sign, renew and judge `objects` at the three moments; everything is left in `folder`, which is made."""
    return signing_errors(lambda: _years_later(objects, folder))


def objects_of(
    container: bytes, policy: signing.ValidationPolicy, anchors: signing.TrustAnchors, at: datetime
) -> list[signing.DataObject]:
    """The verified data objects of a container, to be signed again; none when it does not pass."""
    judged = signing.verify_container(container, policy=policy, anchors=anchors, at=at)
    return [signing.DataObject.of(item.name, item.media_type, item.read()) for item in judged.objects]


def _years_later(objects: Sequence[signing.DataObject], folder: Path) -> YearsLater:
    moment = [SIGNED]
    first = _authority("FIRST", datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC), moment)
    second = _authority("SECOND", datetime(2029, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC), moment)
    anchors_pem = first.pki.anchor_pem() + second.pki.anchor_pem()
    anchors = signing.TrustAnchors.from_pem("years-later", "sandbox", anchors_pem)
    services = _Both(first=first, second=second)
    head = first.pki.issue(
        "head", "СЫНАКОВА АСЕЛЬ", "ELSHI SANDBOX", bin="991340000106", iin="123456789011", key="ec-p256"
    )
    folder.mkdir(parents=True)
    paths = [folder / name for name in ("neglected.asice", "signed-2026.asice", "renewed-2030.asice")]

    def raised(source: Path, target: Path, by: signing.SandboxServices) -> None:
        with source.open("rb") as opened, target.open("w+b") as out:
            signing.augment_container(
                opened,
                out,
                level="B-LTA",
                time_stamps=_time_stamps(by, moment),
                anchors=anchors,
                policy=STRICT,
                at=moment[0],
                fetcher=services,
            )

    with paths[0].open("w+b") as out:
        signing.sign_container(
            objects, head.signing_key(), policy=signing.DEFAULT_SIGNING, signing_time=SIGNED, out=out
        )
    raised(paths[0], paths[1], first)
    moment[0] = RENEWED
    raised(paths[1], paths[2], second)
    moment[0] = JUDGED
    lists = {folder / "second.crl": second.crl, folder / "second-root.crl": second.root_crl}
    for path, crl in lists.items():
        path.write_bytes(crl.issue(JUDGED))
    (folder / "trust.pem").write_bytes(anchors_pem)
    data = signing.ValidationData(crls=tuple(path.read_bytes() for path in lists))

    def verdict(path: Path) -> signing.Indication:
        with path.open("rb") as opened:
            return signing.verify_container(
                opened, policy=STRICT, anchors=anchors, at=JUDGED, data=data
            ).report.indication

    return YearsLater(
        kept=verdict(paths[2]),
        neglected=verdict(paths[0]),
        container=paths[2],
        anchors=folder / "trust.pem",
        lists=tuple(lists),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Both:
    """signing.Fetcher over the two authorities, each under a host of its own."""

    first: signing.SandboxServices
    second: signing.SandboxServices

    def fetch(self, request: signing.FetchRequest, limit: int) -> bytes:
        by = self.first if request.url.startswith(_url("FIRST")) else self.second
        return by.fetch(request, limit)


def _authority(name: str, start: datetime, end: datetime, moment: list[datetime]) -> signing.SandboxServices:
    urls = signing.StatusUrls(ocsp=_url(name) + "/ocsp", crl=_url(name) + "/crl", root_crl=_url(name) + "/root.crl")
    pki = signing.SandboxPki.create(not_before=start, not_after=end, name=f"Elshi {name}", urls=urls, key="ec-p256")
    key = pki.issue("tsa", f"SANDBOX TSA {name}", "ELSHI SANDBOX", key="ec-p256")
    tsa = signing.SandboxTsa(key=key, clock=lambda: moment[0])
    return signing.SandboxServices.of(pki, lambda: moment[0], tsa=tsa)


def _time_stamps(by: signing.SandboxServices, moment: list[datetime]) -> signing.TimeStampAuthority:
    # one question of the demonstration is never asked twice, so its number need not be drawn by lot
    return signing.TimeStampAuthority(
        url="http://tsa.invalid/", fetcher=by, nonce=lambda: int(moment[0].timestamp()), clock=lambda: moment[0]
    )


def _url(name: str) -> str:
    return f"http://{name.lower()}.invalid"
