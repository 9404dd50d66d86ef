"""Streebog, the hash of 512 or 256 bits: GOST R 34.11-2012 = GOST R 34.11-2015, RFC 6986.

1. The state, the counter of bits and the sum of blocks are vectors of 512 bits, kept as integers; a message is read with
   its first octet least significant, and the digest goes out the same way. RFC 6986 prints both the other way round.
2. One step is g_N(h, m) = E(LPS(h ^ N), m) ^ h ^ m (section 8 of the RFC); S substitutes octets, P transposes the octets
   as a matrix of 8 x 8, L multiplies each 64 bits with the matrix A (6.2 to 6.4, 7).
3. S, P and L together are 64 look-ups: the contribution of an octet to its word of the result stands in `_LPS`, made once
   from the tables of the standard, which are printed here as they are printed there.
"""

from __future__ import annotations

from struct import pack, unpack
from typing import Final

from signing.gost.chaining import ChainedHash

_MASK: Final = 2**512 - 1

# section 6.2
_PI: Final = bytes.fromhex(
    """
    fc ee dd 11 cf 6e 31 16 fb c4 fa da 23 c5 04 4d
    e9 77 f0 db 93 2e 99 ba 17 36 f1 bb 14 cd 5f c1
    f9 18 65 5a e2 5c ef 21 81 1c 3c 42 8b 01 8e 4f
    05 84 02 ae e3 6a 8f a0 06 0b ed 98 7f d4 d3 1f
    eb 34 2c 51 ea c8 48 ab f2 2a 68 a2 fd 3a ce cc
    b5 70 0e 56 08 0c 76 12 bf 72 13 47 9c b7 5d 87
    15 a1 96 29 10 7b 9a c7 f3 91 78 6f 9d 9e b2 b1
    32 75 19 3d ff 35 8a 7e 6d 54 c6 80 c3 bd 0d 57
    df f5 24 a9 3e a8 43 c9 d7 79 d6 f6 7c 22 b9 03
    e0 0f ec de 7a 94 b0 bc dc e8 28 50 4e 33 0a 4a
    a7 97 60 73 1e 00 62 44 1a b8 38 82 64 9f 26 41
    ad 45 46 92 27 5e 55 2f 8c a3 a5 7d 69 d5 95 3b
    07 58 b3 40 86 ac 1d f7 30 37 6b e4 88 d9 e7 89
    e1 1b 83 49 4c 3f f8 fe 8d 53 aa 90 ca d8 85 61
    20 71 67 a4 2d 2b 09 5b cb 9b 25 d0 be e5 6c 52
    59 a6 74 d2 e6 f4 b4 c0 d1 66 af c2 39 4b 63 b6
    """
)
# section 6.4; the first row belongs to the most significant bit
_ROWS: Final = """
    8e20faa72ba0b470 47107ddd9b505a38 ad08b0e0c3282d1c d8045870ef14980e
    6c022c38f90a4c07 3601161cf205268d 1b8e0b0e798c13c8 83478b07b2468764
    a011d380818e8f40 5086e740ce47c920 2843fd2067adea10 14aff010bdd87508
    0ad97808d06cb404 05e23c0468365a02 8c711e02341b2d01 46b60f011a83988e
    90dab52a387ae76f 486dd4151c3dfdb9 24b86a840e90f0d2 125c354207487869
    092e94218d243cba 8a174a9ec8121e5d 4585254f64090fa0 accc9ca9328a8950
    9d4df05d5f661451 c0a878a0a1330aa6 60543c50de970553 302a1e286fc58ca7
    18150f14b9ec46dd 0c84890ad27623e0 0642ca05693b9f70 0321658cba93c138
    86275df09ce8aaa8 439da0784e745554 afc0503c273aa42a d960281e9d1d5215
    e230140fc0802984 71180a8960409a42 b60c05ca30204d21 5b068c651810a89e
    456c34887a3805b9 ac361a443d1c8cd2 561b0d22900e4669 2b838811480723ba
    9bcf4486248d9f5d c3e9224312c8c1a0 effa11af0964ee50 f97d86d98a327728
    e4fa2054a80b329c 727d102a548b194e 39b008152acb8227 9258048415eb419d
    492c024284fbaec0 aa16012142f35760 550b8e9e21f7a530 a48b474f9ef5dc18
    70a6a56e2440598e 3853dc371220a247 1ca76e95091051ad 0edd37c48a08a6d8
    07e095624504536c 8d70c431ac02a736 c83862965601dd1b 641c314b2b8ee083
"""
_A: Final = tuple(int(row, 16) for row in _ROWS.split())
# section 6.5, C1 to C12, most significant octet first
_CONSTANTS: Final = """
    b1085bda1ecadae9ebcb2f81c0657c1f2f6a76432e45d016714eb88d7585c4fc4b7ce09192676901a2422a08a460d31505767436cc744d23dd806559f2a64507
    6fa3b58aa99d2f1a4fe39d460f70b5d7f3feea720a232b9861d55e0f16b501319ab5176b12d699585cb561c2db0aa7ca55dda21bd7cbcd56e679047021b19bb7
    f574dcac2bce2fc70a39fc286a3d843506f15e5f529c1f8bf2ea7514b1297b7bd3e20fe490359eb1c1c93a376062db09c2b6f443867adb31991e96f50aba0ab2
    ef1fdfb3e81566d2f948e1a05d71e4dd488e857e335c3c7d9d721cad685e353fa9d72c82ed03d675d8b71333935203be3453eaa193e837f1220cbebc84e3d12e
    4bea6bacad4747999a3f410c6ca923637f151c1f1686104a359e35d7800fffbdbfcd1747253af5a3dfff00b723271a167a56a27ea9ea63f5601758fd7c6cfe57
    ae4faeae1d3ad3d96fa4c33b7a3039c02d66c4f95142a46c187f9ab49af08ec6cffaa6b71c9ab7b40af21f66c2bec6b6bf71c57236904f35fa68407a46647d6e
    f4c70e16eeaac5ec51ac86febf240954399ec6c7e6bf87c9d3473e33197a93c90992abc52d822c3706476983284a05043517454ca23c4af38886564d3a14d493
    9b1f5b424d93c9a703e7aa020c6e41414eb7f8719c36de1e89b4443b4ddbc49af4892bcb929b069069d18d2bd1a5c42f36acc2355951a8d9a47f0dd4bf02e71e
    378f5a541631229b944c9ad8ec165fde3a7d3a1b258942243cd955b7e00d0984800a440bdbb2ceb17b2b8a9aa6079c540e38dc92cb1f2a607261445183235adb
    abbedea680056f52382ae548b2e4f3f38941e71cff8a78db1fffe18a1b3361039fe76702af69334b7a1e6c303b7652f43698fad1153bb6c374b4c7fb98459ced
    7bcd9ed0efc889fb3002c6cd635afe94d8fa6bbbebab076120018021148466798a1d71efea48b9caefbacd1d7d476e98dea2594ac06fd85d6bcaa4cd81f32d1b
    378ee767f11631bad21380b00449b17acda43c32bcdf1d77f82012d430219f9b5d80ef9d1891cc86e71da4aa88e12852faf417d5d9b21b9948bc924af11bd720
"""
_C: Final = tuple(int(constant, 16) for constant in _CONSTANTS.split())


