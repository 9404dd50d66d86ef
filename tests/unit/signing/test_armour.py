"""PEM blocks are found as they always were, in a time that grows with the text and no faster."""

from __future__ import annotations

import base64
import time

import pytest

from signing import SigningError, TrustAnchors, is_der, pem_blocks
from signing.keys import pem


def block(label: str, content: bytes = b"content") -> bytes:
    return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(content) + f"-----END {label}-----\n".encode()


def found(text: bytes, *labels: str) -> list[tuple[str, bytes]]:
    return [(one.label, one.der()) for one in pem_blocks(text, labels or None)]


@pytest.mark.parametrize(
    "line", [b"-----BEGIN A-----\n", b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN A", b"-", b"A A "]
)
def test_a_text_that_never_ends_a_block_costs_its_length(line: bytes):
    text = line * (pem.MAX_BYTES // len(line))
    begun = time.process_time()
    assert pem_blocks(text) == ()
    with pytest.raises(SigningError) as caught:
        pem.load(text, None)
    assert caught.value.code == "signing.pem-no-key"
    with pytest.raises(SigningError) as caught:
        TrustAnchors.from_pem("x", "named", text)
    assert caught.value.code == "signing.anchors-unreadable"
    assert time.process_time() - begun < 1


def test_text_around_blocks_is_not_read():
    text = (
        b"0 subject: A -----\n" + block("A") + b"-- between --\r\n" + block("B", b"2").replace(b"\n", b"\r\n") + b"end"
    )
    assert found(text) == [("A", b"content"), ("B", b"2")]
    assert found(text, "B") == [("B", b"2")]


def test_headers_stand_above_the_first_empty_line():
    text = block("A").replace(b"-----\n", b"-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1)
    (one,) = pem_blocks(text)
    assert one.headers.split() == [b"Proc-Type:", b"4,ENCRYPTED", b"DEK-Info:", b"AES-128-CBC,00"]
    assert one.der() == b"content"


def test_a_block_that_was_cut_off_is_damage_and_not_left_out():
    (one,) = pem_blocks(block("A")[:20] + block("A"))
    with pytest.raises(ValueError, match="base64|Non-base64|padding|Excess"):
        one.der()
    assert found(block("A")[:20] + block("B")) == [("B", b"content")]
    assert found(block("A").replace(b"END A", b"END B")) == []


def test_a_block_shows_nothing():
    assert repr(pem_blocks(block("A"))) == "(PemBlock(A),)"


@pytest.mark.parametrize("octets", [b"\x30\x80", b"\x30\x82\x01", b"\x30\x03\x02\x01\x00"])
def test_der_is_known_by_its_length_octet(octets: bytes):
    assert is_der(octets)


@pytest.mark.parametrize("octets", [b"", b"0", b"0 Root\n-----BEGIN", b"0\n", b"\x31\x80", b"00: x"])
def test_a_text_that_begins_with_the_digit_0_is_no_der(octets: bytes):
    assert not is_der(octets)
