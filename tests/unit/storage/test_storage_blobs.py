"""Bytes by digest: damage shows, killed writers are taken over, memory stays flat."""

from __future__ import annotations

import errno
import hashlib
import io
import tracemalloc
from pathlib import Path

import pytest
from sqlalchemy import text

from adapter.clock import ScenarioClock
from adapter.errors import Final
from adapter.storage import StorageConfig, open_store
from adapter.storage import blobs as blobs_module
from adapter.storage.blobs import CHUNK
from tests.contract.samples import NOW, digest

BIG = hashlib.shake_128(b"big").digest(2 * CHUNK + 100)


def config_in(folder: Path, *, directory: bool) -> StorageConfig:
    url = f"sqlite:///{folder}/elshi.db"
    if not directory:
        return StorageConfig(url=url)
    return StorageConfig(url=url, blobs="directory", blob_directory=folder / "blobs")


def opened(folder: Path, *, directory: bool = False):
    return open_store(config_in(folder, directory=directory), clock=ScenarioClock(NOW, monotonic=lambda: 0.0))


@pytest.fixture
def store(tmp_path):
    made = opened(tmp_path)
    yield made
    made.close()


@pytest.fixture
def with_directory(tmp_path):
    made = opened(tmp_path, directory=True)
    yield made
    made.close()


def run(store, statement, **values):
    with store._database.writing() as transaction:
        return transaction.connection.execute(text(statement), values)


def refused_code(ask, sha256):
    with pytest.raises(Final) as refused:
        ask(sha256)
    return refused.value.code


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE blob_chunks SET content = CAST(x'00' || substr(content, 2) AS BLOB) WHERE number = 1",
        "UPDATE blob_chunks SET content = substr(content, 2) WHERE number = 2",
        "DELETE FROM blob_chunks WHERE number = 2",
        "DELETE FROM blob_chunks WHERE number = 0",
        "DELETE FROM blob_chunks",
        "UPDATE blobs SET size = size + 1",
    ],
)
def test_a_damaged_blob_is_told_and_none_of_its_bytes_is_handed_out(store, damage):
    kept = store.blobs.put(BIG)
    run(store, damage)
    assert refused_code(store.blobs.read, kept.sha256) == "storage.damaged-bytes"
    assert refused_code(store.blobs.open, kept.sha256) == "storage.damaged-bytes"


def test_bytes_lie_in_pieces_of_one_mebibyte(store):
    kept = store.blobs.put(BIG)
    with store._database.reading() as transaction:
        rows = transaction.rows(text("SELECT number, length(content) AS size FROM blob_chunks ORDER BY number"))
    assert [(row["number"], row["size"]) for row in rows] == [(0, CHUNK), (1, CHUNK), (2, 100)]
    assert kept.size == len(BIG)


def test_the_pieces_of_a_killed_writer_are_taken_over(store):
    run(
        store,
        "INSERT INTO blob_chunks (sha256, number, content) VALUES (:sha256, 0, :content)",
        sha256=digest(BIG),
        content=BIG[:CHUNK],
    )
    assert refused_code(store.blobs.read, digest(BIG)) == "storage.no-such-bytes"
    store.blobs.put(BIG)
    assert store.blobs.read(digest(BIG)) == BIG


def test_pieces_that_are_not_of_these_bytes_are_never_made_a_blob(store):
    run(
        store,
        "INSERT INTO blob_chunks (sha256, number, content) VALUES (:sha256, 0, :content)",
        sha256=digest(BIG),
        content=b"short",
    )
    assert refused_code(lambda _: store.blobs.put(BIG), digest(BIG)) == "storage.damaged-bytes"
    assert refused_code(store.blobs.read, digest(BIG)) == "storage.no-such-bytes"


class Endless(io.RawIOBase):
    """So many bytes, made while they are read."""

    def __init__(self, size: int) -> None:
        self.size, self.at = size, 0

    def readable(self) -> bool:
        return True

    def seek(self, position: int, whence: int = 0) -> int:
        self.at = position
        return position

    def read(self, size: int = -1) -> bytes:
        size = min(size, self.size - self.at)
        self.at += size
        return b"\x5a" * size


