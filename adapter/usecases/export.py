"""Everything about one document as a folder that an auditor needs nothing else for: no program of ours, no network, no trust.

    evidence.json             what the folder is, and the digest of every file in it
    evidence.json.p7s         the seal: detached CMS over evidence.json, by a key of the exporting body
    document.asice            the container exactly as it travelled
    handed-over.asice         the container as it was handed over, where its time-stamp was not to be had then
    document.pdf              the printed form, for reading without any program
    messages/NNN-<what>.xml   raw answers and notices of the exchange, byte for byte
    answers/attempt-N-*.bin   answers that took nothing: faults, error pages
    receipts/NNN-<what>.asice signed Receipts and ProcessingResponses
    statements/NNN-<kind>.xml what the sender's node stated itself: submission receipt, non-delivery; signed
    certificates/*.cer        certificates that messages only name; they help to find a path and are trusted for nothing
    attempts.json             every attempt to send: when, what came of it, digest of the message
    audit.json                the segment of the audit chain from the first to the last event about the document

The messages that we sent are named by digest and not included: they carry the password of our account.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import signing
from adapter.domain.audit_event import ChainedEvent
from adapter.domain.delivery import Attempt, Delivery
from adapter.domain.document import DocumentId, Sha256
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.domain.receipt import Receipt, ReceiptKind
from adapter.domain.statement import Statement
from adapter.errors import Final
from adapter.ports import Blobs, Clock, EvidenceFolder, KeptBlob, Store
from adapter.usecases.evidence_json import attempt_json, delivery_json, event_json, json_bytes, registered_json
from adapter.usecases.evidence_own import VERSION, name_of
from adapter.usecases.evidence_seal import SEAL, owned, parties_of
from adapter.usecases.obtain_stamp import travelled
from adapter.usecases.sign import Baseline, detached
from adapter.usecases.sign_refusals import refuse_unfit_key
from adapter.usecases.sign_statements import SignStatements
from adapter.usecases.verified_container import RENDITION_NAME, Judged, Trust, judge, sha256_of

WITHOUT_STATEMENTS = "elshi-evidence/2"
"""The form before nodes stated anything themselves; it demands the seal, too. A reader refuses forms that it does not know
by name."""

MANIFEST = "evidence.json"
CONTAINER = "document.asice"
PRINTED_FORM = "document.pdf"
HANDED_OVER = "handed-over.asice"
_CHUNK = 256 * 1024
_SHOWN = 5
_UNFINISHED = ".partial"
"""How the folder names a file that is being written (storage/evidence_folder.py)."""
"""Names of files that stand in the way; all are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """What was written: names and digests, in order."""

    document_id: DocumentId
    files: Mapping[str, Sha256]


