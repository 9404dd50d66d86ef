"""adapter.ports.Outbox: what every outbox promises."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from adapter.domain.delivery import AttemptOutcome, DeliveryState, Proof
from adapter.domain.outgoing import ContentKind
from adapter.domain.stamped_files import StampedFiles
from adapter.errors import Conflict, Final
from tests.contract.samples import (
    CONTAINER,
    LEASE,
    MINUTE,
    NOW,
    attempt,
    delivery,
    digest,
    document_id,
    notice_delivery,
    outgoing_document,
)

S = DeliveryState


def put(store, *deliveries):
    with store.transaction() as t:
        for row in deliveries:
            t.outbox.add(row)


def get(store, row):
    with store.transaction() as t:
        return t.outbox.get(row.id)


def claim(store, now=NOW, lease="lease-1", lease_for=LEASE):
    with store.transaction() as t:
        return t.outbox.claim(now=now, lease=lease, lease_for=lease_for)


# --- add ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("row", [delivery(), notice_delivery()], ids=["document", "notice"])
def test_gives_back_exactly_what_was_added(store, row):
    put(store, row)
    assert get(store, row) == row


def test_gives_back_every_field_that_can_be_absent(store):
    bare = delivery(
        content=outgoing_document(office_signature=None, answers=None, due_on=None, files=()),
        deadline=None,
    )
    full = delivery(
        2,
        state=S.CLAIMED,
        deadline=NOW + 90 * MINUTE,
        attempts=3,
        ever_sent=True,
        resend=True,
        planner_resent=True,
        lapses=4,
        deferrals=2,
        lease="lease",
        lease_until=NOW + LEASE,
        registration_number="вх-7",
        proof=Proof.DIGEST,
        reason="exchange.refused",
        reason_text="Отказано",
        revision=5,
    )
    put(store, bare, full)
    assert (get(store, bare), get(store, full)) == (bare, full)


def test_keeps_instants_of_any_zone_as_the_same_instant(store):
    almaty = timezone(timedelta(hours=5))
    row = delivery(created_at=NOW.astimezone(almaty))
    put(store, row)
    assert get(store, row).created_at == NOW


def test_refuses_an_instant_without_a_zone(store):
    with pytest.raises(ValueError, match="time zone"), store.transaction() as t:
        t.outbox.add(delivery(wake_at=datetime(2026, 1, 1)))
    assert get(store, delivery()) is None


def test_the_same_digest_again_is_a_replay_of_the_row_that_stands(store):
    put(store, delivery())
    with store.transaction() as t:
        added = t.outbox.add(replace(delivery(), id="other", message_id="other", created_at=NOW + MINUTE))
    assert added.replayed
    assert added.delivery == delivery()


def test_another_digest_under_the_same_key_is_a_conflict_with_both_digests_and_both_times(store):
    put(store, delivery())
    offered = replace(delivery(), id="other", digest=digest("other"), created_at=NOW + MINUTE)
    with store.transaction() as t, pytest.raises(Conflict) as refused:
        t.outbox.add(offered)
    assert refused.value.code == "document.conflict"
    assert refused.value.params["known_sha256"] == delivery().digest
    assert refused.value.params["new_sha256"] == offered.digest
    assert refused.value.params["known_at"] == delivery().created_at.isoformat()
    assert refused.value.params["new_at"] == offered.created_at.isoformat()
    assert get(store, delivery()) == delivery()


def test_one_document_goes_to_several_addressees_and_beside_a_notice_of_the_same_key(store):
    rows = (
        delivery(1, addressee="KZ-MFA"),
        replace(delivery(1, addressee="KZ-PM"), id="second"),
        replace(notice_delivery(1, addressee="KZ-MFA"), id="third", key=delivery(1).key),
    )
    put(store, *rows)
    with store.transaction() as t:
        assert {row.id for row in t.outbox.of_document(document_id(1))} == {row.id for row in rows}
        assert t.outbox.find(rows[1].key, ContentKind.DOCUMENT, rows[1].addressee) == rows[1]
        assert t.outbox.find(rows[2].key, ContentKind.NOTICE, rows[2].addressee) == rows[2]
        assert t.outbox.find("unknown", ContentKind.NOTICE, rows[2].addressee) is None


def test_an_id_that_is_taken_is_a_conflict(store):
    put(store, delivery(1))
    with store.transaction() as t, pytest.raises(Conflict) as refused:
        t.outbox.add(replace(delivery(2), id=delivery(1).id))
    assert refused.value.code == "storage.already-there"


def test_refuses_a_document_whose_files_are_not_kept(store):
    files = (replace(outgoing_document().files[0], sha256=digest("never kept")),)
    with store.transaction() as t, pytest.raises(Final) as refused:
        t.outbox.add(delivery(content=outgoing_document(files=files)))
    assert refused.value.code == "storage.no-such-bytes"


def test_a_thousand_equal_submissions_in_parallel_leave_one_row(store):
    answers = []

    def submit(worker: int) -> None:
        for turn in range(50):
            with store.transaction() as t:
                answers.append(t.outbox.add(replace(delivery(), id=f"{worker}-{turn}")))

    threads = [threading.Thread(target=submit, args=(worker,)) for worker in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 1000
    assert sum(not added.replayed for added in answers) == 1
    assert len({added.delivery.id for added in answers}) == 1


def test_threads_that_look_for_a_notice_and_queue_it_queue_it_once_whatever_its_digest(store):
    queued, start = [], threading.Barrier(6)
    key, addressee = notice_delivery().key, notice_delivery().addressee

    def work(worker: int) -> None:
        start.wait()
        with store.transaction() as t:
            if t.outbox.find(key, ContentKind.NOTICE, addressee) is None:
                queued.append(t.outbox.add(notice_delivery(id=str(worker), digest=digest(str(worker)))))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [added.replayed for added in queued] == [False]


def test_keeps_a_foreign_code_of_any_length(store):
    put(store, delivery(reason="x" * 1000))
    assert get(store, delivery()).reason == "x" * 1000


# --- lists ----------------------------------------------------------------------------------------------------------
def test_pages_follow_creation_then_id_and_lose_nothing(store):
    rows = [delivery(number, created_at=NOW + (number // 3) * MINUTE) for number in range(1, 12)]
    put(store, *reversed(rows))
    seen, after = [], None
    while True:
        with store.transaction() as t:
            page = t.outbox.listed(after=after, limit=4)
        if not page:
            break
        seen += page
        after = page[-1].id
    assert seen == rows


def test_lists_only_the_states_asked_for(store):
    put(store, delivery(1), delivery(2, state=S.SENT), delivery(3, state=S.ABANDONED))
    with store.transaction() as t:
        assert [row.id for row in t.outbox.listed(states=(S.SENT, S.ABANDONED))] == ["delivery-0002", "delivery-0003"]
        assert t.outbox.listed(states=()) == ()
        assert t.outbox.listed(after="nobody") == ()


def test_the_deliveries_of_a_document_come_oldest_first(store):
    late = replace(delivery(1, addressee="KZ-PM"), id="a", created_at=NOW + MINUTE)
    put(store, late, delivery(1))
    with store.transaction() as t:
        assert t.outbox.of_document(document_id(1)) == (delivery(1), late)
        assert t.outbox.of_document(document_id(5)) == ()


# --- claim ----------------------------------------------------------------------------------------------------------
def test_claims_a_due_row_under_the_lease(store):
    put(store, delivery())
    claimed = claim(store)
    assert claimed == replace(
        delivery(),
        state=S.CLAIMED,
        lease="lease-1",
        lease_until=NOW + LEASE,
        wake_at=NOW + LEASE,
        changed_at=NOW,
        revision=1,
    )
    assert get(store, delivery()) == claimed
    assert claim(store, lease="lease-2") is None


def test_leaves_rows_that_are_not_due_or_not_queued(store):
    put(
        store,
        delivery(1, addressee="A", wake_at=NOW + timedelta(microseconds=1)),
        *(
            delivery(number, addressee=f"B{number}", state=state)
            for number, state in enumerate(S, start=2)
            if state not in (S.QUEUED, S.CLAIMED, S.SENDING)
        ),
    )
    assert claim(store) is None
    assert claim(store, now=NOW + timedelta(microseconds=1)).id == "delivery-0001"


def test_the_oldest_deadline_goes_first_then_the_oldest_wake_up_and_no_deadline_last(store):
    rows = [
        delivery(1, addressee="A", wake_at=NOW - 9 * MINUTE),
        delivery(2, addressee="B", wake_at=NOW - 10 * MINUTE),
        delivery(3, addressee="C", deadline=NOW + 5 * MINUTE, wake_at=NOW - MINUTE),
        delivery(4, addressee="D", deadline=NOW + 5 * MINUTE, wake_at=NOW - 2 * MINUTE),
        delivery(5, addressee="E", deadline=NOW - MINUTE),
    ]
    put(store, *rows)
    order = [claim(store, lease=str(turn)).id for turn in range(5)]
    assert order == [f"delivery-{number:04d}" for number in (5, 4, 3, 2, 1)]


@pytest.mark.parametrize("state", [S.CLAIMED, S.SENDING])
def test_a_lane_with_work_in_hand_is_passed_over_even_when_the_lease_has_ended(store, state):
    put(
        store,
        delivery(1, addressee="A", state=state, lease="gone", lease_until=NOW - MINUTE, wake_at=NOW - MINUTE),
        delivery(2, addressee="A", deadline=NOW),
        delivery(3, addressee="B"),
    )
    assert claim(store, lease="1").id == "delivery-0003"
    assert claim(store, lease="2") is None


def test_a_lane_is_free_again_once_its_row_is_out_of_hand(store):
    put(store, delivery(1, deadline=NOW), delivery(2))
    first = claim(store)
    with store.transaction() as t:
        assert t.outbox.save(replace(first, state=S.UNCERTAIN, lease=None, lease_until=None))
    assert claim(store).id == "delivery-0002"


def test_threads_that_claim_at_once_never_get_the_same_row_or_the_same_lane(store):
    put(store, *(delivery(number, addressee=f"lane-{number % 5}") for number in range(30)))
    got, start = [], threading.Barrier(10)

    def work(worker: int) -> None:
        start.wait()
        for turn in range(3):
            row = claim(store, lease=f"{worker}-{turn}")
            if row is not None:
                got.append(row)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 5
    assert len({row.addressee for row in got}) == 5


def test_oldest_first_goes_by_creation_where_the_deadline_does_not_decide_and_one_row_can_be_passed_over(store):
    rows = [
        delivery(1, addressee="A", wake_at=NOW),
        delivery(2, addressee="B", wake_at=NOW - 9 * MINUTE),
        delivery(3, addressee="C", deadline=NOW + MINUTE),
    ]
    put(store, *rows)

    def probe(lease, passing_over=None):
        with store.transaction() as t:
            return t.outbox.claim(
                now=NOW, lease=lease, lease_for=LEASE, oldest_first=True, passing_over=passing_over
            ).id

    assert [probe("1", rows[2].id), probe("2"), probe("3")] == [rows[0].id, rows[2].id, rows[1].id]


# --- due and backlog ------------------------------------------------------------------------------------------------
def test_a_row_of_a_busy_lane_counts_for_the_backlog_and_is_not_due(store):
    put(store, delivery(1), delivery(2), delivery(3, wake_at=NOW + MINUTE), delivery(4, state=S.UNCERTAIN))
    with store.snapshot() as s:
        assert (s.outbox.due(now=NOW), s.outbox.backlog(now=NOW)) == (True, 2)
        assert (s.outbox.due(now=NOW - MINUTE), s.outbox.backlog(now=NOW - MINUTE)) == (False, 0)
    claim(store)
    with store.snapshot() as s:
        assert (s.outbox.due(now=NOW), s.outbox.backlog(now=NOW)) == (False, 1)


# --- renew ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", [S.CLAIMED, S.SENDING])
def test_a_renewed_lease_ends_later_and_its_holder_still_writes(store, state):
    put(store, delivery())
    held = claim(store, lease="mine")
    with store.transaction() as t:
        assert t.outbox.save(replace(held, state=state))
    held = get(store, held)
    until = NOW + 9 * LEASE
    with store.transaction() as t:
        assert t.outbox.renew(held.id, lease="mine", until=until)
    assert get(store, held) == replace(held, lease_until=until, wake_at=until)
    with store.transaction() as t:
        assert t.outbox.lapsed(now=NOW + LEASE) == ()
        assert t.outbox.save(replace(held, state=S.SENDING))


def test_a_lease_that_is_gone_is_not_renewed(store):
    put(store, delivery())
    held = claim(store, lease="sleeper")
    with store.transaction() as t:
        assert t.outbox.save(replace(held, state=S.QUEUED, wake_at=NOW, lease=None, lease_until=None))
    second = claim(store, lease="second")
    with store.transaction() as t:
        assert not t.outbox.renew(held.id, lease="sleeper", until=NOW + 9 * LEASE)
        assert not t.outbox.renew("nobody", lease="second", until=NOW + 9 * LEASE)
    assert get(store, held) == second


# --- lapsed and awake -----------------------------------------------------------------------------------------------
def test_a_lease_that_has_ended_is_lapsed_and_a_live_one_is_not(store):
    held = [
        delivery(number, addressee=str(number), state=state, lease="l", lease_until=NOW + offset, wake_at=NOW + offset)
        for number, state, offset in (
            (1, S.CLAIMED, timedelta()),
            (2, S.SENDING, -MINUTE),
            (3, S.CLAIMED, timedelta(microseconds=1)),
        )
    ]
    put(store, *held, delivery(4, addressee="4"))
    with store.transaction() as t:
        assert [row.id for row in t.outbox.lapsed(now=NOW)] == ["delivery-0002", "delivery-0001"]
        assert [row.id for row in t.outbox.lapsed(now=NOW, limit=1)] == ["delivery-0002"]


def test_a_row_that_wakes_later_than_asked_is_asleep_and_what_is_done_never(store):
    far = NOW + 2 * MINUTE
    put(
        store,
        delivery(1, addressee="1", wake_at=far),
        delivery(2, addressee="2", wake_at=far + MINUTE),
        delivery(3, addressee="3", wake_at=NOW + MINUTE),
        delivery(4, addressee="4", state=S.CLAIMED, lease="l", lease_until=far, wake_at=far),
        delivery(5, addressee="5", state=S.REGISTERED, wake_at=far),
        notice_delivery(6, addressee="6", state=S.SENT, wake_at=far),
    )
    with store.transaction() as t:
        assert [row.id for row in t.outbox.asleep(states=(S.QUEUED, S.SENT), beyond=NOW + MINUTE)] == [
            "delivery-0002",
            "delivery-0001",
        ]
        assert [row.id for row in t.outbox.asleep(states=(S.CLAIMED,), beyond=NOW)] == ["delivery-0004"]
        assert len(t.outbox.asleep(states=tuple(S), beyond=NOW, limit=2)) == 2


def test_every_other_open_state_past_its_wake_up_is_awake(store):
    states = [S.SENT, S.IN_CENTRE, S.DELIVERED, S.UNCERTAIN, S.ABANDONED]
    put(
        store,
        *(delivery(n, state=state, wake_at=NOW - n * MINUTE) for n, state in enumerate(states, start=1)),
        delivery(10, wake_at=NOW - MINUTE),
        delivery(11, state=S.UNCERTAIN, wake_at=NOW + MINUTE),
        delivery(12, state=S.REGISTERED, wake_at=NOW - MINUTE),
        delivery(13, state=S.REFUSED, wake_at=None),
        notice_delivery(14, state=S.SENT, wake_at=NOW - MINUTE),
        notice_delivery(15, state=S.ABANDONED, wake_at=NOW),
    )
    with store.transaction() as t:
        awake = t.outbox.awake(now=NOW)
    with store.snapshot() as s:
        assert s.outbox.awake(now=NOW) == awake, "a look takes no lock and sees the same"
    assert [row.state for row in awake] == [*reversed(states), S.ABANDONED]
    with store.transaction() as t:
        assert t.outbox.awake(now=NOW, limit=2) == awake[:2]


# --- save -----------------------------------------------------------------------------------------------------------
def test_saves_every_mutable_field_and_grows_the_revision(store):
    put(store, delivery())
    changed = replace(
        delivery(),
        state=S.REGISTERED,
        wake_at=None,
        changed_at=NOW + MINUTE,
        deadline=NOW + 2 * MINUTE,
        attempts=2,
        ever_sent=True,
        resend=True,
        planner_resent=True,
        lapses=1,
        deferrals=3,
        registration_number="вх-1",
        proof=Proof.NOTICE,
        reason="r",
        reason_text="t",
    )
    with store.transaction() as t:
        assert t.outbox.save(changed)
    assert get(store, delivery()) == replace(changed, revision=1)


def test_what_a_delivery_is_is_never_written_again(store):
    put(store, delivery())
    with store.transaction() as t:
        assert t.outbox.save(
            replace(
                delivery(),
                key="k",
                content=outgoing_document(7),
                document_id=document_id(7),
                addressee="X",
                sender="Y",
                digest=digest("z"),
                message_id="m",
                created_at=NOW + MINUTE,
            )
        )
    assert get(store, delivery()) == replace(delivery(), revision=1)


def test_a_stale_revision_writes_nothing(store):
    put(store, delivery())
    stale = claim(store)
    with store.transaction() as t:
        assert t.outbox.save(replace(stale, state=S.DELIVERED, lease=None, lease_until=None))
    standing = get(store, delivery())
    with store.transaction() as t:
        assert not t.outbox.save(replace(stale, state=S.QUEUED, lease=None, lease_until=None))
        assert not t.outbox.save(delivery(9))
    assert get(store, delivery()) == standing


def test_a_worker_that_wakes_after_its_lease_was_taken_away_writes_nothing(store):
    put(store, delivery())
    sleeper = claim(store, lease="sleeper")
    with store.transaction() as t:
        (lapsed,) = t.outbox.lapsed(now=NOW + LEASE)
        assert t.outbox.save(replace(lapsed, state=S.QUEUED, lease=None, lease_until=None, wake_at=NOW + LEASE))
    second = claim(store, now=NOW + LEASE, lease="second")
    with store.transaction() as t:
        assert not t.outbox.save(replace(sleeper, state=S.SENDING))
    assert get(store, delivery()) == second


@pytest.mark.parametrize(
    ("final", "target"),
    [
        (final, target)
        for final in (S.REGISTERED, S.REFUSED, S.WITHDRAWN)
        for target in (S.QUEUED, S.DELIVERED, S.REFUSED, S.REGISTERED)
        if final is not target
    ],
)
def test_no_write_leads_out_of_a_final_state(store, final, target):
    put(store, delivery(state=final))
    with store.transaction() as t, pytest.raises(Final) as refused:
        t.outbox.save(delivery(state=target))
    assert refused.value.code == "storage.invariant"
    assert get(store, delivery()).state is final


def test_a_final_row_still_takes_facts_about_its_proof(store):
    put(store, delivery(state=S.REGISTERED, wake_at=None))
    with store.transaction() as t:
        assert t.outbox.save(delivery(state=S.REGISTERED, wake_at=None, proof=Proof.DIGEST))
    assert get(store, delivery()).proof is Proof.DIGEST


@pytest.mark.parametrize("state", [s for s in S if s not in (S.REGISTERED, S.REFUSED, S.WITHDRAWN)])
def test_refuses_an_open_row_that_nothing_would_ever_wake(store, state):
    held = {"lease": "l", "lease_until": NOW} if state in (S.CLAIMED, S.SENDING) else {}
    with store.transaction() as t, pytest.raises(Final) as refused:
        t.outbox.add(delivery(state=state, wake_at=None, **held))
    assert refused.value.code == "storage.invariant"


def test_a_sent_notice_of_ours_needs_no_wake_up(store):
    put(store, notice_delivery(state=S.SENT, wake_at=None))
    assert get(store, notice_delivery()).wake_at is None


@pytest.mark.parametrize(
    "broken",
    [
        {"state": S.CLAIMED},
        {"state": S.SENDING},
        {"lease": "l"},
        {"lease_until": NOW},
        {"attempts": -1},
    ],
    ids=str,
)
def test_refuses_a_row_that_contradicts_itself(store, broken):
    with store.transaction() as t, pytest.raises(Final) as refused:
        t.outbox.add(delivery(**broken))
    assert refused.value.code == "storage.invariant"


def test_refuses_a_second_row_of_one_lane_in_work(store):
    put(store, delivery(1), delivery(2))
    claim(store)
    with store.transaction() as t, pytest.raises(Final) as refused:
        t.outbox.save(delivery(2, state=S.CLAIMED, lease="l", lease_until=NOW))
    assert refused.value.code == "storage.invariant"
    assert not isinstance(refused.value, Conflict)


# --- attempts -------------------------------------------------------------------------------------------------------
def test_keeps_attempts_in_order_of_their_number(store):
    put(store, delivery())
    kept = store.blobs.put(b"<envelope/>")
    second, first = (attempt(number, of=delivery(), message=kept.sha256) for number in (2, 1))
    with store.transaction() as t:
        t.outbox.add_attempt(second)
        t.outbox.add_attempt(first)
        assert t.outbox.attempts(delivery().id) == (first, second)
        assert t.outbox.attempts("nobody") == ()


def test_writes_the_end_of_an_attempt_and_nothing_else_of_it(store):
    put(store, delivery())
    kept, answer = store.blobs.put(b"<envelope/>"), store.blobs.put(b"<answer/>")
    begun = attempt(1, of=delivery(), message=kept.sha256)
    ended = replace(
        begun,
        ended_at=NOW + MINUTE,
        outcome=AttemptOutcome.ACCEPTED,
        answer=answer.sha256,
        answer_verdict="verified",
        code="SCSS001",
        text="ok",
    )
    with store.transaction() as t:
        t.outbox.add_attempt(begun)
        t.outbox.close_attempt(replace(ended, message_id="other", started_at=NOW + MINUTE, planner=True))
        assert t.outbox.attempts(delivery().id) == (ended,)


def test_a_late_answer_replaces_the_end_of_the_lease(store):
    put(store, delivery())
    begun = attempt(1, of=delivery(), message=store.blobs.put(b"<envelope/>").sha256)
    with store.transaction() as t:
        t.outbox.add_attempt(begun)
        t.outbox.close_attempt(replace(begun, ended_at=NOW, outcome=AttemptOutcome.LEASE_EXPIRED))
        t.outbox.close_attempt(replace(begun, ended_at=NOW + MINUTE, outcome=AttemptOutcome.ACCEPTED))
        assert t.outbox.attempts(delivery().id)[0].outcome is AttemptOutcome.ACCEPTED


def test_one_number_is_one_attempt(store):
    put(store, delivery())
    begun = attempt(1, of=delivery(), message=digest(CONTAINER))
    with store.transaction() as t:
        t.outbox.add_attempt(begun)
        with pytest.raises(Conflict) as refused:
            t.outbox.add_attempt(replace(begun, id="other"))
    assert refused.value.code == "storage.already-there"


def test_refuses_an_attempt_without_its_bytes_its_delivery_or_its_beginning(store):
    put(store, delivery())
    begun = attempt(1, of=delivery(), message=digest(CONTAINER))
    with store.transaction() as t:
        with pytest.raises(Final):
            t.outbox.add_attempt(replace(begun, message=digest("never kept")))
        with pytest.raises(Final):
            t.outbox.add_attempt(replace(begun, delivery_id="nobody"))
        with pytest.raises(Final) as refused:
            t.outbox.close_attempt(begun)
    assert refused.value.code == "storage.no-such-attempt"


# --- what travels of a document whose time-stamp came later --------------------------------------------------------------
def stamped(number=1, **changes):
    row = delivery(number)
    fields = {
        "delivery_id": row.id,
        "document_id": row.document_id,
        "level": "B-T",
        "files": row.content.files,
        "office_signature": b"\x30\x00\xff",
        "stamped_at": NOW,
    }
    return StampedFiles(**fields | changes)


def test_files_as_they_travel_are_kept_once_and_for_ever(store):
    put(store, delivery(1), delivery(2))
    with store.transaction() as t:
        assert t.outbox.stamped("delivery-0001") is None
        t.outbox.add_stamped(stamped(1))
        t.outbox.add_stamped(stamped(2, office_signature=None, level="B-B"))
    with store.snapshot() as t:
        assert t.outbox.stamped("delivery-0001") == stamped(1)
        assert t.outbox.stamped("delivery-0002") == stamped(2, office_signature=None, level="B-B")
        assert t.outbox.get("delivery-0001").content == delivery(1).content
    with pytest.raises(Conflict) as told, store.transaction() as t:
        t.outbox.add_stamped(stamped(1, level="B-LT"))
    assert told.value.code == "storage.already-there"
    with store.snapshot() as t:
        assert t.outbox.stamped("delivery-0001").level == "B-T"


def test_files_of_nothing_and_bytes_that_nobody_kept_are_refused(store):
    put(store, delivery(1))
    with pytest.raises(Final) as told, store.transaction() as t:
        t.outbox.add_stamped(stamped(9))
    assert told.value.code == "storage.nothing-to-point-at"
    unkept = replace(delivery(1).content.files[0], sha256=digest(b"nobody kept these"))
    with pytest.raises(Final) as told, store.transaction() as t:
        t.outbox.add_stamped(stamped(1, files=(unkept,)))
    assert told.value.code == "storage.no-such-bytes"


def test_a_document_that_waits_for_its_time_stamp_says_so_when_it_is_read_again(store):
    waiting = delivery(1, content=outgoing_document(1, stamp_pending=True, office_signature=None))
    put(store, waiting)
    with store.snapshot() as t:
        assert t.outbox.get(waiting.id).content == waiting.content
