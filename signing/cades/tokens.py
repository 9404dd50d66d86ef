"""Tokens of time-stamps as CMS: the same one is asked for its imprint, its index and what came along."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from signing.cms import read_signed_data

if TYPE_CHECKING:
    from signing.cms import SignedData

_REMEMBERED_BYTES: Final = 16 * 1024
"""Larger tokens are read anew each time: what strangers may make us remember is bounded."""


def read_token_cms(token: bytes) -> SignedData:
    """The SignedData of a token, BER or DER: whether it may be BER is said by whoever judges it. Raises Malformed."""
    return _remembered(token) if len(token) <= _REMEMBERED_BYTES else _read(token)


def _read(token: bytes) -> SignedData:
    return read_signed_data(token, accept_ber=True)


_remembered = lru_cache(maxsize=256)(_read)
