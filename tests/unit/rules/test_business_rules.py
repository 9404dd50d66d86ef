"""Each rule variant: what it lets pass, what it refuses alone, and that it never passes for want of a fact."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from adapter import rules, texts
from adapter.domain.codes import Action, SignatureVerdict
from adapter.domain.reference import TreatyRef
from adapter.errors import Severity
from adapter.rules.checks import CHECKS
from adapter.rules.ruleset import (
    DeadlineEvent,
    InForceScope,
    OrderNeed,
    Ruleset,
    SignatoryRule,
)
from tests import factories as make
from tests.factories import RECORD, put, without
from tests.unit.rules.vectors import VECTORS, Vector

_WORDS = {
    "signatory_capacity": SignatoryRule,
    "in_force_scope": InForceScope,
    "deadline_event": DeadlineEvent,
    "subdivision_order": OrderNeed,
    "self_submission": bool,
}
_VALID = (
    make.fx1,
    make.fx2,
    make.fx2b,
    make.fx2c,
    make.fx3a,
    make.fx3b,
    make.fx4,
    make.fx5,
    make.fx6,
    make.fx7a,
    make.fx7b,
    make.fx8,
)
_NOTICED = {"fx2b": {"BR-06e"}, "fx2c": {"BR-06e"}, "fx3b": {"BR-07c"}}
"""Warnings that belong to the example: a mixed agreement, an instrument adopted without signature."""


def baseline(**switches: Any) -> Ruleset:
    ruleset = rules.load_rulesets().find(*make.BASELINE)
    typed = {name: _WORDS[name](value) for name, value in switches.items()}
    return replace(ruleset, switches=replace(ruleset.switches, **typed))


def check(
    report: Any, stage: rules.Stage, *, ruleset: Ruleset | None = None, **facts: Any
) -> tuple[rules.RuleFinding, ...]:
    return rules.check_all(report, stage=stage, ruleset=ruleset or baseline(), facts=make.facts(report, **facts))


def codes(found: tuple[rules.RuleFinding, ...]) -> list[str]:
    return [item.finding.code for item in found]


@pytest.mark.parametrize("example", _VALID, ids=lambda each: each.__name__)
@pytest.mark.parametrize("stage", list(rules.Stage))
def test_a_valid_example_passes_every_stage(example: Any, stage: rules.Stage) -> None:
    assert set(codes(check(example(), stage))) <= _NOTICED.get(example.__name__, set())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each.title)
def test_each_vector_fails_its_rule_alone_and_at_its_place(vector: Vector) -> None:
    found = check(vector.report, vector.stage, ruleset=baseline(**vector.switches), **vector.facts)
    own = [item for item in found if item.finding.code == vector.variant]
    assert set(codes(found)) - vector.beside == {vector.variant}
    assert len(own) == vector.times
    assert own[0].path == vector.path
    assert own[0].finding.severity is rules.VARIANTS[vector.variant].severity


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each.title)
def test_each_finding_fills_its_sentence_and_can_be_kept_as_json(vector: Vector) -> None:
    for item in check(vector.report, vector.stage, ruleset=baseline(**vector.switches), **vector.facts):
        assert texts.unfilled(item.finding.code, item.finding.params) == ()
        assert json.loads(json.dumps(dict(item.finding.params))) or not texts.placeholders(item.finding.code)
        for language in texts.Language:
            assert "{" not in str(texts.render_finding(item.finding, language))


def test_no_variant_lacks_a_vector_that_fails_it() -> None:
    assert {vector.variant for vector in VECTORS} == set(rules.VARIANTS)


def test_no_variant_lacks_a_function_and_none_stands_outside_the_table() -> None:
    assert list(CHECKS) == list(rules.VARIANTS)
    assert len(rules.VARIANTS) == 45
    assert len({variant.rule for variant in rules.VARIANTS.values()}) == 22


def test_every_vector_is_silent_in_a_stage_that_does_not_ask_its_rule() -> None:
    for vector in VECTORS:
        for stage in set(rules.Stage) - rules.VARIANTS[vector.variant].stages:
            found = check(vector.report, stage, ruleset=baseline(**vector.switches), **vector.facts)
            assert vector.variant not in codes(found)


# --- never passes for want of a fact ---------------------------------------------------------------------------------
_DEMANDED = {
    ("BR-03a", "signature"): (rules.Stage.RECEIVE, make.fx1),
    ("BR-03b", "signature"): (rules.Stage.SIGN, make.fx1),
    ("BR-03c", "signer"): (rules.Stage.SIGN, make.fx1),
    ("BR-04a", "signature"): (rules.Stage.SIGN, make.fx1),
    ("BR-04b", "files"): (rules.Stage.RECEIVE, make.fx2),
    ("BR-05a", "coverage"): (rules.Stage.DRAFT, make.fx1),
    ("BR-12", "submissions"): (rules.Stage.SUMMARY, make.fx2b),
    ("BR-13", "received_at"): (rules.Stage.RECEIVE, make.fx1),
    ("BR-14a", "coverage"): (rules.Stage.LOCK, make.fx6),
    ("BR-14b", "stored"): (rules.Stage.SIGN, make.fx6),
    ("BR-16a", "stored"): (rules.Stage.LOCK, make.fx7b),
    ("BR-16b", "forwarded"): (rules.Stage.LOCK, make.fx7a),
    ("BR-17", "submissions"): (rules.Stage.PUBLISH, make.fx8),
    ("BR-19b", "identity"): (rules.Stage.RECEIVE, make.fx1),
    ("BR-20a", "delivery"): (rules.Stage.SEND, make.fx1),
    ("BR-20b", "delivery"): (rules.Stage.SEND, make.fx1),
}


@pytest.mark.parametrize(
    ("asked", "where"), _DEMANDED.items(), ids=lambda each: "-".join(getattr(one, "__name__", str(one)) for one in each)
)
def test_a_rule_whose_fact_is_not_known_says_so(asked: tuple[str, str], where: tuple[rules.Stage, Any]) -> None:
    rule, fact = asked
    stage, example = where
    found = check(example(), stage, **{fact: None})
    untold = [item.finding for item in found if item.finding.code == rules.CANNOT_TELL]
    assert rule in {finding.params["rule"] for finding in untold}
    assert rules.is_undecided(tuple(untold))
    assert all(texts.unfilled(finding.code, finding.params) == () for finding in untold)


def test_nothing_is_untold_when_everything_is_known() -> None:
    for example in _VALID:
        for stage in rules.Stage:
            assert not rules.is_undecided(tuple(item.finding for item in check(example(), stage)))


def test_a_coverage_list_of_another_year_is_not_taken_for_this_year() -> None:
    assert codes(check(make.fx1(), rules.Stage.DRAFT, coverage=make.coverage_list(2025))) == [rules.CANNOT_TELL]


def test_an_unknown_certificate_state_is_not_taken_for_valid() -> None:
    unknown = make.signature(certificate=rules.CertificateState.UNKNOWN)
    assert codes(check(make.fx1(), rules.Stage.SIGN, signature=unknown)) == [rules.CANNOT_TELL]


def test_an_attachment_digest_of_another_algorithm_is_not_taken_for_right() -> None:
    report = put(make.fx2(), ("header", "attachments", 0, "digest", "algorithm"), "urn:x-other")
    found = check(report, rules.Stage.RECEIVE)
    assert codes(found) == [rules.CANNOT_TELL]
    assert found[0].path == ("header", "attachments", 0)


def test_a_treaty_given_by_reference_only_is_not_taken_for_in_order() -> None:
    reference = make.reference(make.t1())
    report = put(make.fx1(), (*RECORD, "treaty"), reference)
    untold = [item.finding for item in check(report, rules.Stage.LOCK)]
    assert {(each.code, each.params["rule"]) for each in untold} == {
        (rules.CANNOT_TELL, rule) for rule in ("BR-06a", "BR-06b", "BR-06c", "BR-06e", "BR-06f")
    }
    assert check(report, rules.Stage.LOCK, treaties={reference.treaty_id: make.t1()}) == ()


def test_a_warning_rule_that_cannot_be_told_stays_a_warning() -> None:
    found = check(make.fx1(), rules.Stage.RECEIVE, received_at=None)
    assert [item.finding.severity for item in found] == [Severity.WARNING]


# --- single rules, seen closer ---------------------------------------------------------------------------------------
def test_a_stop_leaves_no_other_finding_and_no_parameter() -> None:
    report = put(_text_blank(make.fx1()), ("header", "access_marking"), "secret")
    found = check(report, rules.Stage.LOCK)
    assert [(item.finding.code, item.finding.severity, dict(item.finding.params)) for item in found] == [
        ("BR-18", Severity.STOP, {})
    ]


def _text_blank(report: Any) -> Any:
    return put(report, (*RECORD, "progress", "ru"), "")


@pytest.mark.parametrize("marking", ["Public", "public ", "", "official_use", "ҚБПҮ", "secret"])
def test_only_the_two_markings_spelt_exactly_may_enter(marking: str) -> None:
    assert not rules.is_allowed_marking(marking)


def test_the_two_markings_may_enter() -> None:
    assert rules.is_allowed_marking("public")
    assert rules.is_allowed_marking("official-use")


@pytest.mark.parametrize("number", make.BINS.values())
def test_synthetic_business_numbers_are_right(number: str) -> None:
    assert rules.is_bin(number)


@pytest.mark.parametrize("number", ["99134000160" + digit for digit in "0123456789"])
def test_a_base_without_control_digit_has_no_right_number(number: str) -> None:
    assert not rules.is_bin(number)


@pytest.mark.parametrize("number", ["", "99134000010", "9913400001066", "99134000010x", "991340000106\n"])
def test_a_business_number_has_twelve_digits(number: str) -> None:
    assert not rules.is_bin(number)


def test_an_error_in_digit_eleven_alone_is_not_detected_by_the_first_row() -> None:
    assert rules.is_bin("991340000116")


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "\u200b\ufeff", "\u2028\u2029\t\n", "\u3164", "\u2800"])
def test_what_prints_nothing_is_blank(text: str) -> None:
    assert rules.is_blank(text)


@pytest.mark.parametrize("text", ["жоқ", "-", "0", "\u00a0x"])
def test_what_prints_something_is_not_blank(text: str) -> None:
    assert not rules.is_blank(text)


@pytest.mark.parametrize(
    "text", ["CO₂-баламасы", "CO2-эквивалент", "XML-файл", "COVID-19 індеті", "І тоқсан", "a b в г", "й и\u0306"]
)
def test_words_of_one_alphabet_side_by_side_are_not_mixed(text: str) -> None:
    report = put(make.fx1(), (*RECORD, "progress", "kk"), text)
    assert "BR-02c" not in codes(check(report, rules.Stage.LOCK))


def test_each_mixed_word_is_told_once_with_its_spelling() -> None:
    report = put(make.fx1(), (*RECORD, "progress", "kk"), "Үкiметi мен Үкiметi және Cыртқы істер")
    words = [item.finding.params["word"] for item in check(report, rules.Stage.LOCK)]
    assert words == ["Үкiметi", "Cыртқы"]


def test_a_mixed_word_in_a_text_of_several_languages_is_told_with_the_field() -> None:
    report = put(make.fx2(), ("header", "attachments", 0, "title", "texts", 0), _language_text("kk", "Cаны"))
    found = check(report, rules.Stage.LOCK)
    assert [(item.finding.code, item.path) for item in found] == [
        ("BR-02c", ("header", "attachments", 0, "title", "texts", 0, "text"))
    ]
    assert found[0].finding.params["field"]["en"] == "Title"


def _language_text(language: str, text: str) -> Any:
    return replace(make.copy_attachment().title.texts[0], language=language, text=text)


def test_latin_kazakh_is_left_alone() -> None:
    text = "Bul latyn alipbiindegi qazaqsha matin, onda arnauly aripter joq dep esepteledi"
    report = put(make.fx2(), ("header", "attachments", 0, "title", "texts", 0), _language_text("kk-Latn", text))
    assert check(report, rules.Stage.LOCK) == ()


def test_forty_letters_without_a_kazakh_one_are_still_let_pass() -> None:
    exactly = "а" * 40
    assert "BR-02a" not in codes(check(put(make.fx1(), (*RECORD, "progress", "kk"), exactly), rules.Stage.LOCK))
    assert "BR-02a" in codes(check(put(make.fx1(), (*RECORD, "progress", "kk"), exactly + "а"), rules.Stage.LOCK))


def test_equal_names_of_twenty_letters_are_let_pass() -> None:
    name = make.bi("а" * 20, "а" * 20)
    assert "BR-02b" not in codes(check(put(make.fx1(), (*RECORD, "progress"), name), rules.Stage.LOCK))
    longer = make.bi("а" * 21, "А" * 21 + ".")
    assert "BR-02b" in codes(check(put(make.fx1(), (*RECORD, "progress"), longer), rules.Stage.LOCK))


def test_the_order_of_the_subdivision_is_an_error_where_a10_requires_it_and_nothing_where_it_is_off() -> None:
    report = without(make.fx1(), ("header", "subdivision_order"))
    required = check(report, rules.Stage.LOCK, ruleset=baseline(subdivision_order="required"))
    assert [item.finding.severity for item in required] == [Severity.ERROR]
    assert check(report, rules.Stage.LOCK, ruleset=baseline(subdivision_order="off")) == ()


def test_unfinished_steps_are_named_and_finished_ones_are_not() -> None:
    report = without(make.fx3b(), ("pending_section", "pending_records", 0, "non_completion"))
    found = [item.finding for item in check(report, rules.Stage.LOCK) if item.finding.code == "BR-08"]
    steps = found[0].params["steps"]["en"].split(", ")
    assert len(steps) == 3
    assert texts.label_of_code("step", "legal-expertise", texts.Language.EN) not in steps


def test_a_reason_without_explanation_is_no_reason() -> None:
    path = ("pending_section", "pending_records", 0, "non_completion", "explanation")
    report = put(make.fx3b(), path, make.bi("", ""))
    assert "BR-08" in codes(check(report, rules.Stage.LOCK))


def test_the_seven_sources_are_named_with_their_subparagraph() -> None:
    names = [name for name, _ in make.sources().slots()]
    for position, name in enumerate(names):
        found = check(without(make.fx1(), (*RECORD, "analysis_basis", name)), rules.Stage.LOCK)
        assert [(item.finding.code, item.finding.params["n"]) for item in found] == [("BR-10a", position + 1)]


def test_signed_for_kazakhstan_counts_as_signed() -> None:
    report = without(make.fx3a(), ("pending_section", "pending_records", 0, "treaty", "signature"))
    report = put(
        report, ("pending_section", "pending_records", 0, "treaty", "national_signature_date"), dt.date(2018, 8, 12)
    )
    assert check(report, rules.Stage.LOCK) == ()


def test_entry_into_force_on_the_last_day_of_the_period_is_within_it() -> None:
    path = (*RECORD, "treaty", "entry_into_force", "for_kazakhstan")
    assert check(put(make.fx1(), path, dt.date(2026, 10, 31)), rules.Stage.LOCK) == ()
    assert codes(check(put(make.fx1(), path, dt.date(2026, 11, 1)), rules.Stage.LOCK)) == ["BR-06a"]


def test_without_a_stated_period_nothing_is_claimed_for_days_that_have_not_come() -> None:
    path = (*RECORD, "treaty", "entry_into_force", "for_kazakhstan")
    report = without(put(make.fx1(), path, dt.date(2026, 11, 3)), ("header", "reporting_period"))
    assert codes(check(report, rules.Stage.LOCK)) == ["BR-06a"]


def test_a_recall_needs_what_a_correction_needs() -> None:
    report = put(make.fx1(), ("header", "action"), Action.RECALL)
    assert codes(check(report, rules.Stage.LOCK)) == ["BR-19a"]


def test_a_correction_without_reason_in_one_language_is_told_twice_over() -> None:
    report = put(make.fx5(), ("header", "supersedes", "reason", "kk"), " ")
    assert set(codes(check(report, rules.Stage.LOCK))) == {"BR-01a", "BR-19a"}


def test_the_same_bytes_again_are_no_finding() -> None:
    assert check(make.fx1(), rules.Stage.RECEIVE, identity=rules.Identity.SAME_BYTES) == ()


def test_a_registration_notice_without_digest_is_a_receipt_when_the_ruleset_accepts_its_kind() -> None:
    notice = make.receipt(kind="edms-registration-notice", sha256=None)
    assert check(make.fx1(), rules.Stage.SEND, delivery=make.delivery(receipt=notice)) == ()


def test_silence_within_the_time_is_no_finding() -> None:
    assert check(make.fx1(), rules.Stage.SEND, delivery=make.delivery(receipt=None)) == ()


def test_one_treaty_with_one_lead_among_several_bodies_passes_and_without_any_does_not() -> None:
    assert check(make.fx2b(), rules.Stage.SUMMARY) == ()
    reference: TreatyRef = make.reference(make.t5())
    path = ("in_force_section", "treaty_records", 0, "treaty")
    others = tuple(
        rules.Submission(document_id=each.header.document_id, body=each.header.sender.code, report=each)
        for each in (put(make.fx2c(), path, reference),)
    )
    report = put(make.fx2b(), ("in_force_section", "treaty_records", 1, "treaty"), reference)
    found = check(report, rules.Stage.SUMMARY, submissions=others)
    assert [(item.finding.code, item.finding.params["n"]) for item in found] == [("BR-12", 0)]
    assert check(report, rules.Stage.SUMMARY, submissions=others, treaties={reference.treaty_id: make.t5()}) == ()


def test_the_lead_is_asked_of_the_summary_too() -> None:
    wrong = tuple(
        rules.Submission(document_id=each.header.document_id, body=each.header.sender.code, report=each)
        for each in (make.fx2b("KZ-MENR"), make.fx2c())
    )
    found = check(make.fx6(), rules.Stage.SUMMARY, submissions=wrong)
    assert [(item.finding.code, item.path) for item in found] == [("BR-12", ("treaty_entries", 0))]
    assert found[0].finding.params["n"] == 2


def test_the_recipient_is_the_body_the_leg_names_on_the_day() -> None:
    found = check(put(make.fx6(), ("header", "recipient"), make.org("KZ-PMO")), rules.Stage.LOCK)
    assert codes(found) == ["rules.recipient-unexpected"]
    assert found[0].path == ("header", "recipient")


def test_a_role_that_nobody_holds_leaves_the_recipient_undecided() -> None:
    found = check(make.fx6(), rules.Stage.LOCK, ruleset=replace(baseline(), roles={}))
    assert [(item.finding.code, item.path) for item in found] == [(rules.CANNOT_TELL, ("header", "recipient"))]
    assert texts.unfilled(rules.CANNOT_TELL, found[0].finding.params) == ()


def test_a_document_made_under_another_ruleset_is_told() -> None:
    report = put(make.fx1(), ("header", "ruleset", "version"), "2010-10-30")
    assert codes(check(report, rules.Stage.LOCK)) == ["rules.ruleset-differs"]


def test_findings_come_in_the_order_of_the_rules_and_the_same_way_each_time() -> None:
    report = _text_blank(without(make.fx1(), (*RECORD, "treaty", "state_register_number")))
    report = without(report, ("header", "subdivision_order"))
    first = check(report, rules.Stage.LOCK)
    assert codes(first) == ["BR-01a", "BR-05b", "BR-06f"]
    assert check(report, rules.Stage.LOCK) == first


def test_a_severity_may_be_changed_and_a_rule_switched_off_by_the_ruleset() -> None:
    report = without(make.fx1(), (*RECORD, "treaty", "state_register_number"))
    harder = replace(baseline(), overrides={"BR-06f": Severity.ERROR})
    assert [item.finding.severity for item in check(report, rules.Stage.LOCK, ruleset=harder)] == [Severity.ERROR]
    assert check(report, rules.Stage.LOCK, ruleset=replace(baseline(), overrides={"BR-06f": None})) == ()


def test_public_text_may_hold_years_numbers_and_business_numbers() -> None:
    text = make.bi(
        "2026-01-01 – 2026-10-31, № 117-V, 130 нысан, БСН 991340000106.", "CRPD/C/KAZ/1, 1 234 567 890 тенге."
    )
    report = put(make.fx8(), ("results",), text)
    assert check(report, rules.Stage.PUBLISH) == ()


def test_the_walk_sees_every_value_of_a_document() -> None:
    from adapter.rules.subject import walk

    for example in _VALID:
        assert len(walk(example())) == make.parts(example())


def test_an_invalid_signature_names_the_code_of_the_check() -> None:
    bad = make.signature(verdict=SignatureVerdict.INVALID, sub_indication="HASH_FAILURE")
    found = check(make.fx1(), rules.Stage.RECEIVE, signature=bad)
    assert "HASH_FAILURE" in found[0].finding.params["reason"]["en"]


# --- the variant for the year 2022 -----------------------------------------------------------------------------------
def _of_2022(report: Any) -> Any:
    """The record on T2, sent by the ministry that existed until September 2023, for the year 2022."""
    head = report.header
    period = replace(head.reporting_period, from_=dt.date(2022, 1, 1), to=dt.date(2022, 10, 31))
    return replace(
        report,
        header=replace(
            head,
            sender=make.org("KZ-MIID"),
            reporting_year=2022,
            reporting_period=period,
            registration_date=dt.date(2022, 11, 1),
            due_date=dt.date(2022, 11, 10),
        ),
    )


@pytest.mark.parametrize("scope", ["entered-in-year", "in-force-at-period-end"])
def test_a_ministry_of_2022_is_judged_by_the_bodies_and_the_zone_of_2022(scope: str) -> None:
    report = _of_2022(make.information("FX-2022", "KZ-MIID", (make.record(make.t2(), "FX-2022"),)))
    found = check(
        report,
        rules.Stage.RECEIVE,
        ruleset=baseline(in_force_scope=scope),
        coverage=make.coverage_list(2022, ("KZ-MIID",)),
        received_at=dt.datetime.fromisoformat("2022-11-10T23:30:00+06:00"),
    )
    assert found == ()


def test_a_treaty_of_2013_is_noticed_in_2022_under_the_narrow_reading() -> None:
    report = _of_2022(make.fx1())
    found = check(report, rules.Stage.LOCK, ruleset=baseline(in_force_scope="entered-in-year"))
    assert codes(found) == ["BR-06d"]
