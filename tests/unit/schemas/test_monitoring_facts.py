"""What the two validators make of our own schemas: one test for each fact the schemas were designed around.

`lxml_accepts` is libxml2 alone; `accepted` is schemas.validate, where xmlschema is the authority.
"""

from __future__ import annotations

import pytest
from lxml import etree

import schemas
from adapter import conversion
from adapter.conversion.roots import NAMESPACE
from tests import corpus

C = f"{{{NAMESPACE}:core}}"
S = f"{{{NAMESPACE}:submission}}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
NO_BREAK = "\u00a0"
ZERO_WIDTH = "\u200b"


@pytest.fixture(scope="module")
def document():
    return conversion.build(corpus.full(corpus.root_named("TreatyInformation")))


@pytest.fixture
def tree(document):
    return etree.fromstring(document)


def judged(tree):
    document = etree.tostring(tree, encoding="UTF-8", xml_declaration=True)
    root = schemas.parse_untrusted(document)
    return schemas.gate(root, "monitoring/v1/submission"), schemas.validate(root, "monitoring/v1/submission")


def accepted_by_both(tree):
    gate, violations = judged(tree)
    assert all(violation.code != "xsd.validators-disagree" for violation in violations)
    return gate and not violations


def refused_by_both(tree):
    gate, violations = judged(tree)
    assert all(violation.code != "xsd.validators-disagree" for violation in violations)
    return not gate and bool(violations)


def refused_by_xmlschema_only(tree):
    gate, violations = judged(tree)
    assert all(violation.code != "xsd.validators-disagree" for violation in violations)
    return gate and bool(violations)


def first(tree, name):
    return next(tree.iter(f"{{*}}{name}"))


def test_the_document_itself_is_accepted(tree):
    assert accepted_by_both(tree)


@pytest.mark.parametrize("name", ["Kk", "Ru"])
def test_a_missing_language_is_refused(tree, name):
    progress = first(tree, "Progress")
    progress.remove(progress.find(C + name))
    assert refused_by_both(tree)


def test_a_text_of_blanks_is_refused(tree):
    first(tree, "Progress").find(C + "Ru").text = " \n "
    assert refused_by_both(tree)


def test_a_wrong_language_mark_is_refused_though_libxml2_does_not_see_it(tree):
    first(tree, "Progress").find(C + "Ru").set(LANG, "kk")
    assert refused_by_xmlschema_only(tree)


def test_a_missing_language_mark_is_refused(tree):
    del first(tree, "Progress").find(C + "Ru").attrib[LANG]
    assert refused_by_both(tree)


def test_one_language_twice_is_refused_because_the_selector_is_prefixed(tree):
    texts = first(tree, "TitleOther").findall(C + "Text")
    texts[1].set(LANG, texts[0].get(LANG))
    assert refused_by_both(tree)


def test_every_text_in_languages_has_its_uniqueness():
    # The type Ml cannot carry the constraint, so each element of that type must.
    for entry in schemas.catalog_entries():
        if not entry.id.startswith("monitoring/"):
            continue
        module = schemas.parse_untrusted(entry.path.read_bytes())
        elements = module.iter("{http://www.w3.org/2001/XMLSchema}element")
        for element in (item for item in elements if item.get("type") == "c:Ml"):
            selectors = element.findall("{*}unique/{*}selector")
            assert [item.get("xpath") for item in selectors] == ["c:Text"], element.get("name")


def test_no_selector_is_unprefixed():
    for entry in schemas.catalog_entries():
        if not entry.id.startswith("monitoring/"):
            continue
        module = schemas.parse_untrusted(entry.path.read_bytes())
        for selector in module.iter("{http://www.w3.org/2001/XMLSchema}selector"):
            steps = selector.get("xpath").replace("|", "/").replace(".//", "").split("/")
            assert all(":" in step for step in steps), selector.get("xpath")


def test_a_bin_in_other_digits_is_refused(tree):
    first(tree, "Bin").text = "".join(chr(ord(digit) - ord("0") + 0x0661 - 1) for digit in "991340000106")
    assert refused_by_both(tree)


@pytest.mark.parametrize("day", ["2026-11-10+05:00", "2026-11-10Z", "2026-02-30", "2026-13-01", "10.11.2026", ""])
def test_a_day_with_a_zone_or_that_does_not_exist_is_refused(tree, day):
    first(tree, "RegistrationDate").text = day
    assert refused_by_both(tree)


@pytest.mark.parametrize("year", ["2026+05:00", "26", "02026"])
def test_a_year_with_a_zone_or_of_other_length_is_refused(tree, year):
    first(tree, "ReportingYear").text = year
    assert refused_by_both(tree)


def test_a_moment_without_a_zone_is_refused():
    root = corpus.root_named("Receipt")
    document = conversion.build(corpus.small(root)).replace(b"23:59:59+05:00", b"23:59:59")
    assert any(item.xpath == "/Receipt/ReceivedAt" for item in conversion.violations(document))


@pytest.mark.parametrize("day", ["2026", "2026-11", "2026-11-10"])
def test_a_partial_date_is_a_year_a_month_or_a_day(tree, day):
    first(tree, "AsOf").text = day
    assert accepted_by_both(tree)


@pytest.mark.parametrize("day", ["2026-13", "2026-02-30", "2026Z", "November 2026"])
def test_other_partial_dates_are_refused(tree, day):
    first(tree, "AsOf").text = day
    assert refused_by_both(tree)


