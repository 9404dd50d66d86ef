"""The endpoint's one deed: durable first, answered after; the same message the same answer, nothing promised in vain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapter.domain.alarms import is_alarm
from adapter.domain.incoming import JournalState
from adapter.domain.receipt import MessageVerdict
from adapter.errors import Retryable
from tests.unit.usecases.houses import House

RAW = b"message-1 bytes"


def journal(house: House) -> list[Any]:
    with house.store.transaction() as transaction:
        return list(transaction.journal.listed())


def test_the_bytes_are_durable_when_the_answer_is_given(mfa: House) -> None:
    answer = mfa.receive(RAW)
    (entry,) = journal(mfa)
    assert mfa.store.blobs.read(entry.sha256) == RAW
    assert (entry.state, entry.answer, answer.status, answer.code) == (JournalState.RECEIVED, answer.content, 200, None)


def test_the_same_message_gets_the_original_answer_byte_for_byte_and_has_no_second_effect(mfa: House) -> None:
    """Fault 12."""
    first = mfa.receive(RAW)
    mfa.clock.move(hours=3)
    again = [mfa.receive(RAW) for _ in range(20)]
    assert {one.content for one in again} == {first.content}
    assert len(journal(mfa)) == 1
    assert mfa.told() == ["message.received"]


def test_the_same_id_with_other_bytes_keeps_both_and_tells_a_person(mfa: House) -> None:
    mfa.receive(RAW)
    other = mfa.receive(b"message-1 other bytes")
    assert other.status == 200
    assert [mfa.store.blobs.read(one.sha256) for one in journal(mfa)] == [RAW, b"message-1 other bytes"]
    with mfa.store.transaction() as transaction:
        (*_, told) = transaction.audit.events()
    assert is_alarm(told)
    assert (told.event.action, told.event.details["code"]) == ("message.conflict", "receive.same-id-other-bytes")
    known, new = (one.sha256 for one in journal(mfa))
    assert (told.event.details["known_sha256"], told.event.details["new_sha256"]) == (known, new)
    mfa.receive(RAW)
    assert mfa.told().count("message.conflict") == 1, "the first one again is no news"


def test_a_refused_message_is_kept_too_and_wakes_nobody(mfa: House) -> None:
    mfa.incoming.judges[RAW] = {
        "state": JournalState.REFUSED,
        "status": 500,
        "answer": b"<fault/>",
        "verdict": MessageVerdict.FAILED,
        "code": "exchange.push-signature",
    }
    answer = mfa.receive(RAW)
    (entry,) = journal(mfa)
    assert (answer.status, answer.code, answer.content) == (500, "exchange.push-signature", b"<fault/>")
    assert (entry.state, entry.wake_at) == (JournalState.REFUSED, None)
    assert mfa.process() is None


def test_what_was_taken_is_answered_as_the_first_time_also_when_it_would_not_be_taken_today(mfa: House) -> None:
    """The answer was lost, the gateway's certificate was replaced, and then the exchange calls again: a fault would tell it
    that a document was refused which is registered here.
    """
    first = mfa.receive(RAW)
    mfa.incoming.judges[RAW] = {
        "state": JournalState.REFUSED,
        "status": 500,
        "answer": b"<fault/>",
        "verdict": MessageVerdict.FAILED,
        "code": "exchange.push-signature",
    }
    again = mfa.receive(RAW)
    assert (again.status, again.content, again.code) == (200, first.content, None)
    assert len(journal(mfa)) == 1
    mfa.incoming.judges[b"message-1 forged"] = mfa.incoming.judges[RAW]
    assert mfa.receive(b"message-1 forged").status == 500, "the same id under other bytes is judged by itself"


def test_an_unsigned_message_waits_for_a_person_and_moves_nothing(mfa: House) -> None:
    mfa.incoming.judges[RAW] = {
        "state": JournalState.HELD,
        "verdict": MessageVerdict.UNVERIFIED,
        "code": "exchange.push-unverified",
    }
    assert mfa.receive(RAW).status == 200
    assert mfa.process() is None
    assert journal(mfa)[0].state is JournalState.HELD


def test_a_busy_store_promises_nothing(mfa: House, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def busy() -> Iterator[Any]:
        raise Retryable("storage.busy")
        yield  # pragma: no cover - a generator

    monkeypatch.setattr(mfa.store, "transaction", busy)
    with pytest.raises(Retryable, match="storage.busy"):
        mfa.receive(RAW)
    monkeypatch.undo()
    assert journal(mfa) == []
    assert mfa.receive(RAW).status == 200, "the repeat is taken as if it were the first"
