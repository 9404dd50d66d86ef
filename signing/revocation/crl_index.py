"""Entries of a CRL found by serial number: one pass over the octets, then a look-up without walking them again.

The national CRL has 420,000 entries in 21 MB. Two arrays of 4 octets per place are kept beside its octets, no object per
entry. A wrong entry elsewhere in the list is seen when somebody asks for it; what binds the whole list is looked for in
all of it: a critical extension that is not known, and the certificateIssuer that holds for the entries after it
(RFC 5280, 5.3).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from signing import asn1
from signing.certificates.distinguished_name import NameKey
from signing.errors import Malformed
from signing.revocation.extensions import Extension, directory_names, read_extensions
from signing.revocation.ocsp_response import reason_name

REASON_CODE: Final = "2.5.29.21"
INVALIDITY_DATE: Final = "2.5.29.24"
CERTIFICATE_ISSUER: Final = "2.5.29.29"

_KNOWN: Final = frozenset({REASON_CODE, INVALIDITY_DATE, CERTIFICATE_ISSUER})
_CRITICAL: Final = b"\x01\x01\xff"
_CERTIFICATE_ISSUER_OID: Final = b"\x06\x03\x55\x1d\x1d"
_MAX_DISTINCT: Final = 10_000
"""Different extensions of entries looked at in one list; lists of real authorities have a dozen."""

_LONG_LENGTH: Final = 0x80
_SHORTEST: Final = 2 + 3 + 15
"""SEQUENCE, a serial number of one octet, a UTCTime."""
_TIME_OCTETS: Final = 15
"""A UTCTime with its header; of a GeneralizedTime two octets more stand before the extensions, which harms nothing."""


class UnknownCriticalError(Exception):
    """A critical extension of an entry that is not acted upon here: the list may be used for no certificate."""

    def __init__(self, oid: str) -> None:
        super().__init__(oid)
        self.oid = oid


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One revoked certificate of a CRL. `issuers` names whose certificate it is; None: of the issuer of the CRL."""

    revoked_at: datetime
    reason: str | None
    invalidity_date: datetime | None
    issuers: frozenset[NameKey] | None


