"""One document that ends every worker that takes it, among a thousand: fault 13, by the clock and not in real time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from adapter.domain.delivery import DeliveryState
from adapter.usecases.delivery_plan import DeliveryPlan
from adapter.usecases.recover import Recover
from tests.contract.conftest import KINDS
from tests.contract.samples import NOW, delivery

S = DeliveryState
PLAN = DeliveryPlan()
COUNT = 1000
LANES = 10
POISON = delivery(0).id
TURN = timedelta(milliseconds=50)
RESTART = timedelta(seconds=1)


class HandClock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


class NoChance:
    def new(self) -> UUID:
        return UUID(int=0)

    def jitter(self) -> float:
        return 0.0


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def few(request, tmp_path):
    with KINDS[request.param](tmp_path, request) as store:
        yield store


def test_999_go_in_normal_time_their_own_lane_too_and_the_poison_ends_before_a_person(few):
    clock = HandClock()
    recover = Recover(store=few, clock=clock, identifiers=NoChance(), plan=PLAN)
    with few.transaction() as t:
        for number in range(COUNT):
            # Due first in its lane every time: by its deadline.
            deadline = NOW + timedelta(hours=1 if number == 0 else 2)
            row = delivery(number, addressee=f"KZ-{number % LANES}", deadline=deadline)
            t.outbox.add(replace(row, content=replace(row.content, files=())))
    done: dict[str, datetime] = {}
    deaths = 0
    while len(done) < COUNT - 1 or deaths < PLAN.lapses:
        recover()
        died = False
        # Many turns in one transaction: what a turn does between its own commits is for tests of the use cases.
        with few.transaction() as t:
            for _ in range(100):
                row = t.outbox.claim(now=clock.at, lease=f"{clock.at}", lease_for=PLAN.lease_for)
                if row is None:
                    break
                if row.id == POISON:
                    deaths += 1
                    died = True
                    break
                clock.at += TURN
                done[row.id] = clock.at
                sent = replace(row, state=S.SENT, wake_at=clock.at, lease=None, lease_until=None)
                assert t.outbox.save(sent)
        clock.at += RESTART if died or row is None else timedelta()
        assert clock.at < NOW + timedelta(minutes=10)
    recover_at = clock.at + PLAN.lease_for
    clock.at = recover_at
    recover()
    with few.snapshot() as s:
        poison = s.outbox.get(POISON)
    assert (poison.state, poison.reason, poison.lapses) == (S.ABANDONED, "deliver.lapses", PLAN.lapses)
    others = [when for row, when in done.items() if int(row[-4:]) % LANES]
    lane = [when for row, when in done.items() if not int(row[-4:]) % LANES]
    # 900 turns and the restarts: nobody else's lane is held up. Its own: five leases and the waits between them.
    assert max(others) - NOW < 1000 * TURN + 10 * RESTART
    assert max(lane) - NOW < 5 * PLAN.lease_for + timedelta(seconds=4 + 8 + 16) + 1000 * TURN + 10 * RESTART
    assert len(lane) == COUNT / LANES - 1
