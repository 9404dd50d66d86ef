"""A certificate is read strictly, and what it says is told without the personal number."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signing import Certificate, IssuedKey, Malformed, SandboxPki, asn1, certificate_facts
from signing import certificates as x509
from signing.trust_anchors import _certificates
from tests.unit.signing import crafted_pki as made
from tests.unit.signing.crafted_pki import BIN, IIN, Chain, extension, sequence

VECTORS = Path(__file__).resolve().parents[3] / ".." / "shared" / "pki" / "vectors"


def code_of(der: bytes) -> str:
    with pytest.raises(Malformed) as caught:
        Certificate.from_der(der)
    return caught.value.code


def test_tells_what_a_national_certificate_says(head: IssuedKey):
    facts = certificate_facts(head.certificate)
    assert facts.bin == BIN
    assert facts.iin_present
    assert facts.common_name == "ТЕСТОВ ТЕСТ"
    assert facts.organization == "Министерство испытаний"
    assert facts.key_usage == ("digitalSignature", "nonRepudiation")
    assert facts.roles == ("1.3.6.1.5.5.7.3.4", "1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.1")
    assert (facts.not_before, facts.not_after) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))


def test_the_personal_number_is_never_told(head: IssuedKey):
    certificate = Certificate.from_der(head.certificate)
    facts = certificate.facts()
    told = [repr(certificate), str(certificate), repr(facts), json.dumps(facts.as_json(), ensure_ascii=False)]
    assert not any(IIN in text for text in told)
    assert IIN.encode() in head.certificate


def test_no_number_is_read_from_what_only_looks_like_one(pki: SandboxPki):
    plain = certificate_facts(pki.issue("signer", "BIN123456789012", "BIN123456789012", key="ec-p256").certificate)
    assert plain.bin is None
    assert not plain.iin_present
    unit = "2.5.4.11"
    for units in (
        ("BIN12345678901",),
        ("BIN1234567890123",),
        ("bin123456789012",),
        ("BIN123456789012", "BIN999999999999"),
    ):
        subject = made.name(*((unit, value) for value in units))
        assert Chain().with_leaf(subject=subject).signer.facts().bin is None
    same_twice = made.name((unit, "BIN123456789012"), (unit, "BIN123456789012"))
    assert Chain().with_leaf(subject=same_twice).signer.facts().bin == "123456789012"


def test_bytes_after_the_certificate_are_refused(head: IssuedKey):
    assert code_of(head.certificate + b"\x00") == "asn1.trailing-bytes"


def test_a_certificate_over_64_kilobytes_is_refused():
    assert code_of(b"\x30" * (x509.MAX_CERTIFICATE_BYTES + 1)) == "signing.certificate-too-large"


def test_ber_inside_an_extension_is_refused():
    assert (
        code_of(
            Chain()
            .with_leaf(extra=(extension(x509.EXTENDED_KEY_USAGE, b"\x30\x80\x00\x00"),))
            .leaf.signed_by(Chain().ca)
        )
        == "asn1.indefinite-length"
    )


@pytest.mark.parametrize(
    ("value", "oid"),
    [
        pytest.param(sequence(b"\x02\x01\x00"), x509.BASIC_CONSTRAINTS, id="path length without authority"),
        pytest.param(sequence(b"\x01\x01\xff", b"\x02\x01\xff"), x509.BASIC_CONSTRAINTS, id="negative path length"),
        pytest.param(b"\x04\x01\x00", x509.KEY_USAGE, id="key usage that is no bit string"),
        pytest.param(sequence(b"\x05\x00"), x509.EXTENDED_KEY_USAGE, id="purpose that is no identifier"),
        pytest.param(b"\x05\x00", x509.SUBJECT_KEY_IDENTIFIER, id="key identifier that is null"),
    ],
)
def test_a_malformed_extension_we_rely_on_is_refused(value: bytes, oid: str):
    leaf = Chain().with_leaf(extensions=(extension(oid, value),), with_key_ids=False).leaf
    code_of(leaf.signed_by(Chain().ca))


def test_an_extension_we_do_not_rely_on_may_hold_anything():
    # responder certificates of the older national families hold an empty octet string here
    nocheck = extension("1.3.6.1.5.5.7.48.1.5", b"")
    assert Chain().with_leaf(extra=(nocheck,)).signer.extension("1.3.6.1.5.5.7.48.1.5").value == b""


def test_a_default_written_out_is_refused():
    explicit = sequence(asn1.encode_oid("1.2.3"), b"\x01\x01\x00", asn1.encode(asn1.OCTET_STRING, b"\x05\x00"))
    assert code_of(Chain().with_leaf(extra=(explicit,)).leaf.signed_by(Chain().ca)) == "asn1.not-der"


def test_names_are_equal_whatever_their_case_and_blanks():
    first = Chain().with_leaf(subject=made.cn("Some  Name")).signer.subject
    second = Chain().with_leaf(subject=made.cn("some name ")).signer.subject
    assert first.key == second.key
    assert first.der != second.der


@given(st.integers(0, 10_000))
@example(1846)  # two values inside the tag of the extensions
@settings(max_examples=150)
def test_a_flipped_bit_is_read_or_malformed_and_nothing_else(bit: int):
    der = bytearray(FLIPPED)
    der[bit // 8 % len(der)] ^= 1 << bit % 8
    with suppress(Malformed):
        Certificate.from_der(bytes(der)).facts()


FLIPPED = Chain().leaf.signed_by(Chain().ca)


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the public samples of the national PKI are not beside the project")
def test_reads_every_authority_of_the_national_pki():
    paths = sorted((*VECTORS.glob("prod-ca/*"), *VECTORS.glob("test-ca/*.cer")))
    found = [Certificate.from_der(der) for path in paths for der in _certificates("national", path.read_bytes())]
    assert len(found) == 13
    assert all(certificate.is_ca and "keyCertSign" in certificate.key_usage for certificate in found)
