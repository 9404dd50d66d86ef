"""Nothing in evidence.json can be changed unnoticed: the exporter's seal, and what the signed material shows."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import signing
from adapter.domain.delivery import DeliveryState
from adapter.domain.incoming import IncomingNotice, NotUnderstood
from adapter.domain.notice import Notice, NoticeKind, RefusalReason
from adapter.errors import Final, Retryable
from adapter.usecases.evidence_seal import SEAL
from adapter.usecases.evidence_statements import places_of
from adapter.usecases.verdict import FAILED, INDETERMINATE, PASSED, Verdict
from tests.doubles.memory_store import MemoryEvidenceFolder
from tests.factories import put
from tests.unit.usecases.houses import MEMBERS, NOW, House, forger, issued
from tests.unit.usecases.test_evidence import (
    DOCUMENT,
    REPORT,
    _story,
    failed,
    gateways_word,
    judged,
    listed_anew,
    name_of,
    of_form,
    sealed_anew,
    verifier,
)

Files = dict[str, bytes]
MANIFEST = "evidence.json"
WORD = re.compile(
    r'deliveries\[0\]\.(deadline|reason|reasonText)|files\["[^"]+"\]\.(verdict|receivedAt|dispute)'
    r'|files\["messages/[0-9]+-gateway-answer-[^"]*"\]\.says|registered\.receivedAt'
)
"""What docs/verify.md calls the exporter's word."""


@pytest.fixture
def files() -> Files:
    """Exported by the sender."""
    return dict(_story()[1])


@pytest.fixture
def received() -> Files:
    """Exported by the addressee, which keeps no answers to it."""
    return exported_by_the_addressee(REPORT)


def exported_by_the_addressee(report: Any) -> Files:
    mof, mfa = House("KZ-MOF"), House("KZ-MFA")
    mof.carried(mof.submit().report(report, ()).delivery, mfa)
    mfa.process()
    folder = MemoryEvidenceFolder()
    mfa.export(report.header.document_id, folder)
    return {name: folder.get(name) for name in folder.names()}


def manifest_of(files: Files) -> Any:
    return json.loads(files[MANIFEST])


def rewritten(files: Files, manifest: Any) -> Files:
    """As somebody without keys rewrites it."""
    return files | {MANIFEST: json.dumps(manifest).encode()}


def with_delivery(files: Files, **changes: Any) -> Files:
    manifest = manifest_of(files)
    manifest["deliveries"][0] |= changes
    return rewritten(files, manifest)


def checks_of(verdict: Verdict, conclusion: str) -> set[str]:
    return {str(one["id"]) for one in verdict.checks if one["conclusion"] == conclusion}


def words_of(verdict: Verdict) -> set[str]:
    named = [one for one in verdict.checks if one["id"] == "evidence.exporters-word"]
    return {place for one in named for place in str(one["params"]["places"]).split(", ")}


def flips(value: Any, other: Callable[[Any], Any] | None = None) -> Iterator[tuple[str, Any]]:
    """The JSON value with one plain value changed, once for each."""
    paths = list(_paths(value))
    assert len(paths) == len(list(places_of(value)))
    for path, place in zip(paths, places_of(value), strict=True):
        changed = copy.deepcopy(value)
        at = changed
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = (other or _other)(at[path[-1]])
        yield place, changed


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _paths(item, (*path, number))
    else:
        yield path


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value + "x" if isinstance(value, str) else "x"


# --- every field -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("side", ["files", "received"])
def test_every_value_changed_without_the_key_is_found(side: str, request: pytest.FixtureRequest) -> None:
    whole: Files = request.getfixturevalue(side)
    places = []
    for place, manifest in flips(manifest_of(whole)):
        found = failed(judged(rewritten(whole, manifest)))
        assert found & {"evidence.seal", "evidence.manifest"}, place
        places.append(place)
    assert {"exportedBy", "exportedAt", "version", "documentId", "container"} < set(places)


@pytest.mark.parametrize("side", ["files", "received"])
def test_every_value_that_is_not_named_as_the_exporters_word_is_found_though_the_exporter_itself_lies(
    side: str, request: pytest.FixtureRequest
) -> None:
    whole: Files = request.getfixturevalue(side)
    words = words_of(judged(whole))
    assert all(WORD.fullmatch(place) for place in words), words
    for place, manifest in flips(manifest_of(whole)):
        key = issued("employee", "KZ-MOF" if side == "files" else "KZ-MFA")
        verdict = judged(sealed_anew(rewritten(whole, manifest), key))
        assert verdict.indication == (PASSED if place in words else FAILED), place
        assert "evidence.seal" not in checks_of(verdict, "FAILED"), place


