"""An evidence folder to a verdict.

It is judged in this order, and one file that fails makes the folder fail:

    1 folder      every file stands in evidence.json with its digest, and nothing else is there; nothing that the form
                  demands is left out, and nothing is of a kind it does not know (evidence_form.py)
    2 container   signature, document, printed form, attachments
    3 receipts    each signed Receipt names the digest of this container (Law 370-II, article 7)
    4 messages    raw answers and notices: signature and speaker judged, what they say (evidence_messages.py)
    5 chain       every audit event follows from the one before it
    6 own         what the sender's node stated itself: signature, author, digests, event of the chain (evidence_own.py)
    7 statements  what evidence.json states is what the steps before have shown (evidence_statements.py)
    8 seal        the exporting body has signed evidence.json (evidence_seal.py)

Trust anchors come from the command, never from the folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import signing
from adapter.domain.audit_event import ChainedEvent, first_break
from adapter.domain.document import Sha256
from adapter.domain.incoming import Interpreted
from adapter.domain.receipt import ReceiptKind
from adapter.domain.report import ProcessingResponse, Receipt, Report
from adapter.ports import EvidenceFolder, KeptBlob
from adapter.usecases.evidence_form import form
from adapter.usecases.evidence_json import event_of, read_json
from adapter.usecases.evidence_messages import Envelopes, Read, Speakers, judge_messages
from adapter.usecases.evidence_own import VERSION, Beside, judge_own_statements
from adapter.usecases.evidence_seal import SEAL, UNSEALED, JudgedSeal, Party, judge_seal, parties_of
from adapter.usecases.evidence_statements import Answer, Shown, statements
from adapter.usecases.export import CONTAINER, HANDED_OVER, MANIFEST, PRINTED_FORM, WITHOUT_STATEMENTS
from adapter.usecases.verdict import FAILED, INDETERMINATE, PASSED, Verdict, check, joined, of_container
from adapter.usecases.verified_container import RENDITION_NAME, Judged, Trust, judge_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyFolder:
    """The auditor's deed on a whole folder.

    interpret   reads a raw message of the exchange; only what it says is used, never as a ground to trust it
    exchange    DER of the certificates that the auditor knows as the exchange's; none: its messages' speaker is not pinned
    at          validation time of the document and the answers to it
    seal_at     validation time of the seal, which was made later than they: at the export
    """

    trust: Trust
    envelope_trust: Trust
    interpret: Callable[[bytes], Interpreted]
    at: datetime
    seal_at: datetime
    exchange: tuple[bytes, ...] = ()

    def __call__(self, name: str, folder: EvidenceFolder) -> Verdict:
        """Judge an evidence folder."""
        checks: list[Mapping[str, Any]] = []
        raw = _raw_manifest(folder, checks)
        manifest = _manifest(raw, checks) if raw is not None else None
        if raw is None or manifest is None:
            return Verdict(
                file=name, indication=FAILED, sub_indication="FORMAT_FAILURE", signatures=(), checks=tuple(checks)
            )
        contents = _contents(folder, manifest, checks)
        bytes_of_container = contents.get(CONTAINER)
        if bytes_of_container is None:
            checks.append(check("evidence.container", FAILED, name=CONTAINER))
            seal = self._seal(folder, raw, manifest, {})
            nothing = Verdict(
                file=name, indication=FAILED, sub_indication="SIGNED_DATA_NOT_FOUND", signatures=(), checks=()
            )
            return replace(joined(nothing, [*checks, *seal.checks]), seal=seal.as_json(manifest))
        digest = hashlib.sha256(bytes_of_container).hexdigest()
        kept = KeptBlob(sha256=Sha256(digest), size=len(bytes_of_container))
        judged = judge_bytes(bytes_of_container, kept, self.trust, at=self.at)
        verdict = of_container(name, judged)
        same = digest == manifest.get("container")
        checks.append(check("evidence.container-digest", PASSED if same else FAILED, digest=digest))
        document = verdict.subject.get("documentId") if verdict.subject else None
        if document is not None:
            agrees = document == manifest.get("documentId")
            checks.append(check("evidence.document-id", PASSED if agrees else FAILED, document=str(document)))
        checks += form(manifest, contents, judged)
        receipts = self._receipts(contents, digest, judged.report, checks)
        parties = parties_of(judged)
        seal = self._seal(folder, raw, manifest, parties)
        speakers = Speakers(exchange=self.exchange, parties=parties, document=judged.validation, seal=seal.signers)
        messages = judge_messages(contents, document, self._envelopes, speakers, checks)
        history = [one.event for one in (*receipts, *messages) if one.event is not None]
        events = _chain(contents, manifest.get("documentId"), checks)
        _printed_form(contents, judged, checks)
        _claims(manifest, checks, history)
        answers = [one.answer for one in (*receipts, *messages) if one.answer is not None]
        beside = Beside(
            document=judged,
            container=_handed_over(contents, bytes_of_container, checks) or digest,
            parties=parties,
            events=events,
            trust=self.trust,
            at=self.at,
        )
        own = judge_own_statements(contents, beside, checks)
        sizes = {file: len(content) for file, content in contents.items()}
        shown = Shown(document=judged, document_id=document, sizes=sizes, answers=answers, own=own, events=events)
        checks += statements(manifest, shown)
        checks += seal.checks
        history.sort(key=lambda item: str(item["at"]))
        return replace(joined(verdict, checks, tuple(history)), seal=seal.as_json(manifest))

    # --- steps --------------------------------------------------------------------------------------------------------
    def _receipts(
        self, contents: Mapping[str, bytes], digest: str, document: Report | None, checks: list[Mapping[str, Any]]
    ) -> list[Read]:
        """Step 3. What stands among the receipts is one: of the addressee, about this document, for these bytes."""
        read: list[Read] = []
        for name in sorted(contents):
            if not name.startswith("receipts/"):
                continue
            content = contents[name]
            kept = KeptBlob(sha256=Sha256(hashlib.sha256(content).hexdigest()), size=len(content))
            judged = judge_bytes(content, kept, self.trust, at=self.at)
            indication = judged.validation.indication.value
            checks.append(check("evidence.receipt-signature", indication, name=name))
            if indication == PASSED:
                author = _author(name, judged, document)
                indication = {"PASSED": PASSED, "FAILED": FAILED}.get(author["conclusion"], INDETERMINATE)
                checks.append(author)
            if judged.validation.indication.value == PASSED and not isinstance(
                judged.report, Receipt | ProcessingResponse
            ):
                checks.append(check("evidence.receipt-digest", FAILED, name=name, stated=""))
            if isinstance(judged.report, Receipt | ProcessingResponse) and document is not None:
                about = _about(judged.report)
                agrees = about == document.header.document_id
                checks.append(
                    check("evidence.message-subject", PASSED if agrees else FAILED, name=name, document=about)
                )
            if isinstance(judged.report, Receipt):
                stated = judged.report.ref_document.digest.value.hex()
                checks.append(
                    check("evidence.receipt-digest", PASSED if stated == digest else FAILED, name=name, stated=stated)
                )
            read.append(_read_receipt(name, judged, indication))
        return read

    @property
    def _envelopes(self) -> Envelopes:
        return Envelopes(trust=self.envelope_trust, interpret=self.interpret, at=self.at)

    def _seal(
        self, folder: EvidenceFolder, raw: bytes, manifest: Mapping[str, Any], parties: Mapping[str, Sequence[Party]]
    ) -> JudgedSeal:
        """Step 8."""
        seal = folder.get(SEAL) if SEAL in set(folder.names()) else None
        return judge_seal(seal, raw, manifest, parties=parties, trust=self.trust, at=self.seal_at)


def _read_receipt(name: str, judged: Judged, indication: str) -> Read:
    report = judged.report
    if isinstance(report, ProcessingResponse):
        answer = Answer(name=name, kind=ReceiptKind.PROCESSING_RESPONSE, says=report.outcome.value, verdict=indication)
        return Read(answer=answer, event=None)
    if not isinstance(report, Receipt):
        return Read(answer=None, event=None)
    answer = Answer(
        name=name,
        kind=ReceiptKind.SIGNED_RECEIPT,
        says="received",
        verdict=indication,
        number=report.incoming_number,
        stated_digest=report.ref_document.digest.value.hex(),
    )
    event = {
        "at": report.received_at.isoformat(),
        "what": "receipt",
        "who": report.header.sender.code,
        "number": report.incoming_number,
        "verdict": indication,
    }
    return Read(answer=answer, event=event)


def _about(answer: Receipt | ProcessingResponse) -> str:
    """The document that an answer speaks of."""
    if isinstance(answer, Receipt):
        return answer.ref_document.document_ref.document_id
    return answer.ref_document.document_id


def _author(name: str, judged: Judged, document: Report | None) -> Mapping[str, Any]:
    """Whether the body that the document went to made and signed this answer: a sender's receipt for itself is none.

    The number in the certificate is compared with the one that the signed document gives its recipient. Where it gives
    none, nothing signed says whose the certificate must be, and any under the anchors would do: nobody can tell.
    """
    recipient = document.header.recipient if document is not None else None
    signer = judged.validation.signatures[0].signer if judged.validation.signatures else None
    found = (signer.bin if signer is not None else None) or ""
    stated = (recipient.bin if recipient is not None else None) or ""
    speaker = judged.report.header.sender.code if judged.report is not None else ""
    if recipient is not None and judged.report is not None and speaker != recipient.code:
        conclusion = FAILED
    elif not stated or judged.report is None:
        conclusion = INDETERMINATE
    else:
        conclusion = PASSED if found == stated else FAILED
    return check("evidence.receipt-author", conclusion, name=name, body=speaker, stated=stated, found=found)


def _raw_manifest(folder: EvidenceFolder, checks: list[Mapping[str, Any]]) -> bytes | None:
    """The bytes, read once: what is understood is what the seal is judged over."""
    if MANIFEST not in set(folder.names()):
        checks.append(check("evidence.manifest", FAILED, reason="absent"))
        return None
    return folder.get(MANIFEST)


def _manifest(raw: bytes, checks: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    try:
        manifest = read_json(raw)
    except (ValueError, RecursionError):
        checks.append(check("evidence.manifest", FAILED, reason="unreadable"))
        return None
    if (
        not isinstance(manifest, dict)
        or manifest.get("version") not in (VERSION, WITHOUT_STATEMENTS, UNSEALED)
        or not isinstance(manifest.get("files"), dict)
    ):
        checks.append(check("evidence.manifest", FAILED, reason="version"))
        return None
    checks.append(check("evidence.manifest", PASSED))
    return manifest


def _contents(
    folder: EvidenceFolder, manifest: Mapping[str, Any], checks: list[Mapping[str, Any]]
) -> Mapping[str, bytes]:
    """Step 1. Only files whose digest agrees are handed on."""
    declared: Mapping[str, Any] = manifest["files"]
    present = set(folder.names()) - {MANIFEST, SEAL}
    contents: dict[str, bytes] = {}
    for name in sorted(set(declared) | present):
        facts = declared.get(name)
        stated = facts.get("sha256") if isinstance(facts, dict) else None
        if name not in present or stated is None:
            reason = "absent" if name not in present else "undeclared"
            checks.append(check("evidence.file", FAILED, name=name, reason=reason))
            continue
        content = folder.get(name)
        if hashlib.sha256(content).hexdigest() != stated:
            checks.append(check("evidence.file", FAILED, name=name, reason="digest"))
            continue
        contents[name] = content
    if len(contents) == len(declared) == len(present):
        checks.append(check("evidence.files", PASSED, count=str(len(contents))))
    return contents


def _handed_over(contents: Mapping[str, bytes], container: bytes, checks: list[Mapping[str, Any]]) -> str | None:
    """Digest of the container that the node took over, where its time-stamp came later: it is this one but for that."""
    lower = contents.get(HANDED_OVER)
    if lower is None:
        return None
    same = signing.is_raised_from(container, lower)
    checks.append(check("evidence.handed-over", PASSED if same else FAILED, name=HANDED_OVER))
    return hashlib.sha256(lower).hexdigest() if same else None


def _printed_form(contents: Mapping[str, bytes], judged: Judged, checks: list[Mapping[str, Any]]) -> None:
    """The page for reading without any program is the one under the signature."""
    page = contents.get(PRINTED_FORM)
    if page is None:
        return
    signed = judged.objects.get(RENDITION_NAME)
    same = signed is not None and hashlib.sha256(page).digest() == signed.sha256
    checks.append(check("evidence.printed-form", PASSED if same else FAILED, name=PRINTED_FORM))


def _claims(manifest: Mapping[str, Any], checks: list[Mapping[str, Any]], history: Sequence[Mapping[str, Any]]) -> None:
    """What the folder says is proved has to be proved by what lies in it: an absent receipt is no receipt."""
    deliveries = manifest.get("deliveries")
    claims = (
        {str(one.get("proof")) for one in deliveries if isinstance(one, dict)}
        if isinstance(deliveries, list)
        else set()
    )
    proven = {
        "digest": any(one["id"] == "evidence.receipt-digest" and one["conclusion"] == "PASSED" for one in checks),
        "notice": any(one["what"] == "registered" and one["verdict"] == PASSED for one in history),
    }
    missing = sorted(claim for claim in claims & set(proven) if not proven[claim])
    # A receipt whose signature or author nobody can judge here is not an absent one: the verdict is "cannot tell".
    undecided = {"evidence.receipt-signature", "evidence.receipt-author"}
    unjudged = any(one["id"] in undecided and one["conclusion"] == INDETERMINATE for one in checks)
    checks.extend(
        check("evidence.proof-missing", INDETERMINATE if claim == "digest" and unjudged else FAILED, claim=claim)
        for claim in missing
    )


def _chain(
    contents: Mapping[str, bytes], document: object, checks: list[Mapping[str, Any]]
) -> tuple[ChainedEvent, ...]:
    """Step 5. The events, when the chain holds."""
    raw = contents.get("audit.json")
    if raw is None:
        checks.append(check("evidence.audit-chain", FAILED, reason="absent"))
        return ()
    try:
        events = tuple(event_of(item) for item in read_json(raw))
        broken = first_break(events) if events else 0
    except (ArithmeticError, AttributeError, ValueError, KeyError, TypeError, RecursionError):
        checks.append(check("evidence.audit-chain", FAILED, reason="unreadable"))
        return ()
    if broken is None and not any(item.event.document_id == document for item in events):
        # An unbroken chain that never speaks of this document proves nothing about it.
        checks.append(check("evidence.audit-chain", FAILED, reason="other-document"))
        return ()
    if broken is not None:
        checks.append(check("evidence.audit-chain", FAILED, reason="broken", sequence=str(broken)))
        return ()
    checks.append(check("evidence.audit-chain", PASSED, count=str(len(events))))
    return events
