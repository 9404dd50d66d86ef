"""The directory of an archive and what it says of each entry: steps 1 to 4 of `asic.reader`."""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from typing import BinaryIO, Final, NamedTuple, TypeAlias

from signing.asic.names import META_INF, MIMETYPE, ContainerLimits, name_flaw, name_key
from signing.asic.writer import CENTRAL, CENTRAL_MARK, DEFLATED, END, END_MARK, FLAG_UTF8, STORED
from signing.errors import SigningError
from signing.xmldsig import malformed

FLAG_DESCRIPTOR: Final = 0x0008
_FLAGS_KNOWN: Final = 0x0006 | FLAG_DESCRIPTOR | FLAG_UTF8  # bits 1 and 2 say how hard the deflater tried
# ZIP64; Info-ZIP's second name and second comment; WinZip AES: each would be another reading of the same entry.
_EXTRA_REFUSED: Final = frozenset({0x0001, 0x7075, 0x6375, 0x9901})
_EXTRA_HEAD: Final = struct.Struct("<HH")
_DOS_NO_FILE: Final = 0x0458  # volume label, directory, device, link
_SET_ID: Final = 0o7000  # runs with another's rights, once unpacked
# Who writes archives (APPNOTE 4.4.2): FAT, Unix, Macintosh, NTFS by its number and by Info-ZIP's, VFAT, OS X.
_HOSTS: Final = frozenset({0, 3, 7, 10, 11, 14, 19})
_UNIX: Final = frozenset({3, 19})
# beside the attributes DOS knew, 7-Zip sets one, the highest, and the archiver of macOS another, the one below it
_NEVER_FROM_UNIX: Final = 0x3FC0
# Tenths of a version: those of APPNOTE 4.4.3.2, those Info-ZIP wrote of itself, and 0, which means nothing.
_VERSIONS: Final = frozenset({0, 10, 11, 20, 21, 23, 25, 27, 30, 31, 45, 46, 50, 51, 52, 61, 62, 63})
_BINARY: Final = re.compile(r"META-INF/[^/]*\.(?:p7s|tst)", re.IGNORECASE)
_REGULAR: Final = 0o10
_DOS_FOLDER: Final = 0x10
_UNIX_FOLDER: Final = 0o4
_EMPTY_DEFLATED: Final = 2  # octets a deflater writes of nothing
_ZIP64_MARK: Final = 0xFFFFFFFF
_MAX_DIRECTORY: Final = 4 << 20
# The one archive comment the standard knows (EN 319 162-1, A.1); any other could hide a second end record.
_MAX_COMMENT: Final = 0xFFFF
_COMMENT: Final = b"mimetype=" + MIMETYPE.encode()


Source: TypeAlias = BinaryIO | bytes
"""Where an archive is read from: held whole, or a seekable file."""


class Entry(NamedTuple):
    """One file as the directory describes it; sizes in bytes, offsets from the archive's first byte."""

    name: str
    raw_name: bytes
    made_by: int
    needed: int
    flags: int
    method: int
    moment: tuple[int, int]
    crc: int
    packed: int
    size: int
    extra: bytes
    is_text: int
    attributes: int
    header_offset: int


# --- 1: end record and directory -----------------------------------------------------------------------------------
def read_directory(
    source: Source, size: int, limits: ContainerLimits, *, any_comment: bool = False
) -> tuple[int, list[Entry]]:
    """Where the directory begins, and its entries; `any_comment` also takes a comment that is not the standard's."""
    longest = _MAX_COMMENT if any_comment else len(_COMMENT)
    count = min(size, END.size + longest)
    tail = read_at(source, size - count, count, "asic.end-record")
    record = _end_record(tail, any_comment=any_comment)
    mark, disk, first_disk, here, count, length, offset, comment_length = END.unpack_from(record)
    if (mark, disk, first_disk) != (END_MARK, 0, 0) or here != count:
        raise malformed("asic.end-record", "several disks")
    if offset + length + END.size + comment_length != size:  # also what a ZIP64 locator or its marks would lead to
        raise malformed("asic.end-record", "directory does not lie before it")
    if count > limits.max_entries or length > _MAX_DIRECTORY:
        raise malformed("asic.limits", "entries", limit=str(limits.max_entries))
    directory = read_at(source, offset, length, "asic.end-record")
    entries: list[Entry] = []
    position = 0
    while position < length:
        entry, position = _entry(directory, position)
        entries.append(entry)
    if len(entries) != count:
        raise malformed("asic.end-record", "count of entries")
    return offset, entries


