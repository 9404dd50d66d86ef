"""A thousand submissions of one container, by threads and processes: one delivery, one receipt, on both engines."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import signing
from adapter.clock import ScenarioClock, SystemClock
from adapter.domain.audit_event import first_break as first_break_of_events
from adapter.domain.retry import RetryPolicy
from adapter.domain.statement import first_break
from adapter.errors import Conflict, Final
from adapter.storage import StorageConfig, open_store
from adapter.usecases.escalate import Escalate
from adapter.usecases.sign_statements import SignStatements
from adapter.usecases.take_over import TakeOver
from tests.contract.samples import CONTAINER, delivery, digest
from tests.unit.usecases.houses import issued, rulesets

ROOT = Path(__file__).resolve().parents[3]
THREADS, EACH = 5, 120
PROCESSES, EACH_OF_A_PROCESS = 2, 200

CHILD = """
import sys
from pathlib import Path
from adapter.storage import StorageConfig, open_store
from tests.unit.storage.test_take_over_at_once import CLOCK, no_key, submitted, take_over

store = open_store(StorageConfig(url=sys.argv[1], temporary_directory=Path(sys.argv[2])), clock=CLOCK)
taken = take_over(store, no_key)
for number in range(int(sys.argv[4])):
    one = submitted(taken, f"{sys.argv[3]}-{number}")
    print(one.delivery.id, one.receipt.statement.sequence, one.receipt.statement.digest, flush=True)
