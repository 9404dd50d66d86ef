"""Archives that lie: every Z row of the attack list, one test input each (ASiC and ZIP, section 10)."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from signing.asic import CHECKS, CHUNK, DEFAULT_LIMITS, open_archive, reader
from signing.validation_report import Conclusion, Indication, SubIndication
from signing.verify.container import verify_container
from signing.xmldsig import StepError
from tests.unit.signing import xml_material as m

EVIL = b"#!/bin/sh\n"


def _with(name: bytes, **changes: object) -> bytes:
    return m.raw_zip([*m.raw_entries(), m.Raw(name=name, content=EVIL, **changes)])  # type: ignore[arg-type]


def _first(index: int, **changes: object) -> list[m.Raw]:
    entries = m.raw_entries()
    entries[index] = replace(entries[index], **changes)  # type: ignore[arg-type]
    return entries


def _mimetype(**changes: object) -> bytes:
    return m.raw_zip(_first(0, **changes))


def _reordered() -> bytes:
    entries = m.raw_entries()
    return m.raw_zip([entries[1], entries[0], *entries[2:]])


def _entry_inside_another() -> bytes:
    """A whole local entry lies in the stored bytes of another; the directory lists both."""
    inner = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, 0, 0, 0, 5, 0) + b"x.txt"
    outer = m.Raw(name=b"outer.bin", content=inner)
    archive = m.raw_zip([*m.raw_entries(), outer])
    return m.raw_zip([*m.raw_entries(), outer, m.Raw(name=b"x.txt", content=b"", at=archive.rindex(inner))])


def _same_offset(name: bytes) -> bytes:
    archive = m.good()
    entries = m.raw_entries()
    offset = m.raw_zip(entries).index(b"docs/a.pdf") - 30
    return m.raw_zip([*entries, replace(entries[2], name=name, at=offset)]) if archive else b""


def _two_end_records() -> bytes:
    archive = m.raw_zip(m.raw_entries())
    return archive + archive[-22:]


def _directory_entry_cut() -> bytes:
    return m.raw_zip(m.raw_entries(), after_directory=b"PK\x01\x02")


def _end_record(offset: int, value: int) -> bytes:
    """One field of two octets of the end record written over."""
    archive = bytearray(m.raw_zip(m.raw_entries()))
    struct.pack_into("<H", archive, len(archive) - 22 + offset, value)
    return bytes(archive)


def _zip64() -> bytes:
    return m.raw_zip(m.raw_entries(), after_directory=b"PK\x06\x07" + b"\0" * 16)


def _zeros() -> bytes:
    return m.raw_zip([*m.raw_entries(), m.Raw(name=b"zeros", content=b"\0" * 3_000_000, deflate=True)])


def _no_local_sums() -> bytes:
    """The local header leaves sizes and checksum out as if a descriptor followed, and says that none does."""
    archive = bytearray(_with(b"a.txt"))
    header = archive.index(b"a.txt") - 30
    archive[header + 14 : header + 26] = bytes(12)
    return bytes(archive)


def _after_deflate(hidden: bytes) -> bytes:
    """Bytes that no reader of the content sees, counted as packed content."""
    entry = m.raw_entries()[1]
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(entry.content) + packer.flush() + hidden
    sums = {"size": len(entry.content), "crc": zlib.crc32(entry.content)}
    return m.raw_zip(_first(1, content=packed, deflate=False, method=8, **sums))


def _after_a_full_piece() -> bytes:
    """The same where the deflate stream ends exactly with the piece that was read: four stored blocks of one piece."""
    block = CHUNK // 4 - 5
    content = b"".join(bytes([number]) * block for number in range(4))
    packed = b"".join(
        struct.pack("<BHH", number == 3, block, block ^ 0xFFFF) + content[number * block : (number + 1) * block]
        for number in range(4)
    )
    assert len(packed) == CHUNK
    parts = m.parts_of(m.signed((m.DataObject.of("a.bin", "application/octet-stream", content),)))
    sums = {"size": len(content), "crc": zlib.crc32(content)}
    return m.raw_zip(
        [
            m.Raw(name=b"a.bin", content=packed + b"hidden", method=8, **sums) if entry.name == b"a.bin" else entry
            for entry in m.raw_entries(parts)
        ]
    )


def _manifest(edit: Callable[[bytes], bytes]) -> bytes:
    return m.changed(manifest=edit(m.parts_of(m.good())[m.MANIFEST]))


# row and cause -> (input, id of the one check that fails)
VECTORS: dict[str, tuple[Callable[[], bytes], str]] = {
    "Z02 same name twice, forged last": (lambda: _with(b"docs/a.pdf"), "asic.names"),
    "Z03 same name twice, forged first": (
        lambda: m.raw_zip([m.raw_entries()[0], m.Raw(name=b"docs/a.pdf", content=EVIL), *m.raw_entries()[1:]]),
        "asic.names",
    ),
    "Z04 names differ in case only": (lambda: _with(b"docs/A.pdf"), "asic.names"),
    "Z05 parent folder": (lambda: _with(b"../evil.sh"), "asic.names"),
    "Z05 parent folder inside": (lambda: _with(b"docs/../evil.sh"), "asic.names"),
    "Z06 absolute name": (lambda: _with(b"/etc/evil.sh"), "asic.names"),
    "Z07 backslashes": (lambda: _with(b"docs\\evil.sh"), "asic.names"),
    "Z08 drive letter": (lambda: _with(b"C:evil.sh"), "asic.names"),
    "Z09 folder entry": (lambda: _with(b"docs/"), "asic.names"),
    "Z24b same name, same offset": (lambda: _same_offset(b"docs/a.pdf"), "asic.names"),
    "Z26 NUL in a name": (lambda: _with(b"evil\0.txt"), "asic.names"),
    "Z26 control character in a name": (lambda: _with(b"evil\x1b.txt"), "asic.names"),
    "Z32 percent-encoded twin": (lambda: _with(b"docs%2Fa.pdf"), "asic.names"),
    "Z33 other Unicode form": (lambda: _with("и\u0306.xml".encode()), "asic.names"),
    "Z33 reading order turned round": (lambda: _with("fdp.\u202eexe".encode()), "asic.names"),
    "Z41 letters without the UTF-8 flag": (lambda: _with("отчёт.xml".encode(), flags=0), "asic.names"),
    "Z41 flagged UTF-8 that is none": (lambda: _with(b"\xff.xml", flags=0x0800), "asic.names"),
    "name over 255 bytes": (lambda: _with(b"a" * 256), "asic.names"),
    "folders over 16": (lambda: _with(b"a/" * 16 + b"a"), "asic.names"),
    "meta-inf in other case": (lambda: _with(b"Meta-Inf/signatures1.xml"), "asic.names"),
    "Z10 a file called META-INF": (lambda: _with(b"META-INF"), "asic.names"),
    "META-INF/ with content": (lambda: _with(b"META-INF/"), "asic.names"),
    "Z18 mimetype in other case": (
        lambda: m.raw_zip([replace(m.raw_entries()[0], name=b"Mimetype"), *m.raw_entries()[1:]]),
        "asic.names",
    ),
    "Z09 symbolic link": (lambda: _with(b"link", attributes=0o120777 << 16), "asic.entries"),
    "Z09 DOS folder": (lambda: _with(b"folder", attributes=0x10), "asic.entries"),
    "DOS link": (lambda: _with(b"link", attributes=0x400), "asic.entries"),
    "runs with another's rights": (lambda: _with(b"a.txt", attributes=0o104644 << 16), "asic.entries"),
    "others may what the owner may not": (lambda: _with(b"a.txt", attributes=0o100446 << 16), "asic.entries"),
    "attributes of Windows from Unix": (lambda: _with(b"a.txt", attributes=0o100644 << 16 | 0x2000), "asic.entries"),
    "a writer nobody knows": (lambda: _with(b"a.txt", made_by=0x0514), "asic.entries"),
    "made by a version nobody wrote": (lambda: _with(b"a.txt", made_by=0x0315 + 1), "asic.entries"),
    "for a version nobody wrote": (lambda: _with(b"a.txt", needed=22), "asic.entries"),
    "attributes nobody defined": (lambda: _with(b"a.txt", is_text=2), "asic.entries"),
    "Z25 encryption flag": (lambda: _with(b"secret", flags=1), "asic.entries"),
    "unknown method": (lambda: _with(b"bzip2", method=12), "asic.entries"),
    "second name in an extra field": (lambda: _with(b"a.txt", extra=struct.pack("<HH", 0x7075, 0)), "asic.entries"),
    "ZIP64 extra field": (lambda: _with(b"a.txt", extra=struct.pack("<HH", 1, 0)), "asic.entries"),
    "extra field cut off": (lambda: _with(b"a.txt", extra=b"\1"), "asic.entries"),
    "stored sizes differ": (lambda: _with(b"a.txt", size=3), "asic.entries"),
    "Z22 local name differs": (lambda: _with(b"a.txt", local_name=b"b.txt"), "asic.local-headers"),
    "Z24 two entries at one offset": (lambda: _same_offset(b"docs/b.pdf"), "asic.local-headers"),
    "Z41 local and central flags differ": (lambda: _with(b"a.txt", local_flags=0x0800), "asic.local-headers"),
    "local and central version differ": (lambda: _with(b"a.txt", local_needed=10), "asic.local-headers"),
    "local and central time differ": (lambda: _with(b"a.txt", local_moment=(1, 0x21)), "asic.local-headers"),
    "local and central date differ": (lambda: _with(b"a.txt", local_moment=(0, 0x22)), "asic.local-headers"),
    "ZIP64 in the local header only": (
        lambda: _with(b"a.txt", local_extra=struct.pack("<HH", 1, 0)),
        "asic.local-headers",
    ),
    "local sums missing and no descriptor promised": (_no_local_sums, "asic.local-headers"),
    "offset behind the directory": (lambda: _with(b"a.txt", at=10_000_000), "asic.local-headers"),
    "Z20 executable before the archive": (
        lambda: m.raw_zip(m.raw_entries(), before=b"MZ" * 40, shifted=True),
        "asic.spans",
    ),
    "Z24a entry inside another entry": (_entry_inside_another, "asic.spans"),
    "bytes no entry owns": (lambda: m.raw_zip(m.raw_entries(), gap=b"hidden"), "asic.spans"),
    "data descriptor missing": (lambda: _with(b"a.txt", flags=8), "asic.spans"),
    "Z20 before, offsets not moved": (
        lambda: m.raw_zip(m.raw_entries(), before=b"MZ" * 40, shifted=False),
        "asic.end-record",
    ),
    "Z21 bytes after the archive": (lambda: m.raw_zip(m.raw_entries(), after=b"\n"), "asic.end-record"),
    "Z35 count of entries": (lambda: m.raw_zip(m.raw_entries(), count=4), "asic.end-record"),
    "Z35 fewer entries on this disk than altogether": (lambda: _end_record(8, 4), "asic.end-record"),
    "Z35 another disk": (lambda: _end_record(4, 1), "asic.end-record"),
    "Z35 directory on another disk": (lambda: _end_record(6, 1), "asic.end-record"),
    "Z35 two end records": (_two_end_records, "asic.end-record"),
    "Z35 comment": (lambda: m.raw_zip(m.raw_entries(), comment=b"PK\x05\x06" + b"\0" * 18), "asic.end-record"),
    "Z35 ZIP64 locator": (_zip64, "asic.end-record"),
    "Z35 ZIP64 mark for an offset": (lambda: _with(b"a.txt", at=0xFFFFFFFF), "asic.end-record"),
    "Z35 directory cut off": (_directory_entry_cut, "asic.end-record"),
    "empty file": (lambda: b"", "asic.end-record"),
    "text": (lambda: b"hello, this is no archive at all", "asic.end-record"),
    "Z23 zeros": (_zeros, "asic.limits"),
    "Z27 1,001 entries": (
        lambda: m.raw_zip([*m.raw_entries(), *(m.Raw(name=f"{n}".encode(), content=b"") for n in range(996))]),
        "asic.limits",
    ),
    "Z37 signature file over its limit": (
        lambda: _with(b"META-INF/signatures1.xml", deflate=True, size=9 << 20),
        "asic.limits",
    ),
    "Z16 mimetype not first": (_reordered, "asic.mimetype"),
    "Z17 mimetype deflated": (lambda: _mimetype(deflate=True), "asic.mimetype"),
    "Z18 mimetype wrong": (lambda: _mimetype(content=b"application/vnd.etsi.asic-s+zip"), "asic.mimetype"),
    "mimetype with extra field": (lambda: _mimetype(extra=struct.pack("<HH", 0xCAFE, 0)), "asic.mimetype"),
    "mimetype with extra field in the local header": (
        lambda: _mimetype(local_extra=struct.pack("<HH", 0xCAFE, 0)),
        "asic.mimetype",
    ),
    "mimetype with descriptor": (lambda: _mimetype(descriptor=True), "asic.mimetype"),
    "mimetype missing": (lambda: m.raw_zip(m.raw_entries()[1:]), "asic.mimetype"),
    "Z34 more data than declared": (lambda: m.raw_zip(_first(1, size=10)), "asic.content"),
    "less data than declared": (lambda: m.raw_zip(_first(1, size=100_000)), "asic.content"),
    "checksum": (lambda: m.raw_zip(_first(2, crc=1)), "asic.content"),
    "deflate stream broken": (lambda: m.raw_zip(_first(1, deflate=False, method=8)), "asic.content"),
    "bytes after the deflate stream": (lambda: _after_deflate(b"hidden"), "asic.content"),
    "bytes after the deflate stream, in a piece of their own": (_after_a_full_piece, "asic.content"),
    "Z15 no manifest": (lambda: m.changed(manifest=None), "asic.manifest"),
    "manifest of another vocabulary": (lambda: m.changed(manifest=b"<manifest/>"), "asic.manifest"),
    "manifest lists a name twice": (
        lambda: _manifest(lambda x: x.replace(b"</manifest:manifest>", x[x.rindex(b"<manifest:file-entry") :])),
        "asic.manifest",
    ),
    "manifest without the container": (
        lambda: _manifest(lambda x: x.replace(b'"/"', b'"other/"')),
        "asic.manifest",
    ),
}


@pytest.mark.parametrize("row", VECTORS)
def test_refuses_an_archive_for_its_one_flaw(row: str) -> None:
    make, expected = VECTORS[row]
    result = m.judged(make())
    found = m.flaws(result.report)
    # what could not be read leaves the signature undecided: a consequence, not a second flaw
    assert found.pop("xmldsig.digests", Conclusion.INDETERMINATE) is Conclusion.INDETERMINATE
    assert found == {expected: Conclusion.FAILED}
    assert result.report.indication is Indication.TOTAL_FAILED
    assert result.report.sub_indication is SubIndication.FORMAT_FAILURE
    assert result.objects == ()


@pytest.mark.parametrize("row", [row for row, (_, check) in VECTORS.items() if check == "asic.content"])
def test_a_file_read_in_pieces_is_refused_for_the_same_flaw(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are read at once, large ones piece by piece; here the same ones in pieces of 16 bytes."""
    container = VECTORS[row][0]()
    at_once = m.judged(container).report
    monkeypatch.setattr(reader, "CHUNK", 16)
    assert m.judged(m.good()).report.indication is Indication.TOTAL_PASSED
    in_pieces = m.judged(container).report
    assert m.flaws(in_pieces) == m.flaws(at_once)
    assert in_pieces.indication is Indication.TOTAL_FAILED


