"""A time-stamp authority in memory: real RFC 3161 answers, for tests, demonstrations and the sandbox.

Honest by itself; `TokenForm` says in which ways an answer is to be wrong. Serial numbers follow from the question and
the time, so the same question at the same time gets the same token where the key's algorithm allows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from signing import asn1
from signing.algorithms import (
    DigestAlgorithm,
    Standing,
    algorithm_identifier,
    digest_algorithm,
    digest_by_oid,
    encode_algorithm_identifier,
    signature_algorithm,
)
from signing.certificates import Certificate
from signing.cms import SIGNED_DATA, encode_attribute
from signing.errors import Malformed
from signing.sandbox_pki import IssuedKey

TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
SANDBOX_TSA_POLICY: Final = "1.3.6.1.4.1.99999.1"
"""Of nobody: the arc 99999 is not assigned."""

_SIGNING_CERTIFICATE_V1: Final = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_OCSP_IN_CMS: Final = "1.3.6.1.5.5.7.16.2"
_SHA1: Final = "1.3.14.3.2.26"

_REJECTION, _BAD_ALGORITHM, _BAD_FORMAT, _OTHER_POLICY = 2, 0, 5, 15


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenForm:
    """How an answer differs from the honest one; a field left as it is changes nothing."""

    status: int | None = None
    with_token: bool = True
    imprint: bytes | None = None
    imprint_oid: str | None = None
    nonce: int | Literal["as asked", "none"] = "as asked"
    policy: str | None = None
    generated_at: datetime | None = None
    accuracy: timedelta | None = timedelta(seconds=1)
    content_type: str = TST_INFO
    """Of the content."""
    signed_content_type: str = TST_INFO
    """Of the attribute."""
    message_digest: bytes | None = None
    reference: Literal["v2", "v1", "both", "none"] = "v2"
    reference_to: bytes | None = None
    """DER of the certificate that the signed reference names."""
    certificates: Literal["as asked", "never"] = "as asked"
    other_certificates: tuple[bytes, ...] = ()
    """DER, before the authority's own."""
    signers: int = 1
    broken_value: bool = False
    digest: str | None = None
    """Id named as digestAlgorithm instead of the one signed with."""
    critical_extension: str | None = None
    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()


HONEST: Final = TokenForm()


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxTsa:
    """`key` is of the kind "tsa"; `clock` gives the aware time that goes into genTime, to the microsecond."""

    key: IssuedKey
    clock: Callable[[], datetime]
    policy: str = SANDBOX_TSA_POLICY
    form: TokenForm = field(default=HONEST)

    def wrong(self, **changes: object) -> SandboxTsa:
        """The same authority with an answer that differs in these fields of `TokenForm`."""
        return replace(self, form=replace(self.form, **changes))  # type: ignore[arg-type]

    def answer(self, request: bytes) -> bytes:
        """DER of the TimeStampResp to a TimeStampReq; a question that cannot be read or granted gets a refusal."""
        try:
            asked = _read_request(request)
        except Malformed:
            return _refusal(_BAD_FORMAT)
        if self.form.status is not None:
            return asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, asn1.encode_integer(self.form.status)))
        if asked.digest is None or asked.digest.size != len(asked.imprint):
            return _refusal(_BAD_ALGORITHM)
        if asked.policy not in (None, self.policy):
            return _refusal(_OTHER_POLICY)
        status = asn1.encode(asn1.SEQUENCE, asn1.encode_integer(0))
        return asn1.encode(asn1.SEQUENCE, status, self._token(asked) if self.form.with_token else b"")

    def token(self, digest: DigestAlgorithm, imprint: bytes) -> bytes:
        """DER of the bare token over `imprint`, certificates included, no nonce."""
        return self._token(_Asked(digest=digest, imprint=imprint, policy=None, nonce=None, certificates=True))

    def _token(self, asked: _Asked) -> bytes:
        form = self.form
        content = self._tst_info(asked)
        certificates = list(form.other_certificates)
        if asked.certificates and form.certificates == "as asked":
            certificates += (self.key.certificate, *self.key.chain)
        signer = self._signer_info(content)
        digest_identifier = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(self._digest().oid))
        revocation = [
            *form.crls,
            *(asn1.encode(0xA1, asn1.encode_oid(_OCSP_IN_CMS), answer) for answer in form.ocsp_responses),
        ]
        signed_data = asn1.encode(
            asn1.SEQUENCE,
            asn1.encode_integer(5 if form.ocsp_responses else 3),  # RFC 5652, 5.1: content of another type than data
            asn1.encode_set([digest_identifier]),
            asn1.encode(
                asn1.SEQUENCE,
                asn1.encode_oid(form.content_type),
                asn1.encode(0xA0, asn1.encode(asn1.OCTET_STRING, content)),
            ),
            asn1.encode_set(certificates, tag=0xA0) if certificates else b"",
            asn1.encode_set(revocation, tag=0xA1) if revocation else b"",
            asn1.encode_set([signer] * form.signers),
        )
        return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(SIGNED_DATA), asn1.encode(0xA0, signed_data))

    def _tst_info(self, asked: _Asked) -> bytes:
        form = self.form
        moment = (form.generated_at or self.clock()).astimezone(UTC)
        oid = form.imprint_oid or (asked.digest.oid if asked.digest is not None else "")
        hashed_by = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), asn1.encode(asn1.NULL))
        imprint = asn1.encode(asn1.OCTET_STRING, form.imprint if form.imprint is not None else asked.imprint)
        nonce = asked.nonce if form.nonce == "as asked" else None if form.nonce == "none" else form.nonce
        number = hashlib.sha256(asked.imprint + f"{asked.nonce} {moment.isoformat()}".encode()).digest()[:8]
        return asn1.encode(
            asn1.SEQUENCE,
            asn1.encode_integer(1),
            asn1.encode_oid(form.policy or self.policy),
            asn1.encode(asn1.SEQUENCE, hashed_by, imprint),
            asn1.encode_integer(int.from_bytes(number, "big")),
            asn1.encode(asn1.GENERALIZED_TIME, _generalized(moment)),
            _accuracy(form.accuracy),
            asn1.encode_integer(nonce) if nonce is not None else b"",
            _critical_extension(form.critical_extension),
        )

    def _signer_info(self, content: bytes) -> bytes:
        form, digest, key = self.form, self._digest(), self.key.signing_key()
        message_digest = digest.of(content) if form.message_digest is None else form.message_digest
        attributes = [
            encode_attribute(_CONTENT_TYPE, asn1.encode_oid(form.signed_content_type)),
            encode_attribute(_MESSAGE_DIGEST, asn1.encode(asn1.OCTET_STRING, message_digest)),
            *_references(form, form.reference_to or self.key.certificate),
        ]
        signed = asn1.encode_set(attributes)
        value = key.sign(signed)
        if form.broken_value:
            value = key.sign(signed + b"\0")
        named = digest if form.digest is None else digest_algorithm(form.digest) or digest
        certificate = Certificate.from_der(self.key.certificate)
        algorithm = signature_algorithm(key.algorithm)
        assert algorithm is not None
        return asn1.encode(
            asn1.SEQUENCE,
            asn1.encode_integer(1),
            asn1.encode(asn1.SEQUENCE, certificate.issuer.der, asn1.encode_integer(certificate.serial)),
            asn1.encode(asn1.SEQUENCE, asn1.encode_oid(named.oid)),
            b"\xa0" + signed[1:],
            encode_algorithm_identifier(algorithm),
            asn1.encode(asn1.OCTET_STRING, value),
        )

    def _digest(self) -> DigestAlgorithm:
        """The hash of the key's signature algorithm; SHA-512 for Ed25519 (RFC 8419, 3.1)."""
        algorithm = signature_algorithm(self.key.signing_key().algorithm)
        digest = digest_algorithm((algorithm.digest if algorithm is not None else None) or "sha512")
        assert digest is not None
        return digest


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    digest: DigestAlgorithm | None
    imprint: bytes
    policy: str | None
    nonce: int | None
    certificates: bool


