"""The SOAP endpoint: what is taken is durable before it is answered, what is not taken gets one clear fault and is kept."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from lxml import etree

from adapter.domain.incoming import JournalState
from tests.unit.exchange import kit
from tests.unit.server.conftest import Door

NOTICE = kit.push(kit.notice("stateDelivered"))
OTHER = kit.push(kit.notice("stateRegistered", "<regNo>1</regNo>"), message_id="another-message")


def fault_of(content: bytes) -> str:
    """The code in the fault's detail."""
    root = etree.fromstring(content)
    fault = root.find(".//{http://schemas.xmlsoap.org/soap/envelope/}Fault")
    assert fault is not None, content
    assert fault.findtext("faultstring")
    return " ".join(fault.itertext())


def test_a_signed_message_is_kept_and_answered_and_again_answered_the_same(door: Door) -> None:
    message = door.signed(NOTICE)
    first = door.push(message)
    assert first.status_code == 200
    assert b"SCSS001" in first.content
    assert first.headers["Content-Type"].startswith("text/xml")
    assert {door.push(message).content for _ in range(5)} == {first.content}
    (entry,) = door.journal()
    assert door.node.store.blobs.read(entry.sha256) == message
    assert entry.state is JournalState.RECEIVED


def test_an_unsigned_message_is_quarantined_by_default_and_moves_nothing(door: Door) -> None:
    answer = door.push(NOTICE)
    assert answer.status_code == 200
    (entry,) = door.journal()
    assert (entry.state, entry.outcome, entry.verdict) == (
        JournalState.HELD,
        "exchange.push-unverified",
        "unverified",
    )
    assert door.node.process_message() is None


def test_an_unsigned_message_is_refused_when_the_settings_say_so_and_kept(open_door: Callable[..., Door]) -> None:
    door = open_door(ELSHI_EXCHANGE__GATEWAY__UNSIGNED_PUSH="reject")
    answer = door.push(NOTICE)
    assert answer.status_code == 500
    assert "ELSHI-UNSIGNED" in fault_of(answer.content)
    (entry,) = door.journal()
    assert entry.state is JournalState.REFUSED
    assert door.node.store.blobs.read(entry.sha256) == NOTICE


def two_bodies(door: Door) -> bytes:
    whole = door.signed(NOTICE)
    body = whole[whole.index(b"<soap:Body") : whole.index(b"</soap:Body>") + len(b"</soap:Body>")]
    return whole.replace(b"</soap:Envelope>", body + b"</soap:Envelope>")


def wrapped(door: Door) -> bytes:
    """The signed Body hidden in the header, another one in its place."""
    whole = door.signed(NOTICE)
    start, end = whole.index(b"<soap:Body"), whole.index(b"</soap:Body>") + len(b"</soap:Body>")
    body = whole[start:end]
    evil = OTHER[OTHER.index(b"<soap:Body>") : OTHER.index(b"</soap:Body>") + len(b"</soap:Body>")]
    hidden = b"<hidden xmlns=''>" + body + b"</hidden>"
    return whole[:start].replace(b"</soap:Header>", hidden + b"</soap:Header>") + evil + whole[end:]


def altered(door: Door) -> bytes:
    return door.signed(NOTICE).replace(b"stateDelivered", b"stateNotValid", 1)


def same_id_body(door: Door) -> bytes:
    """Another element with the Id that is signed, in front of the signed one."""
    whole = door.signed(NOTICE)
    marker = whole[whole.index(b"<soap:Body") : whole.index(b">", whole.index(b"<soap:Body"))]
    identifier = marker.split(b'Id="')[1].split(b'"')[0]
    prefix = marker.split(b'Id="')[0].split()[-1]
    twin = b"<twin " + prefix + b'Id="' + identifier + b'"/>'
    return whole.replace(b"</soap:Header>", twin + b"</soap:Header>")


