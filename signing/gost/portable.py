"""The national algorithms in plain Python: always there, the reference for any other, slow with large content."""

from __future__ import annotations

from signing.gost import signature as signatures
from signing.gost.gost34311 import Gost34311
from signing.gost.streebog import Streebog256, Streebog512


class PortableProvider:
    """No state but the keys that `signature` keeps prepared. About one megabyte a second for Streebog."""

    name = "plain Python"

    def streebog512(self) -> Streebog512:
        return Streebog512()

    def streebog256(self) -> Streebog256:
        return Streebog256()

    def gost34311(self) -> Gost34311:
        return Gost34311()

    def verify(self, public_key: signatures.PublicKey, digest: bytes, signature: bytes) -> bool:
        return signatures.verify(public_key, digest, signature)

    def sign(self, private_key: signatures.PrivateKey, digest: bytes, *, test_keys: bool = False) -> bytes:
        """Variable in time; see `signing.gost.signature.sign`."""
        return signatures.sign(private_key, digest, test_keys=test_keys)
