"""With no worker alive the endpoint's own process notices what is stuck and tells the webhook; both stop cleanly."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from adapter.composition.stand import Stand
from tests.acceptance.test_processes import REPORT, Program, answers, port_of, program, stopped, until

__all__ = ["program"]
SECRET = "marked-webhook-secret"


@pytest.fixture
def hook() -> Iterator[tuple[str, list[Any]]]:
    heard: list[Any] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", heard
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_document_that_no_worker_takes_is_told_by_the_endpoint(
    program: Program, stand: Stand, hook: tuple[str, list[Any]]
) -> None:
    url, heard = hook
    settings = stand.nodes["KZ-MOF"]
    told = {
        "ELSHI_ALARMS__WEBHOOK_URL": url,
        "ELSHI_ALARMS__WEBHOOK_SECRET": SECRET,
        "ELSHI_ALARMS__OVERDUE_AFTER_SECONDS": "1",
    }
    endpoints = [program.start("serve", "serve", "-s", settings, **told)]
    until(partial(answers, f"http://127.0.0.1:{port_of(settings)}/ready"), program.output)
    (queued,) = program.run("submit", REPORT, "-s", settings)
    until(lambda: bool(heard), program.output)
    (event,) = heard[0]["events"]
    assert (event["action"], event["documentId"]) == ("watch.overdue", queued["documentId"])
    assert event["details"]["code"] == "overdue.not-taken"
    assert [stopped(one) for one in endpoints] == [0]
    assert "alarm" in program.output()
    assert SECRET not in program.output()
