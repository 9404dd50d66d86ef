"""The stage of the demonstration: the exchange, a node with endpoint and worker for each body, and what is seen of them.

Only the clock is the scenario's. What workers see in their threads is put down and shown by the thread that plays.
"""

from __future__ import annotations

import queue
import shutil
import socket
import threading
import tomllib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.text import Text

from adapter import sandbox as exchange
from adapter.cli.app import now
from adapter.cli.narration import CONTENTS, LINES, STATES
from adapter.cli.screen import Screen
from adapter.composition import Node, load_key
from adapter.composition.machine import machine_identifiers, scenario_clock
from adapter.composition.stand import Stand, default_plan, make_stand
from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.document import DocumentId
from adapter.domain.notice import NoticeKind
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.server import Server
from adapter.settings import load_settings
from adapter.usecases.deliver import Delivered
from adapter.usecases.process_message import Processed
from adapter.worker import Observers, Worker

_WAIT_SECONDS = 40.0
_STEP_SECONDS = 0.1


@dataclass(slots=True)
class Stage:
    """Bodies, exchange and clock; steps that wait for what they cause; expectations and whether they held."""

    screen: Screen
    output: Path
    examples: Path
    stack: ExitStack
    start: datetime
    nodes: dict[str, Node] = field(default_factory=dict)
    expectations: list[tuple[str, bool]] = field(default_factory=list)
    seen: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    serving: exchange.Serving | None = None
    stand: Stand | None = None
    event: int = 0
    clock: Any = field(init=False)

    def __post_init__(self) -> None:
        self.clock = scenario_clock(self.start)

    @property
    def all_hold(self) -> bool:
        return all(held for _, held in self.expectations)

    # --- setting up ---------------------------------------------------------------------------------------------------
    def _set_up(self) -> None:
        """A stand with throwaway keys, the exchange, and every body's node."""
        self._title("set-up")
        plan = default_plan(now(), host="127.0.0.1", port=0)
        gateway, *others = _free_ports(1 + len(plan.bodies))
        plan = replace(
            plan,
            port=gateway,
            ports=dict(zip(plan.bodies, others, strict=True)),
            rules=self.examples / "rules",
            delivery={"first_wait_seconds": 1.0, "idle_seconds": 0.1},
        )
        self.stand = make_stand(self.output / "stand", plan)
        (self.output / "trust").mkdir()
        for anchor in self.stand.anchors:
            shutil.copy(anchor, self.output / "trust" / anchor.name)
        (self.output / "exchange").mkdir()
        shutil.copy(self.output / "stand" / "gateway.pem", self.output / "exchange" / "gateway.pem")
        settings = exchange.sandbox_settings(
            tomllib.loads(self.stand.sandbox.read_text(encoding="utf-8")),
            lambda name: (self.output / "stand" / name).read_bytes(),
            load_key=lambda content, password: load_key(content, password, file="gateway.p12", test_keys=True),
        )
        self.serving = self.stack.enter_context(
            exchange.serve(settings, self.clock, "127.0.0.1", gateway, new_id=machine_identifiers().new)
        )
        for body, path in self.stand.nodes.items():
            self._start_node(body, path)
        self._line("stand-ready", count=len(self.nodes), url=self.serving.gateway_url)

    def _start_node(self, body: str, path: Path) -> None:
        node = Node(load_settings(path, {}), clock=self.clock)
        self.nodes[body] = node
        self.stack.callback(node.close)
        self.stack.enter_context(Server(node))
        worker = Worker(
            node,
            observers=Observers(
                delivered=partial(self._delivered, body),
                processed=partial(self._processed, body),
            ),
        )
        thread = threading.Thread(target=worker.run, name=f"worker {body}", daemon=True)
        thread.start()
        self.stack.callback(thread.join, 20)
        self.stack.callback(worker.stop)

    # --- seen as it happens ------------------------------------------------------------------------------------------
    def _delivered(self, body: str, one: Delivered) -> None:
        """Called in a worker's thread: only puts a line down."""
        after = one.after
        what = "notice-out" if after.content_kind is ContentKind.NOTICE else "document-out"
        error = f"  [yellow]{one.error.code}[/]" if one.error is not None else ""
        key = after.key.rpartition("#")[2] if after.content_kind is ContentKind.NOTICE else _number(after)
        self.seen.put(
            self._text(
                what,
                body=body,
                to=after.addressee,
                what=self._word(CONTENTS, key),
                state=self._word(STATES, after.state.value),
                attempt=max(after.attempts, 1),
            )
            + error
        )

    def _processed(self, body: str, one: Processed) -> None:
        self.seen.put(self._text("message-in", body=body, code=self._word(CONTENTS, one.code)))

    def _show(self) -> None:
        """Everything seen since, in the order in which it was put down."""
        if self.serving is not None:
            for event in self.serving.sandbox.events(after=self.event):
                self.event = event.number
                if event.what == "fault.injected" and event.fault is not None:
                    self._say(f"  {self._time()}  [magenta]⚡ {event.fault}[/] {event.operation or ''}")
        while not self.seen.empty():
            self._say(f"  {self._time()}  {self.seen.get()}")

    # --- small steps --------------------------------------------------------------------------------------------------
    def _submit(self, body: str, path: Path) -> None:
        submitted = self.nodes[body].submit_file(path)
        delivery = submitted.delivery
        self._say(
            f"  {self._time()}  "
            + self._text("queued", body=body, to=delivery.addressee, what=_number(delivery), xml=delivery.digest[:12])
        )
        for finding in submitted.findings:
            self._say(f"      [yellow]{finding.code}[/] {escape(finding.place.xpath or '')}")

    def _await(self, body: str, state: DeliveryState, expectation: str) -> None:
        held = self._until(lambda: self._document(body).state is state)
        delivery = self._document(body)
        self._expect(expectation, held, body=body, number=delivery.registration_number or "—")

    def _until(self, condition: Callable[[], bool]) -> bool:
        """Wait in real time, showing what happens; False when it did not come about in time."""
        waiting = threading.Event()
        for _ in range(int(_WAIT_SECONDS / _STEP_SECONDS)):
            self._show()
            if condition():
                self._show()
                return True
            waiting.wait(_STEP_SECONDS)
        return False

    def _move_to(self, moment: datetime) -> None:
        """Let everything come to rest, then jump: files at the exchange live for hours, and the scenario has weeks."""
        self._settle()
        self.clock.move_to(moment)

    def _settle(self) -> None:
        """Wait until no node has anything to deliver or to process."""
        self._until(lambda: all(_is_quiet(node) for node in self.nodes.values()))

    def _document(self, body: str) -> Delivery:
        """The body's own business document: the last that it queued."""
        with self.nodes[body].store.transaction() as transaction:
            rows = transaction.outbox.listed()
        return next(row for row in reversed(rows) if row.content_kind is ContentKind.DOCUMENT and _is_business(row))

    def _attempts(self, body: str) -> int:
        delivery = self._document(body)
        with self.nodes[body].store.transaction() as transaction:
            return len(transaction.outbox.attempts(delivery.id))

    def _registered(self, body: str, document: DocumentId) -> Any:
        with self.nodes[body].store.transaction() as transaction:
            return transaction.register.find(document)

    def _has_notice(self, body: str, document: DocumentId, kind: NoticeKind) -> bool:
        with self.nodes[body].store.transaction() as transaction:
            rows = transaction.outbox.of_document(document)
        return any(row.key == f"{document}#{kind.value}" and row.state is DeliveryState.SENT for row in rows)

    def _expect(self, key: str, held: bool, **params: object) -> None:  # noqa: FBT001 - what was found
        text = self._text(key, **params)
        self.expectations.append((text, held))
        self._say(f"  [green]✓[/] {text}" if held else f"  [bold red]✗[/] {text}")

    def _title(self, key: str) -> None:
        self._show()
        self._say("")
        self._say(f"[bold cyan]{self._text(key)}[/]")

    def _line(self, key: str, **params: object) -> None:
        self._say(f"  {self._text(key, **params)}")

    def _say(self, line: str) -> None:
        self.screen.say(Text.from_markup(line))

    def _text(self, key: str, **params: object) -> str:
        plain = {name: escape(value) if isinstance(value, str) else value for name, value in params.items()}
        return LINES[key][self.screen.language.value].format(**plain)

    def _at(self) -> str:
        """The scenario's documents claim times of November 2026; before that, a verifier has to be told the moment."""
        return "" if now() > self.clock.now() else f" --at {self.clock.now():%Y-%m-%dT%H:%M:%S}"

    def _word(self, words: Mapping[str, Mapping[str, str]], code: str) -> str:
        """A code in the reader's language; one without a word is shown as it is."""
        return words[code][self.screen.language.value] if code in words else code

    def _time(self) -> str:
        return f"[dim]{self.clock.now().astimezone(self.start.tzinfo):%d.%m %H:%M:%S}[/]"


def _number(delivery: Delivery) -> str:
    """The outgoing number; receipts and responses have none and are called by what they are."""
    content = delivery.content
    if isinstance(content, OutgoingDocument) and content.document_type.is_business_document:
        return content.registration_number
    return content.document_type.value if isinstance(content, OutgoingDocument) else delivery.key


def _is_business(delivery: Delivery) -> bool:
    kind = getattr(delivery.content, "document_type", None)
    return kind is not None and bool(kind.is_business_document)


def _is_quiet(node: Node) -> bool:
    with node.store.transaction() as transaction:
        rows = transaction.outbox.listed(
            states=(DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.IN_CENTRE)
        )
        waiting = [
            row
            for row in transaction.outbox.listed(states=(DeliveryState.SENT, DeliveryState.DELIVERED))
            if row.content_kind is ContentKind.DOCUMENT
        ]
        entries = [row for row in transaction.journal.listed() if row.wake_at is not None]
    return not rows and not waiting and not entries


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
