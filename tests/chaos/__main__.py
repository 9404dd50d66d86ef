"""`make chaos`: the real processes under kills, a bad network, restarts of the database, full disks and jumping clocks.

    python -m tests.chaos [--documents 2000] [--kills 500] [--seed N] [--seconds 3600] [--settle 300]
    python -m tests.chaos --table chaos-report.json

Writes chaos-report.json and ends with 1 when a promise did not hold, 3 when it could not run.
"""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tests.chaos.report import as_json, table


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Both sides' books after many kills.")
    parser.add_argument("--documents", type=int, default=2000, help="at least so many (default 2000)")
    parser.add_argument("--kills", type=int, default=500, help="at least so many (default 500)")
    parser.add_argument("--seed", type=int, default=None, help="of the plan (default: a new one, which is printed)")
    parser.add_argument("--seconds", type=float, default=3600.0, help="injections end then (default 3600)")
    parser.add_argument("--settle", type=float, default=300.0, help="seconds to come to rest afterwards (default 300)")
    parser.add_argument("--small", action="store_true", help="one ministry, two workers of the MFA, no small disks")
    parser.add_argument("--report", type=Path, default=Path("chaos-report.json"), help="where to")
    parser.add_argument("--folder", type=Path, default=None, help="where logs are kept (default: a new folder)")
    parser.add_argument("--table", type=Path, default=None, help="print the figures of a report as Markdown and end")
    options = parser.parse_args(arguments)
    if options.table is not None:
        sys.stdout.write(table(json.loads(options.table.read_text(encoding="utf-8"))))
        return 0
    from tests.postgresql import PACKAGE

    if find_spec(PACKAGE) is None:
        print(f"the package {PACKAGE}, which holds a PostgreSQL, has no wheel for this machine", file=sys.stderr)
        return 3
    from tests.chaos.run import Wanted, play
    from tests.chaos.stand import Shape
    from tests.stands import copied, template

    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    command = f"make chaos SEED={seed} DOCUMENTS={options.documents} KILLS={options.kills} SECONDS={options.seconds:g}"
    print(f"seed {seed}; again with: {command}", flush=True)
    # Stopped from outside it takes down what it has put up, as when it ends by itself.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(3))
    folder = options.folder or Path(tempfile.mkdtemp(prefix="elshi-chaos-"))
    small = Shape(ministries=("KZ-MOF",), workers=2, small_disks=False, fault_rate=0.03, lease=4.0)
    whole = Shape(ministries=("KZ-MOF", "KZ-MLSP"), workers=3, small_disks=True, fault_rate=0.03)
    began = time.monotonic()
    stand = copied(template(folder / "template"), folder / "stand")
    outcome = play(
        stand,
        folder / "run",
        small if options.small else whole,
        Wanted(
            documents=options.documents,
            kills=options.kills,
            seconds=options.seconds,
            settle=options.settle,
            seed=seed,
        ),
        say=lambda text: print(f"[{time.monotonic() - began:6.1f}] {text}", flush=True),
    )
    report = as_json(outcome, command)
    options.report.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    told = (
        "documents",
        "kills",
        "lost",
        "doubled",
        "receipts_without_bytes",
        "overdue",
        "unfinished",
        "seed",
        "seconds",
    )
    print("  ".join(f"{name} {report[name]}" for name in told))
    for one in outcome.violations[:40]:
        print(f"VIOLATION {one.what}: {one.body} {one.ids}")
    if outcome.figures["tracebacks"]:
        print(f"DEFECT {outcome.figures['tracebacks']} in {folder / 'run'}")
    print(f"{options.report} written; logs in {folder}")
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
