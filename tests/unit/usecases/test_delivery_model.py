"""The model of tests/delivery_model.py on the store in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, settings

from tests.delivery_model import DeliveryModel
from tests.doubles.memory_store import MemoryStore


class InMemory(DeliveryModel):
    @contextmanager
    def opened(self) -> Iterator[Any]:
        yield MemoryStore()


InMemory.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestInMemory = InMemory.TestCase
