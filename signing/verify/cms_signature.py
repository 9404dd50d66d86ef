"""One signer of a CMS, judged: format, certificate, digests, value; then the shared steps of `verify.signature`.

Steps of EN 319 102-1 performed here: format checking, identification of the signing certificate, cryptographic
verification, and of signature acceptance the signature policy. The content is given by its digests only.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from signing import cades
from signing.algorithms import (
    DigestAlgorithm,
    SignatureAlgorithm,
    Standing,
    algorithm_identifier,
    is_key_oid,
    signature_algorithm_in_cms,
)
from signing.certificates import Certificate
from signing.errors import Malformed
from signing.validation_data import NO_DATA, ValidationData
from signing.validation_report import Check, Conclusion, SignatureReport, SubIndication
from signing.verify.cms_form import ReadCms, ReadSigner, digest_of, readable_certificates
from signing.verify.signature import SignedClaims, algorithm_check, judge_signer, signature_value_check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from signing.cades import SignedAttributes, UnsignedAttributes
    from signing.cms import SignedData, SignerInfo
    from signing.policy import ValidationPolicy
    from signing.validation_data import FoundTimeStamp
    from signing.verify.context import Context

CHECKS: Final = frozenset(
    {
        "cms.signer",
        "cms.signed-attributes",
        "cms.unsigned-attributes",
        "cms.content-type",
        "cms.digest-algorithm",
        "cms.message-digest",
        "cms.signing-certificate",
        "cms.signature-policy",
        "cms.signature-algorithm",
        "cms.algorithms-agree",
        "cms.signature-value",
    }
)
NOTES: Final = frozenset({"cms.countersignatures", "cms.other-attributes"})
"""Ids of checks that are only ever NOT_PERFORMED: what stands there and was not looked at."""

_FAILED: Final = Conclusion.FAILED
_ED25519_DIGEST: Final = "sha512"  # RFC 8419, 3.1


@dataclass(frozen=True, kw_only=True, slots=True)
class ExaminedSigner:
    """Steps 1, 2 and 4 of one signer, made; the shared steps are still to come."""

    claims: SignedClaims
    certificate: Certificate | None
    candidates: Sequence[Certificate]
    checks: tuple[Check, ...]

    @property
    def has_failed(self) -> bool:
        return any(check.conclusion is _FAILED for check in self.checks)

    def report(
        self,
        context: Context,
        *,
        before: Sequence[Check] = (),
        after: Sequence[Check] = (),
        time_stamps: tuple[FoundTimeStamp, ...] = (),
    ) -> SignatureReport:
        """The verdict. `before` and `after` are checks of what lies around the CMS, `time_stamps` those outside it."""
        claims = self.claims
        if time_stamps:
            level = "B-LTA" if claims.level == "B-LT" else claims.level
            claims = replace(claims, level=level, time_stamps=(*claims.time_stamps, *time_stamps), has_time_stamp=True)
        return judge_signer(
            claims=claims,
            signer=self.certificate,
            candidates=self.candidates,
            checks=[*before, *self.checks, *after],
            context=context,
        )


def examine_cms_signer(
    signer: ReadSigner,
    read: ReadCms,
    content: Mapping[str, bytes],
    *,
    signer_id: str,
    covered: tuple[str, ...],
    context: Context,
) -> ExaminedSigner:
    """One signer over content with these digests, `covered` in words of whoever asks."""
    certificate, candidates, checks = _identify(signer.info, read, context)
    checks = [*checks, *_attribute_checks(signer)]
    attributes, unsigned = signer.attributes, signer.unsigned
    time_stamps: tuple[FoundTimeStamp, ...] = ()
    checks += _acceptance(signer, read.signed, certificate, content, context)
    if attributes is not None and unsigned is not None:
        time_stamps = cades.found_time_stamps(
            read.signed, signer.info, attributes, unsigned, content, signer_id=signer_id
        )
        checks += _notes(unsigned)
    embedded = ValidationData(
        certificates=read.signed.certificates,
        crls=read.signed.crls,
        ocsp_responses=read.signed.ocsp_responses,
    ).joined(unsigned.data if unsigned is not None else NO_DATA)
    advanced = attributes is not None and attributes.certificate_reference is not None
    return ExaminedSigner(
        claims=SignedClaims(
            id=signer_id,
            format="CAdES" if advanced else "CMS",
            level=_level(time_stamps, embedded) if advanced else "",
            covered=covered,
            signing_time=attributes.signing_time if attributes else None,
            has_time_stamp=bool(time_stamps),
            time_stamps=time_stamps,
            embedded=embedded,
            value=signer.info.signature,
        ),
        certificate=certificate,
        candidates=candidates,
        checks=tuple(checks),
    )


def _identify(
    signer: SignerInfo, read: ReadCms, context: Context
) -> tuple[Certificate | None, Sequence[Certificate], list[Check]]:
    """The one certificate the signer names (EN 319 102-1, 5.2.3); two that fit are a trap and not a choice.

    A signature may come without it; then what the judge was given is asked.
    """
    candidates: Sequence[Certificate] = read.certificates
    found = [certificate for certificate in candidates if signer.identifier.matches(certificate)]
    if not found and context.data.certificates:
        given = tuple(readable_certificates(context.data.certificates))
        candidates = (*candidates, *given)
        found = [certificate for certificate in given if signer.identifier.matches(certificate)]
    if len(found) > 1:
        return (
            None,
            candidates,
            [Check.failed("cms.signer", SubIndication.FORMAT_FAILURE, reason="two certificates fit")],
        )
    if not found:
        return None, candidates, []
    return found[0], candidates, [Check.passed("cms.signer", certificate=found[0].sha256)]


def _attribute_checks(signer: ReadSigner) -> Iterator[Check]:
    """Whether both sets of attributes can be read; what the signer states beside what is judged, by its name."""
    if signer.attributes is not None:
        stated = {"stated": " ".join(signer.attributes.named)} if signer.attributes.named else {}
        if signer.attributes.mime_type is not None:
            stated["media_type"] = signer.attributes.mime_type[:255]
        yield Check.passed("cms.signed-attributes", **stated)
    for check_id, flaw in (
        ("cms.signed-attributes", signer.attributes_flaw),
        ("cms.unsigned-attributes", signer.unsigned_flaw),
    ):
        if flaw is not None:
            yield Check.unreadable(check_id, flaw)
    if signer.unsigned is not None:
        yield Check.passed("cms.unsigned-attributes")


def _notes(unsigned: UnsignedAttributes) -> Iterator[Check]:
    if unsigned.countersignatures:
        yield Check.not_performed("cms.countersignatures", count=str(unsigned.countersignatures))
    if unsigned.others:
        yield Check.not_performed("cms.other-attributes", names=" ".join(unsigned.others)[:1000])


def _acceptance(
    signer: ReadSigner,
    signed: SignedData,
    certificate: Certificate | None,
    content: Mapping[str, bytes],
    context: Context,
) -> Iterator[Check]:
    policy, at, attributes = context.policy, context.at, signer.attributes
    if attributes is None:
        return
    try:
        yield from _content_checks(signer.info, attributes, signed, content, policy=policy, at=at)
        if certificate is not None:
            yield _certificate_check(attributes, certificate, policy=policy, at=at)
        yield _signature_policy(attributes, policy)
        yield from _value_checks(signer.info, attributes, certificate, policy=policy, at=at)
    except Malformed as error:
        yield Check.unreadable("cms.signed-attributes", error)


def _certificate_check(
    attributes: SignedAttributes, certificate: Certificate, *, policy: ValidationPolicy, at: datetime
) -> Check:
    """Check "cms.signing-certificate": the reference names this one, by a hash that is trusted on the day of `at`."""
    check = cades.check_certificate_reference(
        attributes,
        certificate,
        required=policy.require_signing_certificate,
        accept_sha1=policy.accept_sha1_certificate_reference,
    )
    reference = attributes.certificate_reference
    if reference is None or check.conclusion is not Conclusion.PASSED:
        return check
    named = reference.digest_oid
    by = algorithm_check(check.id, reference.digest, named=named, day=at.date(), policy=policy)
    return check if by.conclusion is Conclusion.PASSED else by


def _content_checks(
    signer: SignerInfo,
    attributes: SignedAttributes,
    signed: SignedData,
    content: Mapping[str, bytes],
    *,
    policy: ValidationPolicy,
    at: datetime,
) -> Iterator[Check]:
    if attributes.content_type != signed.content_type:
        yield Check.failed(
            "cms.content-type",
            SubIndication.FORMAT_FAILURE,
            found=attributes.content_type,
            expected=signed.content_type,
        )
    else:
        yield Check.passed("cms.content-type")
    digest = digest_of(signer)
    named = algorithm_identifier(signer.digest_algorithm)[0]
    yield algorithm_check("cms.digest-algorithm", digest, named=named, day=at.date(), policy=policy)
    if digest is None or digest.standing is not Standing.TRUSTED:
        yield Check.not_performed("cms.message-digest", reason="algorithm")
    elif digest.id not in content:
        yield Check.indeterminate("cms.message-digest", SubIndication.SIGNED_DATA_NOT_FOUND, algorithm=digest.id)
    elif hmac.compare_digest(attributes.message_digest, content[digest.id]):
        yield Check.passed("cms.message-digest", algorithm=digest.id)
    else:
        yield Check.failed("cms.message-digest", SubIndication.HASH_FAILURE, algorithm=digest.id)


def _signature_policy(attributes: SignedAttributes, policy: ValidationPolicy) -> Check:
    """Check "cms.signature-policy": a policy is named only where its rules are known to the judge (5.2.9)."""
    check_id = "cms.signature-policy"
    named = attributes.policy.oid if attributes.policy is not None else None
    expected = policy.expected_signature_policy
    if expected is not None and named != expected:
        return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, expected=expected, found=named or "none")
    if named is not None and expected is None:
        return Check.indeterminate(check_id, SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE, found=named)
    return Check.passed(check_id, found=named or "none")


def _value_checks(
    signer: SignerInfo,
    attributes: SignedAttributes,
    certificate: Certificate | None,
    *,
    policy: ValidationPolicy,
    at: datetime,
) -> Iterator[Check]:
    named = algorithm_identifier(signer.signature_algorithm)[0]
    digest = digest_of(signer)
    algorithm = signature_algorithm_in_cms(signer.signature_algorithm, digest) if digest is not None else None
    yield algorithm_check("cms.signature-algorithm", algorithm, named=named, day=at.date(), policy=policy)
    yield _agreement(algorithm, digest, named, attributes, policy)
    if algorithm is None or certificate is None or signer.signed_bytes is None:
        yield Check.not_performed("cms.signature-value", reason="certificate" if algorithm else "algorithm")
    else:
        yield signature_value_check(
            "cms.signature-value", algorithm, certificate, signer.signed_bytes, signer.signature, form="cms"
        )


def _agreement(
    algorithm: SignatureAlgorithm | None,
    digest: DigestAlgorithm | None,
    named: str,
    attributes: SignedAttributes,
    policy: ValidationPolicy,
) -> Check:
    """The hash inside the signature algorithm is the hash of digestAlgorithm, and both are what the signer repeats under
    the signature where it does (RFC 6211).

    National tools of 2018-2019 named the type of the key where the signature algorithm belongs; taken by policy only.
    """
    check_id = "cms.algorithms-agree"
    if algorithm is None or digest is None:
        return Check.not_performed(check_id, reason="algorithm")
    repeated = attributes.algorithm_protection
    if repeated is not None and repeated != (digest.oid, named):
        return Check.failed(
            check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, algorithm=named, reason="algorithm protection"
        )
    if is_key_oid(named) and not policy.accept_key_oid_as_signature_algorithm:
        return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, algorithm=named, reason="key OID")
    if (algorithm.digest or _ED25519_DIGEST) != digest.id:
        return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, algorithm=algorithm.id, digest=digest.id)
    return Check.passed(check_id, reason="key OID") if is_key_oid(named) else Check.passed(check_id)


def _level(time_stamps: Sequence[FoundTimeStamp], embedded: ValidationData) -> str:
    """The baseline level a signature has the parts of (EN 319 122-1, 6.3); whether they are good is judged elsewhere."""
    kinds = {each.kind for each in time_stamps}
    if "archive" in kinds:
        return "B-LTA"
    if "signature" not in kinds:
        return "B-B"
    return "B-LT" if embedded.crls or embedded.ocsp_responses else "B-T"
