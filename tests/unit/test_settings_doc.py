"""The pages on settings and on the sandbox name every key and every fault, with the defaults the program has."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from adapter.sandbox import FAULTS, Participant, SandboxSettings, rules_from_toml
from adapter.secret import Secret
from adapter.settings import Settings, load_settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
SETTINGS = (DOCS / "settings.md").read_text(encoding="utf-8")
SANDBOX = (DOCS / "sandbox.md").read_text(encoding="utf-8")

_FENCE = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## (.+?)$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)
_FROM_ELSEWHERE = {"exchange.profile": "from the top-level `profile`"}
"""Keys whose default is computed when the file is read."""


# --- what the program reads ------------------------------------------------------------------------------------------
def keys_of(cls: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every key of the file with its default as the page writes it; `CODE` stands for the name of a table."""
    hints = get_type_hints(cls)
    for one in fields(cls):
        hint = hints[one.name]
        inner = next((part for part in (hint, *get_args(hint)) if is_dataclass(part)), None)
        if bytes in get_args(hint):
            continue  # never written in the file: see adapter.settings
        if inner is not None:
            is_mapping = isinstance(get_origin(hint), type) and issubclass(get_origin(hint), Mapping)
            yield from keys_of(inner, f"{prefix}{one.name}.CODE." if is_mapping else f"{prefix}{one.name}.")
            continue
        ending = "_seconds" if timedelta in (hint, *get_args(hint)) else ""
        yield f"{prefix}{one.name}{ending}", _default(one)


def _default(one: Any) -> str:
    if one.default is MISSING and one.default_factory is MISSING:
        return "required"
    value = one.default if one.default is not MISSING else one.default_factory()
    return "none" if value is None else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.12g}"
    if isinstance(value, tuple | frozenset):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, Mapping):
        assert not value
        return "{}"
    return json.dumps(value, ensure_ascii=False)


EXPECTED = {**dict(keys_of(Settings)), **_FROM_ELSEWHERE}


# --- what the page says ----------------------------------------------------------------------------------------------
def rows_of(page: str) -> dict[str, tuple[str, str]]:
    """Key to (type, default) of every table below a heading that names tables of the file."""
    found: dict[str, tuple[str, str]] = {}
    for title, body in _SECTION.findall(page):
        tables = [""] if title == "top level" else re.findall(r"\[([a-zA-Z_.]+)\]", title)
        for table in tables:
            for key, kind, default, _ in _ROW.findall(body):
                found[f"{table}.{key}".strip(".")] = (kind, default)
    return found


def test_the_page_has_every_key_and_no_other() -> None:
    assert set(rows_of(SETTINGS)) == set(EXPECTED)


@pytest.mark.parametrize("key", EXPECTED)
def test_the_page_gives_the_default_the_program_has(key: str) -> None:
    said, expected = rows_of(SETTINGS)[key][1], EXPECTED[key]
    assert said == expected


def test_secrets_are_called_secrets() -> None:
    hinted = {key for key, kind in _kinds(Settings) if Secret in (kind, *get_args(kind))}
    assert {key for key, (kind, _) in rows_of(SETTINGS).items() if kind in {"secret", "table of secrets"}} == hinted


def _kinds(cls: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(cls)
    for one in fields(cls):
        hint = hints[one.name]
        inner = next((part for part in (hint, *get_args(hint)) if is_dataclass(part)), None)
        if inner is None:
            yield f"{prefix}{one.name}", hint
        else:
            yield from _kinds(inner, f"{prefix}{one.name}.")


@pytest.mark.parametrize("key", EXPECTED)
def test_the_page_lists_the_allowed_values(key: str) -> None:
    hint = dict(_kinds(Settings)).get(key)
    allowed = [value for value in get_args(hint) if isinstance(value, str)]
    if allowed:
        assert re.findall(r"`([^`]+)`", rows_of(SETTINGS)[key][0]) == allowed


# --- the example -----------------------------------------------------------------------------------------------------
def example() -> str:
    (text,) = _FENCE.findall(SETTINGS)
    return str(text)


def test_the_example_loads(tmp_path: Path) -> None:
    for name in re.findall(r'_file = "([^"]+)"', example()):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("a secret of sixteen or more\n", encoding="utf-8")
    path = tmp_path / "elshi.toml"
    path.write_text(example(), encoding="utf-8")
    settings = load_settings(path, {})
    assert settings.profile == "production"
    assert settings.exchange.profile == "production"
    assert settings.exchange.not_carried_out() == (), "the example asks for nothing that is not done"
    changed = load_settings(path, {"ELSHI_SERVER__PORT": "8081", "ELSHI_EXCHANGE__ACCOUNT__PASSWORD": "another"})
    assert changed.server.port == 8081
    assert changed.exchange.account.password.reveal() == "another"


def test_the_example_shows_every_key() -> None:
    table, shown = "", set()
    for line in example().splitlines():
        plain = line.removeprefix("# ")
        if found := re.match(r"\[([A-Za-z_.-]+)\]", plain):
            table = re.sub(r"KZ-[A-Z]+", "CODE", found[1]) + "."
        elif found := re.match(r"([a-z_]+) = ", plain):
            shown.add(f"{table}{found[1]}")
    # Three keys of one shape: the example shows one in a token and two in files.
    of_a_key = {key.rsplit(".", 1)[1] for key in shown if re.match(r"keys\.[a-z]+\.", key)}
    shown |= {f"keys.{name}.{key}" for name in ("document", "office", "envelope") for key in of_a_key}
    assert {key for key in EXPECTED if key not in shown and f"{key}_file" not in shown} == set()


def test_the_example_differs_from_the_defaults_only_where_it_says_so() -> None:
    differing = set()
    for key, default in EXPECTED.items():
        value: Any = tomllib.loads(example())
        for part in key.split("."):
            value = value.get(part, MISSING) if isinstance(value, dict) else MISSING
        if (
            value is not MISSING
            and default.startswith("`")
            and tomllib.loads(f"x = {default.strip('`')}")["x"] != value
        ):
            differing.add(key)
    assert differing == {
        "trust.anchors",
        "trust.gateway_certificates",
        "revocation.hosts",
        "exchange.second_sign.timestamp",
        "exchange.second_sign.ocsp",
    }


# --- the sandbox -----------------------------------------------------------------------------------------------------
def test_every_fault_has_its_row_with_its_parameters_and_defaults() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| .*? \| ?([^|]*?) ?\|$", SANDBOX, re.MULTILINE))
    assert set(FAULTS) <= set(rows)
    for name, fault in FAULTS.items():
        said = re.findall(r"`([a-z_]+)(?: = ([^`]+))?`", rows[name])
        assert [key for key, _ in said] == list(fault.parameters), name
        for key, default in said:
            if default:
                assert tomllib.loads(f"x = {default}")["x"] == fault.parameters[key], name
            else:
                assert fault.parameters[key] == "the sandbox was asked to say this", name


def test_every_fault_has_an_example_that_parses() -> None:
    blocks = _FENCE.findall(SANDBOX)
    rules = [rule for block in blocks for rule in rules_from_toml(block)]
    assert {rule.fault for rule in rules} == set(FAULTS)


def test_every_setting_of_the_sandbox_is_named() -> None:
    words = set(re.findall(r"`([a-z_]+)`", SANDBOX))
    of_code = {"envelope_policy", "signing_policy", "participants", "gateway_key", "trust", "script"}
    for cls in (SandboxSettings, Participant):
        for one in fields(cls):
            names = {one.name, f"{one.name}_seconds", f"{one.name}_ms"}
            assert names & words or one.name in of_code, one.name
