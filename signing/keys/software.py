"""A private key held in the memory of this process, whatever file it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing.certificates import Certificate
from signing.errors import Malformed, SigningError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

# the hash as strong as the curve (FIPS 186-4, 6.4)
_BY_CURVE: dict[str, tuple[str, HashAlgorithm]] = {
    "secp256r1": ("ecdsa-p256-sha256", SHA256()),
    "secp384r1": ("ecdsa-p384-sha384", SHA384()),
    "secp521r1": ("ecdsa-p521-sha512", SHA512()),
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
            return self._key.sign(message, ec.ECDSA(_BY_CURVE[self._key.curve.name][1]))
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
    algorithm = "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        algorithm = "rsa-sha256"
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        if key.curve.name not in _BY_CURVE:
            raise SigningError("signing.key-unsupported")
        algorithm = _BY_CURVE[key.curve.name][0]
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
    return SoftwareKey(key, in_order(own[0], parsed), algorithm)


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
