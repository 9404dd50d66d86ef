"""Both engines, one stand and one submitted document for all cases; a node, its exchange and its database for each."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from adapter import sandbox
from adapter.clock import ScenarioClock, SystemClock, SystemIdentifiers
from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.domain.delivery import Delivery
from adapter.sandbox import SandboxSettings
from adapter.sandbox.push import over_http
from adapter.server import Server
from adapter.settings import load_settings
from adapter.storage import SqlStore, StorageConfig, open_store
from tests.postgresql import Postgresql
from tests.reliability.line import REPORT, TOKEN, Engine, Line, Push, by_hand
from tests.stands import copied, gateway_port, sandbox_settings

_FULL = "53100"
"""SQLSTATE disk_full."""


class Sqlite:
    """Files beside each other; each a copy of one that was migrated once."""

    name = "sqlite"

    def __init__(self, folder: Path, migrated: Path) -> None:
        self._folder = folder
        self._migrated = migrated
        self._count = 0

    def url(self) -> str:
        self._count += 1
        path = self._folder / f"store-{self._count}" / "elshi.db"
        path.parent.mkdir(mode=0o700)
        shutil.copyfile(self._migrated, path)
        path.chmod(0o600)
        return f"sqlite:///{path}"

    def new_url(self) -> str:
        return f"sqlite:///{self._folder}/new.db"

    @contextmanager
    def full(self, store: SqlStore) -> Iterator[None]:
        """No page more, on whatever connection: SQLite then says what it says on a disk without room."""
        engine = store._database._engine

        def limit(connection: Any, *_: object) -> None:
            connection.execute("PRAGMA max_page_count=1")

        def free(connection: Any, *_: object) -> None:
            connection.execute("PRAGMA max_page_count=1000000")

        event.listen(engine, "checkout", limit)
        try:
            yield
        finally:
            event.remove(engine, "checkout", limit)
            event.listen(engine, "checkout", free)


class OnServer:
    """Databases of the server of this process."""

    name = "postgresql"

    def __init__(self, server: Postgresql, stack: ExitStack) -> None:
        self._server = server
        self._stack = stack

    def url(self) -> str:
        return self._stack.enter_context(self._server.empty_database())

    def new_url(self) -> str:
        return self._server.new_database(migrated=False)

    @contextmanager
    def full(self, store: SqlStore) -> Iterator[None]:
        """What the server says when its disk has no room, to whoever writes bytes or rows."""
        url = store._database.url.render_as_string(hide_password=False)
        tables = ("blob_chunks", "deliveries", "journal", "audit_trail")
        by_hand(
            url,
            "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '{_FULL}'; END $$",
            *(f"CREATE TRIGGER no_room BEFORE INSERT ON {one} EXECUTE FUNCTION no_room()" for one in tables),
        )
        try:
            yield
        finally:
            by_hand(url, *(f"DROP TRIGGER no_room ON {one}" for one in tables))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with its tables."""
    path = tmp_path_factory.mktemp("migrated") / "elshi.db"
    open_store(StorageConfig(url=f"sqlite:///{path}"), clock=SystemClock()).close()
    by_hand(f"sqlite:///{path}", "PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield Sqlite(tmp_path, request.getfixturevalue("migrated"))
        else:
            yield OnServer(request.getfixturevalue("postgresql"), stack)


@pytest.fixture(scope="session")
def home(stand_template: Stand, tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """One stand for all cases: only its keys and settings are used, every database is named anew."""
    return copied(stand_template, tmp_path_factory.mktemp("home") / "stand")


@pytest.fixture(scope="session")
def exchange_settings(home: Stand) -> SandboxSettings:
    return sandbox_settings(home)


@pytest.fixture(scope="session")
def open_keys() -> dict[str, Any]:
    """Keys of the bodies, opened once: opening a key file costs time on purpose."""
    return {}


@pytest.fixture(scope="session")
def submitted(
    home: Stand, open_keys: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Delivery, list[bytes]]:
    """A document that was submitted, and its files."""
    url = f"sqlite:///{tmp_path_factory.mktemp('submitted')}/elshi.db"
    with closing(Node(load_settings(home.nodes["KZ-MOF"], {"ELSHI_STORAGE__URL": url}))) as node:
        open_keys["KZ-MOF"] = node._keys
        delivery = node.submit_file(REPORT).delivery
        return replace(delivery, deadline=None), [node.store.blobs.read(one.sha256) for one in delivery.content.files]


@pytest.fixture
def start_node(engine: Engine, home: Stand, open_keys: dict[str, Any], stack: ExitStack) -> Callable[..., Node]:
    """A node of a body; on the store of another one where its URL is given."""

    def start(
        body: str = "KZ-MOF",
        *,
        url: str | None = None,
        clock: Any = None,
        anchors: tuple[Path, ...] = (),
        **environment: str,
    ) -> Node:
        environment = {"ELSHI_STORAGE__URL": url or engine.url()} | environment
        settings = load_settings(home.nodes[body], environment)
        trust = replace(settings.trust, anchors=(*settings.trust.anchors, *anchors))
        node = Node(replace(settings, trust=trust), clock=clock)
        node._keys = open_keys.setdefault(body, node._keys)
        stack.callback(node.close)
        return node

    return start


@pytest.fixture
def stack(engine: Engine) -> Iterator[ExitStack]:
    """Closed before the databases are."""
    with ExitStack() as made:
        yield made


@pytest.fixture
def new_line(  # noqa: PLR0917 - fixtures come by position
    engine: Engine,
    home: Stand,
    exchange_settings: SandboxSettings,
    submitted: tuple[Delivery, list[bytes]],
    start_node: Callable[..., Node],
    stack: ExitStack,
) -> Callable[..., Line]:
    """A line. plays: what the sandbox does in the MFA's name, `itself` for a real node; other words are settings, None
    leaves one out.
    """

    def made(
        plays: str = "registers", *, clock: Any = None, anchors: tuple[Path, ...] = (), **environment: Any
    ) -> Line:
        # Every look at it is a microsecond later: what comes one after the other is never at the same time.
        ticks = itertools.count()
        clock = clock or ScenarioClock(datetime.now(UTC), monotonic=lambda: next(ticks) * 1e-6)
        played = {"KZ-MFA": plays, "KZ-MLSP": "registers"}
        post = over_http(exchange_settings)
        pushes: list[Push] = []

        def recorded(url: str, body: bytes) -> tuple[int, bytes]:
            status, answer = post(url, body)
            pushes.append(Push(url=url, body=body, status=status, answer=answer))
            return status, answer

        participants = tuple(
            replace(one, plays=played.get(one.code, one.plays)) for one in exchange_settings.participants
        )
        serving = stack.enter_context(
            sandbox.serve(
                replace(exchange_settings, participants=participants),
                clock,
                "127.0.0.1",
                gateway_port(home),
                new_id=SystemIdentifiers().new,
                post=recorded,
            )
        )
        chosen = {"ELSHI_SERVER__API_TOKEN": TOKEN, **environment}
        environment = {name: value for name, value in chosen.items() if value is not None}
        nodes = [start_node("KZ-MOF", clock=clock, anchors=anchors, **environment)]
        if plays == "itself":
            nodes.append(start_node("KZ-MFA", clock=clock, anchors=anchors))
        for node in nodes:
            stack.enter_context(Server(node))
        template, files = submitted
        for content in files:
            nodes[0].store.blobs.put(content)
        return Line(
            engine=engine,
            clock=clock,
            serving=serving,
            mof=nodes[0],
            mfa=nodes[1] if len(nodes) > 1 else None,
            template=template,
            start_node=start_node,
            pushes=pushes,
        )

    return made


@pytest.fixture
def line(new_line: Callable[..., Line]) -> Line:
    """The MFA is played and registers everything at once."""
    return new_line()
