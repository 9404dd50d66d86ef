"""The curves: y^2 = x^3 + a x + b over GF(p), with a point of prime order q (GOST R 34.10-2012, 5.2; RFC 7091, 5.2).

A curve is known by name only: parameters from outside are never taken (a forger's generator, CVE-2020-0601).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Point = tuple[int, int]
"""Affine coordinates; the neutral element has none and is written None."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curve:
    """One set of parameters; a curve is equal to itself only."""

    name: str
    p: int
    a: int
    b: int
    q: int
    x: int
    y: int
    cofactor: int

    @property
    def octets(self) -> int:
        """Length of a coordinate, of r, of s, of a private number and of the digest that is signed."""
        return (self.p.bit_length() + 7) // 8

    @property
    def generator(self) -> Point:
        return self.x, self.y

    def holds(self, point: Point) -> bool:
        """Whether the coordinates are in range and satisfy the equation; says nothing of the order of the point."""
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - (x * x + self.a) * x - self.b) % self.p == 0

    def sum(self, left: Point | None, right: Point | None) -> Point | None:
        """The sum of any two points, by the definition (RFC 7091, 5.1): right in every case, and slow."""
        if left is None or right is None:
            return left or right
        if left[0] != right[0]:
            slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, self.p)
        elif (left[1] + right[1]) % self.p == 0:
            return None
        else:
            slope = (3 * left[0] * left[0] + self.a) * pow(2 * left[1], -1, self.p)
        x = (slope * slope - left[0] - right[0]) % self.p
        return x, (slope * (left[0] - x) - left[1]) % self.p

    def multiple(self, factor: int, point: Point) -> Point | None:
        """`factor` times the point, factor >= 0, by `sum`: some 800 of them for 512 bits, so only where speed is nothing."""
        total: Point | None = None
        for digit in f"{factor:b}":
            total = self.sum(total, total)
            if digit == "1":
                total = self.sum(total, point)
        return total


TC26_512_A: Final = Curve(
    name="tc26-gost-3410-12-512-paramSetA",
    p=2**512 - 569,
    a=2**512 - 572,
    b=int(
        "e8c2505dedfc86ddc1bd0b2b6667f1da34b82574761cb0e879bd081cfd0b6265"
        "ee3cb090f30d27614cb4574010da90dd862ef9d4ebee4761503190785a71c760",
        16,
    ),
    q=int(
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "27e69532f48d89116ff22b8d4e0560609b4b38abfad2b85dcacdb1411f10b275",
        16,
    ),
    x=3,
    y=int(
        "7503cfe87a836ae3a61b8816e25450e6ce5e1c93acf1abc1778064fdcbefa921"
        "df1626be4fd036e93d75e6a50e3a41e98028fe5fc235f5b889a589cb5215f2a4",
        16,
    ),
    cofactor=1,
)
"""GOST 2015 with 512 bits (RFC 7836, A.1)."""

CRYPTOPRO_A: Final = Curve(
    name="GostR3410-2001-CryptoPro-A",
    p=2**256 - 617,
    a=2**256 - 620,
    b=166,
    q=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893,
    x=1,
    y=0x8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14,
    cofactor=1,
)
"""GOST 34.310-2004 (RFC 4357, 11.4)."""

TC26_256_A: Final = Curve(
    name="tc26-gost-3410-2012-256-paramSetA",
    p=2**256 - 617,
    a=0xC2173F1513981673AF4892C23035A27CE25E2013BF95AA33B22C656F277E7335,
    b=0x295F9BAE7428ED9CCC20E7C359A9D41A22FCCD9108E17BF7BA9337A6F8AE9513,
    q=0x400000000000000000000000000000000FD8CDDFC87B6635C115AF556C360C67,
    x=0x91E38443A5E82C0D880923425712B2BB658B9196932E02C78B2582FE742DAA28,
    y=0x32879423AB1A0375895786C4BB46E9565FDE0B5344766740AF268ADB32322E5C,
    cofactor=4,
)
"""GOST 2015 with 256 bits (RFC 7836, A.2); that the national keys of 256 bits lie here is assumed: no sample was seen."""

CURVES: Final = (TC26_512_A, CRYPTOPRO_A, TC26_256_A)
