"""`python -m bench.delivery`: the whole way of a document through real processes, and what waiting costs.

Every figure is of processes as they run in production (`elshi sandbox`, `serve`, `worker`), on loopback, all of them on the
cores that the machine has. The rows go into results.json beside those of `python -m bench`; rows of the same name are
replaced. A rate is documents a second from the first submit to the last REGISTERED.

sustained       reports of 5 KB with their printed form: submitted in one process while the workers deliver
acceptance      at a steady pace: from the row's commit to the gateway's acceptance, 95th percentile
claim           one claim in a database with a million finished rows beside one with a thousand
idle            share of one core that a worker takes while nothing is due
recovery        a worker is killed with a document in hand: until another one has taken it over
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from sqlalchemy import insert, join, literal, select, text

from adapter.clock import SystemClock
from adapter.composition import Node
from adapter.composition.stand import Stand, existing_stand
from adapter.domain.delivery import AttemptOutcome, DeliveryState
from adapter.domain.notice import NoticeKind
from adapter.domain.outgoing import ContentKind
from adapter.settings import load_settings
from adapter.settings.values import DeliverySettings
from adapter.storage import SqlStore, StorageConfig, open_store
from adapter.storage.tables import deliveries
from bench.measure import Result, Unit
from tests.contract.samples import CONTAINER, delivery
from tests.postgresql import Postgresql
from tests.stands import EXAMPLES, copied, gateway_port, template

BARS: Final = (
    *((f"delivery sustained, {engine}", "at least", 60.0) for engine in ("SQLite", "PostgreSQL")),
    *(
        (f"delivery accepted by the gateway, p95 at 10/s, {engine}", "at most", 300.0)
        for engine in ("SQLite", "PostgreSQL")
    ),
    *(
        (f"claim with 1,000,000 finished rows over 1,000, {engine}", "at most", 1.5)
        for engine in ("SQLite", "PostgreSQL")
    ),
    *((f"idle worker, share of a core, {engine}", "at most", 1.0) for engine in ("SQLite", "PostgreSQL")),
    *((f"recovery of a killed worker's document, {engine}", "at most", 30.0) for engine in ("SQLite", "PostgreSQL")),
)
"""Beginning of a row's name, and the bound of its figure; of several rows the best one counts."""