def _read_request(der: bytes) -> _Asked:
    fields = asn1.Fields(asn1.read_der(der))
    asn1.integer(fields.take(asn1.INTEGER))
    message = asn1.Fields(fields.take(asn1.SEQUENCE))
    digest = digest_by_oid(algorithm_identifier(message.take(asn1.SEQUENCE))[0])
    imprint = asn1.octets(message.take(asn1.OCTET_STRING))
    policy, nonce = fields.take_optional(asn1.OID), fields.take_optional(asn1.INTEGER)
    certificates = fields.take_optional(asn1.BOOLEAN)
    fields.take_optional(0xA0)
    fields.end()
    return _Asked(
        digest=digest if digest is not None and digest.standing is Standing.TRUSTED else None,
        imprint=imprint,
        policy=asn1.oid(policy) if policy is not None else None,
        nonce=asn1.integer(nonce) if nonce is not None else None,
        certificates=certificates is not None and asn1.boolean(certificates),
    )


def _refusal(failure: int) -> bytes:
    """PKIStatusInfo with one failure bit (RFC 3161, 2.4.2)."""
    octets = bytearray(failure // 8 + 1)
    octets[-1] = 0x80 >> failure % 8
    bits = asn1.encode(asn1.BIT_STRING, bytes((7 - failure % 8,)), bytes(octets))
    return asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, asn1.encode_integer(_REJECTION), bits))


def _references(form: TokenForm, certificate: bytes) -> list[bytes]:
    """ESSCertIDv2 with SHA-256, which is the default and is not written; ESSCertID with SHA-1 (RFC 5816, RFC 2634)."""
    found = []
    for version, oid in (("v1", _SIGNING_CERTIFICATE_V1), ("v2", _SIGNING_CERTIFICATE_V2)):
        if form.reference in (version, "both"):
            digest = (
                hashlib.sha1(certificate, usedforsecurity=False) if version == "v1" else hashlib.sha256(certificate)
            )
            reference = asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.OCTET_STRING, digest.digest()))
            found.append(encode_attribute(oid, asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, reference))))
    return found


def _generalized(moment: datetime) -> bytes:
    """GeneralizedTime without zeros at the end of its fraction (X.690, 11.7)."""
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{moment.year:04d}{moment:%m%d%H%M%S}{fraction}Z".encode()


def _accuracy(accuracy: timedelta | None) -> bytes:
    if accuracy is None:
        return b""
    seconds = accuracy.days * 86_400 + accuracy.seconds
    millis, micros = divmod(accuracy.microseconds, 1000)
    parts = [asn1.encode_integer(seconds)] if seconds else []
    for tag, value in ((0x80, millis), (0x81, micros)):
        if value:
            parts.append(bytes((tag,)) + asn1.encode_integer(value)[1:])
    return asn1.encode(asn1.SEQUENCE, *parts)


def _critical_extension(oid: str | None) -> bytes:
    if oid is None:
        return b""
    value = asn1.encode(asn1.OCTET_STRING, asn1.encode(asn1.NULL))
    extension = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), asn1.encode(asn1.BOOLEAN, b"\xff"), value)
    return asn1.encode(0xA1, extension)
