"""The root of the command: languages, settings, the one place where errors become exit codes."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from adapter.cli.screen import Screen
from adapter.composition import Node
from adapter.composition.machine import machine_clock
from adapter.composition.services import at_level
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.settings import load_settings
from adapter.texts import Language

OK, FINDINGS, UNUSABLE, FAILED = 0, 1, 2, 3
"""Exit codes: fine; the document has findings; the input or the settings are unusable; it could not be done now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What every command shares."""

    screen: Screen
    settings: Path | None

    @contextmanager
    def node(self, level: str | None = None) -> Iterator[Node]:
        """The node of the settings, let go of at the end; `level` in place of the one its signatures are made at.

        Raises SettingsRefused, Final `settings.not-given`, `sign.no-authority`.
        """
        if self.settings is None:
            raise Final("settings.not-given")
        node = Node(at_level(load_settings(self.settings, os.environ), level), ask_password=ask_password)
        try:
            yield node
        finally:
            node.close()


app = typer.Typer(
    name="elshi",
    help="Carries state documents: reports become schema-validated XML, signed, and routed through ESEDO.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", "-s", help="Settings of the node (TOML).", envvar="ELSHI_SETTINGS", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")]
LanguageOption = Annotated[
    Language | None,
    typer.Option("--language", "-l", help="Language of the sentences.", envvar="ELSHI_LANGUAGE", show_default=False),
]
TrustFolderOption = Annotated[
    Path | None,
    typer.Option(
        "--trust-folder",
        help="Where the sets of `elshi trust` lie; the user's own folder without it.",
        envvar="ELSHI_TRUST_FOLDER",
        show_default=False,
    ),
]


def context(*, settings: Path | None = None, as_json: bool = False, language: Language | None = None) -> Context:
    """The context of one command."""
    chosen = language or _language()
    screen = Screen(
        language=chosen, as_json=as_json, out=Console(soft_wrap=True), err=Console(stderr=True, soft_wrap=True)
    )
    _LAST.append(screen)
    return Context(screen=screen, settings=settings)


_LAST: list[Screen] = []
"""The screen of the running command: what an error is shown on."""


def _language() -> Language:
    """Kazakh or Russian when the machine says so, else English."""
    spoken = (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "")[:2]
    return Language(spoken) if spoken in {one.value for one in Language} else Language.EN


def now() -> datetime:
    """The machine's time."""
    return machine_clock().now()


def ask_password(name: str) -> str:
    """Ask a person for a password, on the terminal and nowhere else."""
    if not sys.stdin.isatty():
        raise Final("keys.no-password", params={"key": name})
    return getpass.getpass(f"{name}: ")


def exit_code_of(error: ElshiError) -> int:
    """2 for input and settings a person must change, 3 for what may go better later."""
    return FAILED if isinstance(error, Retryable | OutcomeUnknown) else UNUSABLE


def shown_on() -> Screen:
    """The screen of the running command, for an error that ends it."""
    return _LAST[-1] if _LAST else context().screen


def _end(code: object, **of_the_root: object) -> NoReturn:
    """What a command returns is the exit code."""
    del of_the_root
    raise typer.Exit(code if isinstance(code, int) else OK)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - the shape that typer calls
    if wanted:
        sys.stdout.write(f"elshi {version('elshi')}\n")
        raise typer.Exit(OK)


@app.callback(result_callback=_end)
def _root(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Carries state documents: reports become schema-validated XML, signed, and routed through ESEDO."""
