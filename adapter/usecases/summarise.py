"""Registered submissions become the draft of the MFA's summary: everything that is computed, and nothing that is judged.

Coverage, sources and figures are computed and never typed (RQ-8.3); analysis, assessment and comments are empty places
for a person. Each source is verified again now; one that no longer verifies stops the draft and names itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from adapter import rules
from adapter.domain.codes import Action, RecommendationOrigin, SignatureVerdict
from adapter.domain.corrections import in_force
from adapter.domain.document import DocumentId, DocumentType
from adapter.domain.header import Attachment
from adapter.domain.incoming import ContainerVerdict, RegisteredDocument
from adapter.domain.record import PendingRecord, TreatyRecord
from adapter.domain.reference import Bilingual, Digest, DocRef, RecordRef, TreatyRef
from adapter.domain.report import TreatyInformation
from adapter.domain.summary import (
    Coverage,
    SourceSubmission,
    Statistics,
    SummaryPendingEntry,
    SummaryRecommendations,
    SummaryTreatyEntry,
)
from adapter.domain.treaty import Recommendation, Treaty
from adapter.errors import Final
from adapter.ports import Clock, KeptBlob, Store
from adapter.usecases.answer import national
from adapter.usecases.convert import Attached
from adapter.usecases.verified_container import ATTACHMENTS, Judged, Trust, judge

_LONGEST_TITLE = 200
"""Longest short title made from a full one, characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One submission that is used: its register row, its report, its verified container."""

    row: RegisteredDocument
    report: TreatyInformation
    judged: Judged


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryDraft:
    """The computed half of a summary, and the copies of recommendations that p.9 asks for with their bytes."""

    coverage: tuple[Coverage, ...]
    sources: tuple[SourceSubmission, ...]
    statistics: Statistics
    treaty_entries: tuple[SummaryTreatyEntry, ...]
    pending_entries: tuple[SummaryPendingEntry, ...]
    recommendations: SummaryRecommendations
    attachments: tuple[Attachment, ...]
    files: tuple[Attached, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Summarise:
    """Reads the register of the authorized body."""

    store: Store
    clock: Clock
    rulesets: rules.Rulesets
    trust: Trust

    def __call__(self, year: int) -> SummaryDraft:
        """Raises Final `summarise.nothing-received`, `summarise.no-coverage-list`, `summarise.source-fails` (BR-14b)."""
        coverage_list = self.rulesets.coverage_lists.get(year)
        if coverage_list is None:
            raise Final("summarise.no-coverage-list", params={"year": year})
        rows = self._rows(year)
        recalls = self._recalls(rows)
        sources = tuple(self._source(row) for row in in_force(rows, recalls=recalls))
        if not sources:
            raise Final("summarise.nothing-received", params={"year": year})
        header = sources[0].report.header
        ruleset = self.rulesets.find(header.ruleset.id, header.ruleset.version)
        received = tuple(
            rules.ReceivedSubmission(
                document_id=row.document_id, body=row.sender, received_at=row.received_at, supersedes=row.supersedes
            )
            for row in rows
            if row.document_id not in recalls
        )
        coverage = rules.coverage_table(coverage_list, received, ruleset, at=self.clock.now())
        recommendations, attachments, files = _recommendations(sources)
        return SummaryDraft(
            coverage=coverage,
            sources=tuple(_source_submission(source) for source in sources),
            statistics=rules.statistics(tuple(source.report for source in sources), coverage),
            treaty_entries=_treaty_entries(sources),
            pending_entries=_pending_entries(sources),
            recommendations=recommendations,
            attachments=attachments,
            files=files,
        )

    def sources(self, year: int) -> tuple[Source, ...]:
        """The submissions that count, each verified again now. Raises as the call itself does."""
        rows = self._rows(year)
        return tuple(self._source(row) for row in in_force(rows, recalls=self._recalls(rows)))

    def _recalls(self, rows: tuple[RegisteredDocument, ...]) -> frozenset[DocumentId]:
        """Recalls among the rows: only what replaces something can be one, and only the signed document tells."""
        named = (row for row in rows if row.supersedes is not None)
        return frozenset(row.document_id for row in named if self._source(row).report.header.action is Action.RECALL)

    def _rows(self, year: int) -> tuple[RegisteredDocument, ...]:
        with self.store.snapshot() as transaction:
            rows = transaction.register.listed(document_type=DocumentType.TREATY_INFORMATION, reporting_year=year)
        if not rows:
            raise Final("summarise.nothing-received", params={"year": year})
        return rows

    def _source(self, row: RegisteredDocument) -> Source:
        kept = KeptBlob(sha256=row.container, size=row.container_size)
        judged = judge(kept, self.store.blobs, self.trust, at=self.clock.now())
        if judged.verdict is not ContainerVerdict.PASSED or not isinstance(judged.report, TreatyInformation):
            raise Final(
                "summarise.source-fails",
                params={
                    "body": row.sender,
                    "number": row.number,
                    "reason": judged.validation.sub_indication.value if judged.validation.sub_indication else "",
                },
            )
        return Source(row=row, report=judged.report, judged=judged)


def _source_submission(source: Source) -> SourceSubmission:
    row, header = source.row, source.report.header
    return SourceSubmission(
        document_ref=DocRef(document_id=row.document_id),
        registration_number=header.registration_number or row.outgoing_number,
        registration_date=header.registration_date or row.outgoing_date or row.received_at.date(),
        digest=Digest(value=bytes.fromhex(row.container)),
        signature_verdict=SignatureVerdict.VALID,
        received_at=national(row.received_at),
    )


def short_reference(treaty: Treaty | TreatyRef) -> TreatyRef:
    """The reference of a treaty: its short title, or its title cut at a word."""
    if isinstance(treaty, TreatyRef):
        return treaty
    title = treaty.short_title or Bilingual(kk=_cut(treaty.title.kk), ru=_cut(treaty.title.ru))
    return TreatyRef(treaty_id=treaty.treaty_id, short_title=title)


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_TITLE:
        return text
    return text[:_LONGEST_TITLE].rsplit(" ", 1)[0] + "…"


def _grouped(
    sources: tuple[Source, ...], records_of: Callable[[TreatyInformation], tuple[TreatyRecord | PendingRecord, ...]]
) -> dict[str, tuple[TreatyRef, list[RecordRef]]]:
    """Records by treaty, in the order of treaty identifiers; a treaty that several bodies report on is one entry."""
    found: dict[str, tuple[TreatyRef, list[RecordRef]]] = {}
    for source in sources:
        for record in records_of(source.report):
            reference = short_reference(record.treaty)
            entry = found.setdefault(reference.treaty_id, (reference, []))
            entry[1].append(RecordRef(document_id=source.row.document_id, record_id=record.record_id))
    return dict(sorted(found.items()))


def _treaty_entries(sources: tuple[Source, ...]) -> tuple[SummaryTreatyEntry, ...]:
    grouped = _grouped(sources, lambda report: report.in_force_section.treaty_records)
    return tuple(
        SummaryTreatyEntry(treaty=treaty, record_refs=tuple(references)) for treaty, references in grouped.values()
    )


def _pending_entries(sources: tuple[Source, ...]) -> tuple[SummaryPendingEntry, ...]:
    grouped = _grouped(sources, lambda report: report.pending_section.pending_records)
    return tuple(
        SummaryPendingEntry(treaty=treaty, record_refs=tuple(references)) for treaty, references in grouped.values()
    )


def _recommendations(
    sources: tuple[Source, ...],
) -> tuple[SummaryRecommendations, tuple[Attachment, ...], tuple[Attached, ...]]:
    """p.9: recommendations of international organizations with their copies, renumbered; or the mark that there are none."""
    taken: list[Recommendation] = []
    attachments: list[Attachment] = []
    files: list[Attached] = []
    for source in sources:
        declared = {item.id: item for item in source.report.header.attachments}
        for recommendation in _of_organizations(source.report):
            copy = declared.get(recommendation.copy or "")
            if copy is None:
                taken.append(_rebound(recommendation, None))
                continue
            identifier = f"A-{len(attachments) + 1}"
            name = (
                copy.file_name
                if all(item.file_name != copy.file_name for item in attachments)
                else (f"{len(attachments) + 1}-{copy.file_name}")
            )
            attachments.append(_renamed(copy, identifier, name))
            verified = source.judged.objects[ATTACHMENTS + copy.file_name]
            files.append(Attached(name=name, media_type=copy.media_type, open=verified.open))
            taken.append(_rebound(recommendation, identifier))
    if not taken:
        return SummaryRecommendations(none=True), (), ()
    return SummaryRecommendations(recommendations=tuple(taken)), tuple(attachments), tuple(files)


def _of_organizations(report: TreatyInformation) -> tuple[Recommendation, ...]:
    return tuple(
        recommendation
        for record in report.in_force_section.treaty_records
        if record.analysis_basis.external_recommendations is not None
        for recommendation in record.analysis_basis.external_recommendations.recommendations
        if recommendation.origin is RecommendationOrigin.INTERNATIONAL_ORGANIZATION
    )


def _rebound(recommendation: Recommendation, copy: str | None) -> Recommendation:
    """The recommendation with its copy in the summary; the report it follows stays in the submission, not here."""
    return replace(recommendation, copy=copy, follows_report=None)


def _renamed(attachment: Attachment, identifier: str, name: str) -> Attachment:
    return replace(attachment, id=identifier, file_name=name)
