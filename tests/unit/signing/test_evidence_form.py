"""What some octets claim to be is told from the outline of their DER, and from nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import DEFAULT_SIGNING, asn1, cms, evidence_kind, is_key_file, sign_attached
from signing.algorithms import digest_algorithm
from signing.sandbox_services.tsa import TST_INFO, SandboxTsa
from signing.timestamp import new_request
from tests.unit.signing import crafted_pki
from tests.unit.signing.status_material import AT, world

SHA256 = digest_algorithm("sha256")
assert SHA256 is not None


def tsa() -> SandboxTsa:
    return SandboxTsa(key=world().pki.issue("tsa", "TSA", "Sandbox", key="ec-p256"), clock=lambda: AT)


def token() -> bytes:
    return tsa().token(SHA256, SHA256.of(b"content"))


def answered(**form: object) -> bytes:
    return tsa().wrong(**form).answer(new_request(SHA256, SHA256.of(b"content"), nonce=1, policy=None))


def first_version(certificate: bytes) -> bytes:
    """The certificate as X.509 was before there were extensions."""
    tbs, algorithm, value = asn1.children(asn1.read_der(certificate))
    fields = [each.raw for each in asn1.children(tbs) if each.tag not in (0xA0, 0xA3)]
    return asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SEQUENCE, *fields), algorithm.raw, value.raw)


def request_for_a_certificate() -> bytes:
    name = crafted_pki.cn("A")
    inside = crafted_pki.sequence(asn1.encode_integer(0), name, crafted_pki.public_key_info(crafted_pki.key("a")))
    return crafted_pki.sequence(inside, crafted_pki.ECDSA_SHA256, asn1.encode(asn1.BIT_STRING, b"\0\1"))


def opened(der: bytes) -> bytes:
    """The same with the lengths around the content left open, as in BER."""
    oid, wrapped = asn1.children(asn1.read_der(der))
    (signed,) = asn1.children(wrapped)
    return b"\x30\x80" + oid.raw + b"\xa0\x80\x30\x80" + signed.content + b"\0\0" * 3


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: world().head.certificate, "certificate"),
        (lambda: world().pki.root, "certificate"),
        (lambda: first_version(world().pki.root), "certificate"),
        (lambda: world().crl(), "crl"),
        (lambda: world().crl(number=None, with_key_id=False, version=None), "crl"),
        (lambda: world().crl(base_number=3), "crl"),
        (lambda: world().answer(), "ocsp"),
        (lambda: world().answer(responder="key"), "ocsp"),
        (lambda: world().answer(response_status=3), "ocsp"),
        (lambda: world().ocsp().status(world().head.certificate, world().pki.intermediate, bare=True), "ocsp"),
        (token, "time-stamp"),
        (lambda: opened(token()), "time-stamp"),
        (answered, "time-stamp"),
        (lambda: answered(status=2), "time-stamp"),
        (lambda: answered(with_token=False), "time-stamp"),
        (lambda: world().head.certificate[:200] + b"\0" * 2000, None),
        (lambda: sign_attached(b"a", world().head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT), None),
        (lambda: tsa().wrong(content_type=cms.DATA).token(SHA256, SHA256.of(b"content")), None),
        (lambda: world().head.pkcs12(b"password"), None),
        (request_for_a_certificate, None),
        (lambda: b"", None),
        (lambda: b"\x30", None),
        (lambda: b"\x30\x80", None),
        (lambda: b"\x30\x84\xff\xff\xff\xff\x30\x84\xff\xff\xff\xff\x02", None),
        (lambda: b"text", None),
    ],
)
def test_a_kind_is_told_from_the_first_headers(make: object, kind: str | None):
    content = make()  # type: ignore[operator]
    assert evidence_kind(content) == kind
    assert evidence_kind(b"\x04" + content[1:]) is None


def test_a_cms_that_merely_claims_a_token_is_taken_by_its_word():
    content_type = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(TST_INFO))
    signed = asn1.encode(asn1.SEQUENCE, asn1.encode_integer(3), asn1.encode_set([]), content_type)
    claims = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(cms.SIGNED_DATA), asn1.encode(0xA0, signed))
    assert evidence_kind(claims) == "time-stamp"


def test_a_file_of_keys_is_known_and_nothing_else_is_one():
    for legacy in (False, True):
        assert is_key_file(world().head.pkcs12(b"password", legacy=legacy))
    assert is_key_file(b"\x30\x80" + asn1.encode_integer(3) + b"\x30\x80" + asn1.encode_oid(cms.DATA))
    for other in (world().head.certificate, token(), world().crl(), b"", b"\x30\x03\x02\x01\x03", b"\x30\x00"):
        assert not is_key_file(other)


@given(st.binary(max_size=200), st.integers(0, 5))
def test_no_octets_are_too_odd_to_be_looked_at(noise: bytes, depth: int):
    assert evidence_kind(b"\x30\x80" * depth + noise) in {None, "time-stamp", "ocsp", "crl", "certificate"}
    assert is_key_file(b"\x30\x80" + noise) in {True, False}
