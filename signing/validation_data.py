"""What a judgement may lean on beside the signature: certificates, revocation status, time-stamps, and where they came from.

Nothing here is believed yet. Certificates help to build a path; CRLs and OCSP answers speak by their own signatures
(`revocation`); a time-stamp is a token and the octets it must be over (`timestamp`). A time-stamp proves the existence
of what it `covers` and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Literal

from signing.algorithms import DigestAlgorithm

SIGNATURE: Final = "signature"
"""The object identifier of the signature value itself; every other object is named by the hex SHA-256 of its DER."""

TimeStampKind = Literal["content", "signature", "validation-data", "archive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidationData:
    """DER of certificates, of CertificateLists and of OCSP answers (OCSPResponse or BasicOCSPResponse), as received."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()

    def joined(self, *others: ValidationData) -> ValidationData:
        """All of it, in order, each object once."""
        every = (self, *others)
        return ValidationData(
            certificates=tuple(dict.fromkeys(der for each in every for der in each.certificates)),
            crls=tuple(dict.fromkeys(der for each in every for der in each.crls)),
            ocsp_responses=tuple(dict.fromkeys(der for each in every for der in each.ocsp_responses)),
        )

    def without(self, objects: Collection[bytes]) -> ValidationData:
        """What is not among `objects` (DER)."""
        return ValidationData(
            certificates=tuple(der for der in self.certificates if der not in objects),
            crls=tuple(der for der in self.crls if der not in objects),
            ocsp_responses=tuple(der for der in self.ocsp_responses if der not in objects),
        )


NO_DATA: Final = ValidationData()


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundTimeStamp:
    """A time-stamp as its format holds it.

    `token` is the DER of the TimeStampToken (a ContentInfo); `imprint` gives the digest, by the algorithm the token
    names, of the octets the format says it is over, and raises Malformed where they cannot be had. `covers`: object
    identifiers (SIGNATURE, hex SHA-256 of DER) it is proof for. `position` orders the time-stamps of one signature as
    they were added: a later one may be proof for an earlier one. `embedded` is validation data that came along for it.
    `named_by`: the hashes by which the octets under the imprint name what is covered (an index, a manifest), if they do.
    """

    id: str
    kind: TimeStampKind
    position: int
    token: bytes
    imprint: Callable[[DigestAlgorithm], bytes]
    covers: frozenset[str]
    covers_in_words: tuple[str, ...] = ()
    embedded: ValidationData = NO_DATA
    named_by: tuple[DigestAlgorithm, ...] = ()
