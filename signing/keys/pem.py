"""Keys from PEM files: one private key (PKCS#8 or an older form) and its certificates in one text."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from signing.errors import SigningError
from signing.keys.software import software_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from signing.keys import SigningKey

MAX_BYTES: Final = 1_000_000
_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n(.*?)-----END \1-----", re.DOTALL)
_NATIONAL_OIDS: Final = ("1.2.398.", "1.3.6.1.4.1.6801.")


def load(content: bytes, password: bytes | None) -> SigningKey:
    """The one signing key in a PEM text, or in two texts joined; `password` None when the key is not encrypted.

    Raises SigningError: signing.pem-too-large, -damaged, -password-needed, -wrong-password, -no-key, -several-keys,
    -no-certificate; signing.key-national-algorithm; and what `software_key` raises. No message holds the password.
    """
    if len(content) > MAX_BYTES:
        raise SigningError("signing.pem-too-large", limit=str(MAX_BYTES))
    blocks = [(match[1], match[0], match[2]) for match in _BLOCK.finditer(content)]
    keys = [whole for label, whole, _ in blocks if label.endswith(b"PRIVATE KEY")]
    if not keys:
        raise SigningError("signing.pem-no-key")
    if len(keys) > 1:
        raise SigningError("signing.pem-several-keys")
    try:
        certificates = [
            base64.b64decode(b"".join(body.split()), validate=True)
            for label, _, body in blocks
            if label in (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")
        ]
    except binascii.Error as error:
        raise SigningError("signing.pem-damaged") from error
    key = _load_key(keys[0], password)
    if not certificates:
        raise SigningError("signing.pem-no-certificate")
    return software_key(key, certificates)


def _load_key(pem: bytes, password: bytes | None) -> PrivateKeyTypes:
    encrypted = b"ENCRYPTED" in pem
    if encrypted and not password:
        raise SigningError("signing.pem-password-needed")
    try:
        # a password for a key that is not encrypted is no error of the operator's: the setting may serve several files
        return load_pem_private_key(pem, password if encrypted else None)
    except UnsupportedAlgorithm as error:
        national = any(oid in str(error) for oid in _NATIONAL_OIDS)
        raise SigningError("signing.key-national-algorithm" if national else "signing.key-unsupported") from None
    except (ValueError, TypeError):
        # from None: the library's own message stays out, and with it any doubt what it may quote
        raise SigningError("signing.pem-wrong-password" if encrypted else "signing.pem-damaged") from None
