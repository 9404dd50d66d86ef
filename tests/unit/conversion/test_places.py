"""A field and its XPath are two names of one place."""

from __future__ import annotations

import dataclasses

import pytest

import schemas
from adapter import conversion
from adapter.domain.report import TreatyInformation, field_ids
from tests import corpus


def leaves(value, path=()):
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    elif dataclasses.is_dataclass(value) and type(value).__name__ != "PartialDate":
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), (*path, field.name))
    elif value is not None and value is not False:
        yield path


def found_by(root, xpath):
    """The element or attribute that a readable XPath names, found step by step by local name."""
    node = root
    for step in xpath.strip("/").split("/")[1:]:
        if step.startswith("@"):
            return next(value for name, value in node.items() if name.rpartition("}")[2] == step[1:])
        name, _, position = step.rstrip("]").partition("[")
        among = [child for child in node if child.tag.rpartition("}")[2] == name]
        assert position or len(among) == 1
        node = among[int(position or 1) - 1]
    return node


@pytest.mark.parametrize("root", corpus.ROOTS, ids=lambda root: root.name)
def test_every_value_of_a_full_report_has_an_xpath_that_finds_it_and_leads_back(root):
    report = corpus.full(root)
    tree = schemas.parse_untrusted(conversion.build(report))
    count = 0
    for path in leaves(report):
        xpath = conversion.xpath_of(report, path)
        assert found_by(tree, xpath) is not None
        back = conversion.path_of(report, xpath)
        # a text that is the whole element is named by its owner: texts[0] for texts[0].text
        assert back == path or (back == path[: len(back)] and len(path) - len(back) == 1)
        count += 1
    assert count > 20


def test_positions_are_written_only_among_several_as_the_schema_does():
    report = corpus.full(corpus.root_named("TreatyInformation"))
    path = ("in_force_section", "treaty_records", 1, "progress", "ru")
    assert conversion.xpath_of(report, path) == "/TreatyInformation/InForceSection/TreatyRecord[2]/Progress/Ru"
    single = dataclasses.replace(
        report,
        in_force_section=dataclasses.replace(
            report.in_force_section, treaty_records=report.in_force_section.treaty_records[:1]
        ),
    )
    path = ("in_force_section", "treaty_records", 0, "progress", "ru")
    assert conversion.xpath_of(single, path) == "/TreatyInformation/InForceSection/TreatyRecord/Progress/Ru"


def test_with_the_type_alone_every_position_is_written_and_the_next_step_chooses_between_types():
    record = ("in_force_section", "treaty_records", 0)
    assert conversion.xpath_of(TreatyInformation, (*record, "treaty", "scope")).endswith(
        "/TreatyRecord[1]/Treaty/Scope"
    )
    issuer = ("header", "sender", "name", "kk")
    assert conversion.xpath_of(TreatyInformation, issuer) == "/TreatyInformation/Header/Sender/Name/Kk"


def test_a_source_of_p6_that_is_missing_has_a_place_all_the_same():
    path = ("in_force_section", "treaty_records", 0, "analysis_basis", "media_publications")
    assert conversion.xpath_of(TreatyInformation, path).endswith("/AnalysisBasis/MediaPublications")


def test_the_xpath_of_a_violation_leads_to_the_field_that_is_broken():
    report = corpus.small(corpus.root_named("TreatyInformation"))
    document = conversion.build(report).replace(
        b">2026-11-02</h:RegistrationDate>", b">2026-11-02+05:00</h:RegistrationDate>"
    )
    violation = conversion.violations(document)[0]
    assert conversion.path_of(report, violation.xpath) == ("header", "registration_date")


def test_an_unknown_step_gives_the_deepest_known_place_and_an_unknown_root_none():
    assert conversion.path_of(TreatyInformation, "/TreatyInformation/Header/Nothing/Deeper") == ("header",)
    assert conversion.path_of(TreatyInformation, "/SummaryInformation/Header") is None


def test_ids_of_the_content_model_are_found_along_a_path():
    report = corpus.full(corpus.root_named("TreatyInformation"))
    path = ("in_force_section", "treaty_records", 0, "progress", "kk")
    assert field_ids(report, path) == ("TI-01", "TI-03", "TR-05", "TYP-01")
    assert field_ids(report, ("in_force_section", "treaty_records", 9, "progress")) == ("TI-01", "TI-03")
