"""BR-06 to BR-12: what a body says of each treaty, and what several bodies say of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from adapter import texts
from adapter.domain.codes import Scope, SourceState
from adapter.domain.record import Issue, PendingRecord, Proposal, TreatyRecord
from adapter.domain.reference import Bilingual, TreatyRef
from adapter.domain.report import FieldPath, SummaryInformation, TreatyInformation
from adapter.domain.treaty import Treaty
from adapter.rules.facts import Submission
from adapter.rules.language_rules import is_blank
from adapter.rules.ruleset import InForceScope, PeriodKind
from adapter.rules.subject import Hit, Subject, cannot_tell, in_all, joined, title_of

_IN_FORCE: Final = frozenset({"in-force", "suspended", "provisionally-applied"})
_SLOT_FIELDS: Final = ("AB-03", "AB-08", "AB-12", "AB-19", "AB-26", "AB-35", "AB-37")
_TWO_PARTIES: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Placed:
    """A record, where it is, and its treaty; None when it is referred to and no register of treaties says more."""

    path: FieldPath
    record: TreatyRecord | PendingRecord
    treaty: Treaty | None


# --- BR-06: records in force -----------------------------------------------------------------------------------------
def entry_into_force_is_given(subject: Subject) -> Iterator[Hit]:
    """BR-06a: in force for Kazakhstan from a day not after the end of the reporting period."""
    end = period_end(subject)
    for placed in _in_force(subject):
        if placed.treaty is None:
            yield _unknown_treaty(placed)
            continue
        since = _since(placed.treaty)
        if since is None or since > end:
            path = (*placed.path, "treaty", "entry_into_force")
            yield Hit(path=path, params={"treaty": title_of(placed.treaty), "end": end})


def status_fits_in_force(subject: Subject) -> Iterator[Hit]:
    """BR-06b: the status is one under which a treaty has effect or had it in the period."""
    for placed in _in_force(subject):
        if placed.treaty is None:
            yield _unknown_treaty(placed)
        elif placed.treaty.status not in _IN_FORCE:
            status = texts.label_of_code_in_all("status", placed.treaty.status)
            params = {"treaty": title_of(placed.treaty), "status": status}
            yield Hit(path=(*placed.path, "treaty", "status"), params=params)


def provisional_application_is_noticed(subject: Subject) -> Iterator[Hit]:
    """BR-06c: provisional application among treaties in force is looked at by a person."""
    for placed in _in_force(subject):
        if placed.treaty is None:
            yield _unknown_treaty(placed)
        elif placed.treaty.status == "provisionally-applied":
            yield Hit(path=(*placed.path, "treaty", "status"), params={"treaty": title_of(placed.treaty)})


def entered_in_the_year(subject: Subject) -> Iterator[Hit]:
    """BR-06d: under the narrow reading of p.5(1) (A1) a treaty entered into force within the reporting year."""
    if subject.ruleset.switches.in_force_scope is not InForceScope.ENTERED_IN_YEAR:
        return
    year = subject.report.header.reporting_year
    for placed in _in_force(subject):
        if placed.treaty is None:
            yield _unknown_treaty(placed)
            continue
        since = _since(placed.treaty)
        if since is not None and since.year != year:
            path = (*placed.path, "treaty", "entry_into_force", "for_kazakhstan")
            yield Hit(path=path, params={"treaty": title_of(placed.treaty), "year": year})


def bilateral_has_two_parties(subject: Subject) -> Iterator[Hit]:
    """BR-06e: bilateral means two parties; agreements with a union and its members break this lawfully."""
    for placed in (*_in_force(subject), *_pending(subject)):
        treaty = placed.treaty
        if treaty is None:
            yield _unknown_treaty(placed)
        elif treaty.scope is Scope.BILATERAL and len(treaty.parties) != _TWO_PARTIES:
            params = {"treaty": title_of(treaty), "n": len(treaty.parties)}
            yield Hit(path=(*placed.path, "treaty", "parties"), params=params)


def register_number_is_given(subject: Subject) -> Iterator[Hit]:
    """BR-06f: a treaty in force stands in the State Register."""
    for placed in _in_force(subject):
        if placed.treaty is None:
            yield _unknown_treaty(placed)
        elif is_blank(placed.treaty.state_register_number or ""):
            path = (*placed.path, "treaty", "state_register_number")
            yield Hit(path=path, params={"treaty": title_of(placed.treaty)})


# --- BR-07, BR-08: pending records -----------------------------------------------------------------------------------
def signature_or_adoption_is_dated(subject: Subject) -> Iterator[Hit]:
    """BR-07a: a pending treaty was signed on a day, or adopted where it is not signed."""
    for placed in _pending(subject):
        if placed.treaty is None:
            yield _unknown_treaty(placed)
        elif _signed_on(placed.treaty) is None and _adopted_on(placed.treaty) is None:
            path = (*placed.path, "treaty", "signature")
            yield Hit(path=path, params={"treaty": title_of(placed.treaty)})


def pending_is_not_in_force(subject: Subject) -> Iterator[Hit]:
    """BR-07b: what entered into force for Kazakhstan within the period is not pending."""
    end = period_end(subject)
    for placed in _pending(subject):
        if placed.treaty is None:
            yield _unknown_treaty(placed)
            continue
        since = _since(placed.treaty)
        if since is not None and since <= end:
            path = (*placed.path, "treaty", "entry_into_force", "for_kazakhstan")
            yield Hit(path=path, params={"treaty": title_of(placed.treaty), "date": since})


def adoption_only_is_noticed(subject: Subject) -> Iterator[Hit]:
    """BR-07c: p.5(2) speaks of signed treaties; one that was only adopted is looked at by a person."""
    for placed in _pending(subject):
        if placed.treaty is None:
            yield _unknown_treaty(placed)
            continue
        adopted = _adopted_on(placed.treaty)
        if adopted is not None and _signed_on(placed.treaty) is None:
            params = {"treaty": title_of(placed.treaty), "date": adopted}
            yield Hit(path=(*placed.path, "treaty", "adoption"), params=params)


def unfinished_steps_have_a_reason(subject: Subject) -> Iterator[Hit]:
    """BR-08: an unfinished step needs a reason and its explanation in both languages."""
    for placed in _pending(subject):
        record = placed.record
        assert isinstance(record, PendingRecord)
        open_steps = [procedure.step for procedure in record.procedures if not procedure.state.is_finished]
        given = record.non_completion
        is_explained = given is not None and bool(given.reasons) and not _is_unsaid(given.explanation)
        if open_steps and not is_explained:
            steps = joined(texts.label_of_code_in_all("step", step) for step in open_steps)
            yield Hit(path=(*placed.path, "non_completion"), params={"treaty": title_of(record.treaty), "steps": steps})


# --- BR-09, BR-10, BR-11: issues, sources, sections ------------------------------------------------------------------
def issues_have_proposals(subject: Subject) -> Iterator[Hit]:
    """BR-09a: every issue, a summary's problems included, is named by a proposal."""
    for path, issues, proposals in _issue_blocks(subject):
        answered = {reference for proposal in proposals for reference in proposal.issue_refs}
        name = "problems" if isinstance(subject.report, SummaryInformation) else "issues"
        for position, issue in enumerate(issues):
            if issue.id not in answered:
                yield Hit(path=(*path, name, position), params={"issue": _named(issue.description, issue.id)})


