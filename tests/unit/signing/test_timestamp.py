"""Time-stamps: a token of our own authority is believed, and every way to bend one is seen, by one check or by name.

The rows T01 to T12 are those of the project's list of attacks; T10 (a revoked or expired authority) is judged by whoever
judges the signature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import asn1
from signing.algorithms import DigestAlgorithm, digest_algorithm
from signing.certificates import Certificate
from signing.errors import Malformed, SigningError
from signing.fetcher import FetchRequest
from signing.policy import ETSI_BASELINE, ValidationPolicy
from signing.sandbox_pki import IssuedKey, SandboxPki
from signing.sandbox_services.tsa import SANDBOX_TSA_POLICY, SandboxTsa
from signing.timestamp import (
    CHECKS,
    MAX_TOKEN_BYTES,
    TimeStampAuthority,
    judge_token,
    new_request,
    read_response,
    read_token,
    unreadable_token,
)
from signing.timestamp.token import generalized_time
from signing.validation_report import Check, Conclusion, Indication, SubIndication, conclude
from tests.unit.signing import crafted_pki

VECTORS = Path(__file__).resolve().parents[3] / ".." / "shared" / "pki" / "vectors"
NATIONAL = VECTORS / "tsp" / "tsp_token.bin"
AT = datetime(2026, 11, 10, 12, 0, 0, 250_000, tzinfo=UTC)
STAMPED = b"a signature value"
FAILED, UNDECIDED = Indication.TOTAL_FAILED, Indication.INDETERMINATE
SIG, CRYPTO = SubIndication.SIG_CONSTRAINTS_FAILURE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE
FORMAT, HASH = SubIndication.FORMAT_FAILURE, SubIndication.HASH_FAILURE


def trusted(name: str) -> DigestAlgorithm:
    found = digest_algorithm(name)
    assert found is not None
    return found


SHA256 = trusted("sha256")
IMPRINT = SHA256.of(STAMPED)


def over(content: bytes) -> Callable[[DigestAlgorithm], bytes]:
    return lambda digest: digest.of(content)


@pytest.fixture(scope="module")
def tsa(pki: SandboxPki) -> SandboxTsa:
    return SandboxTsa(key=pki.issue("tsa", "SANDBOX TSA", "Sandbox", key="ec-p256"), clock=lambda: AT)


def judged(
    token: bytes,
    *,
    content: bytes = STAMPED,
    candidates: tuple[Certificate, ...] = (),
    policy: ValidationPolicy = ETSI_BASELINE,
    at: datetime = AT,
) -> tuple[Check, ...]:
    """The checks on `token`, as the caller of this package has them."""
    try:
        read = read_token(token)
    except Malformed as error:
        return (unreadable_token(error),)
    return judge_token(read, over(content), candidates, policy=policy, at=at)[0]


def flaws(checks: tuple[Check, ...]) -> dict[str, SubIndication | None]:
    return {
        check.id: check.sub_indication
        for check in checks
        if check.conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE)
    }


# --- good tokens ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ec-p384", "ec-p521", "ed25519"])
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_a_token_of_our_authority_passes(pki: SandboxPki, kind: str, digest: str):
    key = keys(pki, kind)
    hashed_by = trusted(digest)
    request = new_request(hashed_by, hashed_by.of(STAMPED), nonce=7, policy=SANDBOX_TSA_POLICY)
    answer = SandboxTsa(key=key, clock=lambda: AT).answer(request)
    der = read_response(answer, digest=hashed_by, imprint=hashed_by.of(STAMPED), nonce=7, policy=SANDBOX_TSA_POLICY)
    token = read_token(der)
    assert (token.generated_at, token.accuracy, token.nonce) == (AT, timedelta(seconds=1), 7)
    checks, authority = judge_token(token, over(STAMPED), (), policy=ETSI_BASELINE, at=AT)
    assert flaws(checks) == {}
    assert conclude(checks) == (Indication.TOTAL_PASSED, None)
    assert authority == Certificate.from_der(key.certificate)


@cache
def keys(pki: SandboxPki, kind: str) -> IssuedKey:
    return pki.issue("tsa", "SANDBOX TSA", "Sandbox", key=kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("reference", ["v1", "v2", "both"])
def test_either_version_of_the_reference_chooses_the_certificate(tsa: SandboxTsa, reference: str):
    checks = judged(tsa.wrong(reference=reference).token(SHA256, IMPRINT))
    assert flaws(checks) == {}


def test_what_came_along_in_a_token_is_handed_on_as_it_is(tsa: SandboxTsa, pki: SandboxPki):
    crl, answer = asn1.encode(asn1.SEQUENCE), asn1.encode(asn1.SEQUENCE, asn1.encode_integer(1))
    token = read_token(tsa.wrong(crls=(crl,), ocsp_responses=(answer,)).token(SHA256, IMPRINT))
    assert (token.embedded.crls, token.embedded.ocsp_responses) == ((crl,), (answer,))
    assert set(token.embedded.certificates) == {tsa.key.certificate, pki.intermediate}
    assert flaws(judged(token.der)) == {}


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        (None, None),
        (timedelta(seconds=2), timedelta(seconds=2)),
        (timedelta(milliseconds=500), timedelta(milliseconds=500)),
        (
            timedelta(seconds=1, milliseconds=999, microseconds=1),
            timedelta(seconds=1, milliseconds=999, microseconds=1),
        ),
        (timedelta(microseconds=20), timedelta(microseconds=20)),
    ],
)
def test_accuracy_is_read_in_all_its_parts(tsa: SandboxTsa, accuracy: timedelta | None, expected: timedelta | None):
    assert read_token(tsa.wrong(accuracy=accuracy).token(SHA256, IMPRINT)).accuracy == expected


# --- one flaw, one check -------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Vector:
    """`make` gives the checks on a token with this one flaw."""

    id: str
    check: str
    sub: SubIndication
    make: Callable[[SandboxTsa], tuple[Check, ...]]
    indication: Indication = FAILED


def bent(**form: object) -> Callable[[SandboxTsa], tuple[Check, ...]]:
    return lambda tsa: judged(tsa.wrong(**form).token(SHA256, IMPRINT))


def under(**changes: object) -> Callable[[SandboxTsa], tuple[Check, ...]]:
    policy = replace(ETSI_BASELINE, **changes)  # type: ignore[arg-type]
    return lambda tsa: judged(tsa.token(SHA256, IMPRINT), policy=policy)


DIGITAL_SIGNATURE = crafted_pki.extension("2.5.29.15", b"\x03\x02\x07\x80", critical=True)
KEY_AGREEMENT = crafted_pki.extension("2.5.29.15", b"\x03\x02\x03\x08", critical=True)
SIGNS_CERTIFICATES = crafted_pki.extension("2.5.29.15", b"\x03\x02\x02\x84", critical=True)


def purpose(*oids: str, critical: bool = True) -> bytes:
    return crafted_pki.extension(
        "2.5.29.37", crafted_pki.sequence(*(asn1.encode_oid(oid) for oid in oids)), critical=critical
    )


TIME_STAMPING = purpose("1.3.6.1.5.5.7.3.8")


def certified(
    *, usage: tuple[bytes, ...] = (DIGITAL_SIGNATURE,), purpose: bytes | None = None, ca: bool = False
) -> Callable[[SandboxTsa], tuple[Check, ...]]:
    """A token under a certificate that is wrong for an authority."""

    def make(tsa: SandboxTsa) -> tuple[Check, ...]:
        extensions = (crafted_pki.basic_constraints(ca=ca), *usage, TIME_STAMPING if purpose is None else purpose)
        return judged(replace(tsa, key=by_hand(*extensions)).token(SHA256, IMPRINT))

    return make


def by_hand(*extensions: bytes, **changes: object) -> IssuedKey:
    """A key with a certificate of the crafted authority, these extensions in it."""
    chain = crafted_pki.Chain().with_leaf(extensions=extensions, **changes)
    private_key = chain.leaf.key
    return IssuedKey(
        kind="tsa", certificate=chain.signer.der, chain=(chain.candidates[0].der,), private_key=private_key
    )


def spoofed(tsa: SandboxTsa) -> tuple[Check, ...]:
    """Row T02: issuer and number of the real certificate, another key, first in the bag; the reference names the real."""
    real = by_hand(crafted_pki.basic_constraints(ca=False), DIGITAL_SIGNATURE, TIME_STAMPING)
    fake = by_hand(
        crafted_pki.basic_constraints(ca=False), DIGITAL_SIGNATURE, TIME_STAMPING, key=crafted_pki.key("thief")
    )
    thief = replace(tsa, key=replace(real, private_key=fake.private_key, certificate=fake.certificate))
    return judged(thief.wrong(reference_to=real.certificate).token(SHA256, IMPRINT))


def weak_key(tsa: SandboxTsa) -> tuple[Check, ...]:
    """The reference names a certificate on a curve that is not on the list."""
    good = (crafted_pki.basic_constraints(ca=False), DIGITAL_SIGNATURE, TIME_STAMPING)
    weak = by_hand(*good, key=ec.generate_private_key(ec.SECP192R1()))
    form = replace(tsa, key=by_hand(*good)).wrong(reference_to=weak.certificate, other_certificates=(weak.certificate,))
    return judged(form.token(SHA256, IMPRINT))


def future(tsa: SandboxTsa) -> tuple[Check, ...]:
    return judged(tsa.token(SHA256, IMPRINT), at=AT - timedelta(minutes=6))


def unreadable_octets(tsa: SandboxTsa) -> tuple[Check, ...]:
    def imprint(digest: DigestAlgorithm) -> bytes:
        raise Malformed("asn1.structure", expected="30", found="nothing")

    return judge_token(read_token(tsa.token(SHA256, IMPRINT)), imprint, (), policy=ETSI_BASELINE, at=AT)[0]


ENDS = (("sha256", date(2026, 1, 1)),)

VECTORS_OF_CHECKS = [
    Vector(id="T01 signature not that of the authority", check="timestamp.signature-value",
           sub=SubIndication.SIG_CRYPTO_FAILURE, make=bent(broken_value=True)),
    Vector(id="T02 another certificate with the same name and number", check="timestamp.signing-certificate", sub=SIG,
           make=spoofed),
    Vector(id="T02 reference to a certificate of somebody else", check="timestamp.signing-certificate", sub=SIG,
           make=bent(reference_to=b"\x30\x00")),
    Vector(id="T02 no reference", check="timestamp.signing-certificate", sub=SIG, make=bent(reference="none")),
    Vector(id="T02 reference by SHA-1 that the policy refuses", check="timestamp.signing-certificate", sub=CRYPTO,
           make=lambda tsa: judged(tsa.wrong(reference="v1").token(SHA256, IMPRINT), policy=replace(
               ETSI_BASELINE, accept_sha1_certificate_reference_in_timestamps=False))),
    Vector(id="T04 imprint of other content", check="timestamp.imprint", sub=HASH,
           make=lambda tsa: judged(tsa.token(SHA256, IMPRINT), content=b"another signature value")),
    Vector(id="T04 imprint of another length", check="timestamp.imprint", sub=HASH, make=bent(imprint=IMPRINT[:16])),
    Vector(id="T04 imprint said to be of another hash", check="timestamp.imprint", sub=HASH,
           make=bent(imprint_oid=trusted("sha512").oid)),
    Vector(id="T04 SHA-1", check="timestamp.imprint-algorithm", sub=CRYPTO,
           make=bent(imprint_oid="1.3.14.3.2.26", imprint=b"\0" * 20)),
    Vector(id="T04 MD5", check="timestamp.imprint-algorithm", sub=CRYPTO,
           make=bent(imprint_oid="1.2.840.113549.2.5", imprint=b"\0" * 16)),
    Vector(id="T06 purpose not critical", check="timestamp.authority-purpose", sub=SIG,
           make=certified(purpose=purpose("1.3.6.1.5.5.7.3.8", critical=False))),
    Vector(id="T06 another purpose as well", check="timestamp.authority-purpose", sub=SIG,
           make=certified(purpose=purpose("1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.4"))),
    Vector(id="T06 any purpose", check="timestamp.authority-purpose", sub=SIG,
           make=certified(purpose=purpose("2.5.29.37.0"))),
    Vector(id="T06 no purpose", check="timestamp.authority-purpose", sub=SIG, make=certified(purpose=b"")),
    Vector(id="T06 key for agreement", check="timestamp.authority-key-usage", sub=SIG,
           make=certified(usage=(KEY_AGREEMENT,))),
    Vector(id="T06 certificate of a CA", check="timestamp.authority-end-entity", sub=SIG, make=certified(ca=True)),
    Vector(id="T06 key that signs certificates", check="timestamp.authority-end-entity", sub=SIG,
           make=certified(usage=(SIGNS_CERTIFICATES,))),
    Vector(id="T07 genTime in the future", check="timestamp.generated-at", sub=SIG, indication=UNDECIDED, make=future),
    Vector(id="T07 accuracy of an hour", check="timestamp.accuracy", sub=SIG, indication=UNDECIDED,
           make=bent(accuracy=timedelta(hours=1))),
    Vector(id="T08 content of another type", check="timestamp.format", sub=FORMAT,
           make=bent(content_type="1.2.840.113549.1.7.1")),
    Vector(id="T08 signed as another type", check="timestamp.content-type", sub=FORMAT,
           make=bent(signed_content_type="1.2.840.113549.1.7.1")),
    Vector(id="T09 a whole answer for a token", check="timestamp.format", sub=FORMAT,
           make=lambda tsa: judged(tsa.answer(new_request(SHA256, IMPRINT, nonce=None, policy=None)))),
    Vector(id="T11 no certificates", check="timestamp.signing-certificate", indication=UNDECIDED,
           sub=SubIndication.NO_SIGNING_CERTIFICATE_FOUND, make=bent(certificates="never")),
    Vector(id="T12 two signers", check="timestamp.format", sub=FORMAT, make=bent(signers=2)),
    Vector(id="T12 no signer", check="timestamp.format", sub=FORMAT, make=bent(signers=0)),
    Vector(id="digest of other content", check="timestamp.message-digest", sub=HASH, make=bent(message_digest=b"\1" * 32)),
    Vector(id="hash of the content refused", check="timestamp.digest-algorithm", sub=CRYPTO,
           make=lambda tsa: alone(bent(digest="sha1")(tsa), "timestamp.algorithms-agree")),
    Vector(id="hash ended", check="timestamp.digest-algorithm", indication=UNDECIDED,
           sub=SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
           make=lambda tsa: alone(under(algorithm_end_dates=ENDS)(tsa), "timestamp.imprint-algorithm",
                                  "timestamp.signature-algorithm")),
    Vector(id="signature algorithm ended", check="timestamp.signature-algorithm", indication=UNDECIDED,
           sub=SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
           make=under(algorithm_end_dates=(("ecdsa-sha256", date(2026, 1, 1)),))),
    Vector(id="two hashes", check="timestamp.algorithms-agree", sub=SIG,
           make=lambda tsa: bent(digest="sha512", message_digest=_sha512_of_content(tsa))(tsa)),
    Vector(id="weak key", check="timestamp.signature-value", sub=CRYPTO, make=weak_key),
    Vector(id="policy of another authority", check="timestamp.policy", sub=SIG,
           make=under(timestamp_authority_policies=("1.2.398.3.3.2.6.4",))),
    Vector(id="critical extension", check="timestamp.extensions", sub=SIG, indication=UNDECIDED,
           make=bent(critical_extension="1.2.3.4")),
    Vector(id="octets that cannot be had", check="timestamp.imprint", indication=UNDECIDED,
           sub=SubIndication.SIGNED_DATA_NOT_FOUND, make=unreadable_octets),
]  # fmt: skip


def _sha512_of_content(tsa: SandboxTsa) -> bytes:
    return trusted("sha512").of(read_token(tsa.token(SHA256, IMPRINT)).content)


def alone(checks: tuple[Check, ...], *others: str) -> tuple[Check, ...]:
    """Without checks that the same hash decides too."""
    return tuple(check for check in checks if check.id not in others)


@pytest.mark.parametrize("vector", VECTORS_OF_CHECKS, ids=lambda vector: vector.id)
def test_one_flaw_is_seen_by_one_check(tsa: SandboxTsa, vector: Vector):
    checks = vector.make(tsa)
    assert flaws(checks) == {vector.check: vector.sub}
    assert conclude(checks) == (vector.indication, vector.sub)


def test_every_check_has_a_vector_and_no_other_is_made(tsa: SandboxTsa):
    assert {vector.check for vector in VECTORS_OF_CHECKS} == CHECKS
    assert {check.id for vector in VECTORS_OF_CHECKS for check in vector.make(tsa)} <= CHECKS


# --- rows that change nothing, or end with a name ------------------------------------------------------------------
def crowded(tsa: SandboxTsa, pki: SandboxPki) -> tuple[Check, ...]:
    others = (b"\x30\x03\x02\x01\x01", pki.intermediate, pki.root, keys(pki, "ec-p384").certificate)
    return judged(tsa.wrong(other_certificates=others).token(SHA256, IMPRINT))


def without_certificates(tsa: SandboxTsa, pki: SandboxPki) -> tuple[Check, ...]:
    token = tsa.wrong(certificates="never").token(SHA256, IMPRINT)
    return judged(token, candidates=(Certificate.from_der(tsa.key.certificate),))


@pytest.mark.parametrize(
    "checks",
    [
        pytest.param(crowded, id="T03 other certificates in the bag"),
        pytest.param(without_certificates, id="T11 no certificates, the authority's is known"),
    ],
)
def test_what_changes_nothing_passes(
    tsa: SandboxTsa, pki: SandboxPki, checks: Callable[[SandboxTsa, SandboxPki], tuple[Check, ...]]
):
    assert flaws(checks(tsa, pki)) == {}


def test_an_algorithm_that_has_ended_says_until_when(tsa: SandboxTsa):
    ended = under(algorithm_end_dates=(("sha256", date(2026, 1, 1)),))(tsa)
    said = {check.id: check.params.get("until") for check in ended if check.sub_indication is not None}
    assert said == dict.fromkeys(
        ("timestamp.imprint-algorithm", "timestamp.digest-algorithm", "timestamp.signature-algorithm"), "2026-01-01"
    )


@pytest.mark.skipif(not NATIONAL.exists(), reason="the national token is not beside the project")
def test_a_national_token_is_judged_and_its_imprint_is_of_a_refused_hash():
    token = read_token(NATIONAL.read_bytes())
    assert (token.policy, token.generated_at) == ("1.2.398.3.3.2.6.1", datetime(2022, 9, 18, 13, 20, 14, tzinfo=UTC))
    checks, authority = judge_token(token, over(b""), (), policy=ETSI_BASELINE, at=AT)
    assert authority is not None
    assert authority.roles == ("1.3.6.1.5.5.7.3.8",)
    assert flaws(checks) == {
        "timestamp.imprint-algorithm": CRYPTO,  # SHA-1, the client's own choice
    }
    assert conclude(alone(checks, "timestamp.imprint-algorithm")) == (Indication.TOTAL_PASSED, None)


# --- asking --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Wire:
    """A fetcher that gives the authority's answer, or one made of it."""

    tsa: SandboxTsa
    change: Callable[[bytes], bytes] = lambda answer: answer

    def fetch(self, request: FetchRequest, limit: int) -> bytes:
        assert (request.kind, request.url, request.content_type) == (
            "time-stamp", "http://tsa.example", "application/timestamp-query",
        )  # fmt: skip
        assert request.body is not None
        assert limit > MAX_TOKEN_BYTES
        return self.change(self.tsa.answer(request.body))


