"""A path from a signer's certificate to a trust anchor at a given time: RFC 5280, section 6, and EN 319 102-1, 5.2.6.

Rules:

1. An issuer is a certificate whose subject is the wanted name, whose key identifier is the wanted one where both are
   present, **and** whose key verifies the signature. A name alone finds nobody: two national roots share a common name.
2. Work is bounded before it starts: certificates in a path, candidates per issuer, signature checks, name comparisons.
3. Every certificate is judged at `at`, exact to the instant; validity periods need not nest (a national CA starts
   before its issuer).
4. The trust anchor's own limits (path length, name constraints) bind the path, though RFC 5280 leaves that open.
5. Severity. A defect of the signer's own certificate that no other path can mend is FAILED; a defect above it is
   INDETERMINATE, because another path may exist that we were not given. Breached limits are FAILED / FORMAT_FAILURE.

Not checked here: revocation, and whether the certificate fits its use (`verify.signature`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing import certificates as x509
from signing.algorithms import (
    DigestAlgorithm,
    SignatureAlgorithm,
    Standing,
    algorithm_identifier,
    signature_algorithm_from_der,
    verify_signature,
)
from signing.certificates import Certificate, Name
from signing.errors import Malformed, SigningError
from signing.validation_report import Check, Indication, SubIndication, conclude

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors

CHECKS: Final = frozenset(
    {
        "path.found",
        "path.limits",
        "path.validity",
        "path.extensions",
        "path.serial",
        "path.algorithms",
        "path.keys",
        "path.issuers",
        "path.length",
        "path.names",
        "path.policies",
    }
)
MAX_SERIAL_OCTETS: Final = 20
ANY_POLICY: Final = "2.5.29.32.0"
_EMAIL_ADDRESS: Final = "1.2.840.113549.1.9.1"
_DIRECTORY_NAME: Final = 0xA4
_RFC822_NAME: Final = 0x81
_NULL_PARAMETERS: Final = b"\x05\x00"

# what this module, or the caller through Certificate's fields, acts upon; anything else critical stops the path
_UNDERSTOOD: Final = frozenset(
    {
        x509.KEY_USAGE,
        x509.SUBJECT_ALT_NAME,
        x509.BASIC_CONSTRAINTS,
        x509.NAME_CONSTRAINTS,
        x509.CERTIFICATE_POLICIES,
        x509.POLICY_MAPPINGS,
        x509.POLICY_CONSTRAINTS,
        x509.EXTENDED_KEY_USAGE,
        x509.INHIBIT_ANY_POLICY,
    }
)
_MUST_BE_CRITICAL: Final = frozenset({x509.NAME_CONSTRAINTS, x509.POLICY_CONSTRAINTS, x509.INHIBIT_ANY_POLICY})


@dataclass(frozen=True, kw_only=True, slots=True)
class PathResult:
    """The path, signer first and anchor last (empty when none was found), with every check made on it."""

    path: tuple[Certificate, ...]
    checks: tuple[Check, ...]
    indication: Indication
    sub_indication: SubIndication | None
    params: Mapping[str, str]

    @classmethod
    def of(cls, path: Sequence[Certificate], checks: Sequence[Check]) -> PathResult:
        indication, sub_indication = conclude(checks)
        params = next((c.params for c in checks if c.sub_indication is sub_indication), {}) if sub_indication else {}
        return cls(
            path=tuple(path),
            checks=tuple(checks),
            indication=indication,
            sub_indication=sub_indication,
            params=params,
        )


def validate_path(
    signer: Certificate,
    candidates: Sequence[Certificate],
    anchors: TrustAnchors,
    *,
    at: datetime,
    policy: ValidationPolicy,
) -> PathResult:
    """Find a path from `signer` to an anchor and judge it at `at` (aware).

    `candidates` are certificates that came with the signature: a bag to search, trusted for nothing. The first path
    that passes is the answer; when none does, the first path found with its checks; when none was found, why.
    """
    if at.tzinfo is None:
        raise SigningError("signing.naive-time")
    search = _Search.over(candidates, anchors, policy)
    first: PathResult | None = None
    for path in search.paths((signer,)):
        result = PathResult.of(path, _judge(path, at, policy))
        if result.indication is Indication.TOTAL_PASSED:
            return result
        first = first or result
    if first is not None:
        return first
    return PathResult.of((), [search.why_none(signer)])


def algorithm_check(
    check_id: str,
    algorithm: SignatureAlgorithm | DigestAlgorithm | None,
    *,
    named: str,
    at: datetime,
    policy: ValidationPolicy,
) -> Check:
    """Whether an algorithm is on the allow-list at `at`; `named` is the URI or OID as it stands in the signature."""
    if algorithm is None:
        return Check.indeterminate(
            check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, algorithm=named[:200], reason="unknown"
        )
    if algorithm.standing is Standing.REFUSED:
        return Check.failed(
            check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, algorithm=algorithm.id, reason="refused"
        )
    if algorithm.standing is Standing.UNSUPPORTED:
        return Check.indeterminate(
            check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, algorithm=algorithm.id, reason="unsupported"
        )
    ends = [end for name, end in policy.algorithm_end_dates if name in (algorithm.id, _digest_of(algorithm))]
    if algorithm.trusted_until is not None:
        ends.append(algorithm.trusted_until)
    if ends and at.date() >= min(ends):
        return Check.indeterminate(
            check_id,
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
            algorithm=algorithm.id,
            reason="ended",
            until=min(ends).isoformat(),
        )
    return Check.passed(check_id, algorithm=algorithm.id)


def _digest_of(algorithm: SignatureAlgorithm | DigestAlgorithm) -> str | None:
    return algorithm.digest if isinstance(algorithm, SignatureAlgorithm) else None


# --- building
# ----------------------------------------------------------------------------------------------------------


class _NotSignedError(Exception):
    """Carries "no" out of a cache that keeps only successes."""


@dataclass(slots=True)
class _Search:
    """One search for paths; counts its work and remembers why issuers were turned away."""

    anchors: tuple[Certificate, ...]
    pool: tuple[Certificate, ...]
    policy: ValidationPolicy
    signature_checks: int = 0
    limit_breached: str | None = None
    weak_issuer: Certificate | None = None
    undecided: list[tuple[Certificate, SignatureAlgorithm | None, str]] = field(default_factory=list)

    @classmethod
    def over(cls, candidates: Sequence[Certificate], anchors: TrustAnchors, policy: ValidationPolicy) -> _Search:
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
                certificate=_shown(child),
            )
        if self.weak_issuer is not None:
            return Check.indeterminate(
                "path.keys",
                SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
                certificate=_shown(self.weak_issuer),
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


# --- judging
# -----------------------------------------------------------------------------------------------------------


def _judge(path: Sequence[Certificate], at: datetime, policy: ValidationPolicy) -> list[Check]:
    """The checks on a complete path, in the order they are reported."""
    found, *lasting = _lasting(tuple(path), policy)
    validity = _step("path.validity", lambda: _validity(path, at, policy))
    algorithms = _step("path.algorithms", lambda: _algorithms(path, at, policy))
    return [found, validity, *lasting[:2], algorithms, *lasting[2:]]


@lru_cache(maxsize=1024)
def _lasting(path: tuple[Certificate, ...], policy: ValidationPolicy) -> tuple[Check, ...]:
    """What is true of a path at any time: the same few signers come again and again."""
    return (
        Check.passed("path.found", length=str(len(path)), anchor=_shown(path[-1])),
        _step("path.extensions", lambda: _extensions(path)),
        _step("path.serial", lambda: _serials(path)),
        _step("path.keys", lambda: _keys(path)),
        _step("path.issuers", lambda: _issuers_are_authorities(path)),
        _step("path.length", lambda: _length(path)),
        _step("path.names", lambda: _names(path, policy)),
        _step("path.policies", lambda: _policies(path)),
    )


def _step(check_id: str, step: Callable[[], Check | None]) -> Check:
    try:
        problem = step()
    except Malformed as error:
        problem = Check.indeterminate(check_id, SubIndication.CHAIN_CONSTRAINTS_FAILURE, reason=error.code)
    return problem or Check.passed(check_id)


def _validity(path: Sequence[Certificate], at: datetime, policy: ValidationPolicy) -> Check | None:
    judged = path if policy.anchor_validity == "required" else path[:-1]
    for certificate in judged:
        if at < certificate.not_before:
            return Check.indeterminate(
                "path.validity",
                SubIndication.NOT_YET_VALID,
                certificate=_shown(certificate),
                not_before=certificate.not_before.isoformat(),
            )
        if at > certificate.not_after:
            return Check.indeterminate(
                "path.validity",
                SubIndication.OUT_OF_BOUNDS_NO_POE,
                certificate=_shown(certificate),
                not_after=certificate.not_after.isoformat(),
            )
    return None


def _extensions(path: Sequence[Certificate]) -> Check | None:
    """Duplicates, unknown critical ones, and those whose place or criticality RFC 5280 fixes; the anchor is ours
    already.
    """
    for index, certificate in enumerate(path):
        seen: set[str] = set()
        for extension in certificate.extensions:
            reason = None
            if extension.oid in seen:
                reason = "twice"
            elif extension.critical and extension.oid not in _UNDERSTOOD:
                reason = "critical and unknown"
            elif extension.oid in _MUST_BE_CRITICAL and not extension.critical:
                reason = "not critical"
            elif extension.oid == x509.NAME_CONSTRAINTS and not certificate.is_ca:
                reason = "not in an authority"
            if reason is not None:
                return _defect("path.extensions", index, certificate, extension=extension.oid, reason=reason)
            seen.add(extension.oid)
    return None


def _serials(path: Sequence[Certificate]) -> Check | None:
    for index, certificate in enumerate(path):
        # RFC 5280, 4.1.2.2; a positive number of 20 octets leaves the sign bit free
        if certificate.serial <= 0 or certificate.serial.bit_length() > 8 * MAX_SERIAL_OCTETS - 1:
            return _defect("path.serial", index, certificate)
    return None


def _algorithms(path: Sequence[Certificate], at: datetime, policy: ValidationPolicy) -> Check | None:
    """Inner and outer algorithm say the same; the algorithm is trusted at `at`. The anchor's own signature counts for
    nothing.
    """
    for index, certificate in enumerate(path[:-1]):
        inner = algorithm_identifier(certificate.inner_algorithm)
        outer = algorithm_identifier(certificate.outer_algorithm)
        # absent and NULL parameters are the same thing: a national CRL and RFC 4055 mix them
        if (inner[0], inner[1] or _NULL_PARAMETERS) != (outer[0], outer[1] or _NULL_PARAMETERS):
            return _defect("path.algorithms", index, certificate, reason="inner and outer differ")
        algorithm = signature_algorithm_from_der(certificate.outer_algorithm)
        check = algorithm_check("path.algorithms", algorithm, named=outer[0], at=at, policy=policy)
        if check.sub_indication is not None:
            return check
    return None


def _keys(path: Sequence[Certificate]) -> Check | None:
    for index, certificate in enumerate(path):
        weakness = certificate.public_key.weakness
        if weakness is not None:
            # a type we cannot use may be good elsewhere, the national ones are; a weak key is weak everywhere
            is_final = index == 0 and certificate.public_key.type in ("rsa", "ec", "dsa")
            make = Check.failed if is_final else Check.indeterminate
            return make(
                "path.keys",
                SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
                certificate=_shown(certificate),
                reason=weakness,
            )
    return None


def _issuers_are_authorities(path: Sequence[Certificate]) -> Check | None:
    """RFC 5280, 6.1.4 (k) and (n), and 4.1.2.6: an authority has a name."""
    for certificate in path[1:]:
        reason = None
        if not certificate.is_ca:
            reason = "not an authority"
        elif certificate.key_usage is not None and "keyCertSign" not in certificate.key_usage:
            reason = "may not sign certificates"
        elif not certificate.subject.key:
            reason = "has no name"
        if reason is not None:
            return _broken("path.issuers", certificate, reason)
    return None


def _length(path: Sequence[Certificate]) -> Check | None:
    """RFC 5280, 6.1.4 (l) and (m): intermediates below an authority that states a length; self-issued ones do not
    count.
    """
    left: int | None = None
    for certificate in reversed(path[1:]):
        if left is not None and not (certificate is path[-1] or certificate.is_self_issued):
            if left == 0:
                return _broken("path.length", certificate, "path length of an issuer exceeded")
            left -= 1
        stated = certificate.basic_constraints[1] if certificate.basic_constraints else None
        if stated is not None:
            left = stated if left is None else min(left, stated)
    return None


def _defect(check_id: str, index: int, certificate: Certificate, **params: str) -> Check:
    """Rule 5: FAILED for the signer's own certificate, INDETERMINATE above it."""
    if index == 0:
        return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, certificate=_shown(certificate), **params)
    return Check.indeterminate(
        check_id, SubIndication.CHAIN_CONSTRAINTS_FAILURE, certificate=_shown(certificate), **params
    )


