"""National keys and signatures as certificates and documents hold them: what is read, and what is refused and how."""

from __future__ import annotations

import pytest

from signing import asn1, gost
from signing.algorithms import (
    describe_public_key,
    digest_algorithm,
    encode_algorithm_identifier,
    signature_algorithm,
    signature_algorithm_from_der,
    signature_algorithm_in_cms,
    verify_signature,
)
from signing.errors import Malformed
from signing.gost import signature
from tests.unit.signing.test_algorithms import MESSAGE, NATIONAL_CURVES, Holder, national_holder, national_oids

ALGORITHMS = {
    "gost2015-512": "gost3410-2015-512",
    "gost2015-256": "gost3410-2015-256",
    "gost2004": "gost34310-2004",
}
FAMILIES = list(ALGORITHMS)
OF_EFC = ("1.2.398.3.10.1.4.1.2", "1.2.398.3.10.1.4.1.2.1", "1.2.398.3.10.1.3.3")


def key_of(family: str, number: int = 2**200 + 17) -> gost.PrivateKey:
    return gost.PrivateKey(NATIONAL_CURVES[family], number)


def signed(family: str, message: bytes = MESSAGE) -> bytes:
    algorithm = signature_algorithm(ALGORITHMS[family])
    digest = digest_algorithm(algorithm.digest).of(message)
    return signature.sign(key_of(family), digest, test_keys=True)


def verifies(family: str, holder: Holder, value: bytes, form: str = "cms") -> bool:
    return verify_signature(signature_algorithm(ALGORITHMS[family]), holder, MESSAGE, value, form=form)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_layout_in_xml_and_cms(family: str) -> None:
    holder = national_holder(key_of(family))
    described = describe_public_key(holder.public_key_info)
    assert (described.type, described.weakness) == (family, None)
    assert described.bits == (512 if family == "gost2015-512" else 256)
    for form in ("cms", "xmldsig"):
        assert verifies(family, holder, signed(family), form)


def test_the_key_type_of_another_authority_is_the_same_curve() -> None:
    assert verifies("gost2015-512", national_holder(key_of("gost2015-512"), OF_EFC), signed("gost2015-512"))


def flipped(octets: bytes) -> bytes:
    return bytes((octets[0] ^ 1,)) + octets[1:]


