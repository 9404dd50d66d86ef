"""The pure decision about an incoming document, against the documented table."""

from __future__ import annotations

from itertools import product

import pytest

from adapter.domain.incoming import ContainerVerdict, Decision, Judgement, decide
from adapter.domain.notice import RefusalReason
from adapter.errors import Finding, Severity

V = ContainerVerdict
D = Decision

STOP = Finding(code="BR-marking", severity=Severity.STOP)
ERROR = Finding(code="BR-09a", severity=Severity.ERROR)
WARNING = Finding(code="BR-late", severity=Severity.WARNING)
INFO = Finding(code="BR-note", severity=Severity.INFO)


def judged(verdict=V.PASSED, *findings, known_with_other_bytes=False) -> Judgement:
    return decide(verdict=verdict, findings=findings, known_with_other_bytes=known_with_other_bytes)


def test_a_passed_document_without_errors_is_registered_with_what_was_found():
    assert judged() == Judgement(decision=D.REGISTER)
    assert judged(V.PASSED, WARNING, INFO) == Judgement(decision=D.REGISTER, findings=(WARNING, INFO))


def test_a_failed_signature_is_refused_and_told():
    judgement = judged(V.FAILED)
    assert (judgement.decision, judgement.reason) == (D.REFUSE, RefusalReason.SIGNATURE_NEGATIVE)


def test_errors_are_refused_with_every_finding():
    judgement = judged(V.PASSED, WARNING, ERROR, ERROR)
    assert (judgement.decision, judgement.reason) == (D.REFUSE, RefusalReason.AGAINST_RULES)
    assert judgement.findings == (WARNING, ERROR, ERROR)


def test_a_signature_that_cannot_be_judged_holds_the_document_and_is_never_told_as_invalid():
    for findings in ((), (ERROR,), (WARNING,)):
        judgement = judged(V.INDETERMINATE, *findings)
        assert (judgement.decision, judgement.reason) == (D.HOLD, None)
        assert judgement.code == "receive.indeterminate"


def test_the_same_id_with_other_bytes_is_held_whatever_the_rules_say():
    for findings in ((), (ERROR,), (WARNING,)):
        judgement = judged(V.PASSED, *findings, known_with_other_bytes=True)
        assert (judgement.decision, judgement.reason, judgement.code) == (D.HOLD, None, "BR-19b")


@pytest.mark.parametrize(("verdict", "known"), list(product(V, (False, True))))
def test_a_marking_above_official_use_stops_everything_and_keeps_only_its_own_finding(verdict, known):
    judgement = judged(verdict, ERROR, STOP, WARNING, known_with_other_bytes=known)
    assert (judgement.decision, judgement.reason, judgement.code) == (D.STOP, None, "BR-marking")
    assert judgement.findings == (STOP,)


@pytest.mark.parametrize(
    ("verdict", "findings", "known"),
    list(product(V, [(), (WARNING,), (ERROR,), (STOP,), (WARNING, ERROR)], (False, True))),
    ids=str,
)
def test_only_a_passed_document_without_errors_and_without_a_namesake_is_ever_registered(verdict, findings, known):
    registers = judged(verdict, *findings, known_with_other_bytes=known).decision is D.REGISTER
    clean = not any(finding.severity in (Severity.STOP, Severity.ERROR) for finding in findings)
    assert registers is (verdict is V.PASSED and clean and not known)


@pytest.mark.parametrize(
    ("verdict", "findings", "known"),
    list(product(V, [(), (WARNING,), (ERROR,), (STOP,)], (False, True))),
    ids=str,
)
def test_a_refusal_has_a_reason_and_only_a_refusal_has_one(verdict, findings, known):
    judgement = judged(verdict, *findings, known_with_other_bytes=known)
    assert (judgement.reason is not None) is (judgement.decision is D.REFUSE)
    assert (judgement.code is not None) is (judgement.decision in (D.HOLD, D.STOP))
