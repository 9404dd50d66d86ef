"""An OCSP responder in memory: real RFC 6960 answers, for tests, demonstrations and the sandbox.

Honest by itself; `AnswerForm` says in which ways an answer is to be wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from signing import asn1
from signing.algorithms import encode_algorithm_identifier, signature_algorithm
from signing.certificates import Certificate
from signing.errors import Malformed
from signing.keys import SigningKey
from signing.revocation import new_request
from signing.revocation.ocsp_request import key_hash
from signing.sandbox_services.register import Revocation, SandboxRegister

_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_ARCHIVE_CUTOFF: Final = "1.3.6.1.5.5.7.48.1.6"
_EXTENDED_REVOKE: Final = "1.3.6.1.5.5.7.48.1.9"
_INVALIDITY_DATE: Final = "2.5.29.24"
_MALFORMED_REQUEST: Final = 1
_ENUMERATED: Final = 0x0A


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerForm:
    """How an answer differs from the honest one; a field left as it is changes nothing."""

    response_status: int | None = None
    """Of OCSPResponseStatus, other than 0 (successful): nothing but this number is answered."""
    status: Literal["by register", "good", "unknown", "never issued"] = "by register"
    nonce: bytes | Literal["as asked", "none"] = "as asked"
    produced_at: datetime | None = None
    this_update: datetime | None = None
    next_update: timedelta | None = timedelta(hours=1)
    """After thisUpdate; the national responder leaves it out."""
    responder: Literal["name", "key"] = "name"
    responder_name: bytes | None = None
    """DER of another name than the responder's own."""
    certificates: tuple[bytes, ...] | None = None
    """DER in place of the responder's own and nothing else."""
    serial: int | None = None
    name_hash: bytes | None = None
    key_hash: bytes | None = None
    archive_cutoff: datetime | None = None
    critical_extension: str | None = None
    critical_single_extension: str | None = None
    algorithm: bytes | None = None
    """DER of the AlgorithmIdentifier that the answer says it is signed with."""
    broken_value: bool = False
    also_good: bool = False
    """Each certificate is called good as well, after what the register says."""
    version: bytes = b""
    after: bytes = b""
    """Octets after the answer."""


