"""All business rules over a Report, at once and in one order: rule by rule as the content model lists them.

What the stage asks and was not known is part of the answer: a rule whose fact is missing says `rules.cannot-tell`.
A `stop` ends everything: only the stop itself is given, so that no other finding can carry the content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from adapter import texts
from adapter.domain.document import DocumentType
from adapter.domain.report import Report
from adapter.errors import Finding, Severity
from adapter.rules import (
    language_rules,
    publication_rules,
    requisite_rules,
    signature_rules,
    summary_rules,
    treaty_rules,
)
from adapter.rules.facts import Facts
from adapter.rules.ruleset import Ruleset, Status
from adapter.rules.rulesets import CoverageList, Holidays
from adapter.rules.subject import CANNOT_TELL, Check, RuleFinding, Subject, finding_of, walk
from adapter.rules.variants import VARIANTS, Stage, Variant

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "BR-01a": language_rules.both_languages_filled,
        "BR-01b": language_rules.language_marks_fit,
        "BR-02a": language_rules.kazakh_looks_kazakh,
        "BR-02b": language_rules.languages_differ,
        "BR-02c": language_rules.words_in_one_alphabet,
        "BR-03a": signature_rules.signature_verifies,
        "BR-03b": signature_rules.certificate_was_valid,
        "BR-03c": signature_rules.signer_is_head,
        "BR-04a": signature_rules.signature_covers_all,
        "BR-04b": signature_rules.attachments_are_those_signed,
        "BR-05a": requisite_rules.sender_is_expected,
        "BR-05b": requisite_rules.subdivision_order_is_named,
        "BR-06a": treaty_rules.entry_into_force_is_given,
        "BR-06b": treaty_rules.status_fits_in_force,
        "BR-06c": treaty_rules.provisional_application_is_noticed,
        "BR-06d": treaty_rules.entered_in_the_year,
        "BR-06e": treaty_rules.bilateral_has_two_parties,
        "BR-06f": treaty_rules.register_number_is_given,
        "BR-07a": treaty_rules.signature_or_adoption_is_dated,
        "BR-07b": treaty_rules.pending_is_not_in_force,
        "BR-07c": treaty_rules.adoption_only_is_noticed,
        "BR-08": treaty_rules.unfinished_steps_have_a_reason,
        "BR-09a": treaty_rules.issues_have_proposals,
        "BR-09b": treaty_rules.issues_or_none,
        "BR-09c": treaty_rules.proposals_name_issues_of_the_record,
        "BR-10a": treaty_rules.all_sources_answered,
        "BR-10b": treaty_rules.analysed_sources_have_a_finding,
        "BR-11": treaty_rules.sections_say_something,
        "BR-12": treaty_rules.one_body_leads,
        "BR-13": requisite_rules.received_in_time,
        "BR-14a": summary_rules.every_body_is_covered,
        "BR-14b": summary_rules.sources_verify_again,
        "BR-15a": summary_rules.assessment_is_there,
        "BR-15b": summary_rules.recommendations_have_copies,
        "BR-15c": summary_rules.recommendations_or_none,
        "BR-16a": summary_rules.summary_was_received,
        "BR-16b": summary_rules.mode_fits_content,
        "BR-17": publication_rules.only_released_is_published,
        "BR-18": requisite_rules.marking_allows_the_channel,
        "BR-19a": requisite_rules.correction_names_what_it_replaces,
        "BR-19b": requisite_rules.identifier_is_not_taken,
        "BR-20a": signature_rules.receipt_has_come,
        "BR-20b": signature_rules.receipt_is_for_this_document,
        "BR-21": language_rules.moments_written_rightly,
        "BR-22": language_rules.business_numbers_right,
    }
)
"""The function of every variant; a test holds the keys equal to the table of variants."""

_RECIPIENT: Final = Variant(
    id="rules.recipient-unexpected",
    severity=Severity.ERROR,
    stages=frozenset({Stage.LOCK, Stage.RECEIVE}),
    clause="p.5, p.8, p.10",
)
"""Not one of the 45 variants: the content model asks it of the header field (HDR-12, RQ-8.5) and gives it no number."""

_SENDER: Final = Variant(
    id="rules.sender-unexpected",
    severity=Severity.ERROR,
    stages=frozenset({Stage.LOCK, Stage.RECEIVE}),
    clause="p.8, p.10, p.11",
)
"""The same of HDR-11: the summary is the authorized body's, whoever else can sign one."""


