"""`python -m tests.fuzz [--seconds N] [--target NAME]`: each parser for that long, guided by coverage where atheris is.

What breaks a promise is written to fuzz-findings/ with the bytes that did it, and the exit code is 1. One process for each
target: the fuzzer ends the process it runs in.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from tests.fuzz.targets import TARGETS


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Hostile bytes for every parser.")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    parser.add_argument("--target", choices=[each.name for each in TARGETS], action="append", help="only these")
    parser.add_argument("--seed", type=int, default=1, help="of the random generator")
    options = parser.parse_args(arguments)
    worst = 0
    for target in TARGETS:
        if options.target is not None and target.name not in options.target:
            continue
        command = [sys.executable, "-m", "tests.fuzz.one_target", target.name, str(options.seconds), str(options.seed)]
        code = subprocess.run(command, check=False).returncode
        print(f"{'ok     ' if code == 0 else 'BROKEN '} {target.name}", flush=True)
        worst = max(worst, int(code != 0))
    return worst


if __name__ == "__main__":
    sys.exit(main())
