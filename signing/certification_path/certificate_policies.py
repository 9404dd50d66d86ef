"""Certificate policies (RFC 5280, 6.1.2 to 6.1.5) over the graph of RFC 9618, which no chain makes grow exponentially.

A level of the graph is one certificate: policy -> what it will be called one level further down, and the policies of the
top of the path it stands for. A policy stands for itself below anyPolicy, and for whatever its parents stand for
otherwise; so at the end one look says which of the caller's policies hold through the whole path.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing import certificates as x509
from signing.certification_path.checks import broken
from signing.errors import Malformed
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from signing.certificates import Certificate
    from signing.policy import ValidationPolicy

ANY_POLICY: Final = "2.5.29.32.0"
MAX_POLICIES: Final = 64
"""Policies, and mappings, in one certificate; national and European ones state one to five."""


@dataclass(frozen=True, slots=True)
class _Node:
    """One policy at one level: `expected` names it may have in the next certificate, `roots` what it stands for."""

    expected: frozenset[str]
    roots: frozenset[str]


_Level = dict[str, _Node]


@dataclass(slots=True)
class _Counters:
    """Certificates left until a policy must hold, mappings end, and anyPolicy ends (6.1.2 (d)-(f)); 0 is "now"."""

    explicit: int
    mapping: int
    any_policy: int

    def descend(self) -> None:
        self.explicit, self.mapping, self.any_policy = (
            max(count - 1, 0) for count in (self.explicit, self.mapping, self.any_policy)
        )


def require_policies(path: Sequence[Certificate], policy: ValidationPolicy) -> Check | None:
    """Whether a policy that the caller accepts holds through the whole path, once anybody demands that one does."""
    below = len(path) - 1
    never = below + 1
    left = _Counters(
        explicit=0 if policy.require_certificate_policy else never,
        mapping=0 if policy.inhibit_policy_mapping else never,
        any_policy=0 if policy.inhibit_any_policy else never,
    )
    level: _Level = {ANY_POLICY: _Node(frozenset({ANY_POLICY}), frozenset({ANY_POLICY}))}
    for certificate in reversed(path[:-1]):
        is_last = certificate is path[0]
        stated = _stated_policies(certificate)
        mappings = () if is_last else _policy_mappings(certificate)
        if len(stated or ()) > MAX_POLICIES or len(mappings) > MAX_POLICIES:
            return Check.failed("path.limits", SubIndication.FORMAT_FAILURE, limit="certificate policies")
        level = _next_level(
            level, stated, any_allowed=left.any_policy > 0 or (certificate.is_self_issued and not is_last)
        )
        if left.explicit == 0 and not level:
            return broken("path.policies", certificate, "no policy holds through the path")
        required, inhibited = _policy_constraints(certificate)
        if is_last:
            # 6.1.5 (a) and (b): the last certificate counts as a step of its own
            left.explicit = max(left.explicit - 1, 0) if required != 0 else 0
            continue
        level = _mapped(level, mappings, allowed=left.mapping > 0)
        if not certificate.is_self_issued:
            left.descend()
        left.explicit = left.explicit if required is None else min(left.explicit, required)
        left.mapping = left.mapping if inhibited is None else min(left.mapping, inhibited)
        skip = certificate.extension(x509.INHIBIT_ANY_POLICY)
        if skip is not None:
            left.any_policy = min(left.any_policy, _skip(asn1.integer(asn1.read_der(skip.value))))
    if left.explicit == 0 and not _is_acceptable(level, policy.acceptable_certificate_policies):
        return broken("path.policies", path[0], "no policy holds through the path")
    return None


def _next_level(level: _Level, stated: frozenset[str] | None, *, any_allowed: bool) -> _Level:
    """6.1.3 (d) and (e): the policies of a certificate that follow from the level above."""
    if stated is None:
        return {}
    parents: dict[str, list[_Node]] = {}
    for node in level.values():
        for name in node.expected:
            parents.setdefault(name, []).append(node)
    found: _Level = {}
    wildcard = level.get(ANY_POLICY)
    for name in stated - {ANY_POLICY}:
        if name in parents:
            found[name] = _Node(frozenset({name}), _roots(parents[name], name))
        elif wildcard is not None:
            found[name] = _Node(frozenset({name}), frozenset({name}))
    if ANY_POLICY in stated and any_allowed:
        for name, above in parents.items():
            if name not in found:
                found[name] = _Node(frozenset({name}), _roots(above, name))
    return found


def _roots(parents: Iterable[_Node], name: str) -> frozenset[str]:
    """What a policy stands for: below anyPolicy, and nowhere else, for itself."""
    found: set[str] = set()
    for parent in parents:
        found |= parent.roots
    if ANY_POLICY in found and name != ANY_POLICY:
        found = (found - {ANY_POLICY}) | {name}
    return frozenset(found)


def _mapped(level: _Level, mappings: Sequence[tuple[str, str]], *, allowed: bool) -> _Level:
    """6.1.4 (a) and (b)."""
    targets: dict[str, set[str]] = {}
    for issuer_policy, subject_policy in mappings:
        if ANY_POLICY in (issuer_policy, subject_policy):
            raise Malformed("signing.certificate-policies")
        targets.setdefault(issuer_policy, set()).add(subject_policy)
    found = dict(level)
    for name, subjects in targets.items():
        node = level.get(name)
        if not allowed:
            found.pop(name, None)
        elif node is not None:
            found[name] = _Node(frozenset(subjects), node.roots)
        elif ANY_POLICY in level:
            found[name] = _Node(frozenset(subjects), frozenset({name}))
    return found


def _is_acceptable(level: Mapping[str, _Node], wanted: Sequence[str]) -> bool:
    """6.1.5 (g): some policy is left, and it stands for one of the caller's, for whom an empty list means any."""
    if not wanted:
        return bool(level)
    return any(ANY_POLICY in node.roots or not node.roots.isdisjoint(wanted) for node in level.values())


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
    required, inhibited = (_skip_octets(n.content) if n is not None else None for n in numbers)
    return required, inhibited


def _skip_octets(content: bytes) -> int:
    if not content:
        raise Malformed("signing.certificate-policies")
    return _skip(int.from_bytes(content, "big", signed=True))


def _skip(certificates: int) -> int:
    """SkipCerts is INTEGER (0..MAX)."""
    if certificates < 0:
        raise Malformed("signing.certificate-policies")
    return certificates


@lru_cache(maxsize=1024)
def _policy_mappings(certificate: Certificate) -> tuple[tuple[str, str], ...]:
    extension = certificate.extension(x509.POLICY_MAPPINGS)
    if extension is None:
        return ()
    pairs = []
    for element in asn1.children(asn1.expect(asn1.read_der(extension.value), asn1.SEQUENCE)):
        fields = asn1.Fields(element)
        pairs.append((asn1.oid(fields.take(asn1.OID)), asn1.oid(fields.take(asn1.OID))))
        fields.end()
    return tuple(pairs)
