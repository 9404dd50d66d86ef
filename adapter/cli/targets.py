"""What `elshi verify` is asked to judge: files as named, evidence folders, and whatever of either lies in a folder.

In a folder containers and CMS are judged, by the endings of their names; what a detached `X.p7s` is over is `X` beside it.
A name with `*`, `?` or `[` that is no file is a pattern; the shell of another system leaves it to us.

A folder somebody has robbed of its list is still judged as one, and fails, instead of passing as a few containers. What
lies in a named folder and is not judged is named: a file that nobody looked at has not passed.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

_MARKS = (
    "evidence.json",
    "evidence.json.p7s",
    "attempts.json",
    "messages/[0-9][0-9][0-9]*-*.xml",
    "receipts/[0-9][0-9][0-9]*-*.asice",
    "statements/[0-9][0-9][0-9]*-*.xml",
    "answers/attempt-[0-9]*.bin",
)
"""Any of these makes a folder an evidence folder."""

_CHAIN = "audit.json"
"""A mark where a container stands beside it; elsewhere the name is anybody's, the report of `elshi demo` for one."""

_CONTAINER = ".asice"
_CMS = (".p7s", ".p7m", ".cms")
_JUDGED = (_CONTAINER, ".sce", ".asics", ".scs", *_CMS)
"""Endings of containers (EN 319 162-1) and of CMS."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """What is judged, in order, each once; the files in the named folders that are not; folders nobody could look into."""

    judged: tuple[Path, ...]
    passed_over: tuple[str, ...]
    closed: tuple[Path, ...] = ()


def targets_of(paths: Sequence[Path]) -> Targets:
    """Lay out what the command names. A folder that cannot be looked into is told: what is in it goes unseen."""
    judged: list[Path] = []
    passed_over: list[str] = []
    closed: list[Path] = []
    for path in (one for named in paths for one in _matching(named)):
        if not _is_folder(path):
            judged.append(path)
            continue
        files = sorted(_files(path, closed))
        folders = _evidence_folders([PurePath(*one.relative_to(path).parts) for one in files])
        if PurePath() in folders:
            judged.append(path)
            continue
        judged += [path / one for one in sorted(folders)]
        spoken_for = {file.with_suffix("") for file in files if file.suffix.lower() in _CMS}
        for file in files:
            inside = file.relative_to(path)
            if any(folder in inside.parents for folder in folders):
                continue
            if file.suffix.lower() in _JUDGED:
                judged.append(file)
            elif file not in spoken_for:
                passed_over.append(os.fsencode(file).decode("utf-8", "replace"))
    return Targets(
        judged=tuple(dict.fromkeys(judged)), passed_over=tuple(dict.fromkeys(passed_over)), closed=tuple(closed)
    )


def _matching(path: Path) -> Sequence[Path]:
    """The path itself, or what matches it where it is a pattern and no file; a pattern that nothing matches stays."""
    named = str(path)
    if not glob.has_magic(named) or os.path.lexists(path):
        return [path]
    found = glob.iglob(named, recursive=True)  # noqa: PTH207 - Path.glob takes no pattern that begins at the root
    return [Path(one) for one in sorted(found)] or [path]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long, a folder above that may not be entered: told when it is judged
        return False


def _files(folder: Path, closed: list[Path]) -> Iterator[Path]:
    """Everything below that is no folder, links to folders too: they are not followed."""

    def refuse(error: OSError) -> None:
        closed.append(Path(os.fsdecode(error.filename or folder)))

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
