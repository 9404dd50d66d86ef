"""Export writes everything about a document; verify, with the anchors alone, says what in it no longer holds."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import signing
from adapter.domain.audit_event import chain
from adapter.domain.document import DocumentId
from adapter.domain.incoming import IncomingNotice, NotUnderstood
from adapter.domain.notice import Notice, NoticeKind
from adapter.domain.outgoing import ContentKind
from adapter.errors import Final
from adapter.ports import KeptBlob
from adapter.usecases.evidence_json import event_json, event_of, json_bytes
from adapter.usecases.evidence_seal import SEAL
from adapter.usecases.verdict import FAILED, INDETERMINATE, PASSED, Verdict, chain_of
from adapter.usecases.verified_container import sha256_of
from adapter.usecases.verify import Verify
from tests.doubles.memory_store import MemoryEvidenceFolder
from tests.factories import fx1, put
from tests.unit.exchange import kit
from tests.unit.usecases.containers import altered
from tests.unit.usecases.houses import ALL_BINS, MEMBERS, NOW, House, forger, issued, pki

REPORT = fx1()
DOCUMENT = REPORT.header.document_id
EXCHANGE = issued("gateway", "EXCHANGE")
"""Key of the exchange's gateway, which is no party to any document."""


def verifier(interpret: Callable[[bytes], Any] = lambda _: NotUnderstood(what="")) -> Verify:
    house = House("KZ-MOF")
    return Verify(trust=house.trust, envelope_trust=house.envelope_trust, interpret=interpret, at=NOW)


def gateways_word(name: str = "stateRegistered") -> bytes:
    """A notice signed by the exchange of the stand."""
    message = kit.push(kit.notice(name, "<regNo>К-001</regNo>"))
    key = EXCHANGE.signing_key()
    return signing.sign_envelope(message, key, policy=signing.DEFAULT_SIGNING, body_id="id-1")


