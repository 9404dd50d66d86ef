"""A private key in the clear (PKCS#8, RFC 5208), whatever file it lay in.

1. National keys are read here, RSA, elliptic curve and Ed25519 keys by the library; it is shown no other kind, for it
   computes with what it is given: five minutes over a DSA key of 25 kB.
2. The library opens no encryption of ours: it would spend whatever the file asks for (rule 2 of `password_based`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key

from signing.errors import SigningError
from signing.keys.national_pkcs8 import algorithm_oid, is_national, read_national_key
from signing.keys.password_based import NotOpened

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from signing import gost

MAX_PRIVATE_KEY: Final = 5_120
"""Octets; an RSA key of 8192 bits has 4,700. The library tests its factors for primes: measured, 2 seconds for 5200 bits,
by which this limit takes about ten; nothing else a key file asks for takes as long."""

_READ_BY_THE_LIBRARY: Final = frozenset(
    {
        "1.2.840.113549.1.1.1",  # RSA
        "1.2.840.113549.1.1.10",  # RSA, for PSS only
        "1.2.840.10045.2.1",  # elliptic curves
        "1.3.101.112",  # Ed25519
    }
)


def read_private_key(private_key_info: bytes) -> PrivateKeyTypes | gost.PrivateKey:
    """The key of a PrivateKeyInfo in DER.

    Raises SigningError signing.key-unsupported, and what `read_national_key` raises; NotOpened when it is damaged; Malformed.
    """
    oid = algorithm_oid(private_key_info)
    if is_national(oid):
        return read_national_key(private_key_info)
    if oid not in _READ_BY_THE_LIBRARY:
        raise SigningError("signing.key-unsupported")
    return from_the_library(private_key_info, lambda: load_der_private_key(private_key_info, None))


def from_the_library(written: bytes, load: Callable[[], PrivateKeyTypes]) -> PrivateKeyTypes:
    """What the library makes of a key that is not larger than a key; raises as `read_private_key` does."""
    if len(written) > MAX_PRIVATE_KEY:
        raise SigningError("signing.key-unsupported")
    try:
        return load()
    except UnsupportedAlgorithm:
        # from None, here and below: the library's own message stays out, and with it any doubt what it may quote
        raise SigningError("signing.key-unsupported") from None
    except (ValueError, TypeError, InternalError):
        # InternalError: what it calls an error of its own is, with these files, a number that makes no sense
        raise NotOpened from None
