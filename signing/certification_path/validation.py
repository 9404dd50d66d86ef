"""Judging a path at a moment: rules 3 to 5 of the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from signing import certificates as x509
from signing.algorithms import algorithm_identifier, signature_algorithm_from_der
from signing.certification_path.building import NoPathError, Search, first_path
from signing.certification_path.certificate_policies import require_policies
from signing.certification_path.checks import algorithm_check, broken, defect, shown
from signing.certification_path.name_constraints import require_names
from signing.errors import Malformed, SigningError
from signing.validation_report import Check, Indication, SubIndication, conclude

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from datetime import date, datetime

    from signing.certificates import Certificate, CertificateFacts, Extension
    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors

MAX_SERIAL_OCTETS: Final = 20
_REMEMBERED_BYTES: Final = 32 * 1024  # of the certificates that came along; a fuller bag is searched anew each time
_NULL_PARAMETERS: Final = b"\x05\x00"

# what this module, or the caller through Certificate's fields, acts upon; anything else critical stops the path
_UNDERSTOOD: Final = frozenset(
    {
        x509.KEY_USAGE,
        x509.SUBJECT_KEY_IDENTIFIER,
        x509.AUTHORITY_KEY_IDENTIFIER,
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
_POLICY_EXTENSIONS: Final = frozenset({x509.POLICY_CONSTRAINTS, x509.INHIBIT_ANY_POLICY})


@dataclass(frozen=True, kw_only=True, slots=True)
class PathResult:
    """The path, signer first and anchor last (empty when none was found), with every check made on it.

    `facts` are what a report shows of each certificate of it. `checks_in_vain`: signatures verified before it was clear
    that there is no path.
    """

    path: tuple[Certificate, ...]
    facts: tuple[CertificateFacts, ...]
    checks: tuple[Check, ...]
    indication: Indication
    sub_indication: SubIndication | None
    params: Mapping[str, str]
    checks_in_vain: int = 0

    @classmethod
    def of(cls, path: Sequence[Certificate], checks: Sequence[Check], *, checks_in_vain: int = 0) -> PathResult:
        indication, sub_indication = conclude(checks)
        params = next((c.params for c in checks if c.sub_indication is sub_indication), {}) if sub_indication else {}
        return cls(
            path=tuple(path),
            facts=tuple([each.facts() for each in path]),
            checks=tuple(checks),
            indication=indication,
            sub_indication=sub_indication,
            params=params,
            checks_in_vain=checks_in_vain,
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
    bag = tuple(candidates)
    try:
        find = first_path if sum(len(each.der) for each in bag) <= _REMEMBERED_BYTES else first_path.__wrapped__
        path = find(signer, bag, anchors, policy)
    except NoPathError as error:
        return PathResult.of((), [error.search.why_none(signer)], checks_in_vain=error.search.signature_checks)
    passed = _passed_on_the_day(path, at.date(), policy) if _validity(path, at, policy) is None else None
    if passed is not None:
        return passed
    first = PathResult.of(path, _judge(path, at, policy))
    for another in Search.over(bag, anchors, policy).paths((signer,)):
        result = PathResult.of(another, _judge(another, at, policy))
        if result.indication is Indication.TOTAL_PASSED:
            return result
    return first


def validate_other_path(
    signer: Certificate,
    candidates: Sequence[Certificate],
    anchors: TrustAnchors,
    *,
    at: datetime,
    policy: ValidationPolicy,
    without: Container[Certificate],
) -> PathResult | None:
    """The first path that passes and leads through none of `without`; None when there is none (EN 319 102-1, 5.2.6)."""
    for path in Search.over(tuple(candidates), anchors, policy).paths((signer,)):
        if not any(each in without for each in path):
            result = PathResult.of(path, _judge(path, at, policy))
            if result.indication is Indication.TOTAL_PASSED:
                return result
    return None


def validity_check(
    check_id: str, path: Sequence[Certificate], at: datetime, policy: ValidationPolicy, **params: str
) -> Check:
    """Whether every certificate of a path (the anchor as `anchor_validity` says) was valid at `at` (aware)."""
    problem = _validity(path, at, policy)
    if problem is None:
        return Check.passed(check_id, **params)
    return problem._replace(id=check_id, params=MappingProxyType({**problem.params, **params}))


def _judge(path: Sequence[Certificate], at: datetime, policy: ValidationPolicy) -> list[Check]:
    """The checks on a complete path, in the order they are reported."""
    found, *others = _on_the_day(tuple(path), at.date(), policy)
    return [found, _step("path.validity", lambda: _validity(path, at, policy)), *others]


@lru_cache(maxsize=1024)
def _passed_on_the_day(path: tuple[Certificate, ...], day: date, policy: ValidationPolicy) -> PathResult | None:
    """The result at every moment of the day at which all its certificates are valid; None when something is wrong."""
    found, *others = _on_the_day(path, day, policy)
    result = PathResult.of(path, [found, Check.passed("path.validity"), *others])
    return result if result.indication is Indication.TOTAL_PASSED else None


@lru_cache(maxsize=1024)
def _on_the_day(path: tuple[Certificate, ...], day: date, policy: ValidationPolicy) -> tuple[Check, ...]:
    """What is true of a path all day long: the same few signers come again and again."""
    return (
        Check.passed("path.found", length=str(len(path)), anchor=shown(path[-1])),
        _step("path.extensions", lambda: _extensions(path, policy)),
        _step("path.key-identifiers", lambda: _key_identifiers(path, policy)),
        _step("path.serial", lambda: _serials(path)),
        _step("path.algorithms", lambda: _algorithms(path, day, policy)),
        _step("path.keys", lambda: _keys(path)),
        _step("path.issuers", lambda: _issuers_are_authorities(path)),
        _step("path.length", lambda: _length(path)),
        _step("path.names", lambda: require_names(path, policy)),
        _step("path.policies", lambda: require_policies(path, policy)),
    )


def _step(check_id: str, step: Callable[[], Check | None]) -> Check:
    try:
        problem = step()
    except Malformed as error:
        problem = Check.indeterminate(check_id, SubIndication.CHAIN_CONSTRAINTS_FAILURE, reason=error.code)
    return problem or Check.passed(check_id)


def _validity(path: Sequence[Certificate], at: datetime, policy: ValidationPolicy) -> Check | None:
    judged = path if policy.anchor_validity == "required" else path[:-1]
    second = at.replace(microsecond=0)  # X.509 counts in whole seconds, the last one included
    for certificate in judged:
        if at < certificate.not_before:
            return Check.indeterminate(
                "path.validity",
                SubIndication.NOT_YET_VALID,
                certificate=shown(certificate),
                not_before=certificate.not_before.isoformat(),
            )
        if second > certificate.not_after:
            return Check.indeterminate(
                "path.validity",
                SubIndication.OUT_OF_BOUNDS_NO_POE,
                certificate=shown(certificate),
                not_after=certificate.not_after.isoformat(),
            )
    return None


def _extensions(path: Sequence[Certificate], policy: ValidationPolicy) -> Check | None:
    """Duplicates, unknown critical ones, empty ones, and those whose place or criticality RFC 5280 fixes."""
    for index, certificate in enumerate(path):
        seen: set[str] = set()
        for extension in certificate.extensions:
            reason = "twice" if extension.oid in seen else _flaw(certificate, extension, policy)
            if reason is not None:
                return defect("path.extensions", index, certificate, extension=extension.oid, reason=reason)
            seen.add(extension.oid)
        if not certificate.subject.key and not certificate.is_ca:
            other_name = certificate.extension(x509.SUBJECT_ALT_NAME)
            if other_name is None or not other_name.critical:  # 4.1.2.6: then it is the only name there is
                return defect(
                    "path.extensions", index, certificate, extension=x509.SUBJECT_ALT_NAME, reason="not critical"
                )
    return None


def _flaw(certificate: Certificate, extension: Extension, policy: ValidationPolicy) -> str | None:
    """What is wrong with one extension by itself."""
    must_be_critical = (
        extension.oid == x509.NAME_CONSTRAINTS
        or (policy.require_critical_constraints and extension.oid in _POLICY_EXTENSIONS)
        or (policy.require_critical_constraints and extension.oid == x509.BASIC_CONSTRAINTS and certificate.is_ca)
    )
    if extension.critical and extension.oid not in _UNDERSTOOD:
        return "critical and unknown"
    if must_be_critical and not extension.critical:
        return "not critical"
    if extension.oid == x509.NAME_CONSTRAINTS and not certificate.is_ca:
        return "not in an authority"
    if extension.oid == x509.EXTENDED_KEY_USAGE and not certificate.roles:
        return "empty"
    return None


def _key_identifiers(path: Sequence[Certificate], policy: ValidationPolicy) -> Check | None:
    """RFC 5280, 4.2.1.1 and 4.2.1.2: an authority names its key, and what it signs names it too; never critical."""
    for index, certificate in enumerate(path):
        for oid in (x509.SUBJECT_KEY_IDENTIFIER, x509.AUTHORITY_KEY_IDENTIFIER):
            found = certificate.extension(oid)
            if found is not None and found.critical:
                return defect("path.key-identifiers", index, certificate, extension=oid, reason="critical")
        if not policy.require_key_identifiers:
            continue
        if index > 0 and certificate.subject_key_id is None:
            return defect(
                "path.key-identifiers", index, certificate, extension=x509.SUBJECT_KEY_IDENTIFIER, reason="absent"
            )
        is_own_issuer = certificate.is_self_issued and index == len(path) - 1
        if certificate.authority_key_id is None and not is_own_issuer:
            return defect(
                "path.key-identifiers", index, certificate, extension=x509.AUTHORITY_KEY_IDENTIFIER, reason="absent"
            )
    return None


def _serials(path: Sequence[Certificate]) -> Check | None:
    for index, certificate in enumerate(path):
        # RFC 5280, 4.1.2.2; a positive number of 20 octets leaves the sign bit free
        if certificate.serial <= 0 or certificate.serial.bit_length() > 8 * MAX_SERIAL_OCTETS - 1:
            return defect("path.serial", index, certificate)
    return None


def _algorithms(path: Sequence[Certificate], day: date, policy: ValidationPolicy) -> Check | None:
    """Inner and outer algorithm say the same; the algorithm is trusted that day. The anchor's own signature counts for
    nothing.
    """
    for index, certificate in enumerate(path[:-1]):
        inner = algorithm_identifier(certificate.inner_algorithm)
        outer = algorithm_identifier(certificate.outer_algorithm)
        # absent and NULL parameters are the same thing: a national CRL and RFC 4055 mix them
        if (inner[0], inner[1] or _NULL_PARAMETERS) != (outer[0], outer[1] or _NULL_PARAMETERS):
            return defect("path.algorithms", index, certificate, reason="inner and outer differ")
        algorithm = signature_algorithm_from_der(certificate.outer_algorithm)
        check = algorithm_check("path.algorithms", algorithm, named=outer[0], day=day, policy=policy)
        if check.sub_indication is not None:
            return check
    return None


def _keys(path: Sequence[Certificate]) -> Check | None:
    for index, certificate in enumerate(path):
        key = certificate.public_key
        if key.weakness is not None:
            # a type we cannot use may be good elsewhere, the national ones are; a weak key is weak everywhere
            is_final = index == 0 and not key.is_unsupported
            make = Check.failed if is_final else Check.indeterminate
            return make(
                "path.keys",
                SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
                certificate=shown(certificate),
                reason=key.weakness,
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
            return broken("path.issuers", certificate, reason)
    return None


def _length(path: Sequence[Certificate]) -> Check | None:
    """RFC 5280, 6.1.4 (l) and (m): intermediates below an authority that states a length; self-issued ones do not
    count.
    """
    left: int | None = None
    for certificate in reversed(path[1:]):
        if left is not None and not (certificate is path[-1] or certificate.is_self_issued):
            if left == 0:
                return broken("path.length", certificate, "path length of an issuer exceeded")
            left -= 1
        stated = certificate.basic_constraints[1] if certificate.basic_constraints else None
        if stated is not None:
            left = stated if left is None else min(left, stated)
    return None
