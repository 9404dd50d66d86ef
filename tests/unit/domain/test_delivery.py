"""The table of transitions, against the documented one, and under events in any order."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapter.domain.delivery import (
    FINAL_STATES,
    NOTICE_EVENTS,
    TRANSITIONS,
    Delivery,
    DeliveryEvent,
    DeliveryState,
    Effect,
    Step,
    is_final,
    next_state,
)
from adapter.domain.notice import NoticeKind
from adapter.domain.outgoing import ContentKind

S = DeliveryState
E = DeliveryEvent

OPEN = {S.QUEUED, S.CLAIMED, S.SENDING, S.SENT, S.IN_CENTRE, S.DELIVERED, S.UNCERTAIN, S.ABANDONED}
BELOW_CENTRE = OPEN - {S.IN_CENTRE, S.DELIVERED}
BELOW_DELIVERED = OPEN - {S.DELIVERED}

DOCUMENTED: list[tuple[E, set[S], S]] = [
    # worker
    (E.CLAIMED, {S.QUEUED}, S.CLAIMED),
    (E.MARKED_SENDING, {S.CLAIMED}, S.SENDING),
    (E.NOT_SENT, {S.CLAIMED, S.SENDING}, S.QUEUED),
    (E.CHANNEL_CLOSED, {S.CLAIMED, S.SENDING}, S.QUEUED),
    (E.PREPARATION_FAILED, {S.CLAIMED}, S.ABANDONED),
    (E.BUDGET_GONE, {S.CLAIMED, S.SENDING}, S.ABANDONED),
    (E.ACCEPTED, {S.SENDING}, S.SENT),
    (E.REFUSED_FINALLY, {S.SENDING}, S.REFUSED),
    (E.NOT_UNDERSTOOD, {S.SENDING}, S.ABANDONED),
    (E.OUTCOME_UNKNOWN, {S.SENDING}, S.UNCERTAIN),
    (E.LEASE_EXPIRED, {S.CLAIMED}, S.QUEUED),
    (E.LEASE_EXPIRED, {S.SENDING}, S.UNCERTAIN),
    (E.LAPSED_TOO_OFTEN, {S.CLAIMED, S.SENDING}, S.ABANDONED),
    (E.LAST_SAFE_TRY, {S.UNCERTAIN}, S.QUEUED),
    # notices
    (E.NOTICE_IN_CENTRE, BELOW_CENTRE, S.IN_CENTRE),
    (E.NOTICE_DELIVERED, BELOW_DELIVERED, S.DELIVERED),
    (E.NOTICE_REGISTERED, OPEN, S.REGISTERED),
    (E.NOTICE_NOT_VALID, OPEN, S.REFUSED),
    # people
    (E.PERSON_RESENDS, {S.UNCERTAIN, S.SENT, S.IN_CENTRE, S.ABANDONED}, S.QUEUED),
    (E.PERSON_GIVES_UP, {S.UNCERTAIN}, S.ABANDONED),
    (E.PERSON_WITHDRAWS, {S.QUEUED, S.ABANDONED}, S.WITHDRAWN),
]
"""Architecture, section 6, row by row."""

DOCUMENTED_TABLE = {(state, event): target for event, states, target in DOCUMENTED for state in states}

FROM_NOTICES = set(NOTICE_EVENTS.values())


def test_the_table_is_the_documented_one():
    assert dict(TRANSITIONS) == DOCUMENTED_TABLE


def test_no_move_leads_out_of_a_final_state():
    assert not [move for move in TRANSITIONS if move[0] in FINAL_STATES]


def test_every_state_is_reached_and_every_open_one_can_be_left():
    assert set(TRANSITIONS.values()) | {S.QUEUED} == set(S)
    assert {state for state, _ in TRANSITIONS} == OPEN == set(S) - FINAL_STATES


def test_every_event_is_of_use():
    assert {event for _, event in TRANSITIONS} == set(E)


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        TRANSITIONS[(S.REGISTERED, E.CLAIMED)] = S.QUEUED  # type: ignore[index]


@pytest.mark.parametrize(("state", "event"), [(state, event) for state in S for event in E])
def test_next_state_of_a_document_that_may_have_left_follows_the_table(state, event):
    step = next_state(state, event)
    target = DOCUMENTED_TABLE.get((state, event))
    if event is E.PERSON_WITHDRAWS:
        assert step == Step(effect=Effect.IMPOSSIBLE, state=state)
    elif target is not None:
        assert step == Step(effect=Effect.MOVES, state=target)
    elif event not in FROM_NOTICES:
        assert step == Step(effect=Effect.IMPOSSIBLE, state=state)
    else:
        assert step.state is state
        assert step.effect in (Effect.UNCHANGED, Effect.DISPUTE)


@pytest.mark.parametrize(
    ("state", "event", "effect"),
    [
        (S.REGISTERED, E.NOTICE_IN_CENTRE, Effect.UNCHANGED),
        (S.REGISTERED, E.NOTICE_DELIVERED, Effect.UNCHANGED),
        (S.REGISTERED, E.NOTICE_REGISTERED, Effect.UNCHANGED),
        (S.REGISTERED, E.NOTICE_NOT_VALID, Effect.DISPUTE),
        (S.REFUSED, E.NOTICE_IN_CENTRE, Effect.UNCHANGED),
        (S.REFUSED, E.NOTICE_DELIVERED, Effect.UNCHANGED),
        (S.REFUSED, E.NOTICE_NOT_VALID, Effect.UNCHANGED),
        (S.REFUSED, E.NOTICE_REGISTERED, Effect.DISPUTE),
        (S.WITHDRAWN, E.NOTICE_IN_CENTRE, Effect.DISPUTE),
        (S.WITHDRAWN, E.NOTICE_DELIVERED, Effect.DISPUTE),
        (S.WITHDRAWN, E.NOTICE_REGISTERED, Effect.DISPUTE),
        (S.WITHDRAWN, E.NOTICE_NOT_VALID, Effect.DISPUTE),
        (S.IN_CENTRE, E.NOTICE_IN_CENTRE, Effect.UNCHANGED),
        (S.DELIVERED, E.NOTICE_IN_CENTRE, Effect.UNCHANGED),
        (S.DELIVERED, E.NOTICE_DELIVERED, Effect.UNCHANGED),
    ],
)
def test_a_notice_that_moves_nothing_is_a_repeat_or_a_dispute(state, event, effect):
    assert next_state(state, event) == Step(effect=effect, state=state)


@pytest.mark.parametrize("event", sorted(FROM_NOTICES))
@pytest.mark.parametrize("state", list(S))
def test_a_notice_about_a_document_that_never_left_is_a_dispute(state, event):
    assert next_state(state, event, ever_sent=False) == Step(effect=Effect.DISPUTE, state=state)


@pytest.mark.parametrize("state", list(S))
def test_only_what_never_left_is_withdrawn(state):
    withdrawn = next_state(state, E.PERSON_WITHDRAWS, ever_sent=False)
    if state in (S.QUEUED, S.ABANDONED):
        assert withdrawn == Step(effect=Effect.MOVES, state=S.WITHDRAWN)
    else:
        assert withdrawn == Step(effect=Effect.IMPOSSIBLE, state=state)
    assert next_state(state, E.PERSON_WITHDRAWS, ever_sent=True).effect is Effect.IMPOSSIBLE


@pytest.mark.parametrize("event", [E.OUTCOME_UNKNOWN, E.LEASE_EXPIRED])
def test_a_notice_of_ours_is_repeated_where_a_document_would_wait_for_a_person(event):
    assert next_state(S.SENDING, event, content=ContentKind.NOTICE).state is S.QUEUED
    assert next_state(S.SENDING, event, content=ContentKind.DOCUMENT).state is S.UNCERTAIN


@pytest.mark.parametrize("event", list(E))
def test_a_notice_of_ours_that_was_sent_is_done_and_nothing_moves_it(event):
    step = next_state(S.SENT, event, content=ContentKind.NOTICE)
    assert step.state is S.SENT
    assert step.effect is not Effect.MOVES


@pytest.mark.parametrize("state", list(S))
def test_what_is_final(state):
    assert is_final(state, ContentKind.DOCUMENT) is (state in {S.REGISTERED, S.REFUSED, S.WITHDRAWN})
    assert is_final(state, ContentKind.NOTICE) is (state in {S.REGISTERED, S.REFUSED, S.WITHDRAWN, S.SENT})


def moving(state, content, *, ever_sent):
    """Events that lead on from here; every event where none does, so that a final state is tried with all of them."""
    steps = {event: next_state(state, event, content=content, ever_sent=ever_sent) for event in E}
    leading = [event for event, step in steps.items() if step.effect is Effect.MOVES and step.state is not state]
    return leading or list(E)


@given(state=st.sampled_from(S), content=st.sampled_from(ContentKind), data=st.data())
def test_no_order_of_events_leads_out_of_a_final_state(state, content, data):
    for _ in range(data.draw(st.integers(0, 25))):
        ever_sent = data.draw(st.booleans())
        likely = moving(state, content, ever_sent=ever_sent)
        event = data.draw(st.sampled_from(likely) | st.sampled_from(E))
        step = next_state(state, event, content=content, ever_sent=ever_sent)
        if is_final(state, content):
            assert step.effect is not Effect.MOVES
        assert step.effect is Effect.MOVES or step.state is state
        state = step.state


@given(
    before=st.lists(st.sampled_from(sorted(FROM_NOTICES)), max_size=5),
    noise=st.lists(st.sampled_from(sorted(FROM_NOTICES)), max_size=5),
)
def test_a_registration_ends_registered_wherever_it_stands_among_lower_notices(before, noise):
    lower = [event for event in (*before, E.NOTICE_REGISTERED, *noise) if event is not E.NOTICE_NOT_VALID]
    state = S.UNCERTAIN
    for event in lower:
        state = next_state(state, event).state
    assert state is S.REGISTERED


@given(st.permutations([E.NOTICE_REGISTERED, E.NOTICE_NOT_VALID, E.NOTICE_DELIVERED, E.NOTICE_IN_CENTRE]))
def test_contradicting_notices_in_any_order_end_in_the_first_word_and_one_dispute(order):
    state, disputes = S.SENT, 0
    for event in order:
        step = next_state(state, event)
        disputes += step.effect is Effect.DISPUTE
        state = step.state
    first = min(order.index(E.NOTICE_REGISTERED), order.index(E.NOTICE_NOT_VALID))
    assert state is (S.REGISTERED if order[first] is E.NOTICE_REGISTERED else S.REFUSED)
    assert disputes == 1


class LifeOfADelivery(RuleBasedStateMachine):
    """A delivery as the passes drive it: facts are kept beside the state, and the state must agree with them."""

    content = ContentKind.DOCUMENT

    def __init__(self) -> None:
        super().__init__()
        self.state = S.QUEUED
        self.ever_sent = False
        self.ended: S | None = None

    @rule(event=st.sampled_from(E))
    def anything_happens(self, event: E) -> None:
        self.happens(event)

    @rule(data=st.data())
    def something_leads_on(self, data: st.DataObject) -> None:
        self.happens(data.draw(st.sampled_from(moving(self.state, self.content, ever_sent=self.ever_sent))))

    @rule()
    def the_worker_goes_on(self) -> None:
        self.happens({S.QUEUED: E.CLAIMED, S.CLAIMED: E.MARKED_SENDING}.get(self.state, E.ACCEPTED))

    def happens(self, event: E) -> None:
        before = self.state
        step = next_state(before, event, content=self.content, ever_sent=self.ever_sent)
        if event is E.MARKED_SENDING and step.effect is Effect.MOVES:
            self.ever_sent = True
        if event in FROM_NOTICES and step.effect is Effect.MOVES:
            rank = [S.SENT, S.IN_CENTRE, S.DELIVERED, S.REGISTERED]
            if before in rank and step.state in rank:
                assert rank.index(step.state) > rank.index(before)
        self.state = step.state
        if self.ended is None and is_final(self.state, self.content):
            self.ended = self.state

    @invariant()
    def final_is_final(self) -> None:
        assert self.ended is None or self.state is self.ended

    @invariant()
    def what_may_have_left_is_never_withdrawn(self) -> None:
        assert self.state is not S.WITHDRAWN or not self.ever_sent

    @invariant()
    def what_never_left_is_nowhere_beyond_us(self) -> None:
        beyond = {S.SENDING, S.SENT, S.IN_CENTRE, S.DELIVERED, S.REGISTERED, S.REFUSED, S.UNCERTAIN}
        assert self.ever_sent or self.state not in beyond

    @invariant()
    def a_notice_of_ours_never_waits_for_a_person_about_its_outcome(self) -> None:
        assert self.content is ContentKind.DOCUMENT or self.state is not S.UNCERTAIN


class LifeOfANotice(LifeOfADelivery):
    """The same for a notice of ours."""

    content = ContentKind.NOTICE


TestLifeOfADelivery = LifeOfADelivery.TestCase
TestLifeOfANotice = LifeOfANotice.TestCase
TestLifeOfADelivery.settings = TestLifeOfANotice.settings = settings(max_examples=100, stateful_step_count=40)


def test_the_notices_that_move_a_delivery_are_those_that_say_so():
    assert set(NOTICE_EVENTS) == {kind for kind in NoticeKind if kind.moves_delivery}
    assert len(set(NOTICE_EVENTS.values())) == len(NOTICE_EVENTS)


def test_a_step_and_a_delivery_are_values():
    step = next_state(S.QUEUED, E.CLAIMED)
    with pytest.raises(FrozenInstanceError):
        step.state = S.SENT  # type: ignore[misc]
    assert {field.name for field in fields(Delivery) if not field.kw_only} == set()