def issues_or_none(subject: Subject) -> Iterator[Hit]:
    """BR-09b: a record has issues or the mark that there are none; never both, never neither."""
    for placed in _in_force(subject):
        record = placed.record
        assert isinstance(record, TreatyRecord)
        if record.no_issues == bool(record.issues):
            yield Hit(path=(*placed.path, "no_issues"), params={"treaty": title_of(record.treaty)})


def proposals_name_issues_of_the_record(subject: Subject) -> Iterator[Hit]:
    """BR-09c: a proposal refers to at least one issue, and only to issues of its own record."""
    for path, issues, proposals in _issue_blocks(subject):
        known = {issue.id for issue in issues}
        for position, proposal in enumerate(proposals):
            if not proposal.issue_refs or not known.issuperset(proposal.issue_refs):
                params = {"proposal": _named(proposal.text, proposal.id)}
                yield Hit(path=(*path, "proposals", position, "issue_refs"), params=params)


def all_sources_answered(subject: Subject) -> Iterator[Hit]:
    """BR-10a: each of the seven sources of p.6 has an answer."""
    for placed in _in_force(subject):
        record = placed.record
        assert isinstance(record, TreatyRecord)
        for position, (name, slot) in enumerate(record.analysis_basis.slots()):
            if slot is None:
                source = texts.label_in_all(_SLOT_FIELDS[position])
                params = {"treaty": title_of(record.treaty), "source": source, "n": position + 1}
                yield Hit(path=(*placed.path, "analysis_basis", name), params=params)


def analysed_sources_have_a_finding(subject: Subject) -> Iterator[Hit]:
    """BR-10b: a source that was analysed has a result in words."""
    for placed in _in_force(subject):
        record = placed.record
        assert isinstance(record, TreatyRecord)
        for position, (name, slot) in enumerate(record.analysis_basis.slots()):
            if slot is not None and slot.state is SourceState.ANALYSED and slot.finding is None:
                path = (*placed.path, "analysis_basis", name, "finding")
                yield Hit(path=path, params={"source": texts.label_in_all(_SLOT_FIELDS[position])})


def sections_say_something(subject: Subject) -> Iterator[Hit]:
    """BR-11: each section has records or the nil return; never both, never neither."""
    report = subject.report
    if not isinstance(report, TreatyInformation):
        return
    in_force, pending = report.in_force_section, report.pending_section
    if in_force.nil_return == bool(in_force.treaty_records):
        yield Hit(path=("in_force_section",), params={"section": texts.label_in_all("TI-01")})
    if pending.nil_return == bool(pending.pending_records):
        yield Hit(path=("pending_section",), params={"section": texts.label_in_all("TI-04")})


