"""Proofs of existence (EN 319 102-1, 5.6.2.3): which object is proven to have existed at which time, and by what.

An object is named by its identifier: `SIGNATURE` for the signature value, the hex SHA-256 of its DER for a certificate,
a CRL, an OCSP answer or a time-stamp token. Everything at hand exists at the validation time: that is the proof an
object has when it has no other. A time-stamp that stands proves what it covers, and what is inside that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofOfExistence:
    """`time_stamp` is the id of the time-stamp that proves it, None where the object is only at hand."""

    time: datetime
    time_stamp: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofsOfExistence:
    """The earliest proof of each object. `at` is the validation time.

    `inside`: object → the objects it holds, so that a proof of the one is a proof of the others (a token and its
    certificates; the signature value, which signs the reference to its certificate).
    """

    at: datetime
    earliest: Mapping[str, ProofOfExistence] = field(default_factory=dict)
    inside: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, object_id: str) -> ProofOfExistence:
        return self.earliest.get(object_id) or ProofOfExistence(time=self.at)

    def time(self, object_id: str) -> datetime:
        """The earliest proven time of the object; the validation time when nothing proves more."""
        proof = self.earliest.get(object_id)
        return self.at if proof is None else proof.time

    def holding(self, object_id: str, parts: Iterable[str]) -> ProofsOfExistence:
        """These proofs, knowing that `object_id` holds `parts`."""
        held = self.inside.get(object_id, frozenset()).union(parts)
        return replace(self, inside=MappingProxyType({**self.inside, object_id: held}))

    def extended(self, covered: Iterable[str], *, time: datetime, time_stamp: str) -> ProofsOfExistence:
        """These proofs and those of one time-stamp: each object keeps the earlier of its two times."""
        earliest = dict(self.earliest)
        proof = ProofOfExistence(time=time, time_stamp=time_stamp)
        waiting, seen = list(covered), set[str]()
        while waiting:
            object_id = waiting.pop()
            if object_id in seen:
                continue
            seen.add(object_id)
            waiting.extend(self.inside.get(object_id, ()))
            known = earliest.get(object_id)
            if time < (self.at if known is None else known.time):
                earliest[object_id] = proof
        return replace(self, earliest=MappingProxyType(earliest))
