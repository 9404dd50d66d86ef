"""XAdES above B-B: what is added, over which octets time-stamps stand, and that nothing signed is touched."""

from __future__ import annotations

import base64
import io
import re
import tempfile
import tracemalloc
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import BinaryIO

import pytest
from lxml import etree

from signing import asn1
from signing.algorithms import digest_algorithm
from signing.asic import CHUNK, DataObject
from signing.errors import SigningError
from signing.policy import DEFAULT_SIGNING, SANDBOX_DOCUMENT
from signing.sign.augmentation import augment_container
from signing.sign.container import sign_container
from signing.validation_data import ValidationData
from signing.validation_report import Conclusion, Indication
from signing.verify.container_objects import SecondReading
from signing.xmldsig import StepError
from tests.unit.signing import levels_material as lm
from tests.unit.signing import xml_material as m

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
LATER = m.NOW + timedelta(hours=2)


def _signatures(container: bytes) -> bytes:
    return m.parts_of(container)[m.SIGNATURES]


# --- each level ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_each_level_is_reached_and_reported(level: str) -> None:
    report = lm.only(lm.at_level(level), SANDBOX_DOCUMENT)  # type: ignore[arg-type]
    assert (report.indication, report.level) == (Indication.TOTAL_PASSED, level)


@pytest.mark.parametrize("level", ["B-LT", "B-LTA"])
def test_a_long_term_signature_is_judged_by_what_it_carries_alone(level: str) -> None:
    report = lm.only(lm.at_level(level))  # type: ignore[arg-type]
    assert report.indication is Indication.TOTAL_PASSED, m.flaws(lm.judged(lm.at_level(level)).report)  # type: ignore[arg-type]
    assert report.best_signature_time <= m.NOW + timedelta(seconds=1)
    assert {each.origin for each in report.revocation} == {"embedded"}


def test_a_signature_with_a_time_stamp_at_once_is_what_augmenting_makes_of_one_without() -> None:
    assert lm.signed_with_time_stamp() == lm.at_level("B-T")


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_equal_input_key_and_time_source_give_equal_bytes(level: str) -> None:
    assert lm.raised(m.good(), level) == lm.raised(m.good(), level)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_augmenting_is_one_splice_into_the_bytes(level: str) -> None:
    before, after = m.parts_of(m.good()), m.parts_of(lm.at_level(level))  # type: ignore[arg-type]
    old, new = before.pop(m.SIGNATURES), after.pop(m.SIGNATURES)
    assert before == after
    at = old.index(b"</xades:QualifyingProperties>")
    assert (new[:at], new[len(new) - (len(old) - at) :]) == (old[:at], old[at:])


def test_an_archive_time_stamp_is_renewed_with_the_validation_data_of_the_last_one_first() -> None:
    renewed = lm.raised(lm.at_level("B-LTA"), "B-LTA", LATER)
    old, new = _signatures(lm.at_level("B-LTA")), _signatures(renewed)
    at = old.index(b"</xades:UnsignedSignatureProperties>")
    assert new.startswith(old[:at])
    names = [etree.QName(each).localname for each in etree.fromstring(new).iter() if isinstance(each.tag, str)]
    order = [name for name in names if name.endswith(("TimeStamp", "ValidationData"))]
    wanted = ["SignatureTimeStamp", "EncapsulatedTimeStamp", "TimeStampValidationData"]
    wanted += ["ArchiveTimeStamp", "EncapsulatedTimeStamp", "TimeStampValidationData"]
    assert order == [*wanted, "ArchiveTimeStamp", "EncapsulatedTimeStamp"]
    report = lm.only(renewed, at=LATER)
    assert report.indication is Indication.TOTAL_PASSED
    assert [each.kind for each in report.time_stamps] == ["signature", "archive", "archive"]


def test_properties_are_written_in_canonical_form() -> None:
    content = _signatures(lm.raised(lm.at_level("B-LTA"), "B-LTA", LATER))
    (unsigned,) = etree.fromstring(content).iter(f"{{{m.XADES}}}UnsignedSignatureProperties")
    assert all(lm.canonical(each) in content for each in unsigned)


# --- over which octets ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_a_signature_time_stamp_is_over_the_canonical_element(digest: str) -> None:
    container = lm.signed_with_time_stamp(digest)
    (value,) = etree.fromstring(_signatures(container)).iter(f"{{{m.DS}}}SignatureValue")
    import hashlib

    assert lm.imprints(container) == [hashlib.new(digest, lm.canonical(value)).digest()]


