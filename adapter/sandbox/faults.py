"""The registry of faults the sandbox can play, each with the place where it acts and its parameters.

LISTENER    before a call can be told from another: the connection itself, the reading of a request
CALL        one call to the gateway: instead of its answer, or the answer after the call took effect
CLOCK       one answer of the gateway or one message of the centre: the times that it states
FILE        one call to EDS_TEMP_FILES: what the store does
DIRECTORY   one entry (or the whole answer) of the directory
PUSH        one message that the centre sends to a participant
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Value = str | int | float | bool

LONGEST_SECONDS = 3600.0
LARGEST_NUMBER = 10_000_000
LARGEST_SKEW = 366 * 24 * 3600.0
"""Seconds that a scripted clock may be wrong by, to either side."""


class Stage(StrEnum):
    """Where a fault acts."""

    LISTENER = "listener"
    CALL = "call"
    CLOCK = "clock"
    FILE = "file"
    DIRECTORY = "directory"
    PUSH = "push"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One kind of fault. `parameters` gives every parameter with its default; a value keeps the default's type."""

    name: str
    stage: Stage
    sentence: str
    parameters: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))


def _fault(name: str, stage: Stage, sentence: str, **parameters: Value) -> Fault:
    return Fault(name=name, stage=stage, sentence=sentence, parameters=MappingProxyType(parameters))


