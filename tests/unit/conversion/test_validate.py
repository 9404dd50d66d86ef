"""ValidatedXml exists only for bytes that satisfy their schema; otherwise every violation is told at once."""

from __future__ import annotations

import hashlib

import pytest

from adapter import conversion
from adapter.domain.document import DocumentType
from adapter.errors import DocumentRefused, Severity
from tests import corpus


def small(name="TreatyInformation"):
    return conversion.build(corpus.small(corpus.root_named(name)))


@pytest.mark.parametrize("root", corpus.ROOTS, ids=lambda root: root.name)
def test_a_valid_document_carries_its_schema_type_identifier_and_digest(root):
    document = conversion.build(corpus.full(root))
    value = conversion.validated(document)
    assert value.content == document
    assert value.schema_id == root.schema_id
    assert value.document_type is root.document_type
    assert value.document_id == corpus.full(root).header.document_id
    assert value.sha256 == hashlib.sha256(document).hexdigest()
    assert conversion.read(value) == corpus.full(root)


def test_every_violation_is_told_at_once_with_line_and_place():
    document = small().replace(b">2026</h:ReportingYear>", b">26</h:ReportingYear>").replace(b">head<", b">deputy<")
    with pytest.raises(DocumentRefused) as refused:
        conversion.validated(document)
    places = {(finding.code, finding.place.xpath) for finding in refused.value.findings}
    assert ("xsd.not-in-list", "/TreatyInformation/Header/Signatory/Capacity") in places
    assert any(xpath == "/TreatyInformation/Header/ReportingYear" for _, xpath in places)
    assert all(finding.place.line for finding in refused.value.findings)


@pytest.mark.parametrize("document", [b"", b"<", b"<!DOCTYPE a><a/>", "<a/>".encode("utf-16")])
def test_what_is_no_xml_is_refused_with_a_finding(document):
    with pytest.raises(DocumentRefused) as refused:
        conversion.validated(document)
    assert refused.value.code == "document.not-xml"
    assert refused.value.findings[0].code.startswith("xml.")


def test_a_root_that_is_none_of_ours_is_refused():
    with pytest.raises(DocumentRefused) as refused:
        conversion.validated(b"<TreatyInformation/>")
    assert refused.value.findings[0].code == "conversion.not-a-report"


def test_an_access_marking_above_official_use_stops_everything_and_nothing_is_repeated():
    document = small().replace(b">public<", b">top-secret-marking<").replace(b">head<", b">deputy<")
    with pytest.raises(DocumentRefused) as refused:
        conversion.validated(document)
    (finding,) = refused.value.findings
    assert (finding.code, finding.severity) == ("BR-18", Severity.STOP)
    assert "top-secret" not in repr(refused.value.findings)
    assert "deputy" not in repr(refused.value.findings)


def test_the_type_of_a_document_is_the_one_value_that_fits_its_root():
    document = small().replace(b">treaty-information<", b">summary-information<")
    with pytest.raises(DocumentRefused):
        conversion.validated(document)
    assert conversion.validated(small()).document_type is DocumentType.TREATY_INFORMATION