def _broken(check_id: str, certificate: Certificate, reason: str) -> Check:
    return Check.indeterminate(
        check_id, SubIndication.CHAIN_CONSTRAINTS_FAILURE, certificate=_shown(certificate), reason=reason
    )


def _shown(certificate: Certificate) -> str:
    return certificate.subject.shown()[:300]


# --- name constraints (RFC 5280, 4.2.1.10 and 6.1.3 (b), (c))
# ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Subtrees:
    directory: tuple[Name, ...]
    other_forms: frozenset[int]


def _names(path: Sequence[Certificate], policy: ValidationPolicy) -> Check | None:
    """Directory names are compared; a constraint of another form stops the path only when the certificate has such a
    name.
    """
    permitted: list[_Subtrees] = []
    excluded: list[_Subtrees] = []
    comparisons = 0
    for certificate in reversed(path):
        if certificate is not path[-1] and (certificate is path[0] or not certificate.is_self_issued):
            directory, other_forms = _names_of(certificate)
            comparisons += len(directory) * sum(len(each.directory) for each in (*permitted, *excluded))
            if comparisons > policy.max_name_comparisons:
                return Check.failed("path.limits", SubIndication.FORMAT_FAILURE, limit="name comparisons")
            if any(other_forms & each.other_forms for each in (*permitted, *excluded)):
                return _broken("path.names", certificate, "a constrained form of name that is not judged here")
            if not _names_allowed(directory, permitted, excluded):
                return _broken("path.names", certificate, "name outside the issuer's constraints")
        extension = certificate.extension(x509.NAME_CONSTRAINTS)
        if extension is not None:
            lists = _read_name_constraints(extension.value)
            permitted += [lists[0]] if lists[0] else []
            excluded += [lists[1]] if lists[1] else []
    return None


