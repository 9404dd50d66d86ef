"""Workers that are processes of their own on one PostgreSQL: nothing twice, nothing lost, one row of a lane at a time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from adapter import sandbox
from adapter.clock import ScenarioClock
from adapter.composition import Node
from adapter.composition.machine import machine_clock, machine_identifiers
from adapter.composition.stand import Stand
from adapter.domain.audit_event import first_break
from adapter.domain.delivery import AttemptOutcome, DeliveryState, Proof
from adapter.errors import Final
from adapter.server import Server
from adapter.settings import load_settings
from adapter.storage import SqlStore, StorageConfig, open_store
from adapter.worker import Worker
from tests.contract.samples import CONTAINER, MINUTE, NOW, delivery, digest
from tests.postgresql import Postgresql
from tests.stands import EXAMPLES, gateway_port, sandbox_settings

ROOT = Path(__file__).resolve().parents[2]
S = DeliveryState

WORKER = """
import os, sys
from datetime import datetime
from pathlib import Path
from adapter.clock import ScenarioClock, SystemIdentifiers
from adapter.domain.receipt import MessageVerdict
from adapter.ports import Accepted, Prepared
from adapter.storage import StorageConfig, open_store
from adapter.usecases.deliver import Deliver
from adapter.usecases.delivery_plan import DeliveryPlan
from adapter.usecases.recover import Recover

url, book, now, stops_at = sys.argv[1], Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]), sys.argv[4]

def say(word):
    print(word, flush=True)
    if word == stops_at:
        sys.stdin.readline()

class Exchange:
    lanes = {}

    def prepare(self, content, *, message_id, files, at):
        say("prepare")
        self.lanes[message_id] = content.addressee
        return Prepared(message=message_id.encode(), message_id=message_id, files_expire_at=None)

    def send(self, message, *, at, leave_within=None):
        # The file of a lane is there while somebody sends in it: a second one is refused by the file system.
        lane = book / self.lanes[message.decode()]
        os.close(os.open(lane, os.O_CREAT | os.O_EXCL))
        (book / "sent").open("a").write(message.decode() + "\\n")
        say("send")
        lane.unlink()
        return Accepted(answer=b"taken " + message, verdict=MessageVerdict.VERIFIED, code="SCSS001", text="")

clock = ScenarioClock(now, monotonic=lambda: 0.0)
store = open_store(StorageConfig(url=url), clock=clock)
parts = dict(store=store, clock=clock, plan=DeliveryPlan())
parts["identifiers"] = SystemIdentifiers()
recover, deliver = Recover(**parts), Deliver(channel=Exchange(), travels=lambda row: row.content, **parts)
say("ready")
assert sys.stdin.readline() == "go\\n"
empty = 0
while empty < 3:
    recover()
    told = deliver()
    assert told is None or told.error is None, told
    empty = empty + 1 if told is None else 0
store.close()
"""


class Book:
    """What the exchange of these workers was sent, and workers to send it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._workers: list[subprocess.Popen[str]] = []

    def worker(self, *, now: datetime = NOW, stops_at: str = "never") -> subprocess.Popen[str]:
        """One that stands ready and begins when it is told to."""
        made = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error::ResourceWarning",
                "-c",
                WORKER,
                self.url,
                self.folder,
                now.isoformat(),
                stops_at,
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._workers.append(made)
        assert made.stdout.readline() == "ready\n"
        return made

    def sent(self) -> list[str]:
        book = self.folder / "sent"
        return book.read_text().split() if book.exists() else []

    def end(self) -> None:
        for one in self._workers:
            one.kill()
            one.communicate()


def go(*workers: subprocess.Popen[str]) -> None:
    for one in workers:
        one.stdin.write("go\n")
        one.stdin.flush()


def done(*workers: subprocess.Popen[str]) -> None:
    for one in workers:
        one.communicate(timeout=60)
    assert [one.returncode for one in workers] == [0] * len(workers)


def stopped_at(worker: subprocess.Popen[str], word: str) -> None:
    while worker.stdout.readline() != f"{word}\n":
        assert worker.poll() is None