@pytest.mark.parametrize(
    "odd", [[], {}, 10**40, float("nan"), [[{}]], {"a": ["b"]}, "0001-01-01T00:00:00+14:00"], ids=repr
)
def test_a_value_of_another_kind_is_a_verdict_and_no_traceback(files: Files, odd: object) -> None:
    for place, manifest in flips(manifest_of(files), lambda _: odd):
        assert judged(rewritten(files, manifest)).indication == FAILED, place


@pytest.mark.parametrize("name", [MANIFEST, "audit.json"])
def test_nesting_without_end_is_a_verdict_and_no_traceback(files: Files, name: str) -> None:
    for depth in (20, 900, 5000):
        odd = b'{"version":"elshi-evidence/2","files":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
        assert judged(files | {name: odd}).indication == FAILED


def test_white_space_is_under_the_seal_too(files: Files) -> None:
    assert failed(judged(rewritten(files, manifest_of(files)))) == {"evidence.seal"}


# --- what a hand without keys does -----------------------------------------------------------------------------------
def test_a_rewritten_exporter_fails_by_the_seal_and_a_resealed_one_by_its_certificate(files: Files) -> None:
    manifest = manifest_of(files) | {"exportedBy": "KZ-MFA"}
    assert failed(judged(rewritten(files, manifest))) == {"evidence.seal"}
    assert failed(judged(sealed_anew(rewritten(files, manifest)))) == {"evidence.exporter"}


@pytest.mark.parametrize("state", [one for one in DeliveryState if one is not DeliveryState.REGISTERED])
def test_a_rewritten_state_fails_by_the_seal_and_by_the_signed_notice(files: Files, state: str) -> None:
    changed = with_delivery(files, state=state)
    assert failed(judged(changed)) == {"evidence.seal", "evidence.statement"}
    assert failed(judged(sealed_anew(changed))) == {"evidence.statement"}


@pytest.mark.parametrize("start", ["receipts/", "messages/001", "messages/002", "audit.json", "document.pdf"])
def test_a_file_removed_with_its_line_fails(files: Files, start: str) -> None:
    name = name_of(files, start)
    manifest = manifest_of(files)
    del manifest["files"][name]
    without = {one: content for one, content in rewritten(files, manifest).items() if one != name}
    assert "evidence.seal" in failed(judged(without))


def test_a_file_added_with_its_line_fails(files: Files) -> None:
    added = files | {"messages/009-notice-finished.xml": files[name_of(files, "messages/001")]}
    fitting = listed_anew(added) | {SEAL: files[SEAL]}
    assert "evidence.seal" in failed(judged(fitting))


def test_a_swapped_receipt_with_its_line_fails(files: Files) -> None:
    swapped = listed_anew(files | {name_of(files, "receipts/"): files["document.asice"]}) | {SEAL: files[SEAL]}
    assert {"evidence.seal", "evidence.receipt-digest"} <= failed(judged(swapped))


def test_a_seal_changed_anywhere_does_not_turn_another_folder_into_a_right_one(files: Files) -> None:
    """Unused certificates in the CMS are under no signature; whatever is changed, evidence.json is the sealed one."""
    changed = with_delivery(files, deadline=None)
    for place in range(0, len(files[SEAL]), 97):
        seal = bytearray(files[SEAL])
        seal[place] ^= 0x01
        assert judged(changed | {SEAL: bytes(seal)}).indication == FAILED, place


# --- the seal --------------------------------------------------------------------------------------------------------
def test_a_folder_without_its_seal_fails(files: Files) -> None:
    without = {name: content for name, content in files.items() if name != SEAL}
    assert failed(judged(without)) == {"evidence.seal-absent"}


def old(files: Files) -> Files:
    """A folder as it was written before there were seals."""
    written = of_form(files, "elshi-evidence/1")
    return {name: content for name, content in written.items() if name != SEAL}


def test_an_old_folder_without_a_seal_cannot_be_told(files: Files) -> None:
    verdict = judged(old(files))
    assert verdict.indication == INDETERMINATE
    assert checks_of(verdict, "INDETERMINATE") == {"evidence.seal-absent"}
    assert not checks_of(verdict, "FAILED")


def test_a_folder_made_old_to_be_rid_of_its_seal_never_passes(files: Files) -> None:
    for place, manifest in flips(manifest_of(files)):
        if place != "version":
            assert judged(old(rewritten(files, manifest))).indication != PASSED, place


def test_an_old_folder_with_a_seal_that_is_not_its_own_fails(files: Files) -> None:
    assert failed(judged(old(files) | {SEAL: files[SEAL]})) == {"evidence.seal"}


def test_the_seal_of_a_stranger_cannot_be_told(files: Files) -> None:
    verdict = judged(sealed_anew(files, forger()))
    assert verdict.indication == INDETERMINATE
    (seal,) = [one for one in verdict.checks if one["id"] == "evidence.seal"]
    assert (seal["conclusion"], seal["params"]["reason"]) == ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")