POINTS = {
    "off the curve": flipped,
    "too short": lambda octets: octets[:-1],
    "too long": lambda octets: octets + b"\0",
    "nothing": lambda octets: b"",
    "zeros": lambda octets: bytes(len(octets)),
    "coordinates not below p": lambda octets: b"\xff" * len(octets),
    "x and y changed round": lambda octets: octets[len(octets) // 2 :] + octets[: len(octets) // 2],
    "of another curve": lambda octets: (
        key_of("gost2004" if len(octets) == 128 else "gost2015-512").public_key().octets()
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("what", POINTS)
def test_what_is_no_point_of_the_curve_is_no_key(family: str, what: str) -> None:
    octets = POINTS[what](key_of(family).public_key().octets())
    holder = national_holder(key_of(family), octets=octets)
    described = describe_public_key(holder.public_key_info)
    assert (described.weakness, described.is_unsupported) == ("unreadable key", False)
    assert not verifies(family, holder, signed(family))


def test_a_point_of_small_order_is_no_key() -> None:
    """The curve of 256 bits of 2015 has a cofactor of 4: (x, 0) is on it and has order 2."""
    curve = gost.TC26_256_A
    x = _point_of_order_two(curve)
    holder = national_holder(key_of("gost2015-256"), octets=x.to_bytes(32, "little") + bytes(32))
    assert curve.holds((x, 0))
    assert describe_public_key(holder.public_key_info).weakness == "unreadable key"


def _point_of_order_two(curve: gost.Curve) -> int:
    """The x of the one root of x^3 + a x + b: half of a point of order 4q taken q times twice."""
    for start in range(1, 200):
        square = (start**3 + curve.a * start + curve.b) % curve.p
        y = _root(square, curve.p)
        if y is None:
            continue
        point = curve.multiple(curve.q, (start, y))
        while point is not None and point[1] != 0:
            point = curve.sum(point, point)
        if point is not None:
            return point[0]
    raise AssertionError


def _root(square: int, p: int) -> int | None:
    """A square root modulo p, which is 7 modulo 8."""
    root = pow(square, (p + 1) // 4, p)
    return root if root * root % p == square else None


PARAMETERS = {
    "none": lambda own: own[:1],
    "of another family": lambda own: (
        (own[0], *national_oids(gost.CRYPTOPRO_A)[1:])
        if own[0] != national_oids(gost.CRYPTOPRO_A)[0]
        else (own[0], *national_oids(gost.TC26_512_A)[1:])
    ),
    "curve of the key, hash of another": lambda own: (own[0], own[1], "1.2.398.3.10.1.3.99"),
    "unknown": lambda own: (own[0], "1.2.3.4", own[2]),
    "curve alone": lambda own: own[:2],
    "one more": lambda own: (*own, own[2]),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("what", PARAMETERS)
def test_parameters_that_are_not_the_key_s_own_are_not_guessed_at(family: str, what: str) -> None:
    holder = national_holder(key_of(family), PARAMETERS[what](national_oids(NATIONAL_CURVES[family])))
    described = describe_public_key(holder.public_key_info)
    assert (described.type, described.weakness, described.is_unsupported) == (family, "unknown parameters", True)
    assert not verifies(family, holder, signed(family))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("other", FAMILIES)
def test_an_algorithm_verifies_with_keys_of_its_own_family_only(family: str, other: str) -> None:
    assert verifies(family, national_holder(key_of(other)), signed(family)) is (family == other)


def edges(family: str) -> dict[str, bytes]:
    curve = NATIONAL_CURVES[family]
    good, size = signed(family), curve.octets
    r, s = (int.from_bytes(half, "little") for half in (good[:size], good[size:]))

    def spelt(first: int, second: int) -> bytes:
        return b"".join((number % 2 ** (8 * size)).to_bytes(size, "little") for number in (first, second))

    return {
        "r is 0": spelt(0, s),
        "s is 0": spelt(r, 0),
        "r is q": spelt(curve.q, s),
        "s is q": spelt(r, curve.q),
        "r and q": spelt(r + curve.q, s),
        "s and q": spelt(r, s + curve.q),
        "r from q": spelt(curve.q - r, s),
        "s from q": spelt(r, curve.q - s),
        "s then r": spelt(s, r),
        "ones": spelt(1, 1),
        "K09 the Russian byte order": good[::-1],
        "K09 each number backwards": good[:size][::-1] + good[size:][::-1],
        "as ECDSA in DER": asn1.encode(asn1.SEQUENCE, asn1.encode_integer(r), asn1.encode_integer(s)),
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_numbers_out_of_range_and_in_another_order_are_refused(family: str) -> None:
    holder = national_holder(key_of(family))
    assert verifies(family, holder, signed(family))
    assert [what for what, value in edges(family).items() if verifies(family, holder, value)] == []


def test_k09_the_digest_in_the_other_byte_order_is_another_digest() -> None:
    digest = digest_algorithm("gost3411-2015-512").of(MESSAGE)
    value = signature.sign(key_of("gost2015-512"), digest[::-1], test_keys=True)
    assert not verifies("gost2015-512", national_holder(key_of("gost2015-512")), value)


@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_of_an_algorithm_are_null_or_absent(family: str) -> None:
    entry = signature_algorithm(ALGORITHMS[family])
    assert encode_algorithm_identifier(entry).endswith(b"\x05\x00")
    for tail in (b"\x05\x00", b""):
        identifier = asn1.read_der(asn1.encode(asn1.SEQUENCE, asn1.encode_oid(entry.oids[0]), tail))
        assert signature_algorithm_from_der(identifier) is entry
        assert signature_algorithm_in_cms(identifier, digest_algorithm(entry.digest)) is entry
    other = asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.3"))
    identifier = asn1.read_der(asn1.encode(asn1.SEQUENCE, asn1.encode_oid(entry.oids[0]), other))
    with pytest.raises(Malformed):
        signature_algorithm_from_der(identifier)


@pytest.mark.parametrize(
    "info",
    [
        b"",
        asn1.encode(asn1.SEQUENCE),
        asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.398.3.10.1.1.2.2"))),
        national_holder(key_of("gost2004")).public_key_info[:-1],
    ],
    ids=["nothing", "empty", "no key", "cut off"],
)
def test_what_cannot_be_read_is_no_key(info: bytes) -> None:
    assert describe_public_key(info).weakness is not None
    assert not verifies("gost2015-512", Holder(info), signed("gost2015-512"))
