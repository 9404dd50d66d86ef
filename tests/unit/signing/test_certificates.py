"""A certificate is read strictly, and what it says is told without the personal number."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    SANDBOX_DOCUMENT,
    Certificate,
    Indication,
    IssuedKey,
    Malformed,
    SandboxPki,
    asn1,
    certificate_facts,
)
from signing import certificates as x509
from signing.certification_path import validate_path
from signing.trust_anchors import _certificates
from tests.unit.signing import crafted_pki as made
from tests.unit.signing.crafted_pki import BIN, IIN, Chain, extension, sequence

VECTORS = Path(__file__).resolve().parents[3] / ".." / "shared" / "pki" / "vectors"

AT = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


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


@pytest.mark.parametrize("oid", ["0.9.2342.19200300.100.1.1", "2.5.4.3", "2.5.4.10", "2.5.4.12", "1.2.3.4"])
def test_a_personal_number_in_any_attribute_is_hidden(oid: str):
    subject = made.name(("2.5.4.6", "KZ"), (oid, f"a IIN{IIN[-12:]} b"))
    facts = Certificate.from_der(Chain().with_leaf(subject=subject).leaf.signed_by(Chain().ca)).facts()
    told = json.dumps(facts.as_json(), ensure_ascii=False)
    assert IIN[-12:] not in told
    assert "a IIN(hidden) b" in told


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


def test_p21_bytes_after_the_certificate_are_refused(head: IssuedKey):
    assert code_of(head.certificate + b"\x00") == "asn1.trailing-bytes"


def test_a_certificate_over_64_kilobytes_is_refused():
    assert code_of(b"\x30" * (x509.MAX_CERTIFICATE_BYTES + 1)) == "signing.certificate-too-large"


def test_p21_ber_inside_an_extension_is_refused():
    assert (
        code_of(
            Chain()
            .with_leaf(extra=(extension(x509.EXTENDED_KEY_USAGE, b"\x30\x80\x00\x00"),))
            .leaf.signed_by(Chain().ca)
        )
        == "asn1.indefinite-length"
    )


@pytest.mark.parametrize(
    ("value", "oid", "code"),
    [
        pytest.param(
            sequence(b"\x02\x01\x00"),
            x509.BASIC_CONSTRAINTS,
            "signing.certificate-basic-constraints",
            id="path length without authority",
        ),
        pytest.param(
            sequence(b"\x01\x01\xff", b"\x02\x01\xff"),
            x509.BASIC_CONSTRAINTS,
            "signing.certificate-basic-constraints",
            id="negative path length",
        ),
        pytest.param(b"\x04\x01\x00", x509.KEY_USAGE, "asn1.structure", id="key usage that is no bit string"),
        pytest.param(
            sequence(b"\x05\x00"), x509.EXTENDED_KEY_USAGE, "asn1.structure", id="purpose that is no identifier"
        ),
        pytest.param(b"\x05\x00", x509.SUBJECT_KEY_IDENTIFIER, "asn1.structure", id="key identifier that is null"),
    ],
)
def test_a_malformed_extension_we_rely_on_is_refused(value: bytes, oid: str, code: str):
    leaf = Chain().with_leaf(extensions=(extension(oid, value),), with_key_ids=False).leaf
    assert code_of(leaf.signed_by(Chain().ca)) == code


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


@pytest.mark.parametrize(
    ("tag", "extra"),
    [(0xA0, b"\x02\x01\x02"), (0xA3, sequence()), (0xA3, b"\x05\x00"), (0xA3, sequence(extension("1.2.3", b"")))],
    ids=["a second version", "an empty second list", "a null after the list", "a second list of extensions"],
)
def test_two_values_in_an_explicit_tag_are_malformed(tag: int, extra: bytes):
    assert Certificate.from_der(FLIPPED).basic_constraints == (False, None), "the same certificate without them is read"
    assert code_of(_with_a_second_value(FLIPPED, tag, extra)) == "asn1.not-der"


def test_an_explicit_tag_around_nothing_is_malformed():
    for tag in (0xA0, 0xA3):
        assert code_of(_rewritten(FLIPPED, tag, lambda _: b"")) == "asn1.structure"


def _with_a_second_value(certificate: bytes, tag: int, extra: bytes) -> bytes:
    return _rewritten(certificate, tag, lambda content: content + extra)


def _rewritten(certificate: bytes, tag: int, content: Callable[[bytes], bytes]) -> bytes:
    """The certificate with what stands in one explicit tag of its signed part written anew, every length again right."""
    tbs, *rest = asn1.children(asn1.read_der(certificate))
    fields = [
        asn1.encode(tag, content(field.content)) if field.tag == tag else field.raw for field in asn1.children(tbs)
    ]
    return sequence(sequence(*fields), *(part.raw for part in rest))


@given(st.integers(0, 10_000))
@settings(max_examples=150, deadline=None)
def test_a_flipped_bit_is_malformed_or_no_longer_the_certificate_that_was_issued(bit: int):
    der = bytearray(FLIPPED)
    der[bit // 8 % len(der)] ^= 1 << bit % 8
    try:
        certificate = Certificate.from_der(bytes(der))
    except Malformed:
        return
    assert certificate.facts().sha256 == hashlib.sha256(der).hexdigest()
    assert _path(certificate) is not Indication.TOTAL_PASSED
    assert _path(Certificate.from_der(FLIPPED)) is Indication.TOTAL_PASSED


def _path(certificate: Certificate) -> Indication:
    chain = Chain()
    return validate_path(certificate, chain.candidates, chain.anchors, at=AT, policy=SANDBOX_DOCUMENT).indication


FLIPPED = Chain().leaf.signed_by(Chain().ca)


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the public samples of the national PKI are not beside the project")
def test_reads_every_authority_of_the_national_pki():
    paths = sorted((*VECTORS.glob("prod-ca/*"), *VECTORS.glob("test-ca/*.cer")))
    found = [Certificate.from_der(der) for path in paths for der in _certificates("national", path.read_bytes())]
    assert len(found) == 13
    assert all(certificate.is_ca and "keyCertSign" in certificate.key_usage for certificate in found)
