"""Streebog and GOST 34.311 give the published digests, however the message is cut."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signing.gost import Hash, Provider, nettle
from signing.gost.gost34311 import Gost34311, substitution
from signing.gost.known_answers import DIGESTS, KnownDigest
from signing.gost.portable import PortableProvider
from signing.gost.streebog import Streebog256, Streebog512

# RFC 6986, 10.2: the second message, in the order of octets in which it is read
M2 = bytes.fromhex(
    "d1e520e2e5f2f0e82c20d1f2f0e8e1eee6e820e2edf3f6e82c20e2e5fef2fa20f120eceef0ff20f1f2f0e5ebe0ece8"
    "20ede020f5f0e0e1f0fbff20efebfaeafb20c8e3eef0e5e2fb"
)
NAMES = ("streebog512", "streebog256", "gost34311")
CRYPTOPRO_SET = (
    "a4568137dce092bf 5f402db91763cea8 7fce94103b526a8d 4a7c0f28e165db93 "
    "764b9c2a180efd35 7624d9f0a15b8ec3 de41705a3c8f629b 13a95b4f867ed02c"
)
MESSAGES = st.binary(max_size=300)


class CryptoPro(Gost34311):
    """The hash that Russian signatures use, and national ones do not."""

    _substitution = substitution(CRYPTOPRO_SET)


def new(provider: Provider, name: str) -> Hash:
    constructors: dict[str, Callable[[], Hash]] = {
        "streebog512": provider.streebog512,
        "streebog256": provider.streebog256,
        "gost34311": provider.gost34311,
    }
    return constructors[name]()


def digest(state: Hash, *parts: bytes | memoryview | bytearray) -> bytes:
    for part in parts:
        state.update(part)
    return state.digest()


@pytest.mark.parametrize("known", DIGESTS, ids=lambda known: f"{known.hash}-{len(known.message)}")
def test_gives_the_known_answers(provider: Provider, known: KnownDigest):
    assert digest(new(provider, known.hash), known.message) == known.digest


def test_gives_the_second_example_of_the_standard(provider: Provider):
    assert digest(provider.streebog512(), M2).hex() == (
        "1e88e62226bfca6f9994f1f2d51569e0daf8475a3b0fe61a5300eee46d961376"
        "035fe83549ada2b8620fcd7c496ce5b33f0cb9dddc2b6460143b03dabac9fb28"
    )
    assert digest(provider.streebog256(), M2).hex() == (
        "9dd2fe4e90409e5da87f53976d7405b0c0cac628fc669a741d50063c557e8f50"
    )


def test_the_other_substitution_gives_another_digest():
    assert CryptoPro().digest().hex() == "981e5f3ca30c841487830f84fb433e13ac1101569b9c13584ac483234cd656c0"
    assert CryptoPro(b"abc").digest() != Gost34311(b"abc").digest()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(parts=st.lists(MESSAGES, max_size=5))
@example(parts=[bytes(64), bytes(64)])
@example(parts=[bytes(63), b"\1", b"", bytes(65)])
@example(parts=[bytes(31), b"\1", bytes(33)])
def test_a_message_may_come_in_any_parts(name: str, parts: list[bytes]):
    portable = PortableProvider()
    assert digest(new(portable, name), *parts) == digest(new(portable, name), b"".join(parts))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(parts=st.lists(MESSAGES, max_size=5))
def test_both_providers_agree(native: nettle.NettleProvider, name: str, parts: list[bytes]):
    assert digest(new(native, name), *parts) == digest(new(PortableProvider(), name), *parts)


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_goes_its_own_way_and_a_digest_ends_nothing(provider: Provider, name: str):
    message = bytes(range(200))
    state = new(provider, name)
    state.update(message[:100])
    twin = state.copy()
    half = state.digest()
    twin.update(message[100:])
    assert twin.digest() == digest(new(provider, name), message)
    assert state.digest() == half == digest(new(provider, name), message[:100])


@pytest.mark.parametrize("name", NAMES)
def test_takes_memory_of_every_kind(provider: Provider, name: str):
    message = bytes(range(256))
    expected = digest(new(provider, name), message)
    writable = bytearray(message)
    assert digest(new(provider, name), writable) == expected
    assert digest(new(provider, name), memoryview(writable)[:130], memoryview(writable)[130:]) == expected
    assert digest(new(provider, name), memoryview(message)[:1], memoryview(message)[1:], memoryview(b"")) == expected
    writable.append(0)  # nobody holds the memory any more
    with pytest.raises(TypeError):
        new(provider, name).update(memoryview(message)[::2])


def test_memory_that_may_not_be_written_is_read_to_its_end(native: nettle.NettleProvider):
    large = bytes(range(256)) * (1 << 13)  # two of the pieces in which it is copied
    assert digest(native.streebog512(), memoryview(large)) == digest(native.streebog512(), large)


@pytest.mark.parametrize(("state", "blocks"), [(Streebog512(), 3), (Streebog256(), 3), (Gost34311(), 3)])
def test_sizes_are_those_of_the_standard(state: Streebog512 | Gost34311, blocks: int):
    assert len(state.digest()) == state.digest_size
    assert state.block_size * blocks == (192 if isinstance(state, Streebog512) else 96)


class Lying(bytes):
    """Octets that claim to be more than they are."""

    __slots__ = ()

    def __len__(self) -> int:
        return 1 << 20


def test_the_length_of_octets_is_not_asked_of_whoever_sent_them(native: nettle.NettleProvider):
    for name in NAMES:
        assert digest(new(native, name), Lying(b"abc")) == digest(new(native, name), b"abc")


def test_a_number_longer_than_its_room_is_refused(native: nettle.NettleProvider):
    assert native
    assert bytes(nettle._limbs(b"\x01" * 64)) == b"\x01" * 64
    with pytest.raises(ValueError, match="512 bits"):
        nettle._limbs(b"\x01" * 65)