@cache
def _story() -> tuple[House, dict[str, bytes]]:
    """A report sent, registered, its receipt come back, and all of it exported by the sender."""
    mof, mfa = House("KZ-MOF"), House("KZ-MFA")
    mine = mof.submit().report(REPORT, ()).delivery
    mof.outgoing.answering.append(lambda _: _taken())
    mof.deliver()
    mof.carried(mine, mfa)
    mfa.process()
    raw = gateways_word()
    notice = Notice(
        document_id=DOCUMENT,
        kind=NoticeKind.REGISTERED,
        speaker=MEMBERS["KZ-MFA"],
        said_at=NOW,
        registration_number="К-001",
    )
    mof.incoming.says[raw] = IncomingNotice(notice=notice)
    mof.receive(raw)
    assert mof.process() is not None
    (receipt,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    mfa.carried(receipt, mof)
    assert mof.process() is not None
    folder = MemoryEvidenceFolder()
    mof.export(DOCUMENT, folder)
    return mof, {name: folder.get(name) for name in folder.names()}


def _taken() -> Any:
    from tests.unit.usecases.houses import accepted

    return accepted(
        signing.sign_envelope(
            kit.answer(),
            EXCHANGE.signing_key(),
            policy=signing.DEFAULT_SIGNING,
            body_id="id-2",
        )
    )


@pytest.fixture
def files() -> dict[str, bytes]:
    return dict(_story()[1])


def judged(files: dict[str, bytes], interpret: Callable[[bytes], Any] | None = None) -> Verdict:
    folder = MemoryEvidenceFolder()
    for name, content in files.items():
        folder.put(name, [content])
    says = _story()[0].incoming.interpret
    return verifier(interpret or says).folder("folder", folder)


def failed(verdict: Verdict) -> set[str]:
    assert verdict.indication == FAILED, verdict
    return {str(one["id"]) for one in verdict.checks if one["conclusion"] == "FAILED"}


def sealed_anew(files: dict[str, bytes], key: signing.IssuedKey | None = None) -> dict[str, bytes]:
    """The folder with a seal of the exporter, or of whoever holds `key`, over evidence.json as it now stands."""
    chosen = (key or issued("employee", "KZ-MOF")).signing_key()
    seal = signing.sign_detached([files["evidence.json"]], chosen, policy=signing.DEFAULT_SIGNING, signing_time=NOW)
    return files | {SEAL: seal}


def listed_anew(files: dict[str, bytes], **more: Any) -> dict[str, bytes]:
    """The folder as the exporter itself would forge it: its list of files made to fit, and sealed."""
    manifest = json.loads(files["evidence.json"]) | more
    manifest["files"] = {
        name: {
            **manifest["files"].get(name, {"what": "certificate"}),
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
        }
        for name, content in files.items()
        if name not in {"evidence.json", SEAL}
    }
    return sealed_anew(files | {"evidence.json": json.dumps(manifest).encode()})


def of_form(files: dict[str, bytes], version: str) -> dict[str, bytes]:
    """The folder as an earlier form has it, sealed: before the node stated anything itself, and before its chain said so."""
    manifest = json.loads(files["evidence.json"])
    kept = {name: content for name, content in files.items() if not name.startswith("statements/")}
    events = []
    for item in map(event_of, json.loads(files["audit.json"])):
        details = {key: value for key, value in item.event.details.items() if key != "receipt"}
        event = replace(item.event, details=details)
        previous = events[-1].digest if events else item.previous
        events.append(replace(item, event=event, previous=previous, digest=chain(previous, event)))
    kept["audit.json"] = json_bytes([event_json(one) for one in events])
    manifest["files"] = {name: facts for name, facts in manifest["files"].items() if name in kept}
    manifest["files"]["audit.json"] = {
        "sha256": hashlib.sha256(kept["audit.json"]).hexdigest(),
        "size": len(kept["audit.json"]),
    }
    manifest["version"] = version
    for row in manifest["deliveries"]:
        row.pop("receipt", None)
        row.pop("nonDelivery", None)
    return sealed_anew(kept | {"evidence.json": json.dumps(manifest).encode()})


def name_of(files: dict[str, bytes], start: str) -> str:
    return next(name for name in sorted(files) if name.startswith(start))


# --- what is written -------------------------------------------------------------------------------------------------
def test_a_folder_holds_everything_about_the_document_and_verifies(files: dict[str, bytes]) -> None:
    kinds = {name.split("/")[0] for name in files}
    assert kinds == {
        "evidence.json",
        "evidence.json.p7s",
        "document.asice",
        "document.pdf",
        "messages",
        "receipts",
        "statements",
        "attempts.json",
        "audit.json",
    }
    verdict = judged(files)
    assert verdict.indication == PASSED, [one for one in verdict.checks if one["conclusion"] != "PASSED"]
    assert {one["what"] for one in verdict.history} == {"registered", "receipt"}


def test_the_container_and_every_answer_are_byte_for_byte_what_was_sent_and_came(files: dict[str, bytes]) -> None:
    house, _ = _story()
    (row,) = [one for one in house.deliveries(DOCUMENT) if one.content_kind is ContentKind.DOCUMENT]
    assert files["document.asice"] == house.store.blobs.read(row.content.files[0].sha256)
    kept = {house.store.blobs.read(one.raw) for one in house.receipts(DOCUMENT)}
    assert kept == {content for name, content in files.items() if name.startswith(("messages/", "receipts/"))}


def test_the_addressee_exports_the_same_container(files: dict[str, bytes]) -> None:
    mof, mfa = House("KZ-MOF"), House("KZ-MFA")
    mof.carried(mof.submit().report(REPORT, ()).delivery, mfa)
    mfa.process()
    folder = MemoryEvidenceFolder()
    mfa.export(DOCUMENT, folder)
    assert sha256_of(folder.get("document.asice")) == mfa.registered(DOCUMENT).container
    assert judged({name: folder.get(name) for name in folder.names()}).indication == PASSED


def test_a_document_nobody_has_is_not_exported(mof: House) -> None:
    with pytest.raises(Final, match="export.no-such-document"):
        mof.export(DocumentId("urn:uuid:00000000-0000-4000-8000-000000000000"), MemoryEvidenceFolder())


def test_the_password_of_our_account_is_in_no_folder(files: dict[str, bytes]) -> None:
    """What we sent is named by digest only."""
    assert not any(b"<password>" in content for content in files.values())


# --- tampering: found by the list ------------------------------------------------------------------------------------
def test_a_byte_altered_in_any_file_fails_the_folder(files: dict[str, bytes]) -> None:
    for name in sorted(set(files) - {"evidence.json", SEAL}):
        size = len(files[name])
        for place in sorted({0, size // 3, size // 2, size - 1}):
            changed = bytearray(files[name])
            changed[place] ^= 0x01
            assert "evidence.file" in failed(judged(files | {name: bytes(changed)})), (name, place)


def test_a_file_removed_fails_the_folder(files: dict[str, bytes]) -> None:
    for name in sorted(set(files)):
        without = {one: content for one, content in files.items() if one != name}
        expected = {"evidence.json": "evidence.manifest", SEAL: "evidence.seal-absent"}.get(name, "evidence.file")
        assert expected in failed(judged(without)), name


def test_a_file_added_fails_the_folder(files: dict[str, bytes]) -> None:
    for name in ("extra.txt", "receipts/999-signed-receipt.asice", "messages/999-notice-registered.xml"):
        assert "evidence.file" in failed(judged(files | {name: b"added"})), name


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"version":"elshi-evidence/4","files":{}}',
        b'{"version":"elshi-evidence/3","files":{},"files":{}}',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"\\ud800":1}',
    ],
)
def test_a_list_of_files_that_is_none_fails_the_folder(files: dict[str, bytes], manifest: bytes) -> None:
    assert failed(judged(files | {"evidence.json": manifest})) == {"evidence.manifest"}


