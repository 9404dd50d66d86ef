"""The six documents of the Rules as values: what a body states, typed, and nothing yet about whether it may be said.

A Report holds what a form can hold, so it can also hold what the Rules forbid (a section with records and a nil return,
an issue without a proposal, a source left out): the rules speak about that, with the words of the paragraph. Order of
fields is order in the document. `metadata["id"]` of a field is its id in the content model; a field without one is a
container whose parts have ids; `metadata["codes"]` names the open code list a value is drawn from.

Parts of several documents stand in adapter.domain.header, treaty and reference; those of one in record,
analysis_basis and summary.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TypeAlias, TypeVar

from adapter.domain.codes import ConsolidatedMode, Outcome, SignatureVerdict
from adapter.domain.header import Header, PaperCopy
from adapter.domain.record import Issue, PendingRecord, Proposal, TreatyRecord
from adapter.domain.reference import (
    ActRef,
    Bilingual,
    Digest,
    DocRef,
    Flag,
    Line,
    MediaType,
    OpenCode,
    OrgRef,
    RuleId,
    Token,
    Uri,
    require_aware,
)
from adapter.domain.summary import (
    Coverage,
    ForeignPolicyAssessment,
    SourceSubmission,
    Statistics,
    SummaryPendingEntry,
    SummaryRecommendations,
    SummaryTreatyEntry,
)
from adapter.domain.treaty import Treaty
from adapter.errors import Severity

FieldPath: TypeAlias = tuple[str | int, ...]
"""A place in a Report: field names and 0-based positions: ("in_force_section", "treaty_records", 0, "progress")."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InForceSection:
    """Treaties in force: a nil return or records (BR-11)."""

    nil_return: Flag = field(default=False, metadata={"id": "TI-02"})
    treaty_records: tuple[TreatyRecord, ...] = field(default=(), metadata={"id": "TI-03"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingSection:
    """Treaties signed and not in force: a nil return or records (BR-11)."""

    nil_return: Flag = field(default=False, metadata={"id": "TI-05"})
    pending_records: tuple[PendingRecord, ...] = field(default=(), metadata={"id": "TI-06"})


@dataclass(frozen=True, kw_only=True, slots=True)
class TreatyInformation:
    """A central state body's annual information (p.5-7)."""

    header: Header
    in_force_section: InForceSection = field(metadata={"id": "TI-01"})
    pending_section: PendingSection = field(metadata={"id": "TI-04"})
    general_remarks: Bilingual | None = field(default=None, metadata={"id": "TI-07"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryInformation:
    """The MFA's summary (p.8-9). A missing assessment is None, which BR-15a refuses."""

    header: Header
    coverage: tuple[Coverage, ...]
    source_submissions: tuple[SourceSubmission, ...]
    statistics: Statistics | None = field(default=None, metadata={"id": "SU-10"})
    analysis: Bilingual = field(metadata={"id": "SU-11"})
    foreign_policy_assessment: ForeignPolicyAssessment | None = field(default=None)
    treaty_entries: tuple[SummaryTreatyEntry, ...] = field(default=())
    pending_entries: tuple[SummaryPendingEntry, ...] = field(default=())
    problems: tuple[Issue, ...] = field(default=(), metadata={"id": "SU-23"})
    proposals: tuple[Proposal, ...] = field(default=(), metadata={"id": "SU-24"})
    recommendations: SummaryRecommendations
    general_remarks: Bilingual | None = field(default=None, metadata={"id": "SU-27"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceSummary:
    """The summary that the consolidated document rests on."""

    document_ref: DocRef = field(metadata={"id": "CO-01"})
    digest: Digest = field(metadata={"id": "CO-02"})
    signature_verdict: SignatureVerdict = field(metadata={"id": "CO-03"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsolidatedInformation:
    """The Office's document to the Administration (p.10): the summary forwarded, or a text of its own."""

    header: Header
    source_summary: SourceSummary
    mode: ConsolidatedMode = field(metadata={"id": "CO-04"})
    text: Bilingual | None = field(default=None, metadata={"id": "CO-05"})
    procedure: ActRef = field(metadata={"id": "CO-06"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedTreatyEntry:
    """A treaty and its public text."""

    treaty: Treaty = field(metadata={"id": "PB-03"})
    public_text: Bilingual = field(metadata={"id": "PB-04"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Withheld:
    """How many parts are withheld for one reason; a number, no content."""

    reason: OpenCode = field(metadata={"id": "PB-05", "codes": "withheld-reason"})
    count: int = field(metadata={"id": "PB-06"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedResults:
    """What the MFA publishes (p.11)."""

    header: Header
    source: DocRef = field(metadata={"id": "PB-01"})
    results: Bilingual = field(metadata={"id": "PB-02"})
    treaty_entries: tuple[PublishedTreatyEntry, ...] = field(default=())
    withheld: tuple[Withheld, ...] = field(default=())
    location: Uri = field(metadata={"id": "PB-07"})
    published_at: dt.datetime = field(metadata={"id": "PB-08"})
    license: Uri | None = field(default=None, metadata={"id": "PB-09"})
    formats: tuple[MediaType, ...] = field(metadata={"id": "PB-10"})

    def __post_init__(self) -> None:
        require_aware(self.published_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedDocument:
    """The document a receipt is for, with the digest of the bytes received."""

    document_ref: DocRef = field(metadata={"id": "RE-01"})
    digest: Digest = field(metadata={"id": "RE-02"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptSender:
    """Whose document was received; the certificate's subject as it is written there, without personal numbers."""

    ref: OrgRef = field(metadata={"id": "RE-03"})
    certificate_subject: Line | None = field(default=None, metadata={"id": "RE-04"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PaperReceived:
    """Whether and when the paper copy came; may follow in a second receipt."""

    received: bool = field(metadata={"id": "RE-09"})
    date: dt.date | None = field(default=None, metadata={"id": "RE-10"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """Our own signed notification of receipt (Law 370-II, art. 7(3)-(4)). Says nothing about acceptance."""

    header: Header
    ref_document: ReceivedDocument
    sender: ReceiptSender
    received_at: dt.datetime = field(metadata={"id": "RE-05"})
    recorded_in: Token = field(metadata={"id": "RE-06"})
    incoming_number: Line | None = field(default=None, metadata={"id": "RE-07"})
    incoming_date: dt.date | None = field(default=None, metadata={"id": "RE-08"})
    paper_received: PaperReceived | None = field(default=None)

    def __post_init__(self) -> None:
        require_aware(self.received_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponseFinding:
    """One finding told to the sender, in both languages."""

    rule_id: RuleId = field(metadata={"id": "RS-05"})
    severity: Severity = field(metadata={"id": "RS-06"})
    xpath: Line | None = field(default=None, metadata={"id": "RS-07"})
    text: Bilingual = field(metadata={"id": "RS-08"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessingResponse:
    """The answer to a submission: a document of its own, never an edit of the submission (RQ-2.2)."""

    header: Header
    ref_document: DocRef = field(metadata={"id": "RS-01"})
    outcome: Outcome = field(metadata={"id": "RS-02"})
    decided_by: Bilingual | None = field(default=None, metadata={"id": "RS-03"})
    due_date: dt.date | None = field(default=None, metadata={"id": "RS-04"})
    findings: tuple[ResponseFinding, ...] = field(default=())


Report: TypeAlias = (
    TreatyInformation | SummaryInformation | ConsolidatedInformation | PublishedResults | Receipt | ProcessingResponse
)

AnyReport = TypeVar("AnyReport", bound=Report)


def with_paper_copy(report: AnyReport, paper_copy: PaperCopy | None) -> AnyReport:
    """The same report with this paper copy: what rendering adds, or None for the content that was rendered."""
    return replace(report, header=replace(report.header, paper_copy=paper_copy))


def field_ids(report: Report, path: FieldPath) -> tuple[str, ...]:
    """Content model ids along `path`, outermost first: for a text of a record ("TI-01", "TI-03", "TR-05", "TYP-01").

    Stops where the path leaves the report (a source not answered, a position past the end).
    """
    found: list[str] = []
    value: object = report
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, tuple) or not 0 <= step < len(value):
                break
            value = value[step]
            continue
        if not is_dataclass(value):
            break
        named = next((item for item in fields(value) if item.name == step), None)
        if named is None:
            break
        if "id" in named.metadata:
            found.append(named.metadata["id"])
        value = getattr(value, step)
    return tuple(found)
