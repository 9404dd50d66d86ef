"""What the node stated itself, in a folder: each way to be wrong is found, by the check that is for it and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import signing
from adapter import conversion
from adapter.domain.document import BodyCode, Sha256
from adapter.domain.statement import NonDelivery, SubmissionReceipt, place_of
from adapter.usecases.verdict import FAILED, INDETERMINATE, PASSED, Verdict
from tests.contract.samples import digest
from tests.doubles.memory_store import MemoryEvidenceFolder
from tests.unit.usecases.houses import NOW, House, forger, issued
from tests.unit.usecases.test_evidence import DOCUMENT, REPORT, failed, listed_anew, of_form, sealed_anew, verifier
from tests.unit.usecases.test_evidence_seal import Files, manifest_of, rewritten

RECEIPT, FAILURE = "statements/001-submission-receipt.xml", "statements/002-non-delivery.xml"


@cache
def _overdue() -> Files:
    """A document that was never answered, exported after its deadline."""
    house = House("KZ-MOF")
    delivery = house.submit().report(REPORT, ()).delivery
    house.deliver()
    assert delivery.deadline is not None
    house.clock.at = delivery.deadline
    house.escalate()
    folder = MemoryEvidenceFolder()
    house.clock.at = NOW  # the seal of the tests claims this time
    house.export(DOCUMENT, folder)
    return {name: folder.get(name) for name in folder.names()}


@pytest.fixture
def files() -> Files:
    return dict(_overdue())


def judged(files: Files) -> Verdict:
    folder = MemoryEvidenceFolder()
    for name, content in files.items():
        folder.put(name, [content])
    house = House("KZ-MOF")
    later = replace(verifier(house.incoming.interpret), at=NOW.replace(day=20), seal_at=NOW.replace(day=20))
    return later.folder("folder", folder)


def stated(said: SubmissionReceipt | NonDelivery, files: Files, name: str, *, key: Any = None) -> Files:
    """The folder with another statement under the name, at the place of the old one, signed, listed and sealed."""
    place = place_of(conversion.read_statement(files[name])[1])
    assert place is not None
    content = conversion.write_statement(said, sequence=place[0], previous=place[1])
    return signed_anew(content, files, name, key=key)


def signed_anew(content: bytes, files: Files, name: str, *, key: Any = None) -> Files:
    chosen = (key or issued("employee", "KZ-MOF")).signing_key()
    signed = signing.sign_xml(content, chosen, policy=signing.DEFAULT_SIGNING, signing_time=NOW)
    manifest = manifest_of(files)
    manifest["files"][name]["digest"] = digest(content)
    key_of = "receipt" if name == RECEIPT else "nonDelivery"
    manifest["deliveries"][0][key_of] = digest(content)
    changed = files | {name: signed, "evidence.json": json.dumps(manifest).encode()}
    return listed_anew(changed)


def said_in(files: Files, name: str) -> Any:
    return conversion.read_statement(files[name])[0]


def test_a_folder_with_a_receipt_and_a_statement_of_non_delivery_passes(files: Files) -> None:
    assert {name for name in files if name.startswith("statements/")} == {RECEIPT, FAILURE}
    verdict = judged(files)
    assert verdict.indication == PASSED, [one for one in verdict.checks if one["conclusion"] != "PASSED"]
    passed = [one["id"] for one in verdict.checks if one["conclusion"] == "PASSED"]
    for what in ("signature", "author", "subject", "digests", "event"):
        assert passed.count(f"evidence.node-{what}") == 2
    facts = manifest_of(files)["files"]
    assert facts[RECEIPT]["what"] == "submission-receipt"
    assert manifest_of(files)["deliveries"][0]["nonDelivery"] == facts[FAILURE]["digest"]


@pytest.mark.parametrize("name", [RECEIPT, FAILURE])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda said: replace(said, addressee=BodyCode("KZ-AP")), "subject"),
        (lambda said: replace(said, xml=digest("other")), "digests"),
        (lambda said: replace(said, container=digest("other")), "digests"),
        (lambda said: replace(said, audit_event=replace(said.audit_event, digest=digest("other"))), "event"),
        (lambda said: replace(said, audit_event=replace(said.audit_event, sequence=7)), "event"),
        (lambda said: replace(said, audit_event=replace(said.audit_event, action="delivery.sent")), "event"),
    ],
    ids=["addressee", "xml", "container", "digest of the event", "number of the event", "another deed"],
)
def test_a_statement_that_says_another_thing_is_found_by_the_check_that_is_for_it(
    files: Files, name: str, change: Callable[[Any], Any], code: str
) -> None:
    found = failed(judged(stated(change(said_in(files, name)), files, name)))
    # Another receipt is one that the statement after it does not follow from.
    assert found - {"evidence.node-link"} == {f"evidence.node-{code}"}


def test_a_receipt_for_other_files_is_found(files: Files) -> None:
    said = said_in(files, RECEIPT)
    short = stated(replace(said, files=said.files[:1]), files, RECEIPT)
    assert failed(judged(short)) - {"evidence.node-link"} == {"evidence.node-digests"}


@pytest.mark.parametrize(
    ("key", "code"),
    [(lambda: issued("employee", "KZ-MLSP"), "evidence.node-author"), (forger, None)],
    ids=["another body", "nobody trusted"],
)
def test_a_statement_signed_by_somebody_else_is_found(files: Files, key: Callable[[], Any], code: str | None) -> None:
    verdict = judged(stated(said_in(files, FAILURE), files, FAILURE, key=key()))
    if code is None:
        assert verdict.indication == INDETERMINATE
        assert {one["id"] for one in verdict.checks if one["conclusion"] == "INDETERMINATE"} == {
            "evidence.node-signature"
        }
    else:
        assert failed(verdict) == {code}


def test_a_statement_sealed_by_a_machine_of_the_body_passes(files: Files) -> None:
    """The envelope's key signs where there is no office key."""
    verdict = judged(stated(said_in(files, FAILURE), files, FAILURE, key=issued("information-system", "KZ-MOF")))
    assert verdict.indication == PASSED


