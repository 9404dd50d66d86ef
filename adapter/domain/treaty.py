"""What is known of a treaty, and of a recommendation made about it (content model, sections TY and RC)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from adapter.domain.codes import RecommendationOrigin, Scope, TreatyRelation
from adapter.domain.reference import (
    ActRef,
    Bilingual,
    CountryCode,
    Digest,
    LanguageTag,
    Line,
    LocalIdRef,
    Multilingual,
    OpenCode,
    OrgRef,
    PartialDate,
    PartyRef,
    Token,
    TreatyRef,
    Uri,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalId:
    """The treaty's identifier in somebody else's register."""

    scheme: OpenCode = field(metadata={"id": "TY-03", "codes": "external-id-scheme"})
    value: Line = field(metadata={"id": "TY-03"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """One party to the treaty, with the time of its membership where that is known."""

    ref: PartyRef = field(metadata={"id": "TY-11", "codes": "parties"})
    role: Line | None = field(default=None, metadata={"id": "TY-12"})
    since: dt.date | None = field(default=None, metadata={"id": "TY-13"})
    until: dt.date | None = field(default=None, metadata={"id": "TY-14"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Adoption:
    """Adoption of the text; adoption is not signature."""

    date: dt.date | None = field(default=None, metadata={"id": "TY-15"})
    place: Bilingual | None = field(default=None, metadata={"id": "TY-16"})


@dataclass(frozen=True, kw_only=True, slots=True)
class TreatySignature:
    """Signature of the treaty; the place bears the name it had on the day."""

    date: dt.date | None = field(default=None, metadata={"id": "TY-17"})
    place: Bilingual | None = field(default=None, metadata={"id": "TY-18"})
    country: CountryCode | None = field(default=None, metadata={"id": "TY-19"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """How the Republic expressed its consent to be bound, and the act that did so."""

    mode: OpenCode | None = field(default=None, metadata={"id": "TY-21", "codes": "consent-mode"})
    act: ActRef | None = field(default=None, metadata={"id": "TY-22"})
    instrument_date: dt.date | None = field(default=None, metadata={"id": "TY-23"})
    deposit_date: dt.date | None = field(default=None, metadata={"id": "TY-24"})


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryIntoForce:
    """Entry into force in general and for Kazakhstan; the two dates often differ."""

    general: dt.date | None = field(default=None, metadata={"id": "TY-25"})
    for_kazakhstan: dt.date | None = field(default=None, metadata={"id": "TY-26"})
    method: OpenCode | None = field(default=None, metadata={"id": "TY-27", "codes": "entry-method"})


@dataclass(frozen=True, kw_only=True, slots=True)
class TreatyProvisionalApplication:
    """Span of provisional application."""

    from_: dt.date | None = field(default=None, metadata={"id": "TY-28"})
    to: dt.date | None = field(default=None, metadata={"id": "TY-29"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Duration:
    """For how long the treaty was concluded."""

    auto_renewal: bool | None = field(default=None, metadata={"id": "TY-31"})
    text: Bilingual | None = field(default=None, metadata={"id": "TY-30"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReservationDeclaration:
    """A reservation, declaration, communication or objection of the Republic."""

    kind: OpenCode = field(metadata={"id": "TY-35", "codes": "statement-kind"})
    text: Bilingual = field(metadata={"id": "TY-36"})
    date: dt.date | None = field(default=None, metadata={"id": "TY-37"})
    withdrawn: dt.date | None = field(default=None, metadata={"id": "TY-38"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportingObligation:
    """A periodic report that the treaty asks for."""

    body: Multilingual = field(metadata={"id": "TY-43"})
    cycle: Line | None = field(default=None, metadata={"id": "TY-44"})
    next_due: PartialDate | None = field(default=None, metadata={"id": "TY-45"})


@dataclass(frozen=True, kw_only=True, slots=True)
class RelatedTreaty:
    """Another treaty and how this one stands to it."""

    ref: TreatyRef = field(metadata={"id": "TY-46"})
    relation: TreatyRelation = field(metadata={"id": "TY-47"})


@dataclass(frozen=True, kw_only=True, slots=True)
class TextLink:
    """Where a text of the treaty can be read."""

    url: Uri = field(metadata={"id": "TY-48"})
    language: LanguageTag = field(metadata={"id": "TY-49"})
    digest: Digest | None = field(default=None, metadata={"id": "TY-50"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Treaty:
    """A treaty. PublishedResults carries a part of it only; which part, says the schema type PublishedTreaty."""

    treaty_id: Uri = field(metadata={"id": "TY-01"})
    state_register_number: Line | None = field(default=None, metadata={"id": "TY-02"})
    external_ids: tuple[ExternalId, ...] = field(default=(), metadata={"id": "TY-03"})
    title: Bilingual = field(metadata={"id": "TY-04"})
    titles_other: tuple[Multilingual, ...] = field(default=(), metadata={"id": "TY-05"})
    short_title: Bilingual | None = field(default=None, metadata={"id": "TY-06"})
    form: OpenCode | None = field(default=None, metadata={"id": "TY-07", "codes": "treaty-form"})
    scope: Scope = field(metadata={"id": "TY-08"})
    level: OpenCode | None = field(default=None, metadata={"id": "TY-09", "codes": "level"})
    on_behalf_of: OpenCode | None = field(default=None, metadata={"id": "TY-10", "codes": "on-behalf-of"})
    parties: tuple[Party, ...] = field(metadata={"id": "TY-11"})
    adoption: Adoption | None = field(default=None)
    signature: TreatySignature | None = field(default=None)
    national_signature_date: dt.date | None = field(default=None, metadata={"id": "TY-20"})
    consent: Consent | None = field(default=None)
    entry_into_force: EntryIntoForce | None = field(default=None)
    provisional_application: TreatyProvisionalApplication | None = field(default=None)
    duration: Duration | None = field(default=None)
    status: OpenCode = field(metadata={"id": "TY-32", "codes": "status"})
    depositary: OrgRef | PartyRef | None = field(default=None, metadata={"id": "TY-33"})
    authentic_languages: tuple[LanguageTag, ...] = field(default=(), metadata={"id": "TY-34"})
    reservations_declarations: tuple[ReservationDeclaration, ...] = field(default=())
    subject_areas: tuple[OpenCode, ...] = field(default=(), metadata={"id": "TY-39", "codes": "subject"})
    proposing_body: OrgRef | None = field(default=None, metadata={"id": "TY-40"})
    lead_body: OrgRef = field(metadata={"id": "TY-41"})
    competent_bodies: tuple[OrgRef, ...] = field(default=(), metadata={"id": "TY-42"})
    reporting_obligations: tuple[ReportingObligation, ...] = field(default=())
    related_treaties: tuple[RelatedTreaty, ...] = field(default=())
    text_links: tuple[TextLink, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuingBody:
    """Who issued a recommendation; the code is for organizations of the open list."""

    code: Token | None = field(default=None, metadata={"id": "RC-04", "codes": "international-organizations"})
    name: Multilingual = field(metadata={"id": "RC-03"})


@dataclass(frozen=True, kw_only=True, slots=True)
class DiplomaticChannel:
    """Whether and when a recommendation came through diplomatic channels."""

    received: bool = field(metadata={"id": "RC-10"})
    date: dt.date | None = field(default=None, metadata={"id": "RC-11"})


@dataclass(frozen=True, kw_only=True, slots=True)
class RecommendationResponse:
    """The Republic's position on a recommendation."""

    position: OpenCode | None = field(default=None, metadata={"id": "RC-13", "codes": "response"})
    text: Bilingual | None = field(default=None, metadata={"id": "RC-14"})


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowUp:
    """What is done about a recommendation."""

    status: OpenCode = field(metadata={"id": "RC-15", "codes": "impl"})
    responsible_body: OrgRef | None = field(default=None, metadata={"id": "RC-16"})
    due: dt.date | None = field(default=None, metadata={"id": "RC-17"})
    text: Bilingual | None = field(default=None, metadata={"id": "RC-18"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """A recommendation with its origin, text, position and follow-up; used again in the summary (p.6(6), p.9)."""

    recommendation_id: Uri = field(metadata={"id": "RC-01"})
    origin: RecommendationOrigin = field(metadata={"id": "RC-02"})
    issuing_body: IssuingBody = field(metadata={"id": "RC-03"})
    document_symbol: Line | None = field(default=None, metadata={"id": "RC-05"})
    paragraph: Line | None = field(default=None, metadata={"id": "RC-06"})
    date: dt.date | None = field(default=None, metadata={"id": "RC-07"})
    original_text: Multilingual | None = field(default=None, metadata={"id": "RC-08"})
    translation: Bilingual | None = field(default=None, metadata={"id": "RC-09"})
    diplomatic_channel: DiplomaticChannel
    follows_report: LocalIdRef | None = field(default=None, metadata={"id": "RC-12"})
    response: RecommendationResponse | None = field(default=None)
    follow_ups: tuple[FollowUp, ...] = field(default=())
    copy: LocalIdRef | None = field(default=None, metadata={"id": "RC-19"})
