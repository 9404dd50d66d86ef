"""What `elshi verify` is asked to judge: files as named, evidence folders, and whatever of either lies in a folder.

A folder somebody has robbed of its list is still judged as one, and fails, instead of passing as a few containers. What
lies in a named folder and is not judged is named: a file that nobody looked at has not passed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from adapter.errors import Final, Place

_MARKS = (
    "evidence.json",
    "evidence.json.p7s",
    "attempts.json",
    "messages/[0-9][0-9][0-9]*-*.xml",
    "receipts/[0-9][0-9][0-9]*-*.asice",
    "answers/attempt-[0-9]*.bin",
)
"""Any of these makes a folder an evidence folder."""

_CHAIN = "audit.json"
"""A mark where a container stands beside it; elsewhere the name is anybody's, the report of `elshi demo` for one."""

_CONTAINER = ".asice"


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """What is judged, in order, and the files in the named folders that are not."""

    judged: tuple[Path, ...]
    passed_over: tuple[str, ...]


def targets_of(paths: Sequence[Path]) -> Targets:
    """Raises Final `file.unreadable` for a folder that cannot be looked into: what is in it would go unseen."""
    judged: list[Path] = []
    passed_over: list[str] = []
    for path in paths:
        if not path.is_dir():
            judged.append(path)
            continue
        files = sorted(_files(path))
        folders = _evidence_folders([PurePath(*one.relative_to(path).parts) for one in files])
        if PurePath() in folders:
            judged.append(path)
            continue
        judged += [path / one for one in sorted(folders)]
        for file in files:
            inside = file.relative_to(path)
            if any(folder in inside.parents for folder in folders):
                continue
            if file.suffix.lower() == _CONTAINER:
                judged.append(file)
            else:
                passed_over.append(os.fsencode(file).decode("utf-8", "replace"))
    return Targets(judged=tuple(judged), passed_over=tuple(passed_over))


def _files(folder: Path) -> Iterator[Path]:
    """Everything below that is no folder, links to folders too: they are not followed."""

    def refuse(error: OSError) -> None:
        name = Path(str(error.filename or folder)).name
        raise Final("file.unreadable", place=Place(file=name), params={"file": name}) from error

    for above, folders, files in os.walk(folder, onerror=refuse):
        yield from (Path(above, name) for name in files)
        yield from (link for name in folders if (link := Path(above, name)).is_symlink())


def _evidence_folders(files: Sequence[PurePath]) -> set[PurePath]:
    """Folders with a mark, by path from the folder that was named; an empty path is that folder itself."""
    with_containers = {file.parent for file in files if file.suffix.lower() == _CONTAINER}
    found: set[PurePath] = set()
    for file in files:
        for mark in _MARKS:
            steps = mark.count("/") + 1
            last = "/".join(file.parts[-steps:]).lower()
            if len(file.parts) >= steps and fnmatchcase(last, mark):
                found.add(file.parents[steps - 1])
        if file.name.lower() == _CHAIN and file.parent in with_containers:
            found.add(file.parent)
    return found
