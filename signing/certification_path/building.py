"""Finding paths to a trust anchor: rules 1 and 2 of the package."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from signing.algorithms import (
    SignatureAlgorithm,
    Standing,
    algorithm_identifier,
    signature_algorithm_from_der,
    verify_signature,
)
from signing.certificates import Certificate
from signing.certification_path.checks import shown
from signing.errors import Malformed
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors


class NoPathError(Exception):
    """Carries the search that found nothing out of a cache that keeps only successes."""

    def __init__(self, search: Search) -> None:
        super().__init__()
        self.search = search


class _NotSignedError(Exception):
    """Carries "no" out of a cache that keeps only successes."""


@dataclass(slots=True)
class Search:
    """One search for paths; counts its work and remembers why issuers were turned away."""

    anchors: tuple[Certificate, ...]
    pool: tuple[Certificate, ...]
    policy: ValidationPolicy
    signature_checks: int = 0
    limit_breached: str | None = None
    weak_issuer: Certificate | None = None
    undecided: list[tuple[Certificate, SignatureAlgorithm | None, str]] = field(default_factory=list)

    @classmethod
    def over(cls, candidates: Sequence[Certificate], anchors: TrustAnchors, policy: ValidationPolicy) -> Search:
        trusted = tuple(Certificate.from_der(der) for der in anchors.certificates)
        known = tuple(Certificate.from_der(der) for der in anchors.intermediates)
        # anchors first: the shortest way home; dict keeps the order and drops repeats
        pool = tuple(dict.fromkeys((*trusted, *known, *candidates)))
        return cls(anchors=trusted, pool=pool, policy=policy)

    def paths(self, path: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        """Every path from `path` to an anchor whose signatures all verify, depth first, within the limits."""
        last = path[-1]
        if last in self.anchors:
            yield path
            return
        if len(path) >= self.policy.max_path:
            if any(self._may_issue(issuer, last) for issuer in self.pool if issuer not in path):
                self.limit_breached = "certificates in a path"
            return
        for issuer in self._issuers(path):
            yield from self.paths((*path, issuer))

    def _issuers(self, path: tuple[Certificate, ...]) -> Iterator[Certificate]:
        child = path[-1]
        seen = 0
        for issuer in self.pool:
            # the same key under the same name again is a loop, whatever the bytes around it
            if any(c.subject.key == issuer.subject.key and c.public_key_info == issuer.public_key_info for c in path):
                continue
            if not self._may_issue(issuer, child):
                continue
            seen += 1
            if seen > self.policy.max_candidates_per_issuer:
                self.limit_breached = "candidates per issuer"
                return
            if self.signature_checks >= self.policy.max_signature_checks:
                self.limit_breached = "signature checks"
                return
            self.signature_checks += 1
            if self._signed(child, issuer):
                yield issuer

    @staticmethod
    def _may_issue(issuer: Certificate, child: Certificate) -> bool:
        if issuer.subject.key != child.issuer.key:
            return False
        wanted, offered = child.authority_key_id, issuer.subject_key_id
        return wanted is None or offered is None or wanted == offered

    def _signed(self, child: Certificate, issuer: Certificate) -> bool:
        try:
            algorithm = signature_algorithm_from_der(child.outer_algorithm)
        except Malformed:
            return False
        if algorithm is None or algorithm.standing is not Standing.TRUSTED:
            self.undecided.append((child, algorithm, algorithm_identifier(child.outer_algorithm)[0]))
            return False
        if issuer.public_key.weakness is not None:
            # nothing verifies with such a key; remembered only to say why no path was found
            self.weak_issuer = issuer
            return False
        try:
            return _is_signed_by(child, issuer)
        except _NotSignedError:
            return False

    def why_none(self, signer: Certificate) -> Check:
        """The one reason to report when no path was found."""
        if self.limit_breached is not None:
            return Check.failed("path.limits", SubIndication.FORMAT_FAILURE, limit=self.limit_breached)
        for child, algorithm, named in self.undecided:
            reason = algorithm.standing.value if algorithm else "unknown"
            make = Check.failed if reason == Standing.REFUSED.value and child == signer else Check.indeterminate
            return make(
                "path.algorithms",
                SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
                algorithm=algorithm.id if algorithm else named,
                reason=reason,
                certificate=shown(child),
            )
        if self.weak_issuer is not None:
            return Check.indeterminate(
                "path.keys",
                SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
                certificate=shown(self.weak_issuer),
                reason=self.weak_issuer.public_key.weakness or "",
            )
        return Check.indeterminate(
            "path.found", SubIndication.NO_CERTIFICATE_CHAIN_FOUND, issuer=signer.issuer.shown()[:300]
        )


@lru_cache(maxsize=4096)
def _is_signed_by(child: Certificate, issuer: Certificate) -> bool:
    """True or an exception, so that the cache holds successes only and a flood of forgeries cannot fill it with
    "no".
    """
    algorithm = signature_algorithm_from_der(child.outer_algorithm)
    if algorithm is None or not verify_signature(algorithm, issuer, child.tbs, child.signature, form="cms"):
        raise _NotSignedError
    return True


@lru_cache(maxsize=1024)
def first_path(
    signer: Certificate, candidates: tuple[Certificate, ...], anchors: TrustAnchors, policy: ValidationPolicy
) -> tuple[Certificate, ...]:
    """The first path there is, good or not: no time has a part in it, and the same few signers come again and again.

    Raises NoPathError.
    """
    search = Search.over(candidates, anchors, policy)
    for path in search.paths((signer,)):
        return path
    raise NoPathError(search)
