"""Key files written octet by octet: the national CA's, and those of today that hold a key the library does not know."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from signing import asn1
from signing.keys import rc2
from signing.keys.password_based import (
    AES_256_CBC,
    HMAC_SHA256,
    KEY_PURPOSE,
    MAC_PURPOSE,
    PBE_RC2_40,
    PBE_TRIPLE_DES,
    PBES2,
    PBKDF2,
    VECTOR_PURPOSE,
    pkcs12_octets,
    spellings,
)

_DATA: Final = "1.2.840.113549.1.7.1"
_ENCRYPTED_DATA: Final = "1.2.840.113549.1.7.6"
_SHROUDED_KEY_BAG: Final = "1.2.840.113549.1.12.10.1.2"
_CERTIFICATE_BAG: Final = "1.2.840.113549.1.12.10.1.3"
_X509_CERTIFICATE: Final = "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME: Final = "1.2.840.113549.1.9.20"
_LOCAL_KEY_ID: Final = "1.2.840.113549.1.9.21"
_SHA1: Final = "1.3.14.3.2.26"
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_BMP_STRING: Final = 0x1E

NATIONAL_ITERATIONS: Final = 1_024
ITERATIONS: Final = 20_000
_PIECE: Final = 1_000
_LINE: Final = 64


def national_pkcs12(
    private_key_info: bytes, certificate: bytes, password: bytes, *, iterations: int = NATIONAL_ITERATIONS
) -> bytes:
    """A file as the national CA hands it out: BER with open lengths, triple DES for the key, RC2 of 40 bits for the
    certificate, HMAC with SHA-1, no issuers. `private_key_info` in DER, of any kind of key.
    """
    spelt = spellings(password)[0].spelt

    def encrypted(scheme: str, content: bytes) -> tuple[bytes, bytes]:
        salt = secrets.token_bytes(20)
        size = 24 if scheme == PBE_TRIPLE_DES else 5
        key = pkcs12_octets(KEY_PURPOSE, size, spelt, salt, iterations)
        vector = pkcs12_octets(VECTOR_PURPOSE, 8, spelt, salt, iterations)
        parameters = _sequence(asn1.encode(asn1.OCTET_STRING, salt), asn1.encode_integer(iterations))
        padded = _padded(content, 8)
        if scheme == PBE_TRIPLE_DES:
            return _algorithm(scheme, parameters), _cbc(TripleDES(key), vector, padded)
        return _algorithm(scheme, parameters), rc2.encrypt_cbc(key, 8 * size, vector, padded)

    attributes = _attributes(certificate)
    identifier, shrouded = encrypted(PBE_TRIPLE_DES, private_key_info)
    key_bag = _open(
        0x30,
        asn1.encode_oid(_SHROUDED_KEY_BAG),
        _open(0xA0, _sequence(identifier, asn1.encode(asn1.OCTET_STRING, shrouded))),
        attributes,
    )
    certificates = _open(0x30, _certificate_bag(certificate, attributes))
    identifier, hidden = encrypted(PBE_RC2_40, certificates)
    content_info = _open(0x30, asn1.encode_oid(_DATA), identifier, _open(0xA0, *_pieces(hidden)))
    safe = _open(
        0x30,
        _open(0x30, asn1.encode_oid(_DATA), _open(0xA0, _open(0x24, *_pieces(_open(0x30, key_bag))))),
        _open(
            0x30,
            asn1.encode_oid(_ENCRYPTED_DATA),
            _open(0xA0, _open(0x30, asn1.encode_integer(0), content_info)),
        ),
    )
    mac = _mac(safe, spelt, _SHA1, hashlib.sha1, iterations)
    return _open(
        0x30,
        asn1.encode_integer(3),
        _open(0x30, asn1.encode_oid(_DATA), _open(0xA0, _open(0x24, *_pieces(safe)))),
        mac,
    )


def pkcs12(private_key_info: bytes, certificates: Iterable[bytes], password: bytes) -> bytes:
    """A file of today in DER: AES-256 under PBKDF2, HMAC with SHA-256; `certificates` the key's own first."""
    listed = tuple(certificates)
    bags = [
        _certificate_bag(each, _attributes(each) if place == 0 else b"")  # the key's own is marked as such
        for place, each in enumerate(listed)
    ]
    attributes = _attributes(listed[0]) if listed else b""
    key_bag = _sequence(
        asn1.encode_oid(_SHROUDED_KEY_BAG), asn1.encode(0xA0, encrypted_key(private_key_info, password)), attributes
    )
    identifier, hidden = _pbes2(_sequence(*bags), password)
    encrypted_data = _sequence(
        asn1.encode_integer(0), _sequence(asn1.encode_oid(_DATA), identifier, asn1.encode(0x80, hidden))
    )
    safe = _sequence(
        _data(_sequence(key_bag)),
        _sequence(asn1.encode_oid(_ENCRYPTED_DATA), asn1.encode(0xA0, encrypted_data)),
    )
    mac = _mac(safe, spellings(password)[0].spelt, _SHA256, hashlib.sha256, ITERATIONS)
    return _sequence(asn1.encode_integer(3), _data(safe), mac)


