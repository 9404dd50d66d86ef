"""What the exporter itself, with its own keys, cannot make of a folder: another sender, a fact undone, an answer forged."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from typing import Any

import pytest

import signing
from adapter.domain.incoming import IncomingNotice
from adapter.domain.notice import Notice, NoticeKind
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
    sealed_anew,
    verifier,
)
from tests.unit.usecases.test_evidence_seal import Files, manifest_of, rewritten


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
    assert failed(verdict) == {"document.signer-of-sender", "evidence.exporter"}


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
