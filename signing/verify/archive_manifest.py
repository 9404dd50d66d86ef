"""Time-stamped archive manifests of a container (EN 319 162-1, 4.4.5): proof for the CMS signatures they name.

An ASiCArchiveManifest is proof for a signature when it states the digest of the CMS, of its manifest and of every data
object the signature covers, and each of them holds. One that says less, or wrongly, proves nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing import algorithms, asic, cades
from signing.errors import Malformed
from signing.validation_data import SIGNATURE, FoundTimeStamp
from signing.validation_report import Check
from signing.xmldsig import StepError, malformed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from signing.algorithms import DigestAlgorithm
    from signing.asic import SignatureManifest, StatedDigest
    from signing.validation_data import ValidationData
    from signing.verify.container_objects import Hashed, Known

NOTE: Final = "asic.archive-manifest"

_AFTER_ALL_INSIDE: Final = 1000
"""Positions of the time-stamps inside a CMS lie below: these were added to the container after them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveManifest:
    """A time-stamp over an archive manifest; `flaw` names the first file under META-INF that is not as it says.

    `embedded` is what lies in the token.
    """

    manifest: SignatureManifest
    token: bytes
    embedded: ValidationData
    flaw: str | None

    def time_stamp(
        self, signature: str, needed: Collection[str], objects: Iterable[bytes], *, place: int, hashed: Hashed
    ) -> FoundTimeStamp:
        """As proof for the signature file `signature`, which asks for the files `needed`; `objects` lie in those."""
        return FoundTimeStamp(
            id=f"{signature}-{self.manifest.name.rpartition('/')[2]}",
            kind="archive",
            position=_AFTER_ALL_INSIDE + place,
            token=self.token,
            imprint=lambda digest: self._imprint(needed, digest, hashed),
            covers=frozenset({SIGNATURE, *(hashlib.sha256(each).hexdigest() for each in objects)}),
            covers_in_words=("signature", *self.manifest.references),
            embedded=self.embedded,
            named_by=tuple(dict.fromkeys(self._hashes())),
        )

    def _hashes(self) -> Iterator[DigestAlgorithm]:
        for stated in self.manifest.references.values():
            known = algorithms.digest_by_uri(stated.digest_uri)
            if known is not None:  # by another one nothing is proven, and the imprint is not had
                yield known

    def _imprint(self, needed: Collection[str], digest: DigestAlgorithm, hashed: Hashed) -> bytes:
        """Over the octets of the manifest, if it states what the signature is and covers, and rightly."""
        missing = sorted(set(needed) - self.manifest.references.keys())
        if self.flaw is not None or missing:
            raise Malformed("signing.archive-manifest", name=self.flaw or missing[0])
        for name, stated in self.manifest.references.items():
            if not name.startswith(asic.META_INF):
                known = algorithms.digest_by_uri(stated.digest_uri)
                if known is None or hashed.get(name, {}).get(known.id) != stated.digest:
                    raise Malformed("signing.archive-manifest", name=name)
        return digest.of(self.manifest.octets)


def read_archive_manifests(known: Known, checks: list[Check]) -> list[ArchiveManifest]:
    """The earlier first: a later one states the digest of those before it. One that cannot be read is noted."""
    names = [name for name in known.archive.entries if asic.is_archive_manifest(name)]
    found = []
    for name in names[: known.limits.max_signatures]:
        try:
            manifest = asic.read_signature_manifest(known.archive, name)
            if not asic.is_time_stamp_file(manifest.signature):
                raise malformed(NOTE, "SigReference", file=name)
            token = known.archive.read(manifest.signature)
            flaw = next((each for each, stated in manifest.references.items() if _is_wrong(known, each, stated)), None)
        except StepError as error:
            reason = error.check.params.get("reason", error.check.id)
            checks.append(Check.not_performed(NOTE, file=name, reason=reason))
            continue
        found.append(ArchiveManifest(manifest=manifest, token=token, embedded=cades.token_data(token), flaw=flaw))
    stamps = {each.manifest.signature for each in found}
    return sorted(found, key=lambda each: len(stamps & each.manifest.references.keys()))


def _is_wrong(known: Known, name: str, stated: StatedDigest) -> bool:
    """Of a file under META-INF; data objects are compared once they are hashed."""
    if not name.startswith(asic.META_INF):
        return False
    return name not in known.archive.entries or digest_of_small(known, name, stated) != stated.digest


def digest_of_small(known: Known, name: str, stated: StatedDigest) -> bytes | None:
    """Digest of a file under META-INF as a manifest states it, None for a hash that is not trusted."""
    digest = algorithms.digest_by_uri(stated.digest_uri)
    if digest is None or digest.standing is not algorithms.Standing.TRUSTED:
        return None
    key = (name, digest.id)
    if key not in known.remembered:  # thirty manifests over the same megabytes cost as much as one
        known.remembered[key] = digest.of(known.archive.read(name))
    return known.remembered[key]