BAD: dict[str, Callable[[Door], bytes]] = {
    "two Bodies": two_bodies,
    "a wrapped signature": wrapped,
    "an altered body": altered,
    "one Id twice": same_id_body,
    "signed by somebody who is not the exchange": lambda door: door.signed(NOTICE, door.stranger),
    "no XML": lambda _: b"hello",
    "nothing": lambda _: b"",
    "a DTD": lambda _: b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>" + NOTICE,
    "UTF-16": lambda _: NOTICE.decode().encode("utf-16"),
    "broken UTF-8": lambda _: NOTICE.replace(b"esedo_example", b"\xff\xfe"),
    "too deep": lambda _: b"<a>" * 3000,
    "no envelope": lambda _: b"<a/>",
    "no request": lambda door: door.signed(kit.soap("<a/>")),
    "an answer instead of a request": lambda door: door.signed(kit.answer()),
    "cut off": lambda door: door.signed(NOTICE)[:-200],
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_what_is_not_taken_gets_one_fault_and_is_kept_and_moves_nothing(
    lasting_door: Door, make: Callable[[Door], bytes]
) -> None:
    door = lasting_door
    message = make(door)
    answer = door.push(message)
    assert answer.status_code == 500
    assert "ELSHI-" in fault_of(answer.content)
    assert "Traceback" not in answer.text
    entry = next(one for one in reversed(door.journal()) if door.node.store.blobs.read(one.sha256) == message)
    assert (entry.state, entry.wake_at) == (JournalState.REFUSED, None)
    assert entry.outcome
    assert door.node.process_message() is None


def test_good_messages_are_taken_after_bad_ones(door: Door) -> None:
    for make in BAD.values():
        door.push(make(door))
    assert door.push(door.signed(NOTICE)).status_code == 200
    processed = door.node.process_message()
    assert processed is not None
    assert processed.code == "notice.unknown-document"


# --- limits ----------------------------------------------------------------------------------------------------------
def test_a_message_over_the_limit_is_refused_before_it_is_in_memory_and_not_kept(
    open_door: Callable[..., Door],
) -> None:
    door = open_door(
        ELSHI_SERVER__MAX_REQUEST_BYTES="400000",
        ELSHI_EXCHANGE__FILES__MAX_MESSAGE_BYTES="400000",
        ELSHI_EXCHANGE__FILES__MAX_FILE_BYTES="100000",
    )

    def chunks() -> object:
        yield from (b"x" * 10_000 for _ in range(60))

    for body in (b"x" * 400_001, chunks()):
        try:
            status = door.push(body).status_code  # type: ignore[arg-type]
        except OSError:
            continue  # it hung up while we were still sending: said as plainly as one can
        assert status == 413
    assert door.journal() == []
    assert door.push(b"x" * 400_000).status_code == 500, "exactly at the limit it is read and judged"


def test_a_caller_that_stops_in_the_middle_holds_nobody(open_door: Callable[..., Door]) -> None:
    door = open_door(ELSHI_SERVER__READ_WITHIN_SECONDS="0.3")
    parts = urlsplit(door.server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as slow:
        slow.sendall(b"POST /esedo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        assert b" 408 " in slow.recv(200)
    assert door.push(door.signed(NOTICE)).status_code == 200
    assert len(door.journal()) == 1


@pytest.mark.parametrize("before", [b"", b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["first request", "second one"])
def test_a_caller_whose_headers_do_not_end_is_hung_up_on(open_door: Callable[..., Door], before: bytes) -> None:
    """Else whoever reaches the port holds a file of this process for each connection, for ever, and soon the last one."""
    door = open_door(ELSHI_SERVER__READ_WITHIN_SECONDS="0.3")
    parts = urlsplit(door.server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as slow:
        if before:
            slow.sendall(before)
            answer = b""
            while not answer.endswith(b"}"):
                answer += slow.recv(1000)
            assert b" 200 " in answer
        slow.sendall(b"POST /esedo/ HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert slow.recv(200) == b"", "closed, and not waited for"
    assert door.push(door.signed(NOTICE)).status_code == 200


def test_a_busy_store_promises_nothing_and_the_repeat_is_taken(open_door: Callable[..., Door]) -> None:
    door = open_door(ELSHI_STORAGE__BUSY_TIMEOUT_SECONDS="0.2")
    message = door.signed(NOTICE)
    path = door.node.settings.storage.url.removeprefix("sqlite:///")
    holder = sqlite3.connect(path)
    try:
        holder.execute("BEGIN IMMEDIATE")
        answer = door.push(message)
        assert (answer.status_code, answer.json()["detail"]["code"]) == (503, "storage.busy")
        assert answer.headers["Retry-After"]
        ready = door.ask("GET", "/ready")
        assert (ready.status_code, ready.json()["detail"]["code"]) == (503, "storage.busy")
        assert door.ask("GET", "/live").status_code == 200
    finally:
        holder.rollback()
        holder.close()
    assert door.push(message).status_code == 200
    assert len(door.journal()) == 1
    assert door.ask("GET", "/ready").json() == {"status": "ready"}


def test_other_methods_and_paths_are_not_there(door: Door) -> None:
    assert door.ask("GET", "/esedo/").status_code == 405
    assert door.ask("GET", "/nowhere").status_code == 404
    assert door.ask("POST", "/live").status_code == 405
