"""What computes the national algorithms, seen from above; the two that do are `portable` and `nettle`."""

from __future__ import annotations

from typing import Protocol, Self

from signing.gost.signature import PrivateKey, PublicKey


class Hash(Protocol):
    """A hash object like those of hashlib; one thread at a time."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...
    def copy(self) -> Self: ...


class Provider(Protocol):
    """Hashes, verifying and signing; all answers are those of `signing.gost.signature`, whoever computes.

    May be called from any number of threads; a hash object may not.
    """

    @property
    def name(self) -> str:
        """For reports: "plain Python" or the library with its version."""

    def streebog512(self) -> Hash: ...
    def streebog256(self) -> Hash: ...
    def gost34311(self) -> Hash: ...

    def verify(self, public_key: PublicKey, digest: bytes, signature: bytes) -> bool:
        """False for every signature that is not one; ValueError for a digest of a wrong length."""

    def sign(self, private_key: PrivateKey, digest: bytes, *, test_keys: bool = False) -> bytes:
        """Octets r then s; VariableTime unless the time is constant or `test_keys`; ValueError for a wrong length."""
