"""adapter.ports.Watched, Subscriptions, HeadStamps, Figures, Inventory: what every store promises to who looks after it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from adapter.domain.breaker import Breaker, BreakerState
from adapter.domain.delivery import DeliveryState
from adapter.domain.head_stamp import HeadStamp, StampKind
from adapter.domain.incoming import JournalState
from adapter.domain.outgoing import ContentKind
from adapter.domain.overdue import limits_at
from adapter.domain.subscription import Subscription
from adapter.errors import Conflict, Final
from adapter.ports import ChainHead
from tests.contract.samples import (
    CONTAINER,
    MINUTE,
    NOW,
    delivery,
    digest,
    entry,
    event,
    notice_delivery,
)

S = DeliveryState
LONG_AGO = NOW - timedelta(days=1)


def limits(after: timedelta = timedelta()):
    return limits_at(
        NOW + after, grace=timedelta(seconds=30), longest_work=timedelta(hours=1), longest_wait=timedelta(days=1)
    )


def held(state, number, *, until, **changes):
    return delivery(number, state=state, lease="l", lease_until=until, wake_at=until, **changes)


def add(store, *rows):
    with store.transaction() as t:
        for row in rows:
            t.outbox.add(row)


def overdue(store, after=timedelta(), **more):
    with store.snapshot() as t:
        return [
            (row.id, row.code(NOW + after))
            for row in t.watched.overdue(limits(after), unless_told_since=LONG_AGO, **more)
        ]


def test_what_is_past_its_wake_up_and_the_grace_is_overdue_and_nothing_else(store):
    late, early = NOW - timedelta(seconds=30), NOW - timedelta(seconds=29)
    store.blobs.put(b"<raw/>")
    add(
        store,
        delivery(1, addressee="KZ-A", wake_at=late),
        delivery(2, addressee="KZ-B", wake_at=early),
        held(S.SENDING, 3, addressee="KZ-C", until=late - MINUTE),
        held(S.CLAIMED, 4, addressee="KZ-D", until=early),
        delivery(5, addressee="KZ-E", state=S.UNCERTAIN, wake_at=late + timedelta(microseconds=-1)),
        delivery(6, addressee="KZ-F", state=S.REGISTERED, wake_at=None),
        notice_delivery(7, state=S.SENT, wake_at=late),
    )
    with store.transaction() as t:
        t.journal.add(entry(1, wake_at=late))
    assert overdue(store) == [
        ("delivery-0003", "overdue.lease-over"),
        ("delivery-0005", "overdue.not-looked-at"),
        ("delivery-0001", "overdue.not-taken"),
        ("entry-0001", "overdue.not-taken"),
    ]
    assert [row for row, _ in overdue(store, limit=2)] == ["delivery-0003", "delivery-0005"]
    with store.snapshot() as t:
        assert t.watched.count(limits()) == 4


def test_what_the_channel_lets_nobody_take_is_not_overdue_until_nobody_asks_the_channel_either(store):
    late = NOW - MINUTE
    add(
        store,
        delivery(1, addressee="KZ-A", wake_at=late),
        delivery(2, addressee="KZ-B", state=S.UNCERTAIN, wake_at=late),
        held(S.CLAIMED, 3, addressee="KZ-C", until=late),
    )
    shut = Breaker(channel="gateway", state=BreakerState.OPEN, opened_at=late, probe_at=NOW)
    plain = {"grace": timedelta(seconds=30), "longest_work": timedelta(hours=1), "longest_wait": timedelta(days=1)}
    for after, names in ((0, ["delivery-0002", "delivery-0003"]), (30, [f"delivery-000{one}" for one in (1, 2, 3)])):
        found = limits_at(NOW + timedelta(seconds=after), breaker=shut, **plain)
        with store.snapshot() as t:
            assert [one.id for one in t.watched.overdue(found, unless_told_since=LONG_AGO)] == names
            assert t.watched.count(found) == len(names)


def test_open_rows_come_in_pages_in_the_order_of_creation(store):
    rows = [delivery(1), delivery(2, state=S.SENT), delivery(3, state=S.REFUSED, wake_at=None), delivery(5)]
    add(store, *rows, notice_delivery(4, state=S.SENT, wake_at=None), notice_delivery(6))
    names = ["delivery-0001", "delivery-0002", "delivery-0005", "notice-0006"]
    with store.snapshot() as t:
        assert [one.id for one in t.watched.opened()] == names
        assert [one.id for one in t.watched.opened(after=names[1], limit=1)] == names[2:3]
        assert [one.id for one in t.watched.opened(after="delivery-0003")] == names[2:], "a cursor may be done by now"
        assert t.watched.opened(after="nobody") == ()


def test_a_row_whose_lane_is_in_work_waits_for_its_turn(store):
    late = NOW - timedelta(hours=1)
    add(store, delivery(1, wake_at=late), held(S.SENDING, 2, until=NOW + MINUTE))
    assert overdue(store) == []
    assert overdue(store, timedelta(minutes=2)) == [
        ("delivery-0001", "overdue.not-taken"),
        ("delivery-0002", "overdue.lease-over"),
    ], "the lease is over: nobody works there"


def test_a_lease_that_was_prolonged_is_not_over(store):
    add(store, delivery(1, state=S.SENDING, lease="l", lease_until=NOW + MINUTE, wake_at=NOW - MINUTE))
    assert overdue(store) == []


def test_a_wake_up_that_no_setting_can_make_is_overdue_at_once(store):
    hour, day = timedelta(hours=1), timedelta(days=1)
    store.blobs.put(b"<raw/>")
    add(
        store,
        delivery(1, addressee="KZ-A", wake_at=NOW + hour + MINUTE),
        delivery(2, addressee="KZ-B", wake_at=NOW + hour + 2 * MINUTE),
        delivery(3, addressee="KZ-C", state=S.SENT, wake_at=NOW + day + MINUTE),
        delivery(4, addressee="KZ-D", state=S.ABANDONED, wake_at=NOW + day + 2 * MINUTE),
    )
    with store.transaction() as t:
        t.journal.add(entry(1, wake_at=NOW + 2 * hour))
    code = "overdue.sleeps-too-long"
    assert overdue(store) == [("delivery-0002", code), ("entry-0001", code), ("delivery-0004", code)]


def test_a_row_is_told_once_for_each_wake_up_and_again_after_the_reminder(store):
    add(store, delivery(1, wake_at=NOW - MINUTE))
    with store.transaction() as t:
        (row,) = t.watched.overdue(limits(), unless_told_since=LONG_AGO)
        t.watched.mark(row, at=NOW)
        assert t.watched.overdue(limits(), unless_told_since=LONG_AGO) == ()
    assert overdue(store) == []
    with store.transaction() as t:
        assert t.watched.overdue(limits(), unless_told_since=NOW) == (row,), "the reminder"
        t.watched.mark(row, at=NOW + MINUTE)
        assert t.watched.overdue(limits(), unless_told_since=NOW) == ()
        assert t.watched.count(limits()) == 1, "told or not, it is overdue"
        assert t.outbox.save(replace(t.outbox.get("delivery-0001"), wake_at=NOW - 2 * MINUTE))
    assert overdue(store) == [("delivery-0001", "overdue.not-taken")], "another wake-up was missed"


def test_a_mark_goes_when_its_row_was_looked_at_or_is_done_and_stays_until_then(store):
    late = NOW - MINUTE
    store.blobs.put(b"<raw/>")
    add(store, *(delivery(number, addressee=f"KZ-{number}", wake_at=late) for number in range(1, 4)))
    with store.transaction() as t:
        t.journal.add(entry(1, wake_at=late))
        for row in t.watched.overdue(limits(), unless_told_since=LONG_AGO):
            t.watched.mark(row, at=NOW)
    with store.transaction() as t:
        assert (t.watched.has_settled(), t.watched.forget_settled()) == (False, 0), "nobody has looked at them yet"
        ever_sent = replace(t.outbox.get("delivery-0001"), state=S.REGISTERED, wake_at=None, ever_sent=True)
        assert t.outbox.save(ever_sent)
        assert t.outbox.save(replace(t.outbox.get("delivery-0002"), wake_at=NOW + MINUTE))
        assert t.journal.save(replace(t.journal.get("entry-0001"), state=JournalState.HELD, wake_at=None))
    with store.transaction() as t:
        assert t.watched.has_settled()
        assert [t.watched.forget_settled(limit=2) for _ in range(3)] == [2, 1, 0]
        assert not t.watched.has_settled()
    assert overdue(store) == [], "the one that is still overdue keeps its mark and is not told again"


def test_processes_that_look_at_once_tell_a_row_once(store):
    add(store, *(delivery(number, addressee=f"KZ-{number}", wake_at=NOW - MINUTE) for number in range(1, 4)))
    told, start = [], threading.Barrier(4)

    def look():
        start.wait()
        with store.transaction() as t:
            for row in t.watched.overdue(limits(), unless_told_since=LONG_AGO):
                t.watched.mark(row, at=NOW)
                told.append(row.id)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(told) == ["delivery-0001", "delivery-0002", "delivery-0003"]


# --- followers -------------------------------------------------------------------------------------------------------
def subscription(name="webhook", **changes):
    return Subscription(**{"name": name, "cursor": 3, "wake_at": NOW, "succeeded_at": NOW, **changes})


def test_a_follower_subscribes_once_and_moves_by_revision(store):
    with store.transaction() as t:
        assert t.subscriptions.add(subscription()) == subscription()
        assert t.subscriptions.add(subscription(cursor=99)).cursor == 3
        t.subscriptions.add(subscription("log"))
    whole = replace(
        subscription(), cursor=7, told=4, failures=2, error="http.no-answer", lease="l", lease_until=NOW + MINUTE,
        alarmed_at=NOW, succeeded_at=NOW + MINUTE, wake_at=NOW + 2 * MINUTE,
    )  # fmt: skip
    with store.transaction() as t:
        assert t.subscriptions.save(whole)
        assert not t.subscriptions.save(whole), "someone was faster"
    with store.snapshot() as t:
        assert t.subscriptions.listed() == (subscription("log"), replace(whole, revision=1))
        assert t.subscriptions.get("nobody") is None


def test_half_a_lease_is_refused(store):
    with pytest.raises(Final, match="storage.invariant"), store.transaction() as t:
        t.subscriptions.add(subscription(lease="l"))


# --- stamps ----------------------------------------------------------------------------------------------------------
def test_a_head_is_stamped_once_and_stamps_come_in_order(store):
    one, two = (
        HeadStamp(sequence=n, digest=digest(str(n)), stamped_at=NOW, kind=kind, token=b"\x30\x00\xff")
        for n, kind in ((5, StampKind.TIME_STAMP), (70, StampKind.OWN_KEY))
    )
    with store.transaction() as t:
        assert t.head_stamps.last() is None
        t.head_stamps.add(two)
        t.head_stamps.add(one)
    with store.snapshot() as t:
        assert t.head_stamps.listed() == (one, two)
        assert t.head_stamps.listed(after=5, limit=1) == (two,)
        assert t.head_stamps.last() == two
    with pytest.raises(Conflict), store.transaction() as t:
        t.head_stamps.add(replace(one, token=b"other"))


def test_the_head_says_where_the_chain_ends(store):
    with store.transaction() as t:
        assert t.audit.head() is None
        t.audit.append(event(1))
        last = t.audit.append(event(2))
        assert t.audit.head() == ChainHead(sequence=2, digest=last.digest)


# --- figures ---------------------------------------------------------------------------------------------------------
def test_counts_are_of_what_stands(store):
    store.blobs.put(b"<raw/>")
    add(
        store,
        delivery(1, wake_at=NOW - 2 * MINUTE, deadline=NOW),
        delivery(2, wake_at=NOW + MINUTE, deadline=NOW + MINUTE),
        delivery(3, state=S.UNCERTAIN, wake_at=NOW - MINUTE),
        delivery(4, state=S.REFUSED, wake_at=None, deadline=LONG_AGO),
        notice_delivery(5, state=S.SENT, wake_at=None),
        notice_delivery(6, wake_at=NOW),
    )
    with store.transaction() as t:
        t.journal.add(entry(1))
        t.journal.add(entry(2, state=JournalState.HELD, wake_at=None))
    with store.snapshot() as t:
        assert t.figures.open_deliveries() == {
            (S.QUEUED, ContentKind.DOCUMENT): 2,
            (S.UNCERTAIN, ContentKind.DOCUMENT): 1,
            (S.QUEUED, ContentKind.NOTICE): 1,
        }
        assert t.figures.deliveries() == {S.QUEUED: 3, S.UNCERTAIN: 1, S.REFUSED: 1, S.SENT: 1}
        assert t.figures.journal() == {JournalState.RECEIVED: 1, JournalState.HELD: 1}
        assert t.figures.past_deadline(NOW) == 1
        assert t.figures.oldest_due(NOW) == NOW - 2 * MINUTE
        assert t.figures.oldest_due(LONG_AGO) is None


def test_what_is_kept_is_listed_and_measured_and_nothing_named_is_missing(store):
    kept = [store.blobs.put(b""), store.blobs.put(b"two"), store.blobs.put(CONTAINER)]
    expected = sorted(kept, key=lambda one: one.sha256)
    with store.snapshot() as t:
        assert list(t.inventory.kept()) == expected
        assert list(t.inventory.kept(after=expected[0].sha256, limit=1)) == expected[1:2]
        assert t.inventory.missing() == ()
        strangers = tuple(digest(f"stranger {number}") for number in range(700))
        assert t.inventory.absent((*strangers, kept[0].sha256)) == strangers
    assert [store.blobs.measure(one.sha256) for one in kept] == [0, 3, len(CONTAINER)]
    assert store.blobs.measure(digest("nobody kept this")) is None
