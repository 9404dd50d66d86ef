"""The octets each time-stamp of a XAdES signature is over, and what it therefore proves the existence of.

Clauses of EN 319 132-1; each part in the canonical form the time-stamp names, Canonical XML 1.0 where it names none (4.5):

- content (5.2.8): the octets of the References it is over, all but the one to the signed properties, in their order;
- signature (5.3): the ds:SignatureValue element;
- archive (5.5.2): the octets of every Reference in its order; SignedInfo, SignatureValue, KeyInfo; each unsigned
  signature property that stands before it, in order; each ds:Object but the one with the qualifying properties.

The octets of data objects are streamed through the hash and never held.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from signing.errors import Malformed
from signing.validation_data import SIGNATURE, FoundTimeStamp
from signing.xmldsig import StepError, certificates_in, malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lxml import etree

    from signing.algorithms import DigestAlgorithm, Hash
    from signing.xades.signed_properties import QualifyingProperties
    from signing.xades.unsigned_properties import TimeStampProperty, UnsignedProperties
    from signing.xmldsig import Canonicalizer, Reference, Signature


class TimeStampedOctets:
    """The imprints of one signature.

    `octets_of` gives the octets of a data Reference after its transforms, piece by piece, and raises StepError where
    they cannot be had; the Reference to the signed properties is not asked for.
    """

    def __init__(
        self,
        signature: Signature,
        properties: QualifyingProperties,
        canonicalizer: Canonicalizer,
        octets_of: Callable[[Reference], Iterable[bytes | memoryview]],
    ) -> None:
        self._signature = signature
        self._properties = properties
        self._canonicalizer = canonicalizer
        self._octets_of = octets_of
        self._after_references: dict[str, Hash] = {}

    def again(
        self, signature: Signature, properties: QualifyingProperties, canonicalizer: Canonicalizer
    ) -> TimeStampedOctets:
        """The same References in a document to which only unsigned properties were added: not read a second time."""
        other = TimeStampedOctets(signature, properties, canonicalizer, self._octets_of)
        other._after_references = self._after_references
        return other

    def imprint(self, stamp: TimeStampProperty, before: Sequence[etree._Element], algorithm: DigestAlgorithm) -> bytes:
        """The digest a token in `stamp` must state; `before` are the unsigned properties before an archive one.

        Raises Malformed xades.time-stamped-octets where the octets cannot be had.
        """
        try:
            return self._imprint(stamp, before, algorithm).digest()
        except StepError as error:
            raise Malformed("xades.time-stamped-octets", reason=error.check.params.get("reason", "")) from error

    def _imprint(self, stamp: TimeStampProperty, before: Sequence[etree._Element], algorithm: DigestAlgorithm) -> Hash:
        if stamp.kind == "content":
            return self._content(stamp, algorithm)
        if stamp.kind == "signature":
            state = algorithm.new()
            parts = [self._value()]
        else:
            state = self._references(algorithm)
            signature = self._signature
            parts = [signature.signed_info, self._value()]
            parts += [] if signature.key_info is None else [signature.key_info]
            parts += before
            own = self._properties.signed_properties.getparent()
            holder = None if own is None else own.getparent()
            parts += [item for item in signature.objects if item is not holder]
        for part in parts:
            state.update(self._canonicalizer.octets(part, stamp.canonicalization))
        return state

    def _value(self) -> etree._Element:
        value = self._signature.signed_info.getnext()
        assert value is not None
        return value

    def _references(self, algorithm: DigestAlgorithm) -> Hash:
        """A copy of the state after all References: the same for each archive time-stamp by this algorithm."""
        known = self._after_references.get(algorithm.id)
        if known is None:
            known = algorithm.new()
            for reference in self._signature.references:
                self._add(known, reference)
            self._after_references[algorithm.id] = known
        return known.copy()

    def _content(self, stamp: TimeStampProperty, algorithm: DigestAlgorithm) -> Hash:
        own = self._properties.reference
        data = [reference for reference in self._signature.references if reference is not own]
        if stamp.includes:
            by_id = {reference.id: reference for reference in data}
            if any(identifier not in by_id for identifier in stamp.includes):
                raise malformed("xades.time-stamps", "Include of no Reference")
            data = [by_id[identifier] for identifier in stamp.includes]
        state = algorithm.new()
        for reference in data:
            self._add(state, reference)
        return state

    def _add(self, state: Hash, reference: Reference) -> None:
        if reference is self._properties.reference:
            method = reference.transforms.of_nodes()
            state.update(self._canonicalizer.octets(self._properties.signed_properties, method))
            return
        for chunk in self._octets_of(reference):
            state.update(chunk)


def found_time_stamps(
    octets: TimeStampedOctets,
    signature: Signature,
    content: Sequence[TimeStampProperty],
    unsigned: UnsignedProperties,
) -> tuple[FoundTimeStamp, ...]:
    """Every token, in the order in which they were added; none of them is judged here."""
    found: list[FoundTimeStamp] = []
    certificates = frozenset(hashlib.sha256(der).hexdigest() for der in certificates_in(signature.key_info))
    for stamp in (*content, *unsigned.time_stamps):
        imprint = _imprint_of(octets, stamp, unsigned.elements[: max(stamp.place, 0)])
        for number, token in enumerate(stamp.tokens):
            identifier = stamp.id or f"{stamp.name}-{len(found)}"
            found.append(
                FoundTimeStamp(
                    id=identifier if number == 0 else f"{identifier}-{number}",
                    kind=stamp.kind,
                    position=len(found),
                    token=token,
                    imprint=imprint,
                    covers=_covers(stamp, unsigned, certificates),
                    covers_in_words=_covers_in_words(stamp, unsigned),
                    embedded=stamp.embedded,
                )
            )
    return tuple(found)


def _imprint_of(
    octets: TimeStampedOctets, stamp: TimeStampProperty, before: Sequence[etree._Element]
) -> Callable[[DigestAlgorithm], bytes]:
    known: dict[str, bytes] = {}  # several tokens of one property are over the same octets

    def imprint(algorithm: DigestAlgorithm) -> bytes:
        if algorithm.id not in known:
            known[algorithm.id] = octets.imprint(stamp, before, algorithm)
        return known[algorithm.id]

    return imprint


def _covers(stamp: TimeStampProperty, unsigned: UnsignedProperties, certificates: frozenset[str]) -> frozenset[str]:
    if stamp.kind == "content":
        return frozenset()
    if stamp.kind == "signature":
        return frozenset({SIGNATURE})
    earlier = (each for objects in unsigned.objects[: stamp.place] for each in objects)
    return frozenset({SIGNATURE, *certificates, *earlier})


def _covers_in_words(stamp: TimeStampProperty, unsigned: UnsignedProperties) -> tuple[str, ...]:
    """Names of XAdES and XMLDSig."""
    if stamp.kind == "content":
        return tuple(stamp.includes) or ("References",)
    if stamp.kind == "signature":
        return ("SignatureValue",)
    before = (str(item.tag).rpartition("}")[2] for item in unsigned.elements[: stamp.place])
    return ("References", "SignedInfo", "SignatureValue", "KeyInfo", *before)
