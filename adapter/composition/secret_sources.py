"""Where a password or a PIN comes from when it does not stand in the settings: never from an argument, never kept.

prompt      a person at the terminal
keypad      the reader's own keypad; the program never sees it (tokens only)
fd:3        one line from an open file descriptor, which can be read once
file:/path  one line of a file that only its owner can read
env:NAME    the environment, which other processes of the same user can read
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final as Constant
from typing import Literal

from adapter.errors import Final
from adapter.secret import Secret

MAX_BYTES: Constant = 4096
"""Of one password; more is a wrong file."""

KEPT_BY_THE_RUNTIME: Constant = Path("/run/secrets")
"""Files of container runtimes: readable for all inside, and nobody else is inside."""

AskPassword = Callable[[str], str]
"""Asks a person for the password of the key named; raises Final `keys.no-password` where nobody can be asked."""

_SPELT: Constant = re.compile(r"(prompt|keypad)|(fd):([0-9]{1,4})|(file|env):(.+)")
_OTHERS: Constant = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretSource:
    """One of the five, with the number, path or name that belongs to it."""

    kind: Literal["prompt", "keypad", "fd", "file", "env"]
    where: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.where}" if self.where else self.kind

    @property
    def is_a_person(self) -> bool:
        """Whether somebody is there to see what happens."""
        return self.kind in {"prompt", "keypad"}


PROMPT: Constant = SecretSource(kind="prompt")


def source_of(spelt: str) -> SecretSource:
    """Raises Final `keys.secret-source`, which repeats nothing of it: a password may have been put here."""
    found = _SPELT.fullmatch(spelt.strip())
    if found is None:
        raise Final("keys.secret-source")
    plain, descriptor, number, kind, where = found.groups()
    match plain or descriptor or kind:
        case "prompt":
            return PROMPT
        case "keypad":
            return SecretSource(kind="keypad")
        case "fd":
            return SecretSource(kind="fd", where=str(int(number)))
        case "file":
            return SecretSource(kind="file", where=where)
        case _:
            return SecretSource(kind="env", where=where)


def secret_from(source: SecretSource, name: str, *, ask: AskPassword) -> Secret | None:
    """The password of the key `name`; None: it is typed on the reader's keypad.

    Raises Final `keys.secret-unreadable`, `keys.secret-empty`, `keys.secret-open-to-others`, `keys.no-password`.
    """
    if source.kind == "keypad":
        return None
    if source.kind == "prompt":
        text = ask(name)
    else:
        try:
            text = _read(source)
        except (OSError, UnicodeDecodeError, KeyError):
            # from None: a decoding error quotes the bytes it could not read
            raise Final("keys.secret-unreadable", params={"key": name, "source": str(source)}) from None
    if not text:
        raise Final("keys.secret-empty", params={"key": name, "source": str(source)})
    return Secret(text)


def _read(source: SecretSource) -> str:
    if source.kind == "env":
        return os.environ[source.where]
    if source.kind == "fd":
        with os.fdopen(int(source.where), "rb") as opened:
            content = opened.read(MAX_BYTES)
    else:
        path = Path(source.where)
        with path.open("rb") as opened:
            _refuse_open(path, os.fstat(opened.fileno()).st_mode)
            content = opened.read(MAX_BYTES)
    return content.decode("utf-8-sig").strip("\r\n").split("\n", 1)[0].rstrip("\r")


def _refuse_open(path: Path, mode: int) -> None:
    if mode & _OTHERS and KEPT_BY_THE_RUNTIME not in path.absolute().parents:
        raise Final("keys.secret-open-to-others", params={"file": path.name})
