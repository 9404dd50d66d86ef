"""Shared by all tests: a stand with throwaway keys, made once for each process, copied for each test."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapter.composition.stand import Stand
from tests.postgresql import Postgresql
from tests.stands import copied, template


@pytest.fixture(scope="session")
def stand_template(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Two ministries and the MFA; its ports are placeholders, nothing is ever started in it."""
    return template(tmp_path_factory.mktemp("stand") / "template")


@pytest.fixture
def new_stand(stand_template: Stand, tmp_path: Path) -> Callable[[], Stand]:
    """Stands of this test's own, each on ports that are free now."""
    numbers = iter(range(100))
    return lambda: copied(stand_template, tmp_path / f"stand-{next(numbers)}")


@pytest.fixture
def stand(new_stand: Callable[[], Stand]) -> Stand:
    """A stand of this test's own."""
    return new_stand()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A server of this process's own, started by the first test that asks for it."""
    server = Postgresql()
    yield server
    server.close()


def pytest_xdist_auto_num_workers(config):
    """One process more than there are cores, four at most: many tests wait for a process or a socket of their own."""
    return min(4, (os.cpu_count() or 1) + 1)


def pytest_collection_finish(session):
    """Ten thousand tests are never garbage: to look through them again and again takes a tenth of the run."""
    del session
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(config, val, argname):
    """Ids that are the same in every process: without this a function's id holds its address, and workers disagree."""
    del config, argname
    if callable(val) and hasattr(val, "__name__"):
        return val.__name__
    if " at 0x" in repr(val):
        return type(val).__name__
    return None
