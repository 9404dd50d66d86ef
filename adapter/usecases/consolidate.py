"""The Office takes the registered summary into its consolidated information (p.10): forwarded unchanged, as an attachment.

The container of the MFA travels on byte for byte: its signature stays whole, and the Administration can judge it itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.domain.codes import AccessMarking, Action, SignatureVerdict
from adapter.domain.corrections import in_force
from adapter.domain.document import DocumentType
from adapter.domain.header import Attachment
from adapter.domain.incoming import ContainerVerdict, RegisteredDocument
from adapter.domain.reference import Digest, DocRef, LanguageText, Multilingual
from adapter.domain.report import SourceSummary, SummaryInformation
from adapter.errors import Final
from adapter.ports import Clock, KeptBlob, Store
from adapter.usecases.convert import Attached
from adapter.usecases.verified_container import CONTAINER_MEDIA_TYPE, Trust, judge


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsolidationDraft:
    """What the consolidated document rests on: the summary by identifier and digest, and its container as attachment."""

    summary: SummaryInformation
    source: SourceSummary
    attachment: Attachment
    file: Attached


@dataclass(frozen=True, kw_only=True, slots=True)
class Consolidate:
    """Reads the register of the Office."""

    store: Store
    clock: Clock
    trust: Trust

    def __call__(self, year: int) -> ConsolidationDraft:
        """The newest of a line of corrections.

        Raises Final `consolidate.no-summary`, or `consolidate.source-fails` when it does not verify now (BR-16).
        """
        with self.store.snapshot() as transaction:
            rows = transaction.register.listed(document_type=DocumentType.SUMMARY_INFORMATION, reporting_year=year)
        named = (row for row in rows if row.supersedes is not None)
        recalls = {row.document_id for row in named if self._summary(row).header.action is Action.RECALL}
        standing = in_force(rows, recalls=recalls)
        if not standing:
            raise Final("consolidate.no-summary", params={"year": year})
        row = standing[-1]
        summary = self._summary(row)
        name = f"{row.document_id.removeprefix('urn:uuid:')}.asice"
        digest = Digest(value=bytes.fromhex(row.container))
        header = summary.header
        return ConsolidationDraft(
            summary=summary,
            source=SourceSummary(
                document_ref=DocRef(
                    document_id=row.document_id,
                    registration_number=header.registration_number,
                    registration_date=header.registration_date,
                ),
                digest=digest,
                signature_verdict=SignatureVerdict.VALID,
            ),
            attachment=Attachment(
                id="A-1",
                role="other",
                title=Multilingual(
                    texts=(
                        LanguageText(language="kk", text="Сыртқы істер министрлігінің жиынтық ақпараты"),
                        LanguageText(language="ru", text="Сводная информация Министерства иностранных дел"),
                    )
                ),
                file_name=name,
                media_type=CONTAINER_MEDIA_TYPE,
                size_bytes=row.container_size,
                digest=digest,
                languages=("kk", "ru"),
                access_marking=AccessMarking(header.access_marking),
            ),
            file=Attached(
                name=name,
                media_type=CONTAINER_MEDIA_TYPE,
                open=lambda: self.store.blobs.open(row.container),
            ),
        )

    def _summary(self, row: RegisteredDocument) -> SummaryInformation:
        kept = KeptBlob(sha256=row.container, size=row.container_size)
        judged = judge(kept, self.store.blobs, self.trust, at=self.clock.now())
        if judged.verdict is not ContainerVerdict.PASSED or not isinstance(judged.report, SummaryInformation):
            raise Final("consolidate.source-fails", params={"number": row.number, "body": row.sender})
        return judged.report
