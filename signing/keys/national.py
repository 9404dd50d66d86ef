"""A private key of the national algorithms, held in the memory of this process.

1. Signing in a time that depends on the key is refused (signing.key-variable-time) unless the key was said to be a test key.
2. Whether a certificate is the key's own is asked by a signature over lots drawn for it, verified with the certificate: the
   same answer as computing the public key, which only plain Python could do, in a time that depends on the key.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, Literal

from signing import algorithms, gost
from signing.certificates import Certificate
from signing.errors import Malformed, SigningError
from signing.keys.national_pkcs8 import form_of
from signing.keys.software import in_order
from signing.trust_anchors import is_of_a_sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

TestKeys = bool | Literal["of-a-sandbox"]
"""Which keys protect nothing: this one, none, or those of a sandbox."""

_LOTS: Final = 64
"""Octets drawn for the trial: nobody else has signed them, nor will."""


class NationalKey:
    """Implements SigningKey. Made by `national_key` only; shows neither the key nor its certificate in its repr."""

    __slots__ = ("_chain", "_key", "_provider", "_signature", "_test_keys")

    def __init__(
        self, key: gost.PrivateKey, chain: Sequence[Certificate], *, test_keys: bool, provider: gost.Provider
    ) -> None:
        signature = algorithms.signature_algorithm(form_of(key).algorithm)
        assert signature is not None
        self._key = key
        self._chain = tuple(certificate.der for certificate in chain)
        self._signature = signature
        self._test_keys = test_keys
        self._provider = provider

    @property
    def certificate_chain(self) -> tuple[bytes, ...]:
        return self._chain

    @property
    def algorithm(self) -> str:
        return self._signature.id

    def sign(self, message: bytes) -> bytes:
        """Octets r then s over the key's own national hash. Raises SigningError signing.key-variable-time."""
        digest = algorithms.digest_algorithm(self._signature.digest or "")
        assert digest is not None
        try:
            return self._provider.sign(self._key, digest.of(message), test_keys=self._test_keys)
        except gost.VariableTime:
            raise SigningError("signing.key-variable-time", algorithm=self.algorithm) from None

    def __repr__(self) -> str:
        return f"<NationalKey {self.algorithm}>"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not to be copied or stored")

    def __getstate__(self) -> object:
        raise TypeError("a private key is not to be copied or stored")


def national_key(
    key: gost.PrivateKey,
    certificates: Sequence[bytes],
    *,
    test_keys: TestKeys = False,
    provider: gost.Provider | None = None,
) -> NationalKey:
    """A SigningKey from a private key and the DER certificates that came with it, in any order.

    `test_keys` says that the key protects nothing, so that plain Python may sign with it: True for this key, "of-a-sandbox"
    when every certificate that came with it was issued under a name with the sandbox's mark; `provider` None is the one of
    this process. Raises SigningError signing.key-variable-time, signing.key-certificate-unreadable,
    signing.key-certificate-mismatch.
    """
    computing = gost.chosen() if provider is None else provider
    try:
        parsed = [Certificate.from_der(der) for der in dict.fromkeys(certificates)]
    except Malformed as error:
        raise SigningError("signing.key-certificate-unreadable", reason=error.code) from error
    are_test_keys = test_keys is True or (
        test_keys == "of-a-sandbox" and bool(parsed) and all(is_of_a_sandbox(each.issuer.shown()) for each in parsed)
    )
    candidate = NationalKey(key, (), test_keys=are_test_keys, provider=computing)
    algorithm = algorithms.signature_algorithm(candidate.algorithm)
    assert algorithm is not None
    lots = secrets.token_bytes(_LOTS)
    value = candidate.sign(lots)
    own = next((each for each in parsed if algorithms.verify_signature(algorithm, each, lots, value, form="cms")), None)
    if own is None:
        raise SigningError("signing.key-certificate-mismatch")
    return NationalKey(key, in_order(own, parsed), test_keys=are_test_keys, provider=computing)
