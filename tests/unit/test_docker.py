"""The image and the stand, read without Docker: what a build or a start would only tell later, or not at all."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from tests.unit.command_lines import complaint

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
COMPOSE = ROOT / "docker" / "compose.yaml"

_KNOWN = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)


# --- Dockerfile ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Step:
    """One instruction of one stage (from 0); `words` is its text with continued lines joined."""

    stage: int
    verb: str
    words: str


def steps_of(text: str) -> tuple[Step, ...]:
    """Instructions in order; ValueError for what is no Dockerfile."""
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found: list[Step] = []
    stage = -1
    for line in plain.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        verb, _, words = line.strip().partition(" ")
        if verb not in _KNOWN:
            raise ValueError(f"no instruction {verb!r}")
        stage += verb == "FROM"
        if stage < 0 and verb != "ARG":
            raise ValueError(f"{verb} before FROM")
        found.append(Step(stage=stage, verb=verb, words=words.strip()))
    return tuple(found)


def complaints_of(text: str, *, exists: Mapping[str, bool] | None = None) -> set[str]:
    """Our own rules for an image, as short names of what is broken."""
    steps = steps_of(text)
    last = max(step.stage for step in steps)
    found: set[str] = set()
    if last < 1:
        found.add("one stage")
    for step in steps:
        found |= _complaints_of(step, last, exists)
    users = [step.words for step in steps if step.stage == last and step.verb == "USER"]
    if not users or users[-1].split(":")[0] in {"root", "0"}:
        found.add("runs as root")
    checks = [step.words for step in steps if step.stage == last and step.verb == "HEALTHCHECK"]
    if not checks or checks[-1] == "NONE":
        found.add("no health check")
    entries = [step.words for step in steps if step.stage == last and step.verb == "ENTRYPOINT"]
    if not entries or not entries[-1].startswith("["):
        found.add("entry point is a shell")  # a shell as process 1 keeps SIGTERM for itself
    return found


def _complaints_of(step: Step, last: int, exists: Mapping[str, bool] | None) -> Iterator[str] | set[str]:
    found: set[str] = set()
    if step.verb == "FROM":
        image = step.words.split()[0]
        _, _, tag = image.rpartition("/")[2].partition(":")
        if "@sha256:" not in image and not re.match(r"\d+\.\d+", tag):
            found.add("base without version")
    if step.verb == "ADD":
        found.add("ADD")  # it fetches and unpacks; COPY does neither
    if step.verb == "COPY" and "--from=" not in step.words:
        for source in step.words.split()[:-1]:
            there = (ROOT / source).exists() if exists is None else exists.get(source, False)
            if not there:
                found.add("copies what is not there")
    if step.verb == "RUN":
        found |= _complaints_of_run(step, last)
    return found


def _complaints_of_run(step: Step, last: int) -> set[str]:
    found: set[str] = set()
    for command in re.split(r"&&|;|\|\|", step.words):
        words = command.split()
        if "pip" in " ".join(words[:3]) and ({"install", "wheel", "download"} & set(words)):
            is_offline = "--no-index" in words and "--no-deps" in words
            if "--require-hashes" not in words and not is_offline:
                found.add("pip without hashes")
            if step.stage == last:
                found.add("installs in the last stage")
        if {"curl", "wget"} & set(words):
            found.add("fetches by itself")
    return found


def test_the_dockerfile_keeps_our_rules() -> None:
    # README.md is looked for with the rest: it is part of what is installed.
    assert complaints_of(DOCKERFILE.read_text(encoding="utf-8")) == set()


GOOD = """
FROM python:3.12-slim AS build
COPY here.txt .
RUN pip install --require-hashes -r here.txt && pip install --no-index --no-deps /w/*.whl
FROM python:3.12-slim
COPY --from=build /opt /opt
USER 10001
HEALTHCHECK CMD ["true"]
ENTRYPOINT ["elshi"]
"""


@pytest.mark.parametrize(
    ("before", "after", "complaint_expected"),
    [
        ("FROM python:3.12-slim\n", "FROM python:latest\n", "base without version"),
        ("FROM python:3.12-slim\n", "FROM python\n", "base without version"),
        ("--require-hashes ", "", "pip without hashes"),
        ("--no-deps ", "", "pip without hashes"),
        ("COPY here.txt .", "COPY there.txt .", "copies what is not there"),
        ("COPY here.txt .", "ADD https://example.org/x .", "ADD"),
        ("COPY --from=build /opt /opt", "RUN pip install --require-hashes -r x", "installs in the last stage"),
        ("COPY --from=build /opt /opt", "RUN curl -O https://example.org/x", "fetches by itself"),
        ("USER 10001\n", "", "runs as root"),
        ("USER 10001\n", "USER 10001\nUSER root\n", "runs as root"),
        ('HEALTHCHECK CMD ["true"]\n', "", "no health check"),
        ('HEALTHCHECK CMD ["true"]\n', "HEALTHCHECK NONE\n", "no health check"),
        ('ENTRYPOINT ["elshi"]', "ENTRYPOINT elshi", "entry point is a shell"),
    ],
)
def test_each_rule_of_the_linter_finds_its_own_breach(before: str, after: str, complaint_expected: str) -> None:
    assert complaints_of(GOOD, exists={"here.txt": True}) == set()
    assert before in GOOD
    assert complaints_of(GOOD.replace(before, after), exists={"here.txt": True}) == {complaint_expected}


def test_a_single_stage_is_refused() -> None:
    single = 'FROM python:3.12-slim\nUSER 1\nHEALTHCHECK CMD ["true"]\nENTRYPOINT ["elshi"]\n'
    assert complaints_of(single) == {"one stage"}


def test_everything_that_is_copied_may_enter_the_build() -> None:
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    copied = [
        source
        for step in steps_of(DOCKERFILE.read_text(encoding="utf-8"))
        if step.verb == "COPY" and "--from=" not in step.words
        for source in step.words.split()[:-1]
    ]
    assert "pyproject.toml" in copied
    for source in copied:
        allowed = True
        for rule in rules:
            wanted = rule.removeprefix("!")
            if any(fnmatch(part, wanted) for part in (source, source.split("/")[0])):
                allowed = rule.startswith("!")
        assert allowed, source


def test_the_pins_of_the_build_tools_are_cut_out_whole() -> None:
    # The same cut as the awk line of the Dockerfile makes: a tool's line and the hashes below it.
    lines = (ROOT / "constraints" / "dev.txt").read_text(encoding="utf-8").splitlines()
    cut, is_wanted = [], False
    for line in lines:
        if line and not line.startswith(" "):
            is_wanted = bool(re.match(r"(setuptools|wheel|packaging)==", line))
        if is_wanted:
            cut.append(line)
    assert {line.split("==")[0] for line in cut if not line.startswith(" ")} == {"setuptools", "wheel", "packaging"}
    assert sum("--hash=sha256:" in line for line in cut) >= 3


def test_the_default_commands_of_the_image_are_commands_of_elshi() -> None:
    last = [step for step in steps_of(DOCKERFILE.read_text(encoding="utf-8")) if step.verb in {"ENTRYPOINT", "CMD"}]
    words = [json.loads(step.words) for step in last]
    assert words[0] == ["elshi"]
    assert complaint(words[1]) is None


# --- compose.yaml ----------------------------------------------------------------------------------------------------
SERVICE_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "build": dict,
    "cap_drop": list,
    "command": list,
    "depends_on": dict,
    "environment": dict,
    "healthcheck": dict,
    "image": str,
    "init": bool,
    "network_mode": str,
    "networks": list,
    "ports": list,
    "profiles": list,
    "read_only": bool,
    "restart": str,
    "secrets": list,
    "security_opt": list,
    "stop_grace_period": str,
    "tmpfs": list,
    "user": str,
    "volumes": list,
}
"""What a service of ours may say, and as what; anything else is a slip of the pen or a thing to think about."""

REQUIRED = frozenset(
    [
        "cap_drop",
        "healthcheck",
        "image",
        "read_only",
        "restart",
        "security_opt",
        "stop_grace_period",
        "tmpfs",
        "user",
        "volumes",
    ]
)


def compose_complaints(compose: Mapping[str, Any]) -> set[str]:
    """What is wrong with a compose file, as `service: what`."""
    found = {f"top: {key}" for key in compose if key not in {"name", "services", "networks", "volumes", "secrets"}}
    for name, secret in compose.get("secrets", {}).items():
        if set(secret) != {"file"}:
            found.add(f"secret {name}: not a file")
    for name, service in compose["services"].items():
        found |= {f"{name}: {what}" for what in _service_complaints(service, compose)}
    return found


def _service_complaints(service: Mapping[str, Any], compose: Mapping[str, Any]) -> Iterator[str]:
    for key, value in service.items():
        if key not in SERVICE_KEYS or not isinstance(value, SERVICE_KEYS[key]):
            yield f"key {key}"
    yield from (f"no {key}" for key in sorted(REQUIRED - set(service)))
    if service.get("cap_drop") != ["ALL"] or service.get("read_only") is not True:
        yield "not confined"
    if service.get("user", "0").split(":")[0] in {"0", "root"}:
        yield "root"
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        is_folder = source.startswith((".", "/"))
        if is_folder and not ((ROOT / "docker" / source).exists() and volume.endswith(":ro")):
            yield f"folder {source}"
        if not is_folder and source not in compose.get("volumes", {}):
            yield f"volume {source}"
    yield from (f"secret {one}" for one in service.get("secrets", ()) if one not in compose.get("secrets", {}))
    yield from (f"network {one}" for one in service.get("networks", ()) if one not in compose.get("networks", {}))
    yield from (f"port {one}" for one in service.get("ports", ()) if not str(one).startswith("127.0.0.1:"))
    for other in [*service.get("depends_on", {}), *_shared_network(service)]:
        if other not in compose["services"]:
            yield f"service {other}"
    for key in service.get("environment", {}):
        if re.search(r"PASSWORD|TOKEN|SECRET", key) and not key.endswith("_FILE"):
            yield f"open secret {key}"


def _shared_network(service: Mapping[str, Any]) -> Iterator[str]:
    kind, _, other = service.get("network_mode", "").partition(":")
    if kind == "service":
        yield other


def _compose() -> dict[str, Any]:
    """The file as Compose reads it: merged, and without the fragments that only serve the merging."""
    read = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return {key: value for key, value in read.items() if not key.startswith("x-")}


def test_the_compose_file_keeps_our_rules() -> None:
    assert compose_complaints(_compose()) == set()


def test_the_stand_has_its_services() -> None:
    services = _compose()["services"]
    assert {"sandbox", "serve", "worker", "postgres"} <= set(services)
    # PostgreSQL is for nodes on several machines: nobody gets it who does not ask for it, and nothing here needs it.
    assert services["postgres"]["profiles"] == ["postgres"]
    assert all("postgres" not in service.get("depends_on", {}) for service in services.values())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ports": ["8080:8080"]}, "worker: port 8080:8080"),
        ({"volumes": ["nowhere:/data"]}, "worker: volume nowhere"),
        ({"volumes": ["../examples:/examples"]}, "worker: folder ../examples"),
        ({"secrets": ["nothing"]}, "worker: secret nothing"),
        ({"networks": ["nothing"]}, "worker: network nothing"),
        ({"user": "root"}, "worker: root"),
        ({"read_only": False}, "worker: not confined"),
        ({"environment": {"API_TOKEN": "x"}}, "worker: open secret API_TOKEN"),
        ({"privileged": True}, "worker: key privileged"),
        ({"command": "worker"}, "worker: key command"),
        ({"depends_on": {"nobody": {}}}, "worker: service nobody"),
        ({"network_mode": "service:nobody"}, "worker: service nobody"),
    ],
)
def test_each_rule_for_a_service_finds_its_own_breach(change: dict[str, Any], expected: str) -> None:
    compose = _compose()
    compose["services"]["worker"] = {**compose["services"]["worker"], **change}
    assert compose_complaints(compose) == {expected}


def test_a_secret_that_is_no_file_is_refused() -> None:
    compose = _compose()
    compose["secrets"] = {**compose["secrets"], "api_token": {"environment": "TOKEN"}}
    assert compose_complaints(compose) == {"secret api_token: not a file"}


@pytest.mark.parametrize("name", sorted(_compose()["services"]))
def test_every_command_of_the_stand_is_known_to_elshi(name: str) -> None:
    service = _compose()["services"][name]
    calls = [service["command"]] if "command" in service else []
    test = service["healthcheck"].get("test", [])
    calls += [test[2:]] if test[1:2] == ["elshi"] else []
    assert [complaint(call) for call in calls] == [None] * len(calls)
    assert calls or name == "postgres"


def test_the_nodes_of_the_stand_are_asked_on_their_own_ports(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from adapter.composition.stand import default_plan

    plan = default_plan(datetime(2026, 11, 10, tzinfo=UTC), host="127.0.0.1", port=18080)
    services = _compose()["services"]
    published = {int(port.split(":")[1]) for port in services["sandbox"]["ports"]}
    for name in ("serve", "ministry-serve"):
        body = services[name]["command"][-1].split("/")[2].upper()
        assert f"'127.0.0.1', {plan.ports[body]}," in services[name]["healthcheck"]["test"][-1]
        assert plan.ports[body] in published
    assert f"('127.0.0.1', {plan.port})" in services["sandbox"]["healthcheck"]["test"][-1]
