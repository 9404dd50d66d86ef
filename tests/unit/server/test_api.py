"""The JSON API for a body's own systems: a container in, its state out, and a reason for every refusal."""

from __future__ import annotations

import hashlib
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from adapter import conversion, texts
from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.errors import Final
from adapter.server import Server
from adapter.settings import load_settings
from adapter.texts import Language
from tests.stands import EXAMPLES, secrets_of
from tests.unit.server.conftest import TOKEN, Door, signed_elsewhere
from tests.unit.usecases.containers import altered


def told(answer: requests.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The refusal in an answer: code, place, what is wrong and what to do in each language; nothing of Python."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert "Traceback" not in answer.text
    assert list(answer.json()) == ["detail"]
    refusal: dict[str, Any] = answer.json()["detail"]
    assert code in {refusal["code"], None}
    assert {"file", "line", "xpath"} <= set(refusal)
    for one in (refusal, *refusal["findings"]):
        assert one["code"] in texts.codes()
        assert all(one["text"][language.value] for language in Language)
        assert set(one["toDo"]) == {language.value for language in Language}
    return refusal


def test_a_container_is_taken_once_and_its_state_can_be_asked(door: Door, container: bytes) -> None:
    first = door.ask("POST", "/documents", data=container)
    again = door.ask("POST", "/documents", data=container)
    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.json()["replayed"], again.json()["replayed"]) == (False, True)
    assert {**first.json(), "replayed": None} == {**again.json(), "replayed": None}

    document = first.json()["documentId"]
    (shown,) = door.ask("GET", f"/documents/{document}").json()
    assert (shown["state"], shown["addressee"], shown["tries"]) == ("queued", "KZ-MFA", [])
    assert [one["documentId"] for one in door.ask("GET", "/deliveries").json()] == [document]


