"""What the judge asks of a foreign library, and the keys it asks with; how each library wants them is in its own module.

A family of keys is a curve with a hash. Signatures go to and fro as the numbers r and s, digests as octets in the order that
the hash puts them out; the number signed is the digest with its lowest octet first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Family = Literal["gost2015-512", "gost2015-256", "gost2004"]
HashName = Literal["streebog-512", "streebog-256", "gost34311"]


class Failed(Exception):
    """The library cannot do this, or did not do it; no verdict on a signature."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    family: Family
    x: int
    y: int

    @property
    def size(self) -> int:
        """Octets of a coordinate, of a digest, and of r and of s."""
        return 64 if self.family == "gost2015-512" else 32


class Library(Protocol):
    def version(self) -> str: ...

    def digest(self, name: HashName, content: bytes) -> bytes: ...

    def verifies(self, key: PublicKey, digest: bytes, r: int, s: int) -> bool: ...

    def signed(self, key: PublicKey, number: int, digest: bytes) -> tuple[int, int]: ...
