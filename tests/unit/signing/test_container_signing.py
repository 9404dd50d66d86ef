"""Making a container and handing its objects out: determinism, streaming, names, and what was compared."""

from __future__ import annotations

import io
import tempfile
import tracemalloc
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import BinaryIO

import pytest
from lxml import etree

from signing.asic import CHUNK, DataObject
from signing.errors import SigningError
from signing.keys import SigningKey
from signing.policy import DEFAULT_SIGNING
from signing.sign.container import sign_container
from signing.validation_report import Indication
from signing.verify.container import unverified_content, verify_container
from tests.unit.signing import xml_material as m

ONE = (DataObject.of("a.xml", "application/xml", b"<a/>"),)


@dataclass
class FakeKey:
    """A key whose parts a test replaces."""

    certificate_chain: tuple[bytes, ...]
    algorithm: str
    real: SigningKey

    def sign(self, message: bytes) -> bytes:
        return self.real.sign(message)


class Pattern(io.RawIOBase):
    """A long file that exists nowhere."""

    def __init__(self, size: int, piece: bytes) -> None:
        self._left = size
        self._piece = piece

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        count = min(self._left, len(self._piece) if size < 0 else size)
        self._left -= count
        return (self._piece * (count // len(self._piece) + 1))[:count]


def _code(objects: tuple[DataObject, ...], key: SigningKey | None = None, time: datetime = m.NOW) -> tuple[str, int]:
    out = io.BytesIO()
    with pytest.raises(SigningError) as caught:
        sign_container(objects, key or m.head(), policy=DEFAULT_SIGNING, signing_time=time, out=out)
    return caught.value.code, len(out.getvalue())


def test_equal_input_key_and_time_give_equal_bytes() -> None:
    assert m.signed() == m.signed()


def test_the_signing_time_is_written_in_utc() -> None:
    out = io.BytesIO()
    almaty = m.NOW.astimezone(timezone(timedelta(hours=5)))
    sign_container(m.data_objects(), m.head(), policy=DEFAULT_SIGNING, signing_time=almaty, out=out)
    assert out.getvalue() == m.good()


def test_entries_stand_in_the_order_of_the_standard() -> None:
    names = list(m.parts_of(m.good()))
    assert names == ["mimetype", m.REPORT_NAME, "docs/a.pdf", m.MANIFEST, m.SIGNATURES]
    assert m.good()[30:38] == b"mimetype"
    assert m.good()[38 : 38 + len(m.MIMETYPE)] == m.MIMETYPE


def test_signed_info_and_signed_properties_are_written_in_canonical_form() -> None:
    content = m.parts_of(m.good())[m.SIGNATURES]
    root = etree.fromstring(content)
    for name in (f"{{{m.DS}}}SignedInfo", f"{{{m.XADES}}}SignedProperties"):
        element = next(root.iter(name))
        assert etree.tostring(element, method="c14n", exclusive=True) in content


@pytest.mark.parametrize(
    ("objects", "code"),
    [
        ((), "signing.no-data-objects"),
        (tuple(DataObject.of(f"{n}", "text/plain", b"") for n in range(998)), "signing.too-many-data-objects"),
        ((DataObject.of("../a", "text/plain", b""),), "signing.data-object-name"),
        ((DataObject.of("a:b", "text/plain", b""),), "signing.data-object-name"),
        ((DataObject.of("mimetype", "text/plain", b""),), "signing.data-object-name"),
        ((DataObject.of("META-INF/a", "text/plain", b""),), "signing.data-object-name"),
        ((DataObject.of("и\u0306", "text/plain", b""),), "signing.data-object-name"),
        (
            (DataObject.of("a", "text/plain", b""), DataObject.of("A", "text/plain", b"")),
            "signing.data-object-name-twice",
        ),
        (
            (DataObject.of("a%2Fb", "text/plain", b""), DataObject.of("a/b", "text/plain", b"")),
            "signing.data-object-name-twice",
        ),
        ((DataObject.of("a", "plain text", b""),), "signing.media-type"),
    ],
)
def test_refuses_names_and_types_before_a_byte_is_written(objects: tuple[DataObject, ...], code: str) -> None:
    assert _code(objects) == (code, 0)


def test_refuses_a_naive_time_before_a_byte_is_written() -> None:
    assert _code(ONE, time=m.NOW.replace(tzinfo=None)) == ("signing.naive-time", 0)


def test_refuses_a_key_without_certificate_or_of_an_unknown_algorithm_before_a_byte_is_written() -> None:
    chain = m.head().certificate_chain
    assert _code(ONE, FakeKey((), "rsa-sha256", m.head())) == ("signing.no-certificate", 0)
    assert _code(ONE, FakeKey(chain, "rsa-sha1", m.head())) == ("signing.algorithm-refused", 0)
    assert _code(ONE, FakeKey(chain, "nobody", m.head())) == ("signing.algorithm-refused", 0)


def test_k08_a_value_that_its_own_certificate_does_not_verify_never_leaves() -> None:
    """K08: a fault of the token, or a certificate of another key."""
    key = FakeKey(m.head().certificate_chain, "rsa-sha256", m.other_head())
    assert _code(ONE, key)[0] == "signing.own-signature-wrong"


def test_a_text_that_packs_too_well_is_stored_so_that_we_accept_it_ourselves() -> None:
    item = DataObject.of("zeros.txt", "text/plain", b"\0" * 3_000_000)
    container = m.signed((item,))
    assert len(container) > 3_000_000
    assert m.judged(container).report.indication is Indication.TOTAL_PASSED


def test_an_object_that_changes_between_two_readings_is_refused() -> None:
    contents = iter([b"\0" * 3_000_000, b"\1" * 3_000_000])
    item = DataObject(name="a", media_type="text/plain", open=lambda: io.BytesIO(next(contents)))
    assert _code((item,))[0] == "signing.data-object-changed"


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7])
@pytest.mark.parametrize("media_type", ["application/pdf", "text/plain"])
def test_every_size_round_trips(size: int, media_type: str) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    (item,) = m.judged(m.signed((DataObject.of("a", media_type, content),))).objects
    assert (item.name, item.media_type, item.size) == ("a", media_type, size)
    assert item.read() == content
    with item.open() as stream:
        assert b"".join(iter(lambda: stream.read(10_007), b"")) == content


