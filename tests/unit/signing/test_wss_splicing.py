"""Signing an envelope adds a header and an Id and touches no other byte."""

from __future__ import annotations

import pytest

from signing.errors import SigningError
from signing.policy import DEFAULT_SIGNING
from signing.sign.envelope import sign_envelope
from signing.validation_report import Indication
from tests.unit.signing import xml_material as m

INNER = "<p:x xmlns:p='urn:p' a=\"1>2\">\u04d9 <!-- no -->&amp;<![CDATA[</soap:Body>]]></p:x>".replace(
    "<!-- no -->", ""
)
SHAPES = {
    "no header": f'<soap:Envelope xmlns:soap="{m.SOAP}"><soap:Body>{INNER}</soap:Body></soap:Envelope>',
    "empty header": f'<soap:Envelope xmlns:soap="{m.SOAP}"><soap:Header/><soap:Body>{INNER}</soap:Body></soap:Envelope>',
    "header with a child": (
        f'<?xml version="1.0"?>\n<!-- <soap:Body> --><s:Envelope xmlns:s="{m.SOAP}">\n <s:Header >'
        f'<h xmlns="urn:h">t<b/></h></s:Header>\r\n<s:Body  a="b" >{INNER}</s:Body>\n</s:Envelope>\n'
    ),
    "default namespace": f'<Envelope xmlns="{m.SOAP}"><Body>{INNER}</Body></Envelope>',
    "wsu declared above": (
        f'<soap:Envelope xmlns:soap="{m.SOAP}" xmlns:wsu="{m.WSU}"><soap:Body>{INNER}</soap:Body></soap:Envelope>'
    ),
    "wsu declared on the Body": (
        f'<soap:Envelope xmlns:soap="{m.SOAP}"><soap:Body xmlns:wsu="{m.WSU}">{INNER}</soap:Body></soap:Envelope>'
    ),
    "empty body": f'<soap:Envelope xmlns:soap="{m.SOAP}"><soap:Body/></soap:Envelope>',
    "prefixes differ": (
        f'<soap:Envelope xmlns:soap="{m.SOAP}"><E:Header xmlns:E="{m.SOAP}" xmlns:soap="urn:other"/>'
        f'<E:Body xmlns:E="{m.SOAP}">{INNER}</E:Body></soap:Envelope>'
    ),
}


def _sign(envelope: bytes, body_id: str = "id-1") -> bytes:
    return sign_envelope(envelope, m.system(), policy=DEFAULT_SIGNING, body_id=body_id)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_leaves_verifies_as_serialised(shape: str) -> None:
    result = m.judged_envelope(_sign(SHAPES[shape].encode()))
    assert m.flaws(result.report) == {}
    assert result.report.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("shape", SHAPES)
def test_every_given_byte_is_still_there_in_order(shape: str) -> None:
    given, signed = SHAPES[shape].encode(), _sign(SHAPES[shape].encode())
    rest = iter(signed)
    missing = [byte for byte in given if byte not in rest]
    # an empty <Header/> has to open: its slash moves behind what is put in
    assert missing in ([], [ord("/")] * len(missing))
    assert INNER.encode() in signed or shape == "empty body"


def test_the_same_envelope_gives_the_same_bytes() -> None:
    assert _sign(m.ENVELOPE) == _sign(m.ENVELOPE)


def test_says_must_understand_with_a_bound_prefix_and_the_prefix_ds() -> None:
    signed = _sign(SHAPES["default namespace"].encode())
    assert f'xmlns:soap="{m.SOAP}" soap:mustUnderstand="1"'.encode() in signed
    assert b"<ds:Signature " in signed


BAD = {
    "signing.envelope-structure": [
        b"",
        b"<a/>",
        b"<a><b/></a>",
        f'<s:Envelope xmlns:s="{m.SOAP}"><s:Header/><s:Header/><s:Body/></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{m.SOAP}"><s:Body/><s:Body/></s:Envelope>'.encode(),
        b'<s:Envelope xmlns:s="urn:other"><s:Body/></s:Envelope>',
        f'<s:Envelope xmlns:s="{m.SOAP}"><s:Body><a Id="id-1"/></s:Body></s:Envelope>'.encode(),
    ],
    "signing.envelope-unreadable": [
        f'<s:Envelope xmlns:s="{m.SOAP}"><s:Body><a></s:Body></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{m.SOAP}"><s:Body xmlns:w="{m.WSU}" w:Id="a"/></s:Envelope>'.encode(),
        f'<!DOCTYPE a><s:Envelope xmlns:s="{m.SOAP}"><s:Body/></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{m.SOAP}"><s:Body>{m.ENVELOPE[:60].decode()}'.encode(),
    ],
    "signing.envelope-prefix": [
        f'<s:Envelope xmlns:s="{m.SOAP}" xmlns:wsu="urn:mine"><s:Body><wsu:a/></s:Body></s:Envelope>'.encode(),
    ],
}


@pytest.mark.parametrize(("code", "envelope"), [(code, each) for code, list_ in BAD.items() for each in list_])
def test_refuses_to_sign_what_our_own_verifier_would_refuse(code: str, envelope: bytes) -> None:
    with pytest.raises(SigningError) as caught:
        _sign(envelope)
    assert caught.value.code == code


def test_refuses_to_sign_twice() -> None:
    with pytest.raises(SigningError) as caught:
        sign_envelope(
            m.good_envelope().replace(b' wsu:Id="id-1"', b""), m.system(), policy=DEFAULT_SIGNING, body_id="id-2"
        )
    assert caught.value.code == "signing.envelope-signed"


@pytest.mark.parametrize("body_id", ["", "1a", 'a"b', "a b", "a" * 129])
def test_refuses_an_id_that_is_no_name(body_id: str) -> None:
    with pytest.raises(SigningError) as caught:
        _sign(m.ENVELOPE, body_id)
    assert caught.value.code == "signing.body-id"