RESULTS: Final = Path(__file__).parent / "results.json"
ROOT: Final = Path(__file__).resolve().parents[1]
SENDER, ADDRESSEE = "KZ-MOF", "KZ-MFA"
ENGINES: Final = ("SQLite", "PostgreSQL")
DOCUMENTS: Final = 120
PACE: Final = 10
PACED: Final = 100
FINISHED: Final = (1_000, 1_000_000)
CLAIMS: Final = 200
IDLE_SECONDS: Final = 30
_PROGRAM: Final = (sys.executable, "-m", "adapter")
_LONGEST: Final = 900
"""Seconds that one figure may take before the run is broken off."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="figures whose name holds this")
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory(prefix="elshi-bench-") as name, ExitStack() as stack:
        server = Postgresql(durable=True)
        stack.callback(server.close)
        house = House(Path(name), server)
        found: list[Result] = []
        for label, measured in figures(house, options.documents):
            if options.only in label:
                for result in measured():
                    low, high = result.spread
                    print(f"{result.ours:10.4g} {result.unit:5} {result.name}  ({low:.4g}..{high:.4g})", flush=True)
                    enter(options.out, result)
                    found.append(result)
    print(f"load at the end {os.getloadavg()[0]:.2f}")
    missed = sum([not _is_met(found, *bar) for bar in BARS if any(one.name.startswith(bar[0]) for one in found)])
    return 1 if options.check and missed else 0


def _is_met(found: Sequence[Result], name: str, must_be: str, bound: float) -> bool:
    values = [one.ours for one in found if one.name.startswith(name)]
    best = max(values) if must_be == "at least" else min(values)
    met = best >= bound if must_be == "at least" else best <= bound
    print(f"{'met   ' if met else 'MISSED'}  {name}: {must_be} {bound:g}, measured {best:.4g}")
    return met


def figures(house: House, documents: int) -> Iterator[tuple[str, Callable[[], list[Result]]]]:
    """Every figure with its name for --only."""
    for engine in ENGINES:
        for workers in (1, 2, 4) if engine == "PostgreSQL" else (1, 2):
            yield (
                sustained_name(engine, workers),
                lambda e=engine, w=workers: [sustained(house, e, w, documents)],  # type: ignore[misc]
            )
        yield acceptance_name(engine), lambda e=engine: [acceptance(house, e)]  # type: ignore[misc]
        yield claim_name(engine), lambda e=engine: [claims(house, e)]  # type: ignore[misc]
        yield idle_name(engine), lambda e=engine: [idle(house, e)]  # type: ignore[misc]
        yield recovery_name(engine), lambda e=engine: [recovery(house, e)]  # type: ignore[misc]


def sustained_name(engine: str, workers: int) -> str:
    """Name of the row."""
    return f"delivery sustained, {engine}, {workers} worker{'s' if workers > 1 else ''} each side"


def acceptance_name(engine: str) -> str:
    """Name of the row."""
    return f"delivery accepted by the gateway, p95 at {PACE}/s, {engine}"


def claim_name(engine: str) -> str:
    """Name of the row."""
    return f"claim with 1,000,000 finished rows over 1,000, {engine}"


def idle_name(engine: str) -> str:
    """Name of the row."""
    return f"idle worker, share of a core, {engine}"


def recovery_name(engine: str) -> str:
    """Name of the row."""
    return f"recovery of a killed worker's document, {engine}"


def enter(out: Path, result: Result) -> None:
    """Into the list of results, in place of a row with this name."""
    rows = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    kept = [row for row in rows if row["name"] != result.name]
    out.write_text(json.dumps([*kept, result.as_json()], ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


# --- the processes ----------------------------------------------------------------------------------------------------
class House:
    """Makes stands: the keys once, a copy with free ports and empty databases for each figure."""

    def __init__(self, folder: Path, server: Postgresql) -> None:
        self._folder = folder
        self._server = server
        self._number = 0
        template(folder / "template")

    @contextmanager
    def open(self, engine: str) -> Iterator[Running]:
        """A stand whose exchange and endpoints run."""
        self._number += 1
        stand = copied(existing_stand(self._folder / "template"), self._folder / f"stand-{self._number}")
        if engine == "PostgreSQL":
            for body in (SENDER, ADDRESSEE):
                path = stand.nodes[body]
                mine = f'url = "{self.database()}"'
                settings = path.read_text(encoding="utf-8").replace('url = "sqlite:///{folder}/elshi.sqlite3"', mine)
                assert mine in settings
                path.write_text(settings, encoding="utf-8")
        with Running(stand) as running:
            yield running
        shutil.rmtree(stand.folder)

    def database(self) -> str:
        """URL of an empty PostgreSQL database."""
        return self._server.new_database()

    def store(self, engine: str) -> SqlStore:
        """An empty store without processes."""
        self._number += 1
        file = self._folder / f"store-{self._number}.db"
        url = self.database() if engine == "PostgreSQL" else f"sqlite:///{file}"
        return open_store(StorageConfig(url=url), clock=SystemClock())


class Running:
    """The processes of one stand; all of them end with the block."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self._processes: list[subprocess.Popen[bytes]] = []
        self.node = Node(load_settings(stand.nodes[SENDER], {}))

    def __enter__(self) -> Self:
        self.start("sandbox", str(self.stand.folder))
        _until_it_answers(gateway_port(self.stand))
        for body in (SENDER, ADDRESSEE):
            self.start("serve", "-s", str(self.stand.nodes[body]))
            _until_it_answers(tomllib.loads(self.stand.nodes[body].read_text(encoding="utf-8"))["server"]["port"])
        return self

    def __exit__(self, *_: object) -> None:
        self.node.close()
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, *words: str, **settings: str) -> subprocess.Popen[bytes]:
        """A command that stays, with settings from the environment; what it says goes to a file in the stand."""
        log = self.stand.folder / f"log-{len(self._processes)}"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*_PROGRAM, *words],
                cwd=ROOT,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=os.environ | settings,
            )
        self._processes.append(process)
        return process

    def workers(self, count: int) -> list[subprocess.Popen[bytes]]:
        """So many for either side, running their loops."""
        made = [
            self.start("worker", "-s", str(self.stand.nodes[body]))
            for body in (SENDER, ADDRESSEE)
            for _ in range(count)
        ]
        time.sleep(4)  # started: their imports are not what is measured
        return made

    def reports(self, count: int) -> list[Path]:
        """Reports that differ in identifier and number."""
        folder = self.stand.folder / "reports"
        shutil.copytree(EXAMPLES / "mof", folder)
        source = (folder / "report.yaml").read_text(encoding="utf-8")
        made = []
        for number in range(count):
            report = source.replace("ea199fea-cd3c-5ed8-8577-4d244b342275", str(uuid.uuid4()))
            path = folder / f"report-{number}.yaml"
            path.write_text(report.replace("ТЕСТ-МОФ-101", f"ТЕСТ-МОФ-{1000 + number}"), encoding="utf-8")
            made.append(path)
        return made

    def states(self) -> list[DeliveryState]:
        """Of the documents that were submitted."""
        with self.node.store.snapshot() as transaction:
            rows = transaction.outbox.listed(limit=100_000)
        return [row.state for row in rows if row.content_kind is ContentKind.DOCUMENT]


