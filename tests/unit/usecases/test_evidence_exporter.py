"""What the exporter itself, with its own keys, cannot make of a folder: another sender, a fact undone, an answer forged."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

import signing
from adapter.domain.incoming import IncomingNotice
from adapter.domain.notice import Notice, NoticeKind
from adapter.errors import Final, Retryable
from adapter.ports import KeptBlob
from adapter.usecases.verdict import FAILED, INDETERMINATE, PASSED, Verdict
from adapter.usecases.verified_container import sha256_of
from tests.doubles.memory_store import MemoryEvidenceFolder
from tests.factories import BINS, put
from tests.unit.exchange import kit
from tests.unit.usecases.houses import MEMBERS, NOW, House, issued, pki
from tests.unit.usecases.test_evidence import (
    DOCUMENT,
    EXCHANGE,
    REPORT,
    _story,
    failed,
    judged,
    listed_anew,
    name_of,
    of_form,
    sealed_anew,
    verifier,
)
from tests.unit.usecases.test_evidence_seal import Files, exported_by_the_addressee, manifest_of, rewritten


@pytest.fixture
def files() -> Files:
    """Exported by the sender."""
    return dict(_story()[1])


def exported(report: Any = REPORT) -> Files:
    """A folder of the sender's, of a document that is not sent yet."""
    mof, folder = House("KZ-MOF"), MemoryEvidenceFolder()
    mof.submit().report(report, ())
    mof.export(DOCUMENT, folder)
    return {name: folder.get(name) for name in folder.names()}


def signed_anew(container: bytes, key: signing.IssuedKey) -> bytes:
    """The same objects under the signature of another key."""
    opened = signing.verify_container(container, policy=signing.SANDBOX_DOCUMENT, anchors=pki().trust_anchors(), at=NOW)
    out = io.BytesIO()
    signing.sign_container(
        [signing.DataObject.of(one.name, one.media_type, one.read()) for one in opened.objects],
        key.signing_key(),
        policy=signing.DEFAULT_SIGNING,
        signing_time=NOW,
        out=out,
    )
    return out.getvalue()


def alone(container: bytes) -> Verdict:
    return verifier().container("a.asice", container, KeptBlob(sha256=sha256_of(container), size=len(container)))


def conclusions(verdict: Verdict, identifier: str) -> list[str]:
    return [str(one["conclusion"]) for one in verdict.checks if one["id"] == identifier]


# --- whose signature a document must bear ----------------------------------------------------------------------------
def test_a_document_signed_by_another_body_than_it_names_is_not_that_bodys() -> None:
    content = signed_anew(exported()["document.asice"], issued("head", "KZ-MLSP"))
    assert failed(alone(content)) == {"document.signer-of-sender"}


def test_a_body_that_signs_and_seals_in_the_name_of_another_is_no_exporter() -> None:
    """KZ-MLSP signs a document that states KZ-MOF and its BIN, and seals the folder as KZ-MOF."""
    files = exported()
    content = signed_anew(files["document.asice"], issued("head", "KZ-MLSP"))
    forged = listed_anew(files | {"document.asice": content}, container=sha256_of(content))
    verdict = judged(sealed_anew(forged, issued("employee", "KZ-MLSP")))
    assert failed(verdict) == {"document.signer-of-sender", "evidence.exporter", "evidence.node-digests"}


@pytest.mark.parametrize(
    ("organization", "indication"),
    [(REPORT.header.sender.name.ru, PASSED), ("Another body", INDETERMINATE)],
    ids=["named", "another"],
)
def test_without_a_number_in_the_document_the_organisation_in_the_certificate_tells_or_nobody_can(
    organization: str, indication: str
) -> None:
    content = exported(put(REPORT, ("header", "sender", "bin"), None))["document.asice"]
    key = pki().issue("head", "head", organization, bin=BINS["KZ-MOF"], key="ec-p256")
    verdict = alone(signed_anew(content, key))
    assert verdict.indication == indication
    assert conclusions(verdict, "document.signer-of-sender") == [indication.removeprefix("TOTAL-")]


# --- a registration denied -------------------------------------------------------------------------------------------
def test_the_exporter_does_not_undo_a_registration_by_calling_its_notice_a_dispute(files: Files) -> None:
    manifest = manifest_of(files)
    receipt = name_of(files, "receipts/")
    del manifest["files"][receipt]
    (notice,) = [name for name, facts in manifest["files"].items() if facts.get("says") == NoticeKind.REGISTERED]
    manifest["files"][notice]["dispute"] = True
    manifest["deliveries"][0] |= {"state": "uncertain", "proof": "none", "number": None}
    denied = {name: content for name, content in rewritten(files, manifest).items() if name != receipt}
    verdict = judged(sealed_anew(denied))
    assert failed(verdict) == {"evidence.statement"}
    places = {str(one["params"]["place"]) for one in verdict.checks if one["id"] == "evidence.statement"}
    assert places == {"deliveries[0].state", "deliveries[0].number"}
    assert verdict.indication == FAILED


