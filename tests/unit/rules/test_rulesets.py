"""Rulesets, coverage lists and holiday lists as files: read strictly, inherited plainly, immutable once released."""

from __future__ import annotations

import copy
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

import adapter.rules
from adapter import rules, texts
from adapter.domain.document import DocumentType
from adapter.errors import Final, SettingsRefused, Severity
from adapter.rules.json_tables import MAX_BYTES
from adapter.rules.ruleset import OrderNeed, SignatoryRule, Status, WeekendShift
from adapter.rules.ruleset_file import read_ruleset
from tests import factories as make

SHIPPED = Path(adapter.rules.__file__).parent
ORDER = ("RK-MFA-27384-2022", "2022-04-04")
DECREE = ("RK-PRES-1037-2010", "2010-08-12")


def raw(name: str = "RK-GOV-1141-2010@2021-03-18") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))
    return content


def own(folder: Path, content: dict[str, Any], name: str | None = None) -> Path:
    path = folder / (name or f"{content['id']}@{content['version']}.json")
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return folder


def changed(**values: Any) -> dict[str, Any]:
    """A ruleset of a ministry's own, complete, with some keys changed."""
    return {**raw(), "id": "RK-TEST", "version": "2026-01-01", **values}


def refusals(folder: Path) -> list[tuple[str, object]]:
    with pytest.raises(SettingsRefused) as refused:
        rules.load_rulesets(folder)
    for finding in refused.value.findings:
        assert texts.unfilled(finding.code, finding.params) == ()
    return [(finding.code, finding.params.get("key")) for finding in refused.value.findings]


# --- what is shipped -------------------------------------------------------------------------------------------------
def test_the_three_rulesets_of_the_domain_are_shipped() -> None:
    found = {(each.id, each.version): each.status for each in rules.load_rulesets().all()}
    assert found == {make.BASELINE: Status.BASELINE, ORDER: Status.UNCONFIRMED, DECREE: Status.UNCONFIRMED}


def test_the_order_inherits_every_norm_and_confirms_none() -> None:
    at_hand = rules.load_rulesets()
    order, base = at_hand.find(*ORDER), at_hand.find(*make.BASELINE)
    assert (order.legs, order.switches, order.accepts) == (base.legs, base.switches, base.accepts)
    assert order.act.adilet == "V2200027384"
    inherited = {each.path for each in order.unconfirmed if each.reason == "inherited"}
    assert {"legs[0].due.day", "switches.A4", "receipt_law.accepts", "time.zone", "sources_p6"} <= inherited
    assert order.digest != base.digest


def test_the_baseline_says_which_of_its_norms_are_not_confirmed() -> None:
    paths = {each.path for each in rules.load_rulesets().find(*make.BASELINE).unconfirmed}
    assert {"legs[1].languages", "legs[2].due", "switches"} <= paths
    assert "legs[0].due" not in paths


def test_the_consolidated_leg_is_governed_by_the_decree() -> None:
    at_hand = rules.load_rulesets()
    governing, leg = at_hand.governing(at_hand.find(*make.BASELINE), DocumentType.CONSOLIDATED_INFORMATION)
    assert governing.id == DECREE[0]
    assert leg is not None
    assert (leg.recipient, leg.due, leg.ruleset) == ("KZ-AP", None, None)


@pytest.mark.parametrize(
    ("day", "body"),
    [
        (dt.date(2022, 12, 8), "KZ-PMO"),
        (dt.date(2022, 12, 31), "KZ-PMO"),
        (dt.date(2023, 1, 1), "KZ-GA"),
        (dt.date(2023, 12, 8), "KZ-GA"),
        (dt.date(2026, 12, 8), "KZ-GA"),
    ],
)
def test_the_office_is_resolved_by_date(day: dt.date, body: str) -> None:
    ruleset = rules.load_rulesets().find(*make.BASELINE)
    assert ruleset.body_of("role:office-of-pm", on=day) == body


def test_a_named_body_is_itself_and_the_many_are_nobody() -> None:
    ruleset = rules.load_rulesets().find(*make.BASELINE)
    assert ruleset.body_of("KZ-MFA", on=dt.date(2026, 1, 1)) == "KZ-MFA"
    assert ruleset.body_of("central-state-body", on=dt.date(2026, 1, 1)) is None


