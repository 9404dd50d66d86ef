"""Certificate policies (RFC 5280, 6.1.3 (d)-(f) and 6.1.4 (a), (b), (h)-(j))."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing import certificates as x509
from signing.certification_path.checks import broken
from signing.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing.certificates import Certificate
    from signing.validation_report import Check

ANY_POLICY: Final = "2.5.29.32.0"


def require_policies(path: Sequence[Certificate]) -> Check | None:
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
            return broken("path.policies", certificate, "no policy holds through the path")
        if is_last:
            required, _ = _policy_constraints(certificate)
            if required == 0 and not expected:
                return broken("path.policies", certificate, "no policy holds through the path")
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
