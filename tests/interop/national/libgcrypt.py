"""libgcrypt through its S-expressions: both hashes (GOSTR3411_94 is the one with the test set), all three curves.

Its numbers are written with the highest octet first, the number signed too: the digest is reversed.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Mapping
from typing import Final

from foreign import Failed, Family, HashName, PublicKey

_LIBRARY: Final = "libgcrypt.so.20"
_CURVES: Final[Mapping[Family, str]] = {
    "gost2015-512": "GOST2012-512-tc26-A",
    "gost2015-256": "GOST2012-256-A",
    "gost2004": "GOST2001-CryptoPro-A",
}
_HASHES: Final[Mapping[HashName, bytes]] = {
    "streebog-512": b"STRIBOG512",
    "streebog-256": b"STRIBOG256",
    "gost34311": b"GOSTR3411_94",
}
_BAD_SIGNATURE: Final = 8
"""GPG_ERR_BAD_SIGNATURE; the upper half of an answer says who speaks."""
_ADVANCED: Final = 3
_LONGEST: Final = 4096


class Libgcrypt:
    def __init__(self) -> None:
        try:
            library = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise Failed(f"{_LIBRARY} is not found") from error
        library.gcry_check_version.restype = ctypes.c_char_p
        library.gcry_strerror.restype = ctypes.c_char_p
        library.gcry_sexp_sprint.restype = ctypes.c_size_t
        self._version: bytes = library.gcry_check_version(None)
        self._library = library

    def version(self) -> str:
        return f"libgcrypt {self._version.decode()}"

    def digest(self, name: HashName, content: bytes) -> bytes:
        number = self._library.gcry_md_map_name(_HASHES[name])
        out = ctypes.create_string_buffer(self._library.gcry_md_get_algo_dlen(number))
        self._library.gcry_md_hash_buffer(number, out, content, ctypes.c_size_t(len(content)))
        return out.raw

    def verifies(self, key: PublicKey, digest: bytes, r: int, s: int) -> bool:
        numbers = f"(r #{_hex(r, key)}#)(s #{_hex(s, key)}#)"
        answer: int = self._library.gcry_pk_verify(
            self._read(f"(sig-val (gost {numbers}))"), self._signed_number(digest), self._read(_public(key))
        )
        if answer & 0xFFFF not in (0, _BAD_SIGNATURE):
            self._hold(answer)
        return answer == 0

    def signed(self, key: PublicKey, number: int, digest: bytes) -> tuple[int, int]:
        private = _public(key).replace("public-key", "private-key")[:-2] + f"(d #{_hex(number, key)}#)))"
        made = ctypes.c_void_p()
        self._hold(self._library.gcry_pk_sign(ctypes.byref(made), self._signed_number(digest), self._read(private)))
        out = ctypes.create_string_buffer(_LONGEST)
        self._library.gcry_sexp_sprint(made, _ADVANCED, out, ctypes.c_size_t(_LONGEST))
        r, s = (int(found, 16) for found in re.findall(rb"\([rs] #([0-9A-F]+)#\)", out.value))
        return r, s

    def _signed_number(self, digest: bytes) -> ctypes.c_void_p:
        return self._read(f"(data (flags gost)(value #{digest[::-1].hex()}#))")

    def _read(self, text: str) -> ctypes.c_void_p:
        found, octets = ctypes.c_void_p(), text.encode()
        self._hold(self._library.gcry_sexp_sscan(ctypes.byref(found), None, octets, ctypes.c_size_t(len(octets))))
        return found

    def _hold(self, answer: int) -> None:
        if answer != 0:
            raise Failed(f"libgcrypt: {self._library.gcry_strerror(answer).decode()}")


def _hex(number: int, key: PublicKey) -> str:
    return number.to_bytes(key.size, "big").hex()


def _public(key: PublicKey) -> str:
    return f"(public-key (ecc (curve {_CURVES[key.family]})(q #04{_hex(key.x, key)}{_hex(key.y, key)}#)))"
