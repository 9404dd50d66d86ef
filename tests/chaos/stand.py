"""The system under chaos: ministries on SQLite, the MFA with its workers on PostgreSQL, the sandbox, a bad network between, a
time-stamp authority beside.

Every process of the program is one that `elshi` starts; a supervisor's work (starting again what has ended) is done by run.py.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.settings import load_settings
from tests.chaos.database import Database
from tests.chaos.disk import SmallDisk
from tests.chaos.plan import Cast, Injection
from tests.chaos.proxy import Link, Network
from tests.chaos.time_stamps import Authority
from tests.stands import EXAMPLES, free_ports, gateway_port

ROOT = Path(__file__).resolve().parents[2]
REGISTRAR = "KZ-MFA"
SAMPLES = {"KZ-MOF": ("mof", "ea199fea-cd3c-5ed8-8577-4d244b342275", "ТЕСТ-МОФ-101")}
SAMPLES["KZ-MLSP"] = ("mlsp", "8a80bf21-6910-5e4c-a20b-dc71de1e39ce", "ТЕСТ-ЕХҚ-204")


def pace(lease: float) -> dict[str, str]:
    """Waits that fit into a run of minutes, by the time that a dead worker's rows wait; everything else is as shipped."""
    return {
        "ELSHI_STORAGE__LEASE_FOR_SECONDS": f"{lease:g}",
        "ELSHI_STORAGE__BUSY_TIMEOUT_SECONDS": f"{lease * 0.6:g}",
        "ELSHI_HTTP__TOTAL_WITHIN_SECONDS": f"{lease * 0.85:g}",
        "ELSHI_HTTP__READ_WITHIN_SECONDS": f"{lease * 0.7:g}",
        "ELSHI_HTTP__CONNECT_WITHIN_SECONDS": "2",
        "ELSHI_DELIVERY__FIRST_WAIT_SECONDS": "0.2",
        "ELSHI_DELIVERY__LONGEST_WAIT_SECONDS": "2",
        "ELSHI_DELIVERY__IDLE_SECONDS": "0.2",
        "ELSHI_DELIVERY__UNCERTAIN_WINDOW_SECONDS": f"{lease * 1.5:g}",
    }


