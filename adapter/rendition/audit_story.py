"""What a verification found, as a lawyer reads it: first the verdict in words, then what it rests on, technical things last.

Page and plain text are two ways to write one Story, so they cannot say different things. Everything of foreign origin
comes through texts.as_text: one line, without characters that command a terminal or turn the direction of the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from adapter import texts
from adapter.rendition.audit_words import word
from adapter.rendition.evidence_story import (
    EVIDENCE_FORMATS,
    Said,
    evidence_meaning,
    evidence_parts,
    evidence_summary,
    is_evidence,
)
from adapter.rendition.story_part import Part, Told, shown_time, signer_of
from adapter.texts import Language


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """Everything about one file."""

    file: str
    indication: str
    verdict: str
    sub_indication: str | None
    summary: Sequence[str]
    parts: Sequence[Part]
    annex: Part


def story(row: Mapping[str, Any], language: Language, *, terms: Mapping[str, Any], program: str) -> Story:
    """The story of one plain row; `terms` of the whole audit (policy, at, anchors), `program` its name and version."""
    signatures = row.get("signatures", ())
    many = len(signatures) > 1
    parts: list[Part] = []
    if row.get("subject"):
        parts.append(_subject(row["subject"], language))
    if row.get("evidence"):
        parts += evidence_parts(row["evidence"], language)
    for number, signature in enumerate(signatures, start=1):
        name = f"{word('signature', language)} {number}" if many else word("signature", language)
        parts += _signature_parts(signature, name, language, of=f": {name}" if many else "")
    alone = row.get("evidence") or {}
    if alone.get("path"):
        parts.append(_path(alone["path"], "", language))
    if alone.get("revocation"):
        parts.append(_revocation(alone["revocation"], "", language))
    if row.get("checks"):
        parts += _checks(row["checks"], f": {word('of-file', language)}", language)
    if row.get("history"):
        parts.append(_history(row["history"], language))
    if row.get("seal"):
        parts += _seal_parts(row["seal"], language)
    return Story(
        file=texts.as_text(row["file"], language),
        indication=str(row["indication"]),
        verdict=word("not-judged" if row.get("error") else str(row["indication"]), language),
        sub_indication=None if row.get("error") else row.get("sub_indication"),
        summary=tuple(_summary(row, language, terms)),
        parts=tuple(parts),
        annex=_annex(row, language, terms, program),
    )


# --- the verdict in words --------------------------------------------------------------------------------------------
def _summary(row: Mapping[str, Any], language: Language, terms: Mapping[str, Any]) -> Iterator[str]:
    def said(name: str, **params: object) -> str:
        return texts.render(f"report.{name}", params, language).what

    if row.get("error"):
        reason = texts.render(str(row["error"]), dict(row.get("params") or {}), language)
        yield said("unjudged", file=row["file"], reason=f"{reason.what} {reason.to_do}".rstrip())
        return
    under = row.get("terms") or {}
    kind = "folder" if row.get("seal") or not row.get("sha256") else str(under.get("kind", "unknown"))
    at = shown_time(str(under.get("at") or terms.get("at", "")))
    policy = str(under.get("policy") or terms.get("policy", ""))
    yield said(
        "judged",
        file=row["file"],
        kind=word(f"lone-{kind}" if is_evidence(row) else kind, language),
        at=at,
        policy=policy,
    )
    if is_evidence(row):
        yield from evidence_summary(row, said, language)
        means, means_not = evidence_meaning(row, said, at=at)
        yield from _told_of_verdict(row, means, means_not, said, language)
        return
    signatures = row.get("signatures", ())
    if not signatures:
        yield said("unsigned")
    elif not any(one.get("signer") for one in signatures):
        yield said("nobody-named")
    else:
        # Of a signature that does not stand nobody knows whose it is.
        stands = row["indication"] == "TOTAL-PASSED"
        yield said(
            "signed-by" if stands else "in-name-of",
            signers="; ".join(dict.fromkeys(signer_of(one) for one in signatures)),
        )
    for signature in signatures:
        yield from _when(signature, said, at)
    end = {"TOTAL-PASSED": "passed", "TOTAL-FAILED": "failed"}.get(str(row["indication"]), "indeterminate")
    yield from _told_of_verdict(row, said(f"{end}-means"), said(f"{end}-not"), said, language)


def _told_of_verdict(
    row: Mapping[str, Any], means: str, means_not: str, said: Said, language: Language
) -> Iterator[str]:
    """What the verdict means, why, and what it does not mean."""
    passed = row["indication"] == "TOTAL-PASSED"
    yield means
    decisive = None if passed else _decisive(row)
    if decisive is not None:
        yield said("decisive", reason=texts.check_sentence(decisive, language))
    yield means_not
    every = _every_check(row)
    if passed and any(one["id"] == "revocation.status" and one["conclusion"] == "NOT_PERFORMED" for one in every):
        of_authorities = is_evidence(row) and bool(row["signatures"])
        yield said("evidence-status-not-asked" if of_authorities else "revocation-not-asked")


def _every_check(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*row.get("checks", ()), *(one for signature in row.get("signatures", ()) for one in signature["checks"])]


def _when(signature: Mapping[str, Any], said: Said, at: str) -> Iterator[str]:
    """When a signature that stands is proven to have existed; of one that does not, no time is worth a sentence."""
    if signature["indication"] != "TOTAL-PASSED":
        return
    proofs = [
        one
        for one in signature["time_stamps"]
        if one["indication"] == "TOTAL-PASSED" and one["generated_at"] == signature["best_signature_time"]
    ]
    if proofs:
        authority = proofs[0].get("authority") or {}
        name = authority.get("common_name") or authority.get("subject")
        yield said(
            "proven", signer=signer_of(signature), time=shown_time(signature["best_signature_time"]), authority=name
        )
    else:
        claimed = shown_time(signature["signing_time"]) if signature["signing_time"] else None
        yield said("unproven", signer=signer_of(signature), claimed=claimed, at=at)


def _decisive(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first check that ended as the whole did."""
    wanted = "FAILED" if row["indication"] == "TOTAL-FAILED" else "INDETERMINATE"
    every = _every_check(row)
    if is_evidence(row):
        # of evidence what is wrong with its signer is told first, as in the sub-indication
        every.sort(key=lambda one: one.get("sub_indication") != row["sub_indication"])
    return next((one for one in every if one["conclusion"] == wanted), None)


