from __future__ import annotations

import http.client
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from adapter.sandbox import Sandbox, Serving, rules_from_toml, serve
from tests.unit.sandbox.soap import (
    Answer,
    Endpoint,
    Keys,
    ManualClock,
    document,
    envelope,
    kind_of,
    post,
    settings,
    signed,
    upload,
)


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys.made()


class Exchange:
    """A running sandbox, two endpoints, and a hand-made client for each side."""

    def __init__(self, keys: Keys, stack: ExitStack, **changes: object) -> None:
        self.keys = keys
        self.clock = ManualClock()
        self.ministry = Endpoint(keys.ministry)
        stack.callback(self.ministry.close)
        self.foreign = Endpoint(keys.foreign)
        stack.callback(self.foreign.close)
        self.serving: Serving = stack.enter_context(serve(settings(keys, **changes), self.clock, new_id=uuid.uuid4))
        self.sandbox: Sandbox = self.serving.sandbox
        self.sandbox.set_endpoint("MIN", self.ministry.url)
        self.sandbox.set_endpoint("MFA", self.foreign.url)

    def script(self, text: str) -> None:
        self.sandbox.add_faults(*rules_from_toml(text))

    def call(self, message: bytes, *, by: str = "ministry", within: float = 20) -> Answer:
        """Sign and post one message on a connection of its own."""
        return post(self.serving.gateway_url, signed(message, getattr(self.keys, by)), within=within)

    def file(self, message: str, **more: object) -> Answer:
        return self.call(envelope(message, service="EDS_TEMP_FILES"), **more)

    def sent(self, *files: str, **more: object) -> Answer:
        """Send a document that names the files; the ministry to the MFA."""
        return self.call(envelope(document(*files)), **more)

    def stored(self, content: bytes = b"example") -> str:
        return self.file(upload(content)).one("fileIdentifier")

    def said(self, notice: str) -> Answer:
        """A notice of the MFA."""
        return self.call(envelope(notice, sender="mfa_test"), by="foreign")

    def pushed(self, to: str, count: int) -> list[bytes]:
        return getattr(self, to).wait_for(count)

    def kinds(self, to: str, count: int) -> list[str]:
        return [kind_of(one) for one in self.pushed(to, count)]

    def has_processed(self) -> bool:
        return "document.taken" in [one.what for one in self.sandbox.events()]

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what another thread is about to do."""
        pause = threading.Event()
        for _ in range(1500):
            if holds():
                return
            pause.wait(0.01)
        raise AssertionError([str(one) for one in self.sandbox.events()])

    def control(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, object]:
        """A request to the watching door."""
        parts = urlsplit(self.serving.control_url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        try:
            raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, raw, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            text = response.read()
            is_json = response.getheader("content-type", "").startswith("application/json")
            return response.status, json.loads(text) if is_json else text
        finally:
            connection.close()


@pytest.fixture
def exchange(keys: Keys) -> Iterator[Exchange]:
    with ExitStack() as stack:
        yield Exchange(keys, stack)


@pytest.fixture
def new_exchange(keys: Keys) -> Iterator[Callable[..., Exchange]]:
    with ExitStack() as stack:
        yield lambda **changes: Exchange(keys, stack, **changes)
