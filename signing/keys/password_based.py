"""What a password opens in key files: PKCS#12 encryption of the first kind (RFC 7292, B and C) and PBES2 (RFC 8018).

1. The schemes are those that national tools and tools of today write: triple DES and RC2 of 40 bits with SHA-1; AES-CBC
   or triple DES with PBKDF2. What else there is, scrypt too, ends in signing.encryption-unsupported, with its OID.
2. What it costs is known before it is spent: `require_cheap`, one limit for all that lies in a file. No library is given
   what is encrypted: it would spend whatever the file asks for, and knows schemes that are not counted here.
3. None of them is authenticated. The MAC of a PKCS#12 file says whether the password is right; without one, `NotOpened`
   says that the result is no padded text, which a wrong password passes for once in 256 times.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from signing import asn1
from signing.errors import Malformed, SigningError
from signing.keys import rc2

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

MAX_HASHES: Final = 4_000_000
"""Computations of a hash for one file, its MAC and all that is opened in it together.

Two 600,000 of PBKDF2 with SHA-256 (each is two hashes) and a MAC of 600,000 are 3,000,000; triple DES of old with 100,000
is 300,000, key and vector take three rounds. At the limit, measured on a core of 2026: 1.4 to 2 seconds, 2.6 for the MAC by
SHA-512 with no password; a core without instructions for SHA takes two to three times that.
"""
MAX_SALT: Final = 1_024
MAX_RC2: Final = 262_144
"""Octets in one file, beside the hashes: 1.3 seconds more. A certificate has two thousand."""

PBE_TRIPLE_DES: Final = "1.2.840.113549.1.12.1.3"
PBE_RC2_40: Final = "1.2.840.113549.1.12.1.6"
PBES2: Final = "1.2.840.113549.1.5.13"
PBKDF2: Final = "1.2.840.113549.1.5.12"
HMAC_SHA256: Final = "1.2.840.113549.2.9"
AES_256_CBC: Final = "2.16.840.1.101.3.4.1.42"

KEY_PURPOSE, VECTOR_PURPOSE, MAC_PURPOSE = 1, 2, 3
"""Purpose octets of RFC 7292, B.3."""

_PKCS12_ROUNDS: Final[Mapping[str, int]] = {PBE_TRIPLE_DES: 2 + 1, PBE_RC2_40: 1 + 1}
"""How often SHA-1 is iterated for the octets of the key and of the vector (RFC 7292, B.2)."""
_PRF: Final[Mapping[str, str]] = {
    "1.2.840.113549.2.7": "sha1",
    HMAC_SHA256: "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_HMAC_SHA1: Final = "1.2.840.113549.2.7"
_CIPHERS: Final[Mapping[str, tuple[Callable[[bytes], algorithms.AES | TripleDES], int, int]]] = {
    "2.16.840.1.101.3.4.1.2": (algorithms.AES, 16, 16),
    "2.16.840.1.101.3.4.1.22": (algorithms.AES, 24, 16),
    AES_256_CBC: (algorithms.AES, 32, 16),
    "1.2.840.113549.3.7": (TripleDES, 24, 8),
}
"""By OID: the cipher, octets of its key, octets of a block."""


class NotOpened(Exception):
    """No text came out: another password, or damage."""


@dataclass(frozen=True, slots=True, repr=False)
class Password:
    """A password in UTF-8 (PBES2 takes it so) and as PKCS#12 spells it; never printed."""

    octets: bytes
    spelt: bytes

    def __repr__(self) -> str:
        return "Password(...)"


def spellings(octets: bytes) -> tuple[Password, ...]:
    """As BMPString with its two zero octets (RFC 7292, B.1); no password is written as those two or as nothing.

    NotOpened for octets that are no UTF-8.
    """
    try:
        spelt = octets.decode("utf-8").encode("utf-16-be") + b"\x00\x00"
    except UnicodeDecodeError:
        raise NotOpened from None
    return (Password(octets, spelt),) if octets else (Password(octets, spelt), Password(octets, b""))


def require_cheap(encrypted: Sequence[asn1.Encrypted], hashes: int = 0) -> None:
    """All of this, and so many hashes that are computed beside it, stay within the limits of one file.

    Raises SigningError signing.key-file-iterations, signing.p12-too-large, signing.encryption-unsupported; Malformed.
    """
    if hashes + sum(_hashes_of(each) for each in encrypted) > MAX_HASHES:
        raise SigningError("signing.key-file-iterations", limit=str(MAX_HASHES))
    if sum(len(each.content) for each in encrypted if each.scheme == PBE_RC2_40) > MAX_RC2:
        raise SigningError("signing.p12-too-large", limit=str(MAX_RC2))


def decrypt(encrypted: asn1.Encrypted, password: Password) -> bytes:
    """The octets without their padding. What else the same file costs is its reader's to add up: `require_cheap`.

    Raises NotOpened, and as `require_cheap` does.
    """
    require_cheap((encrypted,))
    if encrypted.scheme in _PKCS12_ROUNDS:
        return _pkcs12_decrypted(encrypted, password)
    derivation = _pbes2_parameters(encrypted)
    cipher, key_size, block = _CIPHERS[derivation.cipher]
    key = hashlib.pbkdf2_hmac(
        derivation.hash_name, password.octets, derivation.salt, derivation.iterations, dklen=key_size
    )
    return _unpadded(_cbc(cipher(key), derivation.vector, encrypted.content), block)


