"""Verdicts with everything in them, as values: what a judgement of a B-LTA signature and a robbed one would give."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import signing
from adapter.usecases.verdict import Link, Verdict, check, joined, of_report, unjudged

AT = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
SIGNED = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\u202e\x00&\ud800"
"""A name as a stranger may write it: markup, a change of direction, characters that no XML can hold."""


def certificate(name: str, issuer: str, digit: str, *, organization: str | None = None) -> signing.CertificateFacts:
    return signing.CertificateFacts(
        subject=f"CN={name}",
        issuer=f"CN={issuer}",
        serial=digit * 8,
        not_before=datetime(2025, 1, 1, tzinfo=UTC),
        not_after=datetime(2027, 1, 1, tzinfo=UTC),
        roles=("1.2.398.3.3.4.1.2.1",),
        bin="123456789012" if organization else None,
        iin_present=True,
        common_name=name,
        organization=organization,
        key_usage=("digitalSignature", "nonRepudiation"),
        sha256=digit * 64,
    )


SIGNER = certificate("СЕРІКОВ ДӘУРЕН", "NCA", "a", organization="Қаржы министрлігі")
CA = certificate("NCA", "ROOT", "b")
ROOT = certificate("ROOT", "ROOT", "c")
TSA = certificate("TSA", "NCA", "d")


def revocation(of: signing.CertificateFacts, status: Any = "good") -> signing.RevocationReport:
    return signing.RevocationReport(
        certificate=of.sha256,
        subject=of.subject,
        kind="ocsp" if of is SIGNER else "crl",
        status=status,
        this_update=SIGNED + timedelta(minutes=5),
        next_update=SIGNED + timedelta(days=7),
        revoked_at=SIGNED + timedelta(days=1) if status == "revoked" else None,
        reason="keyCompromise" if status == "revoked" else None,
        issuer="CN=OCSP",
        origin="embedded",
        evidence="e" * 63 + of.sha256[0],
    )


def time_stamp(kind: Any, moment: datetime, token: str) -> signing.TimeStampReport:
    return signing.TimeStampReport(
        id=f"{kind}-1",
        kind=kind,
        indication=signing.Indication.TOTAL_PASSED,
        sub_indication=None,
        generated_at=moment,
        policy="1.2.398.3.3.2.6.4",
        authority=TSA,
        token=token * 64,
        covers=("the signature value",),
        checks=(signing.Check.passed("timestamp.present"),),
        revocation=(revocation(TSA),),
    )


def signature(**changed: Any) -> signing.SignatureReport:
    stamp = SIGNED + timedelta(seconds=30)
    made = signing.SignatureReport(
        id="signature-1",
        format="XAdES",
        level="B-LTA",
        indication=signing.Indication.TOTAL_PASSED,
        sub_indication=None,
        signing_time=SIGNED,
        best_signature_time=stamp,
        signer=SIGNER,
        covered=("document.xml", "attachments/Қосымша 1.pdf"),
        checks=(
            signing.Check.passed("signer.identified", certificate=SIGNER.sha256),
            signing.Check.not_performed("claims.signing-time", reason="absent"),
        ),
        path=(SIGNER, CA, ROOT),
        time_stamps=(
            time_stamp("signature", stamp, "1"),
            time_stamp("archive", stamp + timedelta(days=3), "2"),
        ),
        revocation=(revocation(SIGNER), revocation(CA)),
        value="f" * 64,
    )
    return replace(made, **changed)


def report(*signatures: signing.SignatureReport, checks: tuple[signing.Check, ...] = ()) -> signing.ValidationReport:
    return signing.ValidationReport.of(
        kind="container",
        policy="kz-document/1",
        anchors="command-line (production)",
        at=AT,
        checks=checks or (signing.Check.passed("asic.mimetype"),),
        signatures=signatures,
    )


def passed() -> Verdict:
    verdict = of_report("packages/report.asice", report(signature()))
    return replace(
        verdict,
        sha256="9" * 64,
        container="9" * 64,
        links=(("source-summary", "urn:uuid:0", "8" * 64),),
        subject={
            "documentType": "treatyInformation",
            "documentId": "urn:uuid:1",
            "sender": "KZ-MOF",
            "senderName": {"kk": "Қаржы министрлігі", "ru": "Министерство финансов"},
            "recipient": None,
            "reportingYear": 2026,
            "number": "12-3",
            "date": "2026-11-20",
            "ruleset": "RK-GOV-1141-2010@2021-03-18",
        },
    )


def revoked() -> Verdict:
    bad = signing.Check.failed("revocation.status", signing.SubIndication.REVOKED, reason=HOSTILE)
    one = signature(
        id="signature-2",
        indication=signing.Indication.TOTAL_FAILED,
        sub_indication=signing.SubIndication.REVOKED,
        checks=(bad,),
        revocation=(revocation(SIGNER, "revoked"), revocation(CA)),
        signer=replace(SIGNER, common_name=HOSTILE, subject=f"CN={HOSTILE}"),
        covered=(HOSTILE,),
        best_signature_time=AT,
        time_stamps=(),
    )
    return of_report(f"{HOSTILE}.asice", report(signature(), one))


def undecided() -> Verdict:
    """The signature passes; what it is in does not."""
    return joined(of_report("b.asice", report(signature())), [check("document.content", "TOTAL-FAILED")])


def bare() -> Verdict:
    """Not even a signature."""
    broken = signing.Check.failed("asic.mimetype", signing.SubIndication.FORMAT_FAILURE, reason="absent")
    return of_report("c.asice", report(checks=(broken,)))


def unread() -> Verdict:
    from adapter import texts
    from adapter.errors import Final

    return unjudged("gone.asice", texts.error_as_json(Final("file.unreadable", params={"file": "gone.asice"})))


def folder() -> Verdict:
    seal = {
        "indication": "TOTAL-PASSED",
        "sub_indication": None,
        "exportedBy": "KZ-MOF",
        "exportedAt": "2026-11-30T10:00:00+05:00",
        "signatures": [signature(id="signer-1", format="CAdES", level="B-B", time_stamps=()).as_json()],
    }
    event = {"at": "2026-11-21T10:00:00+05:00", "what": "receipt", "who": "KZ-MFA", "number": "7", "verdict": "PASSED"}
    return replace(passed(), file="evidence/1", seal=seal, history=(event,), sha256=None)


def lone(kind: Any, form: str, facts: dict[str, Any] | None, **changed: Any) -> Verdict:
    """Evidence by itself: the report that a judgement of it would give, with its one signature where it has one."""
    signed = () if kind == "certificate" else (signature(id=kind, format=form, level="", time_stamps=(), **changed),)
    judged = signing.ValidationReport.of(
        kind=kind,
        policy="kz-document/1",
        anchors="command-line (production)",
        at=AT,
        checks=(signing.Check.passed("policy.anchors"),),
        signatures=signed,
        is_evidence=True,
    )
    return replace(of_report(f"{kind}.bin", judged), sha256="7" * 64, evidence=facts)


def lone_token() -> Verdict:
    facts = {
        "kind": "time-stamp",
        "generated_at": SIGNED.isoformat(),
        "policy": "1.2.398.3.3.2.6.4",
        "serial": "5e84",
        "accuracy": "1",
        "imprint_algorithm": "streebog-512",
        "imprint": "ab" * 64,
        "token": "1" * 64,
    }
    made = lone("time-stamp", "RFC 3161", facts)
    return joined(made, [check("timestamp.imprint", "NOT-SIGNED", reason="no content")])


def lone_answer() -> Verdict:
    status = {
        "serial": "3a90",
        "issuer": "CN=NCA",
        "revoked_at": None,
        "reason": None,
        "this_update": SIGNED.isoformat(),
        "next_update": None,
    }
    revoked = {"status": "revoked", "revoked_at": SIGNED.isoformat(), "reason": "keyCompromise", "issuer": HOSTILE}
    facts = {
        "kind": "ocsp",
        "produced_at": SIGNED.isoformat(),
        "statuses": [
            {**status, "status": "good", "next_update": AT.isoformat()},
            {**status, **revoked},
            {**status, "status": "unknown", "issuer": None},
            *({**status, "status": "never issued"} for _ in range(4)),
        ],
    }
    return lone("ocsp", "OCSP", facts)


def lone_list() -> Verdict:
    facts = {
        "kind": "crl",
        "issuer": HOSTILE,
        "this_update": SIGNED.isoformat(),
        "next_update": AT.isoformat(),
        "number": "8",
        "base_number": "7",
        "entries": 3,
        "scope": "end entities",
        "reasons": ["superseded"],
        "indirect": True,
        "distribution_points": ["CN=Part 7, O=Test"],
    }
    late = signing.Check.indeterminate("path.found", signing.SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    undecided = {
        "indication": signing.Indication.INDETERMINATE,
        "sub_indication": signing.SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    }
    return lone("crl", "CRL", facts, checks=(late,), **undecided)


def lone_certificate() -> Verdict:
    facts = {
        "kind": "certificate",
        "certificate": SIGNER.as_json(),
        "authority": False,
        "anchor": False,
        "path": [SIGNER.as_json(), CA.as_json(), ROOT.as_json()],
        "revocation": [revocation(SIGNER, "revoked").as_json()],
    }
    return lone("certificate", "", facts)


def lone_anchor() -> Verdict:
    facts = {
        "kind": "certificate",
        "certificate": replace(ROOT, roles=(), key_usage=("keyCertSign",)).as_json(),
        "authority": True,
        "anchor": True,
        "path": [ROOT.as_json()],
        "revocation": [],
    }
    return lone("certificate", "", facts)


def lone_and_unread() -> Verdict:
    broken = signing.Check.failed("certificate.format", signing.SubIndication.FORMAT_FAILURE, reason="asn1.length")
    judged = signing.ValidationReport.of(
        kind="certificate",
        policy="kz-document/1",
        anchors="command-line (production)",
        at=AT,
        checks=(broken,),
        is_evidence=True,
    )
    return replace(of_report("broken.cer", judged), sha256="6" * 64)


def lone_and_refused(kind: Any = "ocsp", check_id: str = "ocsp-answer.response-status", **params: str) -> Verdict:
    """A service that said no: its answer reads well and holds nothing."""
    refused = signing.Check.indeterminate(
        check_id, signing.SubIndication.TRY_LATER, **(params or {"status": "tryLater"})
    )
    judged = signing.ValidationReport.of(
        kind=kind,
        policy="kz-document/1",
        anchors="command-line (production)",
        at=AT,
        checks=(signing.Check.passed("ocsp-answer.format"), refused),
        is_evidence=True,
    )
    return replace(of_report("refused.bin", judged), sha256="5" * 64)


EVERY = (
    passed,
    revoked,
    undecided,
    bare,
    unread,
    folder,
    lone_token,
    lone_answer,
    lone_list,
    lone_certificate,
    lone_anchor,
    lone_and_unread,
    lone_and_refused,
)

TERMS = {
    "policy": "kz-document",
    "at": AT.isoformat(),
    "sealAt": AT.isoformat(),
    "online": False,
    "anchors": [{"subject": "CN=ROOT", "sha256": "c" * 64}],
}


def rows() -> list[dict[str, Any]]:
    """The plain form of all of them, as --json prints it."""
    link = asdict(Link(kind="source-summary", source="urn:uuid:1", target="urn:uuid:0", conclusion="INDETERMINATE"))
    not_judged = {"count": 1, "names": ["notes.txt"]}
    return [{**make().as_json(), "chain": [link], "not_judged": not_judged} for make in EVERY]