def test_an_archive_time_stamp_is_over_data_signature_and_all_properties_before_it() -> None:
    container = lm.raised(lm.at_level("B-LTA"), "B-LTA", LATER)
    contents = [m.REPORT, m.PDF]
    (unsigned,) = etree.fromstring(_signatures(container)).iter(f"{{{m.XADES}}}UnsignedSignatureProperties")
    places = [place for place, each in enumerate(unsigned) if each.tag == f"{{{lm.XADES141}}}ArchiveTimeStamp"]
    octets = [lm.archived_octets(_signatures(container), contents, before) for before in places]
    assert lm.imprints(container)[1:] == [lm.sha256(each) for each in octets]


@pytest.mark.parametrize("method", [None, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"])
def test_a_foreign_time_stamp_in_inclusive_form_is_read(method: str | None) -> None:
    """EN 319 132-1, 4.5: no method means Canonical XML 1.0, which takes the namespaces of what stands around along."""
    named = f'<ds:CanonicalizationMethod Algorithm="{method}"/>' if method else ""
    inside = f'<xades:SignatureTimeStamp Id="T">{named}<xades:EncapsulatedTimeStamp>{{}}</xades:EncapsulatedTimeStamp>'
    draft = _signatures(lm.added(f"{inside.format('AAAA')}</xades:SignatureTimeStamp>"))
    (value,) = etree.fromstring(draft).iter(f"{{{m.DS}}}SignatureValue")
    sha256 = digest_algorithm("sha256")
    assert sha256 is not None
    token = lm.tsa().token(sha256, lm.sha256(lm.canonical(value, "inclusive")))
    assert b'xmlns:asic="' in lm.canonical(value, "inclusive")
    container = lm.added(f"{inside.format(base64.b64encode(token).decode())}</xades:SignatureTimeStamp>")
    report = lm.only(container, SANDBOX_DOCUMENT)
    assert [each.indication for each in report.time_stamps] == [Indication.TOTAL_PASSED]


def test_content_time_stamps_are_over_data_objects() -> None:
    sha256 = digest_algorithm("sha256")
    assert sha256 is not None
    every = base64.b64encode(lm.tsa().token(sha256, lm.sha256(m.REPORT + m.PDF))).decode()
    one = base64.b64encode(lm.tsa().token(sha256, lm.sha256(m.PDF))).decode()

    def properties(text: str) -> str:
        identifier = re.search(r'ObjectReference="#([^"]*-r1)"', text)
        assert identifier is not None
        include = f'<xades:Include URI="#{identifier[1]}" referencedData="true"></xades:Include>'
        return text.replace(
            "</xades:SignedDataObjectProperties>",
            f"<xades:AllDataObjectsTimeStamp><xades:EncapsulatedTimeStamp>{every}</xades:EncapsulatedTimeStamp>"
            f"</xades:AllDataObjectsTimeStamp><xades:IndividualDataObjectsTimeStamp>{include}"
            f"<xades:EncapsulatedTimeStamp>{one}</xades:EncapsulatedTimeStamp></xades:IndividualDataObjectsTimeStamp>"
            "</xades:SignedDataObjectProperties>",
        )

    report = lm.only(m.crafted(properties=properties), SANDBOX_DOCUMENT)
    assert report.indication is Indication.TOTAL_PASSED
    assert [(each.kind, each.indication) for each in report.time_stamps] == [
        ("content", Indication.TOTAL_PASSED),
        ("content", Indication.TOTAL_PASSED),
    ]
    assert report.level == "B-B"


def _indefinite(element: asn1.Der) -> bytes:
    """The same in BER, lengths left open down to SignedData, the content in two pieces."""

    def opened(each: asn1.Der, inside: bytes) -> bytes:
        return bytes([each.tag, 0x80]) + inside + b"\0\0"

    kind, explicit = asn1.children(element)
    (signed_data,) = asn1.children(explicit)
    parts = asn1.children(signed_data)
    content_type, wrapped = asn1.children(parts[2])
    (content,) = asn1.children(wrapped)
    pieces = (
        asn1.encode(asn1.OCTET_STRING, content.content[:50]),
        asn1.encode(asn1.OCTET_STRING, content.content[50:]),
    )
    encapsulated = opened(parts[2], content_type.raw + opened(wrapped, b"\x24\x80" + b"".join(pieces) + b"\0\0"))
    inside = b"".join([*(part.raw for part in parts[:2]), encapsulated, *(part.raw for part in parts[3:])])
    return opened(element, kind.raw + opened(explicit, opened(signed_data, inside)))


def test_a_token_in_ber_is_read_where_the_policy_takes_ber() -> None:
    content = _signatures(lm.at_level("B-T"))
    spelled = re.search(rb"<xades:EncapsulatedTimeStamp>([^<]*)<", content)
    assert spelled is not None
    ber = _indefinite(asn1.read_der(base64.b64decode(spelled[1])))
    container = m.changed(signatures=content.replace(spelled[1], base64.b64encode(ber)))
    (stamp,) = lm.only(container, replace(SANDBOX_DOCUMENT, accept_ber=True)).time_stamps
    assert stamp.indication is Indication.TOTAL_PASSED
    (stamp,) = lm.only(container, SANDBOX_DOCUMENT).time_stamps
    assert stamp.indication is Indication.TOTAL_FAILED
    assert (
        lm.only(lm.raised(container, "B-LTA"), replace(lm.STRICT, accept_ber=True)).indication
        is Indication.TOTAL_PASSED
    )


# --- what is refused -----------------------------------------------------------------------------------------------
def _refused(container: bytes, level: str = "B-T", data: ValidationData | None = None) -> tuple[str, str]:
    with pytest.raises(SigningError) as caught:
        lm.raised(container, level, data=data)  # type: ignore[arg-type]
    return caught.value.code, caught.value.params.get("reason", "")


def test_what_is_not_intact_is_not_raised() -> None:
    forged = m.changed(signatures=m.wrapped(re.sub(r"(<ds:SignatureValue>)..", r"\1AA", m.signature_text())))
    assert _refused(forged) == ("signing.not-augmentable", "xmldsig.signature-value")
    assert _refused(m.changed(pdf=m.PDF + b" ")) == ("signing.not-augmentable", "xmldsig.digests")
    assert _refused(m.changed(signatures=b"<a/>")) == ("signing.level-reached", "")
    assert _refused(m.changed(signatures=b"<a")) == ("signing.not-augmentable", "xml.accepted")
    assert _refused(b"nothing") == ("signing.not-a-container", "asic.end-record")
    code, reason = _refused(m.changed(pdf=None))
    assert (code, reason.split()[0]) == ("signing.not-augmentable", "asic.references")


@pytest.mark.parametrize("kind", ["signature", "archive"])
def test_a_time_stamp_of_something_else_is_not_built_upon(kind: str) -> None:
    container = _moved_time_stamp() if kind == "signature" else _edited(lm.at_level("B-LTA"), _swapped)
    assert _refused(container, "B-LTA") == ("signing.not-augmentable", "timestamp.imprint")


def test_a_level_that_is_there_is_not_made_again() -> None:
    assert _refused(lm.at_level("B-LT"), "B-T")[0] == "signing.level-reached"
    assert _refused(lm.at_level("B-LT"), "B-LT")[0] == "signing.level-reached"


def test_no_level_is_promised_without_what_it_needs() -> None:
    assert _refused(m.good(), "B-LT", ValidationData())[0] == "signing.status-unavailable"
    stranger = m.stranger_pki().issue("head", "Бөтен", "Бөтен", bin=m.BIN, key_of=m.issued("head")).signing_key()
    assert _refused(m.signed(key=stranger), "B-LT")[0] == "signing.no-path"
    revoked = ValidationData(
        ocsp_responses=(lm.status(m.head().certificate_chain[0], revoked=m.NOW - timedelta(days=1)),)
    )
    assert _refused(m.good(), "B-LT", revoked)[0] == "signing.certificate-revoked"


def test_memory_does_not_grow_with_the_size_of_an_object() -> None:
    size = 24 << 20
    piece = bytes((n * n * 7 + n) % 251 for n in range(65_536))

    class Big(io.RawIOBase):
        left = size

        def readable(self) -> bool:
            return True

        def read(self, count: int = -1) -> bytes:
            count = min(self.left, count)
            self.left -= count
            return (piece * (count // len(piece) + 1))[:count]

    def big() -> BinaryIO:
        return Big()  # type: ignore[return-value]

    with tempfile.TemporaryFile() as first, tempfile.TemporaryFile() as second:
        item = DataObject(name="big", media_type="application/pdf", open=big)
        sign_container((item,), m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW, out=first)
        tracemalloc.start()
        augment_container(
            first,
            second,
            level="B-LTA",
            time_stamps=lm.authority(),
            anchors=m.anchors(),
            policy=lm.STRICT,
            at=m.NOW,
            data=lm.statuses(m.head()),
        )
        result = lm.judged(second)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert result.report.indication is Indication.TOTAL_PASSED
    assert peak < 6 * CHUNK + (4 << 20)


def test_data_objects_are_read_again_for_time_stamps_a_few_times_only() -> None:
    """Sixteen signatures of nobody, each with archive time-stamps by three hashes, would read 4 GB fifty times."""

    @dataclass
    class Listed:
        size: int

    @dataclass
    class Archived:
        entries: dict[str, Listed]
        size: int

        def chunks(self, name: str) -> list[bytes]:
            return [name.encode()]

    def readings(size: int, packed: int | None = None) -> int:
        archive = Archived({"a": Listed(size)}, size if packed is None else packed)
        again = SecondReading(archive, ["a"])  # type: ignore[arg-type]
        for count in range(1000):
            try:
                again.chunks("a")
            except StepError:
                return count
        return 1000

    assert (readings(4 << 30), readings(100 << 20), readings(1 << 20)) == (4, 5, 132)
    # 800 MB that lie in 8: what it costs to send bounds what it costs to judge
    assert (readings(800 << 20, 80 << 20), readings(800 << 20, 8 << 20)) == (4, 0)


@pytest.mark.parametrize("identifier", ["a&amp;b", "a&quot; b=&quot;c", "a&lt;b"])
def test_whatever_others_call_a_signature_or_a_time_stamp_is_text(identifier: str) -> None:
    """What we add names both; it stands there as it was read."""
    stamped = _signatures(lm.at_level("B-T")).decode()
    names = [re.search(r'<ds:Signature [^>]*Id="([^"]*)"', stamped), re.search(r'Id="([^"]*-t0)"', stamped)]
    own, stamp = (found[1] for found in names if found is not None)
    text = stamped.replace(f'Id="{stamp}"', f'Id="{identifier}"')
    text = text.replace(f'Id="{own}"', f'Id="{identifier}s"').replace(f'Target="#{own}"', f'Target="#{identifier}s"')
    raised = lm.raised(m.changed(signatures=text.encode()), "B-LTA")
    report = lm.only(raised)
    assert (report.indication, report.level) == (Indication.TOTAL_PASSED, "B-LTA")


# --- attacks -------------------------------------------------------------------------------------------------------
def _moved_time_stamp() -> bytes:
    """A84: the time-stamp of another signature over the same data."""
    other = lm.raised(m.signed(key=m.other_head()), "B-T")
    stamp = re.search(rb"<xades:SignatureTimeStamp.*</xades:SignatureTimeStamp>", _signatures(other), re.DOTALL)
    assert stamp is not None
    return lm.added(stamp[0].decode())


def test_A84_time_stamp_of_another_signature() -> None:
    report = lm.only(_moved_time_stamp(), replace(lm.STRICT, revocation="not-checked"))
    assert [each.indication for each in report.time_stamps] == [Indication.TOTAL_FAILED]
    assert report.indication is Indication.INDETERMINATE


def _edited(container: bytes, edit: m.Edit) -> bytes:
    parts = m.parts_of(container)
    text = parts[m.SIGNATURES].decode()
    changed = edit(text)
    assert changed != text
    return m.changed(signatures=changed.encode())


def _swapped(text: str) -> str:
    """Two properties before the archive time-stamp in the other order."""
    found = re.search(
        r"(<xades:CertificateValues.*?</xades:CertificateValues>)(<xades:RevocationValues.*?</xades:RevocationValues>)",
        text,
        re.DOTALL,
    )
    assert found is not None
    return text.replace(found[0], found[2] + found[1])


A85 = {
    "A85 archive time-stamp tampered": lambda text: re.sub(
        r"(<xades141:ArchiveTimeStamp.*?<xades:EncapsulatedTimeStamp[^>]*>.{160})(.)",
        lambda found: found[1] + ("B" if found[2] == "A" else "A"),
        text,
        flags=re.DOTALL,
    ),
    "A85 properties reordered before it": _swapped,
    "A85 property inserted before it": m.replaced(
        "<xades141:ArchiveTimeStamp", "<xades:CertificateValues></xades:CertificateValues><xades141:ArchiveTimeStamp"
    ),
    "A85 property taken out before it": m.removed(r"<xades:CertificateValues.*?</xades:CertificateValues>"),
}


@pytest.mark.parametrize("row", A85)
def test_the_archive_time_stamp_fails(row: str) -> None:
    report = lm.only(_edited(lm.at_level("B-LTA"), A85[row]), SANDBOX_DOCUMENT)
    assert [each.indication for each in report.time_stamps if each.kind == "archive"] == [Indication.TOTAL_FAILED]


def test_A85_content_changed_after_the_archive_time_stamp() -> None:
    container = m.raw_zip(
        [
            replace(entry, content=entry.content + b" ") if entry.name == b"docs/a.pdf" else entry
            for entry in m.raw_entries(m.parts_of(lm.at_level("B-LTA")))
        ]
    )
    report = lm.only(container)
    assert report.indication is Indication.TOTAL_FAILED
    assert [check.id for check in report.checks if check.conclusion is Conclusion.FAILED] == ["xmldsig.digests"]


def test_A83_signing_time_in_the_future() -> None:
    container = m.crafted(properties=m.replaced("T10:15:00Z", "T12:15:00Z"))
    report = lm.only(container, SANDBOX_DOCUMENT)
    assert report.indication is Indication.INDETERMINATE


def test_A87_counter_signature_with_properties_of_its_own_is_never_a_signer() -> None:
    nested = m.signature_text(key=m.other_head()).replace("S-", "S9-")
    container = lm.added(f"<xades:CounterSignature>{nested}</xades:CounterSignature>")
    report = lm.only(container, SANDBOX_DOCUMENT)
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signer is not None
    assert report.signer.common_name == "Үлгі Б."
    notes = {
        check.id: check.params.get("names") for check in report.checks if check.conclusion is Conclusion.NOT_PERFORMED
    }
    assert notes["xades.unsigned-properties"] == "CounterSignature"


def test_Z38_the_signature_file_of_another_long_term_package() -> None:
    objects = (m.DataObject.of(m.REPORT_NAME, "application/xml", b"<x/>"), m.data_objects()[1])
    other = lm.raised(m.signed(objects), "B-LTA")
    report = lm.only(m.changed(signatures=_signatures(other)))
    assert report.indication is Indication.TOTAL_FAILED
    assert [check.id for check in report.checks if check.conclusion is Conclusion.FAILED] == ["xmldsig.digests"]


def test_Z39_the_key_s_other_certificate_in_a_long_term_package() -> None:
    """Key substitution: another certificate of the same key, same data; what was signed names the first."""
    twin = m.pki().issue("head", "Басқа Б.", "Үлгі министрлігі", bin=m.BIN, key_of=m.issued("head"))
    own, other = (base64.b64encode(each).decode() for each in (m.head().certificate_chain[0], twin.certificate))
    report = lm.only(_edited(lm.at_level("B-LT"), m.replaced(own, other)))
    assert report.indication is Indication.TOTAL_FAILED
    assert [check.id for check in report.checks if check.conclusion is Conclusion.FAILED] == [
        "xades.signing-certificate"
    ]
    assert report.signer is None


def test_A86_an_archive_time_stamp_covers_only_what_stood_there_before_it() -> None:
    """Validation data put in behind it is no part of what it proves."""
    content = _signatures(lm.at_level("B-LTA"))
    stamps = re.findall(rb"<xades141:ArchiveTimeStamp.*?</xades141:ArchiveTimeStamp>", content, re.DOTALL)
    values = re.findall(rb"<xades:RevocationValues.*?</xades:RevocationValues>", content, re.DOTALL)
    assert len(stamps) == 1
    moved = content.replace(values[0], b"").replace(stamps[0], stamps[0] + values[0])
    report = lm.only(m.changed(signatures=moved), SANDBOX_DOCUMENT)
    assert [each.indication for each in report.time_stamps if each.kind == "archive"] == [Indication.TOTAL_FAILED]
    assert "RevocationValues" not in next(each for each in report.time_stamps if each.kind == "archive").covers


def test_N08_inclusive_form_of_many_properties_has_one_budget() -> None:
    """Each below the limit of one canonicalization, fourteen of them under one archive time-stamp above that of all."""
    outer, inner = ("".join(f' xmlns:{name}{n}="urn:{name}{n}"' for n in range(14)) for name in "ab")
    wide = f'<x:P xmlns:x="urn:x"{outer}><x:Q{inner}>{"<x:e/>" * 9000}</x:Q></x:P>'
    sha256 = digest_algorithm("sha256")
    assert sha256 is not None
    token = base64.b64encode(lm.tsa().token(sha256, bytes(32))).decode()
    stamp = (
        f'<a:ArchiveTimeStamp xmlns:a="{lm.XADES141}">'
        f"<xades:EncapsulatedTimeStamp>{token}</xades:EncapsulatedTimeStamp></a:ArchiveTimeStamp>"
    )
    report = lm.only(lm.added(wide * 14 + stamp), SANDBOX_DOCUMENT)
    (archive,) = report.time_stamps
    assert archive.indication is Indication.INDETERMINATE
    reasons = {check.id: check.params.get("reason") for check in archive.checks}
    assert reasons["timestamp.imprint"] == "xades.time-stamped-octets"
