"""What the two validators see and overlook, row by row: the findings on which schemas and `violations` are built.

Each test writes its own small schema. "second" is libxml2 behind `gate`, "authority" is xmlschema behind `validate`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from schemas import SchemaEntry, parse_untrusted
from schemas.validator import CompiledSchema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from schemas import Violation

XML_LANG = "http://www.w3.org/2001/xml.xsd"
BILINGUAL = """
<xs:complexType name="Bi"><xs:sequence>
  <xs:element name="Kk"><xs:complexType><xs:simpleContent><xs:extension base="t:NonBlank">
    <xs:attribute ref="xml:lang" use="required" fixed="kk"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>
  <xs:element name="Ru"><xs:complexType><xs:simpleContent><xs:extension base="t:NonBlank">
    <xs:attribute ref="xml:lang" use="required" fixed="ru"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>
</xs:sequence></xs:complexType>
<xs:simpleType name="NonBlank"><xs:restriction base="xs:string">
  <xs:minLength value="1"/><xs:pattern value="[\\s\\S]*\\S[\\s\\S]*"/></xs:restriction></xs:simpleType>
<xs:element name="r" type="t:Bi"/>
"""


class Pair:
    """One schema of a test, in both validators, asked through the doors that everybody uses."""

    def __init__(self, path: Path, declarations: str) -> None:
        text = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:x-test:t"
            targetNamespace="urn:x-test:t" elementFormDefault="qualified">
            <xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="{XML_LANG}"/>
            {declarations}</xs:schema>"""
        path.write_text(text, encoding="utf-8")
        self.compiled = CompiledSchema(
            SchemaEntry(
                id="test",
                version="1",
                file=str(path),
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                namespace="urn:x-test:t",
                roots=("r",),
                origin="this test",
                location="",
            )
        )

    def judge(self, content: str, attributes: str = "") -> tuple[Violation, ...]:
        return self.compiled.violations(self.tree(content, attributes))

    def codes(self, content: str, attributes: str = "") -> list[str]:
        return [violation.code for violation in self.judge(content, attributes)]

    def passes_gate(self, content: str, attributes: str = "") -> bool:
        return self.compiled.passes_gate(self.tree(content, attributes))

    @staticmethod
    def tree(content: str, attributes: str):
        return parse_untrusted(f'<r xmlns="urn:x-test:t" {attributes}>{content}</r>'.encode())


@pytest.fixture
def pair(tmp_path: Path) -> Callable[[str], Pair]:
    return lambda declarations: Pair(tmp_path / "schema.xsd", declarations)


def simple(definition: str) -> str:
    return f'<xs:element name="r"><xs:simpleType>{definition}</xs:simpleType></xs:element>'


def patterned(base: str, pattern: str) -> str:
    return simple(f'<xs:restriction base="xs:{base}"><xs:pattern value="{pattern}"/></xs:restriction>')


# --- language --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('<Kk xml:lang="kk">мәтін</Kk>', "xsd.missing-element"),
        ('<Ru xml:lang="ru">текст</Ru>', "xsd.missing-element"),
        ('<Kk xml:lang="kk">мәтін</Kk><Ru xml:lang="ru">   </Ru>', "xsd.bad-pattern"),
        ('<Kk xml:lang="kk"></Kk><Ru xml:lang="ru">текст</Ru>', "xsd.too-short"),
        ('<Kk>мәтін</Kk><Ru xml:lang="ru">текст</Ru>', "xsd.missing-attribute"),
    ],
)
def test_both_refuse_a_bilingual_text_with_one_language_missing_or_blank(pair, content: str, code: str) -> None:
    bilingual = pair(BILINGUAL)
    assert code in bilingual.codes(content)
    assert "xsd.validators-disagree" not in bilingual.codes(content)
    assert not bilingual.passes_gate(content)


def test_accepts_a_bilingual_text_with_both_languages(pair) -> None:
    bilingual = pair(BILINGUAL)
    content = '<Kk xml:lang="kk">мәтін</Kk><Ru xml:lang="ru">текст</Ru>'
    assert bilingual.codes(content) == []
    assert bilingual.passes_gate(content)


def test_only_the_authority_sees_a_wrong_fixed_value_of_a_referenced_attribute_and_it_counts(pair) -> None:
    bilingual = pair(BILINGUAL)
    content = '<Kk xml:lang="kk">мәтін</Kk><Ru xml:lang="kk">текст</Ru>'
    assert bilingual.passes_gate(content)  # wrong, and known
    (violation,) = bilingual.judge(content)
    assert (violation.code, violation.xpath, violation.value) == ("xsd.fixed-value", "/r/Ru/@lang", "kk")
    assert violation.params["expected"] == "ru"


def test_both_refuse_a_wrong_fixed_value_of_a_local_attribute(pair) -> None:
    local = pair(
        '<xs:element name="r"><xs:complexType><xs:attribute name="a" fixed="1"/></xs:complexType></xs:element>'
    )
    assert local.codes("", 'a="2"') == ["xsd.fixed-value"]
    assert not local.passes_gate("", 'a="2"')


MULTILINGUAL = """
<xs:element name="r"><xs:complexType><xs:sequence>
  <xs:element name="Text" maxOccurs="unbounded"><xs:complexType><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute ref="xml:lang" use="required"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>
</xs:sequence></xs:complexType>
  <xs:unique name="once"><xs:selector xpath="{prefix}Text"/><xs:field xpath="@xml:lang"/></xs:unique></xs:element>
"""
TWICE = '<Text xml:lang="kk">а</Text><Text xml:lang="kk">ә</Text>'


def test_a_selector_without_prefix_selects_nothing_so_our_schemas_always_write_one(pair) -> None:
    assert pair(MULTILINGUAL.format(prefix="")).codes(TWICE) == []


def test_both_refuse_a_language_given_twice_when_the_selector_has_a_prefix(pair) -> None:
    prefixed = pair(MULTILINGUAL.format(prefix="t:"))
    assert prefixed.codes(TWICE) == ["xsd.duplicate"]
    assert not prefixed.passes_gate(TWICE)


def test_neither_can_ask_for_a_language_among_several_so_a_rule_does(pair) -> None:
    content = '<Text xml:lang="kk">а</Text><Text xml:lang="en">a</Text>'
    assert pair(MULTILINGUAL.format(prefix="t:")).codes(content) == []


# --- numbers and dates -----------------------------------------------------------------------------------------------


def test_a_class_of_digits_takes_digits_of_every_script_so_our_schemas_spell_the_ten(pair) -> None:
    arabic = "٩٩١٣٤٠٠٠٠١٠٦"
    assert pair(patterned("string", r"\d{12}")).codes(arabic) == []
    spelt = pair(patterned("string", "[0-9]{12}"))
    assert spelt.codes(arabic) == ["xsd.bad-pattern"]
    assert not spelt.passes_gate(arabic)
    assert spelt.codes("991340000106") == []


@pytest.mark.parametrize(
    ("base", "pattern", "value"),
    [("date", "[0-9]{4}-[0-9]{2}-[0-9]{2}", "2026-11-10+05:00"), ("gYear", "[0-9]{4}", "2026+05:00")],
)
def test_a_date_of_law_with_a_zone_is_refused_only_by_a_pattern(pair, base: str, pattern: str, value: str) -> None:
    assert pair(f'<xs:element name="r" type="xs:{base}"/>').codes(value) == []
    narrowed = pair(patterned(base, pattern))
    assert narrowed.codes(value) == ["xsd.bad-pattern"]
    assert not narrowed.passes_gate(value)


def test_a_pattern_does_not_switch_the_calendar_off(pair) -> None:
    dated = pair(patterned("date", "[0-9]{4}-[0-9]{2}-[0-9]{2}"))
    assert dated.codes("2026-02-30") == ["xsd.bad-value"]
    assert not dated.passes_gate("2026-02-30")


def test_both_refuse_an_instant_without_its_zone(pair) -> None:
    instant = pair(patterned("dateTime", r"[^Zz]*(Z|[+\-][0-9]{2}:[0-9]{2})"))
    assert instant.codes("2026-11-10T10:00:00") == ["xsd.bad-pattern"]
    assert not instant.passes_gate("2026-11-10T10:00:00")
    assert instant.codes("2026-11-10T10:00:00+05:00") == []


# --- spaces ----------------------------------------------------------------------------------------------------------


def test_a_code_with_outer_spaces_is_accepted_because_token_collapses_them(pair) -> None:
    coded = pair(simple('<xs:restriction base="xs:token"><xs:enumeration value="none-available"/></xs:restriction>'))
    assert coded.codes(" none-available ") == []
    assert coded.passes_gate(" none-available ")
    (violation,) = coded.judge("none")
    assert (violation.code, violation.params["allowed"]) == ("xsd.not-in-list", "none-available")


def test_only_the_authority_sees_that_a_no_break_space_is_blank_and_it_counts(pair) -> None:
    blank = pair(patterned("string", r"[\s\S]*\S[\s\S]*"))
    assert blank.passes_gate("\u00a0")  # wrong, and known
    assert blank.codes("\u00a0") == ["xsd.bad-pattern"]


def test_neither_sees_that_a_zero_width_space_is_blank_so_a_rule_does(pair) -> None:
    assert pair(patterned("string", r"[\s\S]*\S[\s\S]*")).codes("\u00a0\u200b") == []


# --- structure -------------------------------------------------------------------------------------------------------

SLOTS = "".join(f'<xs:element name="S{number}" type="xs:string"/>' for number in range(1, 8))
RECORDS = """<xs:element name="r"><xs:complexType><xs:choice>
  <xs:element name="NilReturn"><xs:simpleType><xs:restriction base="xs:boolean"><xs:pattern value="true"/></xs:restriction>
  </xs:simpleType></xs:element>
  <xs:element name="Record" type="xs:string" maxOccurs="unbounded"/></xs:choice></xs:complexType></xs:element>"""


def test_both_refuse_six_of_seven_slots_and_the_missing_one_is_named(pair) -> None:
    seven = pair(
        f'<xs:element name="r"><xs:complexType><xs:sequence>{SLOTS}</xs:sequence></xs:complexType></xs:element>'
    )
    six = "".join(f"<S{number}/>" for number in (1, 2, 3, 5, 6, 7))
    (violation,) = seven.judge(six)
    assert violation.code == "xsd.missing-element"
    assert violation.params["expected"] == "S4"
    assert not seven.passes_gate(six)


def test_neither_ties_one_element_to_the_value_of_another_so_a_rule_does(pair) -> None:
    slot = """<xs:element name="r"><xs:complexType><xs:sequence>
      <xs:element name="Finding" type="xs:string" minOccurs="0"/></xs:sequence>
      <xs:attribute name="state" type="xs:string"/></xs:complexType></xs:element>"""
    assert pair(slot).codes("", 'state="analysed"') == []


@pytest.mark.parametrize("content", ["", "<NilReturn>true</NilReturn><Record>1</Record>"])
def test_both_refuse_a_choice_answered_twice_or_not_at_all(pair, content: str) -> None:
    choice = pair(RECORDS)
    assert choice.codes(content) != []
    assert "xsd.validators-disagree" not in choice.codes(content)
    assert not choice.passes_gate(content)


@pytest.mark.parametrize("value", ["false", "1"])
def test_an_element_that_can_only_say_yes_refuses_every_other_word(pair, value: str) -> None:
    choice = pair(RECORDS)
    assert choice.codes(f"<NilReturn>{value}</NilReturn>") == ["xsd.bad-pattern"]
    assert not choice.passes_gate(f"<NilReturn>{value}</NilReturn>")


def test_a_plain_boolean_would_have_taken_no_for_an_answer(pair) -> None:
    assert pair('<xs:element name="r" type="xs:boolean"/>').codes("false") == []


# --- identifiers -----------------------------------------------------------------------------------------------------

RECORDS_WITH_IDS = """<xs:element name="r"><xs:complexType><xs:sequence>
  <xs:element name="Record" maxOccurs="unbounded"><xs:complexType>
    <xs:attribute name="id" type="xs:ID"/><xs:attribute name="of" type="t:LocalIdRef"/></xs:complexType></xs:element>
</xs:sequence></xs:complexType></xs:element>
<xs:simpleType name="LocalIdRef"><xs:restriction base="xs:IDREF"/></xs:simpleType>"""


def test_a_reference_to_nothing_is_found_with_its_place_and_fails_the_gate_too(pair) -> None:
    records = pair(RECORDS_WITH_IDS)
    content = '<Record id="a"/><Record of="a"/><Record of="b"/>'
    (violation,) = records.judge(content)
    assert (violation.code, violation.xpath, violation.value) == ("xsd.dangling-reference", "/r/Record[3]/@of", "b")
    assert not records.passes_gate(content)
    assert records.codes('<Record id="a"/><Record of="a"/>') == []


def test_an_identifier_given_twice_is_found(pair) -> None:
    records = pair(RECORDS_WITH_IDS)
    (violation,) = records.judge('<Record id="a"/><Record id="a"/>')
    assert (violation.code, violation.xpath, violation.value) == ("xsd.duplicate", "/r/Record[2]/@id", "a")


def test_only_the_authority_sees_that_base64_holds_other_characters_and_it_counts(pair) -> None:
    digest = pair('<xs:element name="r" type="xs:base64Binary"/>')
    assert digest.passes_gate("VGV*zdA==")  # wrong, and known
    assert digest.codes("VGV*zdA==") == ["xsd.bad-value"]


KEYED = """<xs:element name="r"><xs:complexType><xs:sequence>
  <xs:element name="Record" maxOccurs="unbounded"><xs:complexType>
    <xs:attribute name="id"/><xs:attribute name="of"/></xs:complexType></xs:element>
</xs:sequence></xs:complexType>
  <xs:key name="record"><xs:selector xpath="t:Record"/><xs:field xpath="@id"/></xs:key>
  <xs:keyref name="ofRecord" refer="t:record"><xs:selector xpath="t:Record"/><xs:field xpath="@of"/></xs:keyref>
</xs:element>"""


def test_a_key_given_twice_and_a_key_that_nobody_has_are_named_by_their_value(pair) -> None:
    keyed = pair(KEYED)
    (twice,) = keyed.judge('<Record id="a"/><Record id="a"/>')
    assert (twice.code, twice.value, twice.rule) == ("xsd.duplicate", "a", "record")
    (nobody,) = keyed.judge('<Record id="a"/><Record id="b" of="c"/>')
    assert (nobody.code, nobody.value, nobody.rule) == ("xsd.dangling-reference", "c", "record")


# --- what a person is told -------------------------------------------------------------------------------------------

LIST_OF_THINGS = """<xs:element name="r"><xs:complexType><xs:sequence>
  <xs:element name="A" type="xs:int" minOccurs="0"/><xs:element name="B" minOccurs="0" maxOccurs="2"><xs:complexType>
    <xs:attribute name="n" use="required"><xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="3"/>
    </xs:restriction></xs:simpleType></xs:attribute></xs:complexType></xs:element>
</xs:sequence></xs:complexType></xs:element>"""


@pytest.mark.parametrize(
    ("content", "code", "xpath", "value"),
    [
        ("<A>x</A>", "xsd.bad-value", "/r/A", "x"),
        ("<A></A>", "xsd.bad-value", "/r/A", ""),
        ("<C/>", "xsd.unexpected-element", "/r/C", None),
        ('<B n="1"/><A>1</A>', "xsd.unexpected-element", "/r/A", None),
        ('<B n="1"/><B n="1"/><B n="1"/>', "xsd.unexpected-element", "/r/B[3]", None),
        ("<B/>", "xsd.missing-attribute", "/r/B/@n", None),
        ('<B n="1" m="2"/>', "xsd.unexpected-attribute", "/r/B/@m", "2"),
        ('<B n="1"/><B n="four"/>', "xsd.too-long", "/r/B[2]/@n", "four"),
        ('<B n="1">text</B>', "xsd.unexpected-text", "/r/B", "text"),
        ("text", "xsd.unexpected-text", "/r", "text"),
        ('<A xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="t:none" xmlns:t="urn:x-test:t">1</A>',
         "xsd.unknown-type", "/r/A", "t:none"),
        ('<A xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>', "xsd.bad-nil", "/r/A", ""),
    ],
)  # fmt: skip
def test_a_violation_names_its_kind_place_and_value(
    pair, content: str, code: str, xpath: str, value: str | None
) -> None:
    found = pair(LIST_OF_THINGS).judge(content)
    assert (found[0].code, found[0].xpath, found[0].value) == (code, xpath, value)
    assert len(found) == 1 or code == "xsd.bad-nil"  # there the empty value is wrong too
    assert found[0].line == 1
    assert found[0].message
    assert found[0].rule


def test_every_violation_is_listed_not_the_first_only(pair) -> None:
    assert pair(LIST_OF_THINGS).codes('<A>x</A><B n="four"/><B/>') == [
        "xsd.bad-value",
        "xsd.too-long",
        "xsd.missing-attribute",
    ]


def test_a_second_copy_of_an_element_is_unexpected_and_not_called_missing(pair) -> None:
    ordered = pair("""<xs:element name="r"><xs:complexType><xs:sequence><xs:element name="A"/><xs:element name="B"/>
      </xs:sequence></xs:complexType></xs:element>""")
    (again,) = ordered.judge("<A/><A/><B/>")
    assert (again.code, again.xpath, again.params["expected"]) == ("xsd.unexpected-element", "/r/A[2]", "B")
    (late,) = ordered.judge("<B/>")
    assert (late.code, late.xpath, late.params["expected"]) == ("xsd.missing-element", "/r/B", "A")


def test_a_list_of_violations_that_nobody_would_read_is_cut_off_and_says_so(pair) -> None:
    found = pair(LIST_OF_THINGS).judge("<B/>" * 1200)
    assert len(found) == 1001
    assert found[-1].code == "xsd.too-many"


def test_a_huge_document_that_is_refused_anyway_gets_the_quick_list_and_is_told_so(pair) -> None:
    for content in ("<A/>" * 2001, "<C/>" * 190_000, f"<A>{'<D/>' * 1999}</A>" * 101):
        found = pair(LIST_OF_THINGS).judge(content)
        assert found[0].code == "xsd.too-many"
        assert len(found) > 1


def test_of_several_elements_expected_only_those_before_the_one_found_are_called_missing(pair) -> None:
    ordered = pair("""<xs:element name="r"><xs:complexType><xs:sequence><xs:element name="A"/>
      <xs:element name="B" minOccurs="0"/><xs:element name="C"/></xs:sequence></xs:complexType></xs:element>""")
    (violation,) = ordered.judge("<B/><C/>")
    assert violation.params["expected"] == "A"


def test_a_root_that_the_schema_does_not_know_is_named(pair) -> None:
    things = pair(LIST_OF_THINGS)
    (violation,) = things.compiled.violations(parse_untrusted(b"<other/>"))
    assert (violation.code, violation.params["element"]) == ("xsd.unknown-root", "other")


def test_a_long_value_is_shortened(pair) -> None:
    (violation,) = pair(LIST_OF_THINGS).judge(f"<A>{'9' * 5000}</A>")
    assert violation.value is not None
    assert len(violation.value) == 80


def test_a_document_on_which_the_authority_breaks_off_is_refused_not_raised(pair) -> None:
    deep = pair("""<xs:element name="r" type="t:Nested"/><xs:complexType name="Nested"><xs:sequence>
      <xs:element name="n" type="t:Nested" minOccurs="0"/></xs:sequence></xs:complexType>""")
    found = deep.codes("<n>" * 250 + "</n>" * 250)
    assert found in ([], ["xsd.validators-disagree", "xsd.validator-failed"])  # by the depth of the stack above us
