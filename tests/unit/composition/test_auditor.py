"""One file never ends an audit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from adapter.composition.auditor import Auditor
from adapter.usecases.verify import Verify

AT = datetime(2026, 11, 10, 12, tzinfo=UTC)


def auditor_that_raises(error: Exception) -> Auditor:
    def judge(*_: object) -> None:
        raise error

    return Auditor(judge=cast("Verify", SimpleNamespace(file=judge, folder=judge)), content=())


def of_every_kind() -> Iterator[Exception]:
    for kind in (OSError, MemoryError, RecursionError, ValueError, TypeError, KeyError, IndexError, OverflowError):
        yield kind("said over the file")
    yield UnicodeDecodeError("ascii", b"\xff", 0, 1, "no letter")


@pytest.mark.parametrize("error", list(of_every_kind()), ids=lambda error: type(error).__name__)
def test_what_judging_raises_is_the_verdict_on_that_file(error: Exception, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0")
    for target in (file, tmp_path):
        verdict = auditor_that_raises(error).verdict(target)
        assert verdict.error is not None
        assert (verdict.indication, verdict.error["error"]) == ("INDETERMINATE", "verify.unreadable")
        assert verdict.error["params"]["cause"] == type(error).__name__
        assert "said over" not in str(verdict.as_json()), "what an exception says may be personal"


@pytest.mark.parametrize("name", ["absent", "nul\0"])
def test_a_file_that_cannot_be_opened_is_said_to_be_unreadable(name: str, tmp_path: Path) -> None:
    verdict = auditor_that_raises(ValueError()).verdict(tmp_path / name)
    assert verdict.error is not None
    assert verdict.error["error"] == "file.unreadable"
