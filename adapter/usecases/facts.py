"""What the rules ask and only the node can know: who signed, what the register remembers, which bodies are expected.

What is not known stays None, and the rule that needs it answers that it cannot tell: nothing passes because it is absent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import signing
from adapter import rules
from adapter.domain.codes import Capacity, SignatureVerdict
from adapter.domain.document import BodyCode, DocumentId, DocumentType
from adapter.domain.incoming import ContainerVerdict, RegisteredDocument
from adapter.domain.report import (
    ConsolidatedInformation,
    PublishedResults,
    Report,
    SummaryInformation,
    TreatyInformation,
)
from adapter.errors import Final
from adapter.ports import KeptBlob, Store
from adapter.usecases.convert import Attached
from adapter.usecases.verified_container import Judged, Trust, judge, judge_bytes, sha256_of

_HEAD = frozenset({"1.2.398.3.3.4.1.2.1", "1.2.398.3.17.3.3"})
"""Extended key usages of a first head (NUC and BTSD)."""

_RIGHT_TO_SIGN = frozenset({"1.2.398.3.3.4.1.2.2", "1.2.398.3.17.3.4"})
"""Extended key usages of a person with the right to sign: an acting head, when the document names the order."""

VERDICTS: Mapping[ContainerVerdict, SignatureVerdict] = {
    ContainerVerdict.PASSED: SignatureVerdict.VALID,
    ContainerVerdict.FAILED: SignatureVerdict.INVALID,
    ContainerVerdict.INDETERMINATE: SignatureVerdict.INDETERMINATE,
}

_CERTIFICATE_STATES = {
    signing.SubIndication.OUT_OF_BOUNDS_NO_POE: rules.CertificateState.EXPIRED,
    signing.SubIndication.OUT_OF_BOUNDS_NOT_REVOKED: rules.CertificateState.EXPIRED,
    signing.SubIndication.EXPIRED: rules.CertificateState.EXPIRED,
    signing.SubIndication.NOT_YET_VALID: rules.CertificateState.NOT_YET_VALID,
    signing.SubIndication.REVOKED: rules.CertificateState.REVOKED,
    signing.SubIndication.REVOKED_NO_POE: rules.CertificateState.REVOKED,
}

_CHUNK = 256 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class FactsOf:
    """Gathers facts for one document.

    store, trust    None: a check outside any node; what the register would tell stays unknown
    bins    business identification numbers of bodies, from the official register by way of the settings; a body whose
            number is not here has no known signer, and a document of its is held for a person
    """

    store: Store | None
    rulesets: rules.Rulesets
    trust: Trust | None
    bins: Mapping[BodyCode, str]

    def before_signing(self, report: Report, *, at: datetime, attachments: Iterable[Attached] = ()) -> rules.Facts:
        """What is known of a report that nobody has signed yet."""
        return rules.Facts(
            at=at,
            coverage=self.rulesets.coverage_lists.get(report.header.reporting_year),
            files=tuple(_found(item) for item in attachments),
            submissions=self._submissions(report),
            stored=self._stored(report, at),
            forwarded=_forwarded(report),
        )

    def of_signed(self, judged: Judged, *, at: datetime) -> rules.Facts:
        """What is known of a container of our own, before it leaves."""
        return self._of(judged, at=at, received_at=None)

    def on_receipt(self, judged: Judged, *, received_at: datetime) -> rules.Facts:
        """What is known of a container that came in."""
        return self._of(judged, at=received_at, received_at=received_at)

    def _of(self, judged: Judged, *, at: datetime, received_at: datetime | None) -> rules.Facts:
        assert judged.report is not None
        assert judged.container is not None
        report = judged.report
        identity = None
        if received_at is not None and self.store is not None:
            with self.store.snapshot() as transaction:
                standing = transaction.register.find(report.header.document_id)
            identity = (
                rules.Identity.NEW
                if standing is None
                else rules.Identity.SAME_BYTES
                if standing.container == judged.container.blob
                else rules.Identity.OTHER_BYTES
            )
        return rules.Facts(
            at=at,
            coverage=self.rulesets.coverage_lists.get(report.header.reporting_year),
            signature=_signature(judged, at),
            signer=self._signer(judged, report),
            files=tuple(
                rules.FoundFile(name=item.name.removeprefix("attachments/"), size=item.size, sha256=bytes(item.sha256))
                for item in judged.objects.values()
                if item.name.startswith("attachments/")
            ),
            received_at=received_at,
            identity=identity,
            submissions=self._submissions(report),
            stored=self._stored(report, at, judged),
            forwarded=_forwarded(report),
        )

    def _signer(self, judged: Judged, report: Report) -> rules.SignerFact | None:
        """Who signed, as the certificate shows and the settings know the body; None when the body's BIN is not known."""
        signer = judged.validation.signatures[0].signer if judged.validation.signatures else None
        known = self.bins.get(report.header.sender.code)
        if signer is None or known is None:
            return None
        roles = set(signer.roles)
        capacity = Capacity.HEAD if roles & _HEAD else Capacity.ACTING_HEAD if roles & _RIGHT_TO_SIGN else None
        body = next((code for code, number in self.bins.items() if number == signer.bin), None)
        return rules.SignerFact(name=signer.common_name or "", body=body, capacity=capacity)

    # --- documents that others rest on --------------------------------------------------------------------------------
    def _submissions(self, report: Report) -> tuple[rules.Submission, ...] | None:
        if not isinstance(report, SummaryInformation | PublishedResults) or self.store is None:
            return None
        with self.store.snapshot() as transaction:
            rows = transaction.register.listed(
                document_type=DocumentType.TREATY_INFORMATION, reporting_year=report.header.reporting_year
            )
        if not rows:
            return None
        wanted = _named_by(report)
        found: list[rules.Submission] = []
        for row in rows:
            if wanted is not None and row.document_id not in wanted:
                continue
            judged = self._judge(row, row.received_at)
            if isinstance(judged.report, TreatyInformation):
                found.append(rules.Submission(document_id=row.document_id, body=row.sender, report=judged.report))
        return tuple(found)

    def _stored(
        self, report: Report, at: datetime, judged: Judged | None = None
    ) -> tuple[rules.StoredDocument, ...] | None:
        """The documents this one rests on, verified again now (BR-14b, BR-16).

        The addressee of a consolidated document has the summary only as it was forwarded: that container counts.
        """
        kinds = {
            SummaryInformation: DocumentType.TREATY_INFORMATION,
            ConsolidatedInformation: DocumentType.SUMMARY_INFORMATION,
        }
        kind = kinds.get(type(report))
        if kind is None or self.store is None:
            return None
        with self.store.snapshot() as transaction:
            rows = transaction.register.listed(document_type=kind, reporting_year=report.header.reporting_year)
        forwarded = self._forwarded_summary(judged, at) if judged is not None else ()
        return forwarded + tuple(
            rules.StoredDocument(
                document_id=row.document_id,
                body=row.sender,
                sha256=bytes.fromhex(row.container),
                verdict=VERDICTS[self._judge(row, at).verdict],
            )
            for row in rows
        )

    def _forwarded_summary(self, judged: Judged, at: datetime) -> tuple[rules.StoredDocument, ...]:
        if not isinstance(judged.report, ConsolidatedInformation) or self.trust is None:
            return ()
        found: list[rules.StoredDocument] = []
        for item in judged.objects.values():
            if not item.name.endswith(".asice"):
                continue
            content = item.read()
            inner = judge_bytes(content, KeptBlob(sha256=sha256_of(content), size=len(content)), self.trust, at=at)
            if not isinstance(inner.report, SummaryInformation) or not self._is_summary_of(inner.report, judged.report):
                continue
            found.append(
                rules.StoredDocument(
                    document_id=inner.report.header.document_id,
                    body=inner.report.header.sender.code,
                    sha256=bytes(item.sha256),
                    verdict=self._verdict_on_author(inner, inner.report),
                )
            )
        return tuple(found)

    def _is_summary_of(self, inner: SummaryInformation, outer: ConsolidatedInformation) -> bool:
        """Whether this is the summary that the consolidated document may rest on: of its year, by the body of that leg."""
        try:
            ruleset = self.rulesets.find(inner.header.ruleset.id, inner.header.ruleset.version)
            leg = ruleset.leg(DocumentType.SUMMARY_INFORMATION)
            day = inner.header.registration_date
            author = ruleset.body_of(leg.sender, on=day) if leg is not None and day is not None else None
        except Final:
            return False
        return inner.header.reporting_year == outer.header.reporting_year and inner.header.sender.code == author

    def _verdict_on_author(self, inner: Judged, report: Report) -> SignatureVerdict:
        """The verdict on a forwarded container, which nobody here registered: valid only when its body's head signed it."""
        verdict = VERDICTS[inner.verdict]
        if verdict is not SignatureVerdict.VALID:
            return verdict
        signer = self._signer(inner, report)
        if signer is None:
            return SignatureVerdict.INDETERMINATE
        is_own = signer.body == report.header.sender.code and signer.capacity is not None
        return SignatureVerdict.VALID if is_own else SignatureVerdict.INVALID

    def _judge(self, row: RegisteredDocument, at: datetime) -> Judged:
        assert self.store is not None  # a row comes from the store
        assert self.trust is not None  # a node has both or neither
        kept = KeptBlob(sha256=row.container, size=row.container_size)
        return judge(kept, self.store.blobs, self.trust, at=at)


