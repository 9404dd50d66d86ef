"""adapter.ports.AuditTrail: what every audit trail promises."""

from __future__ import annotations

import threading
from datetime import timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.domain.audit_event import GENESIS, first_break
from adapter.errors import Final
from tests.contract.samples import NOW, document_id, event, roll_back

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
details = st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=4)


def append(store, *events):
    with store.transaction() as t:
        return [t.audit.append(item) for item in events]


def test_the_first_event_follows_the_genesis_and_each_other_the_one_before(store):
    first, second = append(store, event(1), event(2))
    assert (first.sequence, first.previous, first.event) == (1, GENESIS, event(1))
    assert (second.sequence, second.previous) == (2, first.digest)
    with store.transaction() as t:
        assert t.audit.events() == (first, second)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(
        st.lists(st.builds(event, st.integers(0, 9), actor=texts, details=details), max_size=4), max_size=4
    )
)
def test_the_chain_holds_over_any_events_in_any_transactions(store, batches):
    for batch in batches:
        append(store, *batch)
    with store.transaction() as t:
        told = t.audit.events(limit=10_000)
    assert first_break(told) is None
    assert [item.sequence for item in told] == list(range(1, len(told) + 1))
    expected = [item for batch in batches for item in batch]
    assert [item.event for item in told[len(told) - len(expected) :]] == expected


def test_a_rolled_back_event_leaves_no_gap(store):
    append(store, event(1))
    roll_back(store, lambda t: t.audit.append(event(2)))
    append(store, event(3))
    with store.transaction() as t:
        told = t.audit.events()
    assert [item.event for item in told] == [event(1), event(3)]
    assert first_break(told) is None


def test_reads_segments_that_join_and_hold_by_themselves(store):
    append(store, *(event(number) for number in range(1, 11)))
    with store.transaction() as t:
        first, second = t.audit.events(limit=4), t.audit.events(after=4)
        assert (*first, *second) == t.audit.events()
        assert t.audit.events(after=10) == ()
    assert first_break(second) is None


def test_the_history_of_a_document_comes_in_order(store):
    other = event(2, document_id=document_id(2))
    append(store, event(1), other, event(3), event(4, document_id=None))
    with store.transaction() as t:
        assert [item.event for item in t.audit.of_document(document_id(1))] == [event(1), event(3)]


def test_an_event_told_in_another_zone_still_holds_when_read_back(store):
    (chained,) = append(store, event(at=NOW.astimezone(timezone(timedelta(hours=5)))))
    with store.transaction() as t:
        told = t.audit.events()
    assert told == (chained,)
    assert first_break(told) is None
    assert told[0].event.at == NOW


def test_refuses_a_detail_that_the_canonical_form_does_not_know(store):
    with pytest.raises(TypeError, match="ratio"), store.transaction() as t:
        t.audit.append(event(details={"ratio": 0.5}))
    with store.transaction() as t:
        assert t.audit.events() == ()


def test_refuses_a_text_that_not_every_database_can_keep(store):
    with store.transaction() as t:
        with pytest.raises(Final) as refused:
            t.audit.append(event(actor="a\0b"))
        kept = t.audit.append(event(2, details={"text": "a\0b"}))
    assert refused.value.code == "storage.nul-character"
    with store.transaction() as t:
        assert t.audit.events() == (kept,)


def test_threads_that_append_at_once_make_one_chain(store):
    start = threading.Barrier(6)  # the very first event too: there is no head yet to queue for

    def work(worker: int) -> None:
        start.wait()
        for turn in range(10):
            append(store, event(turn, actor=str(worker)))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.transaction() as t:
        told = t.audit.events()
    assert len(told) == 60
    assert first_break(told) is None
