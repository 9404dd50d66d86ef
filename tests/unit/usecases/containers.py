"""Containers altered byte by byte."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator


def unsigned_notes(content: bytes) -> frozenset[int]:
    """Offsets of what ZIP notes once beside each file: what made the archive, kind of text, permissions.

    They say nothing of any content and ASiC does not sign them (EN 319 162-1), so one possible value may be put in the
    place of another; the digest of the whole container shows it, in the receipt, the register, the office signature.
    """
    found: set[int] = set()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        at = archive.start_dir
        for entry in archive.infolist():
            found |= {at + one for one in (4, 5, 36, *range(38, 42))}
            at += 46 + len(entry.filename.encode()) + len(entry.extra) + len(entry.comment)
    return frozenset(found)


def altered(content: bytes, samples: int = 80) -> Iterator[tuple[int, bytes]]:
    """The container with one bit changed, over its whole length and densely at both ends; those notes left out."""
    size = len(content)
    places = {*range(0, size, max(1, size // samples)), *range(0, 80, 7), *range(size - 160, size, 9), size - 1}
    for place in sorted(places - unsigned_notes(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        yield place, bytes(changed)