def check_all(report: Report, *, stage: Stage, ruleset: Ruleset, facts: Facts) -> tuple[RuleFinding, ...]:
    """Every finding of every rule that this stage asks, in the order of the rules, then of the document.

    Judged by `ruleset`, which must be the one the document names: another is an error finding of its own, and so is a
    business document that the ruleset does not know. Raises Final `rules.timezone-outdated`.
    """
    subject = Subject(report=report, stage=stage, ruleset=ruleset, facts=facts, nodes=walk(report))
    found = tuple(_findings(subject))
    stops = tuple(item for item in found if item.finding.severity is Severity.STOP)
    return stops or found


def _findings(subject: Subject) -> Iterator[RuleFinding]:
    named = subject.report.header.ruleset
    if (named.id, named.version) != (subject.ruleset.id, subject.ruleset.version):
        params = {"found": f"{named.id}@{named.version}", "expected": subject.ruleset.name}
        finding = Finding(code="rules.ruleset-differs", severity=Severity.ERROR, params=params)
        yield RuleFinding(finding=finding, path=("header", "ruleset"))
    kind = subject.report.header.document_type
    if kind.is_business_document and subject.ruleset.leg(kind) is None:
        no_leg = {"ruleset": subject.ruleset.name, "document": dict(texts.label_of_code_in_all("doctype", kind.value))}
        finding = Finding(code="rules.no-leg", severity=Severity.ERROR, params=no_leg)
        yield RuleFinding(finding=finding, path=("header", "document_type"))
    for variant_id, variant in VARIANTS.items():
        severity = subject.ruleset.severity(variant_id)
        if severity is not None and subject.stage in variant.stages:
            yield from (finding_of(variant, hit, severity) for hit in CHECKS[variant_id](subject))
    if subject.stage in _RECIPIENT.stages:
        hits = requisite_rules.recipient_is_addressee(subject)
        yield from (finding_of(_RECIPIENT, hit, _RECIPIENT.severity) for hit in hits)
    if subject.stage in _SENDER.stages:
        hits = requisite_rules.sender_is_of_the_leg(subject)
        yield from (finding_of(_SENDER, hit, _SENDER.severity) for hit in hits)


def is_undecided(findings: tuple[Finding, ...]) -> bool:
    """Whether a rule could not be answered: such a document is held for a person and never refused for it."""
    return any(finding.code == CANNOT_TELL for finding in findings)


def notes(
    ruleset: Ruleset, *, coverage: CoverageList | None = None, holidays_of: tuple[int, Holidays | None] | None = None
) -> tuple[Finding, ...]:
    """What a reader must know once per run about the data the judgement rests on; never about the document.

    holidays_of     a year and its list of holidays, when a warning was computed from it
    """
    found: list[Finding] = []
    if ruleset.status is Status.UNCONFIRMED:
        params: dict[str, object] = {"ruleset": ruleset.name, "count": len(ruleset.unconfirmed)}
        found.append(Finding(code="ruleset.unconfirmed", severity=Severity.INFO, params=params))
    if coverage is not None and coverage.confirmed_by is None:
        code = "rules.coverage-unconfirmed"
        found.append(Finding(code=code, severity=Severity.INFO, params={"year": coverage.year}))
    if holidays_of is not None and holidays_of[1] is None:
        code = "rules.holidays-missing"
        found.append(Finding(code=code, severity=Severity.INFO, params={"year": holidays_of[0]}))
    return tuple(found)


def document_title(document: DocumentType) -> tuple[str, str]:
    """The name of a document type in Kazakh and in Russian."""
    field_id = f"ROOT-{tuple(DocumentType).index(document) + 1:02}"
    return texts.label(field_id, texts.Language.KK), texts.label(field_id, texts.Language.RU)
