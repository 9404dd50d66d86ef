"""A node's front door in a thread, spoken to over plain HTTP on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

import signing
from adapter.composition import Node, load_key
from adapter.composition.stand import Stand
from adapter.server import Server
from adapter.settings import load_settings
from tests.stands import EXAMPLES, copied

TOKEN = "t0ken-of-the-test-0123456789"


@dataclass
class Door:
    """A running server, its node, and the key of the exchange that calls it."""

    node: Node
    server: Server
    gateway: signing.SigningKey
    stranger: signing.SigningKey

    @property
    def root(self) -> str:
        return self.server.url.removesuffix(self.node.settings.server.path)

    def push(self, message: bytes, **more: Any) -> requests.Response:
        return requests.post(self.server.url, data=message, timeout=20, **more)

    def signed(self, message: bytes, key: signing.SigningKey | None = None) -> bytes:
        return signing.sign_envelope(message, key or self.gateway, policy=signing.DEFAULT_SIGNING, body_id="id-1")

    def ask(self, method: str, path: str, *, token: str | None = TOKEN, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return requests.request(method, self.root + path, headers=headers, timeout=20, **more)

    def journal(self) -> list[Any]:
        with self.node.store.transaction() as transaction:
            return list(transaction.journal.listed())


def opened(stand: Stand, stack: ExitStack, environment: dict[str, str]) -> Door:
    """The ministry's door; `environment` replaces settings."""
    settings = load_settings(stand.nodes["KZ-MOF"], {"ELSHI_SERVER__API_TOKEN": TOKEN} | environment)
    node = Node(settings)
    stack.callback(node.close)
    server = stack.enter_context(Server(node))
    gateway = load_key((stand.folder / "gateway.p12").read_bytes(), b"sandbox-gateway", file="gateway.p12")
    home = stand.folder / "kz-mlsp" / "keys"
    stranger = load_key((home / "envelope.p12").read_bytes(), (home / "keys.secret").read_bytes(), file="envelope.p12")
    return Door(node=node, server=server, gateway=gateway, stranger=stranger)


@pytest.fixture
def open_door(stand: Stand) -> Iterator[Callable[..., Door]]:
    """Opens doors of this test's own, with settings replaced from the environment's side."""
    with ExitStack() as stack:
        yield lambda **environment: opened(stand, stack, environment)


@pytest.fixture(scope="module", params=["quarantine", "reject"])
def lasting_door(
    request: pytest.FixtureRequest, stand_template: Stand, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    """A door for many tests, which must only add to its journal: once for each way with unsigned messages."""
    stand = copied(stand_template, tmp_path_factory.mktemp("door") / "stand")
    with ExitStack() as stack:
        yield opened(stand, stack, {"ELSHI_EXCHANGE__GATEWAY__UNSIGNED_PUSH": request.param})


@pytest.fixture(scope="session")
def container(stand_template: Stand, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The report of the ministry, signed by its head elsewhere."""
    return signed_elsewhere(EXAMPLES / "mof" / "report.yaml", stand_template, tmp_path_factory.mktemp("elsewhere"))


def signed_elsewhere(report: Path, stand: Stand, folder: Path) -> bytes:
    """A report signed with the head's key of the stand; the store of that desk lies in `folder`."""
    node = Node(load_settings(stand.nodes["KZ-MOF"], {"ELSHI_STORAGE__URL": f"sqlite:///{folder}/desk.sqlite3"}))
    try:
        return node.store.blobs.read(node.sign_file(report).kept.sha256)
    finally:
        node.close()


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    return open_door()
