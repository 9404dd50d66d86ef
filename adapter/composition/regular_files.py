"""Files that a person named, read whole: regular files only, and none longer than its reader can use."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from adapter.errors import Final, Place


@contextmanager
def regular_file(path: Path, code: str = "file.unreadable") -> Iterator[BinaryIO]:
    """A regular file; Final with that code, `verify.not-a-file` for a pipe or device: reading one may never end."""
    try:
        # O_NONBLOCK: opening a pipe would wait for somebody to write into it
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        source = os.fdopen(handle, "rb")
    except (OSError, ValueError) as error:
        raise _unreadable(path, code) from error
    with source:  # what goes wrong with its content is not its readability
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise Final("verify.not-a-file", place=Place(file=path.name), params={"file": path.name})
        yield source


@contextmanager
def reading(path: Path, code: str = "file.unreadable") -> Iterator[None]:
    """Around the steps that touch the file: Final with that code when the machine refuses one."""
    try:
        yield
    except OSError as error:
        raise _unreadable(path, code) from error


def _unreadable(path: Path, code: str) -> Final:
    return Final(code, place=Place(file=path.name), params={"file": path.name})


def read_file(path: Path, code: str, *, limit: int | None = None) -> bytes:
    """The octets of a regular file.

    Raises Final with that code when it cannot be read; `verify.not-a-file`; `file.too-large` for more than `limit` octets,
    of which no more than that are read.
    """
    with regular_file(path, code) as source:
        try:
            content = source.read() if limit is None else source.read(limit + 1)
        except OSError as error:
            raise _unreadable(path, code) from error
    if limit is not None and len(content) > limit:
        raise Final("file.too-large", place=Place(file=path.name), params={"file": path.name, "limit": limit})
    return content