@pytest.mark.parametrize("media_type", ["application/pdf", "text/plain"])
def test_memory_does_not_grow_with_the_size_of_an_object(media_type: str) -> None:
    size = 32 << 20
    piece = bytes((n * n * 7 + n) % 251 for n in range(65_536))

    def big() -> BinaryIO:
        return Pattern(size, piece)  # type: ignore[return-value]

    with tempfile.TemporaryFile() as file:
        m.judged(m.good())
        tracemalloc.start()
        item = DataObject(name="big", media_type=media_type, open=big)
        sign_container((item,), m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW, out=file)
        result = verify_container(file, policy=m.SANDBOX_DOCUMENT, anchors=m.anchors(), at=m.NOW)
        with result.objects[0].open() as stream:
            read = sum(len(piece) for piece in iter(lambda: stream.read(CHUNK), b""))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (read, result.report.indication) == (size, Indication.TOTAL_PASSED)
    assert peak < 4 << 20


def test_an_object_that_changed_after_the_verdict_is_not_handed_out() -> None:
    source = io.BytesIO(m.good())
    result = verify_container(source, policy=m.SANDBOX_DOCUMENT, anchors=m.anchors(), at=m.NOW)
    at = m.good().index(m.PDF)
    source.seek(at)
    source.write(b"%PDF-9.9")
    pdf = next(item for item in result.objects if item.name == "docs/a.pdf")
    for read in (pdf.read, lambda: pdf.open().read()):
        with pytest.raises(SigningError) as caught:
            read()
        assert caught.value.code == "signing.object-changed"


def test_other_bytes_with_the_same_checksum_are_a_changed_object() -> None:
    """Who writes the file anew also writes its CRC-32: only the digest that was signed shows it."""
    source = io.BytesIO(m.good())
    result = verify_container(source, policy=m.SANDBOX_DOCUMENT, anchors=m.anchors(), at=m.NOW)
    (pdf,) = (item for item in result.objects if item.name == "docs/a.pdf")
    forged = _with_checksum(b"forged" + m.PDF[6:-4], zlib.crc32(m.PDF))
    assert (len(forged), zlib.crc32(forged)) == (len(m.PDF), zlib.crc32(m.PDF))
    assert m.PDF in m.good(), "it is stored as it is"
    other = pdf.reopened(lambda: io.BytesIO(m.good().replace(m.PDF, forged)))
    for read in (other.read, lambda: other.open().read()):
        with pytest.raises(SigningError) as caught:
            read()
        assert caught.value.code == "signing.object-changed"


def _with_checksum(start: bytes, wanted: int) -> bytes:
    """`start` and four octets more, so that CRC-32 of all is `wanted`: the register is run backwards from its end."""
    table = [zlib.crc32(bytes([octet])) ^ zlib.crc32(b"\0") for octet in range(256)]
    by_top = {entry >> 24: octet for octet, entry in enumerate(table)}
    register = wanted ^ 0xFFFFFFFF
    for _ in range(4):
        octet = by_top[register >> 24]
        register = ((register ^ table[octet]) << 8 & 0xFFFFFFFF) | octet
    return start + (register ^ zlib.crc32(start) ^ 0xFFFFFFFF).to_bytes(4, "little")


def test_a_source_that_fails_is_our_error_and_no_verdict() -> None:
    source = io.BytesIO(m.good())
    source.close()
    with pytest.raises(SigningError) as caught:
        verify_container(source, policy=m.SANDBOX_DOCUMENT, anchors=m.anchors(), at=m.NOW)
    assert caught.value.code == "signing.source-unreadable"


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(SigningError):
        m.judged(m.good(), at=m.NOW.replace(tzinfo=None))


def test_Z42_data_objects_are_handed_out_as_streams_and_never_unpacked() -> None:
    """There is no way from a name in the archive to a path on the disk: a name is a text beside a stream."""
    (report, pdf) = m.judged(m.good()).objects
    assert (report.name, pdf.name) == (m.REPORT_NAME, "docs/a.pdf")
    with pdf.open() as stream:
        assert stream.read() == m.PDF
    assert not [name for name in dir(pdf) if "extract" in name or "save" in name or "path" in name]


def test_objects_are_handed_out_only_when_everything_passed() -> None:
    assert m.judged(m.good(), revocation="required").objects == ()


def test_unverified_content_is_one_entry_within_its_limit_and_nothing_of_a_malformed_archive() -> None:
    out = io.BytesIO()
    sign_container(ONE, m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW, out=out)
    content = out.getvalue()
    assert unverified_content(content, "a.xml", max_bytes=4) == b"<a/>"
    assert unverified_content(content, "a.xml", max_bytes=3) is None
    assert unverified_content(content, "b.xml", max_bytes=4) is None
    assert unverified_content(content[:-1], "a.xml", max_bytes=4) is None
