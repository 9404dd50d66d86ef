"""What a hostile or unlucky hand can do between the parts, and what then holds."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.incoming import JournalState
from adapter.domain.notice import NoticeKind
from adapter.domain.receipt import MessageVerdict
from adapter.errors import Final
from tests.unit.usecases.houses import MEMBERS, House
from tests.unit.usecases.test_apply_notice import say, state_of
from tests.unit.usecases.test_evidence import _story, failed, judged, listed_anew, name_of
from tests.unit.usecases.test_receive import RAW, journal


@pytest.fixture
def files() -> dict[str, bytes]:
    return dict(_story()[1])


def test_a_forged_printed_form_fails_though_the_list_fits(files: dict[str, bytes]) -> None:
    assert failed(judged(listed_anew(files | {"document.pdf": b"%PDF-1.7 forged"}))) == {"evidence.printed-form"}


def test_a_folder_without_the_proofs_it_claims_fails(files: dict[str, bytes]) -> None:
    bare = {name: content for name, content in files.items() if not name.startswith(("receipts/", "messages/"))}
    assert "evidence.proof-missing" in failed(judged(listed_anew(bare)))


def test_an_unbroken_chain_about_another_document_fails(files: dict[str, bytes]) -> None:
    manifest = json.loads(files["evidence.json"])
    events = json.loads(files["audit.json"])
    others = [one for one in events if one["documentId"] != manifest["documentId"]]
    assert "evidence.audit-chain" in failed(judged(listed_anew(files | {"audit.json": json.dumps(others).encode()})))


def test_a_sequence_without_end_is_a_verdict_and_no_traceback(files: dict[str, bytes]) -> None:
    events = re.sub(rb'"sequence": \d+', b'"sequence": Infinity', files["audit.json"], count=1)
    assert "evidence.audit-chain" in failed(judged(listed_anew(files | {"audit.json": events})))


def test_a_message_that_is_no_message_of_the_exchange_does_not_stand_as_proof(files: dict[str, bytes]) -> None:
    name = name_of(files, "messages/")
    verdict = judged(listed_anew(files | {name: b"<x/>"}))
    assert all(one["what"] != "registered" or one["verdict"] == "TOTAL-PASSED" for one in verdict.history)


def test_a_body_that_is_not_the_addressee_cannot_settle_a_delivery(sender: House, queued: Delivery) -> None:
    sender.deliver()
    stranger = next(member for body, member in MEMBERS.items() if body not in {"KZ-MFA", str(queued.addressee)})
    say(sender, NoticeKind.REGISTERED, speaker=stranger, registration_number="К-666")
    assert state_of(sender, queued) is DeliveryState.SENT


def _held(code: str) -> dict[str, Any]:
    return {"state": JournalState.HELD, "verdict": MessageVerdict.UNVERIFIED, "code": code}


def test_a_message_that_was_not_taken_can_be_taken_once_the_settings_are_mended(mfa: House) -> None:
    mfa.incoming.judges[RAW] = _held("exchange.push-unverified")
    mfa.receive(RAW)
    mfa.incoming.judges.clear()
    mfa.receive(RAW)
    assert [one.state for one in journal(mfa)] == [JournalState.HELD, JournalState.RECEIVED]


def test_a_held_message_is_processed_again_when_a_person_releases_it(mfa: House) -> None:
    mfa.receive(RAW)
    assert mfa.process() is not None
    (entry,) = journal(mfa)
    assert entry.state is JournalState.HELD
    mfa.intervene.release(entry.id, person="A. Clerk", reason="mended")
    assert journal(mfa)[0].state is JournalState.RECEIVED
    with pytest.raises(Final, match="intervene.not-held"):
        mfa.intervene.release(entry.id, person="A. Clerk", reason="again")


def test_a_defect_costs_one_message_and_not_the_worker(mfa: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_raw: bytes) -> Any:
        raise ValueError("content of a document")

    monkeypatch.setattr(mfa.incoming, "interpret", broken)
    mfa.receive(RAW)
    processed = mfa.process()
    assert processed is not None
    assert (processed.entry.state, processed.code) == (JournalState.HELD, "message.defect")
