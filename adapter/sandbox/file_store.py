"""EDS_TEMP_FILES, the temporary storage: files live for hours, then only what was known about them is left.

One status for each file and one for the call, so a call may succeed and a file in it fail. The values of `code` are
not published; EXAMPLE_OK and EXAMPLE_ERROR are those of the reference. Whoever has an account and an identifier may
download.
"""

from __future__ import annotations

import base64
import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from threading import RLock

from lxml import etree

from adapter.sandbox.book import BookedFile
from adapter.sandbox.examine import children, decoded, local, namespace, text_of
from adapter.sandbox.faults import Stage
from adapter.sandbox.participants import Participant, is_same_secret
from adapter.sandbox.reading import Refused, child, value
from adapter.sandbox.script import Occasion, Rule
from adapter.sandbox.vocabulary import FILE_OPERATIONS, FILE_SERVICE, TEMP_STORAGE
from adapter.sandbox.world import World
from adapter.sandbox.writing import element, national, optional, text_element

_PARTS = {"DOWNLOAD": "downloadRequest", "CONFIRM": "confirmRequest", "GET_FILE_INFO": "getFileInfoRequest"}
_RESULTS = {
    "DOWNLOAD": ("downloadResponse", "fileDownloadResults"),
    "CONFIRM": ("confirmResponse", "fileConfirmResults"),
    "GET_FILE_INFO": ("getFileInfoResponse", "fileInfoResults"),
}
MOST_FILES = 100_000
"""Files known at a time; of those whose life is over the oldest are forgotten for new ones."""


@dataclass(kw_only=True, slots=True)
class _File:
    """One file; `content` becomes None when its life is over, the facts stay."""

    identifier: str
    uploader: str
    uploaded_at: datetime
    expires_at: datetime
    size: int
    sha256: str
    name: str | None
    mime: str | None
    needs_confirmation: bool | None
    content: bytes | None = field(repr=False)
    deleted_at: datetime | None = None
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turn:
    """One call: who, which operation, the fault that strikes it, and what the exchange's clock is wrong by."""

    caller: Participant
    message_id: str
    operation: str
    rule: Rule | None
    ahead: timedelta

    def is_struck(self, fault: str, place: int | None = None) -> bool:
        """Whether this fault strikes the file at `place` (from 1), or the call as a whole."""
        if self.rule is None or self.rule.fault != fault:
            return False
        return place is None or self.rule.number("file") == place


