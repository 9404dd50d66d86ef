"""Lists of revoked certificates, full and delta, of any size: for tests, demonstrations, measuring and the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from signing import asn1
from signing.algorithms import encode_algorithm_identifier, signature_algorithm
from signing.certificates import Certificate
from signing.keys import SigningKey
from signing.sandbox_services.register import Revocation, SandboxRegister

_REASON_CODE: Final = "2.5.29.21"
_INVALIDITY_DATE: Final = "2.5.29.24"
_CRL_NUMBER: Final = "2.5.29.20"
_DELTA_CRL_INDICATOR: Final = "2.5.29.27"
_ISSUING_DISTRIBUTION_POINT: Final = "2.5.29.28"
_AUTHORITY_KEY_IDENTIFIER: Final = "2.5.29.35"
_EXPIRED_CERTS_ON_CRL: Final = "2.5.29.60"
_ENUMERATED: Final = 0x0A


@dataclass(frozen=True, kw_only=True, slots=True)
class ListForm:
    """How a list is written; a field left as it is gives an ordinary full list."""

    number: int | None = 7
    number_is_critical: bool = False
    base_number: int | None = None
    """Makes it a delta CRL."""
    next_update: timedelta | None = timedelta(hours=24)
    """After thisUpdate."""
    scope: bytes | None = None
    """DER of an issuingDistributionPoint."""
    issuer: bytes | None = None
    """DER of another name than the issuer's own."""
    with_key_id: bool = True
    key_id: bytes | None = None
    expired_kept_since: datetime | None = None
    critical_extension: str | None = None
    entries: bytes | None = None
    """Entries in place of those of the register, one after the other (see `entry`)."""
    algorithm: bytes | None = None
    """DER of the AlgorithmIdentifier inside, other than the one outside."""
    version: int | None = 1
    broken_value: bool = False
    after: bytes = b""


ORDINARY: Final = ListForm()


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxCrl:
    """Lists of the authority whose `key` signs; what stands in them is in `register`."""

    key: SigningKey
    register: SandboxRegister
    form: ListForm = field(default=ORDINARY)

    def wrong(self, **changes: object) -> SandboxCrl:
        """The same authority with a list that differs in these fields of `ListForm`."""
        return replace(self, form=replace(self.form, **changes))  # type: ignore[arg-type]

    def issue(self, this_update: datetime) -> bytes:
        """DER of the CertificateList of that moment (aware)."""
        form = self.form
        own = Certificate.from_der(self.key.certificate_chain[0])
        algorithm = signature_algorithm(self.key.algorithm)
        assert algorithm is not None
        identifier = encode_algorithm_identifier(algorithm)
        entries = form.entries if form.entries is not None else entries_of(self.register.revoked)
        extensions = self._extensions(own)
        tbs = asn1.encode(
            asn1.SEQUENCE,
            asn1.encode_integer(form.version) if form.version is not None else b"",
            form.algorithm or identifier,
            form.issuer or own.subject.der,
            asn1.encode_time(this_update),
            asn1.encode_time(this_update + form.next_update) if form.next_update is not None else b"",
            asn1.encode(asn1.SEQUENCE, entries) if entries else b"",
            asn1.encode(0xA0, asn1.encode(asn1.SEQUENCE, *extensions)) if extensions else b"",
        )
        value = self.key.sign(tbs + b"\0" if form.broken_value else tbs)
        return asn1.encode(asn1.SEQUENCE, tbs, identifier, asn1.encode(asn1.BIT_STRING, b"\x00", value)) + form.after

    def _extensions(self, own: Certificate) -> list[bytes]:
        form, found = self.form, []
        if form.with_key_id:
            key_id = form.key_id or own.subject_key_id or b""
            found.append(_extension(_AUTHORITY_KEY_IDENTIFIER, asn1.encode(asn1.SEQUENCE, asn1.encode(0x80, key_id))))
        if form.number is not None:
            number = asn1.encode_integer(form.number)
            found.append(_extension(_CRL_NUMBER, number, critical=form.number_is_critical))
        if form.base_number is not None:
            found.append(_extension(_DELTA_CRL_INDICATOR, asn1.encode_integer(form.base_number), critical=True))
        if form.scope is not None:
            found.append(_extension(_ISSUING_DISTRIBUTION_POINT, form.scope, critical=True))
        if form.expired_kept_since is not None:
            found.append(_extension(_EXPIRED_CERTS_ON_CRL, _generalized(form.expired_kept_since)))
        if form.critical_extension is not None:
            found.append(_extension(form.critical_extension, b"\x05\x00", critical=True))
        return found


def entries_of(revoked: Mapping[int, Revocation]) -> bytes:
    return b"".join(entry(serial, revocation) for serial, revocation in sorted(revoked.items()))


def entry(serial: int, revocation: Revocation, *, extensions: Iterable[bytes] = ()) -> bytes:
    """DER of one entry; `extensions` (DER) are added to those the revocation asks for."""
    listed = list(extensions)
    if revocation.invalidity_date is not None:
        listed.insert(0, _extension(_INVALIDITY_DATE, _generalized(revocation.invalidity_date)))
    if revocation.reason is not None:
        listed.insert(0, _extension(_REASON_CODE, asn1.encode(_ENUMERATED, bytes((revocation.reason,)))))
    return asn1.encode(
        asn1.SEQUENCE,
        asn1.encode_integer(serial),
        asn1.encode_time(revocation.at),
        asn1.encode(asn1.SEQUENCE, *listed) if listed else b"",
    )


def many_entries(count: int, revoked_at: datetime, *, seed: int = 0) -> tuple[bytes, tuple[int, ...]]:
    """`count` entries as the national list has them (20-octet serials, most with a reason), and their serials.

    The same seed gives the same entries. 420,000 take about a second and 21 MB.
    """
    random = Random(seed)  # noqa: S311 - numbers for a list nobody trusts
    moment = asn1.encode_time(revoked_at)
    tails = [
        moment + asn1.encode(asn1.SEQUENCE, _extension(_REASON_CODE, asn1.encode(_ENUMERATED, bytes((reason,)))))
        for reason in (3, 3, 3, 5, 6, 4, 1)
    ]
    tails.append(moment)
    parts, serials = [], []
    for _ in range(count):
        serial = random.getrandbits(158) | 1 << 158  # 20 octets, the sign bit free
        tail = tails[serial & 7]
        serials.append(serial)
        parts.append(bytes((asn1.SEQUENCE, 22 + len(tail), asn1.INTEGER, 20)) + serial.to_bytes(20, "big") + tail)
    return b"".join(parts), tuple(serials)


def _generalized(moment: datetime) -> bytes:
    utc = moment.astimezone(UTC)
    return asn1.encode(asn1.GENERALIZED_TIME, f"{utc.year:04d}{utc:%m%d%H%M%S}Z".encode())


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = asn1.encode(asn1.BOOLEAN, b"\xff") if critical else b""
    return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), flag, asn1.encode(asn1.OCTET_STRING, value))
