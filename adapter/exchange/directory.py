"""The directory of organisations (ENSI): body -> participant id, and back (reference, section 5).

A body that is marked deleted, has no number, or is not known to be ready for ESEDO is not an addressee. One reading of
the directory serves for a while and is kept with its time; a directory that is silent after that is waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final as Constant

from lxml import etree

import schemas
from adapter.domain.document import BodyCode
from adapter.domain.outgoing import Words
from adapter.errors import Final, Retryable
from adapter.exchange.config import DirectoryConfig
from adapter.exchange.documents import number
from adapter.exchange.envelope import named, payload
from adapter.exchange.gateway import Gateway
from adapter.exchange.markup import XSI, child, children, element, local, text
from adapter.ports import Clock, Participant

GET_DATA: Constant = "http://nitec.kz/unidic/ws/getdata"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """One organisation as the directory has it; `member` is None when it is nil or no number."""

    code: str
    member: str | None
    name: Words
    is_deleted: bool
    is_esedo: str
    is_ready: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """The whole directory at one moment. Never changed, so threads may share it."""

    read_at: datetime
    entries: tuple[_Entry, ...]


class Directory:
    """Implements AddressBook; `known` are the codes of the list of state bodies."""

    def __init__(self, gateway: Gateway, clock: Clock, *, known: frozenset[BodyCode]) -> None:
        self._gateway = gateway
        self._clock = clock
        self._known = known
        self._reading: _Reading | None = None
        self._bodies = {address.code: BodyCode(body) for body, address in self._settings.bodies.items()}

    @property
    def _settings(self) -> DirectoryConfig:
        return self._gateway.config.directory

    def find(self, body: BodyCode, *, on: date) -> Participant:
        """The participant that a body is now; `on` only tells a reader of the refusal for which day it was asked.

        Raises Final `exchange.addressee-unknown`, `exchange.addressee-not-ready`, `exchange.addressee-ambiguous`;
        Retryable `exchange.directory-error`, `exchange.directory-unreadable` and what the gateway raises.
        """
        address = self._settings.bodies.get(body)
        code = address.code if address else body
        entries = [entry for entry in self._entries() if entry.code == code]
        asked: dict[str, object] = {"body": body, "code": code, "on": on.isoformat()}
        if not entries:
            raise Final("exchange.addressee-unknown", params=asked)
        causes = {entry: self._why_not(entry) for entry in entries}
        ready = {entry.member: entry for entry, cause in causes.items() if cause is None}
        if not ready:
            raise Final("exchange.addressee-not-ready", params={**asked, "cause": causes[entries[0]]})
        if len(ready) > 1:
            raise Final("exchange.addressee-ambiguous", params={**asked, "count": len(ready)})
        ((member, entry),) = ready.items()
        assert member is not None  # an entry without a number is not ready
        return Participant(body=body, member=member, name=entry.name)

    def body_of(self, member: str) -> BodyCode | None:
        """The body behind a participant id. Who has left the exchange still has sent what they sent.

        None also when two bodies have the number. Raises as `find` when the directory cannot be had.
        """
        wanted = number(member)
        found = {self._body(entry.code) for entry in self._entries() if wanted is not None and entry.member == wanted}
        known = found - {None}
        return known.pop() if len(known) == 1 else None

    def _body(self, code: str) -> BodyCode | None:
        mapped = self._bodies.get(code)
        if mapped is not None:
            return mapped
        return BodyCode(code) if code in self._known else None

    def _why_not(self, entry: _Entry) -> str | None:
        if entry.is_deleted:
            return "IsMarkedToDelete"
        if entry.member is None:
            return "member"
        positive = {value.casefold() for value in self._settings.positive}
        for name, value in (("isEsedo", entry.is_esedo), ("isReady", entry.is_ready)):
            if value.casefold() not in positive:
                return name
        return None

    # --- reading ------------------------------------------------------------------------------------------------------
    def _entries(self) -> tuple[_Entry, ...]:
        now = self._clock.now()
        reading = self._reading
        if reading is None or not now - self._settings.cache_for < reading.read_at <= now:
            reading = _Reading(read_at=now, entries=tuple(self._fetch(now)))
            self._reading = reading
        return reading.entries

    def _fetch(self, now: datetime) -> Iterator[_Entry]:
        account = self._settings.account
        request = element(
            "Request",
            element("Login", account.sender_id),
            element("Password", account.password.reveal()),
            element("EntityName", self._settings.entity_name),
            attributes={"xmlns": GET_DATA},
        )
        answer = self._gateway.ask(
            service=self._gateway.config.services.directory, data=element("data", request), at=now
        )
        try:
            content = None if answer.data is None else payload(answer.data)
            response = None if content is None else named(content, "Response")
            if response is None:
                raise Retryable("exchange.directory-unreadable", params={"cause": "Response"})
            if text(response, "ProcessingResult") != "Success":
                params = {
                    "code": text(response, "ErrorInfo", "ErrorCode") or "",
                    "text": self._gateway.shown((text(response, "ErrorInfo", "ErrorMessage") or "")[:200]),
                }
                raise Retryable("exchange.directory-error", params=params)
            held = child(response, "ResultData", "Data")
            items = None if held is None else _items(payload(held))
        except schemas.XmlRefused as error:
            raise Retryable("exchange.directory-unreadable", params={"cause": error.code}) from error
        if items is None:
            # An empty directory and one that was cut look alike: nobody is refused on the ground of it.
            raise Retryable("exchange.directory-unreadable", params={"cause": "Items"})
        return (_entry(item) for item in children(items, "Item"))


def _items(content: etree._Element) -> etree._Element | None:
    return content if local(content) == "Items" else child(content, "Items")


def _entry(item: etree._Element) -> _Entry:
    member = child(item, "member")
    is_nil = member is not None and member.get(f"{{{XSI}}}nil") in {"true", "1"}
    return _Entry(
        code=text(item, "code") or "",
        member=None if is_nil else number(text(item, "member")),
        name=Words(kk=text(item, "name_kz") or "", ru=text(item, "name_ru") or ""),
        # Anything but a plain no is a yes: nobody is addressed on the ground of an unreadable mark.
        is_deleted=text(item, "IsMarkedToDelete") not in {"false", "0"},
        is_esedo=text(item, "isEsedo") or "",
        is_ready=text(item, "isReady") or "",
    )