def test_a_role_that_nobody_holds_is_said_and_not_guessed() -> None:
    with pytest.raises(Final) as refused:
        rules.load_rulesets().find(*make.BASELINE).body_of("role:nobody", on=dt.date(2026, 1, 1))
    assert refused.value.code == "rules.role-unknown"
    assert texts.unfilled(refused.value.code, refused.value.params) == ()


def test_an_unknown_ruleset_is_refused() -> None:
    with pytest.raises(Final) as refused:
        rules.load_rulesets().find("RK-GOV-1141-2010", "2010-10-30")
    assert refused.value.code == "ruleset.unknown"


def test_the_digest_is_that_of_the_norms_and_not_of_their_layout(tmp_path: Path) -> None:
    base = rules.load_rulesets().find(*make.BASELINE)
    (tmp_path / "RK-GOV-1141-2010@2021-03-18.json").write_text(json.dumps(raw(), indent=7), encoding="utf-8")
    assert rules.load_rulesets(tmp_path).find(*make.BASELINE).digest == base.digest
    assert len(base.digest) == 64


def test_the_shipped_coverage_is_a_sample_that_nobody_confirmed() -> None:
    listed = rules.load_rulesets().coverage(2026)
    assert listed is not None
    assert listed.confirmed_by is None
    assert tuple(body.code for body in listed.bodies) == make.NINE
    assert rules.load_rulesets().coverage(2025) is None


def test_the_shipped_holidays_say_that_they_are_not_confirmed() -> None:
    days = rules.load_rulesets().holidays(2026)
    assert days is not None
    assert days.confirmed_by is None
    assert not rules.is_working_day(dt.date(2026, 12, 16), days)
    assert rules.is_working_day(dt.date(2026, 12, 15), days)


# --- a folder of one's own -------------------------------------------------------------------------------------------
def test_a_folder_adds_a_ruleset_that_inherits_a_shipped_one(tmp_path: Path) -> None:
    child = {key: raw("RK-MFA-27384-2022@2022-04-04")[key] for key in ("act", "title", "valid_from", "valid_to")}
    child |= {"id": "RK-TEST", "version": "1", "status": "in-force", "extends": "RK-MFA-27384-2022@2022-04-04"}
    child |= {"evidence": {}, "confirmed_by": "Мысал Үлгі, 2026-01-10", "severity_overrides": {"BR-06f": "off"}}
    found = rules.load_rulesets(own(tmp_path, child)).find("RK-TEST", "1")
    assert found.legs == rules.load_rulesets().find(*make.BASELINE).legs
    assert found.unconfirmed == ()
    assert found.severity("BR-06f") is None
    assert found.severity("BR-06e") is Severity.WARNING


def test_switches_of_a_folder_are_read_in_their_words(tmp_path: Path) -> None:
    switches = copy.deepcopy(raw()["switches"])
    switches["A3"]["weekend_shift"] = "next-working-day"
    switches |= {"A4": "head-only", "A8": "no", "A10": "required"}
    found = rules.load_rulesets(own(tmp_path, changed(switches=switches))).find("RK-TEST", "2026-01-01").switches
    assert (found.weekend_shift, found.signatory_capacity) == (WeekendShift.NEXT_WORKING_DAY, SignatoryRule.HEAD_ONLY)
    assert (found.self_submission, found.subdivision_order) == (False, OrderNeed.REQUIRED)


def test_a_released_ruleset_with_other_content_is_refused(tmp_path: Path) -> None:
    assert refusals(own(tmp_path, {**raw(), "confirmed_by": "somebody"})) == [("ruleset.duplicate", None)]


def test_the_coverage_list_of_a_folder_stands_instead_of_the_sample(tmp_path: Path) -> None:
    listed = {"year": 2026, "confirmed_by": "Мысал Үлгі", "confirmed_on": "2026-10-01", "bodies": [{"code": "KZ-MOF"}]}
    found = rules.load_rulesets(own(tmp_path, listed, "coverage-2026.json")).coverage(2026)
    assert found is not None
    assert [body.code for body in found.bodies] == ["KZ-MOF"]
    assert found.confirmed_on == dt.date(2026, 10, 1)


