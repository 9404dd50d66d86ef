"""The settings file: read, replaced from the environment, checked; every fault at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapter.errors import Finding, SettingsRefused, Severity
from adapter.settings.environment import replace
from adapter.settings.reading import Reading
from adapter.settings.values import Settings


def load_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read, replace from the environment, check. Raises SettingsRefused with every finding."""
    try:
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        mapping = tomllib.loads(text)
    except OSError as error:
        raise _refused("settings.unreadable", file=path.name, reason=error.strerror or "") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _refused("settings.not-toml", file=path.name, reason=str(error)) from error
    findings = replace(mapping, environment)
    try:
        settings = settings_from(mapping, path.parent)
    except SettingsRefused as refused:
        raise SettingsRefused((*findings, *refused.findings)) from refused
    if findings:
        raise SettingsRefused(findings)
    return settings


def settings_from(mapping: Mapping[str, Any], folder: Path) -> Settings:
    """Settings from a parsed TOML document; paths are relative to `folder`."""
    reading = Reading(folder)
    profile = mapping.get("profile")
    # As the reading below takes it: with a blank in it the node would be one for production, and its exchange a stand's.
    profile = profile.strip() if isinstance(profile, str) else profile
    kind = "production" if profile == "production" else "stand"
    storage = mapping.get("storage")
    if isinstance(storage, Mapping) and isinstance(storage.get("url"), str):
        url = storage["url"].replace("{folder}", str(folder.resolve()))
        mapping = {**mapping, "storage": {**storage, "url": url}}
    exchange = mapping.get("exchange")
    if isinstance(exchange, Mapping):
        if exchange.get("profile", kind) != kind:
            # The node's profile decides: a stand's leniency must not reach production by a second key.
            raise _refused(
                "settings.contradiction",
                first=f"profile={profile}",
                second=f"exchange.profile={exchange['profile']}",
            )
        mapping = {**mapping, "exchange": {**exchange, "profile": kind}}
    keys = mapping.get("keys")
    if isinstance(keys, Mapping):
        mapping = {**mapping, "keys": {"pin_marks": "pin-marks", **keys}}
    settings = reading.value(Settings, mapping, "")
    if reading.findings or not isinstance(settings, Settings):
        raise SettingsRefused(tuple(reading.findings))
    return settings


def _refused(code: str, **params: str) -> SettingsRefused:
    return SettingsRefused((Finding(code=code, severity=Severity.ERROR, params=params),))
