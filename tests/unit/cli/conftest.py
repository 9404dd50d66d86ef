"""The command in this process: arguments in, exit code and both outputs out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapter.cli import main
from adapter.composition.stand import Stand

REPORT = Path(__file__).resolve().parents[3] / "examples" / "2026" / "mof" / "report.yaml"


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def shown(self) -> str:
        return self.out + self.err


Elshi = Callable[..., Ran]


@pytest.fixture
def elshi(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Elshi:
    for name in os.environ:
        if name.startswith(("ELSHI_", "LC_", "LANG")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object, code: int | None = None) -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["elshi", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        ran = Ran(code=int(ended.value.code or 0), out=out, err=err)
        assert "Traceback" not in ran.shown, ran.shown
        defects = [one for one in caplog.records if one.exc_info]
        assert defects == [], caplog.text
        if code is not None:
            assert ran.code == code, ran
        return ran

    return run


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The example of a ministry with nothing wrong in it, in a folder of its own."""
    path = tmp_path / "report.yaml"
    path.write_bytes(REPORT.read_bytes())
    return path


@pytest.fixture
def container(elshi: Elshi, stand: Stand, report: Path, tmp_path: Path) -> Path:
    path = tmp_path / "report.asice"
    elshi("sign", report, "-o", path, "-s", stand.nodes["KZ-MOF"], code=0)
    return path