def test_the_receipt_is_named_in_the_answer_and_reprinted_byte_for_byte(door: Door, container: bytes) -> None:
    first = door.ask("POST", "/documents", data=container).json()
    again = door.ask("POST", "/documents", data=container).json()
    told_of = first["receipt"]
    assert (again["replayed"], again["receipt"]) == (True, told_of)
    answer = door.ask("GET", told_of["href"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/xml")
    assert hashlib.sha256(answer.content).hexdigest() == told_of["signed"]
    said, content = conversion.read_statement(answer.content)
    assert (said.document_id, hashlib.sha256(content).hexdigest()) == (first["documentId"], told_of["digest"])
    assert door.ask("GET", told_of["href"]).content == answer.content
    told(door.ask("GET", told_of["href"] + "?kind=non-delivery"), 404, "statement.none")
    told(door.ask("GET", told_of["href"] + "?kind=nonsense"), 422)
    told(door.ask("GET", "/documents/urn:uuid:0/receipt"), 404, "status.no-such-document")
    told(door.ask("GET", told_of["href"], token=None), 401, "api.not-authorized")


def test_a_submission_stands_while_the_key_of_receipts_is_away(
    open_door: Callable[..., Door], container: bytes
) -> None:
    door = open_door(ELSHI_EXCHANGE__SECOND_SIGN__ENABLED="false")
    key = Path(door.node.settings.keys.named["office"].file or "")
    hidden = key.rename(key.with_suffix(".away"))
    first = door.ask("POST", "/documents", data=container)
    assert first.status_code == 201
    assert (first.json()["receipt"]["signed"], first.json()["receipt"]["pending"]) == (None, "keys.unreadable")
    refusal = told(door.ask("GET", first.json()["receipt"]["href"]), 503, "statement.pending")
    assert refusal["params"]["reason"] == "keys.unreadable"
    hidden.rename(key)
    answer = door.ask("GET", first.json()["receipt"]["href"])
    assert answer.status_code == 200
    again = door.ask("POST", "/documents", data=container).json()
    assert again["receipt"]["signed"] == hashlib.sha256(answer.content).hexdigest()


@pytest.mark.parametrize("token", [None, "", "wrong-token-of-the-test", TOKEN[:-1], "токен"])
def test_without_the_token_nobody_gets_in(door: Door, token: str | None) -> None:
    authorization = f"Bearer {token}".encode() if token is not None else b""
    for method, path in (("POST", "/documents"), ("GET", "/deliveries"), ("GET", "/documents/x")):
        answer = door.ask(method, path, token=None, **{"data": b"x"} if method == "POST" else {})
        told(answer, 401, "api.not-authorized")
        answer = requests.request(method, door.root + path, headers={"Authorization": authorization}, timeout=20)
        told(answer, 401, "api.not-authorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert TOKEN not in answer.text
    assert door.ask("GET", "/deliveries").status_code == 200


def test_without_a_token_in_the_settings_there_is_no_api(stand: Stand) -> None:
    node = Node(load_settings(stand.nodes["KZ-MOF"], {}))
    try:
        with Server(node) as server:
            door = Door(node=node, server=server, gateway=None, stranger=None)  # type: ignore[arg-type]
            for path in ("/documents", "/deliveries", "/openapi.json", "/docs"):
                told(door.ask("GET", path), 404, "server.no-such-address")
            assert door.ask("GET", "/live").json() == {"status": "live"}
    finally:
        node.close()


def test_an_altered_container_is_not_taken_and_says_why(door: Door, container: bytes) -> None:
    for _, content in list(altered(container, samples=4))[::5]:
        answer = door.ask("POST", "/documents", data=content)
        told(answer, 422)
    assert door.ask("GET", "/deliveries").json() == []


@pytest.mark.parametrize("content", [b"", b"PK", b"<a/>", b"\xff" * 1000])
def test_what_is_no_container_is_not_taken(door: Door, content: bytes) -> None:
    answer = door.ask("POST", "/documents", data=content)
    told(answer, 422, "submit.container-not-verified")


def test_the_same_id_with_another_text_is_a_conflict(
    door: Door, container: bytes, stand: Stand, tmp_path: Path
) -> None:
    door.ask("POST", "/documents", data=container)
    other = tmp_path / "report.yaml"
    text = (EXAMPLES / "mof" / "report.yaml").read_text("utf-8")
    other.write_text(text.replace("executor@mof.example", "other@mof.example"), encoding="utf-8")
    content = signed_elsewhere(other, stand, tmp_path)
    answer = door.ask("POST", "/documents", data=content)
    assert len(told(answer, 409, "document.conflict")["params"]) > 1, "both digests"
    assert len(door.ask("GET", "/deliveries").json()) == 1


def test_a_container_over_the_limit_is_refused_while_it_streams(
    open_door: Callable[..., Door], container: bytes
) -> None:
    door = open_door(ELSHI_EXCHANGE__FILES__MAX_FILE_BYTES="50000")
    answer = door.ask("POST", "/documents", data=container)
    told(answer, 413, "submit.file-too-large")


def test_a_document_nobody_sent_is_not_found(door: Door) -> None:
    answer = door.ask("GET", "/documents/urn:uuid:none")
    told(answer, 404, "status.no-such-document")


def test_other_methods_and_addresses_are_said_not_to_be_there(door: Door) -> None:
    refusal = told(door.ask("GET", "/nowhere/<b>"), 404, "server.no-such-address")
    assert refusal["params"]["path"] == "/nowhere/<b>"
    for method, path in (("DELETE", "/documents"), ("PATCH", "/deliveries"), ("POST", "/live"), ("GET", "/esedo/")):
        answer = door.ask(method, path)
        assert told(answer, 405, "server.no-such-method")["params"] == {"method": method, "path": path}
        assert answer.headers["Allow"]


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/xml", ""])
@pytest.mark.parametrize("content", [b'{"a": ', b"[]", b"\xff", b"--x\r\n"])
def test_what_is_called_something_else_is_refused_as_no_container(door: Door, kind: str, content: bytes) -> None:
    """The bytes decide, never the name of their kind: a body that is no JSON is no defect."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind}
    told(requests.post(f"{door.root}/documents", data=content, headers=headers, timeout=20), 422)


def test_a_container_that_comes_too_slowly_is_not_waited_for(open_door: Callable[..., Door]) -> None:
    door = open_door(ELSHI_SERVER__READ_WITHIN_SECONDS="0.3")
    parts = urlsplit(door.root)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as slow:
        head = f"POST /documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 1000\r\n\r\nPK"
        slow.sendall(head.encode())
        received = b"".join(iter(lambda: slow.recv(4096), b""))
    assert b" 408 " in received
    assert b"server.too-slow" in received
    assert door.ask("GET", "/deliveries").json() == []


def test_a_store_that_is_busy_is_said_at_every_address(open_door: Callable[..., Door], container: bytes) -> None:
    door = open_door(ELSHI_STORAGE__BUSY_TIMEOUT_SECONDS="0.2")
    holder = sqlite3.connect(door.node.settings.storage.url.removeprefix("sqlite:///"))
    try:
        holder.execute("BEGIN IMMEDIATE")
        for method, path in (
            ("POST", "/documents"),
            ("GET", "/ready"),
        ):
            answer = door.ask(method, path, **{"data": container} if method == "POST" else {})
            told(answer, 503, "storage.busy")
            assert answer.headers["Retry-After"]
        for path in ("/deliveries", "/queue", "/events", "/metrics"):
            assert door.ask("GET", path).status_code == 200, "who only reads waits for nobody"
    finally:
        holder.rollback()
        holder.close()
    assert door.ask("POST", "/documents", data=container).status_code == 201


class _Broken:
    """A store with a defect that carries a secret."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(TOKEN)


def test_a_defect_is_said_and_not_shown(door: Door, container: bytes) -> None:
    store = door.node.store
    door.node.__dict__["store"] = _Broken()
    try:
        for method, path in (
            ("POST", "/documents"),
            ("GET", "/documents/x"),
            ("GET", "/deliveries"),
            ("GET", "/ready"),
        ):
            answer = door.ask(method, path, **{"data": container} if method == "POST" else {})
            told(answer, 500, "server.defect")
            assert TOKEN not in answer.text
            assert "RuntimeError" not in answer.text
    finally:
        door.node.__dict__["store"] = store
    assert door.ask("GET", "/deliveries").json() == []


def test_the_description_of_the_api_tells_the_shape_of_a_refusal(door: Door) -> None:
    described = door.ask("GET", "/openapi.json").json()
    for path in described["paths"].values():
        for operation in path.values():
            refusals = {status: one for status, one in operation["responses"].items() if int(status) >= 400}
            assert {"401", "422", "500", "503"} <= set(refusals)
            for one in refusals.values():
                assert one["content"]["application/json"]["schema"]["$ref"].endswith("/Refused")


def test_no_secret_is_in_any_answer(door: Door, container: bytes, stand: Stand) -> None:
    document = door.ask("POST", "/documents", data=container).json()["documentId"]
    shown = "".join(
        door.ask("GET", path).text for path in (f"/documents/{document}", "/deliveries", "/openapi.json", "/ready")
    )
    for name, secret in {**secrets_of(stand), "token": TOKEN}.items():
        assert secret not in shown, name


def test_an_address_that_is_taken_is_said(door: Door, stand: Stand) -> None:
    node = Node(load_settings(stand.nodes["KZ-MOF"], {}))
    try:
        with pytest.raises(Final, match="server.address") as refused:
            Server(node)
        assert refused.value.params["port"] == node.settings.server.port
    finally:
        node.close()


def test_of_two_that_start_at_once_the_second_is_told_that_the_address_is_taken(stand: Stand) -> None:
    """Before either of them answers: a start may change tables for a while between taking its address and answering."""
    nodes = [Node(load_settings(stand.nodes["KZ-MOF"], {})) for _ in range(2)]
    try:
        first = Server(nodes[0])
        try:
            with pytest.raises(Final, match="server.address"):
                Server(nodes[1])
        finally:
            first.stop()
    finally:
        for node in nodes:
            node.close()


def test_stopping_finishes_what_is_being_answered(door: Door) -> None:
    assert door.ask("GET", "/ready").status_code == 200
    door.server.stop()
    with pytest.raises(OSError):  # noqa: PT011 - whatever the machine says of a closed port
        door.ask("GET", "/live")