@dataclass(kw_only=True)
class Seat:
    """A process that is to run, whoever sits in it now.

    pid         None: nobody sits here; 0: somebody is being started, and reads the control file by himself
    shift       seconds by which its clock is wrong
    arm         number of the injection, durable step and crossing at which it is to die
    pending     further steps at which it is to die, in their order
    tries       how often it was killed because it did not come to that step
    back        seconds after its death until it is started again
    """

    name: str
    role: str
    host: str
    body: str
    arguments: list[str]
    environment: Mapping[str, str]
    control: Path
    output: Path
    pid: int | None = None
    starts: int = 0
    shift: float = 0.0
    arm: tuple[int, str, int] | None = None
    pending: list[Injection] = field(default_factory=list)
    back: float = 0.4
    tries: int = 0

    def write_control(self) -> None:
        """What the process reads at start and on SIGHUP; whole or not at all."""
        fresh = self.control.with_suffix(".new")
        fresh.write_text(json.dumps({"shift": self.shift, "arm": self.arm}))
        fresh.replace(self.control)

    def tell(self) -> None:
        """Have a running process read it."""
        self.write_control()
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How large the system is.

    lease       seconds that a worker may hold a row; a network call ends before that
    fault_rate  share of connections that something happens to
    """

    ministries: tuple[str, ...]
    workers: int
    small_disks: bool
    fault_rate: float
    lease: float = 6.0


class Nursery:
    """Forks the processes of the program (process.py) and says when one has ended."""

    def __init__(self, log: Path) -> None:
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ELSHI_", "LC_", "LANG"))}
        kept |= {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.process"],
                cwd=ROOT,
                env=kept,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                start_new_session=True,
            )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        first = self.told.get(timeout=120)
        assert first["name"] == "nursery", log.read_text()

    def order(
        self, name: str, arguments: list[str], environment: Mapping[str, str], output: Path, control: Path | None
    ) -> None:
        """A child that runs `elshi` with these arguments."""
        told = {"name": name, "arguments": arguments, "environment": dict(environment), "output": str(output)}
        told["control"] = None if control is None else str(control)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """Its children end with it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._thread.join(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told.put(json.loads(line))


@dataclass(kw_only=True)
class World:
    """Everything that runs, and where it lies."""

    folder: Path
    stand: Stand
    shape: Shape
    nursery: Nursery
    database: Database
    network: Network
    disks: dict[str, SmallDisk]
    seats: dict[str, Seat]
    environments: dict[str, dict[str, str]]
    control_url: str
    authority: Authority
    nodes: dict[str, Node] = field(default_factory=dict)

    def cast(self) -> Cast:
        """Who can be struck."""
        return Cast(
            processes={seat.name: seat.role for seat in self.seats.values()},
            hosts=sorted({seat.host for seat in self.seats.values()}),
            disks=sorted(self.disks),
            links=sorted(self.network.links),
        )

    def node(self, body: str) -> Node:
        """The node of a body, looked into from outside while its processes work."""
        if body not in self.nodes:
            self.nodes[body] = Node(load_settings(self.stand.nodes[body], self.environments[body]))
        return self.nodes[body]

    def sandbox(self, path: str, asked: object = None, *, method: str | None = None) -> Any:
        """One call to the sandbox's control door, which no fault strikes."""
        content = None if asked is None else json.dumps(asked).encode()
        request = urllib.request.Request(
            f"{self.control_url}{path}", data=content, method=method, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())


def build(stack: ExitStack, stand: Stand, shape: Shape, *, seed: int, folder: Path) -> World:
    """Put it together and start what is not to be killed: network, PostgreSQL, sandbox."""
    bodies = (*shape.ministries, REGISTRAR)
    gateway = gateway_port(stand)
    ports = free_ports(2 + len(bodies))
    control_port, gateway_proxy, *pushes = ports
    links = [Link("to-gateway", gateway_proxy, gateway, seed=str(seed), rate=shape.fault_rate)]
    text = stand.sandbox.read_text(encoding="utf-8")
    for body, port in zip(bodies, pushes, strict=True):
        own = int(tomllib.loads(stand.nodes[body].read_text(encoding="utf-8"))["server"]["port"])
        text = text.replace(f"127.0.0.1:{own}/", f"127.0.0.1:{port}/")
        links.append(Link(f"to-{body}", port, own, seed=str(seed), rate=shape.fault_rate))
    stand.sandbox.write_text(f"{text}\n[exchange]\nmax_stored_bytes = 2000000000\n", encoding="utf-8")
    network = Network(*links)
    network.start()
    stack.callback(network.stop)

    authority = Authority()
    stack.callback(authority.close)
    (stand.folder / "trust" / "tsa.pem").write_bytes(authority.root)
    for body in bodies:
        own = stand.nodes[body].read_text(encoding="utf-8")
        trusting = own.replace(
            'anchors = ["../trust/sandbox.pem"]', 'anchors = ["../trust/sandbox.pem", "../trust/tsa.pem"]'
        )
        assert trusting != own
        stand.nodes[body].write_text(trusting, encoding="utf-8")

    disks = _disks(stack, folder, shape)
    database = _database(stack, disks.get(REGISTRAR))
    nursery = Nursery(folder / "nursery.log")
    stack.callback(nursery.close)

    environments = {
        body: {
            **pace(shape.lease),
            "ELSHI_TIME_STAMPS__URL": authority.url,
            "ELSHI_EXCHANGE__ENDPOINT": f"http://127.0.0.1:{gateway_proxy}/bip-sync-wss-gost/",
            "ELSHI_STORAGE__URL": database.url if body == REGISTRAR else _sqlite(folder, disks.get(body), body),
        }
        for body in bodies
    }
    for body in bodies:
        # What the settings refuse is told here, and not by processes that end as often as they are started.
        load_settings(stand.nodes[body], environments[body])
    nursery.order(
        "sandbox",
        ["sandbox", str(stand.folder), "--control-port", str(control_port)],
        {},
        folder / "sandbox.out",
        None,
    )
    world = World(
        folder=folder,
        stand=stand,
        shape=shape,
        nursery=nursery,
        database=database,
        network=network,
        disks=disks,
        seats=_seats(folder, stand, shape, environments),
        environments=environments,
        control_url=f"http://127.0.0.1:{control_port}",
        authority=authority,
    )
    stack.callback(lambda: [node.close() for node in world.nodes.values()])
    _until_open(world)
    return world


def _disks(stack: ExitStack, folder: Path, shape: Shape) -> dict[str, SmallDisk]:
    if not shape.small_disks:
        return {}
    disks = {body: SmallDisk(folder / "disks" / body, 1500) for body in shape.ministries}
    # PostgreSQL's user may not enter a folder of root's.
    disks[REGISTRAR] = SmallDisk(Path(tempfile.mkdtemp(prefix="elshi-chaos-disk-")), 3000)
    disks[REGISTRAR].folder.chmod(0o755)
    for disk in disks.values():
        stack.callback(disk.close)
    return disks


def _database(stack: ExitStack, disk: SmallDisk | None) -> Database:
    home = Path(tempfile.mkdtemp(prefix="elshi-chaos-pg-")) if disk is None else disk.folder / "postgresql"
    home.mkdir(exist_ok=True)
    stack.callback(shutil.rmtree, home if disk is None else disk.folder, ignore_errors=True)
    made = Database(home)
    stack.callback(made.close)
    return made


def _sqlite(folder: Path, disk: SmallDisk | None, body: str) -> str:
    home = folder / "data" / body if disk is None else disk.folder
    home.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{home}/elshi.sqlite3"


def _seats(folder: Path, stand: Stand, shape: Shape, environments: Mapping[str, Mapping[str, str]]) -> dict[str, Seat]:
    seats: dict[str, Seat] = {}

    def seat(name: str, role: str, host: str, body: str, *arguments: str) -> None:
        seats[name] = Seat(
            name=name,
            role=role,
            host=host,
            body=body,
            arguments=[role, *arguments, "-s", str(stand.nodes[body])],
            environment=environments[body],
            control=folder / f"{name}.control",
            output=folder / f"{name}.out",
        )

    for body in shape.ministries:
        short = body[3:].lower()
        seat(f"{short}-serve", "serve", body, body)
        seat(f"{short}-worker", "worker", body, body)
        seat(f"{short}-submit", "submit", body, body, "--json")
    seat("mfa-serve", "serve", "mfa-serve", REGISTRAR)
    for number in range(1, shape.workers + 1):
        seat(f"mfa-worker-{number}", "worker", f"mfa-{number}", REGISTRAR)
    return seats


def samples(folder: Path, body: str) -> tuple[Path, str, str, str]:
    """A folder with the attachments of the body's example; its text, and what of it differs from document to document."""
    name, document, number = SAMPLES[body]
    home = folder / "reports" / body
    shutil.copytree(EXAMPLES / name, home, dirs_exist_ok=True)
    return home, (home / "report.yaml").read_text(encoding="utf-8"), document, number


def _until_open(world: World) -> None:
    """The sandbox answers."""
    rest = threading.Event()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with (
            suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(f"{world.control_url}/sandbox/health", timeout=2),
        ):
            return
        rest.wait(0.05)
    raise AssertionError((world.folder / "sandbox.out.err").read_text(errors="replace"))
