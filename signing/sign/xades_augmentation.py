"""Raising a XAdES signature by a level: one step at a time, on the bytes of its document.

    B-B -> B-T     a time-stamp over the signature value
    B-T -> B-LT    what its certificates and those of its time-stamps were judged by
    B-LT -> B-LTA  a time-stamp over all of it, data objects included; again before that one's time is up

A signature whose value, or whose digests, do not hold is not raised: a time-stamp over it would prove nothing. Whether it
is TOTAL-PASSED under a policy is the verifier's question. Nothing that was signed or time-stamped before is touched, and
each result is read again and its imprint compared before it is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import schemas
from signing import algorithms, xades, xmldsig
from signing.errors import Malformed, SigningError
from signing.timestamp import read_token
from signing.xmldsig import EXCLUSIVE, Canonicalizer, Element, Reference, StepError

if TYPE_CHECKING:
    from signing.certificates import Certificate
    from signing.timestamp import TimeStampAuthority
    from signing.validation_data import ValidationData


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureSource:
    """How a signature and what it signs are found in a document, each time it is read anew.

    `find` takes the root and gives the ds:Signature; `octets_of` gives the octets of a data Reference after its
    transforms, in pieces, StepError where they cannot be had. `max_references` as `xmldsig.read_signature` takes it.
    """

    find: Callable[[Element], Element]
    octets_of: Callable[[Element, Reference], Iterable[bytes | memoryview]]
    limits: schemas.Limits
    profile: xmldsig.TransformProfile = xmldsig.TransformProfile.DETACHED
    max_references: int = xmldsig.MAX_REFERENCES


@dataclass(frozen=True, kw_only=True, slots=True)
class AugmentedSignature:
    """A signature in the document it stands in, at the level it has reached; `certificate` is the signer's."""

    document: bytes
    source: SignatureSource
    signature: xmldsig.Signature
    properties: xades.QualifyingProperties
    unsigned: xades.UnsignedProperties
    octets: xades.TimeStampedOctets
    certificate: Certificate
    others: tuple[Certificate, ...]
    identifiers: frozenset[str]

    @classmethod
    def read(cls, document: bytes, source: SignatureSource) -> AugmentedSignature:
        """The signature as it is; every data object is read once. Raises SigningError signing.not-augmentable."""
        try:
            found = _read(document, source, None)
            _require_intact(found)
        except StepError as error:
            raise _refused(error) from error
        return found

    def with_signature_time_stamp(self, time_stamps: TimeStampAuthority) -> AugmentedSignature:
        """B-T. Raises SigningError signing.augmented-wrongly, and what the authority's `stamp` raises."""
        return self._stamped("SignatureTimeStamp", "signature", time_stamps)

    def with_archive_time_stamp(self, time_stamps: TimeStampAuthority) -> AugmentedSignature:
        """B-LTA, or one archive time-stamp more. Raises as `with_signature_time_stamp`."""
        return self._stamped("ArchiveTimeStamp", "archive", time_stamps)

    def with_validation_data(
        self, of_signer: ValidationData, of_time_stamps: Iterable[tuple[xades.TimeStampProperty, ValidationData]]
    ) -> AugmentedSignature:
        """B-LT: what is not there yet of both, byte for byte. Raises SigningError signing.augmented-wrongly."""
        have = set(xmldsig.certificates_in(self.signature.key_info))
        have |= {*self.unsigned.embedded.certificates, *self.unsigned.embedded.crls}
        have |= {*self.unsigned.embedded.ocsp_responses}
        parts: list[bytes] = []
        for stamp, data in of_time_stamps:
            fresh = data.without(have)
            have |= {*fresh.certificates, *fresh.crls, *fresh.ocsp_responses}
            last = stamp.place == len(self.unsigned.elements) - 1 and not parts
            if stamp.id is not None or last:
                parts.append(xades.new_time_stamp_validation_data(fresh, stamp.id))
            else:
                of_signer = of_signer.joined(fresh)
        fresh = of_signer.without(have)
        names = {str(item.tag) for item in self.unsigned.elements}
        if names.isdisjoint(xades.VALUES):
            parts = [xades.new_certificate_values(fresh.certificates), xades.new_revocation_values(fresh), *parts]
        else:
            parts.insert(0, xades.new_any_validation_data(fresh))
        added = b"".join(parts)
        return self._with(added) if added else self

    def _stamped(
        self, name: str, kind: Literal["signature", "archive"], time_stamps: TimeStampAuthority
    ) -> AugmentedSignature:
        digest = time_stamps.digest_algorithm
        identifier = self._new_identifier()
        stamp = xades.TimeStampProperty(
            name=name,
            id=identifier,
            place=len(self.unsigned.elements),
            kind=kind,
            canonicalization=EXCLUSIVE,
            tokens=(),
        )
        token = time_stamps.stamp(digest, self._imprint(stamp, digest))
        make = xades.new_archive_time_stamp if kind == "archive" else xades.new_signature_time_stamp
        result = self._with(make(identifier, token))
        made = result.unsigned.time_stamps[-1] if result.unsigned.time_stamps else None
        if made is None or (made.id, made.kind, made.tokens) != (identifier, kind, (token,)):
            raise SigningError("signing.augmented-wrongly", reason=name)
        if result._imprint(made, digest) != read_token(token).imprint:  # noqa: SLF001 - another value of this class
            raise SigningError("signing.augmented-wrongly", reason=name)
        return result

    def _imprint(self, stamp: xades.TimeStampProperty, digest: algorithms.DigestAlgorithm) -> bytes:
        try:
            return self.octets.imprint(stamp, self.unsigned.elements[: stamp.place], digest)
        except Malformed as error:
            raise SigningError("signing.not-augmentable", reason=error.params.get("reason", error.code)) from error

    def _with(self, added: bytes) -> AugmentedSignature:
        document = xades.with_properties(self.document, self.properties, added)
        try:
            result = _read(document, self.source, self.octets)
        except StepError as error:
            raise SigningError("signing.augmented-wrongly", reason=error.check.id) from error
        before = [item.tag for item in self.unsigned.elements]
        if [item.tag for item in result.unsigned.elements[: len(before)]] != before:
            raise SigningError("signing.augmented-wrongly", reason="UnsignedProperties")
        return result

    def _new_identifier(self) -> str:
        stem = f"{self.signature.id}-t"
        return next(f"{stem}{number}" for number in range(10_000) if f"{stem}{number}" not in self.identifiers)


