"""The machine's own clock and identifiers, for doors that have no node: the sandbox, the auditor, the desk."""

from __future__ import annotations

from datetime import datetime

from adapter.clock import ScenarioClock, SystemClock, SystemIdentifiers
from adapter.ports import Clock, Identifiers


def machine_clock() -> Clock:
    """The machine's clock."""
    return SystemClock()


def machine_identifiers() -> Identifiers:
    """Random identifiers of the operating system."""
    return SystemIdentifiers()


def scenario_clock(start: datetime) -> ScenarioClock:
    """A clock that starts at `start` and can be moved forward: for the demonstration, never for a node of its own."""
    return ScenarioClock(start)
