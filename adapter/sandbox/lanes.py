"""What is on its way from the centre to participants, until it arrives: the queues, the tries, the faults of pushes.

1. What cannot be delivered is tried again with the same bytes, for ever; only a scripted fault loses a message.
2. Messages about one document keep their order towards one participant; one that hangs holds up nobody else's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import RLock

from lxml import etree

from adapter.errors import ElshiError
from adapter.sandbox.events import ProtocolFinding
from adapter.sandbox.examine import children, examine_sequence
from adapter.sandbox.faults import Stage
from adapter.sandbox.mangling import mangled, with_reason_text
from adapter.sandbox.participants import Participant
from adapter.sandbox.reading import Refused, answer_of, body_of, child
from adapter.sandbox.script import Occasion, Rule
from adapter.sandbox.seal import Seal, Signatures
from adapter.sandbox.vocabulary import RESPONSE_FIELDS, SUCCESS, UNIVERSAL_SERVICE
from adapter.sandbox.world import World
from adapter.sandbox.writing import envelope, send_message
from signing import SigningError

Post = Callable[[str, bytes], tuple[int, bytes]]
"""url and body in; HTTP status and body out. Raises ElshiError when no answer came."""

Lane = tuple[str, str]
"""Participant code and href: what must keep its order."""


@dataclass(kw_only=True, slots=True)
class _Push:
    """One message on its way to one participant."""

    to: Participant
    operation: str
    href: str
    message_id: str
    body: str = field(repr=False)
    seal: Seal = Seal.RIGHT
    fault: str | None = None
    wait: timedelta = timedelta()
    behind: int = 0
    signed: bytes | None = field(default=None, repr=False)
    attempts: int = 0


class Lanes:
    """Keeps what is not delivered yet, and tries it when told to. Safe to use from several threads."""

    def __init__(self, world: World, signatures: Signatures, post: Post) -> None:
        self._settings = world.settings
        self._clock = world.clock
        self._new_id = world.new_id
        self._script = world.script
        self._events = world.events
        self._signatures = signatures
        self._post = post
        self._lanes: dict[Lane, deque[_Push]] = {}
        self._held: dict[Lane, list[_Push]] = {}
        self._endpoints = {one.code: one.endpoint for one in world.settings.participants}
        self._lock = RLock()
        self.on_queued: Callable[[Lane], None] = lambda lane: None  # noqa: ARG005 - nobody listens yet

    # --- into a lane ---
    def require_room(self) -> None:
        """Nothing accepted is lost, so nothing is accepted that cannot be kept: else Refused SBX-SIZE."""
        with self._lock:
            waiting = [push for queue in (*self._lanes.values(), *self._held.values()) for push in queue]
            if sum(len(push.body) for push in waiting) >= self._settings.max_stored_bytes:
                raise Refused("SBX-SIZE", "too much is waiting for receivers that do not answer")

    def queue(self, receiver: Participant, sender: frozenset[str], operation: str, href: str, data: str) -> None:
        """Queue a message under the scripted faults."""
        if receiver.plays != "itself":
            self._events.add(receiver.code, "push.played", operation=operation, href=href, outcome=receiver.plays)
            return
        occasion = Occasion(
            service=UNIVERSAL_SERVICE, sender=sender, operation=operation, addressees=receiver.names, href=href
        )
        rules = {rule.fault: rule for rule in self._script.all_due(Stage.PUSH, occasion)}
        for fault in rules:
            self._events.add(receiver.code, "fault.injected", operation=operation, href=href, fault=fault)
        if "push-lost" in rules:
            return
        if "notice-text-reason" in rules:
            data = with_reason_text(data, str(rules["notice-text-reason"].value("text")))
        if "notice-mangled" in rules:
            rule = rules["notice-mangled"]
            data = mangled(data, str(rule.value("form")), str(rule.value("text")))
        push = self._push(receiver, operation, href, data)
        push.seal = _seal(rules)
        push.fault = ", ".join(rules) or None
        if "notice-delayed" in rules:
            push.wait = timedelta(seconds=rules["notice-delayed"].number("seconds"))
        if "notice-reordered" in rules:
            push.behind = max(1, int(rules["notice-reordered"].number("behind")))
            push.wait = timedelta(seconds=rules["notice-reordered"].number("seconds"))
        self._append(push, *self._copies(push, rules, data))

    def _push(self, receiver: Participant, operation: str, href: str, data: str) -> _Push:
        message_id = str(self._new_id())
        body = send_message(
            message_id=message_id,
            service_id=UNIVERSAL_SERVICE,
            sender_id=self._settings.centre_account,
            at=self._clock.now(),
            session_id=f"{{{self._new_id()}}}",
            data=data,
        )
        return _Push(to=receiver, operation=operation, href=href, message_id=message_id, body=body)

    def _copies(self, push: _Push, rules: dict[str, Rule], data: str) -> list[_Push]:
        rule = rules.get("document-delivered-twice") or rules.get("notice-duplicated")
        if rule is None:
            return []
        count = min(int(rule.number("copies")), 100) - 1
        if rule.value("same_message"):
            # Signed once, so that the copies are the same bytes.
            push.signed = self._signed(push)
            return [replace(push, behind=0, wait=timedelta()) for _ in range(count)]
        return [
            replace(self._push(push.to, push.operation, push.href, data), seal=push.seal, fault=push.fault)
            for _ in range(count)
        ]

    def _append(self, *pushes: _Push) -> None:
        for push in pushes:
            lane = (push.to.code, push.href)
            with self._lock:
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
        push.attempts += 1
        outcome, arrived = self._send(push)
        self._events.add(
            push.to.code,
            "push.delivered" if arrived else "push.failed",
            service=UNIVERSAL_SERVICE,
            operation=push.operation,
            message_id=push.message_id,
            href=push.href,
            attempt=push.attempts,
            fault=push.fault,
            outcome=outcome,
        )
        with self._lock:
            if arrived and queue and queue[0] is push:
                queue.popleft()
            elif not arrived:
                delays = self._settings.retry_delays
                push.wait = delays[min(push.attempts, len(delays)) - 1]

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
    def _signed(self, push: _Push) -> bytes:
        return self._signatures.sealed(envelope(push.body), push.seal, is_answer=False)

    def _send(self, push: _Push) -> tuple[str, bool]:
        """Outcome in a few words, and whether the participant has it."""
        url = self._endpoints.get(push.to.code)
        if url is None:
            return "no endpoint", False
        try:
            if push.signed is None:
                push.signed = self._signed(push)
            status, raw = self._post(url, push.signed)
        except (ElshiError, SigningError) as error:
            return error.code, False
        try:
            answered, root = answer_of(raw)
        except Refused as refused:
            return f"HTTP {status}, {refused.code}", False
        self._examine_answer(push, raw, root)
        arrived = status == 200 and not answered.is_fault and answered.code == SUCCESS  # noqa: PLR2004 - HTTP OK
        return f"{'fault ' if answered.is_fault else ''}{answered.code}", arrived

    def _examine_answer(self, push: _Push, raw: bytes, root: etree._Element) -> None:
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


def _seal(rules: dict[str, Rule]) -> Seal:
    if "push-unsigned" in rules:
        return Seal.NONE
    if "push-wrongly-signed" in rules:
        return Seal.BROKEN
    if "push-stranger-signed" in rules:
        return Seal.STRANGER
    return Seal.RIGHT
