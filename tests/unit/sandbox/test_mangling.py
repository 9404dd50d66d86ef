from __future__ import annotations

import pytest

from adapter.sandbox.mangling import double_encoded, mangled, with_reason_text

NOTICE = '<data xsi:type="n:stateNotValid"><date>2026</date><isValidReason>Причина И &amp; №</isValidReason></data>'


def test_a_code_gives_way_to_a_text() -> None:
    told = with_reason_text("<data><isValidReason>2</isValidReason></data>", "Отказ & <нет>")
    assert told == "<data><isValidReason>Отказ &amp; &lt;нет&gt;</isValidReason></data>"


@pytest.mark.parametrize(
    ("form", "back"),
    [
        (
            "utf8-as-cp1251",
            lambda text: b"".join(b"\x98" if one == "\x98" else one.encode("cp1251") for one in text).decode(),
        ),
        ("cp1251-as-latin1", lambda text: text.encode("latin-1").decode("cp1251")),
    ],
)
def test_damage_can_be_undone_where_nothing_was_lost(form: str, back: object) -> None:
    damaged = mangled(NOTICE, form, "")
    text = damaged.partition("<isValidReason>")[2].partition("</")[0]
    assert damaged != NOTICE
    assert back(text) == "Причина И &amp; №"
    assert "<date>2026</date>" in damaged


def test_the_third_form_loses_letters_for_good() -> None:
    assert "\ufffd" in mangled(NOTICE, "cp1251-as-utf8", "")


def test_a_text_given_replaces_the_first_text_field() -> None:
    damaged = mangled("<data><regNo>12</regNo></data>", "cp1251-as-latin1", "Тіркелді")
    assert "12" not in damaged
    assert "regNo" in damaged


def test_double_encoding_is_utf8_read_as_latin1() -> None:
    assert double_encoded("Отказ").encode("latin-1").decode() == "Отказ"
