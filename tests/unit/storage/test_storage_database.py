"""The engine: settings it refuses, how SQLite is set up, what its refusals mean."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from adapter.clock import ScenarioClock
from adapter.errors import Final, Retryable, SettingsRefused
from adapter.storage import StorageConfig, open_store
from adapter.storage.database import Database, refusal_statements, refusals
from adapter.storage.sqlite import file_system_of
from adapter.storage.tables import REFUSALS
from tests.contract.samples import CONTAINER, NOW, delivery, event, receipt, registered

ROOT = Path(__file__).resolve().parents[3]


def config_in(folder: Path, **changes) -> StorageConfig:
    return replace(StorageConfig(url=f"sqlite:///{folder}/elshi.db"), **changes)


def clock() -> ScenarioClock:
    return ScenarioClock(NOW, monotonic=lambda: 0.0)


@pytest.fixture
def store(tmp_path):
    made = open_store(config_in(tmp_path), clock=clock())
    made.blobs.put(CONTAINER)
    yield made
    made.close()


def other_program(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "elshi.db", isolation_level=None, timeout=0)


# --- settings -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "not a url"}, "storage.url-unreadable"),
        ({"url": "postgresql://elshi@db.example.kz:S3cret/elshi"}, "storage.url-unreadable"),
        ({"url": "postgresql://elshi@[::1/elshi"}, "storage.url-unreadable"),
        ({"url": "mysql://db/elshi"}, "storage.url-unsupported"),
        ({"url": "sqlite+aiosqlite:///a.db"}, "storage.url-unsupported"),
        ({"url": "sqlite://"}, "storage.url-in-memory"),
        ({"url": "sqlite:///:memory:"}, "storage.url-in-memory"),
        ({"url": "sqlite:///file:x?mode=memory&uri=true"}, "storage.url-in-memory"),
        ({"url": "sqlite:///a.db?timeout=1"}, "storage.url-has-options"),
        ({"url": "sqlite:///file:a.db"}, "storage.url-has-options"),
        ({"blobs": "directory"}, "storage.blob-directory-missing"),
        ({"blob_directory": Path("blobs")}, "storage.blob-directory-unused"),
        ({"busy_timeout": timedelta()}, "storage.not-positive"),
        ({"lease_for": timedelta(seconds=-1)}, "storage.not-positive"),
        ({"migration_lease_for": timedelta()}, "storage.not-positive"),
    ],
    ids=str,
)
def test_refuses_settings_that_cannot_keep_promises(tmp_path, changes, code):
    config = config_in(tmp_path, **changes)
    assert [finding.code for finding in refusals(config)] == [code]
    with pytest.raises(SettingsRefused) as refused:
        open_store(config, clock=clock())
    assert refused.value.findings == refusals(config)
    assert list(tmp_path.iterdir()) == []


def test_tells_every_refusal_at_once():
    config = StorageConfig(url="sqlite://", blobs="directory", busy_timeout=timedelta())
    assert len(refusals(config)) == 3


def test_knows_the_file_system_of_a_folder_from_the_list_of_mounts(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda / ext4 rw 0 0\nserver:/x /mnt/share nfs4 rw 0 0\n//s/y /mnt/my\\040share cifs rw 0 0\n"
        "a /over tmpfs rw 0 0\nb /over fuse.sshfs rw 0 0\n"
    )
    assert file_system_of(Path("/var/elshi.db"), mounts) == "ext4"
    assert file_system_of(Path("/mnt/share/deep/elshi.db"), mounts) == "nfs4"
    assert file_system_of(Path("/mnt/shared.db"), mounts) == "ext4"
    assert file_system_of(Path("/mnt/my share/elshi.db"), mounts) == "cifs"
    assert file_system_of(Path("/over/elshi.db"), mounts) == "fuse.sshfs"
    assert file_system_of(Path("/x"), tmp_path / "absent") is None


def test_refuses_a_network_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("adapter.storage.sqlite.file_system_of", lambda path: "nfs4")
    (finding,) = refusals(config_in(tmp_path / "share"))
    assert (finding.code, finding.params) == ("storage.network-folder", {"folder": "share", "kind": "nfs4"})


# --- engine ---------------------------------------------------------------------------------------------------------
def test_sets_sqlite_up_so_that_committed_means_on_the_disk(tmp_path):
    database = Database(config_in(tmp_path, busy_timeout=timedelta(seconds=7)))
    with database.reading() as transaction:
        told = {
            name: transaction.value(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "recursive_triggers")
        }
    database.close()
    assert told == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 7000,
        "recursive_triggers": 1,
    }


def test_only_the_owner_reads_the_database_and_its_side_files(store, tmp_path):
    files = [path for path in tmp_path.iterdir() if path.name.startswith("elshi.db")]
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_makes_the_folder_of_the_database(tmp_path):
    open_store(config_in(tmp_path / "a" / "b"), clock=clock()).close()
    assert (tmp_path / "a" / "b" / "elshi.db").exists()


def test_a_database_held_by_another_program_is_busy_and_nothing_has_happened(tmp_path):
    store = open_store(config_in(tmp_path, busy_timeout=timedelta(milliseconds=50)), clock=clock())
    other = other_program(tmp_path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Retryable) as refused, store.transaction():
        pytest.fail("the block must not run")
    assert refused.value.code == "storage.busy"
    with pytest.raises(Retryable):
        store.blobs.put(b"x")
    other.execute("ROLLBACK")
    other.close()
    with store.transaction() as t:
        assert t.register.next_number("a") == 1
    store.close()


def test_a_thread_that_holds_its_transaction_too_long_makes_others_busy_not_wrong(tmp_path):
    store = open_store(config_in(tmp_path, busy_timeout=timedelta(milliseconds=50)), clock=clock())
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with store.transaction():
            inside.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(10)
    with pytest.raises(Retryable) as refused, store.transaction():
        pytest.fail("the block must not run")
    assert refused.value.code == "storage.busy"
    leave.set()
    holder.join()
    with store.transaction() as t:
        t.register.next_number("a")
    store.close()


def test_a_reader_waits_for_nobody(tmp_path):
    store = open_store(config_in(tmp_path, busy_timeout=timedelta(milliseconds=50)), clock=clock())
    kept = store.blobs.put(b"kept")
    other = other_program(tmp_path)
    other.execute("BEGIN IMMEDIATE")
    assert store.blobs.read(kept.sha256) == b"kept"
    other.close()
    store.close()


def test_a_full_disk_is_told_leaves_nothing_half_done_and_passes(store):
    """SQLite's own page limit stands for the disk: the error code is the same."""
    database = store._database
    big = "x" * 3_000_000
    with pytest.raises(Final) as refused:
        overfill(store, big)
    assert refused.value.code == "storage.full"
    with store.transaction() as t:
        database_value(t, "PRAGMA max_page_count=1000000")
        assert t.outbox.listed() == ()
        t.outbox.add(delivery(1, reason_text=big))
    with database.reading() as transaction:
        assert transaction.value(text("PRAGMA integrity_check")) == "ok"


