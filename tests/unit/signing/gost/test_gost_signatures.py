"""What was signed verifies, and nothing else does."""

from __future__ import annotations

import copy
import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.gost import (
    CRYPTOPRO_A,
    TC26_256_A,
    TC26_512_A,
    Curve,
    PrivateKey,
    Provider,
    PublicKey,
    VariableTime,
    nettle,
    read_private_key,
    read_public_key,
)
from signing.gost import signature as signatures
from signing.gost.curve import CURVES
from signing.gost.known_answers import SIGNATURES, KnownSignature
from signing.gost.portable import PortableProvider
from tests.unit.signing.gost.test_gost_curves import EXAMPLE_256

# RFC 7091, 7.2
EXAMPLE_512 = Curve(
    name="RFC 7091, 7.2",
    p=int(
        "4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15D"
        "F1D852741AF4704A0458047E80E4546D35B8336FAC224DD81664BBF528BE6373",
        16,
    ),
    a=7,
    b=int(
        "1CFF0806A31116DA29D8CFA54E57EB748BC5F377E49400FDD788B649ECA1AC43"
        "61834013B2AD7322480A89CA58E0CF74BC9E540C2ADD6897FAD0A3084F302ADC",
        16,
    ),
    q=int(
        "4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15D"
        "A82F2D7ECB1DBAC719905C5EECC423F1D86E25EDBE23C595D644AAF187E6E6DF",
        16,
    ),
    x=int(
        "24D19CC64572EE30F396BF6EBBFD7A6C5213B3B3D7057CC825F91093A68CD762"
        "FD60611262CD838DC6B60AA7EEE804E28BC849977FAC33B4B530F1B120248A9A",
        16,
    ),
    y=int(
        "2BB312A43BD2CE6E0D020613C857ACDDCFBF061E91E5F2C3F32447C259F39B2C"
        "83AB156D77F1496BF7EB3351E1EE4E43DC1A18B91B24640B6DBB92CB1ADD371E",
        16,
    ),
    cofactor=1,
)
EXAMPLES = [
    pytest.param(
        EXAMPLE_256,
        "7A929ADE789BB9BE10ED359DD39A72C11B60961F49397EEE1D19CE9891EC3B28",
        "77105C9B20BCD3122823C8CF6FCC7B956DE33814E95B7FE64FED924594DCEAB3",
        "2DFBC1B372D89A1188C09C52E0EEC61FCE52032AB1022E8E67ECE6672B043EE5",
        "41AA28D2F1AB148280CD9ED56FEDA41974053554A42767B83AD043FD39DC0493",
        "01456C64BA4642A1653C235A98A60249BCD6D3F746B631DF928014F6C5BF9C40",
        "7F2B49E270DB6D90D8595BEC458B50C58585BA1D4E9B788F6689DBD8E56FD80B",
        id="7.1",
    ),
    pytest.param(
        EXAMPLE_512,
        "0BA6048AADAE241BA40936D47756D7C93091A0E8514669700EE7508E508B1020"
        "72E8123B2200A0563322DAD2827E2714A2636B7BFD18AADFC62967821FA18DD4",
        "0359E7F4B1410FEACC570456C6801496946312120B39D019D455986E364F3658"
        "86748ED7A44B3E794434006011842286212273A6D14CF70EA3AF71BB1AE679F1",
        "3754F3CFACC9E0615C4F4A7C4D8DAB531B09B6F9C170C533A71D147035B0C591"
        "7184EE536593F4414339976C647C5D5A407ADEDB1D560C4FC6777D2972075B8C",
        "2F86FA60A081091A23DD795E1E3C689EE512A3C82EE0DCC2643C78EEA8FCACD3"
        "5492558486B20F1C9EC197C90699850260C93BCBCD9C5C3317E19344E173AE36",
        "1081B394696FFE8E6585E7A9362D26B6325F56778AADBC081C0BFBE933D52FF5"
        "823CE288E8C4F362526080DF7F70CE406A6EEB1F56919CB92A9853BDE73E5B4A",
        "115DC5BC96760C7B48598D8AB9E740D4C4A85A65BE33C1815B5C320C854621DD"
        "5A515856D13314AF69BC5B924C8B4DDFF75C45415C1D9DD9DD33612CD530EFE1",
        id="7.2",
    ),
]
known_signatures = pytest.mark.parametrize("known", SIGNATURES, ids=lambda known: known.curve.name)
by_curve = pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
NATIVE = (CRYPTOPRO_A, TC26_512_A)


