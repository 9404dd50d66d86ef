"""What the sandbox's HTTP side has in its hands."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from adapter.sandbox.connections import Connections
from adapter.sandbox.sandbox import Sandbox


class Listener(Protocol):
    """The gateway's listening socket, and what the centre does meanwhile."""

    async def close(self, seconds: float) -> None:
        """Refuse new connections for so long; 0: until opened."""
        ...

    async def open(self) -> None:
        """Take connections again."""
        ...

    async def until_tried(self) -> None:
        """Until the next try of one of the centre's messages has ended."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """What the HTTP side works with: `calls` runs the gateway's work, `stopping` is set when the server goes down."""

    sandbox: Sandbox
    connections: Connections
    listener: Listener
    calls: Executor
    stopping: asyncio.Event