def _until_it_answers(port: int) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"bench: nobody answers at port {port}")


# --- the figures ------------------------------------------------------------------------------------------------------
def sustained(house: House, engine: str, workers: int, count: int) -> Result:
    """Documents a second from the first submit to the last REGISTERED; the spread is that of the thirds of the run."""
    with house.open(engine) as running:
        reports = running.reports(count + 3)
        running.workers(workers)
        for path in reports[count:]:
            running.node.submit_file(path)  # what is built once is built before the clock runs
        _until(lambda: running.states().count(DeliveryState.REGISTERED) == 3)
        begun = datetime.now(UTC)
        for path in reports[:count]:
            running.node.submit_file(path)
        _until(lambda: running.states().count(DeliveryState.REGISTERED) == count + 3)
        with running.node.store.snapshot() as transaction:
            rows = transaction.outbox.listed(states=[DeliveryState.REGISTERED], limit=100_000)
            ended = sorted(
                one.received_at
                for row in rows
                for one in transaction.receipts.of_document(row.document_id)
                if one.says == NoticeKind.REGISTERED.value and one.received_at > begun
            )[:count]
    thirds = [begun, *(ended[count * third // 3 - 1] for third in (1, 2, 3))]
    rates = [count / 3 / (later - earlier).total_seconds() for earlier, later in itertools.pairwise(thirds)]
    rate = count / (thirds[-1] - begun).total_seconds()
    return _result(sustained_name(engine, workers), rate, "op/s", count, (min(rates), max(rates)))


def acceptance(house: House, engine: str) -> Result:
    """Milliseconds from the commit of the submit to the gateway's answer, at a steady pace; smallest and largest."""
    with house.open(engine) as running:
        reports = running.reports(PACED)
        running.workers(1)
        running.node.submit_file(reports[0])
        begun = time.perf_counter()
        for number, path in enumerate(reports[1:]):
            time.sleep(max(0.0, begun + number / PACE - time.perf_counter()))
            running.node.submit_file(path)
        late = time.perf_counter() - begun - (PACED - 1) / PACE
        _until(lambda: not {DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.SENDING} & set(running.states()))
        waits = []
        with running.node.store.snapshot() as transaction:
            for row in transaction.outbox.listed(limit=100_000):
                if row.content_kind is ContentKind.DOCUMENT:
                    taken = [
                        one.ended_at
                        for one in transaction.outbox.attempts(row.id)
                        if one.outcome is AttemptOutcome.ACCEPTED and one.ended_at is not None
                    ]
                    waits += [(taken[0] - row.created_at).total_seconds() * 1000] if taken else []
        if late > 1:
            print(f"  the pace of {PACE}/s was not held: {late:.1f} s late at the end")
        waits = sorted(waits[1:])
        p95 = waits[int(len(waits) * 0.95)]
    return _result(acceptance_name(engine), p95, "ms", len(waits), (waits[0], waits[-1]))


def claims(house: House, engine: str) -> Result:
    """How many times longer one claim takes; medians, and the ratio of the fastest and of the slowest tenths."""
    taken: list[list[float]] = []
    for finished in FINISHED:
        store = house.store(engine)
        try:
            taken.append(sorted(_claims(store, finished)))
        finally:
            store.close()
    few, many = taken
    tenth = len(few) // 10
    spread = (many[tenth] / few[tenth], many[-tenth] / few[-tenth])
    print(f"  one claim: {statistics.median(few) * 1000:.2f} ms, {statistics.median(many) * 1000:.2f} ms")
    ratio = statistics.median(many) / statistics.median(few)
    return _result(claim_name(engine), ratio, "times", len(few), (min(spread), max(spread)))


def _claims(store: SqlStore, finished: int) -> list[float]:
    """Seconds of each claim, beside so many finished rows; every claimed row is put aside at once."""
    store.blobs.put(CONTAINER)
    now = datetime.now(UTC)
    done = replace(delivery(0), state=DeliveryState.REGISTERED, wake_at=None, created_at=now, changed_at=now)
    with store.transaction() as transaction:
        transaction.outbox.add(done)
    with store._database.writing() as transaction:  # noqa: SLF001 - a million rows do not go through the port
        _multiply(transaction.connection, done.id, finished)
    with store._database.writing() as transaction:  # noqa: SLF001
        transaction.connection.execute(text("ANALYZE"))
    with store.transaction() as transaction:
        for number in range(1, CLAIMS + 1):
            transaction.outbox.add(
                replace(delivery(number), wake_at=now, created_at=now, changed_at=now, deadline=None)
            )
    taken = []
    for number in range(CLAIMS):
        begun = time.perf_counter()
        with store.transaction() as transaction:
            row = transaction.outbox.claim(now=now, lease=str(number), lease_for=timedelta(seconds=30))
        taken.append(time.perf_counter() - begun)
        assert row is not None
        aside = replace(
            row, state=DeliveryState.ABANDONED, lease=None, lease_until=None, wake_at=now + timedelta(days=1)
        )
        with store.transaction() as transaction:
            assert transaction.outbox.save(aside)
    return taken


def _multiply(connection: object, first: str, count: int) -> None:
    """Copies of a row under other keys."""
    numbers = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) SELECT i FROM n"
    ).bindparams(count=count - 1)
    rows = numbers.columns(deliveries.c.attempts.label("i")).subquery("numbers")
    row = deliveries.alias("row")
    changed = {
        name: (
            literal(f"{name}-").concat(rows.c.i.cast(deliveries.c.key.type)) if name in {"id", "key"} else row.c[name]
        )
        for name in deliveries.c.keys()  # noqa: SIM118 - the columns of a table iterate as columns
    }
    made = select(*changed.values()).select_from(join(rows, row, row.c.id == first))
    connection.execute(insert(deliveries).from_select(list(changed), made))  # type: ignore[attr-defined]


def idle(house: House, engine: str) -> Result:
    """Per cent of one core, user and system, over half a minute; smallest and largest of three parts of it."""
    with house.open(engine) as running:
        pace = {"ELSHI_DELIVERY__IDLE_SECONDS": str(DeliverySettings().idle.total_seconds())}  # a stand is quicker
        ours = running.start("worker", "-s", str(running.stand.nodes[SENDER]), **pace)
        time.sleep(7)
        parts = []
        for _ in range(3):
            before = _cpu_seconds(ours.pid)
            time.sleep(IDLE_SECONDS / 3)
            parts.append((_cpu_seconds(ours.pid) - before) / (IDLE_SECONDS / 3) * 100)
    return _result(idle_name(engine), statistics.mean(parts), "%", len(parts), (min(parts), max(parts)))


def recovery(house: House, engine: str) -> Result:
    """Seconds from the kill to the moment the row has left the dead worker's hands, with the lease of the defaults."""
    taken = []
    for _ in range(3):
        with house.open(engine) as running:
            (path,) = running.reports(1)
            # Without a notice, which would settle it long before the lease ends.
            script = (
                '[[fault]]\nname = "timeout-after-accept"\noperation = "docOutgoing"\nseconds = 300.0\n'
                '[[fault]]\nname = "push-lost"\ncount = 0\n'
            )
            _add_fault(running, script)
            ours, _ = running.workers(1)
            running.node.submit_file(path)
            _until(lambda: running.states() == [DeliveryState.SENDING])
            time.sleep(0.5)
            ours.kill()
            begun = time.perf_counter()
            running.start("worker", "-s", str(running.stand.nodes[SENDER]))
            _until(lambda: running.states() != [DeliveryState.SENDING])
            taken.append(time.perf_counter() - begun)
    return _result(recovery_name(engine), statistics.median(taken), "s", len(taken), (min(taken), max(taken)))


def _add_fault(running: Running, script: str) -> None:
    """By the control endpoint, whose address the sandbox has printed."""
    said = (running.stand.folder / "log-0").read_text(encoding="utf-8").split()
    control = next(word for word in said if "/sandbox/" in word).partition("/sandbox/")[0]
    body = json.dumps(tomllib.loads(script)).encode()
    request = urllib.request.Request(
        f"{control}/sandbox/script", data=body, headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status < 300


def _until(holds: Callable[[], bool]) -> None:
    ends = time.perf_counter() + _LONGEST
    while time.perf_counter() < ends:
        with suppress(OSError):
            if holds():
                return
        time.sleep(0.2)
    raise SystemExit("bench: the documents did not arrive")


def _cpu_seconds(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _result(name: str, value: float, unit: Unit, runs: int, spread: tuple[float, float]) -> Result:
    return Result(name=name, ours=value, peer=None, peer_name=None, ratio=None, unit=unit, runs=runs, spread=spread)


if __name__ == "__main__":
    raise SystemExit(main())