def _end_record(tail: bytes, *, any_comment: bool) -> bytes:
    """The one end record whose comment ends the file; a comment that could hold another one is refused."""
    if any_comment and tail.count(END_MARK) == 1:
        record = tail[tail.index(END_MARK) :]
        if len(record) >= END.size and END.unpack_from(record)[-1] == len(record) - END.size:
            return record
    for comment in (b"", _COMMENT):
        record = tail[len(tail) - END.size - len(comment) :] if len(tail) >= END.size + len(comment) else b""
        if record.startswith(END_MARK) and record.endswith(comment) and END.unpack_from(record)[-1] == len(comment):
            return record
    raise malformed("asic.end-record", "does not end the file")


def _entry(directory: bytes, position: int) -> tuple[Entry, int]:
    try:
        fields = CENTRAL.unpack_from(directory, position)
    except struct.error as error:
        raise malformed("asic.end-record", "directory cut off") from error
    mark, made_by, needed, flags, method, time, date, crc, packed, size = fields[:10]
    name_length, extra_length, comment_length, disk, internal, external, offset = fields[10:]
    start = position + CENTRAL.size
    end = start + name_length + extra_length + comment_length
    if mark != CENTRAL_MARK or disk != 0 or end > len(directory) or _ZIP64_MARK in (packed, size, offset):
        raise malformed("asic.end-record", "directory entry")
    raw_name = directory[start : start + name_length]
    return Entry(
        name=_decoded(raw_name, flags),
        raw_name=raw_name,
        made_by=made_by,
        needed=needed,
        flags=flags,
        method=method,
        moment=(time, date),
        crc=crc,
        packed=packed,
        size=size,
        extra=directory[start + name_length : start + name_length + extra_length],
        is_text=internal,
        attributes=external,
        header_offset=offset,
    ), end


def _decoded(raw: bytes, flags: int) -> str:
    """UTF-8 when the flag says so, ASCII otherwise: cp437 and the local code page are guesses."""
    try:
        return raw.decode("utf-8" if flags & FLAG_UTF8 else "ascii")
    except UnicodeDecodeError as error:
        raise malformed("asic.names", "neither ASCII nor flagged UTF-8") from error


# --- 2 to 4: what the directory says -------------------------------------------------------------------------------
def require_limits(entries: list[Entry], limits: ContainerLimits) -> None:
    meta_inf = 0
    for entry in entries:
        if max(entry.size, entry.packed) > limits.max_entry:
            raise malformed("asic.limits", "entry size", name=entry.name[:255], limit=str(limits.max_entry))
        if entry.size > limits.ratio_from and entry.size > limits.max_ratio * entry.packed:
            raise malformed("asic.limits", "ratio", name=entry.name[:255], limit=str(limits.max_ratio))
        if entry.name[:9].casefold() == "meta-inf/":
            meta_inf += entry.size
            if entry.size > limits.max_meta_inf:
                raise malformed(
                    "asic.limits", "META-INF file size", name=entry.name[:255], limit=str(limits.max_meta_inf)
                )
    binaries = [entry for entry in entries if _BINARY.fullmatch(entry.name)]
    unpacked, packed = sum(entry.size for entry in binaries), sum(entry.packed for entry in binaries)
    if unpacked > limits.ratio_from + limits.max_binary_ratio * packed:
        raise malformed("asic.limits", "ratio", name=binaries[0].name[:255], limit=str(limits.max_binary_ratio))
    if meta_inf > limits.max_meta_inf_total:
        raise malformed("asic.limits", "META-INF size", limit=str(limits.max_meta_inf_total))
    if sum(entry.size for entry in entries) > limits.max_unpacked:
        raise malformed("asic.limits", "unpacked size", limit=str(limits.max_unpacked))


