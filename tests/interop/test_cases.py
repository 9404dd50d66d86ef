"""xmlsec1, openssl and the judges of national signatures find what they should; one test for each of their cases.

Those of DSS, of the Python libraries and of gost-engine are asked by `make interop` only: a Java machine, an environment of
its own for each test process and three openssl commands a case would cost `make test` more time than a second asking tells.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop import tools
from tests.interop.case import Case
from tests.interop.cases import CASES

PROGRAMS = ("xmlsec1", "openssl", "libgcrypt", "Botan")

pytestmark = pytest.mark.system


def _asked(case: Case):
    reason = tools.why_absent(case.tool)
    skip = pytest.mark.skipif(reason is not None, reason=reason or "")
    return pytest.param(case, id=f"{case.tool}: {case.name}", marks=skip)


@pytest.mark.parametrize("case", [_asked(case) for case in CASES if case.tool in PROGRAMS])
def test_the_tool_finds_what_it_should(tmp_path: Path, case: Case):
    obtained, said = case.obtained(tmp_path)
    assert obtained == case.expected, said