def pkcs12_octets(  # noqa: PLR0917 - the parameters of RFC 7292, B.2, in its order
    purpose: int,
    size: int,
    password: bytes,
    salt: bytes,
    iterations: int,
    new: Callable[..., hashlib._Hash] = hashlib.sha1,
    block: int = 64,
) -> bytes:
    """RFC 7292, B.2: `size` octets for a purpose, from a password as `spellings` gives it; `block` is the hash's."""
    diversifier = bytes((purpose,)) * block
    varied = _fill(salt, block) + _fill(password, block)
    found = b""
    while True:
        state = diversifier + varied
        for _ in range(iterations):
            state = new(state).digest()
        found += state
        if len(found) >= size:
            return found[:size]
        added = int.from_bytes(_fill(state, block)[:block], "big") + 1
        varied = b"".join(
            (int.from_bytes(varied[at : at + block], "big") + added).to_bytes(block + 1, "big")[1:]
            for at in range(0, len(varied), block)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pbes2:
    salt: bytes
    iterations: int
    hash_name: str
    cipher: str
    vector: bytes


def _hashes_of(encrypted: asn1.Encrypted) -> int:
    """How often opening it hashes."""
    if encrypted.scheme in _PKCS12_ROUNDS:
        return _pkcs12_parameters(encrypted)[1] * _PKCS12_ROUNDS[encrypted.scheme]
    found = _pbes2_parameters(encrypted)
    blocks = -(-_CIPHERS[found.cipher][1] // hashlib.new(found.hash_name).digest_size)
    return found.iterations * blocks * 2  # HMAC is a hash of a hash


def _pkcs12_decrypted(encrypted: asn1.Encrypted, password: Password) -> bytes:
    salt, iterations = _pkcs12_parameters(encrypted)
    size = 24 if encrypted.scheme == PBE_TRIPLE_DES else 5
    key = pkcs12_octets(KEY_PURPOSE, size, password.spelt, salt, iterations)
    vector = pkcs12_octets(VECTOR_PURPOSE, 8, password.spelt, salt, iterations)
    if encrypted.scheme == PBE_TRIPLE_DES:
        return _unpadded(_cbc(TripleDES(key), vector, encrypted.content), 8)
    try:
        return _unpadded(rc2.decrypt_cbc(key, 8 * len(key), vector, encrypted.content), rc2.BLOCK)
    except ValueError:
        raise NotOpened from None


def _pkcs12_parameters(encrypted: asn1.Encrypted) -> tuple[bytes, int]:
    """Salt and iterations."""
    fields = asn1.Fields(asn1.read_der(encrypted.parameters or b""))
    found = asn1.octets(fields.take(asn1.OCTET_STRING)), asn1.integer(fields.take(asn1.INTEGER))
    fields.end()
    _require_sound(*found)
    return found


def _pbes2_parameters(encrypted: asn1.Encrypted) -> _Pbes2:
    """Raises SigningError signing.encryption-unsupported with the OID of what is not known: scheme, derivation, hash, cipher."""
    _require_known(encrypted.scheme, (PBES2,))
    fields = asn1.Fields(asn1.read_der(encrypted.parameters or b""))
    derivation, cipher = (_named(fields.take(asn1.SEQUENCE)) for _ in range(2))
    fields.end()
    _require_known(derivation[0], (PBKDF2,))
    _require_known(cipher[0], _CIPHERS)
    stated = asn1.Fields(asn1.read_der(derivation[1] or b""))
    salt, iterations = asn1.octets(stated.take(asn1.OCTET_STRING)), asn1.integer(stated.take(asn1.INTEGER))
    size, named = stated.take_optional(asn1.INTEGER), stated.take_optional(asn1.SEQUENCE)
    stated.end()
    prf = _HMAC_SHA1 if named is None else _named(named)[0]
    _require_known(prf, _PRF)
    _require_sound(salt, iterations)
    _, key_size, block = _CIPHERS[cipher[0]]
    vector = asn1.octets(asn1.read_der(cipher[1] or b""))
    if (size is not None and asn1.integer(size) != key_size) or len(vector) != block:
        raise Malformed("asn1.structure", expected="parameters of PBES2", found="others")
    return _Pbes2(salt=salt, iterations=iterations, hash_name=_PRF[prf], cipher=cipher[0], vector=vector)


def _require_known(oid: str, known: Container[str]) -> None:
    if oid not in known:
        raise SigningError("signing.encryption-unsupported", scheme=oid)


def _require_sound(salt: bytes, iterations: int) -> None:
    if iterations < 1 or len(salt) > MAX_SALT:
        raise Malformed("asn1.structure", expected="salt and iterations", found="others")


def _named(element: asn1.Der) -> tuple[str, bytes | None]:
    found = asn1.children(element)
    if not 1 <= len(found) <= 2:  # noqa: PLR2004 - AlgorithmIdentifier: OID, parameters
        raise Malformed("asn1.structure", expected="AlgorithmIdentifier", found=str(len(found)))
    return asn1.oid(found[0]), found[1].raw if found[1:] else None


def _cbc(cipher: algorithms.AES | TripleDES, vector: bytes, content: bytes) -> bytes:
    opener = Cipher(cipher, modes.CBC(vector)).decryptor()
    try:
        return opener.update(content) + opener.finalize()
    except ValueError:
        raise NotOpened from None


def _unpadded(padded: bytes, block: int) -> bytes:
    count = padded[-1] if padded else 0
    if not 1 <= count <= block or padded[-count:] != bytes((count,)) * count:
        raise NotOpened
    return padded[:-count]


def _fill(value: bytes, block: int) -> bytes:
    length = block * -(-len(value) // block)
    return (value * (length // len(value) + 1))[:length] if value else b""
