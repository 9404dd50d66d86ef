"""Keys from PKCS#12 files (RFC 7292), those of the national CA included.

1. The MAC is checked first and here, in constant time: the library below says "invalid password or data" for a wrong
   password, a damaged file and a key it does not know alike, and its user must be told which it was.
2. RSA and elliptic keys are opened by the library. What it cannot open is opened here: files of the national CA (BER with
   open lengths, triple DES for the key, RC2 of 40 bits for the certificate) and files of today with a national key.
3. What opening costs is added up before anything is opened.
"""

from __future__ import annotations

import hashlib
import hmac
import warnings
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, pkcs12

from signing import asn1
from signing.errors import Malformed, SigningError
from signing.keys.national import national_key
from signing.keys.national_pkcs8 import algorithm_oid, is_national, read_national_key
from signing.keys.password_based import (
    MAC_PURPOSE,
    MAX_ITERATIONS,
    NotOpened,
    Password,
    decrypt,
    iterations_of,
    pkcs12_octets,
    spellings,
)
from signing.keys.software import software_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from signing.keys import SigningKey

MAX_BYTES: Final = 1_000_000
MAX_SALT: Final = 1_024

_HASHES: Final[Mapping[str, tuple[Callable[..., hashlib._Hash], int]]] = {
    "1.3.14.3.2.26": (hashlib.sha1, 64),  # what national files carry; it guards against typing errors only
    "2.16.840.1.101.3.4.2.1": (hashlib.sha256, 64),
    "2.16.840.1.101.3.4.2.2": (hashlib.sha384, 128),
    "2.16.840.1.101.3.4.2.3": (hashlib.sha512, 128),
}


def load(content: bytes, password: bytes, *, test_keys: bool = False) -> SigningKey:
    """The one signing key of a PKCS#12 file; `password` in UTF-8; `test_keys` as `national_key` takes it.

    Raises SigningError: signing.p12-too-large, -damaged, -wrong-password, -no-key, -several-keys, -no-certificate;
    signing.key-file-iterations, signing.encryption-unsupported; what `read_national_key`, `national_key` and `software_key`
    raise. No message holds the password or a part of it.
    """
    if len(content) > MAX_BYTES:
        raise SigningError("signing.p12-too-large", limit=str(MAX_BYTES))
    try:
        parts = asn1.read_pkcs12(content)
        _require_cheap(parts)
    except Malformed as error:
        raise SigningError("signing.p12-damaged") from error
    spelt = _checked_spelling(parts, password)
    if len(parts.bags.shrouded_keys) + len(parts.bags.keys) > 1:
        raise SigningError("signing.p12-several-keys")
    try:
        with warnings.catch_warnings():
            # files of the national CA are BER with indefinite lengths; the library reads them and complains of it
            warnings.simplefilter("ignore", UserWarning)
            key, certificate, others = pkcs12.load_key_and_certificates(content, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # the library's sentence is not passed on: it blames the password for everything
        pass
    else:
        if key is None:
            raise SigningError("signing.p12-no-key")
        found = [*([certificate] if certificate is not None else []), *others]
        if not found:
            raise SigningError("signing.p12-no-certificate")
        return software_key(key, [each.public_bytes(Encoding.DER) for each in found])
    try:
        return _opened_here(parts, spelt, test_keys=test_keys)
    except (NotOpened, Malformed):
        # from None: what is on the way lies in the neighbourhood of the key
        is_checked = parts.mac_digest in _HASHES
        raise SigningError("signing.p12-damaged" if is_checked else "signing.p12-wrong-password") from None


def _opened_here(parts: asn1.Pkcs12Parts, password: Password, *, test_keys: bool) -> SigningKey:
    safes = [asn1.read_safe(decrypt(each, password)) for each in parts.encrypted_safes]
    bags = asn1.joined([parts.bags, *safes])
    keys = [*bags.keys, *(decrypt(each, password) for each in bags.shrouded_keys)]
    if not keys:
        raise SigningError("signing.p12-no-key")
    if len(keys) > 1:
        raise SigningError("signing.p12-several-keys")
    if is_national(algorithm_oid(keys[0])):
        key = read_national_key(keys[0])
        if not bags.certificates:
            raise SigningError("signing.p12-no-certificate")
        return national_key(key, bags.certificates, test_keys=test_keys)
    try:
        other = load_der_private_key(keys[0], None)
    except UnsupportedAlgorithm:
        raise SigningError("signing.key-unsupported") from None
    except (ValueError, TypeError):
        raise NotOpened from None
    if not bags.certificates:
        raise SigningError("signing.p12-no-certificate")
    return software_key(other, bags.certificates)


def _require_cheap(parts: asn1.Pkcs12Parts) -> None:
    """Raises SigningError signing.key-file-iterations, Malformed."""
    if parts.mac_digest in _HASHES and (parts.mac_iterations < 1 or len(parts.mac_salt) > MAX_SALT):
        raise Malformed("asn1.pkcs12")
    wanted = [iterations_of(each) for each in (*parts.encrypted_safes, *parts.bags.shrouded_keys)]
    if min(wanted, default=0) < 0:
        raise Malformed("asn1.pkcs12")
    # each at most the limit, and what the password opens together as well: a file may hold many safes
    if max(parts.mac_iterations, sum(wanted)) > MAX_ITERATIONS:
        raise SigningError("signing.key-file-iterations", limit=str(MAX_ITERATIONS))


def _checked_spelling(parts: asn1.Pkcs12Parts, password: bytes) -> Password:
    """The password as the MAC proves it right, as it is usually spelt where there is no MAC we can compute."""
    try:
        spelt = spellings(password)
    except NotOpened:
        raise SigningError("signing.p12-wrong-password") from None
    known = _HASHES.get(parts.mac_digest or "")
    if known is None:
        return spelt[0]
    new, block = known
    for each in spelt:
        size = new().digest_size
        key = pkcs12_octets(MAC_PURPOSE, size, each.spelt, parts.mac_salt, parts.mac_iterations, new, block)
        value = hmac.new(key, parts.authenticated_safe, new).digest()
        if hmac.compare_digest(value, parts.mac_value):
            return each
    raise SigningError("signing.p12-wrong-password")