@pytest.mark.parametrize(("declared", "given"), [(2 * CHUNK, 2 * CHUNK), (CHUNK, 0)])
def test_nothing_beyond_the_declared_size_is_handed_out(declared: int, given: int) -> None:
    """Of what is read at once, nothing at all."""
    entry = m.Raw(name=b"zeros", content=b"\0" * 3_000_000, deflate=True, size=declared)
    archive = open_archive(io.BytesIO(m.raw_zip([*m.raw_entries(), entry])), [])
    out = io.BytesIO()
    with pytest.raises(StepError) as stopped:
        out.writelines(archive.chunks("zeros"))
    assert len(out.getvalue()) == given
    assert stopped.value.check.params["reason"] == "longer than declared"


def test_every_check_of_the_reader_has_a_vector() -> None:
    assert {expected for _, expected in VECTORS.values()} == CHECKS


def test_Z01_accepts_what_another_program_zipped_again() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in m.parts_of(m.good()).items():
            method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    assert m.judged(out.getvalue()).report.indication is Indication.TOTAL_PASSED


def test_accepts_data_descriptors_and_harmless_extra_fields() -> None:
    stamp = struct.pack("<HHB", 0x5455, 1, 0)
    entries = [
        entry if entry.name == b"mimetype" else replace(entry, descriptor=True, extra=stamp, local_extra=stamp * 2)
        for entry in m.raw_entries()
    ]
    assert m.judged(m.raw_zip(entries)).report.indication is Indication.TOTAL_PASSED