def document_name(row: Mapping[str, Any], language: Language) -> str:
    """What the document of a row is, with its number; the name of the file where nothing signed says it."""
    subject = row.get("subject") or {}
    kind = texts.label_of_code("doctype", str(subject.get("documentType", "")), language) or str(row["file"])
    return texts.as_text(kind + (f" № {subject['number']}" if subject.get("number") else ""), language)


def sender_name(row: Mapping[str, Any], language: Language) -> str:
    """The sender by the document's own word; empty where it was not read."""
    names = (row.get("subject") or {}).get("senderName") or {}
    name = names.get("kk" if language is Language.KK else "ru", "")
    return texts.as_text(name, language) if name else ""


# --- parts -----------------------------------------------------------------------------------------------------------
def _subject(subject: Mapping[str, Any], language: Language) -> Part:
    """What the signed document says of itself."""
    row = {"subject": subject, "file": ""}
    facts = (
        (word("document", language), document_name(row, language)),
        (word("sender", language), sender_name(row, language)),
        (word("date", language), _date(subject.get("date"))),
        (word("year", language), texts.as_text(subject.get("reportingYear"), language)),
        (word("identifier", language), texts.as_text(subject.get("documentId"), language)),
    )
    return Part(title=word("says-of-itself", language), facts=facts)


def _signature_parts(signature: Mapping[str, Any], name: str, language: Language, *, of: str) -> Iterator[Part]:
    """The parts about one signature; `of` follows their headings where there are others beside it."""
    yield Part(
        title=name,
        facts=tuple(_facts(signature, language)),
        verdict=signature["indication"],
        verdict_in_words=_with_sub(signature, language),
    )
    if signature["time_stamps"]:
        yield _time_stamps(signature["time_stamps"], of, language)
    evidence = [
        *signature["revocation"],
        *(each for one in signature["time_stamps"] for each in one["revocation"]),
    ]
    if evidence:
        yield _revocation(evidence, of, language)
    if signature["path"]:
        yield _path(signature["path"], of, language)
    yield from _checks(signature["checks"], f": {name}", language)
    for one in signature["time_stamps"]:
        kind = word("over-signature" if one["kind"] == "signature" else str(one["kind"]), language)
        yield from _checks(one["checks"], f": {word('time-stamp', language)} {kind}", language)