def _names_allowed(names: Sequence[Name], permitted: Sequence[_Subtrees], excluded: Sequence[_Subtrees]) -> bool:
    for name in names:
        if any(_is_within(name, base) for each in excluded for base in each.directory):
            return False
        if not all(any(_is_within(name, base) for base in each.directory) for each in permitted if each.directory):
            return False
    return True


def _is_within(name: Name, base: Name) -> bool:
    return name.key[: len(base.key)] == base.key


@lru_cache(maxsize=1024)
def _names_of(certificate: Certificate) -> tuple[tuple[Name, ...], frozenset[int]]:
    """Directory names a certificate bears, and the tags of every other form of name it has."""
    directory = [certificate.subject] if certificate.subject.key else []
    forms: set[int] = set()
    if certificate.subject.values(_EMAIL_ADDRESS):
        forms.add(_RFC822_NAME)  # RFC 5280, 4.2.1.10: an address in the subject counts when there is no other
    extension = certificate.extension(x509.SUBJECT_ALT_NAME)
    if extension is not None:
        for general_name in asn1.children(asn1.expect(asn1.read_der(extension.value), asn1.SEQUENCE)):
            if general_name.tag == _DIRECTORY_NAME:
                directory.append(x509.read_name(_single(general_name)))
            else:
                forms.add(general_name.tag)
    return tuple(directory), frozenset(forms)


