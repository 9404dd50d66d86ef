"""Results of the year for the internet resource (p.11): only what the bodies released, and a count of what they did not.

A treaty appears when at least one record on it is released. Its text is, in this order: the one a person gives now, the
public text of the lead body's record, the record's own progress when it may be published whole. A record that is not
released, and the unpublished part of one that is released in part, are counted with their reason and nothing else.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from adapter.domain.codes import AccessMarking, Action, PublicationDecision
from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.document import DocumentId, DocumentType
from adapter.domain.header import Header, RulesetRef
from adapter.domain.outgoing import OutgoingDocument
from adapter.domain.record import PendingRecord, TreatyRecord
from adapter.domain.reference import Bilingual, DocRef, OrgRef
from adapter.domain.report import PublishedResults, PublishedTreatyEntry, TreatyInformation, Withheld
from adapter.domain.treaty import Treaty
from adapter.errors import Final
from adapter.ports import Clock, Store
from adapter.usecases.answer import national
from adapter.usecases.obtain_stamp import travelled
from adapter.usecases.pages import every_delivery
from adapter.usecases.summarise import Source, Summarise
from adapter.usecases.verified_container import judge

FORMATS = ("text/html", "application/xml", "application/json", "text/csv", "application/pdf")
"""Forms in which the results are published; machine-readable ones beside the readable (RQ-11.3)."""


_NOT_STANDING = frozenset({DeliveryState.REFUSED, DeliveryState.WITHDRAWN})
"""A summary that was refused or withdrawn is no source of a publication."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicationTexts:
    """What a person decides: the overall text, texts by treaty, where and under what terms it is published."""

    results: Bilingual
    location: str
    treaties: Mapping[str, Bilingual]
    license: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Publish:
    """Builds the publication from the same verified submissions as the summary."""

    own: OrgRef
    store: Store
    clock: Clock
    summarise: Summarise

    def __call__(self, year: int, texts: PublicationTexts) -> PublishedResults:
        """Raises Final `publish.no-summary` while no summary of the year was sent."""
        summary = self._summary(year)
        sources = self.summarise.sources(year)
        entries, withheld = _selected(sources, texts.treaties)
        first = sources[0].report.header
        return PublishedResults(
            header=Header(
                document_id=DocumentId(
                    uuid.uuid5(
                        uuid.NAMESPACE_URL, f"urn:x-elshi:published:{self.own.code}:{year}:{summary.document_id}"
                    ).urn
                ),
                case_id=f"urn:x-elshi:case:{first.ruleset.id}:{first.ruleset.version}:{year}:published-results:{self.own.code}",
                action=Action.NEW,
                document_type=DocumentType.PUBLISHED_RESULTS,
                ruleset=RulesetRef(id=first.ruleset.id, version=first.ruleset.version),
                reporting_year=year,
                sender=self.own,
                access_marking=AccessMarking.PUBLIC,
            ),
            source=summary,
            results=texts.results,
            treaty_entries=entries,
            withheld=withheld,
            location=texts.location,
            published_at=national(self.clock.now()),
            license=texts.license,
            formats=FORMATS,
        )

    def _summary(self, year: int) -> DocRef:
        """The summary of this year that we sent last."""
        with self.store.snapshot() as transaction:
            # All of them: the one that was sent last stands at the very end.
            sent = [
                (delivery, delivery.content)
                for delivery in every_delivery(transaction)
                if isinstance(delivery.content, OutgoingDocument)
                and delivery.content.document_type is DocumentType.SUMMARY_INFORMATION
                and delivery.state not in _NOT_STANDING
            ]
        for delivery, content in reversed(sent):
            if self._year_of(delivery) == year:
                return DocRef(
                    document_id=delivery.document_id,
                    registration_number=content.registration_number,
                    registration_date=content.registration_date,
                )
        raise Final("publish.no-summary", params={"year": year})

    def _year_of(self, delivery: Delivery) -> int | None:
        """The reporting year that stands in the signed document itself."""
        with self.store.snapshot() as transaction:
            kept = travelled(transaction, delivery)
        assert kept is not None
        judged = judge(kept, self.store.blobs, self.summarise.trust, at=self.clock.now())
        return judged.report.header.reporting_year if judged.report is not None else None


def _selected(
    sources: tuple[Source, ...], given: Mapping[str, Bilingual]
) -> tuple[tuple[PublishedTreatyEntry, ...], tuple[Withheld, ...]]:
    entries: dict[str, PublishedTreatyEntry] = {}
    leads: set[str] = set()
    withheld: Counter[str] = Counter()
    for source in sources:
        for record in _records(source.report):
            decision = record.publishable.decision
            if decision is not PublicationDecision.YES:
                withheld[record.publishable.reason or "other"] += 1
            if decision is PublicationDecision.NO or not isinstance(record.treaty, Treaty):
                continue
            treaty = record.treaty
            is_lead = treaty.lead_body.code == source.row.sender
            if treaty.treaty_id in entries and (treaty.treaty_id in leads or not is_lead):
                continue
            if is_lead:
                leads.add(treaty.treaty_id)
            text = given.get(treaty.treaty_id) or record.publishable.public_text or record.progress
            entries[treaty.treaty_id] = PublishedTreatyEntry(treaty=_public_part(treaty), public_text=text)
    return (
        tuple(entries[key] for key in sorted(entries)),
        tuple(Withheld(reason=reason, count=count) for reason, count in sorted(withheld.items())),
    )


def _records(report: TreatyInformation) -> tuple[TreatyRecord | PendingRecord, ...]:
    return (*report.in_force_section.treaty_records, *report.pending_section.pending_records)


def _public_part(treaty: Treaty) -> Treaty:
    """Title, scope, parties, dates, status, lead body and links only (PB-03)."""
    return Treaty(
        treaty_id=treaty.treaty_id,
        title=treaty.title,
        titles_other=treaty.titles_other,
        short_title=treaty.short_title,
        scope=treaty.scope,
        parties=treaty.parties,
        adoption=treaty.adoption,
        signature=treaty.signature,
        national_signature_date=treaty.national_signature_date,
        entry_into_force=treaty.entry_into_force,
        provisional_application=treaty.provisional_application,
        status=treaty.status,
        lead_body=treaty.lead_body,
        text_links=treaty.text_links,
    )
