"""Foreign programs find what they should in every case of `make interop`; one test per case."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop import tools
from tests.interop.cases import CASES, Case

pytestmark = pytest.mark.system


def _asked(case: Case):
    reason = tools.why_absent(case.tool)
    skip = pytest.mark.skipif(reason is not None, reason=reason or "")
    return pytest.param(case, id=f"{case.tool}: {case.name}", marks=skip)


@pytest.mark.parametrize("case", [_asked(case) for case in CASES])
def test_the_tool_finds_what_it_should(tmp_path: Path, case: Case):
    obtained, said = case.obtained(tmp_path)
    assert obtained == case.expected, said
