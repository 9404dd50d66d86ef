"""`python -m bench`: measure, print the table, write results.json beside this file; see README.md.

--check exits 1 when a bar of bars.py is missed. --large adds the attachment of 1 GB. --rounds, --slice and --only make a
shorter or longer run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lxml import etree

from bench import crl, memory, national, processes
from bench.bars import BARS
from bench.cases import cases
from bench.measure import MIN_ROUNDS, SLICE_SECONDS, Result

RESULTS = Path(__file__).parent / "results.json"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core; the last is the one left alone most often
    print(_machine())
    results: list[Result] = []
    for case in cases():
        if options.only in case.name:
            results += case.run(rounds=options.rounds, slice_seconds=options.slice)
            print(f"  {case.name}: done", file=sys.stderr)
    for name, measured in apart(large=options.large):
        if options.only in name:
            results += measured()
            print(f"  {name}: done", file=sys.stderr)
    options.out.write_text(
        json.dumps([each.as_json() for each in results], ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    print(table(results))
    print(f"load at the end {_load()}")
    missed = 0
    for bar in BARS:
        value = bar.value(results)
        met = bar.is_met(results)
        missed += not met
        print(f"{'met   ' if met else 'MISSED'}  {bar.sentence}: {'not measured' if value is None else f'{value:.3g}'}")
    return 1 if options.check and missed else 0


def apart(*, large: bool) -> Iterator[tuple[str, Callable[[], list[Result]]]]:
    """What is measured in processes of their own, with a name for --only."""
    yield processes.NAME, processes.results
    yield crl.name_of("index, look-up, peak memory"), crl.results
    yield "attachment 100 MB, peak memory over idle", memory.results
    yield national.NAME, national.results
    if large:
        yield "attachment 1000 MB, peak memory over idle", lambda: memory.results(size=memory.LARGE)


def table(results: Sequence[Result]) -> str:
    """Plain text, columns aligned."""
    rows = [("what", "ours", "peer", "ratio", "min..max", "unit", "runs", "peer is"), *map(_cells, results)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    lines = []
    for line in rows:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:5], widths[1:5], strict=True)]
        cells += [cell.ljust(width) for cell, width in zip(line[5:], widths[5:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _cells(result: Result) -> tuple[str, ...]:
    return (
        result.name,
        _number(result.ours),
        _number(result.peer),
        _number(result.ratio),
        f"{_number(result.spread[0])}..{_number(result.spread[1])}",
        result.unit,
        str(result.runs),
        result.peer_name or "-",
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _machine() -> str:
    versions = [f"Python {platform.python_version()}", f"libxml2 {'.'.join(map(str, etree.LIBXML_VERSION))}"]
    for package in ("lxml", "cryptography", "xmlschema", "signxml", "xmlsec"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} absent")
    return f"{_processor()}, one core of {os.cpu_count()}, load {_load()}; {', '.join(versions)}"


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "not known"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Elshi beside its peers, on one core.")
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--large", action="store_true", help="an attachment of 1 GB too: 2 GB of disk for a while")
    parser.add_argument("--rounds", type=int, default=MIN_ROUNDS, help=f"rounds per case (default {MIN_ROUNDS})")
    parser.add_argument("--slice", type=float, default=SLICE_SECONDS, help="seconds per contestant and round")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
