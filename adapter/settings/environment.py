"""Values of the environment over those of the file: ELSHI_SERVER__PORT=8080 is [server] port."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from adapter.errors import Finding, Severity

PREFIX: Final = "ELSHI_"
_OF_THE_COMMAND: Final = frozenset({"ELSHI_SETTINGS", "ELSHI_LANGUAGE", "ELSHI_LOG", "ELSHI_TRUST_FOLDER"})
_IN_THE_FILE: Final = (("profile",), ("bodies",), ("exchange", "directory", "bodies"))
"""What the environment cannot set: the profile decides whom the node trusts, and a body's code has no letter case here."""
_CLUSTER: Final = re.compile(r"_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT_[0-9]+_(TCP|UDP)(_(ADDR|PORT|PROTO))?$")


class FromEnvironment(str):
    """A value of the environment: text, whose kind only the setting knows (a password may be all digits)."""

    __slots__ = ()


def replace(mapping: dict[str, Any], environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """ELSHI_A__B=value sets [a] b. A name of ours that sets nothing is a finding: a typo must not look like a setting."""
    findings: list[Finding] = []
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or name in _OF_THE_COMMAND or _is_of_a_cluster(name, value):
            continue
        *tables, key = path = name.removeprefix(PREFIX).lower().split("__")
        is_settable = tables and all(path) and not any(tuple(path[: len(one)]) == one for one in _IN_THE_FILE)
        table = _table_at(mapping, tables) if is_settable else None
        if table is None:
            findings.append(
                Finding(code="settings.not-from-environment", severity=Severity.ERROR, params={"key": name})
            )
            continue
        # The same secret given another way is replaced with it: what the environment says holds.
        table.pop(f"{key}_file", None)
        table.pop(key.removesuffix("_file"), None)
        table[key] = FromEnvironment(value)
    return tuple(findings)


def _table_at(mapping: dict[str, Any], tables: list[str]) -> dict[str, Any] | None:
    """The table of that path, made where there is none; None when a value stands in its place."""
    table = mapping
    for part in tables:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            return None
    return table


def _is_of_a_cluster(name: str, value: str) -> bool:
    """What Kubernetes puts into every container beside a service whose name begins with ours; nobody typed it."""
    if "__" in name:
        return False
    is_address = name.endswith("_PORT") and value.startswith(("tcp://", "udp://"))
    return is_address or _CLUSTER.search(name) is not None
