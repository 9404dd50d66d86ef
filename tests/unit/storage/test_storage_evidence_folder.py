"""An evidence folder on disk: what a hostile folder cannot make us do."""

from __future__ import annotations

import os

import pytest

from adapter.errors import Final
from adapter.storage import DirectoryEvidenceFolder, FolderLimits


@pytest.fixture
def root(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    made = tmp_path / "evidence"
    made.mkdir()
    return made


@pytest.fixture
def folder(root):
    return DirectoryEvidenceFolder(root, FolderLimits(max_file_bytes=100, max_files=5, max_depth=3))


def code_of(work):
    with pytest.raises(Final) as refused:
        work()
    return refused.value.code


def test_a_link_to_a_file_is_not_followed(folder, root):
    (root / "a").symlink_to(root.parent / "outside" / "secret")
    assert code_of(lambda: folder.get("a")) == "evidence.link"
    assert code_of(lambda: list(folder.names())) == "evidence.link"


def test_a_link_to_a_folder_is_not_followed(folder, root):
    (root / "a").symlink_to(root.parent / "outside")
    assert code_of(lambda: folder.get("a/secret")) == "evidence.link"
    assert code_of(lambda: folder.put("a/new", [b"x"])) == "evidence.link"
    assert code_of(lambda: list(folder.names())) == "evidence.link"
    assert not (root.parent / "outside" / "new").exists()


def test_a_link_that_stands_in_the_way_of_a_new_name_is_replaced_and_not_written_through(folder, root):
    (root / "a").symlink_to(root.parent / "outside" / "secret")
    folder.put("a", [b"x"])
    assert (root.parent / "outside" / "secret").read_bytes() == b"secret"
    assert folder.get("a") == b"x"


def test_a_link_laid_where_the_temporary_file_goes_is_not_written_through(folder, root):
    (root / "a.partial").symlink_to(root.parent / "outside" / "secret")
    assert code_of(lambda: folder.put("a", [b"x"])) == "evidence.link"
    assert (root.parent / "outside" / "secret").read_bytes() == b"secret"


def test_a_pipe_is_refused_and_not_waited_for(folder, root):
    os.mkfifo(root / "a")
    assert code_of(lambda: folder.get("a")) == "evidence.link"
    assert code_of(lambda: list(folder.names())) == "evidence.link"


def test_a_folder_is_not_a_file_and_a_file_is_not_a_folder(folder, root):
    (root / "a").mkdir()
    (root / "b").write_bytes(b"")
    assert code_of(lambda: folder.get("a")) == "evidence.link"
    assert code_of(lambda: folder.get("b/c")) == "evidence.link"
    assert code_of(lambda: folder.put("b/c", [b"x"])) == "evidence.link"
    assert code_of(lambda: folder.put("a", [b"x"])) == "evidence.link"


def test_a_file_over_the_limit_is_not_read_into_memory(folder, root):
    (root / "a").write_bytes(b"x" * 101)
    (root / "b").write_bytes(b"x" * 100)
    assert code_of(lambda: folder.get("a")) == "evidence.too-large"
    assert len(folder.get("b")) == 100


def test_more_files_than_the_limit_are_refused(folder, root):
    for number in range(5):
        (root / str(number)).write_bytes(b"")
    assert len(list(folder.names())) == 5
    (root / "5").write_bytes(b"")
    assert code_of(lambda: list(folder.names())) == "evidence.too-many-files"


def test_a_folder_deeper_than_the_limit_is_refused(folder, root):
    (root / "a" / "b" / "c").mkdir(parents=True)
    assert list(folder.names()) == []
    (root / "a" / "b" / "c" / "d").mkdir()
    assert code_of(lambda: list(folder.names())) == "evidence.bad-name"


@pytest.mark.parametrize("name", [b"a\nb", b"\xff\xfe", b"nul", b"a:b"])
def test_a_name_on_disk_that_we_would_not_write_is_refused(folder, root, name):
    (root / os.fsdecode(name)).write_bytes(b"")
    assert code_of(lambda: list(folder.names())) == "evidence.bad-name"


def test_an_unfinished_file_is_seen_and_not_written_by_that_name(folder, root):
    """Whoever judges the folder has to see all that lies there: nothing hides under a name of ours."""
    (root / "a.partial").write_bytes(b"half")
    assert list(folder.names()) == ["a.partial"]
    assert code_of(lambda: folder.put("b.partial", [b"x"])) == "evidence.bad-name"


def test_a_folder_that_is_not_there_is_told_and_made_by_the_first_file(tmp_path):
    folder = DirectoryEvidenceFolder(tmp_path / "x" / "y")
    assert code_of(lambda: list(folder.names())) == "evidence.no-such-folder"
    assert code_of(lambda: folder.get("a")) == "evidence.no-such-file"
    folder.put("a", [b"1"])
    assert list(folder.names()) == ["a"]


def test_nothing_is_left_open(folder):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        folder.put("a/b", [b"x"])
        folder.get("a/b")
        list(folder.names())
        code_of(lambda: folder.get("a/b/c"))
        code_of(lambda: folder.get("none"))
    assert len(os.listdir("/proc/self/fd")) == before
