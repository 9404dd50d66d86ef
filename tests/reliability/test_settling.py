"""Faults after the document has left: late, double and contradictory answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from adapter.domain.delivery import AttemptOutcome, DeliveryState
from adapter.domain.receipt import MessageVerdict, ReceiptKind
from tests.reliability.line import Line, delivering
from tests.reliability.test_sending import SILENCE

S, A = DeliveryState, AttemptOutcome


def test_fault_09_a_receipt_after_our_time_out_settles_it_and_both_facts_stay(new_line: Callable[..., Line]) -> None:
    """We stopped waiting, the exchange had taken it: uncertain becomes registered by the notice, the attempt still says
    that its answer never came.
    """
    line = new_line(**SILENCE)
    line.notices_wait()
    line.fault("timeout-after-accept", operation="docOutgoing", seconds=20.0)
    sent = line.send()
    assert sent.state is S.UNCERTAIN
    line.clock.move(timedelta(hours=1))
    line.notices_come()
    row = line.row(sent)
    assert (row.state, bool(row.registration_number)) == (S.REGISTERED, True)
    (attempt,) = line.attempts(sent)
    assert (attempt.outcome, attempt.answer) == (A.UNKNOWN, None)
    assert {one.says for one in line.receipts(sent)} >= {"registered", "delivered"}
    assert line.taken(sent) == 1


@pytest.mark.parametrize("first", ["error", "receipt"])
def test_fault_10_a_receipt_and_an_error_for_one_document_lose_nothing_in_either_order(line: Line, first: str) -> None:
    """The gateway refuses what its centre took all the same. Whichever comes first is final and stands; the other one is
    kept as a dispute, with its bytes, and a person is told.
    """
    line.notices_wait()
    line.fault("soap-fault-listed", operation="docOutgoing", processed=True)
    (queued,) = line.queue()
    if first == "error":
        line.mof.deliver()
        assert line.state(queued) is S.REFUSED
        line.notices_come()
        assert line.state(queued) is S.REFUSED
        carried = ["processed-in-centre", "delivered", "registered"]
        assert [one.says for one in line.receipts(queued) if one.is_dispute] == carried
        assert line.told().count("notice.dispute") == len(carried)
    else:
        delivering(line.mof, after=line.notices_come)()
        assert (line.state(queued), line.row(queued).wake_at) == (S.REGISTERED, None)
        (disputed,) = [one for one in line.receipts(queued) if one.is_dispute]
        assert (disputed.kind, disputed.says) == (ReceiptKind.GATEWAY_ANSWER, "VAL-R-004")
        assert disputed.verdict is MessageVerdict.VERIFIED
        assert b"VAL-R-004" in line.mof.store.blobs.read(disputed.raw)
        assert line.told().count("answer.dispute") == 1
    (attempt,) = line.attempts(queued)
    assert (attempt.outcome, attempt.code) == (A.REFUSED, "VAL-R-004")
    assert b"VAL-R-004" in line.mof.store.blobs.read(attempt.answer)
    assert {one.says for one in line.receipts(queued) if one.kind is ReceiptKind.NOTICE} >= {"delivered", "registered"}


@pytest.mark.parametrize("before", [False, True])
def test_fault_11_what_contradicts_a_final_state_changes_nothing_and_is_a_dispute(line: Line, *, before: bool) -> None:
    """Registered and then "not valid", or the reverse: the first one stands, the second is kept, and the trail says so.
    A late "delivered" after the end contradicts nothing.
    """
    line.fault("notice-contradicted", operation="stateRegistered", addressee="KZ-MOF", before=before)
    line.fault("notice-duplicated", operation="stateDelivered", addressee="KZ-MOF", same_message=False)
    line.fault("notice-reordered", operation="stateDelivered", addressee="KZ-MOF", behind=3)
    sent = line.send()
    line.settle()
    final, contradiction = (S.REFUSED, "registered") if before else (S.REGISTERED, "not-valid")
    row = line.row(sent)
    assert (row.state, row.wake_at) == (final, None)
    assert [one.says for one in line.receipts(sent) if one.is_dispute] == [contradiction]
    assert line.told().count("notice.dispute") == 1


def test_fault_12_a_call_of_the_exchange_that_comes_again_is_answered_as_the_first_time_byte_for_byte(
    line: Line,
) -> None:
    """The same message at once, later, and after a restart of the node: the original answer, one entry, one effect."""
    line.fault("notice-duplicated", operation="stateRegistered", addressee="KZ-MOF", copies=3)
    sent = line.send()
    line.settle()
    registered = [one for one in line.pushes if b"stateRegistered" in one.body]
    assert (len(registered), len({one.body for one in registered}), len({one.answer for one in registered})) == (
        3,
        1,
        1,
    )
    received = len(line.journal())
    assert line.told().count("message.received") == received, "the trail tells of each once, however often it came"
    line.clock.move(timedelta(days=30))
    restarted = line.start_node(url=line.mof.settings.storage.url, clock=line.clock)
    again = restarted.receive(registered[0].body)
    assert (again.status, again.content) == (200, registered[0].answer)
    line.settle()
    assert (len(line.journal()), line.told().count("message.received")) == (received, received)
    assert [one.says for one in line.receipts(sent)].count("registered") == 1
    assert line.state(sent) is S.REGISTERED
