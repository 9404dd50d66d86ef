"""When a document is due: a date of law, read in the ruleset's zone, and the instant at which that day ends.

Rules.
1. "No later than 10 November" ends when 11 November begins in Asia/Almaty. The zone's offset changed on 1 March 2024
   (+06:00 to +05:00), so a fixed offset or an old time-zone database gives a wrong answer and is refused.
2. Instants are compared, never strings. The moment that counts is the recording at the addressee, unless A3 says sent.
3. Holidays and transferred days move the warning only; the due date moves when A3 says so.

Source: rules.md of the domain, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapter.domain.document import DocumentType
from adapter.errors import Final as FinalError
from adapter.rules.ruleset import DueYear, Leg, Ruleset, WeekendShift
from adapter.rules.rulesets import Holidays

_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)

_OFFSET_CHANGE: Final = {"Asia/Almaty": (datetime(2024, 2, 29, 12, tzinfo=UTC), timedelta(hours=6), timedelta(hours=5))}
"""A moment before the change, the offset then, and the offset two days later; from tzdata 2024a on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """When a leg is due.

    due             the last day on which it is on time
    ends_at         the first instant at which it is late, in the ruleset's zone
    warn_from       from this day a silent sender is reminded (A3, warn_days)
    last_warning    the last working day before `due`
    """

    due: date
    ends_at: datetime
    warn_from: date
    last_warning: date

    def is_late(self, moment: datetime) -> bool:
        """Whether that instant is at or after the end of the due date. Raises ValueError for a naive one."""
        if moment.tzinfo is None:
            raise ValueError("deadline.naive-moment")
        return moment >= self.ends_at


def zone_of(ruleset: Ruleset) -> ZoneInfo:
    """The ruleset's zone. Raises Final `rules.timezone-outdated` when the database is older than the ruleset asks."""
    return _zone(ruleset.zone, ruleset.tzdata_min)


def day_in_zone(moment: datetime, ruleset: Ruleset) -> date:
    """The calendar day of an instant, as the law reads it."""
    return moment.astimezone(zone_of(ruleset)).date()


def deadline(leg: Leg, reporting_year: int, ruleset: Ruleset, *, holidays: Holidays | None = None) -> Deadline | None:
    """The deadline of a leg for a reporting year; None when the Rules name no date.

    holidays    of the year of the due date; without them only Saturdays and Sundays are days off.
    """
    if leg.due is None:
        return None
    year = reporting_year + (1 if leg.due.year is DueYear.FOLLOWING else 0)
    due = date(year, leg.due.month, leg.due.day)
    if ruleset.switches.weekend_shift is WeekendShift.NEXT_WORKING_DAY:
        while not is_working_day(due, holidays):
            due += _DAY
    last_warning = due - _DAY
    while not is_working_day(last_warning, holidays):
        last_warning -= _DAY
    return Deadline(
        due=due,
        ends_at=datetime.combine(due + _DAY, time.min, tzinfo=zone_of(ruleset)),
        warn_from=due - timedelta(days=ruleset.switches.warn_days),
        last_warning=last_warning,
    )


def due_date(ruleset: Ruleset, document: DocumentType, reporting_year: int) -> date | None:
    """The due date of a document type; None when the ruleset names none."""
    found = _deadline_of(ruleset, document, reporting_year)
    return found.due if found else None


def due_instant(ruleset: Ruleset, document: DocumentType, reporting_year: int) -> datetime | None:
    """The end of the due date as an aware instant (UTC); None when the ruleset names none."""
    found = _deadline_of(ruleset, document, reporting_year)
    return found.ends_at.astimezone(UTC) if found else None


def is_working_day(day: date, holidays: Holidays | None) -> bool:
    """A weekday that is no holiday, or a weekend day that was made a working day."""
    if holidays is not None and day in holidays.working:
        return True
    return day.weekday() < _SATURDAY and (holidays is None or day not in holidays.non_working)


def _deadline_of(ruleset: Ruleset, document: DocumentType, reporting_year: int) -> Deadline | None:
    leg = ruleset.leg(document)
    return deadline(leg, reporting_year, ruleset) if leg else None


@cache
def _zone(name: str, minimum: str) -> ZoneInfo:
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise FinalError("rules.timezone-outdated", params={"zone": name, "minimum": minimum}) from error
    check_zone(zone, name, minimum)
    return zone


def check_zone(zone: ZoneInfo, name: str, minimum: str) -> None:
    """Raise Final `rules.timezone-outdated` unless the database knows the change of 1 March 2024.

    The database says its version nowhere that holds for every system, so the change itself is looked at.
    """
    if name not in _OFFSET_CHANGE:
        return
    before, offset_before, offset_after = _OFFSET_CHANGE[name]
    found = (before.astimezone(zone).utcoffset(), (before + 2 * _DAY).astimezone(zone).utcoffset())
    if found != (offset_before, offset_after):
        raise FinalError("rules.timezone-outdated", params={"zone": name, "minimum": minimum})
