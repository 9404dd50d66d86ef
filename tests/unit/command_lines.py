"""Command lines in files for people, held against the command itself: is there such a command, has it these options?"""

from __future__ import annotations

import importlib
import pkgutil
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import typer

import adapter.cli

_ENDS = frozenset({"|", "||", "&&", ";", ">", ">>", "<", "2>", "2>&1", "&", "then", "and", "or", "…", "..."})
"""Words after which something else than our command speaks."""


@cache
def _commands() -> Mapping[str, Any]:
    for module in pkgutil.iter_modules(adapter.cli.__path__):
        importlib.import_module(f"adapter.cli.{module.name}")  # each registers its commands when it is imported
    from adapter.cli.app import app

    return typer.main.get_command(app).commands


def known_commands() -> frozenset[str]:
    """Names of the commands of `elshi`."""
    return frozenset(_commands())


def commands_of(group: str) -> frozenset[str]:
    """Names of the commands inside a group of them, such as `elshi trust`."""
    return frozenset(getattr(_commands()[group], "commands", {}))


def complaint(words: Sequence[str]) -> str | None:
    """What is wrong with the arguments of `elshi`, or None. Checked: command, options, that an option has its value."""
    if not words or words[0] in {"--help", "-h"}:
        return None
    command = _commands().get(words[0])
    if command is None:
        return f"no command {words[0]!r}"
    rest = list(words[1:])
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        command = command.commands.get(name)
        if command is None:
            return f"{words[0]} has no command {name!r}"
    takes_value = {
        name: not getattr(option, "is_flag", False) and not getattr(option, "count", False)
        for option in command.params
        if type(option).__name__.endswith("Option")
        for name in (*option.opts, *option.secondary_opts)
    }
    takes_value.update({"--help": False, "-h": False})
    given = rest
    while given:
        word = given.pop(0)
        if not word.startswith("-") or word == "-":
            continue
        name, equals, _ = word.partition("=")
        if name not in takes_value:
            return f"{words[0]} has no option {name!r}"
        if takes_value[name] and not equals:
            if not given:
                return f"{name} of {words[0]} has no value"
            given.pop(0)
    return None


def calls_in(text: str) -> Iterator[tuple[str, ...]]:
    """The arguments of every call of `elshi` in shell text, line by line, continued lines joined."""
    for line in text.replace("\\\n", " ").splitlines():
        try:
            words = shlex.split(line.strip().removeprefix("$ "), comments=True)
        except ValueError:
            words = line.split()
        for place, word in enumerate(words):
            if word == "elshi" or word.endswith("bin/elshi"):
                found = []
                for following in words[place + 1 :]:
                    if following in _ENDS:
                        break
                    found.append(following.rstrip(";"))
                yield tuple(found)
