"""Botan through its C interface: Streebog, and the curves tc26-512-A and CryptoPro-A.

Its 34.311 has the CryptoPro set only, so that digest is libgcrypt's and Botan judges the curve alone. Under the name of
tc26-256-A it has another curve; keys of that family it is not asked about. Digests are signed as they are handed over
("Raw"), in the order the hash puts them out.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Final

import russian
from foreign import Failed, HashName, Library, PublicKey

_LIBRARY: Final = "libbotan-2.so.19"
_HASHES: Final[Mapping[HashName, bytes]] = {"streebog-512": b"Streebog-512", "streebog-256": b"Streebog-256"}
_INVALID_SIGNATURE: Final = 1
"""BOTAN_FFI_INVALID_VERIFIER; what is below zero is an error."""
_THOROUGH: Final = 1


class Botan:
    """`other` computes the hash that is not here."""

    def __init__(self, other: Library) -> None:
        try:
            library = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise Failed(f"{_LIBRARY} is not found") from error
        library.botan_version_string.restype = ctypes.c_char_p
        library.botan_error_description.restype = ctypes.c_char_p
        self._library = library
        self._other = other
        self._random = ctypes.c_void_p()
        self._hold(library.botan_rng_init(ctypes.byref(self._random), b"system"))

    def version(self) -> str:
        return f"{self._library.botan_version_string().decode()}; GOST 34.311 by {self._other.version()}"

    def digest(self, name: HashName, content: bytes) -> bytes:
        if name not in _HASHES:
            return self._other.digest(name, content)
        computing, out = ctypes.c_void_p(), ctypes.create_string_buffer(64 if name == "streebog-512" else 32)
        self._hold(self._library.botan_hash_init(ctypes.byref(computing), _HASHES[name], 0))
        self._hold(self._library.botan_hash_update(computing, content, ctypes.c_size_t(len(content))))
        self._hold(self._library.botan_hash_final(computing, out))
        return out.raw

    def verifies(self, key: PublicKey, digest: bytes, r: int, s: int) -> bool:
        public, verifying = ctypes.c_void_p(), ctypes.c_void_p()
        info, value = russian.public_key_info(key), russian.signature(key, r, s)
        self._hold(self._library.botan_pubkey_load(ctypes.byref(public), info, ctypes.c_size_t(len(info))))
        self._hold(self._library.botan_pubkey_check_key(public, self._random, _THOROUGH))
        self._hold(self._library.botan_pk_op_verify_create(ctypes.byref(verifying), public, b"Raw", 0))
        self._hold(self._library.botan_pk_op_verify_update(verifying, digest, ctypes.c_size_t(len(digest))))
        answer: int = self._library.botan_pk_op_verify_finish(verifying, value, ctypes.c_size_t(len(value)))
        if answer != _INVALID_SIGNATURE:
            self._hold(answer)
        return answer == 0

    def signed(self, key: PublicKey, number: int, digest: bytes) -> tuple[int, int]:
        private, signing = ctypes.c_void_p(), ctypes.c_void_p()
        info = russian.private_key_info_of_botan(key, number)
        self._hold(
            self._library.botan_privkey_load(
                ctypes.byref(private), self._random, info, ctypes.c_size_t(len(info)), None
            )
        )
        self._hold(self._library.botan_pk_op_sign_create(ctypes.byref(signing), private, b"Raw", 0))
        self._hold(self._library.botan_pk_op_sign_update(signing, digest, ctypes.c_size_t(len(digest))))
        out, length = ctypes.create_string_buffer(2 * key.size), ctypes.c_size_t(2 * key.size)
        self._hold(self._library.botan_pk_op_sign_finish(signing, self._random, out, ctypes.byref(length)))
        return russian.numbers(key, out.raw[: length.value])

    def _hold(self, answer: int) -> None:
        if answer != 0:
            raise Failed(f"Botan: {self._library.botan_error_description(answer).decode()}")
