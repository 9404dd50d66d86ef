"""Keys from PKCS#12 files (RFC 7292), those of the national CA included.

1. The MAC is checked first and here, in constant time: the library below says "invalid password or data" for a wrong
   password, a damaged file and a key it does not know alike, and its user must be told which it was.
2. Everything is opened here, files of the national CA included (BER with open lengths, triple DES for the key, RC2 of 40
   bits for the certificate). The library is given no file, which it would open at any cost, but the bare key alone.
3. What opening costs is added up before anything is opened, and again when safes have shown what lies in them.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from signing import asn1, gost
from signing.errors import Malformed, SigningError
from signing.keys.national import TestKeys, national_key
from signing.keys.password_based import (
    MAC_PURPOSE,
    MAX_SALT,
    NotOpened,
    Password,
    decrypt,
    pkcs12_octets,
    require_cheap,
    spellings,
)
from signing.keys.private_key_info import read_private_key
from signing.keys.software import software_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from signing.keys import SigningKey

MAX_BYTES: Final = 1_000_000

_HASHES: Final[Mapping[str, tuple[Callable[..., hashlib._Hash], int]]] = {
    "1.3.14.3.2.26": (hashlib.sha1, 64),  # what national files carry; it guards against typing errors only
    "2.16.840.1.101.3.4.2.4": (hashlib.sha224, 64),
    "2.16.840.1.101.3.4.2.1": (hashlib.sha256, 64),
    "2.16.840.1.101.3.4.2.2": (hashlib.sha384, 128),
    "2.16.840.1.101.3.4.2.3": (hashlib.sha512, 128),
}


def load(content: bytes, password: bytes, *, test_keys: TestKeys = False) -> SigningKey:
    """The one signing key of a PKCS#12 file; `password` in UTF-8; `test_keys` as `national_key` takes it.

    Raises SigningError: signing.p12-too-large, -damaged, -wrong-password, -no-key, -several-keys, -no-certificate;
    signing.key-file-iterations, signing.encryption-unsupported; what `read_national_key`, `national_key` and `software_key`
    raise. No message holds the password or a part of it.
    """
    if len(content) > MAX_BYTES:
        raise SigningError("signing.p12-too-large", limit=str(MAX_BYTES))
    try:
        parts = asn1.read_pkcs12(content)
        mac = _mac_cost(parts, password)
        require_cheap((*parts.encrypted_safes, *parts.bags.shrouded_keys), mac)
    except Malformed as error:
        raise SigningError("signing.p12-damaged") from error
    spelt = _checked_spelling(parts, password)
    try:
        key, certificates = _opened(parts, spelt, mac)
    except (NotOpened, Malformed):
        # from None: what is on the way lies in the neighbourhood of the key
        raise SigningError("signing.p12-damaged" if parts.mac_digest else "signing.p12-wrong-password") from None
    if not certificates:
        raise SigningError("signing.p12-no-certificate")
    if isinstance(key, gost.PrivateKey):
        return national_key(key, certificates, test_keys=test_keys)
    return software_key(key, certificates)


def _opened(
    parts: asn1.Pkcs12Parts, password: Password, mac: int
) -> tuple[PrivateKeyTypes | gost.PrivateKey, tuple[bytes, ...]]:
    """The one key, and the certificates in DER; what the password has cost already is `mac`."""
    _require_one_key_at_most(parts.bags)
    safes = [asn1.read_safe(decrypt(each, password)) for each in parts.encrypted_safes]
    bags = asn1.joined([parts.bags, *safes])
    _require_one_key_at_most(bags)
    require_cheap((*parts.encrypted_safes, *bags.shrouded_keys), mac)
    keys = [*bags.keys, *(decrypt(each, password) for each in bags.shrouded_keys)]
    if not keys:
        raise SigningError("signing.p12-no-key")
    return read_private_key(keys[0]), bags.certificates


def _require_one_key_at_most(bags: asn1.Bags) -> None:
    if len(bags.keys) + len(bags.shrouded_keys) > 1:
        raise SigningError("signing.p12-several-keys")


def _mac_cost(parts: asn1.Pkcs12Parts, password: bytes) -> int:
    """How often checking the MAC hashes: once with each spelling.

    Raises SigningError signing.encryption-unsupported for a MAC of another hash or construction; Malformed.
    """
    if parts.mac_digest is None:
        return 0
    if parts.mac_digest not in _HASHES:
        raise SigningError("signing.encryption-unsupported", scheme=parts.mac_digest)
    if parts.mac_iterations < 1 or len(parts.mac_salt) > MAX_SALT:
        raise Malformed("asn1.pkcs12")
    return parts.mac_iterations * (1 if password else 2)


def _checked_spelling(parts: asn1.Pkcs12Parts, password: bytes) -> Password:
    """The password as the MAC proves it right, as it is usually spelt where there is none."""
    try:
        spelt = spellings(password)
    except NotOpened:
        raise SigningError("signing.p12-wrong-password") from None
    if parts.mac_digest is None:
        return spelt[0]
    new, block = _HASHES[parts.mac_digest]
    for each in spelt:
        size = new().digest_size
        key = pkcs12_octets(MAC_PURPOSE, size, each.spelt, parts.mac_salt, parts.mac_iterations, new, block)
        value = hmac.new(key, parts.authenticated_safe, new).digest()
        if hmac.compare_digest(value, parts.mac_value):
            return each
    raise SigningError("signing.p12-wrong-password")