HONEST: Final = AnswerForm()


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxOcsp:
    """Answers with `key`: the issuer's own, or one of the kind "ocsp-responder"; `clock` gives the aware time."""

    key: SigningKey
    register: SandboxRegister
    clock: Callable[[], datetime]
    form: AnswerForm = field(default=HONEST)

    def wrong(self, **changes: object) -> SandboxOcsp:
        """The same responder with an answer that differs in these fields of `AnswerForm`."""
        return replace(self, form=replace(self.form, **changes))  # type: ignore[arg-type]

    def answer(self, request: bytes) -> bytes:
        """DER of the OCSPResponse to an OCSPRequest."""
        try:
            identities, nonce = _read_request(request)
        except Malformed:
            return _not_successful(_MALFORMED_REQUEST)
        if self.form.response_status is not None:
            return _not_successful(self.form.response_status)
        basic = asn1.encode(asn1.OCTET_STRING, self._basic(identities, nonce))
        response = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(_BASIC), basic)
        whole = asn1.encode(asn1.SEQUENCE, asn1.encode(_ENUMERATED, b"\x00"), asn1.encode(0xA0, response))
        return whole + self.form.after

    def status(self, certificate: bytes, issuer: bytes, *, bare: bool = False) -> bytes:
        """What is answered on a certificate (both in DER), no nonce; `bare` gives the BasicOCSPResponse alone."""
        request = new_request(Certificate.from_der(certificate), Certificate.from_der(issuer))
        return self._basic(*_read_request(request)) if bare else self.answer(request)

    def _basic(self, identities: tuple[asn1.Der, ...], nonce: bytes | None) -> bytes:
        form = self.form
        now = self.clock()
        algorithm = signature_algorithm(self.key.algorithm)
        assert algorithm is not None
        extensions = [] if nonce is None or form.nonce == "none" else [_extension(_NONCE, nonce)]
        if isinstance(form.nonce, bytes):
            extensions = [_extension(_NONCE, asn1.encode(asn1.OCTET_STRING, form.nonce))]
        if form.status == "never issued":
            extensions.append(_extension(_EXTENDED_REVOKE, b"\x05\x00"))
        if form.critical_extension is not None:
            extensions.append(_extension(form.critical_extension, b"\x05\x00", critical=True))
        registers = (self.register, SandboxRegister()) if form.also_good else (self.register,)
        tbs = asn1.encode(
            asn1.SEQUENCE,
            form.version,
            self._responder_id(),
            _time(form.produced_at or now),
            asn1.encode(asn1.SEQUENCE, *(self._single(one, each, now) for each in registers for one in identities)),
            asn1.encode(0xA1, asn1.encode(asn1.SEQUENCE, *extensions)) if extensions else b"",
        )
        value = self.key.sign(tbs + b"\0" if form.broken_value else tbs)
        listed = form.certificates if form.certificates is not None else self.key.certificate_chain[:1]
        return asn1.encode(
            asn1.SEQUENCE,
            tbs,
            form.algorithm or encode_algorithm_identifier(algorithm),
            asn1.encode(asn1.BIT_STRING, b"\x00", value),
            asn1.encode(0xA0, asn1.encode(asn1.SEQUENCE, *listed)) if listed else b"",
        )

    def _responder_id(self) -> bytes:
        own = Certificate.from_der(self.key.certificate_chain[0])
        if self.form.responder == "key":
            return asn1.encode(0xA2, asn1.encode(asn1.OCTET_STRING, key_hash(own) or b""))
        return asn1.encode(0xA1, self.form.responder_name or own.subject.der)

    def _single(self, identity: asn1.Der, register: SandboxRegister, now: datetime) -> bytes:
        form = self.form
        algorithm, name_hash, key_hash_, serial = asn1.children(identity)
        this_update = form.this_update or now
        named = asn1.encode(
            asn1.SEQUENCE,
            algorithm.raw,
            asn1.encode(asn1.OCTET_STRING, form.name_hash) if form.name_hash is not None else name_hash.raw,
            asn1.encode(asn1.OCTET_STRING, form.key_hash) if form.key_hash is not None else key_hash_.raw,
            asn1.encode_integer(form.serial) if form.serial is not None else serial.raw,
        )
        revocation = register.revoked.get(asn1.integer(serial))
        extensions = []
        if form.archive_cutoff is not None:
            extensions.append(_extension(_ARCHIVE_CUTOFF, _time(form.archive_cutoff)))
        if revocation is not None and revocation.invalidity_date is not None:
            extensions.append(_extension(_INVALIDITY_DATE, _time(revocation.invalidity_date)))
        if form.critical_single_extension is not None:
            extensions.append(_extension(form.critical_single_extension, b"\x05\x00", critical=True))
        return asn1.encode(
            asn1.SEQUENCE,
            named,
            self._certificate_status(asn1.integer(serial), revocation),
            _time(this_update),
            asn1.encode(0xA0, _time(this_update + form.next_update)) if form.next_update is not None else b"",
            asn1.encode(0xA1, asn1.encode(asn1.SEQUENCE, *extensions)) if extensions else b"",
        )

    def _certificate_status(self, serial: int, revocation: Revocation | None) -> bytes:
        form = self.form
        if form.status == "never issued":
            # certificateHold since the beginning of time: RFC 6960, 2.2
            revocation = Revocation(at=datetime(1970, 1, 1, tzinfo=UTC), reason=6)
        elif form.status == "unknown" or (form.status == "by register" and serial in self.register.unknown):
            return asn1.encode(0x82)
        if revocation is None or form.status == "good":
            return asn1.encode(0x80)
        reason = b""
        if revocation.reason is not None:
            reason = asn1.encode(0xA0, asn1.encode(_ENUMERATED, bytes((revocation.reason,))))
        return asn1.encode(0xA1, _time(revocation.at), reason)


def _read_request(der: bytes) -> tuple[tuple[asn1.Der, ...], bytes | None]:
    """CertIDs and the value of the nonce extension."""
    request = asn1.Fields(asn1.Fields(asn1.read_der(der)).take(asn1.SEQUENCE))
    request.take_optional(0xA0)
    request.take_optional(0xA1)
    listed = asn1.children(request.take(asn1.SEQUENCE))
    wrapped = request.take_optional(0xA2)
    request.end()
    nonce = None
    if wrapped is not None:
        for element in asn1.children(asn1.children(wrapped)[0]):
            fields = asn1.Fields(element)
            oid = asn1.oid(fields.take(asn1.OID))
            fields.take_optional(asn1.BOOLEAN)
            value = asn1.octets(fields.take(asn1.OCTET_STRING))
            nonce = value if oid == _NONCE else nonce
    return tuple(asn1.Fields(each).take(asn1.SEQUENCE) for each in listed), nonce


def _not_successful(status: int) -> bytes:
    return asn1.encode(asn1.SEQUENCE, asn1.encode(_ENUMERATED, bytes((status,))))


def _time(moment: datetime) -> bytes:
    utc = moment.astimezone(UTC)
    return asn1.encode(asn1.GENERALIZED_TIME, f"{utc.year:04d}{utc:%m%d%H%M%S}Z".encode())


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = asn1.encode(asn1.BOOLEAN, b"\xff") if critical else b""
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), flag, asn1.encode(asn1.OCTET_STRING, value))
