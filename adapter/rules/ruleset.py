"""A dated ruleset: what an office may change (dates, addressees, roles, languages, switches) as an immutable value.

A document names its ruleset and version and is judged by that version for ever. How a ruleset is read from its file,
and what it inherits, stands in ruleset_file.

Paragraph numbers are those of the Rules (Resolution of the Government of 30.10.2010 No 1141); A1 to A10 are the open
questions that a ruleset answers by switches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from adapter.domain.document import BodyCode, DocumentType, Sha256
from adapter.errors import Final as FinalError
from adapter.errors import Severity
from adapter.rules.variants import VARIANTS

ROLE_PREFIX: Final = "role:"
CENTRAL_BODY: Final = "central-state-body"


# --- the words of the switches ---------------------------------------------------------------------------------------
class Status(StrEnum):
    """How far the file can be relied on."""

    BASELINE = "repealed-baseline"
    IN_FORCE = "in-force"
    UNCONFIRMED = "unconfirmed"


class InForceScope(StrEnum):
    """A1: which treaties are `in force`."""

    AT_PERIOD_END = "in-force-at-period-end"
    ENTERED_IN_YEAR = "entered-in-year"


class PeriodKind(StrEnum):
    """A2: what period a report covers."""

    YEAR_TO_CUTOFF = "year-to-cutoff"
    ROLLING = "rolling"
    CALENDAR_YEAR = "calendar-year"


class WeekendShift(StrEnum):
    """A3: what a due date on a non-working day does."""

    NONE = "none"
    NEXT_WORKING_DAY = "next-working-day"


class DeadlineEvent(StrEnum):
    """A3: which moment is compared with the due date."""

    RECEIVED = "received"
    SENT = "sent"


class SignatoryRule(StrEnum):
    """A4, A5: who may sign."""

    HEAD_ONLY = "head-only"
    HEAD_OR_ACTING = "head-or-acting"


class CopyLanguage(StrEnum):
    """A6: in which language the copy of a recommendation is attached."""

    ORIGINAL = "original"
    TRANSLATED = "translated"
    BOTH = "both"


class Need(StrEnum):
    """A6: whether a translation must be there."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class YesNo(StrEnum):
    """A8."""

    YES = "yes"
    NO = "no"


class Allowance(StrEnum):
    """A9."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not-allowed"


class OrderNeed(StrEnum):
    """A10: how the order that determines the subdivision is asked for."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OFF = "off"


class PaperCopyNeed(StrEnum):
    """Whether a leg has a paper half."""

    REQUIRED = "required"
    NOT_REQUIRED = "not-required"


class DueYear(StrEnum):
    """Which year the day and month of a due date belong to."""

    REPORTING = "reporting-year"
    FOLLOWING = "following-year"


# --- values ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class RulesetId:
    """Id and version; as text id@version."""

    id: str
    version: str

    def __str__(self) -> str:
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """The act behind the ruleset. `adilet` is its identifier at adilet.zan.kz."""

    type: str
    number: str
    date: date | None
    adilet: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """Day and month of the due date, and the year they belong to."""

    month: int
    day: int
    year: DueYear


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """One leg of the yearly cycle.

    sender, recipient   a body's code, `central-state-body`, or `role:<name>`; recipient None: the public
    due                 None: the Rules name no date, or it stands in `ruleset`
    ruleset             id or id@version of the ruleset that governs this leg
    """

    document: DocumentType
    sender: str
    recipient: str | None
    paragraphs: tuple[str, ...]
    due: Due | None
    languages: tuple[str, ...]
    paper_copy: PaperCopyNeed
    channels: tuple[str, ...]
    channel_prescribed: bool
    signatory: SignatoryRule | None
    ruleset: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleHolder:
    """A body that holds a role; dates as precise as known, `from_` included, `to` not."""

    code: BodyCode
    from_: str | None
    to: str | None

    def holds_on(self, on: date) -> bool:
        """Each side is compared at the precision in which it is known."""
        day = on.isoformat()
        begun = self.from_ is None or day[: len(self.from_)] >= self.from_
        ended = self.to is not None and day[: len(self.to)] >= self.to
        return begun and not ended