def test_six_of_the_seven_sources_are_refused(tree):
    basis = first(tree, "AnalysisBasis")
    basis.remove(basis.find(S + "MediaPublications"))
    assert refused_by_both(tree)


def test_an_analysed_source_without_finding_is_accepted_and_left_to_br_10b(tree):
    slot = first(tree, "TreatyProvisions")
    slot.set("state", "analysed")
    slot.remove(slot.find(S + "Finding"))
    assert accepted_by_both(tree)


def test_a_code_with_outer_spaces_is_accepted_and_read_collapsed(tree):
    first(tree, "TreatyProvisions").set("state", " none-available ")
    assert accepted_by_both(tree)
    record = conversion.read(tree).in_force_section.treaty_records[0]
    assert record.analysis_basis.treaty_provisions.state == "none-available"


def test_a_text_of_no_break_spaces_is_refused_by_xmlschema_only(tree):
    first(tree, "Progress").find(C + "Ru").text = NO_BREAK
    assert refused_by_xmlschema_only(tree)


def test_a_text_blank_by_eye_is_accepted_and_left_to_br_01a(tree):
    first(tree, "Progress").find(C + "Ru").text = NO_BREAK + ZERO_WIDTH
    assert accepted_by_both(tree)


def test_a_nil_return_beside_records_and_an_empty_section_are_refused(tree):
    section = first(tree, "InForceSection")
    etree.SubElement(section, S + "NilReturn").text = "true"
    assert refused_by_both(tree)
    for child in list(section):
        section.remove(child)
    assert refused_by_both(tree)


@pytest.mark.parametrize("value", ["false", "0", "1", ""])
def test_a_nil_return_says_yes_and_nothing_else(value):
    root = corpus.root_named("TreatyInformation")
    document = conversion.build(corpus.small(root))
    assert b"<NilReturn>true</NilReturn>" in document
    broken = document.replace(b"<NilReturn>true</NilReturn>", f"<NilReturn>{value}</NilReturn>".encode(), 1)
    assert conversion.violations(broken)


def test_both_no_issues_and_an_issue_are_refused(tree):
    record = first(tree, "TreatyRecord")
    flag = etree.Element(S + "NoIssues")
    flag.text = "true"
    record.insert(record.index(record.find(S + "Issue")), flag)
    assert refused_by_both(tree)


def test_a_proposal_for_an_issue_that_is_not_in_the_record_is_refused(tree):
    first(tree, "IssueRef").text = "I-9"
    assert refused_by_both(tree)


def test_a_proposal_for_an_issue_of_another_record_is_refused(tree):
    one, other = list(tree.iter("{*}TreatyRecord"))
    issue = other.find(S + "Issue")
    next(one.iter("{*}IssueRef")).text = issue.get("id")
    assert refused_by_both(tree)


def test_an_issue_without_a_proposal_is_accepted_and_left_to_br_09a(tree):
    record = first(tree, "TreatyRecord")
    for proposal in record.findall(S + "Proposal"):
        record.remove(proposal)
    assert accepted_by_both(tree)


def test_a_copy_that_is_not_attached_is_refused(tree):
    first(tree, "Copy").text = "id-999999"
    assert refused_by_both(tree)


def test_a_report_identifier_where_an_attachment_is_meant_is_refused(tree):
    # xs:IDREF alone would take any identifier of the document.
    first(tree, "Copy").text = next(tree.iter(S + "Report")).get("id")
    assert refused_by_both(tree)


def test_one_local_identifier_twice_is_refused(tree):
    one, other = list(tree.iter(S + "Report"))[:2]
    other.set("id", one.get("id"))
    gate, violations = judged(tree)
    assert violations
    assert all(violation.code != "xsd.validators-disagree" for violation in violations)
    del gate


@pytest.mark.parametrize("name", ["../a.csv", "a/b.csv", "a\\b.csv", "..", ".hidden", "C:a.csv"])
def test_a_file_name_with_a_path_is_refused(tree, name):
    first(tree, "FileName").text = name
    assert refused_by_both(tree)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DocumentId", "urn:uuid:00000000-0000-5000-8000-00000000000G"),
        ("DocumentId", "00000000-0000-5000-8000-000000000001"),
        ("CaseId", "no-scheme"),
        ("AdiletId", "Z13"),
        ("Country", "kz"),
        ("RegistrationNumber", "two\nlines"),
        ("AccessMarking", "secret"),
        ("Capacity", "deputy"),
        ("Action", "delete"),
        ("SizeBytes", "-1"),
        ("Pages", "0"),
        ("MediaType", "text"),
    ],
)
def test_a_value_outside_its_pattern_is_refused(tree, name, value):
    first(tree, name).text = value
    assert refused_by_both(tree)


@pytest.mark.parametrize("name", ["Number", "Date"])
def test_half_an_order_is_refused(tree, name):
    order = first(tree, "SubdivisionOrder")
    order.remove(next(order.iter(f"{{*}}{name}")))
    assert refused_by_both(tree)


def test_reasons_without_explanation_are_refused(tree):
    block = first(tree, "NonCompletion")
    block.remove(block.find(S + "Explanation"))
    assert refused_by_both(tree)


def test_a_country_called_by_an_unknown_scheme_is_refused(tree):
    next(tree.iter("{*}Ref")).set("scheme", "union")
    assert refused_by_both(tree)


@pytest.mark.parametrize("value", ["\u0661\u0662", "AA", "AB==", "é" * 4, ""])
def test_a_digest_that_is_not_base64_is_refused(tree, value):
    first(tree, "RenditionDigest").text = value
    assert refused_by_both(tree)