def test_an_altered_or_unsigned_statement_is_found_by_its_signature(files: Files) -> None:
    signed = files[FAILURE]
    altered = signed.replace(b'proof="none"', b'proof="some"')
    assert altered != signed
    unsigned = conversion.read_statement(signed)[1]
    for content in (altered, unsigned):
        manifest = manifest_of(files)
        kept = digest(conversion.read_statement(content)[1])
        manifest["files"][FAILURE]["digest"] = manifest["deliveries"][0]["nonDelivery"] = kept
        changed = listed_anew(files | {FAILURE: content, "evidence.json": json.dumps(manifest).encode()})
        assert failed(judged(changed)) == {"evidence.node-signature"}


def test_a_statement_under_another_name_or_of_no_form_is_found(files: Files) -> None:
    renamed = {("statements/009-non-delivery.xml" if name == FAILURE else name): c for name, c in files.items()}
    manifest = manifest_of(files)
    manifest["files"]["statements/009-non-delivery.xml"] = manifest["files"].pop(FAILURE)
    odd = listed_anew(renamed | {"evidence.json": json.dumps(manifest).encode()})
    assert failed(judged(odd)) == {"evidence.node-form", "evidence.statement"}
    assert "evidence.node-form" in failed(judged(listed_anew(files | {FAILURE: b"<NonDelivery/>"})))


def test_a_receipt_exchanged_for_another_breaks_the_link(files: Files) -> None:
    said = said_in(files, RECEIPT)
    other = replace(said, running=said.running * 2)
    assert failed(judged(stated(other, files, RECEIPT))) == {"evidence.node-link"}


@pytest.mark.parametrize("name", [RECEIPT, FAILURE])
def test_a_statement_that_was_left_out_is_missed_by_the_chain(files: Files, name: str) -> None:
    manifest = manifest_of(files)
    del manifest["files"][name]
    manifest["deliveries"][0]["receipt" if name == RECEIPT else "nonDelivery"] = None
    left = {one: content for one, content in files.items() if one != name}
    found = failed(judged(sealed_anew(rewritten(left, manifest))))
    assert found - {"evidence.node-link"} == {"evidence.statement"}


def test_an_earlier_form_has_no_place_for_statements_and_hides_none(files: Files) -> None:
    old = of_form(files, "elshi-evidence/2")
    hidden = old | {"audit.json": files["audit.json"]}
    manifest = manifest_of(hidden)
    manifest["files"]["audit.json"] = manifest_of(files)["files"]["audit.json"]
    assert failed(judged(sealed_anew(rewritten(hidden, manifest)))) == {"evidence.statement"}
    manifest = manifest_of(files) | {"version": "elshi-evidence/2"}
    assert "evidence.unknown-file" in failed(judged(sealed_anew(rewritten(files, manifest))))


# --- alone -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "code"), [(RECEIPT, "statement.submission-receipt"), (FAILURE, "statement.non-delivery")]
)
def test_a_statement_that_lies_alone_is_judged_and_says_what_it_is(files: Files, name: str, code: str) -> None:
    judge = replace(verifier(), at=NOW.replace(day=20))
    verdict = judge.xml("receipt.xml", files[name])
    (told,) = [one for one in verdict.checks if one["id"].startswith("statement.")]
    said = said_in(files, name)
    assert (verdict.indication, told["id"], told["conclusion"]) == (PASSED, code, "NOT_PERFORMED")
    assert (told["params"]["document"], told["params"]["container"]) == (said.document_id, said.container)
    altered = files[name].replace(b"KZ-MFA", b"KZ-MOF")
    assert judge.xml("receipt.xml", altered).indication == FAILED
    broken = Sha256(said.container).encode()
    assert "statement.form" in {one["id"] for one in judge.xml("r.xml", files[name].replace(broken, b"0")).checks}


def test_another_document_that_mentions_the_namespace_is_judged_as_what_it_is() -> None:
    key = issued("employee", "KZ-MOF").signing_key()
    for content in (b'<a xmlns="urn:x-elshi:statement:v1"></a>', b'<a>"urn:x-elshi:statement:v1"</a>'):
        signed = signing.sign_xml(content, key, policy=signing.DEFAULT_SIGNING, signing_time=NOW)
        verdict = verifier().xml("a.xml", signed)
        assert verdict.indication == PASSED
        assert not any(one["id"].startswith("statement.") for one in verdict.checks)