@dataclass(frozen=True, kw_only=True, slots=True)
class Switches:
    """The answers to the ten open questions A1 to A10.

    supplement_until    A2: (month, day) until which a supplement to the period is taken as a correction
    warn_days           A3: from how many days before the due date a silent body is reminded
    publication_due     A7: (month, day), None while there is no date
    self_submission     A8: the MFA submits to itself
    other_channel       A9: a body may report outside the system
    """

    in_force_scope: InForceScope
    period: PeriodKind
    supplement_until: tuple[int, int] | None
    weekend_shift: WeekendShift
    deadline_event: DeadlineEvent
    warn_days: int
    signatory_capacity: SignatoryRule
    summary_signatory: SignatoryRule
    consolidated_signatory: SignatoryRule
    copy_language: CopyLanguage
    translation: Need
    publication_due: tuple[int, int] | None
    publication_formats: tuple[str, ...]
    withheld: str
    self_submission: bool
    other_channel: bool
    subdivision_order: OrderNeed


@dataclass(frozen=True, kw_only=True, slots=True)
class Unconfirmed:
    """A norm nobody has compared with the act: its path in the file, and why (inherited, an evidence mark, absent)."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruleset:
    """The norms under which a document is made and judged.

    digest      SHA-256 of the effective norms in canonical JSON, inherited ones included: goes into the event log
    zone        IANA name of the zone in which dates of law are read
    accepts     kinds of receipt that count (receipt law)
    overrides   severity of a variant; None means switched off
    unconfirmed every norm that still has to be compared with the act
    """

    id: str
    version: str
    status: Status
    extends: RulesetId | None
    act: Act
    title_kk: str | None
    title_ru: str | None
    title_en: str | None
    valid_from: date | None
    valid_to: date | None
    zone: str
    tzdata_min: str
    holidays: str
    receipt_law: str
    accepts: tuple[str, ...]
    legs: tuple[Leg, ...]
    roles: Mapping[str, tuple[RoleHolder, ...]]
    coverage: str
    switches: Switches
    overrides: Mapping[str, Severity | None]
    confirmed_by: str | None
    digest: Sha256
    unconfirmed: tuple[Unconfirmed, ...]

    @property
    def name(self) -> str:
        """id@version."""
        return f"{self.id}@{self.version}"

    def leg(self, document: DocumentType) -> Leg | None:
        """The leg on which a document of this type travels; None when the ruleset knows none."""
        return next((leg for leg in self.legs if leg.document is document), None)

    def body_of(self, who: str, *, on: date) -> BodyCode | None:
        """The body behind a leg's sender or recipient on that day; None for `central-state-body`, which is many.

        Raises Final `rules.role-unknown` when no body holds the role on that day.
        """
        if who == CENTRAL_BODY:
            return None
        if not who.startswith(ROLE_PREFIX):
            return BodyCode(who)
        role = who.removeprefix(ROLE_PREFIX)
        for holder in self.roles.get(role, ()):
            if holder.holds_on(on):
                return holder.code
        raise FinalError("rules.role-unknown", params={"role": role, "date": on.strftime("%d.%m.%Y")})

    def signatory_rule(self, document: DocumentType) -> SignatoryRule:
        """Who may sign a document of this type (A4 for the ministries' leg, A5 for the other two)."""
        by_type = {
            DocumentType.SUMMARY_INFORMATION: self.switches.summary_signatory,
            DocumentType.CONSOLIDATED_INFORMATION: self.switches.consolidated_signatory,
        }
        return by_type.get(document, self.switches.signatory_capacity)

    def severity(self, variant: str) -> Severity | None:
        """The severity of a variant under this ruleset; None when it is switched off."""
        return self.overrides.get(variant, VARIANTS[variant].severity)