@dataclass(slots=True)
class _Written:
    """The folder while it is written: first what will lie in it, then the digest of every file."""

    folder: EvidenceFolder
    planned: dict[str, tuple[Iterable[bytes], dict[str, object]]] = field(default_factory=dict)
    files: dict[str, dict[str, object]] = field(default_factory=dict)

    def put(self, name: str, content: Iterable[bytes], **facts: object) -> None:
        """Plan a file; nothing is read or written yet."""
        self.planned[name] = content, facts

    def write(self) -> None:
        """Write what is planned, in order."""
        for name, (content, facts) in self.planned.items():
            self._write(name, content, facts)

    def _write(self, name: str, content: Iterable[bytes], facts: Mapping[str, object]) -> None:
        digest, size = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in content:
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        self.folder.put(name, counted())
        self.files[name] = {"sha256": digest.hexdigest(), "size": size, **facts}


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """Works on both sides: for what we sent and for what we registered.

    certificates    DER of the exchange's signing certificates, which its messages name and do not carry
    baseline        level and authority of the seal's time-stamp; None: level B-B
    seal_key        the key of our body that seals the folder; asked for before anything is written
    """

    store: Store
    clock: Clock
    trust: Trust
    own: str
    seal_key: Callable[[], signing.SigningKey]
    statements: SignStatements
    signing_policy: signing.SigningPolicy
    certificates: tuple[bytes, ...] = ()
    baseline: Baseline | None = None

    def __call__(self, document_id: DocumentId, folder: EvidenceFolder) -> Exported:
        """Write the folder; evidence.json comes last, so that a folder that was broken off is none.

        Raises Final `export.no-such-document`, `export.key-of-another-body`, `export.folder-in-use`, `sign.*` for a key
        that may not seal.
        """
        with self.store.snapshot() as transaction:
            deliveries = tuple(
                delivery
                for delivery in transaction.outbox.of_document(document_id)
                if delivery.content_kind is ContentKind.DOCUMENT
            )
            registered = transaction.register.find(document_id)
            sent = next(
                (kept for kept in (travelled(transaction, each) for each in deliveries) if kept is not None), None
            )
            attempts = {delivery.id: transaction.outbox.attempts(delivery.id) for delivery in deliveries}
            receipts = transaction.receipts.of_document(document_id)
            stated = transaction.statements.of_document(document_id)
            own_events = transaction.audit.of_document(document_id)
            segment = _segment(transaction.audit.events, own_events)
        container = (
            sent if registered is None else KeptBlob(sha256=registered.container, size=registered.container_size)
        )
        if container is None:
            raise Final("export.no-such-document", params={"document": document_id})
        now = self.clock.now()
        key = self.seal_key()
        refuse_unfit_key(key, at=now)
        judged = judge(container, self.store.blobs, self.trust, at=now)
        self._refuse_key_of_another_body(key, judged)
        written = _Written(folder=folder)
        _documents(written, container, judged, self.store.blobs)
        _handed_over(written, deliveries, container, self.store.blobs)
        self._answers(written, receipts)
        self._stated(written, stated)
        self._other_answers(written, [item for each in attempts.values() for item in each], receipts)
        for certificate in self.certificates:
            name = hashlib.sha256(certificate).hexdigest()[:16]
            written.put(f"certificates/{name}.cer", [certificate], what="certificate")
        written.put("attempts.json", [json_bytes([attempt_json(item) for each in attempts.values() for item in each])])
        written.put("audit.json", [json_bytes([event_json(item) for item in segment])])
        _refuse_folder_in_use(folder, document_id, container.sha256, written.planned)
        written.write()
        manifest = {
            "version": VERSION,
            "documentId": document_id,
            "exportedBy": self.own,
            "exportedAt": now.isoformat(),
            "container": container.sha256,
            "deliveries": [delivery_json(delivery, stated) for delivery in deliveries],
            "registered": registered_json(registered) if registered else None,
            "files": written.files,
        }
        sealed = json_bytes(manifest)
        seal = detached(
            lambda: [sealed],
            key,
            policy=self.signing_policy,
            trust=self.trust,
            at=now,
            code="sign.seal-verification",
            baseline=self.baseline,
        )
        folder.put(SEAL, [seal])
        folder.put(MANIFEST, [sealed])
        return Exported(
            document_id=document_id,
            files={name: Sha256(str(facts["sha256"])) for name, facts in written.files.items()},
        )

    def _refuse_key_of_another_body(self, key: signing.SigningKey, judged: Judged) -> None:
        """A seal that every auditor would refuse is not made."""
        parties = parties_of(judged).get(self.own, ())
        signer = signing.certificate_facts(key.certificate_chain[0])
        if owned(parties, signer) is False:
            raise Final("export.key-of-another-body", params={"body": self.own, "signer": signer.common_name or ""})

    def _answers(self, written: _Written, receipts: tuple[Receipt, ...]) -> None:
        for number, receipt in enumerate(receipts, start=1):
            is_message = receipt.kind in {ReceiptKind.GATEWAY_ANSWER, ReceiptKind.NOTICE}
            name = (
                f"messages/{number:03}-{receipt.kind.value}-{_safe(receipt.says)}.xml"
                if is_message
                else f"receipts/{number:03}-{receipt.kind.value}.asice"
            )
            written.put(
                name,
                _chunks(self.store.blobs, receipt.raw),
                what=receipt.kind.value,
                says=receipt.says,
                verdict=receipt.verdict.value,
                receivedAt=receipt.received_at.isoformat(),
                number=receipt.registration_number,
                statedDigest=receipt.stated_digest,
                dispute=receipt.is_dispute,
            )

    def _stated(self, written: _Written, statements: tuple[Statement, ...]) -> None:
        """In their signed form, made now where it was not to be had before. Raises what signing raises."""
        for statement in statements:
            signed = self.statements.sign(statement)
            written.put(
                name_of(statement.sequence, statement.kind),
                _chunks(self.store.blobs, signed.sha256),
                what=statement.kind.value,
                digest=statement.digest,
            )

    def _other_answers(self, written: _Written, attempts: Sequence[Attempt], receipts: tuple[Receipt, ...]) -> None:
        """Answers that took nothing: faults, error pages. They explain the tries and prove nothing else."""
        known = {receipt.raw for receipt in receipts}
        for attempt in attempts:
            if attempt.answer is None or attempt.answer in known:
                continue
            written.put(
                f"answers/attempt-{attempt.number:03}-{attempt.outcome.value}.bin",
                _chunks(self.store.blobs, attempt.answer),
                what="answer",
                code=attempt.code,
            )


