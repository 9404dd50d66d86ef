"""The DER reader takes one form of everything and never raises anything but Malformed."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signing import Certificate, Malformed, asn1
from signing.cms import read_signed_data

ELEMENTS = st.recursive(
    st.one_of(
        st.integers(-(2**70), 2**70).map(asn1.encode_integer),
        st.binary(max_size=40).map(lambda content: asn1.encode(asn1.OCTET_STRING, content)),
        st.sampled_from((b"\x01\x01\xff", b"\x01\x01\x00", b"\x05\x00", asn1.encode_oid("2.999.3"))),
    ),
    lambda inner: st.lists(inner, max_size=4).map(lambda parts: asn1.encode(asn1.SEQUENCE, *parts)),
    max_leaves=20,
)


@given(ELEMENTS)
def test_reads_whatever_it_writes_and_keeps_its_bytes(der: bytes):
    element = asn1.read_der(der)
    assert element.raw == der
    if element.tag == asn1.SEQUENCE:
        assert b"".join(child.raw for child in asn1.children(element)) == element.content


@given(st.integers(-(2**200), 2**200))
@example(0)
@example(-128)
@example(128)
def test_integers_come_back(value: int):
    assert asn1.integer(asn1.read_der(asn1.encode_integer(value))) == value


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=8), st.integers(0, 2))
def test_object_identifiers_come_back(arcs: list[int], first: int):
    dotted = ".".join(map(str, (first, arcs[0] % 40, *arcs[1:])))
    assert asn1.oid(asn1.read_der(asn1.encode_oid(dotted))) == dotted


@given(st.datetimes(datetime(1950, 1, 1), datetime(2400, 1, 1)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC)))
@example(datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC))
@example(datetime(2050, 1, 1, tzinfo=UTC))
def test_times_come_back(moment: datetime):
    assert asn1.time(asn1.read_der(asn1.encode_time(moment))) == moment


@given(st.binary(max_size=200))
@example(bytes((asn1.BOOLEAN, 0)))
@example(bytes((asn1.INTEGER, 0)))
@example(bytes((asn1.BIT_STRING, 0)))
@example(bytes((asn1.OID, 0)))
@example(bytes((asn1.UTC_TIME, 0)))
@settings(max_examples=300)
def test_garbage_is_malformed_and_nothing_else(data: bytes):
    for read in (Certificate.from_der, read_signed_data, asn1.read_pkcs12):
        with pytest.raises(Malformed) as caught:
            read(data)
        assert caught.value.code.startswith(("asn1.", "signing."))
    with suppress(Malformed):
        assert asn1.read_der(data).raw == data, "the little that is DER by chance is kept as it came"


@pytest.mark.parametrize(
    ("der", "code"),
    [
        pytest.param("", "asn1.truncated", id="nothing"),
        pytest.param("30", "asn1.truncated", id="no length"),
        pytest.param("3003020101ff", "asn1.trailing-bytes", id="a byte left over"),
        pytest.param("30040201", "asn1.truncated", id="shorter than it says"),
        pytest.param("3003020201", "asn1.truncated", id="child longer than its parent"),
        pytest.param("30800000", "asn1.indefinite-length", id="indefinite length"),
        pytest.param("0281017f", "asn1.length", id="long form of a short length"),
        pytest.param("028200017f", "asn1.length", id="length with a leading zero"),
        pytest.param("0285010000000000", "asn1.length", id="length of five octets"),
        pytest.param("02820001", "asn1.length", id="long length with a leading zero and nothing"),
        pytest.param("1f8100", "asn1.tag", id="tag in many octets"),
        pytest.param("0200", "asn1.not-der", id="empty integer"),
        pytest.param("02020001", "asn1.not-der", id="integer with a leading zero"),
        pytest.param("0202ff80", "asn1.not-der", id="negative integer with a leading one"),
        pytest.param("010101", "asn1.not-der", id="true that is not ff"),
        pytest.param("050100", "asn1.not-der", id="null with content"),
        pytest.param("0600", "asn1.not-der", id="empty object identifier"),
        pytest.param("06022a80", "asn1.not-der", id="object identifier that does not end"),
        pytest.param("068181" + "ff" * 128 + "01", "asn1.not-der", id="object identifier of 129 octets"),
        pytest.param("06032a8001", "asn1.not-der", id="arc with a leading zero"),
        pytest.param("0300", "asn1.not-der", id="empty bit string"),
        pytest.param("030108", "asn1.not-der", id="eight spare bits"),
        pytest.param("03020101", "asn1.not-der", id="spare bit that is set"),
        pytest.param("2403040161", "asn1.not-der", id="octet string in pieces"),
        pytest.param("1000", "asn1.not-der", id="sequence that is primitive"),
        pytest.param("0000", "asn1.not-der", id="end of contents"),
    ],
)
def test_refuses_what_is_not_der(der: str, code: str):
    with pytest.raises(Malformed) as caught:
        asn1.read_der(bytes.fromhex(der))
    assert caught.value.code == code


def nested(levels: int) -> bytes:
    der = b""
    for _ in range(levels):
        der = asn1.encode(asn1.SEQUENCE, der)
    return der


def test_depth_is_limited():
    assert asn1.read_der(nested(asn1.MAX_DEPTH)).tag == asn1.SEQUENCE
    with pytest.raises(Malformed) as caught:
        asn1.read_der(nested(asn1.MAX_DEPTH + 1))
    assert caught.value.code == "asn1.too-deep"


def test_a_hundred_thousand_levels_end_at_once():
    with pytest.raises(Malformed):
        asn1.read_der(b"\x30\x84\x7f\xff\xff\xff" * 100_000)


def test_elements_are_limited():
    flood = asn1.encode(asn1.SEQUENCE, b"\x05\x00" * asn1.MAX_ELEMENTS)
    with pytest.raises(Malformed) as caught:
        asn1.read_der(flood)
    assert caught.value.code == "asn1.too-many-elements"


@pytest.mark.parametrize(
    "text",
    ["20260101000000.5Z", "202601010000Z", "20260101000000+0100", "20261301000000Z", "2026010100000aZ"],
)
def test_refuses_times_in_another_form(text: str):
    with pytest.raises(Malformed):
        asn1.time(asn1.read_der(asn1.encode(asn1.GENERALIZED_TIME, text.encode())))


def test_a_sequence_is_read_to_its_end():
    fields = asn1.Fields(asn1.read_der(asn1.encode(asn1.SEQUENCE, b"\x05\x00", b"\x05\x00")))
    fields.take(asn1.NULL)
    with pytest.raises(Malformed):
        fields.end()