# --- refused ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"colour": "red"}, ("ruleset.unknown-key", "colour")),
        ({"status": "current"}, ("ruleset.wrong-value", "status")),
        ({"legs": "none", "evidence": {}}, ("ruleset.wrong-value", "legs")),
        ({"title": None, "evidence": {}}, ("ruleset.wrong-value", "title")),
        ({"extends": "no version"}, ("ruleset.unknown", None)),
        ({"severity_overrides": {"BR-99": "info"}}, ("ruleset.unknown-key", "severity_overrides.BR-99")),
        ({"severity_overrides": {"BR-06": "info"}}, ("ruleset.unknown-key", "severity_overrides.BR-06")),
        ({"severity_overrides": {"BR-06e": "mild"}}, ("ruleset.wrong-value", "severity_overrides.BR-06e")),
        ({"severity_overrides": {"BR-18": "off"}}, ("ruleset.not-switchable", None)),
        ({"severity_overrides": {"BR-18": "error"}}, ("ruleset.not-switchable", None)),
        ({"severity_overrides": {"BR-20a": "off"}}, ("ruleset.not-switchable", None)),
        ({"severity_overrides": {"BR-20b": "warning"}}, ("ruleset.not-switchable", None)),
        ({"sources_p6": []}, ("ruleset.wrong-value", "sources_p6")),
        ({"sources_p6": ["TreatyProvisions"]}, ("ruleset.wrong-value", "sources_p6")),
        ({"evidence": {"legs[9].due": "K"}}, ("ruleset.wrong-value", "evidence.legs[9].due")),
        ({"valid_from": {"value": "2021-02-30"}}, ("ruleset.wrong-value", "valid_from.value")),
        ({"valid_from": {"value": None, "by": "x"}}, ("ruleset.unknown-key", "valid_from.by")),
        ({"confirmed_by": 7}, ("ruleset.wrong-value", "confirmed_by")),
    ],
)
def test_one_wrong_thing_is_told_with_its_key(tmp_path: Path, values: Any, expected: tuple[str, str | None]) -> None:
    assert refusals(own(tmp_path, changed(**values))) == [expected]


@pytest.mark.parametrize(
    ("switch", "value", "key"),
    [
        ("A1", "always", "switches.A1"),
        ("A2", {"period": "year-to-cutoff", "supplement_until": "13-01"}, "switches.A2.supplement_until"),
        ("A3", {"weekend_shift": "none", "event": "read", "warn_days": 5}, "switches.A3.event"),
        ("A3", {"weekend_shift": "none", "event": "received", "warn_days": -1}, "switches.A3.warn_days"),
        ("A3", {"weekend_shift": "none", "event": "received", "warn_days": True}, "switches.A3.warn_days"),
        ("A7", {"due": None, "formats": "html", "withheld": "count-and-reason"}, "switches.A7.formats"),
        ("A8", True, "switches.A8"),
    ],
)
def test_a_switch_knows_its_words(tmp_path: Path, switch: str, value: object, key: str) -> None:
    switches = {**raw()["switches"], switch: value}
    assert refusals(own(tmp_path, changed(switches=switches))) == [("ruleset.wrong-value", key)]


def test_a_switch_left_out_is_told() -> None:
    switches = {key: value for key, value in raw()["switches"].items() if key != "A9"}
    with pytest.raises(SettingsRefused) as refused:
        read_ruleset(changed(switches=switches), None, file="x.json")
    assert [(each.code, each.params["key"]) for each in refused.value.findings] == [
        ("ruleset.missing-key", "switches.A9")
    ]


