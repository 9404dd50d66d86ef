"""Keys and signatures as Russian libraries write them (RFC 4491, RFC 9215): the same numbers under other identifiers.

A public key lies in its BIT STRING as it does here: OCTET STRING { x, y }, lowest octet first. A signature is s, then r, highest
octet first: the national value backwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import der
from foreign import Family, PublicKey

_OIDS: Final[Mapping[Family, tuple[str, str, str]]] = {
    "gost2015-512": ("1.2.643.7.1.1.1.2", "1.2.643.7.1.2.1.2.1", "1.2.643.7.1.1.2.3"),
    "gost2015-256": ("1.2.643.7.1.1.1.1", "1.2.643.7.1.2.1.1.1", "1.2.643.7.1.1.2.2"),
    # with the CryptoPro set, for there is no identifier of 34.311 with the test set that they take: no hash is asked of them
    "gost2004": ("1.2.643.2.2.19", "1.2.643.2.2.35.1", "1.2.643.2.2.30.1"),
}
"""Of the key, its curve and its hash."""


def public_key_info(key: PublicKey) -> bytes:
    kind, curve, digest = (der.written_oid(each) for each in _OIDS[key.family])
    point = b"".join(each.to_bytes(key.size, "little") for each in (key.x, key.y))
    return der.written(
        der.SEQUENCE,
        der.written(der.SEQUENCE, kind, der.written(der.SEQUENCE, curve, digest)),
        der.written(der.BIT_STRING, b"\0", der.written(der.OCTET_STRING, point)),
    )


def private_key_info(key: PublicKey, number: int) -> bytes:
    """PKCS#8 as gost-engine reads it."""
    kind, curve, digest = (der.written_oid(each) for each in _OIDS[key.family])
    octets = der.written(der.OCTET_STRING, number.to_bytes(key.size, "little"))
    return der.written(
        der.SEQUENCE,
        der.written(der.INTEGER, b"\0"),
        der.written(der.SEQUENCE, kind, der.written(der.SEQUENCE, curve, digest)),
        der.written(der.OCTET_STRING, octets),
    )


def private_key_info_of_botan(key: PublicKey, number: int) -> bytes:
    """PKCS#8 around an ECPrivateKey (RFC 5915), the curve named as for any other one."""
    kind, curve, _ = (der.written_oid(each) for each in _OIDS[key.family])
    octets = der.written(der.OCTET_STRING, number.to_bytes(key.size, "big"))
    return der.written(
        der.SEQUENCE,
        der.written(der.INTEGER, b"\0"),
        der.written(der.SEQUENCE, kind, curve),
        der.written(der.OCTET_STRING, der.written(der.SEQUENCE, der.written(der.INTEGER, b"\1"), octets)),
    )


def signature(key: PublicKey, r: int, s: int) -> bytes:
    return s.to_bytes(key.size, "big") + r.to_bytes(key.size, "big")


def numbers(key: PublicKey, value: bytes) -> tuple[int, int]:
    """The numbers of a signature, r then s."""
    return int.from_bytes(value[key.size :], "big"), int.from_bytes(value[: key.size], "big")
