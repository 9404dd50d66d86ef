"""Connections as faults need them: by the client's address, to be reset, cut or closed when no request comes.

uvicorn speaks HTTP; this only looks over its shoulder when a connection is made and lost.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

Client = tuple[str, int]

# l_onoff = 1, l_linger = 0: close() sends RST and throws away what is in the buffers.
_RESET = struct.pack("ii", 1, 0)


class Connections:
    """Open connections by client address. Used in the server's own thread only."""

    def __init__(self, resets: Callable[[], bool], begin_within: timedelta) -> None:
        """`resets` is asked once for each new connection; `begin_within`: a request must have begun by then."""
        self._resets = resets
        self._begin_within = begin_within.total_seconds()
        self._open: dict[Client, asyncio.Transport] = {}
        self._waiting: dict[Client, asyncio.TimerHandle] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """The protocol of uvicorn, with every connection entered here."""
        table = self

        class Watched(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                table.made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                table.lost(self.transport)
                super().connection_lost(exc)

        return Watched

    def made(self, transport: asyncio.Transport) -> None:
        """Enter a new connection, or reset it at once."""
        client = _client_of(transport)
        self._open[client] = transport
        if self._resets():
            self.reset(client)
        else:
            self.idle(client)

    def lost(self, transport: asyncio.Transport) -> None:
        """Forget a connection."""
        client = _client_of(transport)
        self._open.pop(client, None)
        self.began(client)

    def idle(self, client: Client) -> None:
        """From now on a request must begin within the limit."""
        self.began(client)
        if client in self._open:
            loop = asyncio.get_running_loop()
            self._waiting[client] = loop.call_later(self._begin_within, self.cut, client)

    def began(self, client: Client) -> None:
        """A request has begun."""
        timer = self._waiting.pop(client, None)
        if timer is not None:
            timer.cancel()

    def cut(self, client: Client) -> None:
        """Close the connection after what was written; the client sees an end where none should be."""
        transport = self._open.get(client)
        if transport is not None:
            transport.close()

    def reset(self, client: Client) -> None:
        """Reset the connection: the client sees RST."""
        transport = self._open.get(client)
        if transport is None:
            return
        plain: Any = transport.get_extra_info("socket")
        if plain is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()

    def reset_all(self) -> None:
        """End every connection now."""
        for client in list(self._open):
            self.reset(client)


def _client_of(transport: asyncio.Transport) -> Client:
    """The address as uvicorn puts it into scope["client"]; ("", 0) when the other side is gone already."""
    name = transport.get_extra_info("peername")
    return (str(name[0]), int(name[1])) if isinstance(name, tuple | list) and len(name) > 1 else ("", 0)
