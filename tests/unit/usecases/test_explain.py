"""A clerk reads where a delivery stands, why, what follows and who must act: for every state, in three languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest

from adapter import texts
from adapter.domain.delivery import AttemptOutcome, Delivery, DeliveryState, Proof, is_final
from adapter.domain.outgoing import ContentKind
from adapter.domain.retry import last_safe_try
from adapter.errors import Final
from adapter.texts import Language
from adapter.usecases.delivery_plan import DeliveryPlan
from adapter.usecases.explain import explain, prospect, span_in_words
from adapter.usecases.overdue import Watchdog
from adapter.usecases.queue import Queue, Wanted
from tests.contract import samples
from tests.unit.usecases.conftest import add
from tests.unit.usecases.houses import House

S = DeliveryState
NOW = samples.NOW
DEADLINE = NOW + timedelta(hours=5, minutes=12)


def queue_of(house: House) -> Queue:
    dog = Watchdog(store=house.store, clock=house.clock, plan=house.plan)
    return Queue(store=house.store, clock=house.clock, plan=house.plan, watchdog=dog)


def row(state: DeliveryState, **changes: object) -> Delivery:
    given = {"wake_at": NOW + timedelta(minutes=5), "deadline": DEADLINE, "ever_sent": state is not S.QUEUED} | changes
    if state in (S.CLAIMED, S.SENDING):
        given |= {"lease": "l", "lease_until": given["wake_at"]}
    if is_final(state, given.get("content_kind", ContentKind.DOCUMENT)):
        given["wake_at"] = None
    make = samples.notice_delivery if given.get("content_kind") is ContentKind.NOTICE else samples.delivery
    return make(1, state=state, **given)


def codes(house: House, one: Delivery, *attempts: object, plan: DeliveryPlan | None = None) -> list[str]:
    plan = plan or house.plan
    dog = Watchdog(store=house.store, clock=house.clock, plan=plan)
    now = house.clock.now()
    ahead = prospect(one, plan, dog.limits(), now)
    told = explain(one, attempts, ahead, plan, now)
    for each in told:
        assert each.code in texts.codes(), each.code
        assert texts.unfilled(each.code, each.params) == (), each
    return [each.code.removeprefix("explain.") for each in told]


def test_every_state_is_explained_to_its_end(sender: House) -> None:
    for state, kind, deadline, late in product(
        S, ContentKind, [None, DEADLINE, NOW - timedelta(days=3)], [False, True]
    ):
        wake = NOW - timedelta(hours=1) if late else NOW + timedelta(minutes=5)
        one = row(
            state, content_kind=kind, deadline=deadline, wake_at=wake, reason="deliver.files-expired", reason_text="х"
        )
        attempt = samples.attempt(1, of=one, message=samples.digest("m"), code="X-1")
        for outcome in AttemptOutcome:
            told = codes(sender, one, replace(attempt, outcome=outcome))
            acts = [each for each in told if each.startswith("do-") and each != "do-ask-if-silent"]
            assert len(acts) == 1, told
            assert ("nothing-follows" in told) == is_final(state, kind)
            assert not (is_final(state, kind) and {"deadline", "overdue", "next-try"} & set(told))


def test_what_waits_for_its_next_try_says_when_and_until_when_it_is_safe(sender: House) -> None:
    one = row(S.QUEUED)
    assert codes(sender, one) == [
        "state-queued",
        "no-tries",
        "next-try",
        "deadline",
        "last-safe",
        "do-nothing",
        "may-withdraw",
    ]
    ahead = queue_of(sender).ahead(one)
    assert ahead.as_json() == {
        "nextTry": (NOW + timedelta(minutes=5)).isoformat(),
        "nextLook": (NOW + timedelta(minutes=5)).isoformat(),
        "lastSafeTry": last_safe_try(sender.plan.retry, DEADLINE).isoformat(),
        "timeLeftSeconds": (5 * 60 + 12) * 60,
        "overdue": False,
        "stampPending": False,
    }
    sender.clock.at = DEADLINE - timedelta(minutes=9)
    assert "last-safe-passed" in codes(sender, row(S.QUEUED, wake_at=sender.clock.at))
    assert "next-try-now" in codes(sender, row(S.QUEUED, wake_at=sender.clock.at))
    sender.clock.at = DEADLINE
    assert "deadline-passed" in codes(sender, row(S.QUEUED, wake_at=DEADLINE))


def test_an_unknown_outcome_names_the_command_and_when_the_program_acts_by_itself(sender: House) -> None:
    one = row(S.UNCERTAIN, reason="exchange.outcome-unknown")
    told = codes(sender, one)
    assert told[-1] == "do-settle"
    assert "planner-resend" in told
    assert queue_of(sender).ahead(one).next_try == last_safe_try(sender.plan.retry, DEADLINE)
    spent = replace(one, planner_resent=True)
    assert "planner-resend" not in codes(sender, spent)
    assert queue_of(sender).ahead(spent).next_try is None
    forbidden = DeliveryPlan(resend_by_planner=False)
    assert "planner-resend" not in codes(sender, one, plan=forbidden)
    assert "window-resend" in codes(sender, one, plan=DeliveryPlan(resend_when_uncertain="identical"))
    too_late = replace(one, changed_at=last_safe_try(sender.plan.retry, DEADLINE))
    assert "planner-resend" not in codes(sender, too_late), "the last safe try has been made"
    assert "planner-resend" not in codes(sender, replace(one, proof=Proof.DIGEST)), "it has arrived"


def test_who_must_act_is_who_can(sender: House) -> None:
    assert codes(sender, row(S.ABANDONED, reason="deliver.files-expired"))[-1] == "do-resend-files"
    assert codes(sender, row(S.ABANDONED, reason="x", ever_sent=False))[-2:] == ["do-resend", "may-withdraw"]
    assert codes(sender, row(S.REFUSED))[-1] == "do-correct"
    assert codes(sender, row(S.SENT))[-2:] == ["do-nothing", "do-ask-if-silent"]
    assert codes(sender, row(S.QUEUED, wake_at=NOW - timedelta(minutes=1)))[-2:] == ["do-see-worker", "may-withdraw"]
    assert codes(sender, row(S.SENDING))[-1] == "do-nothing"


def test_how_far_the_proof_reaches_is_said(sender: House) -> None:
    for proof in Proof:
        assert f"proof-{proof.value}" in codes(sender, row(S.REGISTERED, proof=proof, registration_number="вх-1"))


def test_times_are_those_of_the_clerks_clock(sender: House) -> None:
    dog = Watchdog(store=sender.store, clock=sender.clock, plan=sender.plan)
    one = row(S.QUEUED)
    told = explain(one, (), prospect(one, sender.plan, dog.limits(), NOW), sender.plan, NOW)
    (deadline,) = [each for each in told if each.code == "explain.deadline"]
    assert texts.render(deadline.code, deadline.params, Language.RU).what == (
        "Законный срок: 31.01.2026 19:42:15 (+05:00). Осталось: 5 ч 12 мин."
    )


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(hours=5, minutes=12, seconds=59), "5 h 12 min"),
        (timedelta(days=3, hours=1, minutes=59), "3 d 1 h"),
    ],
)
def test_a_span_is_said_as_people_say_it(span: timedelta, said: str) -> None:
    assert span_in_words(span)["en"] == said


# --- the queue -------------------------------------------------------------------------------------------------------
def test_fault_30_more_than_2100_open_rows_come_in_pages_each_once(sender: House) -> None:
    with sender.store.transaction() as t:
        for number in range(1, 2202):
            t.outbox.add(samples.delivery(number))
        t.outbox.add(samples.delivery(2202, state=S.REGISTERED, wake_at=None))
    queue = queue_of(sender)
    found, after, pages = [], None, 0
    while True:
        page = queue.page(Wanted(), after=after)
        found += [one.id for one in page.rows]
        after, pages = page.after, pages + 1
        if after is None:
            break
    assert found == [f"delivery-{number:04d}" for number in range(1, 2202)]
    assert pages == 5
    assert len(list(queue.rows(Wanted(everything=True)))) == 2202
    with pytest.raises(Final, match=r"queue\.no-such-cursor"):
        queue.page(Wanted(), after="nobody")


def test_rows_are_chosen_by_state_and_by_being_overdue(sender: House) -> None:
    add(sender, samples.delivery(1, addressee="KZ-A", wake_at=NOW - timedelta(minutes=1)))
    add(sender, samples.delivery(2, addressee="KZ-B"))
    add(sender, samples.delivery(3, addressee="KZ-C", state=S.REFUSED, wake_at=None))
    add(sender, samples.notice_delivery(4, state=S.SENT, wake_at=None))

    def ids(**wanted: object) -> list[str]:
        return [one.id for one in queue_of(sender).rows(Wanted(**wanted))]  # type: ignore[arg-type]

    assert ids() == ["delivery-0001", "delivery-0002"]
    assert ids(overdue=True) == ["delivery-0001"]
    assert ids(states=(S.REFUSED, S.SENT)) == ["delivery-0003", "notice-0004"]
    assert len(ids(everything=True)) == 4


def test_a_document_names_its_delivery_when_it_stands_alone(sender: House) -> None:
    one = add(sender, samples.delivery(1))
    add(sender, samples.notice_delivery(1, document_id=one.document_id))
    queue = queue_of(sender)
    bare = one.document_id.removeprefix("urn:uuid:")
    assert {queue.find(name).id for name in (one.id, one.document_id, bare, bare.upper())} == {one.id}
    other = add(sender, samples.delivery(5, key=one.key, document_id=one.document_id, addressee="KZ-GA"))
    with pytest.raises(Final) as refused:
        queue.find(one.document_id)
    assert refused.value.code == "queue.several-deliveries"
    assert all(each in str(refused.value.params["deliveries"]) for each in (one.id, other.id, "KZ-GA"))
    with pytest.raises(Final, match=r"intervene\.no-such-delivery"):
        queue.find("nobody")


def test_one_delivery_whole_has_its_tries_with_digests_its_proofs_and_its_history(sender: House) -> None:
    one = add(sender, samples.delivery(1))
    assert sender.deliver() is not None
    whole = queue_of(sender).whole(sender.delivery(one.id))
    (attempt,) = whole["tries"]
    assert (attempt["outcome"], len(attempt["message"]), len(attempt["answer"])) == ("accepted", 64, 64)
    assert [each["kind"] for each in whole["receipts"]] == ["gateway-answer"]
    assert [each["action"] for each in whole["history"]] == ["delivery.sent"]
    assert whole["timeLeftSeconds"] is None
    assert datetime.fromisoformat(whole["nextLook"]) == NOW + sender.plan.silence_alarm


def test_what_waits_for_its_time_stamp_says_so_and_until_when_while_there_is_an_until(sender: House) -> None:
    content = samples.outgoing_document(1, stamp_pending=True, office_signature=None)
    for at, waits in ((NOW, True), (DEADLINE, False)):
        sender.clock.at = at
        one = row(S.QUEUED, content=content, wake_at=at + timedelta(minutes=5))
        ahead = replace(queue_of(sender).ahead(one), stamp_pending=True)
        told = [each.code for each in explain(one, (), ahead, sender.plan, at)]
        assert "explain.stamp-pending" in told
        assert ("explain.stamp-pending-until" in told) is waits
