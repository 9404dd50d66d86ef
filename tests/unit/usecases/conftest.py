"""Houses for the use cases, and a delivery that is due."""

from __future__ import annotations

import pytest

from adapter.domain.delivery import Delivery
from tests.contract import samples
from tests.unit.usecases.houses import HandClock, House


@pytest.fixture
def mof() -> House:
    """A ministry."""
    return House("KZ-MOF")


@pytest.fixture
def mfa() -> House:
    """The body that the ministries report to."""
    return House("KZ-MFA")


@pytest.fixture
def sender() -> House:
    """A ministry at the time of tests.contract.samples, with the bytes of their container in its store."""
    house = House("KZ-MOF", clock=HandClock(samples.NOW))
    house.store.blobs.put(samples.CONTAINER)
    return house


@pytest.fixture
def queued(sender: House) -> Delivery:
    """One document, due now."""
    return add(sender, samples.delivery(1))


def add(house: House, delivery: Delivery) -> Delivery:
    with house.store.transaction() as transaction:
        return transaction.outbox.add(delivery).delivery


class Killed(BaseException):
    """The process is gone: nothing of ours may catch it."""


def killed_while_sending(house: House) -> None:
    """The worker dies after the mark, while its POST is on its way."""

    def die(message: bytes) -> None:
        raise Killed

    house.outgoing.answering.append(die)
    with pytest.raises(Killed):
        house.deliver()