def overfill(store, big):
    with store.transaction() as t:
        t.outbox.add(delivery(1))
        pages = database_value(t, "PRAGMA page_count")
        database_value(t, f"PRAGMA max_page_count={pages + 4}")
        t.outbox.add(delivery(2, reason_text=big))


def database_value(transaction, statement):
    return transaction.outbox._transaction.value(text(statement))


@pytest.mark.parametrize("then", ["replaced", "moved away"])
def test_nothing_is_promised_over_a_database_file_that_no_longer_lies_at_its_address(store, tmp_path, then):
    """Somebody restores a backup, or tidies up, while the program runs: what it writes on goes into a file that nobody
    will ever open again, and it would say that the document is safe.
    """
    path = tmp_path / "elshi.db"
    if then == "replaced":
        with sqlite3.connect(path) as source, sqlite3.connect(tmp_path / "backup.db") as target:
            source.backup(target)
        source.close()
        target.close()
        (tmp_path / "backup.db").replace(path)
    else:
        path.rename(tmp_path / "old.db")
    with pytest.raises(Final) as refused, store.transaction() as t:
        t.outbox.add(delivery(1))
    assert refused.value.code == "storage.file-replaced"
    if then == "moved away":
        (tmp_path / "old.db").rename(path)
        with store.transaction() as t:
            t.outbox.add(delivery(1))


