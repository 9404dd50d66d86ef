"""What an auditor is told: a verdict for each file or folder, and how the documents judged rest on each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import signing
from adapter.domain.reference import OrgRef
from adapter.domain.report import (
    ConsolidatedInformation,
    PublishedResults,
    Report,
    SummaryInformation,
)
from adapter.usecases.verified_container import Judged

PASSED, FAILED, INDETERMINATE = (
    signing.Indication.TOTAL_PASSED.value,
    signing.Indication.TOTAL_FAILED.value,
    signing.Indication.INDETERMINATE.value,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The verdict on one file or folder.

    checks      {id, conclusion, params}: what was examined besides the signatures, in order
    subject     what the document is: type, identifier, sender, year; None when it could not be read
    links       (kind, identifier, digest) of the documents this one rests on
    seal        of an evidence folder: verdict on the exporter's seal, and what evidence.json says of its making
    terms       under which it was judged: kind of the signed thing, policy, anchors, validation time
    sha256      of the file as it was judged; None for a folder
    evidence    of a time-stamp, OCSP answer, CRL or certificate that lies by itself: what it states; None for others
    error       why it could not be judged: an error code with its parameters; the indication is then INDETERMINATE
    """

    file: str
    indication: str
    sub_indication: str | None
    signatures: tuple[Mapping[str, Any], ...]
    checks: tuple[Mapping[str, Any], ...]
    subject: Mapping[str, Any] | None = None
    container: str | None = None
    links: tuple[tuple[str, str, str], ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()
    seal: Mapping[str, Any] | None = None
    terms: Mapping[str, str] | None = None
    sha256: str | None = None
    evidence: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values; the first four names are fixed for scripts."""
        return {
            "file": self.file,
            "indication": self.indication,
            "sub_indication": self.sub_indication,
            "signatures": [dict(item) for item in self.signatures],
            "checks": [dict(item) for item in self.checks],
            "subject": dict(self.subject) if self.subject else None,
            "container": self.container,
            "links": [
                {"kind": kind, "documentId": document, "digest": digest} for kind, document, digest in self.links
            ],
            "history": [dict(item) for item in self.history],
            "seal": dict(self.seal) if self.seal else None,
            "terms": dict(self.terms) if self.terms else None,
            "sha256": self.sha256,
            "evidence": dict(self.evidence) if self.evidence else None,
            **(self.error or {"error": None}),
        }


def unjudged(name: str, error: Mapping[str, Any]) -> Verdict:
    """The row of a file that could not be judged; `error` as texts.error_as_json gives it, without its place's file."""
    told = {key: error[key] for key in ("error", "params", "text", "toDo")}
    return Verdict(file=name, indication=INDETERMINATE, sub_indication="GENERIC", signatures=(), checks=(), error=told)


def of_container(name: str, judged: Judged) -> Verdict:
    """The verdict on a container: its signatures, what the document says of itself and what it rests on."""
    verdict = of_report(name, judged.validation)
    checks = list(verdict.checks)
    if judged.validation.indication is signing.Indication.TOTAL_PASSED:
        for finding in judged.findings:
            params = {key: str(value) for key, value in finding.params.items()}
            checks.append(check(f"document.{finding.code}", FAILED, **params))
        if not judged.findings:
            checks.append(check("document.content", PASSED))
        if judged.report is not None:
            checks += _signers_of_sender(judged.validation, judged.report.header.sender)
    return joined(
        Verdict(
            file=name,
            indication=verdict.indication,
            sub_indication=verdict.sub_indication,
            signatures=verdict.signatures,
            checks=(),
            subject=_subject(judged.report) if judged.report else None,
            container=judged.container.blob if judged.container else None,
            links=_links(judged.report) if judged.report else (),
            terms=verdict.terms,
        ),
        checks,
    )


def _signers_of_sender(validation: signing.ValidationReport, sender: OrgRef) -> Iterator[Mapping[str, Any]]:
    """Whether each signature is of the body that the document names as its sender: any other's proves nothing of it.

    The BIN that the document states decides; where document or certificate gives none, the name of the organisation
    may still say that it is the sender's, and otherwise nobody can tell.
    """
    names = {_folded(sender.name.kk), _folded(sender.name.ru)}
    for signature in validation.signatures:
        signer = signature.signer
        found = signer.bin if signer is not None else None
        if sender.bin is not None and found is not None:
            conclusion = PASSED if found == sender.bin else FAILED
        else:
            is_named = signer is not None and signer.organization and _folded(signer.organization) in names
            conclusion = PASSED if is_named else INDETERMINATE
        yield check(
            "document.signer-of-sender", conclusion, body=sender.code, stated=sender.bin or "", found=found or ""
        )


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def of_report(name: str, report: signing.ValidationReport) -> Verdict:
    """The verdict that a validation report is."""
    plain = report.as_json()
    return Verdict(
        file=name,
        indication=plain["indication"],
        sub_indication=plain["sub_indication"],
        signatures=tuple(plain["signatures"]),
        checks=tuple(plain["checks"]),
        terms={key: plain[key] for key in ("kind", "policy", "anchors", "at")},
    )


def check(identifier: str, conclusion: str, **params: str) -> Mapping[str, Any]:
    """One check besides the signatures; `conclusion` is one of the three indications, or NOT-SIGNED."""
    words = {PASSED: "PASSED", FAILED: "FAILED", "NOT-SIGNED": "NOT_PERFORMED"}
    return {
        "id": identifier,
        "conclusion": words.get(conclusion, conclusion),
        "sub_indication": None,
        "params": params,
    }


def joined(
    verdict: Verdict, checks: Sequence[Mapping[str, Any]], history: tuple[Mapping[str, Any], ...] = ()
) -> Verdict:
    """The verdict with further checks: a failed one fails it, one that cannot tell leaves it undecided."""
    everything = (*verdict.checks, *checks)
    conclusions = {str(item["conclusion"]) for item in everything}
    indication, sub = verdict.indication, verdict.sub_indication
    if indication != FAILED and "FAILED" in conclusions:
        indication, sub = FAILED, sub or "SIG_CONSTRAINTS_FAILURE"
    elif indication == PASSED and "INDETERMINATE" in conclusions:
        indication, sub = INDETERMINATE, "GENERIC"
    return replace(
        verdict,
        indication=indication,
        sub_indication=sub,
        checks=everything,
        history=history or verdict.history,
    )


def _subject(report: Report) -> Mapping[str, Any]:
    header = report.header
    return {
        "documentType": header.document_type.value,
        "documentId": header.document_id,
        "sender": header.sender.code,
        "senderName": {"kk": header.sender.name.kk, "ru": header.sender.name.ru},
        "recipient": header.recipient.code if header.recipient else None,
        "reportingYear": header.reporting_year,
        "number": header.registration_number,
        "date": header.registration_date.isoformat() if header.registration_date else None,
        "ruleset": f"{header.ruleset.id}@{header.ruleset.version}",
    }


def _links(report: Report) -> tuple[tuple[str, str, str], ...]:
    if isinstance(report, SummaryInformation):
        return tuple(
            ("source-submission", item.document_ref.document_id, item.digest.value.hex())
            for item in report.source_submissions
        )
    if isinstance(report, ConsolidatedInformation):
        source = report.source_summary
        return (("source-summary", source.document_ref.document_id, source.digest.value.hex()),)
    if isinstance(report, PublishedResults):
        return (("published-from", report.source.document_id, ""),)
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One step of the chain of documents: PASSED when the digest agrees, FAILED when not, INDETERMINATE when not given."""

    kind: str
    source: str
    target: str
    conclusion: str


def chain_of(verdicts: Sequence[Verdict]) -> tuple[Link, ...]:
    """Lay the documents' statements about each other beside what was judged; a target that is not here cannot be told."""
    by_document = {str(item.subject["documentId"]): item for item in verdicts if item.subject}
    links: list[Link] = []
    for verdict in verdicts:
        if verdict.subject is None:
            continue
        for kind, document, digest in verdict.links:
            target = by_document.get(document)
            if target is None:
                conclusion = INDETERMINATE
            elif target.indication != PASSED or (digest and target.container != digest):
                conclusion = FAILED
            else:
                conclusion = PASSED
            links.append(
                Link(kind=kind, source=str(verdict.subject["documentId"]), target=document, conclusion=conclusion)
            )
    return tuple(links)
