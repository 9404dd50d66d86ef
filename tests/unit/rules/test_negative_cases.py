"""The negative cases N-01 to N-49 of the worked examples, as far as the rules must catch them: which rules, and nothing else.

N-11 expects no finding; what belongs to the schema or the transport is asked there too, in their own tests.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from adapter import rules
from adapter.domain.codes import AccessMarking, Capacity, SignatureVerdict
from adapter.domain.report import FieldPath
from adapter.domain.summary import SummaryRecommendations
from adapter.domain.treaty import Adoption
from adapter.errors import Severity
from adapter.rules.ruleset import InForceScope
from tests import factories as make
from tests.factories import ALMATY, PENDING, RECORD, put, without

S = rules.Stage
TREATY = (*RECORD, "treaty")
WAITING = (*PENDING, "treaty")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Rules expected, and the warnings that the base example has anyway."""

    stage: rules.Stage
    report: Any
    rules: frozenset[str]
    facts: dict[str, Any] = field(default_factory=dict)
    switches: dict[str, Any] = field(default_factory=dict)


def case(stage: rules.Stage, report: Any, *expected: str, **values: Any) -> Case:
    return Case(stage=stage, report=report, rules=frozenset(expected), **values)


def _marks(path: FieldPath) -> dict[str, Any]:
    return {"spelling": rules.Spelling(language_marks=(rules.LanguageMark(path=path, found="kk", expected="ru"),))}


def _changed_submissions() -> tuple[rules.StoredDocument, ...]:
    stored = make.facts(make.fx6()).stored
    assert stored is not None
    return tuple(
        replace(each, sha256=make.sha256(b"altered")) if each.document_id == make.uuid("FX-1") else each
        for each in stored
    )


def _pending_t8(**values: Any) -> Any:
    report = make.fx3b()
    return put(report, PENDING, replace(make.at(report, PENDING), **values))


_LOCKED_ZONE = {
    "spelling": rules.Spelling(
        moments=(
            rules.WrittenMoment(path=("header", "registration_date"), text="2026-11-02+05:00", is_timestamp=False),
        )
    )
}
_REVOKED_BEFORE = {"signature": make.signature(certificate=rules.CertificateState.REVOKED)}
_OWN_RIGHTS_RU = make.bi(
    make.at(make.fx1(), (*RECORD, "own_rights")).ru, make.at(make.fx1(), (*RECORD, "own_rights")).ru
)
_A2_CHANGED = tuple(
    rules.FoundFile(name=name, size=len(content), sha256=make.sha256(content))
    for name, content in (
        ("recommendation-1-en.txt", make.COPY_BYTES),
        ("accessibility-2026.csv", make.TABLE_BYTES[:-2] + b"1\n"),
    )
)

