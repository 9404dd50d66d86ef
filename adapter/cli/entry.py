"""The one place where errors become exit codes and sentences, and where every module's commands meet."""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import NoReturn

from adapter.cli import cycle, demo, documents, evidence, operations, verify
from adapter.cli.app import FAILED, OK, app, exit_code_of, shown_on
from adapter.errors import ElshiError

COMMANDS = (documents, operations, cycle, evidence, verify, demo)
"""Each registers its commands with the app when it is imported; their order is that of the help."""

# Imports stand in the order of the alphabet, which would make the help begin with the end of the year.
_ORDER = [one.__name__ for one in COMMANDS]
app.registered_commands.sort(key=lambda one: _ORDER.index(one.callback.__module__) if one.callback else len(_ORDER))


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
    try:
        app()
    except ElshiError as error:
        shown_on().error(error)
        sys.exit(exit_code_of(error))
    except BrokenPipeError:
        # The reader of our output went away (`| head`); there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(OK)
    except Exception:  # reason: a defect must never look like a verdict; the log has where it is
        logging.getLogger(__name__).exception("a defect of the program")
        sys.exit(FAILED)
    sys.exit(OK)
