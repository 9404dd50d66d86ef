"""Keys from PKCS#12 files (RFC 7292), the old encryption of the national CA included.

The MAC is checked first and here, in constant time: the library below says "invalid password or data" for a wrong
password, a damaged file and a national key alike, and its user must be told which it was.
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
from signing.keys.software import software_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from signing.keys import SigningKey

MAX_BYTES: Final = 1_000_000
MAX_MAC_ITERATIONS: Final = 2_000_000
"""About two seconds; files in the field have 1,024 to 600,000."""

_MAC_KEY: Final = 3  # purpose octet of RFC 7292, B.3
_HASHES: Final[dict[str, tuple[Callable[..., hashlib._Hash], int]]] = {
    "1.3.14.3.2.26": (hashlib.sha1, 64),  # what national files carry; it guards against typing errors only
    "2.16.840.1.101.3.4.2.1": (hashlib.sha256, 64),
    "2.16.840.1.101.3.4.2.2": (hashlib.sha384, 128),
    "2.16.840.1.101.3.4.2.3": (hashlib.sha512, 128),
}
# national key types, before 2016 and since
_NATIONAL_OIDS: Final = ("1.2.398.", "1.3.6.1.4.1.6801.")


def load(content: bytes, password: bytes) -> SigningKey:
    """The one signing key of a PKCS#12 file; `password` in UTF-8.

    Raises SigningError: signing.p12-too-large, -damaged, -wrong-password, -no-key, -several-keys, -no-certificate;
    signing.key-national-algorithm; and what `software_key` raises. No message holds the password or a part of it.
    """
    if len(content) > MAX_BYTES:
        raise SigningError("signing.p12-too-large", limit=str(MAX_BYTES))
    try:
        parts = asn1.read_pkcs12(content)
    except Malformed as error:
        raise SigningError("signing.p12-damaged") from error
    mac_checked = _check_mac(parts, password)
    if len(parts.encrypted_keys) + parts.plain_keys > 1:
        raise SigningError("signing.p12-several-keys")
    try:
        with warnings.catch_warnings():
            # files of the national CA are BER with indefinite lengths; the library reads them and complains of it
            warnings.simplefilter("ignore", UserWarning)
            key, certificate, others = pkcs12.load_key_and_certificates(content, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # the library's sentence is not passed on: it blames the password for everything
        raise _why_unreadable(parts, password, mac_checked=mac_checked) from None
    if key is None:
        raise SigningError("signing.p12-no-key")
    found = [*([certificate] if certificate is not None else []), *others]
    if not found:
        raise SigningError("signing.p12-no-certificate")
    return software_key(key, [each.public_bytes(Encoding.DER) for each in found])


def _check_mac(parts: asn1.Pkcs12Parts, password: bytes) -> bool:
    """True when the MAC holds, False when there is none we can compute; raises for a wrong one."""
    if parts.mac_digest not in _HASHES:
        return False
    if not 0 < parts.mac_iterations <= MAX_MAC_ITERATIONS:
        raise SigningError("signing.p12-damaged")
    new, block = _HASHES[parts.mac_digest]
    for text in _spellings(password):
        key = _derive(new, block, text, parts.mac_salt, parts.mac_iterations)
        value = hmac.new(key, parts.authenticated_safe, new).digest()
        if hmac.compare_digest(value, parts.mac_value):
            return True
    raise SigningError("signing.p12-wrong-password")


def _spellings(password: bytes) -> tuple[bytes, ...]:
    """The password as BMPString with its two zero octets (B.1); no password is written as those two or as nothing."""
    try:
        spelt = password.decode("utf-8").encode("utf-16-be") + b"\x00\x00"
    except UnicodeDecodeError:
        raise SigningError("signing.p12-wrong-password") from None
    return (spelt,) if password else (spelt, b"")


def _derive(new: Callable[..., hashlib._Hash], block: int, password: bytes, salt: bytes, iterations: int) -> bytes:
    """RFC 7292, B.2 for a MAC key: one output block is always enough, so steps 6B and 6C never happen."""
    state = bytes((_MAC_KEY,)) * block + _fill(salt, block) + _fill(password, block)
    for _ in range(iterations):
        state = new(state).digest()
    return state


def _fill(value: bytes, block: int) -> bytes:
    length = block * -(-len(value) // block)
    return (value * (length // len(value) + 1))[:length] if value else b""


def _why_unreadable(parts: asn1.Pkcs12Parts, password: bytes, *, mac_checked: bool) -> SigningError:
    for encrypted in parts.encrypted_keys:
        try:
            load_der_private_key(encrypted, password)
        except UnsupportedAlgorithm as error:
            # the message names the key's OID; nothing else of the library tells a national key from another
            national = any(oid in str(error) for oid in _NATIONAL_OIDS)
            return SigningError("signing.key-national-algorithm" if national else "signing.key-unsupported")
        except (ValueError, TypeError):
            continue
    return SigningError("signing.p12-damaged" if mac_checked else "signing.p12-wrong-password")
