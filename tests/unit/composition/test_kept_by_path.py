"""A file that a person names, on its way into the store: whose fault it is when it does not get there."""

from __future__ import annotations

import errno
import io
from contextlib import closing
from pathlib import Path

import pytest

from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.errors import Final
from adapter.settings import load_settings


class Full(io.BytesIO):
    """A temporary file on a disk without room."""

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_not_said_to_be_an_unreadable_file(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person would look for a fault in a container that has none, and nobody would make room."""
    path = tmp_path / "report.asice"
    path.write_bytes(b"whatever")
    with closing(Node(load_settings(stand.nodes["KZ-MOF"], {}))) as node:
        monkeypatch.setattr(node.store.blobs, "_spool", Full)
        with pytest.raises(Final) as refused:
            node.submit_file(path)
        assert refused.value.code == "storage.full"
        with pytest.raises(Final) as missing:
            node.submit_file(tmp_path / "missing.asice")
        assert missing.value.code == "file.unreadable"