def test_accepts_the_one_comment_the_standard_names() -> None:
    archive = m.raw_zip(m.raw_entries(), comment=b"mimetype=" + m.MIMETYPE)
    assert m.judged(archive).report.indication is Indication.TOTAL_PASSED


def test_Z31_names_an_unknown_file_under_meta_inf_and_never_hands_it_out() -> None:
    result = m.judged(m.with_part("META-INF/note.txt", EVIL))
    notes = [check for check in result.report.checks if check.id == "asic.meta-inf"]
    assert result.report.indication is Indication.TOTAL_PASSED
    assert [check.conclusion for check in notes] == [Conclusion.NOT_PERFORMED]
    assert "META-INF/note.txt" in notes[0].params["names"]
    assert [item.name for item in result.objects] == [m.REPORT_NAME, "docs/a.pdf"]


def test_Z36_a_nested_archive_is_data_and_never_opened() -> None:
    inner = m.good()
    outer = m.signed((m.DataObject.of("inner.asice", m.MIMETYPE.decode(), inner),))
    result = m.judged(outer)
    assert [item.read() for item in result.objects] == [inner]


@pytest.mark.parametrize(
    "limits",
    [
        replace(DEFAULT_LIMITS, max_archive=1_000),
        replace(DEFAULT_LIMITS, max_entry=1_000),
        replace(DEFAULT_LIMITS, max_unpacked=3_000),
        replace(DEFAULT_LIMITS, max_entries=4),
        replace(DEFAULT_LIMITS, max_meta_inf=500),
        replace(DEFAULT_LIMITS, max_meta_inf_total=3_000),
    ],
)
def test_each_limit_of_size_holds(limits: object) -> None:
    result = verify_container(m.good(), policy=m.SANDBOX_DOCUMENT, anchors=m.anchors(), at=m.NOW, limits=limits)  # type: ignore[arg-type]
    assert m.flaws(result.report) == {"asic.limits": Conclusion.FAILED}


@pytest.mark.parametrize("bits", [0xFF, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80])
def test_no_byte_of_a_container_is_altered_unnoticed_but_notes_that_nobody_signs(bits: int) -> None:
    """What can be altered is another possible value of what ZIP notes once beside a file; inverted, nothing can."""
    content = m.good()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        directory, at, notes = archive.start_dir, archive.start_dir, set()
        for entry in archive.infolist():
            notes |= {at + one for one in (4, 5, 36, 38, 39, 40, 41)}  # made by, kind of text, attributes
            at += 46 + len(entry.filename.encode()) + len(entry.extra) + len(entry.comment)
    for place in range(0 if bits == 0xFF else directory, len(content)):
        altered = content[:place] + bytes([content[place] ^ bits]) + content[place + 1 :]
        passed = m.judged(altered).report.indication is Indication.TOTAL_PASSED
        assert not passed or (place in notes and bits != 0xFF), place
