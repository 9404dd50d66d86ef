"""Writing without white space, reading by local name."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import schemas
from adapter.errors import Final
from adapter.exchange.markup import Markup, day, element, instant, midnight, stamp, text


def parsed(markup: bytes) -> etree._Element:
    return schemas.parse_untrusted(markup)


def test_writes_empty_elements_short_and_children_without_white_space() -> None:
    assert element("a", element("b"), element("c", "x")) == b"<a><b/><c>x</c></a>"


def test_text_cannot_become_markup() -> None:
    markup = element("a", '<b>&"', attributes={"c": '"<&>'})
    assert parsed(markup).text == '<b>&"'
    assert parsed(markup).get("c") == '"<&>'


def test_line_breaks_in_text_become_single_spaces() -> None:
    assert element("a", "one \r\n two\rthree\n\n four") == b"<a>one two three four</a>"


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_a_character_that_xml_does_not_have_is_refused(bad: str) -> None:
    with pytest.raises(Final) as caught:
        element("description", f"a{bad}b")
    assert (caught.value.code, caught.value.params["element"]) == ("exchange.text-not-writable", "description")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"])))
def test_every_text_without_line_breaks_comes_back_as_it_was(value: str) -> None:
    assert (parsed(element("a", value)).text or "") == value


def test_markup_stands_as_it_is() -> None:
    assert element("a", Markup(b"<b/>")) == b"<a><b/></a>"


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 11, 20, 5, 15, tzinfo=UTC), "2026-11-20T10:15:00.000+05:00"),
        (datetime(2026, 11, 20, 19, 0, 0, 999_999, tzinfo=UTC), "2026-11-21T00:00:00.999+05:00"),
        # before 1 March 2024 Almaty was at +06:00
        (datetime(2024, 2, 1, tzinfo=UTC), "2024-02-01T06:00:00.000+06:00"),
    ],
)
def test_times_carry_the_offset_of_national_time(at: datetime, written: str) -> None:
    assert stamp(at) == written


def test_a_day_is_written_as_its_first_moment() -> None:
    assert midnight(date(2026, 11, 20)) == "2026-11-20T00:00:00.000+05:00"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-20T10:15:00.000+05:00", datetime(2026, 11, 20, 5, 15, tzinfo=UTC)),
        ("2026-11-20T11:15:00+06:00", datetime(2026, 11, 20, 5, 15, tzinfo=UTC)),
        ("2026-11-20T05:15:00Z", datetime(2026, 11, 20, 5, 15, tzinfo=UTC)),
        ("2026-11-20T05:15:00.123456789Z", datetime(2026, 11, 20, 5, 15, 0, 123456, tzinfo=UTC)),
        ("2026-11-20T10:15:00", None),
        ("2026-11-20", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2026-13-40T10:15:00Z", None),
        ("вчера", None),
        (None, None),
    ],
)
def test_reads_instants_and_nothing_else(written: str | None, read: datetime | None) -> None:
    assert instant(written) == read


def test_a_day_is_read_as_it_is_written_whatever_the_offset() -> None:
    assert day("2026-11-20T00:00:00.000+06:00") == date(2026, 11, 20)
    assert day("2026-02-30T00:00:00Z") is None
    assert day(None) is None


def test_a_comment_hides_no_part_of_a_text() -> None:
    root = parsed(b"<a><b>ab<!-- x -->cd</b><c> </c><d><![CDATA[ <e> ]]></d></a>")
    assert (text(root, "b"), text(root, "c"), text(root, "d"), text(root, "x", "y")) == ("abcd", None, "<e>", None)
