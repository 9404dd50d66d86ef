"""What happened in the sandbox, in order: an append-only list that tests, the demo and a person can read.

An event never carries a password, a key or the content of a document; what it says about a message is its ids, its
kind and how it ended.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from threading import RLock
from typing import Protocol

LOG = logging.getLogger("elshi.sandbox")
KEPT_EVENTS = 50_000
KEPT_FINDINGS = 10_000


class Clock(Protocol):
    """The only reader of the time."""

    def now(self) -> datetime:
        """The present instant, aware."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened.

    number       counts from 1 without gaps
    participant  code of the participant concerned, "gateway", "centre" or "?" when the caller could not be told
    what         stable word: call.answered, push.sent, file.stored, fault.injected ...
    operation    kind of message: docOutgoing, stateRegistered, UPLOAD ...
    attempt      which try of a push this is, from 1; None for anything else
    fault        name of the scripted fault that took part, else None
    outcome      status or fault code, HTTP status, or a few words
    """

    number: int
    at: datetime
    participant: str
    what: str
    service: str | None = None
    operation: str | None = None
    message_id: str | None = None
    href: str | None = None
    attempt: int | None = None
    fault: str | None = None
    outcome: str | None = None

    def as_json(self) -> dict[str, object]:
        """The event as JSON values; what is not known is left out."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        given["at"] = self.at.isoformat()
        return given

    def __str__(self) -> str:
        parts = [f"{self.at:%H:%M:%S.%f}"[:12], f"{self.participant:<10}", f"{self.what:<18}"]
        parts += [str(part) for part in (self.operation or self.service, self.outcome) if part]
        parts += [f"{name}={value}" for name, value in self._names() if value is not None]
        return printable(" ".join(parts))

    def _names(self) -> tuple[tuple[str, object], ...]:
        return (
            ("href", self.href),
            ("message", self.message_id),
            ("attempt", self.attempt),
            ("fault", self.fault),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ProtocolFinding:
    """One thing a participant's message did that the interface description does not allow, or that a peer may choke on.

    code        stable: order, empty-long, inside-qualified, ...
    is_refused  the message was refused for it; False when it was accepted all the same
    path        where, by local names: request/requestInfo/messageDate
    value       the offending value, cut, only for numbers, times and closed lists; never a text or a secret
    rule        the sentence of the reference that is broken
    """

    code: str
    at: datetime
    participant: str
    message_id: str | None
    path: str
    is_refused: bool
    value: str | None = None
    rule: str = ""

    def as_json(self) -> dict[str, object]:
        """The finding as JSON values."""
        return {**asdict(self), "at": self.at.isoformat()}


class EventList:
    """Append-only; the newest 50 000 events and 10 000 findings are kept in memory, everything goes to the sink."""

    def __init__(self, clock: Clock, sink: Callable[[str], None] | None = None) -> None:
        self._clock = clock
        self._sink = sink
        self._events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._findings: deque[ProtocolFinding] = deque(maxlen=KEPT_FINDINGS)
        self._count = 0
        self._lock = RLock()

    def add(
        self,
        participant: str,
        what: str,
        *,
        service: str | None = None,
        operation: str | None = None,
        message_id: str | None = None,
        href: str | None = None,
        attempt: int | None = None,
        fault: str | None = None,
        outcome: str | None = None,
    ) -> Event:
        """Record one event, log its line, hand it to the sink as one line of JSON."""
        with self._lock:
            self._count += 1
            event = Event(
                number=self._count,
                at=self._clock.now(),
                participant=participant,
                what=what,
                service=_cut(service),
                operation=_cut(operation),
                message_id=_cut(message_id),
                href=_cut(href),
                attempt=attempt,
                fault=fault,
                outcome=_cut(outcome),
            )
            self._events.append(event)
            if self._sink is not None:
                self._sink(json.dumps(event.as_json(), ensure_ascii=False))
        LOG.info("%s", event)
        return event

    def find(self, finding: ProtocolFinding) -> None:
        """Record a finding."""
        with self._lock:
            self._findings.append(finding)

    def events(self, *, after: int = 0) -> tuple[Event, ...]:
        """Events with a number above `after`, oldest first."""
        with self._lock:
            # Numbers have no gaps, so the place of the first one wanted is known.
            wanted = min(max(self._count - after, 0), len(self._events))
            return tuple(islice(reversed(self._events), wanted))[::-1]

    def findings(self) -> tuple[ProtocolFinding, ...]:
        """Every finding kept, oldest first."""
        with self._lock:
            return tuple(self._findings)


def printable(text: str) -> str:
    """One line: what a foreign sender put into an id cannot break a log line or move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _cut(text: str | None, limit: int = 200) -> str | None:
    return text if text is None or len(text) <= limit else text[: limit - 1] + "…"