def _read_name_constraints(value: bytes) -> tuple[_Subtrees | None, _Subtrees | None]:
    fields = asn1.Fields(asn1.read_der(value))
    permitted, excluded = fields.take_optional(0xA0), fields.take_optional(0xA1)
    fields.end()
    if permitted is None and excluded is None:
        raise Malformed("signing.certificate-name-constraints")
    return _subtrees(permitted), _subtrees(excluded)


def _subtrees(element: asn1.Der | None) -> _Subtrees | None:
    if element is None:
        return None
    directory: list[Name] = []
    forms: set[int] = set()
    for subtree in asn1.children(element):
        base = asn1.Fields(subtree)
        name = base.take()
        base.end()  # a minimum or maximum is not in use (RFC 5280, 4.2.1.10)
        if name.tag == _DIRECTORY_NAME:
            directory.append(x509.read_name(_single(name)))
        else:
            forms.add(name.tag)
    if not directory and not forms:
        raise Malformed("signing.certificate-name-constraints")
    return _Subtrees(tuple(directory), frozenset(forms))


def _single(element: asn1.Der) -> asn1.Der:
    inside = asn1.children(element)
    if len(inside) != 1:
        raise Malformed("asn1.structure", expected="one element", found=str(len(inside)))
    return inside[0]


