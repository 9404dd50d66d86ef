"""The installed program as processes: a report travels end to end, each process stops cleanly, a killed one loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.settings import load_settings
from adapter.usecases.status import Status
from tests.stands import EXAMPLES, gateway_port, secrets_of

PROGRAM = Path(sys.executable).parent / "elshi"
REPORT = EXAMPLES / "mof" / "report.yaml"
_WAIT_SECONDS = 120


def environment(**more: str) -> dict[str, str]:
    """A clean one: no settings of the machine, English, plain output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ELSHI_", "LC_", "LANG"))}
    return kept | {"COLUMNS": "200", "ELSHI_LOG": "DEBUG"} | more


class Program:
    """Commands that end, and processes that stay until they are told."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._logs: list[Path] = []

    def run(self, *arguments: object, code: int = 0, **more: str) -> list[Any]:
        """A command with --json: its lines."""
        done = subprocess.run(
            [PROGRAM, *map(str, arguments), "--json"],
            env=environment(**more),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, (done.stdout, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def start(self, name: str, *arguments: object, **more: str) -> subprocess.Popen[bytes]:
        """A process whose both outputs go to a file; killed at the end of the test if it still runs."""
        log = self._folder / f"{name}-{len(self._logs)}.log"
        self._logs.append(log)
        with log.open("wb") as out:
            process = subprocess.Popen(
                [PROGRAM, *map(str, arguments)],
                env=environment(**more),
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
            )
        self._stack.callback(self._end, process)
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=20)

    def output(self) -> str:
        """Everything that the processes have said."""
        return "\n".join(log.read_text("utf-8", errors="replace") for log in self._logs)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    with ExitStack() as stack:
        yield Program(tmp_path, stack)


def until(holds: Callable[[], bool], story: Callable[[], str]) -> None:
    """Wait until it holds; the story of the processes when it does not."""
    rest = threading.Event()
    for _ in range(_WAIT_SECONDS * 20):
        if holds():
            return
        rest.wait(0.05)
    raise AssertionError(story())


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def port_of(settings: Path) -> str:
    return str(tomllib.loads(settings.read_text("utf-8"))["server"]["port"])


def stopped(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=30)


SCRIPT = """
[[fault]]
name = "timeout-after-accept"
service = "ESEDO_UNIVERSAL_SERVICE"
operation = "docOutgoing"
sender = "KZ-MOF"
count = 1
seconds = 60.0
"""
QUICK = {
    "ELSHI_STORAGE__LEASE_FOR_SECONDS": "6",
    "ELSHI_STORAGE__BUSY_TIMEOUT_SECONDS": "4",
    "ELSHI_HTTP__TOTAL_WITHIN_SECONDS": "5",
    "ELSHI_HTTP__READ_WITHIN_SECONDS": "5",
}
"""A lease that is worth waiting for; still longer than one try."""


@pytest.fixture
def mof(stand: Stand) -> Iterator[Node]:
    """The ministry's store, looked into from outside while its processes work."""
    node = Node(load_settings(stand.nodes["KZ-MOF"], {}))
    yield node
    node.close()


def row_of(node: Node) -> dict[str, Any]:
    rows = Status(store=node.store).outgoing()
    return rows[0] if rows else {}


def test_killed_processes_lose_nothing_and_the_others_stop_cleanly(
    program: Program, stand: Stand, mof: Node, tmp_path: Path
) -> None:
    """Sandbox, endpoints, workers, submit, status, export, verify; an endpoint and a worker are killed in the middle.

    The endpoint is dead when the document comes; the worker dies when the gateway has taken the document and has not
    answered. One try, one registration, and proof of the very bytes in the end.
    """
    port = gateway_port(stand)
    script = tmp_path / "faults.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    settings = {body: stand.nodes[body] for body in ("KZ-MOF", "KZ-MFA")}
    staying = {
        "sandbox": program.start("sandbox", "sandbox", stand.folder, "--script", script),
        "serve KZ-MOF": program.start("serve", "serve", "-s", settings["KZ-MOF"]),
        "worker KZ-MFA": program.start("worker", "worker", "-s", settings["KZ-MFA"]),
    }
    endpoint = program.start("serve", "serve", "-s", settings["KZ-MFA"])
    for path in settings.values():
        until(partial(answers, f"http://127.0.0.1:{port_of(path)}/ready"), program.output)
    until(partial(answers, f"http://127.0.0.1:{port}/"), program.output)

    endpoint.kill()
    endpoint.wait(timeout=20)
    worker = program.start("worker", "worker", "-s", settings["KZ-MOF"], **QUICK)
    (submitted,) = program.run("submit", REPORT, "-s", settings["KZ-MOF"])
    assert submitted["state"] == "queued"
    until(lambda: row_of(mof)["state"] == "sending", program.output)
    worker.kill()
    worker.wait(timeout=20)
    (left,) = row_of(mof)["tries"]
    assert left["outcome"] == "open", "killed between the exchange's taking and our recording"

    staying["serve KZ-MFA"] = program.start("serve", "serve", "-s", settings["KZ-MFA"])
    staying["worker KZ-MOF"] = program.start("worker", "worker", "-s", settings["KZ-MOF"], **QUICK)
    until(lambda: row_of(mof)["proof"] == "digest", program.output)

    ((row,),) = program.run("status", "-s", settings["KZ-MOF"])
    assert (row["state"], row["delivery"], len(row["tries"])) == ("registered", submitted["delivery"], 1)
    ((registered,),) = program.run("status", "--incoming", "-s", settings["KZ-MFA"])
    assert registered["number"] == row["registrationNumber"]

    evidence = tmp_path / "evidence"
    program.run("export", row["documentId"], "-o", evidence, "-s", settings["KZ-MOF"])
    (verdict,) = program.run("verify", evidence, "--trust", stand.anchors[0])
    assert verdict["indication"] == "TOTAL-PASSED"
    assert {one["what"] for one in verdict["history"]} >= {"registered", "receipt"}

    assert {name: stopped(process) for name, process in staying.items()} == dict.fromkeys(staying, 0)
    said = program.output()
    assert "Traceback" not in said
    for name, secret in secrets_of(stand).items():
        assert secret not in said, name


def test_an_odd_level_of_the_log_and_a_closed_pipe_do_no_harm(stand: Stand) -> None:
    done = subprocess.run(
        [PROGRAM, "check", REPORT], env=environment(ELSHI_LOG="loud"), capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    with subprocess.Popen(
        [PROGRAM, "template", "treaty-information"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.wait(timeout=60)
    assert b"Traceback" not in said
    assert process.returncode in {0, 1}
    assert stand.anchors


def test_a_terminal_that_speaks_no_utf_8_gets_an_answer(stand: Stand) -> None:
    done = subprocess.run(
        [PROGRAM, "check", REPORT, "-l", "kk"],
        env=environment(PYTHONIOENCODING="ascii", PYTHONUTF8="0"),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0
    assert stand.anchors
