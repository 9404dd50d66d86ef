"""adapter.ports.Journal: what every journal promises."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from adapter.domain.incoming import JournalState
from adapter.domain.outgoing import TravellingFile
from adapter.errors import Conflict, Final
from tests.contract.samples import LEASE, MINUTE, NOW, digest, entry

S = JournalState
FILES = (
    TravellingFile(
        name="Есеп 2026.asice", media_type="application/vnd.etsi.asic-e+zip", size=6, sha256=digest(b"<raw/>")
    ),
    TravellingFile(name="", media_type="", size=8, sha256=digest(b"<other/>")),
)


@pytest.fixture(autouse=True)
def raw(store):
    store.blobs.put(b"<raw/>")
    store.blobs.put(b"<other/>")


def put(store, *entries):
    with store.transaction() as t:
        return [t.journal.add(row) for row in entries]


def get(store, row):
    with store.transaction() as t:
        return t.journal.get(row.id)


def claim(store, now=NOW, lease="lease-1"):
    with store.transaction() as t:
        return t.journal.claim(now=now, lease=lease, lease_for=LEASE)


def test_gives_back_exactly_what_was_added(store):
    full = entry(
        2,
        state=S.CLAIMED,
        lease="l",
        lease_until=NOW,
        tries=3,
        document_id="urn:uuid:1",
        outcome="receive.held",
        outcome_params='{"a": 1}',
        revision=4,
        answer=b"\x00\xff",
        files=FILES,
    )
    (first, _) = put(store, entry(), full)
    assert not first.replayed
    assert first.conflict is None
    assert (get(store, entry()), get(store, full), get(store, entry(3))) == (entry(), full, None)


def test_the_same_message_again_gives_the_entry_that_stands_with_its_answer(store):
    put(store, entry())
    (again,) = put(store, replace(entry(), id="again", answer=b"other", received_at=NOW + MINUTE))
    assert again.replayed
    assert again.entry == entry()
    assert again.conflict is None


def test_the_same_id_with_other_bytes_is_kept_beside_and_told(store):
    other = replace(entry(1, b"<other/>"), id="other")
    _, second = put(store, entry(), other)
    assert second.conflict == entry().sha256
    assert not second.replayed
    assert (get(store, entry()), get(store, other)) == (entry(), other)
    (again,) = put(store, replace(entry(), id="again"))
    assert again.replayed
    assert again.conflict == other.sha256
    assert again.entry == entry()


def test_refuses_an_entry_without_its_bytes_or_with_a_taken_id(store):
    with store.transaction() as t:
        with pytest.raises(Final) as refused:
            t.journal.add(entry(1, b"never kept"))
        assert refused.value.code == "storage.nothing-to-point-at"
        t.journal.add(entry())
        with pytest.raises(Conflict):
            t.journal.add(replace(entry(2), id=entry().id))


@pytest.mark.parametrize(
    "broken",
    [{"wake_at": None}, {"state": S.CLAIMED}, {"lease": "l"}, {"tries": -1}],
    ids=str,
)
def test_refuses_an_entry_that_contradicts_itself(store, broken):
    with store.transaction() as t, pytest.raises(Final) as refused:
        t.journal.add(entry(**broken))
    assert refused.value.code == "storage.invariant"


@pytest.mark.parametrize("state", [S.DONE, S.HELD, S.REFUSED])
def test_a_closed_entry_needs_no_wake_up(store, state):
    put(store, entry(state=state, wake_at=None))
    assert get(store, entry()).state is state


def test_finds_the_entry_of_the_very_bytes_under_their_id(store):
    put(store, entry(1), entry(2, b"<other/>", message_id="message-1"))
    with store.snapshot() as t:
        assert [t.journal.find("message-1", digest(raw)).id for raw in (b"<raw/>", b"<other/>")] == [
            "entry-0001",
            "entry-0002",
        ]
        assert t.journal.find("message-2", digest(b"<raw/>")) is None
        assert t.journal.find("message-1", digest(b"else")) is None


def test_pages_follow_arrival_then_id(store):
    rows = [entry(number, received_at=NOW + (number // 3) * MINUTE) for number in range(1, 9)]
    put(store, *reversed(rows))
    with store.transaction() as t:
        first = t.journal.listed(limit=5)
        assert (*first, *t.journal.listed(after=first[-1].id)) == tuple(rows)
        assert t.journal.listed(after="nobody") == ()


def test_lists_by_state_and_by_document(store):
    rows = (
        entry(1, document_id="a"),
        entry(2, state=S.HELD, document_id="b"),
        entry(3, state=S.DONE, document_id="a"),
    )
    put(store, *rows)
    with store.transaction() as t:
        assert t.journal.listed(states=(S.HELD, S.DONE)) == rows[1:]
        assert t.journal.of_document("a") == (rows[0], rows[2])
        assert t.journal.of_document("c") == ()


def test_claims_the_longest_waiting_entry_under_the_lease(store):
    put(
        store,
        entry(1, wake_at=NOW - MINUTE),
        entry(2, wake_at=NOW - 2 * MINUTE),
        entry(3, wake_at=NOW + timedelta(microseconds=1)),
        entry(4, state=S.HELD, wake_at=NOW - MINUTE),
        entry(5, state=S.DONE, wake_at=NOW - MINUTE),
    )
    first = claim(store, lease="l")
    assert first == replace(
        entry(2), state=S.CLAIMED, lease="l", lease_until=NOW + LEASE, wake_at=NOW + LEASE, revision=1
    )
    assert claim(store).id == entry(1).id
    assert claim(store) is None
    assert claim(store, now=NOW + timedelta(microseconds=1)).id == entry(3).id


def test_an_entry_whose_lease_has_ended_is_lapsed_and_no_longer_its_holders(store):
    put(store, entry())
    sleeper = claim(store, lease="sleeper")
    with store.snapshot() as s:
        assert s.journal.lapsed(now=NOW + LEASE - timedelta(microseconds=1)) == ()
        assert s.journal.lapsed(now=NOW + LEASE) == (sleeper,)
    assert claim(store, now=NOW + LEASE) is None, "a lapse is counted before anybody takes the entry again"
    with store.transaction() as t:
        (lapsed,) = t.journal.lapsed(now=NOW + LEASE)
        free = replace(lapsed, state=S.RECEIVED, wake_at=NOW + LEASE, lease=None, lease_until=None, lapses=1)
        assert t.journal.save(free)
    second = claim(store, now=NOW + LEASE, lease="second")
    assert (second.id, second.lease, second.lapses) == (sleeper.id, "second", 1)
    with store.transaction() as t:
        assert not t.journal.save(replace(sleeper, state=S.DONE, lease=None, lease_until=None))
        assert not t.journal.renew(sleeper.id, lease="sleeper", until=NOW + 9 * LEASE)
    assert get(store, entry()) == second


def test_a_renewed_entry_stays_its_holders_and_keeps_its_revision(store):
    put(store, entry())
    held = claim(store, lease="mine")
    with store.transaction() as t:
        assert t.journal.renew(held.id, lease="mine", until=NOW + 9 * LEASE)
        assert not t.journal.renew("nobody", lease="mine", until=NOW + 9 * LEASE)
    assert get(store, entry()) == replace(held, lease_until=NOW + 9 * LEASE, wake_at=NOW + 9 * LEASE)
    with store.transaction() as t:
        assert t.journal.lapsed(now=NOW + LEASE) == ()
        assert t.journal.save(replace(held, state=S.DONE, wake_at=None, lease=None, lease_until=None))
        assert not t.journal.renew(held.id, lease="mine", until=NOW + 9 * LEASE)


def test_says_whether_an_entry_is_due(store):
    put(store, entry(wake_at=NOW), entry(2, state=S.HELD, wake_at=NOW - MINUTE))
    with store.snapshot() as s:
        assert not s.journal.due(now=NOW - timedelta(microseconds=1))
        assert s.journal.due(now=NOW)
    claim(store)
    with store.snapshot() as s:
        assert not s.journal.due(now=NOW + 9 * LEASE)


def test_says_whether_a_message_that_came_by_then_is_unread(store):
    def is_unread(by=NOW, tries=4):
        with store.snapshot() as t:
            return t.journal.unread(received_by=by, tries_below=tries)

    assert not is_unread()
    put(store, entry(1, received_at=NOW))
    assert (is_unread(NOW - MINUTE), is_unread(), is_unread(NOW + MINUTE)) == (False, True, True)
    held = claim(store)
    assert is_unread(), "somebody reads it now"
    with store.transaction() as t:
        assert t.journal.save(replace(held, tries=4))
    assert (is_unread(), is_unread(tries=5)) == (False, True)
    with store.transaction() as t:
        assert t.journal.save(replace(t.journal.get(held.id), lapses=1))
    assert not is_unread(tries=5), "it kills who reads it"
    with store.transaction() as t:
        done = replace(t.journal.get(held.id), lapses=0, state=S.DONE, wake_at=None, lease=None, lease_until=None)
        assert t.journal.save(done)
    assert not is_unread(tries=5)


def test_an_entry_that_wakes_later_than_asked_is_asleep_and_a_closed_one_never(store):
    far = NOW + LEASE
    put(
        store,
        entry(1, wake_at=far),
        entry(2, state=S.CLAIMED, lease="l", lease_until=far, wake_at=far + LEASE),
        entry(3, wake_at=NOW),
        entry(4, state=S.DONE, wake_at=far),
        entry(5, state=S.HELD, wake_at=None),
    )
    with store.transaction() as t:
        assert [one.id for one in t.journal.asleep(beyond=NOW)] == [entry(2).id, entry(1).id]
        assert [one.id for one in t.journal.asleep(beyond=far, limit=1)] == [entry(2).id]


def test_saves_every_mutable_field_and_nothing_of_what_came(store):
    put(store, entry())
    changed = replace(
        entry(),
        state=S.DONE,
        wake_at=None,
        tries=2,
        document_id="d",
        outcome="o",
        outcome_params="{}",
        files=FILES,
    )
    with store.transaction() as t:
        assert t.journal.save(
            replace(
                changed,
                message_id="m",
                sha256=digest("other"),
                size=1,
                received_at=NOW + MINUTE,
                verdict="failed",
                answer=b"",
            )
        )
        assert not t.journal.save(changed)
    assert get(store, entry()) == replace(changed, revision=1)


def test_files_stay_with_the_entry_through_claims_and_are_named_no_longer_when_it_says_so(store):
    put(store, entry(files=FILES))
    claimed = claim(store)
    assert claimed.files == FILES
    with store.transaction() as t:
        assert t.journal.listed()[0].files == FILES
        assert t.journal.save(replace(claimed, state=S.DONE, wake_at=None, lease=None, lease_until=None, files=()))
    assert get(store, entry()).files == ()


def test_messages_of_one_id_with_other_bytes_that_come_at_once_know_of_each_other(store):
    raws = [b"<raw>%d</raw>" % number for number in range(6)]
    for raw in raws:
        store.blobs.put(raw)
    answers, start = [], threading.Barrier(len(raws) * 2)

    def take(worker: int, raw: bytes) -> None:
        start.wait()
        with store.transaction() as t:
            answers.append(t.journal.add(entry(1, raw, id=f"entry-{worker}")))

    threads = [threading.Thread(target=take, args=job) for job in enumerate(raws * 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(threads)
    assert sum(not added.replayed for added in answers) == len(raws)
    assert sum(not added.conflict for added in answers if not added.replayed) == 1


def test_threads_that_claim_entries_at_once_never_get_the_same_one(store):
    put(store, *(entry(number) for number in range(20)))
    got, start = [], threading.Barrier(5)

    def work(worker: int) -> None:
        start.wait()
        while (row := claim(store, lease=str(worker))) is not None:
            got.append(row.id)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [f"entry-{number:04d}" for number in range(20)]
