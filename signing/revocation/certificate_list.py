"""A CRL read strictly round its entries (RFC 5280, 5.1 and 5.2); the entries are `crl_index`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from signing import asn1
from signing.algorithms import algorithm_identifier, signature_algorithm_from_der, verify_signature
from signing.certificates import Certificate, Name, read_name
from signing.errors import Malformed
from signing.revocation.crl_index import CrlIndex
from signing.revocation.extensions import Extension, Scope, read_extensions, read_scope, same_algorithm

MAX_CRL_BYTES: Final = 64 * 1024 * 1024
"""Three times the largest national list (21.6 MB, July 2026)."""
_REMEMBERED_BYTES: Final = 64 * 1024
"""Up to here lists are small and many are remembered; of larger ones, a few."""

CRL_NUMBER: Final = "2.5.29.20"
DELTA_CRL_INDICATOR: Final = "2.5.29.27"
ISSUING_DISTRIBUTION_POINT: Final = "2.5.29.28"
AUTHORITY_KEY_IDENTIFIER: Final = "2.5.29.35"
EXPIRED_CERTS_ON_CRL: Final = "2.5.29.60"

_UNDERSTOOD: Final = frozenset(
    {CRL_NUMBER, DELTA_CRL_INDICATOR, ISSUING_DISTRIBUTION_POINT, AUTHORITY_KEY_IDENTIFIER, EXPIRED_CERTS_ON_CRL}
)
_VERSION_2: Final = 1
MAX_NUMBER_OCTETS: Final = 20
"""CRLNumber and BaseCRLNumber (RFC 5280, 5.2.3)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CertificateList:
    """A CRL; nothing in it is believed before `crl` has verified who signed it. `number` None when there is none."""

    der: bytes
    sha256: str
    algorithm: asn1.Der
    signature: bytes
    issuer: Name
    this_update: datetime
    next_update: datetime | None
    number: int | None
    number_is_critical: bool
    base_number: int | None
    """BaseCRLNumber of a delta CRL; None: the list is complete for its scope."""
    scope: Scope
    authority_key_id: bytes | None
    expired_kept_since: datetime | None
    unknown_critical: str | None
    tbs_span: tuple[int, int]
    entries_span: tuple[int, int]
    _index: list[CrlIndex] = field(default_factory=list)
    _signers: set[Certificate] = field(default_factory=set)

    def is_signed_by(self, issuer: Certificate) -> bool:
        """Whether the issuer's key verifies the list; a yes is remembered as long as the list, a no is not."""
        if issuer in self._signers:
            return True
        algorithm = signature_algorithm_from_der(self.algorithm)
        signed = self.der[slice(*self.tbs_span)]
        if algorithm is None or not verify_signature(algorithm, issuer, signed, self.signature, form="cms"):
            return False
        self._signers.add(issuer)
        return True

    def index(self) -> CrlIndex:
        """The index of the entries, built when first asked for and kept as long as the list; raises as CrlIndex does.

        Call it for a list whose signature is verified.
        """
        if not self._index:
            self._index.append(CrlIndex(self.der, *self.entries_span, indirect=self.scope.indirect))
        return self._index[0]


def read_crl(der: bytes) -> CertificateList:
    """Read a CertificateList of at most 64 MB; raises Malformed. The last few are remembered with their index."""
    return _small(der) if len(der) <= _REMEMBERED_BYTES else _large(der)


class _Outline:
    """Takes elements one after the other without looking inside them."""

    __slots__ = ("_at", "_der", "_end")

    def __init__(self, der: bytes, start: int, end: int) -> None:
        self._der, self._at, self._end = der, start, end

    def take(self, *tags: int) -> tuple[int, int, int]:
        """Start of the next element, start and end of its content; raises Malformed for another tag."""
        span = self.take_optional(*tags)
        if span is None:
            raise Malformed("asn1.structure", expected="/".join(f"{tag:02x}" for tag in tags), found="other")
        return span

    def take_optional(self, *tags: int) -> tuple[int, int, int] | None:
        if self._at == self._end:
            return None
        tag, start, end = asn1.header(self._der, self._at, self._end)
        if tag not in tags:
            return None
        at, self._at = self._at, end
        return at, start, end

    def read(self, *tags: int) -> asn1.Der:
        """The next element, walked to its leaves."""
        at, _, end = self.take(*tags)
        return asn1.read_der(self._der[at:end])

    def end(self) -> None:
        if self._at != self._end:
            raise Malformed("asn1.trailing-bytes")


