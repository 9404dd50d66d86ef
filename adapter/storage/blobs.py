"""Bytes by digest. Written in short transactions of their own, before the row that names them; never changed.

Writing    bytes wait in a temporary file (a small one stays in memory), are digested, go to their place piece by piece,
           and last of all their row in `blobs` makes them exist.
Reading    every byte is digested again before the first one is handed out: damage is Final `storage.damaged-bytes`.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Protocol, Self, cast

from sqlalchemy import bindparam, exists, func, insert, select

from adapter.domain.document import Sha256
from adapter.errors import Conflict, Final
from adapter.ports import Clock, KeptBlob
from adapter.storage.database import Database, OpenTransaction
from adapter.storage.disk import disk_error, disk_errors, identity_of, is_full
from adapter.storage.tables import blob_chunks, blobs

CHUNK = 1024 * 1024
"""Bytes of one piece. The next writer takes over the pieces of a killed one, so a change needs a migration."""


# Built once: to build a statement costs several times what the database takes for it.
_IS_KEPT = select(exists().where(blobs.c.sha256 == bindparam("digest")))
_PLACE = select(blobs.c.place).where(blobs.c.sha256 == bindparam("digest"))
_PIECE = select(blob_chunks.c.content).where(
    blob_chunks.c.sha256 == bindparam("digest"), blob_chunks.c.number == bindparam("place_of_piece")
)
_ROW_AND_FIRST = (
    select(blobs, blob_chunks.c.content)
    .join_from(blobs, blob_chunks, (blob_chunks.c.sha256 == blobs.c.sha256) & (blob_chunks.c.number == 0), isouter=True)
    .where(blobs.c.sha256 == bindparam("digest"))
)
_LENGTH = select(func.coalesce(func.sum(func.length(blob_chunks.c.content)), 0)).where(
    blob_chunks.c.sha256 == bindparam("digest")
)
_IN_DIRECTORY = select(blobs.c.sha256).where(blobs.c.place == "directory").limit(1)
_PUT_ROW = insert(blobs)
_PUT_PIECE = insert(blob_chunks).from_select(
    ["sha256", "number", "content"],
    select(
        bindparam("digest", type_=blob_chunks.c.sha256.type),
        bindparam("place_of_piece", type_=blob_chunks.c.number.type),
        bindparam("piece", type_=blob_chunks.c.content.type),
    ).where(
        ~exists().where(
            blob_chunks.c.sha256 == bindparam("digest"), blob_chunks.c.number == bindparam("place_of_piece")
        )
    ),
)


class _Place(Protocol):
    """Where bytes lie."""

    name: Literal["database", "directory"]

    def write(self, sha256: Sha256, size: int, source: BinaryIO) -> None:
        """Make the bytes durable and then their row in `blobs`; `source` stands at its start."""
        ...

    def write_in(self, transaction: OpenTransaction, sha256: Sha256, size: int, source: BinaryIO) -> None:
        """The same inside a transaction: without its commit there are no such bytes."""
        ...

    def pieces(self, sha256: Sha256, first: bytes | None) -> Iterator[bytes]:
        """The bytes in order; `first` is the piece that came with the row."""
        ...

    def measure(self, sha256: Sha256) -> int | None:
        """How many there are; None where there are none."""
        ...


class SqlBlobs:
    """adapter.ports.Blobs over one of the two places."""

    def __init__(self, database: Database, clock: Clock, temporary: Path, directory: Path | None) -> None:
        """`directory` is where files go; None keeps bytes in the database. Bytes are read from where they were put."""
        self._database = database
        self._temporary = temporary
        chunks = _Chunks(database, clock)
        files = None if directory is None else _FilesByDigest(directory, database, clock)
        self._place: _Place = files or chunks
        self._places: dict[str, _Place] = {"database": chunks} | ({"directory": files} if files else {})

    def new(self) -> Writer:
        """Room for new bytes. RuntimeError inside a transaction of this thread."""
        self._database.refuse_inside_transaction()
        return Writer(self._spool(), self)

    def put(self, content: bytes) -> KeptBlob:
        """Keep bytes that are in memory anyway."""
        self._database.refuse_inside_transaction()
        return self.keep(io.BytesIO(content))

    def open(self, sha256: Sha256) -> BinaryIO:
        """The bytes, from the start, seekable. Final `storage.no-such-bytes`, `storage.damaged-bytes`."""
        target = self._spool()
        try:
            with disk_errors():
                for piece in self._checked(sha256):
                    target.write(piece)
                target.seek(0)
        except BaseException:  # reason: whatever stops the copying, an interrupt too, nobody else holds the spool
            target.close()
            raise
        return target

    def read(self, sha256: Sha256) -> bytes:
        """All bytes. Final `storage.no-such-bytes`, `storage.damaged-bytes`."""
        return b"".join(self._checked(sha256))

    def measure(self, sha256: Sha256) -> int | None:
        """How many bytes lie there, without reading them; None where there are none, or not in a place known here."""
        with self._database.reading() as transaction:
            row = transaction.row(select(blobs.c.place).where(blobs.c.sha256 == sha256))
        place = None if row is None else self._places.get(row["place"])
        return None if place is None else place.measure(sha256)

    def keep(self, source: BinaryIO) -> KeptBlob:
        """Digest `source` from its start and make its bytes durable; known bytes are not written again."""
        with disk_errors():
            size, sha256 = _measured(source)
        with self._database.reading() as transaction:
            stands = self._stands(transaction, sha256, size)
        if not stands:
            source.seek(0)
            self._place.write(sha256, size, source)
        return KeptBlob(sha256=sha256, size=size)

    def keep_in(self, transaction: OpenTransaction, content: bytes) -> KeptBlob:
        """Keep bytes as a part of `transaction`: they are durable with the rest of it, or do not exist."""
        kept = KeptBlob(sha256=Sha256(hashlib.sha256(content).hexdigest()), size=len(content))
        if not self._stands(transaction, kept.sha256, kept.size):
            self._place.write_in(transaction, kept.sha256, kept.size, io.BytesIO(content))
        return kept

    def _stands(self, transaction: OpenTransaction, sha256: Sha256, size: int) -> bool:
        """Whether the bytes need not be written: of a file that somebody has taken away the row alone is left."""
        place = transaction.value(_PLACE, digest=sha256)
        if place is None or place != self._place.name:
            return place is not None
        return self._place.name == "database" or self._place.measure(sha256) == size

    def _checked(self, sha256: Sha256) -> Iterator[bytes]:
        """The pieces; the difference shows at the end, so a caller hands nothing out before it has them all."""
        with self._database.reading() as transaction:
            row = transaction.row(_ROW_AND_FIRST, digest=sha256)
        if row is None:
            raise Final("storage.no-such-bytes", params={"sha256": sha256})
        place = self._places.get(row["place"])
        if place is None:
            raise Final("storage.blob-directory-needed", params={"sha256": sha256})
        digest, size = hashlib.sha256(), 0
        for piece in place.pieces(sha256, row["content"]):
            digest.update(piece)
            size += len(piece)
            yield piece
        if size != row["size"] or digest.hexdigest() != sha256:
            raise Final("storage.damaged-bytes", params={"sha256": sha256})

    def _spool(self) -> BinaryIO:
        return cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=CHUNK, dir=str(self._temporary)))


class Writer:
    """adapter.ports.BlobWriter: a temporary file without a name, so that a killed writer leaves nothing behind."""

    def __init__(self, file: BinaryIO, owner: SqlBlobs) -> None:
        self._file = file
        self._owner = owner

    @property
    def file(self) -> BinaryIO:
        """Where to write."""
        return self._file

    def keep(self) -> KeptBlob:
        """Make durable what the file holds now, from its start."""
        self._owner._database.refuse_inside_transaction()  # noqa: SLF001  # a writer is the other half of its owner
        return self._owner.keep(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """A disk that is full while the caller writes is `storage.full` when the block ends."""
        self._file.close()
        if is_full(error):
            raise disk_error(error) from error


class _Chunks:
    """Bytes in the table blob_chunks."""

    name: Literal["database", "directory"] = "database"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def write(self, sha256: Sha256, size: int, source: BinaryIO) -> None:
        """Each piece in its own transaction, so that nobody else waits long; the last one with the row in `blobs`."""
        number = 0
        while (number + 1) * CHUNK < size:
            with self._database.writing() as transaction:
                _put_piece(transaction, sha256, number, source.read(CHUNK))
            number += 1
        with self._database.writing() as transaction:
            self._end(transaction, sha256, size, number, source)

    def write_in(self, transaction: OpenTransaction, sha256: Sha256, size: int, source: BinaryIO) -> None:
        """All pieces at once: for what is small, or must not exist without the rest."""
        number = 0
        while (number + 1) * CHUNK < size:
            _put_piece(transaction, sha256, number, source.read(CHUNK))
            number += 1
        self._end(transaction, sha256, size, number, source)

    def _end(self, transaction: OpenTransaction, sha256: Sha256, size: int, number: int, source: BinaryIO) -> None:
        if size:
            _put_piece(transaction, sha256, number, source.read(CHUNK))
        if transaction.value(_LENGTH, digest=sha256) != size:
            raise Final("storage.damaged-bytes", params={"sha256": sha256})
        _put_row(transaction, sha256, size, self.name, self._clock)

    def pieces(self, sha256: Sha256, first: bytes | None) -> Iterator[bytes]:
        """A transaction for each piece after the first: bytes never change, and a slow reader holds nothing."""
        number, piece = 0, first
        while piece is not None:
            yield piece
            if len(piece) < CHUNK:
                return
            number += 1
            with self._database.reading() as transaction:
                piece = transaction.value(_PIECE, digest=sha256, place_of_piece=number)

    def measure(self, sha256: Sha256) -> int | None:
        """The lengths of the pieces together; no piece is an empty content."""
        with self._database.reading() as transaction:
            lengths = select(func.coalesce(func.sum(func.length(blob_chunks.c.content)), 0))
            return int(transaction.value(lengths.where(blob_chunks.c.sha256 == sha256)))


class _FilesByDigest:
    """Bytes in files `<first two digits>/<digest>` of a directory."""

    name: Literal["database", "directory"] = "directory"

    def __init__(self, directory: Path, database: Database, clock: Clock) -> None:
        self._directory = directory
        self._database = database
        self._clock = clock
        self._synced: set[str] = set()
        self._found: tuple[int, int] | None = None
        if self._known() is None:
            with disk_errors():
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                sync_folder(directory.parent)
        self._require_there()

    def write(self, sha256: Sha256, size: int, source: BinaryIO) -> None:
        """The file first, then its row."""
        self._write_file(sha256, source)
        with self._database.writing() as transaction:
            _put_row(transaction, sha256, size, self.name, self._clock)

    def write_in(self, transaction: OpenTransaction, sha256: Sha256, size: int, source: BinaryIO) -> None:
        """The same; a transaction that is rolled back leaves a file that no row names, for the next who keeps its bytes."""
        self._write_file(sha256, source)
        _put_row(transaction, sha256, size, self.name, self._clock)

    def _write_file(self, sha256: Sha256, source: BinaryIO) -> None:
        """A temporary file in the same folder, synced and renamed: a file with the name is always whole."""
        folder = self._directory / sha256[:2]
        self._require_there()
        with disk_errors():
            if folder.name not in self._synced:
                # Once for each process: whoever made the folder may have been killed before its name was on the disk.
                folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(self._directory)
                self._synced.add(folder.name)
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    while piece := source.read(CHUNK):
                        file.write(piece)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(folder / sha256)
            except BaseException:  # reason: whatever stops the writing, an interrupt too, leaves no part of a file
                with suppress(OSError):
                    Path(temporary).unlink()
                raise
            sync_folder(folder)

    def pieces(self, sha256: Sha256, first: bytes | None) -> Iterator[bytes]:
        """A file that is gone gives nothing, which is damage. Final `storage.blob-directory-gone`."""
        del first
        self._require_there()
        with disk_errors(), suppress(FileNotFoundError), (self._directory / sha256[:2] / sha256).open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece

    def measure(self, sha256: Sha256) -> int | None:
        """The size of the file."""
        self._require_there()
        with disk_errors(), suppress(FileNotFoundError):
            return (self._directory / sha256[:2] / sha256).stat().st_size
        return None

    def _require_there(self) -> None:
        """Final `storage.blob-directory-gone` where what lies at the address is not the directory of these bytes: not
        mounted here, or another one. That is no damage of any document, and what was written there nobody would find.

        Looked at closely only when it is another directory than the last time.
        """
        found = identity_of(self._directory)
        if found is not None and found == self._found:
            return
        known = self._known()
        if found is None or (known is not None and not (self._directory / known[:2]).is_dir()):
            self._found = None
            raise Final("storage.blob-directory-gone")
        self._found = found

    def _known(self) -> str | None:
        """A digest whose file was made here; its folder is never taken away."""
        with self._database.reading() as transaction:
            found: str | None = transaction.value(_IN_DIRECTORY)
        return found


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power failure."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _measured(source: BinaryIO) -> tuple[int, Sha256]:
    digest, size = hashlib.sha256(), 0
    source.seek(0)
    while piece := source.read(CHUNK):
        digest.update(piece)
        size += len(piece)
    return size, Sha256(digest.hexdigest())


def _put_piece(transaction: OpenTransaction, sha256: Sha256, number: int, content: bytes) -> None:
    """A piece that is there was written by a killed or parallel writer of the same bytes."""
    with suppress(Conflict):
        transaction.change(_PUT_PIECE, digest=sha256, place_of_piece=number, piece=content)


def _put_row(transaction: OpenTransaction, sha256: Sha256, size: int, place: str, clock: Clock) -> None:
    """A row that is there was written by a parallel writer of the same bytes."""
    if transaction.value(_IS_KEPT, digest=sha256):
        return
    with suppress(Conflict):
        transaction.change(_PUT_ROW, sha256=sha256, size=size, place=place, kept_at=clock.now())