def _facts(signature: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    signer = signature.get("signer")

    def fact(key: str, value: object) -> tuple[str, str]:
        return word(key, language), texts.as_text(value, language)

    if signer:
        yield fact("signer", signer["common_name"] or signer["subject"])
        if signer["organization"]:
            yield fact("organization", signer["organization"])
        if signer["bin"]:
            yield fact("bin", signer["bin"])
        if signer["iin_present"]:
            yield fact("iin", word("iin-present", language))
        yield fact("certificate", f"{shown_time(signer['not_before'])} – {shown_time(signer['not_after'])}")
        yield fact("issuer", signer["issuer"])
        yield fact("serial", signer["serial"])
    yield fact("format", f"{signature['format']} {signature['level']}".strip())
    if signature["format"] not in EVIDENCE_FORMATS:
        yield fact("claimed", shown_time(signature["signing_time"]) if signature["signing_time"] else None)
    key = "proven" if _is_proven(signature) else "judged-as-of"
    yield fact(key, shown_time(signature["best_signature_time"]))
    covered = signature["covered"]
    yield (
        word("covered", language),
        ("; ".join(texts.as_text(one, language) for one in covered) if covered else word("nothing", language)),
    )


def _is_proven(signature: Mapping[str, Any]) -> bool:
    return any(
        one["indication"] == "TOTAL-PASSED" and one["generated_at"] == signature["best_signature_time"]
        for one in signature["time_stamps"]
    )


def _time_stamps(stamps: Sequence[Mapping[str, Any]], of: str, language: Language) -> Part:
    rows = []
    for one in stamps:
        authority = one.get("authority") or {}
        covers = ", ".join(texts.as_text(each, language) for each in one["covers"])
        rows.append(
            (
                word("over-signature" if one["kind"] == "signature" else str(one["kind"]), language),
                shown_time(one["generated_at"]) if one["generated_at"] else "—",
                texts.as_text(authority.get("common_name") or authority.get("subject"), language),
                covers or "—",
                _with_sub(one, language),
            )
        )
    head = tuple(word(key, language) for key in ("kind", "time", "authority", "covered", "verdict"))
    return Part(title=f"{word('time-stamps', language)}{of}", head=head, rows=rows)


def _revocation(evidence: Sequence[Mapping[str, Any]], of: str, language: Language) -> Part:
    kinds = {"ocsp": "OCSP", "crl": "CRL", "delta-crl": "delta CRL"}
    rows = []
    for one in evidence:
        status = word("unknown-status" if one["status"] == "unknown" else str(one["status"]), language)
        if one["revoked_at"]:
            status += f", {shown_time(one['revoked_at'])}" + (f" ({one['reason']})" if one["reason"] else "")
        rows.append(
            (
                texts.as_text(one["subject"], language),
                texts.as_text(status, language),
                kinds.get(str(one["kind"]), str(one["kind"])),
                shown_time(one["this_update"]),
                shown_time(one["next_update"]) if one["next_update"] else "—",
                word(str(one["origin"]), language),
                texts.as_text(one["issuer"], language),
            )
        )
    unique = list(dict.fromkeys(rows))
    head = tuple(word(key, language) for key in ("certificate", "status", "evidence", "made", "until", "origin", "by"))
    return Part(title=f"{word('revocation', language)}{of}", head=head, rows=unique)


def _path(path: Sequence[Mapping[str, Any]], of: str, language: Language) -> Part:
    rows = []
    for number, one in enumerate(path, start=1):
        # The last of several is the anchor; a path of one has none that could be told apart.
        mark = f" ({word('anchor', language)})" if number == len(path) and number > 1 else ""
        valid = f"{shown_time(one['not_before'])} – {shown_time(one['not_after'])}"
        rows.append((str(number), texts.as_text(one["subject"], language) + mark, valid))
    head = ("№", word("certificate", language), word("valid", language))
    return Part(title=f"{word('path', language)}{of}", head=head, rows=rows)


def _checks(checks: Sequence[Mapping[str, Any]], of: str, language: Language) -> Iterator[Part]:
    """Every check, those that did not pass first; then, under a heading of their own, the faults that were not found.

    Those stand apart, because a sentence that names a fault must not stand beside the word "passed".
    """
    absent = [one for one in checks if one["conclusion"] == "PASSED" and texts.states_a_fault(str(one["id"]))]
    order = {"FAILED": 0, "INDETERMINATE": 1, "NOT_PERFORMED": 2}
    others = sorted((one for one in checks if one not in absent), key=lambda one: order.get(str(one["conclusion"]), 3))
    if others:
        yield Part(title=f"{word('checks', language)}{of}", checks=_told(others, language))
    if absent:
        yield Part(title=f"{word('absent-faults', language)}{of}", checks=_told(absent, language, absent=True))


def _told(checks: Sequence[Mapping[str, Any]], language: Language, *, absent: bool = False) -> tuple[Told, ...]:
    """Checks as sentences; what would be said twice, of two certificates for one, is said once with its number."""
    counted = Counter(
        Told(
            conclusion="ABSENT" if absent else str(one["conclusion"]),
            conclusion_in_words=word("absent" if absent else str(one["conclusion"]), language),
            sentence=texts.check_sentence(one, language, under_heading=absent),
            code=str(one["id"]) + (f" ({one['sub_indication']})" if one.get("sub_indication") else ""),
        )
        for one in checks
    )
    return tuple(replace(one, code=f"{one.code} ×{times}") if times > 1 else one for one, times in counted.items())


def _history(history: Sequence[Mapping[str, Any]], language: Language) -> Part:
    rows = [
        (
            shown_time(str(one.get("at") or "")),
            *(texts.as_text(one.get(key), language) for key in ("what", "who", "number")),
            word(str(one.get("verdict", "")), language),
        )
        for one in history
    ]
    head = tuple(word(key, language) for key in ("time", "event", "who", "number", "signature"))
    return Part(title=word("history", language), head=head, rows=rows)


def _seal_parts(seal: Mapping[str, Any], language: Language) -> Iterator[Part]:
    name = word("seal", language)
    made = (
        (word("exported-by", language), texts.as_text(seal["exportedBy"], language)),
        (word("time", language), shown_time(str(seal["exportedAt"]))),
        (
            word("signer", language),
            "; ".join(texts.as_text(signer_of(one), language) for one in seal["signatures"])
            or word("no-seal", language),
        ),
    )
    yield Part(title=name, facts=made, verdict=str(seal["indication"]), verdict_in_words=_with_sub(seal, language))
    for one in seal["signatures"]:
        yield from list(_signature_parts(one, name, language, of=f": {name}"))[1:]


# --- technical annex -------------------------------------------------------------------------------------------------
def _annex(row: Mapping[str, Any], language: Language, terms: Mapping[str, Any], program: str) -> Part:
    facts: list[tuple[str, object]] = []
    under = row.get("terms") or {}
    if row.get("sha256"):
        facts.append(("digest-file", row["sha256"]))
    for signature in (*row.get("signatures", ()), *((row.get("seal") or {}).get("signatures", ()))):
        if signature["value"]:
            facts.append(("digest-value", signature["value"]))
        certificates = [signature["signer"], *signature["path"]]
        facts += [
            ("digest-certificate", f"{one['sha256']} {one['subject']}")
            for one in {each["sha256"]: each for each in certificates if each}.values()
        ]
        facts += [("digest-token", one["token"]) for one in signature["time_stamps"]]
        facts += [("tsa-policy", one["policy"]) for one in signature["time_stamps"] if one["policy"]]
        facts += [("digest-evidence", f"{one['evidence']} {one['kind']}") for one in signature["revocation"]]
        algorithms = [
            value
            for check in signature["checks"]
            for name, value in check["params"].items()
            if name in {"algorithm", "algorithms", "digest"} and value
        ]
        if algorithms:
            facts.append(("algorithms", ", ".join(dict.fromkeys(algorithms))))
    alone = row.get("evidence") or {}
    facts += [("digest-certificate", f"{one['sha256']} {one['subject']}") for one in alone.get("path", ())]
    facts += [("digest-evidence", f"{one['evidence']} {one['kind']}") for one in alone.get("revocation", ())]
    if alone.get("token"):
        facts.append(("digest-token", alone["token"]))
    facts.append(("policy", under.get("policy") or terms.get("policy")))
    facts += [("anchors", f"{one['sha256']} {one['subject']}") for one in terms.get("anchors", ())]
    facts.append(("judged-as-of", under.get("at") or terms.get("at")))
    facts.append(("program", program))
    unique = dict.fromkeys((word(key, language), texts.as_text(value, language)) for key, value in facts)
    return Part(title=word("annex", language), facts=tuple(unique), codes=True)


def _with_sub(one: Mapping[str, Any], language: Language) -> str:
    """The verdict in words and, for whoever looks it up, in those of EN 319 102-1."""
    sub = f" / {one['sub_indication']}" if one.get("sub_indication") else ""
    return f"{word(str(one['indication']), language)} ({one['indication']}{sub})"


def _date(stated: object) -> str:
    """A date as DD.MM.YYYY; what is no date as it stands."""
    try:
        return texts.shown(date.fromisoformat(str(stated)))
    except ValueError:
        return texts.as_text(stated, Language.EN)
