"""Sums of multiples of points, k1 P1 + k2 P2, fast enough for verifying; nothing here is constant in time.

1. A point is prepared once: 2^(span i) P for i = 0..3, and odd multiples of each. A factor falls into four pieces of
   `span` bits, so that a sum costs a quarter of the doublings; the other three quarters are paid when a point is
   prepared, and never again for a key that comes back.
2. Pieces are written in signed digits, of which at most one in `width` is not zero (width-w NAF).
3. The formulas (Jacobian coordinates x = X / Z^2, y = Y / Z^3) do not hold when equal or opposite points meet. Every such
   case leaves Z = 0, and Z stays 0 from there on; then, and only then, the sum is made again bit by bit, in some milliseconds.
4. Points must be of the prime order q: nobody checks it here.

Two kinds of numbers: Python's, where p = 2^n - c is reduced by folding what lies above n bits down, times c; and mpz of
gmpy2 where it is installed, for which a division costs less than a fold. Both take the same way through the same table.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from signing.gost.curve import Curve, Point

PIECES: Final = 4
KEY_WIDTH: Final = 5  # eight points for each piece: more would cost a key that comes once more than it saves
_GENERATOR_WIDTH: Final = 8  # made once for a curve, in some milliseconds
_MAX_FOLD: Final = 16  # bits of c; a longer one would have to be folded more than twice


def fastest_integer() -> Callable[[int], int]:
    """Mpz of gmpy2 where it is installed (optional, some two times faster here), else int."""
    try:
        from gmpy2 import mpz
    except ImportError:
        return int
    return cast("Callable[[int], int]", mpz)


class Multiples(NamedTuple):
    """A prepared point: for each piece its odd multiples 1, 3, ... and, from the end, -1, -3, ... in affine coordinates."""

    point: Point
    width: int
    pieces: tuple[tuple[Point, ...], ...]


class _Formulas(Protocol):
    """Doubling, and adding an affine point, in Jacobian coordinates; results are right modulo p but need not be below it."""

    def doubled(self, x1: int, y1: int, z1: int, times: int) -> tuple[int, int, int]: ...
    def added(self, x1: int, y1: int, z1: int, x2: int, y2: int) -> tuple[int, int, int]: ...


class Group:
    """The points of one curve, computed with one kind of integers."""

    def __init__(self, curve: Curve, number: Callable[[int], int]) -> None:
        self.curve = curve
        self._number = number
        self._p = number(curve.p)
        self._span = -(-curve.q.bit_length() // PIECES)
        folds = (2 ** curve.p.bit_length() - curve.p).bit_length() <= _MAX_FOLD
        self._formulas: _Formulas = _Folding(curve) if folds and number is int else _Dividing(curve, number)

    @cached_property
    def generator(self) -> Multiples:
        return self.prepared(self.curve.generator, _GENERATOR_WIDTH)

    def prepared(self, point: Point, width: int = KEY_WIDTH) -> Multiples:
        """A point of order q made ready for `sum`."""
        doubled, added = self._formulas.doubled, self._formulas.added
        start = (self._number(point[0]), self._number(point[1]), self._number(1))
        firsts = [start]
        for _ in range(PIECES - 1):
            firsts.append(doubled(*firsts[-1], self._span))
        twice = self._affine([doubled(*first, 1) for first in firsts])
        count = 2 ** (width - 2)
        rows: list[tuple[int, int, int]] = []
        for first, (x, y) in zip(firsts, twice, strict=True):
            rows.append(first)
            for _ in range(count - 1):
                rows.append(added(*rows[-1], x, y))
        affine = self._affine(rows)
        pieces = []
        for at in range(0, len(affine), count):
            row = affine[at : at + count]
            pieces.append((*row, *((x, self._p - y) for x, y in reversed(row))))
        return Multiples(point, width, tuple(pieces))

    def sum(self, *terms: tuple[int, Multiples]) -> Point | None:
        """The sum of factor times point, 0 <= factor < 2^(4 span); None when it is the neutral element."""
        steps: list[list[Point]] = [[] for _ in range(self._span + 1)]
        for factor, multiples in terms:
            self._place(factor, multiples, steps)
        doubled, added = self._formulas.doubled, self._formulas.added
        x1 = y1 = z1 = self._number(0)
        started, times = False, 0
        for step in reversed(steps):
            times += 1
            for x2, y2 in step:
                if not started:
                    x1, y1, z1, started, times = x2, y2, self._number(1), True, 0
                    continue
                if times:
                    x1, y1, z1 = doubled(x1, y1, z1, times)
                    times = 0
                x1, y1, z1 = added(x1, y1, z1, x2, y2)
        if times and started:
            x1, y1, z1 = doubled(x1, y1, z1, times)
        if z1 % self._p == 0:
            return self._sum_again(terms)
        x, y = self._affine([(x1, y1, z1)])[0]
        return int(x), int(y)

    def _place(self, factor: int, multiples: Multiples, steps: list[list[Point]]) -> None:
        """Write a factor in signed digits, and for each that is not zero put the point to add at its step."""
        modulus = 2**multiples.width
        for place, points in enumerate(multiples.pieces):
            piece = factor >> place * self._span & ((1 << self._span) - 1)
            at = 0
            while piece:
                zeros = (piece & -piece).bit_length() - 1
                at += zeros
                piece >>= zeros
                digit = piece % modulus
                if digit > modulus // 2:
                    digit -= modulus
                piece -= digit
                steps[at].append(points[digit >> 1])  # 1, 3, 5: 0, 1, 2; -1, -3: the last, the last but one

    def _sum_again(self, terms: tuple[tuple[int, Multiples], ...]) -> Point | None:
        """The same, asked bit by bit: slower, and right in every case. Whoever makes a signature may choose to bring it about."""
        total: tuple[int, int, int] | None = None
        for bit in range(PIECES * self._span - 1, -1, -1):
            if total is not None:
                total = self._formulas.doubled(*total, 1)
            for factor, multiples in terms:
                if factor >> bit & 1:
                    total = self._joined(total, multiples.point)
        if total is None:
            return None
        x, y = self._affine([total])[0]
        return int(x), int(y)

    def _joined(self, left: tuple[int, int, int] | None, point: Point) -> tuple[int, int, int] | None:
        """The sum of a point in Jacobian coordinates and an affine one, equal and opposite ones included."""
        x2, y2 = self._number(point[0]), self._number(point[1])
        if left is None:
            return x2, y2, self._number(1)
        x1, y1, z1 = left
        square = z1 * z1 % self._p
        if (x2 * square - x1) % self._p:
            return self._formulas.added(x1, y1, z1, x2, y2)
        return self._formulas.doubled(x1, y1, z1, 1) if (y2 * z1 * square - y1) % self._p == 0 else None

    def _affine(self, points: list[tuple[int, int, int]]) -> list[Point]:
        """All of them with one inversion (Montgomery's trick); none may be the neutral element."""
        p = self._p
        products = [self._number(1)]
        for _, _, z in points:
            products.append(products[-1] * z % p)
        inverse = pow(products.pop(), -1, p)
        affine: list[Point] = []
        for x, y, z in reversed(points):
            own = products.pop() * inverse % p
            inverse = inverse * z % p
            square = own * own % p
            affine.append((x * square % p, y * own * square % p))
        affine.reverse()
        return affine


class _Dividing:
    """For any prime and any kind of integers."""

    def __init__(self, curve: Curve, number: Callable[[int], int]) -> None:
        self._p = number(curve.p)
        self._a = number(curve.a)
        self._a_is_minus_3 = curve.a == curve.p - 3

    def doubled(self, x1: int, y1: int, z1: int, times: int) -> tuple[int, int, int]:
        p, a, a_is_minus_3 = self._p, self._a, self._a_is_minus_3
        for _ in range(times):
            zz = z1 * z1 % p
            yy = y1 * y1 % p
            beta = (x1 * yy % p) << 2
            alpha = 3 * (x1 - zz) * (x1 + zz) % p if a_is_minus_3 else (3 * x1 * x1 + zz * zz % p * a) % p
            z1 = (z1 * y1 << 1) % p
            x1 = (alpha * alpha - beta - beta) % p
            y1 = (alpha * (beta - x1) - (yy * yy << 3)) % p
        return x1, y1, z1

    def added(self, x1: int, y1: int, z1: int, x2: int, y2: int) -> tuple[int, int, int]:
        p = self._p
        zz = z1 * z1 % p
        h = x2 * zz % p - x1
        r = z1 * zz % p * y2 % p - y1
        hh = h * h % p
        hhh = h * hh % p
        v = x1 * hh % p
        x3 = (r * r - hhh - v - v) % p
        return x3, (r * (v - x3) - y1 * hhh) % p, z1 * h % p


class _Folding:
    """The same formulas for p = 2^n - c with a small c, in Python's own integers: 2^n is c modulo p.

    What is kept from one call to the next is folded twice and then hardly longer than p; in between one fold does, because
    the length of a factor costs less than a second one.
    """

    def __init__(self, curve: Curve) -> None:
        self._bits = curve.p.bit_length()
        self._mask = 2**self._bits - 1
        self._c = 2**self._bits - curve.p
        self._a = curve.a
        self._a_is_minus_3 = curve.a == curve.p - 3

    def doubled(self, x1: int, y1: int, z1: int, times: int) -> tuple[int, int, int]:
        n, mask, c, a, a_is_minus_3 = self._bits, self._mask, self._c, self._a, self._a_is_minus_3
        for _ in range(times):
            zz = z1 * z1
            zz = (zz & mask) + (zz >> n) * c
            yy = y1 * y1
            yy = (yy & mask) + (yy >> n) * c
            beta = x1 * yy
            beta = ((beta & mask) + (beta >> n) * c) << 2
            if a_is_minus_3:
                alpha = 3 * (x1 - zz) * (x1 + zz)
            else:
                alpha = zz * zz
                alpha = ((alpha & mask) + (alpha >> n) * c) * a + 3 * x1 * x1
            alpha = (alpha & mask) + (alpha >> n) * c
            z1 = z1 * y1 << 1
            z1 = (z1 & mask) + (z1 >> n) * c
            z1 = (z1 & mask) + (z1 >> n) * c
            x1 = alpha * alpha - beta - beta
            x1 = (x1 & mask) + (x1 >> n) * c
            x1 = (x1 & mask) + (x1 >> n) * c
            y1 = alpha * (beta - x1) - (yy * yy << 3)
            y1 = (y1 & mask) + (y1 >> n) * c
            y1 = (y1 & mask) + (y1 >> n) * c
        return x1, y1, z1

    def added(self, x1: int, y1: int, z1: int, x2: int, y2: int) -> tuple[int, int, int]:
        n, mask, c = self._bits, self._mask, self._c
        zz = z1 * z1
        zz = (zz & mask) + (zz >> n) * c
        h = x2 * zz
        h = (h & mask) + (h >> n) * c - x1
        zzz = z1 * zz
        zzz = (zzz & mask) + (zzz >> n) * c
        r = zzz * y2
        r = (r & mask) + (r >> n) * c - y1
        hh = h * h
        hh = (hh & mask) + (hh >> n) * c
        hhh = h * hh
        hhh = (hhh & mask) + (hhh >> n) * c
        v = x1 * hh
        v = (v & mask) + (v >> n) * c
        x3 = r * r - hhh - v - v
        x3 = (x3 & mask) + (x3 >> n) * c
        x3 = (x3 & mask) + (x3 >> n) * c
        y3 = r * (v - x3) - y1 * hhh
        y3 = (y3 & mask) + (y3 >> n) * c
        y3 = (y3 & mask) + (y3 >> n) * c
        z3 = z1 * h
        z3 = (z3 & mask) + (z3 >> n) * c
        z3 = (z3 & mask) + (z3 >> n) * c
        return x3, y3, z3


@lru_cache(maxsize=8)
def group(curve: Curve) -> Group:
    """The group of a curve, with the fastest integers there are."""
    return Group(curve, fastest_integer())
