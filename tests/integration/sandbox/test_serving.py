from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapter.errors import Final
from adapter.sandbox import serve
from tests.integration.sandbox.conftest import Exchange
from tests.unit.sandbox.soap import (
    DATE,
    EVERY_SECRET,
    HREF,
    REGISTERED,
    Endpoint,
    Keys,
    ManualClock,
    about,
    document,
    entity,
    envelope,
    notice,
    post,
    settings,
    signed,
    upload,
)


def raw(exchange: Exchange, *parts: bytes, url: str | None = None) -> bytes:
    """Bytes in, everything that comes back out."""
    address = urlsplit(url or exchange.serving.gateway_url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as one:
        for part in parts:
            one.sendall(part)
        received = b""
        while chunk := one.recv(65536):
            received += chunk
        return received


# --- the whole way ------------------------------------------------------------------------------------------------------
def test_a_document_goes_the_whole_way_and_every_step_can_be_seen(exchange: Exchange) -> None:
    identifier = exchange.stored(b"report")
    assert exchange.sent(identifier).code == "SCSS001"
    exchange.pushed("foreign", 1)
    download = envelope(about("DOWNLOAD", identifier, account="mfa_test"), service="EDS_TEMP_FILES", sender="mfa_test")
    assert exchange.call(download, by="foreign").one("content") == "cmVwb3J0"
    for said in (notice("stateDelivered", DATE), notice("stateRegistered", *REGISTERED)):
        assert exchange.said(said).code == "SCSS001"
    assert exchange.kinds("ministry", 3) == ["stateStartProcessResponse", "stateDelivered", "stateRegistered"]
    exchange.until(lambda: exchange.sandbox.lanes.waiting() == 0)
    assert exchange.sandbox.protocol_findings() == ()
    status, seen = exchange.control("GET", "/sandbox/events")
    assert status == 200
    steps = [one["what"] for one in seen["events"] if one.get("href") == HREF]
    for step in ("document.taken", "call.answered", "push.queued", "push.delivered", "notice.taken"):
        assert step in steps
    numbers = [one["number"] for one in seen["events"]]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_participant_that_is_down_gets_everything_when_it_is_back(keys: Keys, exchange: Exchange) -> None:
    exchange.foreign.close()
    exchange.sent()
    failed = lambda: [one for one in exchange.sandbox.events() if one.what == "push.failed"]  # noqa: E731
    exchange.until(lambda: len(failed()) >= 2)
    assert {one.outcome for one in failed()} == {"http.no-connection"}
    back = Endpoint(keys.foreign)
    exchange.foreign = back
    try:
        exchange.sandbox.set_endpoint("MFA", back.url)
        assert exchange.kinds("foreign", 1) == ["docOutgoing"]
    finally:
        exchange.until(lambda: exchange.sandbox.lanes.waiting() == 0)
        back.close()


def test_many_calls_at_once_are_all_answered_and_none_is_lost(exchange: Exchange) -> None:
    hrefs = [str(uuid.uuid4()) for _ in range(24)]
    codes: list[str] = []

    def send(href: str) -> None:
        codes.append(exchange.call(envelope(document().replace(HREF, href))).code)

    threads = [threading.Thread(target=send, args=(href,)) for href in hrefs]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert codes == ["SCSS001"] * 24
    received = b"".join(exchange.pushed("foreign", 24))
    assert all(href.encode() in received for href in hrefs)


def test_a_script_by_the_api_keeps_its_seed_and_the_book_is_read_page_by_page(exchange: Exchange) -> None:
    rule = {"name": "http-503", "service": "EDS_TEMP_FILES", "share": 0.25}
    status, told = exchange.control("POST", "/sandbox/script", {"seed": 7, "fault": [rule]})
    assert (status, told["fault"]) == (200, [{**rule, "nth": 1, "count": 0, "seed": 7, "struck": 0}])
    for href in ("doc-1", "doc-2", "doc-3"):
        assert exchange.call(envelope(document().replace(HREF, href))).code == "SCSS001"
    exchange.pushed("foreign", 3)
    pages = [exchange.control("GET", f"/sandbox/documents?after={after}&limit=2")[1] for after in (0, 2)]
    assert [[one["href"] for one in page["documents"]] for page in pages] == [["doc-1", "doc-2"], ["doc-3"]]
    _, one = exchange.control("GET", "/sandbox/documents?href=doc-2")
    assert [(entry["number"], entry["taken"]) for entry in one["documents"]] == [(2, 1)]
    assert exchange.control("GET", "/sandbox/documents?href=none")[1] == {"documents": []}


# --- limits -------------------------------------------------------------------------------------------------------------
def test_a_request_over_the_limit_is_refused_by_its_length(new_exchange: Callable[..., Exchange]) -> None:
    exchange = new_exchange(max_request_bytes=10_000)
    head = f"POST {exchange.sandbox.settings.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10001\r\n\r\n".encode()
    assert raw(exchange, head).startswith(b"HTTP/1.1 413")


def test_a_chunked_request_over_the_limit_is_refused_while_it_comes(new_exchange: Callable[..., Exchange]) -> None:
    exchange = new_exchange(max_request_bytes=10_000)
    head = f"POST {exchange.sandbox.settings.path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert raw(exchange, head, b"2800\r\n" + b"x" * 0x2800 + b"\r\n").startswith(b"HTTP/1.1 413")


def test_the_largest_request_passes(new_exchange: Callable[..., Exchange]) -> None:
    exchange = new_exchange()
    content = os.urandom(1000) * 10_000
    answer = exchange.file(upload(content))
    assert answer.all("fileIdentifier")
    assert len(exchange.file(about("DOWNLOAD", answer.one("fileIdentifier"))).one("content")) > 13_000_000


def test_a_body_that_does_not_come_in_time_is_refused(new_exchange: Callable[..., Exchange]) -> None:
    exchange = new_exchange(read_within=timedelta(milliseconds=200))
    head = f"POST {exchange.sandbox.settings.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf".encode()
    assert raw(exchange, head).startswith(b"HTTP/1.1 408")


def test_a_connection_without_a_request_is_closed(new_exchange: Callable[..., Exchange]) -> None:
    exchange = new_exchange(read_within=timedelta(milliseconds=200))
    assert raw(exchange, b"POST / HT") == b""


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\0" * 100, b"X" * 100_000])
def test_what_is_no_http_leaves_the_gateway_alive(exchange: Exchange, junk: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        raw(exchange, junk + b"\r\n\r\n")
    assert exchange.sent().code == "SCSS001"


def test_a_client_that_goes_away_in_the_middle_is_noted(exchange: Exchange) -> None:
    address = urlsplit(exchange.serving.gateway_url)
    head = f"POST {exchange.sandbox.settings.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf".encode()
    with socket.create_connection((address.hostname or "", address.port or 0)) as one:
        one.sendall(head)
    gone = lambda: [one.what for one in exchange.sandbox.events() if one.outcome == "the client went away"]  # noqa: E731
    exchange.until(lambda: bool(gone()))
    assert gone() == ["call.refused"]
    assert exchange.sent().code == "SCSS001", "the next client is served"


def test_only_post_is_answered_at_the_gateway(exchange: Exchange) -> None:
    request = f"GET {exchange.sandbox.settings.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    assert raw(exchange, request).startswith(b"HTTP/1.1 405")


# --- the watching door --------------------------------------------------------------------------------------------------
def test_the_script_is_changed_while_the_sandbox_runs(exchange: Exchange) -> None:
    status, now = exchange.control("POST", "/sandbox/script", {"fault": [{"name": "http-503", "count": 0}]})
    assert (status, now["fault"][0]["name"], now["fault"][0]["struck"]) == (200, "http-503", 0)
    assert exchange.sent().status == 503
    assert exchange.control("GET", "/sandbox/script")[1]["fault"][0]["struck"] == 1
    assert exchange.control("DELETE", "/sandbox/script") == (200, {"fault": []})
    assert exchange.sent().code == "SCSS001"


def test_a_script_may_be_toml(exchange: Exchange) -> None:
    text = b'[[fault]]\nname = "http-504"\n'
    assert exchange.control("POST", "/sandbox/script", text, **{"Content-Type": "application/toml"})[0] == 200
    assert exchange.sent().status == 504


def test_an_unknown_fault_is_refused_with_the_known_ones(exchange: Exchange) -> None:
    status, told = exchange.control("POST", "/sandbox/script", {"fault": [{"name": "nope"}]})
    assert (status, told["code"]) == (400, "sandbox.unknown-fault")
    assert "timeout-after-accept" in told["params"]["known"]


@pytest.mark.parametrize(
    "body", [b"\xff", b"[]", b"1", b'{"fault": 1}', b"[" * 100_000, b"x" * 300_000, b'{"fault":[1]}']
)
def test_a_script_that_is_none_is_refused(exchange: Exchange, body: bytes) -> None:
    assert exchange.control("POST", "/sandbox/script", body)[0] == 400
    assert exchange.sent().code == "SCSS001"


@pytest.mark.parametrize(
    "method_path", [("POST", "/sandbox/script"), ("DELETE", "/sandbox/script"), ("POST", "/sandbox/documents")]
)
def test_a_page_in_a_browser_cannot_steer_the_sandbox(exchange: Exchange, method_path: tuple[str, str]) -> None:
    assert exchange.control(*method_path, {"fault": []}, Origin="http://evil.example")[0] == 403


def test_a_forwarded_address_is_not_believed(exchange: Exchange) -> None:
    status, _ = exchange.control("GET", "/sandbox/health", None, **{"X-Forwarded-For": "10.0.0.1"})
    assert status == 200
    status, _ = exchange.control("DELETE", "/sandbox/script", None, **{"X-Forwarded-For": "10.0.0.1"})
    assert status == 200


def test_other_machines_may_watch_but_not_change() -> None:
    from starlette.requests import Request

    from adapter.sandbox.app import _is_loopback

    def come_from(host: str) -> bool:
        return _is_loopback(Request({"type": "http", "client": (host, 1), "headers": []}))

    assert [come_from(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "10.0.0.1", "localhost", "")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_every_fault_is_listed_with_its_parameters(exchange: Exchange) -> None:
    listed = exchange.control("GET", "/sandbox/faults")[1]["faults"]
    assert {"name": "slow-drip", "chunk": 64} in [
        {"name": one["name"], "chunk": one["parameters"]["chunk"]} for one in listed if "chunk" in one["parameters"]
    ]


def test_the_watching_door_answers_while_the_gateway_is_closed(exchange: Exchange) -> None:
    assert exchange.control("POST", "/sandbox/listener", {"open": False})[0] == 200
    with pytest.raises(ConnectionRefusedError):
        exchange.sent()
    assert exchange.control("GET", "/sandbox/health") == (200, b"ok")
    assert exchange.control("POST", "/sandbox/listener", {"open": True})[0] == 200
    assert exchange.sent().code == "SCSS001"


def test_a_closed_gateway_opens_by_itself(exchange: Exchange) -> None:
    exchange.serving.close_gateway(0.2)
    with pytest.raises(ConnectionRefusedError):
        exchange.sent()
    exchange.until(lambda: "gateway.opened" in [one.what for one in exchange.sandbox.events()])
    assert exchange.sent().code == "SCSS001"


def test_a_refusal_at_once_needs_no_call(exchange: Exchange) -> None:
    exchange.script('[[fault]]\nname = "connection-refused"\nat_once = true\nseconds = 0\n')
    exchange.until(lambda: "gateway.closed" in [one.what for one in exchange.sandbox.events()])
    with pytest.raises(ConnectionRefusedError):
        exchange.sent()


def test_a_document_can_be_sent_from_outside_for_whoever_tests_a_receiver(exchange: Exchange) -> None:
    asked = {
        "sender": "PLAY",
        "performer": "MFA",
        "files": [{"name": "a.xml", "mime": "application/xml", "content": "PGEvPg=="}],
        "fields": {"docNo": "9"},
    }
    status, told = exchange.control("POST", "/sandbox/documents", asked)
    assert status == 201
    (message,) = exchange.pushed("foreign", 1)
    assert told["href"].encode() in message
    assert exchange.control("POST", "/sandbox/documents", {**asked, "sender": "WHO"})[0] == 400
    assert exchange.control("POST", "/sandbox/documents", {**asked, "files": [{"name": "a", "content": "%"}]})[0] == 400
    assert exchange.control("POST", "/sandbox/documents", {})[0] == 400


def test_findings_are_shown_by_participant(exchange: Exchange) -> None:
    exchange.call(envelope(document(own="<somethingElse/>")))
    found = exchange.control("GET", "/sandbox/findings?participant=MIN")[1]["findings"]
    assert [one["code"] for one in found] == ["unknown-element"]
    assert exchange.control("GET", "/sandbox/findings?participant=MFA")[1] == {"findings": []}


def test_events_can_be_read_from_a_number_on(exchange: Exchange) -> None:
    exchange.sent()
    events = exchange.control("GET", "/sandbox/events?after=2&limit=1")[1]["events"]
    assert [one["number"] for one in events] == [3]
    assert exchange.control("GET", "/sandbox/events?after=x")[0] == 200


# --- start and stop -----------------------------------------------------------------------------------------------------
def test_a_port_that_is_taken_is_refused_with_its_address(exchange: Exchange, keys: Keys) -> None:
    port = urlsplit(exchange.serving.gateway_url).port
    with pytest.raises(Final) as refused:
        serve(settings(keys), ManualClock(), port=port, new_id=uuid.uuid4)
    assert refused.value.code == "sandbox.address-taken"
    assert str(port) in str(refused.value.params["address"])


def test_the_port_stays_taken_while_the_gateway_is_closed(exchange: Exchange) -> None:
    exchange.serving.close_gateway()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", urlsplit(exchange.serving.gateway_url).port))


def test_stopping_ends_a_call_that_hangs_and_tells_what_was_not_delivered(
    new_exchange: Callable[..., Exchange],
) -> None:
    exchange = new_exchange()
    exchange.sandbox.set_endpoint("MFA", None)
    exchange.script('[[fault]]\nname = "timeout-after-accept"\nseconds = 3600\n')
    ended: list[Exception] = []

    def send() -> None:
        try:
            exchange.sent()
        except OSError as error:
            ended.append(error)

    client = threading.Thread(target=send)
    client.start()
    exchange.until(exchange.has_processed)
    exchange.pushed("ministry", 1)
    exchange.until(lambda: exchange.sandbox.lanes.waiting() == 1)
    exchange.serving.stop()
    client.join()
    assert len(ended) == 1
    last = exchange.sandbox.events()[-1]
    assert (last.what, last.outcome) == ("gateway.stopped", "1 messages not delivered")


def test_events_go_to_a_file_line_by_line_and_hold_no_secret(keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    with serve(settings(keys), ManualClock(), new_id=uuid.uuid4, event_file=file) as serving:
        post(serving.gateway_url, signed(envelope(document()), keys.ministry))
        post(serving.gateway_url, signed(envelope(entity(), service="ENSI_SeGetDataGetItems"), keys.ministry))
        number = len(serving.sandbox.events())
        assert len(file.read_text(encoding="utf-8").splitlines()) >= number
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [json.loads(one)["number"] for one in lines] == list(range(1, len(lines) + 1))
    assert json.loads(lines[-1])["what"] == "gateway.stopped"
    for secret in EVERY_SECRET:
        assert not any(secret in one for one in lines)


def test_a_file_that_cannot_be_written_is_refused(keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(Final, match="event-file"):
        serve(settings(keys), ManualClock(), new_id=uuid.uuid4, event_file=tmp_path / "absent" / "events")


PROGRAM = """
import logging, sys, uuid
from adapter.sandbox import serve
from tests.unit.sandbox.soap import Keys, ManualClock, settings
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
serving = serve(settings(Keys.made()), ManualClock(), new_id=uuid.uuid4)
serving.run_until_signal(lambda: print(serving.control_url, flush=True))
print("bye", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_stops_cleanly_on_a_signal(number: signal.Signals) -> None:
    root = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = ""
        while not first.startswith("http://"):
            first = process.stdout.readline()
            assert first, process.stderr.read() if process.stderr else ""
        process.send_signal(number)
        out, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert out.splitlines()[-1] == "bye"
    assert "gateway.stopped" in out