_ERROR = "the sandbox was asked to say this"
_ALL = (
    # --- the connection
    _fault(
        "connection-refused",
        Stage.LISTENER,
        "the listener closes, new connections get ECONNREFUSED: at once, or after the matched call was answered; "
        "seconds = 0 keeps it closed until it is opened by hand",
        seconds=2.0,
        at_once=False,
    ),
    _fault("connection-reset", Stage.LISTENER, "the connection is reset when it is made, before a byte is read"),
    _fault(
        "slow-read",
        Stage.LISTENER,
        "a request of at least `above` bytes is read no faster than this; one that is not in within the limit gets 408",
        bytes_per_second=65_536,
        above=0,
    ),
    # --- instead of an answer; `processed` says whether the call took effect all the same
    _fault("reset-before-answer", Stage.CALL, "the request is read, then the connection is reset", processed=False),
    _fault("http-503", Stage.CALL, "503 without a SOAP fault", retry_after=0, processed=False),
    _fault("http-500", Stage.CALL, "500 without a SOAP fault", processed=False),
    _fault("http-502-html", Stage.CALL, "502 with a page of HTML from a proxy", processed=False),
    _fault("http-504", Stage.CALL, "504 of a proxy", processed=False),
    _fault("http-429", Stage.CALL, "429 with Retry-After", retry_after=1),
    _fault("http-413", Stage.CALL, "413 of a proxy"),
    _fault("http-403", Stage.CALL, "403 of a proxy"),
    _fault("http-200-html", Stage.CALL, "200 with a page of HTML", processed=False),
    _fault(
        "soap-fault-listed",
        Stage.CALL,
        "a SOAP fault with a code seen in use",
        code="VAL-R-004",
        text=_ERROR,
        processed=False,
    ),
    _fault(
        "soap-fault-unlisted",
        Stage.CALL,
        "a SOAP fault with a code on no list, with `depth` nested subErrors",
        code="SBX-UNLISTED-077",
        text=_ERROR,
        depth=1,
        processed=False,
    ),
    _fault(
        "soap-fault-in-200",
        Stage.CALL,
        "a SOAP fault under HTTP 200",
        code="SCSE001",
        text=_ERROR,
        processed=False,
    ),
    _fault(
        "status-unlisted",
        Stage.CALL,
        "a well-formed answer whose status code is on no list",
        code="SCSE777",
        text=_ERROR,
        processed=False,
    ),
    # --- the call takes effect, its answer is spoilt
    _fault(
        "timeout-after-accept", Stage.CALL, "taken and processed, then silence until the client gives up", seconds=120.0
    ),
    _fault(
        "hang-after-headers",
        Stage.CALL,
        "processed; status and headers come, then silence until the client gives up",
        seconds=120.0,
    ),
    _fault(
        "answer-after-notices",
        Stage.CALL,
        "processed; the answer waits until what the centre has to say about the document was tried: everything that "
        "waits by then, or the first message of the kind `until`; at most `seconds`",
        until="",
        seconds=30.0,
    ),
    _fault("cut-mid-answer", Stage.CALL, "processed; the connection is cut after this part of the answer", part=0.5),
    _fault("slow-drip", Stage.CALL, "processed; the answer comes in small pieces", chunk=64, pause=0.05),
    _fault("garbage-answer", Stage.CALL, "processed; the answer is noise under a SOAP content type", size=512),
    _fault("unsigned-answer", Stage.CALL, "processed; the answer carries no signature"),
    _fault("wrongly-signed-answer", Stage.CALL, "processed; the answer was changed after it was signed"),
    _fault("stranger-signed-answer", Stage.CALL, "processed; the answer is signed with a key nobody knows"),
    _fault(
        "double-encoded-answer",
        Stage.CALL,
        "processed; status/message is UTF-8 read as Latin-1 and encoded again, and signed so",
        text="Сообщение успешно обработано",
    ),
    _fault(
        "text-payload-answer",
        Stage.CALL,
        "processed; data stands in the XSI namespace and holds its XML as escaped text, as the gateway did in 2023",
    ),
    # --- the exchange's clock
    _fault(
        "clock-skewed",
        Stage.CLOCK,
        "the exchange's clock is wrong by so many seconds, ahead or (below 0) behind, in every time that it states",
        skew=3600.0,
    ),
    # --- files
    _fault("file-forgotten", Stage.FILE, "the store promises a life time and forgets the files of this call at once"),
    _fault("file-short-life", Stage.FILE, "the store grants less life than asked for", lifetime_ms=1000),
    _fault(
        "upload-partial-failure",
        Stage.FILE,
        "the file at this place of the call (from 1) is not kept; the overall status says success",
        file=1,
    ),
    _fault("download-failure", Stage.FILE, "the file at this place of the call (from 1) comes without content", file=1),
    _fault("download-altered", Stage.FILE, "the file at this place (from 1) comes with other bytes", file=1),
    # --- directory
    _fault("directory-entry-deleted", Stage.DIRECTORY, "the entry is marked as deleted"),
    _fault("directory-entry-not-ready", Stage.DIRECTORY, "the entry has isReady = 0"),
    _fault("directory-entry-not-esedo", Stage.DIRECTORY, "the entry has isEsedo = 0"),
    _fault("directory-entry-without-number", Stage.DIRECTORY, "the entry's member number is nil"),
    _fault("directory-entry-missing", Stage.DIRECTORY, "the entry is left out"),
    _fault("directory-error", Stage.DIRECTORY, "ProcessingResult Error with this code", code="500", text=_ERROR),
    # --- what the centre sends
    _fault("document-delivered-twice", Stage.PUSH, "a document comes again", copies=2, same_message=True),
    _fault("notice-duplicated", Stage.PUSH, "a notice comes again", copies=2, same_message=True),
    _fault(
        "notice-reordered",
        Stage.PUSH,
        "the notice waits until `behind` later ones about the same document have gone, at most `seconds`",
        behind=1,
        seconds=30.0,
    ),
    _fault("notice-delayed", Stage.PUSH, "the notice waits before its first try", seconds=1.0),
    _fault(
        "notice-text-reason",
        Stage.PUSH,
        "stateNotValid carries a text where a reason code stands",
        text="Отрицательный результат проверки ЭЦП",
    ),
    _fault(
        "notice-mangled",
        Stage.PUSH,
        "Cyrillic of the notice went through a wrong code page: utf8-as-cp1251, cp1251-as-latin1 or cp1251-as-utf8; "
        "a text given here replaces the first text of the notice",
        form="utf8-as-cp1251",
        text="",
    ),
    _fault(
        "notice-contradicted",
        Stage.PUSH,
        "a stateRegistered is contradicted by a stateNotValid from the same speaker, a stateNotValid by a "
        "stateRegistered: after it, `seconds` later, or `before` it",
        seconds=0.0,
        before=False,
    ),
    _fault("notice-unknown-href", Stage.PUSH, "the notice comes once more, about a document that nobody sent"),
    _fault("push-unsigned", Stage.PUSH, "a message of the centre carries no signature"),
    _fault("push-wrongly-signed", Stage.PUSH, "a message of the centre was changed after it was signed"),
    _fault("push-stranger-signed", Stage.PUSH, "a message of the centre is signed with a key nobody knows"),
    _fault("push-lost", Stage.PUSH, "a message of the centre is never sent"),
)

FAULTS: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in _ALL})
DOCUMENT_FAULTS = frozenset({"document-delivered-twice"})
NOTICE_FAULTS = frozenset(
    {
        "notice-contradicted",
        "notice-delayed",
        "notice-duplicated",
        "notice-mangled",
        "notice-reordered",
        "notice-text-reason",
        "notice-unknown-href",
    }
)
CONTRADICTED = MappingProxyType({"stateRegistered": "stateNotValid", "stateNotValid": "stateRegistered"})
"""Notices that a script can contradict, and by what."""
