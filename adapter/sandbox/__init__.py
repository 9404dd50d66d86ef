"""The exchange as a participant meets it: gateway, centre, file store and directory, with faults on demand.

Written from the interface reference with its own codec; it shares nothing with adapter.exchange, because a simulator
that shares the codec agrees with every mistake of the codec.
"""

from __future__ import annotations

from adapter.sandbox.events import Event, ProtocolFinding
from adapter.sandbox.faults import FAULTS, Fault, Stage
from adapter.sandbox.participants import Participant, SandboxSettings
from adapter.sandbox.sandbox import OutgoingFile, Sandbox
from adapter.sandbox.script import Rule, rules_from, rules_from_toml
from adapter.sandbox.serving import Serving, serve
from adapter.sandbox.settings_file import sandbox_settings

__all__ = [
    "FAULTS",
    "Event",
    "Fault",
    "OutgoingFile",
    "Participant",
    "ProtocolFinding",
    "Rule",
    "Sandbox",
    "SandboxSettings",
    "Serving",
    "Stage",
    "rules_from",
    "rules_from_toml",
    "sandbox_settings",
    "serve",
]
