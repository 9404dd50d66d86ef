"""Files that a command leaves: whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from adapter.errors import Final, Place


def write_whole(contents: Mapping[Path, bytes]) -> None:
    """All files whole or none: each is written beside its place, and moved there when all of them stand."""
    beside = {path: path.with_name(f"{path.name}.part") for path in contents}
    for path, content in contents.items():
        try:
            if path.is_dir():
                raise IsADirectoryError(path)
            beside[path].write_bytes(content)
        except OSError as error:
            for part in beside.values():
                with suppress(OSError):
                    part.unlink(missing_ok=True)
            raise Final("file.not-written", place=Place(file=path.name), params={"file": path.name}) from error
    for path, part in beside.items():
        part.replace(path)


@contextmanager
def whole_file(output: Path) -> Iterator[BinaryIO]:
    """A file that stands in its place when the block ends well, and nowhere otherwise. Final `file.not-written`."""
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("w+b") as out:
            yield out
        part.replace(output)
    except OSError as error:
        raise Final("file.not-written", place=Place(file=output.name), params={"file": output.name}) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