class FileStore:
    """Keeps files in memory until their life is over."""

    def __init__(self, world: World) -> None:
        self._settings = world.settings
        self._clock = world.clock
        self._new_id = world.new_id
        self._script = world.script
        self._events = world.events
        self._files: dict[str, _File] = {}
        self._expiring: list[tuple[datetime, str]] = []
        self._held = 0
        self._lock = RLock()

    def answer(
        self, request: etree._Element, caller: Participant, message_id: str, *, ahead: timedelta = timedelta()
    ) -> str:
        """The tempStorageResponse, in the form the settings ask for. Refused SBX-DATA for a type that is none.

        ahead   what the times that are stated are wrong by
        """
        operation = value(request, "type")
        if operation not in FILE_OPERATIONS:
            raise Refused("SBX-DATA", f"type is none of {', '.join(FILE_OPERATIONS)}")
        turn = self._turn(caller, message_id, operation, ahead)
        with self._lock:
            self._expire()
            allowed = _is_allowed(request, caller)
            work = self._upload if operation == "UPLOAD" else self._each
            parts = work(request, turn, allowed)
        form = self._settings.file_form
        qualified = namespace(_first(request)) == TEMP_STORAGE if form == "as-request" else form == "qualified"
        prefix, names = ("", f' xmlns="{TEMP_STORAGE}"') if qualified else ("s:", f' xmlns:s="{TEMP_STORAGE}"')
        return element(f"{prefix}tempStorageResponse", text_element("type", operation), parts, attributes=names)

    def holds(self, identifier: str) -> bool:
        """Whether a file with this identifier can be downloaded now."""
        with self._lock:
            self._expire()
            return identifier in self._files and self._files[identifier].content is not None

    def booked(self, identifiers: Iterable[str]) -> tuple[BookedFile, ...]:
        """What is known of files by their identifiers, those whose life is over included."""
        with self._lock:
            return tuple(
                BookedFile(
                    identifier=one[:200],
                    sha256=None if found is None else found.sha256,
                    size=None if found is None else found.size,
                )
                for one, found in ((each, self._files.get(each)) for each in identifiers)
            )

    def put(self, uploader: Participant, *, name: str, mime: str, content: bytes) -> str:
        """Store a file on a participant's behalf and return its identifier; for the bodies the sandbox plays."""
        with self._lock:
            self._expire()
            if not self._has_room(len(content)):
                raise Refused("SBX-SIZE", "the file store is full")
            kept = self._keep(uploader, name=name, mime=mime, content=content, life=self._settings.default_life)
            return kept.identifier

    def _turn(self, caller: Participant, message_id: str, operation: str, ahead: timedelta) -> _Turn:
        rule = self._script.due(Stage.FILE, Occasion(service=FILE_SERVICE, sender=caller.names, operation=operation))
        if rule is not None:
            self._events.add(
                caller.code,
                "fault.injected",
                service=FILE_SERVICE,
                operation=operation,
                message_id=message_id,
                fault=rule.fault,
            )
        return _Turn(caller=caller, message_id=message_id, operation=operation, rule=rule, ahead=ahead)

    # --- upload ---
    def _upload(self, request: etree._Element, turn: _Turn, allowed: bool) -> str:  # noqa: FBT001 - one private caller
        asked = child(request, "uploadRequest")
        wanted = [] if asked is None else [one for one in children(asked) if local(one) == "fileUploadRequests"]
        if not wanted:
            raise Refused("SBX-DATA", "uploadRequest without fileUploadRequests")
        results = [self._upload_one(one, turn, place, allowed) for place, one in enumerate(wanted, start=1)]
        return element("uploadResponse", *results, _status("" if allowed else "unknown account or wrong password"))

    def _upload_one(self, asked: etree._Element, turn: _Turn, place: int, allowed: bool) -> str:  # noqa: FBT001 - the same
        process = text_element("fileProcessIdentifier", value(asked, "fileProcessIdentifier"))
        content = decoded(text_of(_or_empty(child(asked, "content"))))
        complaint = ""
        if not allowed:
            complaint = "unknown account or wrong password"
        elif content is None:
            complaint = "content is not base64"
        elif turn.is_struck("upload-partial-failure", place):
            complaint = "the file was not stored"
        elif not self._has_room(len(content)):
            complaint = "the store is full"
        if complaint or content is None:
            self._note(turn, "file.refused", None, complaint)
            return element("uploadFileResults", process, _status(complaint))
        life = self._life(value(asked, "lifeTime"), turn)
        kept = self._keep(
            turn.caller,
            name=_maybe(asked, "name"),
            mime=_maybe(asked, "mime"),
            content=content,
            life=life,
            needs_confirmation=_truth(_maybe(asked, "needToBeConfirmed")),
        )
        self._note(turn, "file.stored", kept.identifier, f"{kept.size} bytes")
        if turn.is_struck("file-forgotten"):
            self._forget(kept)
        granted = text_element("lifeTime", round(life.total_seconds() * 1000))
        return element(
            "uploadFileResults", process, _status(), text_element("fileIdentifier", kept.identifier), granted
        )

    def _life(self, asked: str, turn: _Turn) -> timedelta:
        life = self._settings.default_life
        if asked.isascii() and asked.isdigit() and len(asked) < 16:  # noqa: PLR2004 - milliseconds that a timedelta holds
            life = timedelta(milliseconds=int(asked))
        if turn.rule is not None and turn.is_struck("file-short-life"):
            life = min(life, timedelta(milliseconds=turn.rule.number("lifetime_ms")))
        return min(life, self._settings.longest_life)

    def _keep(
        self,
        uploader: Participant,
        *,
        name: str | None,
        mime: str | None,
        content: bytes,
        life: timedelta,
        needs_confirmation: bool | None = None,
    ) -> _File:
        now = self._clock.now()
        kept = _File(
            identifier=f"TF-{self._new_id()}",
            uploader=uploader.account,
            uploaded_at=now,
            expires_at=now + life,
            size=len(content),
            sha256=sha256(content).hexdigest(),
            name=name,
            mime=mime,
            needs_confirmation=needs_confirmation,
            content=content,
        )
        self._files[kept.identifier] = kept
        self._held += kept.size
        heapq.heappush(self._expiring, (kept.expires_at, kept.identifier))
        return kept

    def _has_room(self, size: int) -> bool:
        if len(self._files) >= MOST_FILES:
            gone = next((one.identifier for one in self._files.values() if one.content is None), None)
            if gone is None:
                return False
            del self._files[gone]
        return self._held + size <= self._settings.max_stored_bytes

    # --- download, confirm, info ---
    def _each(self, request: etree._Element, turn: _Turn, allowed: bool) -> str:  # noqa: FBT001 - one private caller
        asked = child(request, _PARTS[turn.operation])
        named = [] if asked is None else [one for one in children(asked) if local(one) == "fileIdentifiers"]
        wanted = [text_of(one).strip() for one in named]
        if not wanted:
            raise Refused("SBX-DATA", f"{_PARTS[turn.operation]} without fileIdentifiers")
        answer, result = _RESULTS[turn.operation]
        results = [
            element(result, *self._one(identifier, turn, place, allowed))
            for place, identifier in enumerate(wanted, start=1)
        ]
        return element(answer, *results, _status("" if allowed else "unknown account or wrong password"))

    def _one(
        self,
        identifier: str,
        turn: _Turn,
        place: int,
        allowed: bool,  # noqa: FBT001 - one private caller
    ) -> tuple[str, ...]:
        named = text_element("fileIdentifier", identifier)
        found = self._files.get(identifier)
        if not allowed or found is None:
            complaint = "no file with this identifier" if allowed else "unknown account or wrong password"
            self._note(turn, "file.refused", identifier, complaint)
            return _status(complaint), named
        if turn.is_struck("file-forgotten"):
            self._forget(found)
        if turn.operation == "GET_FILE_INFO":
            self._note(turn, "file.asked", identifier, "deleted" if found.content is None else "present")
            return _status(), named, _meta(found, turn.ahead)
        if found.content is None or turn.is_struck("download-failure", place):
            complaint = "the file is gone" if found.content is None else "the file cannot be read"
            self._note(turn, "file.refused", identifier, complaint)
            meta = (_meta(found, turn.ahead),) if turn.operation == "DOWNLOAD" else ()
            return _status(complaint), named, *meta
        if turn.operation == "CONFIRM":
            found.confirmed_by, found.confirmed_at = turn.caller.account, self._clock.now()
            self._note(turn, "file.confirmed", identifier, "OK")
            return _status(), named
        content = found.content + b"\0" if turn.is_struck("download-altered", place) else found.content
        self._note(turn, "file.downloaded", identifier, f"{found.size} bytes")
        return _status(), named, text_element("content", base64.b64encode(content).decode()), _meta(found, turn.ahead)

    # --- life ---
    def _expire(self) -> None:
        now = self._clock.now()
        while self._expiring and self._expiring[0][0] <= now:
            found = self._files.get(heapq.heappop(self._expiring)[1])
            if found is not None:
                self._forget(found)

    def _forget(self, one: _File) -> None:
        if one.content is None:
            return
        one.content = None
        self._held -= one.size
        one.deleted_at = self._clock.now()
        self._events.add("file-store", "file.expired", service=FILE_SERVICE, outcome=one.identifier)

    def _note(self, turn: _Turn, what: str, identifier: str | None, outcome: str) -> None:
        self._events.add(
            turn.caller.code,
            what,
            service=FILE_SERVICE,
            operation=turn.operation,
            message_id=turn.message_id,
            fault=None if turn.rule is None else turn.rule.fault,
            outcome=f"{identifier} {outcome}" if identifier else outcome,
        )