def _contributions(octet: int) -> tuple[int, ...]:
    """What each value of one octet of a word adds to the word of L(S(...)); octet 0 is the least significant."""
    sums = [0]
    for bit in range(8 * octet, 8 * octet + 8):
        sums += [total ^ _A[63 - bit] for total in sums]
    return tuple(sums[_PI[value]] for value in range(256))


_LPS: Final = tuple(_contributions(octet) for octet in range(8))


class Streebog512(ChainedHash):
    """Streebog with a digest of 64 octets."""

    __slots__ = ()

    digest_size = 64
    block_size = 64

    def digest(self) -> bytes:
        last = int.from_bytes(
            self._tail + b"\x01", "little"
        )  # stage 2 of section 9: a one above the message, zeros above it
        chain = _step(self._chain, self._bits & _MASK, last)
        chain = _step(chain, 0, (self._bits + 8 * len(self._tail)) & _MASK)
        chain = _step(chain, 0, (self._sum + last) & _MASK)
        return chain.to_bytes(64, "little")[64 - self.digest_size :]

    def _next(self, chain: int, block: int) -> int:
        return _step(chain, self._bits & _MASK, block)


class Streebog256(Streebog512):
    """The same with another initial vector; the digest is the upper half, 32 octets."""

    __slots__ = ()

    digest_size = 32
    _initial = int.from_bytes(64 * b"\x01", "little")  # section 6.1


def _step(chain: int, bits: int, block: int) -> int:
    """g_N(h, m) of section 8."""
    key = _lps(chain ^ bits)
    state = block
    for constant in _C:
        state = _lps(state ^ key)
        key = _lps(key ^ constant)
    return state ^ key ^ chain ^ block


def _lps(vector: int) -> int:
    """L(P(S(vector))). Written out: it runs 25 times for every 64 octets, and a loop over words takes half as long again.

    A letter is a word of the vector, a digit an octet in it; octet j of every word goes into word j, which is P.
    """
    t0, t1, t2, t3, t4, t5, t6, t7 = _LPS
    # fmt: off
    (a0, a1, a2, a3, a4, a5, a6, a7,
     b0, b1, b2, b3, b4, b5, b6, b7,
     c0, c1, c2, c3, c4, c5, c6, c7,
     d0, d1, d2, d3, d4, d5, d6, d7,
     e0, e1, e2, e3, e4, e5, e6, e7,
     f0, f1, f2, f3, f4, f5, f6, f7,
     g0, g1, g2, g3, g4, g5, g6, g7,
     h0, h1, h2, h3, h4, h5, h6, h7) = unpack("64B", vector.to_bytes(64, "little"))
    words = pack(
        "<8Q",
        t0[a0] ^ t1[b0] ^ t2[c0] ^ t3[d0] ^ t4[e0] ^ t5[f0] ^ t6[g0] ^ t7[h0],
        t0[a1] ^ t1[b1] ^ t2[c1] ^ t3[d1] ^ t4[e1] ^ t5[f1] ^ t6[g1] ^ t7[h1],
        t0[a2] ^ t1[b2] ^ t2[c2] ^ t3[d2] ^ t4[e2] ^ t5[f2] ^ t6[g2] ^ t7[h2],
        t0[a3] ^ t1[b3] ^ t2[c3] ^ t3[d3] ^ t4[e3] ^ t5[f3] ^ t6[g3] ^ t7[h3],
        t0[a4] ^ t1[b4] ^ t2[c4] ^ t3[d4] ^ t4[e4] ^ t5[f4] ^ t6[g4] ^ t7[h4],
        t0[a5] ^ t1[b5] ^ t2[c5] ^ t3[d5] ^ t4[e5] ^ t5[f5] ^ t6[g5] ^ t7[h5],
        t0[a6] ^ t1[b6] ^ t2[c6] ^ t3[d6] ^ t4[e6] ^ t5[f6] ^ t6[g6] ^ t7[h6],
        t0[a7] ^ t1[b7] ^ t2[c7] ^ t3[d7] ^ t4[e7] ^ t5[f7] ^ t6[g7] ^ t7[h7],
    )
    # fmt: on
    return int.from_bytes(words, "little")
