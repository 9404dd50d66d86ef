"""Whether a token says what it is taken for: everything but the path of the authority's certificate and its status.

Numbered as performed (EN 319 102-1, 5.4; RFC 3161, 2.2):

1. the authority's certificate: named by the signer identifier and by the signed reference, among what came along and
   what the caller knows;
2. the imprint: its hash on the allow-list, its value that of the octets given;
3. the signature: content type, message digest, algorithms, value;
4. the certificate's purpose: critical extended key usage timeStamping and only that, key usage for signatures, no CA;
5. genTime not in the future, accuracy within bounds, the TSA policy one of those the policy names, no critical
   extension.

The caller owes path, revocation, and what the token is then proof of. The name in `tsa` is a hint and is not judged.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache
from typing import TYPE_CHECKING, Final

from signing.algorithms import Standing, is_key_oid, verify_signature
from signing.certificates import EXTENDED_KEY_USAGE, Certificate
from signing.certification_path import algorithm_check
from signing.errors import Malformed
from signing.timestamp.token import TST_INFO
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from signing.algorithms import DigestAlgorithm
    from signing.policy import ValidationPolicy
    from signing.timestamp.token import CertificateReference, TimeStampToken

CHECKS: Final = frozenset(
    {
        "timestamp.format",
        "timestamp.signing-certificate",
        "timestamp.imprint-algorithm",
        "timestamp.imprint",
        "timestamp.content-type",
        "timestamp.digest-algorithm",
        "timestamp.message-digest",
        "timestamp.signature-algorithm",
        "timestamp.algorithms-agree",
        "timestamp.signature-value",
        "timestamp.authority-purpose",
        "timestamp.authority-key-usage",
        "timestamp.authority-end-entity",
        "timestamp.generated-at",
        "timestamp.accuracy",
        "timestamp.policy",
        "timestamp.extensions",
    }
)
_TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
_SIGNING_USAGES: Final = frozenset({"digitalSignature", "nonRepudiation"})
_ED25519_DIGEST: Final = "sha512"  # RFC 8419, 3.1
_VERSION_1: Final = 1


def judge_token(
    token: TimeStampToken,
    imprint: Callable[[DigestAlgorithm], bytes] | None,
    candidates: Sequence[Certificate],
    *,
    policy: ValidationPolicy,
    at: datetime,
) -> tuple[tuple[Check, ...], Certificate | None]:
    """The checks on a token, and the authority's certificate when one was identified.

    `imprint` gives the digest of the octets the token should be over and may raise Malformed where they cannot be had;
    it is only asked for a trusted hash, and None where nobody gave octets: then nothing is compared, and the check says
    so. `candidates` are certificates beside those in the token. Algorithms are judged
    on the day of `at` (aware). Never raises.
    """
    certificate, named = _identify(token, candidates, policy)
    checks = [
        _passed("timestamp.format"),
        named,
        algorithm_check(
            "timestamp.imprint-algorithm",
            token.imprint_digest,
            named=token.imprint_oid,
            day=at.date(),
            policy=policy,
        ),
        _imprint(token, imprint),
        *_signature(token, certificate, policy=policy, at=at),
        *(_purpose(certificate) if certificate is not None else ()),
        *_claims(token, policy, at),
    ]
    return tuple(checks), certificate


def unreadable_token(error: Malformed) -> Check:
    """What a token that `read_token` refused is in a report."""
    return Check.unreadable("timestamp.format", error)


# --- 1 -------------------------------------------------------------------------------------------------------------
def _identify(
    token: TimeStampToken, candidates: Sequence[Certificate], policy: ValidationPolicy
) -> tuple[Certificate | None, Check]:
    check_id = "timestamp.signing-certificate"
    reference = token.reference
    if reference is None:
        # mandatory (RFC 3161, 2.4.2): without it any certificate with the same name and number could be put in place
        return None, Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="absent")
    refused = _refused_hash(reference, policy)
    if refused is not None:
        return None, refused
    fitting = [each for each in _known(token, candidates) if token.signer.identifier.matches(each)]
    if not fitting:
        return None, Check.indeterminate(check_id, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, reason="not known")
    chosen = next((each for each in fitting if _refers_to(reference, each)), None)
    if chosen is None:
        return None, Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, reason="another certificate")
    return chosen, Check.passed(check_id, certificate=chosen.sha256)


def _refused_hash(reference: CertificateReference, policy: ValidationPolicy) -> Check | None:
    check_id = "timestamp.signing-certificate"
    if reference.version == _VERSION_1:
        if policy.accept_sha1_certificate_reference_in_timestamps:
            return None
        return Check.failed(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, reason="refused", algorithm="sha1")
    if reference.digest is None or reference.digest.standing is not Standing.TRUSTED:
        named = reference.digest.id if reference.digest is not None else reference.digest_oid
        refused = reference.digest is not None and reference.digest.standing is Standing.REFUSED
        make = Check.failed if refused else Check.indeterminate
        return make(
            check_id,
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            reason="refused" if refused else "unsupported",
            algorithm=named,
        )
    return None


def _known(token: TimeStampToken, candidates: Sequence[Certificate]) -> Iterator[Certificate]:
    """Certificates of the token that can be read, then the caller's: a broken one that nobody needs changes nothing."""
    for der in token.embedded.certificates:
        try:
            yield Certificate.from_der(der)
        except Malformed:
            continue
    yield from candidates


