"""Signing in two steps, for keys that never leave a person's device: what is to be signed now, the value later.

The first step builds the signature up to the key and stops there; the second builds it again, and the key answers with
the value that was made elsewhere. Nothing is kept between them but what they are given again, so it is for the caller
to give the same: the message must come out the same to the octet, or the second step refuses it. Everything that is
built here follows from its input, the time included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing.algorithms import digest_algorithm, signature_algorithm, verify_signature
from signing.certificates import Certificate
from signing.errors import SigningError
from signing.keys.software import algorithm_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from signing.algorithms import SignatureAlgorithm
    from signing.keys import SigningKey


@dataclass(frozen=True, kw_only=True, slots=True)
class ToBeSigned:
    """What the device signs: `message` octet by octet (the device hashes it), with the algorithm of this id.

    `digest` is the message's, for a person to compare and for devices that take a digest; by `digest_algorithm`, which
    for Ed25519 is SHA-512 and is never what is signed.
    """

    message: bytes
    algorithm: str
    digest_algorithm: str
    digest: bytes


def prepare(
    build: Callable[[SigningKey], object],
    certificate_chain: Sequence[bytes],
    *,
    rsa_padding: Literal["pkcs1", "pss"] = "pkcs1",
) -> ToBeSigned:
    """What `build` has signed by its key, with a key that is not here.

    `build` makes one signature, with one of the signing functions; what it has written when this returns is of no use.
    `certificate_chain` in DER, the signer's own first, then its issuers. Raises SigningError signing.no-certificate,
    signing.key-unsupported, signing.key-weak and what `build` raises before it signs.
    """
    key = _AbsentKey(certificate_chain, rsa_padding)
    try:
        build(key)
    except _WouldSign as stopped:
        algorithm = signature_algorithm(key.algorithm)
        digest = digest_algorithm((algorithm.digest if algorithm is not None else None) or "sha512")
        assert digest is not None
        return ToBeSigned(
            message=stopped.message,
            algorithm=key.algorithm,
            digest_algorithm=digest.id,
            digest=digest.of(stopped.message),
        )
    raise SigningError("signing.two-step-nothing")


def complete(
    build: Callable[[SigningKey], object],
    certificate_chain: Sequence[bytes],
    message: bytes,
    signature: bytes,
    *,
    rsa_padding: Literal["pkcs1", "pss"] = "pkcs1",
) -> None:
    """`build` with a key that gives `signature`, which was made over `message` elsewhere.

    An ECDSA value may come in DER or as r and s side by side. It is verified before anything is built. Raises
    SigningError signing.two-step-wrong-data, -wrong-key, -not-this (one of the two, where the value does not say which),
    -changed (what is being built is no longer what was prepared), and what `prepare` and `build` raise.
    """
    key = _AbsentKey(certificate_chain, rsa_padding)
    algorithm = signature_algorithm(key.algorithm)
    assert algorithm is not None
    key.message = message
    key.value = _verified(algorithm, key.certificate, message, signature)
    build(key)


class _WouldSign(Exception):
    def __init__(self, message: bytes) -> None:
        super().__init__()
        self.message = message


class _AbsentKey:
    """Implements SigningKey by a value that was made elsewhere; without one it stops where it would be needed."""

    def __init__(self, certificate_chain: Sequence[bytes], rsa_padding: Literal["pkcs1", "pss"]) -> None:
        if not certificate_chain:
            raise SigningError("signing.no-certificate")
        self.certificate = Certificate.from_der(certificate_chain[0])
        weakness = self.certificate.public_key.weakness
        if weakness is not None:
            raise SigningError("signing.key-weak", reason=weakness)
        self._chain = tuple(certificate_chain)
        self._algorithm = algorithm_of(self.certificate, rsa_padding)
        self.message = b""
        self.value: bytes | None = None

    @property
    def certificate_chain(self) -> tuple[bytes, ...]:
        return self._chain

    @property
    def algorithm(self) -> str:
        return self._algorithm

    def sign(self, message: bytes) -> bytes:
        if self.value is None:
            raise _WouldSign(message)
        if message != self.message:
            raise SigningError("signing.two-step-changed")
        return self.value


def _verified(algorithm: SignatureAlgorithm, certificate: Certificate, message: bytes, signature: bytes) -> bytes:
    """The value in the form of a SigningKey."""
    candidates = [signature]
    size = (certificate.public_key.bits + 7) // 8
    if algorithm.key_type == "ec" and len(signature) == 2 * size:
        r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
        candidates.append(encode_dss_signature(r, s))
    for value in candidates:
        if verify_signature(algorithm, certificate, message, value, form="cms"):
            return value
    raise _refusal(algorithm, certificate, message, signature)


def _refusal(algorithm: SignatureAlgorithm, certificate: Certificate, message: bytes, signature: bytes) -> SigningError:
    """Which it was, where the value says: RSA with PKCS#1 padding shows the digest that was signed."""
    key = load_der_public_key(certificate.public_key_info) if algorithm.padding == "pkcs1" else None
    if not isinstance(key, rsa.RSAPublicKey):
        return SigningError("signing.two-step-not-this", algorithm=algorithm.id)
    try:
        shown = key.recover_data_from_signature(signature, padding.PKCS1v15(), None)
    except (InvalidSignature, ValueError):
        return SigningError("signing.two-step-wrong-key", algorithm=algorithm.id)
    digest = digest_algorithm(algorithm.digest or "")
    assert digest is not None
    expected = digest.of(message).hex()
    return SigningError("signing.two-step-wrong-data", found=shown[-digest.size :].hex(), expected=expected)
