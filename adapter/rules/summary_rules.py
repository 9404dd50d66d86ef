"""BR-14, BR-15 and BR-16: what the summary and the consolidated information rest on, and must carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapter import texts
from adapter.domain.codes import ConsolidatedMode, RecommendationOrigin, SignatureVerdict
from adapter.domain.document import DocumentId
from adapter.domain.reference import SHA256_URI, Digest
from adapter.domain.report import ConsolidatedInformation, SummaryInformation
from adapter.rules.completeness import expected_bodies
from adapter.rules.facts import StoredDocument
from adapter.rules.language_rules import is_blank
from adapter.rules.subject import Hit, Subject, cannot_tell, joined, phrase

_COPY_ROLE: Final = "recommendation-copy"


def every_body_is_covered(subject: Subject) -> Iterator[Hit]:
    """BR-14a: a status for every body on the coverage list of the year."""
    report = subject.report
    if not isinstance(report, SummaryInformation):
        return
    coverage = subject.facts.coverage
    if coverage is None or coverage.year != report.header.reporting_year:
        yield cannot_tell("fact.coverage", ("coverage",))
        return
    covered = {line.body.code for line in report.coverage}
    missing = [body.code for body in expected_bodies(coverage, subject.ruleset) if body.code not in covered]
    if missing:
        bodies = joined(texts.label_of_code_in_all("bodies", code) for code in missing)
        yield Hit(path=("coverage",), params={"bodies": bodies})


def sources_verify_again(subject: Subject) -> Iterator[Hit]:
    """BR-14b: at signing, every submission used verifies once more and has the digest written down."""
    report = subject.report
    if not isinstance(report, SummaryInformation):
        return
    if subject.facts.stored is None:
        yield cannot_tell("fact.stored", ("source_submissions",))
        return
    for position, source in enumerate(report.source_submissions):
        stored = _stored(subject, source.document_ref.document_id)
        reason = _stored_fault(stored, source.digest)
        if reason is not None:
            body = stored.body if stored else None
            name = texts.label_of_code_in_all("bodies", body) if body else source.registration_number
            yield Hit(path=("source_submissions", position), params={"body": name, "reason": phrase(reason)})


def assessment_is_there(subject: Subject) -> Iterator[Hit]:
    """BR-15a: the summary has the foreign policy assessment of p.8."""
    report = subject.report
    if isinstance(report, SummaryInformation) and report.foreign_policy_assessment is None:
        yield Hit(path=("foreign_policy_assessment",))


def recommendations_have_copies(subject: Subject) -> Iterator[Hit]:
    """BR-15b: each recommendation of an international organization comes with its copy (p.9)."""
    report = subject.report
    if not isinstance(report, SummaryInformation):
        return
    copies = {attachment.id for attachment in report.header.attachments if attachment.role == _COPY_ROLE}
    for position, recommendation in enumerate(report.recommendations.recommendations):
        needs_copy = recommendation.origin is RecommendationOrigin.INTERNATIONAL_ORGANIZATION
        if needs_copy and recommendation.copy not in copies:
            parts = (recommendation.document_symbol, recommendation.paragraph)
            name = ", ".join(part for part in parts if part) or recommendation.recommendation_id
            path = ("recommendations", "recommendations", position, "copy")
            yield Hit(path=path, params={"recommendation": name})


def recommendations_or_none(subject: Subject) -> Iterator[Hit]:
    """BR-15c: recommendations, or the mark that there are none; never both, never neither."""
    report = subject.report
    if isinstance(report, SummaryInformation):
        given = report.recommendations
        if given.none == bool(given.recommendations):
            yield Hit(path=("recommendations",))


def summary_was_received(subject: Subject) -> Iterator[Hit]:
    """BR-16a: the summary named was received, its bytes have the digest named, and its signature verifies."""
    report = subject.report
    if not isinstance(report, ConsolidatedInformation):
        return
    source = report.source_summary
    stored = _stored(subject, source.document_ref.document_id)
    if subject.facts.stored is None:
        yield cannot_tell("fact.stored", ("source_summary",))
    elif stored is not None and stored.verdict is SignatureVerdict.INDETERMINATE:
        # Nobody is at fault for what we cannot judge here: an unknown business number, missing evidence.
        yield cannot_tell("fact.signature", ("source_summary",))
    elif _stored_fault(stored, source.digest) is not None or source.signature_verdict is not SignatureVerdict.VALID:
        yield Hit(path=("source_summary",))


def mode_fits_content(subject: Subject) -> Iterator[Hit]:
    """BR-16b: forwarded means the very bytes and no text; redrafted means a text of its own."""
    report = subject.report
    if not isinstance(report, ConsolidatedInformation):
        return
    params = {"mode": texts.label_of_code_in_all("consolidated-mode", report.mode.value)}
    if report.mode is ConsolidatedMode.REDRAFTED:
        if report.text is None or (is_blank(report.text.kk) and is_blank(report.text.ru)):
            yield Hit(path=("text",), params=params)
    elif report.text is not None:
        yield Hit(path=("text",), params=params)
    elif subject.facts.forwarded is None:
        yield cannot_tell("fact.forwarded", ("source_summary",))
    elif report.source_summary.digest != Digest(algorithm=SHA256_URI, value=subject.facts.forwarded):
        yield Hit(path=("source_summary", "digest"), params=params)


def _stored(subject: Subject, document_id: DocumentId) -> StoredDocument | None:
    return next((each for each in subject.facts.stored or () if each.document_id == document_id), None)


def _stored_fault(stored: StoredDocument | None, digest: Digest) -> str | None:
    """Why a document in the register cannot be rested on: the code of the reason, None when it can."""
    if stored is None:
        return "reason.not-stored"
    if stored.verdict is SignatureVerdict.INVALID:
        return "reason.stored-invalid"
    if stored.verdict is SignatureVerdict.INDETERMINATE:
        return "reason.stored-indeterminate"
    if digest.algorithm != SHA256_URI:
        return "reason.digest-algorithm"
    return None if digest.value == stored.sha256 else "reason.digest-differs"