def authority(tsa: SandboxTsa, **changes: object) -> TimeStampAuthority:
    wire = Wire(tsa=tsa, change=changes.pop("change", lambda answer: answer))  # type: ignore[arg-type]
    numbers = iter((5, 6))
    return TimeStampAuthority(
        url="http://tsa.example",
        fetcher=wire,
        nonce=lambda: next(numbers),
        clock=lambda: AT,
        **changes,  # type: ignore[arg-type]
    )


def test_a_time_stamp_that_was_asked_for_is_handed_out_as_a_bare_token(tsa: SandboxTsa):
    token = read_token(authority(tsa, policy=SANDBOX_TSA_POLICY).stamp(SHA256, IMPRINT))
    assert (token.imprint, token.nonce, token.policy) == (IMPRINT, 5, SANDBOX_TSA_POLICY)


def bare(answer: bytes) -> bytes:
    return asn1.children(asn1.read_der(answer))[1].raw


REFUSED = [
    ("T01 signature not that of the authority", {"broken_value": True}, {}, "signing.timestamp-not-believed"),
    ("T02 reference to another certificate", {"reference_to": b"\x30\x00"}, {}, "signing.timestamp-not-believed"),
    ("T04 imprint of other content", {"imprint": b"\1" * 32}, {}, "signing.timestamp-other-answer"),
    ("T04 imprint of another hash", {"imprint_oid": "2.16.840.1.101.3.4.2.3"}, {}, "signing.timestamp-other-answer"),
    ("T05 another nonce", {"nonce": 4}, {}, "signing.timestamp-other-answer"),
    ("T05 no nonce", {"nonce": "none"}, {}, "signing.timestamp-other-answer"),
    ("T05 another policy", {"policy": "1.2.3"}, {"policy": SANDBOX_TSA_POLICY}, "signing.timestamp-other-answer"),
    ("T07 genTime in the future", {"generated_at": AT + timedelta(hours=1)}, {}, "signing.timestamp-not-believed"),
    ("T08 granted, no token", {"with_token": False}, {}, "signing.timestamp-no-token"),
    ("T08 content other than TSTInfo", {"content_type": "1.2.840.113549.1.7.1"}, {}, "signing.timestamp-content"),
    ("T09 a token for an answer", {}, {"change": bare}, "signing.timestamp-not-a-response"),
    ("T11 no certificates, none known", {"certificates": "never"}, {}, "signing.timestamp-not-believed"),
    ("T12 two signers", {"signers": 2}, {}, "signing.timestamp-signers"),
    ("refused", {"status": 2}, {}, "signing.timestamp-rejected"),
    ("to wait", {"status": 3}, {}, "signing.timestamp-rejected"),
    ("a policy it does not know", {}, {"policy": "1.2.3"}, "signing.timestamp-rejected"),
    ("no DER at all", {}, {"change": lambda answer: b"<html>"}, "signing.timestamp-unreadable"),
    (
        "an answer without an end",
        {},
        {"change": lambda answer: answer + b"\0" * 300_000},
        "signing.timestamp-too-large",
    ),
]


