"""The seven sources of p.6 on which a record rests (content model, AB): what each was asked for, and what was found there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from adapter.domain.codes import (
    ActRelation,
    AdvisoryLevel,
    FactSide,
    ProvisionNature,
    SourceState,
)
from adapter.domain.reference import (
    ActRef,
    Bilingual,
    Digest,
    LanguageTag,
    Line,
    LocalId,
    LocalIdRef,
    Multilingual,
    OpenCode,
    PartialDate,
    Period,
    Uri,
)
from adapter.domain.treaty import Recommendation


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
