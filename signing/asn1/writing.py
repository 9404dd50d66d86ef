"""DER of our own: rule 3 of the package."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from signing.asn1.reading import GENERALIZED_TIME, LONG_LENGTH, SET, UTC_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable


def encode_length(length: int) -> bytes:
    if length < LONG_LENGTH:
        return bytes((length,))
    octets_ = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((LONG_LENGTH | len(octets_),)) + octets_


def encode(tag: int, *contents: bytes) -> bytes:
    """One element with this identifier octet around already encoded contents."""
    content = b"".join(contents)
    return bytes((tag,)) + encode_length(len(content)) + content


def encode_set(elements: Iterable[bytes], tag: int = SET) -> bytes:
    """SET OF in DER order (X.690, 11.6)."""
    return encode(tag, *sorted(elements))


def encode_oid(dotted: str) -> bytes:
    from asn1crypto import core

    return bytes(core.ObjectIdentifier(dotted).dump())


def encode_integer(value: int) -> bytes:
    from asn1crypto import core

    return bytes(core.Integer(value).dump())


def encode_time(moment: datetime) -> bytes:
    """UTCTime through 2049, GeneralizedTime from 2050 (RFC 5652, 11.3); whole seconds, any fraction is cut off."""
    utc = moment.astimezone(UTC)
    if 1950 <= utc.year < 2050:  # noqa: PLR2004 - the years of the clause above
        return encode(UTC_TIME, f"{utc:%y%m%d%H%M%S}Z".encode())
    return encode(GENERALIZED_TIME, f"{utc.year:04d}{utc:%m%d%H%M%S}Z".encode())
