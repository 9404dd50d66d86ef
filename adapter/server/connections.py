"""Connections whose headers do not end. Limits on the body are the endpoints' own; before them nobody else counts.

uvicorn closes a connection that is silent after an answer. One on which a request has begun, or none ever does, it keeps
for ever, and each holds a file of this process: the last one would be wanted by the database.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


def protocol(headers_within: timedelta) -> type[asyncio.Protocol]:
    """A protocol of uvicorn that hangs up when the headers of a request are not there `headers_within` its beginning."""
    seconds = headers_within.total_seconds()

    class Patient(H11Protocol):
        _hanging_up: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._hanging_up = self.loop.call_later(seconds, transport.close)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            answering: RequestResponseCycle | None = self.cycle
            if answering is not None and not answering.response_complete:
                self._wait_no_more()
            elif self._hanging_up is None:
                # A next request on the same connection has begun; its silence before that uvicorn counts itself.
                self._hanging_up = self.loop.call_later(seconds, self.transport.close)

        def connection_lost(self, exc: Exception | None) -> None:
            self._wait_no_more()
            super().connection_lost(exc)

        def _wait_no_more(self) -> None:
            if self._hanging_up is not None:
                self._hanging_up.cancel()
                self._hanging_up = None

    return Patient
