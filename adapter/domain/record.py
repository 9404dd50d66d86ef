"""What a body states of one treaty: a record in force (TR) or a pending one (PR)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from adapter.domain.analysis_basis import AnalysisBasis
from adapter.domain.codes import (
    CompetenceBasis,
    OtherPartyState,
    ProcedureState,
    PublicationDecision,
)
from adapter.domain.reference import (
    ActRef,
    Bilingual,
    Flag,
    LocalId,
    LocalIdRef,
    OpenCode,
    OrgRef,
    PartialDate,
    PartyRef,
    RecordRef,
    TreatyRef,
    Uuid,
)
from adapter.domain.treaty import Treaty


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