def _refers_to(reference: CertificateReference, certificate: Certificate) -> bool:
    if reference.version == _VERSION_1:
        # SHA-1 only chooses: the signature is verified with whatever certificate is chosen
        digest = hashlib.sha1(certificate.der, usedforsecurity=False).digest()
    elif reference.digest is not None:
        digest = reference.digest.of(certificate.der)
    else:
        return False
    if not hmac.compare_digest(digest, reference.value):
        return False
    return reference.serial is None or (
        reference.serial == certificate.serial and reference.issuer_key == certificate.issuer.key
    )


# --- 2 -------------------------------------------------------------------------------------------------------------
def _imprint(token: TimeStampToken, imprint: Callable[[DigestAlgorithm], bytes] | None) -> Check:
    check_id = "timestamp.imprint"
    digest = token.imprint_digest
    if digest is None or digest.standing is not Standing.TRUSTED:
        return Check.not_performed(check_id, reason="algorithm")
    if len(token.imprint) != digest.size:
        # RFC 3161, 2.4.1: then no content has this imprint, whoever has it
        return Check.failed(check_id, SubIndication.HASH_FAILURE, algorithm=digest.id, reason="length")
    if imprint is None:
        return Check.not_performed(check_id, reason="no content", algorithm=digest.id)
    try:
        expected = imprint(digest)
    except Malformed as error:
        return Check.indeterminate(check_id, SubIndication.SIGNED_DATA_NOT_FOUND, reason=error.code)
    if not hmac.compare_digest(expected, token.imprint):
        return Check.failed(check_id, SubIndication.HASH_FAILURE, algorithm=digest.id, reason="differs")
    return Check.passed(check_id, algorithm=digest.id)


# --- 3 -------------------------------------------------------------------------------------------------------------
def _signature(
    token: TimeStampToken, certificate: Certificate | None, *, policy: ValidationPolicy, at: datetime
) -> Iterator[Check]:
    if token.content_type == TST_INFO:
        yield _passed("timestamp.content-type")
    else:
        yield Check.failed("timestamp.content-type", SubIndication.FORMAT_FAILURE, found=token.content_type)
    digest = token.digest
    yield algorithm_check("timestamp.digest-algorithm", digest, named=token.digest_oid, day=at.date(), policy=policy)
    if digest is None or digest.standing is not Standing.TRUSTED:
        yield Check.not_performed("timestamp.message-digest", reason="algorithm")
    elif hmac.compare_digest(digest.of(token.content), token.message_digest):
        yield _passed("timestamp.message-digest")
    else:
        yield Check.failed("timestamp.message-digest", SubIndication.HASH_FAILURE)
    algorithm = token.signature_algorithm
    yield algorithm_check(
        "timestamp.signature-algorithm", algorithm, named=token.signature_oid, day=at.date(), policy=policy
    )
    yield _agreement(token, policy)
    yield _value(token, certificate)


