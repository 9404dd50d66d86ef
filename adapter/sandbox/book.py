"""The sandbox's book: of each document who sent it to whom, how often, with which bytes, and what came of it.

The list of events (adapter/sandbox/events.py) forgets its oldest; the book forgets no document. Its counts are exact for
as long as the sandbox runs; of one document the first messages and pushes are listed and the rest only counted. It holds
digests and identifiers, never content.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from threading import RLock

from adapter.sandbox.events import Clock

MOST_LISTED = 200
"""Messages, and pushes, of one document that are written out; an endless retry or a hostile sender adds to counts only."""

WAITING, DELIVERED, LOST, PLAYED = "waiting", "delivered", "lost", "played"
"""What became of a push: not yet at its receiver, there, never sent by a scripted fault, or its receiver is played here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BookedFile:
    """A file that a document names. sha256 and size are None when the store never had one under this identifier."""

    identifier: str
    sha256: str | None
    size: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BookedMessage:
    """A docOutgoing as it came: the exchange's id, SHA-256 of the exact bytes of the request, the files in order."""

    message_id: str
    sha256: str
    files: tuple[BookedFile, ...]


@dataclass(kw_only=True, slots=True)
class BookedPush:
    """One message from the centre to one participant, and what became of it.

    speaker     code of who says it, or `centre`
    source      message id under which its speaker handed it in; None for the centre's own
    attempts    tries;  answers: how often each outcome was seen, as in the events
    """

    operation: str
    speaker: str
    to: str
    message_id: str
    source: str | None
    fault: str | None
    state: str
    attempts: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, object]:
        """As JSON values."""
        return {
            "operation": self.operation,
            "speaker": self.speaker,
            "to": self.to,
            "message_id": self.message_id,
            "source": self.source,
            "fault": self.fault,
            "state": self.state,
            "attempts": self.attempts,
            "answers": dict(self.answers),
        }


@dataclass(kw_only=True, slots=True)
class _Message:
    """The same message however often it came."""

    said: BookedMessage
    performers: tuple[str, ...]
    first_at: datetime
    times: int = 0
    answers: Counter[str] = field(default_factory=Counter)


@dataclass(kw_only=True, slots=True)
class _Page:
    """One href."""

    number: int
    href: str
    sender: str
    taken: Counter[str] = field(default_factory=Counter)
    delivered: Counter[str] = field(default_factory=Counter)
    messages: dict[tuple[str, str], _Message] = field(default_factory=dict)
    pushes: list[BookedPush] = field(default_factory=list)
    unlisted: int = 0


class Book:
    """Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pages: dict[str, _Page] = {}
        self._lock = RLock()
        self.on_tried: Callable[[], None] = lambda: None

    # --- writing ------------------------------------------------------------------------------------------------------
    def took(self, href: str, sender: str, performers: tuple[str, ...], said: BookedMessage) -> None:
        """The centre took a document."""
        with self._lock:
            page = self._pages.get(href)
            if page is None:
                page = self._pages[href] = _Page(number=len(self._pages) + 1, href=href, sender=sender)
            page.taken.update(dict.fromkeys(performers, 1))
            key = (said.message_id, said.sha256)
            message = page.messages.get(key)
            if message is None:
                if len(page.messages) >= MOST_LISTED:
                    page.unlisted += 1
                    return
                message = _Message(said=said, performers=performers, first_at=self._clock.now())
                page.messages[key] = message
            message.times += 1

    def answered(self, href: str, said: BookedMessage, outcome: str) -> None:
        """What the gateway answered to a document that it took."""
        with self._lock:
            page = self._pages.get(href)
            message = None if page is None else page.messages.get((said.message_id, said.sha256))
            if message is not None:
                message.answers[outcome] += 1

    def queued(self, href: str, push: BookedPush) -> None:
        """A message about a document is on its way; about an href that is in no book there is nothing to write."""
        with self._lock:
            page = self._pages.get(href)
            if page is None:
                return
            if len(page.pushes) >= MOST_LISTED:
                page.unlisted += 1
            else:
                page.pushes.append(push)

    def tried(self, href: str, push: BookedPush, outcome: str, *, arrived: bool) -> None:
        """One try of a push ended."""
        with self._lock:
            push.attempts += 1
            push.answers[outcome] += 1
            if arrived:
                push.state = DELIVERED
                page = self._pages.get(href)
                if page is not None and push.operation.startswith("doc"):
                    page.delivered[push.to] += 1
        self.on_tried()

    # --- reading ------------------------------------------------------------------------------------------------------
    def is_heard(self, href: str, until: str) -> bool:
        """Whether a push of the kind `until` about the document was tried; without a kind: every push that waits."""
        with self._lock:
            page = self._pages.get(href)
            pushes = [] if page is None else page.pushes
            if until:
                return any(one.attempts for one in pushes if one.operation == until)
            return all(one.attempts for one in pushes if one.state == WAITING)

    def entries(self, *, after: int = 0, limit: int | None = None, href: str | None = None) -> list[dict[str, object]]:
        """One entry for each (href, sender, addressee), as JSON values, in the order in which the documents first came.

        after   pages up to this number are left out;  limit: pages, not entries
        """
        with self._lock:
            if href is not None:
                found = [one for one in (self._pages.get(href),) if one is not None]
            else:
                # A page is never taken out, so its number is its place.
                found = list(islice(self._pages.values(), after, None if limit is None else after + limit))
            return [entry for page in found for entry in _entries(page)]


def _entries(page: _Page) -> Iterator[dict[str, object]]:
    for addressee in page.taken:
        messages = [one for one in page.messages.values() if addressee in one.performers]
        documents = [one for one in page.pushes if one.to == addressee and one.operation.startswith("doc")]
        parties = {addressee, page.sender, "centre"}
        notices = [
            one
            for one in page.pushes
            if not one.operation.startswith("doc") and {one.speaker, one.to} <= parties and one.speaker != one.to
        ]
        yield {
            "number": page.number,
            "href": page.href,
            "sender": page.sender,
            "addressee": addressee,
            "taken": page.taken[addressee],
            "delivered": page.delivered[addressee],
            "messages": [_message_as_json(one) for one in messages],
            "pushes": [one.as_json() for one in documents],
            "notices": [one.as_json() for one in notices],
            "unlisted": page.unlisted,
        }


def _message_as_json(one: _Message) -> dict[str, object]:
    return {
        "message_id": one.said.message_id,
        "sha256": one.said.sha256,
        "times": one.times,
        "first_at": one.first_at.isoformat(),
        "files": [{"identifier": each.identifier, "sha256": each.sha256, "size": each.size} for each in one.said.files],
        "answers": dict(one.answers),
    }