def little(number: int, curve: Curve) -> bytes:
    return number.to_bytes(curve.octets, "little")


def flipped(octets: bytes, bit: int) -> bytes:
    changed = bytearray(octets)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def is_key(curve: Curve, octets: bytes) -> bool:
    try:
        read_public_key(curve, octets)
    except ValueError:
        return False
    return True


def material(known: KnownSignature) -> tuple[PublicKey, bytes, bytes]:
    return read_public_key(known.curve, known.public_key), known.digest, known.signature


@pytest.mark.parametrize(("curve", "d", "k", "e", "r", "s", "x"), EXAMPLES)
def test_gives_the_examples_of_the_standard(*, curve: Curve, d: str, k: str, e: str, r: str, s: str, x: str):
    private_key = PrivateKey(curve, int(d, 16))
    digest = bytes.fromhex(e)[::-1]
    signature = signatures.sign_with_nonce(private_key, digest, int(k, 16))
    assert signature == bytes.fromhex(r)[::-1] + bytes.fromhex(s)[::-1]
    public_key = private_key.public_key()
    assert public_key.point[0] == int(x, 16)
    assert signatures.verify(public_key, digest, signature)
    assert not signatures.verify(public_key, digest, flipped(signature, 0))


@known_signatures
def test_known_signatures_are_made_again_and_verify(provider: Provider, known: KnownSignature):
    private_key = PrivateKey(known.curve, known.private_number)
    assert private_key.public_key().octets() == known.public_key
    assert signatures.sign_with_nonce(private_key, known.digest, known.nonce) == known.signature
    assert provider.verify(*material(known))


@by_curve
def test_what_is_signed_verifies(provider: Provider, curve: Curve):
    draw = random.Random(curve.name)
    for _ in range(3):
        private_key = PrivateKey(curve, draw.randrange(1, curve.q))
        digest = draw.randbytes(curve.octets)
        first, second = (provider.sign(private_key, digest, test_keys=True) for _ in range(2))
        assert first != second  # a nonce of its own each time
        assert provider.verify(private_key.public_key(), digest, first)
        assert provider.verify(private_key.public_key(), digest, second)


@pytest.mark.parametrize("number", ["first", "last"])
@by_curve
def test_the_smallest_and_the_largest_key_sign(provider: Provider, curve: Curve, number: str):
    private_key = PrivateKey(curve, 1 if number == "first" else curve.q - 1)
    digest = bytes(range(curve.octets))
    signature = provider.sign(private_key, digest, test_keys=True)
    assert provider.verify(private_key.public_key(), digest, signature)


def test_every_bit_of_a_signature_and_of_a_digest_counts(provider: Provider):
    key, digest, signature = material(SIGNATURES[1])
    assert key.curve is CRYPTOPRO_A
    assert not [bit for bit in range(8 * len(signature)) if provider.verify(key, digest, flipped(signature, bit))]
    assert not [bit for bit in range(8 * len(digest)) if provider.verify(key, flipped(digest, bit), signature)]


@pytest.mark.parametrize("at", [0, 2], ids=["512", "256 with cofactor 4"])
def test_bits_of_the_other_curves_count(provider: Provider, at: int):
    key, digest, signature = material(SIGNATURES[at])
    draw = random.Random(at)
    for bit in (0, 8 * len(signature) - 1, *draw.sample(range(8 * len(signature)), 60)):
        assert not provider.verify(key, digest, flipped(signature, bit))
    for bit in (0, 8 * len(digest) - 1, *draw.sample(range(8 * len(digest)), 60)):
        assert not provider.verify(key, flipped(digest, bit), signature)


def test_every_bit_of_a_key_counts(provider: Provider):
    """A flipped key is off the curve; where its point is on it all the same, the signature is not the key's."""
    known = SIGNATURES[1]
    for bit in range(8 * len(known.public_key)):
        try:
            key = read_public_key(known.curve, flipped(known.public_key, bit))
        except ValueError:
            continue
        assert not provider.verify(key, known.digest, known.signature)


