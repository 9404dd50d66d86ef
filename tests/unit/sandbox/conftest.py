from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from adapter.sandbox import Sandbox
from adapter.sandbox.replies import Post
from tests.unit.sandbox.soap import Answer, Keys, ManualClock, answered, settings, signed


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys.made()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class Wire:
    """A sandbox without a network: calls go straight in, pushes end in a list."""

    def __init__(self, keys: Keys, clock: ManualClock, **changes: object) -> None:
        self.keys = keys
        self.clock = clock
        self.pushed: list[tuple[str, bytes]] = []
        self.reply: Callable[[str, bytes], tuple[int, bytes]] = self._success
        self.sandbox = Sandbox(settings(keys, **changes), clock, new_id=uuid.uuid4, post=self._post)
        for code in ("MIN", "MFA"):
            self.sandbox.set_endpoint(code, f"http://{code}")

    def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        self.pushed.append((url.removeprefix("http://"), body))
        return self.reply(url, body)

    def _success(self, url: str, body: bytes) -> tuple[int, bytes]:
        key = self.keys.ministry if url.endswith("MIN") else self.keys.foreign
        return 200, signed(answered(), key)

    def call(self, message: bytes, *, key: object | None = None, sign: bool = True) -> Answer:
        """Sign and post a message; the ministry's key when none is given."""
        body = signed(message, self.keys.ministry if key is None else key) if sign else message
        reply = self.sandbox.answer(Post(body=body, content_type="text/xml; charset=utf-8", soap_action='""'))
        return Answer(reply.status, {"content-type": reply.content_type}, reply.body)

    def whats(self) -> list[str]:
        return [one.what for one in self.sandbox.events()]


@pytest.fixture
def wire(keys: Keys, clock: ManualClock) -> Wire:
    return Wire(keys, clock)


@pytest.fixture
def new_wire(keys: Keys, clock: ManualClock) -> Callable[..., Wire]:
    return lambda **changes: Wire(keys, clock, **changes)
