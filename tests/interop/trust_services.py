"""The sandbox's trust services around the real now, in memory for us and on loopback for programs that ask over HTTP.

Foreign programs judge at the time of the machine's clock, so this PKI is valid around it. Its certificates name addresses
that nobody has; a program asks on loopback for such an address in the path.
"""

from __future__ import annotations

import atexit
import threading
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

from signing.errors import SigningError
from signing.fetcher import FetchRequest
from signing.keys import SigningKey
from signing.sandbox_pki import IssuedKey, SandboxPki, StatusUrls
from signing.sandbox_services.services import SandboxServices
from signing.sandbox_services.tsa import SandboxTsa
from signing.timestamp import TimeStampAuthority
from signing.trust_anchors import TrustAnchors

BIN = "123456789012"
TSA_URL = "http://tsa.sandbox.invalid/"
NOW = datetime.now(UTC).replace(microsecond=0)
"""When this run began."""


def now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def _whole_second() -> datetime:
    return now().replace(microsecond=0)


@cache
def pki() -> SandboxPki:
    return SandboxPki.create(
        not_before=NOW - timedelta(days=30), not_after=NOW + timedelta(days=400), urls=StatusUrls()
    )


@cache
def issued(kind: str, key: str = "rsa-2048", name: str = "Үлгі Б.") -> IssuedKey:
    return pki().issue(kind, name, "Үлгі министрлігі", bin=BIN, key=key)  # type: ignore[arg-type]


def key_of(kind: str, key: str = "rsa-2048", name: str = "Үлгі Б.") -> SigningKey:
    return issued(kind, key, name).signing_key()


@cache
def short_lived() -> SigningKey:
    """A key whose certificate ends in ten days."""
    ends = NOW + timedelta(days=10)
    return pki().issue("head", "Қысқа Б.", "Үлгі министрлігі", bin=BIN, key="ec-p256", not_after=ends).signing_key()


@cache
def stranger() -> SigningKey:
    """A key under another root of the same name."""
    other = SandboxPki.create(not_before=pki().not_before, not_after=pki().not_after)
    return other.issue("head", "Үлгі Б.", "Үлгі министрлігі", bin=BIN, key="ec-p256").signing_key()


@cache
def anchors() -> TrustAnchors:
    return pki().trust_anchors()


@cache
def services() -> SandboxServices:
    """Honest ones; nothing is revoked but the certificate of `revoked`."""
    tsa = SandboxTsa(key=issued("tsa", "rsa-2048", "SANDBOX TSA"), clock=now)
    made = SandboxServices.of(pki(), _whole_second, responder=issued("ocsp-responder"), tsa=tsa)
    made.register.revoke(issued("head", "ec-p256", "Кері Б.").certificate, NOW - timedelta(days=1), reason=1)
    return made


def revoked() -> SigningKey:
    """A key whose certificate was revoked a day ago because the key was lost."""
    return key_of("head", "ec-p256", "Кері Б.")


def tsa() -> SandboxTsa:
    made = services().tsa
    assert made is not None
    return made


def authority() -> TimeStampAuthority:
    numbers = iter(range(1, 1000))
    return TimeStampAuthority(url=TSA_URL, fetcher=services(), nonce=lambda: next(numbers), clock=now)


@cache
def certificate_list(issuer: bytes) -> bytes:
    """DER of the CRL of one of the two authorities."""
    lists = services().root_crl if issuer == pki().root else services().crl
    return lists.issue(_whole_second())


# --- on loopback ---------------------------------------------------------------------------------------------------
def on_loopback(url: str) -> str:
    """Where the service of this address answers."""
    return f"{address()}/{quote(url, safe='')}"


@cache
def address() -> str:
    """Where the services listen, from the first call until the program ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    atexit.register(server.server_close)
    atexit.register(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._respond("crl", None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._respond("time-stamp" if unquote(self.path[1:]) == TSA_URL else "ocsp", body)

    def _respond(self, kind: str, body: bytes | None) -> None:
        asked = FetchRequest(kind=kind, url=unquote(self.path[1:]), body=body)  # type: ignore[arg-type]
        try:
            answer, status = services().fetch(asked, 1_000_000), 200
        except SigningError as error:
            answer, status = str(error).encode(), 404
        self.send_response(status)
        self.send_header("Content-Type", _TYPES[kind])
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Quiet: what was asked is seen in the answers."""


_TYPES = {
    "time-stamp": "application/timestamp-reply",
    "ocsp": "application/ocsp-response",
    "crl": "application/pkix-crl",
}
