"""Small files that would have megabytes read again for each of their signatures: how much is read, not how long it takes."""

from __future__ import annotations

import base64
import io
import random
from dataclasses import replace

import pytest

from signing import asn1
from signing.asic import SIMPLE_MIMETYPE, DataObject, encode_signature_manifest
from signing.errors import Malformed
from signing.policy import ETSI_BASELINE, SANDBOX_DOCUMENT
from signing.validation_report import Conclusion, Indication, SubIndication
from signing.verify.container import verify_container
from signing.xmldsig import canonical
from tests.unit.signing import levels_material as lm
from tests.unit.signing import test_container_cades as c
from tests.unit.signing import xml_document_material as d
from tests.unit.signing import xml_material as m

HOW_MANY = 12


class Counted(io.BytesIO):
    """An archive that knows how many of its octets were read."""

    read_in_all = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.read_in_all += len(found)
        return found


def _times_read(archive: bytes) -> float:
    source = Counted(archive)
    verify_container(source, policy=ETSI_BASELINE, anchors=m.anchors(), at=m.NOW)
    return source.read_in_all / len(archive)


def _noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def test_thirty_cms_of_a_simple_container_read_its_object_once() -> None:
    """The content has to be hashed before the value of a CMS is known to be good; not for each of them."""
    signature = c.cms_over(b"something else")
    archive = m.raw_zip(
        [
            m.Raw(name=b"mimetype", content=SIMPLE_MIMETYPE.encode()),
            m.Raw(name=b"a", content=_noise(1 << 20)),
            *(m.Raw(name=f"META-INF/signature{n}.p7s".encode(), content=signature) for n in range(HOW_MANY)),
        ]
    )
    assert _times_read(archive) < 2.5


@pytest.mark.parametrize("name", ["ASiCManifest", "ASiCArchiveManifest"])
def test_thirty_manifests_over_the_same_files_read_them_once(name: str) -> None:
    padding = _noise(1 << 20)
    entries = [
        m.Raw(name=b"mimetype", content=m.raw_entries()[0].content),
        m.Raw(name=b"a", content=b"x"),
        m.Raw(name=b"META-INF/padding", content=padding),
    ]
    first = b""
    for number in range(HOW_MANY):
        kind, signature = ("signature", "p7s") if name == "ASiCManifest" or not number else ("timestamp", "tst")
        named = f"META-INF/{kind}{number}.{signature}"
        stated = [("a", "text/plain", c.SHA256.of(b"x")), ("META-INF/padding", "a/b", c.SHA256.of(padding))]
        manifest = encode_signature_manifest(named, stated, c.SHA256)
        first = first or c.cms_over(manifest)
        own = "ASiCManifest" if kind == "signature" else name
        entries.append(m.Raw(name=f"META-INF/{own}{number}.xml".encode(), content=manifest))
        entries.append(m.Raw(name=named.encode(), content=first))
    assert _times_read(m.raw_zip(entries)) < 2.5


def test_what_time_stamps_are_over_is_hashed_within_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty-four time-stamps over the content are not wrong for their number; what is past the budget is not judged."""
    monkeypatch.setattr(canonical, "HASHED_FLOOR", 0)
    monkeypatch.setattr(canonical, "MAX_HASHED_FACTOR", 8)
    authority = lm.authority()
    token = base64.b64encode(authority.stamp(authority.digest_algorithm, b"\1" * 32)).decode()
    stamp = (
        f'<xades:AllDataObjectsTimeStamp><ds:CanonicalizationMethod xmlns:ds="{m.DS}" Algorithm="{m.EXC}">'
        f"</ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp>{token}</xades:EncapsulatedTimeStamp>"
        "</xades:AllDataObjectsTimeStamp>"
    )
    document = d.craft(
        document=f'<report xmlns="urn:elshi:test">{"x" * 2_000_000}</report>',
        properties=m.replaced(
            "</xades:SignedDataObjectProperties>", stamp * 64 + "</xades:SignedDataObjectProperties>"
        ),
    )
    (signature,) = d.judged(document, d.PARTS_TAKEN).report.signatures
    ends = [each.sub_indication for each in signature.time_stamps]
    assert set(ends) == {SubIndication.HASH_FAILURE, SubIndication.SIGNED_DATA_NOT_FOUND}
    assert ends.count(SubIndication.HASH_FAILURE) <= 8


@pytest.mark.parametrize("filler", ["<a/>", '<a xmlns:b="urn:b"/>', '<a b="" c="" d=""/>'])
@pytest.mark.parametrize("place", ["META-INF/signatures{}.xml", "META-INF/ASiCManifest{}.xml"])
def test_markup_of_all_files_under_META_INF_is_counted_before_it_is_read(place: str, filler: str) -> None:
    """A megabyte of it packs to ten kilobytes, and thirty of them would take seconds."""
    flood = f"<r>{filler * (600_000 // len(filler))}</r>".encode()
    parts = dict(m.parts_of(m.good()))
    for number in range(3):
        parts[place.format(number)] = flood
    result = lm.judged(m.raw_zip(m.raw_entries(parts)), SANDBOX_DOCUMENT)
    reasons = {check.params.get("reason") for check in result.report.checks if check.conclusion is Conclusion.FAILED}
    assert result.report.indication is Indication.TOTAL_FAILED
    assert "markup under META-INF" in reasons


def test_markup_that_many_signatures_over_many_objects_need_is_there() -> None:
    """Four signatures over nine hundred objects stay below the limit."""
    objects = [DataObject.of(f"docs/{number:04}.txt", "text/plain", b"x") for number in range(900)]
    container = m.signed(objects)
    for _ in range(3):
        container = lm.with_another(container, m.other_head())
    assert lm.judged(container, SANDBOX_DOCUMENT).report.indication is Indication.TOTAL_PASSED


def test_Z23_what_hardly_packs_may_not_unpack_to_megabytes() -> None:
    """Thirty CMS of a hundred thousand elements each lie in eighty kilobytes."""
    flood = asn1.encode(asn1.SEQUENCE, b"\x05\x00" * 200_000)
    parts = {**m.parts_of(c.good()), **{f"META-INF/signature9{n}.p7s": flood for n in range(4)}}
    entries = [replace(entry, deflate=entry.name.endswith(b".p7s")) for entry in m.raw_entries(parts)]
    result = lm.judged(m.raw_zip(entries), ETSI_BASELINE)
    assert m.flaws(result.report) == {"asic.limits": Conclusion.FAILED}


def test_a_structure_of_thousands_of_fields_is_refused_before_it_is_taken_apart() -> None:
    flood = asn1.encode(asn1.SEQUENCE, b"\x05\x00" * 100)
    with pytest.raises(Malformed) as caught:
        asn1.SpanFields(asn1.span(flood), asn1.SEQUENCE)
    assert caught.value.code == "asn1.too-many-elements"
