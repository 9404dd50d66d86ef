"""Signatures inside a document reach every level of the baseline, and keep what is signed as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from signing.errors import SigningError
from signing.policy import DEFAULT_SIGNING, SignatureLevel
from signing.sign.xml import sign_xml
from signing.sign.xml_augmentation import augment_xml
from signing.validation_report import Indication
from signing.verify.xml import verify_xml
from tests.unit.signing import levels_material as levels
from tests.unit.signing import xml_document_material as d
from tests.unit.signing import xml_material as m


def _raised(document: bytes, level: SignatureLevel) -> bytes:
    return augment_xml(
        document,
        level=level,
        time_stamps=levels.authority(),
        anchors=m.anchors(),
        policy=levels.STRICT,
        at=m.NOW,
        data=levels.statuses(m.head(), m.other_head()),
    )


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_an_enveloped_signature_reaches_a_level(level: SignatureLevel) -> None:
    raised = _raised(d.good(), level)
    policy = levels.STRICT if level != "B-T" else replace(levels.STRICT, revocation="not-checked")
    result = verify_xml(raised, policy=policy, anchors=m.anchors(), at=m.NOW)
    assert m.flaws(result.report) == {}
    assert result.report.indication is Indication.TOTAL_PASSED
    assert result.report.signatures[0].level == level
    assert result.document == d.without_signatures(etree.fromstring(d.DOCUMENT))


def test_an_archive_time_stamp_covers_the_document() -> None:
    """A85: what it is over is the document too, not only the signature."""
    raised = _raised(d.good(), "B-LTA").replace(b">100<", b">900<")
    report = verify_xml(raised, policy=levels.STRICT, anchors=m.anchors(), at=m.NOW).report
    assert report.indication is Indication.TOTAL_FAILED


def test_a_signature_may_be_time_stamped_as_it_is_made() -> None:
    signed = sign_xml(
        d.DOCUMENT.encode(), m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW, time_stamps=levels.authority()
    )
    report = verify_xml(
        signed, policy=replace(levels.STRICT, revocation="not-checked"), anchors=m.anchors(), at=m.NOW
    ).report
    assert (report.indication, report.signatures[0].level) == (Indication.TOTAL_PASSED, "B-T")


def test_a_signature_that_another_covers_is_left_alone() -> None:
    twice = d.signed(d.good(), key=m.other_head())
    result = d.judged(_raised(twice, "B-T"))
    assert result.report.indication is Indication.TOTAL_PASSED
    assert [each.level for each in result.report.signatures] == ["B-B", "B-T"]


@pytest.mark.parametrize("document", [d.good("xmldsig"), d.DOCUMENT.encode()])
def test_where_there_is_nothing_to_raise_that_is_said(document: bytes) -> None:
    with pytest.raises(SigningError) as caught:
        _raised(document, "B-T")
    assert caught.value.code == "signing.level-reached"


@pytest.mark.parametrize("document", [b"<a>", d.good().replace(b"<ds:KeyInfo>", b"<ds:KeyInfo><!-- x -->text")[:-9]])
def test_what_cannot_be_read_is_not_raised(document: bytes) -> None:
    with pytest.raises(SigningError) as caught:
        _raised(document, "B-T")
    assert caught.value.code == "signing.not-augmentable"


def test_the_national_form_has_no_place_for_a_time_stamp() -> None:
    with pytest.raises(SigningError) as caught:
        sign_xml(
            b"<a/>",
            m.head(),
            policy=DEFAULT_SIGNING,
            signing_time=m.NOW,
            form="xmldsig",
            time_stamps=levels.authority(),
        )
    assert caught.value.code == "signing.document-structure"
