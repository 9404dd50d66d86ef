"""Detached CMS in, ValidationReport out: one verdict for each signer, all of them asked for.

Steps of EN 319 102-1 performed here: format checking, identification of the signing certificate, cryptographic
verification; the others are `verify.signature`. The content is read once, chunk by chunk, for all signers together.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from signing.algorithms import (
    DigestAlgorithm,
    SignatureAlgorithm,
    Standing,
    algorithm_identifier,
    digest_algorithm,
    digest_by_oid,
    signature_algorithm_in_cms,
)
from signing.cades import SignedAttributes, check_certificate_reference, read_signed_attributes
from signing.certificates import Certificate
from signing.cms import DATA, SignedData, SignerInfo, read_signed_data
from signing.errors import Malformed
from signing.validation_data import NO_DATA
from signing.validation_report import Check, SignatureReport, SubIndication, ValidationReport
from signing.verify.context import Context
from signing.verify.signature import (
    SignedClaims,
    algorithm_check,
    context_checks,
    judge_signer,
    signature_value_check,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from signing.fetcher import Fetcher
    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors
    from signing.validation_data import ValidationData

CHECKS: Final = frozenset(
    {
        "cms.format",
        "cms.signers",
        "cms.detached",
        "cms.signer",
        "cms.signed-attributes",
        "cms.content-type",
        "cms.digest-algorithm",
        "cms.message-digest",
        "cms.signing-certificate",
        "cms.signature-algorithm",
        "cms.algorithms-agree",
        "cms.signature-value",
    }
)
_ED25519_DIGEST: Final = "sha512"  # RFC 8419, 3.1


def verify_detached(
    signature: bytes,
    content: Iterable[bytes],
    *,
    policy: ValidationPolicy,
    anchors: TrustAnchors,
    at: datetime,
    data: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
) -> ValidationReport:
    """Judge a DER ContentInfo over `content` at `at` (aware).

    Every end is a verdict; what `content` raises while it is read passes through, and SigningError for a naive time.
    """
    context = Context(policy=policy, anchors=anchors, at=at, data=data, fetcher=fetcher)
    checks = [*context_checks(context)]
    signatures: list[SignatureReport] = []
    try:
        signed = read_signed_data(signature)
    except Malformed as error:
        checks.append(_format_failure(error))
    else:
        digests = _digest_content(content, signed)
        checks += _structure(signed, digests, policy)
        bag = _certificates(signed)
        signatures = [
            _judge(index, signer, signed, bag, digests, context=context)
            for index, signer in enumerate(signed.signers, start=1)
        ]
    return ValidationReport.of(
        kind="detached",
        policy=policy.name,
        anchors=anchors.label(),
        at=at,
        checks=checks,
        signatures=signatures,
    )


def _format_failure(error: Malformed) -> Check:
    return Check.failed("cms.format", SubIndication.FORMAT_FAILURE, reason=error.code, **error.params)


def _digest_content(content: Iterable[bytes], signed: SignedData) -> dict[str, bytes]:
    """Digest of the given content under every trusted hash that any signer names, by the hash's id.

    With content attached SHA-256 is always among them: the comparison must not hang on hashes we cannot compute.
    """
    wanted = {digest.id: digest for signer in signed.signers if (digest := _digest_of(signer)) is not None}
    if signed.content is not None and (sha256 := digest_algorithm("sha256")) is not None:
        wanted["sha256"] = sha256
    states = {name: digest.new() for name, digest in wanted.items() if digest.standing is Standing.TRUSTED}
    for chunk in content:
        for state in states.values():
            state.update(chunk)
    return {name: state.digest() for name, state in states.items()}


def _digest_of(signer: SignerInfo) -> DigestAlgorithm | None:
    try:
        return digest_by_oid(algorithm_identifier(signer.digest_algorithm)[0])
    except Malformed:
        return None


def _structure(signed: SignedData, digests: dict[str, bytes], policy: ValidationPolicy) -> list[Check]:
    """Format checks on the whole: content type, packaging, at least one signer."""
    checks = [Check.passed("cms.format", signers=str(len(signed.signers)))]
    if signed.content_type != DATA:
        checks.append(
            Check.failed("cms.content-type", SubIndication.FORMAT_FAILURE, found=signed.content_type, expected=DATA)
        )
    if not signed.signers:
        checks.append(Check.failed("cms.signers", SubIndication.FORMAT_FAILURE, reason="none"))
    if signed.content is None:
        checks.append(Check.passed("cms.detached"))
    elif not policy.allow_attached_content:
        checks.append(Check.failed("cms.detached", SubIndication.FORMAT_FAILURE, reason="content attached"))
    else:
        checks.append(_attached_is_same(signed.content, digests))
    return checks


def _attached_is_same(attached: bytes, digests: dict[str, bytes]) -> Check:
    """There is one true content: what the caller gave. An attached copy must be the same bytes."""
    same = bool(digests) and all(
        hmac.compare_digest(digest.of(attached), value)
        for name, value in digests.items()
        if (digest := digest_algorithm(name)) is not None
    )
    if same:
        return Check.passed("cms.detached", reason="attached copy is the same")
    return Check.failed("cms.detached", SubIndication.HASH_FAILURE, reason="attached content differs")


def _certificates(signed: SignedData) -> list[Certificate]:
    """The bag as far as it can be read: a broken certificate that nobody needs changes no verdict."""
    found: dict[Certificate, None] = {}
    for der in signed.certificates:
        try:
            found[Certificate.from_der(der)] = None
        except Malformed:
            continue
    return list(found)


def _judge(
    index: int,
    signer: SignerInfo,
    signed: SignedData,
    bag: Sequence[Certificate],
    digests: dict[str, bytes],
    *,
    context: Context,
) -> SignatureReport:
    """One signer: format, digests, certificate, value, then the shared steps."""
    policy, at = context.policy, context.at
    certificate, checks = _identify(signer, bag)
    attributes: SignedAttributes | None = None
    try:
        attributes = read_signed_attributes(signer)
        checks.append(Check.passed("cms.signed-attributes"))
        checks += _content_checks(signer, attributes, signed, digests, policy=policy, at=at)
        if certificate is not None:
            checks.append(
                check_certificate_reference(attributes, certificate, required=policy.require_signing_certificate)
            )
        checks += _value_checks(signer, certificate, policy=policy, at=at)
    except Malformed as error:
        checks.append(
            Check.failed("cms.signed-attributes", SubIndication.FORMAT_FAILURE, reason=error.code, **error.params)
        )
    advanced = attributes is not None and attributes.certificate_reference is not None
    return judge_signer(
        claims=SignedClaims(
            id=f"signer-{index}",
            format="CAdES" if advanced else "CMS",
            level="B-B" if advanced else "",
            covered=("content",),
            signing_time=attributes.signing_time if attributes else None,
            has_time_stamp=attributes is not None and attributes.has_time_stamp,
            value=signer.signature,
        ),
        signer=certificate,
        candidates=bag,
        checks=checks,
        context=context,
    )


def _identify(signer: SignerInfo, bag: Sequence[Certificate]) -> tuple[Certificate | None, list[Check]]:
    """The one certificate the signer names (EN 319 102-1, 5.2.3); two that fit are a trap and not a choice."""
    found = [certificate for certificate in bag if signer.identifier.matches(certificate)]
    if len(found) > 1:
        return None, [Check.failed("cms.signer", SubIndication.FORMAT_FAILURE, reason="two certificates fit")]
    if not found:
        return None, []
    return found[0], [Check.passed("cms.signer", certificate=found[0].sha256)]


def _content_checks(
    signer: SignerInfo,
    attributes: SignedAttributes,
    signed: SignedData,
    digests: dict[str, bytes],
    *,
    policy: ValidationPolicy,
    at: datetime,
) -> list[Check]:
    checks = []
    if attributes.content_type != signed.content_type:
        checks.append(
            Check.failed(
                "cms.content-type",
                SubIndication.FORMAT_FAILURE,
                found=attributes.content_type,
                expected=signed.content_type,
            )
        )
    else:
        checks.append(Check.passed("cms.content-type"))
    digest = _digest_of(signer)
    named = algorithm_identifier(signer.digest_algorithm)[0]
    checks.append(algorithm_check("cms.digest-algorithm", digest, named=named, day=at.date(), policy=policy))
    if digest is None or digest.id not in digests:
        checks.append(Check.not_performed("cms.message-digest", reason="algorithm"))
    elif hmac.compare_digest(attributes.message_digest, digests[digest.id]):
        checks.append(Check.passed("cms.message-digest", algorithm=digest.id))
    else:
        checks.append(Check.failed("cms.message-digest", SubIndication.HASH_FAILURE, algorithm=digest.id))
    return checks


def _value_checks(
    signer: SignerInfo, certificate: Certificate | None, *, policy: ValidationPolicy, at: datetime
) -> list[Check]:
    named = algorithm_identifier(signer.signature_algorithm)[0]
    digest = _digest_of(signer)
    algorithm = signature_algorithm_in_cms(signer.signature_algorithm, digest) if digest is not None else None
    checks = [
        algorithm_check("cms.signature-algorithm", algorithm, named=named, day=at.date(), policy=policy),
        _agreement(algorithm, digest, named, policy),
    ]
    if algorithm is None or certificate is None or signer.signed_bytes is None:
        checks.append(Check.not_performed("cms.signature-value", reason="certificate" if algorithm else "algorithm"))
    else:
        checks.append(
            signature_value_check(
                "cms.signature-value", algorithm, certificate, signer.signed_bytes, signer.signature, form="cms"
            )
        )
    return checks


def _agreement(
    algorithm: SignatureAlgorithm | None, digest: DigestAlgorithm | None, named: str, policy: ValidationPolicy
) -> Check:
    """The hash inside the signature algorithm is the hash of digestAlgorithm.

    National tools of 2018-2019 named the type of the key where the signature algorithm belongs; taken by policy only.
    """
    check_id = "cms.algorithms-agree"
    if algorithm is None or digest is None:
        return Check.not_performed(check_id, reason="algorithm")
    if algorithm.key_type in ("gost2015-512", "gost2004") and named == algorithm.oids[-1]:
        if policy.accept_key_oid_as_signature_algorithm:
            return Check.passed(check_id, reason="key OID, hash of digestAlgorithm")
        return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, algorithm=named, reason="key OID")
    if (algorithm.digest or _ED25519_DIGEST) != digest.id:
        return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, algorithm=algorithm.id, digest=digest.id)
    return Check.passed(check_id)