def _refuse_folder_in_use(
    folder: EvidenceFolder, document_id: DocumentId, container: Sha256, planned: Container[str]
) -> None:
    """What lies in the folder and would not be replaced would make it fail for every auditor.

    Taken are a folder that is not there, an empty one, and an export of this document, an earlier one or one that was
    broken off, all of whose files this export writes again.
    """
    try:
        present = set(folder.names())
    except Final as error:
        if error.code != "evidence.no-such-folder":
            raise
        return
    foreign = sorted(name for name in present if not _is_written_again(name.removesuffix(_UNFINISHED), planned))
    if foreign or (present and not _is_of_document(folder, present, document_id, container)):
        names = foreign or sorted(present)
        raise Final("export.folder-in-use", params={"count": len(names), "names": ", ".join(names[:_SHOWN])})


def _is_written_again(name: str, planned: Container[str]) -> bool:
    return name in planned or name in {MANIFEST, SEAL}


def _is_of_document(
    folder: EvidenceFolder, present: Collection[str], document_id: DocumentId, container: Sha256
) -> bool:
    """By its list; without one by the container, which is written first; unfinished files alone are nobody's."""
    if MANIFEST in present:
        try:
            manifest = json.loads(folder.get(MANIFEST))
        except (ValueError, RecursionError):
            return False
        return isinstance(manifest, dict) and manifest.get("documentId") == document_id
    if CONTAINER in present:
        return sha256_of(folder.get(CONTAINER)) == container
    return all(name.endswith(_UNFINISHED) for name in present)


def _documents(written: _Written, container: KeptBlob, judged: Judged, blobs: Blobs) -> None:
    written.put(CONTAINER, _chunks(blobs, container.sha256), what="container")
    rendition = judged.objects.get(RENDITION_NAME)
    if rendition is not None:
        written.put(PRINTED_FORM, [rendition.read()], what="printed-form")


def _handed_over(written: _Written, deliveries: tuple[Delivery, ...], sent: KeptBlob, blobs: Blobs) -> None:
    """What the submission receipt names, where the time-stamp came later and made another file of it."""
    for delivery in deliveries:
        content = delivery.content
        if isinstance(content, OutgoingDocument) and content.stamp_pending and content.files[0].sha256 != sent.sha256:
            written.put(HANDED_OVER, _chunks(blobs, content.files[0].sha256), what="handed-over")
            return


def _segment(read: object, own: tuple[ChainedEvent, ...]) -> tuple[ChainedEvent, ...]:
    """The unbroken stretch of the chain from the first to the last event about the document."""
    if not own:
        return ()
    first, last = own[0].sequence, own[-1].sequence
    assert callable(read)
    found: list[ChainedEvent] = []
    after = first - 1
    while after < last:
        page: tuple[ChainedEvent, ...] = read(after=after, limit=min(1000, last - after))
        if not page:
            break
        found += page
        after = page[-1].sequence
    return tuple(found)


def _chunks(blobs: Blobs, sha256: Sha256) -> Iterator[bytes]:
    with blobs.open(sha256) as source:
        while chunk := source.read(_CHUNK):
            yield chunk


def _safe(text: str) -> str:
    """A word of the exchange as part of a file name: what is not a letter, digit or hyphen is dropped."""
    return "".join(
        character for character in text if character.isascii() and (character.isalnum() or character == "-")
    )[:40]
