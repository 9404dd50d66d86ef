"""Every implementation of the store, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapter.clock import ScenarioClock
from adapter.storage import SqlStore, StorageConfig, open_store
from tests.contract import samples
from tests.doubles.memory_store import MemoryStore

AnyStore = SqlStore | MemoryStore


def still_clock() -> ScenarioClock:
    """A clock that moves only when told."""
    return ScenarioClock(samples.NOW, monotonic=lambda: 0.0)


def _memory(folder: Path) -> AnyStore:
    return MemoryStore()


def _sqlite(folder: Path) -> AnyStore:
    return open_store(StorageConfig(url=f"sqlite:///{folder}/elshi.db"), clock=still_clock())


def _sqlite_and_directory(folder: Path) -> AnyStore:
    config = StorageConfig(url=f"sqlite:///{folder}/elshi.db", blobs="directory", blob_directory=folder / "blobs")
    return open_store(config, clock=still_clock())


@pytest.fixture(params=[_memory, _sqlite, _sqlite_and_directory], ids=["memory", "sqlite", "sqlite+directory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    make: Callable[[Path], AnyStore] = request.param
    made = make(tmp_path)
    made.blobs.put(samples.CONTAINER)
    yield made
    made.close()
