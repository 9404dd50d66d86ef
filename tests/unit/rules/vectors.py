"""What each rule variant refuses, one broken thing at a time: variant, stage, document, facts, and where it is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any, Final

from adapter import rules
from adapter.domain.codes import AccessMarking, Capacity, Scope, SignatureVerdict
from adapter.domain.header import Attachment, Executor
from adapter.domain.report import FieldPath
from adapter.domain.summary import SummaryRecommendations
from tests import factories as make
from tests.factories import ALMATY, PENDING, RECORD, put, without

S: Final = rules.Stage
TREATY: Final = (*RECORD, "treaty")
WAITING: Final = (*PENDING, "treaty")
LATIN_I: Final = "Yкiметi"


@dataclass(frozen=True, kw_only=True)
class Vector:
    """`variant` must be found at `path` and nothing else may, `beside` excepted; `ruleset` is changes to the switches."""

    variant: str
    stage: rules.Stage
    report: Any
    path: FieldPath
    facts: dict[str, Any] = field(default_factory=dict)
    switches: dict[str, Any] = field(default_factory=dict)
    times: int = 1
    beside: frozenset[str] = frozenset()
    name: str = ""

    @property
    def title(self) -> str:
        return f"{self.variant}-{self.stage}-{self.name or '.'.join(map(str, self.path))}"


def vector(variant: str, stage: rules.Stage, report: Any, path: FieldPath = (), **values: Any) -> Vector:
    return Vector(variant=variant, stage=stage, report=report, path=path, **values)


def _text(path: FieldPath, kk: str | None = None, ru: str | None = None) -> Any:
    report = make.fx1()
    old = make.at(report, path)
    return put(report, path, replace(old, kk=kk if kk is not None else old.kk, ru=ru if ru is not None else old.ru))


def _official(attachment: Attachment) -> Attachment:
    return replace(attachment, access_marking=AccessMarking.OFFICIAL_USE)


_RUSSIAN: Final = make.at(make.fx1(), (*RECORD, "own_rights")).ru
_SUMMARY_COPY: Final = ("recommendations", "recommendations", 0, "copy")
_LONG_RUSSIAN: Final = "Предусмотренные соглашением права реализуются в полном объёме без препятствий."

VECTORS: Final[tuple[Vector, ...]] = (
    vector("BR-01a", S.LOCK, _text((*RECORD, "progress"), ru=""), (*RECORD, "progress", "ru")),
    vector("BR-01a", S.RECEIVE, _text((*RECORD, "progress"), ru="\u00a0\u200b\u2060"), (*RECORD, "progress", "ru")),
    vector("BR-01a", S.LOCK, _text((*RECORD, "progress"), kk="\u2800\u3164"), (*RECORD, "progress", "kk")),
    vector(
        "BR-01b",
        S.RECEIVE,
        make.fx1(),
        (*TREATY, "title", "ru"),
        facts={
            "spelling": rules.Spelling(
                language_marks=(rules.LanguageMark(path=(*TREATY, "title", "ru"), found="kk", expected="ru"),)
            )
        },
    ),
    vector("BR-02a", S.DRAFT, _text((*RECORD, "own_rights"), kk=_LONG_RUSSIAN), (*RECORD, "own_rights", "kk")),
    vector(
        "BR-02b",
        S.LOCK,
        _text((*RECORD, "own_rights"), kk="Қазақстан Республикасының атауы", ru="Қазақстан  РЕСПУБЛИКАСЫНЫҢ атауы"),
        (*RECORD, "own_rights"),
    ),
    vector("BR-02c", S.LOCK, _text((*RECORD, "progress"), kk=f"{LATIN_I} қаулысы"), (*RECORD, "progress", "kk")),
    vector("BR-03a", S.RECEIVE, make.fx1(), facts={"signature": make.signature(verdict=SignatureVerdict.INVALID)}),
    vector(
        "BR-03a", S.SUMMARY, make.fx1(), facts={"signature": make.signature(verdict=SignatureVerdict.INDETERMINATE)}
    ),
    vector(
        "BR-03b", S.SIGN, make.fx1(), facts={"signature": make.signature(certificate=rules.CertificateState.EXPIRED)}
    ),
    vector(
        "BR-03b",
        S.RECEIVE,
        make.fx1(),
        facts={"signature": make.signature(certificate=rules.CertificateState.REVOKED)},
        name="revoked",
    ),
    vector(
        "BR-03b",
        S.CONSOLIDATE,
        make.fx6(),
        facts={"signature": make.signature(certificate=rules.CertificateState.NOT_YET_VALID)},
    ),
    vector(
        "BR-03c",
        S.RECEIVE,
        make.fx2(),
        ("header", "signatory"),
        facts={"signer": rules.SignerFact(name="Бөлімше басшысы", body="KZ-MLSP", capacity=None)},
    ),
    vector(
        "BR-03c",
        S.SIGN,
        make.fx1(),
        ("header", "signatory"),
        facts={"signer": rules.SignerFact(name="Басқа", body="KZ-MOJ", capacity=Capacity.HEAD)},
        name="of another body",
    ),
    vector(
        "BR-03c",
        S.SIGN,
        without(make.fx3b(), ("header", "signatory", "acting_order")),
        ("header", "signatory"),
        name="acting without order",
    ),
    vector(
        "BR-03c",
        S.RECEIVE,
        make.fx3b(),
        ("header", "signatory"),
        switches={"signatory_capacity": "head-only"},
        beside=frozenset({"BR-07c"}),
        name="acting under A4 head-only",
    ),
    vector("BR-04a", S.RECEIVE, make.fx1(), facts={"signature": make.signature(covers_all=False, uncovered="Body")}),
    vector(
        "BR-04b",
        S.RECEIVE,
        make.fx2(),
        ("header", "attachments", 1),
        facts={
            "files": (
                rules.FoundFile(
                    name="recommendation-1-en.txt", size=len(make.COPY_BYTES), sha256=make.sha256(make.COPY_BYTES)
                ),
                rules.FoundFile(
                    name="accessibility-2026.csv", size=len(make.TABLE_BYTES), sha256=make.sha256(b"other bytes")
                ),
            )
        },
    ),
    vector("BR-04b", S.SIGN, make.fx2(), ("header", "attachments", 0), facts={"files": ()}, times=2, name="missing"),
    vector(
        "BR-05a",
        S.RECEIVE,
        put(make.fx1(), ("header", "sender"), make.org("KZ-MIID")),
        ("header", "sender"),
        facts={"coverage": make.coverage_list(codes=(*make.NINE, "KZ-MIID"))},
        name="ended",
    ),
    vector(
        "BR-05a",
        S.DRAFT,
        put(make.fx1(), ("header", "sender"), make.org("KZ-XYZ")),
        ("header", "sender"),
        name="unknown",
    ),
    vector(
        "BR-05a",
        S.DRAFT,
        put(make.fx1(), ("header", "sender"), make.org("KZ-MOJ")),
        ("header", "sender"),
        name="unlisted",
    ),
    vector("BR-05a", S.RECEIVE, make.fx3a(), ("header", "sender"), switches={"self_submission": False}, name="A8 no"),
    vector("BR-05b", S.LOCK, without(make.fx1(), ("header", "subdivision_order")), ("header", "subdivision_order")),
    vector("BR-06a", S.LOCK, without(make.fx1(), (*TREATY, "entry_into_force")), (*TREATY, "entry_into_force")),
    vector(
        "BR-06a",
        S.RECEIVE,
        put(make.fx1(), (*TREATY, "entry_into_force", "for_kazakhstan"), dt.date(2026, 12, 1)),
        (*TREATY, "entry_into_force"),
        name="after the period",
    ),
    vector("BR-06b", S.LOCK, put(make.fx1(), (*TREATY, "status"), "terminated"), (*TREATY, "status")),
    vector("BR-06c", S.LOCK, put(make.fx1(), (*TREATY, "status"), "provisionally-applied"), (*TREATY, "status")),
    vector(
        "BR-06d",
        S.LOCK,
        make.fx1(),
        (*TREATY, "entry_into_force", "for_kazakhstan"),
        switches={"in_force_scope": "entered-in-year"},
    ),
    vector("BR-06e", S.LOCK, without(make.fx1(), (*TREATY, "parties", 1)), (*TREATY, "parties")),
    vector("BR-06e", S.LOCK, put(make.fx3a(), (*WAITING, "scope"), Scope.BILATERAL), (*WAITING, "parties")),
    vector(
        "BR-06f", S.LOCK, without(make.fx1(), (*TREATY, "state_register_number")), (*TREATY, "state_register_number")
    ),
    vector("BR-07a", S.LOCK, without(make.fx3a(), (*WAITING, "signature")), (*WAITING, "signature")),
    vector(
        "BR-07b",
        S.LOCK,
        put(make.fx3a(), (*WAITING, "entry_into_force"), make.t1().entry_into_force),
        (*WAITING, "entry_into_force", "for_kazakhstan"),
    ),
    vector("BR-07c", S.LOCK, make.fx3b(), (*WAITING, "adoption")),
    vector(
        "BR-08",
        S.LOCK,
        without(make.fx3b(), (*PENDING, "non_completion")),
        (*PENDING, "non_completion"),
        beside=frozenset({"BR-07c"}),
    ),
    vector("BR-09a", S.LOCK, without(make.fx2(), (*RECORD, "proposals", 1)), (*RECORD, "issues", 1)),
    vector("BR-09a", S.LOCK, put(make.fx6(), ("proposals",), ()), ("problems", 0), name="problem of the summary"),
    vector("BR-09b", S.LOCK, put(make.fx2(), (*RECORD, "no_issues"), True), (*RECORD, "no_issues"), name="both"),
    vector("BR-09b", S.RECEIVE, put(make.fx1(), (*RECORD, "no_issues"), False), (*RECORD, "no_issues"), name="neither"),
    vector(
        "BR-09c",
        S.LOCK,
        put(make.fx2(), (*RECORD, "proposals", 0, "issue_refs"), ("I-1", "I-9")),
        (*RECORD, "proposals", 0, "issue_refs"),
    ),
    vector(
        "BR-10a",
        S.LOCK,
        without(make.fx1(), (*RECORD, "analysis_basis", "media_publications")),
        (*RECORD, "analysis_basis", "media_publications"),
    ),
    vector(
        "BR-10b",
        S.LOCK,
        without(make.fx1(), (*RECORD, "analysis_basis", "national_legal_acts", "finding")),
        (*RECORD, "analysis_basis", "national_legal_acts", "finding"),
    ),
    vector("BR-11", S.LOCK, put(make.fx4(), ("in_force_section", "nil_return"), False), ("in_force_section",)),
    vector(
        "BR-11",
        S.RECEIVE,
        put(make.fx1(), ("in_force_section", "nil_return"), True),
        ("in_force_section",),
        name="both",
    ),
    vector("BR-11", S.RECEIVE, put(make.fx4(), ("pending_section", "nil_return"), False), ("pending_section",)),
    vector(
        "BR-12",
        S.SUMMARY,
        make.fx2b("KZ-MENR"),
        ("in_force_section", "treaty_records", 1),
    ),
    vector(
        "BR-13",
        S.RECEIVE,
        make.fx1(),
        ("header", "due_date"),
        facts={"received_at": dt.datetime(2026, 11, 11, tzinfo=ALMATY)},
    ),
    vector(
        "BR-13",
        S.RECEIVE,
        make.fx1(),
        ("header", "due_date"),
        facts={"first_sent_at": dt.datetime(2026, 11, 10, 19, tzinfo=dt.UTC)},
        switches={"deadline_event": "sent"},
        name="A3 sent",
    ),
    vector("BR-14a", S.LOCK, without(make.fx6(), ("coverage", 7)), ("coverage",)),
    vector(
        "BR-14b",
        S.SIGN,
        put(make.fx6(), ("source_submissions", 0, "digest", "value"), b"\0" * 32),
        ("source_submissions", 0),
        name="other bytes",
    ),
    vector(
        "BR-14b",
        S.SIGN,
        make.fx6(),
        ("source_submissions", 0),
        facts={"stored": ()},
        times=7,
        name="not in the register",
    ),
    vector("BR-15a", S.LOCK, without(make.fx6(), ("foreign_policy_assessment",)), ("foreign_policy_assessment",)),
    vector("BR-15b", S.LOCK, without(make.fx6(), _SUMMARY_COPY), _SUMMARY_COPY),
    vector(
        "BR-15b", S.LOCK, put(make.fx6(), ("header", "attachments", 0, "role"), "other"), _SUMMARY_COPY, name="role"
    ),
    vector("BR-15c", S.LOCK, put(make.fx6(), ("recommendations",), SummaryRecommendations()), ("recommendations",)),
    vector("BR-15c", S.LOCK, put(make.fx6(), ("recommendations", "none"), True), ("recommendations",), name="both"),
    vector(
        "BR-16a",
        S.LOCK,
        put(make.fx7b(), ("source_summary", "document_ref", "document_id"), make.uuid("?")),
        ("source_summary",),
    ),
    vector(
        "BR-16a",
        S.RECEIVE,
        put(make.fx7a(), ("source_summary", "signature_verdict"), SignatureVerdict.INDETERMINATE),
        ("source_summary",),
        name="not verified",
    ),
    vector("BR-16b", S.RECEIVE, make.fx7a(), ("source_summary", "digest"), facts={"forwarded": make.sha256(b"x")}),
    vector(
        "BR-16b", S.LOCK, put(make.fx7a(), ("text",), make.bi("Мәтін бар.", "Есть текст.")), ("text",), name="text too"
    ),
    vector("BR-16b", S.LOCK, without(make.fx7b(), ("text",)), ("text",), name="no text"),
    vector(
        "BR-17",
        S.PUBLISH,
        put(make.fx8(), ("header", "attachments"), (_official(make.copy_attachment()),)),
        ("header", "attachments", 0),
        facts={"files": ()},
    ),
    vector(
        "BR-17",
        S.PUBLISH,
        put(make.fx8(), ("treaty_entries", 0, "public_text", "ru"), "Справки: +7 (000) 000-00-00."),
        ("treaty_entries", 0, "public_text", "ru"),
    ),
    vector("BR-17", S.PUBLISH, put(make.fx8(), ("results", "ru"), "Пишите: a@b.example"), ("results", "ru")),
    vector("BR-17", S.PUBLISH, put(make.fx8(), ("results", "kk"), "ЖСН 991231600002 бар"), ("results", "kk")),
    vector(
        "BR-17",
        S.PUBLISH,
        put(make.fx8(), ("results", "kk"), "Т. Орындаушы хабарлайды"),
        ("results", "kk"),
        name="name",
    ),
    vector("BR-17", S.PUBLISH, put(make.fx8(), ("treaty_entries", 5), make.entry(make.t6())), ("treaty_entries", 5)),
    vector(
        "BR-17",
        S.PUBLISH,
        put(make.fx8(), ("treaty_entries", 2), make.entry(make.t3())),
        ("treaty_entries", 2, "public_text"),
    ),
    vector(
        "BR-17",
        S.PUBLISH,
        put(make.fx8(), ("header", "executor"), Executor(name="Т. О.", phone="1")),
        ("header", "executor"),
    ),
    vector(
        "BR-17",
        S.PUBLISH,
        put(make.fx8(), ("header", "access_marking"), AccessMarking.OFFICIAL_USE),
        ("header", "access_marking"),
    ),
    vector(
        "BR-17",
        S.PUBLISH,
        put(make.fx8(), ("treaty_entries", 0, "treaty", "treaty_id"), "urn:x-elshi:treaty:none"),
        ("treaty_entries", 0),
        name="no record",
    ),
    vector("BR-18", S.DRAFT, put(make.fx1(), ("header", "access_marking"), "secret"), ("header", "access_marking")),
    vector(
        "BR-18",
        S.SEND,
        put(make.fx2(), ("header", "attachments", 1, "access_marking"), "unknown"),
        ("header", "attachments", 1, "access_marking"),
    ),
    vector(
        "BR-18",
        S.RECEIVE,
        make.fx1(),
        ("header", "access_marking"),
        facts={"spelling": rules.Spelling(markings=((("header", "access_marking"), "top"),))},
    ),
    vector("BR-19a", S.LOCK, without(make.fx5(), ("header", "supersedes")), ("header", "supersedes")),
    vector(
        "BR-19a",
        S.RECEIVE,
        put(make.fx5(), ("header", "document_id"), make.uuid("FX-2")),
        ("header", "supersedes"),
        name="same identifier",
    ),
    vector("BR-19b", S.RECEIVE, make.fx1(), ("header", "document_id"), facts={"identity": rules.Identity.OTHER_BYTES}),
    vector("BR-20a", S.SEND, make.fx1(), facts={"delivery": make.delivery(receipt=None, is_overdue=True)}),
    vector(
        "BR-20a", S.SEND, make.fx1(), facts={"delivery": make.delivery(receipt=None, is_given_up=True)}, name="limit"
    ),
    *(
        vector(
            "BR-20b", S.SEND, make.fx1(), facts={"delivery": make.delivery(receipt=make.receipt(**wrong))}, name=name
        )
        for name, wrong in {
            "other bytes": {"sha256": make.sha256(b"other")},
            "kind": {"kind": "delivered-notice"},
            "invalid": {"verdict": SignatureVerdict.INVALID},
            "indeterminate": {"verdict": SignatureVerdict.INDETERMINATE},
            "other document": {"document_id": make.uuid("?")},
            "other sender": {"sender": "KZ-MOJ"},
            "no digest": {"sha256": None},
        }.items()
    ),
    vector(
        "BR-21",
        S.RECEIVE,
        make.fx1(),
        ("header", "registration_date"),
        facts={
            "spelling": rules.Spelling(
                moments=(
                    rules.WrittenMoment(
                        path=("header", "registration_date"), text="2026-11-02+05:00", is_timestamp=False
                    ),
                )
            )
        },
    ),
    vector(
        "BR-21",
        S.RECEIVE,
        make.fx6(),
        ("source_submissions", 0, "received_at"),
        facts={
            "spelling": rules.Spelling(
                moments=(
                    rules.WrittenMoment(
                        path=("source_submissions", 0, "received_at"), text="2026-11-05T12:00:00", is_timestamp=True
                    ),
                )
            )
        },
        name="timestamp without zone",
    ),
    vector(
        "BR-21",
        S.LOCK,
        put(make.fx1(), ("header", "due_date"), dt.datetime(2026, 11, 10, tzinfo=ALMATY)),
        ("header", "due_date"),
        name="a timestamp for a date",
    ),
    vector("BR-22", S.DRAFT, put(make.fx1(), ("header", "sender", "bin"), "991340000107"), ("header", "sender", "bin")),
    vector(
        "BR-22",
        S.RECEIVE,
        put(make.fx1(), ("header", "sender", "bin"), "".join(chr(0x660 + int(d)) for d in "991340000106")),
        ("header", "sender", "bin"),
        name="arabic-indic digits",
    ),
)
"""Every variant fails at least once here; the two that are warnings in their own example stand with that example."""