def encrypted_key(private_key_info: bytes, password: bytes) -> bytes:
    """DER of an EncryptedPrivateKeyInfo (RFC 5208, 6) under PBES2."""
    identifier, content = _pbes2(private_key_info, password)
    return _sequence(identifier, asn1.encode(asn1.OCTET_STRING, content))


def pem(label: str, der: bytes) -> bytes:
    text = base64.b64encode(der).decode()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", "")).encode()


def _pbes2(content: bytes, password: bytes) -> tuple[bytes, bytes]:
    salt, vector = secrets.token_bytes(16), secrets.token_bytes(16)
    key = hashlib.pbkdf2_hmac("sha256", password, salt, ITERATIONS, dklen=32)
    derivation = _sequence(
        asn1.encode(asn1.OCTET_STRING, salt), asn1.encode_integer(ITERATIONS), _algorithm(HMAC_SHA256, b"\x05\x00")
    )
    cipher = _algorithm(AES_256_CBC, asn1.encode(asn1.OCTET_STRING, vector))
    identifier = _algorithm(PBES2, _sequence(_algorithm(PBKDF2, derivation), cipher))
    return identifier, _cbc(algorithms.AES(key), vector, _padded(content, 16))


def _mac(safe: bytes, spelt: bytes, oid: str, new: Callable[..., hashlib._Hash], iterations: int) -> bytes:
    salt = secrets.token_bytes(20)
    key = pkcs12_octets(MAC_PURPOSE, new().digest_size, spelt, salt, iterations, new)
    digest = _sequence(_algorithm(oid, b"\x05\x00"), asn1.encode(asn1.OCTET_STRING, hmac.new(key, safe, new).digest()))
    return _sequence(digest, asn1.encode(asn1.OCTET_STRING, salt), asn1.encode_integer(iterations))


def _certificate_bag(certificate: bytes, attributes: bytes) -> bytes:
    held = asn1.encode(0xA0, asn1.encode(asn1.OCTET_STRING, certificate))
    value = _sequence(asn1.encode_oid(_X509_CERTIFICATE), held)
    return _sequence(asn1.encode_oid(_CERTIFICATE_BAG), asn1.encode(0xA0, value), attributes)


def _attributes(certificate: bytes) -> bytes:
    """What says that key and certificate belong together."""
    local = asn1.encode(asn1.OCTET_STRING, hashlib.sha1(certificate, usedforsecurity=False).digest())
    name = asn1.encode(_BMP_STRING, "sandbox".encode("utf-16-be"))
    return asn1.encode_set(
        _sequence(asn1.encode_oid(oid), asn1.encode(asn1.SET, value))
        for oid, value in ((_FRIENDLY_NAME, name), (_LOCAL_KEY_ID, local))
    )


def _data(content: bytes) -> bytes:
    return _sequence(asn1.encode_oid(_DATA), asn1.encode(0xA0, asn1.encode(asn1.OCTET_STRING, content)))


def _algorithm(oid: str, parameters: bytes) -> bytes:
    return _sequence(asn1.encode_oid(oid), parameters)


def _sequence(*parts: bytes) -> bytes:
    return asn1.encode(asn1.SEQUENCE, *parts)


def _open(tag: int, *parts: bytes) -> bytes:
    """An element whose length is left open (X.690, 8.1.3.6)."""
    return bytes((tag, 0x80)) + b"".join(parts) + b"\x00\x00"


def _pieces(content: bytes) -> list[bytes]:
    return [asn1.encode(asn1.OCTET_STRING, content[at : at + _PIECE]) for at in range(0, len(content), _PIECE)]


def _padded(content: bytes, block: int) -> bytes:
    count = block - len(content) % block
    return content + bytes((count,)) * count


def _cbc(cipher: algorithms.AES | TripleDES, vector: bytes, padded: bytes) -> bytes:
    closer = Cipher(cipher, modes.CBC(vector)).encryptor()
    return closer.update(padded) + closer.finalize()