class CrlIndex:
    """Where each serial number stands in the entries of a list: octets `start` to `end` of `der`.

    Raises Malformed for an outline of entries that is none, UnknownCriticalError as said above. The signature on the
    list is verified before: an index is built from what an authority wrote, not a stranger.
    """

    __slots__ = ("_der", "_end", "_indirect", "_issuers", "_mask", "_places", "_starts")

    def __init__(self, der: bytes, start: int, end: int, *, indirect: bool) -> None:
        self._der, self._end, self._indirect = der, end, indirect
        self._starts = _outline(der, start, end)
        self._places, self._mask = self._hashed()
        self._require_known_extensions(start)
        self._issuers = self._certificate_issuers(start) if indirect else ()

    def __len__(self) -> int:
        return len(self._starts)

    def look_up(self, serial: int) -> tuple[Entry, ...]:
        """The entries with this serial number; more than one only where a list is about several issuers.

        Raises Malformed for an entry that breaks its format.
        """
        wanted = asn1.children(asn1.read_der(asn1.encode(asn1.SEQUENCE, asn1.encode_integer(serial))))[0].content
        slot, found = hash(wanted) & self._mask, []
        while place := self._places[slot]:
            if self._serial(place - 1) == wanted:
                found.append(self._entry(place - 1))
            slot = slot + 1 & self._mask
        return tuple(found)

    def _hashed(self) -> tuple[array[int], int]:
        """Open addressing over hashes of serial numbers; the hash is keyed per process, so nobody can aim at it."""
        der, starts = self._der, self._starts
        mask = (1 << (2 * len(starts) + 1).bit_length()) - 1
        places = array("I", bytes(4 * (mask + 1)))
        collisions, allowed = 0, 8 * len(starts) + 64
        for place, start in enumerate(starts, 1):
            if der[start + 1] < _LONG_LENGTH:
                slot = hash(der[start + 4 : start + 4 + der[start + 3]]) & mask
            else:
                slot = hash(self._serial(place - 1)) & mask
            while places[slot]:
                slot = slot + 1 & mask
                collisions += 1
                if collisions > allowed:  # the same number over and over
                    raise Malformed("signing.crl-entry")
            places[slot] = place
        return places, mask

    def _serial(self, number: int) -> bytes:
        der, start = self._der, self._starts[number]
        _, inside, end = asn1.header(der, start, self._end)
        _, first, last = asn1.header(der, inside, end)
        return der[first:last]

    def _entry(self, number: int) -> Entry:
        revoked_at, extensions = _read_entry(self._octets(number))
        reason = extensions.get(REASON_CODE)
        invalid = extensions.get(INVALIDITY_DATE)
        if CERTIFICATE_ISSUER in extensions and not self._indirect:
            raise Malformed("signing.crl-entry")
        return Entry(
            revoked_at=revoked_at,
            reason=reason_name(asn1.read_der(reason.value)) if reason is not None else None,
            invalidity_date=(
                asn1.time(asn1.expect(asn1.read_der(invalid.value), asn1.GENERALIZED_TIME))
                if invalid is not None
                else None
            ),
            issuers=self._issuers_of(number),
        )

    def _octets(self, number: int) -> bytes:
        start = self._starts[number]
        _, _, end = asn1.header(self._der, start, self._end)
        return self._der[start:end]

    def _issuers_of(self, number: int) -> frozenset[NameKey] | None:
        """RFC 5280, 5.3.3: the certificateIssuer of this entry, or of the nearest one before it that has one."""
        at = bisect_right(self._issuers, number, key=lambda pair: pair[0])
        return self._issuers[at - 1][1] if at else None

    def _require_known_extensions(self, start: int) -> None:
        for number in self._with(_CRITICAL, start):
            _, extensions = _read_entry(self._octets(number))
            for oid, extension in extensions.items():
                if extension.critical and (oid not in _KNOWN or (oid == CERTIFICATE_ISSUER and not self._indirect)):
                    raise UnknownCriticalError(oid)

    def _certificate_issuers(self, start: int) -> tuple[tuple[int, frozenset[NameKey]], ...]:
        found = []
        for number in self._with(_CERTIFICATE_ISSUER_OID, start, each=True):
            _, extensions = _read_entry(self._octets(number))
            extension = extensions.get(CERTIFICATE_ISSUER)
            if extension is not None:
                names = directory_names(asn1.expect(asn1.read_der(extension.value), asn1.SEQUENCE))
                found.append((number, frozenset(name.key for name in names)))
        return tuple(found)

    def _with(self, octets: bytes, start: int, *, each: bool = False) -> Iterator[int]:
        """Numbers of the entries in which these octets stand, the first of each set of extensions unless `each`."""
        seen: set[bytes] = set()
        at, count = self._der.find(octets, start, self._end), 0
        while at >= 0:
            number = bisect_right(self._starts, at) - 1
            _, inside, end = asn1.header(self._der, self._starts[number], self._end)
            _, _, after_serial = asn1.header(self._der, inside, end)
            rest = self._der[after_serial + _TIME_OCTETS : end]
            if each or rest not in seen:
                seen.add(rest)
                count += 1
                if count > _MAX_DISTINCT:
                    raise Malformed("asn1.too-many-elements", limit=str(_MAX_DISTINCT))
                yield number
            at = self._der.find(octets, end, self._end)


def _outline(der: bytes, start: int, end: int) -> array[int]:
    """Where each entry starts: a SEQUENCE that begins with an INTEGER, one after the other to the very end."""
    starts = array("I")
    add, at = starts.append, start
    while at < end:
        if at + _SHORTEST > end:
            raise Malformed("signing.crl-entry")
        length = der[at + 1]
        if length < _LONG_LENGTH:
            if der[at] != asn1.SEQUENCE or der[at + 2] != asn1.INTEGER or der[at + 3] > length - 2:
                raise Malformed("signing.crl-entry")
            add(at)
            at += length + 2
        else:
            tag, inside, last = asn1.header(der, at, end)
            if tag != asn1.SEQUENCE or asn1.header(der, inside, last)[0] != asn1.INTEGER:
                raise Malformed("signing.crl-entry")
            add(at)
            at = last
    if at != end:
        raise Malformed("signing.crl-entry")
    return starts


def _read_entry(octets: bytes) -> tuple[datetime, dict[str, Extension]]:
    fields = asn1.Fields(asn1.read_der(octets))
    fields.take(asn1.INTEGER)
    revoked_at = asn1.time(fields.take(asn1.UTC_TIME, asn1.GENERALIZED_TIME))
    listed = fields.take_optional(asn1.SEQUENCE)
    fields.end()
    return revoked_at, read_extensions(listed) if listed is not None else {}
