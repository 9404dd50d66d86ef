"""A world of certificates, status and time-stamps in which every date can be chosen; made anew in each run, P-256 keys."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from signing import (
    ETSI_BASELINE,
    Certificate,
    Check,
    IssuedKey,
    SignatureReport,
    SigningError,
    TrustAnchors,
    ValidationPolicy,
    asn1,
)
from signing.algorithms import digest_algorithm
from signing.fetcher import Fetcher, FetchRequest
from signing.sandbox_services.tsa import SandboxTsa
from signing.validation_data import NO_DATA, SIGNATURE, FoundTimeStamp, TimeStampKind, ValidationData
from signing.verify.context import Context
from signing.verify.signature import SignedClaims, judge_signer

VALUE = b"the signature value"
SHA256 = digest_algorithm("sha256")
assert SHA256 is not None
PASSED_VALUE = Check.passed("cms.signature-value")
BOUND = Check.passed("cms.signing-certificate")
POLICY = replace(ETSI_BASELINE, require_signing_time=False)


def day(text: str) -> datetime:
    """Noon of a day in UTC."""
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@cache
def _key(number: int, *, other_algorithm: bool) -> Key:
    """One key for each number; two certificates of one number are two certificates of one key."""
    del number
    return ed25519.Ed25519PrivateKey.generate() if other_algorithm else ec.generate_private_key(ec.SECP256R1())


def _hash_of(key: Key) -> hashes.SHA256 | None:
    return hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None


NO_REV_AVAIL = x509.ObjectIdentifier("2.5.29.56")


@dataclass(frozen=True)
class Party:
    """Somebody with a certificate, a key, and whoever issued it."""

    name: str
    key: Key
    x509: x509.Certificate
    issuer: Party | None

    @property
    def der(self) -> bytes:
        return self.x509.public_bytes(serialization.Encoding.DER)

    @property
    def certificate(self) -> Certificate:
        return Certificate.from_der(self.der)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def issued_key(self) -> IssuedKey:
        chain = [] if self.issuer is None or self.issuer.issuer is None else [self.issuer.der]
        return IssuedKey(kind="tsa", certificate=self.der, chain=tuple(chain), private_key=self.key)


def status_url(name: str) -> str:
    """Where the status of somebody is asked for; each has a place of his own."""
    return f"http://status.test/{name.lower().replace(' ', '-')}"


def party(
    name: str,
    number: int,
    issuer: Party | None,
    *,
    since: str = "2000-01-01",
    until: str = "2060-01-01",
    ca: bool = False,
    purposes: Sequence[x509.ObjectIdentifier] = (),
    other_algorithm: bool = False,
    without_status: bool = False,
    serial: int | None = None,
) -> Party:
    key = _key(number, other_algorithm=other_algorithm)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing_key = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.x509.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(serial or 1000 + number)
        .not_valid_before(day(since))
        .not_valid_after(day(until))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not ca,
                content_commitment=not ca and not purposes,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=ca,
                crl_sign=ca,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
    if without_status:
        builder = builder.add_extension(x509.UnrecognizedExtension(NO_REV_AVAIL, b"\x05\x00"), critical=False)
    if issuer is not None:
        place = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(status_url(name))
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
    return Party(name=name, key=key, x509=builder.sign(signing_key, _hash_of(signing_key)), issuer=issuer)


@cache
def world() -> dict[str, Party]:
    """Root → CA → signer; root → TSA CA → time-stamp authorities that follow each other; one of another algorithm."""
    stamping = [ExtendedKeyUsageOID.TIME_STAMPING]
    root = party("Root", 0, None, ca=True)
    ca = party("CA", 1, root, ca=True, until="2050-01-01")
    tsa_ca = party("TSA CA", 2, root, ca=True, until="2050-01-01")
    new_root = party("New root", 8, None, ca=True, other_algorithm=True)
    return {
        "root": root,
        "ca": ca,
        "ca-again": party("CA", 1, root, ca=True, until="2050-01-01", serial=2001),
        "tsa-ca": tsa_ca,
        "signer": party("Signer", 3, ca, since="2020-01-01", until="2023-01-01"),
        "short-lived": party("Short-lived", 10, ca, since="2022-06-01", until="2022-06-08", without_status=True),
        "tsa": party("TSA", 4, tsa_ca, since="2020-01-01", until="2025-01-01", purposes=stamping),
        "tsa-0": party("TSA 0", 7, tsa_ca, since="2018-01-01", until="2021-01-01", purposes=stamping),
        "tsa-2": party("TSA 2", 5, tsa_ca, since="2023-06-01", until="2030-01-01", purposes=stamping),
        "new-root": new_root,
        "new-tsa": party(
            "New TSA", 9, new_root, since="2028-01-01", until="2040-01-01", purposes=stamping, other_algorithm=True
        ),
        "tsa-3": party("TSA 3", 6, tsa_ca, since="2028-01-01", until="2040-01-01", purposes=stamping),
    }


@cache
def strangers(
    name: str, issuer: str, count: int, purposes: tuple[x509.ObjectIdentifier, ...] = ()
) -> tuple[Party, ...]:
    """Certificates of one name that nobody issued; they name their issuer and no key, so it may be anyone of that name."""
    key = _key(0, other_algorithm=False)
    called, above = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer))
    found = []
    for number in range(count):
        builder = (
            x509.CertificateBuilder()
            .subject_name(called)
            .issuer_name(above)
            .public_key(_key(300 + number, other_algorithm=False).public_key())
            .serial_number(5000 + number)
            .not_valid_before(day("2000-01-01"))
            .not_valid_after(day("2060-01-01"))
            .add_extension(x509.BasicConstraints(ca=not purposes, path_length=None), critical=True)
        )
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
        made = builder.sign(key, hashes.SHA256())
        found.append(Party(name=name, key=_key(300 + number, other_algorithm=False), x509=made, issuer=None))
    return tuple(found)


def who(name: str) -> Party:
    return world()[name]


ANCHORS_NAME = "the test's own"


def anchors() -> TrustAnchors:
    return TrustAnchors(name=ANCHORS_NAME, kind="named", certificates=(who("root").der, who("new-root").der))


REASONS = {"keyCompromise": 1, "superseded": 4, "certificateHold": 6}


@cache
def ocsp_answer(
    name: str,
    this_update: datetime,
    *,
    next_update: datetime | None = None,
    revoked_at: datetime | None = None,
    reason: str | None = None,
    signed_by: Party | None = None,
    is_bare: bool = False,
) -> bytes:
    """OCSPResponse on somebody, by the issuer itself or by a responder of its own; producedAt is thisUpdate.

    `is_bare`: the certificate of that responder does not come along.
    """
    asked = who(name).certificate
    issuer = who(name).issuer
    assert issuer is not None
    signer = signed_by or issuer
    null = asn1.encode(asn1.NULL)
    certificate_id = asn1.encode(
        asn1.SEQUENCE,
        asn1.encode(asn1.SEQUENCE, asn1.encode_oid(SHA256.oid), null),
        asn1.encode(asn1.OCTET_STRING, hashlib.sha256(issuer.certificate.subject.der).digest()),
        asn1.encode(asn1.OCTET_STRING, hashlib.sha256(_key_bits(issuer)).digest()),
        asn1.encode_integer(asked.serial),
    )
    status = b"\x80\x00"
    if revoked_at is not None:
        why = asn1.encode(0xA0, bytes((0x0A, 1, REASONS[reason]))) if reason else b""
        status = asn1.encode(0xA1, _time(revoked_at), why)
    single = asn1.encode(
        asn1.SEQUENCE,
        certificate_id,
        status,
        _time(this_update),
        asn1.encode(0xA0, _time(next_update)) if next_update else b"",
    )
    responder = asn1.encode(0xA2, asn1.encode(asn1.OCTET_STRING, hashlib.sha1(_key_bits(signer)).digest()))
    signed = asn1.encode(asn1.SEQUENCE, responder, _time(this_update), asn1.encode(asn1.SEQUENCE, single))
    if isinstance(signer.key, ec.EllipticCurvePrivateKey):
        oid, value = ECDSA_WITH_SHA256, signer.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    else:
        oid, value = ED25519, signer.key.sign(signed)
    basic = asn1.encode(
        asn1.SEQUENCE,
        signed,
        asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid)),
        asn1.encode(asn1.BIT_STRING, b"\0" + value),
        asn1.encode(0xA0, asn1.encode(asn1.SEQUENCE, signer.der)) if signed_by and not is_bare else b"",
    )
    inside = asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.3.6.1.5.5.7.48.1.1"), asn1.encode(asn1.OCTET_STRING, basic))
    return asn1.encode(asn1.SEQUENCE, b"\x0a\x01\x00", asn1.encode(0xA0, inside))


ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"
ED25519 = "1.3.101.112"


def _time(moment: datetime) -> bytes:
    return asn1.encode(asn1.GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def _key_bits(of: Party) -> bytes:
    key = of.key.public_key()
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key.public_bytes_raw()
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def revocation_list(
    by: str, this_update: datetime, listed: str, *, revoked_at: datetime, invalid_since: datetime
) -> bytes:
    """CertificateList of an authority with one entry: key compromise, and since when."""
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(who(listed).x509.serial_number)
        .revocation_date(revoked_at)
        .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        .add_extension(x509.InvalidityDate(invalid_since), critical=False)
        .build()
    )
    issuer = who(by)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.x509.subject)
        .last_update(this_update)
        .next_update(this_update + timedelta(days=1))
        .add_revoked_certificate(entry)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    return builder.sign(issuer.key, _hash_of(issuer.key)).public_bytes(serialization.Encoding.DER)


def empty_list(by: str, this_update: datetime, number: int, *, base_number: int | None = None) -> bytes:
    """CertificateList of an authority that names nobody: complete, or the changes since another one."""
    issuer = who(by)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.x509.subject)
        .last_update(this_update)
        .next_update(this_update + timedelta(days=1))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    if base_number is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base_number), critical=True)
    return builder.sign(issuer.key, _hash_of(issuer.key)).public_bytes(serialization.Encoding.DER)


@dataclass
class StatusServices:
    """Fetches from a table, remembers what it was asked, and fails for everything else."""

    answers: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    def fetch(self, request: FetchRequest, limit: int) -> bytes:
        self.asked.append(request.url)
        answer = self.answers.get(request.url)
        if answer is None:
            raise SigningError("signing.status-unavailable", reason="no answer")
        assert len(answer) <= limit
        return answer


def sha256_of(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def answers(*ders: bytes) -> ValidationData:
    return ValidationData(ocsp_responses=ders)


CHAINS = ("ca", "tsa-ca")


def authorities_at(moment: datetime, *, lasts: timedelta = timedelta(days=30)) -> tuple[bytes, ...]:
    """Good answers on the two authorities below the root."""
    return tuple(ocsp_answer(name, moment, next_update=moment + lasts) for name in CHAINS)


def good(name: str, moment: datetime, *, lasts: timedelta = timedelta(days=1)) -> bytes:
    return ocsp_answer(name, moment, next_update=moment + lasts)


def stamp(
    by: str | Party,
    when: datetime,
    *,
    kind: TimeStampKind = "signature",
    position: int = 0,
    covers: Sequence[str] = (SIGNATURE,),
    over: bytes = VALUE,
    of: bytes | None = None,
    embedded: ValidationData = NO_DATA,
) -> FoundTimeStamp:
    """A time-stamp by one of the authorities; `of` other than `over` makes it a time-stamp of something else."""
    authority = SandboxTsa(key=(who(by) if isinstance(by, str) else by).issued_key(), clock=lambda: when)
    token = authority.token(SHA256, SHA256.of(over if of is None else of))
    return FoundTimeStamp(
        id=f"{kind}-{position}",
        kind=kind,
        position=position,
        token=token,
        imprint=lambda digest: digest.of(over),
        covers=frozenset(covers),
        covers_in_words=("the signature value",),
        embedded=embedded,
    )


def archive(
    by: str, when: datetime, *objects: bytes, position: int = 1, over: Sequence[FoundTimeStamp] = ()
) -> FoundTimeStamp:
    """An archive time-stamp over the signature, the given certificates and status, and other time-stamps."""
    covers = [SIGNATURE, *map(sha256_of, objects), *(sha256_of(each.token) for each in over)]
    return stamp(by, when, kind="archive", position=position, covers=covers, over=b"archive %d" % position)


@dataclass(frozen=True, kw_only=True)
class Signed:
    """One signature as a format's reader would hand it over; `replace` changes one thing."""

    at: datetime
    time_stamps: tuple[FoundTimeStamp, ...] = ()
    embedded: ValidationData = NO_DATA
    given: ValidationData = NO_DATA
    policy: ValidationPolicy = POLICY
    signer: str = "signer"
    claimed: datetime | None = None
    level: str = "B-B"
    checks: tuple[Check, ...] = (BOUND, PASSED_VALUE)
    fetcher: Fetcher | None = None
    certificates: tuple[str, ...] = CHAINS

    def judged(self) -> SignatureReport:
        return judge_signer(
            claims=SignedClaims(
                id="s",
                format="CAdES",
                level=self.level,
                covered=("content",),
                signing_time=self.claimed,
                time_stamps=self.time_stamps,
                embedded=self.embedded,
                value=VALUE,
            ),
            signer=who(self.signer).certificate,
            candidates=tuple(who(name).certificate for name in self.certificates),
            checks=self.checks,
            context=Context(policy=self.policy, anchors=anchors(), at=self.at, data=self.given, fetcher=self.fetcher),
        )
