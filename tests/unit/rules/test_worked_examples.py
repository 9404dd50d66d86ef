"""The shipped examples under the rules: each is found to be what it is meant to show, and the figures come out of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter import rules
from adapter.composition.report_files import source_context
from adapter.domain.report import Report, TreatyInformation
from adapter.sources.yaml_report import read_report
from tests import factories as make

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "2026"
EXPECTED = {
    "mof/report.yaml": set(),
    "mlsp/report.yaml": set(),
    "mlsp/correction/report.yaml": set(),
    "menr/report.yaml": {"BR-06e"},
    "mti/report.yaml": {"BR-06e"},
    "mot/report.yaml": {"BR-07c"},
    "mfa/own-report.yaml": set(),
    "aspr/report.yaml": set(),
}
"""Warnings that the domain names for these examples: a mixed agreement, an instrument adopted without signature."""


def report_of(name: str) -> Report:
    path = EXAMPLES / name
    context = source_context(rules.load_rulesets(), *make.BASELINE, path.parent)
    source = read_report(path.read_bytes(), context, file=path.name)
    assert source.report is not None, source.findings
    return source.report


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("stage", [rules.Stage.DRAFT, rules.Stage.LOCK])
def test_an_example_gives_the_findings_it_is_meant_to_show(name: str, stage: rules.Stage) -> None:
    report = report_of(name)
    facts = rules.Facts(at=datetime(2026, 11, 2, tzinfo=UTC), coverage=make.coverage_list())
    found = rules.check_all(report, stage=stage, ruleset=rules.load_rulesets().find(*make.BASELINE), facts=facts)
    shown = EXPECTED[name] if stage is rules.Stage.LOCK else set()
    assert {item.finding.code for item in found} == shown, [(item.path, item.finding.params) for item in found]


def test_the_figures_of_the_summary_come_out_of_the_examples() -> None:
    reports = [report_of(name) for name in EXPECTED]
    assert all(isinstance(report, TreatyInformation) for report in reports)
    found = rules.statistics((each for each in reports if isinstance(each, TreatyInformation)), make.coverage_lines())
    assert (found.treaties_in_force, found.records_in_force, found.pending_treaties) == (5, 6, 2)
    assert (found.issues, found.proposals, found.nil_returns) == (4, 4, 1)
    assert (found.recommendations, found.recommendations_of_international_organizations) == (3, 1)