@pytest.mark.parametrize("kind", ["authentication", "information-system"])
def test_a_seal_by_a_certificate_for_another_purpose_fails(files: Files, kind: str) -> None:
    assert failed(judged(sealed_anew(files, issued(kind, "KZ-MOF")))) == {"evidence.seal"}


@pytest.mark.parametrize("body", ["KZ-MFA", "KZ-MLSP"])
def test_the_seal_of_another_body_fails(files: Files, body: str) -> None:
    assert failed(judged(sealed_anew(files, issued("employee", body)))) == {"evidence.exporter"}


def test_a_body_that_had_no_part_in_the_document_exports_nothing_of_it(files: Files) -> None:
    manifest = manifest_of(files) | {"exportedBy": "KZ-MLSP"}
    changed = sealed_anew(rewritten(files, manifest), issued("employee", "KZ-MLSP"))
    assert failed(judged(changed)) == {"evidence.exporter"}


@pytest.mark.parametrize("seal", [b"", b"0", b"\x30\x80", b"x" * 1_000_001], ids=["empty", "text", "cut", "too large"])
def test_a_seal_that_is_none_fails(files: Files, seal: bytes) -> None:
    assert failed(judged(files | {SEAL: seal})) == {"evidence.seal"}


def test_the_time_of_the_export_is_the_signed_one(files: Files) -> None:
    later = (NOW + timedelta(seconds=1)).isoformat()
    changed = sealed_anew(rewritten(files, manifest_of(files) | {"exportedAt": later}))
    assert failed(judged(changed)) == {"evidence.exported-at"}


def test_the_verdict_names_who_sealed_and_when(files: Files) -> None:
    seal = judged(files).as_json()["seal"]
    assert (seal["indication"], seal["exportedBy"], seal["exportedAt"]) == (PASSED, "KZ-MOF", NOW.isoformat())
    assert seal["signatures"][0]["signer"]["common_name"] == "employee KZ-MOF"


def test_the_seal_is_judged_at_its_own_time_because_it_is_younger_than_the_document(files: Files) -> None:
    said = _story()[0].incoming.interpret
    folder = MemoryEvidenceFolder()
    late = datetime(2027, 6, 1, tzinfo=UTC)
    manifest = rewritten(files, manifest_of(files) | {"exportedAt": late.isoformat()})
    seal = signing.sign_detached(
        [manifest[MANIFEST]],
        issued("employee", "KZ-MOF", start=datetime(2027, 1, 1, tzinfo=UTC)).signing_key(),
        policy=signing.DEFAULT_SIGNING,
        signing_time=late,
    )
    for name, content in (manifest | {SEAL: seal}).items():
        folder.put(name, [content])
    judge = verifier(said)
    assert judge.folder("folder", folder).indication == INDETERMINATE
    assert replace(judge, seal_at=late).folder("folder", folder).indication == PASSED
    after_its_end = replace(judge, seal_at=datetime(2029, 1, 1, tzinfo=UTC))
    assert after_its_end.folder("folder", folder).indication == INDETERMINATE


# --- the addressee as exporter ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("field", ["number", "sender", "late", "verdict", "officeSignature", "xml"])
def test_a_registration_that_the_chain_records_otherwise_fails(received: Files, field: str) -> None:
    manifest = manifest_of(received)
    manifest["registered"][field] = "another"
    changed = sealed_anew(rewritten(received, manifest), issued("employee", "KZ-MFA"))
    assert failed(judged(changed)) == {"evidence.statement"}


def test_a_registration_left_out_fails(received: Files) -> None:
    changed = rewritten(received, manifest_of(received) | {"registered": None})
    assert failed(judged(sealed_anew(changed, issued("employee", "KZ-MFA")))) == {"evidence.statement"}


def test_an_addressee_of_whom_nothing_signed_gives_a_number_is_known_by_its_name_or_not_at_all() -> None:
    files = exported_by_the_addressee(put(REPORT, ("header", "recipient", "bin"), None))
    verdict = judged(files)
    assert verdict.indication == INDETERMINATE
    assert checks_of(verdict, "INDETERMINATE") == {"evidence.exporter"}


# --- a notice that cannot be judged ----------------------------------------------------------------------------------
def test_a_state_whose_notice_is_not_there_fails(files: Files) -> None:
    name = name_of(files, "messages/002")
    manifest = manifest_of(files)
    del manifest["files"][name]
    without = {one: content for one, content in files.items() if one != name}
    verdict = judged(sealed_anew(rewritten(without, manifest)), lambda _: NotUnderstood(what=""))
    assert failed(verdict) == {"evidence.statement"}
    assert {str(one["params"]["place"]) for one in verdict.checks if one["id"] == "evidence.statement"} == {
        "deliveries[0].number",
        "deliveries[0].state",
    }


