"""Reading an ASiC-E container under limits; each step has its own check id, in this order:

1. "asic.end-record"     one reading of the end record: it ends the file, the directory lies right before it, no ZIP64
2. "asic.limits"         counts and declared sizes, before anything is inflated
3. "asic.names"          plain relative paths, UTF-8, NFC, unique after case folding and percent-decoding
4. "asic.entries"        regular files only, stored or deflated, not encrypted; of a known kind of writer
5. "asic.local-headers"  each repeats the directory's name, version, flags, method, time, sizes and sum
6. "asic.spans"          entries tile the bytes from 0 to the directory: nothing before, between or inside one another
7. "asic.mimetype"       first, stored, without extra field, exact
8. "asic.content"        while reading: size, sum and end of the deflate stream are what the directory says
9. "asic.manifest"       one list of distinct entries (`asic.file_list`)

What is written once and means nothing to a reader (who made the archive, who may read a file) need only be possible: no
signature covers it, the digest of the whole container does. Offsets carry no meaning of their own, so a container that
another program zipped again stays valid. The standard library reads the same bytes in ways that depend on its release
(signing README 5.3), so only its inflater is used; the sum is zlib-ng's, fourteen times as fast.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from zlib_ng.zlib_ng import crc32

from signing.asic.directory import (
    FLAG_DESCRIPTOR,
    Entry,
    Source,
    read_at,
    read_directory,
    require_harmless_extra,
    require_limits,
    require_names,
    require_regular,
    size_of,
)
from signing.asic.names import (
    CHUNK,
    DEFAULT_LIMITS,
    MIMETYPE,
    MIMETYPE_NAME,
    ContainerLimits,
)
from signing.asic.writer import LOCAL, LOCAL_MARK, STORED
from signing.validation_report import Check
from signing.xmldsig import malformed, passed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


CHECKS: Final = frozenset(
    {
        "asic.end-record",
        "asic.limits",
        "asic.names",
        "asic.entries",
        "asic.local-headers",
        "asic.spans",
        "asic.mimetype",
        "asic.content",
        "asic.manifest",
    }
)

_DESCRIPTOR: Final = struct.Struct("<III")
_DECLARATION_COST: Final = 8
_UNCOUNTED: Final = 16 * 1024
"""Octets of markup that are read without counting what is in them: no more than a tenth of the limit can be."""
_DESCRIPTOR_MARK: Final = b"PK\x07\x08"


class Place(NamedTuple):
    """Where the content of an entry lies, and the extra field of its local header."""

    content_offset: int
    local_extra: bytes


class Archive:
    """Entries whose structure has been checked; content is checked while it is read.

    A `source` that is a file must stay open and unchanged as long as entries are read; two readers at a time take turns
    at its position, so they must not be in different threads.
    """

    def __init__(
        self,
        source: Source,
        entries: Mapping[str, Entry],
        places: Mapping[str, Place],
        size: int,
        media_type: str,
        *,
        markup: int = DEFAULT_LIMITS.max_markup,
    ) -> None:
        self._source = source
        self.places = places
        self.size = size
        self.entries = entries
        self.media_type = media_type
        self._markup_left = markup
        self._uncounted = _UNCOUNTED

    def over(self, source: Source) -> Archive:
        """The same entries read from another stream of the same bytes."""
        return Archive(source, self.entries, self.places, self.size, self.media_type)

    def read(self, name: str) -> bytes:
        """The whole content of one entry; whoever asks has looked at its size."""
        return b"".join(self.chunks(name))

    def read_markup(self, name: str) -> bytes:
        """A file under META-INF that is to be parsed; StepError "asic.limits" where all of them hold too much markup."""
        content = self.read(name)
        if len(content) <= self._uncounted:
            self._uncounted -= len(content)
            return content
        self._markup_left -= content.count(b"<") + content.count(b"=") + _DECLARATION_COST * content.count(b"xmlns")
        if self._markup_left < 0:
            raise malformed("asic.limits", "markup under META-INF", name=name)
        return content

    def chunks(self, name: str) -> Iterator[bytes]:
        """Content in pieces of at most 256 KB; StepError "asic.content" where it disagrees with the directory."""
        entry = self.entries[name]
        if (
            entry.size <= CHUNK and entry.packed <= CHUNK
        ):  # the usual small file, for which one step costs what eight do
            yield self._whole(entry)
            return
        crc = size = 0
        for chunk in self._stored(entry) if entry.method == STORED else self._inflated(entry):
            crc = crc32(chunk, crc)
            size += len(chunk)
            if size > entry.size:
                raise malformed("asic.content", "longer than declared", name=name)
            yield chunk
        if size != entry.size:
            raise malformed("asic.content", "shorter than declared", name=name)
        if crc != entry.crc:
            raise malformed("asic.content", "checksum", name=name)

    def packed_chunks(self, name: str) -> Iterator[bytes]:
        """The octets of an entry as they lie in the archive, packed or not; nothing of them is checked."""
        entry = self.entries[name]
        for offset in range(0, entry.packed, CHUNK):
            yield self._packed(entry, offset)

    def _whole(self, entry: Entry) -> bytes:
        content = self._packed(entry, 0)
        if entry.method != STORED:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                content = inflater.decompress(content, entry.size + 1)
            except zlib.error as error:
                raise malformed("asic.content", "deflate stream", name=entry.name) from error
            if len(content) > entry.size:
                raise malformed("asic.content", "longer than declared", name=entry.name)
            if not inflater.eof:
                raise malformed("asic.content", "deflate stream does not end", name=entry.name)
            if inflater.unused_data:
                raise malformed("asic.content", "bytes after the deflate stream", name=entry.name)
        if len(content) != entry.size:
            raise malformed("asic.content", "shorter than declared", name=entry.name)
        if crc32(content) != entry.crc:
            raise malformed("asic.content", "checksum", name=entry.name)
        return content

    def _stored(self, entry: Entry) -> Iterator[bytes]:
        yield from self.packed_chunks(entry.name)

    def _inflated(self, entry: Entry) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        offset = 0
        try:
            while not inflater.eof:
                fed = inflater.unconsumed_tail
                if not fed and offset < entry.packed:
                    fed = self._packed(entry, offset)
                    offset += len(fed)
                chunk = inflater.decompress(fed, CHUNK)
                if chunk:
                    yield chunk
                elif not fed and not inflater.eof:
                    raise malformed("asic.content", "deflate stream does not end", name=entry.name)
        except zlib.error as error:
            raise malformed("asic.content", "deflate stream", name=entry.name) from error
        if inflater.unused_data or offset < entry.packed:
            raise malformed("asic.content", "bytes after the deflate stream", name=entry.name)

    def _packed(self, entry: Entry, offset: int) -> bytes:
        count = min(CHUNK, entry.packed - offset)
        return read_at(self._source, self.places[entry.name].content_offset + offset, count, "asic.content")


def open_archive(
    source: Source,
    checks: list[Check],
    limits: ContainerLimits = DEFAULT_LIMITS,
    media_types: Sequence[str] = (MIMETYPE,),
    *,
    exact_layout: bool = True,
) -> Archive:
    """Check the structure, steps 1 to 7; one Check appended per step that passed, StepError at the first that did not.

    `media_types` are those `mimetype` may state; the one it states is the archive's. Empty folders are no entries of
    it. Without `exact_layout` an archive comment may be any, and step 7 asks only that `mimetype`, if there is one,
    states one of `media_types`; what is not as it should be is said by a check that is NOT_PERFORMED. Raises
    SigningError signing.source-unreadable when the file system does not deliver.
    """
    size = size_of(source)
    if size > limits.max_archive:
        raise malformed("asic.limits", "archive size", limit=str(limits.max_archive))
    directory_offset, raw_entries = read_directory(source, size, limits, any_comment=not exact_layout)
    checks.append(passed("asic.end-record"))
    require_limits(raw_entries, limits)
    checks.append(passed("asic.limits"))
    require_names(raw_entries, limits)
    checks.append(passed("asic.names"))
    for entry in raw_entries:
        require_regular(entry)
    checks.append(passed("asic.entries"))
    places = [_place(source, entry, directory_offset) for entry in raw_entries]
    checks.append(passed("asic.local-headers"))
    _require_tiling(source, raw_entries, places, directory_offset)
    checks.append(passed("asic.spans"))
    entries = {entry.name: entry for entry in raw_entries}
    by_name = {entry.name: place for entry, place in zip(raw_entries, places, strict=True)}
    media_type, flaw = _media_type(Archive(source, entries, by_name, size, ""), media_types)
    if flaw is not None and exact_layout:
        raise malformed("asic.mimetype", flaw)
    checks.append(passed("asic.mimetype") if flaw is None else Check.not_performed("asic.mimetype", reason=flaw))
    archive = Archive(source, entries, by_name, size, media_type, markup=limits.max_markup)
    folders = [name for name in entries if name.endswith("/")]
    for name in folders:
        archive.read(name)  # nothing, or two octets that inflate to nothing
        del entries[name]
    return archive


# --- 5 and 6: local headers and spans ------------------------------------------------------------------------------
def _place(source: Source, entry: Entry, directory_offset: int) -> Place:
    if entry.header_offset + LOCAL.size + len(entry.raw_name) > directory_offset:
        raise malformed("asic.local-headers", "offset", name=entry.name)
    head = read_at(source, entry.header_offset, LOCAL.size + len(entry.raw_name), "asic.local-headers")
    mark, needed, flags, method, time, date, *sums, name_length, extra_length = LOCAL.unpack_from(head)
    if mark != LOCAL_MARK or name_length != len(entry.raw_name) or head[LOCAL.size :] != entry.raw_name:
        raise malformed("asic.local-headers", "name", name=entry.name)
    if (flags, method) != (entry.flags, entry.method):
        raise malformed("asic.local-headers", "flags or method", name=entry.name)
    if (needed, (time, date)) != (entry.needed, entry.moment):
        raise malformed("asic.local-headers", "version or time", name=entry.name)
    deferred = bool(flags & FLAG_DESCRIPTOR) and sums == [0, 0, 0]
    if not deferred and sums != [entry.crc, entry.packed, entry.size]:
        raise malformed("asic.local-headers", "sizes or checksum", name=entry.name)
    content_offset = entry.header_offset + len(head) + extra_length
    if content_offset + entry.packed > directory_offset:
        raise malformed("asic.local-headers", "content runs into the directory", name=entry.name)
    local_extra = b""
    if extra_length:
        local_extra = read_at(source, content_offset - extra_length, extra_length, "asic.local-headers")
        require_harmless_extra(local_extra, entry.name, "asic.local-headers")
    return Place(content_offset, local_extra)


def _require_tiling(source: Source, entries: Sequence[Entry], places: Sequence[Place], directory_offset: int) -> None:
    ordered = sorted(zip(entries, places, strict=True), key=lambda pair: pair[0].header_offset)
    starts = [*(entry.header_offset for entry, _ in ordered), directory_offset]
    if starts[0] != 0:
        raise malformed("asic.spans", "bytes before the archive")
    for (entry, place), following in zip(ordered, starts[1:], strict=True):
        end = place.content_offset + entry.packed
        if entry.flags & FLAG_DESCRIPTOR:
            end = _after_descriptor(source, entry, end, following)
        if end != following:
            raise malformed("asic.spans", "overlap" if end > following else "gap", name=entry.name)


def _after_descriptor(source: Source, entry: Entry, end: int, following: int) -> int:
    expected = _DESCRIPTOR.pack(entry.crc, entry.packed, entry.size)
    for descriptor in (_DESCRIPTOR_MARK + expected, expected):  # the mark is optional (APPNOTE 4.3.9.3)
        if following - end == len(descriptor) and read_at(source, end, len(descriptor), "asic.spans") == descriptor:
            return following
    raise malformed("asic.spans", "data descriptor", name=entry.name)


# --- 7: mimetype --------------------------------------------------------------------------------
def _media_type(archive: Archive, known: Sequence[str]) -> tuple[str, str | None]:
    """What `mimetype` states, and in which way it is not written as EN 319 162-1, A.1 says; ASiC-E where there is none."""
    entry = archive.entries.get(MIMETYPE_NAME)
    if entry is None:
        return MIMETYPE, "missing"
    stated = archive.read(MIMETYPE_NAME) if entry.size <= max(map(len, known)) else b""
    media_type = next((each for each in known if each.encode() == stated), None)
    if entry.header_offset != 0:
        flaw = "not first"
    elif entry.method != STORED or entry.flags & FLAG_DESCRIPTOR:
        flaw = "not stored"
    elif entry.extra or archive.places[MIMETYPE_NAME].local_extra:
        flaw = "extra field"
    else:
        flaw = None
    if media_type is None:
        raise malformed("asic.mimetype", "another media type" if flaw is None else flaw)
    return media_type, flaw
