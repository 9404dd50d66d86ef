"""The Rules as data and as functions: dated rulesets, deadlines, business rules, coverage and figures."""

from __future__ import annotations

from adapter.rules.checks import check_all, document_title, is_undecided, notes
from adapter.rules.completeness import ReceivedSubmission, coverage_table, expected_bodies, statistics
from adapter.rules.deadlines import Deadline, day_in_zone, deadline, due_date, due_instant, is_working_day, zone_of
from adapter.rules.facts import (
    CertificateState,
    DeliveryFact,
    Facts,
    FoundFile,
    Identity,
    LanguageMark,
    ReceiptFact,
    SignatureFact,
    SignerFact,
    Spelling,
    StoredDocument,
    Submission,
    WrittenMoment,
)
from adapter.rules.language_rules import is_bin, is_blank
from adapter.rules.requisite_rules import is_allowed_marking
from adapter.rules.ruleset import Leg, Ruleset, RulesetId, Switches, Unconfirmed
from adapter.rules.rulesets import CoverageList, ExpectedBody, Holidays, OtherChannel, Rulesets, load_rulesets
from adapter.rules.subject import CANNOT_TELL, RuleFinding
from adapter.rules.variants import VARIANTS, Stage, Variant

__all__ = [
    "CANNOT_TELL",
    "VARIANTS",
    "CertificateState",
    "CoverageList",
    "Deadline",
    "DeliveryFact",
    "ExpectedBody",
    "Facts",
    "FoundFile",
    "Holidays",
    "Identity",
    "LanguageMark",
    "Leg",
    "OtherChannel",
    "ReceiptFact",
    "ReceivedSubmission",
    "RuleFinding",
    "Ruleset",
    "RulesetId",
    "Rulesets",
    "SignatureFact",
    "SignerFact",
    "Spelling",
    "Stage",
    "StoredDocument",
    "Submission",
    "Switches",
    "Unconfirmed",
    "Variant",
    "WrittenMoment",
    "check_all",
    "coverage_table",
    "day_in_zone",
    "deadline",
    "document_title",
    "due_date",
    "due_instant",
    "expected_bodies",
    "is_allowed_marking",
    "is_bin",
    "is_blank",
    "is_undecided",
    "is_working_day",
    "load_rulesets",
    "notes",
    "statistics",
    "zone_of",
]
