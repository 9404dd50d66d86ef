"""What the summary is made of: coverage, sources, statistics, assessment, entries by treaty (p.8-9, content model SU)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from adapter.domain.codes import CoverageStatus, SignatureVerdict
from adapter.domain.reference import (
    Bilingual,
    Digest,
    DocRef,
    Flag,
    Line,
    OpenCode,
    OrgRef,
    PartyRef,
    RecordRef,
    TreatyRef,
    require_aware,
)
from adapter.domain.treaty import Recommendation


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """What became of one expected body's information."""

    body: OrgRef = field(metadata={"id": "SU-01"})
    status: CoverageStatus = field(metadata={"id": "SU-02"})
    date: dt.date | None = field(default=None, metadata={"id": "SU-03"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceSubmission:
    """One submission the summary rests on, with the digest of the bytes received and the verdict on its signature."""

    document_ref: DocRef = field(metadata={"id": "SU-04"})
    registration_number: Line = field(metadata={"id": "SU-05"})
    registration_date: dt.date = field(metadata={"id": "SU-06"})
    digest: Digest = field(metadata={"id": "SU-07"})
    signature_verdict: SignatureVerdict = field(metadata={"id": "SU-08"})
    received_at: dt.datetime = field(metadata={"id": "SU-09"})

    def __post_init__(self) -> None:
        require_aware(self.received_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """Counts over the coverage list and the submissions used; computed, never typed (RQ-8.3)."""

    bodies_expected: int = field(metadata={"id": "SU-10"})
    received_on_time: int = field(metadata={"id": "SU-10"})
    received_late: int = field(metadata={"id": "SU-10"})
    not_received: int = field(metadata={"id": "SU-10"})
    other_channel: int = field(metadata={"id": "SU-10"})
    nil_returns: int = field(metadata={"id": "SU-10"})
    treaties_in_force: int = field(metadata={"id": "SU-10"})
    records_in_force: int = field(metadata={"id": "SU-10"})
    pending_treaties: int = field(metadata={"id": "SU-10"})
    issues: int = field(metadata={"id": "SU-10"})
    proposals: int = field(metadata={"id": "SU-10"})
    recommendations: int = field(metadata={"id": "SU-10"})
    recommendations_of_international_organizations: int = field(metadata={"id": "SU-10"})


@dataclass(frozen=True, kw_only=True, slots=True)
class AssessmentItem:
    """Assessment by partner or by treaty: exactly one of `party` and `treaty`."""

    party: PartyRef | None = field(default=None, metadata={"id": "SU-13", "codes": "parties"})
    treaty: TreatyRef | None = field(default=None, metadata={"id": "SU-14"})
    text: Bilingual = field(metadata={"id": "SU-15"})
    risk: OpenCode | None = field(default=None, metadata={"id": "SU-16", "codes": "risk"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignPolicyAssessment:
    """The foreign policy assessment of p.8."""

    text: Bilingual = field(metadata={"id": "SU-12"})
    items: tuple[AssessmentItem, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryTreatyEntry:
    """A treaty in force with the bodies' records on it."""

    treaty: TreatyRef = field(metadata={"id": "SU-17"})
    record_refs: tuple[RecordRef, ...] = field(metadata={"id": "SU-18"})
    comment: Bilingual | None = field(default=None, metadata={"id": "SU-19"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryPendingEntry:
    """A treaty not in force with the bodies' records on it."""

    treaty: TreatyRef = field(metadata={"id": "SU-20"})
    record_refs: tuple[RecordRef, ...] = field(metadata={"id": "SU-21"})
    comment: Bilingual | None = field(default=None, metadata={"id": "SU-22"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryRecommendations:
    """Recommendations of international organizations, or the mark that there are none (p.9, BR-15c)."""

    none: Flag = field(default=False, metadata={"id": "SU-25"})
    recommendations: tuple[Recommendation, ...] = field(default=(), metadata={"id": "SU-26"})
