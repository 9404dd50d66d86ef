"""What became of each expected body's information, and the figures of the summary (RQ-8.1, RQ-8.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import schemas
from adapter.domain.codes import Action, CoverageStatus, Outcome, RecommendationOrigin
from adapter.domain.document import BodyCode, DocumentId, DocumentType
from adapter.domain.reference import Bilingual, OrgRef
from adapter.domain.report import TreatyInformation
from adapter.domain.summary import Coverage, Statistics
from adapter.domain.treaty import Recommendation
from adapter.errors import Final as FinalError
from adapter.rules.deadlines import Deadline, day_in_zone, deadline
from adapter.rules.ruleset import DeadlineEvent, Ruleset
from adapter.rules.rulesets import CoverageList, ExpectedBody

_MFA = "KZ-MFA"
_SENT_BACK = frozenset({Outcome.RETURNED, Outcome.REJECTED})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedSubmission:
    """A submission as the register knows it.

    outcome     a person's answer; None until it is given
    decided_at  when it was given
    """

    document_id: DocumentId
    body: BodyCode
    received_at: datetime
    first_sent_at: datetime | None = None
    action: Action = Action.NEW
    supersedes: DocumentId | None = None
    outcome: Outcome | None = None
    decided_at: datetime | None = None


def expected_bodies(coverage: CoverageList, ruleset: Ruleset) -> tuple[ExpectedBody, ...]:
    """The bodies of the list that must submit: without the MFA where A8 says that it does not submit to itself."""
    if ruleset.switches.self_submission:
        return coverage.bodies
    return tuple(body for body in coverage.bodies if body.code != _MFA)


def coverage_table(
    expected: CoverageList, received: Iterable[ReceivedSubmission], ruleset: Ruleset, *, at: datetime
) -> tuple[Coverage, ...]:
    """One line per body on the list, in its order.

    A body that has sent several documents has the time of its first one: a correction does not make it late. A silent
    body is `not-received`, dated the due date once that is over, and nobody has to act for that.
    """
    known = tuple(received)
    leg = ruleset.leg(DocumentType.TREATY_INFORMATION)
    limit = deadline(leg, expected.year, ruleset) if leg else None
    today = day_in_zone(at, ruleset)
    return tuple(
        _line(body, [each for each in known if each.body == body.code], ruleset, limit, today)
        for body in expected.bodies
    )


def _line(
    body: ExpectedBody,
    received: Sequence[ReceivedSubmission],
    ruleset: Ruleset,
    limit: Deadline | None,
    today: date,
) -> Coverage:
    reference = _reference(body.code)
    if body.code == _MFA and not ruleset.switches.self_submission:
        return Coverage(body=reference, status=CoverageStatus.NOT_APPLICABLE)
    standing = _standing(received)
    if not standing and body.other_channel is not None and ruleset.switches.other_channel:
        return Coverage(body=reference, status=CoverageStatus.OTHER_CHANNEL, date=body.other_channel.on)
    if not standing:
        day = min(limit.due, today) if limit else today
        return Coverage(body=reference, status=CoverageStatus.NOT_RECEIVED, date=day)
    latest = max(standing, key=lambda each: each.received_at)
    if latest.outcome in _SENT_BACK:
        returned_on = day_in_zone(latest.decided_at or latest.received_at, ruleset)
        return Coverage(body=reference, status=CoverageStatus.RETURNED, date=returned_on)
    first = min(standing, key=lambda each: each.received_at)
    moment = _counting_moment(first, ruleset)
    is_late = limit is not None and limit.is_late(moment)
    status = CoverageStatus.RECEIVED_LATE if is_late else CoverageStatus.RECEIVED_ON_TIME
    return Coverage(body=reference, status=status, date=day_in_zone(first.received_at, ruleset))


def _standing(received: Sequence[ReceivedSubmission]) -> tuple[ReceivedSubmission, ...]:
    """What is left after recalls that the MFA confirmed; a recall itself is no information."""
    confirmed = {Outcome.ACCEPTED, Outcome.ACCEPTED_WITH_REMARKS}
    recalled = {each.supersedes for each in received if each.action is Action.RECALL and each.outcome in confirmed}
    return tuple(each for each in received if each.action is not Action.RECALL and each.document_id not in recalled)


def _counting_moment(submission: ReceivedSubmission, ruleset: Ruleset) -> datetime:
    """The moment that switch A3 compares; Final when it asks for a sending time that nobody kept."""
    if ruleset.switches.deadline_event is DeadlineEvent.RECEIVED:
        return submission.received_at
    if submission.first_sent_at is None:
        raise FinalError("rules.no-sending-time", params={"id": submission.document_id})
    return submission.first_sent_at


def _reference(code: BodyCode) -> OrgRef:
    """The body with its name; one that the list does not know has its code for a name, and BR-05a speaks of it."""
    value = schemas.body(code)
    name = Bilingual(kk=value.kk, ru=value.ru) if value else Bilingual(kk=code, ru=code)
    return OrgRef(code=code, name=name)


def statistics(reports: Iterable[TreatyInformation], coverage: Iterable[Coverage]) -> Statistics:
    """The figures of SU-10 over the reports used and the coverage table.

    A report that another one given supersedes does not count, nor does a recall. `nil_returns` counts reports that
    have nothing in either section; treaties and recommendations are counted once however many bodies name them,
    records, issues and proposals as often as they stand. A body for which nothing applies is not expected.
    """
    lines = tuple(coverage)
    standing = _not_superseded(reports)
    records = [record for report in standing for record in report.in_force_section.treaty_records]
    pending = [record for report in standing for record in report.pending_section.pending_records]
    recommendations = _recommendations(standing)

    def count(status: CoverageStatus) -> int:
        return sum(1 for line in lines if line.status is status)

    return Statistics(
        bodies_expected=len(lines) - count(CoverageStatus.NOT_APPLICABLE),
        received_on_time=count(CoverageStatus.RECEIVED_ON_TIME),
        received_late=count(CoverageStatus.RECEIVED_LATE),
        not_received=count(CoverageStatus.NOT_RECEIVED),
        other_channel=count(CoverageStatus.OTHER_CHANNEL),
        nil_returns=sum(
            1 for report in standing if report.in_force_section.nil_return and report.pending_section.nil_return
        ),
        treaties_in_force=len({record.treaty.treaty_id for record in records}),
        records_in_force=len(records),
        pending_treaties=len({record.treaty.treaty_id for record in pending}),
        issues=sum(len(record.issues) for record in records),
        proposals=sum(len(record.proposals) for record in records),
        recommendations=len(recommendations),
        recommendations_of_international_organizations=sum(
            1 for each in recommendations if each.origin is RecommendationOrigin.INTERNATIONAL_ORGANIZATION
        ),
    )


def _not_superseded(reports: Iterable[TreatyInformation]) -> tuple[TreatyInformation, ...]:
    given = {report.header.document_id: report for report in reports}
    replaced = {
        report.header.supersedes.document_ref.document_id for report in given.values() if report.header.supersedes
    }
    return tuple(
        report
        for document_id, report in given.items()
        if document_id not in replaced and report.header.action is not Action.RECALL
    )


def _recommendations(reports: Sequence[TreatyInformation]) -> tuple[Recommendation, ...]:
    found: dict[str, Recommendation] = {}
    for report in reports:
        for record in report.in_force_section.treaty_records:
            slot = record.analysis_basis.external_recommendations
            for recommendation in slot.recommendations if slot else ():
                found.setdefault(recommendation.recommendation_id, recommendation)
    return tuple(found.values())