# --- an answer of the exchange forged --------------------------------------------------------------------------------
NOTICE = "messages/001-notice-registered.xml"


def answered_by(key: signing.IssuedKey) -> Verdict:
    """A document that nobody answered, with a registration notice signed with `key`, listed and sealed by the sender."""
    files = exported()
    message = kit.push(kit.notice("stateRegistered", "<regNo>К-001</regNo>"))
    raw = signing.sign_envelope(message, key.signing_key(), policy=signing.DEFAULT_SIGNING, body_id="id-1")
    manifest = manifest_of(files)
    manifest["files"][NOTICE] = {
        "sha256": hashlib.sha256(raw).hexdigest(),
        "size": len(raw),
        "what": "notice",
        "says": "registered",
        "number": "К-001",
        "statedDigest": None,
        "verdict": "verified",
        "dispute": False,
        "receivedAt": NOW.isoformat(),
    }
    manifest["deliveries"][0] |= {"state": "registered", "proof": "notice", "number": "К-001"}
    notice = Notice(
        document_id=DOCUMENT,
        kind=NoticeKind.REGISTERED,
        speaker=MEMBERS["KZ-MFA"],
        said_at=NOW,
        registration_number="К-001",
    )
    return judged(sealed_anew(rewritten(files | {NOTICE: raw}, manifest)), lambda _: IncomingNotice(notice=notice))


def without_a_number(body: str) -> signing.IssuedKey:
    name = signing.certificate_facts(issued("employee", body).certificate).organization
    assert name is not None
    return pki().issue("information-system", "a system", name, key="ec-p256")


@pytest.mark.parametrize(
    "key",
    [
        issued("information-system", "KZ-MOF"),
        issued("information-system", "KZ-MFA"),
        without_a_number("KZ-MOF"),
        pki().issue("information-system", "a system", REPORT.header.recipient.name.kk, key="ec-p256"),  # type: ignore[union-attr]
    ],
    ids=["sender", "addressee", "sender without a number", "addressee without a number"],
)
def test_a_party_to_the_document_does_not_speak_for_the_exchange(key: signing.IssuedKey) -> None:
    verdict = answered_by(key)
    assert failed(verdict) >= {"evidence.message-speaker", "evidence.proof-missing", "evidence.statement"}
    assert [one["verdict"] for one in verdict.history] == [FAILED]


def test_without_a_pinned_certificate_the_verdict_says_that_nobody_asked_who_spoke(files: Files) -> None:
    verdict = judged(files)
    assert verdict.indication == PASSED
    (said,) = [one for one in verdict.checks if one["id"] == "evidence.exchange-not-pinned"]
    assert (said["conclusion"], said["params"]) == ("NOT_PERFORMED", {"count": "2"})


def test_a_pinned_exchange_is_the_only_one_that_speaks(files: Files) -> None:
    folder = MemoryEvidenceFolder()
    for name, content in files.items():
        folder.put(name, [content])
    judge = verifier(_story()[0].incoming.interpret)
    own = EXCHANGE.signing_key().certificate_chain[:1]
    other = issued("gateway", "ANOTHER").signing_key().certificate_chain[:1]
    right = replace(judge, exchange=(*other, *own)).folder("folder", folder)
    assert right.indication == PASSED
    assert conclusions(right, "evidence.message-speaker") == ["PASSED", "PASSED"]
    assert not conclusions(right, "evidence.exchange-not-pinned")
    wrong = replace(judge, exchange=tuple(other)).folder("folder", folder)
    assert failed(wrong) >= {"evidence.message-signature", "evidence.message-speaker", "evidence.statement"}
    raw = files[name_of(files, "messages/002")]
    assert replace(judge, exchange=tuple(own)).envelope("m.xml", raw).indication == PASSED
    assert replace(judge, exchange=tuple(other)).envelope("m.xml", raw).indication == FAILED


# --- what the form demands -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["document.pdf", "attempts.json"])
def test_a_file_that_the_form_demands_is_not_left_out(files: Files, name: str) -> None:
    without = {one: content for one, content in files.items() if one != name}
    assert failed(judged(listed_anew(without))) == {"evidence.form"}


@pytest.mark.parametrize("version", ["elshi-evidence/1", "elshi-evidence/2", "elshi-evidence/3"])
def test_a_value_that_the_form_demands_is_not_left_out(files: Files, version: str) -> None:
    files = files if version == "elshi-evidence/3" else of_form(files, version)
    whole = manifest_of(files)
    assert whole["version"] == version
    assert judged(files).indication == PASSED
    places = [(), ("deliveries", 0), *(("files", name) for name in whole["files"])]
    for place in places:
        inside = manifest_of(files)
        for step in place:
            inside = inside[step]
        for key in set(inside) - {"version", "files", "sha256", "code"}:
            changed = manifest_of(files) | {"version": version}
            at = changed
            for step in place:
                at = at[step]
            del at[key]
            found = failed(judged(sealed_anew(rewritten(files, changed))))
            assert found & {"evidence.form", "evidence.statement"}, (place, key)


