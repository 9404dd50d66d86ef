"""The directory of bytes is not there on one machine: not mounted, or not named in its settings. No fault of any document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapter.composition import Node
from adapter.domain.delivery import DeliveryState
from adapter.errors import Final, Retryable
from adapter.usecases.deliver import Delivered
from tests.reliability.line import Line

S = DeliveryState


@pytest.fixture
def bytes_folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def apart(new_line: Callable[..., Line], bytes_folder: Path) -> Line:
    """The bytes lie in a directory; documents wait to be sent."""
    line = new_line(ELSHI_STORAGE__BLOBS="directory", ELSHI_STORAGE__BLOB_DIRECTORY=str(bytes_folder))
    line.queue(2, addressee="KZ-MFA")
    return line


def turn(node: Node) -> Delivered:
    told = node.deliver()
    assert told is not None
    return told


@pytest.mark.parametrize("is_mount_point", [False, True])
def test_a_directory_that_is_away_gives_no_document_to_a_person_and_all_go_when_it_is_back(
    apart: Line, bytes_folder: Path, *, is_mount_point: bool
) -> None:
    """Else a worker gives away the whole backlog in a minute, each as damaged, and each has to be asked for again by hand."""
    away = bytes_folder.with_name("away")
    bytes_folder.rename(away)
    if is_mount_point:
        bytes_folder.mkdir()
    told = turn(apart.mof)
    assert (told.after.state, told.after.wake_at is not None) == (S.QUEUED, True)
    assert told.error is not None
    assert told.error.code == "storage.blob-directory-gone"
    if is_mount_point:
        bytes_folder.rmdir()
    away.rename(bytes_folder)
    apart.clock.move_to(told.after.wake_at or apart.clock.now())
    apart.settle()
    assert {row.state for row in apart.all()} == {S.REGISTERED}


def test_a_worker_whose_settings_name_no_directory_gives_no_document_to_a_person(apart: Line) -> None:
    other = apart.start_node(url=apart.mof.settings.storage.url, clock=apart.clock)
    told = turn(other)
    assert isinstance(told.error, Retryable)
    assert (told.error.code, told.after.state) == ("storage.blob-directory-needed", S.QUEUED)


def test_a_node_does_not_start_over_a_directory_that_is_not_the_one(apart: Line, tmp_path: Path) -> None:
    """What it took would lie where nobody looks once the right one is mounted over it."""
    empty = tmp_path / "empty"
    empty.mkdir()
    wrong = apart.start_node(
        url=apart.mof.settings.storage.url,
        clock=apart.clock,
        ELSHI_STORAGE__BLOBS="directory",
        ELSHI_STORAGE__BLOB_DIRECTORY=str(empty),
    )
    with pytest.raises(Final, match="storage.blob-directory-gone"):
        _ = wrong.store
