"""adapter.ports.Blobs: what every keeper of bytes promises."""

from __future__ import annotations

import hashlib
import threading
import zipfile

import pytest

from adapter.errors import Final
from tests.contract.samples import digest, receipt

MEGABYTE = 1024 * 1024
SIZES = (0, 1, MEGABYTE - 1, MEGABYTE, MEGABYTE + 1, 3 * MEGABYTE, 3 * MEGABYTE + 17)


def sample(size: int) -> bytes:
    return hashlib.shake_128(str(size).encode()).digest(size)


@pytest.mark.parametrize("size", SIZES)
def test_gives_back_exactly_what_was_put(store, size):
    content = sample(size)
    kept = store.blobs.put(content)
    assert (kept.sha256, kept.size) == (digest(content), size)
    assert store.blobs.read(kept.sha256) == content
    with store.blobs.open(kept.sha256) as file:
        assert file.read() == content


@pytest.mark.parametrize("size", SIZES)
def test_a_writer_keeps_what_was_written_however_it_was_written(store, size):
    content = sample(size)
    with store.blobs.new() as writer:
        writer.file.write(b"x" * size)
        writer.file.seek(0)
        for start in range(0, size, 300_000):
            writer.file.write(content[start : start + 300_000])
        kept = writer.keep()
    assert (kept.sha256, kept.size) == (digest(content), size)
    assert store.blobs.read(kept.sha256) == content


def test_a_writer_that_is_left_without_keeping_leaves_nothing(store):
    with store.blobs.new() as writer:
        writer.file.write(b"thrown away")
    with pytest.raises(Final) as refused:
        store.blobs.read(digest(b"thrown away"))
    assert refused.value.code == "storage.no-such-bytes"


def test_a_writer_holds_a_zip_and_the_opened_bytes_read_as_one(store):
    with store.blobs.new() as writer:
        with zipfile.ZipFile(writer.file, "w") as archive:
            archive.writestr("a", b"x" * 2_000_000)
        kept = writer.keep()
    with store.blobs.open(kept.sha256) as file, zipfile.ZipFile(file) as archive:
        assert archive.read("a") == b"x" * 2_000_000


def test_the_same_bytes_twice_are_one_blob(store):
    first = store.blobs.put(b"same")
    with store.blobs.new() as writer:
        writer.file.write(b"same")
        assert writer.keep() == first
    assert store.blobs.read(first.sha256) == b"same"


def test_bytes_that_were_never_kept_are_told_so(store):
    for ask in (store.blobs.read, store.blobs.open):
        with pytest.raises(Final) as refused:
            ask(digest("never kept"))
        assert refused.value.code == "storage.no-such-bytes"


@pytest.mark.parametrize("size", SIZES)
def test_bytes_kept_in_a_transaction_are_there_after_it(store, size):
    content = sample(size)
    with store.transaction() as transaction:
        kept = transaction.keep(content)
        assert (kept.sha256, kept.size) == (digest(content), size)
        assert transaction.keep(content) == kept
    assert store.blobs.read(kept.sha256) == content
    assert store.blobs.put(content) == kept


def test_bytes_kept_in_a_transaction_that_fails_do_not_exist_and_can_be_kept_again(store):
    content = sample(MEGABYTE + 1)

    def broken_off() -> None:
        with store.transaction() as transaction:
            transaction.keep(content)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    with pytest.raises(Final) as refused:
        store.blobs.read(digest(content))
    assert refused.value.code == "storage.no-such-bytes"
    with store.transaction() as transaction:
        kept = transaction.keep(content)
    assert store.blobs.read(kept.sha256) == content


def test_a_row_may_name_bytes_that_its_own_transaction_keeps(store):
    told = receipt(1, b"told in one go")
    with store.transaction() as transaction:
        transaction.keep(b"told in one go")
        assert transaction.receipts.add(told)
    with store.snapshot() as transaction:
        assert transaction.receipts.of_document(told.document_id) == (told,)


def test_a_snapshot_keeps_nothing(store):
    with pytest.raises(RuntimeError), store.snapshot() as transaction:
        transaction.keep(b"read only")


def test_bytes_outlive_a_rolled_back_transaction(store):
    kept = store.blobs.put(b"kept")
    with pytest.raises(ZeroDivisionError), store.transaction():
        raise ZeroDivisionError
    assert store.blobs.read(kept.sha256) == b"kept"


def test_bytes_are_read_inside_a_transaction_and_not_written_there(store):
    kept = store.blobs.put(b"kept")
    with store.transaction():
        assert store.blobs.read(kept.sha256) == b"kept"
        with pytest.raises(RuntimeError):
            store.blobs.put(b"late")
        with pytest.raises(RuntimeError):
            store.blobs.new()


def test_threads_that_keep_the_same_bytes_at_once_keep_them_once_and_whole(store):
    content = sample(2 * MEGABYTE + 5)
    kept, start = [], threading.Barrier(4)

    def work() -> None:
        start.wait()
        kept.append(store.blobs.put(content))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {blob.sha256 for blob in kept} == {digest(content)}
    assert len(kept) == 4
    assert store.blobs.read(digest(content)) == content