def _read(document: bytes, source: SignatureSource, known: xades.TimeStampedOctets | None) -> AugmentedSignature:
    root = xmldsig.parse(document, source.limits, "signature")
    identifiers = xmldsig.unique_ids(root)
    element = source.find(root)
    signature = xmldsig.read_signature(element, [], source.max_references, source.profile)
    properties = xades.read_qualifying_properties(signature, [], None)
    certificate, others = xades.signing_certificate(signature, properties)
    canonicalizer = Canonicalizer(len(document))
    if known is None:
        octets = xades.TimeStampedOctets(
            signature, properties, canonicalizer, lambda reference: source.octets_of(element, reference)
        )
    else:
        octets = known.again(signature, properties, canonicalizer)
    return AugmentedSignature(
        document=document,
        source=source,
        signature=signature,
        properties=properties,
        unsigned=xades.read_unsigned_properties(properties.unsigned, []),
        octets=octets,
        certificate=certificate,
        others=tuple(others),
        identifiers=frozenset(identifiers),
    )


def _require_intact(found: AugmentedSignature) -> None:
    """The value verifies with the certificate that was signed; digests and time-stamps are of what they stand for."""
    signature, properties = found.signature, found.properties
    method = algorithms.signature_algorithm_by_uri(signature.method_uri)
    canonicalizer = Canonicalizer(len(found.document))
    octets = canonicalizer.octets(signature.signed_info, signature.canonicalization)
    if (
        method is None
        or method.standing is not algorithms.Standing.TRUSTED
        or not algorithms.verify_signature(method, found.certificate, octets, signature.value, form="xmldsig")
    ):
        raise SigningError("signing.not-augmentable", reason="xmldsig.signature-value")
    for reference in signature.references:
        state = xmldsig.digest_algorithm(reference.digest_uri, "xmldsig.digest-algorithms").new()
        if reference is properties.reference:
            state.update(canonicalizer.octets(properties.signed_properties, reference.transforms.of_nodes()))
        else:
            for chunk in found.source.octets_of(signature.element, reference):
                state.update(chunk)
        if state.digest() != reference.digest:
            raise SigningError("signing.not-augmentable", reason="xmldsig.digests")
    for stamp in found.unsigned.time_stamps:
        for token in stamp.tokens:
            _require_over(found, stamp, token)


def _require_over(found: AugmentedSignature, stamp: xades.TimeStampProperty, token: bytes) -> None:
    """A time-stamp that is there already is over what it should be: a newer one could not mend it."""
    try:
        read = read_token(token, accept_ber=True)
        digest = read.imprint_digest
        before = found.unsigned.elements[: stamp.place]
        if digest is not None and found.octets.imprint(stamp, before, digest) == read.imprint:
            return
    except (Malformed, ValueError) as error:  # ValueError: a hash that is refused, or not built here
        raise SigningError("signing.not-augmentable", reason="timestamp.imprint") from error
    raise SigningError("signing.not-augmentable", reason="timestamp.imprint")


def _refused(error: StepError) -> SigningError:
    reason = error.check.params.get("reason", "")
    return SigningError("signing.not-augmentable", reason=f"{error.check.id} {reason}".strip())
