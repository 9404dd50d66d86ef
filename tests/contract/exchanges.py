"""The exchanges that the channel suite runs against: a scripted HTTP server of its own, and the sandbox.

Both are reached over real HTTP on this machine. Faults have the sandbox's names; `upload-timeout` and
`file-download-failure` say at which call.
"""

from __future__ import annotations

import base64
import socket
import struct
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Protocol
from uuid import UUID

import pytest
from lxml import etree

from adapter.domain.document import BodyCode
from adapter.exchange.channel import EsedoChannel
from adapter.exchange.config import Account, DirectoryConfig, ExchangeConfig
from adapter.exchange.directory import Directory
from adapter.exchange.file_store import FileStore
from adapter.http_client import HttpClient, HttpSettings
from adapter.ports import AddressBook, IncomingChannel, OutgoingChannel
from adapter.sandbox import FAULTS, Participant, Rule, SandboxSettings, Serving, serve
from adapter.secret import Secret
from tests.unit.exchange import kit

MFA = BodyCode("KZ-MFA")


class Exchange(Protocol):
    """What the suite needs of an exchange and of the participant that speaks to it."""

    outgoing: OutgoingChannel
    incoming: IncomingChannel
    book: AddressBook

    def will(self, fault: str) -> None:
        """Play this fault at the next call of its stage, once; skips the test when this exchange has no such fault."""

    def taken(self) -> list[str]:
        """Message ids of the ESEDO calls that took effect, in order."""

    def posts(self) -> int:
        """ESEDO calls that arrived, whether they took effect or not."""

    def keep(self, content: bytes) -> str:
        """Put a file of somebody else into the file store; its identifier."""

    def uploads(self) -> int:
        """How many files of ours the store has taken."""

    def complaints(self) -> list[str]:
        """What the exchange found wrong with our messages, if it looks."""

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
        self.outgoing, self.incoming, self.book = _parts(settings)

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

    def uploads(self) -> int:
        return len(self._uploads)

    def complaints(self) -> list[str]:
        return []

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


# --- the sandbox -----------------------------------------------------------------------------------------------------
class SandboxExchange:
    """The sandbox in a thread, with us and the Ministry of Foreign Affairs as participants."""

    def __init__(self) -> None:
        pki = kit.keys()
        numbers = count(1)
        self._serving: Serving = serve(
            SandboxSettings(
                participants=(
                    _participant("US", kit.US, "elshi_test", certificates=(pki.ours.certificate,)),
                    _participant("EX-1", int(kit.PEER), "peer_example", plays="nothing"),
                ),
                gateway_key=pki.gateway.signing_key(),
                stranger_key=pki.stranger.signing_key(),
                trust=pki.pki.trust_anchors(),
                refuses_findings=True,
            ),
            kit.StillClock(),
            new_id=lambda: UUID(int=next(numbers) | (4 << 76) | (8 << 60)),
        )
        self._sandbox = self._serving.sandbox
        secrets = (kit.CHANNEL_SECRET, kit.FILE_SECRET, kit.DIRECTORY_SECRET)
        channel, files, directory = (Account(sender_id="elshi_test", password=Secret(one)) for one in secrets)
        self.outgoing, self.incoming, self.book = _parts(
            kit.config(
                endpoint=self._serving.gateway_url,
                account=channel,
                file_store=files,
                directory=DirectoryConfig(
                    account=directory, entity_name="EXAMPLE_ORGANISATIONS", bodies=kit.config().directory.bodies
                ),
            )
        )

    def will(self, fault: str) -> None:
        if fault == "connection-refused":
            self._serving.close_gateway()
        elif fault == "upload-timeout":
            rule = Rule(fault="timeout-after-accept", service="EDS_TEMP_FILES")
            self._sandbox.add_faults(rule)
        elif fault == "file-download-failure":
            self._sandbox.add_faults(Rule(fault="download-failure"))
        elif fault.startswith("directory-entry-"):
            self._sandbox.add_faults(Rule(fault=fault, addressee="EX-1"))
        elif fault.startswith(("file-", "upload-", "directory-")):
            self._sandbox.add_faults(Rule(fault=fault))
        elif fault not in FAULTS:
            pytest.skip(f"the sandbox does not play {fault}")
        else:
            self._sandbox.add_faults(Rule(fault=fault, service="ESEDO_UNIVERSAL_SERVICE"))

    def taken(self) -> list[str]:
        return [one.message_id or "" for one in self._sandbox.events() if one.what == "document.taken"]

    def posts(self) -> int:
        """ESEDO calls that were answered, however badly."""
        return sum(
            one.what == "call.answered" and one.service == "ESEDO_UNIVERSAL_SERVICE" for one in self._sandbox.events()
        )

    def keep(self, content: bytes) -> str:
        peer = self._sandbox.settings.by_code("EX-1")
        assert peer is not None
        return self._sandbox.file_store.put(peer, name="letter.pdf", mime="application/pdf", content=content)

    def uploads(self) -> int:
        return sum(one.what == "file.stored" and one.participant == "US" for one in self._sandbox.events())

    def push(self, data: str) -> bytes:
        return kit.signed(kit.push(data))

    def complaints(self) -> list[str]:
        return [f"{one.code} {one.path}" for one in self._sandbox.protocol_findings()]

    def close(self) -> None:
        self._serving.stop()


def _participant(code: str, member: int, account: str, **more: Any) -> Participant:
    return Participant(
        code=code,
        name_kk=f"{code} kk",
        name_ru=f"{code} ru",
        member=member,
        sender_org=member + 1,
        account=account,
        channel_password=kit.CHANNEL_SECRET,
        file_password=kit.FILE_SECRET,
        directory_password=kit.DIRECTORY_SECRET,
        **more,
    )


def _parts(settings: ExchangeConfig) -> tuple[OutgoingChannel, IncomingChannel, AddressBook]:
    """Our side, put together for one exchange."""
    http = HttpClient(
        HttpSettings(plain_http_allowed=True, read_within=timedelta(milliseconds=500)), sleep=lambda _: None
    )
    gateway = kit.gateway(http, settings)
    book = Directory(gateway, kit.StillClock(), known=frozenset({MFA}))
    channel = EsedoChannel(gateway=gateway, file_store=FileStore(gateway=gateway), address_book=book)
    return channel, channel, book
