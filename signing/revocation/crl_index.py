"""Entries of a CRL found by serial number: one pass over the octets, then a look-up without walking them again.

The national CRL has 420,000 entries in 21 MB. Beside its octets one table of places is kept, 4 octets each, and no object
per entry. A wrong entry elsewhere in the list is seen when somebody asks for it; what binds the whole list is looked for in
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
_COLLISIONS_EACH: Final = 16
"""Different numbers in a table of which seven eighths are taken meet three or four others on the average."""
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

    __slots__ = ("_count", "_der", "_end", "_indirect", "_issuers", "_mask", "_places", "_start")

    def __init__(self, der: bytes, start: int, end: int, *, indirect: bool) -> None:
        self._der, self._start, self._end, self._indirect = der, start, end, indirect
        # open addressing; a place is where an entry starts, 0 is none
        most = (end - start) // _SHORTEST + 1
        slots = 1 << most.bit_length()
        self._mask, self._places = slots - 1, array("I", (0,)) * slots
        self._count = self._fill(_COLLISIONS_EACH * most + 1000)
        self._require_known_extensions()
        self._issuers = self._certificate_issuers() if indirect else ()

    def __len__(self) -> int:
        return self._count

    def look_up(self, serial: int) -> tuple[Entry, ...]:
        """The entries with this serial number; more than one only where a list is about several issuers.

        Raises Malformed for an entry that breaks its format.
        """
        wanted = asn1.read_der(asn1.encode_integer(serial)).content
        slot, found = hash(wanted) & self._mask, []
        while place := self._places[slot]:
            if self._serial(place) == wanted:
                found.append(self._entry(place))
            slot = slot + 1 & self._mask
        return tuple(found)

    def _fill(self, allowed: int) -> int:
        """Enter every entry under the hash of its serial number; the hash is keyed per process, so nobody aims at it.

        Each is a SEQUENCE that begins with an INTEGER, one after the other to the very end.
        """
        der, places, mask, at, end = self._der, self._places, self._mask, self._start, self._end
        count = collisions = 0
        while at < end:
            length = der[at + 1]
            if length < _LONG_LENGTH and der[at] == asn1.SEQUENCE and der[at + 2] == asn1.INTEGER:
                first, after = at + 4, at + 2 + length
                last = first + der[at + 3]
            else:
                first, last, after = self._long(at)
            if last > after or after - at < _SHORTEST:
                raise Malformed("signing.crl-entry")
            slot = hash(der[first:last]) & mask
            while places[slot]:
                slot = slot + 1 & mask
                collisions += 1
                if collisions > allowed:  # the same number over and over
                    raise Malformed("signing.crl-entry")
            places[slot] = at
            at = after
            count += 1
        if at != end:
            raise Malformed("signing.crl-entry")
        return count

    def _long(self, at: int) -> tuple[int, int, int]:
        """Start and end of the serial number, and end of the entry, for one that is longer than 127 octets, or none."""
        tag, inside, after = asn1.header(self._der, at, self._end)
        inner, first, last = asn1.header(self._der, inside, after)
        if tag != asn1.SEQUENCE or inner != asn1.INTEGER:
            raise Malformed("signing.crl-entry")
        return first, last, after

    def _serial(self, place: int) -> bytes:
        first, last, _ = self._long(place)
        return self._der[first:last]

    def _entry(self, place: int) -> Entry:
        revoked_at, extensions = _read_entry(self._octets(place))
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
            issuers=self._issuers_of(place),
        )

    def _octets(self, place: int) -> bytes:
        return self._der[place : self._long(place)[2]]

    def _issuers_of(self, place: int) -> frozenset[NameKey] | None:
        """RFC 5280, 5.3.3: the certificateIssuer of this entry, or of the nearest one before it that has one."""
        at = bisect_right(self._issuers, place, key=lambda pair: pair[0])
        return self._issuers[at - 1][1] if at else None

    def _require_known_extensions(self) -> None:
        seen: set[bytes] = set()
        for place in self._with(_CRITICAL):
            extensions_at = self._long(place)[1] + _TIME_OCTETS
            octets = self._octets(place)
            if (rest := self._der[extensions_at : place + len(octets)]) in seen:
                continue
            seen.add(rest)
            if len(seen) > _MAX_DISTINCT:
                raise Malformed("asn1.too-many-elements", limit=str(_MAX_DISTINCT))
            _, extensions = _read_entry(octets)
            for oid, extension in extensions.items():
                if extension.critical and (oid not in _KNOWN or (oid == CERTIFICATE_ISSUER and not self._indirect)):
                    raise UnknownCriticalError(oid)

    def _certificate_issuers(self) -> tuple[tuple[int, frozenset[NameKey]], ...]:
        found = []
        for place in self._with(_CERTIFICATE_ISSUER_OID):
            _, extensions = _read_entry(self._octets(place))
            extension = extensions.get(CERTIFICATE_ISSUER)
            if extension is not None:
                names = directory_names(asn1.expect(asn1.read_der(extension.value), asn1.SEQUENCE))
                found.append((place, frozenset(name.key for name in names)))
            if len(found) > _MAX_DISTINCT:
                raise Malformed("asn1.too-many-elements", limit=str(_MAX_DISTINCT))
        return tuple(found)

    def _with(self, octets: bytes) -> Iterator[int]:
        """Places of the entries in which these octets stand, in order."""
        at = self._der.find(octets, self._start, self._end)
        place, after = self._start, self._start
        while at >= 0:
            while after <= at:
                place, after = after, self._long(after)[2]
            yield place
            at = self._der.find(octets, after, self._end)


def _read_entry(octets: bytes) -> tuple[datetime, dict[str, Extension]]:
    fields = asn1.Fields(asn1.read_der(octets))
    fields.take(asn1.INTEGER)
    revoked_at = asn1.time(fields.take(asn1.UTC_TIME, asn1.GENERALIZED_TIME))
    listed = fields.take_optional(asn1.SEQUENCE)
    fields.end()
    return revoked_at, read_extensions(listed) if listed is not None else {}