"""

CLOCK = SystemClock()


def no_key() -> signing.SigningKey:
    raise Final("keys.no-password", params={"key": "office"})


def take_over(store: Any, key: Any) -> TakeOver:
    nobody: Any = None  # without time-stamps nothing is judged, and an authority costs each process a second
    signer = SignStatements(store=store, clock=CLOCK, key=key, policy=signing.DEFAULT_SIGNING, trust=nobody)
    return TakeOver(store=store, clock=CLOCK, retry=RetryPolicy(), statements=signer)


def submitted(taken: TakeOver, name: str, xml: str = "xml") -> Any:
    """One submission as the use case makes it, under an identifier of its own."""
    now = CLOCK.now()
    offered = delivery(
        1, id=f"d-{name}", message_id=f"m-{name}", created_at=now, deadline=now + timedelta(days=9), digest=digest(xml)
    )
    container: Any = SimpleNamespace(
        signer="СЕРИКОВ", blob=digest(CONTAINER), document=SimpleNamespace(sha256=digest(xml), schema_id="submission")
    )
    return taken(offered, container, rulesets().find("RK-GOV-1141-2010", "2021-03-18"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    on_disk = nullcontext(f"sqlite:///{tmp_path}/elshi.db")
    server = request.getfixturevalue("postgresql").empty_database() if request.param == "postgresql" else on_disk
    with server as made:
        yield made


def test_a_thousand_at_once_are_one_delivery_and_one_receipt(url: str, tmp_path: Path) -> None:
    config = StorageConfig(url=url, temporary_directory=tmp_path, busy_timeout=timedelta(seconds=60))
    with closing(open_store(config, clock=CLOCK)) as store:
        store.blobs.put(CONTAINER)
        key = issued("employee", "KZ-MOF").signing_key()
        taken = take_over(store, lambda: key)
        children = [
            subprocess.Popen(
                [sys.executable, "-c", CHILD, url, str(tmp_path), f"child-{number}", str(EACH_OF_A_PROCESS)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(PROCESSES)
        ]
        found: list[Any] = []

        def submit(worker: int) -> None:
            found.extend(submitted(taken, f"{worker}-{number}") for number in range(EACH))

        threads = [threading.Thread(target=submit, args=(worker,)) for worker in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = [line for child in children for line in child.communicate(timeout=60)[0].splitlines()]
        assert [child.returncode for child in children] == [0] * PROCESSES
        with store.snapshot() as transaction:
            (row,) = transaction.outbox.listed()
            (statement,) = transaction.statements.listed()
            (event,) = transaction.audit.events()
            signed = transaction.statements.signed(1)
        assert {*told} == {f"{row.id} {statement.sequence} {statement.digest}"}
        assert {one.delivery.id for one in found} == {row.id}
        assert {(one.receipt.statement, one.receipt.signed) for one in found} == {(statement, signed.sha256)}
        assert len(told) + len(found) == 1000
        assert sum(not one.replayed for one in found) + ("child" in row.id) == 1
        assert (first_break((statement,)), first_break_of_events((event,))) == (None, None)
        with pytest.raises(Conflict) as conflict:
            submitted(taken, "other", "other xml")
        params = conflict.value.params
        assert (params["known_sha256"], params["new_sha256"]) == (digest("xml"), digest("other xml"))
        assert params["known_at"]
        assert params["new_at"]


def test_workers_at_once_and_after_a_restart_warn_once_and_state_once(url: str, tmp_path: Path) -> None:
    config = StorageConfig(url=url, temporary_directory=tmp_path, busy_timeout=timedelta(seconds=60))
    key = issued("employee", "KZ-MOF").signing_key()
    with closing(open_store(config, clock=CLOCK)) as store:
        store.blobs.put(CONTAINER)
        row = submitted(take_over(store, no_key), "one").delivery
    told: list[str] = []
    for days in (8.9, 9, 20):
        clock = ScenarioClock(row.created_at + timedelta(days=days), monotonic=lambda: 0.0)
        with closing(open_store(config, clock=clock)) as store:
            start = threading.Barrier(4)

            def work(store: Any = store, clock: Any = clock, start: Any = start) -> None:
                signer = take_over(store, lambda: key).statements
                worker = Escalate(store=store, clock=clock, retry=RetryPolicy(), statements=signer)
                start.wait()
                told.extend(alarm.code for alarm in worker())

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            with store.snapshot() as transaction:
                rows, actions = (
                    transaction.statements.listed(),
                    [one.event.action for one in transaction.audit.events()],
                )
                assert transaction.statements.unsigned() == ()
    assert told == ["watch.deadline-95", "watch.non-delivery"]
    assert actions == ["delivery.queued", *told]
    assert [one.kind.value for one in rows] == ["submission-receipt", "non-delivery"]
    assert first_break(rows) is None


KILLED = """
import os, signal, sys
from adapter.clock import SystemClock
from adapter.storage import StorageConfig, open_store
from tests.contract.samples import CONTAINER
from tests.unit.storage.test_take_over_at_once import CLOCK, submitted, take_over

store = open_store(StorageConfig(url=sys.argv[1]), clock=CLOCK)
store.blobs.put(CONTAINER)
submitted(take_over(store, lambda: os.kill(os.getpid(), signal.SIGKILL)), "killed")
"""


def test_a_program_killed_between_the_commit_and_the_signature_has_promised_and_the_next_one_signs(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/elshi.db"
    killed = subprocess.run([sys.executable, "-c", KILLED, url], cwd=ROOT, timeout=60, check=False)
    assert killed.returncode == -9
    with closing(open_store(StorageConfig(url=url), clock=CLOCK)) as store:
        with store.snapshot() as transaction:
            (row,) = transaction.outbox.listed()
            (waiting,) = transaction.statements.unsigned()
        key = issued("employee", "KZ-MOF").signing_key()
        taken = take_over(store, lambda: key)
        again = submitted(taken, "again")
        assert (again.replayed, again.delivery, again.receipt.statement) == (True, row, waiting)
        assert again.receipt.signed is not None
        assert replace(again.receipt, signed=None) == replace(submitted(taken, "later").receipt, signed=None)
        with store.snapshot() as transaction:
            assert transaction.statements.unsigned() == ()
            assert transaction.statements.listed() == (waiting,)