def _is_allowed(request: etree._Element, caller: Participant) -> bool:
    """The store has a password of its own, and an account may not use another's."""
    credentials = child(request, "credentials")
    is_own = value(credentials, "senderId") == caller.account
    return is_same_secret(value(credentials, "password"), caller.file_password) and is_own


def _status(complaint: str = "") -> str:
    """ProcessStatus; the complaint, when there is one, is its message."""
    if not complaint:
        return element("status", text_element("code", "EXAMPLE_OK"), text_element("status", "OK"))
    return element(
        "status",
        text_element("code", "EXAMPLE_ERROR"),
        text_element("status", "ERROR"),
        text_element("message", complaint),
    )


def _meta(one: _File, ahead: timedelta) -> str:
    """FileInfo in schema order (reference, 4), by a clock that is wrong by `ahead`."""

    def stated(at: datetime) -> str:
        return national(at + ahead)

    return element(
        "meta",
        optional("name", one.name),
        optional("mime", one.mime),
        text_element("uploadDate", stated(one.uploaded_at)),
        element("uploaderSystem", text_element("id", one.uploader)),
        text_element("expirationTime", stated(one.expires_at)),
        optional("needToBeConfirmed", _said(one.needs_confirmation)),
        text_element("size", one.size),
        text_element("deleted", _said(one.content is None)),
        optional("deletionTime", None if one.deleted_at is None else stated(one.deleted_at)),
        text_element("confirmed", _said(one.confirmed_at is not None)),
        "" if one.confirmed_by is None else element("confirmedSystem", text_element("id", one.confirmed_by)),
        optional("confirmationTime", None if one.confirmed_at is None else stated(one.confirmed_at)),
    )


def _said(truth: bool | None) -> str | None:  # noqa: FBT001 - a value of the wire, not an option
    return None if truth is None else str(truth).lower()


def _truth(text: str | None) -> bool | None:
    return None if text is None else text in {"true", "1"}


def _maybe(element_: etree._Element, name: str) -> str | None:
    return None if child(element_, name) is None else value(element_, name)


def _or_empty(found: etree._Element | None) -> etree._Element:
    return etree.Element("none") if found is None else found


def _first(request: etree._Element) -> etree._Element:
    return next(children(request), request)
