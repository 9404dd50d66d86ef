"""What the exporter itself, with its own keys, cannot make of a folder: another sender, a fact undone, an answer forged."""

from __future__ import annotations

import io
from typing import Any

import pytest

import signing
from adapter.domain.notice import NoticeKind
from adapter.ports import KeptBlob
from adapter.usecases.verdict import FAILED, INDETERMINATE, PASSED, Verdict
from adapter.usecases.verified_container import sha256_of
from tests.doubles.memory_store import MemoryEvidenceFolder
from tests.factories import BINS, put
from tests.unit.usecases.houses import NOW, House, issued, pki
from tests.unit.usecases.test_evidence import (
    DOCUMENT,
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
