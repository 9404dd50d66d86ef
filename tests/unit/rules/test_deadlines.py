"""Due dates and the instants at which they end: every vector of the domain's deadline arithmetic."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapter import rules
from adapter.domain.document import DocumentType
from adapter.errors import Final
from adapter.rules.deadlines import check_zone
from adapter.rules.ruleset import Due, DueYear, Ruleset, WeekendShift
from tests import factories as make

INFORMATION, SUMMARY = DocumentType.TREATY_INFORMATION, DocumentType.SUMMARY_INFORMATION
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)


def baseline(**switches: Any) -> Ruleset:
    ruleset = rules.load_rulesets().find(*make.BASELINE)
    return replace(ruleset, switches=replace(ruleset.switches, **switches))


def of(document: DocumentType, year: int, ruleset: Ruleset | None = None, **values: Any) -> rules.Deadline:
    ruleset = ruleset or baseline()
    leg = ruleset.leg(document)
    assert leg is not None
    found = rules.deadline(leg, year, ruleset, **values)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("year", "november", "december", "hour"),
    [
        (2021, WEDNESDAY, FRIDAY, 18),
        (2022, THURSDAY, SATURDAY, 18),
        (2023, FRIDAY, SUNDAY, 18),
        (2024, SUNDAY, TUESDAY, 19),
        (2025, MONDAY, WEDNESDAY, 19),
        (2026, TUESDAY, THURSDAY, 19),
        (2027, WEDNESDAY, FRIDAY, 19),
        (2028, FRIDAY, SUNDAY, 19),
        (2029, SATURDAY, MONDAY, 19),
        (2030, SUNDAY, TUESDAY, 19),
    ],
)
def test_the_day_ends_when_the_next_begins_in_almaty(year: int, november: int, december: int, hour: int) -> None:
    assert rules.due_date(baseline(), INFORMATION, year) == dt.date(year, 11, 10)
    assert rules.due_date(baseline(), SUMMARY, year) == dt.date(year, 12, 10)
    assert dt.date(year, 11, 10).weekday() == november
    assert dt.date(year, 12, 10).weekday() == december
    assert rules.due_instant(baseline(), INFORMATION, year) == dt.datetime(year, 11, 10, hour, tzinfo=dt.UTC)
    assert rules.due_instant(baseline(), SUMMARY, year) == dt.datetime(year, 12, 10, hour, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("year", "received", "is_late"),
    [
        (2026, "2026-11-10T23:59:59+05:00", False),
        (2026, "2026-11-11T00:00:00+05:00", True),
        (2026, "2026-11-10T18:59:59+00:00", False),
        (2026, "2026-11-10T19:00:00+00:00", True),
        (2023, "2023-11-10T18:00:00+00:00", True),
        (2024, "2024-11-10T18:00:00+00:00", False),
        (2022, "2022-11-10T23:30:00+06:00", False),
        (2022, "2022-11-10T23:59:59.999999+06:00", False),
        (2022, "2022-11-11T00:00:00+06:00", True),
    ],
)
def test_instants_are_compared_and_not_strings(year: int, received: str, is_late: bool) -> None:
    assert of(INFORMATION, year).is_late(dt.datetime.fromisoformat(received)) is is_late


def test_a_naive_moment_is_neither_late_nor_on_time() -> None:
    with pytest.raises(ValueError, match=r"deadline\.naive-moment"):
        of(INFORMATION, 2026).is_late(dt.datetime(2026, 11, 10, 12))


def test_the_instant_is_aware_and_in_utc() -> None:
    instant = rules.due_instant(baseline(), INFORMATION, 2026)
    assert instant is not None
    assert instant.utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize("document", [DocumentType.CONSOLIDATED_INFORMATION, DocumentType.PUBLISHED_RESULTS])
def test_a_leg_without_a_date_has_no_deadline(document: DocumentType) -> None:
    assert rules.due_date(baseline(), document, 2026) is None
    assert rules.due_instant(baseline(), document, 2026) is None


def test_a_receipt_travels_on_no_leg_and_has_no_deadline() -> None:
    assert rules.due_instant(baseline(), DocumentType.RECEIPT, 2026) is None


def test_a_saturday_warns_on_friday_and_stays_due() -> None:
    found = of(SUMMARY, 2022)
    assert (found.due, found.last_warning) == (dt.date(2022, 12, 10), dt.date(2022, 12, 9))


def test_the_next_working_day_is_due_where_a3_says_so() -> None:
    shifted = baseline(weekend_shift=WeekendShift.NEXT_WORKING_DAY)
    assert of(SUMMARY, 2022, shifted).due == dt.date(2022, 12, 12)
    assert of(SUMMARY, 2026, shifted).due == dt.date(2026, 12, 10)
    assert of(SUMMARY, 2022, shifted).ends_at == dt.datetime(2022, 12, 12, 18, tzinfo=dt.UTC)


def test_holidays_move_the_warning_and_under_a3_the_due_date() -> None:
    days = rules.Holidays(
        year=2026,
        non_working=frozenset({dt.date(2026, 11, 9), dt.date(2026, 11, 10)}),
        working=frozenset({dt.date(2026, 11, 8)}),
    )
    assert of(INFORMATION, 2026, holidays=days).last_warning == dt.date(2026, 11, 8)
    assert of(INFORMATION, 2026, holidays=days).due == dt.date(2026, 11, 10)
    shifted = baseline(weekend_shift=WeekendShift.NEXT_WORKING_DAY)
    assert of(INFORMATION, 2026, shifted, holidays=days).due == dt.date(2026, 11, 11)


def test_reminders_begin_as_many_days_before_as_the_ruleset_says() -> None:
    assert of(INFORMATION, 2026).warn_from == dt.date(2026, 11, 5)
    assert of(INFORMATION, 2026, baseline(warn_days=0)).warn_from == dt.date(2026, 11, 10)


def test_a_date_may_belong_to_the_following_year() -> None:
    ruleset = baseline()
    leg = replace(ruleset.legs[0], due=Due(month=2, day=1, year=DueYear.FOLLOWING))
    found = rules.deadline(leg, 2026, ruleset)
    assert found is not None
    assert found.due == dt.date(2027, 2, 1)


def test_a_database_that_does_not_know_the_change_of_2024_is_refused() -> None:
    with pytest.raises(Final) as refused:
        check_zone(ZoneInfo("Asia/Omsk"), "Asia/Almaty", "2024a")
    assert refused.value.code == "rules.timezone-outdated"


def test_the_database_here_knows_it() -> None:
    zone = rules.zone_of(baseline())
    check_zone(zone, "Asia/Almaty", "2024a")
    offsets = [dt.datetime(2024, month, day, tzinfo=zone).utcoffset() for month, day in ((2, 29), (3, 2))]
    assert offsets == [dt.timedelta(hours=6), dt.timedelta(hours=5)]


def test_a_zone_that_the_database_lacks_is_refused() -> None:
    with pytest.raises(Final) as refused:
        rules.zone_of(replace(baseline(), zone="Asia/Nowhere"))
    assert refused.value.code == "rules.timezone-outdated"


def test_the_day_of_an_instant_is_read_in_the_zone_of_the_ruleset() -> None:
    assert rules.day_in_zone(dt.datetime(2026, 11, 10, 20, tzinfo=dt.UTC), baseline()) == dt.date(2026, 11, 11)
