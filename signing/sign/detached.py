"""Bytes in, detached CMS out: CAdES level B-B."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signing import asn1
from signing.algorithms import (
    DigestAlgorithm,
    SignatureAlgorithm,
    Standing,
    digest_algorithm,
    encode_algorithm_identifier,
    signature_algorithm,
    verify_signature,
)
from signing.cades import encode_signed_attributes
from signing.certificates import Certificate
from signing.cms import encode_signed_data
from signing.errors import SigningError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from signing.keys import SigningKey
    from signing.policy import SigningPolicy


def sign_detached(content: Iterable[bytes], key: SigningKey, *, policy: SigningPolicy, signing_time: datetime) -> bytes:
    """A DER ContentInfo over `content`, which is hashed chunk by chunk and not kept.

    `signing_time` (aware) is cut to whole seconds, as the attribute has no fraction. Whether the certificate is
    valid, or made for this use, is not asked here: verify before sending. Raises SigningError for an unusable key, a
    naive time, and when the key's own signature does not verify (a faulty token is found here and not at the
    addressee).
    """
    if signing_time.tzinfo is None:
        raise SigningError("signing.naive-time")
    algorithm, content_digest, certificate_digest = _algorithms(key, policy)
    signer = Certificate.from_der(key.certificate_chain[0])

    state = content_digest.new()
    for chunk in content:
        state.update(chunk)
    attributes = encode_signed_attributes(
        message_digest=state.digest(),
        signing_time=signing_time,
        signer=signer,
        certificate_digest=certificate_digest,
    )
    signature = key.sign(attributes)
    if not verify_signature(algorithm, signer, attributes, signature, form="cms"):
        raise SigningError("signing.own-signature-wrong", algorithm=algorithm.id)
    return encode_signed_data(
        signer=signer,
        certificates=key.certificate_chain if policy.include_chain else key.certificate_chain[:1],
        digest_algorithm=asn1.encode(asn1.SEQUENCE, asn1.encode_oid(content_digest.oid)),
        signature_algorithm=encode_algorithm_identifier(algorithm),
        signed_attributes=attributes,
        signature=signature,
    )


def _algorithms(key: SigningKey, policy: SigningPolicy) -> tuple[SignatureAlgorithm, DigestAlgorithm, DigestAlgorithm]:
    """The key's algorithm, the hash of the content, the hash of the certificate."""
    algorithm = signature_algorithm(key.algorithm)
    if algorithm is None or algorithm.standing is not Standing.TRUSTED:
        raise SigningError("signing.algorithm-refused", algorithm=key.algorithm)
    # the content's hash is the signature's own; Ed25519 goes with SHA-512 (RFC 8419, 3.1)
    content_digest = digest_algorithm(algorithm.digest or "sha512")
    certificate_digest = digest_algorithm(policy.digest)
    for digest in (content_digest, certificate_digest):
        if digest is None or digest.standing is not Standing.TRUSTED:
            raise SigningError("signing.algorithm-refused", algorithm=digest.id if digest else policy.digest)
    assert content_digest is not None
    assert certificate_digest is not None
    return algorithm, content_digest, certificate_digest
