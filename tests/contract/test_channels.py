"""The promises of OutgoingChannel, IncomingChannel and AddressBook, kept over real HTTP.

`Exchange` says what the suite needs of an exchange; every implementation of it is run through every test. The one here is
a small scripted HTTP server that reads the wire with its own eyes. Faults have the names that the sandbox gives them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO, Protocol

import pytest
from lxml import etree

from adapter.domain.document import BodyCode, DocumentId, Sha256
from adapter.domain.incoming import IncomingDocument, IncomingNotice, JournalState
from adapter.domain.notice import NoticeKind
from adapter.domain.receipt import SignatureVerdict
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.exchange.channel import EsedoChannel
from adapter.exchange.directory import Directory
from adapter.exchange.file_store import FileStore
from adapter.http_client import HttpClient, HttpSettings
from adapter.ports import AddressBook, IncomingChannel, OutgoingChannel
from tests.unit.exchange import kit

MFA = BodyCode("KZ-MFA")
ON = date(2026, 11, 20)
CONTENTS = (kit.CONTENT, b"rendition \x00\xff", b"office " * 1000)


class Exchange(Protocol):
    """What the suite needs of an exchange and of the participant that speaks to it."""

    outgoing: OutgoingChannel
    incoming: IncomingChannel
    book: AddressBook

    def will(self, fault: str) -> None:
        """Play this fault at the next call of its stage, once."""

    def taken(self) -> list[str]:
        """Message ids of the ESEDO calls that took effect, in order."""

    def posts(self) -> int:
        """ESEDO calls that arrived, whether they took effect or not."""

    def keep(self, content: bytes) -> str:
        """Put a file of somebody else into the file store; its identifier."""

    def stored(self) -> list[bytes]:
        """Bytes of the files that were uploaded, in order."""

    def push(self, data: str) -> bytes:
        """A message of the exchange to us, signed as it signs them, with this `data` element."""

    def close(self) -> None: ...


# --- a scripted exchange ---------------------------------------------------------------------------------------------
class ScriptedExchange:
    """Everything behind one address: SyncChannel, file store, directory; faults by name, once each."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._taken: list[str] = []
        self._posts = 0
        self._files: dict[str, bytes] = {}
        self._uploads: list[str] = []
        self._release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer._serve(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_: Any) -> None:
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        settings = kit.config(endpoint=f"http://127.0.0.1:{self._server.server_port}/bip-sync-wss-gost/")
        http = HttpClient(
            HttpSettings(plain_http_allowed=True, read_within=timedelta(milliseconds=500)), sleep=lambda _: None
        )
        gateway = kit.gateway(http, settings)
        self.book = Directory(gateway, kit.StillClock(), known=frozenset({MFA}))
        channel = EsedoChannel(gateway=gateway, file_store=FileStore(gateway=gateway), address_book=self.book)
        self.outgoing: OutgoingChannel = channel
        self.incoming: IncomingChannel = channel

    def will(self, fault: str) -> None:
        if fault == "connection-refused":
            self._stop()
        else:
            self._faults.append(fault)

    def taken(self) -> list[str]:
        return list(self._taken)

    def posts(self) -> int:
        return self._posts

    def keep(self, content: bytes) -> str:
        identifier = f"TF-{len(self._files) + 1:04d}"
        self._files[identifier] = content
        return identifier

    def stored(self) -> list[bytes]:
        return [self._files[one] for one in self._uploads]

    def push(self, data: str) -> bytes:
        return kit.signed(kit.push(data))

    def close(self) -> None:
        self._release.set()
        self._stop()

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    # --- what is answered ---
    def _serve(self, call: BaseHTTPRequestHandler, message: bytes) -> None:
        root = etree.fromstring(message)
        service = root.findtext(".//serviceId")
        assert root.find(".//{http://www.w3.org/2000/09/xmldsig#}SignatureValue") is not None
        assert root.findtext(".//requestInfo/sender/password") == kit.CHANNEL_SECRET
        if service == "EDS_TEMP_FILES":
            fault = self._next("file", "upload-")
            self._answer(call, self._file_answer(root, fault), fault if fault.startswith("upload-timeout") else "")
        elif service == "ENSI_SeGetDataGetItems":
            self._answer(call, self._directory_answer(self._next("directory-")), "")
        else:
            self._posts += 1
            fault = self._next("")
            if fault not in _TAKEN_BY_NOBODY:
                self._taken.append(root.findtext(".//messageId") or "")
            self._answer(call, "", fault)

    def _next(self, *prefixes: str) -> str:
        other = ("file", "upload-", "directory-")
        for fault in self._faults:
            if fault.startswith(prefixes) and (prefixes != ("",) or not fault.startswith(other)):
                self._faults.remove(fault)
                return fault
        return ""

    def _answer(self, call: BaseHTTPRequestHandler, data: str, fault: str) -> None:
        page = b"<html><body><h1>proxy</h1></body></html>"
        signed = kit.signed(kit.answer(data=f"<data>{data}</data>" if data else ""))
        match fault:
            case "timeout-after-accept" | "upload-timeout":
                self._release.wait(20)
                call.close_connection = True
                return
            case "reset-before-answer":
                call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                call.close_connection = True
                call.connection.close()
                return
            case "cut-mid-answer":
                call.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + signed[:500])
                call.close_connection = True
                return
        status, body = {
            "http-503": (503, b"down"),
            "http-502-html": (502, page),
            "http-504": (504, page),
            "http-429": (429, b""),
            "http-413": (413, page),
            "http-403": (403, page),
            "http-500-html": (500, page),
            "http-200-html": (200, page),
            "http-302": (302, b""),
            "soap-fault-listed": (500, kit.signed(kit.fault("VAL-R-004"))),
            "soap-fault-unlisted": (500, kit.signed(kit.fault("SBX-UNLISTED-077", "DEEPER"))),
            "soap-fault-in-200": (200, kit.signed(kit.fault("SCSE001"))),
            "status-unlisted": (200, kit.signed(kit.answer("SCSE777"))),
            "garbage-answer": (200, b"\x00\xff" * 200),
            "unsigned-answer": (200, kit.answer()),
            "wrongly-signed-answer": (200, signed.replace(b"successfully", b"successFully")),
            "stranger-signed-answer": (200, kit.signed(kit.answer(), kit.keys().stranger)),
        }.get(fault, (200, signed))
        call.send_response(status)
        call.send_header("Content-Length", str(len(body)))
        if fault == "http-302":
            call.send_header("Location", "/elsewhere")
        call.end_headers()
        call.wfile.write(body)

    def _file_answer(self, root: etree._Element, fault: str) -> str:
        good, bad = (f"<status><code>{code}</code><status>{code}</status></status>" for code in ("OK", "BAD"))
        operation = root.findtext(".//type")
        if operation == "UPLOAD":
            process = f"<fileProcessIdentifier>{root.findtext('.//fileProcessIdentifier')}</fileProcessIdentifier>"
            if fault == "upload-partial-failure":
                return _store("upload", f"<uploadFileResults>{process}{bad}</uploadFileResults>{good}")
            identifier = self.keep(base64.b64decode(root.findtext(".//content") or ""))
            self._uploads.append(identifier)
            granted = f"<fileIdentifier>{identifier}</fileIdentifier><lifeTime>3600000</lifeTime>"
            return _store("upload", f"<uploadFileResults>{process}{good}{granted}</uploadFileResults>{good}")
        identifier = root.findtext(".//fileIdentifiers") or ""
        named = f"<fileIdentifier>{identifier}</fileIdentifier>"
        content = self._files.get(identifier)
        if fault == "file-forgotten":
            self._files.pop(identifier)
            content = None
        part, results = {
            "DOWNLOAD": ("download", "fileDownloadResults"),
            "CONFIRM": ("confirm", "fileConfirmResults"),
            "GET_FILE_INFO": ("getFileInfo", "fileInfoResults"),
        }[operation or ""]
        if content is None:
            return _store(part, f"<{results}>{bad}{named}</{results}>{good}")
        if operation == "DOWNLOAD" and fault != "file-download-failure":
            named += f"<content>{base64.b64encode(content).decode()}</content>"
        facts = (
            "<meta><name>letter.pdf</name><mime>application/pdf</mime>"
            f"<expirationTime>2027-01-01T00:00:00+05:00</expirationTime><size>{len(content)}</size>"
            "<deleted>false</deleted></meta>"
        )
        return _store(part, f"<{results}>{good}{named}{facts}</{results}>{good}")

    def _directory_answer(self, fault: str) -> str:
        ready = "0" if fault == "directory-entry-not-ready" else "1"
        item = (
            f"<Item><name_ru>Р</name_ru><name_kz>К</name_kz><member>{kit.PEER}</member><code>EX-1</code>"
            f"<IsMarkedToDelete>false</IsMarkedToDelete><isEsedo>1</isEsedo><isReady>{ready}</isReady></Item>"
        )
        result = "Error" if fault == "directory-error" else "Success"
        held = "" if fault == "directory-entry-missing" else item
        return (
            f"<Response xmlns='http://nitec.kz/unidic/ws/getdata'><ProcessingResult>{result}</ProcessingResult><ResultData>"
            f"<Data><Items xmlns='http://nitec.kz/unidic/items'>{held}</Items></Data></ResultData></Response>"
        )


