"""The curves are what they are said to be, and fast arithmetic on them equals the definition."""

from __future__ import annotations

import random
from math import isqrt

import pytest

from signing.gost.curve import CRYPTOPRO_A, CURVES, TC26_256_A, TC26_512_A, Curve
from signing.gost.multiples import Group, fastest_integer

# RFC 7091, 7.1: a prime that cannot be folded, a = 7
EXAMPLE_256 = Curve(
    name="RFC 7091, 7.1",
    p=0x8000000000000000000000000000000000000000000000000000000000000431,
    a=7,
    b=0x5FBFF498AA938CE739B8E022FBAFEF40563F6E6A3472FC2A514C0CE9DAE23B7E,
    q=0x8000000000000000000000000000000150FE8A1892976154C59CFC193ACCF5B3,
    x=2,
    y=0x08E2A8A0E65147D4BD6316030E16D19C85C97F0A9CA267122B96ABBCEA7E8FC8,
    cofactor=1,
)
ALL = (*CURVES, EXAMPLE_256)
INTEGERS = [int, pytest.param("gmpy2", id="gmpy2")]
by_name = pytest.mark.parametrize("curve", ALL, ids=lambda curve: curve.name)


def integers(kind: object):
    if kind is int:
        return int
    if fastest_integer() is int:
        pytest.skip("gmpy2 is not installed")
    return fastest_integer()


def is_prime(number: int, draw: random.Random) -> bool:
    """Miller and Rabin, 24 rounds."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(24):
        power = pow(draw.randrange(2, number - 1), odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


@by_name
def test_the_parameters_are_proved(curve: Curve):
    draw = random.Random(curve.name)
    assert is_prime(curve.p, draw)
    assert is_prime(curve.q, draw)
    assert curve.holds(curve.generator)
    assert curve.multiple(curve.q, curve.generator) is None
    # Hasse: the number of points is within 2 sqrt(p) of p + 1, and no other multiple of q is
    assert abs(curve.cofactor * curve.q - curve.p - 1) <= 2 * isqrt(curve.p) + 1 < curve.q
    assert (4 * curve.a**3 + 27 * curve.b**2) % curve.p != 0
    assert curve.q != curve.p
    assert all(pow(curve.p, power, curve.q) != 1 for power in range(1, 132))  # 5.2 of the standard


def test_the_curve_with_cofactor_4_is_the_edwards_curve_of_its_source():
    """RFC 7836: e u^2 + v^2 = 1 + d u^2 v^2 with this d, s = (e - d) / 4, t = (e + d) / 6."""
    p = TC26_256_A.p
    e, d = 1, 0x0605F6B7C183FA81578BC39CFAD518132B9DF62897009AF7E522C32D6DC7BFFB
    u, v = 0x0D, 0x60CA1E32AA475B348488C38FAB07649CE7EF8DBE87F22E81F92B2592DBA300E7
    s, t = (e - d) * pow(4, -1, p) % p, (e + d) * pow(6, -1, p) % p
    assert (e * u * u + v * v - 1 - d * u * u * v * v) % p == 0
    assert TC26_256_A.a == (s * s - 3 * t * t) % p
    assert TC26_256_A.b == (2 * t * t * t - t * s * s) % p
    ratio = s * (1 + v) * pow(1 - v, -1, p)
    assert TC26_256_A.generator == ((ratio + t) % p, ratio * pow(u, -1, p) % p)


@pytest.mark.parametrize("kind", INTEGERS)
@by_name
def test_fast_sums_equal_the_definition(curve: Curve, kind: object):
    group, draw = Group(curve, integers(kind)), random.Random(curve.name)
    secret = draw.randrange(1, curve.q)
    point = curve.multiple(secret, curve.generator)
    assert point is not None
    prepared = group.prepared(point)
    factors = [(draw.randrange(curve.q), draw.randrange(curve.q)) for _ in range(3)]
    factors += [(0, 1), (1, 0), (curve.q - 1, 1), (1, curve.q - 1), (2**200, 3), (0, 0)]
    for left, right in factors:
        expected = curve.multiple((left + right * secret) % curve.q, curve.generator)
        assert group.sum((left, group.generator), (right, prepared)) == expected


@pytest.mark.parametrize("kind", INTEGERS)
@by_name
def test_points_that_meet_are_added_too(curve: Curve, kind: object):
    group = Group(curve, integers(kind))
    same = group.prepared(curve.generator)
    opposite = group.prepared((curve.x, curve.p - curve.y))
    for factor in (1, 5, 2**100 + 1, curve.q - 1):
        assert group.sum((factor, group.generator), (factor, same)) == curve.multiple(
            2 * factor % curve.q, curve.generator
        )
        assert group.sum((factor, group.generator), (factor, opposite)) is None


def test_what_is_not_on_the_curve_is_not_held():
    for curve in CURVES:
        assert not curve.holds((curve.x, curve.y + 1))
        assert not curve.holds((0, 0))
        assert not curve.holds((curve.x + curve.p, curve.y))
        assert not curve.holds((curve.x, curve.y - curve.p))


def test_prime_orders_fill_their_length():
    assert [curve.octets for curve in (TC26_512_A, CRYPTOPRO_A, TC26_256_A)] == [64, 32, 32]