@pytest.mark.parametrize("directory", [False, True])
def test_memory_stays_flat_however_large_the_bytes_are(tmp_path, directory):
    size = 40 * CHUNK
    store = opened(tmp_path, directory=directory)
    source = Endless(size)
    tracemalloc.start()
    with store.blobs.new() as writer:
        while piece := source.read(CHUNK):
            writer.file.write(piece)
        kept = writer.keep()
    with store.blobs.open(kept.sha256) as file:
        read = sum(len(piece) for piece in iter(lambda: file.read(CHUNK), b""))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    store.close()
    assert read == kept.size == size
    assert peak < 10 * CHUNK


def test_a_folder_that_another_writer_made_and_did_not_live_to_sync_is_synced_before_bytes_in_it_count(
    tmp_path, monkeypatch
):
    """A power failure takes a folder whose name is not on the disk, and everything in it."""
    store = opened(tmp_path, directory=True)
    (tmp_path / "blobs" / digest(BIG)[:2]).mkdir()
    synced = []
    monkeypatch.setattr(blobs_module, "sync_folder", synced.append)
    kept = store.blobs.put(BIG)
    store.close()
    assert synced == [tmp_path / "blobs", tmp_path / "blobs" / kept.sha256[:2]]


def test_a_disk_that_is_full_while_the_caller_writes_is_told_as_full(store):
    with pytest.raises(Final) as refused, store.blobs.new():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert refused.value.code == "storage.full"


def test_an_error_that_is_not_about_room_stays_the_callers_own(store):
    with pytest.raises(ConnectionResetError), store.blobs.new():
        raise ConnectionResetError


def test_a_temporary_file_leaves_no_name_behind(store, tmp_path):
    before = set(tmp_path.iterdir())
    with store.blobs.new() as writer:
        writer.file.write(BIG)
        assert set(tmp_path.iterdir()) == before


# --- in a directory -------------------------------------------------------------------------------------------------
def test_a_file_is_named_by_its_digest_and_read_by_its_owner_only(with_directory, tmp_path):
    kept = with_directory.blobs.put(BIG)
    (file,) = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert file == tmp_path / "blobs" / kept.sha256[:2] / kept.sha256
    assert file.read_bytes() == BIG
    assert file.stat().st_mode & 0o777 == 0o600


def change_a_byte(file: Path) -> None:
    file.write_bytes(b"\x00" + file.read_bytes()[1:])


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [change_a_byte, cut, Path.unlink])
def test_a_damaged_file_is_told(with_directory, tmp_path, damage):
    kept = with_directory.blobs.put(BIG)
    damage(tmp_path / "blobs" / kept.sha256[:2] / kept.sha256)
    assert refused_code(with_directory.blobs.read, kept.sha256) == "storage.damaged-bytes"


@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_bytes_that_are_kept_again_are_there_again(with_directory, tmp_path, damage):
    """Who hands over the very bytes whose file somebody has taken away is told that they are kept: then they are."""
    kept = with_directory.blobs.put(BIG)
    for keep in (with_directory.blobs.put, in_a_transaction(with_directory)):
        damage(tmp_path / "blobs" / kept.sha256[:2] / kept.sha256)
        assert keep(BIG) == kept
        assert with_directory.blobs.read(kept.sha256) == BIG


def in_a_transaction(store):
    def keep(content):
        with store.transaction() as transaction:
            return transaction.keep(content)

    return keep


def test_a_file_of_a_killed_writer_without_its_row_is_no_blob_until_it_is_kept_again(with_directory, tmp_path):
    orphan = tmp_path / "blobs" / digest(BIG)[:2] / digest(BIG)
    orphan.parent.mkdir()
    orphan.write_bytes(b"half of")
    assert refused_code(with_directory.blobs.read, digest(BIG)) == "storage.no-such-bytes"
    with_directory.blobs.put(BIG)
    assert with_directory.blobs.read(digest(BIG)) == BIG


def test_a_write_that_fails_leaves_no_file(with_directory, tmp_path, monkeypatch):
    def no_room(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("adapter.storage.blobs.os.fsync", no_room)
        assert refused_code(lambda _: with_directory.blobs.put(b"new"), "") == "storage.full"
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
    with_directory.blobs.put(b"new")


def test_bytes_kept_in_the_database_are_read_after_the_switch_to_a_directory(tmp_path):
    first = opened(tmp_path)
    kept = first.blobs.put(b"in the database")
    first.close()
    second = opened(tmp_path, directory=True)
    assert second.blobs.read(kept.sha256) == b"in the database"
    moved = second.blobs.put(b"in the directory")
    second.close()
    third = opened(tmp_path)
    assert refused_code(third.blobs.read, moved.sha256) == "storage.blob-directory-needed"
    third.close()
