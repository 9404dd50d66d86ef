"""Port: a key that signs; `keys.pkcs12` and `keys.pem` are named only where the program is put together."""

from __future__ import annotations

from typing import Protocol


class SigningKey(Protocol):
    """A private key with its certificates; the key itself never leaves it."""

    @property
    def certificate_chain(self) -> tuple[bytes, ...]:
        """DER certificates: the signer's own first, then issuers as far as they are known."""
        ...

    @property
    def algorithm(self) -> str:
        """Id in the table of `signing.algorithms`, such as "rsa-sha256" or "ecdsa-p256-sha256"."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature over `message` (hashed inside) in the CMS form: an ECDSA value is DER, not raw r and s."""
        ...
