"""What a file claims to be decides who judges it, and nothing more."""

from __future__ import annotations

import base64

import pytest

from adapter.usecases.signed_form import armoured, der_of, form_of

SOAP = b"http://schemas.xmlsoap.org/soap/envelope/"


@pytest.mark.parametrize(
    ("name", "head", "form"),
    [
        ("a.bin", b"PK\x03\x04", "container"),
        ("a.ASICE", b"", "container"),
        ("a.scs", b"text", "container"),
        ("a.xml", b"<a/>", "xml"),
        ("a.xml", b"\xef\xbb\xbf<?xml version='1.0'?><!-- <s:Envelope> -->\n<a/>", "xml"),
        ("a.xml", b'<s:Envelope xmlns:s="' + SOAP + b'">', "envelope"),
        ("a.xml", b"<?xml version='1.0'?><!--x-->\r\n<Envelope\n xmlns = '" + SOAP + b"'>", "envelope"),
        ("a.xml", b'<s:Envelope xmlns:x="' + SOAP + b'">', "xml"),
        ("a.xml", b'<a><s:Envelope xmlns:s="' + SOAP + b'"/></a>', "xml"),
        ("a.xml", b"<" + b"!" * 60_000, "xml"),
        ("a.p7s", b"\x30\x82\x01\x00", "cms"),
        ("a.p7s", b"-----BEGIN CMS-----\n", "cms"),
        ("a.p7s", b"MIIB\r\nAAAA", "cms"),
        ("a.txt", b"text", "unknown"),
        ("a.txt", b"", "unknown"),
        ("a.xml", "\ufeff<a/>".encode("utf-16-le"), "unknown"),
    ],
)
def test_a_form_is_known_by_its_first_bytes(name: str, head: bytes, form: str) -> None:
    assert form_of(name, head) == form


@pytest.mark.parametrize("label", [b"CMS", b"PKCS7", b"CERTIFICATE", b"X509 CERTIFICATE", b"X509 CRL"])
def test_armour_is_taken_off(label: bytes) -> None:
    der = b"\x30\x03\x02\x01\x05"
    body = base64.encodebytes(der)
    for written in (
        b"-----BEGIN " + label + b"-----\n" + body + b"-----END " + label + b"-----\n",
        b"-----BEGIN " + label + b"-----\r\n" + body.replace(b"\n", b"\r\n") + b"-----END " + label + b"-----",
        body,
        der,
    ):
        assert der_of(written) == der


def test_certificates_and_lists_in_a_pem_text_are_counted():
    one = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    crl = one.replace(b"CERTIFICATE", b"X509 CRL")
    assert [armoured(each) for each in (one, b"\n" + one + crl, b"text " + one, b"\x30\x00", b"")] == [1, 2, 0, 0, 0]


def test_what_is_no_armour_stays_as_it_is() -> None:
    endless = b"-----BEGIN CMS-----" + b" \n" * 100_000
    for odd in (b"-----BEGIN CMS-----\nMI!", b"MI\xff", b"-----BEGIN CMS-----\nMIIB\n-----END PKCS7-----", endless):
        assert der_of(odd) == odd
