"""The closed code lists: values on which the program branches, and which the schemas therefore enumerate.

Open lists (bodies, reasons, statuses) are data with validity dates, see schemas/codes; their values are text here.
The values are those of the content model, section 5; `DocumentType` stands in adapter.domain.document, `Severity` in
adapter.errors, because more than reports speak of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from adapter.domain.document import DocumentType
from adapter.errors import Severity


class Action(StrEnum):
    """What a message does to the case it belongs to."""

    NEW = "new"
    CORRECTION = "correction"
    RECALL = "recall"


class AccessMarking(StrEnum):
    """Who may see it. Anything else, a higher marking above all, never becomes a value: rule BR-18 stops it first."""

    PUBLIC = "public"
    OFFICIAL_USE = "official-use"


class Capacity(StrEnum):
    """In what capacity the signatory signs (p.7, switch A4)."""

    HEAD = "head"
    ACTING_HEAD = "acting-head"


class SourceState(StrEnum):
    """What became of one of the seven sources of p.6."""

    ANALYSED = "analysed"
    NONE_AVAILABLE = "none-available"
    NOT_APPLICABLE = "not-applicable"


class RecommendationOrigin(StrEnum):
    """Who issued a recommendation (p.6(6))."""

    INTERNATIONAL_ORGANIZATION = "international-organization"
    INTERNATIONAL_EXPERT = "international-expert"
    NGO = "ngo"


class AdvisoryLevel(StrEnum):
    """Under whom an advisory body was created (p.6(7))."""

    GOVERNMENT = "government"
    PRESIDENT = "president"


class CompetenceBasis(StrEnum):
    """Why a body reports on a treaty (p.4)."""

    PROPOSER = "proposer"
    COMPETENCE_EARLIER = "competence-earlier"


class Scope(StrEnum):
    """Two parties or many, as the treaty is classified; the number of parties is a rule of its own (BR-06e)."""

    BILATERAL = "bilateral"
    MULTILATERAL = "multilateral"


class FactSide(StrEnum):
    """What a fact concerns (p.6(3))."""

    OWN_OBLIGATION = "own-obligation"
    OWN_RIGHT = "own-right"
    OTHER_PARTY = "other-party"


class CoverageStatus(StrEnum):
    """What became of an expected body's information (p.8)."""

    RECEIVED_ON_TIME = "received-on-time"
    RECEIVED_LATE = "received-late"
    RETURNED = "returned"
    NOT_RECEIVED = "not-received"
    OTHER_CHANNEL = "other-channel"
    NOT_APPLICABLE = "not-applicable"


class ConsolidatedMode(StrEnum):
    """Whether the summary is forwarded as it is or written anew (p.10)."""

    FORWARDED = "forwarded"
    REDRAFTED = "redrafted"


class PublicationDecision(StrEnum):
    """Whether a record may be published (p.11); PART needs a public text."""

    YES = "yes"
    NO = "no"
    PART = "part"


class Outcome(StrEnum):
    """Outcome of processing, in the codes of the UBL ApplicationResponse."""

    RECEIVED = "AB"
    IN_PROCESS = "IP"
    ACCEPTED = "AP"
    ACCEPTED_WITH_REMARKS = "CA"
    RETURNED = "UQ"
    REJECTED = "RE"


class SignatureVerdict(StrEnum):
    """Three values: cannot tell is never turned into either of the others."""

    VALID = "valid"
    INVALID = "invalid"
    INDETERMINATE = "indeterminate"


class ProcedureState(StrEnum):
    """State of one domestic procedure of a pending treaty (p.5(2))."""

    NOT_REQUIRED = "not-required"
    NOT_STARTED = "not-started"
    IN_PROGRESS = "in-progress"
    SUSPENDED = "suspended"
    COMPLETED = "completed"

    @property
    def is_finished(self) -> bool:
        """True when the step needs no reason for non-completion (BR-08)."""
        return self in {ProcedureState.NOT_REQUIRED, ProcedureState.COMPLETED}


class OtherPartyState(StrEnum):
    """State of another party's procedures, known by report only."""

    COMPLETED = "completed"
    NOT_COMPLETED = "not-completed"
    UNKNOWN = "unknown"


class ProvisionNature(StrEnum):
    """Whether a provision gives an obligation or a right (p.6(1), p.6(3))."""

    OBLIGATION = "obligation"
    RIGHT = "right"


class ActRelation(StrEnum):
    """How a national act stands to the treaty (p.6(2))."""

    IMPLEMENTS = "implements"
    GAP = "gap"
    CONFLICT = "conflict"


class TreatyRelation(StrEnum):
    """How one treaty stands to another."""

    AMENDS = "amends"
    PROTOCOL_TO = "protocol-to"
    REPLACES = "replaces"
    IMPLEMENTS = "implements"


CLOSED_LISTS: Mapping[type[StrEnum], str] = MappingProxyType(
    {
        DocumentType: "doctype",
        Severity: "severity",
        AccessMarking: "access",
        Action: "action",
        ActRelation: "act-relation",
        AdvisoryLevel: "advisory-level",
        Capacity: "capacity",
        CompetenceBasis: "competence-basis",
        ConsolidatedMode: "consolidated-mode",
        CoverageStatus: "coverage",
        FactSide: "fact-side",
        OtherPartyState: "other-party-state",
        Outcome: "outcome",
        ProcedureState: "procedure-state",
        ProvisionNature: "provision-nature",
        PublicationDecision: "publishable",
        RecommendationOrigin: "recommendation-origin",
        Scope: "scope",
        SignatureVerdict: "signature-verdict",
        SourceState: "source-state",
        TreatyRelation: "treaty-relation",
    }
)
"""Under which id the catalogue keeps the labels of each list."""
