"""read(build(report)) == report, the same bytes every time, and a digest that does not depend on the paper copy."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

import schemas
from adapter import conversion
from adapter.conversion.blocks import blocks
from adapter.domain.header import PaperCopy
from adapter.domain.reference import Bilingual, Digest
from adapter.domain.report import Report, with_paper_copy
from adapter.errors import Final
from tests import corpus

ROOTS = pytest.mark.parametrize("root", corpus.ROOTS, ids=lambda root: root.name)
MAKERS = pytest.mark.parametrize("make", [corpus.small, corpus.full], ids=["small", "full"])


def changed(document: bytes, old: str, new: str) -> bytes:
    assert old.encode() in document
    return document.replace(old.encode(), new.encode(), 1)


@ROOTS
@MAKERS
def test_every_root_small_and_full_satisfies_its_schema_in_both_validators(root, make):
    assert conversion.violations(conversion.build(make(root))) == ()


@ROOTS
@MAKERS
def test_reading_gives_back_the_report_that_was_built(root, make):
    report = make(root)
    assert conversion.read(conversion.build(report)) == report


@ROOTS
def test_the_full_document_has_a_value_in_every_field_of_the_content_model_that_its_root_can_hold(root):
    text = conversion.build(corpus.full(root)).decode()
    assert text.count("<") > conversion.build(corpus.small(root)).decode().count("<")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(corpus.reports())
def test_random_reports_are_valid_and_come_back_without_loss(report: Report):
    document = conversion.build(report)
    assert conversion.read(document) == report
    assert conversion.build(conversion.read(document)) == document
    assert conversion.violations(document) == ()


@ROOTS
def test_the_same_report_gives_the_same_bytes(root):
    assert conversion.build(corpus.full(root)) == conversion.build(corpus.full(root))


@ROOTS
def test_namespaces_are_declared_once_and_lines_end_with_lf(root):
    document = conversion.build(corpus.full(root))
    assert document.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<')
    assert document.endswith(b">\n")
    assert b"\r" not in document
    assert document.count(b"xmlns") == 5


def test_white_space_inside_a_text_is_kept_as_it_was_written():
    report = corpus.full(corpus.root_named("TreatyInformation"))
    text = "  екі  бос\r\nорын\tжәне\n\n соңы "
    report = replace(report, general_remarks=Bilingual(kk=text, ru=text))
    assert conversion.read(conversion.build(report)) == report


def test_a_comment_cannot_cut_a_value_short():
    root = corpus.root_named("Receipt")
    document = changed(conversion.build(corpus.small(root)), ">KZ-MOF</RecordedIn>", ">KZ<!-- x -->-MOF</RecordedIn>")
    assert conversion.read(document).recorded_in == "KZ-MOF"


def test_codes_and_tokens_are_read_with_white_space_collapsed():
    root = corpus.root_named("ConsolidatedInformation")
    document = changed(conversion.build(corpus.small(root)), "<Mode>forwarded<", "<Mode>\n forwarded <")
    assert conversion.violations(document) == ()
    assert conversion.read(document) == corpus.small(root)


def test_reading_refuses_an_element_that_the_mapping_does_not_know():
    root = corpus.root_named("Receipt")
    document = changed(conversion.build(corpus.small(root)), "<RecordedIn>", "<Added/><RecordedIn>")
    with pytest.raises(Final) as refused:
        conversion.read(document)
    assert refused.value.code == "conversion.unreadable"
    assert refused.value.place.xpath == "/Receipt/Added"


def test_reading_refuses_a_document_of_another_kind():
    with pytest.raises(Final, match=r"conversion\.not-a-report"):
        conversion.read(b"<a/>")


@pytest.mark.parametrize("moment", ["2026-11-10T24:00:00+05:00", "-0044-03-15T00:00:00Z", "12026-11-10T00:00:00Z"])
def test_a_moment_that_no_report_can_hold_is_refused_with_its_place(moment):
    document = conversion.build(corpus.small(corpus.root_named("Receipt")))
    document = changed(document, "2026-11-10T23:59:59+05:00", moment)
    assert conversion.violations(document) == ()
    with pytest.raises(Final) as refused:
        conversion.read(document)
    assert refused.value.place.xpath == "/Receipt/ReceivedAt"


def test_digits_past_microseconds_are_dropped():
    document = conversion.build(corpus.small(corpus.root_named("Receipt")))
    document = changed(document, "2026-11-10T23:59:59+05:00", "2026-11-10T23:59:59.1234567+05:00")
    assert conversion.read(document).received_at.microsecond == 123456


def test_a_control_character_is_refused_with_its_place():
    report = replace(corpus.small(corpus.root_named("Receipt")), recorded_in="a\x00b")
    with pytest.raises(Final) as refused:
        conversion.build(report)
    assert refused.value.code == "conversion.forbidden-character"
    assert refused.value.place.xpath == "/Receipt/RecordedIn"


def test_an_enveloped_signature_is_allowed_and_is_no_content():
    report = corpus.small(corpus.root_named("Receipt"))
    signature = """<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
    <ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
    <ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
    <ds:Reference URI=""><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
    <ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo>
    <ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature></Receipt>"""
    document = changed(conversion.build(report), "</Receipt>", signature)
    assert conversion.violations(document) == ()
    assert conversion.read(document) == report
    assert conversion.content_digest(conversion.read(document)) == conversion.content_digest(report)


def test_the_content_digest_is_of_the_document_without_paper_copy():
    report = with_paper_copy(corpus.full(corpus.root_named("TreatyInformation")), None)
    paper = PaperCopy(sheets=4, rendition_digest=Digest(value=b"\x01" * 32))
    assert conversion.content_digest(with_paper_copy(report, paper)) == conversion.content_digest(report)
    content = conversion.build_content(report)
    assert hashlib.sha256(content).hexdigest() == conversion.content_digest(report)
    assert b"PaperCopy" not in content


def test_a_checker_with_other_tools_finds_the_same_content_digest():
    # What the content model asks of a checker, done here with libxml2 alone: no code of ours but the parser.
    report = corpus.full(corpus.root_named("TreatyInformation"))
    tree = schemas.parse_untrusted(conversion.build(report))
    for element in list(tree.iter("{*}PaperCopy")):
        element.getparent().remove(element)
    for element in tree.iter("*"):
        if len(element):
            element.text = None
            for child in element:
                child.tail = None
    canonical = etree.tostring(tree, method="c14n", exclusive=True)
    assert hashlib.sha256(canonical).hexdigest() == conversion.content_digest(report)


def test_every_dataclass_of_the_domain_is_in_the_table_and_every_row_is_a_field_in_its_order():
    import dataclasses

    from adapter.domain import analysis_basis, header, record, reference, report, summary, treaty

    modules = (analysis_basis, header, record, reference, report, summary, treaty)
    known = {item for module in modules for item in vars(module).values() if dataclasses.is_dataclass(item)}
    scalars = {reference.PartialDate}
    assert known - scalars == set(blocks())
    for cls, block in blocks().items():
        assert [row.field for row in block.rows] == [field.name for field in dataclasses.fields(cls)]
