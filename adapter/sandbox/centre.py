"""The ESEDO centre: takes documents and notices from participants and brings them to the others, until they arrive.

1. A document is answered for by the centre itself (stateStartProcessResponse), then goes to each performer.
2. A notice goes to the sender of the document it names by href; a notice of that sender goes to the performers.
3. What cannot be delivered is tried again with the same bytes, for ever; only a scripted fault loses a message.
4. Messages about one document keep their order towards one participant; one that hangs holds up nobody else's.
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
from adapter.sandbox.participants import CENTRE, Participant
from adapter.sandbox.reading import Call, Refused, Routing, answer_of, body_of, child
from adapter.sandbox.script import Occasion, Rule
from adapter.sandbox.seal import Seal, Signatures
from adapter.sandbox.vocabulary import RESPONSE_FIELDS, SUCCESS, UNIVERSAL_SERVICE
from adapter.sandbox.world import World
from adapter.sandbox.writing import envelope, metadata, national, notice, send_message, text_element
from signing import SigningError

Post = Callable[[str, bytes], tuple[int, bytes]]
"""url and body in; HTTP status and body out. Raises ElshiError when no answer came."""

Lane = tuple[str, str]
"""Participant code and href: what must keep its order."""

MOST_DOCUMENTS = 20_000


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Document:
    """What the centre remembers of a document: who sent it to whom."""

    sender: str
    performers: tuple[str, ...]
    activity_id: str


class Centre:
    """Routes messages and keeps what is not delivered yet. Safe to use from several threads."""

    def __init__(
        self,
        world: World,
        signatures: Signatures,
        post: Post,
    ) -> None:
        self._settings = world.settings
        self._clock = world.clock
        self._new_id = world.new_id
        self._script = world.script
        self._events = world.events
        self._signatures = signatures
        self._post = post
        self._documents: dict[str, _Document] = {}
        self._lanes: dict[Lane, deque[_Push]] = {}
        self._held: dict[Lane, list[_Push]] = {}
        self._endpoints = {one.code: one.endpoint for one in world.settings.participants}
        self._lock = RLock()
        self.on_queued: Callable[[Lane], None] = lambda lane: None  # noqa: ARG005 - nobody listens yet

    # --- what participants send ---
    def take_document(self, sender: Participant, call: Call, routing: Routing) -> None:
        """Accept a document for its performers. Refused SBX-SENDER, SBX-ADDRESSEE, SBX-HREF, SBX-SIZE."""
        assert call.data is not None
        assert call.type is not None
        if routing.sender != sender.member or routing.sender_org not in {None, sender.sender_org}:
            raise Refused("SBX-SENDER", "from or senderOrg is not the number of this account")
        if not routing.href:
            raise Refused("SBX-HREF", "a document without href")
        self._require_room()
        performers = tuple(self._performer(number) for number in routing.performers)
        if not performers:
            raise Refused("SBX-ADDRESSEE", "a document without performers")
        known = self._remember(sender, performers, routing, call)
        self._note(sender, "document.taken", call, routing, "again" if known else "new")
        if known and self._settings.repeated_href == "drop":
            return
        if self._settings.sends_start_notice:
            self._start_notices(sender, performers, routing)
        data = etree.tostring(call.data, encoding="unicode", with_tail=False)
        for performer in performers:
            self._to(performer, sender.names, call.type.name, routing.href, data)
            self._play(performer, sender, routing)

    def take_notice(self, sender: Participant, call: Call, routing: Routing) -> None:
        """Route a notice. Refused SBX-HREF when no such document has passed or this sender has no part in it."""
        assert call.data is not None
        assert call.type is not None
        if routing.sender is not None and routing.sender != sender.member:
            raise Refused("SBX-SENDER", "from is not the number of this account")
        with self._lock:
            document = self._documents.get(routing.href)
        if document is None:
            raise Refused("SBX-HREF", "no document with this href has passed")
        self._require_room()
        if sender.code in document.performers:
            receivers: tuple[str, ...] = (document.sender,)
        elif sender.code == document.sender:
            receivers = document.performers
        else:
            raise Refused("SBX-HREF", "this account has no part in the document")
        self._note(sender, "notice.taken", call, routing, f"for {', '.join(receivers)}")
        data = etree.tostring(call.data, encoding="unicode", with_tail=False)
        for code in receivers:
            receiver = self._settings.by_code(code)
            if receiver is not None:
                self._to(receiver, sender.names, call.type.name, routing.href, data)

    def take_other(self, sender: Participant, call: Call, routing: Routing) -> None:
        """A dictionary message: kept in the events, nobody answers it here."""
        self._note(sender, "message.kept", call, routing, "the sandbox has no answer to dictionary messages")

    def _require_room(self) -> None:
        """Nothing accepted is lost, so nothing is accepted that cannot be kept."""
        with self._lock:
            waiting = [push for queue in (*self._lanes.values(), *self._held.values()) for push in queue]
            if sum(len(push.body) for push in waiting) >= self._settings.max_stored_bytes:
                raise Refused("SBX-SIZE", "too much is waiting for receivers that do not answer")

    def _performer(self, number: int) -> Participant:
        found = self._settings.by_member(number)
        if found is None:
            raise Refused("SBX-ADDRESSEE", f"no participant has the number {number}")
        if found.is_deleted or found.is_esedo != "1" or found.is_ready != "1":
            raise Refused("SBX-ADDRESSEE", f"participant {number} takes no documents")
        return found

    def _remember(self, sender: Participant, performers: tuple[Participant, ...], routing: Routing, call: Call) -> bool:
        """True when the href has passed before. Refused SBX-HREF when it is another's, or repeats are refused."""
        codes = tuple(one.code for one in performers)
        with self._lock:
            before = self._documents.get(routing.href)
            if before is not None and before.sender != sender.code:
                raise Refused("SBX-HREF", "this href belongs to another sender's document")
            if before is not None and self._settings.repeated_href == "refuse":
                raise Refused("SBX-HREF", "a document with this href has passed")
            if len(self._documents) >= MOST_DOCUMENTS:
                raise Refused("SBX-SIZE", "the sandbox remembers no more documents")
            meta = None if call.data is None else child(call.data, "metadataSystem")
            activity = child(meta, "activityId")
            self._documents[routing.href] = _Document(
                sender=sender.code,
                performers=codes if before is None else tuple(dict.fromkeys((*before.performers, *codes))),
                activity_id=str(self._new_id()) if activity is None else str(activity.text or ""),
            )
        return before is not None

    # --- what the centre says itself ---
    def _start_notices(self, sender: Participant, performers: tuple[Participant, ...], routing: Routing) -> None:
        speaks = self._settings.start_notice_from
        numbers = [one.member for one in performers] if speaks == "performer" else [self._settings.centre_member]
        for number in numbers:
            own = ("description", "Документ обработан")
            self._say(sender, number, routing.href, "stateStartProcessResponse", own)

    def _play(self, performer: Participant, sender: Participant, routing: Routing) -> None:
        """Answer in the name of a body the sandbox plays."""
        steps: dict[str, tuple[tuple[str, tuple[str, str] | None], ...]] = {
            "delivers": (("stateDelivered", None),),
            "registers": (
                ("stateDelivered", None),
                ("stateRegistered", ("regNo", f"EX-{performer.code}-{len(self._documents):05d}")),
            ),
            "refuses": (("stateDelivered", None), ("stateNotValid", ("isValidReason", "3"))),
        }
        for kind, own in steps.get(performer.plays, ()):
            self._say(sender, performer.member, routing.href, kind, own, names=performer.names)

    def _say(
        self,
        to: Participant,
        speaker: int,
        href: str,
        kind: str,
        own: tuple[str, str] | None,
        *,
        names: frozenset[str] = frozenset({CENTRE}),
    ) -> None:
        meta = metadata(
            activity_id=str(self._new_id()), sender=speaker, href=href, performers=(to.member,), sender_org=None
        )
        date = text_element("date", national(self._clock.now()))
        parts = [meta, date] if own is None else [meta, date, text_element(*own)]
        if kind in {"stateRegistered", "stateNotValid"}:
            parts.insert(2, text_element("idPortalInternal", 0))
        self._to(to, names, kind, href, notice(kind, *parts))

    # --- the queue ---
    def _to(self, receiver: Participant, sender: frozenset[str], operation: str, href: str, data: str) -> None:
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
        self._queue(push, *self._copies(push, rules, data))

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

    def _queue(self, *pushes: _Push) -> None:
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

    def lanes(self) -> tuple[Lane, ...]:
        """Lanes with something in them."""
        with self._lock:
            return tuple(lane for lane, queue in self._lanes.items() if queue or lane in self._held)

    def waiting(self) -> int:
        """Messages not delivered yet."""
        with self._lock:
            return sum(map(len, self._lanes.values())) + sum(map(len, self._held.values()))

    def deliver_all(self) -> None:
        """Try every waiting message once, in order, without waiting; for tests that have no running server."""
        for lane in self.lanes():
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

    def _note(self, sender: Participant, what: str, call: Call, routing: Routing, outcome: str) -> None:
        self._events.add(
            sender.code,
            what,
            service=UNIVERSAL_SERVICE,
            operation=None if call.type is None else call.type.name,
            message_id=call.message_id,
            href=routing.href or None,
            outcome=outcome,
        )


def _seal(rules: dict[str, Rule]) -> Seal:
    if "push-unsigned" in rules:
        return Seal.NONE
    if "push-wrongly-signed" in rules:
        return Seal.BROKEN
    if "push-stranger-signed" in rules:
        return Seal.STRANGER
    return Seal.RIGHT
