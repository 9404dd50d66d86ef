"""OCSP answers read strictly: OCSPResponse, or the BasicOCSPResponse alone as signatures embed it (RFC 6960, 4.2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from signing import asn1
from signing.algorithms import algorithm_identifier, digest_by_oid
from signing.certificates import Certificate, Name, read_name
from signing.errors import Malformed
from signing.revocation.extensions import Extension, only, read_extensions
from signing.revocation.statement import HOLD, NEVER_ISSUED, REASONS, Status

MAX_OCSP_BYTES: Final = 64 * 1024
"""The largest national answer seen has 2.2 kB; room for a chain of RSA-4096 certificates."""
_REMEMBERED_BYTES: Final = 8 * 1024
"""Up to here answers are small and many are remembered; of larger ones, as many as a signature brings along: each is
asked about every certificate there is."""
MAX_CERTIFICATES: Final = 16
MAX_RESPONSES: Final = 256

EXTENDED_REVOKE: Final = "1.3.6.1.5.5.7.48.1.9"
ARCHIVE_CUTOFF: Final = "1.3.6.1.5.5.7.48.1.6"
INVALIDITY_DATE: Final = "2.5.29.24"
REASON_CODE: Final = "2.5.29.21"
NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

RESPONSE_STATUS: Final = {
    0: "successful",
    1: "malformedRequest",
    2: "internalError",
    3: "tryLater",
    5: "sigRequired",
    6: "unauthorized",
}


class NotSuccessfulError(Exception):
    """The responder answered without a status; `status` in the words of RFC 6960, 4.2.1."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SingleResponse:
    """What an answer says of one certificate, named by `serial` and the hashes of its issuer."""

    hash_algorithm: str
    """Id in the digest table, or the OID of a hash that is not there."""
    name_hash: bytes
    key_hash: bytes
    serial: int
    status: Status
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    reason: str | None
    invalidity_date: datetime | None
    archive_cutoff: datetime | None
    unknown_critical: str | None
    """OID of a critical extension that is not acted upon here: then nothing may be concluded."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OcspAnswer:
    """A BasicOCSPResponse: nothing in it is believed before `ocsp` has verified who signed it."""

    der: bytes
    sha256: str
    tbs: bytes
    algorithm: asn1.Der
    signature: bytes
    responder_name: Name | None
    responder_key_hash: bytes | None
    produced_at: datetime
    responses: tuple[SingleResponse, ...]
    nonce: bytes | None
    """The value of the nonce extension, DER inside its OCTET STRING."""
    unknown_critical: str | None
    certificates: tuple[bytes, ...]
    """DER of the certificates that came along, not yet read."""


def read_ocsp(der: bytes) -> OcspAnswer:
    """Read an OCSPResponse or a bare BasicOCSPResponse of at most 64 KB.

    Raises Malformed, and NotSuccessfulError for an answer that carries no status.
    """
    if len(der) > MAX_OCSP_BYTES:
        raise Malformed("signing.ocsp-too-large", limit=str(MAX_OCSP_BYTES))
    return _small(der) if len(der) <= _REMEMBERED_BYTES else _large(der)


def _read(der: bytes) -> OcspAnswer:
    outer = asn1.read_der(der)
    first = asn1.children(asn1.expect(outer, asn1.SEQUENCE))[:1]
    if first and first[0].tag == asn1.ENUMERATED:
        return _basic(_response_bytes(outer), der)
    return _basic(outer, der)


_small = lru_cache(maxsize=1024)(_read)
_large = lru_cache(maxsize=64)(_read)


def _response_bytes(outer: asn1.Der) -> asn1.Der:
    fields = asn1.Fields(outer)
    number = asn1.enumerated(fields.take(asn1.ENUMERATED))
    wrapped = fields.take_optional(0xA0)
    fields.end()
    status = RESPONSE_STATUS.get(number)
    if status is None:
        raise Malformed("signing.ocsp-status", status=str(number))
    if status != "successful":
        raise NotSuccessfulError(status)
    if wrapped is None:
        raise Malformed("signing.ocsp-empty")
    response = asn1.Fields(only(wrapped))
    kind, content = asn1.oid(response.take(asn1.OID)), asn1.octets(response.take(asn1.OCTET_STRING))
    response.end()
    if kind != _BASIC:
        raise Malformed("signing.ocsp-type", type=kind)
    return asn1.read_der(content)


def _basic(element: asn1.Der, der: bytes) -> OcspAnswer:
    fields = asn1.Fields(element)
    tbs, algorithm = fields.take(asn1.SEQUENCE), fields.take(asn1.SEQUENCE)
    signature = asn1.bit_string_octets(fields.take(asn1.BIT_STRING))
    bag = fields.take_optional(0xA0)
    fields.end()
    algorithm_identifier(algorithm)
    listed = asn1.children(asn1.expect(only(bag), asn1.SEQUENCE)) if bag is not None else ()
    if len(listed) > MAX_CERTIFICATES:
        raise Malformed("asn1.too-many-elements", limit=str(MAX_CERTIFICATES))

    content = asn1.Fields(tbs)
    version = content.take_optional(0xA0)
    if version is not None:
        # v1 is the default and the only version there is: written out it is not DER
        raise Malformed("signing.ocsp-version")
    responder = content.take(0xA1, 0xA2)
    produced_at = _generalized_time(content.take(asn1.GENERALIZED_TIME))
    responses = asn1.children(content.take(asn1.SEQUENCE))
    wrapped = content.take_optional(0xA1)
    content.end()
    if not responses or len(responses) > MAX_RESPONSES:
        raise Malformed("asn1.too-many-elements", limit=str(MAX_RESPONSES))
    extensions = read_extensions(only(wrapped)) if wrapped is not None else {}
    nonce = extensions.get(NONCE)
    by_name = responder.tag == 0xA1  # noqa: PLR2004 - ResponderID.byName
    return OcspAnswer(
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        tbs=tbs.raw,
        algorithm=algorithm,
        signature=signature,
        responder_name=read_name(only(responder)) if by_name else None,
        responder_key_hash=None if by_name else asn1.octets(only(responder)),
        produced_at=produced_at,
        responses=tuple(_single(each, extended=EXTENDED_REVOKE in extensions) for each in responses),
        nonce=nonce.value if nonce is not None else None,
        unknown_critical=_unknown_critical(extensions, frozenset({NONCE, EXTENDED_REVOKE})),
        certificates=tuple(each.raw for each in listed),
    )


def _single(element: asn1.Der, *, extended: bool) -> SingleResponse:
    fields = asn1.Fields(element)
    identity = asn1.Fields(fields.take(asn1.SEQUENCE))
    oid, parameters = algorithm_identifier(identity.take(asn1.SEQUENCE))
    if parameters not in (None, b"\x05\x00"):
        raise Malformed("signing.algorithm-parameters", algorithm=oid)
    name_hash, key_hash = (asn1.octets(identity.take(asn1.OCTET_STRING)) for _ in range(2))
    serial = asn1.integer(identity.take(asn1.INTEGER))
    identity.end()
    status = fields.take(0x80, 0xA1, 0x82)
    this_update = _generalized_time(fields.take(asn1.GENERALIZED_TIME))
    next_update = fields.take_optional(0xA0)
    wrapped = fields.take_optional(0xA1)
    fields.end()
    extensions = read_extensions(only(wrapped)) if wrapped is not None else {}
    said, revoked_at, reason = _status(status, extended=extended)
    digest = digest_by_oid(oid)
    return SingleResponse(
        hash_algorithm=digest.id if digest is not None else oid,
        name_hash=name_hash,
        key_hash=key_hash,
        serial=serial,
        status=said,
        this_update=this_update,
        next_update=_generalized_time(only(next_update)) if next_update is not None else None,
        revoked_at=revoked_at,
        reason=reason,
        invalidity_date=_time_in(extensions.get(INVALIDITY_DATE)),
        archive_cutoff=_time_in(extensions.get(ARCHIVE_CUTOFF)),
        unknown_critical=_unknown_critical(extensions, frozenset({INVALIDITY_DATE, ARCHIVE_CUTOFF, REASON_CODE})),
    )


def _status(element: asn1.Der, *, extended: bool) -> tuple[Status, datetime | None, str | None]:
    if element.tag != 0xA1:  # noqa: PLR2004 - RevokedInfo
        if element.content:
            raise Malformed("asn1.not-der", rule="null")
        return ("good" if element.tag == 0x80 else "unknown"), None, None  # noqa: PLR2004 - CertStatus.good
    fields = asn1.Fields(element, 0xA1)
    revoked_at = _generalized_time(fields.take(asn1.GENERALIZED_TIME))
    wrapped = fields.take_optional(0xA0)
    fields.end()
    reason = reason_name(only(wrapped)) if wrapped is not None else None
    if extended and reason == HOLD and revoked_at == _EPOCH:
        return "unknown", None, NEVER_ISSUED
    return "revoked", revoked_at, reason


def reason_name(element: asn1.Der) -> str:
    """A CRLReason by its name; raises Malformed for a number that is not in use."""
    number = asn1.enumerated(element)
    if number not in REASONS:
        raise Malformed("signing.revocation-reason", number=str(number))
    return REASONS[number]


def _generalized_time(element: asn1.Der) -> datetime:
    return asn1.time(asn1.expect(element, asn1.GENERALIZED_TIME))


def _time_in(extension: Extension | None) -> datetime | None:
    return None if extension is None else _generalized_time(asn1.read_der(extension.value))


def _unknown_critical(extensions: dict[str, Extension], known: frozenset[str]) -> str | None:
    return next((oid for oid, extension in extensions.items() if extension.critical and oid not in known), None)


def certificates_of(answer: OcspAnswer) -> tuple[Certificate, ...]:
    """The certificates that came along; one that is no certificate is left out, it is only a source."""
    found = []
    for der in answer.certificates:
        try:
            found.append(Certificate.from_der(der))
        except Malformed:
            continue
    return tuple(found)