_TAKEN_BY_NOBODY = frozenset(
    [
        "http-503",
        "http-502-html",
        "http-429",
        "http-413",
        "http-403",
        "soap-fault-listed",
        "soap-fault-unlisted",
        "soap-fault-in-200",
        "status-unlisted",
    ]
)


def _store(part: str, results: str) -> str:
    return (
        f"<tempStorageResponse xmlns='http://egov.bee.kz/eds/tempstorage/v2/'><{part}Response>{results}"
        f"</{part}Response></tempStorageResponse>"
    )


# --- the suite -------------------------------------------------------------------------------------------------------
EXCHANGES: list[Callable[[], Exchange]] = [ScriptedExchange]


@pytest.fixture(params=EXCHANGES, ids=lambda make: make.__name__)
def exchange(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    made: Exchange = request.param()
    yield made
    made.close()


class Blobs:
    """Opens the bytes of the suite by digest."""

    def open(self, sha256: Sha256) -> BinaryIO:
        return io.BytesIO(next(one for one in CONTENTS if hashlib.sha256(one).hexdigest() == sha256))


def document(**changes: Any) -> Any:
    files = tuple(kit.travelling(f"файл {number}", content) for number, content in enumerate(CONTENTS))
    return kit.document(**({"files": files} | changes))


def prepared(exchange: Exchange) -> bytes:
    return exchange.outgoing.prepare(document(), message_id="m-1", files=Blobs(), at=kit.AT).message


def test_each_file_keeps_its_own_bytes_on_the_way(exchange: Exchange) -> None:
    found = exchange.outgoing.prepare(document(), message_id="m-1", files=Blobs(), at=kit.AT)
    assert exchange.stored() == list(CONTENTS)
    assert found.message_id == "m-1"
    assert found.files_expire_at is not None
    assert found.files_expire_at > kit.AT
    assert exchange.posts() == 0


def test_what_was_prepared_is_taken_once_under_its_own_id(exchange: Exchange) -> None:
    accepted = exchange.outgoing.send(prepared(exchange), at=kit.AT)
    assert (exchange.taken(), exchange.posts()) == (["m-1"], 1)
    assert (accepted.verdict, accepted.code) == (SignatureVerdict.VERIFIED, "SCSS001")
    assert accepted.answer.startswith(b"<")


def test_preparing_again_is_harmless(exchange: Exchange) -> None:
    first, second = prepared(exchange), prepared(exchange)
    assert exchange.taken() == []
    for message in (first, second):
        assert exchange.outgoing.send(message, at=kit.AT).code == "SCSS001"


NOT_TAKEN: list[tuple[str, type[ElshiError], str, bool]] = [
    ("http-503", Retryable, "exchange.unavailable", False),
    ("http-502-html", Retryable, "exchange.unavailable", False),
    ("http-429", Retryable, "exchange.unavailable", False),
    ("http-403", Retryable, "exchange.channel-closed", True),
    ("http-413", Final, "exchange.too-large", False),
    ("soap-fault-listed", Final, "exchange.refused", False),
    ("soap-fault-unlisted", Final, "exchange.not-understood", False),
    ("soap-fault-in-200", Final, "exchange.not-understood", False),
    ("status-unlisted", Final, "exchange.not-understood", False),
]


@pytest.mark.parametrize(("fault", "error", "code", "closed"), NOT_TAKEN)
def test_a_refusal_or_an_outage_is_told_from_each_other(
    exchange: Exchange, fault: str, error: type[ElshiError], code: str, closed: bool
) -> None:
    message = prepared(exchange)
    exchange.will(fault)
    with pytest.raises(error) as caught:
        exchange.outgoing.send(message, at=kit.AT)
    assert caught.value.code == code
    assert getattr(caught.value, "channel_closed", False) is closed
    assert (exchange.posts(), exchange.taken()) == (1, [])
    assert exchange.outgoing.send(message, at=kit.AT).code == "SCSS001"


UNKNOWN = [
    "timeout-after-accept",
    "reset-before-answer",
    "cut-mid-answer",
    "garbage-answer",
    "http-504",
    "http-500-html",
    "http-200-html",
    "http-302",
    "wrongly-signed-answer",
    "stranger-signed-answer",
]


@pytest.mark.parametrize("fault", UNKNOWN)
def test_without_a_believable_answer_the_outcome_is_unknown_and_nothing_is_repeated(
    exchange: Exchange, fault: str
) -> None:
    message = prepared(exchange)
    exchange.will(fault)
    with pytest.raises(OutcomeUnknown):
        exchange.outgoing.send(message, at=kit.AT)
    assert exchange.posts() == 1


def test_the_bytes_of_an_answer_that_cannot_be_believed_are_kept(exchange: Exchange) -> None:
    message = prepared(exchange)
    exchange.will("wrongly-signed-answer")
    with pytest.raises(OutcomeUnknown) as caught:
        exchange.outgoing.send(message, at=kit.AT)
    assert caught.value.answer is not None
    assert b"SCSS001" in caught.value.answer


def test_an_unsigned_answer_counts_and_is_marked(exchange: Exchange) -> None:
    message = prepared(exchange)
    exchange.will("unsigned-answer")
    assert exchange.outgoing.send(message, at=kit.AT).verdict is SignatureVerdict.UNVERIFIED


def test_where_nobody_listens_nothing_has_left(exchange: Exchange) -> None:
    message = prepared(exchange)
    exchange.will("connection-refused")
    with pytest.raises(Retryable) as caught:
        exchange.outgoing.send(message, at=kit.AT)
    assert caught.value.code == "http.no-connection"
    assert exchange.posts() == 0


def test_a_file_that_failed_under_an_overall_success_stops_the_preparation(exchange: Exchange) -> None:
    exchange.will("upload-partial-failure")
    with pytest.raises(Retryable):
        prepared(exchange)


def test_an_upload_without_an_answer_is_uploaded_again(exchange: Exchange) -> None:
    exchange.will("upload-timeout")
    assert prepared(exchange)
    assert set(exchange.stored()) == set(CONTENTS)


def test_no_error_of_the_channel_tells_a_secret(exchange: Exchange) -> None:
    message = prepared(exchange)
    for fault, *_ in NOT_TAKEN:
        exchange.will(fault)
        with pytest.raises(ElshiError) as caught:
            exchange.outgoing.send(message, at=kit.AT)
        shown = f"{caught.value} {caught.value.params!r} {caught.value.__cause__!r}"
        assert not any(secret in shown for secret in kit.SECRETS)


# --- in --------------------------------------------------------------------------------------------------------------
def test_a_signed_push_is_received_answered_and_understood(exchange: Exchange) -> None:
    raw = exchange.push(kit.notice("stateDelivered", "<date>2026-11-20T16:39:58.000+05:00</date>"))
    opened = exchange.incoming.open(raw, at=kit.AT)
    assert (opened.state, opened.verdict, opened.status) == (JournalState.RECEIVED, SignatureVerdict.VERIFIED, 200)
    assert b"SCSS001" in opened.answer
    found = exchange.incoming.interpret(raw)
    assert isinstance(found, IncomingNotice)
    assert found.notice.kind is NoticeKind.DELIVERED
    assert found.notice.document_id == DocumentId(f"urn:uuid:{kit.HREF}")


def test_a_push_that_was_changed_is_refused(exchange: Exchange) -> None:
    raw = exchange.push(kit.notice("stateDelivered"))
    opened = exchange.incoming.open(re.sub(b"stateDelivered", b"stateNotValid_"[:14], raw), at=kit.AT)
    assert (opened.state, opened.status) == (JournalState.REFUSED, 500)
    assert b"SCSS001" not in opened.answer


def test_a_document_of_ours_is_understood_by_the_other_side(exchange: Exchange) -> None:
    found = exchange.incoming.interpret(prepared(exchange))
    assert isinstance(found, IncomingDocument)
    assert len(found.files) == len(CONTENTS)
    fetched = exchange.incoming.fetch_files(found.files, at=kit.AT)
    assert [one.content for one in fetched] == list(CONTENTS)


def test_a_forgotten_file_is_gone_and_one_that_fails_is_not(exchange: Exchange) -> None:
    identifiers = [exchange.keep(b"one")]
    exchange.will("file-download-failure")
    with pytest.raises(Retryable):
        exchange.incoming.fetch_files(identifiers, at=kit.AT)
    assert exchange.incoming.fetch_files(identifiers, at=kit.AT)[0].content == b"one"
    exchange.will("file-forgotten")
    with pytest.raises(Final) as caught:
        exchange.incoming.fetch_files(identifiers, at=kit.AT)
    assert caught.value.code == "exchange.file-gone"


def test_a_file_that_never_was_is_gone(exchange: Exchange) -> None:
    with pytest.raises(Final) as caught:
        exchange.incoming.fetch_files(["../../etc/passwd"], at=kit.AT)
    assert caught.value.code == "exchange.file-gone"


# --- the address book ------------------------------------------------------------------------------------------------
def test_a_body_is_found_and_found_again_by_its_number(exchange: Exchange) -> None:
    found = exchange.book.find(MFA, on=ON)
    assert found.body == MFA
    assert exchange.book.body_of(found.member) == MFA
    assert exchange.book.body_of("1") is None


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("directory-entry-not-ready", Final, "exchange.addressee-not-ready"),
        ("directory-entry-missing", Final, "exchange.addressee-unknown"),
        ("directory-error", Retryable, "exchange.directory-error"),
        ("connection-refused", Retryable, "http.no-connection"),
    ],
)
def test_only_a_ready_addressee_is_one_and_silence_refuses_nobody(
    exchange: Exchange, fault: str, error: type[ElshiError], code: str
) -> None:
    exchange.will(fault)
    with pytest.raises(error) as caught:
        exchange.book.find(MFA, on=ON)
    assert caught.value.code == code
