"""Keys from PEM files: one private key (PKCS#8 or an older form) and its certificates in one text."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from signing import asn1, gost
from signing.errors import Malformed, SigningError
from signing.keys.national import national_key
from signing.keys.national_pkcs8 import algorithm_oid, is_national, read_national_key
from signing.keys.password_based import MAX_ITERATIONS, NotOpened, decrypt, iterations_of, spellings
from signing.keys.software import software_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from signing.keys import SigningKey

MAX_BYTES: Final = 1_000_000
_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n(.*?)-----END \1-----", re.DOTALL)
_ENCRYPTED: Final = b"ENCRYPTED PRIVATE KEY"


def load(content: bytes, password: bytes | None, *, test_keys: bool = False) -> SigningKey:
    """The one signing key in a PEM text, or in two texts joined; `password` None when the key is not encrypted.

    A national key lies in PKCS#8; `test_keys` as `national_key` takes it. Raises SigningError: signing.pem-too-large,
    -damaged, -password-needed, -wrong-password, -no-key, -several-keys, -no-certificate; signing.key-file-iterations,
    signing.encryption-unsupported; what `read_national_key`, `national_key` and `software_key` raise. No message holds the
    password.
    """
    if len(content) > MAX_BYTES:
        raise SigningError("signing.pem-too-large", limit=str(MAX_BYTES))
    blocks = [(match[1], match[0], match[2]) for match in _BLOCK.finditer(content)]
    keys = [block for block in blocks if block[0].endswith(b"PRIVATE KEY")]
    if not keys:
        raise SigningError("signing.pem-no-key")
    if len(keys) > 1:
        raise SigningError("signing.pem-several-keys")
    try:
        certificates = [
            _decoded(body)
            for label, _, body in blocks
            if label in (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")
        ]
    except binascii.Error as error:
        raise SigningError("signing.pem-damaged") from error
    key = _opened(*keys[0], password)
    if not certificates:
        raise SigningError("signing.pem-no-certificate")
    if isinstance(key, gost.PrivateKey):
        return national_key(key, certificates, test_keys=test_keys)
    return software_key(key, certificates)


def _decoded(body: bytes) -> bytes:
    return base64.b64decode(b"".join(body.split()), validate=True)


def _opened(label: bytes, whole: bytes, body: bytes, password: bytes | None) -> PrivateKeyTypes | gost.PrivateKey:
    encrypted = b"ENCRYPTED" in whole
    if encrypted and not password:
        raise SigningError("signing.pem-password-needed")
    try:
        if label == _ENCRYPTED and iterations_of(asn1.read_encrypted_key(_decoded(body))) > MAX_ITERATIONS:
            raise SigningError("signing.key-file-iterations", limit=str(MAX_ITERATIONS))
        # a password for a key that is not encrypted is no error of the operator's: the setting may serve several files
        return load_pem_private_key(whole, password if encrypted else None)
    except UnsupportedAlgorithm:
        # from None, here and below: the library's own message stays out, and with it any doubt what it may quote
        otherwise = SigningError("signing.key-unsupported")
    except (ValueError, TypeError, Malformed):
        otherwise = SigningError("signing.pem-wrong-password" if encrypted else "signing.pem-damaged")
    if label not in (b"PRIVATE KEY", _ENCRYPTED):
        raise otherwise
    return _national(label, body, password or b"", otherwise)


def _national(label: bytes, body: bytes, password: bytes, otherwise: SigningError) -> gost.PrivateKey:
    """The national key of a PKCS#8 block that the library does not read; `otherwise` when there is none in it."""
    try:
        opened = _decoded(body)
        if label == _ENCRYPTED:
            opened = decrypt(asn1.read_encrypted_key(opened), spellings(password)[0])
        if not is_national(algorithm_oid(opened)):
            raise otherwise
    except (binascii.Error, Malformed, NotOpened):
        raise otherwise from None
    return read_national_key(opened)
