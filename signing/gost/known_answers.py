"""Questions with known answers: what a provider must say before it is used, and what the tests ask all of them.

The hashes: RFC 6986, 10, its message M1, and answers on which independent libraries agree. The signatures: made here with
keys that anybody can make again, and accepted by libgcrypt and, on the two curves it knows, by Nettle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from signing.gost.curve import CRYPTOPRO_A, TC26_256_A, TC26_512_A, Curve
from signing.gost.gost34311 import Gost34311
from signing.gost.provider import Hash, Provider
from signing.gost.signature import read_public_key
from signing.gost.streebog import Streebog256, Streebog512


class KnownDigest(NamedTuple):
    """Which hash ("streebog512", "streebog256", "gost34311"), of what, gives what."""

    hash: str
    message: bytes
    digest: bytes


class KnownSignature(NamedTuple):
    """A signature over `digest`; the private number and the nonce are known to everybody, the key is worth nothing."""

    curve: Curve
    private_number: int
    nonce: int
    digest: bytes
    public_key: bytes
    signature: bytes


_M1: Final = b"012345678901234567890123456789012345678901234567890123456789012"

DIGESTS: Final = tuple(
    KnownDigest(name, message, bytes.fromhex(digest))
    for name, message, digest in (
        (
            "streebog512",
            b"",
            (
                "8e945da209aa869f0455928529bcae4679e9873ab707b55315f56ceb98bef0a7"
                "362f715528356ee83cda5f2aac4c6ad2ba3a715c1bcd81cb8e9f90bf4c1c1a8a"
            ),
        ),
        (
            "streebog512",
            _M1,
            (
                "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa"
                "00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48"
            ),
        ),
        ("streebog256", b"", "3f539a213e97c802cc229d474c6aa32a825a360b2a933a949fd925208d9ce1bb"),
        ("streebog256", _M1, "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"),
        ("gost34311", b"", "ce85b99cc46752fffee35cab9a7b0278abb4c2d2055cff685af4912c49490f8d"),
        ("gost34311", b"abc", "f3134348c44fb1b2a277729e2285ebb5cb5e0f29c975bc753b70497c06a4d51d"),
        (
            "gost34311",
            b"This is message, length=32 bytes",
            "b1c466d37519b82e8319819ff32595e047a28cb6f83eff1c6916a815a637fffa",
        ),
    )
)


def first_wrong_answer(provider: Provider) -> str | None:
    """The first question the provider answers wrongly, by name; None when all answers are right."""
    for known in DIGESTS:
        new = {
            "streebog512": provider.streebog512,
            "streebog256": provider.streebog256,
            "gost34311": provider.gost34311,
        }[known.hash]
        if not _digests_are_right(new(), known):
            return f"{known.hash} of {len(known.message)} octets"
    for signed in SIGNATURES:
        key = read_public_key(signed.curve, signed.public_key)
        flipped = signed.signature[:-1] + bytes((signed.signature[-1] ^ 1,))
        other = bytes((signed.digest[0] ^ 1,)) + signed.digest[1:]
        if not provider.verify(key, signed.digest, signed.signature):
            return f"signature on {signed.curve.name}"
        if provider.verify(key, signed.digest, flipped) or provider.verify(key, other, signed.signature):
            return f"forged signature on {signed.curve.name}"
    return None


def _digests_are_right(state: Hash, known: KnownDigest) -> bool:
    """At once, from a copy, in two parts, and a second time."""
    middle = len(known.message) // 2
    state.update(known.message[:middle])
    twin = state.copy()
    state.update(known.message[middle:])
    first, second = state.digest(), state.digest()
    twin.update(memoryview(bytearray(known.message[middle:])))
    return first == second == twin.digest() == known.digest


def _known_signature(curve: Curve, public_key: str, signature: str) -> KnownSignature:
    hashes: dict[Curve, Callable[[bytes], Hash]] = {
        TC26_512_A: Streebog512,
        CRYPTOPRO_A: Gost34311,
        TC26_256_A: Streebog256,
    }

    def number(what: str) -> int:
        label = f"Elshi: test {what} on {curve.name}"
        return int.from_bytes(Streebog512(label.encode()).digest(), "little") % curve.q

    return KnownSignature(
        curve=curve,
        private_number=number("key"),
        nonce=number("nonce"),
        digest=hashes[curve](f"Elshi: signed on {curve.name}".encode()).digest(),
        public_key=bytes.fromhex(public_key),
        signature=bytes.fromhex(signature),
    )


SIGNATURES: Final = (
    _known_signature(
        TC26_512_A,
        "c20d3061dd98d008cd6a6d54706cfc74ccb515743681ab824181f6870361ce7ad8cb09d61f97c19d19fbecf75a22e834"
        "89a47654ed7cc6a78bb7e4dd9c8ef56baf524e120b9b2b279581cdcf6d8d76fa89f87a33d913d503a46364423dc1b412"
        "67d6457e73942158e7d3756e7cb0fbb3046af86c908ed9af8142e13ffe82b676",
        "51a6d3742ce821015d2d22110859804485b431b00cedad6af43b33d71d750b418d254a8dc75e1892a79e4fc8ec237eab"
        "c5f6397735a02e48c224926f5ee4e98ec8a8150bae3f82b7a5ea732ed27d6a0f4913fb8aee511ffa542b2f922ca5d2e6"
        "f3b0cd4f6e6af36fd75b57ca29a02eea184c1c6af90a4af8e1cfc33fd50f0427",
    ),
    _known_signature(
        CRYPTOPRO_A,
        "4468da0b799c53ec2fcce723ad70b198a6f8bd5b8a7640565a6ae91192c324ad735aae7adb5a72e19419e9479e2ffbe5"
        "3bb13e6e1b44997a5e684a56bac57bb5",
        "74476d8bf8ec3a220ce489d81468105dd954bf72d624fc7ec63b9f48f0aebd01423684b2852784b9fb6de11291ad94e7"
        "2c519ca3a491bfa246af531fe03b0a1b",
    ),
    _known_signature(
        TC26_256_A,
        "235b07ed987fbc34c339e17483516388121a37cba161bf6f639f2d8d0ae6da4967eb4a9f3b156987aa34bfe52c391459"
        "1edec4f33ee1011ed872e7d6fbd1d02f",
        "a5bfd15b30bf759d8ce6f25b8782961f51e7aea63c8c42e319f81b7279d33521c5866c7c961ef2fa81012aa211bc1d74"
        "7e947396fba4343654dab154305be313",
    ),
)
