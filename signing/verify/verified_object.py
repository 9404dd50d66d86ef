"""What a container gave once it was TOTAL-PASSED: read again, it is compared with what was signed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

from signing import asic
from signing.errors import SigningError
from signing.xmldsig import StepError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from signing.asic import Archive


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedObject:
    """A data object of a container that ended TOTAL-PASSED; the container's source must still be open to read it.

    `size` in bytes, `sha256` raw. What `open` and `read` give was compared with what was signed.
    """

    name: str
    media_type: str
    size: int
    sha256: bytes
    _archive: Archive = field(repr=False, compare=False)
    _reopen: Callable[[], BinaryIO] | None = field(default=None, repr=False, compare=False)

    def reopened(self, reopen: Callable[[], BinaryIO]) -> VerifiedObject:
        """The same object, read from a stream that `reopen` gives each time; the container's first source may be closed.

        What the stream holds is compared with what was signed, as ever: other bytes are signing.object-changed.
        """
        return replace(self, _reopen=reopen)

    def read(self) -> bytes:
        """All of it in memory. Raises SigningError signing.object-changed when the source has changed since."""
        return b"".join(self._pieces())

    def open(self) -> BinaryIO:
        """A stream; its last piece (up to 256 KB) is handed out only after the whole has been compared.

        Raises SigningError signing.object-changed while reading. Whoever stops early has compared nothing.
        """
        return io.BufferedReader(_Stream(self._pieces()), asic.CHUNK)

    def _pieces(self) -> Iterator[bytes]:
        if self._reopen is None:
            yield from _compared(self._archive, self.name, self.sha256)
            return
        with self._reopen() as source:
            yield from _compared(self._archive.over(source), self.name, self.sha256)


def _compared(archive: Archive, name: str, sha256: bytes) -> Iterator[bytes]:
    """The content again; the last piece leaves only when all of it is what was verified."""
    hasher = hashlib.sha256()
    held = b""
    try:
        for chunk in archive.chunks(name):
            if held:
                yield held
            hasher.update(chunk)
            held = chunk
    except StepError as error:
        raise SigningError("signing.object-changed", name=name) from error
    if hasher.digest() != sha256:
        raise SigningError("signing.object-changed", name=name)
    if held:
        yield held


class _Stream(io.RawIOBase):
    """An iterator of pieces as a readable stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer, as the base class says
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """Also let go of a stream that was opened for this reading."""
        if not self.closed and isinstance(self._pieces, Generator):
            self._pieces.close()
        super().close()
