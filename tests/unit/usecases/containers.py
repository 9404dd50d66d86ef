"""Containers altered byte by byte."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator


def bookkeeping(content: bytes) -> frozenset[int]:
    """Offsets of what ZIP notes beside the files: version, time of day, attributes. They say nothing of any content.

    ASiC signs the files and not these notes (EN 319 162-1), so a change there is for the digest of the whole container
    to show: in the receipt, in the register, in the office signature.
    """
    found: set[int] = set()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        at = archive.start_dir
        for entry in archive.infolist():
            found |= {entry.header_offset + one for one in (4, 5, 10, 11, 12, 13)}
            found |= {at + one for one in (*range(4, 8), *range(12, 16), *range(36, 42))}
            at += 46 + len(entry.filename.encode()) + len(entry.extra) + len(entry.comment)
    return frozenset(found)


def altered(content: bytes, samples: int = 80) -> Iterator[tuple[int, bytes]]:
    """The container with one bit changed, over its whole length and densely at both ends; bookkeeping left out."""
    size = len(content)
    places = {*range(0, size, max(1, size // samples)), *range(0, 80, 7), *range(size - 160, size, 9), size - 1}
    for place in sorted(places - bookkeeping(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        yield place, bytes(changed)