# --- policies (RFC 5280, 6.1.3 (d)-(f), 6.1.4 (a), (b), (h)-(j))
# ------------------------------------------------------------


def _policies(path: Sequence[Certificate]) -> Check | None:
    """Whether a policy holds through the whole path once some issuer demands one; the caller accepts any policy.

    A set of expected policies stands for the tree of the RFC: with any policy acceptable at the end, only "empty or
    not" is asked of that tree.
    """
    expected: frozenset[str] = frozenset({ANY_POLICY})
    below = len(path) - 1
    explicit, mapping, any_policy = below + 1, below + 1, below + 1
    for certificate in reversed(path[:-1]):
        is_last = certificate is path[0]
        stated = _stated_policies(certificate)
        expected = _narrow(expected, stated, any_allowed=any_policy > 0 or (certificate.is_self_issued and not is_last))
        if explicit == 0 and not expected:
            return _broken("path.policies", certificate, "no policy holds through the path")
        if is_last:
            required, _ = _policy_constraints(certificate)
            if required == 0 and not expected:
                return _broken("path.policies", certificate, "no policy holds through the path")
            continue
        expected = _map(expected, _policy_mappings(certificate), allowed=mapping > 0)
        if not certificate.is_self_issued:
            explicit, mapping, any_policy = max(explicit - 1, 0), max(mapping - 1, 0), max(any_policy - 1, 0)
        required, inhibited = _policy_constraints(certificate)
        explicit = explicit if required is None else min(explicit, required)
        mapping = mapping if inhibited is None else min(mapping, inhibited)
        skip = certificate.extension(x509.INHIBIT_ANY_POLICY)
        if skip is not None:
            any_policy = min(any_policy, asn1.integer(asn1.read_der(skip.value)))
    return None


def _narrow(expected: frozenset[str], stated: frozenset[str] | None, *, any_allowed: bool) -> frozenset[str]:
    if stated is None:
        return frozenset()
    kept = stated - {ANY_POLICY} if ANY_POLICY in expected else (stated - {ANY_POLICY}) & expected
    if ANY_POLICY in stated and any_allowed:
        kept |= expected
    return kept


def _map(expected: frozenset[str], mappings: Sequence[tuple[str, str]], *, allowed: bool) -> frozenset[str]:
    for issuer_policy, subject_policy in mappings:
        if ANY_POLICY in (issuer_policy, subject_policy):
            raise Malformed("signing.certificate-policies")
    mapped = {issuer for issuer, _ in mappings}
    kept = expected - mapped
    if not allowed:
        return kept
    return kept | {subject for issuer, subject in mappings if issuer in expected or ANY_POLICY in expected}


@lru_cache(maxsize=1024)
def _stated_policies(certificate: Certificate) -> frozenset[str] | None:
    extension = certificate.extension(x509.CERTIFICATE_POLICIES)
    if extension is None:
        return None
    listed = [
        asn1.oid(asn1.Fields(element).take(asn1.OID))
        for element in asn1.children(asn1.expect(asn1.read_der(extension.value), asn1.SEQUENCE))
    ]
    if not listed or len(set(listed)) != len(listed):
        raise Malformed("signing.certificate-policies")
    return frozenset(listed)


@lru_cache(maxsize=1024)
def _policy_constraints(certificate: Certificate) -> tuple[int | None, int | None]:
    """Return requireExplicitPolicy and inhibitPolicyMapping."""
    extension = certificate.extension(x509.POLICY_CONSTRAINTS)
    if extension is None:
        return None, None
    fields = asn1.Fields(asn1.read_der(extension.value))
    numbers = [fields.take_optional(tag) for tag in (0x80, 0x81)]
    fields.end()
    if numbers == [None, None]:
        raise Malformed("signing.certificate-policies")
    required, inhibited = (int.from_bytes(n.content, "big") if n is not None else None for n in numbers)
    return required, inhibited


def _policy_mappings(certificate: Certificate) -> list[tuple[str, str]]:
    extension = certificate.extension(x509.POLICY_MAPPINGS)
    if extension is None:
        return []
    pairs = []
    for element in asn1.children(asn1.expect(asn1.read_der(extension.value), asn1.SEQUENCE)):
        fields = asn1.Fields(element)
        pairs.append((asn1.oid(fields.take(asn1.OID)), asn1.oid(fields.take(asn1.OID))))
        fields.end()
    return pairs
