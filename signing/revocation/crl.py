"""What a list of revoked certificates says on a certificate, if it may speak: RFC 5280, 6.3.3.

Steps, each with its check; the letters are those of the clause:

1. the list is of the certificate's issuer, or of one its distribution points name (b)(1); others are passed over;
2. number, critical extensions, times (revocation.crl-number, .critical-extension, .times);
3. its scope covers the certificate (b)(2), (d): revocation.scope;
4. its issuer may sign lists and its key is found (f): revocation.crl-issuer, .issuer-path;
5. the signature (g): revocation.algorithm, .signature;
6. the entry (i), (j); its extensions are known (revocation.critical-extension, .evidence-format).

How several lists speak together is `crl_joining`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signing.certificates import Certificate
from signing.certificates.distinguished_name import NameKey
from signing.certification_path import validate_path
from signing.errors import Malformed
from signing.revocation.certificate_list import CertificateList
from signing.revocation.crl_index import Entry, UnknownCriticalError
from signing.revocation.extensions import (
    ALL_REASONS,
    ComparedName,
    DistributionPoint,
    distribution_points,
    relative_to,
)
from signing.revocation.judgement import shown
from signing.revocation.question import Question, for_issuers, path_of, require_algorithm, require_times
from signing.revocation.statement import REMOVE_FROM_CRL, Origin, TurnedAwayError, turned_away


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """An authentic list that speaks on the certificate for some reasons, and its entry if there is one."""

    crl: CertificateList
    origin: Origin
    reasons: frozenset[int]
    signer: Certificate
    path: tuple[Certificate, ...]
    algorithm: str
    entry: Entry | None


def finding(crl: CertificateList, origin: Origin, question: Question) -> Finding | None:
    """Steps 1 to 6; None when the list is of an issuer that has nothing to do with the certificate."""
    points = _points(crl, question.certificate)
    if not points:
        return None
    if crl.number is None or crl.number_is_critical:
        raise turned_away("revocation.crl-number", "missing" if crl.number is None else "critical")
    if crl.unknown_critical is not None:
        raise turned_away("revocation.critical-extension", crl.unknown_critical)
    require_times(question, crl.this_update, crl.next_update)
    reasons = _reasons_covered(crl, points, question.certificate)
    algorithm = require_algorithm(crl.algorithm, crl.this_update, question.policy)
    signer = _signer(crl, question)
    path = path_of(question, signer, (), crl.this_update)
    _require_same_authority(signer, path, crl, question)
    return Finding(
        crl=crl,
        origin=origin,
        reasons=reasons,
        signer=signer,
        path=path,
        algorithm=algorithm,
        entry=_entry(crl, question.certificate),
    )


def _points(crl: CertificateList, certificate: Certificate) -> tuple[DistributionPoint, ...]:
    """The distribution points under which this list may speak (b)(1), with the one every certificate has.

    RFC 5280, 6.3.3: beside the points it names, a certificate has its issuer's own list, for all reasons.
    """
    try:
        stated = distribution_points(certificate)
    except Malformed as error:
        raise turned_away("revocation.scope", error.code, certificate=shown(certificate)) from error
    own = crl.issuer.key == certificate.issuer.key
    fitting = [
        point
        for point in stated
        if (any(name.key == crl.issuer.key for name in point.crl_issuer) if point.crl_issuer else own)
    ]
    if own:
        issuer: ComparedName = ("directory", certificate.issuer.key)
        fitting.append(DistributionPoint(names=frozenset({issuer}), reasons=ALL_REASONS, crl_issuer=(), urls=()))
    return tuple(fitting)


def _reasons_covered(
    crl: CertificateList, points: Sequence[DistributionPoint], certificate: Certificate
) -> frozenset[int]:
    """Steps (b)(2) and (d): the reasons for which the list speaks on the certificate; raises TurnedAwayError."""
    scope = crl.scope
    kind = None
    if scope.attribute_certificates_only:
        kind = "attribute certificates only"
    elif scope.user_certificates_only and certificate.is_ca:
        kind = "end entities only"
    elif scope.authority_certificates_only and not certificate.is_ca:
        kind = "authorities only"
    if kind is not None:
        raise turned_away("revocation.scope", kind)
    covered: frozenset[int] = frozenset()
    for point in points:
        if point.crl_issuer and not scope.indirect:
            continue  # a list of another issuer than the certificate's must say that it is one (b)(1)
        if scope.names is None or _names_meet(crl, point, certificate):
            covered |= point.reasons & scope.reasons
    if not covered:
        raise turned_away("revocation.scope", "another distribution point")
    return covered


def _names_meet(crl: CertificateList, point: DistributionPoint, certificate: Certificate) -> bool:
    listed = relative_to(crl.scope.names, crl.issuer.key) or frozenset()
    if point.names is None:
        wanted: frozenset[ComparedName] | None = frozenset(("directory", name.key) for name in point.crl_issuer)
    else:
        issuer = point.crl_issuer[0] if point.crl_issuer else certificate.issuer
        wanted = relative_to(point.names, issuer.key)
    return not listed.isdisjoint(wanted or frozenset())


def _signer(crl: CertificateList, question: Question) -> Certificate:
    """Steps 4 and 5: a certificate of the list's issuer that may sign lists and whose key verifies this one."""
    named = [
        each
        for each in dict.fromkeys((question.issuer, *question.candidates, *_anchors(question)))
        if each.subject.key == crl.issuer.key
        and (crl.authority_key_id is None or each.subject_key_id in (None, crl.authority_key_id))
    ]
    if not named:
        raise turned_away("revocation.crl-issuer", "not found", issuer=crl.issuer.shown()[:300])
    last: TurnedAwayError | None = None
    for candidate in named[: question.policy.max_candidates_per_issuer]:
        try:
            _require_signer(crl, candidate)
        except TurnedAwayError as error:
            last = last or error
        else:
            return candidate
    raise last or turned_away("revocation.crl-issuer", "not found", issuer=crl.issuer.shown()[:300])


