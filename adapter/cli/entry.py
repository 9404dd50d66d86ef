"""The one place where errors become exit codes and sentences, and where every module's commands meet."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any, NoReturn

from adapter.cli.app import FAILED, OK, app, exit_code_of, shown_on
from adapter.errors import ElshiError, Final

COMMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "documents": ("template", "check", "convert", "submit", "status"),
        "receipts": ("receipt",),
        "signatures": ("sign", "augment"),
        "operations": ("serve", "worker", "sandbox", "resend", "give-up", "release", "withdraw"),
        "queue": ("queue",),
        "cycle": ("summarise", "consolidate", "publish"),
        "evidence": ("export",),
        "verify": ("verify",),
        "journal": ("journal",),
        "trust": ("trust",),
        "doctor": ("doctor",),
        "demo": ("demo",),
    }
)
"""Module of this package to the commands that it registers when it is imported; their order is that of the help.

A command imports its own module and no other: a server, a sandbox or a demonstration costs `elshi status` nothing.
"""

_ORDER = [f"{__package__}.{name}" for name in COMMANDS]


def load(words: Sequence[str]) -> None:
    """Import what the command line needs: the module of its command, or all of them where it names none that we know."""
    asked = next((word for word in words if not word.startswith("-")), None)
    homes = [name for name, commands in COMMANDS.items() if asked in commands] or list(COMMANDS)
    for name in homes:
        import_module(f"{__package__}.{name}")
    app.registered_commands.sort(key=lambda one: _ORDER.index(one.callback.__module__) if one.callback else len(_ORDER))


class _UntilNobodyReads(io.RawIOBase):
    """Standard output whose reader may go away (`| head`): what follows is said to nobody.

    The command runs to its end, because its exit code is an answer too.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, content: Any, /) -> int:
        try:
            return os.write(self._descriptor, content)
        except BrokenPipeError:
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, self._descriptor)
            os.close(nobody)
            return memoryview(content).nbytes


def _outlive_the_reader() -> None:
    """Put that in the place of standard output, where it is a real one."""
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(getattr(sys.stdout.buffer, "raw", None), io.FileIO):
        sys.stdout.flush()
        raw = _UntilNobodyReads(sys.stdout.fileno())
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding=sys.stdout.encoding,
            errors="backslashreplace",
            line_buffering=raw.isatty(),
        )


def _is_half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def main() -> NoReturn:
    """Run the command. Ends in an exit code in every case; a traceback only for a defect of the program."""
    logging.basicConfig(
        level=logging.getLevelNamesMapping().get(os.environ.get("ELSHI_LOG", "").upper(), logging.WARNING),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # An old code page has no Kazakh letters: what it cannot write is shown as a number, never as a traceback.
            stream.reconfigure(errors="backslashreplace")
    _outlive_the_reader()
    try:
        load(sys.argv[1:])
        app()
    except ElshiError as error:
        shown_on().error(error)
        sys.exit(exit_code_of(error))
    except UnicodeEncodeError as error:
        # Bytes of an argument that are no UTF-8 stand in it as half characters, which no database and no chain takes.
        if not any(_is_half(character) for argument in sys.argv[1:] for character in argument):
            logging.getLogger(__name__).exception("a defect of the program")
            sys.exit(FAILED)
        told = Final("cli.argument-not-text", params={"cause": type(error).__name__})
        shown_on().error(told)
        sys.exit(exit_code_of(told))
    except Exception:  # reason: a defect must never look like a verdict; the log has where it is
        logging.getLogger(__name__).exception("a defect of the program")
        sys.exit(FAILED)
    sys.exit(OK)
