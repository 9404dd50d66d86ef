"""What a body states of one treaty: the seven sources of p.6 (AB), records in force (TR) and pending records (PR)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from adapter.domain.codes import (
    ActRelation,
    AdvisoryLevel,
    CompetenceBasis,
    FactSide,
    OtherPartyState,
    ProcedureState,
    ProvisionNature,
    PublicationDecision,
    SourceState,
)
from adapter.domain.reference import (
    ActRef,
    Bilingual,
    Digest,
    Flag,
    LanguageTag,
    Line,
    LocalId,
    LocalIdRef,
    Multilingual,
    OpenCode,
    OrgRef,
    PartialDate,
    PartyRef,
    Period,
    RecordRef,
    TreatyRef,
    Uri,
    Uuid,
)
from adapter.domain.treaty import Recommendation, Treaty


@dataclass(frozen=True, kw_only=True, slots=True)
class Provision:
    """A provision of the treaty (p.6(1))."""

    article: Line = field(metadata={"id": "AB-04"})
    subject: Bilingual = field(metadata={"id": "AB-05"})
    nature: ProvisionNature = field(metadata={"id": "AB-06"})
    due_date: dt.date | None = field(default=None, metadata={"id": "AB-07"})


@dataclass(frozen=True, kw_only=True, slots=True)
class NationalAct:
    """A national act and how it stands to the treaty (p.6(2))."""

    reference: ActRef = field(metadata={"id": "AB-09"})
    article: Line | None = field(default=None, metadata={"id": "AB-10"})
    relation: ActRelation = field(metadata={"id": "AB-11"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """A figure or fact (p.6(3)). A value that is a number is a Decimal and finite, never a float."""

    name: Bilingual = field(metadata={"id": "AB-13"})
    value: Decimal | Line = field(metadata={"id": "AB-14"})
    unit: Bilingual | None = field(default=None, metadata={"id": "AB-15"})
    period: Period = field(metadata={"id": "AB-16"})
    source: Bilingual = field(metadata={"id": "AB-17"})
    side: FactSide = field(metadata={"id": "AB-18"})

    def __post_init__(self) -> None:
        if isinstance(self.value, Decimal) and not self.value.is_finite():
            raise ValueError("indicator.not-finite")


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """A publication in the media or on the internet (p.6(4))."""

    title: Multilingual = field(metadata={"id": "AB-20"})
    outlet: Line = field(metadata={"id": "AB-21"})
    date: dt.date | None = field(default=None, metadata={"id": "AB-22"})
    url: Uri | None = field(default=None, metadata={"id": "AB-23"})
    language: LanguageTag = field(metadata={"id": "AB-24"})
    archived_copy_digest: Digest | None = field(default=None, metadata={"id": "AB-25"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PeriodicReport:
    """A report to an international body (p.6(5))."""

    id: LocalId = field(metadata={"id": "AB-27"})
    organization: Multilingual = field(metadata={"id": "AB-28"})
    symbol: Line | None = field(default=None, metadata={"id": "AB-29"})
    cycle: Line | None = field(default=None, metadata={"id": "AB-30"})
    due: PartialDate | None = field(default=None, metadata={"id": "AB-31"})
    submitted: dt.date | None = field(default=None, metadata={"id": "AB-32"})
    url: Uri | None = field(default=None, metadata={"id": "AB-33"})
    attachment_ref: LocalIdRef | None = field(default=None, metadata={"id": "AB-34"})


@dataclass(frozen=True, kw_only=True, slots=True)
class AdvisoryItem:
    """A recommendation or proposal of an advisory body (p.6(7))."""

    body: Bilingual = field(metadata={"id": "AB-38"})
    under: AdvisoryLevel = field(metadata={"id": "AB-39"})
    protocol_number: Line | None = field(default=None, metadata={"id": "AB-40"})
    protocol_date: dt.date | None = field(default=None, metadata={"id": "AB-41"})
    text: Bilingual = field(metadata={"id": "AB-42"})
    follow_up: OpenCode | None = field(default=None, metadata={"id": "AB-43", "codes": "impl"})


@dataclass(frozen=True, kw_only=True, slots=True)
class TreatyProvisions:
    """p.6(1): provisions of the treaty."""

    state: SourceState = field(metadata={"id": "AB-01"})
    finding: Bilingual | None = field(default=None, metadata={"id": "AB-02"})
    provisions: tuple[Provision, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class NationalLegalActs:
    """p.6(2): national legal acts."""

    state: SourceState = field(metadata={"id": "AB-01"})
    finding: Bilingual | None = field(default=None, metadata={"id": "AB-02"})
    acts: tuple[NationalAct, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class FactualInformation:
    """p.6(3): information including statistics."""

    state: SourceState = field(metadata={"id": "AB-01"})
    finding: Bilingual | None = field(default=None, metadata={"id": "AB-02"})
    indicators: tuple[Indicator, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaPublications:
    """p.6(4): media and internet resources."""

    state: SourceState = field(metadata={"id": "AB-01"})
    finding: Bilingual | None = field(default=None, metadata={"id": "AB-02"})
    publications: tuple[Publication, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class PeriodicReports:
    """p.6(5): periodic reports, if available."""

    state: SourceState = field(metadata={"id": "AB-01"})
    finding: Bilingual | None = field(default=None, metadata={"id": "AB-02"})
    reports: tuple[PeriodicReport, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalRecommendations:
    """p.6(6): recommendations of international organizations, international experts and NGOs."""

    state: SourceState = field(metadata={"id": "AB-01"})
    finding: Bilingual | None = field(default=None, metadata={"id": "AB-02"})
    recommendations: tuple[Recommendation, ...] = field(default=(), metadata={"id": "AB-36"})


@dataclass(frozen=True, kw_only=True, slots=True)
class AdvisoryBodyProposals:
    """p.6(7): recommendations and proposals of advisory bodies."""

    state: SourceState = field(metadata={"id": "AB-01"})
    finding: Bilingual | None = field(default=None, metadata={"id": "AB-02"})
    items: tuple[AdvisoryItem, ...] = field(default=())


Slot: TypeAlias = (
    TreatyProvisions
    | NationalLegalActs
    | FactualInformation
    | MediaPublications
    | PeriodicReports
    | ExternalRecommendations
    | AdvisoryBodyProposals
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalysisBasis:
    """The seven sources in the order of p.6. None means not answered, which BR-10a refuses."""

    treaty_provisions: TreatyProvisions | None = field(default=None, metadata={"id": "AB-03"})
    national_legal_acts: NationalLegalActs | None = field(default=None, metadata={"id": "AB-08"})
    factual_information: FactualInformation | None = field(default=None, metadata={"id": "AB-12"})
    media_publications: MediaPublications | None = field(default=None, metadata={"id": "AB-19"})
    periodic_reports: PeriodicReports | None = field(default=None, metadata={"id": "AB-26"})
    external_recommendations: ExternalRecommendations | None = field(default=None, metadata={"id": "AB-35"})
    advisory_body_proposals: AdvisoryBodyProposals | None = field(default=None, metadata={"id": "AB-37"})

    def slots(self) -> tuple[tuple[str, Slot | None], ...]:
        """(field name, slot) in the order of p.6; position n is subparagraph n + 1."""
        return (
            ("treaty_provisions", self.treaty_provisions),
            ("national_legal_acts", self.national_legal_acts),
            ("factual_information", self.factual_information),
            ("media_publications", self.media_publications),
            ("periodic_reports", self.periodic_reports),
            ("external_recommendations", self.external_recommendations),
            ("advisory_body_proposals", self.advisory_body_proposals),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PartyAssessment:
    """How one other party fulfils its obligations."""

    party: PartyRef = field(metadata={"id": "TR-10", "codes": "parties"})
    status: OpenCode = field(metadata={"id": "TR-11", "codes": "impl"})
    text: Bilingual = field(metadata={"id": "TR-12"})


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherParties:
    """How the other parties fulfil their obligations (p.5 second part (1))."""

    assessment: Bilingual = field(metadata={"id": "TR-09"})
    by_party: tuple[PartyAssessment, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """A problematic issue (p.5 second part (2)); in a summary, a problem of the system."""

    id: LocalId = field(metadata={"id": "TR-15"})
    description: Bilingual = field(metadata={"id": "TR-16"})
    since: dt.date | None = field(default=None, metadata={"id": "TR-17"})
    cause: OpenCode | None = field(default=None, metadata={"id": "TR-18", "codes": "cause"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A proposal that resolves at least one issue."""

    id: LocalId = field(metadata={"id": "TR-19"})
    issue_refs: tuple[LocalIdRef, ...] = field(metadata={"id": "TR-20"})
    text: Bilingual = field(metadata={"id": "TR-21"})
    kind: OpenCode = field(metadata={"id": "TR-22", "codes": "proposal"})
    responsible_bodies: tuple[OrgRef, ...] = field(default=(), metadata={"id": "TR-23"})
    target_date: dt.date | None = field(default=None, metadata={"id": "TR-24"})
    decision_level: OpenCode | None = field(default=None, metadata={"id": "TR-25", "codes": "decision-level"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviousRecord:
    """Last year's record on the same treaty."""

    changed: bool = field(metadata={"id": "TR-27"})
    record_ref: RecordRef = field(metadata={"id": "TR-26"})
    follow_up: OpenCode | None = field(default=None, metadata={"id": "TR-28", "codes": "impl"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Publishable:
    """Whether the record may be published, decided by the body that knows the content (p.11)."""

    decision: PublicationDecision = field(metadata={"id": "TR-29"})
    reason: OpenCode | None = field(default=None, metadata={"id": "TR-30", "codes": "withheld-reason"})
    public_text: Bilingual | None = field(default=None, metadata={"id": "TR-31"})


@dataclass(frozen=True, kw_only=True, slots=True)
class TreatyRecord:
    """One treaty in force (p.5(1) and second part)."""

    record_id: Uuid = field(metadata={"id": "TR-01"})
    treaty: Treaty | TreatyRef = field(metadata={"id": "TR-02"})
    competence_basis: CompetenceBasis = field(metadata={"id": "TR-03"})
    co_authoring_bodies: tuple[OrgRef, ...] = field(default=(), metadata={"id": "TR-04"})
    progress: Bilingual = field(metadata={"id": "TR-05"})
    implementation_status: OpenCode | None = field(default=None, metadata={"id": "TR-06", "codes": "impl"})
    own_obligations: Bilingual = field(metadata={"id": "TR-07"})
    own_rights: Bilingual = field(metadata={"id": "TR-08"})
    other_parties: OtherParties
    analysis_basis: AnalysisBasis = field(metadata={"id": "TR-13"})
    no_issues: Flag = field(default=False, metadata={"id": "TR-14"})
    issues: tuple[Issue, ...] = field(default=())
    proposals: tuple[Proposal, ...] = field(default=())
    previous_record: PreviousRecord | None = field(default=None)
    publishable: Publishable


@dataclass(frozen=True, kw_only=True, slots=True)
class Procedure:
    """One step of the domestic procedures (Law 54)."""

    step: OpenCode = field(metadata={"id": "PR-04", "codes": "step"})
    responsible_body: OrgRef = field(metadata={"id": "PR-05"})
    state: ProcedureState = field(metadata={"id": "PR-06"})
    started: dt.date | None = field(default=None, metadata={"id": "PR-07"})
    due: dt.date | None = field(default=None, metadata={"id": "PR-08"})
    completed: dt.date | None = field(default=None, metadata={"id": "PR-09"})
    acts: tuple[ActRef, ...] = field(default=(), metadata={"id": "PR-10"})


@dataclass(frozen=True, kw_only=True, slots=True)
class NonCompletion:
    """Why procedures are not completed (p.5(2))."""

    reasons: tuple[OpenCode, ...] = field(metadata={"id": "PR-12", "codes": "reason"})
    explanation: Bilingual = field(metadata={"id": "PR-13"})


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherPartyProcedure:
    """What is known of another party's procedures; such facts age, hence the date."""

    party: PartyRef = field(metadata={"id": "PR-14", "codes": "parties"})
    state: OtherPartyState = field(metadata={"id": "PR-15"})
    as_of: PartialDate = field(metadata={"id": "PR-16"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisionalApplication:
    """Provisional application of a treaty not in force."""

    from_: dt.date | None = field(default=None, metadata={"id": "PR-18"})
    scope: Bilingual | None = field(default=None, metadata={"id": "PR-19"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingRecord:
    """One treaty signed and not in force (p.5(2))."""

    record_id: Uuid = field(metadata={"id": "PR-01"})
    treaty: Treaty | TreatyRef = field(metadata={"id": "PR-02"})
    competence_basis: CompetenceBasis = field(metadata={"id": "PR-03"})
    procedures: tuple[Procedure, ...]
    progress: Bilingual = field(metadata={"id": "PR-11"})
    non_completion: NonCompletion | None = field(default=None)
    other_party_procedures: tuple[OtherPartyProcedure, ...] = field(default=())
    expected_entry_into_force: PartialDate | None = field(default=None, metadata={"id": "PR-17"})
    provisional_application: ProvisionalApplication | None = field(default=None)
    previous_record: PreviousRecord | None = field(default=None, metadata={"id": "PR-20"})
    publishable: Publishable = field(metadata={"id": "PR-21"})