def _agreement(token: TimeStampToken, policy: ValidationPolicy) -> Check:
    """The hash inside the signature algorithm is the one of digestAlgorithm; the OID of a key is taken by policy only."""
    check_id = "timestamp.algorithms-agree"
    algorithm, digest = token.signature_algorithm, token.digest
    if algorithm is None or digest is None:
        return Check.not_performed(check_id, reason="algorithm")
    if is_key_oid(token.signature_oid) and not policy.accept_key_oid_as_signature_algorithm:
        return Check.failed(
            check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, algorithm=token.signature_oid, reason="key OID"
        )
    if (algorithm.digest or _ED25519_DIGEST) != digest.id:
        return Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, algorithm=algorithm.id, digest=digest.id)
    return _passed(check_id)


def _value(token: TimeStampToken, certificate: Certificate | None) -> Check:
    check_id = "timestamp.signature-value"
    algorithm, signer = token.signature_algorithm, token.signer
    if algorithm is None or algorithm.standing is not Standing.TRUSTED:
        return Check.not_performed(check_id, reason="algorithm")
    if certificate is None or signer.signed_bytes is None:
        return Check.not_performed(check_id, reason="certificate")
    key = certificate.public_key
    if key.type == algorithm.key_type and key.weakness is not None:
        make = Check.indeterminate if key.is_unsupported else Check.failed
        return make(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, reason=key.weakness)
    if not verify_signature(algorithm, certificate, signer.signed_bytes, signer.signature, form="cms"):
        return Check.failed(check_id, SubIndication.SIG_CRYPTO_FAILURE, reason="value")
    return _passed(check_id)


# --- 4 -------------------------------------------------------------------------------------------------------------
def _purpose(certificate: Certificate) -> Iterator[Check]:
    extension = certificate.extension(EXTENDED_KEY_USAGE)
    is_only = certificate.roles == (_TIME_STAMPING,)
    yield _require(
        is_only and extension is not None and extension.critical,
        "timestamp.authority-purpose",
        reason="not critical" if is_only else "another purpose",
    )
    # an absent extension forbids nothing (RFC 5280, 4.2.1.3); national authorities have none
    usage = certificate.key_usage
    yield _require(
        usage is None or not usage.isdisjoint(_SIGNING_USAGES), "timestamp.authority-key-usage", reason="another usage"
    )
    yield _require(
        not certificate.is_ca and "keyCertSign" not in (usage or ()),
        "timestamp.authority-end-entity",
        reason="authority of certificates",
    )


def _require(holds: bool, check_id: str, *, reason: str) -> Check:  # noqa: FBT001 - reads as "require that"
    return _passed(check_id) if holds else Check.failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, reason=reason)


# --- 5 -------------------------------------------------------------------------------------------------------------
def _claims(token: TimeStampToken, policy: ValidationPolicy, at: datetime) -> Iterator[Check]:
    said = token.generated_at.isoformat()
    # a difference, never a sum: the last instants of the calendar plus a tolerance are no instant
    if token.generated_at - at > policy.clock_tolerance:
        yield Check.indeterminate(
            "timestamp.generated-at", SubIndication.SIG_CONSTRAINTS_FAILURE, reason="in the future", claimed=said
        )
    else:
        yield Check.passed("timestamp.generated-at", claimed=said)
    if token.accuracy is None:
        yield Check.not_performed("timestamp.accuracy", reason="not stated")
    elif token.accuracy > policy.clock_tolerance:
        yield Check.indeterminate(
            "timestamp.accuracy",
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            accuracy=f"{token.accuracy.total_seconds():g} s",
        )
    else:
        yield _passed("timestamp.accuracy")
    if policy.timestamp_authority_policies:
        if token.policy in policy.timestamp_authority_policies:
            yield Check.passed("timestamp.policy", policy=token.policy)
        else:
            yield Check.failed("timestamp.policy", SubIndication.SIG_CONSTRAINTS_FAILURE, policy=token.policy)
    if token.critical_extensions:
        yield Check.indeterminate(
            "timestamp.extensions",
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            extensions=" ".join(token.critical_extensions)[:200],
        )


@cache
def _passed(check_id: str) -> Check:
    return Check.passed(check_id)