def test_a_list_that_names_nothing_of_a_file_fails_it(files: dict[str, bytes]) -> None:
    manifest = json.loads(files["evidence.json"])
    manifest["files"]["audit.json"] = None
    assert "evidence.file" in failed(judged(files | {"evidence.json": json.dumps(manifest).encode()}))


# --- tampering: the list is made to fit ------------------------------------------------------------------------------
def test_an_altered_container_fails_though_the_list_fits(files: dict[str, bytes]) -> None:
    for place, content in altered(files["document.asice"], samples=20):
        verdict = judged(listed_anew(files | {"document.asice": content}, container=sha256_of(content)))
        assert verdict.indication != PASSED, place


def test_another_valid_container_of_the_same_report_fails_by_the_receipt(files: dict[str, bytes]) -> None:
    other = House("KZ-MOF")
    content = other.store.blobs.read(other.submit().report(REPORT, ()).delivery.content.files[0].sha256)
    tampered = listed_anew(files | {"document.asice": content}, container=sha256_of(content))
    assert failed(judged(tampered)) == {
        "evidence.receipt-digest",
        "evidence.proof-missing",
        "evidence.node-digests",
    }


def test_the_receipt_of_another_document_fails(files: dict[str, bytes]) -> None:
    other, mfa = House("KZ-MOF"), House("KZ-MFA")
    report = put(REPORT, ("header", "document_id"), "urn:uuid:00000000-0000-4000-8000-000000000007")
    other.carried(other.submit().report(report, ()), mfa)
    mfa.process()
    (row,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    receipt = mfa.store.blobs.read(row.content.files[0].sha256)
    tampered = listed_anew(files | {name_of(files, "receipts/"): receipt})
    assert failed(judged(tampered)) == {
        "evidence.receipt-digest",
        "evidence.message-subject",
        "evidence.proof-missing",
        "evidence.statement",  # the digest and the number listed beside it
    }


def test_a_receipt_that_the_sender_made_for_itself_fails(files: dict[str, bytes]) -> None:
    """Everything in it is right except who signed it."""
    mof, mfa = House("KZ-MOF"), House("KZ-MFA")
    object.__setattr__(mfa.answering, "submit", mfa.submit(issued("employee", "KZ-MOF")))
    (mine,) = [one for one in _story()[0].deliveries(DOCUMENT) if one.content_kind is ContentKind.DOCUMENT]
    _story()[0].carried(mine, mfa)
    mfa.process()
    (row,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    receipt = mfa.store.blobs.read(row.content.files[0].sha256)
    assert mof.body == "KZ-MOF"
    tampered = listed_anew(files | {name_of(files, "receipts/"): receipt})
    assert failed(judged(tampered)) == {"evidence.receipt-author"}


def test_a_receipt_of_an_authority_nobody_trusts_proves_nothing(files: dict[str, bytes]) -> None:
    name = name_of(files, "receipts/")
    opened = signing.verify_container(
        files[name], policy=signing.SANDBOX_DOCUMENT, anchors=pki().trust_anchors(), at=NOW
    )
    out = io.BytesIO()
    signing.sign_container(
        [signing.DataObject.of(one.name, one.media_type, one.read()) for one in opened.objects],
        forger().signing_key(),
        policy=signing.DEFAULT_SIGNING,
        signing_time=NOW,
        out=out,
    )
    verdict = judged(listed_anew(files | {name: out.getvalue()}))
    assert verdict.indication == INDETERMINATE


def test_what_stands_among_the_receipts_and_is_none_fails(files: dict[str, bytes]) -> None:
    tampered = listed_anew(files | {name_of(files, "receipts/"): files["document.asice"]})
    assert "evidence.receipt-digest" in failed(judged(tampered))


def test_an_altered_message_fails_though_the_list_fits(files: dict[str, bytes]) -> None:
    name = name_of(files, "messages/002")
    changed = files[name].replace("К-001".encode(), "К-999".encode())
    assert changed != files[name]
    assert "evidence.message-signature" in failed(judged(listed_anew(files | {name: changed})))


def test_a_message_about_another_document_fails(files: dict[str, bytes]) -> None:
    says = _story()[0].incoming.interpret

    def interpret(raw: bytes) -> Any:
        said = says(raw)
        if isinstance(said, IncomingNotice):
            return IncomingNotice(notice=replace(said.notice, document_id=DocumentId("urn:uuid:other")))
        return said

    assert failed(judged(files, interpret)) == {"evidence.message-subject"}


@pytest.mark.parametrize(
    "change",
    [
        lambda events: events[1].update(actor="somebody else"),
        lambda events: events[0]["details"].update(addressee="KZ-GA"),
        lambda events: events.pop(1),
        lambda events: events.reverse(),
        lambda events: events[1].update(previous="0" * 64),
        lambda events: events[0].pop("digest"),
        lambda events: events.clear(),
        lambda events: events[0].update(at="yesterday"),
        lambda events: events[0].update(previous="not hexadecimal"),
        lambda events: events[0].update(details=[1, 2]),
        lambda events: events[0].update(details={"a": 0.5}),
        lambda events: events[0].update(at="2026-11-02T06:00:00"),
        lambda events: events[0].update(sequence="x"),
        lambda events: events[0].update(actor="\ud800"),
    ],
    ids=[
        "an actor",
        "a detail",
        "one left out",
        "another order",
        "a link cut",
        "no digest",
        "none left",
        "no time",
        "no digest before",
        "details that are none",
        "another detail",
        "a time without a zone",
        "no number",
        "half a character",
    ],
)
def test_a_broken_chain_of_events_fails(files: dict[str, bytes], change: Callable[[Any], object]) -> None:
    events = json.loads(files["audit.json"])
    assert len(events) >= 2
    change(events)
    tampered = listed_anew(files | {"audit.json": json.dumps(events).encode()})
    assert failed(judged(tampered)) == {"evidence.audit-chain"}


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b"[null]", b"[" * 100_000, b"\xff"])
def test_what_is_no_list_of_events_fails(files: dict[str, bytes], content: bytes) -> None:
    assert failed(judged(listed_anew(files | {"audit.json": content}))) == {"evidence.audit-chain"}


