"""The archive time-stamp of CAdES (ETSI EN 319 122-1, 5.5): what its index names, and the octets it is over.

The index (ats-hash-index-v3) is an unsigned attribute of the token and lies under the token's imprint: it names every
certificate, every piece of revocation information and every value of an unsigned attribute that was there when the
token was asked for. What it names and nobody finds makes the time-stamp worthless; what it does not name was added
later and is proven by nothing here. The first version (TS 101 733, 6.4.2) names whole attributes and is read only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from signing import asn1
from signing.algorithms import DigestAlgorithm, Standing, algorithm_identifier, digest_algorithm, digest_by_oid
from signing.cades.oids import HASH_INDEX_V1, HASH_INDEX_V3
from signing.cades.tokens import read_token_cms
from signing.errors import Malformed

if TYPE_CHECKING:
    from signing.cms import SignedData, SignerInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class HashIndex:
    """What an archive time-stamp names; `der` is the value as the imprint takes it."""

    version: int
    digest: DigestAlgorithm
    certificates: frozenset[bytes]
    revocation: frozenset[bytes]
    attributes: frozenset[bytes]
    der: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexed:
    """What of a SignedData an index names: elements of its two bags, and (type, value) of unsigned attributes."""

    certificates: tuple[bytes, ...]
    revocation: tuple[bytes, ...]
    attribute_values: tuple[tuple[str, bytes], ...]


def encode_hash_index(signed: SignedData, signer: SignerInfo, digest: DigestAlgorithm) -> bytes:
    """ATSHashIndexV3 over everything that is there now."""
    hashes = (
        (digest.of(each) for each in signed.certificate_choices),
        (digest.of(each) for each in signed.revocation_choices),
        (digest.of(asn1.encode_oid(oid) + value) for oid, value in _attribute_values(signer)),
    )
    return asn1.encode(
        asn1.SEQUENCE,
        asn1.encode(asn1.SEQUENCE, asn1.encode_oid(digest.oid)),
        *(
            asn1.encode(asn1.SEQUENCE, *(asn1.encode(asn1.OCTET_STRING, each) for each in dict.fromkeys(listed)))
            for listed in hashes
        ),
    )


def read_hash_index(token: bytes) -> HashIndex:
    """The index that travels in the token; raises Malformed when there is none, or two, or its hash is not trusted."""
    (signer,) = _only_signer(read_token_cms(token).signers)
    found = [
        (attribute.oid, value)
        for attribute in signer.unsigned_attributes
        if attribute.oid in (HASH_INDEX_V1, HASH_INDEX_V3)
        for value in attribute.values
    ]
    if len(found) != 1:
        raise Malformed("signing.cms-attribute", attribute=HASH_INDEX_V3)
    oid, value = found[0]
    parts = list(asn1.children(asn1.expect(value, asn1.SEQUENCE)))
    digest = digest_algorithm("sha256")
    three = 3
    # the first version leaves SHA-256 out, which is its default
    if len(parts) != three or oid == HASH_INDEX_V3:
        stated = parts.pop(0) if parts else None
        digest = digest_by_oid(algorithm_identifier(asn1.expect(stated, asn1.SEQUENCE))[0])
    if digest is None or digest.standing is not Standing.TRUSTED or len(parts) != three:
        raise Malformed("signing.cms-attribute", attribute=oid)
    certificates, revocation, attributes = (
        frozenset(asn1.octets(each) for each in asn1.children(asn1.expect(part, asn1.SEQUENCE))) for part in parts
    )
    return HashIndex(
        version=1 if oid == HASH_INDEX_V1 else 3,
        digest=digest,
        certificates=certificates,
        revocation=revocation,
        attributes=attributes,
        der=value.raw,
    )


class Contents:
    """What a SignedData and one signer hold, by its digests; each is computed once, however many indexes ask."""

    def __init__(self, signed: SignedData, signer: SignerInfo) -> None:
        self._signed = signed
        self._signer = signer
        self._named: dict[tuple[str, int], _Named] = {}

    def find(self, index: HashIndex) -> Indexed:
        """What the index names. Raises Malformed when something it names is not there: taken away or changed."""
        named = self._of(index.digest, index.version)
        for what, wanted, there in (
            ("certificates", index.certificates, named.certificates.keys()),
            ("crls", index.revocation, named.revocation.keys()),
            ("unsigned attributes", index.attributes, named.attributes.keys()),
        ):
            if not wanted <= there:
                raise Malformed("signing.cms-index", what=what)
        return Indexed(
            certificates=tuple(each for name, each in named.certificates.items() if name in index.certificates),
            revocation=tuple(each for name, each in named.revocation.items() if name in index.revocation),
            attribute_values=tuple(
                value for name, values in named.attributes.items() if name in index.attributes for value in values
            ),
        )

    def _of(self, digest: DigestAlgorithm, version: int) -> _Named:
        known = self._named.get((digest.id, version))
        if known is None:
            known = self._named[digest.id, version] = self._hashed(digest, version)
        return known

    def _hashed(self, digest: DigestAlgorithm, version: int) -> _Named:
        of, signer = digest.of, self._signer
        attributes: dict[bytes, tuple[tuple[str, bytes], ...]]
        if version == 1:
            attributes = {
                of(attribute.raw): tuple((attribute.oid, value.raw) for value in attribute.values)
                for attribute in signer.unsigned_attributes
            }
        else:
            attributes = {of(asn1.encode_oid(oid) + value): ((oid, value),) for oid, value in _attribute_values(signer)}
        return _Named(
            certificates={of(each): each for each in self._signed.certificate_choices},
            revocation={of(each): each for each in self._signed.revocation_choices},
            attributes=attributes,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Named:
    certificates: dict[bytes, bytes]
    revocation: dict[bytes, bytes]
    attributes: dict[bytes, tuple[tuple[str, bytes], ...]]


def archive_imprint(
    signed: SignedData, signer: SignerInfo, index_der: bytes, content_digest: bytes, digest: DigestAlgorithm
) -> bytes:
    """The digest an archive-time-stamp-v3 is over (5.5.3): type and digest of the content, the signer's fields, the
    index.
    """
    return digest.of(asn1.encode_oid(signed.content_type) + content_digest + signer.fields + index_der)


def imprint_digest(token: bytes) -> DigestAlgorithm | None:
    """The hash of a token's imprint, None when it is unknown; raises Malformed when the octets are no token.

    The token is not judged here, only asked what has to be computed while the content is read once.
    """
    content = read_token_cms(token).content
    if content is None:
        raise Malformed("signing.cms-attribute", attribute="TSTInfo")
    fields = asn1.Fields(asn1.read_der(content))
    fields.take(asn1.INTEGER)
    fields.take(asn1.OID)
    imprint = asn1.Fields(fields.take(asn1.SEQUENCE))
    digest = digest_by_oid(algorithm_identifier(imprint.take(asn1.SEQUENCE))[0])
    return digest if digest is not None and digest.standing is Standing.TRUSTED else None


def _attribute_values(signer: SignerInfo) -> list[tuple[str, bytes]]:
    """Type and value of every value of every unsigned attribute: side by side they are what the index hashes (5.5.2)."""
    return [(attribute.oid, value.raw) for attribute in signer.unsigned_attributes for value in attribute.values]


def _only_signer(signers: tuple[SignerInfo, ...]) -> tuple[SignerInfo]:
    if len(signers) != 1:
        raise Malformed("asn1.structure", expected="one signer", found=str(len(signers)))
    return (signers[0],)
