"""The one place where errors become exit codes and sentences, and where every module's commands meet."""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import Any, NoReturn

from adapter.cli import (
    cycle,
    demo,
    doctor,
    documents,
    evidence,
    journal,
    operations,
    queue,
    receipts,
    signatures,
    trust,
    verify,
)
from adapter.cli.app import FAILED, OK, app, exit_code_of, shown_on
from adapter.errors import ElshiError

COMMANDS = (
    *(documents, receipts, signatures, operations, queue, cycle),
    *(evidence, verify, journal, trust, doctor, demo),
)
"""Each registers its commands with the app when it is imported; their order is that of the help."""

# Imports stand in the order of the alphabet, which would make the help begin with the end of the year.
_ORDER = [one.__name__ for one in COMMANDS]
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
        app()
    except ElshiError as error:
        shown_on().error(error)
        sys.exit(exit_code_of(error))
    except Exception:  # reason: a defect must never look like a verdict; the log has where it is
        logging.getLogger(__name__).exception("a defect of the program")
        sys.exit(FAILED)
    sys.exit(OK)