def test_a_file_that_is_no_database_is_damaged(tmp_path):
    (tmp_path / "elshi.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(Final) as refused:
        open_store(config_in(tmp_path), clock=clock())
    assert refused.value.code == "storage.damaged"


def test_a_folder_that_cannot_be_made_is_told_without_its_path(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Final) as refused:
        open_store(config_in(tmp_path / "file" / "deeper"), clock=clock())
    assert refused.value.code == "storage.failed"
    assert str(tmp_path) not in str(refused.value)


def test_no_value_of_a_row_enters_an_error(store):
    with store.transaction() as t, pytest.raises(Final) as refused:
        t.outbox.add(delivery(1, reason_text="SECRET", attempts=-1))
    assert "SECRET" not in repr(refused.value) + str(refused.value) + repr(refused.value.params)


# --- the database's own refusals ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_trail SET actor = 'nobody'",
        "DELETE FROM audit_trail",
        "INSERT OR REPLACE INTO audit_trail SELECT * FROM audit_trail",
        "UPDATE receipts SET says = 'other'",
        "DELETE FROM receipts",
        "UPDATE register SET number = 'other'",
        "DELETE FROM register",
        "DELETE FROM deliveries",
        "UPDATE deliveries SET state = 'queued'",
        "UPDATE deliveries SET state = 'nonsense'",
        "UPDATE deliveries SET content_kind = 'nonsense'",
        "UPDATE deliveries SET proof = 'nonsense'",
        "UPDATE deliveries SET lease = 'x'",
        "DELETE FROM blobs",
    ],
)
def test_a_hand_written_change_that_breaks_a_promise_is_refused(store, tmp_path, statement):
    raw = store.blobs.put(b"<receipt/>")
    assert raw.sha256 == receipt().raw
    with store.transaction() as t:
        t.outbox.add(delivery(state="registered"))
        t.register.add(registered())
        t.receipts.add(receipt())
        t.audit.append(event())
    by_hand = other_program(tmp_path)
    by_hand.execute("PRAGMA foreign_keys=ON")
    by_hand.execute("PRAGMA recursive_triggers=ON")
    with pytest.raises(sqlite3.IntegrityError):
        by_hand.execute(statement)
    by_hand.close()


def test_refusals_are_not_written_for_a_database_nobody_tried():
    with pytest.raises(ValueError, match="oracle"):
        refusal_statements(REFUSALS[0], "oracle")


# --- several programs -----------------------------------------------------------------------------------------------
def test_a_second_store_on_the_same_file_sees_rows_and_bytes(store, tmp_path):
    with store.transaction() as t:
        t.outbox.add(delivery())
    second = open_store(config_in(tmp_path), clock=clock())
    with second.transaction() as t:
        assert t.outbox.get(delivery().id) == delivery()
    kept = second.blobs.put(b"from the second")
    assert store.blobs.read(kept.sha256) == b"from the second"
    second.close()


CLAIMER = """
import sys
from datetime import timedelta
from adapter.clock import SystemClock
from adapter.storage import StorageConfig, open_store
store = open_store(StorageConfig(url=sys.argv[1]), clock=SystemClock())
while True:
    with store.transaction() as t:
        row = t.outbox.claim(now=SystemClock().now(), lease=sys.argv[2], lease_for=timedelta(hours=1))
    if row is None:
        break
    print(row.id)
store.close()
"""


def test_processes_that_claim_at_once_never_get_the_same_row(store, tmp_path):
    with store.transaction() as t:
        for number in range(60):
            t.outbox.add(delivery(number, addressee=f"lane-{number}"))
    url = f"sqlite:///{tmp_path}/elshi.db"
    workers = [
        subprocess.Popen([sys.executable, "-c", CLAIMER, url, str(n)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for n in range(3)
    ]
    claimed = [line for worker in workers for line in worker.communicate(timeout=60)[0].split()]
    assert all(worker.returncode == 0 for worker in workers)
    assert sorted(claimed) == [f"delivery-{number:04d}" for number in range(60)]
