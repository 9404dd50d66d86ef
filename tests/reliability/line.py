"""A ministry's node and the exchange on one still clock: what a fault case is played on. The other body is played, or real."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import psycopg
import requests

from adapter import sandbox
from adapter.clock import ScenarioClock
from adapter.composition import Node
from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.document import BodyCode, DocumentId
from adapter.domain.receipt import Receipt
from adapter.ports import Accepted, OutgoingChannel, Prepared, Store, Transaction
from adapter.storage import SqlStore
from adapter.usecases.deliver import Deliver, Delivered
from adapter.worker import Worker
from tests.stands import EXAMPLES

REPORT = EXAMPLES / "mof" / "report.yaml"
TOKEN = "t0ken-of-the-test-0123456789"
_ROUNDS = 1000


class Engine(Protocol):
    """A kind of database; `url` gives a migrated and empty one of this test's own."""

    name: str

    def url(self) -> str: ...

    def new_url(self) -> str:
        """Of a database without tables."""
        ...

    @contextmanager
    def full(self, store: SqlStore) -> Iterator[None]:
        """While it lasts, nothing more can be written there for want of room."""
        ...


@dataclass(frozen=True)
class Push:
    """One call of the exchange at a participant's endpoint, and what it was answered."""

    url: str
    body: bytes
    status: int
    answer: bytes


@dataclass
class Line:
    """Nothing moves by itself: workers turn, notices come and time passes when the test says so."""

    engine: Engine
    clock: ScenarioClock
    serving: sandbox.Serving
    mof: Node
    template: Delivery
    start_node: Callable[..., Node]
    pushes: list[Push] = field(default_factory=list)
    mfa: Node | None = None

    # --- what happens ---
    def fault(self, name: str, **values: Any) -> None:
        """Script a fault of the exchange."""
        self.serving.sandbox.add_faults(*sandbox.rules_from({"fault": [{"name": name, **values}]}))

    def queue(self, count: int = 1, **changes: Any) -> list[Delivery]:
        """Documents in the outbox, as submit leaves them: copies of one that was submitted, under ids of their own."""
        now, new = self.clock.now(), self.mof.identifiers.new
        rows = []
        for _ in range(count):
            document_id = DocumentId(f"urn:uuid:{new()}")
            addressee = BodyCode(changes.get("addressee", self.template.addressee))
            rows.append(
                replace(
                    self.template,
                    id=str(new()),
                    key=document_id,
                    document_id=document_id,
                    content=replace(self.template.content, document_id=document_id, addressee=addressee),
                    message_id=str(new()),
                    created_at=now,
                    changed_at=now,
                    wake_at=now,
                    **changes,
                )
            )
        with self.mof.store.transaction() as transaction:
            return [transaction.outbox.add(row).delivery for row in rows]

    def send(self, **changes: Any) -> Delivery:
        """Queue one document and send it once."""
        (queued,) = self.queue(**changes)
        told = self.mof.deliver()
        assert told is not None
        assert told.before.id == queued.id
        return self.row(queued)

    def notices_wait(self) -> None:
        """What the exchange has for the ministry waits there."""
        self.serving.sandbox.set_endpoint("KZ-MOF", None)

    def notices_come(self) -> None:
        """It comes, and is read."""
        self.serving.sandbox.set_endpoint("KZ-MOF", self.endpoint)
        self.settle()

    @property
    def endpoint(self) -> str:
        """Where the ministry receives."""
        settings = self.mof.settings.server
        return f"http://127.0.0.1:{settings.port}{settings.path}"

    def settle(self) -> None:
        """Let the exchange bring what it has and the workers do what is due, until nobody has anything to do."""
        workers = [Worker(node) for node in (self.mof, self.mfa) if node is not None]
        rest = threading.Event()
        for _ in range(_ROUNDS):
            # Asked before the turns: what arrives between a turn and this question would be left lying.
            has_arrived = not self.serving.sandbox.lanes.waiting()
            busy = [worker.turn() for worker in workers]
            if has_arrived and not any(busy):
                return
            if not any(busy):
                self.serving.retry_now()
                rest.wait(0.01)
        raise AssertionError([str(one) for one in self.serving.sandbox.events()][-20:])

    def work(self) -> None:
        """Let the ministry's worker do what is due, whatever waits at the exchange."""
        Worker(self.mof).run_until_idle()

    @property
    def api(self) -> str:
        """Root of the ministry's JSON API."""
        return self.endpoint.removesuffix(self.mof.settings.server.path)

    def ask(self, method: str, path: str, body: bytes | None = None, *, token: str | None = TOKEN) -> requests.Response:
        """The ministry's own systems ask its node."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return requests.request(method, self.api + path, data=body, headers=headers, timeout=20)

    def push(self, body: bytes) -> requests.Response:
        """The exchange calls the ministry's endpoint."""
        return requests.post(self.endpoint, data=body, timeout=20)

    def journal(self, node: Node | None = None) -> list[Any]:
        with (node or self.mof).store.transaction() as transaction:
            return list(transaction.journal.listed())

    # --- what stands ---
    def row(self, of: Delivery) -> Delivery:
        with self.mof.store.transaction() as transaction:
            found = transaction.outbox.get(of.id)
        assert found is not None
        return found

    def state(self, of: Delivery) -> DeliveryState:
        return self.row(of).state

    def attempts(self, of: Delivery) -> list[Any]:
        with self.mof.store.transaction() as transaction:
            return list(transaction.outbox.attempts(of.id))

    def receipts(self, of: Delivery) -> list[Receipt]:
        with self.mof.store.transaction() as transaction:
            return list(transaction.receipts.of_document(of.document_id))

    def told(self) -> list[str]:
        """Actions of the ministry's audit trail, in order."""
        with self.mof.store.transaction() as transaction:
            return [one.event.action for one in transaction.audit.events()]

    def taken(self, of: Delivery) -> int:
        """How often the exchange took the document: its own book."""
        href = of.document_id.removeprefix("urn:uuid:")
        return sum(int(str(one["taken"])) for one in self.serving.sandbox.documents(href=href))

    def all(self) -> list[Delivery]:
        """Everything in the ministry's outbox."""
        with self.mof.store.transaction() as transaction:
            return list(transaction.outbox.listed(limit=10_000))


