"""The doors of the person on duty: pages of the queue, the event feed, the metrics."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.composition.watching import duties_of, verify_journal
from adapter.domain.audit_event import first_break
from adapter.domain.subscription import Subscription
from adapter.server import Server
from adapter.settings import load_settings
from adapter.usecases.evidence_json import event_of
from tests.contract import samples
from tests.stands import secrets_of
from tests.unit.server.conftest import TOKEN, Door
from tests.unit.server.test_api import told


@pytest.fixture
def busy(door: Door) -> Door:
    """Five documents that nobody delivers, due for an hour."""
    door.node.store.blobs.put(samples.CONTAINER)
    now = door.node.clock.now()
    with door.node.store.transaction() as t:
        for number in range(1, 6):
            due = now - timedelta(hours=1)
            row = samples.delivery(number, wake_at=due, deadline=now + timedelta(hours=number - 2, minutes=30))
            t.outbox.add(row)
            t.audit.append(samples.event(number))
    return door


def test_the_queue_comes_in_pages_and_each_row_says_what_lies_ahead(busy: Door) -> None:
    found, after = [], None
    while True:
        answer = busy.ask("GET", "/queue", params={"limit": 2, **({"after": after} if after else {})}).json()
        found += answer["deliveries"]
        after = answer["next"]
        if after is None:
            break
    assert [one["delivery"] for one in found] == [f"delivery-{number:04d}" for number in range(1, 6)]
    assert [one["timeLeftSeconds"] > 0 for one in found] == [False, True, True, True, True]
    assert {one["overdue"] for one in found} == {True}
    assert all(one["lastSafeTry"] < one["deadline"] for one in found)
    (whole,) = [busy.ask("GET", f"/queue/{name}").json() for name in ("delivery-0003",)]
    assert (whole["documentId"], whole["receipts"]) == (samples.document_id(3), [])
    assert [one["sequence"] for one in busy.ask("GET", "/queue/delivery-0001").json()["history"]] == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/queue?after=nobody", 404, "queue.no-such-cursor"),
        ("/queue?limit=0", 422, "server.not-understood"),
        ("/queue?state=lost", 422, "server.not-understood"),
        ("/queue/nobody", 404, "intervene.no-such-delivery"),
        ("/events?after=-1", 422, "server.not-understood"),
        ("/events?after=9223372036854775808", 422, "server.not-understood"),
        ("/events?limit=1001", 422, "server.not-understood"),
    ],
)
def test_what_cannot_be_answered_is_refused(busy: Door, path: str, status: int, code: str) -> None:
    told(busy.ask("GET", path), status, code)


def test_the_feed_is_the_whole_trail_and_joins_whatever_its_pages(busy: Door) -> None:
    found, after = [], 0
    while page := busy.ask("GET", "/events", params={"after": after, "limit": 2}).json():
        found += page["events"]
        if page["after"] == after:
            break
        after = page["after"]
    events = [event_of(one) for one in found]
    assert [one.sequence for one in events] == [1, 2, 3, 4, 5]
    assert first_break(events) is None
    assert page["head"] == {"sequence": 5, "digest": events[-1].digest}


def test_neither_feed_nor_queue_opens_without_the_token(busy: Door) -> None:
    for path in ("/queue", "/queue/delivery-0001", "/events"):
        told(busy.ask("GET", path, token=None), 401, "api.not-authorized")


def figures(door: Door) -> dict[tuple[str, ...], float]:
    answer = door.ask("GET", "/metrics", token=None)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items(), reverse=True))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_the_metrics_say_what_stands_in_the_database(busy: Door, stand: Stand) -> None:
    found = figures(busy)
    assert found["elshi_deliveries_open", "queued", "document"] == 5
    assert found["elshi_deliveries_open", "uncertain", "document"] == 0
    assert found["elshi_deliveries_past_deadline",] == 1
    assert found["elshi_overdue_rows",] == 5
    assert 3600 <= found["elshi_oldest_due_age_seconds",] < 3700
    assert (found["elshi_audit_sequence",], found["elshi_alarms_total",]) == (5, 0)
    assert ("elshi_head_stamp_age_seconds",) not in found
    duties = duties_of(busy.node, stamps=True)
    duties.turn()  # everybody subscribes
    with busy.node.store.transaction() as t:
        t.audit.append(samples.event(6, action="watch.uncertain"))
    assert figures(busy)["elshi_subscription_lag_events", "log"] > 0
    duties.turn()
    found = figures(busy)
    assert found["elshi_subscription_lag_events", "log"] == 0
    assert found["elshi_alarms_total",] == 1
    assert found["elshi_head_stamp_age_seconds",] < 60
    text = busy.ask("GET", "/metrics").text
    assert not any(secret.strip() in text for secret in secrets_of(stand).values())


def test_a_mailbox_that_was_taken_out_of_the_settings_raises_no_figure_for_ever(busy: Door) -> None:
    now = busy.node.clock.now()
    with busy.node.store.transaction() as t:
        t.subscriptions.add(
            Subscription(name="email old@example.kz", cursor=1, wake_at=now, succeeded_at=now, failures=70)
        )
    found = figures(busy)
    assert not [name for name in found if "email" in name]


def test_finished_rows_are_not_counted_at_every_look(busy: Door) -> None:
    def finish(name: str) -> None:
        from dataclasses import replace

        from adapter.domain.delivery import DeliveryState

        with busy.node.store.transaction() as t:
            row = t.outbox.get(name)
            assert t.outbox.save(replace(row, state=DeliveryState.REGISTERED, wake_at=None))

    finish("delivery-0001")
    assert figures(busy)["elshi_deliveries_finished", "registered"] == 1
    finish("delivery-0002")
    found = figures(busy)
    assert found["elshi_deliveries_finished", "registered"] == 1, "kept for five minutes"
    assert found["elshi_deliveries_open", "queued", "document"] == 3, "open rows are read each time"


def test_metrics_are_there_without_the_api(stand: Stand) -> None:
    node = Node(load_settings(stand.nodes["KZ-MOF"], {}))
    try:
        with Server(node) as server:
            root = server.url.removesuffix(node.settings.server.path)
            assert requests.get(f"{root}/metrics", timeout=20).status_code == 200
            assert requests.get(f"{root}/events", timeout=20).status_code == 404
    finally:
        node.close()


def test_the_duties_of_a_node_leave_a_stamped_trail_that_holds(busy: Door) -> None:
    duties_of(busy.node, stamps=True).turn()
    report = verify_journal(busy.node, [], reads_bytes=True)
    assert (report.verdict.value, report.stamps) == ("holds", 1)
    assert [one.code for one in report.findings] == ["journal.own-key"]
    assert TOKEN not in str(report)
