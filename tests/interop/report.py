"""`python -m tests.interop.report`: every case asked once; interop-report.json in the current folder says who agreed.

Exit 0: all agree. 1: somebody disagrees. 2: a tool is absent; with --skip-absent its cases are listed as absent instead.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.interop import tools
from tests.interop.case import Case
from tests.interop.cases import CASES

REPORT = Path("interop-report.json")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.interop.report", description="Our signatures, judged by others."
    )
    parser.add_argument(
        "--skip-absent", action="store_true", help="list the cases of an absent tool instead of failing"
    )
    parser.add_argument("--out", type=Path, default=REPORT, help="where the report goes")
    parser.add_argument("--only", default="", help="cases whose tool or name holds this; no report is written")
    options = parser.parse_args(arguments)
    asked_for = [case for case in CASES if options.only in f"{case.tool}: {case.name}"]
    reasons = {tool: reason for tool in tools.TOOLS if (reason := tools.why_absent(tool))}
    if reasons and not options.skip_absent:
        for reason in reasons.values():
            print(f"interop: {reason}. Install it, or say --skip-absent to leave its cases out.", file=sys.stderr)
        return 2
    for tool in tools.TOOLS:
        print(reasons.get(tool) or tools.version_of(tool))
    rows = [_row(case, absent=case.tool in reasons) for case in asked_for]
    if not options.only:
        options.out.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    asked = [row for row in rows if row["agree"] is not None]
    agreed = [row for row in asked if row["agree"]]
    print(f"{len(agreed)} of {len(asked)} cases agree, {len(rows) - len(asked)} not asked; {options.out}")
    return 0 if len(agreed) == len(asked) else 1


def _row(case: Case, *, absent: bool) -> dict[str, object]:
    obtained, said = "absent", ""
    if not absent:
        with tempfile.TemporaryDirectory() as folder:
            obtained, said = case.obtained(Path(folder))
    agree = None if absent else obtained == case.expected
    mark = {None: "absent  ", True: "agrees  ", False: "DISAGREES"}[agree]
    print(f"{mark} {case.tool:14} {case.name}: {obtained}")
    if agree is False:
        print(said.strip()[-1000:], file=sys.stderr)
    return {
        "tool": case.tool,
        "case": case.name,
        "expected": case.expected,
        "obtained": obtained,
        "agree": agree,
    }


if __name__ == "__main__":
    sys.exit(main())
