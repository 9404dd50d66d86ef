"""What a failed file operation means to whoever keeps bytes on a disk."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

from adapter.errors import Final

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Errors of files as ours: a full disk is `storage.full`, everything else `storage.failed`. No path enters the error."""
    try:
        yield
    except OSError as error:
        raise disk_error(error) from error


def disk_error(error: OSError) -> Final:
    """What a failed file operation means to the caller."""
    if error.errno in _NO_ROOM:
        return Final("storage.full")
    return Final("storage.failed", params={"reason": error.strerror or type(error).__name__})


def identity_of(path: Path) -> tuple[int, int] | None:
    """Which file or directory lies there, whatever its name; None: none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_full(error: BaseException | None) -> TypeGuard[OSError]:
    """True when there was no room on the disk."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM
