"""What `signing` raises; a bad signature is never here, it is a verdict.

    SigningError            misuse, an unusable key, an unusable trust store: the caller's own material
    └── Malformed           bytes from outside are not what they claim to be; verifiers turn it into FORMAT_FAILURE

A code is stable and has a sentence in every language; parameters never hold a password, a PIN, a key or a personal
number.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SigningError(Exception):
    """Signing or verifying could not be begun; `code` says why, `params` fill the sentence of that code."""

    def __init__(self, code: str, /, **params: str) -> None:
        super().__init__(code, params)
        self.code = code
        self.params: Mapping[str, str] = MappingProxyType(params)

    def __str__(self) -> str:
        return " ".join((self.code, *(f"{name}={value}" for name, value in self.params.items())))


class Malformed(SigningError):
    """Foreign bytes break the format they claim; inside `verify` this becomes the verdict FORMAT_FAILURE."""