def test_a_value_of_the_registration_is_not_left_out() -> None:
    received = exported_by_the_addressee(REPORT)
    for key in manifest_of(received)["registered"]:
        changed = manifest_of(received)
        del changed["registered"][key]
        verdict = judged(sealed_anew(rewritten(received, changed), issued("employee", "KZ-MFA")))
        assert "evidence.form" in failed(verdict), key


@pytest.mark.parametrize("facts", [{}, {"what": "certificate"}])
@pytest.mark.parametrize("name", ["anything/else.bin", "else.bin", "receipts/deep/1.asice", "certificates/a.exe"])
def test_a_listed_file_of_a_kind_that_nobody_judges_fails(files: Files, name: str, facts: dict[str, str]) -> None:
    manifest = manifest_of(files)
    manifest["files"][name] = {"sha256": sha256_of(b"MZ"), "size": 2, **facts}
    verdict = judged(sealed_anew(rewritten(files | {name: b"MZ"}, manifest)))
    assert "evidence.unknown-file" in failed(verdict)


# --- where an export may be written ----------------------------------------------------------------------------------
def test_an_export_over_an_earlier_one_of_the_same_document_verifies() -> None:
    mof, folder = House("KZ-MOF"), MemoryEvidenceFolder()
    mof.submit().report(REPORT, ())
    mof.export(DOCUMENT, folder)
    mof.deliver()
    mof.export(DOCUMENT, folder)
    assert judged({name: folder.get(name) for name in folder.names()}).indication == PASSED


@pytest.mark.parametrize(
    "there",
    [
        {"messages/009-notice-old.xml": b"old"},
        {"evidence.json": b"[]"},
        {"evidence.json": b"not json", "document.asice": b""},
        {"evidence.json": b'{"documentId":"urn:uuid:other","files":{"document.asice":{}}}', "document.asice": b""},
        {"document.asice": b"of another document"},
        {"evidence.json.p7s": b""},
        {"notes.txt.partial": b""},
    ],
    ids=["a stray file", "no list", "rubbish", "another document", "another container", "a seal alone", "unfinished"],
)
def test_an_export_into_a_folder_in_use_is_refused_before_anything_is_written(there: Files) -> None:
    mof, folder = House("KZ-MOF"), MemoryEvidenceFolder()
    mof.submit().report(REPORT, ())
    for name, content in there.items():
        folder.put(name, [content])
    with pytest.raises(Final, match="export.folder-in-use"):
        mof.export(DOCUMENT, folder)
    assert {name: folder.get(name) for name in folder.names()} == there


class BreaksOff(MemoryEvidenceFolder):
    """A folder on a disk that stops taking anything after so many files."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def put(self, name: str, content: Iterable[bytes]) -> None:
        self.left -= 1
        if self.left < 0:
            raise Retryable("storage.full")
        super().put(name, content)


@pytest.mark.parametrize("over", [False, True], ids=["anew", "over an earlier one"])
def test_an_export_that_was_broken_off_anywhere_is_made_again(over: bool) -> None:
    for count in range(30):
        mof, folder = House("KZ-MOF"), BreaksOff(1000 if over else count)
        mof.submit().report(REPORT, ())
        if over:
            mof.export(DOCUMENT, folder)
            mof.deliver()
            folder.left = count
        try:
            mof.export(DOCUMENT, folder)
        except Retryable:
            folder.left = 1000
            mof.export(DOCUMENT, folder)
            assert judged({name: folder.get(name) for name in folder.names()}).indication == PASSED
        else:
            assert count > 3
            return
    pytest.fail("the export never ended")


@pytest.mark.parametrize("listed", [True, False])
def test_an_earlier_export_with_a_file_that_would_be_left_over_is_refused(listed: bool) -> None:
    mof, folder = House("KZ-MOF"), MemoryEvidenceFolder()
    mof.submit().report(REPORT, ())
    mof.export(DOCUMENT, folder)
    folder.put("certificates/old.cer", [b"old"])
    if listed:
        manifest = manifest_of({"evidence.json": folder.get("evidence.json")})
        manifest["files"]["certificates/old.cer"] = {}
        folder.put("evidence.json", [json.dumps(manifest).encode()])
    with pytest.raises(Final) as refused:
        mof.export(DOCUMENT, folder)
    assert (refused.value.code, refused.value.params["names"]) == ("export.folder-in-use", "certificates/old.cer")