# --- interruptions ------------------------------------------------------------------------------------------------------
@dataclass
class Around:
    """The real way out, with something that happens right before or right after the POST."""

    channel: OutgoingChannel
    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None

    def prepare(self, *arguments: Any, **named: Any) -> Prepared:
        return self.channel.prepare(*arguments, **named)

    def send(self, message: bytes, **named: Any) -> Accepted:
        self.before()
        try:
            return self.channel.send(message, **named)
        finally:
            self.after()


def delivering(node: Node, **hooks: Callable[[], object]) -> Deliver:
    """The node's own delivery with hooks around its POST."""
    return replace(node.deliver, channel=Around(node.outgoing, **hooks))


class Paused:
    """A worker in a thread that stands still right before its POST until it is let go."""

    def __init__(self, node: Node) -> None:
        self.stands = threading.Event()
        self._go = threading.Event()
        self.told: list[Delivered | None] = []
        self._deliver = delivering(node, before=self._stop)
        self._thread = threading.Thread(target=lambda: self.told.append(self._deliver()))
        self._thread.start()
        assert self.stands.wait(20)

    def _stop(self) -> None:
        self.stands.set()
        assert self._go.wait(20)

    def go(self) -> Delivered | None:
        """Let it go on to its end."""
        self._go.set()
        self._thread.join(20)
        return self.told[0]


@dataclass
class Failing:
    """A store whose next transactions for writing fail when they commit, one for each error; None lets one pass."""

    store: Store
    errors: list[BaseException | None]

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self.store.transaction() as transaction:
            yield transaction
            error = self.errors.pop(0) if self.errors else None
            if error is not None:
                raise error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


# --- databases by hand --------------------------------------------------------------------------------------------------
def by_hand(url: str, *statements: str) -> list[Any]:
    """Statements past the program; the rows of the last one."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        try:
            return [connection.execute(one).fetchall() for one in statements][-1]
        finally:
            connection.close()
    with psycopg.connect(url, autocommit=True) as connection:
        found: list[Any] = []
        for one in statements:
            cursor = connection.execute(one)  # type: ignore[call-overload]  # a statement of the test, not a literal
            found = cursor.fetchall() if cursor.description else []
        return found