CASES: dict[str, Case] = {
    "N-01": case(S.LOCK, put(make.fx1(), (*RECORD, "progress", "ru"), ""), "BR-01a"),
    "N-02": case(S.RECEIVE, make.fx1(), "BR-01b", facts=_marks((*TREATY, "title", "ru"))),
    "N-03": case(S.RECEIVE, without(make.fx2(), (*RECORD, "proposals", 1)), "BR-09a"),
    "N-04": case(S.LOCK, without(make.fx1(), (*RECORD, "analysis_basis", "media_publications")), "BR-10a"),
    "N-05": case(S.LOCK, without(make.fx1(), (*RECORD, "analysis_basis", "national_legal_acts", "finding")), "BR-10b"),
    "N-06": case(
        S.RECEIVE,
        make.fx2(),
        "BR-03c",
        facts={"signer": rules.SignerFact(name="Бөлімше басшысы", body="KZ-MLSP", capacity=None)},
    ),
    "N-07": case(S.RECEIVE, make.fx2(), "BR-04b", facts={"files": _A2_CHANGED}),
    "N-08": case(
        S.RECEIVE, make.fx2(), "BR-03a", facts={"signature": make.signature(verdict=SignatureVerdict.INVALID)}
    ),
    "N-09": case(
        S.SIGN, make.fx1(), "BR-03b", facts={"signature": make.signature(certificate=rules.CertificateState.EXPIRED)}
    ),
    "N-10 before": case(S.RECEIVE, make.fx1(), "BR-03b", facts=_REVOKED_BEFORE),
    "N-10 after": case(S.RECEIVE, make.fx1()),
    "N-11": case(S.RECEIVE, make.fx1(), facts={"identity": rules.Identity.SAME_BYTES}),
    "N-12": case(S.RECEIVE, make.fx1(), "BR-19b", facts={"identity": rules.Identity.OTHER_BYTES}),
    "N-13": case(
        S.SEND, make.fx1(), "BR-20b", facts={"delivery": make.delivery(receipt=make.receipt(sha256=make.sha256(b"?")))}
    ),
    "N-14": case(
        S.SEND, make.fx1(), "BR-20a", facts={"delivery": make.delivery(attempts=9, receipt=None, is_given_up=True)}
    ),
    "N-15": case(S.RECEIVE, put(make.fx1(), ("header", "access_marking"), "secret"), "BR-18"),
    "N-16": case(
        S.PUBLISH,
        put(
            make.fx8(),
            ("header", "attachments"),
            (replace(make.fx2().header.attachments[1], access_marking=AccessMarking.OFFICIAL_USE),),
        ),
        "BR-17",
    ),
    "N-17": case(
        S.PUBLISH, put(make.fx8(), ("treaty_entries", 0, "public_text", "kk"), "Анықтама: 70000000000."), "BR-17"
    ),
    "N-18": case(S.PUBLISH, put(make.fx8(), ("treaty_entries",), (make.entry(make.t6()),)), "BR-17"),
    "N-19": case(
        S.LOCK,
        put(put(make.fx4(), ("in_force_section", "nil_return"), False), ("pending_section", "nil_return"), False),
        "BR-11",
    ),
    "N-20": case(
        S.LOCK, put(make.fx4(), ("in_force_section", "treaty_records"), (make.record(make.t1(), "beside"),)), "BR-11"
    ),
    "N-21": case(S.LOCK, _pending_t8(non_completion=None), "BR-08", "BR-07c"),
    "N-22": case(S.LOCK, _pending_t8(treaty=replace(make.t8(), adoption=Adoption())), "BR-07a"),
    "N-23": case(
        S.LOCK,
        put(
            make.fx3a(),
            (*WAITING, "entry_into_force"),
            replace(make.t1().entry_into_force, for_kazakhstan=dt.date(2026, 9, 1)),
        ),
        "BR-07b",
    ),
    "N-24": case(
        S.LOCK, put(make.fx1(), (*TREATY, "entry_into_force", "for_kazakhstan"), dt.date(2026, 12, 1)), "BR-06a"
    ),
    "N-25": case(S.LOCK, put(make.fx1(), (*TREATY, "status"), "terminated"), "BR-06b"),
    "N-26": case(S.LOCK, make.fx1(), "BR-06d", switches={"in_force_scope": InForceScope.ENTERED_IN_YEAR}),
    "N-27": case(S.LOCK, put(make.fx2c(), (*TREATY, "status"), "provisionally-applied"), "BR-06c", "BR-06e"),
    "N-28": case(S.LOCK, put(make.fx1(), (*RECORD, "own_rights"), _OWN_RIGHTS_RU), "BR-02a", "BR-02b"),
    "N-29": case(S.LOCK, put(make.fx1(), (*RECORD, "progress", "kk"), "Қазақстан Үкiметi"), "BR-02c"),
    "N-29 subscript": case(S.LOCK, make.fx2b(), "BR-06e"),
    "N-30": case(
        S.RECEIVE,
        put(make.fx1(), ("header", "sender"), make.org("KZ-MIID")),
        "BR-05a",
        facts={"coverage": make.coverage_list(codes=(*make.NINE, "KZ-MIID"))},
    ),
    "N-31": case(S.SUMMARY, make.fx2b("KZ-MENR"), "BR-12"),
    "N-32": case(S.LOCK, without(make.fx6(), ("coverage", 7)), "BR-14a"),
    "N-33": case(S.SIGN, make.fx6(), "BR-14b", facts={"stored": _changed_submissions()}),
    "N-34": case(S.LOCK, without(make.fx6(), ("foreign_policy_assessment",)), "BR-15a"),
    "N-35 lock": case(S.LOCK, without(make.fx6(), ("header", "attachments", 0)), "BR-15b"),
    "N-35 sign": case(S.SIGN, without(make.fx6(), ("header", "attachments", 0)), "BR-04b"),
    "N-36": case(S.LOCK, put(make.fx6(), ("recommendations",), SummaryRecommendations()), "BR-15c"),
    "N-37 receive": case(S.RECEIVE, make.fx7a(), "BR-16b", facts={"forwarded": make.sha256(b"one byte changed")}),
    "N-37 consolidate": case(
        S.CONSOLIDATE, make.fx6(), "BR-03a", facts={"signature": make.signature(verdict=SignatureVerdict.INVALID)}
    ),
    "N-38": case(S.LOCK, without(make.fx7b(), ("text",)), "BR-16b"),
    "N-39": case(
        S.RECEIVE, put(make.fx7a(), ("source_summary", "document_ref", "document_id"), make.uuid("never")), "BR-16a"
    ),
    "N-40": case(S.LOCK, without(make.fx5(), ("header", "supersedes")), "BR-19a"),
    "N-41": case(S.RECEIVE, make.fx1(), "BR-21", facts=_LOCKED_ZONE),
    "N-42": case(S.RECEIVE, put(make.fx1(), ("header", "sender", "bin"), "991340000107"), "BR-22"),
    "N-42 digits": case(
        S.RECEIVE,
        put(make.fx1(), ("header", "sender", "bin"), "".join(chr(0x660 + int(each)) for each in "991340000106")),
        "BR-22",
    ),
    "N-43": case(S.LOCK, put(make.fx2(), (*RECORD, "proposals", 0, "issue_refs"), ("I-1", "I-9")), "BR-09c"),
    "N-44": case(
        S.LOCK,
        put(
            put(make.fx1(), (*RECORD, "issues"), (make.issue("I-1", "Мәселе бар", "Есть вопрос"),)),
            (*RECORD, "proposals"),
            (make.proposal("P-1", "I-1"),),
        ),
        "BR-09b",
    ),
    "N-45": case(
        S.RECEIVE,
        make.fx1(),
        "BR-04a",
        facts={"signature": make.signature(covers_all=False, uncovered="InForceSection")},
    ),
    "N-46": case(
        S.RECEIVE, make.fx2c(), "BR-13", "BR-06e", facts={"received_at": dt.datetime(2026, 11, 11, tzinfo=ALMATY)}
    ),
    "N-47": case(S.RECEIVE, put(make.fx1(), (*RECORD, "progress", "ru"), "\u00a0\u200b\u00a0"), "BR-01a"),
    "N-48": case(S.LOCK, without(make.fx1(), (*TREATY, "state_register_number")), "BR-06f"),
    "N-49": case(S.LOCK, without(make.fx1(), ("header", "subdivision_order")), "BR-05b"),
}


