"""A disk that can be full: a small file system of its own where that is allowed, else a limit on the size of files.

tmpfs          mounted when root may; filled to the last byte with ballast: ENOSPC, for SQLite, PostgreSQL and temporary files
file size      RLIMIT_FSIZE of the running processes: EFBIG, which is nearer to a quota than to a full disk
"""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from contextlib import suppress
from pathlib import Path

_PIECE = 1024 * 1024


class SmallDisk:
    """A folder on a disk that can be filled and freed."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        done = None
        if os.geteuid() == 0:
            words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "elshi-chaos", str(folder)]
            with suppress(OSError):
                done = subprocess.run(words, check=False, capture_output=True)
        self.is_mounted = done is not None and done.returncode == 0
        self.is_filled = False
        self._limited: list[int] = []

    @property
    def kind(self) -> str:
        """What a full disk is here, for the report."""
        return "a file system of its own, filled" if self.is_mounted else "a limit on the size of files (RLIMIT_FSIZE)"

    def fill(self, pids: list[int]) -> None:
        """From now on no byte more; `pids` are those who write here, for where there is no file system to fill."""
        self.is_filled = True
        if not self.is_mounted:
            self._limit(pids)
            return
        handle = os.open(self._ballast, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            size = _PIECE
            while size:
                try:
                    os.write(handle, bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2
                os.lseek(handle, 0, os.SEEK_END)
        finally:
            os.close(handle)

    def free(self) -> None:
        """There is room again."""
        self.is_filled = False
        self._ballast.unlink(missing_ok=True)
        for pid in self._limited:
            with suppress(OSError, ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self._limited.clear()

    def close(self) -> None:
        """The file system goes, with what is on it."""
        if self.is_mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True)
            self.is_mounted = False
            with suppress(OSError):
                self.folder.rmdir()

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def _limit(self, pids: list[int]) -> None:
        largest = max((one.stat().st_size for one in self.folder.rglob("*") if one.is_file()), default=0)
        for pid in pids:
            with suppress(OSError, ProcessLookupError):
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, hard))
                self._limited.append(pid)