def test_a_folder_that_speaks_of_another_document_fails(files: dict[str, bytes]) -> None:
    assert failed(judged(listed_anew(files, documentId="urn:uuid:other"))) == {
        "evidence.document-id",
        "evidence.audit-chain",
    }


def test_a_folder_that_names_another_container_fails(files: dict[str, bytes]) -> None:
    assert failed(judged(listed_anew(files, container="0" * 64))) == {"evidence.container-digest"}


def test_anchors_inside_the_folder_are_not_trusted(files: dict[str, bytes]) -> None:
    """A stranger's whole story, with the stranger's own anchors laid beside it."""
    strange = signing.SandboxPki.create(not_before=pki().not_before, not_after=pki().not_after)
    folder = MemoryEvidenceFolder()
    for name, content in listed_anew(files | {"certificates/anchor.cer": strange.root}).items():
        folder.put(name, [content])
    stranger = Verify(
        trust=type(House("KZ-MOF").trust)(policy=signing.SANDBOX_DOCUMENT, anchors=strange.trust_anchors()),
        envelope_trust=type(House("KZ-MOF").trust)(policy=signing.SANDBOX_ENVELOPE, anchors=strange.trust_anchors()),
        interpret=lambda _: NotUnderstood(what=""),
        at=NOW,
    )
    assert stranger.folder("folder", folder).indication != PASSED


