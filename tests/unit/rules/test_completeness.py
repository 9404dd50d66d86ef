"""The coverage table fills itself, and the figures of the summary are computed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from adapter import rules
from adapter.domain.codes import Action, CoverageStatus, Outcome
from adapter.domain.document import BodyCode
from adapter.errors import Final
from adapter.rules.ruleset import DeadlineEvent, Ruleset
from tests import factories as make
from tests.factories import ALMATY, put

RECEIVED = {
    "FX-4": ("KZ-ASPR", "2026-10-30T15:15:15"),
    "FX-1": ("KZ-MOF", "2026-11-02T11:20:41"),
    "FX-2": ("KZ-MLSP", "2026-11-04T16:03:02"),
    "FX-3b": ("KZ-MOT", "2026-11-05T12:30:44"),
    "FX-3a": ("KZ-MFA", "2026-11-06T10:00:12"),
    "FX-2b": ("KZ-MENR", "2026-11-10T09:12:30"),
    "FX-2c": ("KZ-MTI", "2026-11-10T23:59:59"),
    "FX-5": ("KZ-MLSP", "2026-11-17T11:05:00"),
}
AFTER = dt.datetime(2026, 12, 8, 12, tzinfo=ALMATY)


def submission(name: str, **values: Any) -> rules.ReceivedSubmission:
    body, moment = RECEIVED[name]
    plain = rules.ReceivedSubmission(
        document_id=make.uuid(name),
        body=BodyCode(body),
        received_at=dt.datetime.fromisoformat(moment).replace(tzinfo=ALMATY),
        action=Action.CORRECTION if name == "FX-5" else Action.NEW,
        supersedes=make.uuid("FX-2") if name == "FX-5" else None,
    )
    return replace(plain, **values)


def ruleset(**switches: Any) -> Ruleset:
    found = rules.load_rulesets().find(*make.BASELINE)
    return replace(found, switches=replace(found.switches, **switches))


def table(
    *received: rules.ReceivedSubmission, at: dt.datetime = AFTER, **switches: Any
) -> dict[str, tuple[str, str | None]]:
    lines = rules.coverage_table(make.coverage_list(), received, ruleset(**switches), at=at)
    return {line.body.code: (line.status.value, line.date.isoformat() if line.date else None) for line in lines}


def test_the_table_of_the_example_fills_itself() -> None:
    assert table(*(submission(name) for name in RECEIVED)) == {
        "KZ-MOF": ("received-on-time", "2026-11-02"),
        "KZ-MLSP": ("received-on-time", "2026-11-04"),
        "KZ-MENR": ("received-on-time", "2026-11-10"),
        "KZ-MTI": ("received-on-time", "2026-11-10"),
        "KZ-MOT": ("received-on-time", "2026-11-05"),
        "KZ-MFA": ("received-on-time", "2026-11-06"),
        "KZ-ASPR": ("received-on-time", "2026-10-30"),
        "KZ-MCI": ("not-received", "2026-11-10"),
        "KZ-KNB": ("other-channel", "2026-11-09"),
    }


def test_the_figures_of_the_example_are_computed() -> None:
    lines = rules.coverage_table(make.coverage_list(), [submission(name) for name in RECEIVED], ruleset(), at=AFTER)
    found = rules.statistics(make.used(), lines)
    assert (found.bodies_expected, found.received_on_time, found.received_late) == (9, 7, 0)
    assert (found.not_received, found.other_channel, found.nil_returns) == (1, 1, 1)
    assert (found.treaties_in_force, found.records_in_force, found.pending_treaties) == (5, 6, 2)
    assert (found.issues, found.proposals) == (4, 4)
    assert (found.recommendations, found.recommendations_of_international_organizations) == (3, 1)


def test_a_superseded_report_and_a_recall_do_not_count() -> None:
    recall = put(make.fx1(), ("header", "action"), Action.RECALL)
    found = rules.statistics(
        (*make.used(), make.fx2(), put(recall, ("header", "document_id"), make.uuid("recall"))), ()
    )
    assert found == rules.statistics(make.used(), ())


def test_a_body_for_which_nothing_applies_is_not_expected() -> None:
    lines = tuple(replace(line, status=CoverageStatus.NOT_APPLICABLE) for line in make.coverage_lines())
    assert rules.statistics((), lines).bodies_expected == 0


def test_a_first_document_after_the_day_is_late() -> None:
    late = submission("FX-2c", received_at=dt.datetime(2026, 11, 11, tzinfo=ALMATY))
    assert table(late)["KZ-MTI"] == ("received-late", "2026-11-11")


def test_where_a3_counts_sending_a_document_sent_in_time_is_on_time() -> None:
    late = submission(
        "FX-2c",
        received_at=dt.datetime(2026, 11, 11, 0, 1, tzinfo=ALMATY),
        first_sent_at=dt.datetime(2026, 11, 10, 23, tzinfo=ALMATY),
    )
    assert table(late, deadline_event=DeadlineEvent.SENT)["KZ-MTI"][0] == "received-on-time"
    with pytest.raises(Final) as refused:
        table(submission("FX-1"), deadline_event=DeadlineEvent.SENT)
    assert refused.value.code == "rules.no-sending-time"


def test_what_was_sent_back_is_returned_until_its_correction_comes() -> None:
    decided = dt.datetime(2026, 11, 12, 9, tzinfo=ALMATY)
    returned = submission("FX-2", outcome=Outcome.RETURNED, decided_at=decided)
    assert table(returned)["KZ-MLSP"] == ("returned", "2026-11-12")
    assert table(returned, submission("FX-5"))["KZ-MLSP"] == ("received-on-time", "2026-11-04")


def test_a_confirmed_recall_leaves_the_body_silent_and_an_unconfirmed_one_does_not() -> None:
    recall = submission("FX-1", document_id=make.uuid("recall"), action=Action.RECALL, supersedes=make.uuid("FX-1"))
    assert table(submission("FX-1"), recall)["KZ-MOF"][0] == "received-on-time"
    confirmed = replace(recall, outcome=Outcome.ACCEPTED)
    assert table(submission("FX-1"), confirmed)["KZ-MOF"] == ("not-received", "2026-11-10")


def test_before_the_due_date_a_silent_body_is_dated_today() -> None:
    assert table(at=dt.datetime(2026, 11, 3, 22, tzinfo=dt.UTC))["KZ-MOF"] == ("not-received", "2026-11-04")


def test_a_body_that_came_over_the_other_channel_and_submits_all_the_same_has_submitted() -> None:
    here = submission("FX-1", body=BodyCode("KZ-KNB"))
    assert table(here)["KZ-KNB"] == ("received-on-time", "2026-11-02")


def test_without_the_other_channel_its_body_is_silent() -> None:
    assert table(other_channel=False)["KZ-KNB"][0] == "not-received"


def test_the_mfa_is_not_expected_where_a8_says_no() -> None:
    assert table(self_submission=False)["KZ-MFA"] == ("not-applicable", None)
    expected = rules.expected_bodies(make.coverage_list(), ruleset(self_submission=False))
    assert "KZ-MFA" not in {body.code for body in expected}


def test_a_body_outside_the_list_has_no_line() -> None:
    assert "KZ-MOJ" not in table(submission("FX-1", body=BodyCode("KZ-MOJ")))


def test_names_come_from_the_list_of_bodies() -> None:
    line = rules.coverage_table(make.coverage_list(codes=("KZ-MOF", "KZ-XYZ")), (), ruleset(), at=AFTER)
    assert "Қаржы министрлігі" in line[0].body.name.kk
    assert line[1].body.name.ru == "KZ-XYZ"
