"""What is said of evidence that lies by itself: a time-stamp, an OCSP answer, a list, a certificate.

Sentences for the summary and the part with its facts; the signature on it, its path and its checks are told as those of
any signed thing (audit_story.py). What evidence states is told as its own word: the verdict stands above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from adapter import texts
from adapter.rendition.audit_words import word
from adapter.rendition.role_names import roles_in_words, usages_in_words
from adapter.rendition.story_part import Part, shown_time, signer_of
from adapter.texts import Language

Said = Callable[..., str]
"""A sentence of texts by the name after `report.`, in the language of the reader."""

EVIDENCE_FORMATS: Final = frozenset({"RFC 3161", "OCSP", "CRL"})
"""Formats of the signature on evidence: it makes no claim of the time at which it was made beside what is signed."""

SHOWN_STATUSES: Final = 5
"""Certificates of one OCSP answer that are told in the summary; the table has them all."""

SHOWN_POINTS: Final = 3
"""Names of a distribution point that are told in the summary; the facts have them all."""

_GRANTED: Final = frozenset({"ocsp-answer.response-status", "timestamp.response"})
"""Checks that a service gave what it was asked for: its refusal was read well."""

_PASSED: Final = {"time-stamp": "token", "ocsp": "answer", "crl": "list", "certificate": "certificate"}


def is_evidence(row: Mapping[str, Any]) -> bool:
    """Whether the row is of evidence that lies by itself, read or not."""
    return (row.get("terms") or {}).get("kind") in _PASSED


def evidence_summary(row: Mapping[str, Any], said: Said, language: Language) -> Iterator[str]:
    """Who signed it and what it states."""
    evidence = row.get("evidence")
    signatures = row.get("signatures", ())
    if signatures:
        signers = [signer_of(one) for one in signatures if one.get("signer")]
        if signers:
            stands = row["indication"] == "TOTAL-PASSED"
            yield said("evidence-said-by" if stands else "evidence-in-name-of", signers="; ".join(signers))
        else:
            yield said("evidence-nobody")
    if evidence is None:
        refusal = next((one for one in row["checks"] if one["id"] in _GRANTED and one["conclusion"] != "PASSED"), None)
        if refusal is None:
            yield said("evidence-unread")
        else:
            params = refusal["params"]
            yield said("evidence-refused", answer=params.get("answer") or params.get("status"))
        return
    tell = {
        "time-stamp": _of_token,
        "ocsp": _of_answer,
        "crl": _of_list,
        "certificate": _of_certificate,
    }[str(evidence["kind"])]
    yield from tell(row, evidence, said, language)


def evidence_meaning(row: Mapping[str, Any], said: Said, *, at: str) -> tuple[str, str]:
    """What the verdict means and what it does not mean."""
    kind = _PASSED[str(row["terms"]["kind"])]
    if row["indication"] == "TOTAL-FAILED":
        return said("failed-means"), said("failed-not")
    if row["indication"] == "INDETERMINATE":
        return said("evidence-undecided-means"), said("evidence-undecided-not")
    evidence = row["evidence"]
    if kind == "token":
        return said("token-passed-means", time=shown_time(evidence["generated_at"])), said("token-passed-not")
    name = "certificate-anchor" if kind == "certificate" and evidence["anchor"] else kind
    return said(f"{name}-passed-means", at=at), said(f"{kind}-passed-not")


# --- what each states --------------------------------------------------------------------------------------------------
def _of_token(row: Mapping[str, Any], evidence: Mapping[str, Any], said: Said, language: Language) -> Iterator[str]:
    del language
    yield said(
        "token-says",
        time=shown_time(evidence["generated_at"]),
        policy=evidence["policy"],
        algorithm=evidence["imprint_algorithm"],
        imprint=evidence["imprint"],
    )
    hashed = next((one for one in row["checks"] if one["id"] == "timestamp.imprint-algorithm"), None)
    if hashed is not None and hashed["conclusion"] == "FAILED":
        yield said("token-weak-digest", algorithm=evidence["imprint_algorithm"])
    compared = next((one for one in row["checks"] if one["id"] == "timestamp.imprint"), None)
    if compared is not None and compared["conclusion"] == "PASSED":
        yield said("token-over-content")
    elif compared is not None and compared["params"].get("reason") == "no content":
        yield said("token-without-content")


def _of_answer(row: Mapping[str, Any], evidence: Mapping[str, Any], said: Said, language: Language) -> Iterator[str]:
    del row, language
    for one in evidence["statuses"][:SHOWN_STATUSES]:
        yield said(
            f"answer-{str(one['status']).replace(' ', '-')}",
            serial=one["serial"],
            time=shown_time(one["this_update"]),
            revoked=shown_time(one["revoked_at"]) if one["revoked_at"] else None,
            reason=one["reason"] or "unspecified",
        )
    if len(evidence["statuses"]) > SHOWN_STATUSES:
        yield said("answer-more", count=len(evidence["statuses"]) - SHOWN_STATUSES)


def _of_list(row: Mapping[str, Any], evidence: Mapping[str, Any], said: Said, language: Language) -> Iterator[str]:
    del row
    yield said(
        "list-says",
        number=evidence["number"],
        entries=evidence["entries"],
        made=shown_time(evidence["this_update"]),
        until=shown_time(evidence["next_update"]) if evidence["next_update"] else None,
    )
    if evidence["base_number"] is not None:
        yield said("list-delta", base=evidence["base_number"])
    if evidence["reasons"] is not None or evidence["scope"] != "everything":
        yield said("list-partial", scope=_scope(evidence, language))
    points = evidence["distribution_points"]
    if points:
        more = ", …" if len(points) > SHOWN_POINTS else ""
        yield said("list-points", points=", ".join(points[:SHOWN_POINTS]) + more)
    if evidence["indirect"]:
        yield said("list-indirect")


def _of_certificate(
    row: Mapping[str, Any], evidence: Mapping[str, Any], said: Said, language: Language
) -> Iterator[str]:
    del row
    yield said(
        "certificate-says",
        subject=evidence["certificate"]["subject"],
        roles=roles_in_words(evidence, language),
    )
    if evidence["anchor"]:
        yield said("certificate-anchor")


def _scope(evidence: Mapping[str, Any], language: Language) -> str:
    kind = word(str(evidence["scope"]), language)
    return f"{kind}: {', '.join(evidence['reasons'])}" if evidence["reasons"] is not None else kind


# --- the part with its facts -------------------------------------------------------------------------------------------
def evidence_parts(evidence: Mapping[str, Any], language: Language) -> Iterator[Part]:
    """What it states, as facts; the statuses of an OCSP answer as a table."""
    kind = str(evidence["kind"])
    facts = {"time-stamp": _token_facts, "ocsp": _answer_facts, "crl": _list_facts, "certificate": _certificate_facts}
    told = tuple(
        (word(key, language), texts.as_text(value, language)) for key, value in facts[kind](evidence, language)
    )
    yield Part(title=word(f"states-{kind}", language), facts=told)
    if kind == "ocsp":
        yield _statuses(evidence, language)


_Facts = Iterator[tuple[str, object]]


def _token_facts(evidence: Mapping[str, Any], language: Language) -> _Facts:
    del language
    yield "time", shown_time(evidence["generated_at"])
    yield "accuracy", f"{evidence['accuracy']} s" if evidence["accuracy"] is not None else None
    yield "tsa-policy", evidence["policy"]
    yield "number", evidence["serial"]
    yield "imprint", f"{evidence['imprint_algorithm']} {evidence['imprint']}"


def _answer_facts(evidence: Mapping[str, Any], language: Language) -> _Facts:
    del language
    yield "made-on", shown_time(evidence["produced_at"])
    yield "certificates-in-it", len(evidence["statuses"])


def _list_facts(evidence: Mapping[str, Any], language: Language) -> _Facts:
    yield "issuer-of-list", evidence["issuer"]
    yield "number", evidence["number"]
    yield "made-on", shown_time(evidence["this_update"])
    yield "next-due", shown_time(evidence["next_update"]) if evidence["next_update"] else None
    yield "entries", evidence["entries"]
    base = evidence["base_number"]
    points = evidence["distribution_points"]
    is_partial = bool(points) or evidence["reasons"] is not None or evidence["scope"] != "everything"
    whole = word("part-list" if is_partial else "full-list", language)
    yield "list-kind", whole if base is None else f"{word('delta-list', language)} {base}"
    if points:
        yield "points", ", ".join(points)
    yield "speaks-of", _scope(evidence, language) + (f", {word('indirect', language)}" if evidence["indirect"] else "")


def _certificate_facts(evidence: Mapping[str, Any], language: Language) -> _Facts:
    certificate = evidence["certificate"]
    yield "subject", certificate["subject"]
    if certificate["bin"]:
        yield "bin", certificate["bin"]
    if certificate["iin_present"]:
        yield "iin", word("iin-present", language)
    yield "roles", roles_in_words(evidence, language)
    yield "key-usage", usages_in_words(certificate["key_usage"], language)
    yield "valid", f"{shown_time(certificate['not_before'])} – {shown_time(certificate['not_after'])}"
    yield "issuer", certificate["issuer"]
    yield "serial", certificate["serial"]


def _statuses(evidence: Mapping[str, Any], language: Language) -> Part:
    rows = []
    for one in evidence["statuses"]:
        status = word({"unknown": "unknown-status"}.get(one["status"], str(one["status"])), language)
        if one["revoked_at"]:
            status += f", {shown_time(one['revoked_at'])}" + (f" ({one['reason']})" if one["reason"] else "")
        rows.append(
            (
                texts.as_text(one["serial"], language),
                status,
                texts.as_text(one["issuer"], language),
                shown_time(one["this_update"]),
                shown_time(one["next_update"]) if one["next_update"] else "—",
            )
        )
    head = tuple(word(key, language) for key in ("serial", "status", "issuer", "made", "until"))
    return Part(title=word("statuses", language), head=head, rows=rows)