@pytest.mark.parametrize("odd", [b"", b"rubbish", b"0", b"<script>", b"\x30\x82\xff\xff"])
def test_a_certificate_in_the_folder_that_is_none_fails_and_breaks_nothing_else(
    files: dict[str, bytes], odd: bytes
) -> None:
    assert failed(judged(listed_anew(files | {"certificates/odd.cer": odd}))) == {"evidence.certificate"}


# --- whose a receipt must be -----------------------------------------------------------------------------------------
def answered(number: str | None) -> Verdict:
    """The verdict on a folder with the Receipt for a report that gives its recipient this number."""
    report = put(REPORT, ("header", "recipient", "bin"), number)
    mof, mfa = House("KZ-MOF"), House("KZ-MFA")
    mine = mof.submit().report(report, ()).delivery
    mof.deliver()
    mof.carried(mine, mfa)
    mfa.process()
    (receipt,) = [one for one in mfa.everything_queued() if one.content_kind is ContentKind.DOCUMENT]
    mfa.carried(receipt, mof)
    assert mof.process() is not None
    folder = MemoryEvidenceFolder()
    mof.export(DOCUMENT, folder)
    return judged({name: folder.get(name) for name in folder.names()})


def test_a_receipt_proves_nothing_where_the_document_does_not_say_whose_signature_it_must_be() -> None:
    """Without the recipient's number in what was signed, any certificate under the anchors would do."""
    verdict = answered(None)
    assert verdict.indication == INDETERMINATE
    undecided = [one for one in verdict.checks if one["conclusion"] == "INDETERMINATE"]
    assert {one["id"] for one in undecided} >= {"evidence.receipt-author"}
    (author,) = [one for one in undecided if one["id"] == "evidence.receipt-author"]
    assert (author["params"]["stated"], author["params"]["found"]) == ("", ALL_BINS["KZ-MFA"])
    assert "evidence.receipt-signature" not in {one["id"] for one in undecided}


# --- single containers and the chain of documents --------------------------------------------------------------------
def test_a_container_alone_is_judged_with_what_it_is(files: dict[str, bytes]) -> None:
    content = files["document.asice"]
    kept = KeptBlob(sha256=sha256_of(content), size=len(content))
    verdict = verifier().container("a.asice", content, kept)
    assert verdict.indication == PASSED
    assert verdict.subject is not None
    assert verdict.subject["documentId"] == DOCUMENT
    assert json.loads(json.dumps(verdict.as_json(), default=str))["indication"] == PASSED


def test_a_container_altered_anywhere_does_not_pass(files: dict[str, bytes]) -> None:
    for place, content in altered(files["document.asice"], samples=120):
        kept = KeptBlob(sha256=sha256_of(content), size=len(content))
        assert verifier().container("a.asice", content, kept).indication != PASSED, place


def of(document: str, *, container: str = "c", indication: str = PASSED, links: Any = ()) -> Verdict:
    return Verdict(
        file=document,
        indication=indication,
        sub_indication=None,
        signatures=(),
        checks=(),
        subject={"documentId": document},
        container=container,
        links=links,
    )


@pytest.mark.parametrize(
    ("target", "conclusion"),
    [
        (of("b", container="right"), PASSED),
        (of("b", container="wrong"), FAILED),
        (of("b", container="right", indication=FAILED), FAILED),
        (of("elsewhere"), INDETERMINATE),
    ],
    ids=["the very bytes", "other bytes", "that does not verify", "not here"],
)
def test_a_document_that_rests_on_another_is_told_by_its_digest(target: Verdict, conclusion: str) -> None:
    (link,) = chain_of([of("a", links=(("source-submission", "b", "right"),)), target])
    assert (link.source, link.target, link.conclusion) == ("a", "b", conclusion)
