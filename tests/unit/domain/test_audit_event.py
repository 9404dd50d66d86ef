"""The hash chain: fixed bytes for an event, and every gap or change seen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.domain.audit_event import GENESIS, AuditEvent, ChainedEvent, chain, first_break

AT = datetime(2026, 1, 31, 9, 30, 15, 250_000, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=15)
events = st.builds(
    AuditEvent,
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    actor=texts,
    action=texts,
    mandate=texts,
    document_id=st.none() | texts,
    details=st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=4),
)


def event(**changes) -> AuditEvent:
    fields = {
        "at": AT,
        "actor": "Ахметова Г.",
        "action": "delivery.sent",
        "mandate": "p.12",
        "document_id": "urn:uuid:1",
        "details": {"b": 2, "a": True, "c": None, "d": "х"},
    }
    return AuditEvent(**(fields | changes))


def chained(items) -> list[ChainedEvent]:
    result: list[ChainedEvent] = []
    for item in items:
        previous = result[-1].digest if result else GENESIS
        result.append(
            ChainedEvent(sequence=len(result) + 1, event=item, previous=previous, digest=chain(previous, item))
        )
    return result


def test_the_canonical_form_is_these_bytes():
    assert (
        event().canonical()
        == (
            '{"action":"delivery.sent","actor":"Ахметова Г.","at":"2026-01-31T09:30:15.250000+00:00",'
            '"details":{"a":true,"b":2,"c":null,"d":"х"},"documentId":"urn:uuid:1","mandate":"p.12"}'
        ).encode()
    )


def test_the_digest_is_over_the_digest_before_and_the_canonical_form():
    previous = hashlib.sha256(b"before").hexdigest()
    assert chain(previous, event()) == hashlib.sha256(bytes.fromhex(previous) + event().canonical()).hexdigest()
    assert bytes.fromhex(GENESIS) == bytes(32)


@given(events)
def test_the_canonical_form_is_json_without_loss_and_without_order(item):
    told = json.loads(item.canonical())
    assert told["details"] == dict(item.details)
    assert datetime.fromisoformat(told["at"]) == item.at
    turned = replace(item, details=dict(reversed(item.details.items())))
    assert turned.canonical() == item.canonical()


def test_the_same_instant_in_another_zone_is_the_same_event():
    assert event(at=AT.astimezone(timezone(timedelta(hours=5)))).canonical() == event().canonical()


@pytest.mark.parametrize(
    "change",
    [
        {"at": AT + timedelta(microseconds=1)},
        {"actor": "x"},
        {"action": "x"},
        {"mandate": "x"},
        {"document_id": None},
        {"details": {}},
        {"details": {"b": 2, "a": 1, "c": None, "d": "х"}},
    ],
    ids=str,
)
def test_every_field_enters_the_digest(change):
    assert chain(GENESIS, event(**change)) != chain(GENESIS, event())


@given(st.lists(events, max_size=8), st.data())
def test_an_untouched_chain_and_each_of_its_segments_hold(items, data):
    links = chained(items)
    start = data.draw(st.integers(0, len(links)))
    end = data.draw(st.integers(start, len(links)))
    assert first_break(links) is None
    assert first_break(links[start:end]) is None


@given(st.lists(events, min_size=1, max_size=8), st.data())
def test_a_changed_event_is_seen_where_it_stands(items, data):
    links = chained(items)
    at = data.draw(st.integers(0, len(links) - 1))
    links[at] = replace(links[at], event=replace(links[at].event, actor=links[at].event.actor + "x"))
    assert first_break(links) == at + 1


@given(st.lists(events, min_size=3, max_size=8), st.data())
def test_a_missing_event_is_seen_at_the_one_after_it(items, data):
    links = chained(items)
    at = data.draw(st.integers(1, len(links) - 2))
    del links[at]
    assert first_break(links) == at + 2


@given(st.lists(events, min_size=2, max_size=8), st.data())
def test_events_in_another_order_are_seen(items, data):
    links = chained(items)
    at = data.draw(st.integers(0, len(links) - 2))
    links[at], links[at + 1] = links[at + 1], links[at]
    assert first_break(links) == (1 if at == 0 else at + 2), "the first that does not follow"


def test_a_repeated_event_is_seen():
    links = chained([event(), event(actor="x")])
    assert first_break([links[0], links[0], links[1]]) == 1


def test_a_chain_made_anew_from_its_second_event_is_seen_at_the_seam():
    links = chained([event(actor=str(number)) for number in range(4)])
    forged = chained([event(actor="0"), event(actor="forged"), event(actor="2"), event(actor="3")])
    assert first_break([links[0], links[1], *forged[2:]]) == 3


def test_a_first_event_that_does_not_follow_the_genesis_is_seen():
    previous = hashlib.sha256(b"cut away").hexdigest()
    alone = ChainedEvent(sequence=1, event=event(), previous=previous, digest=chain(previous, event()))
    assert first_break([alone]) == 1


def test_nothing_holds():
    assert first_break([]) is None
