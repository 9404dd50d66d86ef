"""Every implementation of the store, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from adapter.clock import ScenarioClock
from adapter.storage import SqlStore, StorageConfig, open_store
from tests.contract import samples
from tests.doubles.memory_store import MemoryStore
from tests.postgresql import Postgresql

AnyStore = SqlStore | MemoryStore


def still_clock() -> ScenarioClock:
    """A clock that moves only when told."""
    return ScenarioClock(samples.NOW, monotonic=lambda: 0.0)


@contextmanager
def _memory(folder: Path, request: pytest.FixtureRequest) -> Iterator[AnyStore]:
    yield MemoryStore()


@contextmanager
def _sqlite(folder: Path, request: pytest.FixtureRequest) -> Iterator[AnyStore]:
    with closing(open_store(StorageConfig(url=f"sqlite:///{folder}/elshi.db"), clock=still_clock())) as store:
        yield store


@contextmanager
def _sqlite_and_directory(folder: Path, request: pytest.FixtureRequest) -> Iterator[AnyStore]:
    config = StorageConfig(url=f"sqlite:///{folder}/elshi.db", blobs="directory", blob_directory=folder / "blobs")
    with closing(open_store(config, clock=still_clock())) as store:
        yield store


@contextmanager
def _postgresql(folder: Path, request: pytest.FixtureRequest) -> Iterator[AnyStore]:
    server: Postgresql = request.getfixturevalue("postgresql")
    with server.empty_database() as url:
        config = StorageConfig(url=url, temporary_directory=folder)
        with closing(open_store(config, clock=still_clock())) as store:
            yield store


@contextmanager
def _postgresql_and_directory(folder: Path, request: pytest.FixtureRequest) -> Iterator[AnyStore]:
    server: Postgresql = request.getfixturevalue("postgresql")
    with server.empty_database() as url:
        config = StorageConfig(url=url, temporary_directory=folder, blobs="directory", blob_directory=folder / "blobs")
        with closing(open_store(config, clock=still_clock())) as store:
            yield store


KINDS = {"memory": _memory, "sqlite": _sqlite, "postgresql": _postgresql}
PLACES = KINDS | {"sqlite+directory": _sqlite_and_directory, "postgresql+directory": _postgresql_and_directory}
"""Where bytes lie makes a difference to who keeps and names bytes, and to nobody else."""

_ABOUT_BYTES = ("test_blobs_contract", "test_store_contract")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of the store on each engine; those about bytes with each place where bytes lie."""
    if "store" in metafunc.fixturenames:
        kinds = PLACES if metafunc.module.__name__.rpartition(".")[2] in _ABOUT_BYTES else KINDS
        metafunc.parametrize("store", kinds.values(), ids=kinds.keys(), indirect=True)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """The store of the kind that the test is run on."""
    opened: Callable[[Path, pytest.FixtureRequest], AbstractContextManager[AnyStore]] = request.param
    with opened(tmp_path, request) as made:
        made.blobs.put(samples.CONTAINER)
        yield made
