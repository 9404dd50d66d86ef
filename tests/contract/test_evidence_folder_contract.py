"""adapter.ports.EvidenceFolder: what every evidence folder promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapter.errors import Final
from adapter.storage import DirectoryEvidenceFolder, FolderLimits
from adapter.storage.evidence_folder import checked_name
from tests.doubles.memory_store import MemoryEvidenceFolder

LIMIT = 1000


def _memory(folder: Path) -> MemoryEvidenceFolder:
    return MemoryEvidenceFolder(max_file_bytes=LIMIT, check=lambda name: checked_name(name, max_depth=8))


def _directory(folder: Path) -> DirectoryEvidenceFolder:
    (folder / "evidence").mkdir()
    return DirectoryEvidenceFolder(folder / "evidence", FolderLimits(max_file_bytes=LIMIT))


@pytest.fixture(params=[_memory, _directory], ids=["memory", "directory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> DirectoryEvidenceFolder | MemoryEvidenceFolder:
    make: Callable[[Path], DirectoryEvidenceFolder | MemoryEvidenceFolder] = request.param
    return make(tmp_path)


def test_gives_back_what_was_put_and_names_it_in_order(folder):
    folder.put("receipts/2.xml", [b"two"])
    folder.put("есеп.asice", [b"a", b"", b"b"])
    folder.put("receipts/1.xml", iter([b"one"]))
    folder.put("empty", [])
    assert list(folder.names()) == ["empty", "receipts/1.xml", "receipts/2.xml", "есеп.asice"]
    assert folder.get("receipts/1.xml") == b"one"
    assert folder.get("есеп.asice") == b"ab"
    assert folder.get("empty") == b""


def test_an_empty_folder_has_no_names(folder):
    assert list(folder.names()) == []


def test_the_last_bytes_of_a_name_stand(folder):
    folder.put("a", [b"first and longer"])
    folder.put("a", [b"second"])
    assert folder.get("a") == b"second"
    assert list(folder.names()) == ["a"]


def test_a_name_that_is_not_there_is_told_so(folder):
    folder.put("a", [b""])
    for name in ("b", "c/d"):
        with pytest.raises(Final) as refused:
            folder.get(name)
        assert refused.value.code == "evidence.no-such-file"


def test_exactly_the_limit_passes_and_one_byte_more_does_not(folder):
    folder.put("a", [b"x" * (LIMIT - 1), b"x"])
    with pytest.raises(Final) as refused:
        folder.put("b", [b"x" * LIMIT, b"x"])
    assert refused.value.code == "evidence.too-large"
    assert refused.value.params == {"name": "b", "limit": LIMIT}
    assert list(folder.names()) == ["a"]


def test_bytes_that_break_off_leave_what_stood_there(folder):
    def broken():
        yield b"half"
        raise ZeroDivisionError

    folder.put("a", [b"whole"])
    with pytest.raises(ZeroDivisionError):
        folder.put("a", broken())
    assert folder.get("a") == b"whole"
    assert list(folder.names()) == ["a"]


BAD = [
    "",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../../b",
    "a/./b",
    "a\\b",
    "C:/a",
    "c:a",
    "a:stream",
    "a\x00b",
    "a\nb",
    "a\x1b[2J",
    "a\u202eb",
    "a\ud800",
    " a",
    "a ",
    "a.",
    "nul",
    "COM1.xml",
    "a?",
    "a*",
    "x" * 250,
    "ш" * 130,
    "/".join("abcdefghi"),
]


@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_refuses_names_that_leave_the_folder_or_mean_something_else_elsewhere(folder, name):
    for ask in (lambda: folder.put(name, [b""]), lambda: folder.get(name)):
        with pytest.raises(Final) as refused:
            ask()
        assert refused.value.code == "evidence.bad-name"
        assert str(refused.value.params["name"]).isascii()
    assert list(folder.names()) == []


@pytest.mark.parametrize("name", ["a", "a b", "a.b.c", ".hidden", "-a", "console.xml", "x" * 247, "/".join("abcdefgh")])
def test_takes_ordinary_names(folder, name):
    folder.put(name, [b"1"])
    assert folder.get(name) == b"1"
