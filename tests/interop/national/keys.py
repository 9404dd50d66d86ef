"""Certificates as the judge reads them, and the three questions it has for a foreign library: a digest, a value, a path.

A key is taken only with the parameters of its family. Of a path the values are judged, not validity, usage or constraints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import der
from foreign import Family, HashName, Library, PublicKey

_ARC: Final = "1.2.398.3.10.1"
_KEYS: Final[Mapping[tuple[str, str, str], Family]] = {
    (f"{_ARC}.1.2.2", f"{_ARC}.1.2.2.1", f"{_ARC}.3.3"): "gost2015-512",
    (f"{_ARC}.1.2.1", f"{_ARC}.1.2.1.1", f"{_ARC}.3.2"): "gost2015-256",
    (f"{_ARC}.1.1.1", f"{_ARC}.1.1.1.1", f"{_ARC}.3.1.1.0"): "gost2004",
}
"""OIDs of key, curve and hash."""
_SIGNATURES: Final[Mapping[str, Family]] = {
    f"{_ARC}.1.2.3.2": "gost2015-512",
    f"{_ARC}.1.2.3.1": "gost2015-256",
    f"{_ARC}.1.1.2": "gost2004",
    "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512": "gost2015-512",
    "http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311": "gost2004",
}
_DIGESTS: Final[Mapping[str, HashName]] = {
    f"{_ARC}.3.3": "streebog-512",
    f"{_ARC}.3.2": "streebog-256",
    f"{_ARC}.3.1": "gost34311",
    "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34112015-512": "streebog-512",
    "http://www.w3.org/2001/04/xmldsig-more#gost34311": "gost34311",
}
HASH_OF: Final[Mapping[Family, HashName]] = {
    "gost2015-512": "streebog-512",
    "gost2015-256": "streebog-256",
    "gost2004": "gost34311",
}
_VERSION, _FIRST_OF_CERTIFICATE = 0xA0, 6


class Refused(Exception):
    """The document is not what it claims to be, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    whole: bytes
    serial: bytes
    issuer: bytes
    subject: bytes
    key: PublicKey
    key_octets: bytes
    """Content of the BIT STRING."""
    signed: bytes
    algorithm: der.Value
    value: bytes


def certificate(octets: bytes) -> Certificate:
    """RFC 5280, 4.1."""
    tbs, algorithm, bits = der.value(octets).of(der.SEQUENCE).values()
    fields = tbs.of(der.SEQUENCE).values()
    if fields[0].tag == _VERSION:
        fields = fields[1:]
    serial, inner, issuer, _, subject, info = fields[:_FIRST_OF_CERTIFICATE]
    if inner.whole != algorithm.whole:
        raise Refused("a certificate names two algorithms")
    return Certificate(
        whole=octets,
        serial=serial.whole,
        issuer=issuer.whole,
        subject=subject.whole,
        key=public_key(info),
        key_octets=info.values()[1].bits(),
        signed=tbs.whole,
        algorithm=algorithm,
        value=bits.bits(),
    )


def public_key(info: der.Value) -> PublicKey:
    """SubjectPublicKeyInfo with BIT STRING { OCTET STRING { x, y } }, lowest octets first."""
    algorithm, bits = info.of(der.SEQUENCE).values()
    kind, parameters = algorithm.values()
    curve, digest = parameters.of(der.SEQUENCE).values()
    family = _KEYS.get((kind.oid(), curve.oid(), digest.oid()))
    if family is None:
        raise Refused(f"a key of another kind: {kind.oid()} {curve.oid()} {digest.oid()}")
    point = der.value(bits.bits()).of(der.OCTET_STRING).content
    half = len(point) // 2
    key = PublicKey(family=family, x=int.from_bytes(point[:half], "little"), y=int.from_bytes(point[half:], "little"))
    if len(point) != 2 * key.size:
        raise Refused("a point of another length")
    return key


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    library: Library
    root: Certificate
    """The only one that is trusted."""

    def hold_digest(self, algorithm: str, content: bytes, stated: bytes, what: str) -> None:
        name = _DIGESTS.get(algorithm)
        if name is None:
            raise Refused(f"an unknown digest algorithm: {algorithm}")
        if self.library.digest(name, content) != stated:
            raise Refused(f"{what}: the digest is another one")

    def hold_value(self, algorithm: str, key: PublicKey, signed: bytes, value: bytes, what: str) -> None:
        """`value` is r, then s, lowest octets first, over the family's own hash of `signed`."""
        if _SIGNATURES.get(algorithm) != key.family:
            raise Refused(f"{what}: not an algorithm of a {key.family} key: {algorithm}")
        if len(value) != 2 * key.size:
            raise Refused(f"{what}: a value of another length")
        r, s = (int.from_bytes(half, "little") for half in (value[: key.size], value[key.size :]))
        if not self.library.verifies(key, self.library.digest(HASH_OF[key.family], signed), r, s):
            raise Refused(f"{what}: the value is not a signature by this key")

    def hold_value_in_der(self, identifier: der.Value, key: PublicKey, signed: bytes, value: bytes, what: str) -> None:
        algorithm, *parameters = identifier.of(der.SEQUENCE).values()
        if [each.tag for each in parameters] not in ([], [der.NULL]):
            raise Refused(f"{what}: an algorithm with parameters")
        self.hold_value(algorithm.oid(), key, signed, value, what)

    def hold_path(self, signer: Certificate, others: Sequence[Certificate]) -> None:
        """From the signer to the root by issuers' names; each certificate's value is judged with its issuer's key."""
        for _ in range(len(others) + 2):
            if signer.whole == self.root.whole:
                return
            issuer = next((each for each in (*others, self.root) if each.subject == signer.issuer), None)
            if issuer is None:
                break
            self.hold_value_in_der(signer.algorithm, issuer.key, signer.signed, signer.value, "certificate")
            signer = issuer
        raise Refused("no path to the root")