def is_folder(entry: Entry) -> bool:
    """An entry that many programs write for a folder: a name that ends in a slash, and nothing in it."""
    return entry.name.endswith("/") and entry.size == entry.crc == 0 and entry.packed <= _EMPTY_DEFLATED


def require_names(entries: list[Entry], limits: ContainerLimits) -> None:
    seen: set[str] = set()
    for entry in entries:
        of_folder = is_folder(entry)
        name = entry.name[:-1] if of_folder else entry.name
        # the folder META-INF may have an entry of its own, a file of that name may not
        flaw = None if of_folder and entry.name == META_INF else name_flaw(name, limits)
        if flaw is not None:
            raise malformed("asic.names", flaw, name=entry.name[:255])
        key = name_key(name)
        if key in seen:
            raise malformed("asic.names", "twice", name=entry.name)
        seen.add(key)


def require_regular(entry: Entry) -> None:
    attributes = entry.attributes
    if is_folder(entry):
        # what a folder may say of itself and a file may not; all else is asked as of a file
        attributes &= ~_DOS_FOLDER
        if attributes >> 28 == _UNIX_FOLDER:
            attributes = attributes & ~(0xF << 28) | _REGULAR << 28
    flaw = _flaw((entry.made_by, entry.needed, entry.flags, entry.method, entry.is_text, attributes))
    if flaw is not None:
        raise malformed("asic.entries", flaw, name=entry.name)
    if entry.method == STORED and entry.packed != entry.size:
        raise malformed("asic.entries", "stored sizes differ", name=entry.name)
    require_harmless_extra(entry.extra, entry.name, "asic.entries")


@lru_cache(maxsize=256)
def _flaw(notes: tuple[int, int, int, int, int, int]) -> str | None:
    """What makes an entry none that we read; the few kinds of writer note the same of every entry."""
    made_by, needed, flags, method, is_text, attributes = notes
    host, mode = made_by >> 8, attributes >> 16
    if mode >> 12 not in (0, _REGULAR) or attributes & _DOS_NO_FILE:
        return "not a regular file"
    if host not in _HOSTS or made_by & 0xFF not in _VERSIONS or needed not in _VERSIONS:
        return "version"
    if not _is_possible(host, mode, attributes & 0xFFFF) or is_text & ~1:
        return "attributes"
    if flags & ~_FLAGS_KNOWN:
        return "flags"
    return None if method in (STORED, DEFLATED) else "method"


def _is_possible(host: int, mode: int, dos: int) -> bool:
    """Whether a file may have such attributes: on Unix nobody has a right that its owner lacks."""
    if host not in _UNIX:
        return not mode & _SET_ID
    owner, group, others = mode >> 6 & 7, mode >> 3 & 7, mode & 7
    return not (mode & _SET_ID or (group | others) & ~owner or dos & _NEVER_FROM_UNIX)


def require_harmless_extra(extra: bytes, name: str, check_id: str) -> None:
    position = 0
    while position < len(extra):
        if len(extra) - position < _EXTRA_HEAD.size:
            raise malformed(check_id, "extra field", name=name)
        kind, length = _EXTRA_HEAD.unpack_from(extra, position)
        position += _EXTRA_HEAD.size + length
        if kind in _EXTRA_REFUSED or position > len(extra):
            raise malformed(check_id, "extra field", name=name)


# --- bytes ---------------------------------------------------------------------------------------------------------
def size_of(source: Source) -> int:
    """Octets of the whole archive. Raises SigningError signing.source-unreadable."""
    if isinstance(source, bytes):
        return len(source)
    try:
        return source.seek(0, 2)
    except (OSError, ValueError) as error:
        raise SigningError("signing.source-unreadable") from error


def read_at(source: Source, offset: int, count: int, check_id: str) -> bytes:
    """Exactly `count` octets from `offset` (not negative), or StepError. Raises SigningError signing.source-unreadable."""
    if isinstance(source, bytes):
        content = source[offset : offset + count]
    else:
        try:
            source.seek(offset)
            content = source.read(count)
        except (OSError, ValueError) as error:
            raise SigningError("signing.source-unreadable") from error
    if len(content) != count:
        raise malformed(check_id, "archive cut off")
    return content
