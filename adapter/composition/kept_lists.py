"""Lists of revoked certificates kept on the disk: a national one has twenty million bytes and changes once a day.

A file belongs to one address and one folder, that is one node: a list of another environment is never found here. It is
written beside its place and moved there, and begins with the digest of what follows, so a broken one is fetched anew.
What a list says is believed by its signature, from here as from the network.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final as Constant

import signing
from adapter.ports import Clock

_DIGEST: Constant = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptLists:
    """signing.Fetcher that takes a list from the folder while it is younger than `keep_for`; the rest it asks `fetcher`."""

    fetcher: signing.Fetcher
    folder: Path
    keep_for: timedelta
    clock: Clock

    def fetch(self, request: signing.FetchRequest, limit: int) -> bytes:
        """As `fetcher`. A folder that cannot be read or written makes the node slower and nothing else."""
        if request.kind != "crl" or request.body is not None:
            return self.fetcher.fetch(request, limit)
        path = self.folder / f"{hashlib.sha256(request.url.encode()).hexdigest()}.crl"
        kept = self._kept(path, limit)
        if kept is not None:
            return kept
        content = self.fetcher.fetch(request, limit)
        with contextlib.suppress(OSError):
            self._keep(path, content)
        return content

    def _kept(self, path: Path, limit: int) -> bytes | None:
        try:
            with path.open("rb") as opened:
                written = datetime.fromtimestamp(os.fstat(opened.fileno()).st_mtime, UTC)
                if not timedelta() <= self.clock.now() - written < self.keep_for:
                    return None
                digest, content = opened.read(_DIGEST), opened.read(limit + 1)
        except OSError:
            return None
        return content if len(content) <= limit and hashlib.sha256(content).digest() == digest else None

    def _keep(self, path: Path, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.write_bytes(hashlib.sha256(content).digest() + content)
        moment = self.clock.now().timestamp()
        os.utime(part, (moment, moment))
        part.replace(path)
