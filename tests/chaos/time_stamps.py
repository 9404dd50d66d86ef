"""The time-stamp authority of the run: on the loopback, on a clock that nobody sets, and out for a while when the plan says so."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import signing
from signing.sandbox_services.services import SandboxServices
from signing.sandbox_services.tsa import SandboxTsa

OUTAGES = ("rubbish", "error", "silence")
"""What may be had instead of a token: an answer of no protocol, an error of HTTP, an answer that comes after everybody has gone."""

_SILENT_FOR = 8.0


class Authority:
    """Answers honestly while `outage` is None. `ahead`: a day that has passed for everybody."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        pki = signing.SandboxPki.create(not_before=now - timedelta(days=2), not_after=now + timedelta(days=30))
        tsa = SandboxTsa(key=pki.issue("tsa", "SANDBOX TSA", "Sandbox", key="ec-p256"), clock=self._now)
        self.root = pki.anchor_pem()
        self.outage: str | None = None
        self.ahead = timedelta()
        self.given = self.withheld = 0
        self._services = SandboxServices.of(pki, self._now, tsa=tsa)
        authority = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tsa"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def _answer(self, call: BaseHTTPRequestHandler) -> None:
        try:
            body = call.rfile.read(int(call.headers["Content-Length"]))
            outage = self.outage
            if outage is None:
                content = self._services.fetch(
                    signing.FetchRequest(kind="time-stamp", url=self.url, body=body), 1_000_000
                )
                self.given += 1
            else:
                content = b"rubbish"
                self.withheld += 1
                if outage == "silence":
                    time.sleep(_SILENT_FOR)
            call.send_response(503 if outage == "error" else 200)
            call.send_header("Content-Length", str(len(content)))
            call.end_headers()
            call.wfile.write(content)
        except OSError:
            call.close_connection = True  # who asked was killed, or has gone

    def close(self) -> None:
        """Nobody answers any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)
