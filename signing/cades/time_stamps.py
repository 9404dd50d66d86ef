"""The time-stamps of one signer as a verifier takes them: each with the octets it is over and what it is proof for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from signing.cades.archive import Contents, HashIndex, archive_imprint, imprint_digest, read_hash_index
from signing.cades.unsigned_attributes import objects_in, token_data
from signing.cms import answers_in
from signing.errors import Malformed
from signing.validation_data import SIGNATURE, FoundTimeStamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from signing.algorithms import DigestAlgorithm
    from signing.cades.signed_attributes import SignedAttributes
    from signing.cades.unsigned_attributes import UnsignedAttributes
    from signing.cms import SignedData, SignerInfo


def wanted_digests(attributes: SignedAttributes, unsigned: UnsignedAttributes) -> list[DigestAlgorithm]:
    """The hashes under which the content's digest is needed to judge these time-stamps."""
    found = []
    for token in (*attributes.content_time_stamps, *unsigned.archive_time_stamps):
        try:
            digest = imprint_digest(token)
        except Malformed:
            continue
        if digest is not None:
            found.append(digest)
    return found


def found_time_stamps(
    signed: SignedData,
    signer: SignerInfo,
    attributes: SignedAttributes,
    unsigned: UnsignedAttributes,
    content: Mapping[str, bytes],
    *,
    signer_id: str,
) -> tuple[FoundTimeStamp, ...]:
    """Content, signature and archive time-stamps in the order they were added; `content`: its digests by hash id.

    Archive time-stamps lie in a SET, whose order says nothing: one that names another is the later one.
    """
    found: list[FoundTimeStamp] = []
    for token in attributes.content_time_stamps:
        found.append(
            FoundTimeStamp(
                id=f"{signer_id}-content-time-stamp-{len(found) + 1}",
                kind="content",
                position=len(found),
                token=token,
                imprint=_OfContent(content),
                covers=frozenset(),
                covers_in_words=("content",),
                embedded=token_data(token),
            )
        )
    for number, token in enumerate(unsigned.signature_time_stamps, start=1):
        found.append(
            FoundTimeStamp(
                id=f"{signer_id}-signature-time-stamp-{number}",
                kind="signature",
                position=len(found),
                token=token,
                imprint=_OfSignature(signer.signature),
                covers=frozenset({SIGNATURE}),
                covers_in_words=("signature value",),
                embedded=token_data(token),
            )
        )
    archives = sorted(
        _archives(signed, signer, unsigned, content),
        key=lambda each: (each.later_than(unsigned.archive_time_stamps), len(each.covers), each.token),
    )
    for number, archive in enumerate(archives, start=1):
        found.append(
            FoundTimeStamp(
                id=f"{signer_id}-archive-time-stamp-{number}",
                kind="archive",
                position=len(found),
                token=archive.token,
                imprint=archive.imprint,
                covers=archive.covers,
                covers_in_words=archive.in_words,
                embedded=token_data(archive.token),
                named_by=(archive.index.digest,) if archive.index is not None else (),
            )
        )
    return tuple(found)


def covered_tokens(signed: SignedData, signer: SignerInfo, unsigned: UnsignedAttributes) -> frozenset[bytes]:
    """The archive time-stamps that a later one of the same signer names: their validation data was put in before it."""
    archives = _archives(signed, signer, unsigned, {})
    names = frozenset().union(*(each.covers for each in archives))
    return frozenset(token for token in unsigned.archive_time_stamps if hashlib.sha256(token).hexdigest() in names)


@dataclass(frozen=True, slots=True)
class _OfContent:
    """The imprint of a content time-stamp: the octets of the content, without any header (RFC 5126, 5.11.4)."""

    content: Mapping[str, bytes]

    def __call__(self, digest: DigestAlgorithm) -> bytes:
        return _digest_of_content(self.content, digest)


@dataclass(frozen=True, slots=True)
class _OfSignature:
    """The imprint of a signature time-stamp: the octets of the signature value (RFC 5126, 6.1.1)."""

    value: bytes

    def __call__(self, digest: DigestAlgorithm) -> bytes:
        return digest.of(self.value)


@dataclass(frozen=True, slots=True)
class _Archive:
    token: bytes
    signed: SignedData
    signer: SignerInfo
    content: Mapping[str, bytes]
    index: HashIndex | None
    flaw: Malformed | None
    covers: frozenset[str]
    in_words: tuple[str, ...]

    def imprint(self, digest: DigestAlgorithm) -> bytes:
        if self.flaw is not None or self.index is None:
            raise self.flaw or Malformed("signing.cms-index", what="index")
        content = _digest_of_content(self.content, digest)
        return archive_imprint(self.signed, self.signer, self.index.der, content, digest)

    def later_than(self, tokens: tuple[bytes, ...]) -> int:
        """How many of these it covers."""
        return sum(hashlib.sha256(token).hexdigest() in self.covers for token in tokens)


def _archives(
    signed: SignedData, signer: SignerInfo, unsigned: UnsignedAttributes, content: Mapping[str, bytes]
) -> list[_Archive]:
    """The archive time-stamps with what each covers; what several cover is read and hashed once."""
    contents = Contents(signed, signer)
    identify = cache(_identifiers)
    found = []
    for token in unsigned.archive_time_stamps:
        covers: frozenset[str] = frozenset()
        in_words: tuple[str, ...] = ()
        index: HashIndex | None = None
        flaw: Malformed | None = None
        try:
            index = read_hash_index(token)
            indexed = contents.find(index)
            objects = [(_CERTIFICATE, each) for each in indexed.certificates]
            objects += [(_REVOCATION, each) for each in indexed.revocation]
            objects += indexed.attribute_values
            covers = frozenset({SIGNATURE}).union(*(identify(kind, each) for kind, each in objects))
            in_words = (
                "signature",
                f"{len(indexed.certificates)} certificates",
                f"{len(indexed.revocation)} revocation values",
                f"{len(indexed.attribute_values)} unsigned attribute values",
            )
        except Malformed as error:
            flaw = error
        found.append(_Archive(token, signed, signer, content, index, flaw, covers, in_words))
    return found


_CERTIFICATE: Final = "certificate"
_REVOCATION: Final = "revocation"


def _identifiers(kind: str, der: bytes) -> frozenset[str]:
    """Of an element of a bag, or the value of an attribute (`kind` is its OID), and of the objects inside it."""
    objects = [der]
    if kind == _REVOCATION:
        objects += answers_in([der])
    elif kind != _CERTIFICATE:
        data = objects_in(kind, der)
        objects += (*data.certificates, *data.crls, *data.ocsp_responses)
    return frozenset(hashlib.sha256(each).hexdigest() for each in objects)


def _digest_of_content(content: Mapping[str, bytes], digest: DigestAlgorithm) -> bytes:
    found = content.get(digest.id)
    if found is None:
        raise Malformed("signing.cms-no-content-digest", algorithm=digest.id)
    return found