def _anchors(question: Question) -> Iterator[Certificate]:
    for der in (*question.anchors.certificates, *question.anchors.intermediates):
        yield Certificate.from_der(der)


def may_sign(crl: CertificateList, signer: Certificate) -> bool:
    """Whether the signer's certificate lets it sign this list (RFC 5280, 4.2.1.3 and 6.3.3 (f)).

    An authority without keyUsage may do everything. Whoever is none was let sign lists in so many words, and its list,
    which speaks for another, says that it is indirect (5.2.5).
    """
    if signer.key_usage is not None:
        return "cRLSign" in signer.key_usage and (signer.is_ca or crl.scope.indirect)
    return signer.is_ca


def _require_signer(crl: CertificateList, signer: Certificate) -> None:
    if not may_sign(crl, signer):
        raise turned_away("revocation.crl-issuer", "may not sign lists", issuer=shown(signer))
    if signer.public_key.weakness is not None:
        raise turned_away("revocation.signature", signer.public_key.weakness, issuer=shown(signer))
    if not crl.is_signed_by(signer):
        raise turned_away("revocation.signature", "value", issuer=shown(signer))


def _require_same_authority(
    signer: Certificate, path: Sequence[Certificate], crl: CertificateList, question: Question
) -> None:
    """(f): another key than the issuer's own speaks for it only under the same anchor, and beside or below it.

    A name is not enough: under one root two authorities may bear the same.
    """
    issuer = question.issuer
    if signer.public_key_info == issuer.public_key_info and signer.subject.key == issuer.subject.key:
        return
    policy = for_issuers(question.policy)
    own = validate_path(issuer, question.candidates, question.anchors, at=crl.this_update, policy=policy).path
    if not own or own[-1] != path[-1]:
        raise turned_away("revocation.crl-issuer", "another trust anchor", issuer=shown(signer))
    if crl.issuer.key == issuer.subject.key and _above(path) != _above(own):
        raise turned_away("revocation.crl-issuer", "another authority of the same name", issuer=shown(signer))


def _above(path: Sequence[Certificate]) -> tuple[NameKey, bytes] | None:
    """Name and key of the first authority of another name: an authority that renews its key has several certificates."""
    for certificate in path:
        if certificate.subject.key != path[0].subject.key:
            return certificate.subject.key, certificate.public_key_info
    return None


def _entry(crl: CertificateList, certificate: Certificate) -> Entry | None:
    """Step 6: the entry of this certificate: its serial number and, in an indirect list, its issuer."""
    try:
        entries = crl.index().look_up(certificate.serial)
    except UnknownCriticalError as error:
        raise turned_away("revocation.critical-extension", error.oid) from error
    except Malformed as error:
        raise turned_away("revocation.evidence-format", error.code, kind="crl") from error
    for entry in entries:
        if certificate.issuer.key not in (entry.issuers or {crl.issuer.key}):
            continue
        if entry.reason == REMOVE_FROM_CRL and crl.base_number is None:
            raise turned_away("revocation.evidence-format", "signing.crl-entry", kind="crl")
        return entry
    return None