@pytest.mark.parametrize("deliveries", [[], None, "none"])
def test_a_delivery_left_out_fails(files: Files, deliveries: object) -> None:
    changed = rewritten(files, manifest_of(files) | {"deliveries": deliveries})
    assert "evidence.statement" in failed(judged(sealed_anew(changed)))


def test_less_proof_than_is_there_is_a_wrong_statement(files: Files) -> None:
    assert failed(judged(sealed_anew(with_delivery(files, proof="notice")))) == {"evidence.statement"}


# --- the exporter's side ---------------------------------------------------------------------------------------------
def house_sealing_with(key: signing.IssuedKey) -> House:
    mof = House("KZ-MOF")
    mof.submit().report(REPORT, ())
    object.__setattr__(mof.export, "seal_key", key.signing_key)
    return mof


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (issued("employee", "KZ-MFA"), "export.key-of-another-body"),
        (issued("authentication", "KZ-MOF"), "sign.certificate-authentication-only"),
        (issued("employee", "KZ-MOF", start=NOW + timedelta(days=1)), "sign.certificate-not-yet-valid"),
    ],
    ids=["another body", "for logging in", "not yet valid"],
)
def test_a_key_whose_seal_nobody_would_take_leaves_nothing_written(key: signing.IssuedKey, code: str) -> None:
    folder = MemoryEvidenceFolder()
    with pytest.raises(Final, match=code):
        house_sealing_with(key).export(DOCUMENT, folder)
    assert list(folder.names()) == []


def test_a_seal_that_our_own_verifier_would_not_take_is_no_export() -> None:
    folder = MemoryEvidenceFolder()
    with pytest.raises(Final, match="sign.seal-verification"):
        house_sealing_with(issued("information-system", "KZ-MOF")).export(DOCUMENT, folder)
    assert MANIFEST not in set(folder.names())


def test_a_document_not_yet_sent_is_exported_and_verifies() -> None:
    mof, folder = House("KZ-MOF"), MemoryEvidenceFolder()
    mof.submit().report(REPORT, ())
    mof.export(DOCUMENT, folder)
    verdict = judged({name: folder.get(name) for name in folder.names()})
    assert verdict.indication == PASSED
    assert "deliveries[0].state" in words_of(verdict)


def test_a_delivery_that_was_tried_again_is_one_delivery() -> None:
    """The return to the queue is an event of the chain as well."""
    mof, folder = House("KZ-MOF"), MemoryEvidenceFolder()
    mof.submit().report(REPORT, ())
    mof.outgoing.answering.append(Retryable("exchange.unreachable"))
    mof.deliver()
    mof.export(DOCUMENT, folder)
    files = {name: folder.get(name) for name in folder.names()}
    assert [one["action"] for one in json.loads(files["audit.json"])].count("delivery.queued") == 2
    assert judged(files).indication == PASSED


@pytest.mark.parametrize("state", ["queued", "sent", "registered", "uncertain"])
def test_a_refusal_by_the_addressee_is_what_its_notice_says(state: str) -> None:
    mof, folder = House("KZ-MOF"), MemoryEvidenceFolder()
    mof.submit().report(REPORT, ())
    mof.deliver()
    notice = Notice(
        document_id=DOCUMENT,
        kind=NoticeKind.NOT_VALID,
        speaker=MEMBERS["KZ-MFA"],
        said_at=NOW,
        reason=RefusalReason.AGAINST_RULES,
        reason_text="3",
    )
    raw = gateways_word("stateNotValid")
    mof.incoming.says[raw] = IncomingNotice(notice=notice)
    mof.receive(raw)
    assert mof.process() is not None
    mof.export(DOCUMENT, folder)
    files = {name: folder.get(name) for name in folder.names()}
    assert judged(files, mof.incoming.interpret).indication == PASSED
    for change in ({"state": state}, {"reason": "wrong-link"}, {"reasonText": "another"}):
        changed = sealed_anew(with_delivery(files, **change))
        assert failed(judged(changed, mof.incoming.interpret)) == {"evidence.statement"}, change


def test_a_refusal_by_the_gateway_is_recorded_in_the_chain() -> None:
    mof, folder = House("KZ-MOF"), MemoryEvidenceFolder()
    mof.submit().report(REPORT, ())
    mof.outgoing.answering.append(Final("exchange.refused"))
    mof.deliver()
    mof.export(DOCUMENT, folder)
    files = {name: folder.get(name) for name in folder.names()}
    assert manifest_of(files)["deliveries"][0]["state"] == "refused"
    assert judged(files).indication == PASSED
    events = [one for one in json.loads(files["audit.json"]) if one["action"] != "delivery.refused"]
    shortened = listed_anew(files | {"audit.json": json.dumps(events).encode()})
    assert failed(judged(shortened)) == {"evidence.statement"}
