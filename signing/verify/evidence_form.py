"""What kind of evidence some octets claim to be, told from the outline of their DER and from nothing else.

The first few headers decide; nothing is believed and nothing deeper is looked at: what claims to be a certificate and is
none goes to the reader of certificates and fails there.

    time-stamp    ContentInfo with SignedData over TSTInfo (RFC 3161, 2.4.2), lengths may be open as in any CMS;
                  or TimeStampResp, whose first element is a PKIStatusInfo
    ocsp          OCSPResponse, which begins with its ENUMERATED status; or BasicOCSPResponse alone (RFC 6960, 4.2.1)
    crl           CertificateList: a time stands third in what is signed (RFC 5280, 5.1)
    certificate   Certificate: two times stand fourth (RFC 5280, 4.1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from signing import asn1, cms
from signing.timestamp import TST_INFO

if TYPE_CHECKING:
    from signing.validation_report import EvidenceKind

_ENUMERATED: Final = 0x0A
_VERSION, _RESPONDER, _CONTENT = 0xA0, (0xA1, 0xA2), 0xA0
_TIMES: Final = frozenset({asn1.UTC_TIME, asn1.GENERALIZED_TIME})
_MULTI_BYTE_TAG: Final = 0x1F
_LONG, _OPEN = 0x80, 0x80
_MAX_LENGTH_OCTETS: Final = 4
_MOST: Final = 8
"""Elements looked at in one level: what decides stands among the first."""

_SIGNED_DATA: Final = asn1.encode_oid(cms.SIGNED_DATA)
_TST_INFO: Final = asn1.encode_oid(TST_INFO)
_DATA: Final = asn1.encode_oid(cms.DATA)
_PFX_VERSION: Final = asn1.encode_integer(3)


def evidence_kind(content: bytes) -> EvidenceKind | None:
    """The kind that the octets claim; None for anything else, a CMS over other content included."""
    outer = _Element.at(content, 0, len(content))
    if outer is None or outer.tag != asn1.SEQUENCE:
        return None
    inside = outer.children(content)
    first = inside[0] if inside else None
    if first is None:
        return None
    if first.tag == _ENUMERATED:
        return "ocsp"
    if first.tag == asn1.OID:
        return "time-stamp" if _is_over_tst_info(content, inside) else None
    if first.tag != asn1.SEQUENCE:
        return None
    return _kind_of_signed(content, first, inside)


def is_key_file(content: bytes) -> bool:
    """Whether the octets claim to be a PFX (RFC 7292, 4): version 3, then a ContentInfo with data or SignedData."""
    outer = _Element.at(content, 0, len(content))
    if outer is None or outer.tag != asn1.SEQUENCE:
        return False
    inside = outer.children(content)
    if len(inside) < 2 or inside[0].raw(content) != _PFX_VERSION or inside[1].tag != asn1.SEQUENCE:  # noqa: PLR2004
        return False
    kind = inside[1].children(content)
    return bool(kind) and kind[0].raw(content) in (_DATA, _SIGNED_DATA)


class _Element(NamedTuple):
    """Where an element stands; `end` is cut at the end of the octets, whatever length it states."""

    tag: int
    start: int
    content: int
    end: int

    @classmethod
    def at(cls, octets: bytes, position: int, limit: int) -> _Element | None:
        if position + 2 > limit:
            return None
        tag, length = octets[position], octets[position + 1]
        content = position + 2
        if tag & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
            return None
        if length == _OPEN:
            return cls(tag, position, content, limit)
        if length > _LONG:
            count = length & 0x7F
            if count > _MAX_LENGTH_OCTETS or content + count > limit:
                return None
            length = int.from_bytes(octets[content : content + count], "big")
            content += count
        return cls(tag, position, content, min(content + length, limit))

    def children(self, octets: bytes) -> tuple[_Element, ...]:
        """The first elements inside, as far as they can be told apart."""
        found: list[_Element] = []
        position = self.content
        while len(found) < _MOST:
            one = _Element.at(octets, position, self.end)
            if one is None:
                break
            found.append(one)
            position = one.end
        return tuple(found)

    def raw(self, octets: bytes) -> bytes:
        return octets[self.start : self.end]


def _tags(elements: tuple[_Element, ...]) -> tuple[int, ...]:
    return tuple(each.tag for each in elements)


def _is_over_tst_info(octets: bytes, inside: tuple[_Element, ...]) -> bool:
    """ContentInfo { signedData, [0] SignedData { version, digestAlgorithms, encapContentInfo { id-ct-TSTInfo ..."""
    if inside[0].raw(octets) != _SIGNED_DATA or _tags(inside[1:2]) != (_CONTENT,):
        return False
    wrapped = inside[1].children(octets)
    if _tags(wrapped[:1]) != (asn1.SEQUENCE,):
        return False
    fields = wrapped[0].children(octets)
    if _tags(fields[:3]) != (asn1.INTEGER, asn1.SET, asn1.SEQUENCE):
        return False
    kind = fields[2].children(octets)
    return bool(kind) and kind[0].raw(octets) == _TST_INFO


def _kind_of_signed(octets: bytes, first: _Element, inside: tuple[_Element, ...]) -> EvidenceKind | None:
    """What begins with a SEQUENCE: something that is signed, or the status of an answer of a time-stamp authority."""
    fields = first.children(octets)
    if _tags(fields[:1]) == (asn1.INTEGER,) and _is_status(octets, fields) and _is_token_or_nothing(octets, inside[1:]):
        return "time-stamp"
    if _tags(inside[1:3]) != (asn1.SEQUENCE, asn1.BIT_STRING):
        return None
    is_versioned = _tags(fields[:1]) == (_VERSION,)
    rest = fields[1:] if is_versioned else fields
    tags = _tags(rest)
    if tags[:1] and tags[0] in _RESPONDER:
        return "ocsp" if tags[1:3] == (asn1.GENERALIZED_TIME, asn1.SEQUENCE) else None
    if _is_certificate(octets, rest):
        return "certificate"
    return "crl" if not is_versioned and _is_list(tags) else None


def _is_certificate(octets: bytes, fields: tuple[_Element, ...]) -> bool:
    """serialNumber, signature, issuer, validity with its two times."""
    if _tags(fields[:4]) != (asn1.INTEGER, asn1.SEQUENCE, asn1.SEQUENCE, asn1.SEQUENCE):
        return False
    validity = _tags(fields[3].children(octets))
    return len(validity) == 2 and _TIMES.issuperset(validity)  # noqa: PLR2004 - notBefore and notAfter


def _is_list(tags: tuple[int, ...]) -> bool:
    """[version], signature, issuer, thisUpdate."""
    rest = tags[1:] if tags[:1] == (asn1.INTEGER,) else tags
    return rest[:2] == (asn1.SEQUENCE, asn1.SEQUENCE) and _TIMES.issuperset(rest[2:3]) and len(rest) > 2  # noqa: PLR2004


def _is_status(octets: bytes, fields: tuple[_Element, ...]) -> bool:
    """PKIStatusInfo { status, [statusString of UTF8Strings], [failInfo] }."""
    rest = fields[1:]
    if rest and rest[0].tag == asn1.SEQUENCE:
        if _tags(rest[0].children(octets)[:1]) != (asn1.UTF8_STRING,):
            return False
        rest = rest[1:]
    return _tags(rest) in ((), (asn1.BIT_STRING,))


def _is_token_or_nothing(octets: bytes, after: tuple[_Element, ...]) -> bool:
    if not after:
        return True
    return after[0].tag == asn1.SEQUENCE and _tags(after[0].children(octets)[:1]) == (asn1.OID,) and len(after) == 1
