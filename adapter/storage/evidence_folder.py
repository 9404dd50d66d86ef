"""A directory as an evidence folder: named bytes under limits, and no name that leads out of it.

A folder comes from outside: it may hold links, long names, huge files or names made for another system. So every part
of a name is checked, each step into a sub-folder is taken without following links, and sizes are checked while reading.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from adapter.errors import Final
from adapter.storage.disk import disk_errors

_MEGABYTE = 1024 * 1024
_WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_PARTIAL = ".partial"
"""End of the name under which bytes are written before they are whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderLimits:
    """How much an evidence folder may ask of us; loosening one costs memory or time on a hostile folder.

    max_file_bytes  the largest container accepted, and some
    max_files       files in all sub-folders
    max_depth       parts of a name
    """

    max_file_bytes: int = 200 * _MEGABYTE
    max_files: int = 10_000
    max_depth: int = 8


class DirectoryEvidenceFolder:
    """adapter.ports.EvidenceFolder on a directory of this machine. Needs no database and no settings."""

    def __init__(self, root: Path, limits: FolderLimits = FolderLimits()) -> None:
        """`root` is made by the first `put`; reading one that is not there raises Final `evidence.no-such-folder`."""
        self._root = root
        self._limits = limits

    def names(self) -> Iterator[str]:
        """Every name in order, unfinished files among them: what lies in the folder is seen. Links and special files refused.

        Raises Final `evidence.link`, `evidence.bad-name`, `evidence.too-many-files`, `evidence.no-such-folder`.
        """
        if not self._root.is_dir():
            raise Final("evidence.no-such-folder", params={"folder": self._root.name})
        with disk_errors():
            found = sorted(self._walk(self._root, ()))
        yield from found

    def get(self, name: str) -> bytes:
        """Final `evidence.no-such-file`, `evidence.link`, `evidence.too-large`, `evidence.bad-name`."""
        parts = self._parts(name)
        limit = self._limits.max_file_bytes
        with _named(name), ExitStack() as opened:
            handle = opened.enter_context(_held(os.open(self._root, _FOLDER & ~os.O_NOFOLLOW)))
            for part in parts[:-1]:
                handle = opened.enter_context(_held(os.open(part, _FOLDER, dir_fd=handle)))
            last = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
            with os.fdopen(last, "rb") as file:
                if not stat.S_ISREG(os.fstat(last).st_mode):
                    raise Final("evidence.link", params={"name": name})
                content = file.read(limit + 1)
        if len(content) > limit:
            raise _too_large(name, limit)
        return content

    def put(self, name: str, content: Iterable[bytes]) -> None:
        """Write through a temporary name, synced and renamed: a name that is there is whole. Replaces what stands.

        An error raised by `content` passes through and leaves no file. Final `evidence.too-large`, `storage.full`.
        """
        parts = self._parts(name)
        if name.endswith(_PARTIAL):
            raise _bad_name(name)
        with disk_errors():
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _named(name), ExitStack() as opened:
            handle = opened.enter_context(_held(os.open(self._root, _FOLDER & ~os.O_NOFOLLOW)))
            for part in parts[:-1]:
                with suppress(FileExistsError):
                    os.mkdir(part, mode=0o700, dir_fd=handle)
                    os.fsync(handle)
                handle = opened.enter_context(_held(os.open(part, _FOLDER, dir_fd=handle)))
            self._write(handle, parts[-1], content, name)

    def _write(self, folder: int, last: str, content: Iterable[bytes], name: str) -> None:
        temporary = f"{last}{_PARTIAL}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(temporary, flags, 0o600, dir_fd=folder), "wb") as file:
                for piece in _limited(content, self._limits.max_file_bytes, name):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:  # reason: whatever stops the writing, an interrupt too, leaves no part of a file
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise
        os.fsync(folder)

    def _walk(self, folder: Path, above: tuple[str, ...], counted: list[int] | None = None) -> Iterator[str]:
        counted = counted if counted is not None else [0]
        with os.scandir(folder) as entries:
            for entry in entries:
                name = "/".join((*above, entry.name))
                self._parts(name)
                counted[0] += 1
                if counted[0] > self._limits.max_files:
                    raise Final("evidence.too-many-files", params={"limit": self._limits.max_files})
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(Path(entry.path), (*above, entry.name), counted)
                elif not entry.is_file(follow_symlinks=False):
                    raise Final("evidence.link", params={"name": name})
                else:
                    yield name

    def _parts(self, name: str) -> tuple[str, ...]:
        return checked_name(name, max_depth=self._limits.max_depth)


def _limited(content: Iterable[bytes], limit: int, name: str) -> Iterator[bytes]:
    size = 0
    for piece in content:
        size += len(piece)
        if size > limit:
            raise _too_large(name, limit)
        yield piece


def _too_large(name: str, limit: int) -> Final:
    return Final("evidence.too-large", params={"name": name, "limit": limit})


def _bad_name(name: str) -> Final:
    """The name is shown escaped: it may hold what a terminal obeys."""
    return Final("evidence.bad-name", params={"name": name.encode("unicode_escape").decode("ascii")[:200]})


def checked_name(name: str, *, max_depth: int) -> tuple[str, ...]:
    """The parts of a name that stays in its folder on every system, or Final `evidence.bad-name`.

    Refused: absolute and empty names, `.` and `..`, backslashes, colons (drives, streams), control characters, halves
    of surrogates, parts that another system reads differently (ending in a space or a full stop, device names) or
    cannot hold.
    """
    parts = tuple(name.split("/"))
    if len(parts) > max_depth or not all(map(_is_plain, parts)):
        raise _bad_name(name)
    return parts


def _is_plain(part: str) -> bool:
    if not part or part != part.strip() or part.endswith(".") or any(sign in '\\:<>"|?*' for sign in part):
        return False
    if not part.isprintable() or _WINDOWS_DEVICES.fullmatch(part):
        return False
    return len(part.encode("utf-8", errors="replace")) + len(_PARTIAL) <= 255  # noqa: PLR2004  # NAME_MAX of Linux


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def _held(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Errors of one file, told by its name in the folder."""
    with disk_errors():
        try:
            yield
        except FileNotFoundError as error:
            raise Final("evidence.no-such-file", params={"name": name}) from error
        except OSError as error:
            # A link where a folder or a file is expected, or a folder where a file is.
            if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO}:
                raise Final("evidence.link", params={"name": name}) from error
            raise
