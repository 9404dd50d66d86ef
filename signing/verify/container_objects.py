"""What every signature of a container is judged against, and the one pass over its data objects.

A module for each kind of signature (`container_xades`) examines its files and gives a `Pending` for each signature:
everything is known of it but whether the data objects have the digests it states.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, TypeAlias

from signing.validation_report import Check, SubIndication
from signing.xmldsig import failed, malformed, passed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from signing.algorithms import DigestAlgorithm, Hash
    from signing.asic import Archive, ContainerLimits
    from signing.validation_report import SignatureReport
    from signing.verify.context import Context
    from signing.verify.xml_signature import Examination
    from signing.xmldsig import Reference

CHECKS: Final = frozenset({"asic.coverage"})

Hashed: TypeAlias = "Mapping[str, Mapping[str, bytes]]"
"""Name of a data object -> id of a digest algorithm -> digest."""

_MAX_READINGS: Final = 4
_MAX_UNPACKED: Final = 64
# Each further hash of the same octets costs as much as reading them again.
_FREE_ALGORITHMS: Final = 2
# Below this it does not matter how often: an eighth of a second of hashing.
_READINGS_FLOOR: Final = 128 << 20


class SecondReading:
    """Data objects read again, for time-stamps over them, within a budget for the whole container.

    Whoever signs a container without anybody's trust could otherwise make us read it for each of its time-stamps. What
    unpacks to much more than lies in the archive counts by what lies there: that is what it costs to send it.
    """

    def __init__(self, archive: Archive, names: Sequence[str]) -> None:
        self._archive = archive
        unpacked = sum(archive.entries[name].size for name in names)
        self._left = min(_MAX_READINGS * unpacked, _MAX_UNPACKED * archive.size) + _READINGS_FLOOR

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content once more; StepError "asic.limits" where the budget is spent."""
        self.charge(name)
        return self._archive.chunks(name)

    def charge(self, name: str, times: int = 1) -> None:
        """Count as many readings of it without reading; StepError "asic.limits" where the budget is spent."""
        self._left -= times * self._archive.entries[name].size
        if self._left < 0:
            raise malformed("asic.limits", "data objects read again", limit=str(_MAX_READINGS))


@dataclass(frozen=True, slots=True)
class Known:
    """`names` of data objects in the archive's order; `listed` None when there is no manifest, or none to be read.

    `remembered`: (name of an entry, id of a digest algorithm) -> digest, of what several signature files ask for.
    """

    archive: Archive
    names: tuple[str, ...]
    listed: Mapping[str, str] | None
    limits: ContainerLimits
    context: Context
    again: SecondReading
    remembered: dict[tuple[str, str], bytes] = field(default_factory=dict)


class StatesDigest(Protocol):
    """What a signature, or the manifest it signs, states of one data object; `digest` raw."""

    @property
    def digest_uri(self) -> str: ...

    @property
    def digest(self) -> bytes: ...


class Pending(Protocol):
    """A signature file, or one signature of it, whose data objects are still to be hashed.

    `references`: name of a data object -> the digest stated of it. `digests`: the algorithms that may be computed with,
    by the URI that names them. `media_types`: what is said of the data objects, by name; empty where nothing is.
    `digests_id`: the check that the digests are those of the data objects.
    """

    digests_id: ClassVar[str]

    @property
    def references(self) -> Mapping[str, StatesDigest]: ...

    @property
    def digests(self) -> Mapping[str, DigestAlgorithm]: ...

    @property
    def media_types(self) -> Mapping[str, str]: ...

    @property
    def wants_data(self) -> bool:
        """Read completely and not failed so far."""
        ...

    def reports(self, digests: Check, context: Context, hashed: Hashed) -> list[SignatureReport]:
        """The verdict on each signature, once the check on the digests of its data objects is made."""
        ...


@dataclass(kw_only=True, slots=True)
class PendingXml:
    """One XAdES signature whose data objects are still to be hashed: implements Pending.

    `references`: name of a data object -> the digest stated of it. `digests`: the algorithms that may be computed with,
    by the URI that names them. `media_types`: what the signature says of its data objects, by name.
    """

    digests_id: ClassVar[str] = "xmldsig.digests"

    examination: Examination
    references: dict[str, Reference] = field(default_factory=dict)
    digests: dict[str, DigestAlgorithm] = field(default_factory=dict)
    media_types: dict[str, str] = field(default_factory=dict)

    @property
    def wants_data(self) -> bool:
        return self.examination.is_complete and not self.examination.has_failed

    def reports(self, digests: Check, context: Context, hashed: Hashed) -> list[SignatureReport]:
        del hashed  # a XAdES signature states all it signs
        self.examination.checks.append(digests)
        return [self.examination.report(context)]


def _algorithm(pending: Pending, name: str) -> DigestAlgorithm | None:
    return pending.digests.get(pending.references[name].digest_uri)


def require_coverage(references: Mapping[str, object], known: Known) -> None:
    """Check "asic.coverage" of one signature: every data object, or at least one, as the policy says."""
    missing = [name for name in known.names if name not in references]
    partly = not known.context.policy.every_signature_covers_everything
    if not references or (missing and not partly):
        raise failed(
            "asic.coverage", SubIndication.SIG_CONSTRAINTS_FAILURE, "not signed", names=" ".join(missing)[:1000]
        )


def all_covered_check(known: Known, pending: Sequence[Pending]) -> Check:
    """Check "asic.coverage" of the whole: whatever one signature leaves out, another covers.

    Not performed where a signature could not be read so far: what it covers is not known, and it does not pass.
    """
    if not pending or not all(each.references for each in pending):
        return Check.not_performed("asic.coverage")
    covered = {name for each in pending for name in each.references}
    missing = [name for name in known.names if name not in covered]
    if missing or not known.names:
        return Check.failed(
            "asic.coverage",
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            reason="not signed",
            names=" ".join(missing)[:1000],
        )
    return passed("asic.coverage")


def hash_objects(known: Known, pending: Sequence[Pending], checks: list[Check]) -> dict[str, dict[str, bytes]]:
    """Name -> id of a digest algorithm -> digest, each object read once; empty when no signature is left to ask.

    Data objects are hashed only for a signature that has not failed by then: nobody makes us read gigabytes with a
    forged value. StepError "asic.content".
    """
    asking = [each for each in pending if each.wants_data]
    if not asking:
        checks.append(Check.not_performed("asic.content"))
        return {}
    found = {}
    for name in known.names:
        hashers: dict[str, Hash] = {"sha256": hashlib.sha256()}
        for each in asking:
            algorithm = _algorithm(each, name) if name in each.references else None
            if algorithm is not None and algorithm.id not in hashers:
                hashers[algorithm.id] = algorithm.new()
        known.again.charge(name, max(len(hashers) - _FREE_ALGORITHMS, 0))
        for chunk in known.archive.chunks(name):
            for hasher in hashers.values():
                hasher.update(chunk)
        found[name] = {identifier: hasher.digest() for identifier, hasher in hashers.items()}
    checks.append(passed("asic.content"))
    return found


def digests_check(pending: Pending, hashed: Mapping[str, Mapping[str, bytes]]) -> Check:
    """Check "xmldsig.digests" or "asic.manifest-digests": never passed for data that was not read."""
    if not pending.wants_data:
        return Check.not_performed(pending.digests_id)
    for name, reference in pending.references.items():
        algorithm = _algorithm(pending, name)
        actual = None if algorithm is None else hashed.get(name, {}).get(algorithm.id)
        if actual is None:
            return Check.indeterminate(pending.digests_id, SubIndication.SIGNED_DATA_NOT_FOUND, name=name)
        if actual != reference.digest:
            return Check.failed(pending.digests_id, SubIndication.HASH_FAILURE, name=name)
    return Check.passed(pending.digests_id, objects=str(len(pending.references)))
