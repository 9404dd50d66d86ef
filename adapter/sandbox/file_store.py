"""EDS_TEMP_FILES, the temporary storage: files live for hours, then only what was known about them is left.

One status for each file and one for the call, so a call may succeed and a file in it fail. The values of `code` are not
published; EXAMPLE_OK and EXAMPLE_ERROR are those of the reference. Whoever has an account and an identifier may download.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock

from lxml import etree

from adapter.sandbox.events import Clock, EventList
from adapter.sandbox.examine import children, decoded, local, namespace, text_of
from adapter.sandbox.participants import Participant, SandboxSettings, is_same_secret
from adapter.sandbox.reading import Refused, child, value
from adapter.sandbox.script import Occasion, Script
from adapter.sandbox.faults import Stage
from adapter.sandbox.vocabulary import FILE_OPERATIONS, FILE_SERVICE, TEMP_STORAGE
from adapter.sandbox.writing import element, national, optional, text_element

_OK = ("EXAMPLE_OK", "OK")
_ERROR = ("EXAMPLE_ERROR", "ERROR")
_PARTS = {"DOWNLOAD": "downloadRequest", "CONFIRM": "confirmRequest", "GET_FILE_INFO": "getFileInfoRequest"}


@dataclass(kw_only=True, slots=True)
class _File:
    """One file; `content` becomes None when its life is over, the facts stay."""

    identifier: str
    uploader: str
    uploaded_at: datetime
    expires_at: datetime
    size: int
    name: str | None
    mime: str | None
    needs_confirmation: bool | None
    content: bytes | None = field(repr=False)
    deleted_at: datetime | None = None
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None


class FileStore:
    """Keeps files in memory until their life is over."""

    def __init__(
        self, settings: SandboxSettings, clock: Clock, new_id: Callable[[], object], script: Script, events: EventList
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._script = script
        self._events = events
        self._files: dict[str, _File] = {}
        self._lock = RLock()

    def answer(self, request: etree._Element, caller: Participant, message_id: str) -> str:
        """tempStorageResponse for a tempStorageRequest, in the form the settings ask for. Refused SBX-DATA: no such type."""
        operation = value(request, "type")
        if operation not in FILE_OPERATIONS:
            raise Refused("SBX-DATA", f"type is none of {', '.join(FILE_OPERATIONS)}")
        occasion = Occasion(service=FILE_SERVICE, sender=caller.names, operation=operation)
        rule = self._script.due(Stage.FILE, occasion)
        turn = _Turn(caller=caller, message_id=message_id, operation=operation, fault=None if rule is None else rule.fault)
        if rule is not None:
            self._events.add(
                caller.code, "fault.injected", operation=operation, message_id=message_id, fault=rule.fault
            )
            for name in ("file", "lifetime_ms"):
                if name in rule.parameters or rule.fault in {"file-short-life", "upload-partial-failure"}:
                    setattr(turn, name, int(rule.number(name)) if name in _known(rule.fault) else getattr(turn, name))
        with self._lock:
            self._expire()
            if not self._is_allowed(request, caller):
                parts = self._denied(request, operation)
            elif operation == "UPLOAD":
                parts = self._upload(request, turn)
            else:
                parts = self._each(request, turn)
        return self._written(request, operation, parts)

    def holds(self, identifier: str) -> bool:
        """Whether a file with this identifier can be downloaded now."""
        with self._lock:
            self._expire()
            return identifier in self._files and self._files[identifier].content is not None

    def put(self, uploader: Participant, *, name: str, mime: str, content: bytes) -> str:
        """Store a file on a participant's behalf and return its identifier; for the bodies the sandbox plays."""
        with self._lock:
            return self._keep(
                uploader, name=name, mime=mime, content=content, life=self._settings.default_life, confirm=None
            ).identifier