@pytest.mark.parametrize(
    "due", [{"month": 13, "day": 1, "year": "reporting-year"}, {"month": 2, "day": 31, "year": "reporting-year"}]
)
def test_a_due_date_is_a_date(tmp_path: Path, due: dict[str, object]) -> None:
    content = changed()
    content["legs"][0]["due"] = due
    assert [code for code, _ in refusals(own(tmp_path, content))] == ["ruleset.wrong-value"]


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    own(tmp_path, changed(colour="red", status="current", severity_overrides={"BR-18": "off"}))
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    assert {code for code, _ in refusals(tmp_path)} == {
        "ruleset.not-json",
        "ruleset.unknown-key",
        "ruleset.wrong-value",
        "ruleset.not-switchable",
    }


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": "\xff"}', b"[" * 100_000, b"\xef\xbb\xbf{}"]
)
def test_what_is_not_json_is_refused_and_never_a_traceback(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    assert [code for code, _ in refusals(tmp_path)] == ["ruleset.not-json"]


def test_a_list_is_not_a_ruleset(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]", encoding="utf-8")
    assert refusals(tmp_path) == [("ruleset.wrong-value", "(root)")]


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b" " * (MAX_BYTES + 1))
    assert [code for code, _ in refusals(tmp_path)] == ["ruleset.unreadable"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert [code for code, _ in refusals(tmp_path / "absent")] == ["ruleset.unreadable"]


def test_a_name_that_does_not_fit_the_content_is_refused(tmp_path: Path) -> None:
    assert refusals(own(tmp_path, changed(), "other.json")) == [("ruleset.name-differs", None)]


def test_a_ruleset_that_extends_itself_is_refused(tmp_path: Path) -> None:
    assert refusals(own(tmp_path, changed(extends="RK-TEST@2026-01-01"))) == [("ruleset.circular", None)]


def test_two_rulesets_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    own(tmp_path, changed(extends="RK-OTHER@1"))
    own(tmp_path, {**changed(), "id": "RK-OTHER", "version": "1", "extends": "RK-TEST@2026-01-01"})
    assert [code for code, _ in refusals(tmp_path)] == ["ruleset.circular", "ruleset.circular"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"year": 2026, "confirmed_by": None, "confirmed_on": None, "bodies": []}, ("ruleset.wrong-value", "bodies")),
        (
            {
                "year": 2026,
                "confirmed_by": None,
                "confirmed_on": None,
                "bodies": [{"code": "KZ-MOF"}, {"code": "KZ-MOF"}],
            },
            ("ruleset.wrong-value", "bodies"),
        ),
        (
            {
                "year": 2026,
                "confirmed_by": None,
                "confirmed_on": None,
                "bodies": [{"code": "KZ-MOF", "other_channel": {"set_by": "N."}}],
            },
            ("ruleset.missing-key", "bodies[0].other_channel.on"),
        ),
        (
            {"year": 2025, "confirmed_by": None, "confirmed_on": None, "bodies": [{"code": "KZ-MOF"}]},
            ("ruleset.name-differs", None),
        ),
    ],
)
def test_a_broken_coverage_list_is_refused(
    tmp_path: Path, content: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    assert refusals(own(tmp_path, content, "coverage-2026.json"))[0] == expected


def test_a_holiday_of_another_year_is_refused(tmp_path: Path) -> None:
    days = {"year": 2026, "confirmed_by": None, "non_working": [{"date": "2025-12-16"}], "working": []}
    assert refusals(own(tmp_path, days, "holidays-2026.json")) == [("ruleset.wrong-value", "non_working[0].date")]


# --- once per run ----------------------------------------------------------------------------------------------------
def test_what_is_not_confirmed_is_said_once_and_fills_its_sentence() -> None:
    at_hand = rules.load_rulesets()
    found = rules.notes(at_hand.find(*ORDER), coverage=at_hand.coverage(2026), holidays_of=(2027, None))
    assert [each.code for each in found] == [
        "ruleset.unconfirmed",
        "rules.coverage-unconfirmed",
        "rules.holidays-missing",
    ]
    assert {each.severity for each in found} == {Severity.INFO}
    assert all(texts.unfilled(each.code, each.params) == () for each in found)


def test_a_confirmed_picture_needs_no_note() -> None:
    at_hand = rules.load_rulesets()
    holidays = (2026, at_hand.holidays(2026))
    assert rules.notes(at_hand.find(*make.BASELINE), coverage=make.coverage_list(), holidays_of=holidays) == ()


def test_a_document_that_the_ruleset_does_not_know_is_refused() -> None:
    decree = rules.load_rulesets().find(*DECREE)
    found = rules.check_all(make.fx1(), stage=rules.Stage.LOCK, ruleset=decree, facts=make.facts(make.fx1()))
    assert [item.finding.code for item in found] == ["rules.ruleset-differs", "rules.no-leg"]
    assert all(texts.unfilled(item.finding.code, item.finding.params) == () for item in found)


def test_the_title_of_a_document_type_is_given_in_both_languages() -> None:
    assert rules.document_title(DocumentType.SUMMARY_INFORMATION) == ("Жиынтық ақпарат", "Сводная информация")