def _named_by(report: SummaryInformation | PublishedResults) -> frozenset[DocumentId] | None:
    if isinstance(report, SummaryInformation):
        return frozenset(item.document_ref.document_id for item in report.source_submissions)
    return None


def _signature(judged: Judged, at: datetime) -> rules.SignatureFact:
    signature = judged.validation.signatures[0] if judged.validation.signatures else None
    passed = judged.verdict is ContainerVerdict.PASSED
    sub = judged.validation.sub_indication
    state = rules.CertificateState.VALID if passed else rules.CertificateState.UNKNOWN
    if sub is not None:
        state = _CERTIFICATE_STATES.get(sub, state)
    return rules.SignatureFact(
        verdict=VERDICTS[judged.verdict],
        # The verifier ends TOTAL-PASSED only when every signature covers every data object.
        covers_all=True if passed else None,
        certificate=state,
        signing_time=(signature.signing_time if signature is not None else None) or at,
        sub_indication=sub.value if sub else None,
    )


def _forwarded(report: Report) -> bytes | None:
    """Digest of the attached summary container, where a consolidated document forwards one."""
    if not isinstance(report, ConsolidatedInformation):
        return None
    for attachment in report.header.attachments:
        if attachment.file_name.endswith(".asice"):
            return attachment.digest.value
    return None


def _found(attached: Attached) -> rules.FoundFile:
    digest, size = hashlib.sha256(), 0
    with attached.open() as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return rules.FoundFile(name=attached.name, size=size, sha256=digest.digest())
