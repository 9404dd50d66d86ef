"""A refusal that finds its row moved: what contradicts is kept and told, what agrees or says nothing is only kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from adapter.domain.delivery import AttemptOutcome, DeliveryState
from adapter.domain.incoming import IncomingNotice
from adapter.domain.notice import Notice, NoticeKind
from adapter.domain.receipt import MessageVerdict, ReceiptKind
from adapter.errors import ElshiError, Final, OutcomeUnknown
from adapter.usecases.verdict import PASSED
from tests.contract import samples
from tests.doubles.memory_store import MemoryEvidenceFolder
from tests.unit.usecases.conftest import add
from tests.unit.usecases.houses import MEMBERS, NOW, House
from tests.unit.usecases.test_evidence import DOCUMENT, REPORT, gateways_word, judged

S = DeliveryState


def refusal(answer: bytes | None = b"<VAL-R-004/>", *, code: str = "VAL-R-004") -> Final:
    error = Final("exchange.refused", params={"code": code})
    error.answer, error.answer_verdict = answer, MessageVerdict.VERIFIED.value
    return error


def turned(house: House, state: DeliveryState, error: ElshiError) -> Any:
    """One delivery whose row becomes `state` while it is being sent, and then ends with `error`."""
    row = add(house, samples.delivery(1))

    def meanwhile(_: bytes) -> ElshiError:
        with house.store.transaction() as transaction:
            now = transaction.outbox.get(row.id)
            assert now is not None
            assert transaction.outbox.save(replace(now, state=state, lease=None, lease_until=None))
        return error

    house.outgoing.answering.append(meanwhile)
    told = house.deliver()
    assert told is not None
    assert told.after.state is house.delivery(row.id).state is state
    return row


@pytest.mark.parametrize("state", [S.IN_CENTRE, S.DELIVERED, S.REGISTERED])
def test_a_refusal_of_what_was_reported_as_carried_is_a_dispute(sender: House, state: DeliveryState) -> None:
    row = turned(sender, state, refusal())
    (kept,) = sender.receipts(row.document_id)
    assert (kept.kind, kept.says, kept.verdict) == (
        ReceiptKind.GATEWAY_ANSWER,
        "VAL-R-004",
        MessageVerdict.VERIFIED,
    )
    assert (kept.is_dispute, sender.store.blobs.read(kept.raw)) == (True, b"<VAL-R-004/>")
    (attempt,) = sender.attempts(row.id)
    assert (attempt.outcome, attempt.answer, attempt.answer_verdict) == (AttemptOutcome.REFUSED, kept.raw, "verified")
    with sender.store.snapshot() as snapshot:
        (event,) = snapshot.audit.events()
    assert (event.event.action, event.event.document_id) == ("answer.dispute", row.document_id)
    assert event.event.details == {
        "delivery": row.id,
        "addressee": "KZ-MFA",
        "state": state.value,
        "attempt": 1,
        "code": "exchange.refused",
        "sha256": kept.raw,
    }


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (S.REFUSED, refusal()),
        (S.UNCERTAIN, refusal()),
        (S.QUEUED, refusal()),
        (S.REGISTERED, OutcomeUnknown(answer=b"half an answer")),
        (S.REGISTERED, Final("exchange.not-understood")),
    ],
)
def test_what_agrees_or_cannot_tell_is_no_dispute(sender: House, state: DeliveryState, error: ElshiError) -> None:
    row = turned(sender, state, error)
    assert sender.receipts(row.document_id) == []
    assert sender.told() == []


def test_a_refusal_without_a_byte_is_told_and_leaves_no_receipt_without_bytes(sender: House) -> None:
    row = turned(sender, S.REGISTERED, refusal(b""))
    assert sender.receipts(row.document_id) == []
    assert sender.told() == ["answer.dispute"]


def test_a_receipt_says_something_also_where_the_outer_code_of_the_fault_is_empty(sender: House) -> None:
    """A statement of non-delivery names every answer by one word at least."""
    row = turned(sender, S.DELIVERED, refusal(code=""))
    assert [one.says for one in sender.receipts(row.document_id)] == ["refused"]


@pytest.mark.parametrize("answer", [b"<VAL-R-004/>", b"413 too large & no XML"])
def test_a_folder_with_a_disputed_refusal_passes_as_registered_and_shows_it(answer: bytes) -> None:
    """It takes nothing from the addressee's word."""
    mof, folder = House("KZ-MOF"), MemoryEvidenceFolder()
    mof.submit().report(REPORT, ())
    raw = gateways_word()
    mof.incoming.says[raw] = IncomingNotice(
        notice=Notice(
            document_id=DOCUMENT,
            kind=NoticeKind.REGISTERED,
            speaker=MEMBERS["KZ-MFA"],
            said_at=NOW,
            registration_number="К-001",
        )
    )

    def registered_first(_: bytes) -> Final:
        mof.receive(raw)
        assert mof.process() is not None
        return refusal(answer)

    mof.outgoing.answering.append(registered_first)
    assert mof.deliver() is not None
    mof.export(DOCUMENT, folder)
    files = {name: folder.get(name) for name in folder.names()}
    manifest = json.loads(files["evidence.json"])
    (name,) = [one for one, facts in manifest["files"].items() if facts.get("dispute")]
    assert files[name] == answer
    assert manifest["files"][name]["what"] == "gateway-answer"
    assert [one for one in files if one.startswith("answers/")] == [], "not twice"
    (row,) = manifest["deliveries"]
    assert (row["state"], row["number"]) == ("registered", "К-001")
    assert judged(files, mof.incoming.interpret).indication == PASSED
