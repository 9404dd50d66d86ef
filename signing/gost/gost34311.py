"""GOST 34.311-95, the hash of 256 bits under the older national signatures: GOST R 34.11-94, RFC 5831.

1. Blocks, the chain and the sum of blocks are numbers of 256 bits, the first octet least significant; the digest goes out
   in the same order.
2. The initial chain is zero, and the substitution is the test set of the standard (id-GostR3411-94-TestParamSet), as the
   national signatures use it. With the set that Russian signatures use, everything looks fine and nothing verifies.
3. One step: four keys of 256 bits from chain and block, four halves of the chain enciphered with GOST 28147, and a mixing
   by a linear register over words of 16 bits (RFC 5831, 5.1 to 5.3).
"""

from __future__ import annotations

from struct import pack, unpack
from typing import Final

from signing.gost.chaining import ChainedHash

_MASK: Final = 2**256 - 1
_WORD: Final = 2**32 - 1
_HALF: Final = 2**64 - 1

_TEST_SET: Final = (
    "4a92d80e6b1c7f53 eb4c6dfa23810759 581da342efc7609b 7da1089fe46cb253 6c715fd84a9e03b2 4ba0721d36859cfe "
    "db413f590ae7682c 1fd057a4923e6b8c"
)
"""Nodes K1 to K8, K1 for the least significant four bits; in each the digit at place n replaces n (RFC 5831, 7.1)."""

# the third key's constant, section 5.1; the second and the fourth are zero
_C3: Final = 0xFF00FFFF000000FFFF0000FF00FFFF0000FF00FF00FF00FFFF00FF00FF00FF00

Substitution = tuple[tuple[int, ...], ...]


def substitution(nodes: str) -> Substitution:
    """The eight nodes as four tables, one for each octet of a word, with the rotation by 11 bits that follows.

    The last table stands twice: the sum of two words has a 33rd bit, which is dropped by not looking at it.
    """
    rows = [[int(digit, 16) for digit in node] for node in nodes.split()]
    tables = []
    for octet in range(4):
        low, high = rows[2 * octet], rows[2 * octet + 1]
        words = [(low[value & 15] | high[value >> 4] << 4) << 8 * octet for value in range(256)]
        tables.append(tuple((word << 11 | word >> 21) & _WORD for word in words))
    return (*tables[:3], tables[3] * 2)


def _mixing(steps: int) -> tuple[int, ...]:
    """`steps` turns of the register of section 5.3, for each word of 16 bits a factor: the sum of factor times word.

    The register is linear and a factor has a one at most every 16 bits, so that products do not run into one another.
    """
    words = [1 << place for place in range(16)]  # each word as the set of original words it is the sum of
    for _ in range(steps):
        words = [*words[1:], words[0] ^ words[1] ^ words[2] ^ words[3] ^ words[12] ^ words[15]]
    return tuple(sum(1 << 16 * place for place, word in enumerate(words) if word >> origin & 1) for origin in range(16))


_MIX_1: Final = _mixing(1)
_MIX_12: Final = _mixing(12)
_MIX_61: Final = _mixing(61)


class Gost34311(ChainedHash):
    """GOST 34.311-95 with a digest of 32 octets."""

    __slots__ = ()

    digest_size = 32
    block_size = 32
    _substitution = substitution(_TEST_SET)

    def digest(self) -> bytes:
        chain, total = self._chain, self._sum
        if self._tail:  # section 6: the last block is filled up with zeros, but only its own bits are counted
            last = int.from_bytes(self._tail, "little")
            chain, total = self._next(chain, last), (total + last) & _MASK
        chain = self._next(chain, (self._bits + 8 * len(self._tail)) & _MASK)
        return self._next(chain, total).to_bytes(32, "little")

    def _next(self, chain: int, block: int) -> int:
        return _step(chain, block, self._substitution)


def _step(chain: int, block: int, tables: Substitution) -> int:
    """The step function of section 5."""
    first, second = chain, block
    halves = unpack("<8I", chain.to_bytes(32, "little"))
    enciphered: list[int] = []
    for place in range(4):
        if place:
            first = _a(first)
            if place == 2:  # noqa: PLR2004 - the third key
                first ^= _C3
            second = _a(_a(second))
        enciphered += _enciphered(halves[2 * place], halves[2 * place + 1], _key(first ^ second), tables)
    state = int.from_bytes(pack("<8I", *enciphered), "little")
    return _mixed(_mixed(_mixed(state, _MIX_12) ^ block, _MIX_1) ^ chain, _MIX_61)


def _a(number: int) -> int:
    """A of section 5.1: the least significant 64 bits go out, their sum with the next comes in on top."""
    return ((number ^ number >> 64) & _HALF) << 192 | number >> 64


def _key(number: int) -> tuple[int, ...]:
    """P of section 5.1, and the key as eight words."""
    octets = number.to_bytes(32, "little")
    key = bytearray(32)
    key[0::4], key[1::4], key[2::4], key[3::4] = octets[:8], octets[8:16], octets[16:24], octets[24:]
    return unpack("<8I", key)


def _enciphered(low: int, high: int, key: tuple[int, ...], tables: Substitution) -> tuple[int, int]:
    """GOST 28147 in simple substitution: 32 rounds, two at a time so that the halves need not change places."""
    t0, t1, t2, t3 = tables
    words = iter(key * 3 + key[::-1])
    for even, odd in zip(words, words, strict=True):
        total = low + even
        high ^= t0[total & 255] ^ t1[total >> 8 & 255] ^ t2[total >> 16 & 255] ^ t3[total >> 24]
        total = high + odd
        low ^= t0[total & 255] ^ t1[total >> 8 & 255] ^ t2[total >> 16 & 255] ^ t3[total >> 24]
    return high, low  # the last round does not exchange the halves


def _mixed(state: int, factors: tuple[int, ...]) -> int:
    mixed = 0
    for word, factor in zip(unpack("<16H", state.to_bytes(32, "little")), factors, strict=True):
        mixed ^= word * factor
    return mixed
