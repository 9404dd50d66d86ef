"""Every floor holds: for each contract of pyproject.toml one planted import that breaks this contract and no other.

The plants are made in a copy of the sources, never in the tree. `make check` runs the contracts on the tree itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("adapter", "signing", "schemas")
CONTRACTS = tuple(
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
)
_RUN = "from importlinter.cli import lint_imports_command; lint_imports_command()"
_VERDICT = re.compile(r"^(?P<name>.+) (?P<verdict>KEPT|BROKEN)\b", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One line put into one module (made when it is not there), and the contract that must say no."""

    contract: str
    module: str
    line: str = '"""On no floor."""'


PLANTS = (
    Plant(
        contract="Packages: adapter stands on signing, signing stands on schemas",
        module="signing/errors.py",
        line="import adapter.errors",
    ),
    Plant(
        contract="Packages: adapter stands on signing, signing stands on schemas",
        module="schemas/errors.py",
        line="import adapter.errors",
    ),
    Plant(contract="Floors of adapter", module="adapter/rules/variants.py", line="import adapter.rendition.layout"),
    Plant(contract="Floors of adapter", module="adapter/nowhere.py"),
    Plant(
        contract="Floors of signing; the verifier and the signer do not see each other",
        module="signing/sign/container.py",
        line="import signing.verify.detached",
    ),
    Plant(contract="Floors of signing; the verifier and the signer do not see each other", module="signing/nowhere.py"),
    Plant(contract="Floors of schemas", module="schemas/nowhere.py"),
    Plant(
        contract="No cycles between siblings",
        module="adapter/exchange/encoding.py",
        line="import adapter.exchange.gateway",
    ),
    Plant(
        contract="The core knows no third party and does no input or output",
        module="adapter/domain/retry.py",
        line="import os",
    ),
    Plant(
        contract="The core knows no third party and does no input or output",
        module="adapter/usecases/watch.py",
        line="from pathlib import Path",
    ),
    Plant(
        contract="adapter enters signing by its front door",
        module="adapter/rules/variants.py",
        line="import signing.policy",
    ),
    Plant(
        contract="A concrete key is named only where the program is put together",
        module="adapter/usecases/sign.py",
        line="import signing.keys.pkcs12",
    ),
    Plant(
        contract="Concrete parts are named only in composition (their settings also in settings)",
        module="adapter/server/probes.py",
        line="import adapter.clock",
    ),
    Plant(contract="One door to the network", module="adapter/server/probes.py", line="import adapter.http_client"),
    Plant(contract="One door for mail", module="adapter/server/probes.py", line="import adapter.mail"),
    Plant(contract="Only the door for mail speaks SMTP", module="adapter/exchange/faults.py", line="import smtplib"),
    Plant(
        contract="Doors carry no rules: console, server and worker call use cases",
        module="adapter/worker.py",
        line="import adapter.rules",
    ),
    Plant(
        contract="Doors carry no rules: console, server and worker call use cases",
        module="adapter/server/probes.py",
        line="import signing",
    ),
    Plant(
        contract="The sandbox reads the wire with its own eyes",
        module="adapter/sandbox/world.py",
        line="import adapter.domain.retry",
    ),
    Plant(contract="Only the console starts the sandbox", module="adapter/__main__.py", line="import adapter.sandbox"),
    Plant(contract="signing and schemas open no connection", module="signing/policy.py", line="import socket"),
    Plant(contract="National algorithms are plain Python", module="signing/gost/__init__.py", line="import ctypes"),
    Plant(contract="Each third party has one home", module="adapter/texts/language.py", line="import lxml"),
    Plant(contract="Each third party has one home", module="adapter/exchange/faults.py", line="import requests"),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the three packages, sources only, with the contracts."""
    copy = tmp_path_factory.mktemp("floors")
    for package in PACKAGES:
        for source in (ROOT / package).rglob("*.py"):
            target = copy / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    shutil.copyfile(ROOT / "pyproject.toml", copy / "pyproject.toml")
    return copy


def broken_in(tree: Path) -> set[str]:
    """Names of the contracts that import-linter finds broken there; every contract must have been judged."""
    ran = subprocess.run(
        [sys.executable, "-B", "-c", _RUN, "--no-logo"],
        cwd=tree,
        env={**os.environ, "COLUMNS": "400", "NO_COLOR": "1", "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,  # broken contracts are what is looked for
    )
    verdicts = {found["name"]: found["verdict"] for found in _VERDICT.finditer(ran.stdout)}
    assert set(verdicts) == set(CONTRACTS), ran.stdout + ran.stderr
    return {name for name, verdict in verdicts.items() if verdict == "BROKEN"}


@pytest.fixture(scope="module")
def broken_before(tree: Path) -> set[str]:
    """What is broken without a plant: nothing, or the first test says so and the others still mean something."""
    return broken_in(tree)


def test_every_contract_is_kept_by_the_sources(broken_before: set[str]) -> None:
    assert broken_before == set()


def test_every_contract_has_a_plant() -> None:
    assert {plant.contract for plant in PLANTS} == set(CONTRACTS)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.module}: {plant.line}")
def test_a_planted_import_breaks_its_own_contract_and_no_other(
    tree: Path, broken_before: set[str], plant: Plant
) -> None:
    module = tree / plant.module
    before = module.read_bytes() if module.exists() else None
    module.write_bytes((before or b"") + f"\n{plant.line}\n".encode())
    try:
        assert broken_in(tree) == broken_before | {plant.contract}
    finally:
        if before is None:
            module.unlink()
        else:
            module.write_bytes(before)