@known_signatures
def test_numbers_out_of_range_and_out_of_place_are_refused(provider: Provider, known: KnownSignature):
    key, digest, signature = material(known)
    curve, size = known.curve, known.curve.octets
    r, s = (int.from_bytes(part, "little") for part in (signature[:size], signature[size:]))
    cases = {
        "r = 0": (0, s),
        "s = 0": (r, 0),
        "r = q": (curve.q, s),
        "s = q": (r, curve.q),
        "r + q": (r + curve.q, s),
        "s + q": (r, s + curve.q),
        "q - r": (curve.q - r, s),
        "q - s": (r, curve.q - s),
        "swapped": (s, r),
        "1, 1": (1, 1),
    }
    wrong = {name: pair for name, pair in cases.items() if max(pair) < 2 ** (8 * size)}
    assert len(wrong) >= 8
    for name, (first, second) in wrong.items():
        assert not provider.verify(key, digest, little(first, curve) + little(second, curve)), name


@known_signatures
def test_a_signature_has_one_length_and_one_order(provider: Provider, known: KnownSignature):
    key, digest, signature = material(known)
    size = known.curve.octets
    for other in (b"", signature[:-1], signature + b"\0", b"\0" + signature, signature[:size], signature * 2):
        assert not provider.verify(key, digest, other)
    assert not provider.verify(key, digest, signature[::-1])  # the Russian order, s then r, most significant first
    assert not provider.verify(key, digest[::-1], signature)


@known_signatures
def test_another_key_does_not_verify(provider: Provider, known: KnownSignature):
    stranger = PrivateKey(known.curve, known.private_number ^ 1).public_key()
    assert not provider.verify(stranger, known.digest, known.signature)


@known_signatures
def test_a_digest_of_another_length_is_the_callers_mistake(provider: Provider, known: KnownSignature):
    key, digest, signature = material(known)
    private_key = PrivateKey(known.curve, known.private_number)
    for other in (digest[:-1], digest + b"\0", b""):
        with pytest.raises(ValueError, match="length of the digest"):
            provider.verify(key, other, signature)
        with pytest.raises(ValueError, match="length of the digest"):
            provider.sign(private_key, other, test_keys=True)


@by_curve
def test_digests_at_the_edges_of_the_order(provider: Provider, curve: Curve):
    """Zero stands for one, and what is not below q is taken modulo q."""
    private_key, size = PrivateKey(curve, 12345), curve.octets
    key = private_key.public_key()
    one, zero, order = little(1, curve), bytes(size), little(curve.q, curve)
    signature = provider.sign(private_key, zero, test_keys=True)
    assert all(provider.verify(key, same, signature) for same in (zero, one, order, little(curve.q + 1, curve)))
    assert not provider.verify(key, little(2, curve), signature)
    top = provider.sign(private_key, b"\xff" * size, test_keys=True)
    assert provider.verify(key, b"\xff" * size, top)
    assert provider.verify(key, little((2 ** (8 * size) - 1) % curve.q, curve), top)


@pytest.mark.parametrize("curve", NATIVE, ids=lambda curve: curve.name)
@settings(max_examples=15, deadline=None)
@given(draw=st.randoms(use_true_random=False))
def test_both_providers_agree(native: nettle.NettleProvider, curve: Curve, draw: random.Random):
    portable = PortableProvider()
    private_key = PrivateKey(curve, draw.randrange(1, curve.q))
    key, digest, nonce = private_key.public_key(), draw.randbytes(curve.octets), draw.randrange(1, curve.q)
    signature = native.sign_with_nonce(private_key, digest, little(nonce, curve))
    assert signature is not None
    assert signature == signatures.sign_with_nonce(private_key, digest, nonce)
    for candidate in (
        signature,
        draw.randbytes(len(signature)),
        flipped(signature, draw.randrange(8 * len(signature))),
    ):
        assert native.verify(key, digest, candidate) == portable.verify(key, digest, candidate)


@pytest.mark.parametrize("curve", NATIVE, ids=lambda curve: curve.name)
def test_the_case_in_which_providers_differ_gives_the_key_away(curve: Curve):
    """The two points are equal: plain Python follows the definition, rule 5 of `nettle` says what the library does."""
    number, nonce = 1234567, 987654321
    point = curve.multiple(nonce, curve.generator)
    assert point is not None
    r = point[0] % curve.q
    e, s = -2 * r * number * pow(nonce, -1, curve.q) % curve.q, -r * number % curve.q
    public_key = PrivateKey(curve, number).public_key()
    assert PortableProvider().verify(public_key, little(e, curve), little(r, curve) + little(s, curve))
    assert -s * pow(r, -1, curve.q) % curve.q == number  # anybody can compute the key