# --- BR-12: one treaty, several bodies -------------------------------------------------------------------------------
def one_body_leads(subject: Subject) -> Iterator[Hit]:
    """BR-12: when several bodies report on a treaty, their records name one and the same lead body."""
    report = subject.report
    if not isinstance(report, TreatyInformation | SummaryInformation):
        return
    if subject.facts.submissions is None:
        yield cannot_tell("fact.submissions")
        return
    submissions = {each.document_id: each for each in subject.facts.submissions}
    if isinstance(report, TreatyInformation):
        header = report.header
        submissions[header.document_id] = Submission(
            document_id=header.document_id, body=header.sender.code, report=report
        )
        places = {_treaty_id(placed.record.treaty): placed.path for placed in (*_in_force(subject), *_pending(subject))}
    else:
        places = _summary_places(report)
    for treaty_id, path in places.items():
        yield from _lead_hits(subject, treaty_id, path, tuple(submissions.values()))


def _lead_hits(subject: Subject, treaty_id: str, path: FieldPath, submissions: tuple[Submission, ...]) -> Iterator[Hit]:
    naming = [
        (submission, treaty)
        for submission in submissions
        for treaty in _treaties(submission.report)
        if _treaty_id(treaty) == treaty_id
    ]
    bodies = sorted({submission.body for submission, _ in naming})
    leads = {treaty.lead_body.code for _, treaty in naming if isinstance(treaty, Treaty)}
    registered = (subject.facts.treaties or {}).get(treaty_id)
    if not leads and registered is not None:
        leads = {registered.lead_body.code}
    if len(bodies) > 1 and len(leads) != 1:
        names = joined(texts.label_of_code_in_all("bodies", body) for body in bodies)
        yield Hit(path=path, params={"treaty": title_of(naming[0][1]), "bodies": names, "n": len(leads)})


def _summary_places(report: SummaryInformation) -> dict[str, FieldPath]:
    in_force: dict[str, FieldPath] = {
        entry.treaty.treaty_id: ("treaty_entries", position) for position, entry in enumerate(report.treaty_entries)
    }
    pending: dict[str, FieldPath] = {
        entry.treaty.treaty_id: ("pending_entries", position) for position, entry in enumerate(report.pending_entries)
    }
    return pending | in_force


# --- what a record says ----------------------------------------------------------------------------------------------
def period_end(subject: Subject) -> date:
    """The last day reported on: as stated, else by A2 the end of the year or, before that, the day of registration."""
    header = subject.report.header
    if header.reporting_period is not None:
        return header.reporting_period.to
    year_end = date(header.reporting_year, 12, 31)
    if subject.ruleset.switches.period is PeriodKind.CALENDAR_YEAR or header.registration_date is None:
        return year_end
    return min(year_end, header.registration_date)


def _in_force(subject: Subject) -> Iterator[_Placed]:
    if isinstance(subject.report, TreatyInformation):
        for position, record in enumerate(subject.report.in_force_section.treaty_records):
            path: FieldPath = ("in_force_section", "treaty_records", position)
            yield _Placed(path=path, record=record, treaty=_known(subject, record.treaty))


def _pending(subject: Subject) -> Iterator[_Placed]:
    if isinstance(subject.report, TreatyInformation):
        for position, record in enumerate(subject.report.pending_section.pending_records):
            path: FieldPath = ("pending_section", "pending_records", position)
            yield _Placed(path=path, record=record, treaty=_known(subject, record.treaty))


def _known(subject: Subject, treaty: Treaty | TreatyRef) -> Treaty | None:
    if isinstance(treaty, Treaty):
        return treaty
    return (subject.facts.treaties or {}).get(treaty.treaty_id)


def _unknown_treaty(placed: _Placed) -> Hit:
    return cannot_tell("fact.treaty", (*placed.path, "treaty"))


def _issue_blocks(subject: Subject) -> Iterator[tuple[FieldPath, tuple[Issue, ...], tuple[Proposal, ...]]]:
    report = subject.report
    if isinstance(report, SummaryInformation):
        yield (), report.problems, report.proposals
    for placed in _in_force(subject):
        record = placed.record
        assert isinstance(record, TreatyRecord)
        yield placed.path, record.issues, record.proposals


def _treaties(report: TreatyInformation) -> Iterator[Treaty | TreatyRef]:
    for record in report.in_force_section.treaty_records:
        yield record.treaty
    for pending in report.pending_section.pending_records:
        yield pending.treaty


def _treaty_id(treaty: Treaty | TreatyRef) -> str:
    return treaty.treaty_id


def _since(treaty: Treaty) -> date | None:
    return treaty.entry_into_force.for_kazakhstan if treaty.entry_into_force else None


def _signed_on(treaty: Treaty) -> date | None:
    """Signed as a whole, or for Kazakhstan: an instrument open for signature is signed State by State."""
    return (treaty.signature.date if treaty.signature else None) or treaty.national_signature_date


def _adopted_on(treaty: Treaty) -> date | None:
    return treaty.adoption.date if treaty.adoption else None


def _is_unsaid(text: Bilingual) -> bool:
    return is_blank(text.kk) and is_blank(text.ru)


def _named(text: Bilingual, identifier: str) -> object:
    """The text by which a person knows the item; its identifier while there is no text."""
    return identifier if _is_unsaid(text) else in_all(text)