@pytest.fixture
def url(postgresql: Postgresql) -> str:
    return postgresql.new_database()


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    made = open_store(StorageConfig(url=url), clock=ScenarioClock(NOW, monotonic=lambda: 0.0))
    made.blobs.put(CONTAINER)
    yield made
    made.close()


@pytest.fixture
def book(url: str, tmp_path: Path) -> Iterator[Book]:
    made = Book(url, tmp_path)
    yield made
    made.end()


def queue(store: SqlStore, count: int, *, lanes: int) -> None:
    with store.transaction() as t:
        for number in range(count):
            t.outbox.add(delivery(number, addressee=f"KZ-{number % lanes}"))


def states(store: SqlStore) -> Counter[DeliveryState]:
    with store.transaction() as t:
        return Counter(row.state for row in t.outbox.listed())


def test_documents_are_each_sent_once_and_no_lane_by_two_at_a_time(store, book):
    queue(store, 45, lanes=6)
    workers = [book.worker() for _ in range(3)]
    go(*workers)
    done(*workers)
    assert sorted(book.sent()) == sorted(f"message-{number}" for number in range(45))
    assert states(store) == {S.SENT: 45}
    with store.transaction() as t:
        events = t.audit.events()
        attempts = [t.outbox.attempts(row.id) for row in t.outbox.listed()]
    assert first_break(events) is None
    assert [event.sequence for event in events] == list(range(1, 46))
    assert {len(each) for each in attempts} == {1}


def test_what_a_killed_worker_had_not_sent_is_sent_by_another_and_what_may_have_left_waits(store, book):
    queue(store, 2, lanes=2)
    before, during = book.worker(stops_at="prepare"), book.worker(stops_at="send")
    go(before)
    stopped_at(before, "prepare")
    go(during)
    stopped_at(during, "send")
    assert states(store) == {S.CLAIMED: 1, S.SENDING: 1}
    # Their leases live: nobody takes anything away from them.
    early = book.worker()
    go(early)
    done(early)
    assert states(store) == {S.CLAIMED: 1, S.SENDING: 1}
    for one in (before, during):
        one.send_signal(signal.SIGKILL)
    later = [book.worker(now=NOW + 5 * MINUTE) for _ in range(2)]
    go(*later)
    done(*later)
    assert states(store) == {S.SENT: 1, S.UNCERTAIN: 1}
    assert len(book.sent()) == len(set(book.sent())) == 2
    with store.transaction() as t:
        outcomes = Counter(one.outcome for row in t.outbox.listed() for one in t.outbox.attempts(row.id))
        assert first_break(t.audit.events()) is None
    assert outcomes == {AttemptOutcome.ACCEPTED: 1, AttemptOutcome.LEASE_EXPIRED: 1}


def test_a_worker_that_wakes_after_its_lease_keeps_the_answer_and_moves_nothing(store, book):
    queue(store, 1, lanes=1)
    sleeper = book.worker(stops_at="send")
    go(sleeper)
    stopped_at(sleeper, "send")
    later = book.worker(now=NOW + 5 * MINUTE)
    go(later)
    done(later)
    assert states(store) == {S.UNCERTAIN: 1}
    go(sleeper)
    done(sleeper)
    assert states(store) == {S.UNCERTAIN: 1}
    assert book.sent() == ["message-0"]
    with store.transaction() as t:
        (attempt,) = t.outbox.attempts(delivery(0).id)
    assert attempt.outcome is AttemptOutcome.ACCEPTED


# --- bytes ----------------------------------------------------------------------------------------------------------
def test_a_second_node_reads_what_the_first_kept_in_the_directory_and_says_when_it_is_not_told_of_it(url, tmp_path):
    clock = ScenarioClock(NOW, monotonic=lambda: 0.0)
    config = StorageConfig(url=url, blobs="directory", blob_directory=tmp_path / "blobs")
    first, second, untold = (open_store(one, clock=clock) for one in (config, config, StorageConfig(url=url)))
    kept = first.blobs.put(b"x" * 3_000_000)
    in_database = untold.blobs.put(b"in the database")
    assert digest(second.blobs.read(kept.sha256)) == kept.sha256
    assert second.blobs.read(in_database.sha256) == b"in the database"
    with pytest.raises(Final) as refused:
        untold.blobs.read(kept.sha256)
    assert refused.value.code == "storage.blob-directory-needed"
    for one in (first, second, untold):
        one.close()


