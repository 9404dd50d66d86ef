"""Keys from PEM files: one private key (PKCS#8 or an older form) and its certificates in one text.

1. PKCS#8 is opened here and its cost known before: the library would spend whatever the file asks for.
2. The older forms are the library's, in a text written anew from the one block: what else stands in the file, or within
   the block, it does not see. They derive their key with one pass of a hash.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from signing import asn1, gost
from signing.errors import Malformed, SigningError
from signing.keys.national import TestKeys, national_key
from signing.keys.password_based import NotOpened, decrypt, spellings
from signing.keys.private_key_info import from_the_library, read_private_key
from signing.keys.software import software_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from signing.keys import SigningKey

MAX_BYTES: Final = 1_000_000
_PLAIN: Final = "PRIVATE KEY"
_ENCRYPTED: Final = "ENCRYPTED PRIVATE KEY"
_OLDER: Final = ("RSA PRIVATE KEY", "EC PRIVATE KEY")
_CERTIFICATES: Final = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")


def load(content: bytes, password: bytes | None, *, test_keys: TestKeys = False) -> SigningKey:
    """The one signing key in a PEM text, or in two texts joined; `password` None when the key is not encrypted.

    A national key lies in PKCS#8; `test_keys` as `national_key` takes it. Raises SigningError: signing.pem-too-large,
    -damaged, -password-needed, -wrong-password, -no-key, -several-keys, -no-certificate; signing.key-file-iterations,
    signing.encryption-unsupported; what `read_national_key`, `national_key` and `software_key` raise. No message holds the
    password.
    """
    if len(content) > MAX_BYTES:
        raise SigningError("signing.pem-too-large", limit=str(MAX_BYTES))
    blocks = asn1.pem_blocks(content)
    keys = [block for block in blocks if block.label.endswith(_PLAIN)]
    if not keys:
        raise SigningError("signing.pem-no-key")
    if len(keys) > 1:
        raise SigningError("signing.pem-several-keys")
    try:
        certificates = [block.der() for block in blocks if block.label in _CERTIFICATES]
    except ValueError as error:
        raise SigningError("signing.pem-damaged") from error
    key = _opened(keys[0], password or b"")
    if not certificates:
        raise SigningError("signing.pem-no-certificate")
    if isinstance(key, gost.PrivateKey):
        return national_key(key, certificates, test_keys=test_keys)
    return software_key(key, certificates)


def _opened(block: asn1.PemBlock, password: bytes) -> PrivateKeyTypes | gost.PrivateKey:
    encrypted = block.label == _ENCRYPTED or (block.label in _OLDER and b"ENCRYPTED" in block.headers)
    if encrypted and not password:
        raise SigningError("signing.pem-password-needed")
    if block.label not in (_PLAIN, _ENCRYPTED, *_OLDER):
        raise SigningError("signing.key-unsupported")
    try:
        octets = block.der()
        if block.label in _OLDER:
            # a password for a key that is not encrypted is no error of the operator's: the setting may serve several files
            return _of_an_older_form(block, octets, password if encrypted else None)
        hidden = asn1.read_encrypted_key(octets) if encrypted else None
    except NotOpened:
        raise SigningError("signing.pem-wrong-password" if encrypted else "signing.pem-damaged") from None
    except (ValueError, Malformed):
        raise SigningError("signing.pem-damaged") from None
    try:
        return read_private_key(octets if hidden is None else decrypt(hidden, spellings(password)[0]))
    except (NotOpened, Malformed):
        # from None: what is on the way lies in the neighbourhood of the key
        raise SigningError("signing.pem-damaged" if hidden is None else "signing.pem-wrong-password") from None


def _of_an_older_form(block: asn1.PemBlock, octets: bytes, password: bytes | None) -> PrivateKeyTypes:
    headers = block.headers.strip() + b"\n\n" if block.headers else b""
    label = block.label.encode()
    text = b"-----BEGIN %b-----\n%b%b-----END %b-----\n" % (label, headers, base64.encodebytes(octets), label)
    return from_the_library(octets, lambda: load_pem_private_key(text, password))
