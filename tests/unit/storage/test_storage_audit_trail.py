"""The chain in the database: what a hand on the file cannot hide."""

from __future__ import annotations

import sqlite3

import pytest

from adapter.clock import ScenarioClock
from adapter.domain.audit_event import first_break
from adapter.errors import Conflict
from adapter.storage import StorageConfig, open_store
from tests.contract.samples import NOW, event


@pytest.fixture
def store(tmp_path):
    made = open_store(
        StorageConfig(url=f"sqlite:///{tmp_path}/elshi.db"), clock=ScenarioClock(NOW, monotonic=lambda: 0.0)
    )
    with made.transaction() as t:
        for number in range(1, 6):
            t.audit.append(event(number))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        ("UPDATE audit_trail SET actor = 'nobody' WHERE sequence = 3", 3),
        ("UPDATE audit_trail SET details = '{}' WHERE sequence = 2", 2),
        ("UPDATE audit_trail SET at = '2020-01-01T00:00:00.000000Z' WHERE sequence = 5", 5),
        ("UPDATE audit_trail SET document_id = NULL WHERE sequence = 1", 1),
        ("DELETE FROM audit_trail WHERE sequence = 3", 4),
        ("UPDATE audit_trail SET digest = previous WHERE sequence = 4", 4),
    ],
)
def test_a_change_made_past_the_triggers_breaks_the_chain_where_it_was_made(store, tmp_path, change, broken_at):
    by_hand = sqlite3.connect(tmp_path / "elshi.db")
    by_hand.execute("DROP TRIGGER audit_trail_no_update")
    by_hand.execute("DROP TRIGGER audit_trail_no_delete")
    by_hand.execute(change)
    by_hand.commit()
    by_hand.close()
    with store.transaction() as t:
        assert first_break(t.audit.events()) == broken_at


def test_the_chain_cannot_fork(store, tmp_path):
    by_hand = sqlite3.connect(tmp_path / "elshi.db")
    by_hand.execute(
        "UPDATE audit_head SET sequence = 6, digest = (SELECT previous FROM audit_trail WHERE sequence = 5)"
    )
    by_hand.commit()
    by_hand.close()
    with store.transaction() as t, pytest.raises(Conflict):
        t.audit.append(event(9))
