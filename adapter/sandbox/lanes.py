"""What is on its way from the centre to participants, until it arrives: the queues and the tries.

1. What cannot be delivered is tried again with the same bytes, for ever; only a scripted fault loses a message.
2. Messages about one document keep their order towards one participant; one that hangs holds up nobody else's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from threading import RLock

from lxml import etree

from adapter.errors import ElshiError
from adapter.sandbox.dispatch import Dispatch, Message, Push
from adapter.sandbox.events import ProtocolFinding
from adapter.sandbox.examine import children, examine_sequence
from adapter.sandbox.reading import Refused, answer_of, body_of, child
from adapter.sandbox.seal import Signatures
from adapter.sandbox.vocabulary import RESPONSE_FIELDS, SUCCESS, UNIVERSAL_SERVICE
from adapter.sandbox.world import World
from signing import SigningError

Post = Callable[[str, bytes], tuple[int, bytes]]
"""url and body in; HTTP status and body out. Raises ElshiError when no answer came."""

Lane = tuple[str, str]
"""Participant code and href: what must keep its order."""


class Lanes:
    """Keeps what is not delivered yet, and tries it when told to. Safe to use from several threads."""

    def __init__(self, world: World, signatures: Signatures, post: Post) -> None:
        self._settings = world.settings
        self._clock = world.clock
        self._events = world.events
        self._book = world.book
        self._signatures = signatures
        self._dispatch = Dispatch(world, signatures)
        self._post = post
        self._size = 0
        self._lanes: dict[Lane, deque[Push]] = {}
        self._held: dict[Lane, list[Push]] = {}
        self._endpoints = {one.code: one.endpoint for one in world.settings.participants}
        self._lock = RLock()
        self.on_queued: Callable[[Lane], None] = lambda lane: None  # noqa: ARG005 - nobody listens yet

    # --- into a lane ---
    def require_room(self) -> None:
        """Nothing accepted is lost, so nothing is accepted that cannot be kept: else Refused SBX-SIZE."""
        if self._size >= self._settings.max_stored_bytes:
            raise Refused("SBX-SIZE", "too much is waiting for receivers that do not answer")

    def queue(self, message: Message) -> None:
        """Queue a message under the scripted faults."""
        self._append(*self._dispatch.pushes(message))

    def _append(self, *pushes: Push) -> None:
        for push in pushes:
            lane = push.lane
            with self._lock:
                self._size += len(push.body)
                if push.behind:
                    self._held.setdefault(lane, []).append(push)
                    self._lanes.setdefault(lane, deque())
                else:
                    self._lanes.setdefault(lane, deque()).append(push)
                    self._pass_held(lane)
            self._events.add(
                push.to.code, "push.queued", operation=push.operation, message_id=push.message_id, href=push.href
            )
            self.on_queued(lane)

    def _pass_held(self, lane: Lane) -> None:
        """One more message has gone past those that wait for others; whoever has waited enough joins the queue."""
        held = self._held.get(lane, [])
        for push in list(held):
            push.behind -= 1
            if push.behind <= 0:
                held.remove(push)
                push.wait = timedelta()
                self._lanes[lane].append(push)
        if not held:
            self._held.pop(lane, None)

    # --- out of it ---
    def next_wait(self, lane: Lane) -> timedelta | None:
        """How long until the lane's next try; None when nothing is left in it."""
        with self._lock:
            queue = self._lanes.get(lane)
            if queue:
                return queue[0].wait
            held = self._held.get(lane)
            if held:
                return min(push.wait for push in held)
            self._lanes.pop(lane, None)
            return None

    def attempt(self, lane: Lane) -> None:
        """Try the first message of a lane once. Held messages whose others never came are let go."""
        with self._lock:
            queue = self._lanes.get(lane)
            if not queue and lane in self._held and queue is not None:
                queue.extend(self._held.pop(lane))
            push = queue[0] if queue else None
        if push is None:
            return
        outcome, arrived = self._send(push)
        self._book.tried(push.href, push.entry, outcome, arrived=arrived)
        self._events.add(
            push.to.code,
            "push.delivered" if arrived else "push.failed",
            service=UNIVERSAL_SERVICE,
            operation=push.operation,
            message_id=push.message_id,
            href=push.href,
            attempt=push.entry.attempts,
            fault=push.entry.fault,
            outcome=outcome,
        )
        with self._lock:
            if arrived and queue and queue[0] is push:
                queue.popleft()
                self._size -= len(push.body)
            elif not arrived:
                delays = self._settings.retry_delays
                push.wait = delays[min(push.entry.attempts, len(delays)) - 1]

    def waiting_lanes(self) -> tuple[Lane, ...]:
        """Lanes with something in them."""
        with self._lock:
            return tuple(lane for lane, queue in self._lanes.items() if queue or lane in self._held)

    def waiting(self) -> int:
        """Messages not delivered yet."""
        with self._lock:
            return sum(map(len, self._lanes.values())) + sum(map(len, self._held.values()))

    def deliver_all(self) -> None:
        """Try every waiting message once, in order, without waiting; for tests that have no running server."""
        for lane in self.waiting_lanes():
            for _ in range(self.waiting()):
                before = self.waiting()
                self.attempt(lane)
                if self.waiting() == before:
                    break

    def set_endpoint(self, code: str, url: str | None) -> None:
        """Where a participant's messages go from now on."""
        with self._lock:
            self._endpoints[code] = url

    # --- one push ---
    def _send(self, push: Push) -> tuple[str, bool]:
        """Outcome in a few words, and whether the participant has it."""
        url = self._endpoints.get(push.to.code)
        if url is None:
            return "no endpoint", False
        try:
            status, raw = self._post(url, self._dispatch.signed(push))
        except (ElshiError, SigningError) as error:
            return error.code, False
        try:
            answered, root = answer_of(raw)
        except Refused as refused:
            return f"HTTP {status}, {refused.code}", False
        self._examine_answer(push, raw, root)
        arrived = status == 200 and not answered.is_fault and answered.code == SUCCESS  # noqa: PLR2004 - HTTP OK
        return f"{'fault ' if answered.is_fault else ''}{answered.code}", arrived

    def _examine_answer(self, push: Push, raw: bytes, root: etree._Element) -> None:
        verdict = self._signatures.judge(raw, push.to)
        complaints: list[tuple[str, str, str]] = []
        if not verdict.passed:
            complaints.append(("answer-signature", "Header/Security", f"answers are signed: {verdict.why}"))
        response = next(children(body_of(root)))
        inside = child(response, "response")
        if inside is not None:
            complaints += [
                (one.code, one.path, one.rule)
                for one in examine_sequence(inside, RESPONSE_FIELDS, form="", path="response")
            ]
        for code, path, rule in complaints:
            self._events.find(
                ProtocolFinding(
                    code=code,
                    at=self._clock.now(),
                    participant=push.to.code,
                    message_id=push.message_id,
                    path=path,
                    is_refused=False,
                    rule=rule,
                )
            )