def _read(der: bytes) -> CertificateList:
    if len(der) > MAX_CRL_BYTES:
        raise Malformed("signing.crl-too-large", limit=str(MAX_CRL_BYTES))
    whole = _Outline(der, 0, len(der))
    _, start, end = whole.take(asn1.SEQUENCE)
    whole.end()
    outer = _Outline(der, start, end)
    tbs_at, tbs_start, tbs_end = outer.take(asn1.SEQUENCE)
    algorithm = outer.read(asn1.SEQUENCE)
    signature = asn1.bit_string_octets(outer.read(asn1.BIT_STRING))
    outer.end()

    tbs = _Outline(der, tbs_start, tbs_end)
    version = tbs.take_optional(asn1.INTEGER)
    inner_algorithm = tbs.read(asn1.SEQUENCE)
    issuer = read_name(tbs.read(asn1.SEQUENCE))
    this_update = asn1.time(tbs.read(asn1.UTC_TIME, asn1.GENERALIZED_TIME))
    next_update = tbs.take_optional(asn1.UTC_TIME, asn1.GENERALIZED_TIME)
    entries = tbs.take_optional(asn1.SEQUENCE)
    wrapped = tbs.take_optional(0xA0)
    tbs.end()
    if not same_algorithm(algorithm_identifier(inner_algorithm), algorithm_identifier(algorithm)):
        raise Malformed("signing.crl-algorithms")
    extensions = _extensions(der, wrapped, version)
    return CertificateList(
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        algorithm=algorithm,
        signature=signature,
        issuer=issuer,
        this_update=this_update,
        next_update=asn1.time(asn1.read_der(der[next_update[0] : next_update[2]])) if next_update else None,
        number=_number(extensions.get(CRL_NUMBER)),
        number_is_critical=CRL_NUMBER in extensions and extensions[CRL_NUMBER].critical,
        base_number=_number(extensions.get(DELTA_CRL_INDICATOR)),
        scope=_scope(extensions.get(ISSUING_DISTRIBUTION_POINT)),
        authority_key_id=_key_id(extensions.get(AUTHORITY_KEY_IDENTIFIER)),
        expired_kept_since=_time(extensions.get(EXPIRED_CERTS_ON_CRL)),
        unknown_critical=next(
            (oid for oid, extension in extensions.items() if extension.critical and oid not in _UNDERSTOOD), None
        ),
        tbs_span=(tbs_at, tbs_end),
        entries_span=(entries[1], entries[2]) if entries else (tbs_end, tbs_end),
    )


_small = lru_cache(maxsize=256)(_read)
_large = lru_cache(maxsize=3)(_read)


def _extensions(
    der: bytes, wrapped: tuple[int, int, int] | None, version: tuple[int, int, int] | None
) -> dict[str, Extension]:
    """RFC 5280, 5.1.2.1: version 2 is said exactly where there are extensions; the first version has none."""
    if version is not None and asn1.integer(asn1.read_der(der[version[0] : version[2]])) != _VERSION_2:
        raise Malformed("signing.crl-version")
    if wrapped is None:
        return {}
    if version is None:
        raise Malformed("signing.crl-version")
    return read_extensions(asn1.read_der(der[wrapped[1] : wrapped[2]]))


def _number(extension: Extension | None) -> int | None:
    if extension is None:
        return None
    number = asn1.integer(asn1.read_der(extension.value), max_octets=MAX_NUMBER_OCTETS + 1)  # one for the sign
    if number < 0 or number.bit_length() > 8 * MAX_NUMBER_OCTETS:
        raise Malformed("signing.crl-number")
    return number


def _scope(extension: Extension | None) -> Scope:
    return Scope() if extension is None else read_scope(extension.value)


def _key_id(extension: Extension | None) -> bytes | None:
    if extension is None:
        return None
    found = asn1.Fields(asn1.read_der(extension.value)).take_optional(0x80)
    return found.content if found is not None else None


def _time(extension: Extension | None) -> datetime | None:
    if extension is None:
        return None
    return asn1.time(asn1.expect(asn1.read_der(extension.value), asn1.GENERALIZED_TIME))
