"""Checks join into a verdict by one rule, and a verdict is never a yes or a no."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import (
    Check,
    Conclusion,
    Indication,
    NotTotalPassed,
    SignatureReport,
    SigningError,
    SubIndication,
    ValidationReport,
)
from signing.validation_report import conclude

PASSED = Check.passed("a")
FAILED = Check.failed("b", SubIndication.HASH_FAILURE)
UNDECIDED = Check.indeterminate("c", SubIndication.TRY_LATER)
SILENT = Check.not_performed("d")
CHECKS = st.lists(st.sampled_from((PASSED, FAILED, UNDECIDED, SILENT)), max_size=8)


@given(CHECKS)
def test_a_failure_outweighs_doubt_and_doubt_outweighs_success(checks: list[Check]):
    conclusions = [check.conclusion for check in checks]
    indication, sub_indication = conclude(checks)
    if Conclusion.FAILED in conclusions:
        assert (indication, sub_indication) == (Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE)
    elif Conclusion.INDETERMINATE in conclusions:
        assert (indication, sub_indication) == (Indication.INDETERMINATE, SubIndication.TRY_LATER)
    elif Conclusion.PASSED in conclusions:
        assert (indication, sub_indication) == (Indication.TOTAL_PASSED, None)
    else:
        assert indication is Indication.INDETERMINATE


def signature(at, *checks: Check) -> SignatureReport:
    indication, sub_indication = conclude(checks)
    return SignatureReport(
        id="s",
        format="CAdES",
        level="B-B",
        indication=indication,
        sub_indication=sub_indication,
        signing_time=None,
        best_signature_time=at,
        signer=None,
        covered=(),
        checks=checks,
    )


def report(at, checks: tuple[Check, ...], *signatures: SignatureReport) -> ValidationReport:
    return ValidationReport.of(kind="detached", policy="p", anchors="a", at=at, checks=checks, signatures=signatures)


def test_every_signature_must_pass(at):
    good, bad, doubtful = signature(at, PASSED), signature(at, FAILED), signature(at, UNDECIDED)
    assert report(at, (PASSED,), good, good).indication is Indication.TOTAL_PASSED
    assert report(at, (PASSED,), good, doubtful).indication is Indication.INDETERMINATE
    assert report(at, (PASSED,), doubtful, bad).sub_indication is SubIndication.HASH_FAILURE
    assert report(at, (UNDECIDED,), good).sub_indication is SubIndication.TRY_LATER
    assert report(at, (), good).indication is Indication.TOTAL_PASSED


def test_no_signature_is_a_failure(at):
    assert report(at, (PASSED,)).indication is Indication.TOTAL_FAILED
    assert report(at, (FAILED,)).sub_indication is SubIndication.HASH_FAILURE


def test_a_report_refuses_to_be_a_bool(at):
    for value in (report(at, (), signature(at, PASSED)), signature(at, PASSED)):
        with pytest.raises(TypeError):
            bool(value)


def test_only_total_passed_passes_the_gate(at):
    report(at, (), signature(at, PASSED)).require_total_passed()
    failed = report(at, (), signature(at, FAILED))
    with pytest.raises(NotTotalPassed) as caught:
        failed.require_total_passed()
    assert caught.value.report is failed
    assert isinstance(caught.value, SigningError)
    assert dict(caught.value.params) == {"indication": "TOTAL-FAILED", "sub_indication": "HASH_FAILURE"}


def test_a_report_becomes_plain_values(at):
    text = json.dumps(report(at, (PASSED,), signature(at, UNDECIDED)).as_json())
    assert '"indication": "INDETERMINATE"' in text
    assert '"sub_indication": "TRY_LATER"' in text


def test_the_evidence_of_a_check_cannot_be_changed():
    check = Check.passed("a", what="x")
    with pytest.raises(TypeError):
        check.params["what"] = "y"
    assert hash(check) == hash(Check.passed("a", what="x"))
