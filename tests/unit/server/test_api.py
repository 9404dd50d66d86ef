"""The JSON API for a body's own systems: a container in, its state out, and a reason for every refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.errors import Final
from adapter.server import Server
from adapter.settings import load_settings
from adapter.texts import Language
from tests.stands import EXAMPLES, secrets_of
from tests.unit.server.conftest import TOKEN, Door, signed_elsewhere
from tests.unit.usecases.containers import altered


def in_three_languages(refusal: dict[str, object]) -> None:
    assert refusal["code"]
    text = refusal["text"]
    assert isinstance(text, dict)
    assert all(text[one.value] for one in Language)


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


@pytest.mark.parametrize("token", [None, "", "wrong-token-of-the-test", TOKEN[:-1], "токен"])
def test_without_the_token_nobody_gets_in(door: Door, token: str | None) -> None:
    authorization = f"Bearer {token}".encode() if token is not None else b""
    for method, path in (("POST", "/documents"), ("GET", "/deliveries"), ("GET", "/documents/x")):
        answer = door.ask(method, path, token=None, **{"data": b"x"} if method == "POST" else {})
        assert answer.status_code == 401
        answer = requests.request(method, door.root + path, headers={"Authorization": authorization}, timeout=20)
        assert answer.status_code == 401
        assert TOKEN not in answer.text
    assert door.ask("GET", "/deliveries").status_code == 200


def test_without_a_token_in_the_settings_there_is_no_api(stand: Stand) -> None:
    node = Node(load_settings(stand.nodes["KZ-MOF"], {}))
    try:
        with Server(node) as server:
            door = Door(node=node, server=server, gateway=None, stranger=None)  # type: ignore[arg-type]
            for path in ("/documents", "/deliveries", "/openapi.json", "/docs"):
                assert door.ask("GET", path).status_code == 404
            assert door.ask("GET", "/live").json() == {"status": "live"}
    finally:
        node.close()


def test_an_altered_container_is_not_taken_and_says_why(door: Door, container: bytes) -> None:
    for _, content in list(altered(container, samples=4))[::5]:
        answer = door.ask("POST", "/documents", data=content)
        assert answer.status_code == 422
        in_three_languages(answer.json()["detail"])
    assert door.ask("GET", "/deliveries").json() == []


@pytest.mark.parametrize("content", [b"", b"PK", b"<a/>", b"\xff" * 1000])
def test_what_is_no_container_is_not_taken(door: Door, content: bytes) -> None:
    answer = door.ask("POST", "/documents", data=content)
    assert answer.status_code == 422
    in_three_languages(answer.json()["detail"])


def test_the_same_id_with_another_text_is_a_conflict(
    door: Door, container: bytes, stand: Stand, tmp_path: Path
) -> None:
    door.ask("POST", "/documents", data=container)
    other = tmp_path / "report.yaml"
    text = (EXAMPLES / "mof" / "report.yaml").read_text("utf-8")
    other.write_text(text.replace("executor@mof.example", "other@mof.example"), encoding="utf-8")
    content = signed_elsewhere(other, stand, tmp_path)
    answer = door.ask("POST", "/documents", data=content)
    assert answer.status_code == 409
    in_three_languages(answer.json()["detail"])
    assert len(door.ask("GET", "/deliveries").json()) == 1


def test_a_container_over_the_limit_is_refused_while_it_streams(
    open_door: Callable[..., Door], container: bytes
) -> None:
    door = open_door(ELSHI_EXCHANGE__FILES__MAX_FILE_BYTES="50000")
    answer = door.ask("POST", "/documents", data=container)
    assert answer.status_code == 413
    assert answer.json()["detail"]["code"] == "submit.file-too-large"
    in_three_languages(answer.json()["detail"])


def test_a_document_nobody_sent_is_not_found(door: Door) -> None:
    answer = door.ask("GET", "/documents/urn:uuid:none")
    assert (answer.status_code, answer.json()["detail"]["code"]) == (404, "status.no-such-document")
    in_three_languages(answer.json()["detail"])


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


def test_stopping_finishes_what_is_being_answered(door: Door) -> None:
    assert door.ask("GET", "/ready").status_code == 200
    door.server.stop()
    with pytest.raises(OSError):  # noqa: PT011 - whatever the machine says of a closed port
        door.ask("GET", "/live")
