"""A certificate read strictly, and the facts of it that a person is shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from signing import asn1
from signing.algorithms import PublicKey, algorithm_identifier, describe_public_key
from signing.certificates.distinguished_name import SERIAL_NUMBER, Name, read_name, without_personal_number
from signing.errors import Malformed

if TYPE_CHECKING:
    from datetime import datetime

MAX_CERTIFICATE_BYTES: Final = 64 * 1024
_REMEMBERED_BYTES: Final = 8 * 1024
"""Larger certificates are parsed anew each time: what strangers may make us remember is bounded."""

SUBJECT_KEY_IDENTIFIER: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
SUBJECT_ALT_NAME: Final = "2.5.29.17"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
NAME_CONSTRAINTS: Final = "2.5.29.30"
CERTIFICATE_POLICIES: Final = "2.5.29.32"
POLICY_MAPPINGS: Final = "2.5.29.33"
AUTHORITY_KEY_IDENTIFIER: Final = "2.5.29.35"
POLICY_CONSTRAINTS: Final = "2.5.29.36"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"
INHIBIT_ANY_POLICY: Final = "2.5.29.54"

# RFC 5280, 4.2.1.3, bit 0 first
KEY_USAGE_NAMES: Final = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)

_COMMON_NAME, _ORGANIZATION, _UNIT = "2.5.4.3", "2.5.4.10", "2.5.4.11"
_BIN_DIGITS: Final = 12
_VERSION_3: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    oid: str
    critical: bool
    value: bytes
    """DER inside the OCTET STRING, not yet walked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateFacts:
    """What a report says of a certificate. `serial` in hex, `sha256` hex of the DER, `roles` are extended key usage
    OIDs.

    Whether an IIN is there is a fact; its digits are personal and are not here.
    """

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    roles: tuple[str, ...]
    bin: str | None
    iin_present: bool
    common_name: str | None
    organization: str | None
    key_usage: tuple[str, ...]
    sha256: str

    def as_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
            "roles": list(self.roles),
            "bin": self.bin,
            "iin_present": self.iin_present,
            "common_name": self.common_name,
            "organization": self.organization,
            "key_usage": list(self.key_usage),
            "sha256": self.sha256,
        }