KEEPER = """
import sys
from dataclasses import replace
from adapter.clock import SystemClock
from adapter.storage import StorageConfig, open_store
from tests.contract.samples import delivery, event, outgoing_document

store = open_store(StorageConfig(url=sys.argv[1]), clock=SystemClock())
for number in range(100_000):
    content = (b"%d " % number) * (400_000 if number % 3 == 0 else 10)
    kept = store.blobs.put(content)
    files = (replace(outgoing_document().files[0], sha256=kept.sha256, size=kept.size),)
    with store.transaction() as t:
        t.outbox.add(delivery(number, content=outgoing_document(number, files=files)))
        t.audit.append(event(number))
    print(number, flush=True)
"""


def test_whatever_a_killed_process_said_is_kept_is_there_with_its_bytes(store, url):
    keeper = subprocess.Popen([sys.executable, "-c", KEEPER, url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    said = [int(keeper.stdout.readline()) for _ in range(11)]
    keeper.send_signal(signal.SIGKILL)
    said += [int(line) for line in keeper.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    keeper.stdout.close()
    keeper.wait(30)
    with store.transaction() as t:
        rows, events = t.outbox.listed(), t.audit.events()
    assert {f"delivery-{number:04d}" for number in said} <= {row.id for row in rows}
    assert len(rows) - len(said) <= 1
    for row in rows:
        (file,) = row.content.files
        assert digest(store.blobs.read(file.sha256)) == file.sha256
    assert first_break(events) is None
    assert len(events) == len(rows)


# --- nodes ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def opened(stand: Stand) -> Iterator[Callable[[str, str], Node]]:
    with ExitStack() as stack:
        exchange = sandbox.serve(
            sandbox_settings(stand), machine_clock(), "127.0.0.1", gateway_port(stand), new_id=machine_identifiers().new
        )
        stack.enter_context(exchange)

        def node(body: str, url: str) -> Node:
            made = Node(load_settings(stand.nodes[body], {"ELSHI_STORAGE__URL": url}))
            stack.callback(made.close)
            return made

        yield node


def test_a_report_is_proved_between_two_ministries_of_two_workers_each_and_registered_once(postgresql, opened):
    ours, theirs = postgresql.new_database(), postgresql.new_database()
    mof, mfa = [opened("KZ-MOF", ours) for _ in range(2)], [opened("KZ-MFA", theirs) for _ in range(2)]
    stop, broken = threading.Event(), []

    def work(node: Node) -> None:
        try:
            while not stop.is_set():
                if not Worker(node).turn():
                    stop.wait(0.02)
        except Exception as error:  # noqa: BLE001 - reason: an error in a thread is shown by the test
            broken.append(error)

    def row() -> object:
        with mof[0].store.transaction() as t:
            return t.outbox.get(submitted.id)

    with Server(mof[0]), Server(mfa[0]):
        submitted = mof[1].submit_file(EXAMPLES / "mof" / "report.yaml").delivery
        threads = [threading.Thread(target=work, args=(node,)) for node in (*mof, *mfa)]
        for thread in threads:
            thread.start()
        for _ in range(600):
            if broken or row().proof is Proof.DIGEST:
                break
            stop.wait(0.05)
        stop.set()
        for thread in threads:
            thread.join()
    assert broken == []
    assert (row().state, row().proof) == (S.REGISTERED, Proof.DIGEST)
    with mfa[1].store.transaction() as t:
        assert [one.document_id for one in t.register.listed()] == [submitted.document_id]
        assert first_break(t.audit.events()) is None
    with mof[1].store.transaction() as t:
        assert first_break(t.audit.events()) is None
