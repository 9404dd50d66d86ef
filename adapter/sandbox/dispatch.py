"""What the centre has to say becomes pushes: written, stamped with the exchange's time, changed as the script asks.

Signing waits until the first try, except where several pushes must be the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapter.sandbox.book import LOST, PLAYED, WAITING, BookedPush
from adapter.sandbox.faults import CONTRADICTED, Stage
from adapter.sandbox.mangling import contradicted, mangled, with_href, with_reason_text
from adapter.sandbox.participants import Participant
from adapter.sandbox.script import Occasion, Rule
from adapter.sandbox.seal import Seal, Signatures
from adapter.sandbox.vocabulary import UNIVERSAL_SERVICE
from adapter.sandbox.world import World
from adapter.sandbox.writing import envelope, send_message

_LATE = ("notice-delayed", "notice-reordered")


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What one side says to another through the centre.

    speaker     code, or `centre`;  names: everything a script may call the speaker by
    write       the element data, for the time that the exchange's clock shows
    source      message id under which the speaker handed it in; None for the centre's own
    """

    to: Participant
    speaker: str
    names: frozenset[str]
    operation: str
    href: str
    write: Callable[[datetime], str] = field(repr=False)
    source: str | None = None


@dataclass(kw_only=True, slots=True)
class Push:
    """One message on its way to one participant; `entry` is its place in the book."""

    to: Participant
    operation: str
    href: str
    message_id: str
    entry: BookedPush
    body: str = field(repr=False)
    seal: Seal = Seal.RIGHT
    wait: timedelta = timedelta()
    behind: int = 0
    signed: bytes | None = field(default=None, repr=False)

    @property
    def lane(self) -> tuple[str, str]:
        """Participant code and href: what keeps its order."""
        return self.to.code, self.href


class Dispatch:
    """Makes pushes; holds none."""

    def __init__(self, world: World, signatures: Signatures) -> None:
        self._world = world
        self._signatures = signatures

    def pushes(self, message: Message) -> list[Push]:
        """The pushes of a message, in the order in which they go out; none when the receiver is played, or all is lost."""
        events, receiver = self._world.events, message.to
        if receiver.plays != "itself":
            events.add(
                receiver.code, "push.played", operation=message.operation, href=message.href, outcome=receiver.plays
            )
            self._booked(message, "", (), PLAYED)
            return []
        occasion = Occasion(
            service=UNIVERSAL_SERVICE,
            sender=message.names,
            operation=message.operation,
            addressees=receiver.names,
            href=message.href,
        )
        skewed = self._world.script.due(Stage.CLOCK, occasion)
        rules = {rule.fault: rule for rule in self._world.script.all_due(Stage.PUSH, occasion)}
        faults = (*([skewed.fault] if skewed else []), *rules)
        for fault in faults:
            events.add(receiver.code, "fault.injected", operation=message.operation, href=message.href, fault=fault)
        if "push-lost" in rules:
            self._booked(message, "", faults, LOST)
            return []
        ahead = timedelta(seconds=skewed.number("skew")) if skewed else timedelta()
        return self._made(message, rules, faults, self._world.clock.now() + ahead)

    def signed(self, push: Push) -> bytes:
        """The bytes of a push; the same at every call."""
        if push.signed is None:
            push.signed = self._signatures.sealed(envelope(push.body), push.seal, is_answer=False)
        return push.signed

    def _made(self, message: Message, rules: dict[str, Rule], faults: tuple[str, ...], at: datetime) -> list[Push]:
        data = _changed(message.write(at), rules)
        push = self._push(message, data, faults, at)
        push.seal = _seal(rules)
        for fault in _LATE:
            if fault in rules:
                push.wait = timedelta(seconds=rules[fault].number("seconds"))
        if "notice-reordered" in rules:
            push.behind = max(1, int(rules["notice-reordered"].number("behind")))
        made = [push, *self._copies(push, rules, lambda: self._push(message, data, faults, at))]
        if "notice-contradicted" in rules:
            rule = rules["notice-contradicted"]
            against = replace(message, operation=CONTRADICTED[message.operation])
            other = self._push(against, contradicted(data, message.operation), faults, at)
            other.wait = timedelta(seconds=rule.number("seconds"))
            made = [other, *made] if rule.value("before") is True else [*made, other]
        if "notice-unknown-href" in rules:
            unknown = replace(message, href=str(self._world.new_id()))
            made.append(self._push(unknown, with_href(data, unknown.href), faults, at))
        return made

    def _push(self, message: Message, data: str, faults: tuple[str, ...], at: datetime) -> Push:
        message_id = str(self._world.new_id())
        body = send_message(
            message_id=message_id,
            service_id=UNIVERSAL_SERVICE,
            sender_id=self._world.settings.centre_account,
            at=at,
            session_id=f"{{{self._world.new_id()}}}",
            data=data,
        )
        return Push(
            to=message.to,
            operation=message.operation,
            href=message.href,
            message_id=message_id,
            entry=self._booked(message, message_id, faults, WAITING),
            body=body,
        )

    def _copies(self, push: Push, rules: dict[str, Rule], another: Callable[[], Push]) -> list[Push]:
        rule = rules.get("document-delivered-twice") or rules.get("notice-duplicated")
        if rule is None:
            return []
        count = min(int(rule.number("copies")), 100) - 1
        if rule.value("same_message"):
            # Signed once, so that the copies are the same bytes.
            self.signed(push)
            return [replace(push, behind=0, wait=timedelta(), entry=self._again(push)) for _ in range(count)]
        return [replace(another(), seal=push.seal) for _ in range(count)]

    def _again(self, push: Push) -> BookedPush:
        entry = replace(push.entry, attempts=0, answers=Counter())
        self._world.book.queued(push.href, entry)
        return entry

    def _booked(self, message: Message, message_id: str, faults: tuple[str, ...], state: str) -> BookedPush:
        entry = BookedPush(
            operation=message.operation,
            speaker=message.speaker,
            to=message.to.code,
            message_id=message_id,
            source=message.source,
            fault=", ".join(faults) or None,
            state=state,
        )
        self._world.book.queued(message.href, entry)
        return entry


def _changed(data: str, rules: dict[str, Rule]) -> str:
    if "notice-text-reason" in rules:
        data = with_reason_text(data, str(rules["notice-text-reason"].value("text")))
    if "notice-mangled" in rules:
        rule = rules["notice-mangled"]
        data = mangled(data, str(rule.value("form")), str(rule.value("text")))
    return data


def _seal(rules: dict[str, Rule]) -> Seal:
    if "push-unsigned" in rules:
        return Seal.NONE
    if "push-wrongly-signed" in rules:
        return Seal.BROKEN
    if "push-stranger-signed" in rules:
        return Seal.STRANGER
    return Seal.RIGHT