def judged(each: Case) -> tuple[rules.RuleFinding, ...]:
    ruleset = rules.load_rulesets().find(*make.BASELINE)
    ruleset = replace(ruleset, switches=replace(ruleset.switches, **each.switches))
    return rules.check_all(each.report, stage=each.stage, ruleset=ruleset, facts=make.facts(each.report, **each.facts))


@pytest.mark.parametrize("name", CASES)
def test_a_negative_case_is_caught_by_its_rules_and_no_others(name: str) -> None:
    assert {item.finding.code for item in judged(CASES[name])} == CASES[name].rules


def test_every_negative_case_has_its_test() -> None:
    assert {name.split()[0] for name in CASES} == {f"N-{number:02}" for number in range(1, 50)}


def test_n_03_names_the_issue_in_both_languages() -> None:
    (found,) = judged(CASES["N-03"])
    assert found.finding.params["issue"]["kk"] == "Ұсынымдардың аудармасы кешігіп дайындалады"
    assert found.path == (*RECORD, "issues", 1)


def test_n_04_names_subparagraph_four() -> None:
    (found,) = judged(CASES["N-04"])
    assert found.finding.params["n"] == 4


def test_n_21_names_the_three_unfinished_steps() -> None:
    found = next(item for item in judged(CASES["N-21"]) if item.finding.code == "BR-08")
    assert len(found.finding.params["steps"]["ru"].split(", ")) == 3


def test_the_finding_of_a_late_correction_reads_as_in_the_example() -> None:
    from adapter import texts

    late = replace(
        CASES["N-46"], report=make.fx5(), facts={"received_at": dt.datetime(2026, 11, 17, 6, 5, tzinfo=dt.UTC)}
    )
    (found,) = judged(late)
    assert texts.render_finding(found.finding, texts.Language.KK).what == (
        "Ақпарат белгіленген мерзімнен (10.11.2026) кейін алынды: 17.11.2026 11:05:00 (+05:00). "
        "Ол қабылдауға жатады және кешіктірілген деп белгіленеді."
    )
    assert found.finding.severity is Severity.WARNING


def test_an_acting_head_of_the_example_may_sign_with_the_order_named() -> None:
    report = make.fx3b()
    signer = rules.SignerFact(name="Үлгіұлы Д.", body="KZ-MOT", capacity=Capacity.ACTING_HEAD)
    each = case(S.SIGN, report, facts={"signer": signer})
    assert judged(each) == ()


def test_the_receipt_of_the_second_attempt_is_the_receipt() -> None:
    each = case(S.SEND, make.fx1(), facts={"delivery": make.delivery(attempts=3)})
    assert judged(each) == ()
