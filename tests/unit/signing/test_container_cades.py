"""ASiC-E with CAdES: a CMS over a manifest of the data objects, alone or beside XAdES."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from signing import (
    DEFAULT_SIGNING,
    ETSI_BASELINE,
    SANDBOX_DOCUMENT,
    Conclusion,
    Indication,
    SigningError,
    SigningPolicy,
    ValidationPolicy,
    add_cades_signature,
    add_cms,
    add_signature,
    cades_manifest,
    cms,
    sign_container_cades,
    sign_detached,
    verify_container,
    write_unsigned_container,
)
from signing.algorithms import digest_algorithm
from signing.asic import ASIC_NS, encode_signature_manifest
from signing.keys import SigningKey
from signing.verify import container_cades
from tests.unit.signing import levels_material as lm
from tests.unit.signing import xml_material as m

SHA256 = digest_algorithm("sha256")
CMS, LIST = "META-INF/signature001.p7s", "META-INF/ASiCManifest001.xml"
F, I = Conclusion.FAILED, Conclusion.INDETERMINATE  # noqa: E741


@cache
def good() -> bytes:
    out = io.BytesIO()
    sign_container_cades(m.data_objects(), m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW, out=out)
    return out.getvalue()


def with_cms(container: bytes, key: SigningKey, **how: object) -> bytes:
    out = io.BytesIO()
    add_cades_signature(container, out, key, policy=DEFAULT_SIGNING, signing_time=m.NOW, **how)
    return out.getvalue()


def rebuilt(**contents: bytes | None) -> bytes:
    """The good container with parts replaced, taken out (None) or added."""
    names = {"cms": CMS, "manifest": LIST, "listed": m.MANIFEST, "report": m.REPORT_NAME}
    parts = m.parts_of(good())
    for short, content in contents.items():
        name = names.get(short, short)
        if content is None:
            del parts[name]
        else:
            parts[name] = content
    return m.raw_zip(m.raw_entries(parts))


def manifest(edit: Callable[[str], str] = m.same) -> bytes:
    return edit(m.parts_of(good())[LIST].decode()).encode()


def signed_manifest(edit: Callable[[str], str], **more: bytes | None) -> bytes:
    """A manifest somebody signed as it is: only what it says is wrong."""
    content = manifest(edit)
    assert content != manifest()
    return rebuilt(manifest=content, cms=cms_over(content), **more)


def cms_over(content: bytes) -> bytes:
    return sign_detached([content], m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW)


def entry(name: str, content: bytes, media_type: str = "text/plain") -> str:
    whole = encode_signature_manifest(CMS, [(name, media_type, hashlib.sha256(content).digest())], SHA256).decode()
    return whole[whole.index("<asic:DataObjectReference") : whole.index("</asic:ASiCManifest>")]


def appended(text: str) -> Callable[[str], str]:
    return m.replaced("</asic:ASiCManifest>", f"{text}</asic:ASiCManifest>")


def without_pdf(text: str) -> str:
    start = text.index('<asic:DataObjectReference URI="docs/a.pdf"')
    return text[:start] + text[text.index("</asic:DataObjectReference>", start) + len("</asic:DataObjectReference>") :]


def listed_too(name: str) -> bytes:
    parts = m.in_manifest(m.parts_of(good()), name)
    return parts[m.MANIFEST]


def attached_copy() -> bytes:
    content = manifest()
    found = cms.read_signed_data(cms_over(content))
    return cms.with_additions(found, content=content)


SIGNERLESS = cms.encode_signed_data(signer_infos=[], digest_algorithms=[], certificates=[])

VECTORS: dict[str, tuple[Callable[[], bytes], dict[str, Conclusion]]] = {
    "CMS that is none": (lambda: rebuilt(cms=b"0\x03\x02\x01\x01"), {"cms.format": F}),
    "C07 CMS without a signer": (lambda: rebuilt(cms=SIGNERLESS), {"cms.signers": F}),
    "C15 manifest attached to the CMS": (lambda: rebuilt(cms=attached_copy()), {"cms.detached": F}),
    "C01 manifest changed": (
        lambda: rebuilt(manifest=manifest(m.replaced("application/xml", "text/xml")), listed=listed_as("text/xml")),
        {"cms.message-digest": F},
    ),
    "no manifest for the CMS": (lambda: rebuilt(manifest=None), {"asic.signature-manifest": F}),
    "manifest for two signatures": (
        lambda: rebuilt(**{"META-INF/ASiCManifest002.xml": manifest()}),
        {"asic.signature-manifest": F},
    ),
    "manifest for a file that is not there": (
        lambda: signed_manifest(m.replaced("signature001.p7s", "signature002.p7s")),
        {"asic.signature-manifest": F},
    ),
    "manifest with an extension": (
        lambda: signed_manifest(appended("<asic:ASiCManifestExtensions/>")),
        {"asic.signature-manifest": F},
    ),
    "manifest that names a file twice": (
        lambda: signed_manifest(appended(entry("docs/a.pdf", b"other"))),
        {"asic.signature-manifest": F},
    ),
    "manifest that is over itself": (
        lambda: signed_manifest(appended(entry(LIST, b"itself"))),
        {"asic.signature-manifest": F},
    ),
    "Z09 manifest names what leaves the container": (
        lambda: signed_manifest(appended(entry("docs/../../etc", b""))),
        {"asic.references": F},
    ),
    "Z12 manifest names a file that is missing": (
        lambda: signed_manifest(appended(entry("docs/b.pdf", b"b"))),
        {"asic.references": F},
    ),
    "manifest names a file under META-INF by another digest": (
        lambda: signed_manifest(appended(entry(m.MANIFEST, b"other"))),
        {"asic.references": F},
    ),
    "Z11 extra file, listed, not signed": (
        lambda: rebuilt(**{"docs/b.txt": b"b"}, listed=listed_too("docs/b.txt")),
        {"asic.coverage": F},
    ),
    "Z10 extra file, neither listed nor signed": (
        lambda: rebuilt(**{"docs/b.txt": b"b"}),
        {"asic.coverage": F, "asic.manifest-entries": F},
    ),
    "a data object left out of the manifest": (lambda: signed_manifest(without_pdf), {"asic.coverage": F}),
    "Z13 manifest.xml lacks an entry": (lambda: rebuilt(listed=listed_without_pdf()), {"asic.manifest-entries": F}),
    "Z14 media type in manifest.xml changed": (lambda: rebuilt(listed=listed_as("text/xml")), {"asic.media-types": F}),
    "C13 data object by SHA-1": (
        lambda: signed_manifest(lambda text: by_hash(text, "http://www.w3.org/2000/09/xmldsig#sha1")),
        {"asic.manifest-algorithms": F},
    ),
    "data object by a hash nobody knows": (
        lambda: signed_manifest(lambda text: by_hash(text, "urn:hash:none")),
        {"asic.manifest-algorithms": I, "asic.manifest-digests": I},
    ),
    "Z19 data object changed": (lambda: rebuilt(report=b"<other/>"), {"asic.manifest-digests": F}),
    "C08 signature value of another": (
        lambda: rebuilt(cms=m.parts_of(good())[CMS][:-1] + bytes([m.parts_of(good())[CMS][-1] ^ 1])),
        {"cms.signature-value": F},
    ),
}  # fmt: skip


def by_hash(text: str, uri: str) -> str:
    return text.replace(SHA256.xml_uri, uri, 1)


def listed_as(media_type: str) -> bytes:
    return m.parts_of(good())[m.MANIFEST].replace(b'"application/xml"', f'"{media_type}"'.encode())


def listed_without_pdf() -> bytes:
    text = m.parts_of(good())[m.MANIFEST].decode()
    start = text.index('<manifest:file-entry manifest:full-path="docs/a.pdf"')
    return (text[:start] + text[text.index("/>", start) + 2 :]).encode()


@pytest.mark.parametrize("row", VECTORS)
def test_a_container_fails_by_its_one_flaw(row: str):
    make, expected = VECTORS[row]
    result = m.judged(make())
    assert m.flaws(result.report) == expected
    assert result.objects == ()


def test_every_check_of_its_own_has_a_vector_that_fails_it_alone():
    alone = {next(iter(expected)) for _, expected in VECTORS.values() if len(expected) == 1}
    own = {each for each in container_cades.CHECKS if each.startswith("asic.")}
    assert own | {"cms.format", "cms.signers", "cms.detached"} <= alone


def test_K02_of_two_hashes_that_ended_the_earlier_end_is_the_one_to_be_proven():
    sha512 = digest_algorithm("sha512")

    def last_by_sha512(text: str) -> str:
        start = text.rindex("<asic:DataObjectReference")
        old, new = (base64.b64encode(each.of(m.PDF)).decode() for each in (SHA256, sha512))
        assert old in text[start:]
        return text[:start] + text[start:].replace(SHA256.xml_uri, sha512.xml_uri).replace(old, new)

    ends = (("sha256", date(2025, 1, 1)), ("sha512", date(2020, 1, 1)))
    (report,) = m.judged(signed_manifest(last_by_sha512), algorithm_end_dates=ends).report.signatures
    check = next(each for each in report.checks if each.id == "asic.manifest-algorithms")
    assert (check.params["algorithm"], check.params["until"]) == ("sha512", "2020-01-01")


# --- what passes -------------------------------------------------------------------------------------------------------
def verdict(container: bytes, **changes: object) -> tuple[Indication, list[str]]:
    report = m.judged(container, **changes).report
    return report.indication, [each.format for each in report.signatures]


def test_what_we_sign_verifies_and_hands_out_the_data_objects():
    result = m.judged(good())
    assert result.report.indication is Indication.TOTAL_PASSED
    assert [each.name for each in result.objects] == [each.name for each in m.data_objects()]
    assert [each.media_type for each in result.objects] == [each.media_type for each in m.data_objects()]
    assert result.report.signatures[0].covered == tuple(each.name for each in m.data_objects())


def test_head_by_xades_office_by_cades_and_the_other_way_round():
    out = io.BytesIO()
    add_signature(good(), out, m.other_head(), policy=DEFAULT_SIGNING, signing_time=m.NOW)
    assert verdict(out.getvalue()) == (Indication.TOTAL_PASSED, ["XAdES", "CAdES"])
    assert verdict(with_cms(m.good(), m.other_head())) == (Indication.TOTAL_PASSED, ["XAdES", "CAdES"])
    assert verdict(with_cms(good(), m.other_head())) == (Indication.TOTAL_PASSED, ["CAdES", "CAdES"])


def test_one_bad_signature_beside_a_good_one_fails_the_whole():
    parts = m.parts_of(with_cms(m.good(), m.other_head()))
    parts[CMS] = parts[CMS][:-1] + bytes([parts[CMS][-1] ^ 1])  # another byte, whatever stood there
    report = m.judged(m.raw_zip(m.raw_entries(parts))).report
    assert report.indication is Indication.TOTAL_FAILED
    assert [each.indication for each in report.signatures] == [Indication.TOTAL_PASSED, Indication.TOTAL_FAILED]


def test_without_manifest_xml_the_media_types_are_those_that_were_signed():
    result = m.judged(rebuilt(listed=None))
    assert result.report.indication is Indication.TOTAL_PASSED
    assert [each.media_type for each in result.objects] == [each.media_type for each in m.data_objects()]


def test_a_cms_made_on_a_workstation_fits_in():
    out, done = io.BytesIO(), io.BytesIO()
    write_unsigned_container(m.data_objects(), out)
    assert m.judged(out.getvalue()).report.indication is Indication.TOTAL_FAILED
    content = cades_manifest(out.getvalue(), policy=DEFAULT_SIGNING)
    assert content == cades_manifest(out.getvalue(), policy=DEFAULT_SIGNING)
    add_cms(out.getvalue(), done, cms_over(content), policy=DEFAULT_SIGNING)
    assert done.getvalue() == good()


def test_a_cms_over_another_manifest_does_not():
    out = io.BytesIO()
    with pytest.raises(SigningError, match="cms-not-intact"):
        add_cms(m.good(), out, cms_over(b"another manifest"), policy=DEFAULT_SIGNING)
    with pytest.raises(SigningError, match="data-object-missing"):
        cades_manifest(m.good(), policy=DEFAULT_SIGNING, names=["nobody"])
    with pytest.raises(SigningError, match="algorithm-refused"):
        cades_manifest(m.good(), policy=SigningPolicy(name="weak", digest="sha1"))


def test_part_of_the_data_objects_by_each_where_the_policy_is_content_with_that():
    container = with_cms(
        with_cms(m.changed(signatures=None), m.head(), names=["docs/a.pdf"]), m.other_head(), names=[m.REPORT_NAME]
    )
    assert verdict(container)[0] is Indication.TOTAL_FAILED
    assert verdict(container, every_signature_covers_everything=False)[0] is Indication.TOTAL_PASSED


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_a_cms_in_a_container_is_raised_with_it(level: str):
    container = lm.raised(with_cms(m.good(), m.other_head()), level)
    result = lm.judged(container, SANDBOX_DOCUMENT if level == "B-T" else lm.STRICT)
    assert result.report.indication is Indication.TOTAL_PASSED, m.flaws(result.report)
    assert [each.level for each in result.report.signatures] == [level, level]


# --- ASiC-S, archive manifests, time assertions ------------------------------------------------------------------------
def test_the_cms_of_a_simple_container_is_over_its_one_object():
    content = b"one object"
    made = sign_detached([content], m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW)
    parts = {"mimetype": b"application/vnd.etsi.asic-s+zip", "a.txt": content, "META-INF/signature.p7s": made}
    container = m.raw_zip(m.raw_entries(parts))
    taken = m.judged(container, accept_simple_containers=True)
    assert (taken.report.indication, taken.objects[0].read()) == (Indication.TOTAL_PASSED, content)
    parts["a.txt"] = b"two objects"
    found = m.judged(m.raw_zip(m.raw_entries(parts)), accept_simple_containers=True).report
    assert m.flaws(found) == {"cms.message-digest": F}


ARCHIVE, STAMP = "META-INF/ASiCArchiveManifest.xml", "META-INF/timestamp001.tst"


def archived(edit: Callable[[str], str] = m.same, **contents: bytes) -> dict[str, bytes]:
    """The good container at B-LT with a time-stamp over everything in it (4.4.5)."""
    parts = m.parts_of(lm.raised(good(), "B-LT"))
    rows = [(name, "", hashlib.sha256(content).digest()) for name, content in parts.items() if name != "mimetype"]
    text = encode_signature_manifest(STAMP, rows, SHA256).decode().replace(' MimeType=""', "")
    text = edit(text.replace("application/pkcs7-signature", "application/vnd.etsi.timestamp-token"))
    token = lm.tsa().token(SHA256, hashlib.sha256(text.encode()).digest())
    return {**parts, **contents, ARCHIVE: text.encode(), STAMP: token}


def archive_of(
    parts: dict[str, bytes], policy: ValidationPolicy = lm.STRICT
) -> tuple[Indication, dict[str, Conclusion], str]:
    (one,) = lm.judged(m.raw_zip(m.raw_entries(parts)), policy).report.signatures
    stamp = one.time_stamps[-1]
    found = {each.id: each.conclusion for each in stamp.checks if each.conclusion in (F, I)}
    return stamp.indication, found, one.level


def test_an_archive_manifest_is_proof_for_the_cms_it_names():
    indication, flaws, level = archive_of(archived())
    assert (indication, flaws, level) == (Indication.TOTAL_PASSED, {}, "B-LTA")


def test_K02_the_hash_of_an_archive_manifest_is_judged_by_its_day():
    content, sha512 = m.parts_of(good())[m.MANIFEST], digest_algorithm("sha512")
    old, new = (base64.b64encode(each.of(content)).decode() for each in (SHA256, sha512))

    def listed_by_sha512(text: str) -> str:
        before, after = text.split(old)
        start, rest = before.rsplit(SHA256.xml_uri, 1)
        return f"{start}{sha512.xml_uri}{rest}{new}{after}"

    parts = archived(listed_by_sha512)
    assert archive_of(parts)[0] is Indication.TOTAL_PASSED
    ended = replace(lm.STRICT, algorithm_end_dates=(("sha512", m.NOW.date()),))
    assert archive_of(parts, ended)[:2] == (Indication.INDETERMINATE, {"timestamp.imprint-algorithm": I})


def left_out(name: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        start = text.index(f'<asic:DataObjectReference URI="{name}"')
        end = text.index("</asic:DataObjectReference>", start) + len("</asic:DataObjectReference>")
        return text[:start] + text[end:]

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(left_out(LIST), id="manifest left out"),
        pytest.param(left_out("docs/a.pdf"), id="data object left out"),
        pytest.param(lambda text: other_digest(text, "docs/a.pdf"), id="data object by another digest"),
        pytest.param(lambda text: other_digest(text, m.MANIFEST), id="file under META-INF by another digest"),
    ],
)
def test_an_archive_manifest_that_says_less_or_wrong_proves_nothing(edit: Callable[[str], str]):
    indication, flaws, _ = archive_of(archived(edit))
    assert (indication, flaws) == (Indication.INDETERMINATE, {"timestamp.imprint": I})


def other_digest(text: str, name: str) -> str:
    start = text.index("<ds:DigestValue>", text.index(f'URI="{name}"')) + len("<ds:DigestValue>")
    return text[:start] + base64.b64encode(bytes(32)).decode() + text[text.index("</ds:DigestValue>", start) :]


def test_an_archive_manifest_that_cannot_be_read_is_named_and_proves_nothing():
    parts = archived() | {ARCHIVE: b"<x/>"}
    report = lm.judged(m.raw_zip(m.raw_entries(parts)), lm.STRICT).report
    assert "asic.archive-manifest" in {each.id for each in report.checks if each.conclusion is Conclusion.NOT_PERFORMED}
    assert report.signatures[0].level == "B-LT"


def test_a_cms_under_an_archive_manifest_stays_as_it_is():
    with pytest.raises(SigningError, match="not-augmentable"):
        lm.raised(m.raw_zip(m.raw_entries(archived())), "B-LTA")


def test_a_time_assertion_is_named_as_not_looked_at():
    text = manifest(m.replaced("META-INF/signature001.p7s", STAMP)).decode()
    container = rebuilt(**{"META-INF/ASiCManifest002.xml": text.encode(), STAMP: b"0\0"})
    report = m.judged(container).report
    assert report.indication is Indication.TOTAL_PASSED
    assert "asic.time-assertion" in {each.id for each in report.checks if each.conclusion is Conclusion.NOT_PERFORMED}


def test_the_european_baseline_reads_it_too():
    result = verify_container(good(), policy=ETSI_BASELINE, anchors=m.anchors(), at=m.NOW, data=lm.statuses(m.head()))
    assert result.report.indication is Indication.TOTAL_PASSED
    assert ASIC_NS.encode() in m.parts_of(good())[LIST]
