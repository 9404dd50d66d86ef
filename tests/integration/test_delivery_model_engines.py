"""The model of tests/delivery_model.py on both engines: the same promises, fewer stories."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings

from adapter.clock import ScenarioClock
from adapter.storage import StorageConfig, open_store
from tests.contract.samples import NOW
from tests.delivery_model import DeliveryModel
from tests.postgresql import Postgresql

FEW = settings(max_examples=3, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))


def still_clock() -> ScenarioClock:
    return ScenarioClock(NOW, monotonic=lambda: 0.0)


class OnSqlite(DeliveryModel):
    @contextmanager
    def opened(self) -> Iterator[Any]:
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(open_store(StorageConfig(url=f"sqlite:///{folder}/elshi.db"), clock=still_clock())) as store,
        ):
            yield store


class OnPostgresql(DeliveryModel):
    server: ClassVar[Postgresql]

    @contextmanager
    def opened(self) -> Iterator[Any]:
        with (
            self.server.empty_database() as url,
            closing(open_store(StorageConfig(url=url), clock=still_clock())) as store,
        ):
            yield store


OnSqlite.TestCase.settings = FEW
OnPostgresql.TestCase.settings = FEW
TestOnSqlite = OnSqlite.TestCase


@pytest.fixture
def lent_server(postgresql: Postgresql) -> None:
    """The model makes its databases itself, one for each story."""
    OnPostgresql.server = postgresql


@pytest.mark.usefixtures("lent_server")
class TestOnPostgresql(OnPostgresql.TestCase):  # type: ignore[name-defined, misc]
    """Needs the server of this process."""