@known_signatures
def test_a_key_has_one_form(known: KnownSignature):
    curve, octets, size = known.curve, known.public_key, known.curve.octets
    key = read_public_key(curve, octets)
    assert key.octets() == octets
    x, y = key.point
    wrong = {
        "empty": b"",
        "shorter": octets[:-1],
        "longer": octets + b"\0",
        "prefixed": b"\x04" + octets,
        "no point": bytes(2 * size),
        "off the curve": flipped(octets, 0),
        "swapped": little(y, curve) + little(x, curve),
        "most significant first": x.to_bytes(size, "big") + y.to_bytes(size, "big"),
        "x not below p": little(curve.p, curve) + little(y, curve),
        "y not below p": little(x, curve) + b"\xff" * size,
    }
    assert [name for name, other in wrong.items() if is_key(curve, other)] == []
    assert [other.name for other in CURVES if is_key(other, octets)] == [curve.name]


def test_a_coordinate_is_not_reduced():
    """There is a point with x = 1 on CryptoPro-A; the same x written as p + 1 is not taken for it."""
    curve = CRYPTOPRO_A
    assert read_public_key(curve, little(1, curve) + little(curve.y, curve)).point == curve.generator
    with pytest.raises(ValueError, match="off the curve"):
        read_public_key(curve, little(curve.p + 1, curve) + little(curve.y, curve))


def test_a_point_of_another_order_is_refused():
    """On the curve with cofactor 4 there are points of order 2 and 4, and the generator plus one of them."""
    curve = TC26_256_A
    small = _point_outside_the_subgroup(curve)
    assert curve.holds(small)
    for point in (small, curve.sum(small, curve.generator)):
        assert point is not None
        with pytest.raises(ValueError, match="another order"):
            read_public_key(curve, little(point[0], curve) + little(point[1], curve))


def test_private_keys_have_a_range_and_a_length():
    curve = CRYPTOPRO_A
    assert read_private_key(curve, little(curve.q - 1, curve)).number == curve.q - 1
    for octets in (bytes(32), little(curve.q, curve), b"\xff" * 32, b"\1" + bytes(30), b"\1" + bytes(32)):
        with pytest.raises(ValueError, match="private number"):
            read_private_key(curve, octets)


def test_a_private_key_shows_itself_to_nobody():
    private_key = PrivateKey(CRYPTOPRO_A, 0xABCDEF0123456789)
    for text in (repr(private_key), str(private_key), f"{private_key}", repr([private_key])):
        assert str(private_key.number) not in text
        assert f"{private_key.number:x}" not in text.lower()
    with pytest.raises(TypeError):
        pickle.dumps(private_key)
    with pytest.raises(TypeError):
        copy.deepcopy(private_key)
    with pytest.raises(ValueError, match="out of range") as refused:
        PrivateKey(CRYPTOPRO_A, CRYPTOPRO_A.q + 77)
    assert str(CRYPTOPRO_A.q + 77) not in str(refused.value)


@by_curve
def test_k10_plain_python_signs_with_test_keys_only(curve: Curve):
    with pytest.raises(VariableTime):
        PortableProvider().sign(PrivateKey(curve, 77), bytes(curve.octets))


def test_the_native_library_signs_on_its_own_curves_only(native: nettle.NettleProvider):
    for curve in NATIVE:
        assert native.sign(PrivateKey(curve, 77), bytes(curve.octets))
    with pytest.raises(VariableTime):
        native.sign(PrivateKey(TC26_256_A, 77), bytes(32))


def _point_outside_the_subgroup(curve: Curve) -> tuple[int, int]:
    """Q times a point of the whole curve: its order divides the cofactor."""
    x = 0
    while True:
        x += 1
        square = (x**3 + curve.a * x + curve.b) % curve.p
        y = pow(square, (curve.p + 1) // 4, curve.p)  # p is 3 modulo 4
        if y * y % curve.p == square:
            small = curve.multiple(curve.q, (x, y))
            if small is not None:
                return small
