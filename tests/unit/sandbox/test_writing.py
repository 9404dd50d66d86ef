from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapter.sandbox.reading import type_of
from adapter.sandbox.writing import element, fault, metadata, national, notice, text_element, written


@given(st.text())
def test_any_text_becomes_well_formed_xml(text: str) -> None:
    assert len(etree.fromstring(text_element("a", text))) == 0


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xD7FF)))
def test_text_that_xml_knows_reads_back_unchanged(text: str) -> None:
    assert (etree.fromstring(text_element("a", text)).text or "") == text


def test_what_xml_does_not_know_is_replaced() -> None:
    assert written("a\0b\x1b\ufffe\rc\r\nd") == "a\ufffdb\ufffd\ufffd\nc\nd"


def test_times_are_national_with_an_explicit_offset() -> None:
    assert national(datetime(2026, 11, 20, 5, 15, 1, 120_999, tzinfo=UTC)) == "2026-11-20T10:15:01.120+05:00"


def test_a_notice_declares_the_prefix_of_its_type_on_data_itself() -> None:
    meta = metadata(activity_id="a", sender=1, href="h", performers=(2, 3), sender_org=None)
    data = etree.fromstring(notice("stateDelivered", meta))
    found = type_of(data)
    assert found is not None
    assert found.is_known
    assert [one.tag for one in data[0]] == ["activityId", "from", "href", "performers", "performers"]


def test_sub_errors_lie_in_each_other() -> None:
    text = fault(code="X", text="t", at=datetime(2026, 1, 1, tzinfo=UTC), session_id="s", depth=2)
    root = etree.fromstring(element("r", text, attributes=' xmlns:SOAP-ENV="s"'))
    assert root.findtext(".//subError/subError/errorCode") == "X-2"
