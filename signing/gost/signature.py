"""Signing and verifying by GOST R 34.10-2012 = 34.10-2015 and GOST 34.310-2004, and the octets of keys and signatures.

1. e is the digest read with its first octet least significant, modulo q; 0 becomes 1 (RFC 7091, 6.1, step 2).
2. A signature is r then s, each as long as a coordinate, first octet least significant. This is the national layout, the
   whole of the Russian one (RFC 9215) read backwards.
3. Accepted if and only if 0 < r < q, 0 < s < q and the x coordinate of (s/e) G - (r/e) Q is r modulo q (RFC 7091, 6.2).
4. A public key is x then y, first octet least significant; both below p, on the curve, of order q. What fails is no key.
5. Only numbers and octets: which hash belongs to a key, and how keys lie in certificates, is known above.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from signing.gost.curve import Curve, Point
from signing.gost.multiples import Multiples, group

_KNOWN_KEYS: Final = 256
"""Prepared keys that are kept: 256 of some 25 kB. A chain, its time-stamps and OCSP come back to the same few."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point of order q on a curve of ours; made by `read_public_key` and `PrivateKey.public_key` only."""

    curve: Curve
    point: Point

    def octets(self) -> bytes:
        """Give x then y, first octet least significant (rule 4)."""
        size = self.curve.octets
        return self.point[0].to_bytes(size, "little") + self.point[1].to_bytes(size, "little")


class PrivateKey:
    """A number d with 0 < d < q, which nothing here prints; ValueError when it is out of range.

    Python cannot wipe it from memory, and keeps copies.
    """

    __slots__ = ("curve", "number")

    def __init__(self, curve: Curve, number: int) -> None:
        if not 0 < number < curve.q:
            raise ValueError("gost: private number out of range")
        self.curve = curve
        self.number = number

    def __repr__(self) -> str:
        return f"PrivateKey({self.curve.name}, ...)"

    def __reduce__(self) -> str:
        raise TypeError("gost: a private key is not pickled")

    def __getstate__(self) -> object:
        # from Python 3.11 every object has one, and it would hand out the number
        raise TypeError("gost: a private key is not pickled")

    def public_key(self) -> PublicKey:
        """Give d times G; time depends on d."""
        points = group(self.curve)
        point = points.sum((self.number, points.generator))
        assert point is not None  # 0 < d < q
        return PublicKey(self.curve, point)


class VariableTime(RuntimeError):
    """Refused: this implementation would sign in a time that depends on the key, and the key was not said to be a test key."""


def read_public_key(curve: Curve, octets: bytes) -> PublicKey:
    """The key in x then y (rule 4); ValueError for a wrong length, a coordinate not below p, a point off the curve.

    The neutral element has no such octets: nothing with x = 0, y = 0 lies on these curves. Where the cofactor is not 1, the
    order of the point is checked too, which costs some milliseconds.
    """
    size = curve.octets
    if len(octets) != 2 * size:
        raise ValueError("gost: length of the public key")
    point = int.from_bytes(octets[:size], "little"), int.from_bytes(octets[size:], "little")
    if not curve.holds(point):
        raise ValueError("gost: public key off the curve")
    if curve.cofactor != 1 and curve.multiple(curve.q, point) is not None:
        raise ValueError("gost: public key of another order")
    return PublicKey(curve, point)


def read_private_key(curve: Curve, octets: bytes) -> PrivateKey:
    """The key of a GOST 2015 container: d, first octet least significant; ValueError for a wrong length or range."""
    if len(octets) != curve.octets:
        raise ValueError("gost: length of the private number")
    return PrivateKey(curve, int.from_bytes(octets, "little"))


def digest_number(curve: Curve, digest: bytes) -> int:
    """The number e of rule 1; ValueError when the digest is not as long as the curve asks: the caller took another hash."""
    if len(digest) != curve.octets:
        raise ValueError("gost: length of the digest")
    return int.from_bytes(digest, "little") % curve.q or 1


def split_signature(curve: Curve, signature: bytes) -> tuple[int, int] | None:
    """Numbers r and s; None when the length is wrong or one of them is out of range (rules 2 and 3)."""
    size = curve.octets
    if len(signature) != 2 * size:
        return None
    r, s = int.from_bytes(signature[:size], "little"), int.from_bytes(signature[size:], "little")
    return (r, s) if 0 < r < curve.q and 0 < s < curve.q else None


def verify(public_key: PublicKey, digest: bytes, signature: bytes) -> bool:
    """Whether the signature over this digest was made with the key; False for every signature that was not.

    ValueError only for a digest of another length than the curve asks (64 or 32 octets).
    """
    curve = public_key.curve
    e = digest_number(curve, digest)
    numbers = split_signature(curve, signature)
    if numbers is None:
        return False
    r, s = numbers
    inverse = pow(e, -1, curve.q)
    points = group(curve)
    point = points.sum((s * inverse % curve.q, points.generator), (-r * inverse % curve.q, _prepared(public_key)))
    return point is not None and point[0] % curve.q == r


def sign(private_key: PrivateKey, digest: bytes, *, test_keys: bool = False) -> bytes:
    """The signature over a digest (rule 2), with a nonce of the operating system's generator.

    The time it takes depends on the key and the nonce, and others on the machine can measure it: VariableTime is raised
    unless the caller says that keys are for tests. ValueError for a digest of a wrong length.
    """
    if not test_keys:
        raise VariableTime("gost: signing in plain Python is for test keys")
    while True:
        nonce = 1 + secrets.randbelow(private_key.curve.q - 1)
        signature = sign_with_nonce(private_key, digest, nonce)
        if signature is not None:
            return signature


def sign_with_nonce(private_key: PrivateKey, digest: bytes, nonce: int) -> bytes | None:
    """RFC 7091, 6.1, with k given, 0 < k < q; None when r or s is 0, and another k is needed.

    For `sign` and for examples of the standard. A nonce used twice, or known, gives the key away.
    """
    curve = private_key.curve
    e = digest_number(curve, digest)
    points = group(curve)
    point = points.sum((nonce, points.generator))
    if point is None:
        return None
    r = point[0] % curve.q
    s = (r * private_key.number + nonce * e) % curve.q
    if not r or not s:
        return None
    return r.to_bytes(curve.octets, "little") + s.to_bytes(curve.octets, "little")


@lru_cache(maxsize=_KNOWN_KEYS)
def _prepared(public_key: PublicKey) -> Multiples:
    return group(public_key.curve).prepared(public_key.point)
