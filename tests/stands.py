"""Stands for tests: keys are made once (that takes seconds), the folder is copied and given free ports for each test."""

from __future__ import annotations

import shutil
import socket
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapter import sandbox
from adapter.composition import load_key
from adapter.composition.stand import Stand, default_plan, existing_stand, make_stand

BODIES = ("KZ-MOF", "KZ-MLSP", "KZ-MFA")
_PLACEHOLDER = 61000
EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "2026"


def template(folder: Path) -> Stand:
    """A stand with placeholders for ports, certificates valid around the fixtures' year and now, quick pacing."""
    now = datetime.now(UTC)
    plan = replace(
        default_plan(now - timedelta(days=2), host="127.0.0.1", port=_PLACEHOLDER),
        bodies=BODIES,
        ports={body: _PLACEHOLDER + number for number, body in enumerate(BODIES, start=1)},
        rules=EXAMPLES / "rules",
        delivery={"first_wait_seconds": 0.2, "idle_seconds": 0.05},
    )
    return make_stand(folder, plan)


def copied(stand: Stand, folder: Path) -> Stand:
    """The stand in a folder of its own, on ports that nobody listens on now."""
    shutil.copytree(stand.folder, folder)
    ports = free_ports(1 + len(BODIES))
    for path in (folder / "sandbox.toml", *folder.glob("*/elshi.toml")):
        text = path.read_text(encoding="utf-8")
        for number, port in enumerate(ports):
            text = text.replace(str(_PLACEHOLDER + number), str(port))
        path.write_text(text, encoding="utf-8")
    return existing_stand(folder)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def gateway_port(stand: Stand) -> int:
    """The port that the participants expect the gateway at."""
    settings = tomllib.loads(stand.nodes["KZ-MOF"].read_text(encoding="utf-8"))
    return int(settings["exchange"]["endpoint"].split(":")[2].split("/")[0])


def sandbox_settings(stand: Stand) -> Any:
    """Settings of the sandbox of a stand, for one that is served in this process."""
    return sandbox.sandbox_settings(
        tomllib.loads(stand.sandbox.read_text(encoding="utf-8")),
        lambda name: (stand.folder / name).read_bytes(),
        load_key=lambda content, password: load_key(content, password, file="gateway.p12"),
    )


def changed(stand: Stand, body: str, old: str, new: str) -> Path:
    """The settings of a body with a piece of text replaced."""
    path = stand.nodes[body]
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def secrets_of(stand: Stand) -> Mapping[str, str]:
    """Every secret of the stand by file, to look for where it must not be."""
    found = {str(path.relative_to(stand.folder)): path.read_text("utf-8") for path in stand.folder.rglob("*.secret")}
    assert found
    return found