@pytest.mark.parametrize(
    ("form", "settings_", "code"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_an_answer_that_is_wrong_is_not_handed_out(
    tsa: SandboxTsa, form: dict[str, object], settings_: dict[str, object], code: str
):
    with pytest.raises(SigningError) as refused:
        authority(tsa.wrong(**form), **settings_).stamp(SHA256, IMPRINT)
    assert refused.value.code == code


def test_the_authority_sends_no_certificate_and_we_know_it(tsa: SandboxTsa):
    known = authority(tsa.wrong(certificates="never"), candidates=(tsa.key.certificate,))
    assert read_token(known.stamp(SHA256, IMPRINT)).embedded.certificates == ()


def test_a_refusal_names_its_reason(tsa: SandboxTsa):
    with pytest.raises(SigningError) as refused:
        authority(tsa, policy="1.2.3").stamp(SHA256, IMPRINT)
    assert dict(refused.value.params) == {"status": "rejection", "failure": "unacceptedPolicy", "words": ""}


def test_a_hash_that_is_not_trusted_is_not_asked_for(tsa: SandboxTsa):
    for digest, imprint in ((trusted("sha1"), b"\0" * 20), (SHA256, b"\0" * 20)):
        with pytest.raises(SigningError, match="signing.timestamp-digest"):
            authority(tsa).stamp(digest, imprint)
    with pytest.raises(SigningError, match="signing.timestamp-digest"):
        _ = authority(tsa, digest="sha3").digest_algorithm
    assert authority(tsa, digest="sha512").digest_algorithm == trusted("sha512")


def test_what_the_fetcher_raises_passes_through(tsa: SandboxTsa):
    def broken(answer: bytes) -> bytes:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        authority(tsa, change=broken).stamp(SHA256, IMPRINT)


# --- hostile octets ------------------------------------------------------------------------------------------------
TIMES = [
    (b"20261110120000Z", 0),
    (b"20261110120000.25Z", 250_000),
    (b"20261110120000.1234567Z", 123_456),
    (b"20261110120000.0Z", None),
    (b"20261110120000.250Z", None),
    (b"20261110120000.Z", None),
    (b"20261110120000,5Z", None),
    (b"20261110120000", None),
    (b"20261110120000+0500", None),
    (b"202611101200Z", None),
    (b"20261310120000Z", None),
    (b"20261110120060Z", None),
    (b"2026111012000\xb2Z", None),
]


@pytest.mark.parametrize(("text", "microsecond"), TIMES, ids=lambda value: repr(value)[:40])
def test_gentime_has_one_form(text: bytes, microsecond: int | None):
    element = asn1.read_der(asn1.encode(asn1.GENERALIZED_TIME, text))
    if microsecond is None:
        with pytest.raises(Malformed, match=r"asn1\.time"):
            generalized_time(element)
    else:
        assert generalized_time(element) == AT.replace(microsecond=microsecond)


def test_a_large_token_is_refused_before_it_is_read():
    assert flaws((unreadable_token(Malformed("signing.timestamp-too-large", limit="1")),)) == {
        "timestamp.format": FORMAT
    }
    with pytest.raises(Malformed, match=r"signing\.timestamp-too-large"):
        read_token(b"\x30" * (MAX_TOKEN_BYTES + 1))


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 10_000), octet=st.integers(1, 255))
def test_a_changed_octet_never_passes(place: int, octet: int):
    token = bytearray(_one_token())
    token[place % len(token)] ^= octet
    checks = judged(bytes(token))
    if conclude(checks)[0] is Indication.TOTAL_PASSED:
        # only what no signature covers may change: the hints of CMS and certificates that nobody needs
        assert bytes(read_token(bytes(token)).content) == read_token(_one_token()).content
        assert read_token(bytes(token)).signer.signed_bytes == read_token(_one_token()).signer.signed_bytes


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_end_in_a_verdict(octets: bytes):
    assert conclude(judged(octets))[0] is not Indication.TOTAL_PASSED


@cache
def _one_token() -> bytes:
    key = by_hand(crafted_pki.basic_constraints(ca=False), DIGITAL_SIGNATURE, TIME_STAMPING)
    return SandboxTsa(key=key, clock=lambda: AT).token(SHA256, IMPRINT)
