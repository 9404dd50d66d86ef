"""A folder between the two steps of a signature: everything to look at, to sign and to finish with, sealed by digests.

    FOLDER/card.txt            for the person who signs: what it is, which digest, what to do; kk, ru, en
    FOLDER/to-be-signed.bin    the octets that are signed
    FOLDER/objects/...         the data objects as they will stand in the container
    FOLDER/prepared.json       names and digests of all that, the time claimed, the certificate
    FOLDER/completed.json      left by the second step

Whoever changes one of them changes a digest; whoever changes the digests too changes what is signed, and then the value
made for it does not verify. What is read back is foreign: names lead nowhere but into the folder, sizes are counted.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal, cast
from typing import Final as Constant

import signing
from adapter.errors import Final

FORMAT: Constant = "elshi-prepared/1"
MESSAGE: Constant = "to-be-signed.bin"
CARD: Constant = "card.txt"
_HEAD: Constant = "prepared.json"
_COMPLETED: Constant = "completed.json"
_OBJECTS: Constant = "objects"
_LONGEST_HEAD: Constant = 4_000_000
"""Bytes of each file but the objects: a thousand objects and a path of certificates fit many times."""
# A link could lead to a file that nobody meant to sign, and a pipe would be waited for; Windows reads text otherwise.
_AS_IT_IS: Constant = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)
_CHUNK: Constant = 256 * 1024

Form = Literal["xades", "cades"]
Padding = Literal["pkcs1", "pss"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedObject:
    """A data object of the container to come; `sha256` in hexadecimal."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What was prepared. `certificates` in DER, the signer's own first; none where a CMS brings its own."""

    form: Form
    signing_time: datetime
    certificates: tuple[bytes, ...]
    padding: Padding
    objects: tuple[PreparedObject, ...]
    message_sha256: str
    card_sha256: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedFolder:
    """A prepared folder that holds what it says."""

    folder: Path
    prepared: Prepared
    message: bytes

    @property
    def objects(self) -> list[signing.DataObject]:
        """The data objects, each opened from the folder."""
        return [
            signing.DataObject(name=item.name, media_type=item.media_type, open=_opener(self.folder, item.name))
            for item in self.prepared.objects
        ]


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Where to prepare: beside `folder`, which stands there at the end and only when nothing went wrong.

    Raises Final `two-step.folder-in-use`, `file.not-written`.
    """
    beside = folder.with_name(f"{folder.name}.part")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise Final("two-step.folder-in-use", params={"folder": folder.name})
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
    except OSError as error:
        raise _not_written(folder) from error
    try:
        yield beside
        beside.replace(folder)
    except OSError as error:
        raise _not_written(folder) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_objects(folder: Path, objects: Sequence[signing.DataObject]) -> tuple[PreparedObject, ...]:
    """Copy the data objects in; digests are those of what was written. Raises Final `file.not-written`."""
    written = []
    for item in objects:
        path = _place(folder, item.name)
        hasher, size = hashlib.sha256(), 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with item.open() as source, path.open("xb") as target:
                while chunk := source.read(_CHUNK):
                    hasher.update(chunk)
                    size += target.write(chunk)
        except OSError as error:
            raise _not_written(path) from error
        written.append(PreparedObject(name=item.name, media_type=item.media_type, size=size, sha256=hasher.hexdigest()))
    return tuple(written)


def write_prepared(folder: Path, prepared: Prepared, message: bytes, card: str) -> None:
    """What is signed, the card, and last the head that makes it a prepared folder. Raises Final `file.not-written`."""
    # what the person read is kept as well: one that was altered shows what they were told to sign
    sealed = replace(prepared, card_sha256=hashlib.sha256(card.encode()).hexdigest())
    try:
        (folder / MESSAGE).write_bytes(message)
        (folder / CARD).write_bytes(card.encode())
        (folder / _HEAD).write_text(json.dumps(_as_json(sealed), ensure_ascii=False, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise _not_written(folder) from error


def read_prepared(folder: Path) -> PreparedFolder:
    """A folder as it was prepared; every file is read and compared.

    Raises Final `two-step.not-prepared`, `two-step.folder-changed`, `two-step.completed-already`.
    """
    prepared = _head(folder)
    if (folder / _COMPLETED).exists():
        raise Final("two-step.completed-already", params={"folder": folder.name, **_completed(folder)})
    expected = {item.name: item for item in prepared.objects}
    found = {
        path.relative_to(folder / _OBJECTS).as_posix()
        for path in (folder / _OBJECTS).rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    for name in sorted(found ^ expected.keys()):
        raise _changed(name)
    for item in prepared.objects:
        if _digest_of(folder, item) != item.sha256:
            raise _changed(item.name)
    _sealed(folder, CARD, prepared.card_sha256)
    message = _sealed(folder, MESSAGE, prepared.message_sha256)
    return PreparedFolder(folder=folder, prepared=prepared, message=message)


def note_completed(folder: Path, *, at: datetime, sha256: str) -> None:
    """Leave the note that this was finished: a second container from one signature would be a second original."""
    try:
        (folder / _COMPLETED).write_text(json.dumps({"at": at.isoformat(), "sha256": sha256}) + "\n", encoding="utf-8")
    except OSError as error:
        raise _not_written(folder / _COMPLETED) from error


# --- the head ------------------------------------------------------------------------------------------------------
def _as_json(prepared: Prepared) -> Mapping[str, object]:
    return {
        "format": FORMAT,
        "form": prepared.form,
        "signingTime": prepared.signing_time.astimezone(UTC).isoformat(),
        "certificates": [base64.b64encode(der).decode() for der in prepared.certificates],
        "padding": prepared.padding,
        "objects": [
            {"name": item.name, "mediaType": item.media_type, "size": item.size, "sha256": item.sha256}
            for item in prepared.objects
        ],
        "toBeSigned": {"file": MESSAGE, "sha256": prepared.message_sha256},
        "card": {"file": CARD, "sha256": prepared.card_sha256},
    }


def _head(folder: Path) -> Prepared:
    try:
        with _opened(folder / _HEAD) as opened:
            return _prepared(json.loads(opened.read(_LONGEST_HEAD)))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise Final("two-step.not-prepared", params={"folder": folder.name}) from error


def _prepared(value: Any) -> Prepared:
    if value["format"] != FORMAT or value["form"] not in {"xades", "cades"} or value["padding"] not in {"pkcs1", "pss"}:
        raise ValueError("another format")
    moment = datetime.fromisoformat(_text(value["signingTime"]))
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return Prepared(
        form=cast("Form", value["form"]),
        signing_time=moment.astimezone(UTC),
        certificates=tuple(base64.b64decode(_text(each), validate=True) for each in value["certificates"]),
        padding=cast("Padding", value["padding"]),
        objects=tuple(
            PreparedObject(
                name=_text(each["name"]),
                media_type=_text(each["mediaType"]),
                size=int(each["size"]),
                sha256=_text(each["sha256"]),
            )
            for each in value["objects"]
        ),
        message_sha256=_text(value["toBeSigned"]["sha256"]),
        card_sha256=_text(value["card"]["sha256"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _completed(folder: Path) -> Mapping[str, str]:
    try:
        value = json.loads((folder / _COMPLETED).read_text(encoding="utf-8"))
        return {"at": str(value["at"]), "sha256": str(value["sha256"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"at": "", "sha256": ""}


# --- files ---------------------------------------------------------------------------------------------------------
def _place(folder: Path, name: str) -> Path:
    """Where a data object stands; a name that leads out of the folder, or that no system takes, is no name."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or ":" in name:
        raise Final("two-step.not-prepared", params={"folder": folder.name})
    return folder.joinpath(_OBJECTS, *parts)


def _opener(folder: Path, name: str) -> Any:
    path = _place(folder, name)
    return lambda: _opened(path)


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, _AS_IT_IS), "rb")


def _sealed(folder: Path, name: str, sha256: str) -> bytes:
    """A file of the folder itself that holds what the head says."""
    try:
        with _opened(folder / name) as source:
            content = source.read(_LONGEST_HEAD + 1)
    except OSError as error:
        raise _changed(name) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _changed(name)
    return content


def _digest_of(folder: Path, item: PreparedObject) -> str:
    hasher, size = hashlib.sha256(), 0
    try:
        with _opener(folder, item.name)() as source:
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                size += len(chunk)
                if size > item.size:
                    break
    except OSError as error:
        raise _changed(item.name) from error
    return hasher.hexdigest()


def _changed(name: str) -> Final:
    return Final("two-step.folder-changed", params={"file": name})


def _not_written(path: Path) -> Final:
    return Final("file.not-written", params={"file": path.name})
