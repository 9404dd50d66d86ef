"""CAdES out: a CMS over content that lies apart (detached) or inside (attached), level B-B or, with a time-stamp, B-T.

A signature is made in two steps that a key on another machine may part: `prepare_detached` says what has to be signed,
`complete_detached` takes the value. Levels above B-T: `detached_augmentation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing import asn1, cades, cms
from signing.algorithms import (
    NATIONAL_KEYS,
    DigestAlgorithm,
    SignatureAlgorithm,
    Standing,
    digest_algorithm,
    encode_algorithm_identifier,
    national_key_form,
    signature_algorithm,
    verify_signature,
)
from signing.certificates import Certificate
from signing.errors import SigningError
from signing.sign.intact_cms import require_intact

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from signing.keys import SigningKey
    from signing.policy import SigningPolicy
    from signing.timestamp import TimeStampAuthority

_BY_CURVE: Final = {256: "ecdsa-p256-sha256", 384: "ecdsa-p384-sha384", 521: "ecdsa-p521-sha512"}


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedSignature:
    """What one signer has to sign, and all that is needed to make a CMS of the value.

    `octets` are the signed attributes in DER, a SET: the key signs these, hashed by the hash of `algorithm`.
    `octets_digest` is that digest, for a key that takes a digest only; empty for an algorithm that hashes by itself
    (Ed25519). `certificates` are DER, the signer's own first.
    """

    algorithm: str
    octets: bytes
    octets_digest: bytes
    certificates: tuple[bytes, ...]


def content_digest_algorithm(algorithm: str) -> DigestAlgorithm:
    """The hash of the content for a signature algorithm of the table, by its id: the signature's own; SHA-512 with
    Ed25519 (RFC 8419, 3.1). Raises SigningError signing.algorithm-refused.
    """
    return _algorithms(algorithm)[1]


def algorithm_of(certificate: bytes) -> str:
    """Id of the algorithm a key signs with here, from its certificate (DER): RSA with SHA-256, ECDSA with the hash as
    strong as the curve, Ed25519, national keys with their own hash. Raises SigningError signing.algorithm-refused, Malformed.
    """
    key = Certificate.from_der(certificate).public_key
    national = national_key_form(key.type)
    known = {"rsa": "rsa-sha256", "ed25519": "ed25519", "ec": _BY_CURVE.get(key.bits, "")}
    found = known.get(key.type, "") if national is None else national.algorithm
    if not found or key.weakness is not None:
        raise SigningError("signing.algorithm-refused", algorithm=key.weakness or key.type)
    return found


def prepare_detached(
    content_digest: bytes,
    certificates: tuple[bytes, ...],
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    algorithm: str | None = None,
    mime_type: str | None = None,
) -> PreparedSignature:
    """What has to be signed over content with this digest (by `content_digest_algorithm`).

    `certificates`: DER, the signer's own first. `signing_time` (aware) is cut to whole seconds, as the attribute has no
    fraction. `algorithm` None: `algorithm_of` the certificate. Nothing is drawn by lot: the same in, the same out.
    Raises SigningError signing.naive-time, signing.algorithm-refused, signing.digest-length, Malformed.
    """
    if signing_time.tzinfo is None:
        raise SigningError("signing.naive-time")
    chosen, content_hash = _algorithms(algorithm if algorithm is not None else algorithm_of(certificates[0]))
    if len(content_digest) != content_hash.size:
        raise SigningError("signing.digest-length", algorithm=content_hash.id)
    # everything a national key signs is hashed by its own hash: what reads the one has the other
    certificate_hash = content_hash if chosen.key_type in NATIONAL_KEYS else digest_algorithm(policy.digest)
    if certificate_hash is None or certificate_hash.standing is not Standing.TRUSTED:
        raise SigningError("signing.algorithm-refused", algorithm=policy.digest)
    octets = cades.encode_signed_attributes(
        message_digest=content_digest,
        signing_time=signing_time,
        signer=Certificate.from_der(certificates[0]),
        certificate_digest=certificate_hash,
        mime_type=mime_type,
    )
    own = digest_algorithm(chosen.digest) if chosen.digest is not None else None
    return PreparedSignature(
        algorithm=chosen.id,
        octets=octets,
        octets_digest=own.of(octets) if own is not None else b"",
        certificates=certificates if policy.include_chain else certificates[:1],
    )


def complete_detached(
    prepared: PreparedSignature, value: bytes, *, time_stamps: TimeStampAuthority | None = None
) -> bytes:
    """A detached DER ContentInfo from what was prepared and the signature value over it, in the CMS form.

    Raises SigningError signing.own-signature-wrong when the value is of another key, message or form.
    """
    return cms.encode_signed_data(
        signer_infos=[_signer_info(prepared, value, time_stamps)],
        digest_algorithms=[_digest_identifier(prepared)],
        certificates=prepared.certificates,
    )


def sign_detached(
    content: Iterable[bytes],
    key: SigningKey,
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    time_stamps: TimeStampAuthority | None = None,
    mime_type: str | None = None,
) -> bytes:
    """A DER ContentInfo over `content`, which is hashed chunk by chunk and not kept.

    `signing_time` (aware) is cut to whole seconds, as the attribute has no fraction. Whether the certificate is
    valid, or made for this use, is not asked here: verify before sending. Raises SigningError for an unusable key, a
    naive time, and when the key's own signature does not verify (a faulty token is found here and not at the
    addressee); what the authority's `stamp` raises passes through.
    """
    prepared = _prepared(content, key, policy, signing_time, mime_type)
    return complete_detached(prepared, key.sign(prepared.octets), time_stamps=time_stamps)


def sign_attached(
    content: bytes,
    key: SigningKey,
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    time_stamps: TimeStampAuthority | None = None,
    mime_type: str | None = None,
) -> bytes:
    """A DER ContentInfo that holds `content` (at most `cms.MAX_CONTENT` octets); the rest as `sign_detached`.

    Raises SigningError signing.content-too-large.
    """
    if len(content) > cms.MAX_CONTENT:
        raise SigningError("signing.content-too-large", limit=str(cms.MAX_CONTENT))
    prepared = _prepared([content], key, policy, signing_time, mime_type)
    return cms.encode_signed_data(
        signer_infos=[_signer_info(prepared, key.sign(prepared.octets), time_stamps)],
        digest_algorithms=[_digest_identifier(prepared)],
        certificates=prepared.certificates,
        content=content,
    )


def add_signer(
    signature: bytes,
    content: Iterable[bytes],
    key: SigningKey,
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    time_stamps: TimeStampAuthority | None = None,
) -> bytes:
    """The CMS with one signer more beside those it has (RFC 5652, 5.1), over the same content.

    The signers already there keep their octets and must be intact over `content`: nobody adds a name to what does not
    hold. Raises as `sign_detached`, SigningError signing.cms-not-intact, Malformed for what is no CMS, also for a
    signer too many.
    """
    signed = cms.read_signed_data(signature, accept_ber=True)
    if len(signed.signers) >= cms.MAX_SIGNER_INFOS:
        raise SigningError("signing.cms-not-intact", reason="signers")
    _, own = _algorithms(key.algorithm)
    digests = require_intact(signed, content, [own])
    prepared = prepare_detached(
        digests[own.id], key.certificate_chain, policy=policy, signing_time=signing_time, algorithm=key.algorithm
    )
    return cms.with_additions(
        signed,
        signer_infos=[_signer_info(prepared, key.sign(prepared.octets), time_stamps)],
        digest_algorithms=[_digest_identifier(prepared)],
        certificates=prepared.certificates,
    )


def take_cms(signature: bytes, content: Iterable[bytes]) -> bytes:
    """A CMS that was made elsewhere over `content`, as detached DER ready for a container.

    BER around what is signed is brought to DER, an attached copy of the content is left out; nothing that was signed
    or time-stamped changes. Every signer must be intact: digest of the content, reference to the certificate, value.
    Whether a signer is to be trusted is the verifier's question. Raises SigningError signing.cms-not-intact, Malformed.
    """
    signed = cms.read_signed_data(signature, accept_ber=True)
    require_intact(signed, content, ())
    return cms.without_content(signed)


def _prepared(
    content: Iterable[bytes], key: SigningKey, policy: SigningPolicy, signing_time: datetime, mime_type: str | None
) -> PreparedSignature:
    if signing_time.tzinfo is None:
        raise SigningError("signing.naive-time")
    state = content_digest_algorithm(key.algorithm).new()
    for chunk in content:
        state.update(chunk)
    return prepare_detached(
        state.digest(),
        key.certificate_chain,
        policy=policy,
        signing_time=signing_time,
        algorithm=key.algorithm,
        mime_type=mime_type,
    )


def _signer_info(prepared: PreparedSignature, value: bytes, time_stamps: TimeStampAuthority | None) -> bytes:
    algorithm, _ = _algorithms(prepared.algorithm)
    signer = Certificate.from_der(prepared.certificates[0])
    if not verify_signature(algorithm, signer, prepared.octets, value, form="cms"):
        raise SigningError("signing.own-signature-wrong", algorithm=algorithm.id)
    made = cms.encode_signer_info(
        signer=signer,
        digest_algorithm=_digest_identifier(prepared),
        signed_attributes=prepared.octets,
        signature_algorithm=encode_algorithm_identifier(algorithm),
        signature=value,
    )
    if time_stamps is None:
        return made
    digest = time_stamps.digest_algorithm
    token = time_stamps.stamp(digest, digest.of(value))
    attribute = cms.encode_attribute(cades.SIGNATURE_TIME_STAMP, token)
    return asn1.encode(asn1.SEQUENCE, asn1.span(made).content, asn1.encode(0xA1, attribute))


def _digest_identifier(prepared: PreparedSignature) -> bytes:
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(content_digest_algorithm(prepared.algorithm).oid))


def _algorithms(named: str) -> tuple[SignatureAlgorithm, DigestAlgorithm]:
    """The algorithm of this id and the hash of the content that goes with it."""
    algorithm = signature_algorithm(named)
    if algorithm is None or algorithm.standing is not Standing.TRUSTED:
        raise SigningError("signing.algorithm-refused", algorithm=named)
    digest = digest_algorithm(algorithm.digest or "sha512")
    if digest is None or digest.standing is not Standing.TRUSTED:
        raise SigningError("signing.algorithm-refused", algorithm=named)
    return algorithm, digest
