"""A database on disk and a program that starts anew: what was fetched before is worked on without the exchange."""

from __future__ import annotations

from pathlib import Path

from adapter.domain.incoming import JournalState
from adapter.errors import Retryable
from adapter.storage import StorageConfig, open_store
from adapter.usecases.verified_container import sha256_of
from tests.unit.usecases.houses import House
from tests.unit.usecases.test_fetch_files import MoodyAddresses
from tests.unit.usecases.test_register_document import DOCUMENT, arrive, container_bytes


def started(folder: Path, mood: Retryable | None) -> House:
    """The addressee's node on the database in this folder; its directory is silent while there is a mood."""
    house = House("KZ-MFA")
    config = StorageConfig(url=f"sqlite:///{folder}/elshi.db")
    house.__dict__["store"] = open_store(config, clock=house.clock)
    house.__dict__["addresses"] = MoodyAddresses(mood)
    return house


def test_files_outlive_the_program_that_fetched_them_and_the_exchange_that_forgot_them(tmp_path: Path) -> None:
    before = started(tmp_path, Retryable("exchange.directory-silent"))
    waiting = arrive(before).entry
    said = before.incoming.says
    before.store.close()

    after = started(tmp_path, None)
    after.incoming.says.update(said)
    after.clock.move(days=2)
    processed = after.process()
    assert processed is not None
    assert (processed.entry.id, processed.code) == (waiting.id, "receive.registered")
    assert processed.entry.state is JournalState.DONE
    assert after.incoming.fetched == []
    assert after.registered(DOCUMENT).container == sha256_of(container_bytes())
    assert after.registered(DOCUMENT).office_verdict == "TOTAL-PASSED"
    after.store.close()