@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class Certificate:
    """A parsed certificate; equal when its bytes are equal. Made by `Certificate.from_der` only."""

    der: bytes
    tbs: bytes
    """The signed part, original bytes."""
    serial: int
    inner_algorithm: asn1.Der
    outer_algorithm: asn1.Der
    issuer: Name
    subject: Name
    not_before: datetime
    not_after: datetime
    public_key_info: bytes
    signature: bytes
    extensions: tuple[Extension, ...]
    sha256: str
    basic_constraints: tuple[bool, int | None] | None
    """(is a CA, path length) or None when the extension is absent."""
    key_usage: frozenset[str] | None
    """Names of the bits set, or None when the extension is absent: then no usage is forbidden (RFC 5280, 4.2.1.3)."""
    roles: tuple[str, ...] | None
    """Extended key usage OIDs, or None when the extension is absent."""
    subject_key_id: bytes | None
    authority_key_id: bytes | None

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """Parse; raises Malformed for anything but exactly one strict DER certificate of at most 64 KB.

        Duplicate extensions, odd serial numbers and unequal algorithms are kept as they are: judging is the path's
        work.
        """
        return _remembered(der) if len(der) <= _REMEMBERED_BYTES else _parse(der)

    def extension(self, oid: str) -> Extension | None:
        return next((extension for extension in self.extensions if extension.oid == oid), None)

    @property
    def public_key(self) -> PublicKey:
        return describe_public_key(self.public_key_info)

    @property
    def is_self_issued(self) -> bool:
        return self.subject.key == self.issuer.key

    @property
    def is_ca(self) -> bool:
        return self.basic_constraints is not None and self.basic_constraints[0]

    def facts(self) -> CertificateFacts:
        return _facts(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"<Certificate sha256={self.sha256[:16]}>"


def certificate_facts(der: bytes) -> CertificateFacts:
    """Facts of a DER certificate; raises Malformed."""
    return Certificate.from_der(der).facts()


@lru_cache(maxsize=1024)
def _facts(certificate: Certificate) -> CertificateFacts:
    subject = certificate.subject
    bins = [
        unit[3:]
        for unit in subject.values(_UNIT)
        if unit.startswith("BIN") and unit[3:].isascii() and unit[3:].isdigit() and len(unit) == 3 + _BIN_DIGITS
    ]
    usage = certificate.key_usage or frozenset()
    return CertificateFacts(
        subject=subject.shown(),
        issuer=certificate.issuer.shown(),
        serial=f"{certificate.serial:x}",
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        roles=certificate.roles or (),
        # two different numbers say nothing about whose key it is; the check digit is not looked at, published test
        # certificates do not satisfy it
        bin=bins[0] if len(set(bins)) == 1 else None,
        iin_present=any(value.startswith("IIN") for value in subject.values(SERIAL_NUMBER)),
        common_name=next(map(without_personal_number, subject.values(_COMMON_NAME)), None),
        organization=next(map(without_personal_number, subject.values(_ORGANIZATION)), None),
        key_usage=tuple(name for name in KEY_USAGE_NAMES if name in usage),
        sha256=certificate.sha256,
    )


def _parse(der: bytes) -> Certificate:
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise Malformed("signing.certificate-too-large", limit=str(MAX_CERTIFICATE_BYTES))
    outer = asn1.Fields(asn1.read_der(der))
    tbs = outer.take(asn1.SEQUENCE)
    outer_algorithm = outer.take(asn1.SEQUENCE)
    signature = asn1.bit_string_octets(outer.take(asn1.BIT_STRING))
    outer.end()

    fields = asn1.Fields(tbs)
    version = fields.take_optional(0xA0)
    serial = asn1.integer(fields.take(asn1.INTEGER))
    inner_algorithm = fields.take(asn1.SEQUENCE)
    issuer = read_name(fields.take(asn1.SEQUENCE))
    validity = asn1.Fields(fields.take(asn1.SEQUENCE))
    not_before, not_after = asn1.time(validity.take()), asn1.time(validity.take())
    validity.end()
    subject = read_name(fields.take(asn1.SEQUENCE))
    public_key_info = fields.take(asn1.SEQUENCE)
    fields.take_optional(0x81)
    fields.take_optional(0x82)
    extensions = _extensions(fields.take_optional(0xA3), version)
    fields.end()
    algorithm_identifier(inner_algorithm)
    algorithm_identifier(outer_algorithm)

    first: dict[str, bytes] = {}
    for extension in extensions:
        first.setdefault(extension.oid, extension.value)
    return Certificate(
        der=der,
        tbs=tbs.raw,
        serial=serial,
        inner_algorithm=inner_algorithm,
        outer_algorithm=outer_algorithm,
        issuer=issuer,
        subject=subject,
        not_before=not_before,
        not_after=not_after,
        public_key_info=public_key_info.raw,
        signature=signature,
        extensions=extensions,
        sha256=hashlib.sha256(der).hexdigest(),
        basic_constraints=_basic_constraints(first.get(BASIC_CONSTRAINTS)),
        key_usage=_key_usage(first.get(KEY_USAGE)),
        roles=_roles(first.get(EXTENDED_KEY_USAGE)),
        subject_key_id=_subject_key_id(first.get(SUBJECT_KEY_IDENTIFIER)),
        authority_key_id=_authority_key_id(first.get(AUTHORITY_KEY_IDENTIFIER)),
    )


_remembered = lru_cache(maxsize=1024)(_parse)


def _only(wrapped: asn1.Der) -> asn1.Der | None:
    """The one value inside an explicit tag; a second one there is no certificate of anybody."""
    inside = asn1.children(wrapped)
    if len(inside) > 1:
        raise Malformed("asn1.not-der", rule="more than one value in an explicit tag")
    return inside[0] if inside else None


def _extensions(wrapped: asn1.Der | None, version: asn1.Der | None) -> tuple[Extension, ...]:
    if version is not None:
        number = _only(version)
        if asn1.integer(asn1.expect(number, asn1.INTEGER)) != _VERSION_3:
            raise Malformed("signing.certificate-version")
    if wrapped is None:
        return ()
    if version is None:
        raise Malformed("signing.certificate-version")
    listed = _only(wrapped)
    found = []
    for element in asn1.children(asn1.expect(listed, asn1.SEQUENCE)):
        fields = asn1.Fields(element)
        oid = asn1.oid(fields.take(asn1.OID))
        critical = fields.take_optional(asn1.BOOLEAN)
        if critical is not None and not asn1.boolean(critical):
            raise Malformed("asn1.not-der", rule="default value written out")
        value = asn1.octets(fields.take(asn1.OCTET_STRING))
        fields.end()
        found.append(Extension(oid=oid, critical=critical is not None, value=value))
    return tuple(found)


def _basic_constraints(value: bytes | None) -> tuple[bool, int | None] | None:
    if value is None:
        return None
    fields = asn1.Fields(asn1.read_der(value))
    ca = fields.take_optional(asn1.BOOLEAN)
    length = fields.take_optional(asn1.INTEGER)
    fields.end()
    path_length = asn1.integer(length) if length is not None else None
    if path_length is not None and (path_length < 0 or ca is None):
        raise Malformed("signing.certificate-basic-constraints")
    return (ca is not None and asn1.boolean(ca), path_length)


def _key_usage(value: bytes | None) -> frozenset[str] | None:
    if value is None:
        return None
    bits = asn1.named_bits(asn1.read_der(value))
    return frozenset(name for index, name in enumerate(KEY_USAGE_NAMES) if index in bits)


def _roles(value: bytes | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return tuple(asn1.oid(element) for element in asn1.children(asn1.expect(asn1.read_der(value), asn1.SEQUENCE)))


def _subject_key_id(value: bytes | None) -> bytes | None:
    return None if value is None else asn1.octets(asn1.read_der(value))


def _authority_key_id(value: bytes | None) -> bytes | None:
    if value is None:
        return None
    fields = asn1.Fields(asn1.read_der(value))
    key_id = fields.take_optional(0x80)
    return None if key_id is None else key_id.content
