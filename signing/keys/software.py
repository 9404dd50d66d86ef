"""A private key held in the memory of this process, whatever file it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing.algorithms import national_key_form
from signing.certificates import Certificate
from signing.errors import Malformed, SigningError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

# the hash as strong as the curve (FIPS 186-4, 6.4)
HASH_BITS_BY_CURVE_BITS: Final[Mapping[int, int]] = {256: 256, 384: 384, 521: 512}
_HASH_BY_CURVE: Final[Mapping[str, HashAlgorithm]] = {
    "secp256r1": SHA256(),
    "secp384r1": SHA384(),
    "secp521r1": SHA512(),
}


class SoftwareKey:
    """Implements SigningKey. Made only with a certificate that belongs to the key; shows neither in its repr."""

    __slots__ = ("_algorithm", "_chain", "_key")

    def __init__(self, key: PrivateKey, chain: Sequence[Certificate], algorithm: str) -> None:
        self._key = key
        self._chain = tuple(certificate.der for certificate in chain)
        self._algorithm = algorithm

    @property
    def certificate_chain(self) -> tuple[bytes, ...]:
        return self._chain

    @property
    def algorithm(self) -> str:
        return self._algorithm

    def sign(self, message: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(message, padding.PKCS1v15(), SHA256())
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(message, ec.ECDSA(_HASH_BY_CURVE[self._key.curve.name]))
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"<SoftwareKey {self._algorithm}>"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not to be copied or stored")


def software_key(key: PrivateKeyTypes, certificates: Sequence[bytes]) -> SoftwareKey:
    """A SigningKey from a loaded private key and the DER certificates that came with it, in any order.

    Raises SigningError when the key is of a type or size that may not sign, or none of the certificates is the key's
    own.
    """
    if not isinstance(key, PrivateKey):
        raise SigningError("signing.key-unsupported")
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in _HASH_BY_CURVE:
        raise SigningError("signing.key-unsupported")
    try:
        parsed = [Certificate.from_der(der) for der in dict.fromkeys(certificates)]
    except Malformed as error:
        raise SigningError("signing.key-certificate-unreadable", reason=error.code) from error
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    own = [certificate for certificate in parsed if certificate.public_key_info == public]
    if not own:
        raise SigningError("signing.key-certificate-mismatch")
    weakness = own[0].public_key.weakness
    if weakness is not None:
        raise SigningError("signing.key-weak", reason=weakness)
    return SoftwareKey(key, in_order(own[0], parsed), algorithm_of(own[0]))


def algorithm_of(certificate: Certificate, rsa_padding: Literal["pkcs1", "pss"] = "pkcs1") -> str:
    """The id of the algorithm a key of ours signs with: SHA-256 for RSA, for ECDSA the hash as strong as the curve,
    for a national key its own.

    Raises SigningError signing.key-unsupported; of a weak key its caller asks first.
    """
    public = certificate.public_key
    if public.type == "rsa":
        return "rsa-sha256" if rsa_padding == "pkcs1" else "rsa-pss-sha256"
    if public.type == "ec" and public.bits in HASH_BITS_BY_CURVE_BITS:
        return f"ecdsa-p{public.bits}-sha{HASH_BITS_BY_CURVE_BITS[public.bits]}"
    if public.type == "ed25519":
        return "ed25519"
    national = national_key_form(public.type)
    if national is not None and public.weakness is None:
        return national.algorithm
    raise SigningError("signing.key-unsupported")


def in_order(own: Certificate, parsed: Sequence[Certificate]) -> list[Certificate]:
    """The key's own certificate, then issuers by name and key identifier as far as they came along.

    Only an order for those who read: whether they are issuers in truth is the verifier's question.
    """
    chain = [own]
    while True:
        last = chain[-1]
        issuer = next(
            (
                certificate
                for certificate in parsed
                if certificate not in chain
                and certificate.subject.key == last.issuer.key
                and last.authority_key_id in (None, certificate.subject_key_id)
            ),
            None,
        )
        if issuer is None:
            return chain
        chain.append(issuer)
