"""Writing an ASiC-E container: entries in the standard's order, fixed dates, one pass over each data object."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from zlib_ng.zlib_ng import crc32

from signing.asic.names import CHUNK, DEFAULT_LIMITS, MANIFEST_NS, MIMETYPE, MIMETYPE_NAME, ContainerLimits, DataObject
from signing.errors import SigningError
from signing.xmldsig import escape_attribute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
END: Final = struct.Struct("<4sHHHHIIH")
LOCAL_MARK: Final = b"PK\x03\x04"
CENTRAL_MARK: Final = b"PK\x01\x02"
END_MARK: Final = b"PK\x05\x06"
STORED: Final = 0
DEFLATED: Final = 8
FLAG_UTF8: Final = 0x0800

# Deflating these again costs time and wins nothing (signing README 6.2: PDF stored).
_STORED_TYPES: Final = frozenset({"application/pdf", "application/zip", MIMETYPE, "application/vnd.etsi.asic-s+zip"})
_FIXED_TIME: Final = 0
_FIXED_DATE: Final = 0x0021  # 1980-01-01, the first day ZIP knows: equal input gives equal bytes
_MADE_BY: Final = 0x0314  # Unix, APPNOTE 2.0
_VERSION_NEEDED: Final = 20
_REGULAR_FILE: Final = 0o100644 << 16


class Hasher(Protocol):
    """What hashlib gives, or a national digest in its shape."""

    def update(self, data: bytes, /) -> None: ...


class PackedEntry(Protocol):
    """What the directory of another archive says of an entry that is copied."""

    @property
    def method(self) -> int: ...
    @property
    def crc(self) -> int: ...
    @property
    def packed(self) -> int: ...
    @property
    def size(self) -> int: ...


class Entries(Protocol):
    """An archive whose entries are copied as they are packed."""

    @property
    def entries(self) -> Mapping[str, PackedEntry]: ...

    def packed_chunks(self, name: str, /) -> Iterator[bytes]: ...


class ContainerWriter:
    """Writes entries one after another behind `mimetype`; `finish` writes the directory.

    `out` is empty, binary and seekable. Raises SigningError signing.data-object-too-large, signing.container-too-large,
    signing.data-object-changed; what is already written then stays for the caller to discard.
    """

    def __init__(self, out: BinaryIO, limits: ContainerLimits = DEFAULT_LIMITS, *, media_type: str = MIMETYPE) -> None:
        self._out = out
        self._limits = limits
        self._start = out.tell()
        self._position = 0
        self._unpacked = 0
        self._central: list[bytes] = []
        self.add(MIMETYPE_NAME, media_type.encode(), deflate=False)

    def add(self, name: str, content: bytes, *, deflate: bool = True) -> None:
        """One entry whose content is in memory."""
        packed = _deflated(content) if deflate else content
        header = self._describe(name, deflate=deflate, crc=crc32(content), packed=len(packed), size=len(content))
        self._out.write(header + packed)
        self._position += len(header) + len(packed)

    def add_object(self, item: DataObject, hasher: Hasher) -> None:
        """Stream one data object in, hashed and written in one pass.

        A text that packs better than the reader's own ratio limit allows is written a second time, stored.
        """
        deflate = item.media_type not in _STORED_TYPES
        with item.open() as stream:
            content = stream.read(CHUNK)
            more = stream.read(CHUNK)
            if not more:  # the usual small document: no placeholder to come back to
                hasher.update(content)
                self.add(item.name, content, deflate=deflate)
                return
            size, crc, packed = self._stream(item.name, content + more, stream, hasher, deflate=deflate)
        if size > self._limits.ratio_from and size > packed * self._limits.max_ratio:
            deflate = False
            self._out.seek(self._start + self._position)
            self._out.truncate()
            with item.open() as stream:
                again, again_crc, packed = self._stream(item.name, b"", stream, None, deflate=deflate)
            if (again, again_crc) != (size, crc):
                raise SigningError("signing.data-object-changed", name=item.name)
        header = self._describe(item.name, deflate=deflate, crc=crc, packed=packed, size=size)
        self._out.seek(self._start + self._position)
        self._out.write(header)
        self._position += len(header) + packed
        self._out.seek(self._start + self._position)

    def copy(self, archive: Entries, name: str) -> None:
        """One entry of another container, its packed octets as they are; dates and rights become ours.

        Raises SigningError signing.container-too-large, StepError where the archive cannot be read.
        """
        entry = archive.entries[name]
        deflate = entry.method == DEFLATED
        header = self._describe(name, deflate=deflate, crc=entry.crc, packed=entry.packed, size=entry.size)
        self._out.write(header)
        for chunk in archive.packed_chunks(name):
            self._out.write(chunk)
        self._position += len(header) + entry.packed

    def finish(self) -> None:
        """Write the directory and the end record."""
        directory = b"".join(self._central)
        count = len(self._central)
        end = END.pack(END_MARK, 0, 0, count, count, len(directory), self._position, 0)
        if self._position + len(directory) + len(end) > self._limits.max_archive:
            raise SigningError("signing.container-too-large", limit=str(self._limits.max_archive))
        self._out.write(directory + end)

    def _stream(
        self, name: str, chunk: bytes, stream: BinaryIO, hasher: Hasher | None, *, deflate: bool
    ) -> tuple[int, int, int]:
        """(size, crc, packed size) of what was written behind the room left for the local header."""
        self._out.write(b"\0" * (LOCAL.size + len(name.encode())))
        packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS) if deflate else None
        size = crc = packed = 0
        chunk = chunk or stream.read(CHUNK)
        while chunk:
            size += len(chunk)
            if size > self._limits.max_entry:
                raise SigningError("signing.data-object-too-large", name=name, limit=str(self._limits.max_entry))
            crc = crc32(chunk, crc)
            if hasher is not None:
                hasher.update(chunk)
            packed += self._out.write(packer.compress(chunk) if packer else chunk)
            chunk = stream.read(CHUNK)
        if packer:
            packed += self._out.write(packer.flush())
        return size, crc, packed

    def _describe(self, name: str, *, deflate: bool, crc: int, packed: int, size: int) -> bytes:
        """The local header; its twin is kept for the directory. Refuses what the reader's limits would refuse."""
        self._unpacked += size
        if self._unpacked > self._limits.max_unpacked or self._position + packed > self._limits.max_archive:
            raise SigningError("signing.container-too-large", limit=str(self._limits.max_archive))
        raw = name.encode()
        flags = 0 if name.isascii() else FLAG_UTF8
        method = DEFLATED if deflate else STORED
        shared = (_VERSION_NEEDED, flags, method, _FIXED_TIME, _FIXED_DATE, crc, packed, size, len(raw), 0)
        self._central.append(
            CENTRAL.pack(CENTRAL_MARK, _MADE_BY, *shared, 0, 0, 0, _REGULAR_FILE, self._position) + raw
        )
        return LOCAL.pack(LOCAL_MARK, *shared) + raw


def manifest(objects: Sequence[DataObject]) -> bytes:
    """META-INF/manifest.xml: the container itself and every data object, in their order, nothing else."""
    rows = [("/", MIMETYPE), *((item.name, item.media_type) for item in objects)]
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{escape_attribute(name)}"'
        f' manifest:media-type="{escape_attribute(media_type)}"/>'
        for name, media_type in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<manifest:manifest xmlns:manifest="{MANIFEST_NS}" manifest:version="1.2">{entries}</manifest:manifest>'
    ).encode()


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()
